//! What differs between terminals: the options an operator can set, and their values as the session uses them.
//!
//! Not here because the framer works before any identity is known: accepting wrong checksums (`skip_checksum`), repairing
//! frames that were not escaped (section 2.1, rule 6), and forcing how uplink headers are read. Idle time is the driver's.

use std::time::Duration;

use super::header::{Address, Edition, Style};
use super::time::STANDARD_OFFSET;
use crate::effect::Evidence;
use crate::garmin;
use crate::options::{DeviceOptions, OptionKind, OptionSpec, concat};
use crate::profile::{Delivered, DeviceProfile};
use crate::text::{self, Charset, PartRules, TextPlan, TextRefusal};

/// Most bytes of text in a single 0x8300, whatever its layout (section 12.1).
const MAX_SINGLE_TEXT: usize = 1021;
/// Bytes of text in a fragmented one: the standard's limit applies to the text, terminals' memory to the rest.
const MAX_FRAGMENTED_TEXT: i64 = 16_384;

/// All per-device options (sections 16 and 22), and those of a navigator behind the terminal.
pub(crate) const OPTIONS: &[OptionSpec] =
    &concat::<{ OWN.len() + garmin::OPTIONS.len() }>(&[OWN, garmin::OPTIONS]);

const OWN: &[OptionSpec] = &[
    OptionSpec::new(
        "auth",
        OptionKind::Choice(&["known_phone", "strict", "open"]),
        "known_phone",
        "Who is let in (8.2): known_phone: a known phone, whatever code it shows unless one is configured for it; strict: only with the right code in 0x0102; open: like known_phone, as unknown devices are the gateway's decision.",
    ),
    OptionSpec::new(
        "charset",
        OptionKind::Choice(Charset::NAMES),
        "gbk",
        "Charset of texts both ways (5).",
    ),
    OptionSpec::new(
        "max_text",
        OptionKind::Int { min: 16, max: MAX_FRAGMENTED_TEXT },
        "500",
        "Most bytes of text in one part (12.1); more than 1021 only with fragments.",
    ),
    OptionSpec::new(
        "numbered",
        OptionKind::Bool,
        "true",
        "Parts of a long text start with a counter like (1/3) (12.1).",
    ),
    OptionSpec::new(
        "line_break",
        OptionKind::Choice(&["lf", "space"]),
        "lf",
        "How a line break is written (5).",
    ),
    OptionSpec::new(
        "text_flag",
        OptionKind::Int { min: -1, max: 255 },
        "-1",
        "Flag byte of 0x8300 (12.1); -1: show and speak, that is 12 (0C) without and 15 (0F) with a type byte.",
    ),
    OptionSpec::new(
        "text_type",
        OptionKind::Int { min: 1, max: 2 },
        "1",
        "Type byte of 0x8300 (12.1): 1 notice, 2 service.",
    ),
    OptionSpec::new(
        "text_layout",
        OptionKind::Choice(&["auto", "legacy", "typed"]),
        "auto",
        "Layout of 0x8300 (4.3): without or with type byte; auto: with one under a 2019 header, and the other one if the terminal answers 3.",
    ),
    OptionSpec::new(
        "nul_end",
        OptionKind::Bool,
        "false",
        "End 0x8300 with a NUL, as the 2011 edition has it (12.1).",
    ),
    OptionSpec::new(
        "fragments",
        OptionKind::Bool,
        "false",
        "The terminal reassembles a fragmented 0x8300 (6.2).",
    ),
    OptionSpec::new(
        "first_text_delay_ms",
        OptionKind::Int { min: 0, max: 60_000 },
        "1000",
        "Wait after authentication before the first text, in milliseconds (15).",
    ),
    OptionSpec::new(
        "answer_wait",
        OptionKind::Int { min: 1, max: 600 },
        "10",
        "Seconds to wait for the answer to a text; then twice, then six times as long (9, 15).",
    ),
    OptionSpec::new(
        "retransmissions",
        OptionKind::Int { min: 0, max: 10 },
        "3",
        "How often an unanswered text is sent again before the connection is closed as dead (15).",
    ),
    OptionSpec::new(
        "loose_match",
        OptionKind::Bool,
        "true",
        "Accept answers to a text with serial 0 or message id 0 (15).",
    ),
    OptionSpec::new(
        "text_report_confirms",
        OptionKind::Bool,
        "false",
        "A text report 0x6006 confirms the one text in flight (14.1).",
    ),
    OptionSpec::new(
        "ack_unknown",
        OptionKind::Choice(&["unsupported", "ok"]),
        "unsupported",
        "Answer to messages with an unknown id (8.3): result 3, or 0 for terminals that would repeat them for ever.",
    ),
    OptionSpec::new(
        "events",
        OptionKind::Text { max: 1024 },
        "",
        "Canned answers for the driver, like 1=Arrived;2=Loading: sent as 0x8301 after login, named in 0x0301 (12.2).",
    ),
    OptionSpec::new(
        "time_offset",
        OptionKind::Int { min: -840, max: 840 },
        "480",
        "The device's clock in minutes east of UTC (11.1); 480 is the standard's GMT+8.",
    ),
    OptionSpec::new(
        "time_answer",
        OptionKind::Choice(&["utc", "local"]),
        "utc",
        "0x8004 in UTC as the 2019 edition prints it, or on the device's clock (10.4, 20).",
    ),
    OptionSpec::new(
        "header",
        OptionKind::Choice(&["auto", "legacy", "2019"]),
        "auto",
        "Header of downlinks (4); auto: as last received.",
    ),
    OptionSpec::new(
        "header_flag",
        OptionKind::Choice(&["auto", "0", "1"]),
        "auto",
        "Bit 14 of downlink headers (4, 21); auto: as last received.",
    ),
    OptionSpec::new(
        "body",
        OptionKind::Choice(&["auto", "2011", "2013", "2019"]),
        "auto",
        "Edition of message bodies (4); auto: from the registration, else from the header.",
    ),
    OptionSpec::new(
        "idle_seconds",
        OptionKind::Int { min: 0, max: 86_400 },
        "0",
        "Seconds of silence after which the connection is taken for dead (8.2), best three heartbeats; 0: the listener's limit, else 180.",
    ),
    OptionSpec::new(
        "fmi_port",
        OptionKind::Int { min: 0, max: 255 },
        "65",
        "Type of the transparent data that are the navigator's (12.6): 65 (41) serial port 1, 66 (42) serial port 2.",
    ),
];

