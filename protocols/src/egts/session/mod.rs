//! The dialogue with what is behind one connection: a unit, or a relay for many.
//!
//! ```text
//!         TERM_IDENTITY, AUTH_INFO                     known                RESULT_CODE 0 answered
//!  Open ─────────────────────────────► Unit, asked ──────────► Unit, online ──────────────────────► takes texts
//!   │                                   │ unknown: RESULT_CODE 153 · blocked, wrong password: 151 · closed
//!   │ DISPATCHER_IDENTITY, or an OID    │ password missing: AUTH_PARAMS, and AUTH_INFO is awaited
//!   └──────────────► Relay: each OID is asked for when it first appears, and refused record by record (153, 151)
//! ```
//!
//! A packet that raises a question waits until the host has answered it: the records behind the login are those of the unit.
//!
//! | file | owns |
//! | --- | --- |
//! | `link` | our packet and record numbers, the answer to a packet |
//! | `lane` | one unit: who, how it stands |
//! | `login` | what the peer says about itself |
//! | `admission` | who is let in |
//! | `uplinks` | the records of a packet, and its answer |
//! | `commands` | driver texts and confirmations among them |
//! | `delivery` | texts down, their receipts and repeats |

mod admission;
mod commands;
mod delivery;
mod lane;
mod link;
mod login;
mod uplinks;

use std::time::Duration;

use bytes::Bytes;

use self::admission::{Progress, Waiting};
use self::lane::LaneState;
use self::link::{Link, Sent};
use self::login::Login;
use super::decode;
use super::header::{self, Header, Start, packet as pt};
use super::message::{Body, Packet, code};
use crate::effect::{CloseReason, DeliveryStage, Effect, Effects, Receipt};
use crate::framing::{Limits, Rejection};
use crate::session::{Admission, Downlink, Lane, Now, Session, SessionError};

/// Time to be let in. The standard's 6 seconds are too short for mobile links (section 5.3).
const LOGIN_TIME: Duration = Duration::from_secs(60);

/// Platform side of one connection.
#[derive(Debug)]
pub(super) struct EgtsSession {
    mode: Mode,
    lanes: Vec<LaneState>,
    link: Link,
    /// What the peer has said about itself.
    login: Option<Box<Login>>,
    /// The packet that waits for the answer to an [`Effect::Authenticate`].
    waiting: Option<Box<Waiting>>,
    /// RESULT_CODE 0 to a unit, until it is answered.
    greeting: Option<Box<Greeting>>,
    /// When somebody must have been let in.
    login_by: Option<Duration>,
    /// Bad frames in a row.
    bad_frames: u32,
    max_bad_frames: u32,
    max_lanes: u16,
    closed: bool,
}

/// What is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It has not said.
    Open,
    /// One unit: lane 0, whatever OIDs its records carry.
    Unit,
    /// Many objects, a lane each.
    Relay {
        /// It said that it is a dispatcher.
        dispatcher: bool,
    },
}

/// RESULT_CODE 0, on its way.
#[derive(Debug)]
struct Greeting {
    sent: Sent,
    /// Retransmissions so far.
    repeats: u8,
    /// `None`: it was sent often enough.
    deadline: Option<Duration>,
}

