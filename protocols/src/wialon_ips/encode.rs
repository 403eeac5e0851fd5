//! From a [`Packet`] to bytes: the mirror of `decode.rs`, for both directions.

use std::fmt::Display;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::Offset;

use super::frame::checksum;
use super::message::{Extended, Packet, Parameter, ParameterValue, Position, Record, Version};

/// Decimals of a coordinate's minutes: four by the document, seven (a tenth of a millimetre) where there is so much to say.
const MINUTE_DECIMALS: usize = 7;
const LEAST_MINUTE_DECIMALS: usize = 4;

/// One whole packet with its line end and, where it has them, its binary bytes.
pub(super) fn packet(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    let mut line = Line::new(version);
    match packet {
        Packet::Login(login) => {
            line = Line::new(login.version);
            line.open(b"L");
            if login.version == Version::V2 {
                line.fixed("2.0;");
            }
            line.bytes(login.id);
            line.fixed(";");
            line.bytes(login.password.unwrap_or(b"NA"));
            line.sign(b';');
        }
        Packet::Ping => line.open(b"P"),
        Packet::ShortData(record) => {
            line.open(b"SD");
            line.record(record);
            line.sign(b';');
        }
        Packet::Data(record) => {
            line.open(b"D");
            line.record(record);
            line.sign(b';');
        }
        Packet::BlackBox(black_box) => {
            line.open(b"B");
            for (index, record) in black_box.records.iter().enumerate() {
                if index > 0 {
                    line.fixed("|");
                }
                line.record(record);
            }
            line.sign(b'|');
        }
        Packet::Message(text) => {
            line.open(b"M");
            line.bytes(text);
            line.sign(b';');
        }
        Packet::PictureRequest => line.open(b"QI"),
        Packet::Picture(picture) => {
            line.open(b"I");
            line.field(picture.data.len());
            line.field(picture.index);
            line.field(picture.last);
            line.time(picture.time);
            line.fixed(";");
            line.bytes(picture.name);
            line.sign_binary(picture.data);
        }
        Packet::TachographRequest(driver) => {
            line.open(b"QT");
            line.bytes(driver);
        }
        Packet::TachographFile(file) => {
            line.open(b"IT");
            line.time(file.time);
            line.fixed(";");
            line.bytes(file.driver);
            line.fixed(";");
            line.bytes(file.code);
            line.fixed(&format!(";{}", file.last));
            line.sign(b';');
        }
        Packet::TachographBlock(block) => {
            line.open(b"T");
            line.bytes(block.code);
            line.fixed(&format!(";{};{}", block.data.len(), block.index));
            line.sign_binary(block.data);
        }
        Packet::Firmware(data) => {
            line.open(b"US");
            line.fixed(&format!("{}", data.len()));
            line.sign_binary(data);
        }
        Packet::Configuration(data) => {
            line.open(b"UC");
            line.fixed(&format!("{}", data.len()));
            line.sign_binary(data);
        }
        Packet::Answer(answer) => {
            line.open(answer.kind);
            line.bytes(answer.code);
        }
        Packet::Command(text) => line.bytes(text),
        Packet::Unknown { kind, body } => {
            line.open(kind);
            line.bytes(body);
        }
    }
    line.close()
}

/// An answer of the server: `#kind#code`.
pub(super) fn answer(kind: &'static str, code: impl Display) -> Bytes {
    format!("#{kind}#{code}\r\n").into()
}

/// A line being written.
struct Line {
    version: Version,
    out: Vec<u8>,
    /// Where the body begins: what the checksum covers.
    body: usize,
    /// Binary bytes to follow.
    binary: Vec<u8>,
}

impl Line {
    fn new(version: Version) -> Self {
        Self { version, out: Vec::with_capacity(96), body: 0, binary: Vec::new() }
    }

