//! What differs between devices: the options an operator can set, the built-in profiles, and a device's options as the session
//! uses them.

use std::time::Duration;

use super::charset::Writing;
use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionKind, OptionSpec};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::text::{PartRules, label};

/// Most bytes of text in one message: CD less the fields of a COM order (section 7).
const MAX_TEXT: i64 = 65_200;

/// All per-device options.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "display",
        OptionKind::Bool,
        "true",
        "Whether the device has something to show a text on; without it, texts are refused (7.3).",
    ),
    OptionSpec::new(
        "charset",
        OptionKind::Choice(Writing::NAMES),
        "cp1251",
        "Charset of texts to the device (7); auto: cp1251, and ucs2 for a text that cp1251 cannot write.",
    ),
    OptionSpec::new(
        "uplink_charset",
        OptionKind::Choice(&["cp1251", "utf8"]),
        "cp1251",
        "What a text from the device is that names no charset: cp1251 by the standard; utf8 for devices that write it all the same (7).",
    ),
    OptionSpec::new(
        "max_text",
        OptionKind::Int { min: 32, max: MAX_TEXT },
        "512",
        "Longest text in bytes as the device reads them; a longer one is sent in parts (7.5).",
    ),
    OptionSpec::new(
        "numbered",
        OptionKind::Bool,
        "true",
        "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    ),
    OptionSpec::new(
        "text_prefix",
        OptionKind::Choice(&["none", "5"]),
        "none",
        "What stands before a text, both ways: nothing by the standard, or the 5 bytes ADR, SZ/ACT and CCD of a command that one encoder writes (7.1).",
    ),
    OptionSpec::new(
        "text_as",
        OptionKind::Choice(&["message", "raw_data"]),
        "message",
        "How a text is sent: as a message to the driver (CT_MSGTO), or as RAW_DATA for a driver terminal on a serial port of the device (7.2).",
    ),
    OptionSpec::new(
        "raw_address",
        OptionKind::Int { min: 0, max: 65_535 },
        "0",
        "Module address of the driver terminal for RAW_DATA (7.2).",
    ),
    OptionSpec::new(
        "receipt",
        OptionKind::Choice(&["confirmation", "record"]),
        "confirmation",
        "What makes a text DELIVERED: CT_DELIV, CT_MSGCONF or CT_COMCONF with its number; or the answer to its record, for a device that never sends those (7.3).",
    ),
    OptionSpec::new(
        "retry_refused",
        OptionKind::Bool,
        "false",
        "Whether a text that the device answered with CC_ERROR is tried again later (7.3).",
    ),
    OptionSpec::new(
        "answer_seconds",
        OptionKind::Int { min: 1, max: 255 },
        "5",
        "Seconds to wait for the answer to a packet (TL_RESPONSE_TO, 2.3).",
    ),
    OptionSpec::new(
        "retransmissions",
        OptionKind::Int { min: 0, max: 10 },
        "3",
        "How often an unanswered packet is sent again before the connection is closed as dead (TL_RESEND_ATTEMPTS, 2.3).",
    ),
    OptionSpec::new(
        "receipt_seconds",
        OptionKind::Int { min: 5, max: 86_400 },
        "300",
        "How long a text that the device holds waits for its receipt before it is tried again (7.3).",
    ),
    OptionSpec::new(
        "texts_in_flight",
        OptionKind::Int { min: 1, max: 8 },
        "1",
        "How many texts may wait for their receipts at once; receipts are matched by number, but parts of different texts may then mix (7.3).",
    ),
    OptionSpec::new(
        "confirm_texts",
        OptionKind::Bool,
        "true",
        "Whether a driver's text is confirmed by CT_MSGCONF once it is stored; some terminals wait for it (7.4).",
    ),
    OptionSpec::new(
        "auth_code",
        OptionKind::Text { max: 255 },
        "",
        "Authorisation code that the device wants with every message and command; none if empty (7).",
    ),
];

