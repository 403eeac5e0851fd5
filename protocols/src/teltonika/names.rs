//! Neutral names of IO elements. The vendor's numbers depend on the family; only few mean the same everywhere.
//!
//! | number | attribute | value | names |
//! | --- | --- | --- | --- |
//! | 1–4 | `input1`–`input4` | yes or no | common |
//! | 16 | `odometer_km` | number | common |
//! | 21 | `signal` | 0–5 | common |
//! | 66, 67 | `external_voltage`, `battery_voltage` | V | common |
//! | 78 | `driver_key` | hexadecimal, wire order; no key: left out | common |
//! | 179, 180 | `output1`, `output2` | yes or no | common |
//! | 207 | `rfid` | hexadecimal, wire order; no key: left out | common |
//! | 239, 240 | `ignition`, `moving` | yes or no | common |
//! | 241 | `operator` | country and network code | common |
//! | 264 | `barcode` | text | common |
//! | 9, 6 | `adc1`, `adc2` | V | fmb |
//! | 25–28 | `temperature1`–`temperature4` | °C, of Bluetooth sensors | fmb |
//! | 72–75 | `temperature5`–`temperature8` | °C, of wired sensors | fmb |
//! | 113 | `battery_level` | % | fmb |
//! | 181, 182 | `pdop`, `hdop` | number | fmb |
//! | 205, 206 | `cell1.id`, `cell1.lac` | numbers | fmb |
//! | 10800–10803 | `eye1.temperature`–`eye4.temperature` | °C, of Bluetooth beacons | fmb |
//! | any other | `io_` and the number | number without sign; longer than 8 bytes: bytes | |

use std::borrow::Cow;

use bytes::Bytes;

use super::driver::key;
use super::message::IoValue;
use crate::event::{Attributes, Value};

/// Which names are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// None.
    Numbers,
    /// Those that all families share.
    Common,
    /// Also those of FMB, FMC and FMM.
    Fmb,
}

impl Naming {
    /// As the option `io_names` says it.
    pub(super) fn by_name(name: &str) -> Self {
        match name {
            "numbers" => Self::Numbers,
            "fmb" => Self::Fmb,
            _ => Self::Common,
        }
    }
}

/// Ids that have their name ready.
const READY: usize = 1024;

static SPELLED: [[u8; 7]; READY] = spelled();
static NAMES: [&str; READY] = names();

