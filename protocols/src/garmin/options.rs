//! The contract between the dialogue with the navigator and the tracker that carries it: the switches, as options that every
//! carrier offers among its own, and their values as the session uses them. Firmware differs, so nothing here is a constant.

use std::time::Duration;

use super::frame::{Form, MAX_FRAME};
use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionKind, OptionSpec};
use crate::profile::Delivered;
use crate::text::{self, Charset, PartRules, TextPlan, TextRefusal};

/// Longest text of 0x002A, 0x0021, 0x0022, 0x0023 and packet 0x88, without its NUL.
const MAX_TEXT: usize = 199;
/// Longest text of 0x0055, without its NUL.
const MAX_LONG_TEXT: usize = 1999;
/// Text bytes of a segment of 0x0055.
pub(crate) const SEGMENT: usize = 200;
/// Most bytes that a text packet takes besides the text: frame, header and id with every byte that can be a DLE doubled.
const OVERHEAD: usize = 64;

const fn option(
    name: &'static str,
    kind: OptionKind,
    default: &'static str,
    doc: &'static str,
) -> OptionSpec {
    OptionSpec { name, kind, default, doc }
}

/// The switches. A carrier has these values as defaults and other ones in its profile for navigators.
pub(crate) const OPTIONS: &[OptionSpec] = &[
    option(
        "fmi",
        OptionKind::Bool,
        "false",
        "A Garmin navigator hangs on the tracker: the driver's texts both ways go through it (Fleet Management Interface), never through the tracker's own text message.",
    ),
    option(
        "fmi_framing",
        OptionKind::Choice(&["auto", "full", "stripped"]),
        "auto",
        "FMI packets in the carrier: full, as on the serial line; stripped, id, size and payload only; auto: full until the navigator's come stripped.",
    ),
    option(
        "fmi_link_ack",
        OptionKind::Choice(&["server", "carrier"]),
        "server",
        "Who answers each packet of the navigator, and whether its answers are waited for: carrier, if the tracker does both on the cable.",
    ),
    option(
        "fmi_enable",
        OptionKind::Choice(&["server", "carrier", "both"]),
        "server",
        "Who enables the interface: server, until the navigator acknowledges; carrier; both: the tracker does, the server once more with the features it needs.",
    ),
    option(
        "fmi_filtered",
        OptionKind::Choice(&["none", "handshake", "handshake_unicode"]),
        "none",
        "What the tracker keeps to itself: product request and ping (handshake), the Unicode request too.",
    ),
    option(
        "fmi_assume",
        OptionKind::Choice(&["legacy", "a602", "a603", "a604", "a607", "a611"]),
        "a604",
        "What the navigator is taken for as long as it cannot say; legacy: one without the interface, which gets texts as packet 0x88.",
    ),
    option(
        "fmi_features",
        OptionKind::Bool,
        "true",
        "Enable with a feature list (Unicode, A607); false: in the plain form of A602.",
    ),
    option(
        "fmi_charset",
        OptionKind::Choice(&["auto", "utf8", "ascii"]),
        "auto",
        "Charset of texts down: UTF-8 if the navigator asked for it, else ASCII; utf8: where its question cannot arrive; ascii: leave its question unanswered.",
    ),
    option(
        "fmi_max_text",
        OptionKind::Int { min: 16, max: MAX_LONG_TEXT as i64 },
        "199",
        "Most bytes of text in one part; more than 199 need A611, on other navigators such a part is cut again.",
    ),
    option(
        "fmi_numbered",
        OptionKind::Bool,
        "true",
        "Parts of a long text start with a counter like (1/3).",
    ),
    option(
        "fmi_popup",
        OptionKind::Bool,
        "false",
        "Texts pop up at once; false: inbox and notification.",
    ),
    option(
        "fmi_a602_receipt",
        OptionKind::Choice(&["link_ack", "okay"]),
        "link_ack",
        "What confirms a text on a navigator without A604 (and with legacy): the link acknowledgement, which proves little; okay: the driver presses a button.",
    ),
    option(
        "fmi_ack_wait",
        OptionKind::Int { min: 1, max: 120 },
        "25",
        "Seconds to wait for a link acknowledgement; after three tries the navigator counts as gone.",
    ),
    option(
        "fmi_receipt_wait",
        OptionKind::Int { min: 5, max: 600 },
        "45",
        "Seconds to wait for the receipt of a text before its status is asked for.",
    ),
    option(
        "fmi_ping",
        OptionKind::Int { min: 0, max: 86_400 },
        "300",
        "Seconds of silence after which the navigator is asked for a sign of life; 0: never.",
    ),
    option(
        "fmi_gap_ms",
        OptionKind::Int { min: 0, max: 10_000 },
        "300",
        "Milliseconds between packets to the navigator where no link acknowledgement paces them: its line has 9600 baud.",
    ),
    option(
        "fmi_mtu",
        OptionKind::Int { min: 128, max: MAX_FRAME as i64 },
        "518",
        "Most bytes of FMI in one of the carrier's messages: texts are cut so that no packet is longer.",
    ),
];

