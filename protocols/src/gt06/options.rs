//! Per-device options, built-in profiles, and how a text is made a command under them.

use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionKind, OptionSpec};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::single::{ErrorWords, one_line, words};
use crate::text::{Charset, PartRules};

/// Stands for the text in a template.
const PLACE: &str = "{text}";
/// What a text may not contain: the end of a command.
const UNFIT: &[char] = &['#'];

/// All options.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "template",
        OptionKind::Text { max: 40 },
        "",
        "The maker's command that shows a text, with {text} in its place, such as MSG,{text}# or TTS,{text}#. Empty: the model has no display, and texts are refused. No template is confirmed; try it on the model (4).",
    ),
    OptionSpec::new(
        "charset",
        OptionKind::Choice(&["ascii", "utf8", "gbk", "cp1251"]),
        "ascii",
        "Charset of texts in commands; the specification knows ASCII only (4).",
    ),
    OptionSpec::new(
        "max_text",
        OptionKind::Int { min: 16, max: 200 },
        "160",
        "Most bytes of text in one command, the template not counted; a longer text is sent in parts (4).",
    ),
    OptionSpec::new(
        "numbered",
        OptionKind::Bool,
        "true",
        "Whether parts of a long text begin with (1/3), (2/3), and so on.",
    ),
    OptionSpec::new(
        "language",
        OptionKind::Choice(&["english", "chinese", "none"]),
        "english",
        "Language behind a command; none leaves the field out, as one public server does (4).",
    ),
    OptionSpec::new(
        "errors",
        OptionKind::Text { max: 200 },
        "error,fail,unknown",
        "Words, separated by commas, of which an answer that contains one means that the command was not taken (4).",
    ),
    OptionSpec::new(
        "flag_zero",
        OptionKind::Choice(&["ignored", "confirms"]),
        "ignored",
        "What an answer with flag 0 is while a command waits for its answer: about nothing, or, for clones that always answer so, about that command (4).",
    ),
    OptionSpec::new(
        "answer_seconds",
        OptionKind::Int { min: 5, max: 3600 },
        "60",
        "How long a command waits for its answer before it is tried again (5).",
    ),
    OptionSpec::new(
        "time_offset",
        OptionKind::Int { min: -840, max: 840 },
        "0",
        "The device's clock in minutes east of UTC: some clones send local time (3).",
    ),
];

const ANSWERED: Delivered = Delivered {
    when: "the device's answer to the command (0x15 or 0x21 with the command's flag, without an error in it): it took the command",
    proves: Some(Evidence::Accepted),
};

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "trackers without a display",
        options: &[],
        delivered: Delivered::NEVER,
    },
    DeviceProfile {
        name: "display_msg",
        title: "models with a display that take MSG,<text># (to be tried on the model)",
        options: &[("template", "MSG,{text}#")],
        delivered: ANSWERED,
    },
    DeviceProfile {
        name: "speaker_tts",
        title: "models with a loudspeaker that take TTS,<text># (to be tried on the model)",
        options: &[("template", "TTS,{text}#")],
        delivered: ANSWERED,
    },
    DeviceProfile {
        name: "display_msg_flag_zero",
        title: "clones with a display that answer every command with flag 0",
        options: &[("template", "MSG,{text}#"), ("flag_zero", "confirms")],
        delivered: Delivered {
            when: "the next answer (0x15 or 0x21) without an error in it while the command waits: it took the command",
            proves: Some(Evidence::Accepted),
        },
    },
];

/// The options of one device, read once.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// What stands before and behind a text; `None`: no display.
    template: Option<(String, String)>,
    charset: Charset,
    max_text: usize,
    numbered: bool,
    pub(super) language: Option<u16>,
    pub(super) errors: ErrorWords,
    pub(super) flag_zero_confirms: bool,
    pub(super) answer_seconds: u64,
    /// Minutes east of UTC.
    pub(super) time_offset: i32,
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        let template = options.text("template").split_once(PLACE);
        Self {
            template: template.map(|(before, behind)| (before.to_owned(), behind.to_owned())),
            charset: Charset::by_name(options.text("charset")).unwrap_or(Charset::Ascii),
            max_text: usize::try_from(options.int("max_text")).unwrap_or(0),
            numbered: options.flag("numbered"),
            language: match options.text("language") {
                "english" => Some(2),
                "chinese" => Some(1),
                _ => None,
            },
            errors: ErrorWords::read(options.text("errors")),
            flag_zero_confirms: options.text("flag_zero") == "confirms",
            answer_seconds: options.int("answer_seconds").unsigned_abs(),
            time_offset: i32::try_from(options.int("time_offset")).unwrap_or(0),
        }
    }

    pub(super) const fn has_display(&self) -> bool {
        self.template.is_some()
    }

    /// How texts are cut for this device.
    pub(super) const fn parts(&self) -> PartRules {
        PartRules { charset: self.charset, max_bytes: self.max_text, numbered: self.numbered }
    }

    /// The command that shows a text; `None` without a display.
    pub(super) fn command(&self, content: &Content) -> Option<Vec<u8>> {
        let (before, behind) = self.template.as_ref()?;
        let words = words(content, self.numbered);
        let mut command = before.clone().into_bytes();
        command.extend(self.charset.encode(&fit(&words)).bytes);
        command.extend_from_slice(behind.as_bytes());
        Some(command)
    }
}

/// `text` without what would end the command: `#` and line ends become blanks.
pub(super) fn fit(text: &str) -> std::borrow::Cow<'_, str> {
    one_line(text, UNFIT)
}
