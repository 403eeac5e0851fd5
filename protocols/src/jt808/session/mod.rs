//! The dialogue with what is behind one connection: usually one terminal, or a relay for several.
//!
//! ```text
//!              0x0100, known               0x0102, or (auth = known_phone) anything
//!  Stranger ───────────────────► Known ─────────────────────────────► Online
//!     │  ▲   8100 code             │ 0x0102 wrong, strict: 8001 result 1   │
//!     │  └─────────────────────────┴───────────────────────────────────────┘
//!     │                        0x0003, removed from the database
//!     └── unknown: 8100 result 4, 8001 result 1; closed after 3 logins, 10 messages, 30 or 60 s
//! ```
//!
//! | file | owns |
//! | --- | --- |
//! | `lane` | one terminal: address, standing, serials |
//! | `admission` | registration, authentication, logout |
//! | `uplinks` | what an accepted terminal reports |
//! | `texts` | driver texts among it |
//! | `delivery` | texts down, their receipts and repeats |
//! | `navigator` | the tunnel to a Garmin navigator behind the terminal |

mod admission;
mod delivery;
mod lane;
mod navigator;
mod texts;
mod uplinks;

use std::time::Duration;

use self::lane::{LaneState, Standing};
use super::fragments::{Groups, Outcome};
use super::header::{Edition, Fit, Fragment, Header, Style};
use super::message::{self, FragmentRequest, Message, id};
use crate::effect::{CloseReason, Effect, Effects};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::event::Event;
use crate::framing::{Limits, Rejection};
use crate::session::{Admission, Downlink, Lane, Now, Session, SessionError};

/// Platform side of one connection.
#[derive(Debug)]
pub(crate) struct Jt808Session {
    lanes: Vec<LaneState>,
    groups: Option<Box<Groups>>,
    /// Header form that this peer uses against its own flag bits.
    habit: Option<Style>,
    /// Bad frames in a row.
    bad_frames: u32,
    max_bad_frames: u32,
    max_lanes: u16,
    max_reassembly: usize,
}

/// One whole message from a terminal.
#[derive(Debug, Clone, Copy)]
struct Uplink<'a> {
    /// Header of the frame that completed it: what the answer quotes.
    header: &'a Header,
    /// Serial of its first fragment: what makes a repeat recognisable.
    first_serial: u16,
    body: &'a [u8],
}

