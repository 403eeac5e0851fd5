//! Per-device options, and how a text becomes the data of a command under them.

use std::time::Duration;

use crate::effect::Evidence;
use crate::garmin;
use crate::options::{DeviceOptions, OptionKind, OptionSpec, concat};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::text::{self, Charset, PartRules, TextPlan, TextRefusal, label};

/// Longest data of `AT+GTDAT` (section 4).
const MAX_DATA: usize = 100;

/// Passwords that the makers set, by device type: the model's name (section 4).
const PASSWORDS: [(&[u8], &str); 20] = [
    (b"02", "gl200"),
    (b"04", "gv200"),
    (b"06", "gv300"),
    (b"08", "gmt100"),
    (b"0F", "gv55"),
    (b"11", "gl500"),
    (b"1A", "gl300"),
    (b"1F", "gv500"),
    (b"25", "gv300"),
    (b"27", "gv300w"),
    (b"2C", "gl300w"),
    (b"2F", "gv55"),
    (b"31", "gv65"),
    (b"35", "gv200"),
    (b"36", "gv500"),
    (b"38", "gv65"),
    (b"40", "gl500"),
    (b"BD", "cv100"),
    (b"DC", "gv600mg"),
    (b"F1", "gv350m"),
];

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
        name: "password",
        kind: OptionKind::Text { max: 20 },
        default: "",
        doc: "Password of the device's commands; empty: what its maker set, the model's name in small letters. A wrong one gets no answer (4).",
    },
    OptionSpec {
        name: "data_type",
        kind: OptionKind::Choice(&["1", "2"]),
        default: "1",
        doc: "Second field of AT+GTDAT: 1 is the serial port; 2 is seen on some models and not documented (4).",
    },
    OptionSpec {
        name: "need_ack",
        kind: OptionKind::Choice(&["unset", "0", "1"]),
        default: "unset",
        doc: "Fifth field of AT+GTDAT, whether the terminal has to answer; documented for one model only (4).",
    },
    OptionSpec {
        name: "max_text",
        kind: OptionKind::Int { min: 24, max: 100 },
        default: "100",
        doc: "Longest text in characters; a longer one is sent in parts (4).",
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
        default: "30",
        doc: "How long a text waits for its acknowledgement before it is sent again with the same serial (4).",
    },
    OptionSpec {
        name: "repeats",
        kind: OptionKind::Int { min: 0, max: 10 },
        default: "3",
        doc: "How often an unanswered text is sent again on one connection (4).",
    },
    OptionSpec {
        name: "driver_prefix",
        kind: OptionKind::Text { max: 20 },
        default: "",
        doc: "Only data of the serial port that begins with this is the driver's text, without it; empty: all that is printable, but for a fuel sensor's lines (5).",
    },
    OptionSpec {
        name: "sack",
        kind: OptionKind::Bool,
        default: "true",
        doc: "Whether reports are acknowledged with +SACK; harmless where the device does not wait for it (2).",
    },
    OptionSpec {
        name: "sack_ack",
        kind: OptionKind::Bool,
        default: "false",
        doc: "Whether answers to commands are acknowledged with +SACK as well (2).",
    },
    OptionSpec {
        name: "binary_sack",
        kind: OptionKind::Bool,
        default: "false",
        doc: "Whether reports in the HEX form are acknowledged with +SACK; not documented for them (1).",
    },
    OptionSpec {
        name: "fmi_down",
        kind: OptionKind::Choice(&["none", "hex"]),
        default: "none",
        doc: "How a navigator's packets go down: none: no way is documented, so that only its packets up (+RESP:GTDTT) are read; hex: as hexadecimal data of AT+GTDAT, longer than the documented 100 characters (4, 5).",
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
        name: "serial_terminal",
        title: "vehicle models (GV…) with a terminal at the serial port",
        options: &[("display", "true")],
        delivered: Delivered {
            when: "+ACK:GTDAT with the text's serial: the tracker took the command for its serial port",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "garmin",
        title: "trackers with a Garmin navigator whose firmware takes hexadecimal data for the serial port (unconfirmed)",
        options: &[("fmi", "true"), ("fmi_down", "hex")],
        delivered: garmin::DELIVERED,
    },
];

/// The options of one device, read once.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) display: bool,
    pub(super) data_type: String,
    pub(super) need_ack: String,
    pub(super) answer_limit: Duration,
    pub(super) repeats: u8,
    pub(super) driver_prefix: String,
    pub(super) sack: bool,
    pub(super) sack_ack: bool,
    pub(super) binary_sack: bool,
    /// Packets can be sent to the navigator.
    pub(super) navigator_down: bool,
    password: String,
    max_text: usize,
    numbered: bool,
}

/// How a text is cut for a device, by the rules of its terminal or of its navigator.
///
/// # Errors
/// It has neither, or there is no way to it; or as for [`text::plan`].
pub(super) fn plan(text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
    let settings = Settings::read(options);
    match garmin::wanted(options) {
        true if settings.navigator_down => garmin::plan(text, options),
        false if settings.display => text::plan(text, settings.parts()),
        _ => Err(TextRefusal::NotSupported),
    }
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        let need_ack = match options.text("need_ack") {
            "unset" => "",
            value => value,
        };
        Self {
            display: options.flag("display"),
            data_type: options.text("data_type").to_owned(),
            need_ack: need_ack.to_owned(),
            answer_limit: Duration::from_secs(options.int("answer_seconds").unsigned_abs()),
            repeats: u8::try_from(options.int("repeats")).unwrap_or(0),
            driver_prefix: options.text("driver_prefix").to_owned(),
            sack: options.flag("sack"),
            sack_ack: options.flag("sack_ack"),
            binary_sack: options.flag("binary_sack"),
            navigator_down: options.text("fmi_down") == "hex",
            password: options.text("password").to_owned(),
            max_text: usize::try_from(options.int("max_text")).unwrap_or(MAX_DATA),
            numbered: options.flag("numbered"),
        }
    }

    /// How texts for a terminal are cut.
    const fn parts(&self) -> PartRules {
        PartRules { charset: Charset::Ascii, max_bytes: self.max_text, numbered: self.numbered }
    }

    /// The password of a device of this type; `None` if it is known neither from the options nor from the type.
    pub(super) fn password(&self, device_type: &[u8]) -> Option<&str> {
        if !self.password.is_empty() {
            return Some(&self.password);
        }
        PASSWORDS.iter().find(|(kind, _)| *kind == device_type).map(|(_, password)| *password)
    }

    /// The data of one downlink.
    pub(super) fn data(&self, content: &Content) -> Vec<u8> {
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
        let mut data = printable(&shown);
        // A question is not planned; what a command cannot hold is left out.
        data.truncate(MAX_DATA);
        data
    }
}

/// Printable ASCII without what would end a field or the sentence; every byte keeps its place.
pub(super) fn printable(text: &str) -> Vec<u8> {
    let mut bytes = Charset::Ascii.encode(text).bytes;
    for byte in &mut bytes {
        *byte = match *byte {
            b',' => b';',
            b'$' | b'\n' => b' ',
            other => other,
        };
    }
    bytes
}
