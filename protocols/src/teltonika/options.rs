//! Per-device options, and how a text is made fit for the unit under them.

use std::borrow::Cow;
use std::time::Duration;

use super::driver::DriverIds;
use super::envelope::kind;
use super::names::Naming;
use crate::effect::Evidence;
use crate::garmin;
use crate::options::{DeviceOptions, OptionKind, OptionSpec, concat};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::text::{self, Charset, PartRules, TextPlan, TextRefusal, label};

const fn option(
    name: &'static str,
    kind: OptionKind,
    default: &'static str,
    doc: &'static str,
) -> OptionSpec {
    OptionSpec { name, kind, default, doc }
}

/// All options, those of a navigator on the serial port included.
pub(super) const OPTIONS: &[OptionSpec] =
    &concat::<{ OWN.len() + garmin::OPTIONS.len() }>(&[OWN, garmin::OPTIONS]);

const OWN: &[OptionSpec] = &[
    option(
        "text",
        OptionKind::Choice(&["none", "command", "serial"]),
        "none",
        "How a text gets to the driver: none: the unit has no display; command: as a text command behind command_prefix; serial: as a line for a terminal on the serial port (3.1, 4).",
    ),
    option(
        "serial",
        OptionKind::Choice(&["data", "text"]),
        "data",
        "What comes from the serial port: data: kept, not interpreted; text: each line is a driver's text (4).",
    ),
    option(
        "receipt",
        OptionKind::Choice(&["answer", "next_packet", "write"]),
        "answer",
        "What makes a text DELIVERED: the unit's response to the command or the terminal's receipt_line; or the second data packet after it, which the device sends only when it has read the answer to the first; or nothing but writing it (3.2, 5).",
    ),
    option(
        "receipt_line",
        OptionKind::Text { max: 32 },
        "",
        "With text = serial and receipt = answer: the line by which the terminal says that it has shown a text; without one the device takes no texts, as nothing would confirm them (5).",
    ),
    option(
        "refusal_line",
        OptionKind::Text { max: 32 },
        "",
        "With text = serial: the line by which the terminal refuses a text; empty: it has none (5).",
    ),
    option(
        "command_prefix",
        OptionKind::Text { max: 32 },
        "",
        "With text = command: what stands before the text, blank included; without one the device takes no texts, as they would be run as commands (3.1).",
    ),
    option(
        "command_answer",
        OptionKind::Text { max: 64 },
        "",
        "With text = command: words that the response contains if the text was taken, any other response refuses it; empty: any response takes it (3.2).",
    ),
    option(
        "command_codec",
        OptionKind::Choice(&["12", "14"]),
        "12",
        "Codec of commands: 14 names the IMEI and is refused by any other device behind the same connection (3.2).",
    ),
    option(
        "answer_seconds",
        OptionKind::Int { min: 5, max: 86_400 },
        "60",
        "How long a text waits for its receipt before it is tried again (3.2).",
    ),
    option(
        "serial_type",
        OptionKind::Int { min: 0, max: 255 },
        "0",
        "Type of serial data from the device, its CMD ID setting: tells it from responses to commands; 0: not known, and while a command waits, type 6 is its response (3.2).",
    ),
    option(
        "port_type",
        OptionKind::Int { min: 1, max: 255 },
        "14",
        "Type of lines to the serial port; units with two ports choose the port by it (3.1).",
    ),
    option(
        "line_end",
        OptionKind::Choice(&["crlf", "cr", "lf", "none"]),
        "crlf",
        "What ends a line to the serial port (4).",
    ),
    option(
        "charset",
        OptionKind::Choice(&["ascii", "utf8", "cp1251", "gbk"]),
        "ascii",
        "How the display reads texts. From the device, valid UTF-8 is UTF-8, anything else is this charset (3.2).",
    ),
    option(
        "max_text",
        OptionKind::Int { min: 64, max: 4096 },
        "160",
        "Longest text in bytes, command_prefix included; a longer one is sent in parts (3.2).",
    ),
    option(
        "numbered",
        OptionKind::Bool,
        "true",
        "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    ),
    option(
        "driver_ids",
        OptionKind::Text { max: 128 },
        "78,207",
        "IO elements that name the driver (2.1), like 78,195+196: a key as hexadecimal, or a card number in two halves; one of any length is the driver's name. Empty: none. What is no number is ignored.",
    ),
    option(
        "io_names",
        OptionKind::Choice(&["common", "fmb", "numbers"]),
        "common",
        "Names of IO elements: common: those that all families share; fmb: also those of FMB, FMC and FMM devices other than 6xx; numbers: none, all are io_ and their number (2.1).",
    ),
    option(
        "extended_io",
        OptionKind::Bool,
        "false",
        "Records of codec 8 have a group of 16-byte values, as some old devices write them (2).",
    ),
    option(
        "fmi_type",
        OptionKind::Int { min: 1, max: 255 },
        "7",
        "Type of messages to the navigator (3.1, 5); what comes from the serial port is the navigator's, whatever its type.",
    ),
];

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "trackers without a display",
        options: &[],
        delivered: Delivered::NEVER,
    },
    DeviceProfile {
        name: "serial_terminal",
        title: "trackers with a text terminal on the serial port that answers ACK or NAK to a line",
        options: &[
            ("text", "serial"),
            ("serial", "text"),
            ("receipt_line", "ACK"),
            ("refusal_line", "NAK"),
        ],
        delivered: Delivered {
            when: "the terminal's line ACK after the text (option `receipt_line`)",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "serial_display",
        title: "trackers with a display on the serial port that never answers",
        // Patient: a parked tracker reports rarely, and a text that is given up is shown again.
        options: &[("text", "serial"), ("receipt", "next_packet"), ("answer_seconds", "900")],
        delivered: Delivered {
            when: "the second data packet after the text on the same connection: the device has read what was written before the answer to the first",
            proves: Some(Evidence::Inferred),
        },
    },
    DeviceProfile {
        name: "garmin",
        title: "trackers with a Garmin navigator on the serial port in Garmin mode",
        // The tracker enables the navigator and keeps product request and pings to itself (5).
        options: &[("fmi", "true"), ("fmi_enable", "both"), ("fmi_filtered", "handshake")],
        delivered: garmin::DELIVERED,
    },
    DeviceProfile {
        name: "fmb",
        title: "FMB, FMC and FMM trackers other than 6xx, without a display: their IO elements by name",
        options: &[("io_names", "fmb")],
        delivered: Delivered::NEVER,
    },
];

