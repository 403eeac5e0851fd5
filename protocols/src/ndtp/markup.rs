//! The markup of texts (specification 5): written for a display, and read back with the markup removed.
//!
//! It looks like XML and is none: attributes are unquoted and nothing can be escaped. So `<` and `>` of a text become the quotation
//! marks that look most like them, and `&` becomes `+`. What a charset substitutes for a character it lacks may hold these signs
//! too, so they are replaced behind the charset, not before it.

use crate::text::Charset;

/// What surrounds a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Screen {
    /// The message's number.
    pub(super) id: u16,
    /// How long the display shows it.
    pub(super) seconds: u32,
    /// Whether it beeps.
    pub(super) beep: bool,
}

/// Answer buttons of a text.
pub(super) const BUTTONS: usize = 2;
/// Most bytes of what surrounds a text, without buttons.
pub(super) const OVERHEAD: usize = 134;

/// A text for a display.
pub(super) fn screen(screen: Screen, text: &str, buttons: &[&str], charset: Charset) -> Vec<u8> {
    let Screen { id, seconds, beep } = screen;
    let beep = if beep { " beep=1" } else { "" };
    let mut out = format!(
        "<NAVSCR ver=1.0><ID>{id}</ID><FROM>SERVER</FROM><TO>USER</TO><TYPE>QUERY</TYPE>\
         <MSG time={seconds}{beep} type=background>"
    )
    .into_bytes();
    put(text, charset, &mut out);
    for (number, label) in (1..=BUTTONS).zip(buttons) {
        out.extend_from_slice(format!("<br/><btn{number}>").as_bytes());
        put(label, charset, &mut out);
        out.extend_from_slice(format!("</btn{number}>").as_bytes());
    }
    out.extend_from_slice(b"</MSG></NAVSCR>");
    out
}

/// A text as a device sends it.
pub(super) fn from_device(id: u16, text: &str, charset: Charset) -> Vec<u8> {
    let mut out = format!(
        "<NAVSCR ver=1.0><ID>{id}</ID><FROM>USER</FROM><TO>SERVER</TO><TYPE>QUERY</TYPE><MSG>"
    )
    .into_bytes();
    put(text, charset, &mut out);
    out.extend_from_slice(b"</MSG></NAVSCR>");
    out
}

/// Bytes of `text` inside the markup.
pub(super) fn size(text: &str, charset: Charset) -> usize {
    let mut out = Vec::with_capacity(text.len());
    put(text, charset, &mut out);
    out.len()
}

/// Whether something of `text` is replaced.
pub(super) fn replaces(text: &str) -> bool {
    text.contains(['<', '>', '&'])
}

fn put(text: &str, charset: Charset, out: &mut Vec<u8>) {
    let (left, right): (&[u8], &[u8]) = match charset {
        Charset::Windows1251 => (b"\x8b", b"\x9b"),
        Charset::Utf8 => ("‹".as_bytes(), "›".as_bytes()),
        _ => (b"(", b")"),
    };
    for byte in charset.encode(text).bytes {
        match byte {
            b'\n' => out.extend_from_slice(b"<br/>"),
            b'<' => out.extend_from_slice(left),
            b'>' => out.extend_from_slice(right),
            b'&' => out.push(b'+'),
            byte => out.push(byte),
        }
    }
}

/// A text with its markup removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reading {
    /// The words, without blanks around them.
    pub(super) text: String,
    /// What stands in the `ID` element.
    pub(super) id: Option<u32>,
    /// The first button that is named.
    pub(super) button: Option<usize>,
    /// There was markup other than what surrounds every text.
    pub(super) marked: bool,
}

/// Reads a text; what is no markup is text, down to no markup at all.
pub(super) fn read(script: &str) -> Reading {
    let mut reading = Reading::default();
    let mut text = String::with_capacity(script.len());
    let mut rest = script;
    // An element whose content is not for a reader.
    let mut inside: Option<&str> = None;
    while let Some((before, tag, behind)) = next_tag(rest) {
        content(before, inside, &mut reading, &mut text);
        let name = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap_or("");
        let closing = tag.starts_with('/');
        match name {
            "ID" | "FROM" | "TO" | "TYPE" => inside = (!closing).then_some(name),
            "br" => text.push('\n'),
            "NAVSCR" | "MSG" => {}
            _ => {
                reading.marked = true;
                if let Some(number) = button(name) {
                    reading.button.get_or_insert(number);
                }
            }
        }
        rest = behind;
    }
    content(rest, inside, &mut reading, &mut text);
    reading.text = text.replace("&nbsp;", " ").trim().to_owned();
    if reading.button.is_none() && reading.text.len() <= 4 {
        // The name of a button alone, as text.
        reading.button = button(&reading.text);
    }
    reading
}

fn content(piece: &str, inside: Option<&str>, reading: &mut Reading, text: &mut String) {
    match inside {
        None => text.push_str(piece),
        Some("ID") => reading.id = piece.trim().parse().ok(),
        Some(_) => {}
    }
}

fn button(name: &str) -> Option<usize> {
    let number = name.strip_prefix("btn")?.parse().ok()?;
    (1..=BUTTONS).contains(&number).then_some(number)
}

/// What is before the first tag, inside it, and behind it.
fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let (before, behind) = text.split_once('<')?;
    let (tag, behind) = behind.split_once('>')?;
    Some((before, tag, behind))
}