/// What makes a text DELIVERED on a navigator: the same over every carrier.
pub(crate) const DELIVERED: Delivered = Delivered {
    when: "the navigator's receipt or its state of the text (FMI 0x002B, 0x0056, 0x0041): the navigator has it; 0x0041 also tells when the driver opens it",
    proves: Some(Evidence::Accepted),
};

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doer {
    Server,
    Carrier,
    Both,
}

/// The values of [`OPTIONS`] for one device.
#[derive(Debug, Clone)]
pub(crate) struct Switches {
    /// `None`: as last received.
    pub(crate) form: Option<Form>,
    /// The link acknowledgements are ours to give and to wait for.
    pub(crate) link_ack: bool,
    pub(crate) enable: Doer,
    /// Product request and ping do not get through.
    pub(crate) handshake_filtered: bool,
    pub(crate) assumed: Protocols,
    pub(crate) legacy: bool,
    pub(crate) features: bool,
    /// `None`: as negotiated.
    pub(crate) charset: Option<Charset>,
    pub(crate) popup: bool,
    /// Parts carry a counter.
    pub(crate) numbered: bool,
    /// The driver's button confirms texts on clients without A604.
    pub(crate) okay: bool,
    pub(crate) ack_wait: Duration,
    pub(crate) receipt_wait: Duration,
    pub(crate) ping: Option<Duration>,
    pub(crate) gap: Duration,
    mtu: usize,
    /// The navigator's Unicode request cannot arrive.
    pub(crate) unicode_filtered: bool,
}

impl Switches {
    /// Reads the switches of a device; `None` if it has no navigator.
    pub(crate) fn of(options: &DeviceOptions) -> Option<Box<Self>> {
        if !wanted(options) {
            return None;
        }
        let number = |name| u64::try_from(options.int(name)).unwrap_or(0);
        let filtered = options.text("fmi_filtered");
        let link_ack = options.text("fmi_link_ack") == "server";
        Some(Box::new(Self {
            form: match options.text("fmi_framing") {
                "full" => Some(Form::Full),
                "stripped" => Some(Form::Stripped),
                _ => None,
            },
            link_ack,
            enable: match options.text("fmi_enable") {
                "carrier" => Doer::Carrier,
                "both" => Doer::Both,
                _ => Doer::Server,
            },
            handshake_filtered: filtered != "none",
            unicode_filtered: filtered == "handshake_unicode",
            assumed: Protocols::assumed(options.text("fmi_assume")),
            legacy: options.text("fmi_assume") == "legacy",
            features: options.flag("fmi_features"),
            charset: match options.text("fmi_charset") {
                "utf8" => Some(Charset::Utf8),
                "ascii" => Some(Charset::Ascii),
                _ => None,
            },
            popup: options.flag("fmi_popup"),
            numbered: options.flag("fmi_numbered"),
            // Without link acknowledgements nothing but the driver's button can confirm such a text.
            okay: options.text("fmi_a602_receipt") == "okay" || !link_ack,
            ack_wait: Duration::from_secs(number("fmi_ack_wait")),
            receipt_wait: Duration::from_secs(number("fmi_receipt_wait")),
            ping: Some(Duration::from_secs(number("fmi_ping"))).filter(|wait| !wait.is_zero()),
            gap: Duration::from_millis(number("fmi_gap_ms")),
            mtu: usize::try_from(number("fmi_mtu")).unwrap_or(MAX_FRAME),
        }))
    }

    /// Longest text in one packet.
    pub(crate) fn max_text(&self) -> usize {
        MAX_TEXT.min(self.mtu.saturating_sub(OVERHEAD))
    }