/// How texts reach the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    /// As a text command.
    Command,
    /// As a line for the serial port.
    Serial,
}

/// What makes a text delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReceiptRule {
    /// The answer of unit or terminal.
    Answer,
    /// The second data packet after it.
    NextPacket,
    /// Writing it.
    Write,
}

/// The options of one device, read once.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// `None`: no texts.
    pub(super) channel: Option<Channel>,
    pub(super) serial_is_text: bool,
    pub(super) receipt: ReceiptRule,
    pub(super) receipt_line: String,
    pub(super) refusal_line: String,
    pub(super) command_answer: String,
    pub(super) with_imei: bool,
    pub(super) answer_limit: Duration,
    /// Type of serial data, if it has one of its own.
    pub(super) serial_type: Option<u8>,
    pub(super) port_type: u8,
    pub(super) charset: Charset,
    pub(super) driver_ids: DriverIds,
    pub(super) naming: Naming,
    pub(super) extended_io: bool,
    /// Type of messages to the navigator.
    pub(super) navigator_type: u8,
    command_prefix: String,
    line_end: &'static str,
    max_text: usize,
    numbered: bool,
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        let byte = |name| u8::try_from(options.int(name)).unwrap_or(0);
        Self {
            channel: match options.text("text") {
                "command" => Some(Channel::Command),
                "serial" => Some(Channel::Serial),
                _ => None,
            },
            serial_is_text: options.text("serial") == "text",
            receipt: match options.text("receipt") {
                "next_packet" => ReceiptRule::NextPacket,
                "write" => ReceiptRule::Write,
                _ => ReceiptRule::Answer,
            },
            receipt_line: options.text("receipt_line").trim().to_owned(),
            refusal_line: options.text("refusal_line").trim().to_owned(),
            command_answer: options.text("command_answer").to_owned(),
            with_imei: options.text("command_codec") == "14",
            answer_limit: Duration::from_secs(options.int("answer_seconds").unsigned_abs()),
            serial_type: Some(byte("serial_type")).filter(|&kind| kind != 0),
            port_type: match byte("port_type") {
                0 => kind::SERIAL,
                kind => kind,
            },
            charset: Charset::by_name(options.text("charset")).unwrap_or(Charset::Ascii),
            driver_ids: DriverIds::read(options.text("driver_ids")),
            naming: Naming::by_name(options.text("io_names")),
            extended_io: options.flag("extended_io"),
            navigator_type: byte("fmi_type"),
            command_prefix: options.text("command_prefix").to_owned(),
            line_end: match options.text("line_end") {
                "cr" => "\r",
                "lf" => "\n",
                "none" => "",
                _ => "\r\n",
            },
            max_text: usize::try_from(options.int("max_text")).unwrap_or(0),
            numbered: options.flag("numbered"),
        }
    }

    /// How texts are cut for this device.
    ///
    /// # Errors
    /// It takes none: there is no display, a text would be run as a command, or nothing would ever confirm it.
    pub(super) fn parts(&self) -> Result<PartRules, TextRefusal> {
        let before = match self.channel {
            None => return Err(TextRefusal::NotSupported),
            Some(Channel::Command) if self.command_prefix.trim().is_empty() => {
                return Err(TextRefusal::NotSupported);
            }
            Some(Channel::Command) => self.command_prefix.len(),
            Some(Channel::Serial)
                if self.receipt == ReceiptRule::Answer && self.receipt_line.is_empty() =>
            {
                return Err(TextRefusal::NotSupported);
            }
            Some(Channel::Serial) => 0,
        };
        let max_bytes = self.max_text.saturating_sub(before);
        Ok(PartRules { charset: self.charset, max_bytes, numbered: self.numbered })
    }

    /// The payload of one downlink: command or line.
    pub(super) fn encode(&self, channel: Channel, content: &Content) -> Vec<u8> {
        let shown = match content {
            Content::Text { text, part, parts } if self.numbered && *parts > 1 => {
                format!("{}{text}", label((*part).into(), (*parts).into()))
            }
            Content::Text { text, .. } => text.clone(),
            Content::Question { text, answers } => {
                let answers = answers.iter().map(|(id, answer)| format!(" {id}={answer}"));
                format!("{text}{}", answers.collect::<String>())
            }
        };
        let text = self.charset.encode(&one_line(&shown)).bytes;
        let (before, behind) = match channel {
            Channel::Command => (self.command_prefix.as_str(), ""),
            Channel::Serial => ("", self.line_end),
        };
        [before.as_bytes(), &text, behind.as_bytes()].concat()
    }
}

/// How a text is cut for a device, by the rules of its terminal or of its navigator.
///
/// # Errors
/// As for [`Settings::parts`] and [`text::plan`].
pub(super) fn plan(text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
    match garmin::wanted(options) {
        true => garmin::plan(text, options),
        false => text::plan(&one_line(text), Settings::read(options).parts()?),
    }
}

/// `text` in one line: line ends become blanks. Every character keeps its place, so that cuts planned on the result hold for the
/// original.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\r', '\n']) {
        return Cow::Borrowed(text);
    }
    let mut characters = text.chars().peekable();
    let mut line = String::with_capacity(text.len());
    while let Some(c) = characters.next() {
        line.push(match c {
            // Of CR LF the LF becomes the blank; encoding drops the CR.
            '\r' if matches!(characters.peek(), Some('\n') | None) => '\r',
            '\r' | '\n' => ' ',
            c => c,
        });
    }
    Cow::Owned(line)
}
