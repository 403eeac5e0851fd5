//! Per-device options, and how a text is made fit for a display under them (specification 5).

use std::time::Duration;

use super::frame::{HEADER, NPH_HEADER};
use super::markup::{self, BUTTONS, OVERHEAD};
use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionKind, OptionSpec};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::text::{Charset, PartRules, TextPlan, TextRefusal, label, plan};

/// Bytes of title data before the markup.
const TITLE: usize = 12;
/// The most that markup makes of one byte: a line feed becomes `<br/>`.
const GROWTH: usize = 5;

/// All options.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "display",
        OptionKind::Bool,
        "true",
        "Whether the terminal has a display for texts (5).",
    ),
    OptionSpec::new(
        "charset",
        OptionKind::Choice(&["cp1251", "utf8", "ascii"]),
        "cp1251",
        "How texts are written, both ways; captured ones are in cp1251 (5).",
    ),
    OptionSpec::new(
        "max_packet",
        OptionKind::Int { min: 256, max: 65_535 },
        "1024",
        "Largest packet the terminal takes, as it declares it in its login (3); a text that does not fit one packet is sent in parts.",
    ),
    OptionSpec::new(
        "max_text",
        OptionKind::Int { min: 16, max: 60_000 },
        "800",
        "Longest text in bytes, line breaks counted as five, even where the packet would take more (5).",
    ),
    OptionSpec::new(
        "numbered",
        OptionKind::Bool,
        "true",
        "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    ),
    OptionSpec::new(
        "screen_seconds",
        OptionKind::Int { min: 1, max: 86_400 },
        "600",
        "How long the display shows a text (5).",
    ),
    OptionSpec::new(
        "beep",
        OptionKind::Bool,
        "true",
        "Whether the display beeps when a text comes (5).",
    ),
    OptionSpec::new(
        "answer_seconds",
        OptionKind::Int { min: 5, max: 3600 },
        "30",
        "How long the device's result is waited for before the text goes out again, three times (5).",
    ),
    OptionSpec::new(
        "retry_refused",
        OptionKind::Bool,
        "false",
        "Whether a text is tried again later when the device refuses it with another code than 1 (busy), which is always tried again (5).",
    ),
    OptionSpec::new(
        "coordinates",
        OptionKind::Choice(&["flags", "signed"]),
        "flags",
        "Where a position's hemisphere is: in the flags, or in the sign of the coordinates as one implementation has it (4).",
    ),
    OptionSpec::new(
        "sos_flag",
        OptionKind::Choice(&["0x04", "0x02", "none"]),
        "0x04",
        "Which flag of a position is the driver's alarm; implementations disagree (4).",
    ),
    OptionSpec::new(
        "ack_unknown",
        OptionKind::Bool,
        "false",
        "Whether packets of services that are only kept raw are answered with 0 instead of 100 (not supported): for terminals that repeat them forever (2).",
    ),
];

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "terminals with a display",
        options: &[],
        delivered: Delivered {
            when: "service 5 type 102 with result 0: the terminal accepted the text for its display",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "tracker",
        title: "terminals without a display",
        options: &[("display", "false")],
        delivered: Delivered::NEVER,
    },
];

/// The options of one device, read once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) display: bool,
    pub(super) charset: Charset,
    pub(super) screen_seconds: u32,
    pub(super) beep: bool,
    pub(super) answer_limit: Duration,
    pub(super) retry_refused: bool,
    pub(super) signed_coordinates: bool,
    /// Flag of a position that means alarm; 0: none.
    pub(super) sos_flag: u8,
    pub(super) ack_unknown: bool,
    numbered: bool,
    max_packet: usize,
    max_text: usize,
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        let number = |name| usize::try_from(options.int(name)).unwrap_or(0);
        Self {
            display: options.flag("display"),
            charset: Charset::by_name(options.text("charset")).unwrap_or(Charset::Windows1251),
            screen_seconds: u32::try_from(options.int("screen_seconds")).unwrap_or(0),
            beep: options.flag("beep"),
            answer_limit: Duration::from_secs(options.int("answer_seconds").unsigned_abs()),
            retry_refused: options.flag("retry_refused"),
            signed_coordinates: options.text("coordinates") == "signed",
            sos_flag: match options.text("sos_flag") {
                "0x04" => 4,
                "0x02" => 2,
                _ => 0,
            },
            ack_unknown: options.flag("ack_unknown"),
            numbered: options.flag("numbered"),
            max_packet: number("max_packet"),
            max_text: number("max_text"),
        }
    }

    /// Bytes that a text may have inside the markup.
    fn room(&self) -> usize {
        self.max_packet.saturating_sub(HEADER + NPH_HEADER + TITLE + OVERHEAD).min(self.max_text)
    }

    /// Where `text` is cut for this device. Line breaks grow, so the parts are made smaller until all of them fit.
    pub(super) fn plan(&self, text: &str) -> Result<TextPlan, TextRefusal> {
        if !self.display {
            return Err(TextRefusal::NotSupported);
        }
        let room = self.room();
        let (charset, numbered, mut max_bytes) = (self.charset, self.numbered, room);
        loop {
            let mut plan = plan(text, PartRules { charset, max_bytes, numbered })?;
            let parts = plan.parts();
            let fits = |index| {
                let part = self.labelled(plan.part(text, index), index + 1, parts);
                markup::size(&part, charset) <= room
            };
            if max_bytes <= room / GROWTH || (0..parts).all(fits) {
                plan.lossy |= markup::replaces(text);
                return Ok(plan);
            }
            max_bytes = (max_bytes / 2).max(room / GROWTH);
        }
    }

    fn labelled(&self, text: &str, part: usize, parts: usize) -> String {
        let label = if self.numbered && parts > 1 { label(part, parts) } else { String::new() };
        label + text
    }

    /// What the display shows, and the labels of its buttons. A question with more answers than there are buttons is a text.
    pub(super) fn shown<'a>(&self, content: &'a Content) -> (String, Vec<&'a str>) {
        match content {
            Content::Text { text, part, parts } => {
                (self.labelled(text, (*part).into(), (*parts).into()), Vec::new())
            }
            Content::Question { text, answers } if answers.len() <= BUTTONS => {
                (text.clone(), answers.iter().map(|(_, label)| label.as_str()).collect())
            }
            Content::Question { text, answers } => {
                let answers = answers.iter().map(|(id, answer)| format!("\n{id}={answer}"));
                (format!("{text}{}", answers.collect::<String>()), Vec::new())
            }
        }
    }
}
