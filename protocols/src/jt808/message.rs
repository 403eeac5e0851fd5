//! The messages as types: what is on the wire, borrowed from the frame, uninterpreted. Texts are bytes (their charset is the
//! device's), times are six bytes (their zone is the device's).

use super::header::{Edition, Style};

/// What a body cannot be decoded without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context {
    /// Form of the header that the body stood behind.
    pub(crate) style: Style,
    /// Edition of the sender's bodies as far as known.
    pub(crate) edition: Edition,
}

/// A decoded message body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// Messages whose body is empty (section 10.3); what stands there all the same is kept.
    Bare { id: u16, rest: &'a [u8] },
    /// 0x0001, 0x8001: general answer.
    Answer { id: u16, answer: Answer },
    /// 0x8003, 0x0005: wants fragments again.
    FragmentRequest { id: u16, request: FragmentRequest },
    /// 0x8004, 0x8005, 0x8109: time.
    Time(TimeAnswer),
    /// 0x0100.
    Registration(Registration<'a>),
    /// 0x8100.
    RegistrationAnswer(RegistrationAnswer<'a>),
    /// 0x0102.
    Authentication(Authentication<'a>),
    /// 0x0104.
    Parameters { serial: u16, list: ParameterList<'a> },
    /// 0x8103.
    SetParameters(ParameterList<'a>),
    /// 0x8106.
    QueryParameters(Vec<u32>),
    /// 0x0107.
    Properties(Properties<'a>),
    /// 0x0108: result of an upgrade.
    Upgrade { kind: u8, result: u8 },
    /// 0x0200.
    Location(Location<'a>),
    /// 0x0201, 0x0500: a location that answers us; without a serial in 2011.
    LocationAnswer { id: u16, serial: Option<u16>, location: Location<'a> },
    /// 0x0704.
    Batch(Batch<'a>),
    /// 0x8202: temporary tracking; without validity it ends.
    Tracking { interval: u16, validity: Option<u32> },
    /// 0x8203: confirms alarms by hand.
    ConfirmAlarms { serial: u16, alarms: u32 },
    /// 0x8105.
    Control { command: u8, arguments: &'a [u8] },
    /// 0x8300.
    Text(TextIssue<'a>),
    /// 0x8301, 0x8303: events and menus.
    Choices { id: u16, list: Choices<'a> },
    /// 0x0301.
    Event { event: u8 },
    /// 0x8302.
    Question(Question<'a>),
    /// 0x0302.
    Answered { serial: u16, answer: u8 },
    /// 0x0303.
    MenuChoice { kind: u8, subscribe: u8 },
    /// 0x8304.
    Information { kind: u8, total: Option<u16>, text: &'a [u8] },
    /// 0x0900, 0x8900; with the total length in 2011.
    Transparent { id: u16, kind: u8, total: Option<u32>, data: &'a [u8] },
    /// 0x0701 (electronic waybill), 0x0901 (compressed): length as sent and content.
    Sized { id: u16, length: u32, content: &'a [u8] },
    /// 0x0702.
    Driver(Driver<'a>),
    /// 0x0800.
    Media(MediaEvent),
    /// 0x0801: what follows the event is a location and the data.
    MediaData { media: MediaEvent, rest: &'a [u8] },
    /// 0x8800: with indexes, those fragments are wanted again.
    MediaAnswer { media: u32, again: Option<Vec<u16>> },
    /// 0x6006: text report, a vendor's.
    TextReport { encoding: u8, text: &'a [u8] },
    /// 0x1300: answer to a text, a vendor's; UTF-16.
    TextAnswer { serial: u16, text: &'a [u8] },
    /// 0x0A00, 0x8A00: RSA key.
    RsaKey { id: u16, exponent: u32, modulus: &'a [u8] },
    /// Any other.
    Other { id: u16, body: &'a [u8] },
}

/// General answer (section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Serial of the message answered.
    pub(crate) serial: u16,
    /// Its id.
    pub(crate) id: u16,
    /// 0 ok, 1 failed, 2 message wrong, 3 not supported, 4 alarm handled.
    pub(crate) result: u8,
}

/// Section 10.5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FragmentRequest {
    /// Serial of fragment 1.
    pub(crate) first: u16,
    /// The count is a word (2019).
    pub(crate) wide: bool,
    /// Fragments wanted.
    pub(crate) indexes: Vec<u16>,
}

/// Section 10.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeAnswer {
    /// 0x8004: BCD.
    Bcd([u8; 6]),
    /// 0x8005: seconds since 1970.
    Epoch(u32),
    /// 0x8109: year, then month, day, hour, minute, second; some want a result behind.
    Calendar { year: u16, rest: [u8; 5], result: Option<u8> },
}

/// Section 10.1. Fixed fields as sent, padding included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration<'a> {
    /// Which layout the body had.
    pub(crate) edition: Edition,
    /// GB/T 2260, first two digits.
    pub(crate) province: u16,
    /// GB/T 2260, last four digits.
    pub(crate) city: u16,
    /// 5 bytes (2019: 11).
    pub(crate) manufacturer: &'a [u8],
    /// 8, 20 or 30 bytes.
    pub(crate) model: &'a [u8],
    /// 7 bytes (2019: 30).
    pub(crate) terminal_id: &'a [u8],
    /// Plate colour; 0: none.
    pub(crate) colour: u8,
    /// Plate, or the VIN if there is no colour.
    pub(crate) plate: &'a [u8],
}

/// Section 10.1, second table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegistrationAnswer<'a> {
    /// Serial of the registration.
    pub(crate) serial: u16,
    /// 0: accepted.
    pub(crate) result: u8,
    /// Authentication code, only with result 0.
    pub(crate) code: &'a [u8],
}

/// Section 10.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authentication<'a> {
    /// The code, trailing NULs included.
    pub(crate) code: &'a [u8],
    /// 2019: 15 bytes of IMEI and 20 of software.
    pub(crate) device: Option<(&'a [u8], &'a [u8])>,
}

/// Section 13.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParameterList<'a> {
    /// Count as sent; the walk does not depend on it.
    pub(crate) count: u8,
    /// 2011: count in this packet.
    pub(crate) in_packet: Option<u8>,
    /// Id and value.
    pub(crate) items: Vec<(u32, &'a [u8])>,
}

/// Section 13.5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Properties<'a> {
    /// Type bits.
    pub(crate) kind: u16,
    /// 5 or 11 bytes.
    pub(crate) manufacturer: &'a [u8],
    /// 20 or 30 bytes.
    pub(crate) model: &'a [u8],
    /// 7 or 30 bytes.
    pub(crate) terminal_id: &'a [u8],
    /// 10 bytes of BCD.
    pub(crate) iccid: &'a [u8],
    /// Hardware version.
    pub(crate) hardware: &'a [u8],
    /// Firmware version.
    pub(crate) firmware: &'a [u8],
    /// GNSS bits.
    pub(crate) gnss: u8,
    /// Radio bits.
    pub(crate) radio: u8,
}

/// Section 11.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Location<'a> {
    /// Alarm bits.
    pub(crate) alarm: u32,
    /// Status bits.
    pub(crate) status: u32,
    /// 10⁻⁶ degree, sign in the status.
    pub(crate) latitude: u32,
    /// 10⁻⁶ degree, sign in the status.
    pub(crate) longitude: u32,
    /// Metres; above 60 000 negative.
    pub(crate) altitude: u16,
    /// 0.1 km/h.
    pub(crate) speed: u16,
    /// Degrees.
    pub(crate) direction: u16,
    /// BCD in the device's zone.
    pub(crate) time: [u8; 6],
    /// Additional items, a broken end included.
    pub(crate) items: &'a [u8],
}

/// Section 11.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch<'a> {
    /// Count as sent; the walk does not depend on it.
    pub(crate) count: u16,
    /// 1: made up after an outage.
    pub(crate) kind: u8,
    /// Lengths and location bodies.
    pub(crate) items: &'a [u8],
}

/// Section 12.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextIssue<'a> {
    /// What to do with it.
    pub(crate) flag: u8,
    /// 2019: 1 notice, 2 service.
    pub(crate) kind: Option<u8>,
    /// The text, a final NUL included.
    pub(crate) text: &'a [u8],
}

/// Sections 12.2 and 12.4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choices<'a> {
    /// 0 delete all (nothing follows), 1 replace, 2 add, 3 change, 4 delete these.
    pub(crate) action: u8,
    /// 2011: count in this packet.
    pub(crate) in_packet: Option<u8>,
    /// Id and text.
    pub(crate) items: Vec<(u8, &'a [u8])>,
}

/// Section 12.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question<'a> {
    /// What to do with it.
    pub(crate) flag: u8,
    /// The question.
    pub(crate) text: &'a [u8],
    /// Id and text of the answers.
    pub(crate) answers: Vec<(u8, &'a [u8])>,
}

/// Section 13.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Driver<'a> {
    /// 2013 and 2019, as much as is there.
    Card {
        /// 1 on duty, 2 off.
        status: u8,
        /// When; BCD, but binary occurs.
        time: [u8; 6],
        /// Outcome of reading the card.
        read: Option<u8>,
        /// Its content.
        card: Option<Card<'a>>,
    },
    /// 2011: no status.
    Identity { name: &'a [u8], id_number: &'a [u8], licence: &'a [u8], agency: &'a [u8] },
}

/// Content of a driver's card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card<'a> {
    /// Name.
    pub(crate) name: &'a [u8],
    /// 20 bytes, padded.
    pub(crate) licence: &'a [u8],
    /// Issued by.
    pub(crate) agency: &'a [u8],
    /// YYYYMMDD; BCD, but binary occurs.
    pub(crate) valid_until: [u8; 4],
    /// 2019: 20 bytes, padded.
    pub(crate) id_number: Option<&'a [u8]>,
}

/// Section 13.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MediaEvent {
    /// Media id.
    pub(crate) id: u32,
    /// 0 picture, 1 sound, 2 video.
    pub(crate) kind: u8,
    /// File format.
    pub(crate) format: u8,
    /// What caused it.
    pub(crate) event: u8,
    /// Camera.
    pub(crate) channel: u8,
}

/// Message ids that the code names.
pub(crate) mod id {
    pub(crate) const TERMINAL_ANSWER: u16 = 0x0001;
    pub(crate) const HEARTBEAT: u16 = 0x0002;
    pub(crate) const LOGOUT: u16 = 0x0003;
    pub(crate) const TIME_QUERY: u16 = 0x0004;
    pub(crate) const FRAGMENTS_WANTED: u16 = 0x0005;
    pub(crate) const REGISTRATION: u16 = 0x0100;
    pub(crate) const AUTHENTICATION: u16 = 0x0102;
    pub(crate) const PARAMETERS: u16 = 0x0104;
    pub(crate) const TIME_QUERY_EPOCH: u16 = 0x0105;
    pub(crate) const PROPERTIES: u16 = 0x0107;
    pub(crate) const UPGRADE_RESULT: u16 = 0x0108;
    pub(crate) const TIME_QUERY_CALENDAR: u16 = 0x0109;
    pub(crate) const LOCATION: u16 = 0x0200;
    pub(crate) const LOCATION_ANSWER: u16 = 0x0201;
    pub(crate) const EVENT_REPORT: u16 = 0x0301;
    pub(crate) const QUESTION_ANSWER: u16 = 0x0302;
    pub(crate) const MENU_CHOICE: u16 = 0x0303;
    pub(crate) const CONTROL_ANSWER: u16 = 0x0500;
    pub(crate) const HEARTBEAT_VARIANT: u16 = 0x0506;
    pub(crate) const WAYBILL: u16 = 0x0701;
    pub(crate) const DRIVER: u16 = 0x0702;
    pub(crate) const BATCH: u16 = 0x0704;
    pub(crate) const MEDIA_EVENT: u16 = 0x0800;
    pub(crate) const MEDIA_DATA: u16 = 0x0801;
    pub(crate) const TRANSPARENT_UP: u16 = 0x0900;
    pub(crate) const COMPRESSED: u16 = 0x0901;
    pub(crate) const RSA_KEY_UP: u16 = 0x0a00;
    pub(crate) const TEXT_ANSWER: u16 = 0x1300;
    pub(crate) const TEXT_REPORT: u16 = 0x6006;
    pub(crate) const PLATFORM_ANSWER: u16 = 0x8001;
    pub(crate) const RESEND_FRAGMENTS: u16 = 0x8003;
    pub(crate) const TIME: u16 = 0x8004;
    pub(crate) const TIME_EPOCH: u16 = 0x8005;
    pub(crate) const REGISTRATION_ANSWER: u16 = 0x8100;
    pub(crate) const SET_PARAMETERS: u16 = 0x8103;
    pub(crate) const QUERY_ALL_PARAMETERS: u16 = 0x8104;
    pub(crate) const CONTROL: u16 = 0x8105;
    pub(crate) const QUERY_PARAMETERS: u16 = 0x8106;
    pub(crate) const QUERY_PROPERTIES: u16 = 0x8107;
    pub(crate) const TIME_CALENDAR: u16 = 0x8109;
    pub(crate) const QUERY_LOCATION: u16 = 0x8201;
    pub(crate) const TRACKING: u16 = 0x8202;
    pub(crate) const CONFIRM_ALARMS: u16 = 0x8203;
    pub(crate) const LINK_CHECK: u16 = 0x8204;
    pub(crate) const TEXT: u16 = 0x8300;
    pub(crate) const EVENTS: u16 = 0x8301;
    pub(crate) const QUESTION: u16 = 0x8302;
    pub(crate) const MENU: u16 = 0x8303;
    pub(crate) const INFORMATION: u16 = 0x8304;
    pub(crate) const QUERY_DRIVER: u16 = 0x8702;
    pub(crate) const MEDIA_ANSWER: u16 = 0x8800;
    pub(crate) const TRANSPARENT_DOWN: u16 = 0x8900;
    pub(crate) const RSA_KEY_DOWN: u16 = 0x8a00;
    /// Compact positions of a related protocol with a 1-byte serial (section 14.3).
    pub(crate) const RELATIVES: [u16; 2] = [0x5501, 0x5502];
}

/// Name and id of a message, for errors and explanations.
pub(crate) const fn name(id: u16) -> &'static str {
    match id {
        0x0001 => "terminal's general answer 0x0001",
        0x0002 => "heartbeat 0x0002",
        0x0003 => "logout 0x0003",
        0x0004 => "time query 0x0004",
        0x0005 => "fragments wanted 0x0005",
        0x0100 => "registration 0x0100",
        0x0102 => "authentication 0x0102",
        0x0104 => "parameters 0x0104",
        0x0105 => "time query 0x0105",
        0x0107 => "properties 0x0107",
        0x0108 => "upgrade result 0x0108",
        0x0109 => "time query 0x0109",
        0x0200 => "location 0x0200",
        0x0201 => "location answer 0x0201",
        0x0301 => "event report 0x0301",
        0x0302 => "question answer 0x0302",
        0x0303 => "menu choice 0x0303",
        0x0500 => "vehicle control answer 0x0500",
        0x0506 => "heartbeat variant 0x0506",
        0x0700 => "recorder data 0x0700",
        0x0701 => "electronic waybill 0x0701",
        0x0702 => "driver identity 0x0702",
        0x0704 => "location batch 0x0704",
        0x0705 => "CAN data 0x0705",
        0x0800 => "multimedia event 0x0800",
        0x0801 => "multimedia data 0x0801",
        0x0802 => "stored multimedia list 0x0802",
        0x0805 => "camera shot answer 0x0805",
        0x0900 => "transparent uplink 0x0900",
        0x0901 => "compressed uplink 0x0901",
        0x0a00 => "terminal RSA key 0x0A00",
        0x1300 => "text answer 0x1300",
        0x5501 => "compact position 0x5501 of a related protocol",
        0x5502 => "compact position 0x5502 of a related protocol",
        0x6006 => "text report 0x6006",
        0x8001 => "platform's general answer 0x8001",
        0x8003 => "fragments wanted 0x8003",
        0x8004 => "time 0x8004",
        0x8005 => "time 0x8005",
        0x8100 => "registration answer 0x8100",
        0x8103 => "set parameters 0x8103",
        0x8104 => "query all parameters 0x8104",
        0x8105 => "terminal control 0x8105",
        0x8106 => "query parameters 0x8106",
        0x8107 => "query properties 0x8107",
        0x8109 => "time 0x8109",
        0x8201 => "location query 0x8201",
        0x8202 => "temporary tracking 0x8202",
        0x8203 => "alarm confirmation 0x8203",
        0x8204 => "link check 0x8204",
        0x8300 => "text 0x8300",
        0x8301 => "event list 0x8301",
        0x8302 => "question 0x8302",
        0x8303 => "information menu 0x8303",
        0x8304 => "information 0x8304",
        0x8702 => "driver query 0x8702",
        0x8800 => "multimedia answer 0x8800",
        0x8900 => "transparent downlink 0x8900",
        0x8a00 => "platform RSA key 0x8A00",
        _ => "other message",
    }
}

/// A fixed field without its padding: NUL and space are trimmed on both sides (section 10.1).
pub(crate) fn trimmed(field: &[u8]) -> &[u8] {
    let padding = |byte: &u8| matches!(byte, 0 | b' ');
    let start = field.iter().position(|byte| !padding(byte)).unwrap_or(field.len());
    let end = field.iter().rposition(|byte| !padding(byte)).map_or(start, |last| last + 1);
    field.get(start..end).unwrap_or_default()
}

/// A string up to its end or first NUL.
pub(crate) fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}
