//! The platform's side of the dialogue (specification, sections 2, 4 and 5).
//!
//! The state machine is [`SingleSession`](crate::single::SingleSession)'s; here is what the frames mean. There is no login: the first
//! frame of any kind names the device. Signs of life and questions are answered at once, alarms, measurements and voice clips after
//! their commit.

use std::time::Duration;

use bytes::Bytes;

use super::decode;
use super::encode;
use super::frame::{seal, split, unescape};
use super::message::Message;
use super::options::Settings;
use super::report;
use crate::effect::{DeliveryStage, Effects, Evidence};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::Event;
use crate::options::DeviceOptions;
use crate::session::{Credentials, Downlink, Now, SessionError};
use crate::single::{Dialect, Fault, LANE, NO_DISPLAY, Patience, SingleSession, Texts, named};

/// Index of our own frames to a device that uses indices (specification, section 1).
const OUR_INDEX: &str = "0001";
/// Bytes of a content that nobody interprets that are handed on.
const UNHANDLED_HEAD: usize = 1024;

/// The session.
pub(super) type SetrackerSession = SingleSession<Device>;

/// An admitted device.
#[derive(Debug)]
pub(super) struct Device {
    maker: String,
    id: String,
    /// The device's last index, if it uses any.
    index: Option<String>,
    settings: Settings,
}

impl Dialect for Device {
    const NAMED_BY_DATA: bool = true;

    /// Its id.
    type Login = String;

    fn identify(frame: &[u8], _fx: &mut Effects) -> Result<(Credentials, String), Fault> {
        let id = id(frame)?;
        Ok((named(id.clone()), id))
    }

    fn admitted(
        id: String,
        options: &DeviceOptions,
        _now: Now,
        _fx: &mut Effects,
    ) -> (Self, Patience) {
        let settings = Settings::read(options);
        let wait = Duration::from_secs(settings.answer_seconds);
        // Receipts have no number: after a doubtful one, and while the watch sleeps, nothing is sent.
        let patience =
            Patience { wait, repeats: 1, quiet: wait, until_awake: true, ..Patience::default() };
        (Self { maker: String::new(), id, index: None, settings }, patience)
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        texts: &mut Texts,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        if id(frame)? != self.id {
            let (message, state) = ("frame of another id", "online");
            return Err(SessionError::Unexpected { message, state }.into());
        }
        let Some((head, content)) = split(frame) else {
            return Err(SessionError::Bug("a frame that is none").into());
        };
        let owned = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (self.maker, self.index) = (owned(head.maker), head.index.map(owned));
        match decode::uplink(content)? {
            Message::Alive { values } => {
                fx.transmit(self.answer(b"LK"));
                store(report::alive(values), Bytes::new(), fx);
            }
            Message::VoiceQuery => fx.transmit(self.answer(b"TKQ")),
            Message::Receipt => {
                let stored = DeliveryStage::Confirmed(Evidence::Accepted);
                // Without a text that waits it is about nothing.
                texts.answered(stored, now, fx);
            }
            Message::Position(position) => {
                let event = Event::Report(report::report(&position, now.wall));
                store(Some(event), Bytes::new(), fx);
            }
            Message::Alarm(position) => {
                let event = Event::Report(report::report(&position, now.wall));
                store(Some(event), self.answer(b"AL"), fx);
            }
            Message::Health { word, values } => {
                store(Some(report::health(word, values)), self.answer(word), fx);
            }
            // Whole: the answer tells the device that it may forget the clip.
            Message::Voice(clip) => {
                store(Some(unhandled(content, &unescape(clip))), self.answer(b"TK,1"), fx);
            }
            Message::Config(_) => {
                store(Some(unhandled(content, head_of(content))), self.answer(b"CONFIG,1"), fx);
            }
            Message::Other => store(Some(unhandled(content, head_of(content))), Bytes::new(), fx),
        }
        Ok(())
    }

    fn compose(&mut self, downlink: &Downlink, _now: Now) -> Result<Bytes, u16> {
        if !self.settings.display {
            return Err(NO_DISPLAY);
        }
        let content = encode::text(&self.settings.text(&downlink.content));
        let index = self.index.is_some().then_some(OUR_INDEX);
        Ok(seal(&self.maker, &self.id, index, content.as_bytes()))
    }
}

impl Device {
    /// An answer carries the maker and the index of the frame that it answers.
    fn answer(&self, content: &[u8]) -> Bytes {
        seal(&self.maker, &self.id, self.index.as_deref(), content)
    }
}

fn id(frame: &[u8]) -> Result<String, SessionError> {
    let (message, field) = ("frame", "head");
    let error = DecodeError { message, field, offset: 0, kind: DecodeErrorKind::Invalid };
    let (head, _) = split(frame).ok_or(error)?;
    Ok(String::from_utf8_lossy(head.id).into_owned())
}

fn head_of(content: &[u8]) -> &[u8] {
    content.get(..UNHANDLED_HEAD).unwrap_or(content)
}

/// Kept raw, under the first letters of its word.
fn unhandled(content: &[u8], raw: &[u8]) -> Event {
    let (word, _) = decode::word(content);
    let kind = word.iter().take(4).fold(0, |kind, &letter| (kind << 8) | u32::from(letter));
    Event::Unhandled { kind, raw: Bytes::copy_from_slice(raw) }
}

fn store(event: Option<Event>, ack: Bytes, fx: &mut Effects) {
    if event.is_some() {
        fx.record(LANE, event.into_iter().collect(), ack, Bytes::new());
    }
}