impl EgtsSession {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            mode: Mode::Open,
            lanes: Vec::new(),
            link: Link::new(),
            login: None,
            waiting: None,
            greeting: None,
            login_by: None,
            bad_frames: 0,
            max_bad_frames: limits.max_bad_frames,
            max_lanes: limits.max_lanes,
            closed: false,
        }
    }

    fn close(&mut self, reason: CloseReason, fx: &mut Effects) {
        if !std::mem::replace(&mut self.closed, true) {
            fx.push(Effect::Close(reason));
        }
    }

    fn strike(&mut self, fx: &mut Effects) {
        self.bad_frames = self.bad_frames.saturating_add(1);
        if self.bad_frames >= self.max_bad_frames {
            self.close(CloseReason::TooManyErrors, fx);
        }
    }

    fn anybody_online(&self) -> bool {
        self.lanes.iter().any(LaneState::online)
    }

    /// Somebody must be let in in time.
    fn watch_login(&mut self, now: Now) {
        if self.anybody_online() {
            self.login_by = None;
        } else {
            let by = now.monotonic.saturating_add(LOGIN_TIME);
            self.login_by.get_or_insert(by);
        }
    }

    /// Answers a packet that is not processed.
    fn refuse_packet(&mut self, header: &Header, result: u8, fx: &mut Effects) {
        // A RESPONSE is never answered (section 2.3).
        if header.kind != pt::RESPONSE {
            let bytes = self.link.refuse(header.id, result, header.route.map(header::Route::back));
            fx.transmit(bytes);
        }
    }

    fn frame(&mut self, frame: &[u8], now: Now, fx: &mut Effects) -> Result<(), SessionError> {
        let header = decode::header(frame)?;
        if let Some(result) = header.refusal() {
            self.refuse_packet(&header, result, fx);
            let state = match result {
                code::DECRYPTION => "encrypted",
                code::WRONG_DATA => "compressed",
                code::HOPS_EXHAUSTED => "without hops left",
                _ => "of unknown type",
            };
            return Err(SessionError::Unexpected { message: "packet", state });
        }
        let packet = match decode::packet_of(header, frame) {
            Ok(packet) => packet,
            Err(error) => {
                self.refuse_packet(&header, code::WRONG_DATA, fx);
                return Err(error.into());
            }
        };
        match &packet.body {
            Body::Response { answered, result, .. } => {
                if let Some(answered) = *answered {
                    self.packet_answered(answered, *result, now, fx);
                }
                self.uplink(&packet, Progress::default(), now, fx)
            }
            // A sign of life (section 2.1, step 5).
            Body::Data { records, .. } if records.is_empty() => {
                self.refuse_packet(&header, code::OK, fx);
                Ok(())
            }
            Body::Data { .. } => self.take(&packet, frame, now, fx),
        }
    }

    /// A packet with records: asked for if it raises a question, else processed.
    fn take(
        &mut self,
        packet: &Packet<'_>,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let mut progress = Progress::default();
        self.listen(packet, &mut progress);
        match self.ask(packet, &mut progress, fx) {
            Some(asked) => {
                let frame = Bytes::copy_from_slice(frame);
                self.waiting = Some(Box::new(Waiting { frame, progress, asked }));
                Ok(())
            }
            None => self.uplink(packet, progress, now, fx),
        }
    }

    /// Goes on with a packet whose question has been answered.
    fn resume(&mut self, mut waiting: Box<Waiting>, now: Now, fx: &mut Effects) {
        let frame = waiting.frame.clone();
        // It was decoded before.
        let Ok(packet) = decode::packet(&frame) else { return };
        match self.ask(&packet, &mut waiting.progress, fx) {
            Some(asked) => {
                waiting.asked = asked;
                self.waiting = Some(waiting);
            }
            // What is wrong with it has been answered; there is no frame here to count it for.
            None => drop(self.uplink(&packet, waiting.progress, now, fx)),
        }
    }

    /// A RESPONSE to one of our packets.
    fn packet_answered(&mut self, answered: u16, result: u8, now: Now, fx: &mut Effects) {
        match self.greeting.take() {
            Some(greeting) if greeting.sent.packet == answered => {
                if matches!(result, code::HEADER_CRC | code::BODY_CRC) {
                    self.greeting = Some(greeting);
                    self.greet_again(now, fx);
                }
                return;
            }
            other => self.greeting = other,
        }
        for lane in &mut self.lanes {
            if lane.packet_answered(answered, result, now, fx) {
                return;
            }
        }
    }

    /// Sends RESULT_CODE 0 once more, if that may help.
    fn greet_again(&mut self, now: Now, fx: &mut Effects) {
        let settings = self.lanes.first().and_then(LaneState::settings);
        let Some((limit, wait)) = settings.map(|s| (s.retransmissions, s.answer_wait)) else {
            return;
        };
        let Some(greeting) = &mut self.greeting else { return };
        greeting.deadline = None;
        if greeting.repeats < limit {
            greeting.repeats += 1;
            greeting.deadline = Some(now.monotonic.saturating_add(wait));
            fx.transmit(greeting.sent.bytes.clone());
        }
    }
}

