//! A host for one connection, without I/O: what the daemon's driver does with a framer and a session, reduced to calls.
//!
//! It also watches the rules that hold for every session; what breaks them is collected in [`Host::violations`].

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use protocols::{
    Admission, Credentials, DeliveryStage, DeliveryToken, DeviceOptions, Downlink, Effect, Effects,
    Frame, Framer, FramingError, Lane, Limits, Now, Profile, Protocol, Receipt, Rejection,
    SecretCheck, Session, SessionError,
};

use crate::transcript::Admit;

/// The authentication code that this host issues.
pub const ISSUED_CODE: &str = "C4BW1RE00001";
/// Calendar time when a host begins.
pub const BEGIN: &str = "2025-10-06T08:20:00Z";
/// Slack of a partial frame over [`Limits::max_frame`]: marks, lengths, line ends.
const SLACK: usize = 64;
/// A session that asks for so many timeouts in a row without time passing has gone astray.
const MAX_TIMEOUTS: u32 = 1000;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A frame was cut.
    Frame(Vec<u8>),
    /// A frame was cut and rejected.
    Rejected(Vec<u8>, Rejection),
    /// The stream cannot be followed any more.
    Broken(FramingError),
    /// Bytes were written: at once, or after a commit.
    Written(Bytes),
    /// Any effect that is not bytes.
    Effect(Effect),
    /// The session could not make sense of a frame.
    Error(SessionError),
}

/// One connection.
pub struct Host {
    protocol: &'static dyn Protocol,
    limits: Limits,
    framer: Box<dyn Framer>,
    session: Box<dyn Session>,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    now: Now,
    asking: VecDeque<(Lane, Credentials)>,
    commits: VecDeque<(Bytes, Bytes)>,
    admitted: HashSet<Lane>,
    unresolved: HashSet<DeliveryToken>,
    closed: bool,
    seen: Vec<Happening>,
    /// Rules that were broken.
    pub violations: Vec<String>,
}

impl Host {
    /// A fresh connection.
    #[must_use]
    pub fn new(protocol: &'static dyn Protocol, limits: Limits) -> Self {
        let wall = BEGIN.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            protocol,
            framer: protocol.framer(&limits),
            session: protocol.session(&limits),
            limits,
            buffer: Vec::new(),
            scratch: Vec::new(),
            now: Now { monotonic: Duration::ZERO, wall },
            asking: VecDeque::new(),
            commits: VecDeque::new(),
            admitted: HashSet::new(),
            unresolved: HashSet::new(),
            closed: false,
            seen: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// What happened since the last call.
    pub fn take(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.seen)
    }

    /// Bytes kept because their frame is incomplete.
    #[must_use]
    pub const fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the session or the framer ended the connection.
    #[must_use]
    pub const fn closed(&self) -> bool {
        self.closed
    }

    /// The clocks.
    #[must_use]
    pub const fn now(&self) -> Now {
        self.now
    }

    /// Who asks to be admitted.
    #[must_use]
    pub fn asking(&self) -> Option<&Credentials> {
        self.asking.front().map(|(_, credentials)| credentials)
    }

    /// How many texts the lane takes.
    #[must_use]
    pub fn window(&self, lane: Lane) -> usize {
        self.session.window(lane)
    }

    /// Takes the machinery out, for measurements that the host's watching would disturb.
    #[must_use]
    pub fn into_parts(self) -> (Box<dyn Framer>, Box<dyn Session>, Now) {
        (self.framer, self.session, self.now)
    }

    /// The device's bytes arrive in one read.
    pub fn receive(&mut self, bytes: &[u8]) {
        if !self.closed {
            self.buffer.extend_from_slice(bytes);
            self.pump();
        }
    }

