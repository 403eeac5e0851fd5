//! A host without sockets for JT/T 808: bytes and time in, what comes of them out. Frames are built and read here by code of
//! their own, so that a mistake in the crate's cannot hide itself.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocols::{
    Admission, CloseReason, Content, Credentials, DeliveryStage, DeliveryToken, DeviceOptions,
    Downlink, Effect, Effects, Event, Frame, Framer, Lane, Limits, Now, Profile, Protocol, Receipt,
    SecretCheck, Session, registry,
};

/// Phone of the constructed frames.
pub(crate) const PHONE: &str = "013912345678";
/// Phone of a 2019 terminal.
pub(crate) const PHONE_2019: &str = "00000000013912345678";

/// What the session wanted done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Out {
    Sent(Vec<u8>),
    Asked(Credentials),
    Online(u16),
    Offline(u16),
    Refused(&'static str),
    Stored(u16, Vec<Event>),
    Delivery(Receipt, DeliveryStage),
    Closed(CloseReason),
    Error(String),
}

/// What the host knows.
#[derive(Clone)]
pub(crate) enum Host {
    Known { options: Arc<DeviceOptions>, secret: Option<&'static str> },
    Unknown,
    Blocked,
}

impl Host {
    pub(crate) fn known(options: &[(&str, &str)]) -> Self {
        let specs = jt808().info().options;
        let options = DeviceOptions::parse(specs, options.iter().copied()).unwrap();
        Self::Known { options: Arc::new(options), secret: None }
    }

    fn admit(&self, credentials: &Credentials) -> Admission {
        let (options, configured) = match self {
            Self::Known { options, secret } => (options, secret),
            Self::Unknown => return Admission::Unknown,
            Self::Blocked => return Admission::Blocked,
        };
        let secret = match (configured, credentials.secret.as_deref()) {
            (_, Some("G7Q2Z8")) => SecretCheck::Matches,
            (Some(right), Some(shown)) if shown == *right => SecretCheck::Matches,
            (Some(_), _) => SecretCheck::Differs,
            (None, Some(_)) => SecretCheck::NoneConfigured,
            (None, None) => SecretCheck::NoneNeeded,
        };
        Admission::Known(Profile {
            options: Arc::clone(options),
            secret,
            issued_code: "G7Q2Z8".to_owned(),
        })
    }
}

pub(crate) fn jt808() -> &'static dyn Protocol {
    registry::by_name("jt808").unwrap()
}

/// One connection.
pub(crate) struct Peer {
    framer: Box<dyn Framer>,
    pub(crate) session: Box<dyn Session>,
    buffer: Vec<u8>,
    pub(crate) clock: Duration,
    pub(crate) host: Host,
    /// Storing fails.
    pub(crate) broken_store: bool,
    closed: bool,
    out: Vec<Out>,
}

impl Peer {
    pub(crate) fn new(host: Host) -> Self {
        Self::with_limits(host, &Limits::default())
    }

    pub(crate) fn with_limits(host: Host, limits: &Limits) -> Self {
        Self {
            framer: jt808().framer(limits),
            session: jt808().session(limits),
            buffer: Vec::new(),
            clock: Duration::from_secs(1000),
            host,
            broken_store: false,
            closed: false,
            out: Vec::new(),
        }
    }

    /// A 2013 terminal that is online and may get texts.
    pub(crate) fn online(options: &[(&str, &str)]) -> Self {
        let mut peer = Self::new(Host::known(options));
        let login = peer.feed(&frame(0x0102, PHONE, 0, b"G7Q2Z8"));
        assert!(login.contains(&Out::Online(0)), "{login:?}");
        peer.wait(1);
        assert_eq!(peer.window(), 1);
        peer
    }

    pub(crate) fn now(&self) -> Now {
        let start: Timestamp = "2026-09-21T10:30:00Z".parse().unwrap();
        let elapsed = SignedDuration::try_from(self.clock - Duration::from_secs(1000)).unwrap();
        Now { monotonic: self.clock, wall: start + elapsed }
    }

    pub(crate) fn window(&self) -> usize {
        self.session.window(Lane(0))
    }

