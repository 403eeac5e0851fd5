//! Enabling the interface, what the client supports, whether it is still there (sections 3, 4, 11 and 12).

use std::time::Duration;

use super::Fmi;
use super::link::Purpose;
use crate::effect::Effects;
use crate::event::{Event, Value};
use crate::garmin::message::{Message, id, link as packet};
use crate::garmin::options::{Doer, Protocols};
use crate::session::Now;
use crate::text::Charset;

/// Seconds between enablings that nothing answers (the last one is used again).
const AGAIN: [u64; 5] = [5, 10, 20, 40, 60];
/// Time for the product and the protocols.
const PRODUCT_TIME: Duration = Duration::from_secs(15);
/// Questions without answer after which a client that acknowledges is taken as it is assumed to be.
const MISSES: u8 = 3;
/// The client's question for Unicode comes soon after the protocols: texts wait for it so long.
const UNICODE_TIME: Duration = Duration::from_secs(2);
/// A question for Unicode that comes so soon after the last enabling is a repeat, not a reboot.
const REPEAT_TIME: Duration = Duration::from_secs(60);
/// Feature words (section 3.3): Unicode on, Unicode off, A607 on.
const UNICODE_ON: u16 = 0x8001;
const UNICODE_OFF: u16 = 0x0001;
const A607_ON: u16 = 0x8002;

/// How far the handshake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not there; tried again at a time, or when the carrier says so.
    Down { again: Option<Duration> },
    /// Enabled at least once, not acknowledged.
    Enabling { again: Duration },
    /// Acknowledged; product and protocols are asked for.
    Asking { again: Duration },
    /// Texts may go.
    Up,
}

impl Phase {
    pub(super) const fn deadline(self) -> Option<Duration> {
        match self {
            Self::Down { again } => again,
            Self::Enabling { again } | Self::Asking { again } => Some(again),
            Self::Up => None,
        }
    }
}

impl Fmi {
    /// From the beginning.
    pub(super) fn begin(&mut self, now: Now, fx: &mut Effects) {
        self.clear_line();
        (self.unicode, self.protocols, self.product) = (false, None, None);
        self.seen = false;
        match self.switches.enable {
            _ if self.switches.legacy => self.up(now, fx),
            Doer::Carrier if self.switches.handshake_filtered => self.up(now, fx),
            Doer::Carrier => self.ask(now),
            Doer::Server | Doer::Both => self.enable(now),
        }
    }

    fn enable(&mut self, now: Now) {
        // Where the tracker repeats, we need not.
        let attempt = if self.switches.enable == Doer::Both { u8::MAX } else { self.attempts };
        self.attempts = self.attempts.saturating_add(1);
        self.phase = Phase::Enabling { again: now.monotonic + pause(attempt) };
        let unicode = match self.switches.charset {
            Some(Charset::Ascii) => UNICODE_OFF,
            _ => UNICODE_ON,
        };
        let features = if self.switches.features { vec![unicode, A607_ON] } else { Vec::new() };
        self.send(&Message::Enable { features }, Purpose::Enable);
    }

    /// The client acknowledged that it is enabled.
    pub(super) fn enabled(&mut self, now: Now, fx: &mut Effects) {
        match self.phase {
            Phase::Enabling { .. } if self.switches.handshake_filtered => self.up(now, fx),
            Phase::Enabling { .. } => self.ask(now),
            _ => {}
        }
    }

    fn ask(&mut self, now: Now) {
        self.phase = Phase::Asking { again: now.monotonic + PRODUCT_TIME };
        self.send(&Message::Bare { id: id::PRODUCT_REQUEST }, Purpose::Product);
    }

    fn up(&mut self, now: Now, fx: &mut Effects) {
        self.phase = Phase::Up;
        self.handshake_answered();
        (self.attempts, self.misses) = (0, 0);
        (self.up_since, self.heard, self.pinged) = (now.monotonic, now.monotonic, None);
        if !self.switches.legacy {
            if self.supports(604) {
                for packet in [id::STATUS, id::SHORT_DRIVER_TEXT] {
                    let on = Message::Throttle { kind: id::THROTTLE, packet, state: 1 };
                    self.send(&on, Purpose::Other);
                }
            }
            if !self.switches.handshake_filtered {
                // Enabling starts a position packet per second, which nobody needs here.
                let off = packet::POSITIONS_OFF.to_le_bytes().to_vec();
                self.send_packet(packet::COMMAND, off, Purpose::Other);
            }
        }
        let may_ask = self.switches.charset.is_none() && !self.switches.unicode_filtered;
        let open = may_ask && !self.unicode && self.supports(604);
        self.ready_at = open.then_some(now.monotonic + UNICODE_TIME);
        // A client that neither had to acknowledge nor to answer may as well not be there.
        if self.seen {
            self.tell_presence(true, fx);
        }
        self.resume();
    }

    /// The navigator itself gave a sign of life.
    pub(super) fn see(&mut self, fx: &mut Effects) {
        if !std::mem::replace(&mut self.seen, true) && self.phase == Phase::Up {
            self.tell_presence(true, fx);
        }
    }