    /// Hands over frames until the buffer holds no whole one, or the session waits for an admission.
    fn pump(&mut self) {
        let mut fx = Effects::new();
        let mut from = 0;
        while self.asking.is_empty() && !self.closed {
            let input = self.buffer.get(from..).unwrap_or(&[]);
            let (consumed, error) = match self.framer.cut(input, &mut self.scratch) {
                Err(error) => {
                    self.seen.push(Happening::Broken(error));
                    self.closed = true;
                    break;
                }
                Ok(cut) => {
                    if cut.consumed > input.len() || (cut.consumed == 0 && cut.frame.is_some()) {
                        self.violations.push(format!("a cut of {} bytes", cut.consumed));
                    }
                    let error = match cut.frame {
                        None => Ok(()),
                        Some(Frame::Valid(frame)) => {
                            self.seen.push(Happening::Frame(frame.to_vec()));
                            self.session.handle_frame(frame, self.now, &mut fx)
                        }
                        Some(Frame::Rejected { raw, reason }) => {
                            self.seen.push(Happening::Rejected(raw.to_vec(), reason));
                            self.session.handle_rejected(raw, reason, self.now, &mut fx);
                            Ok(())
                        }
                    };
                    (cut.consumed, error)
                }
            };
            from += consumed;
            if let Err(error) = error {
                self.seen.push(Happening::Error(error));
            }
            self.carry_out(&mut fx);
            if consumed == 0 {
                self.check_memory(from);
                break;
            }
        }
        self.buffer.drain(..from.min(self.buffer.len()));
    }

    fn check_memory(&mut self, from: usize) {
        let left = self.buffer.len().saturating_sub(from);
        if left > self.limits.max_frame + SLACK {
            self.violations.push(format!("a partial frame of {left} bytes"));
        }
        if self.scratch.capacity() > 2 * self.limits.max_frame + SLACK {
            self.violations.push(format!("a scratch of {} bytes", self.scratch.capacity()));
        }
    }

    /// Answers the oldest login.
    ///
    /// # Errors
    /// Nobody asks, or the options are not options of this protocol.
    pub fn admit(&mut self, admit: &Admit) -> Result<(), String> {
        self.admit_with(admit, &|_| ISSUED_CODE.to_owned())
    }

    /// Answers the oldest login; `issue` makes the authentication code of an identity.
    ///
    /// # Errors
    /// Nobody asks, or the options are not options of this protocol.
    pub fn admit_with(
        &mut self,
        admit: &Admit,
        issue: &dyn Fn(&str) -> String,
    ) -> Result<(), String> {
        let options = match admit {
            Admit::Known { options, .. } => options.as_slice(),
            Admit::Unknown | Admit::Blocked => &[],
        };
        let pairs = options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let options = DeviceOptions::parse(self.protocol.info().options, pairs)
            .map_err(|error| error.to_string())?;
        let (lane, credentials) = self.asking.pop_front().ok_or("nobody asks to be admitted")?;
        let admission = match admit {
            Admit::Unknown => Admission::Unknown,
            Admit::Blocked => Admission::Blocked,
            Admit::Known { secret, .. } => {
                self.admitted.insert(lane);
                Admission::Known(Profile {
                    options: Arc::new(options),
                    secret: secret.unwrap_or(match credentials.secret {
                        None => SecretCheck::NoneNeeded,
                        Some(_) => SecretCheck::Matches,
                    }),
                    issued_code: issue(&credentials.identity),
                })
            }
        };
        let mut fx = Effects::new();
        self.session.handle_admission(lane, admission, self.now, &mut fx);
        self.carry_out(&mut fx);
        self.pump();
        Ok(())
    }

    /// Sends something.
    ///
    /// # Errors
    /// The session does not take anything now.
    pub fn send(&mut self, lane: Lane, downlink: Downlink) -> Result<(), String> {
        if self.session.window(lane) == 0 {
            return Err("the session's window is 0".to_owned());
        }
        self.unresolved.insert(downlink.token);
        let mut fx = Effects::new();
        self.session.handle_downlink(lane, downlink, self.now, &mut fx);
        self.carry_out(&mut fx);
        Ok(())
    }

