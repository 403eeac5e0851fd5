//! The packets as types: what is on the wire, borrowed from it, uninterpreted. Texts are bytes up to their NUL (their charset is
//! negotiated), times are seconds (section 2.1).

use jiff::Timestamp;

/// Seconds between 1970 and Garmin's 1989-12-31 00:00:00 UTC.
const EPOCH: i64 = 631_065_600;
/// "No fix" in both coordinates of a driver's text.
pub(crate) const NO_FIX: i32 = i32::MIN;

/// Packet ids of the serial link (section 1).
pub(crate) mod link {
    pub(crate) const ACK: u8 = 0x06;
    pub(crate) const COMMAND: u8 = 0x0a;
    pub(crate) const NAK: u8 = 0x15;
    pub(crate) const POSITION: u8 = 0x33;
    pub(crate) const LEGACY_TEXT: u8 = 0x88;
    pub(crate) const FLEET: u8 = 0xa1;
    /// Command 50: no position packets.
    pub(crate) const POSITIONS_OFF: u16 = 50;
}

/// Ids of fleet management packets (section 2).
pub(crate) mod id {
    pub(crate) const ENABLE: u16 = 0x0000;
    pub(crate) const PRODUCT_REQUEST: u16 = 0x0001;
    pub(crate) const PRODUCT: u16 = 0x0002;
    pub(crate) const PROTOCOLS: u16 = 0x0003;
    pub(crate) const UNICODE_REQUEST: u16 = 0x0004;
    pub(crate) const UNICODE_RESPONSE: u16 = 0x0005;
    pub(crate) const ANSWER: u16 = 0x0020;
    pub(crate) const SIMPLE_TEXT: u16 = 0x0021;
    pub(crate) const OKAY_TEXT: u16 = 0x0022;
    pub(crate) const YES_NO_TEXT: u16 = 0x0023;
    pub(crate) const SHORT_DRIVER_TEXT: u16 = 0x0024;
    pub(crate) const DRIVER_TEXT_RECEIPT: u16 = 0x0025;
    pub(crate) const DRIVER_TEXT: u16 = 0x0026;
    pub(crate) const CHOICES: u16 = 0x0028;
    pub(crate) const CHOICES_RECEIPT: u16 = 0x0029;
    pub(crate) const TEXT: u16 = 0x002a;
    pub(crate) const TEXT_RECEIPT: u16 = 0x002b;
    pub(crate) const ANSWER_RECEIPT: u16 = 0x002c;
    pub(crate) const DELETE_TEXT: u16 = 0x002d;
    pub(crate) const TEXT_DELETED: u16 = 0x002e;
    pub(crate) const SET_RESPONSE: u16 = 0x0030;
    pub(crate) const DELETE_RESPONSE: u16 = 0x0031;
    pub(crate) const RESPONSE_SET: u16 = 0x0032;
    pub(crate) const RESPONSE_DELETED: u16 = 0x0033;
    pub(crate) const RESPONSES_WANTED: u16 = 0x0034;
    pub(crate) const STATUS_REQUEST: u16 = 0x0040;
    pub(crate) const STATUS: u16 = 0x0041;
    pub(crate) const SET_QUICK: u16 = 0x0050;
    pub(crate) const QUICK_SET: u16 = 0x0051;
    pub(crate) const DELETE_QUICK: u16 = 0x0052;
    pub(crate) const QUICK_DELETED: u16 = 0x0053;
    pub(crate) const QUICK_WANTED: u16 = 0x0054;
    pub(crate) const LONG_TEXT: u16 = 0x0055;
    pub(crate) const LONG_TEXT_RECEIPT: u16 = 0x0056;
    pub(crate) const DELETE_DATA: u16 = 0x0230;
    pub(crate) const SET_LABEL: u16 = 0x0240;
    pub(crate) const LABEL_SET: u16 = 0x0241;
    pub(crate) const THROTTLE: u16 = 0x0250;
    pub(crate) const THROTTLED: u16 = 0x0251;
    pub(crate) const THROTTLE_QUERY: u16 = 0x0252;
    pub(crate) const THROTTLES: u16 = 0x0253;
    pub(crate) const PING: u16 = 0x0260;
    pub(crate) const PONG: u16 = 0x0261;
    pub(crate) const SET_STATUS: u16 = 0x0800;
    pub(crate) const DELETE_STATUS: u16 = 0x0801;
    pub(crate) const STATUS_SET: u16 = 0x0802;
    pub(crate) const STATUS_DELETED: u16 = 0x0803;
    pub(crate) const STATUSES_WANTED: u16 = 0x0804;
    pub(crate) const DRIVER_A604: u16 = 0x0811;
    pub(crate) const DRIVER_RECEIPT: u16 = 0x0812;
    pub(crate) const DRIVER_A607: u16 = 0x0813;
    pub(crate) const DRIVER_STATUS_A604: u16 = 0x0821;
    pub(crate) const DRIVER_STATUS_RECEIPT: u16 = 0x0822;
    pub(crate) const DRIVER_STATUS_A607: u16 = 0x0823;
    pub(crate) const REBOOT: u16 = 0x1010;
}