const CONFIRMED: &str = "CT_DELIV or CT_MSGCONF with CC_OK (or CC_NCONF) and the text's number; CT_MSGCONF says that it was shown";

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "devices with a display that confirm texts as the standard says",
        options: &[],
        delivered: Delivered { when: CONFIRMED, proves: Some(Evidence::Displayed) },
    },
    DeviceProfile {
        name: "record_answer",
        title: "devices with a display that never send CT_DELIV or CT_MSGCONF",
        options: &[("receipt", "record")],
        delivered: Delivered {
            when: "RECORD_RESPONSE 0 for the text's record: the terminal holds it",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "prefixed",
        title: "devices whose texts have the five bytes of a command in front",
        options: &[("text_prefix", "5")],
        delivered: Delivered { when: CONFIRMED, proves: Some(Evidence::Displayed) },
    },
    DeviceProfile {
        name: "serial_display",
        title: "trackers that hand texts to a driver terminal on their serial port",
        options: &[("text_as", "raw_data"), ("confirm_texts", "false")],
        delivered: Delivered {
            when: "CT_COMCONF with CC_OK and the text's number: the tracker has handed it on",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "no_display",
        title: "trackers without a display, and platforms that relay them",
        options: &[("display", "false")],
        delivered: Delivered::NEVER,
    },
];

/// The values of [`OPTIONS`] for one device.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) display: bool,
    pub(super) writing: Writing,
    /// A text that names no charset is UTF-8 if it can be.
    pub(super) utf8_uplinks: bool,
    pub(super) numbered: bool,
    pub(super) prefixed: bool,
    /// Module address, if texts go out as RAW_DATA.
    pub(super) raw_data: Option<u16>,
    pub(super) record_is_receipt: bool,
    pub(super) retry_refused: bool,
    pub(super) answer_wait: Duration,
    pub(super) retransmissions: u8,
    pub(super) receipt_wait: Duration,
    pub(super) texts_in_flight: usize,
    pub(super) confirm_texts: bool,
    pub(super) auth_code: Box<str>,
    max_text: usize,
}

impl Settings {
    /// Reads the options of a device.
    pub(super) fn read(options: &DeviceOptions) -> Self {
        let seconds = |name| Duration::from_secs(options.int(name).unsigned_abs());
        let raw_data = options.text("text_as") == "raw_data";
        Self {
            display: options.flag("display"),
            writing: Writing::by_name(options.text("charset")),
            utf8_uplinks: options.text("uplink_charset") == "utf8",
            numbered: options.flag("numbered"),
            prefixed: options.text("text_prefix") == "5",
            raw_data: raw_data.then(|| u16::try_from(options.int("raw_address")).unwrap_or(0)),
            record_is_receipt: options.text("receipt") == "record",
            retry_refused: options.flag("retry_refused"),
            answer_wait: seconds("answer_seconds"),
            retransmissions: u8::try_from(options.int("retransmissions")).unwrap_or(3),
            receipt_wait: seconds("receipt_seconds"),
            texts_in_flight: usize::try_from(options.int("texts_in_flight")).unwrap_or(1),
            confirm_texts: options.flag("confirm_texts"),
            auth_code: options.text("auth_code").into(),
            max_text: usize::try_from(options.int("max_text")).unwrap_or(512),
        }
    }

    /// How `text` is cut for this device.
    pub(super) fn parts(&self, text: &str) -> PartRules {
        let (charset, _) = self.writing.of(text);
        PartRules { charset, max_bytes: self.max_text, numbered: self.numbered }
    }

    /// What the device is to show: the part with its label, or the question with its answers.
    pub(super) fn shown(&self, content: &Content) -> String {
        match content {
            Content::Text { text, part, parts } if self.numbered && *parts > 1 => {
                format!("{}{text}", label((*part).into(), (*parts).into()))
            }
            Content::Text { text, .. } => text.clone(),
            Content::Question { text, answers } => {
                let answers = answers.iter().map(|(id, answer)| format!("\n{id}: {answer}"));
                format!("{text}{}", answers.collect::<String>())
            }
        }
    }
}