/// Built-in profiles.
pub(crate) const PROFILES: &[DeviceProfile] = &[
    DeviceProfile {
        name: DeviceProfile::STANDARD,
        title: "terminals with a display that follow the standard",
        options: &[],
        delivered: Delivered {
            when: "the terminal's general answer (0x0001, result 0): the terminal has it; the protocol has no read receipt",
            proves: Some(Evidence::Accepted),
        },
    },
    DeviceProfile {
        name: "garmin",
        title: "terminals with a Garmin navigator on serial port 1",
        options: &[("fmi", "true")],
        delivered: garmin::DELIVERED,
    },
];

/// The values of [`OPTIONS`] for one device.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) strict: bool,
    pub(crate) charset: Charset,
    pub(crate) numbered: bool,
    pub(crate) spaces_for_breaks: bool,
    pub(crate) text_flag: Option<u8>,
    pub(crate) text_type: u8,
    /// With type byte or not; `None`: by the header, then the other one.
    pub(crate) typed: Option<bool>,
    pub(crate) nul_end: bool,
    pub(crate) fragments: bool,
    pub(crate) loose_match: bool,
    pub(crate) text_report_confirms: bool,
    pub(crate) ack_unknown: bool,
    pub(crate) local_time_answer: bool,
    pub(crate) retransmissions: u8,
    pub(crate) answer_wait: Duration,
    pub(crate) first_text_delay: Duration,
    /// Minutes east of UTC.
    pub(crate) time_offset: i32,
    style: Option<Style>,
    flag: Option<bool>,
    pub(crate) edition: Option<Edition>,
    pub(crate) events: Box<[(u8, Box<str>)]>,
    /// The navigator behind the terminal, if it has one, and the type of its transparent data.
    pub(crate) navigator: Option<Box<garmin::Switches>>,
    pub(crate) navigator_port: u8,
}

