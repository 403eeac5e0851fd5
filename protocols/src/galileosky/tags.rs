//! The tags: how long the value of each is, and what it means (manual, table of tags; lengths above 0x80 as devices send them).

/// IMEI, 15 digits.
pub(super) const IMEI: u8 = 0x03;
/// Number of the device, set by its owner.
pub(super) const DEVICE: u8 = 0x04;
/// Number of the record.
pub(super) const RECORD: u8 = 0x10;
/// Seconds since 1970, UTC.
pub(super) const TIME: u8 = 0x20;
/// Satellites and validity, latitude, longitude.
pub(super) const POSITION: u8 = 0x30;
/// Speed and course.
pub(super) const SPEED: u8 = 0x33;
/// Altitude.
pub(super) const ALTITUDE: u8 = 0x34;
/// Number of a command.
pub(super) const COMMAND_NUMBER: u8 = 0xe0;
/// Text of a command or an answer.
pub(super) const COMMAND_TEXT: u8 = 0xe1;
/// Extended tags: two bytes of id and four of value each.
pub(super) const EXTENDED: u8 = 0xfe;

/// Whether `tag` is one of those that a command and its answer consist of.
pub(super) const fn of_command(tag: u8) -> bool {
    matches!(tag, IMEI | DEVICE | COMMAND_NUMBER | COMMAND_TEXT)
}

/// How long a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// So many bytes.
    Fixed(u8),
    /// As many as the byte in front of it says.
    Byte,
    /// As many as the two bytes in front of it say.
    Word,
}

/// How long the value of `tag` is; `None` for a tag that nobody described. (0x5B is left out on purpose: the sources agree only
/// that its length varies.)
pub(super) fn length(tag: u8) -> Option<Length> {
    static LENGTHS: [Option<Length>; 256] = lengths();
    LENGTHS.get(usize::from(tag)).copied().flatten()
}

const fn lengths() -> [Option<Length>; 256] {
    let mut lengths = [None; 256];
    let mut tag = 0;
    while tag < lengths.len() {
        lengths[tag] = length_of(tag as u8);
        tag += 1;
    }
    lengths
}

const fn length_of(tag: u8) -> Option<Length> {
    Some(match tag {
        0x01 | 0x02 | 0x35 | 0x43 | 0x88..=0x8c | 0xa0..=0xaf | 0xc4..=0xd2 | 0xd5 => {
            Length::Fixed(1)
        }
        0x04 | 0x10 | 0x21 | 0x34 | 0x40..=0x42 | 0x45 | 0x46 | 0x48 => Length::Fixed(2),
        0x50..=0x59 | 0x60..=0x62 | 0x70..=0x79 | 0xb0..=0xb9 | 0xd6..=0xda => Length::Fixed(2),
        0x5d | 0x63..=0x6f | 0x80..=0x87 | 0xfa => Length::Fixed(3),
        0x20 | 0x33 | 0x44 | 0x47 | 0x5a | 0x90 | 0xc0..=0xc3 | 0xd3 | 0xd4 => Length::Fixed(4),
        0xdb..=0xdf | 0xe0 | 0xe2..=0xe9 | 0xf0..=0xf9 => Length::Fixed(4),
        0xfd => Length::Fixed(8),
        0x30 => Length::Fixed(9),
        0x03 => Length::Fixed(15),
        0x5c => Length::Fixed(68),
        0xe1 | 0xea => Length::Byte,
        0xfe => Length::Word,
        _ => return None,
    })
}

/// How a value is to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// Whole number, low byte first.
    Number,
    /// Whole number that names a version.
    Version,
    /// Whole number with a sign.
    Signed,
    /// Number divided by this.
    Scaled(f64),
    /// Sensor number, then °C with a sign.
    Thermometer,
    /// Level, then °C with a sign, of this name.
    Level(&'static str),
    /// Fuel in 0.4 %, coolant in °C + 40, engine speed in 0.125 per minute.
    Engine,
    /// Four bytes of a key.
    Key,
    /// As it stands.
    Raw,
}

/// Names of tags of which there are several, by number.
macro_rules! numbered {
    ($name:literal: $($number:literal)*) => { &[$(concat!($name, $number)),*] };
}