    fn open(&mut self, kind: &[u8]) {
        self.out.push(b'#');
        self.out.extend_from_slice(kind);
        self.out.push(b'#');
        self.body = self.out.len();
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn fixed(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A field and the semicolon behind it.
    fn field(&mut self, value: impl Display) {
        self.fixed(&format!("{value};"));
    }

    /// A field that may be absent, and the semicolon behind it.
    fn optional(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.field(value),
            None => self.fixed("NA;"),
        }
    }

    /// Date and time, without a semicolon behind them.
    fn time(&mut self, time: Option<Timestamp>) {
        let Some(time) = time else {
            return self.fixed("NA;NA");
        };
        let time = Offset::UTC.to_datetime(time);
        let (day, month, year) = (time.day(), time.month(), time.year().rem_euclid(100));
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        self.fixed(&format!("{day:02}{month:02}{year:02};{hour:02}{minute:02}{second:02}"));
        if time.subsec_nanosecond() != 0 {
            self.fixed(&format!(".{:09}", time.subsec_nanosecond()));
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        self.time(record.time);
        self.fixed(";");
        self.position(record.position);
        self.optional(record.speed);
        self.optional(record.course);
        self.optional(record.altitude);
        match record.satellites {
            Some(count) => {
                self.fixed(&format!("{count}"));
            }
            None => self.fixed("NA"),
        }
        if let Some(extended) = &record.extended {
            self.fixed(";");
            self.extended(extended);
        }
    }

    fn position(&mut self, position: Option<Position>) {
        let Some(Position { latitude, longitude }) = position else {
            return self.fixed("NA;NA;NA;NA;");
        };
        self.coordinate(latitude, 2, if latitude < 0.0 { 'S' } else { 'N' });
        self.coordinate(longitude, 3, if longitude < 0.0 { 'W' } else { 'E' });
    }

    fn coordinate(&mut self, value: f64, digits: usize, half: char) {
        let value = value.abs();
        let width = 3 + MINUTE_DECIMALS;
        let mut degrees = value.trunc();
        let mut minutes = format!("{:0width$.MINUTE_DECIMALS$}", (value - degrees) * 60.0);
        if minutes.starts_with("60") {
            // Rounded up to a whole degree.
            degrees += 1.0;
            minutes.replace_range(..2, "00");
        }
        while minutes.ends_with('0') && minutes.len() > 3 + LEAST_MINUTE_DECIMALS {
            minutes.pop();
        }
        self.fixed(&format!("{degrees:0digits$}{minutes};{half};"));
    }

    fn extended(&mut self, extended: &Extended<'_>) {
        self.optional(extended.hdop);
        self.optional(extended.inputs);
        self.optional(extended.outputs);
        for (index, value) in extended.adc.iter().enumerate() {
            if index > 0 {
                self.fixed(",");
            }
            match value {
                Some(value) => {
                    self.fixed(&format!("{value}"));
                }
                None => self.fixed("NA"),
            }
        }
        self.fixed(";");
        self.bytes(extended.driver_key.unwrap_or(b"NA"));
        self.fixed(";");
        if extended.parameters.is_empty() {
            self.fixed("NA");
        }
        for (index, parameter) in extended.parameters.iter().enumerate() {
            if index > 0 {
                self.fixed(",");
            }
            self.parameter(parameter);
        }
    }

    fn parameter(&mut self, parameter: &Parameter<'_>) {
        self.bytes(parameter.name);
        match parameter.value {
            ParameterValue::Integer(value) => self.fixed(&format!(":1:{value}")),
            ParameterValue::Double(value) => self.fixed(&format!(":2:{value}")),
            ParameterValue::String(text) => {
                self.fixed(":3:");
                self.bytes(text);
            }
        }
    }

    /// The checksum over everything in the body so far and `separator`; nothing in 1.1.
    fn sign(&mut self, separator: u8) {
        if self.version == Version::V2 {
            self.out.push(separator);
            let sum = checksum(self.out.get(self.body..).unwrap_or(&[]));
            self.fixed(&format!("{sum:04X}"));
        }
    }

    /// The checksum over the binary bytes, which go behind the line.
    fn sign_binary(&mut self, data: &[u8]) {
        if self.version == Version::V2 {
            self.fixed(&format!(";{:04X}", checksum(data)));
        }
        self.binary = data.to_vec();
    }

    fn close(mut self) -> Vec<u8> {
        self.fixed("\r\n");
        self.out.append(&mut self.binary);
        self.out
    }
}
