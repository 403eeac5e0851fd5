//! Per-device options, and how a text becomes bytes under them.

use std::time::Duration;

use crate::effect::Evidence;
use crate::garmin;
use crate::options::{DeviceOptions, OptionKind, OptionSpec, concat};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::text::{self, Charset, PartRules, TextPlan, TextRefusal, label};

/// Longest text in bytes: a frame holds 1019 signs, and an escaped byte takes three.
const MAX_TEXT: usize = 330;

/// All options, those of a navigator included.
pub(super) const OPTIONS: &[OptionSpec] =
    &concat::<{ OWN.len() + garmin::OPTIONS.len() }>(&[OWN, garmin::OPTIONS]);

const OWN: &[OptionSpec] = &[
    OptionSpec {
        name: "display",
        kind: OptionKind::Bool,
        default: "false",
        doc: "Whether a terminal at the tracker's serial port shows texts; without it the device takes none (4).",
    },
    OptionSpec {
        name: "charset",
        kind: OptionKind::Choice(&["ascii", "latin1", "cp1251", "utf8"]),
        default: "ascii",
        doc: "How the terminal reads and writes texts; bytes above 7F from an ascii terminal are taken for latin1 (4).",
    },
    OptionSpec {
        name: "max_text",
        kind: OptionKind::Int { min: 24, max: 330 },
        default: "160",
        doc: "Longest text in bytes; a longer one is sent in parts. Terminals in PAD mode take 50 unless configured otherwise (4).",
    },
    OptionSpec {
        name: "numbered",
        kind: OptionKind::Bool,
        default: "true",
        doc: "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    },
    OptionSpec {
        name: "answer_seconds",
        kind: OptionKind::Int { min: 5, max: 3600 },
        default: "20",
        doc: "How long a text waits for its echo before the device is probed, and then for the probe's answer (4).",
    },
    OptionSpec {
        name: "probe_receipt",
        kind: OptionKind::Bool,
        default: "true",
        doc: "Whether the answer to a probe sent after a text makes it DELIVERED: the stream is ordered, so the device has read the text (4).",
    },
    OptionSpec {
        name: "bare_ack",
        kind: OptionKind::Bool,
        default: "true",
        doc: "Whether reports without an index are answered by the bare identity, as the vendor's mode with confirmation expects (2).",
    },
    OptionSpec {
        name: "keepalive_seconds",
        kind: OptionKind::Int { min: 0, max: 86_400 },
        default: "300",
        doc: "After so much silence the device is probed; 0: never (5).",
    },
];

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "trackers without a terminal",
        options: &[],
        delivered: Delivered::NEVER,
    },
    DeviceProfile {
        name: "terminal",
        title: "trackers with a terminal at the serial port",
        options: &[("display", "true")],
        delivered: Delivered {
            when: ">RTX with the same text, or the answer >RVR to a probe sent after the text (option `probe_receipt`)",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "terminal_echo",
        title: "trackers with a terminal that are known to echo texts to the platform",
        options: &[("display", "true"), ("probe_receipt", "false")],
        delivered: Delivered { when: ">RTX with the same text", proves: Some(Evidence::Accepted) },
    },
    DeviceProfile {
        name: "garmin",
        title: "trackers (Virloc) with a Garmin navigator, that do the serial line's part themselves",
        options: &[("fmi", "true"), ("fmi_framing", "stripped"), ("fmi_link_ack", "carrier")],
        delivered: garmin::DELIVERED,
    },
];

/// The options of one device, read once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) display: bool,
    pub(super) answer_limit: Duration,
    pub(super) probe_receipt: bool,
    pub(super) bare_ack: bool,
    /// `None`: never probed.
    pub(super) keepalive: Option<Duration>,
    charset: Charset,
    max_text: usize,
    numbered: bool,
}

/// How a text is cut for a device, by the rules of its terminal or of its navigator.
///
/// # Errors
/// It has neither; or as for [`text::plan`].
pub(super) fn plan(text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
    let settings = Settings::read(options);
    match garmin::wanted(options) {
        true => garmin::plan(text, options),
        false if settings.display => text::plan(text, settings.parts()),
        false => Err(TextRefusal::NotSupported),
    }
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        let seconds = |name| Duration::from_secs(options.int(name).unsigned_abs());
        Self {
            display: options.flag("display"),
            answer_limit: seconds("answer_seconds"),
            probe_receipt: options.flag("probe_receipt"),
            bare_ack: options.flag("bare_ack"),
            keepalive: Some(seconds("keepalive_seconds")).filter(|wait| !wait.is_zero()),
            charset: Charset::by_name(options.text("charset")).unwrap_or(Charset::Ascii),
            max_text: usize::try_from(options.int("max_text")).unwrap_or(0),
            numbered: options.flag("numbered"),
        }
    }

    /// How texts for a terminal are cut.
    const fn parts(&self) -> PartRules {
        PartRules { charset: self.charset, max_bytes: self.max_text, numbered: self.numbered }
    }

    /// The bytes of one downlink.
    pub(super) fn encode(&self, content: &Content) -> Vec<u8> {
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
        let mut bytes = self.charset.encode(&shown).bytes;
        // A question is not planned; what a frame cannot hold is left out.
        bytes.truncate(MAX_TEXT);
        bytes
    }

    /// A text of the terminal; `None` for bytes that are none.
    pub(super) fn decode(&self, bytes: &[u8]) -> Option<String> {
        let bytes = bytes.strip_prefix(&[0x02]).unwrap_or(bytes);
        let bytes = bytes.strip_suffix(&[0x03]).unwrap_or(bytes);
        let binary = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n');
        if bytes.iter().any(binary) {
            return None;
        }
        let charset = if self.charset == Charset::Ascii { Charset::Latin1 } else { self.charset };
        let text = charset.decode(bytes).replace("\r\n", "\n");
        Some(text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect())
    }
}
