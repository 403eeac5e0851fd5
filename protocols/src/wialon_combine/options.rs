//! Per-device options, and how a text becomes a command under them (specification 6.2).

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::decode::Integers;
use super::encode;
use super::message::{Command, Message};
use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionKind, OptionSpec};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::single::{one_line, words};
use crate::text::{Charset, PartRules, TextPlan, TextRefusal, plan};

/// What a command's line cannot hold beside line ends: the beginning of a packet in Wialon IPS.
const UNFIT: &[char] = &['#'];

/// All options.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "text_downlink",
        OptionKind::Choice(&["off", "framed", "framed_ips", "raw"]),
        "off",
        "How a text goes to the device: not at all; as the text of a framed command; as #M#text in a framed command; as the bare line #M#text. No document says which device takes which (6.2).",
    ),
    OptionSpec::new(
        "receipt",
        OptionKind::Choice(&["message", "next_packet"]),
        "message",
        "What makes a text DELIVERED, since no confirmation is defined: the next driver message from the device; or its next data or keep-alive packet on the same connection (6.2).",
    ),
    OptionSpec::new(
        "answer_seconds",
        OptionKind::Int { min: 5, max: 86_400 },
        "300",
        "How long a text waits for what makes it DELIVERED before it is tried again (6.2).",
    ),
    OptionSpec::new(
        "charset",
        OptionKind::Choice(&["utf8", "cp1251", "gbk", "ascii"]),
        "utf8",
        "How the device reads texts. From the device, valid UTF-8 is UTF-8; anything else is this charset, or cp1251 where this is utf8 or ascii (6.1).",
    ),
    OptionSpec::new(
        "max_text",
        OptionKind::Int { min: 32, max: 60_000 },
        "1344",
        "Longest text in bytes as the device reads them; a longer one is sent in parts (6.2).",
    ),
    OptionSpec::new(
        "numbered",
        OptionKind::Bool,
        "true",
        "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    ),
    OptionSpec::new(
        "text_parameter",
        OptionKind::Int { min: -1, max: 0x7fff },
        "-1",
        "Number of the custom parameter in which the device sends what the driver typed, for devices older than protocol version 1.0.4; -1: none (6.1).",
    ),
    OptionSpec::new(
        "integers",
        OptionKind::Choice(&["document", "exchanged"]),
        "document",
        "Width of the parameter value types 5 and 6: 32 and 16 bits by the document, exchanged in one server (5).",
    ),
];

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "trackers; whether a device shows texts is not known",
        options: &[],
        delivered: Delivered::NEVER,
    },
    DeviceProfile {
        name: "framed",
        title: "experimental: framed commands, answered with a driver message",
        options: &[("text_downlink", "framed")],
        delivered: Delivered {
            when: "the next driver message (sub-record 12) from the device after the text",
            proves: Some(Evidence::Inferred),
        },
    },
    DeviceProfile {
        name: "framed_no_answer",
        title: "experimental: Wialon IPS lines in framed commands, never answered",
        options: &[("text_downlink", "framed_ips"), ("receipt", "next_packet")],
        delivered: Delivered {
            when: "the next data or keep-alive packet after the text on the same connection",
            proves: Some(Evidence::Inferred),
        },
    },
    DeviceProfile {
        name: "raw_no_answer",
        title: "experimental: bare Wialon IPS lines (Vega), never answered",
        options: &[("text_downlink", "raw"), ("receipt", "next_packet")],
        delivered: Delivered {
            when: "the next data or keep-alive packet after the text on the same connection",
            proves: Some(Evidence::Inferred),
        },
    },
];

/// How a text goes to the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextForm {
    /// Not at all.
    Off,
    /// Command, the text.
    Framed,
    /// Command, `#M#` and the text.
    FramedIps,
    /// No command: `#M#` and the text.
    Raw,
}

/// The options of one device, read once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) form: TextForm,
    /// The next packet of the same connection confirms, not only a driver's message.
    pub(super) next_packet_confirms: bool,
    pub(super) answer_limit: Duration,
    pub(super) charset: Charset,
    /// Number of the custom parameter that holds a driver's text.
    pub(super) text_parameter: Option<u16>,
    pub(super) integers: Integers,
    numbered: bool,
    max_text: usize,
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        Self {
            form: match options.text("text_downlink") {
                "framed" => TextForm::Framed,
                "framed_ips" => TextForm::FramedIps,
                "raw" => TextForm::Raw,
                _ => TextForm::Off,
            },
            next_packet_confirms: options.text("receipt") == "next_packet",
            answer_limit: Duration::from_secs(options.int("answer_seconds").unsigned_abs()),
            charset: Charset::by_name(options.text("charset")).unwrap_or(Charset::Utf8),
            text_parameter: u16::try_from(options.int("text_parameter")).ok(),
            integers: match options.text("integers") {
                "exchanged" => Integers::Exchanged,
                _ => Integers::Document,
            },
            numbered: options.flag("numbered"),
            max_text: usize::try_from(options.int("max_text")).unwrap_or(0),
        }
    }

    /// Where `text` is cut for this device.
    pub(super) fn plan(&self, text: &str) -> Result<TextPlan, TextRefusal> {
        if self.form == TextForm::Off {
            return Err(TextRefusal::NotSupported);
        }
        let (charset, max_bytes, numbered) = (self.charset, self.max_text, self.numbered);
        plan(&one_line(text, UNFIT), PartRules { charset, max_bytes, numbered })
    }

    /// The bytes of one downlink; `None` if the device takes none.
    pub(super) fn downlink(&self, content: &Content, now: Timestamp) -> Option<Bytes> {
        let text = self.charset.encode(&one_line(&words(content, self.numbered), UNFIT)).bytes;
        let line = match self.form {
            TextForm::Off => return None,
            TextForm::Framed => text,
            TextForm::FramedIps | TextForm::Raw => [b"#M#", &text[..]].concat(),
        };
        let message = match self.form {
            TextForm::Raw => encode::message(&Message::Line(&line), self.integers),
            _ => {
                let text = [&line[..], b"\r\n"].concat();
                let time = u32::try_from(now.as_second()).unwrap_or(0);
                let command = Command { time, kind: 0, text: &text };
                encode::message(&Message::Command(command), self.integers)
            }
        };
        Some(message.into())
    }
}
