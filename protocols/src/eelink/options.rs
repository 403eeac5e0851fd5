//! Per-device options, built-in profiles, and how a text is made an instruction under them.

use std::borrow::Cow;

use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionKind, OptionSpec};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::single::{ErrorWords, words};
use crate::text::{Charset, PartRules};

/// All options.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "display",
        OptionKind::Bool,
        "false",
        "Whether the model has a screen that shows texts. Without one texts are refused; no source confirms a model that has one (4).",
    ),
    OptionSpec::new(
        "text_type",
        OptionKind::Int { min: 1, max: 2 },
        "2",
        "Type of the instruction that carries a text (4): 2 text message, or 1 command with the maker's own command around the text (template).",
    ),
    OptionSpec::new(
        "template",
        OptionKind::Text { max: 40 },
        "{text}",
        "What is sent for a text, with {text} in its place (4).",
    ),
    OptionSpec::new(
        "errors",
        OptionKind::Text { max: 200 },
        "unknown,error,fail",
        "Words, separated by commas, of which an answer that contains one means that the text was not taken (4).",
    ),
    OptionSpec::new(
        "max_text",
        OptionKind::Int { min: 16, max: 500 },
        "500",
        "Most bytes of text in one instruction, in UTF-8; a longer text is sent in parts (4).",
    ),
    OptionSpec::new(
        "numbered",
        OptionKind::Bool,
        "true",
        "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    ),
    OptionSpec::new(
        "answer_seconds",
        OptionKind::Int { min: 5, max: 3600 },
        "60",
        "How long a text waits for its answer before it is sent again, twice under the same number (4).",
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
        name: "display",
        title: "models with a screen that show text messages (type 2; to be tried on the model)",
        options: &[("display", "true")],
        delivered: Delivered {
            when: "the device's answer with the text's number and no error in it: it took the text",
            proves: Some(Evidence::Accepted),
        },
    },
];

/// The options of one device, read once.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    display: bool,
    pub(super) text_type: u8,
    template: String,
    pub(super) errors: ErrorWords,
    max_text: usize,
    numbered: bool,
    pub(super) answer_seconds: u64,
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        Self {
            display: options.flag("display"),
            text_type: u8::try_from(options.int("text_type")).unwrap_or(2),
            template: options.text("template").to_owned(),
            errors: ErrorWords::read(options.text("errors")),
            max_text: usize::try_from(options.int("max_text")).unwrap_or(0),
            numbered: options.flag("numbered"),
            answer_seconds: options.int("answer_seconds").unsigned_abs(),
        }
    }

    pub(super) fn has_display(&self) -> bool {
        self.display && self.template.contains("{text}")
    }

    /// How texts are cut for this device.
    pub(super) const fn parts(&self) -> PartRules {
        PartRules { charset: Charset::Utf8, max_bytes: self.max_text, numbered: self.numbered }
    }

    /// What is sent for a text; `None` without a display.
    pub(super) fn text(&self, content: &Content) -> Option<Cow<'static, str>> {
        if !self.has_display() {
            return None;
        }
        let shown = Charset::Utf8.encode(&words(content, self.numbered)).bytes;
        let shown = String::from_utf8(shown).unwrap_or_default();
        Some(Cow::Owned(self.template.replacen("{text}", &shown, 1)))
    }
}
