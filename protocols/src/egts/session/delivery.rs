//! Texts down and what becomes of them (section 7.3).
//!
//! ```text
//!            RECORD_RESPONSE 0, 1                CT_DELIV, CT_MSGCONF, CT_COMCONF
//!  Sent ───────────────────────────► Held ──────────────────────────────────────► confirmed or refused
//!   │ silence: again, 3 times         │ silence: given back to the host
//!   └─► given back, connection dead   └─► (the device may still confirm it: its number is the host's)
//! ```

use std::time::Duration;

use super::lane::LaneState;
use super::link::{Link, Sent};
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::egts::message::{Command, Order, Sub, cct, code, ct, service};
use crate::egts::options::Settings;
use crate::session::{Downlink, Now};

/// SID of our messages.
pub(super) const SENDER: u32 = 1;
/// Numbers of confirmed texts that are remembered, to tell "read" from a late confirmation.
const MAX_SETTLED: usize = 8;

/// What is on its way to one unit.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    texts: Vec<InFlight>,
    settled: Vec<u32>,
}

/// One text that is not confirmed.
#[derive(Debug)]
struct InFlight {
    token: DeliveryToken,
    /// CID: the host's serial.
    id: u32,
    sent: Sent,
    /// Retransmissions so far.
    repeats: u8,
    /// The unit has answered its record.
    held: bool,
    deadline: Duration,
}

impl Delivery {
    pub(super) const fn in_flight(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.texts.iter().map(|text| text.deadline).min()
    }

    fn position(&self, is: impl Fn(&InFlight) -> bool) -> Option<usize> {
        self.texts.iter().position(is)
    }

    fn remember(&mut self, id: u32) {
        if self.settled.len() >= MAX_SETTLED {
            self.settled.remove(0);
        }
        self.settled.push(id);
    }
}

impl LaneState {
    fn report(&self, receipt: Receipt, stage: DeliveryStage, fx: &mut Effects) {
        fx.push(Effect::Delivery { lane: self.number, receipt, stage });
    }

    /// Sends a text or a question.
    pub(super) fn issue(
        &mut self,
        downlink: &Downlink,
        link: &mut Link,
        now: Now,
        fx: &mut Effects,
    ) {
        let token = Receipt::Token(downlink.token);
        let Some(settings) = self.settings() else {
            return self.report(token, DeliveryStage::TimedOut, fx);
        };
        let wait = settings.answer_wait;
        let sent = compose(downlink, settings, |command| {
            link.send(service::COMMANDS, self.address, &[Sub::Command(command)])
        });
        if self.max_packet.is_some_and(|max| sent.bytes.len() > usize::from(max)) {
            let stage = DeliveryStage::Refused { code: code::WRONG_LENGTH.into(), retry: false };
            return self.report(token, stage, fx);
        }
        fx.transmit(sent.bytes.clone());
        let deadline = now.monotonic.saturating_add(wait);
        let (token, id) = (downlink.token, downlink.serial);
        self.delivery.texts.push(InFlight { token, id, sent, repeats: 0, held: false, deadline });
        self.report(Receipt::Token(token), DeliveryStage::Transmitted, fx);
    }

    /// A RESPONSE to one of our packets. `true` if it is one of this unit's texts.
    pub(super) fn packet_answered(
        &mut self,
        packet: u16,
        result: u8,
        now: Now,
        fx: &mut Effects,
    ) -> bool {
        let Some(index) = self.delivery.position(|text| text.sent.packet == packet) else {
            return false;
        };
        match result {
            code::HEADER_CRC | code::BODY_CRC => drop(self.again(index, now, fx)),
            128.. => self.refused(index, result, fx),
            // The answer to its record, which tells more, may be missing.
            _ => self.hold(index, now),
        }
        true
    }

    /// A RECORD_RESPONSE to one of our records.
    pub(super) fn record_answered(&mut self, record: u16, result: u8, now: Now, fx: &mut Effects) {
        let Some(index) = self.delivery.position(|text| text.sent.record == record) else {
            return;
        };
        let is_receipt = self.settings().is_some_and(|settings| settings.record_is_receipt);
        match result {
            // "Already processed" is what a repeated text gets that did arrive the first time.
            code::OK | DOUBLE if is_receipt => {
                self.settle(index, DeliveryStage::Confirmed(Evidence::Accepted), fx);
            }
            code::OK | code::IN_PROGRESS | DOUBLE => self.hold(index, now),
            128.. => self.refused(index, result, fx),
            _ => {}
        }
    }

    fn hold(&mut self, index: usize, now: Now) {
        let wait = self.settings().map_or(Duration::ZERO, |settings| settings.receipt_wait);
        if let Some(text) = self.delivery.texts.get_mut(index) {
            text.held = true;
            text.deadline = now.monotonic.saturating_add(wait);
        }
    }

