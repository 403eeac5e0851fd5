//! Per-device options and built-in profiles.

use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionKind, OptionSpec};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Content;
use crate::single::words;
use crate::text::{Charset, PartRules};

/// All options.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "display",
        OptionKind::Bool,
        "true",
        "Whether the device has a screen; without one texts are refused (4).",
    ),
    OptionSpec::new(
        "trv_texts",
        OptionKind::Bool,
        "false",
        "Whether texts are also sent to a device that speaks with the prefix TRV; no source confirms that such trackers take them (4, 7).",
    ),
    OptionSpec::new(
        "max_text",
        OptionKind::Int { min: 16, max: 1000 },
        "100",
        "Most UTF-16 units of text in one message; a longer text is sent in parts. No limit is documented (4).",
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
        "30",
        "How long a text waits for its receipt before it is sent again, twice with the same number (4).",
    ),
    OptionSpec::new(
        "zone_hours",
        OptionKind::Int { min: -12, max: 14 },
        "0",
        "Time zone that the answer to a login tells a watch to show, in hours east of UTC (2).",
    ),
];

/// Built-in profiles.
pub(super) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "watches with a screen (prefix IW)",
        options: &[],
        delivered: Delivered {
            when: "AP40 from the device with the text's number, or with none while the text waits: it has stored and shown the text",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "no_display",
        title: "trackers without a screen (prefix TRV)",
        options: &[("display", "false")],
        delivered: Delivered::NEVER,
    },
];

/// The options of one device, read once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) display: bool,
    pub(super) trv_texts: bool,
    pub(super) answer_seconds: u64,
    pub(super) zone_hours: i64,
    max_units: usize,
    numbered: bool,
}

impl Settings {
    pub(super) fn read(options: &DeviceOptions) -> Self {
        Self {
            display: options.flag("display"),
            trv_texts: options.flag("trv_texts"),
            answer_seconds: options.int("answer_seconds").unsigned_abs(),
            zone_hours: options.int("zone_hours"),
            max_units: usize::try_from(options.int("max_text")).unwrap_or(0),
            numbered: options.flag("numbered"),
        }
    }

    /// How texts are cut for this device.
    pub(super) const fn parts(&self) -> PartRules {
        let max_bytes = self.max_units * 2;
        PartRules { charset: Charset::Utf16Be, max_bytes, numbered: self.numbered }
    }

    /// What is shown for a downlink, without control characters.
    pub(super) fn text(&self, content: &Content) -> String {
        let shown = Charset::Utf8.encode(&words(content, self.numbered)).bytes;
        String::from_utf8(shown).unwrap_or_default()
    }
}
