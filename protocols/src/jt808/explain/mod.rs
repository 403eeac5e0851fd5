//! A frame for human readers (`cabwire decode`): every byte in wire order with its name and meaning, in the manner of the
//! listings in section 17.
//!
//! A field's raw bytes are its own; what its children cover is theirs. So the raw bytes of all fields in order are the frame,
//! the checksum included, which the framer has cut off and which is computed again here.

mod body;
mod walk;

use super::decode;
use super::frame::checksum;
use super::header::{Edition, Fit, Fragment, Header, Style};
use super::message::{self, Context, id};
use crate::explain::{Explanation, Field};
use crate::wire::shown::{Shown, hex};

/// Explains a frame as the framer hands it out.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let id = frame.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
    if id::RELATIVES.contains(&id) {
        return raw(frame, id, "a related protocol with a 1-byte serial; not decoded");
    }
    let (header, body) = match Header::parse(frame, None) {
        Ok(parsed) => parsed,
        Err(error) => return raw(frame, id, &error.to_string()),
    };
    let mut fields = header_fields(frame, &header);
    let mut problem = match header.fit {
        Fit::Declared => None,
        Fit::Other => {
            Some("the header's flag bits are wrong; its form was found by the length".to_owned())
        }
        Fit::WrongLength => Some(format!(
            "the length field says {} bytes of body, there are {}",
            header.declared(),
            body.len()
        )),
    };
    let mut walk = Shown::new(body);
    match header.fragment {
        _ if header.encrypted() => walk.rest("encrypted body", |_| "not parsed".to_owned()),
        Some(Fragment { total: 2.., index }) => {
            walk.rest("part of the body", |_| format!("part {index}"))
        }
        _ => {
            // Only a registration and its answers differ between 2011 and 2013, and they show it.
            let edition =
                if header.address.style == Style::V2019 { Edition::V2019 } else { Edition::V2013 };
            let context = Context { style: header.address.style, edition };
            if let Err(error) = decode::message(&header, body, context) {
                problem = Some(error.to_string());
            }
            body::explain(header.id, context, &mut walk);
        }
    }
    walk.rest("bytes left over", |_| "ignored".to_owned());
    fields.extend(walk.fields);
    let sum = checksum(frame);
    fields.push(Field::new("checksum", "right", hex(&[sum])));
    Explanation { title: title(header.id), fields, problem }
}

fn title(id: u16) -> String {
    let name = message::name(id);
    if name == message::name(0xffff) { format!("{name} {id:#06x}") } else { name.to_owned() }
}

fn raw(frame: &[u8], id: u16, problem: &str) -> Explanation {
    let fields = vec![
        Field::new("bytes", "", hex(frame)),
        Field::new("checksum", "right", hex(&[checksum(frame)])),
    ];
    Explanation { title: title(id), fields, problem: Some(problem.to_owned()) }
}

fn header_fields(frame: &[u8], header: &Header) -> Vec<Field> {
    let mut walk = Shown::new(frame.get(..header.length).unwrap_or_default());
    walk.word("message", title);
    walk.word("properties", |bits| {
        let mut text = format!("body {} bytes", header.declared());
        for (bit, meaning) in [(14, "2019 header"), (13, "fragment"), (10, "RSA-encrypted")] {
            if bits >> bit & 1 != 0 {
                text.push_str(&format!(", bit {bit} = {meaning}"));
            }
        }
        text
    });
    if header.address.style == Style::V2019 {
        walk.byte("protocol version", |version| version.to_string());
    }
    let phone = header.address.phone;
    let style = header.address.style;
    walk.bytes("phone", style.phone_bytes(), |_| {
        format!("{} (identity {})", phone.digits(style), phone.identity(style))
    });
    walk.word("serial", |serial| serial.to_string());
    if header.fragment.is_some() {
        walk.word("fragments", |total| total.to_string());
        walk.word("this is number", |index| index.to_string());
    }
    walk.fields
}

#[cfg(test)]
#[path = "../tests/explain.rs"]
mod tests;
