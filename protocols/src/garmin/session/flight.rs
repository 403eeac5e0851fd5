//! The text in flight as data: what goes out for it, under which ids, and how far it is.

use std::time::Duration;

use crc::{CRC_32_ISO_HDLC, Crc, Table};

use crate::effect::DeliveryToken;
use crate::garmin::message::{Message, TextId, id, link as packet};
use crate::garmin::options::SEGMENT;
use crate::session::Content;

/// What every id of ours begins with: other servers left texts on the navigator too.
const MARK: [u8; 2] = *b"CW";
static CHECK: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// The text on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) token: DeliveryToken,
    pub(super) serial: u32,
    pub(super) content: Content,
    pub(super) style: Style,
    /// What goes out as texts of their own, in this order.
    pub(super) pieces: Vec<Piece>,
    pub(super) at: usize,
    /// Canned responses that go with the last piece.
    pub(super) responses: Vec<(u32, Vec<u8>)>,
    pub(super) time: u32,
    pub(super) step: Step,
    /// Silences so far.
    pub(super) rounds: u8,
    /// Something has been begun anew because of an error.
    pub(super) restarted: bool,
    /// It may be on the navigator already.
    pub(super) repeat: bool,
    /// When the navigator's answer is overdue.
    pub(super) deadline: Option<Duration>,
}

/// What goes out as one text.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) id: TextId,
    pub(super) bytes: Vec<u8>,
}

/// How texts go to this navigator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Packet 0x88.
    Legacy,
    /// 0x0021, without id and receipt.
    Simple,
    /// 0x0022 or 0x0023, confirmed by the driver's button.
    Button(u16),
    /// 0x002A and 0x0055.
    Open,
}

/// What is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The status of the text, to know whether it is there.
    Probe(Why),
    /// The receipt of the canned response in this place.
    Response(usize),
    /// The receipt of the list of responses.
    Offer,
    /// The receipt of the text.
    Text,
    /// The receipt of this segment of a long text.
    Segment(u8),
}

/// Why the status is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It was sent before, or no answer came: if it is not there, it is sent.
    Doubt,
    /// The list of responses is there already: if the text is not, only that is missing.
    Offered,
    /// It was refused with this code, perhaps because it is there.
    Refused(u16),
}

/// A text that is not on its way any more.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) id: TextId,
    pub(super) token: DeliveryToken,
    pub(super) serial: u32,
    pub(super) confirmed: bool,
}

/// A question that may still be answered.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) id: TextId,
    /// Canned responses: number and text.
    pub(super) answers: Vec<(u32, String)>,
}

impl Flight {
    /// Id of the piece under way.
    pub(super) fn id(&self) -> Option<TextId> {
        self.pieces.get(self.at).map(|piece| piece.id)
    }

    pub(super) fn is_last(&self) -> bool {
        self.at + 1 >= self.pieces.len()
    }

    /// The first thing that goes out for the piece under way.
    pub(super) fn first_step(&self) -> Step {
        if self.is_last() && !self.responses.is_empty() { Step::Response(0) } else { self.text() }
    }

    /// The text itself.
    pub(super) fn text(&self) -> Step {
        let length = self.pieces.get(self.at).map_or(0, |piece| piece.bytes.len());
        if self.style == Style::Open && length >= SEGMENT { Step::Segment(0) } else { Step::Text }
    }

    /// Whether the navigator can be asked about it.
    pub(super) fn has_status(&self) -> bool {
        self.style == Style::Open
    }

    /// Whether canned response `number` is the one in this place.
    pub(super) fn sets(&self, place: usize, number: u32) -> bool {
        self.responses.get(place).is_some_and(|(ours, _)| *ours == number)
    }

    /// If this is a text with a button: whether its answer says more than that it was read.
    pub(super) fn button(&self, id: TextId) -> Option<bool> {
        let ours = self.id() == Some(id) && matches!(self.style, Style::Button(_));
        ours.then_some(matches!(self.content, Content::Question { .. }))
    }

    pub(super) fn is_simple(&self) -> bool {
        matches!(self.style, Style::Simple | Style::Legacy)
    }
}

/// Id of a text: who, which serial, and a check over the words, so that what another database numbered alike is not mistaken
/// for it.
pub(super) fn text_id(serial: u32, piece: u16, words: &str) -> TextId {
    let mut check = CHECK.digest();
    check.update(&piece.to_be_bytes());
    check.update(words.as_bytes());
    let mut id = [0; 10];
    let parts = MARK.into_iter().chain(serial.to_be_bytes()).chain(check.finalize().to_be_bytes());
    id.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    TextId::new(&id)
}

/// The serial in an id of ours.
pub(super) fn serial_of(id: &TextId) -> Option<u32> {
    let [m0, m1, s0, s1, s2, s3, _, _, _, _] = *id.significant() else { return None };
    ([m0, m1] == MARK).then(|| u32::from_be_bytes([s0, s1, s2, s3]))
}

/// Number of a canned response: the same words have the same number, so that the navigator need not be told twice; its last
/// byte is the answer's id, which is all that is known of it after a restart.
pub(super) fn response_number(answer: u8, words: &[u8]) -> u32 {
    CHECK.checksum(words) & 0xffff_ff00 | u32::from(answer)
}

/// Packet id and payload of the step under way.
pub(super) fn payload(flight: &Flight, popup: bool) -> (u8, Vec<u8>) {
    let (id, bytes) = match flight.pieces.get(flight.at) {
        Some(piece) => (piece.id, piece.bytes.as_slice()),
        None => (TextId::default(), &[][..]),
    };
    let (time, popup) = (flight.time, u8::from(popup));
    let message = match (flight.step, flight.style) {
        (Step::Probe(_), _) => Message::About { kind: id::STATUS_REQUEST, id },
        (Step::Response(place), _) => {
            let (number, text) = flight
                .responses
                .get(place)
                .map_or((0, &[][..]), |(number, text)| (*number, text.as_slice()));
            Message::SetItem { kind: id::SET_RESPONSE, number, text }
        }
        (Step::Offer, _) => {
            let responses = flight.responses.iter().map(|(number, _)| *number).collect();
            Message::Choices { id, responses }
        }
        (Step::Segment(number), _) => {
            // All segments but the last are full; the last ends with the only NUL, which may be all there is to it.
            let from = usize::from(number) * SEGMENT;
            let rest = bytes.get(from..).unwrap_or_default();
            let (segment, last) = match rest.get(..SEGMENT) {
                Some(full) => (full.to_vec(), false),
                None => ([rest, &[0]].concat(), true),
            };
            let segment = &segment;
            let long = Message::LongText { time, popup, last, number, id, segment };
            return (packet::FLEET, long.encode());
        }
        (Step::Text, Style::Open) => Message::Text { time, popup, id, text: bytes },
        (Step::Text, Style::Button(kind)) => Message::ButtonText { kind, time, id, text: bytes },
        (Step::Text, Style::Simple) => Message::SimpleText { time, text: bytes },
        (Step::Text, Style::Legacy) => return (packet::LEGACY_TEXT, [bytes, &[0]].concat()),
    };
    (packet::FLEET, message.encode())
}
