//! Neutral names of IO elements. The vendor's numbers depend on the family; only few mean the same everywhere. Those of FMB, FMC and
//! FMM devices are from the vendor's parameter lists of FMB0 to FMB2 and FMB9; the professional ones (6) have others.
//!
//! | number | attribute | value | names |
//! | --- | --- | --- | --- |
//! | 1–4 | `input1`–`input4` | yes or no | common |
//! | 16 | `odometer_km` | number | common |
//! | 21 | `signal_level` | %, in fifths | common |
//! | 66, 67 | `power_v`, `battery_v` | V | common |
//! | 78 | `driver_key` | hexadecimal, wire order; no key: left out | common |
//! | 179, 180 | `output1`, `output2` | yes or no | common |
//! | 207 | `rfid` | hexadecimal, wire order; no key: left out | common |
//! | 239, 240 | `ignition`, `moving` | yes or no | common |
//! | 241 | `operator` | country and network code | common |
//! | 264 | `barcode` | text | common |
//! | 9, 6 | `adc1_v`, `adc2_v` | V | fmb |
//! | 25–28 | `temperature1_c`–`temperature4_c` | °C, of Bluetooth sensors | fmb |
//! | 72–75 | `temperature5_c`–`temperature8_c` | °C, of wired sensors | fmb |
//! | 113 | `battery_level` | % | fmb |
//! | 181, 182 | `pdop`, `hdop` | number | fmb |
//! | 205, 206 | `cell1.id`, `cell1.lac` | numbers | fmb |
//! | 10800–10803 | `eye1.temperature_c`–`eye4.temperature_c` | °C, of Bluetooth beacons | fmb |
//! | any other | `io_` and the number | number without sign; longer than 8 bytes: bytes | |
//!
//! A value that the unit does not know, such as the error codes of sensors, is kept under its number.

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
    /// Also those of FMB, FMC and FMM, without the professional ones.
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

    /// The names themselves.
    pub(super) const fn names(self) -> Names {
        match self {
            Self::Numbers => Names { ready: &NUMBERS_READY, rare: &[] },
            Self::Common => Names { ready: &COMMON_READY, rare: &[] },
            Self::Fmb => Names { ready: &FMB_READY, rare: &FMB },
        }
    }
}

/// What the ids of a family mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    /// By id.
    ready: &'static [Meaning; READY],
    /// Ids beyond are looked for here.
    rare: &'static [(u16, Meaning)],
}

/// A name, and how the number under it is read.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    name: &'static str,
    unit: Unit,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    /// As it is.
    Number,
    /// 0 or 1.
    Flag,
    /// 0 to 5, of which 5 is 100 %.
    Fifths,
    /// 0 to 100.
    Percent,
    /// So many make one.
    Per(f64),
    /// With a sign: so many make one degree, lowest, highest. Beyond stand a sensor's error codes.
    Degrees(f64, i32, i32),
    /// A key; 0 is none.
    Key,
    /// Bytes that are text.
    Text,
}

const fn of(id: u16, name: &'static str, unit: Unit) -> (u16, Meaning) {
    (id, Meaning { name, unit })
}

/// A temperature of a wireless sensor, in hundredths.
const WIRELESS: Unit = Unit::Degrees(100.0, -4000, 12_500);
/// A temperature of a wired sensor, in tenths.
const WIRED: Unit = Unit::Degrees(10.0, -550, 1150);

const COMMON: [(u16, Meaning); 16] = [
    of(1, "input1", Unit::Flag),
    of(2, "input2", Unit::Flag),
    of(3, "input3", Unit::Flag),
    of(4, "input4", Unit::Flag),
    of(16, "odometer_km", Unit::Per(1e3)),
    of(21, "signal_level", Unit::Fifths),
    of(66, "power_v", Unit::Per(1e3)),
    of(67, "battery_v", Unit::Per(1e3)),
    of(78, "driver_key", Unit::Key),
    of(179, "output1", Unit::Flag),
    of(180, "output2", Unit::Flag),
    of(207, "rfid", Unit::Key),
    of(239, "ignition", Unit::Flag),
    of(240, "moving", Unit::Flag),
    of(241, "operator", Unit::Number),
    of(264, "barcode", Unit::Text),
];

const FMB: [(u16, Meaning); 19] = [
    of(6, "adc2_v", Unit::Per(1e3)),
    of(9, "adc1_v", Unit::Per(1e3)),
    of(25, "temperature1_c", WIRELESS),
    of(26, "temperature2_c", WIRELESS),
    of(27, "temperature3_c", WIRELESS),
    of(28, "temperature4_c", WIRELESS),
    of(72, "temperature5_c", WIRED),
    of(73, "temperature6_c", WIRED),
    of(74, "temperature7_c", WIRED),
    of(75, "temperature8_c", WIRED),
    of(113, "battery_level", Unit::Percent),
    of(181, "pdop", Unit::Per(10.0)),
    of(182, "hdop", Unit::Per(10.0)),
    of(205, "cell1.id", Unit::Number),
    of(206, "cell1.lac", Unit::Number),
    of(10_800, "eye1.temperature_c", WIRELESS),
    of(10_801, "eye2.temperature_c", WIRELESS),
    of(10_802, "eye3.temperature_c", WIRELESS),
    of(10_803, "eye4.temperature_c", WIRELESS),
];

/// Ids that have their meaning ready: an element costs one look-up.
const READY: usize = 512;

/// `io_` and the number, in front of filling.
static SPELLED: [[u8; 6]; READY] = spelled();
static NUMBERS_READY: [Meaning; READY] = numbers();
static COMMON_READY: [Meaning; READY] = known(numbers(), &COMMON);
static FMB_READY: [Meaning; READY] = known(known(numbers(), &COMMON), &FMB);

