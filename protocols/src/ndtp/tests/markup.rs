//! The markup of texts, both ways.

use super::super::markup::{OVERHEAD, Reading, Screen, read, screen, size};
use super::super::options::{OPTIONS, Settings};
use crate::options::DeviceOptions;
use crate::session::Content;
use crate::text::{Charset, TextRefusal};

fn plain(text: &str) -> Reading {
    Reading { text: text.to_owned(), ..Reading::default() }
}

#[test]
fn what_surrounds_a_text_has_a_known_size() {
    let largest = Screen { id: u16::MAX, seconds: 86_400, beep: true };
    assert_eq!(screen(largest, "", &[], Charset::Utf8).len(), OVERHEAD);
    let quiet = Screen { id: 1, seconds: 5, beep: false };
    let script = String::from_utf8(screen(quiet, "a", &[], Charset::Utf8)).unwrap();
    assert!(script.contains("<MSG time=5 type=background>a</MSG>"), "{script}");
}

#[test]
fn signs_of_the_markup_never_come_from_a_text() {
    // Some are the device's, some what a charset makes of others.
    let text = "<b>&amp; ‹x› «y» ≤ ＜ \u{27e8} &nbsp;\n";
    for (charset, replaced) in [
        (Charset::Windows1251, &b"\x8bb\x9b+amp; \x8bx\x9b"[..]),
        (Charset::Ascii, b"(b)+amp; (x)"),
    ] {
        let quiet = Screen { id: 1, seconds: 5, beep: false };
        let script = screen(quiet, text, &["<", "&"], charset);
        let body = script.split(|&byte| byte == b'>').nth(10).unwrap();
        assert!(body.starts_with(replaced), "{}", body.escape_ascii());
        let reading = read(&charset.decode(&script));
        assert_eq!((reading.id, reading.button), (Some(1), Some(1)));
        assert!(!reading.text.contains(['<', '>', '&']), "{}", reading.text);
    }
    assert_eq!(size("a\n<b", Charset::Windows1251), 1 + 5 + 1 + 1);
}

#[test]
fn texts_without_markup_are_texts() {
    assert_eq!(read("hello"), plain("hello"));
    assert_eq!(read("  a < b "), plain("a < b"));
    assert_eq!(read(""), plain(""));
    assert_eq!(read("btn1"), Reading { button: Some(1), ..plain("btn1") });
    assert_eq!(read("btn3"), plain("btn3"));
    let reading = read("a<br/>b<br />c&nbsp;d<i>e</i><btn2>f");
    let expected = Reading { button: Some(2), marked: true, ..plain("a\nb\nc def") };
    assert_eq!(reading, expected);
    assert_eq!(read("<ID>x</ID><TO>y</TO><br/>z"), plain("z"));
}

fn settings(options: &[(&str, &str)]) -> Settings {
    Settings::read(&DeviceOptions::parse(OPTIONS, options.iter().copied()).unwrap())
}

#[test]
fn line_breaks_count_as_what_they_become() {
    let settings = settings(&[("max_text", "100")]);
    let text = "street 12\n".repeat(40);
    let plan = settings.plan(&text).unwrap();
    let parts = plan.parts();
    assert!(parts > 4);
    for index in 0..parts {
        let part = plan.part(&text, index).to_owned();
        let content = Content::Text {
            text: part,
            part: u16::try_from(index + 1).unwrap(),
            parts: u16::try_from(parts).unwrap(),
        };
        let (shown, _) = settings.shown(&content);
        assert!(size(&shown, Charset::Windows1251) <= 100, "{shown}");
    }
    assert!(!plan.lossy);
    assert!(settings.plan("a < b").unwrap().lossy, "the sign is replaced");
}

#[test]
fn a_text_fits_the_packet_whatever_the_options_say() {
    let settings = settings(&[("max_packet", "256"), ("max_text", "60000")]);
    let text = "слово ".repeat(100);
    let plan = settings.plan(&text).unwrap();
    let largest =
        (0..plan.parts()).map(|index| size(plan.part(&text, index), Charset::Windows1251));
    let room = 256 - 15 - 10 - 12 - OVERHEAD;
    assert!(largest.max().is_some_and(|size| size <= room - "(1/9) ".len() && size > room / 2));
}

#[test]
fn a_terminal_without_a_display_takes_no_text() {
    assert_eq!(settings(&[("display", "false")]).plan("a"), Err(TextRefusal::NotSupported));
}

#[test]
fn a_question_with_more_answers_than_buttons_is_a_text() {
    let answers: Vec<_> =
        [(1, "yes"), (2, "no"), (3, "later")].map(|(n, a)| (n, a.to_owned())).into();
    let content = Content::Question { text: "Ready?".to_owned(), answers };
    let settings = settings(&[]);
    let (shown, labels) = settings.shown(&content);
    assert_eq!((shown.as_str(), labels), ("Ready?\n1=yes\n2=no\n3=later", vec![]));
}
