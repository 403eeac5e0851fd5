//! Per-device options, and how a text is made fit for the wire under them.

use std::time::Duration;

use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionKind, OptionSpec};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::single::{one_line, words};
use crate::text::{Charset, PartRules};

/// What a line cannot hold beside line ends: naive devices split on it (5.3).
pub(super) const UNFIT: &[char] = &['#'];

/// All options.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "charset",
        OptionKind::Choice(&["utf8", "cp1251", "gbk", "ascii"]),
        "utf8",
        "How the device reads texts. From the device, valid UTF-8 is UTF-8; anything else is this charset, or cp1251 where this is utf8 or ascii (5.3).",
    ),
    OptionSpec::new(
        "max_text",
        OptionKind::Int { min: 32, max: 60_000 },
        "1344",
        "Longest text in bytes as the device reads them; a longer one is sent in parts (5.3).",
    ),
    OptionSpec::new(
        "numbered",
        OptionKind::Bool,
        "true",
        "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    ),
    OptionSpec::new(
        "receipt",
        OptionKind::Choice(&["answers", "next_packet", "write"]),
        "answers",
        "What makes a text DELIVERED: the device's #AM#1; or the next data or ping packet on the same connection; or nothing but writing it, for a device that never answers (5.1).",
    ),
    OptionSpec::new(
        "answer_seconds",
        OptionKind::Int { min: 5, max: 86_400 },
        "300",
        "How long a text waits for its receipt before it is tried again (5.1).",
    ),
    OptionSpec::new(
        "retry_refused",
        OptionKind::Bool,
        "false",
        "Whether a text that the device answered with #AM#0 is tried again later: for devices that refuse while their display is off (5.1).",
    ),
    OptionSpec::new(
        "sd_answer",
        OptionKind::Choice(&["ASD", "AD"]),
        "ASD",
        "How short data is answered: ASD by the document; AD for devices made for the two servers that answer so (9).",
    ),
    OptionSpec::new(
        "files",
        OptionKind::Choice(&["acknowledge", "refuse"]),
        "acknowledge",
        "Pictures and tachograph files are read and dropped, in either case; this is the answer that the device gets (4.6).",
    ),
];

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "devices that answer a text",
        options: &[],
        delivered: Delivered {
            when: "#AM#1 from the device: it took the text (option `receipt` for devices that do not answer)",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "no_answer",
        title: "devices that show texts and never answer them",
        options: &[("receipt", "next_packet")],
        delivered: Delivered {
            when: "the next data or ping packet after the text on the same connection",
            proves: Some(Evidence::Inferred),
        },
    },
];

/// What makes a text delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReceiptRule {
    /// The device's answer.
    Answers,
    /// Its next data or ping packet, or its answer.
    NextPacket,
    /// Writing it.
    Write,
}

/// The options of one device, read once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) charset: Charset,
    pub(super) numbered: bool,
    pub(super) receipt: ReceiptRule,
    pub(super) answer_limit: Duration,
    pub(super) retry_refused: bool,
    /// Packet type that answers `SD`.
    pub(super) sd_answer: &'static str,
    pub(super) acknowledge_files: bool,
    max_text: usize,
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        Self {
            charset: Charset::by_name(options.text("charset")).unwrap_or(Charset::Utf8),
            numbered: options.flag("numbered"),
            receipt: match options.text("receipt") {
                "next_packet" => ReceiptRule::NextPacket,
                "write" => ReceiptRule::Write,
                _ => ReceiptRule::Answers,
            },
            answer_limit: Duration::from_secs(options.int("answer_seconds").unsigned_abs()),
            retry_refused: options.flag("retry_refused"),
            sd_answer: if options.text("sd_answer") == "AD" { "AD" } else { "ASD" },
            acknowledge_files: options.text("files") != "refuse",
            max_text: usize::try_from(options.int("max_text")).unwrap_or(0),
        }
    }

    /// How texts are cut for this device.
    pub(super) const fn parts(&self) -> PartRules {
        PartRules { charset: self.charset, max_bytes: self.max_text, numbered: self.numbered }
    }

    /// The bytes of one downlink, made fit for a line.
    pub(super) fn encode(&self, content: &Content) -> Vec<u8> {
        self.charset.encode(&one_line(&words(content, self.numbered), UNFIT)).bytes
    }
}