    /// Time passes.
    pub fn advance(&mut self, by: Duration) {
        let end = self.now.monotonic + by;
        let mut fx = Effects::new();
        for _ in 0..MAX_TIMEOUTS {
            let Some(at) = self.session.poll_timeout().filter(|&at| at <= end && !self.closed)
            else {
                self.set_clock(end);
                return;
            };
            self.set_clock(at.max(self.now.monotonic));
            self.session.handle_timeout(self.now, &mut fx);
            self.carry_out(&mut fx);
        }
        self.violations.push("a timeout that is handled stays due".to_owned());
        self.set_clock(end);
    }

    fn set_clock(&mut self, monotonic: Duration) {
        let passed = monotonic.saturating_sub(self.now.monotonic);
        let wall = self.now.wall.checked_add(passed).unwrap_or(self.now.wall);
        self.now = Now { monotonic, wall };
    }

    /// The oldest record is stored, or cannot be.
    ///
    /// # Errors
    /// None waits.
    pub fn commit(&mut self, stored: bool) -> Result<(), String> {
        let (ack, nack) = self.commits.pop_front().ok_or("no record waits for a commit")?;
        let answer = if stored { ack } else { nack };
        if !answer.is_empty() {
            self.seen.push(Happening::Written(answer));
        }
        Ok(())
    }

    /// Everything that waits is stored.
    pub fn commit_all(&mut self) {
        while self.commit(true).is_ok() {}
    }

    /// The host is going to close.
    pub fn shut_down(&mut self) {
        let mut fx = Effects::new();
        self.session.handle_shutdown(self.now, &mut fx);
        self.carry_out(&mut fx);
    }

    fn carry_out(&mut self, fx: &mut Effects) {
        self.check_acks(fx.as_slice());
        for effect in fx.drain() {
            if self.closed {
                self.violations.push(format!("after a close: {effect:?}"));
            }
            self.check(&effect);
            match effect {
                Effect::Transmit(bytes) => {
                    self.seen.push(Happening::Written(bytes));
                    continue;
                }
                Effect::Authenticate { lane, ref credentials } => {
                    self.asking.push_back((lane, credentials.clone()));
                }
                Effect::Record { ref ack, ref nack, .. } => {
                    self.commits.push_back((ack.clone(), nack.clone()));
                }
                Effect::Close(_) => self.closed = true,
                _ => {}
            }
            self.seen.push(Happening::Effect(effect));
        }
    }

    /// An acknowledgement that is also written at once would leave before the commit.
    fn check_acks(&mut self, effects: &[Effect]) {
        let written = |bytes: &Bytes| {
            let same = |effect: &Effect| matches!(effect, Effect::Transmit(sent) if sent == bytes);
            effects.iter().any(same)
        };
        for effect in effects {
            if let Effect::Record { events, ack, .. } = effect
                && !(events.is_empty() || ack.is_empty())
                && written(ack)
            {
                self.violations.push(format!("acknowledged before the commit: {effect:?}"));
            }
        }
    }

    fn check(&mut self, effect: &Effect) {
        let broken = match effect {
            Effect::Record { lane, events, .. } if !events.is_empty() => {
                (!self.admitted.contains(lane)).then_some("data of a device that is not admitted")
            }
            Effect::Online { lane } => {
                (!self.admitted.contains(lane)).then_some("online without an admission")
            }
            Effect::Delivery { receipt: Receipt::Token(token), stage, .. } => match stage {
                DeliveryStage::Transmitted | DeliveryStage::Read => None,
                _ if self.unresolved.remove(token) => None,
                _ => Some("a token resolved twice, or never sent"),
            },
            _ => None,
        };
        if let Some(rule) = broken {
            self.violations.push(format!("{rule}: {effect:?}"));
        }
        if let Effect::Refuse { lane, .. } | Effect::Offline { lane } = effect {
            self.admitted.remove(lane);
        }
    }
}