    fn tell_presence(&self, there: bool, fx: &mut Effects) {
        let mut about = vec![("garmin_connected".into(), Value::Bool(there))];
        if there {
            if let Some((product, software)) = self.product {
                let hundredths = i64::from(software);
                about.push(("garmin_product".into(), Value::Int(product.into())));
                let version = format!("{}.{:02}", hundredths / 100, hundredths.rem_euclid(100));
                about.push(("garmin_software".into(), Value::Text(version)));
            }
            if let Some(protocols) = self.protocols {
                about.push(("garmin_protocols".into(), Value::Text(protocols.list())));
            }
        }
        self.tell(Event::Info(about), fx);
    }

    /// The navigator is gone: unplugged, switched off, or out of the tracker's reach.
    pub(super) fn lost(&mut self, now: Now, fx: &mut Effects) {
        let was_up = self.phase == Phase::Up;
        self.clear_line();
        self.give_up(fx);
        (self.ready_at, self.pinged) = (None, None);
        self.phase = Phase::Down { again: Some(now.monotonic + pause(self.attempts)) };
        self.attempts = self.attempts.saturating_add(1);
        if was_up && self.seen {
            self.tell_presence(false, fx);
        }
    }

    /// The time of the phase is over.
    pub(super) fn handshake_late(&mut self, now: Now, fx: &mut Effects) {
        // Without an acknowledgement nobody is there.
        if matches!(self.phase, Phase::Asking { .. }) && self.outstanding.is_none() {
            self.misses = self.misses.saturating_add(1);
            if self.misses >= MISSES {
                return self.up(now, fx);
            }
        }
        self.begin(now, fx);
    }

    /// What concerns neither texts nor drivers; gives back what it is not.
    pub(super) fn about_session<'a>(
        &mut self,
        message: Message<'a>,
        now: Now,
        fx: &mut Effects,
    ) -> Option<Message<'a>> {
        match message {
            Message::Product { product, software } => self.product = Some((product, software)),
            Message::Protocols(list) => {
                self.protocols = Some(Protocols::announced(&list));
                match self.phase {
                    Phase::Up => self.tell_presence(true, fx),
                    _ => self.up(now, fx),
                }
            }
            Message::Bare { id: id::UNICODE_REQUEST } => self.unicode_wanted(now, fx),
            Message::Bare { id: id::PING } => {
                self.send(&Message::Bare { id: id::PONG }, Purpose::Other);
                self.alive(now, fx);
            }
            // Only that something came matters.
            Message::Bare { id: id::PONG | id::QUICK_WANTED | id::STATUSES_WANTED }
            | Message::Throttle { .. }
            | Message::Throttles(_) => self.alive(now, fx),
            other => {
                self.alive(now, fx);
                return Some(other);
            }
        }
        None
    }

    /// A packet came although the handshake is not done: the interface has been enabled by someone (section 14.1).
    fn alive(&mut self, now: Now, fx: &mut Effects) {
        match self.phase {
            Phase::Down { .. } => self.begin(now, fx),
            Phase::Enabling { .. } if self.switches.handshake_filtered => self.up(now, fx),
            Phase::Enabling { .. } => {
                self.clear_line();
                self.ask(now);
            }
            Phase::Asking { .. } | Phase::Up => {}
        }
    }

    /// 0x0004. It comes once after each start of the client, so another one shows a reboot, after which it has to be enabled
    /// again.
    fn unicode_wanted(&mut self, now: Now, fx: &mut Effects) {
        let rebooted = self.phase == Phase::Up
            && self.unicode
            && now.monotonic.saturating_sub(self.up_since) > REPEAT_TIME;
        if rebooted {
            self.suspend(now);
            self.begin(now, fx);
        } else {
            self.alive(now, fx);
        }
        if self.switches.charset != Some(Charset::Ascii) {
            self.send(&Message::Bare { id: id::UNICODE_RESPONSE }, Purpose::Other);
            self.unicode = true;
            self.ready_at = None;
        }
    }

    /// When the navigator is asked for a sign of life, or given up.
    pub(super) fn ping_at(&self) -> Option<Duration> {
        let ping =
            self.switches.ping.filter(|_| self.phase == Phase::Up && !self.switches.legacy)?;
        Some(self.pinged.unwrap_or(self.heard + ping))
    }

    pub(super) fn ask_for_life(&mut self, now: Now, fx: &mut Effects) {
        if self.pinged.is_some() {
            return self.lost(now, fx);
        }
        // Some trackers answer pings themselves; the list of throttles comes from the navigator. Who left the first question
        // unanswered is asked no others.
        let question = match self.switches.handshake_filtered {
            false if self.protocols.is_some() && self.supports(604) => id::PING,
            true if self.supports(605) => id::THROTTLE_QUERY,
            _ => {
                self.heard = now.monotonic;
                return;
            }
        };
        self.send(&Message::Bare { id: question }, Purpose::Other);
        let patience = self.switches.ack_wait * 3 + self.switches.receipt_wait;
        self.pinged = Some(now.monotonic + patience);
    }
}

fn pause(attempt: u8) -> Duration {
    Duration::from_secs(AGAIN.get(usize::from(attempt)).or(AGAIN.last()).copied().unwrap_or(60))
}