impl Jt808Session {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            lanes: Vec::new(),
            groups: None,
            habit: None,
            bad_frames: 0,
            max_bad_frames: limits.max_bad_frames,
            max_lanes: limits.max_lanes,
            max_reassembly: limits.max_reassembly,
        }
    }

    /// Whether no other terminal of this connection is online, so that it may be closed.
    fn alone(&self, index: usize) -> bool {
        !self.lanes.iter().enumerate().any(|(other, lane)| other != index && lane.online())
    }

    /// The lane of the sender.
    fn lane_of(&mut self, header: &Header) -> Result<usize, SessionError> {
        if let Some(index) =
            self.lanes.iter().position(|lane| lane.address.phone == header.address.phone)
        {
            return Ok(index);
        }
        let number = match u16::try_from(self.lanes.len()) {
            Ok(number) if number < self.max_lanes => number,
            _ => return Err(SessionError::Limit("terminals on one connection")),
        };
        if self.lanes.is_empty() {
            // Nearly always the only one: an idle session stays small.
            self.lanes.reserve_exact(1);
        }
        self.lanes.push(LaneState::new(Lane(number), header.address));
        Ok(usize::from(number))
    }

    fn lane_mut(&mut self, lane: Lane) -> Option<(&mut LaneState, bool)> {
        let index = usize::from(lane.0);
        let alone = self.alone(index);
        Some((self.lanes.get_mut(index)?, alone))
    }

    /// A fragment (section 6.1): every one is answered, the completing one by the message's own answer.
    fn fragment(
        &mut self,
        index: usize,
        header: &Header,
        fragment: Fragment,
        body: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(()) };
        let groups = self.groups.get_or_insert_default();
        let outcome =
            groups.add(lane.number, header, fragment, body, now.monotonic, self.max_reassembly);
        if groups.is_empty() {
            self.groups = None;
        }
        match outcome {
            Outcome::Kept => lane.answer(header, 0, fx),
            Outcome::Complete(first_serial, body) => {
                return self.uplink(index, Uplink { header, first_serial, body: &body }, now, fx);
            }
            Outcome::Malformed => {
                lane.answer(header, 2, fx);
                let kind = DecodeErrorKind::Invalid;
                let offset = header.length.saturating_sub(4);
                let message = message::name(header.id);
                return Err(DecodeError { message, field: "package item", offset, kind }.into());
            }
            Outcome::Limit(which) => {
                lane.answer(header, 1, fx);
                return Err(SessionError::Limit(which));
            }
        }
        Ok(())
    }

    /// A whole message.
    fn uplink(
        &mut self,
        index: usize,
        uplink: Uplink<'_>,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let alone = self.alone(index);
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(()) };
        let asks = match (uplink.header.id, lane.standing) {
            (id::REGISTRATION, _) => true,
            (id::AUTHENTICATION, Standing::Online) => {
                lane.answer(uplink.header, 0, fx);
                false
            }
            (id::AUTHENTICATION, _) => true,
            (id::LOGOUT, _) => {
                lane.logout(uplink, now, fx);
                false
            }
            (id::TIME_QUERY | id::TIME_QUERY_EPOCH | id::TIME_QUERY_CALENDAR, _) => {
                lane.tell_time(uplink, now, fx);
                false
            }
            (_, Standing::Online) => return lane.accept(uplink, now, fx),
            (_, Standing::Known { implicit: true }) => {
                lane.go_online(now, fx);
                return lane.accept(uplink, now, fx);
            }
            (_, Standing::Known { implicit: false }) => {
                lane.refuse(uplink, now, alone, fx);
                false
            }
            (_, Standing::Stranger) => true,
        };
        if asks && let Err(error) = lane.ask(uplink, fx) {
            lane.answer(uplink.header, 2, fx);
            return Err(error.into());
        }
        Ok(())
    }

    /// An encrypted message (section 7): never parsed, answered with "not supported", kept raw.
    fn opaque(
        &mut self,
        index: usize,
        header: &Header,
        frame: &[u8],
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(()) };
        if header.id == id::TERMINAL_ANSWER {
            return Ok(());
        }
        if lane.online() {
            let (ack, nack) = lane.answers(header, 3, 1);
            let raw = bytes::Bytes::copy_from_slice(frame);
            fx.record(
                lane.number,
                vec![Event::Unhandled { kind: header.id.into(), raw }],
                ack,
                nack,
            );
        } else {
            lane.answer(header, 3, fx);
        }
        Err(SessionError::Unexpected { message: message::name(header.id), state: "encrypted" })
    }
}

