//! The simulated navigator and the session understand each other.

use super::{Line, token};
use crate::effect::{DeliveryStage, Evidence};
use crate::event::Event;
use crate::garmin::Navigator;
use crate::session::Content;
use crate::terminal::{Outcome, TerminalEffect, Uplink};

/// Both ends talk until neither has anything to say.
fn talk(
    line: &mut Line,
    navigator: &mut Navigator,
    mut fx: Vec<TerminalEffect>,
) -> Vec<TerminalEffect> {
    let mut seen = Vec::new();
    for _ in 0..100 {
        for effect in fx.drain(..) {
            match effect {
                TerminalEffect::Transmit(bytes) => line.receive(&bytes),
                other => seen.push(other),
            }
        }
        let down = std::mem::take(&mut line.written);
        if down.is_empty() {
            return seen;
        }
        for bytes in down {
            navigator.receive(&bytes, &mut fx);
        }
    }
    panic!("they do not come to an end");
}

fn both(pairs: &[(&str, &str)]) -> (Line, Navigator) {
    let (mut line, mut navigator) = (Line::new(pairs), Navigator::new());
    line.start();
    assert_eq!(talk(&mut line, &mut navigator, Vec::new()), []);
    assert!(navigator.enabled());
    assert_eq!(line.fmi.window(), 1);
    line.effects.clear();
    (line, navigator)
}

fn shown(seen: &[TerminalEffect]) -> (u64, &str) {
    let [TerminalEffect::Text { token, text }] = seen else { panic!("{seen:?}") };
    (*token, text)
}

#[test]
fn texts_of_all_lengths_arrive_and_are_confirmed() {
    for framing in ["full", "stripped"] {
        let (mut line, mut navigator) = both(&[("fmi_framing", framing)]);
        for (number, length) in (1..).zip([0, 1, 100, 199, 200, 201, 399, 400, 1600]) {
            let text: String = "Ворота, 世界 ".chars().cycle().take(length / 2).collect();
            line.text(number, &text);
            let seen = talk(&mut line, &mut navigator, Vec::new());
            let (shown, words) = shown(&seen);
            assert_eq!(words, text);
            let mut fx = Vec::new();
            navigator.answer(shown, Outcome::Confirm, line.now, &mut fx);
            talk(&mut line, &mut navigator, fx);
            let confirmed = DeliveryStage::Confirmed(Evidence::Accepted);
            let stages = line.stages();
            assert_eq!(
                stages.last(),
                Some(&(token(number.into()), confirmed)),
                "{framing} {length}"
            );
        }
    }
}

#[test]
fn a_refused_text_is_refused() {
    let (mut line, mut navigator) = both(&[]);
    line.text(1, "Gate 4");
    let seen = talk(&mut line, &mut navigator, Vec::new());
    let mut fx = Vec::new();
    navigator.answer(shown(&seen).0, Outcome::Refuse, line.now, &mut fx);
    talk(&mut line, &mut navigator, fx);
    let refused = DeliveryStage::Refused { code: 0, retry: true };
    assert_eq!(line.stages().last(), Some(&(token(1), refused)));
}

#[test]
fn drivers_texts_arrive_and_are_acknowledged() {
    let (mut line, mut navigator) = both(&[]);
    for said in ["ok", "收到; 12345678 #4"] {
        let mut fx = Vec::new();
        navigator.say(said, line.now, &mut fx);
        let seen = talk(&mut line, &mut navigator, fx);
        assert_eq!(seen, [TerminalEffect::Acked(Uplink::Text)]);
        let events = line.events();
        let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(message.text, said);
    }
}

#[test]
fn questions_are_answered() {
    let (mut line, mut navigator) = both(&[]);
    let answers = vec![(1, "On my way".to_owned()), (2, "Стою".to_owned())];
    line.send(5, false, Content::Question { text: "Where?".to_owned(), answers });
    let seen = talk(&mut line, &mut navigator, Vec::new());
    let (question, text) = shown(&seen);
    assert_eq!(text, "Where?\n1: On my way\n2: Стою");
    let mut fx = Vec::new();
    navigator.answer(question, Outcome::Confirm, line.now, &mut fx);
    navigator.say("Стою", line.now, &mut fx);
    let seen = talk(&mut line, &mut navigator, fx);
    assert_eq!(seen, [TerminalEffect::Acked(Uplink::Text)]);
    let events = line.events();
    let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((message.text.as_str(), message.reply_to), ("Стою", Some(5)));
}

#[test]
fn without_unicode_words_are_spelled() {
    let (mut line, mut navigator) = both(&[("fmi_charset", "ascii")]);
    line.text(1, "Größe 5 €");
    let seen = talk(&mut line, &mut navigator, Vec::new());
    assert_eq!(shown(&seen).1, "Grosse 5 EUR");
}