/// Id of a text: up to 16 bytes of any content, of which only the first `size` count; none of them: no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TextId {
    pub(crate) size: u8,
    pub(crate) bytes: [u8; 16],
}

impl TextId {
    /// Of the significant bytes, of which at most 16 are taken.
    pub(crate) fn new(significant: &[u8]) -> Self {
        let mut id = Self::default();
        for (to, from) in id.bytes.iter_mut().zip(significant) {
            *to = *from;
            id.size += 1;
        }
        id
    }

    pub(crate) fn significant(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.size)).unwrap_or(&self.bytes)
    }
}

/// A fleet management packet, either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// Packets without content.
    Bare { id: u16 },
    /// 0x0000: features; none of them is the form of A602.
    Enable { features: Vec<u16> },
    /// 0x0002: the software's version times 100.
    Product { product: u16, software: i16 },
    /// 0x0003: tags and numbers.
    Protocols(Vec<(u8, u16)>),
    /// 0x002A.
    Text { time: u32, popup: u8, id: TextId, text: &'a [u8] },
    /// 0x002B.
    TextReceipt { time: u32, ok: bool, id: TextId },
    /// 0x0055.
    LongText { time: u32, popup: u8, last: bool, number: u8, id: TextId, segment: &'a [u8] },
    /// 0x0056.
    LongTextReceipt { time: u32, result: u8, last: bool, number: u8, id: TextId },
    /// 0x0021.
    SimpleText { time: u32, text: &'a [u8] },
    /// 0x0022, 0x0023.
    ButtonText { kind: u16, time: u32, id: TextId, text: &'a [u8] },
    /// 0x0020: what the driver chose, and when.
    Answer { time: u32, id: TextId, choice: u32 },
    /// 0x002C, 0x002D, 0x0040: about the text with this id.
    About { kind: u16, id: TextId },
    /// 0x0029, 0x002E, 0x0041: the same with a code.
    Code { kind: u16, code: u8, id: TextId },
    /// 0x0028.
    Choices { id: TextId, responses: Vec<u32> },
    /// 0x0030, 0x0050, 0x0240, 0x0800: a text for a numbered place.
    SetItem { kind: u16, number: u32, text: &'a [u8] },
    /// 0x0025, 0x0031, 0x0052, 0x0230, 0x0801: a number.
    Number { kind: u16, number: u32 },
    /// 0x0032, 0x0033, 0x0051, 0x0053, 0x0241, 0x0802, 0x0803.
    ItemReceipt { kind: u16, number: u32, ok: bool },
    /// 0x0034: none of them means all.
    ResponsesWanted(Vec<u32>),
    /// 0x0024, 0x0026: the latter with a position in semicircles and the id of the text that it answers.
    DriverText { time: u32, number: u32, reply: Option<Reply>, text: &'a [u8] },
    /// 0x0250, 0x0251.
    Throttle { kind: u16, packet: u16, state: u16 },
    /// 0x0253.
    Throttles(Vec<(u16, u16)>),
    /// 0x0811, 0x0813: the latter with the driver's place and a password.
    Driver { change: u32, time: u32, place: Option<u8>, driver: &'a [u8], password: &'a [u8] },
    /// 0x0821, 0x0823.
    DriverStatus { change: u32, time: u32, status: u32, place: Option<u8> },
    /// 0x0812, 0x0822.
    DriverReceipt { kind: u16, change: u32, ok: bool, place: u8 },
    /// Any other.
    Other { id: u16, rest: &'a [u8] },
}

/// What 0x0026 has more than 0x0024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) latitude: i32,
    pub(crate) longitude: i32,
    pub(crate) id: TextId,
}

impl Reply {
    /// Degrees north and east, if there was a fix.
    pub(crate) fn degrees(&self) -> Option<(f64, f64)> {
        let degrees = |semicircles: i32| f64::from(semicircles) * (180.0 / 2_147_483_648.0);
        let fix = self.latitude != NO_FIX || self.longitude != NO_FIX;
        fix.then(|| (degrees(self.latitude), degrees(self.longitude)))
    }
}

/// Calendar time of Garmin's; `None` for the invalid one.
pub(crate) fn timestamp(time: u32) -> Option<Timestamp> {
    (time != u32::MAX).then_some(())?;
    Timestamp::from_second(EPOCH + i64::from(time)).ok()
}

/// Garmin's time of a moment; what lies outside of its range becomes the invalid one.
pub(crate) fn time_of(moment: Timestamp) -> u32 {
    u32::try_from(moment.as_second() - EPOCH).unwrap_or(u32::MAX)
}

/// Name and id of a fleet management packet.
pub(crate) const fn name(id: u16) -> &'static str {
    match id {
        id::ENABLE => "enable 0x0000",
        id::PRODUCT_REQUEST => "product request 0x0001",
        id::PRODUCT => "product id 0x0002",
        id::PROTOCOLS => "protocol support 0x0003",
        id::UNICODE_REQUEST => "Unicode request 0x0004",
        id::UNICODE_RESPONSE => "Unicode response 0x0005",
        id::ANSWER => "driver's answer 0x0020",
        id::SIMPLE_TEXT => "simple text 0x0021",
        id::OKAY_TEXT => "okay text 0x0022",
        id::YES_NO_TEXT => "yes/no text 0x0023",
        id::SHORT_DRIVER_TEXT => "driver's text 0x0024",
        id::DRIVER_TEXT_RECEIPT => "driver's text receipt 0x0025",
        id::DRIVER_TEXT => "driver's text 0x0026",
        id::CHOICES => "canned response list 0x0028",
        id::CHOICES_RECEIPT => "canned response list receipt 0x0029",
        id::TEXT => "text 0x002A",
        id::TEXT_RECEIPT => "text receipt 0x002B",
        id::ANSWER_RECEIPT => "answer receipt 0x002C",
        id::DELETE_TEXT => "delete text 0x002D",
        id::TEXT_DELETED => "text deleted 0x002E",
        id::SET_RESPONSE => "set canned response 0x0030",
        id::DELETE_RESPONSE => "delete canned response 0x0031",
        id::RESPONSE_SET => "canned response receipt 0x0032",
        id::RESPONSE_DELETED => "canned response deleted 0x0033",
        id::RESPONSES_WANTED => "canned responses wanted 0x0034",
        id::STATUS_REQUEST => "text status request 0x0040",
        id::STATUS => "text status 0x0041",
        id::SET_QUICK => "set quick message 0x0050",
        id::QUICK_SET => "quick message receipt 0x0051",
        id::DELETE_QUICK => "delete quick message 0x0052",
        id::QUICK_DELETED => "quick message deleted 0x0053",
        id::QUICK_WANTED => "quick messages wanted 0x0054",
        id::LONG_TEXT => "long text segment 0x0055",
        id::LONG_TEXT_RECEIPT => "long text receipt 0x0056",
        id::DELETE_DATA => "delete data 0x0230",
        id::SET_LABEL => "set label 0x0240",
        id::LABEL_SET => "label receipt 0x0241",
        id::THROTTLE => "throttle 0x0250",
        id::THROTTLED => "throttle answer 0x0251",
        id::THROTTLE_QUERY => "throttle query 0x0252",
        id::THROTTLES => "throttle list 0x0253",
        id::PING => "ping 0x0260",
        id::PONG => "ping answer 0x0261",
        id::SET_STATUS => "set driver status item 0x0800",
        id::DELETE_STATUS => "delete driver status item 0x0801",
        id::STATUS_SET => "driver status item receipt 0x0802",
        id::STATUS_DELETED => "driver status item deleted 0x0803",
        id::STATUSES_WANTED => "driver status list wanted 0x0804",
        id::DRIVER_A604 => "driver id 0x0811",
        id::DRIVER_RECEIPT => "driver id receipt 0x0812",
        id::DRIVER_A607 => "driver id 0x0813",
        id::DRIVER_STATUS_A604 => "driver status 0x0821",
        id::DRIVER_STATUS_RECEIPT => "driver status receipt 0x0822",
        id::DRIVER_STATUS_A607 => "driver status 0x0823",
        id::REBOOT => "reboot 0x1010",
        _ => "other fleet management packet",
    }
}

/// Name of a packet of the link.
pub(crate) const fn link_name(id: u8) -> &'static str {
    match id {
        link::ACK => "link acknowledgement 0x06",
        link::COMMAND => "command 0x0A",
        0x0e => "date and time 0x0E",
        link::NAK => "link refusal 0x15",
        0x26 => "unit id 0x26",
        link::POSITION => "position 0x33",
        0x87 => "legacy stop 0x87",
        link::LEGACY_TEXT => "legacy text 0x88",
        link::FLEET => "fleet management 0xA1",
        _ => "other packet",
    }
}
