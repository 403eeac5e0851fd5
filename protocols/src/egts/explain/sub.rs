//! Fields of the sub-records.

use crate::egts::about::text;
use crate::egts::charset;
use crate::egts::decode;
use crate::egts::message::{Position, RawSub, Sub, ct, known, service, srt};
use crate::egts::names;
use crate::wire::shown::{Shown, hex};

/// Names the fields of sub-record `kind` of `service`, whose SRD is what is left; unknown ones stay bytes.
pub(super) fn explain(service: u8, kind: u8, walk: &mut Shown<'_>) {
    match (service, kind) {
        (_, srt::RECORD_RESPONSE) => {
            walk.number("CRN", 2);
            walk.code("RST");
        }
        (service::AUTH, srt::AUTH_INFO) if walk.left.len() == 1 => walk.code("RCD"),
        (service::AUTH, _) => auth(kind, walk),
        (service::TELEDATA, _) => teledata(kind, walk),
        (service::COMMANDS, srt::COMMAND_DATA) => command(walk),
        _ => {}
    }
}

fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", text(bytes))
}

/// A string and its NUL.
fn string(name: &str, walk: &mut Shown<'_>) {
    let end = memchr::memchr(0, walk.left).map_or(walk.left.len(), |at| at + 1);
    walk.bytes(name, end, quoted);
}

fn auth(kind: u8, walk: &mut Shown<'_>) {
    match kind {
        srt::TERM_IDENTITY => {
            walk.number("TID", 4);
            let flags = walk.bits("flags");
            let fixed = |walk: &mut Shown<'_>, bit: u8, name: &str, width: usize| {
                if flags >> bit & 1 != 0 {
                    walk.bytes(name, width, |field| quoted(known(field).unwrap_or_default()));
                }
            };
            let number = |walk: &mut Shown<'_>, bit: u8, name: &str, width: usize| {
                if flags >> bit & 1 != 0 {
                    walk.number(name, width);
                }
            };
            number(walk, 0, "HDID", 2);
            fixed(walk, 1, "IMEI", 15);
            fixed(walk, 2, "IMSI", 16);
            fixed(walk, 3, "LNGC", 3);
            number(walk, 5, "NID", 3);
            number(walk, 6, "BS", 2);
            fixed(walk, 7, "MSISDN", 15);
        }
        srt::MODULE_DATA => {
            walk.number("MT", 1);
            walk.number("VID", 4);
            for name in ["FWV", "SWV"] {
                walk.value(name, 2, |word| format!("{}.{}", word >> 8, word & 0xff));
            }
            walk.number("MD", 1);
            walk.number("ST", 1);
            string("SRN", walk);
            string("DSCR", walk);
        }
        srt::VEHICLE_DATA => {
            walk.bytes("VIN", 17, quoted);
            walk.number("VHT", 4);
            walk.number("VPST", 4);
        }
        srt::DISPATCHER_IDENTITY => {
            walk.number("DT", 1);
            walk.number("DID", 4);
            walk.rest("DSCR", quoted);
        }
        srt::AUTH_PARAMS => auth_params(walk),
        srt::AUTH_INFO => {
            string("UNM", walk);
            string("UPSW", walk);
            string("SS", walk);
        }
        srt::SERVICE_INFO => {
            walk.byte("ST", |service| format!("{service} {}", names::service_name(service)));
            walk.number("SST", 1);
            walk.bits("SRVP");
        }
        srt::RESULT_CODE => walk.code("RCD"),
        _ => {}
    }
}

fn auth_params(walk: &mut Shown<'_>) {
    let flags = walk.bits("FLG");
    let bit = |bit: u8| flags >> bit & 1 != 0;
    if bit(2) {
        let length = walk.number("PKL", 2);
        walk.bytes("PBK", usize::try_from(length).unwrap_or(0), |_| String::new());
    }
    if bit(3) {
        walk.number("ISL", 2);
    }
    if bit(4) {
        walk.number("MSZ", 2);
    }
    if bit(5) {
        string("SS", walk);
    }
    if bit(6) {
        string("EXP", walk);
    }
}