    fn refused(&mut self, index: usize, result: u8, fx: &mut Effects) {
        let stage = DeliveryStage::Refused { code: result.into(), retry: may_pass(result) };
        self.settle(index, stage, fx);
    }

    /// The end of a text in flight.
    fn settle(&mut self, index: usize, stage: DeliveryStage, fx: &mut Effects) {
        if index >= self.delivery.texts.len() {
            return;
        }
        let text = self.delivery.texts.remove(index);
        if matches!(stage, DeliveryStage::Confirmed(_)) {
            self.delivery.remember(text.id);
        }
        self.report(Receipt::Token(text.token), stage, fx);
    }

    /// Retransmits a text (the same bytes), or gives it back to the host. `true` if that was the last try.
    fn again(&mut self, index: usize, now: Now, fx: &mut Effects) -> bool {
        let Some(settings) = self.settings() else { return false };
        let (retransmissions, wait) = (settings.retransmissions, settings.answer_wait);
        let Some(text) = self.delivery.texts.get_mut(index) else { return false };
        if text.held || text.repeats >= retransmissions {
            let dead = !text.held;
            self.settle(index, DeliveryStage::TimedOut, fx);
            return dead;
        }
        text.repeats += 1;
        text.deadline = now.monotonic.saturating_add(wait);
        fx.transmit(text.sent.bytes.clone());
        false
    }

    /// Handles the texts whose time is over. `true` if the unit does not answer packets any more.
    pub(super) fn expire(&mut self, now: Now, fx: &mut Effects) -> bool {
        let mut dead = false;
        if !self.online() {
            self.delivery.texts.clear();
        }
        while let Some(index) = self.delivery.position(|text| text.deadline <= now.monotonic) {
            dead |= self.again(index, now, fx);
        }
        dead
    }

    /// CT_DELIV, CT_MSGCONF or CT_COMCONF: about a text in flight, one of an earlier connection, or nothing of ours.
    pub(super) fn confirmed(&mut self, command: &Command<'_>, now: Now, fx: &mut Effects) {
        let Some(settings) = self.settings() else { return };
        if command.kind == ct::COMCONF && settings.raw_data.is_none() {
            return;
        }
        let shown = command.kind == ct::MSGCONF;
        let evidence = if shown { Evidence::Displayed } else { Evidence::Accepted };
        let stage = match command.result {
            // The driver's "no" is an answer to a text that was shown.
            cct::OK | cct::NCONF => DeliveryStage::Confirmed(evidence),
            cct::ERROR => {
                DeliveryStage::Refused { code: cct::ERROR.into(), retry: settings.retry_refused }
            }
            code @ (cct::ILL | cct::DEL | cct::NFOUND) => {
                DeliveryStage::Refused { code: code.into(), retry: false }
            }
            cct::INPROG => {
                if let Some(index) = self.delivery.position(|text| text.id == command.id) {
                    self.hold(index, now);
                }
                return;
            }
            _ => return,
        };
        let read = shown && matches!(stage, DeliveryStage::Confirmed(_));
        let receipt = Receipt::Serial { serial: command.id, bits: 32 };
        if let Some(index) = self.delivery.position(|text| text.id == command.id) {
            self.settle(index, stage, fx);
        } else if command.kind == ct::COMCONF && command.sender != SENDER {
            // An answer to somebody else's command, whose numbers are not ours.
            return;
        } else if !self.delivery.settled.contains(&command.id) {
            self.report(receipt, stage, fx);
        }
        if read {
            self.report(receipt, DeliveryStage::Read, fx);
        }
    }
}

/// DBL_PROC: processed before.
const DOUBLE: u8 = 135;

/// Whether a refusal with this result may be over when it is tried again: faults of modules and lacking resources.
const fn may_pass(result: u8) -> bool {
    matches!(result, 145 | 155..=163)
}

/// The message for a downlink.
fn compose(
    downlink: &Downlink,
    settings: &Settings,
    send: impl FnOnce(Command<'_>) -> Sent,
) -> Sent {
    let shown = settings.shown(&downlink.content);
    let (charset, chs) = settings.writing.of(&shown);
    let text = charset.encode(&shown).bytes;
    let mut data = Vec::with_capacity(text.len() + 5);
    match settings.raw_data {
        // RAW_DATA, command without parameters; the bytes are the peripheral's, so no charset is named.
        Some(address) => {
            Order { address, size: 0, action: 0, code: 0, data: &text }.encode(&mut data);
        }
        None if settings.prefixed => {
            Order { address: 0, size: 0, action: 0, code: 0, data: &text }.encode(&mut data);
        }
        None => data = text,
    }
    let raw = settings.raw_data.is_some();
    send(Command {
        kind: if raw { ct::COM } else { ct::MSGTO },
        result: cct::OK,
        id: downlink.serial,
        sender: SENDER,
        charset: chs.filter(|_| !raw),
        authorisation: Some(settings.auth_code.as_bytes()).filter(|code| !code.is_empty()),
        data: &data,
    })
}