impl Settings {
    /// Reads the options of a device.
    pub(crate) fn new(options: &DeviceOptions) -> Self {
        let number = |name| u64::try_from(options.int(name)).unwrap_or(0);
        Self {
            strict: options.text("auth") == "strict",
            charset: charset(options),
            numbered: options.flag("numbered"),
            spaces_for_breaks: options.text("line_break") == "space",
            text_flag: u8::try_from(options.int("text_flag")).ok(),
            text_type: u8::try_from(options.int("text_type")).unwrap_or(1),
            typed: match options.text("text_layout") {
                "typed" => Some(true),
                "legacy" => Some(false),
                _ => None,
            },
            nul_end: options.flag("nul_end"),
            fragments: options.flag("fragments"),
            loose_match: options.flag("loose_match"),
            text_report_confirms: options.flag("text_report_confirms"),
            ack_unknown: options.text("ack_unknown") == "ok",
            local_time_answer: options.text("time_answer") == "local",
            retransmissions: u8::try_from(options.int("retransmissions")).unwrap_or(3),
            answer_wait: Duration::from_secs(number("answer_wait")),
            first_text_delay: Duration::from_millis(number("first_text_delay_ms")),
            time_offset: i32::try_from(options.int("time_offset")).unwrap_or(STANDARD_OFFSET),
            style: match options.text("header") {
                "legacy" => Some(Style::Legacy),
                "2019" => Some(Style::V2019),
                _ => None,
            },
            flag: match options.text("header_flag") {
                "0" => Some(false),
                "1" => Some(true),
                _ => None,
            },
            edition: match options.text("body") {
                "2011" => Some(Edition::V2011),
                "2013" => Some(Edition::V2013),
                "2019" => Some(Edition::V2019),
                _ => None,
            },
            events: events(options.text("events")),
            navigator: garmin::Switches::of(options),
            navigator_port: u8::try_from(options.int("fmi_port")).unwrap_or(0x41),
        }
    }

    /// Where a downlink goes to a terminal that last wrote from `address`.
    pub(crate) fn downlink(&self, address: Address) -> Address {
        address.overridden(self.style, self.flag)
    }
}

/// How a text to a device is cut, by the terminal's rules or by its navigator's.
///
/// # Errors
/// As for [`text::plan`].
pub(crate) fn plan(text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
    match garmin::wanted(options) {
        true => garmin::plan(text, options),
        false => text::plan(text, part_rules(options)),
    }
}

/// How texts for the terminal's own display are cut.
fn part_rules(options: &DeviceOptions) -> PartRules {
    let wanted = usize::try_from(options.int("max_text")).unwrap_or(500);
    let max_bytes = if options.flag("fragments") { wanted } else { wanted.min(MAX_SINGLE_TEXT) };
    let nul = usize::from(options.flag("nul_end"));
    PartRules {
        charset: charset(options),
        max_bytes: max_bytes - nul,
        numbered: options.flag("numbered"),
    }
}

fn charset(options: &DeviceOptions) -> Charset {
    Charset::by_name(options.text("charset")).unwrap_or(Charset::Gbk)
}

/// `1=Arrived;2=Loading`; what is not of this form is left out.
fn events(list: &str) -> Box<[(u8, Box<str>)]> {
    let pairs = list.split(';').filter_map(|pair| pair.split_once('='));
    pairs.filter_map(|(id, text)| Some((id.trim().parse().ok()?, text.trim().into()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_acceptable_values_and_read_as_documented() {
        for spec in OPTIONS {
            assert_eq!(spec.kind.check(spec.default), Ok(()), "{}", spec.name);
        }
        let settings = Settings::new(&DeviceOptions::defaults(OPTIONS));
        assert_eq!((settings.charset, settings.time_offset), (Charset::Gbk, 480));
        assert_eq!((settings.text_flag, settings.typed, settings.edition), (None, None, None));
        assert_eq!((settings.answer_wait, settings.retransmissions), (Duration::from_secs(10), 3));
        assert!(
            settings.loose_match && settings.numbered && !settings.strict && !settings.ack_unknown
        );
    }

    #[test]
    fn part_sizes_leave_room_for_what_is_added() {
        let rules = |pairs: &[(&str, &str)]| {
            part_rules(&DeviceOptions::parse(OPTIONS, pairs.iter().copied()).unwrap()).max_bytes
        };
        assert_eq!(rules(&[]), 500);
        assert_eq!(rules(&[("max_text", "4000")]), 1021);
        assert_eq!(rules(&[("max_text", "4000"), ("nul_end", "true")]), 1020);
        assert_eq!(rules(&[("max_text", "4000"), ("fragments", "true")]), 4000);
    }

    #[test]
    fn canned_answers_that_are_none_are_left_out() {
        let list: Vec<_> = events("1=Arrived; 2 = Loading ;x=no;300=no;3").into_vec();
        assert_eq!(list, [(1, "Arrived".into()), (2, "Loading".into())]);
    }
}