impl Session for EgtsSession {
    fn handle_frame(
        &mut self,
        frame: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        if self.closed {
            return Ok(());
        }
        let outcome = self.frame(frame, now, fx);
        self.watch_login(now);
        match outcome {
            Ok(()) => self.bad_frames = 0,
            Err(_) if self.closed => {}
            Err(_) => self.strike(fx),
        }
        outcome
    }

    fn handle_rejected(&mut self, raw: &[u8], reason: Rejection, _now: Now, fx: &mut Effects) {
        if self.closed {
            return;
        }
        match (header::start(raw), reason) {
            (Start::Good(header), Rejection::TooLong { .. }) => {
                self.refuse_packet(&header, code::WRONG_LENGTH, fx);
                self.strike(fx);
            }
            (Start::Good(header), _) => {
                self.refuse_packet(&header, code::BODY_CRC, fx);
                self.strike(fx);
            }
            // Its length cannot be trusted, so nothing behind it can be found (section 2.1).
            (start, _) => {
                let result = match start {
                    Start::Foreign(result) => result,
                    _ => code::HEADER_CRC,
                };
                if let Some(id) = header::claimed_id(raw) {
                    let bytes = self.link.refuse(id, result, None);
                    fx.transmit(bytes);
                }
                self.close(CloseReason::TooManyErrors, fx);
            }
        }
    }

    fn handle_admission(&mut self, lane: Lane, admission: Admission, now: Now, fx: &mut Effects) {
        let Some(mut waiting) = self.waiting.take() else { return };
        if self.closed {
            return;
        }
        self.admitted(lane, admission, &mut waiting, fx);
        self.resume(waiting, now, fx);
        self.watch_login(now);
    }

    fn handle_downlink(&mut self, lane: Lane, downlink: Downlink, now: Now, fx: &mut Effects) {
        if self.closed {
            return;
        }
        if self.window(lane) > 0
            && let Some(state) = self.lanes.get_mut(usize::from(lane.0))
        {
            return state.issue(&downlink, &mut self.link, now, fx);
        }
        // Not asked for: the window is 0. Given back at once, so that it is not forgotten here.
        let receipt = Receipt::Token(downlink.token);
        fx.push(Effect::Delivery { lane, receipt, stage: DeliveryStage::TimedOut });
    }

    fn handle_timeout(&mut self, now: Now, fx: &mut Effects) {
        if self.closed {
            return;
        }
        if self.login_by.take_if(|by| *by <= now.monotonic).is_some() {
            return self.close(CloseReason::LoginTimeout, fx);
        }
        let greets = self.greeting.as_ref().and_then(|greeting| greeting.deadline);
        if greets.is_some_and(|at| at <= now.monotonic) {
            self.greet_again(now, fx);
        }
        let mut dead = false;
        for lane in &mut self.lanes {
            dead |= lane.expire(now, fx);
        }
        if dead && self.mode == Mode::Unit {
            self.close(CloseReason::Unresponsive, fx);
        }
    }

    fn window(&self, lane: Lane) -> usize {
        let state = self.lanes.get(usize::from(lane.0)).filter(|_| !self.closed);
        let Some((state, settings)) = state.and_then(|state| Some((state, state.settings()?)))
        else {
            return 0;
        };
        if self.greeting.is_some() || self.waiting.is_some() || !settings.display {
            return 0;
        }
        settings.texts_in_flight.saturating_sub(state.delivery.in_flight())
    }

    fn poll_timeout(&self) -> Option<Duration> {
        if self.closed {
            return None;
        }
        let greets = self.greeting.as_ref().and_then(|greeting| greeting.deadline);
        let texts = self.lanes.iter().filter_map(|lane| lane.delivery.deadline());
        texts.chain(greets).chain(self.login_by).min()
    }
}

#[cfg(test)]
mod tests {
    use super::{EgtsSession, LaneState, Login};
    use crate::egts::options::Settings;

    /// Ten thousand idle units are ten thousand of these; the lanes' vector holds exactly one.
    #[test]
    fn an_idle_session_is_small() {
        let session = size_of::<EgtsSession>() + size_of::<LaneState>();
        let bytes = session + size_of::<Settings>() + size_of::<Login>();
        assert!(bytes <= 900, "{bytes} bytes");
    }
}