    /// Bytes from the device.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Out> {
        self.buffer.extend_from_slice(bytes);
        let (mut scratch, mut fx) = (Vec::new(), Effects::new());
        while !self.closed {
            let cut = self.framer.cut(&self.buffer, &mut scratch).unwrap();
            let (consumed, now) = (cut.consumed, self.now());
            let result = match cut.frame {
                Some(Frame::Valid(frame)) => self.session.handle_frame(frame, now, &mut fx),
                Some(Frame::Rejected { raw, reason }) => {
                    self.session.handle_rejected(raw, reason, now, &mut fx);
                    Ok(())
                }
                None => Ok(()),
            };
            self.carry_out(&mut fx);
            if let Err(error) = result {
                self.out.push(Out::Error(error.to_string()));
            }
            if consumed == 0 {
                break;
            }
            self.buffer.drain(..consumed);
        }
        std::mem::take(&mut self.out)
    }

    /// Lets seconds pass; timeouts are handled when they are due.
    pub(crate) fn wait(&mut self, seconds: u64) -> Vec<Out> {
        let end = self.clock + Duration::from_secs(seconds);
        let mut fx = Effects::new();
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end && !self.closed)
        {
            self.clock = self.clock.max(due);
            self.session.handle_timeout(self.now(), &mut fx);
            self.carry_out(&mut fx);
            let next = self.session.poll_timeout();
            assert!(
                self.closed || next.is_none_or(|next| next > due),
                "a timeout at {due:?} does not go away"
            );
        }
        self.clock = end;
        std::mem::take(&mut self.out)
    }

    /// A text from the host.
    pub(crate) fn text(&mut self, token: u64, serial: u32, text: &str) -> Vec<Out> {
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        self.downlink(token, serial, content)
    }

    pub(crate) fn downlink(&mut self, token: u64, serial: u32, content: Content) -> Vec<Out> {
        let downlink = Downlink { token: DeliveryToken(token), serial, repeat: false, content };
        let mut fx = Effects::new();
        self.session.handle_downlink(Lane(0), downlink, self.now(), &mut fx);
        self.carry_out(&mut fx);
        std::mem::take(&mut self.out)
    }

    fn carry_out(&mut self, fx: &mut Effects) {
        while !fx.is_empty() {
            for effect in fx.drain().collect::<Vec<_>>() {
                assert!(!self.closed, "after closing: {effect:?}");
                match effect {
                    Effect::Transmit(bytes) => self.out.push(Out::Sent(bytes.to_vec())),
                    Effect::Authenticate { lane, credentials } => {
                        let admission = self.host.admit(&credentials);
                        self.out.push(Out::Asked(credentials));
                        self.session.handle_admission(lane, admission, self.now(), fx);
                    }
                    Effect::Online { lane } => self.out.push(Out::Online(lane.0)),
                    Effect::Offline { lane } => self.out.push(Out::Offline(lane.0)),
                    Effect::Refuse { reason, .. } => self.out.push(Out::Refused(reason)),
                    Effect::Record { lane, events, ack, nack } => {
                        let answer = if self.broken_store { nack } else { ack };
                        if !self.broken_store {
                            self.out.push(Out::Stored(lane.0, events));
                        }
                        if !answer.is_empty() {
                            self.out.push(Out::Sent(answer.to_vec()));
                        }
                    }
                    Effect::Delivery { receipt, stage, .. } => {
                        self.out.push(Out::Delivery(receipt, stage))
                    }
                    Effect::Close(reason) => {
                        self.out.push(Out::Closed(reason));
                        self.closed = true;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A frame on the wire. A phone of 20 digits makes the header a 2019 one.
pub(crate) fn frame(id: u16, phone: &str, serial: u16, body: &[u8]) -> Vec<u8> {
    raw_frame(id, phone, serial, body, 0, &[])
}

/// A fragment on the wire.
pub(crate) fn fragment(
    id: u16,
    phone: &str,
    serial: u16,
    total: u16,
    index: u16,
    body: &[u8],
) -> Vec<u8> {
    raw_frame(id, phone, serial, body, 0x2000, &[total, index])
}

/// A frame with more bits in its properties, and words between header and body.
pub(crate) fn raw_frame(
    id: u16,
    phone: &str,
    serial: u16,
    body: &[u8],
    bits: u16,
    words: &[u16],
) -> Vec<u8> {
    let wide = phone.len() == 20;
    let properties = u16::try_from(body.len()).unwrap() | bits | if wide { 0x4000 } else { 0 };
    let mut plain = [id.to_be_bytes(), properties.to_be_bytes()].concat();
    if wide {
        plain.push(1);
    }
    plain.extend(bytes(phone));
    plain.extend(serial.to_be_bytes());
    plain.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    plain.extend(body);
    plain.push(plain.iter().fold(0, |sum, byte| sum ^ byte));
    escaped(&plain)
}

/// Unescaped header, body and checksum between delimiters.
pub(crate) fn escaped(plain: &[u8]) -> Vec<u8> {
    let mut wire = vec![0x7e];
    for byte in plain {
        match byte {
            0x7e => wire.extend([0x7d, 2]),
            0x7d => wire.extend([0x7d, 1]),
            byte => wire.push(*byte),
        }
    }
    wire.push(0x7e);
    wire
}

/// A frame of the platform, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Down {
    pub(crate) id: u16,
    pub(crate) properties: u16,
    /// Version byte and phone, or the phone alone.
    pub(crate) address: Vec<u8>,
    pub(crate) serial: u16,
    pub(crate) body: Vec<u8>,
}

/// Takes a frame apart; panics if its form is wrong.
pub(crate) fn open(wire: &[u8]) -> Down {
    let (Some(0x7e), Some(0x7e)) = (wire.first(), wire.last()) else { panic!("{wire:02x?}") };
    let inside = &wire[1..wire.len() - 1];
    assert!(!inside.contains(&0x7e));
    let mut plain = Vec::new();
    let mut rest = inside.iter();
    while let Some(byte) = rest.next() {
        plain.push(match byte {
            0x7d if *rest.next().unwrap() == 2 => 0x7e,
            byte => *byte,
        });
    }
    assert_eq!(plain.iter().fold(0, |sum, byte| sum ^ byte), 0, "checksum of {wire:02x?}");
    plain.pop();
    let word = |at: usize| u16::from_be_bytes([plain[at], plain[at + 1]]);
    let properties = word(2);
    let address =
        if properties & 0x4000 != 0 && plain.len() >= 17 && plain[4] <= 15 { 11 } else { 6 };
    let head = 6 + address + if properties & 0x2000 != 0 { 4 } else { 0 };
    let body = plain[head..].to_vec();
    assert_eq!(usize::from(properties & 0x3ff), body.len());
    Down {
        id: word(0),
        properties,
        address: plain[4..4 + address].to_vec(),
        serial: word(4 + address),
        body,
    }
}

/// The frames that were sent, taken apart.
pub(crate) fn sent(out: &[Out]) -> Vec<Down> {
    let frames = out.iter().filter_map(|out| match out {
        Out::Sent(wire) => Some(wire),
        _ => None,
    });
    frames.map(|wire| open(wire)).collect()
}

/// Id and result of the general answers that were sent.
pub(crate) fn answers(out: &[Out]) -> Vec<(u16, u16, u8)> {
    let word = |body: &[u8], at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let general = sent(out).into_iter().filter(|down| down.id == 0x8001);
    general.map(|down| (word(&down.body, 0), word(&down.body, 2), down.body[4])).collect()
}

/// The events that were stored.
pub(crate) fn events(out: &[Out]) -> Vec<Event> {
    let stored = out.iter().filter_map(|out| match out {
        Out::Stored(_, events) => Some(events.clone()),
        _ => None,
    });
    stored.flatten().collect()
}

/// The body of a terminal's general answer.
pub(crate) fn receipt(serial: u16, id: u16, result: u8) -> Vec<u8> {
    [&serial.to_be_bytes()[..], &id.to_be_bytes(), &[result]].concat()
}