const fn spelled() -> [[u8; 7]; READY] {
    let mut names = [*b"io_0000"; READY];
    let mut id = 0;
    while id < READY {
        let (mut at, mut rest) = (7, id);
        while at > 3 {
            at -= 1;
            names[id][at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        // Shifted to the left, so that the name has no zeros in front.
        let digits = if id >= 1000 {
            4
        } else if id >= 100 {
            3
        } else if id >= 10 {
            2
        } else {
            1
        };
        let mut index = 0;
        while index < digits {
            names[id][3 + index] = names[id][7 - digits + index];
            index += 1;
        }
        id += 1;
    }
    names
}

const fn names() -> [&'static str; READY] {
    let mut names = [""; READY];
    let mut id = 0;
    while id < READY {
        let digits = if id >= 1000 {
            4
        } else if id >= 100 {
            3
        } else if id >= 10 {
            2
        } else {
            1
        };
        names[id] = match std::str::from_utf8(SPELLED[id].split_at(3 + digits).0) {
            Ok(name) => name,
            Err(_) => "",
        };
        id += 1;
    }
    names
}

/// `io_` and the number.
fn numbered(id: u16) -> Cow<'static, str> {
    match NAMES.get(usize::from(id)) {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(format!("io_{id}")),
    }
}

/// Adds an element.
#[inline]
pub(super) fn push(id: u16, value: IoValue<'_>, naming: Naming, out: &mut Attributes) {
    let named = match (naming, value) {
        (Naming::Numbers, _) => None,
        (_, IoValue::Bytes(bytes)) => text(id, bytes),
        (naming, IoValue::Number { value, size }) => match number(id, value, size, naming) {
            // A key that is not there.
            Named::Nothing => return,
            Named::As(name, value) => Some((name, value)),
            Named::No => None,
        },
    };
    out.push(match named {
        Some((name, value)) => (Cow::Borrowed(name), value),
        None => (numbered(id), raw(value)),
    });
}

enum Named {
    As(&'static str, Value),
    No,
    Nothing,
}

/// An element without a name. A number that a signed one cannot hold stays bytes.
fn raw(value: IoValue<'_>) -> Value {
    match value {
        IoValue::Number { value, .. } => match i64::try_from(value) {
            Ok(value) => Value::Int(value),
            Err(_) => Value::Bytes(Bytes::copy_from_slice(&value.to_be_bytes())),
        },
        IoValue::Bytes(bytes) => Value::Bytes(Bytes::copy_from_slice(bytes)),
    }
}

fn text(id: u16, bytes: &[u8]) -> Option<(&'static str, Value)> {
    let text = std::str::from_utf8(bytes).ok()?;
    (id == 264).then(|| ("barcode", Value::Text(text.trim_matches('\0').to_owned())))
}

#[inline]
fn number(id: u16, value: u64, size: u8, naming: Naming) -> Named {
    let scaled = |name, unit: f64| Named::As(name, Value::Float(value as f64 / unit));
    let flag = |name| match value {
        0 | 1 => Named::As(name, Value::Bool(value == 1)),
        // Not what the number means in the families that are known.
        _ => Named::No,
    };
    match id {
        1 => flag("input1"),
        2 => flag("input2"),
        3 => flag("input3"),
        4 => flag("input4"),
        16 => scaled("odometer_km", 1e3),
        21 => Named::As("signal", Value::Int(value as i64)),
        66 => scaled("external_voltage", 1e3),
        67 => scaled("battery_voltage", 1e3),
        78 | 207 if value == 0 => Named::Nothing,
        78 => Named::As("driver_key", Value::Text(key(value, size))),
        179 => flag("output1"),
        180 => flag("output2"),
        207 => Named::As("rfid", Value::Text(key(value, size))),
        239 => flag("ignition"),
        240 => flag("moving"),
        241 => Named::As("operator", Value::Int(value as i64)),
        _ if naming == Naming::Fmb => fmb(id, value, size),
        _ => Named::No,
    }
}

/// Elements of FMB, FMC and FMM.
fn fmb(id: u16, value: u64, size: u8) -> Named {
    let scaled = |name, value: f64, unit: f64| Named::As(name, Value::Float(value / unit));
    // Above the highest value that a sensor can have stand its error codes.
    let temperature = |name, unit: f64, lowest: i64, highest: i64| match signed(value, size) {
        degrees if (lowest..=highest).contains(&degrees) => {
            Named::As(name, Value::Float(degrees as f64 / unit))
        }
        _ => Named::No,
    };
    let wired = |name| temperature(name, 10.0, -550, 1150);
    let wireless = |name| temperature(name, 100.0, -4000, 12_500);
    match id {
        6 => scaled("adc2", value as f64, 1e3),
        9 => scaled("adc1", value as f64, 1e3),
        25 => wireless("temperature1"),
        26 => wireless("temperature2"),
        27 => wireless("temperature3"),
        28 => wireless("temperature4"),
        72 => wired("temperature5"),
        73 => wired("temperature6"),
        74 => wired("temperature7"),
        75 => wired("temperature8"),
        113 => Named::As("battery_level", Value::Int(value as i64)),
        181 => scaled("pdop", value as f64, 10.0),
        182 => scaled("hdop", value as f64, 10.0),
        205 => Named::As("cell1.id", Value::Int(value as i64)),
        206 => Named::As("cell1.lac", Value::Int(value as i64)),
        10_800 => wireless("eye1.temperature"),
        10_801 => wireless("eye2.temperature"),
        10_802 => wireless("eye3.temperature"),
        10_803 => wireless("eye4.temperature"),
        _ => Named::No,
    }
}

/// The number read with a sign.
fn signed(value: u64, size: u8) -> i64 {
    let unused = 64_u32.saturating_sub(u32::from(size) * 8);
    value.checked_shl(unused).map_or(0, |shifted| shifted as i64 >> unused)
}

/// The element that a device would write for an attribute; `None` if there is none.
pub(super) fn wire(name: &str, value: &Value) -> Option<(u16, Vec<u8>)> {
    let flag = |id, value: &Value| match value {
        Value::Bool(on) => Some((id, vec![u8::from(*on)])),
        _ => None,
    };
    let scaled = |id, width: usize, value: &Value| match value {
        Value::Float(number) => {
            let units = (number * 1e3).round() as u32;
            units
                .to_be_bytes()
                .get(4_usize.saturating_sub(width)..)
                .map(|bytes| (id, bytes.to_vec()))
        }
        _ => None,
    };
    match name {
        "input1" => flag(1, value),
        "input2" => flag(2, value),
        "input3" => flag(3, value),
        "input4" => flag(4, value),
        "output1" => flag(179, value),
        "output2" => flag(180, value),
        "ignition" => flag(239, value),
        "moving" => flag(240, value),
        "odometer_km" => scaled(16, 4, value),
        "external_voltage" => scaled(66, 2, value),
        "battery_voltage" => scaled(67, 2, value),
        "signal" => match value {
            Value::Int(bars) => Some((21, vec![u8::try_from(*bars).ok()?])),
            _ => None,
        },
        "driver_key" => match value {
            Value::Text(key) => {
                let number = u64::from_str_radix(key, 16).ok()?;
                Some((78, number.to_be_bytes().to_vec()))
            }
            _ => None,
        },
        _ => None,
    }
}
