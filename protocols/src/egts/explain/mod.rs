//! A packet for human readers (`cabwire decode`): every byte in wire order under the specification's name.
//!
//! A field's raw bytes are its own; what its children cover is theirs. So the raw bytes of all fields in order are the packet.

mod sub;
mod walk;

use super::decode;
use super::header::{Header, Start, packet as pt, start};
use super::message::{RawSub, Record};
use super::names;
use crate::explain::{Explanation, Field};
use crate::wire::shown::{Shown, hex};

/// Explains a packet as the framer hands it out.
pub(super) fn explain(frame: &[u8]) -> Explanation {
    let header = match start(frame) {
        Start::Good(header) => header,
        Start::Short => return opaque(frame, "not a whole header".to_owned()),
        Start::Damaged { expected, found } => {
            return opaque(frame, format!("header CRC is {found:02x}, expected {expected:02x}"));
        }
        Start::Foreign(result) => {
            return opaque(frame, format!("not version 1: {result} {}", names::result(result)));
        }
    };
    let mut fields = vec![];
    let mut walk = Shown::low_byte_first(frame);
    head(&mut walk, &header);
    let body = walk.left.get(..header.body).unwrap_or(walk.left);
    let behind = walk.left.get(body.len()..).unwrap_or_default();
    fields.append(&mut walk.fields);
    let mut problem = match header.refusal() {
        Some(result) => Some(format!("is not processed: {result} {}", names::result(result))),
        None => decode::packet(frame).err().map(|error| error.to_string()),
    };
    let mut walk = Shown::low_byte_first(body);
    let mut first = None;
    if header.refusal().is_none() {
        walk_body(frame, &header, &mut walk, &mut first, &mut problem);
    }
    walk.rest("body", |_| "not looked into".to_owned());
    fields.append(&mut walk.fields);
    let mut walk = Shown::low_byte_first(behind);
    walk.bytes("SFRCS", 2, |crc| {
        let right = super::header::body_crc(body).to_le_bytes() == *crc;
        if right { "right".to_owned() } else { "wrong".to_owned() }
    });
    walk.rest("bytes left over", |_| "ignored".to_owned());
    fields.append(&mut walk.fields);
    Explanation { title: title(&header, first), fields, problem }
}

fn opaque(frame: &[u8], problem: String) -> Explanation {
    let fields = vec![Field::new("bytes", "", hex(frame))];
    Explanation { title: "not an EGTS packet".to_owned(), fields, problem: Some(problem) }
}

fn title(header: &Header, first: Option<&'static str>) -> String {
    let kind = packet_type(header.kind);
    match first {
        None if header.body == 0 && header.kind == pt::APPDATA => format!("{kind}: sign of life"),
        None => kind.to_owned(),
        Some(first) => format!("{kind}: {first}"),
    }
}

const fn packet_type(kind: u8) -> &'static str {
    match kind {
        pt::RESPONSE => "RESPONSE",
        pt::APPDATA => "APPDATA",
        pt::SIGNED_APPDATA => "SIGNED_APPDATA",
        _ => "packet of unknown type",
    }
}

fn head(walk: &mut Shown<'_>, header: &Header) {
    walk.number("PRV", 1);
    walk.number("SKID", 1);
    walk.bytes("flags", 1, |_| {
        let flags = header.flags;
        let bit = |shift: u8, mask: u8| flags >> shift & mask;
        let (route, encryption, compressed) = (bit(5, 1), bit(3, 3), bit(2, 1));
        format!("RTE={route} ENA={encryption} CMP={compressed} PR={}", bit(0, 3))
    });
    walk.number("HL", 1);
    walk.number("HE", 1);
    walk.number("FDL", 2);
    walk.number("PID", 2);
    walk.bytes("PT", 1, |_| format!("{} {}", header.kind, packet_type(header.kind)));
    if header.route.is_some() {
        walk.number("PRA", 2);
        walk.number("RCA", 2);
        walk.number("TTL", 1);
    }
    walk.bytes("HCS", 1, |_| "right".to_owned());
}

/// RESPONSE and signature fields, then the records; `first` becomes the name of the first sub-record.
fn walk_body(
    frame: &[u8],
    header: &Header,
    walk: &mut Shown<'_>,
    first: &mut Option<&'static str>,
    problem: &mut Option<String>,
) {
    let Ok(packet) = decode::packet(frame) else { return };
    match header.kind {
        pt::RESPONSE => {
            walk.number("RPID", 2);
            walk.code("PR");
        }
        pt::SIGNED_APPDATA => {
            let length = walk.number("SIGL", 2);
            walk.bytes("SIGD", usize::try_from(length).unwrap_or(0), |_| String::new());
        }
        _ => {}
    }
    for record in packet.body.records() {
        let field = explain_record(walk, record, first, problem);
        walk.fields.push(field);
    }
}

fn explain_record(
    walk: &mut Shown<'_>,
    record: &Record<'_>,
    first: &mut Option<&'static str>,
    problem: &mut Option<String>,
) -> Field {
    let options = [record.object, record.event, record.time].iter().flatten().count();
    let mut inner = Shown::low_byte_first(walk.take(7 + 4 * options + record.data.len()));
    inner.number("RL", 2);
    inner.number("RN", 2);
    inner.bytes("RFL", 1, |_| {
        let bit = |shift: u8, mask: u8| record.flags >> shift & mask;
        let (terminal, to_terminal, group) = (bit(7, 1), bit(6, 1), bit(5, 1));
        let (priority, time, event, object) = (bit(3, 3), bit(2, 1), bit(1, 1), bit(0, 1));
        format!(
            "SSOD={terminal} RSOD={to_terminal} GRP={group} RPP={priority} TMFE={time} EVFE={event} OBFE={object}"
        )
    });
    if record.object.is_some() {
        inner.number("OID", 4);
    }
    if record.event.is_some() {
        inner.number("EVID", 4);
    }
    if record.time.is_some() {
        inner.time("TM");
    }
    for name in ["SST", "RST"] {
        inner.bytes(name, 1, |service| {
            let service = service.first().copied().unwrap_or(0);
            format!("{service} {}", names::service_name(service))
        });
    }
    for raw in decode::subs(record) {
        match raw {
            Ok(raw) => {
                let name = names::sub_record(record.source, raw.kind);
                first.get_or_insert(name);
                if let Err(error) = decode::sub(record.source, &raw) {
                    problem.get_or_insert_with(|| error.to_string());
                }
                let field = explain_sub(&mut inner, record.source, &raw, name);
                inner.fields.push(field);
            }
            Err(error) => drop(problem.get_or_insert_with(|| error.to_string())),
        }
    }
    inner.rest("bytes left over", |_| "no whole sub-record".to_owned());
    Field::new(format!("record {}", record.number), names::service_name(record.source), "")
        .with(inner.fields)
}

fn explain_sub(walk: &mut Shown<'_>, service: u8, raw: &RawSub<'_>, name: &'static str) -> Field {
    let mut inner = Shown::low_byte_first(walk.take(3 + raw.data.len()));
    inner.bytes("SRT", 1, |_| format!("{} {name}", raw.kind));
    inner.number("SRL", 2);
    sub::explain(service, raw.kind, &mut inner);
    inner.rest("data", |_| String::new());
    Field::new(name, "", "").with(inner.fields)
}
