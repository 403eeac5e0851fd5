//! Per-device options, and how a text becomes a command under them.

use std::time::Duration;

use super::message::header;
use crate::effect::Evidence;
use crate::garmin;
use crate::options::{DeviceOptions, OptionKind, OptionSpec, concat};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::text::{self, Charset, PartRules, TextPlan, TextRefusal, label};

/// Longest text of a command.
const MAX_COMMAND: usize = 255;
/// Longest prefix.
const MAX_PREFIX: usize = 64;

/// All options, those of a navigator included.
pub(super) const OPTIONS: &[OptionSpec] =
    &concat::<{ OWN.len() + garmin::OPTIONS.len() }>(&[OWN, garmin::OPTIONS]);

const OWN: &[OptionSpec] = &[
    OptionSpec {
        name: "display",
        kind: OptionKind::Bool,
        default: "false",
        doc: "Whether something behind the tracker shows what a command says; without it the device takes no texts (4).",
    },
    OptionSpec {
        name: "command_prefix",
        kind: OptionKind::Text { max: MAX_PREFIX },
        default: "",
        doc: "What stands before a text to make a command of it that the tracker's script hands to the display (4).",
    },
    OptionSpec {
        name: "charset",
        kind: OptionKind::Choice(&["ascii", "cp1251", "utf8"]),
        default: "ascii",
        doc: "How the display reads texts; the manual knows ASCII only (4).",
    },
    OptionSpec {
        name: "max_text",
        kind: OptionKind::Int { min: 24, max: 255 },
        default: "160",
        doc: "Longest text in bytes, without the prefix; a longer one is sent in parts. A command holds 255 bytes with its prefix (4).",
    },
    OptionSpec {
        name: "numbered",
        kind: OptionKind::Bool,
        default: "true",
        doc: "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    },
    OptionSpec {
        name: "answer_seconds",
        kind: OptionKind::Int { min: 5, max: 86_400 },
        default: "120",
        doc: "How long a command waits for the answer with its number before it is tried again (4).",
    },
    OptionSpec {
        name: "error_words",
        kind: OptionKind::Text { max: 200 },
        default: "error,unknown,wrong",
        doc: "An answer that begins with one of these words, in capitals or not, refuses a command; what trackers say then is not documented (4).",
    },
    OptionSpec {
        name: "photo_ack",
        kind: OptionKind::Choice(&["07", "02"]),
        default: "07",
        doc: "Header of the confirmation of a photo's parts: 07 as an open server does, 02 like all other packets (4).",
    },
];

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "trackers without anything that shows texts",
        options: &[],
        delivered: Delivered::NEVER,
    },
    DeviceProfile {
        name: "garmin",
        title: "trackers with a Garmin navigator, whose packets they only relay",
        options: &[("fmi", "true")],
        delivered: garmin::DELIVERED,
    },
    DeviceProfile {
        name: "command_display",
        title: "trackers whose script shows a command's text on a display at a serial port",
        options: &[("display", "true")],
        delivered: Delivered {
            when: "the tracker's answer (E1) with the number of the command (E0), unless it begins with an error word",
            proves: Some(Evidence::Accepted),
        },
    },
];

/// The options of one device, read once.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) display: bool,
    pub(super) answer_limit: Duration,
    /// Header that confirms a photo.
    pub(super) photo_ack: u8,
    prefix: String,
    charset: Charset,
    max_text: usize,
    numbered: bool,
    error_words: Vec<String>,
}

/// How a text is cut for a device, by the rules of its display or of its navigator.
///
/// # Errors
/// It has neither; or as for [`text::plan`].
pub(super) fn plan(text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
    let settings = Settings::read(options);
    if garmin::wanted(options) {
        return garmin::plan(text, options);
    }
    if !settings.display {
        return Err(TextRefusal::NotSupported);
    }
    text::plan(text, settings.parts())
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        let words = options.text("error_words").split(',').map(str::trim);
        Self {
            display: options.flag("display"),
            answer_limit: Duration::from_secs(options.int("answer_seconds").unsigned_abs()),
            photo_ack: match options.text("photo_ack") {
                "02" => header::CONFIRMATION,
                _ => header::PHOTO,
            },
            prefix: options.text("command_prefix").to_owned(),
            charset: Charset::by_name(options.text("charset")).unwrap_or(Charset::Ascii),
            max_text: usize::try_from(options.int("max_text")).unwrap_or(0),
            numbered: options.flag("numbered"),
            error_words: words
                .filter(|word| !word.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
        }
    }

    /// How texts for a display are cut.
    fn parts(&self) -> PartRules {
        let room = MAX_COMMAND.saturating_sub(self.charset.encode(&self.prefix).bytes.len());
        PartRules {
            charset: self.charset,
            max_bytes: self.max_text.min(room),
            numbered: self.numbered,
        }
    }

    /// The command that shows one downlink. Line feeds become blanks: a command is one line.
    pub(super) fn command(&self, content: &Content) -> Vec<u8> {
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
        let mut bytes = self.charset.encode(&format!("{}{shown}", self.prefix)).bytes;
        bytes.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        // A question is not planned; what a command cannot hold is left out.
        bytes.truncate(MAX_COMMAND);
        bytes
    }

    /// What the device says, as text.
    pub(super) fn decode(&self, bytes: &[u8]) -> String {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => Charset::Windows1251.decode(bytes),
        };
        text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
    }

    /// Whether an answer says that the command was not carried out.
    pub(super) fn refuses(&self, answer: &str) -> bool {
        let answer = answer.trim_start().to_ascii_lowercase();
        self.error_words.iter().any(|word| answer.starts_with(word.as_str()))
    }
}