    /// Longest text in segments; 0 if a segment, which has a fixed length, does not fit the carrier's messages.
    pub(crate) fn max_long_text(&self) -> usize {
        if self.mtu >= SEGMENT + OVERHEAD { MAX_LONG_TEXT } else { 0 }
    }
}

/// Whether the device with these options has a navigator.
pub(crate) fn wanted(options: &DeviceOptions) -> bool {
    options.flag("fmi")
}

/// How a text is cut for the navigator of a device.
///
/// # Errors
/// As for [`text::plan`].
pub(crate) fn plan(text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
    let number = |name| usize::try_from(options.int(name)).unwrap_or(0);
    let mut max_bytes = number("fmi_max_text");
    if number("fmi_mtu") < SEGMENT + OVERHEAD {
        max_bytes = max_bytes.min(number("fmi_mtu").saturating_sub(OVERHEAD)).min(MAX_TEXT);
    }
    let charset = match options.text("fmi_charset") {
        "ascii" => Charset::Ascii,
        // Whether a navigator shows Unicode is known only when it is there; nearly all do.
        _ => Charset::Utf8,
    };
    text::plan(text, PartRules { charset, max_bytes, numbered: options.flag("fmi_numbered") })
}

/// Application protocols that a client supports: A600 to A631, one bit each (section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Protocols(u32);

impl Protocols {
    const FIRST: u16 = 600;

    /// As an option says.
    fn assumed(word: &str) -> Self {
        let numbers: &[u16] = match word {
            "legacy" => &[],
            "a602" => &[602],
            "a603" => &[602, 603],
            "a607" => &[602, 603, 604, 605, 607],
            "a611" => &[602, 603, 604, 605, 607, 611],
            _ => &[602, 603, 604],
        };
        numbers.iter().fold(Self::default(), |all, &number| all.with(number))
    }

    /// As the client announced them; the D numbers behind each do not matter to us.
    pub(crate) fn announced(list: &[(u8, u16)]) -> Self {
        let numbers = list.iter().filter(|(tag, _)| *tag == b'A');
        numbers.fold(Self::default(), |all, &(_, number)| all.with(number))
    }

    const fn bit(number: u16) -> u32 {
        match number.checked_sub(Self::FIRST) {
            Some(place @ 0..32) => 1 << place,
            _ => 0,
        }
    }

    const fn with(self, number: u16) -> Self {
        Self(self.0 | Self::bit(number))
    }

    /// Whether A`number` is supported.
    pub(crate) const fn has(self, number: u16) -> bool {
        self.0 & Self::bit(number) != 0
    }

    /// Like `A602 A604`.
    pub(crate) fn list(self) -> String {
        let numbers = (Self::FIRST..Self::FIRST + 32).filter(|&number| self.has(number));
        numbers.map(|number| format!("A{number}")).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_read_as_documented() {
        let defaults = DeviceOptions::defaults(OPTIONS);
        assert!(Switches::of(&defaults).is_none());
        let pairs = [("fmi", "true"), ("fmi_link_ack", "carrier"), ("fmi_mtu", "128")];
        let switches = Switches::of(&DeviceOptions::parse(OPTIONS, pairs).unwrap()).unwrap();
        assert!(!switches.link_ack && switches.okay, "nothing else could confirm");
        assert_eq!((switches.max_text(), switches.max_long_text()), (64, 0));
        assert_eq!(switches.assumed.list(), "A602 A603 A604");
        assert_eq!((switches.form, switches.charset), (None, None));
        for spec in OPTIONS {
            assert_eq!(spec.kind.check(spec.default), Ok(()), "{}", spec.name);
        }
    }

    #[test]
    fn parts_fit_what_the_carrier_takes() {
        let longest = |pairs: &[(&str, &str)]| {
            let options = DeviceOptions::parse(OPTIONS, pairs.iter().copied()).unwrap();
            let text = "x".repeat(5000);
            let plan = plan(&text, &options).unwrap();
            (0..plan.parts()).map(|part| plan.part(&text, part).len()).max().unwrap()
        };
        assert_eq!(longest(&[]), 199 - "(10/26) ".len());
        assert_eq!(longest(&[("fmi_max_text", "1999"), ("fmi_numbered", "false")]), 1999);
        assert_eq!(
            longest(&[("fmi_max_text", "1999"), ("fmi_mtu", "200"), ("fmi_numbered", "false")]),
            136
        );
    }
}