fn teledata(kind: u8, walk: &mut Shown<'_>) {
    match kind {
        srt::POS_DATA => position(walk),
        srt::EXT_POS_DATA => {
            let flags = walk.bits("flags");
            for (bit, name) in [(0, "VDOP"), (1, "HDOP"), (2, "PDOP")] {
                if flags >> bit & 1 != 0 {
                    walk.value(name, 2, |dop| format!("{}", dop as f64 / 100.0));
                }
            }
            if flags & 0x08 != 0 {
                walk.number("SAT", 1);
            }
            walk.number("NS", 2);
        }
        srt::AD_SENSORS_DATA => {
            let digital = walk.bits("DIOE");
            walk.bits("DOUT");
            let analog = walk.bits("ASFE");
            masked(walk, digital, "ADIO", 1);
            masked(walk, analog, "ANS", 3);
        }
        srt::COUNTERS_DATA => {
            let there = walk.bits("CFE");
            masked(walk, there, "CN", 3);
        }
        srt::STATE_DATA | srt::STATE_DATA_OLD if walk.left.len() == 5 => {
            walk.number("ST", 1);
            for name in ["MPSV", "BBV", "IBV"] {
                walk.byte(name, |tenths| format!("{:.1} V", f32::from(tenths) / 10.0));
            }
            walk.bits("flags");
        }
        srt::LOOPIN_DATA => {
            walk.bits("LIFE");
            walk.rest("LIS", |_| "four bits a loop, the low ones first".to_owned());
        }
        srt::ABS_DIG_SENS_DATA | srt::ABS_LOOPIN_DATA => {
            walk.value("number and state", 2, |word| format!("{}: {}", word >> 4, word & 15));
        }
        srt::ABS_AN_SENS_DATA => {
            walk.number("ASN", 1);
            walk.number("ASV", 3);
        }
        srt::ABS_CNTR_DATA => {
            walk.number("CN", 1);
            walk.number("CNV", 3);
        }
        srt::LIQUID_LEVEL_SENSOR => {
            let flags = walk.bits("flags");
            walk.number("MADDR", 2);
            match flags & 0x08 != 0 {
                true => walk.rest("LLSD", |_| "the sensor's own bytes".to_owned()),
                false => drop(walk.number("LLSD", 4)),
            }
        }
        srt::PASSENGERS_COUNTERS => {
            let raw = walk.bits("RDF");
            let doors = walk.bits("DPR");
            walk.bits("DRL");
            walk.number("MADDR", 2);
            if raw & 1 == 0 {
                masked(walk, doors, "IPQ and OPQ", 2);
            }
        }
        _ => {}
    }
}

/// A number for each bit of `mask`.
fn masked(walk: &mut Shown<'_>, mask: u8, name: &str, width: usize) {
    for bit in 0..8 {
        if mask >> bit & 1 != 0 {
            walk.number(&format!("{name} {}", bit + 1), width);
        }
    }
}

fn position(walk: &mut Shown<'_>) {
    let raw = RawSub { kind: srt::POS_DATA, data: walk.left, offset: 0 };
    let position = match decode::sub(service::TELEDATA, &raw) {
        Ok(Sub::Position(position)) => position,
        _ => Position::default(),
    };
    let (latitude, longitude) = position.degrees();
    walk.time("NTM");
    walk.bytes("LAT", 4, |_| format!("{latitude:.6}"));
    walk.bytes("LONG", 4, |_| format!("{longitude:.6}"));
    walk.byte("FLG", |flags| {
        let bit = |bit: u8| flags >> bit & 1;
        format!(
            "ALTE={} LOHS={} LAHS={} MV={} BB={} CS={} FIX={} VLD={}",
            bit(7),
            bit(6),
            bit(5),
            bit(4),
            bit(3),
            bit(2),
            bit(1),
            bit(0)
        )
    });
    walk.bytes("SPD/ALTS/DIRH", 2, |_| format!("{:.1} km/h", position.kmh()));
    walk.bytes("DIR", 1, |_| format!("{} degrees", position.course()));
    walk.value("ODM", 3, |tenths| format!("{:.1} km", tenths as f64 / 10.0));
    walk.bits("DIN");
    walk.byte("SRC", |source| format!("{source} {}", names::trigger(source)));
    if let Some(metres) = position.metres() {
        walk.bytes("ALT", 3, |_| format!("{metres} m"));
    }
    walk.number("SRCD", 2);
}

fn command(walk: &mut Shown<'_>) {
    let raw = RawSub { kind: srt::COMMAND_DATA, data: walk.left, offset: 0 };
    let Ok(Sub::Command(command)) = decode::sub(service::COMMANDS, &raw) else { return };
    walk.bytes("CT/CCT", 1, |_| {
        let (kind, result) = (names::command(command.kind), names::confirmation(command.result));
        format!("CT={} {kind}, CCT={} {result}", command.kind, command.result)
    });
    walk.number("CID", 4);
    walk.number("SID", 4);
    walk.byte("flags", |flags| format!("ACFE={} CHSFE={}", flags >> 1 & 1, flags & 1));
    if command.charset.is_some() {
        walk.number("CHS", 1);
    }
    if let Some(code) = command.authorisation {
        walk.number("ACL", 1);
        walk.bytes("AC", code.len(), quoted);
    }
    let order = |walk: &mut Shown<'_>, action: bool| {
        walk.number("ADR", 2);
        if action {
            walk.byte("SZ/ACT", |byte| format!("SZ={} ACT={}", byte >> 4, byte & 15));
        }
        walk.value("CCD", 2, |code| format!("{code:#06x}"));
        walk.rest("DT", |data| format!("\"{}\"", data.escape_ascii()));
    };
    match command.kind {
        ct::COM | ct::DELCOM | ct::SUBREQ if command.data.len() >= 5 => order(walk, true),
        ct::COMCONF if command.data.len() >= 4 => order(walk, false),
        ct::MSGTO | ct::MSGFROM => {
            walk.rest("CD", |data| match charset::decode(command.charset, false, data) {
                Some(text) => format!("\"{text}\""),
                None => hex(data),
            })
        }
        _ => {}
    }
}