const fn digits(id: usize) -> usize {
    if id >= 100 {
        3
    } else if id >= 10 {
        2
    } else {
        1
    }
}

const fn spelled() -> [[u8; 6]; READY] {
    let mut names = [*b"io_   "; READY];
    let mut id = 0;
    while id < READY {
        let (mut at, mut rest) = (3 + digits(id), id);
        while at > 3 {
            at -= 1;
            names[id][at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        id += 1;
    }
    names
}

const fn numbers() -> [Meaning; READY] {
    let mut table = [Meaning { name: "", unit: Unit::Number }; READY];
    let mut id = 0;
    while id < READY {
        if let Ok(name) = std::str::from_utf8(SPELLED[id].split_at(3 + digits(id)).0) {
            table[id].name = name;
        }
        id += 1;
    }
    table
}

const fn known(mut table: [Meaning; READY], list: &[(u16, Meaning)]) -> [Meaning; READY] {
    let mut index = 0;
    while index < list.len() {
        let (id, meaning) = list[index];
        if (id as usize) < READY {
            table[id as usize] = meaning;
        }
        index += 1;
    }
    table
}

impl Names {
    /// Adds an element. Most are numbers with a low id: they take the short way.
    #[inline]
    pub(super) fn push(self, id: u16, value: IoValue<'_>, out: &mut Attributes) {
        let meaning = self.ready.get(usize::from(id));
        let (Some(meaning), IoValue::Number { value: number, .. }) = (meaning, value) else {
            return self.push_rare(id, value, out);
        };
        let read = match meaning.unit {
            Unit::Number if number <= i64::MAX as u64 => Value::Int(number as i64),
            Unit::Flag if number <= 1 => Value::Bool(number == 1),
            Unit::Per(one) => Value::Float(number as f64 / one),
            Unit::Fifths if number <= 5 => Value::Int(number as i64 * 20),
            Unit::Percent if number <= 100 => Value::Int(number as i64),
            _ => return self.push_rare(id, value, out),
        };
        out.push((Cow::Borrowed(meaning.name), read));
    }

    /// What an id means.
    fn meaning(self, id: u16) -> Option<&'static Meaning> {
        let ready = self.ready.get(usize::from(id));
        let rare = || self.rare.iter().find(|(known, _)| *known == id).map(|(_, meaning)| meaning);
        ready.or_else(rare)
    }

    #[inline(never)]
    fn push_rare(self, id: u16, value: IoValue<'_>, out: &mut Attributes) {
        if let Some(meaning) = self.meaning(id) {
            match rarely(value, meaning.unit) {
                Rare::Read(value) => return out.push((Cow::Borrowed(meaning.name), value)),
                Rare::Nothing => return,
                Rare::Raw => {}
            }
        }
        out.push((numbered(id), raw(value)));
    }
}

/// What becomes of a value that most elements do not have.
enum Rare {
    Read(Value),
    /// It says that there is nothing.
    Nothing,
    /// It stays what it is.
    Raw,
}

fn rarely(value: IoValue<'_>, unit: Unit) -> Rare {
    match (value, unit) {
        (IoValue::Number { value: 0, .. }, Unit::Key) => Rare::Nothing,
        (IoValue::Number { value, size }, Unit::Key) => Rare::Read(Value::Text(key(value, size))),
        (IoValue::Number { value, size }, Unit::Degrees(one, lowest, highest)) => {
            match i32::try_from(signed(value, size)) {
                Ok(degrees) if (lowest..=highest).contains(&degrees) => {
                    Rare::Read(Value::Float(f64::from(degrees) / one))
                }
                _ => Rare::Raw,
            }
        }
        (IoValue::Bytes(bytes), Unit::Text) => match std::str::from_utf8(bytes) {
            Ok(text) => Rare::Read(Value::Text(text.trim_matches('\0').to_owned())),
            Err(_) => Rare::Raw,
        },
        _ => Rare::Raw,
    }
}

/// `io_` and the number.
fn numbered(id: u16) -> Cow<'static, str> {
    match NUMBERS_READY.get(usize::from(id)) {
        Some(meaning) => Cow::Borrowed(meaning.name),
        None => Cow::Owned(format!("io_{id}")),
    }
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

/// The number read with a sign.
fn signed(value: u64, size: u8) -> i64 {
    let unused = 64_u32.saturating_sub(u32::from(size) * 8);
    value.checked_shl(unused).map_or(0, |shifted| shifted as i64 >> unused)
}

/// The element that a device would write for an attribute; `None` if there is none.
pub(super) fn wire(name: &str, value: &Value) -> Option<(u16, Vec<u8>)> {
    let (id, meaning) = COMMON.iter().find(|(_, meaning)| meaning.name == name)?;
    let width = if *id == 16 || *id == 241 { 4 } else { 2 };
    let narrow = |number: f64, width: usize| {
        let bytes = (number as u32).to_be_bytes();
        bytes.get(4_usize.saturating_sub(width)..).map(<[u8]>::to_vec)
    };
    let bytes = match (meaning.unit, value) {
        (Unit::Flag, Value::Bool(on)) => vec![u8::from(*on)],
        (Unit::Per(one), Value::Float(number)) => narrow((number * one).round(), width)?,
        (Unit::Fifths, Value::Int(percent)) => narrow((*percent as f64 / 20.0).round(), 1)?,
        (Unit::Number, Value::Int(number)) => narrow(*number as f64, width)?,
        (Unit::Key, Value::Text(key)) => u64::from_str_radix(key, 16).ok()?.to_be_bytes().to_vec(),
        (Unit::Text, Value::Text(text)) => text.as_bytes().to_vec(),
        _ => return None,
    };
    Some((*id, bytes))
}