const ADC: &[&str] = numbered!("adc": 0 1 2 3 4 5 6 7 8 9);
const RS232: &[&str] = numbered!("rs232_": 0 1);
const RS485: &[&str] = numbered!("rs485_": 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
const RS485_TEMPERATURE: &[&str] = &[
    "rs485_0_temperature_c",
    "rs485_1_temperature_c",
    "rs485_2_temperature_c",
    "rs485_3_temperature_c",
    "rs485_4_temperature_c",
    "rs485_5_temperature_c",
    "rs485_6_temperature_c",
    "rs485_7_temperature_c",
    "rs485_8_temperature_c",
    "rs485_9_temperature_c",
    "rs485_10_temperature_c",
    "rs485_11_temperature_c",
    "rs485_12_temperature_c",
    "rs485_13_temperature_c",
    "rs485_14_temperature_c",
    "rs485_15_temperature_c",
];
const TEMPERATURE: &[&str] = &[
    "temperature0_c",
    "temperature1_c",
    "temperature2_c",
    "temperature3_c",
    "temperature4_c",
    "temperature5_c",
    "temperature6_c",
    "temperature7_c",
];
const CAN_8BIT: &[&str] = numbered!(
    "can_8bit_": 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
);
const CAN_16BIT: &[&str] = numbered!("can_16bit_": 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
const CAN_32BIT: &[&str] = numbered!("can_32bit_": 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
const USER_DATA: &[&str] = numbered!("user_data": 0 1 2 3 4 5 6 7);

/// Neutral name of `tag` and how its value is read. Tags that say who, when and where are not among them.
pub(super) fn meaning(tag: u8) -> Option<(&'static str, Reading)> {
    use Reading::{Engine, Key, Level, Number, Raw, Scaled, Signed, Thermometer, Version};
    let (names, index, reading): (&[&'static str], u8, Reading) = match tag {
        0x01 => (&["hardware"], 0, Version),
        0x02 => (&["firmware"], 0, Version),
        0x04 => (&["device_number"], 0, Number),
        0x10 => (&["record_number"], 0, Number),
        0x35 => (&["hdop"], 0, Scaled(10.0)),
        0x40 => (&["status_bits"], 0, Number),
        0x41 => (&["power_v"], 0, Scaled(1000.0)),
        0x42 => (&["battery_v"], 0, Scaled(1000.0)),
        0x43 => (&["device_temperature_c"], 0, Signed),
        0x44 => (&["acceleration_bits"], 0, Number),
        0x45 => (&["outputs"], 0, Number),
        0x46 => (&["inputs"], 0, Number),
        0x47 => (&["driving_style_bits"], 0, Number),
        0x48 => (&["status_extended_bits"], 0, Number),
        0x50..=0x57 => (ADC, tag - 0x50, Number),
        0x58 | 0x59 => (RS232, tag - 0x58, Number),
        0x60..=0x62 => (RS485, tag - 0x60, Number),
        0x63..=0x6f => (RS485, tag - 0x60, Level(temperature_of(tag))),
        0x70..=0x77 => (TEMPERATURE, tag - 0x70, Thermometer),
        0x78 | 0x79 => (ADC, tag - 0x70, Number),
        0x90 => (&["driver_key"], 0, Key),
        0xa0..=0xaf => (CAN_8BIT, tag - 0xa0 + 15, Number),
        0xb0..=0xb9 => (CAN_16BIT, tag - 0xb0 + 5, Number),
        0xc0 => (&["fuel_used_l"], 0, Scaled(2.0)),
        0xc1 => (&["fuel_level"], 0, Engine),
        0xc2 => (&["can_b0"], 0, Number),
        0xc3 => (&["can_b1"], 0, Number),
        0xc4..=0xd2 => (CAN_8BIT, tag - 0xc4, Number),
        0xd3 => (&["driver_key2"], 0, Key),
        0xd4 => (&["odometer_km"], 0, Scaled(1000.0)),
        0xd6..=0xda => (CAN_16BIT, tag - 0xd6, Number),
        0xdb..=0xdf => (CAN_32BIT, tag - 0xdb, Number),
        0xe2..=0xe9 => (USER_DATA, tag - 0xe2, Number),
        0xea => (&["user_data_array"], 0, Raw),
        0xf0..=0xf9 => (CAN_32BIT, tag - 0xf0 + 5, Number),
        _ => return None,
    };
    names.get(usize::from(index)).map(|name| (*name, reading))
}

/// Name of the temperature that stands beside a level.
fn temperature_of(tag: u8) -> &'static str {
    RS485_TEMPERATURE.get(usize::from(tag & 0x0f)).copied().unwrap_or("rs485_temperature_c")
}
