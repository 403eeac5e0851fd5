//! Texts to the driver: one at a time, when the backlog is done, until its receipt (specification 1, 3.2 and 5).

use std::time::Duration;

use super::{LANE, Online};
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::session::{Downlink, Now};
use crate::teltonika::envelope;
use crate::teltonika::options::{Channel, ReceiptRule, Settings};

/// So long after the last packet of several records the backlog counts as sent.
const QUIET: Duration = Duration::from_secs(3);
/// So long after the login it counts as sent whatever comes: some devices always send several records.
const LONGEST_BACKLOG: Duration = Duration::from_secs(60);
/// While records keep coming, a text waits so many times longer for its receipt.
const PATIENCE: u32 = 10;
/// [`DeliveryStage::Refused`] codes: the terminal's line or the unit's response says no.
const REFUSED: u16 = 0;

/// What goes down.
#[derive(Debug)]
pub(super) struct Texts {
    backlog: Backlog,
    outstanding: Option<Outstanding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backlog {
    /// Records from the device's memory may still come; until then, and until then at the latest.
    Sending {
        quiet: Duration,
        latest: Duration,
    },
    Done,
}

/// The text that waits for its receipt.
#[derive(Debug)]
struct Outstanding {
    token: DeliveryToken,
    serial: u32,
    channel: Channel,
    deadline: Duration,
    latest: Duration,
    /// Data packets since it was written.
    packets: u8,
}

impl Texts {
    pub(super) const fn new(now: Now) -> Self {
        let quiet = now.monotonic.saturating_add(QUIET);
        let latest = now.monotonic.saturating_add(LONGEST_BACKLOG);
        Self { backlog: Backlog::Sending { quiet, latest }, outstanding: None }
    }

    pub(super) fn window(&self) -> usize {
        usize::from(self.backlog == Backlog::Done && self.outstanding.is_none())
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        let backlog = match self.backlog {
            Backlog::Sending { quiet, latest } => Some(quiet.min(latest)),
            Backlog::Done => None,
        };
        let text = self.outstanding.as_ref().map(|text| text.deadline);
        backlog.into_iter().chain(text).min()
    }

    pub(super) fn expire(&mut self, now: Now, fx: &mut Effects) {
        if let Backlog::Sending { quiet, latest } = self.backlog
            && quiet.min(latest) <= now.monotonic
        {
            self.backlog = Backlog::Done;
        }
        if self.outstanding.as_ref().is_some_and(|text| text.deadline <= now.monotonic) {
            self.resolve(DeliveryStage::TimedOut, fx);
        }
    }

    /// A data packet of `count` records arrived.
    pub(super) fn data_packet(
        &mut self,
        count: u8,
        settings: &Settings,
        now: Now,
        fx: &mut Effects,
    ) {
        if let Backlog::Sending { quiet, .. } = &mut self.backlog {
            match count {
                0 | 1 => self.backlog = Backlog::Done,
                _ => *quiet = now.monotonic.saturating_add(QUIET),
            }
        }
        let Some(text) = &mut self.outstanding else {
            return;
        };
        text.packets = text.packets.saturating_add(1);
        if count > 1 {
            let later = now.monotonic.saturating_add(settings.answer_limit);
            text.deadline = text.deadline.max(later.min(text.latest));
        }
        // The device sends the second packet when it has read the answer to the first, which was written behind the text.
        if settings.receipt == ReceiptRule::NextPacket && text.packets >= 2 {
            self.resolve(DeliveryStage::Confirmed(Evidence::Inferred), fx);
        }
    }

    /// Serial of the text that waits in this channel.
    pub(super) fn waiting(&self, channel: Channel) -> Option<u32> {
        self.outstanding.as_ref().filter(|text| text.channel == channel).map(|text| text.serial)
    }

    /// The unit or the terminal took the text, or did not.
    pub(super) fn answered(&mut self, taken: bool, fx: &mut Effects) {
        self.resolve(
            match taken {
                true => DeliveryStage::Confirmed(Evidence::Accepted),
                false => DeliveryStage::Refused { code: REFUSED, retry: false },
            },
            fx,
        );
    }

    /// The unit refused the text with this code.
    pub(super) fn refused(&mut self, code: u16, fx: &mut Effects) {
        self.resolve(DeliveryStage::Refused { code, retry: false }, fx);
    }

    fn resolve(&mut self, stage: DeliveryStage, fx: &mut Effects) {
        if let Some(text) = self.outstanding.take() {
            delivery(text.token, stage, fx);
        }
    }
}

impl Online {
    pub(super) fn send(&mut self, downlink: &Downlink, now: Now, fx: &mut Effects) {
        let settings = &self.settings;
        let token = downlink.token;
        // A plan was made under other options: nothing is sent that could do harm.
        let Some(channel) = settings.channel.filter(|_| settings.parts().is_ok()) else {
            let stage = DeliveryStage::Refused { code: REFUSED, retry: false };
            return delivery(token, stage, fx);
        };
        let payload = settings.encode(channel, &downlink.content);
        let message = match channel {
            Channel::Serial => envelope::wrap12(settings.port_type, &payload),
            Channel::Command if settings.with_imei => {
                envelope::wrap14(envelope::kind::COMMAND, envelope::pack(&self.imei), &payload)
            }
            Channel::Command => envelope::wrap12(envelope::kind::COMMAND, &payload),
        };
        super::in_turn(message.into(), fx);
        delivery(token, DeliveryStage::Transmitted, fx);
        if settings.receipt == ReceiptRule::Write {
            return delivery(token, DeliveryStage::Confirmed(Evidence::Inferred), fx);
        }
        let limit = settings.answer_limit;
        self.texts.outstanding = Some(Outstanding {
            token,
            serial: downlink.serial,
            channel,
            deadline: now.monotonic.saturating_add(limit),
            latest: now.monotonic.saturating_add(limit.saturating_mul(PATIENCE)),
            packets: 0,
        });
    }
}

fn delivery(token: DeliveryToken, stage: DeliveryStage, fx: &mut Effects) {
    fx.push(Effect::Delivery { lane: LANE, receipt: Receipt::Token(token), stage });
}