impl Session for Jt808Session {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        self.bad_frames = 0;
        if let Some((&first, _)) = frame.split_first_chunk()
            && let relative = u16::from_be_bytes(first)
            && id::RELATIVES.contains(&relative)
        {
            let message = message::name(relative);
            return Err(SessionError::Unexpected { message, state: "not decoded" });
        }
        let (header, body) = Header::parse(frame, self.habit)?;
        if header.fit == Fit::Other {
            self.habit = Some(header.address.style);
        }
        if !sent_by_terminals(header.id) {
            let message = message::name(header.id);
            return Err(SessionError::Unexpected { message, state: "uplink" });
        }
        let index = self.lane_of(&header)?;
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.address = header.address;
            lane.get_ready(now, fx);
        }
        if header.encrypted() {
            return self.opaque(index, &header, frame, fx);
        }
        match header.fragment {
            // Fragment 1 of 1 is a whole message.
            None | Some(Fragment { total: 1, index: 1 }) => {
                self.uplink(
                    index,
                    Uplink { header: &header, first_serial: header.serial, body },
                    now,
                    fx,
                )?;
            }
            Some(fragment) => self.fragment(index, &header, fragment, body, now, fx)?,
        }
        match header.fit {
            // Handled all the same, but worth counting.
            Fit::WrongLength => Err(DecodeError {
                message: message::name(header.id),
                field: "body length",
                offset: 2,
                kind: DecodeErrorKind::Invalid,
            }
            .into()),
            Fit::Declared | Fit::Other => Ok(()),
        }
    }

    fn handle_rejected(&mut self, _raw: &[u8], _reason: Rejection, _now: Now, fx: &mut Effects) {
        // Never answered: the terminal repeats on its own (section 2.1, rule 5).
        self.bad_frames = self.bad_frames.saturating_add(1);
        if self.bad_frames > self.max_bad_frames {
            fx.push(Effect::Close(CloseReason::TooManyErrors));
        }
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, now: Now, fx: &mut Effects) {
        let Some((state, alone)) = self.lane_mut(lane) else { return };
        if let Some(asked) = state.admitted(admission, now, alone, fx) {
            // What is wrong with it has been answered; there is no frame here to count it for.
            drop(state.accept(asked.uplink(), now, fx));
        }
    }

    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects) {
        if let Some((state, _)) = self.lane_mut(lane) {
            state.issue(downlink, now, fx);
        }
    }

    fn handle_timeout(&mut self, now: Now, fx: &mut Effects) {
        if let Some(groups) = &mut self.groups {
            let due = groups.due(now.monotonic);
            if groups.is_empty() {
                self.groups = None;
            }
            for (lane, request) in due {
                if let Some(lane) = self.lanes.get_mut(usize::from(lane.0)) {
                    lane.request_fragments(request, fx);
                }
            }
        }
        for index in 0..self.lanes.len() {
            let alone = self.alone(index);
            let Some(lane) = self.lanes.get_mut(index) else { continue };
            lane.get_ready(now, fx);
            lane.navigator_timeout(now, fx);
            if lane.retransmit(now, alone, fx) {
                return;
            }
            if let Some((_, reason)) = lane.close_at.take_if(|(at, _)| *at <= now.monotonic)
                && alone
            {
                fx.push(Effect::Close(reason));
                return;
            }
        }
    }

    fn window(&self, lane: Lane) -> usize {
        self.lanes.get(usize::from(lane.0)).map_or(0, LaneState::window)
    }

    fn poll_timeout(&self) -> Option<Duration> {
        let groups = self.groups.as_ref().and_then(|groups| groups.deadline());
        self.lanes.iter().filter_map(LaneState::wanted).chain(groups).min()
    }
}

impl LaneState {
    /// 0x8003 (section 10.5), which 2011 terminals do not know.
    fn request_fragments(&mut self, mut request: FragmentRequest, fx: &mut Effects) {
        let edition = self.edition();
        if edition == Edition::V2011 {
            return;
        }
        request.wide = edition == Edition::V2019;
        self.send(
            id::RESEND_FRAGMENTS,
            &Message::FragmentRequest { id: id::RESEND_FRAGMENTS, request },
            fx,
        );
    }
}

/// Ids of terminals have the top bit clear, except for vendors' of 2019.
const fn sent_by_terminals(id: u16) -> bool {
    id & 0x8000 == 0 || matches!(id, 0xe000..=0xefff)
}

/// Whether a message is answered at all (section 8.3).
const fn is_answered(id: u16) -> bool {
    !matches!(id, id::TERMINAL_ANSWER | id::RSA_KEY_UP)
}

#[cfg(test)]
mod tests {
    use super::{Jt808Session, LaneState};

    /// Ten thousand idle terminals are ten thousand of these; the lanes' vector holds exactly one.
    #[test]
    fn an_idle_session_is_small() {
        let bytes = size_of::<Jt808Session>() + size_of::<LaneState>();
        assert!(bytes <= 600, "{bytes} bytes");
    }
}
