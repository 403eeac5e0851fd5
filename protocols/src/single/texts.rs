//! The one text that waits for its receipt: how long, how often it is sent again, and which answer is about it.
//!
//! Where answers carry no number, one that comes late would be taken for the next text's. So after a text that was sent more than
//! once, or was given up, nothing is sent for a while: answers that come then are about nothing.

use std::time::Duration;

use bytes::Bytes;

use super::LANE;
use crate::effect::{DeliveryStage, DeliveryToken, Effect, Effects, Evidence, Receipt};
use crate::session::{Downlink, Now};

/// How long a device's texts wait for their receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Patience {
    /// Wait after each writing.
    pub(crate) wait: Duration,
    /// How often the same bytes are written again on this connection.
    pub(crate) repeats: u8,
    /// How long nothing is sent while answers without a number may still be on their way.
    pub(crate) quiet: Duration,
    /// After a text without a receipt, nothing is sent until the device shows that it is awake.
    pub(crate) until_awake: bool,
    /// Nothing is waited for: writing is all the receipt there is.
    pub(crate) never_answers: bool,
}

/// The text in flight, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    patience: Patience,
    flight: Option<Box<Flight>>,
    /// Until when nothing is sent.
    quiet_until: Option<Duration>,
    /// The device did not answer and has not been heard since.
    asleep: bool,
    /// Serial of the last text that an answer settled, and how: the same answer to it again is a repeat.
    settled: Option<(u32, DeliveryStage)>,
}

#[derive(Debug)]
struct Flight {
    token: DeliveryToken,
    serial: u32,
    bytes: Bytes,
    deadline: Duration,
    copies: u8,
}

/// The number under which a downlink can travel: 16 bits of its serial, which are unique among the device's last 65 536.
pub(crate) fn number(downlink: &Downlink) -> u16 {
    u16::try_from(downlink.serial & 0xffff).unwrap_or(0)
}

impl Texts {
    pub(super) const fn new(patience: Patience) -> Self {
        Self { patience, flight: None, quiet_until: None, asleep: false, settled: None }
    }

    pub(super) fn window(&self) -> usize {
        usize::from(self.flight.is_none() && self.quiet_until.is_none() && !self.asleep)
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        let deadline = self.flight.as_ref().map(|flight| flight.deadline);
        deadline.into_iter().chain(self.quiet_until).min()
    }

    pub(super) fn send(&mut self, downlink: &Downlink, bytes: Bytes, now: Now, fx: &mut Effects) {
        let Downlink { token, serial, .. } = *downlink;
        fx.transmit(bytes.clone());
        delivery(token, DeliveryStage::Transmitted, fx);
        if self.patience.never_answers {
            return delivery(token, DeliveryStage::Confirmed(Evidence::Inferred), fx);
        }
        let deadline = now.monotonic.saturating_add(self.patience.wait);
        let flight = Flight { token, serial, bytes, deadline, copies: 1 };
        self.flight = Some(Box::new(flight));
    }

    pub(super) fn expire(&mut self, now: Now, fx: &mut Effects) {
        self.quiet_until.take_if(|until| *until <= now.monotonic);
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.deadline <= now.monotonic)
        else {
            return;
        };
        if flight.copies <= self.patience.repeats {
            flight.copies = flight.copies.saturating_add(1);
            flight.deadline = now.monotonic.saturating_add(self.patience.wait);
            return fx.transmit(flight.bytes.clone());
        }
        self.asleep = self.patience.until_awake;
        self.settle(DeliveryStage::TimedOut, true, now, fx);
    }

    /// The device was heard.
    pub(super) const fn awake(&mut self) {
        self.asleep = false;
    }

    /// The serial of the text in flight.
    pub(crate) fn in_flight(&self) -> Option<u32> {
        self.flight.as_ref().map(|flight| flight.serial)
    }

    /// The device asks for the text in flight again: it gets it once more. `false` if it had that already.
    pub(crate) fn again(&mut self, fx: &mut Effects) -> bool {
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.copies == 1) else {
            return false;
        };
        flight.copies = 2;
        fx.transmit(flight.bytes.clone());
        true
    }

    /// An answer without a number: about the text in flight, if there is one. Says whether there was.
    pub(crate) fn answered(&mut self, stage: DeliveryStage, now: Now, fx: &mut Effects) -> bool {
        let copies = self.flight.as_ref().map_or(0, |flight| flight.copies);
        self.settle(stage, copies > 1, now, fx)
    }

    /// An answer that quotes 16 bits of the text's serial, its [`number`].
    pub(crate) fn answered_number(&mut self, number: u16, stage: DeliveryStage, fx: &mut Effects) {
        self.answered_serial(number.into(), 16, stage, fx);
    }

    /// An answer that quotes the lowest `bits` of the text's serial: in flight here, or sent by an earlier connection or given up.
    pub(crate) fn answered_serial(
        &mut self,
        serial: u32,
        bits: u8,
        stage: DeliveryStage,
        fx: &mut Effects,
    ) {
        let mask = u32::MAX.checked_shr(u32::BITS.saturating_sub(bits.into())).unwrap_or(0);
        let settled = self.settled.replace((serial, stage));
        if let Some(flight) = self.flight.take_if(|flight| flight.serial & mask == serial) {
            return delivery(flight.token, stage, fx);
        }
        if settled.is_none_or(|(last, how)| (last & mask, how) != (serial, stage)) {
            let receipt = Receipt::Serial { serial, bits };
            fx.push(Effect::Delivery { lane: LANE, receipt, stage });
        }
    }

    fn settle(
        &mut self,
        stage: DeliveryStage,
        more_may_come: bool,
        now: Now,
        fx: &mut Effects,
    ) -> bool {
        let Some(flight) = self.flight.take() else {
            return false;
        };
        if stage != DeliveryStage::TimedOut {
            self.settled = Some((flight.serial, stage));
        }
        if more_may_come && !self.patience.quiet.is_zero() {
            self.quiet_until = Some(now.monotonic.saturating_add(self.patience.quiet));
        }
        delivery(flight.token, stage, fx);
        true
    }
}

fn delivery(token: DeliveryToken, stage: DeliveryStage, fx: &mut Effects) {
    fx.push(Effect::Delivery { lane: LANE, receipt: Receipt::Token(token), stage });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Evidence;
    use crate::session::Content;

    const CONFIRMED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Accepted);

    fn at(seconds: u64) -> Now {
        Now { monotonic: Duration::from_secs(seconds), wall: jiff::Timestamp::UNIX_EPOCH }
    }

    fn sent(patience: Patience, serial: u32) -> (Texts, Effects) {
        let (mut texts, mut fx) = (Texts::new(patience), Effects::new());
        let content = Content::Text { text: "x".to_owned(), part: 1, parts: 1 };
        let downlink = Downlink { token: DeliveryToken(7), serial, repeat: false, content };
        texts.send(&downlink, Bytes::from_static(b"x"), at(0), &mut fx);
        drop(fx.drain());
        (texts, fx)
    }

    fn patience() -> Patience {
        let (wait, quiet) = (Duration::from_secs(30), Duration::from_secs(20));
        Patience { wait, repeats: 1, quiet, until_awake: true, never_answers: false }
    }

    #[test]
    fn a_text_is_repeated_then_given_up_and_the_device_left_alone() {
        let (mut texts, mut fx) = sent(patience(), 1);
        texts.expire(at(29), &mut fx);
        assert!(fx.is_empty());
        texts.expire(at(30), &mut fx);
        assert_eq!(fx.as_slice(), [Effect::Transmit(Bytes::from_static(b"x"))]);
        drop(fx.drain());
        texts.expire(at(60), &mut fx);
        let receipt = Receipt::Token(DeliveryToken(7));
        let expected = Effect::Delivery { lane: LANE, receipt, stage: DeliveryStage::TimedOut };
        assert_eq!(fx.as_slice(), [expected]);
        assert_eq!((texts.window(), texts.poll_timeout()), (0, Some(Duration::from_secs(80))));
        texts.expire(at(80), &mut fx);
        assert_eq!((texts.window(), texts.poll_timeout()), (0, None));
        texts.awake();
        assert_eq!(texts.window(), 1);
    }

    #[test]
    fn an_answer_that_follows_a_repeated_text_is_about_nothing() {
        let (mut texts, mut fx) = sent(patience(), 1);
        texts.expire(at(30), &mut fx);
        assert!(texts.answered(CONFIRMED, at(31), &mut fx));
        assert_eq!(texts.window(), 0);
        assert!(!texts.answered(CONFIRMED, at(32), &mut fx));
        texts.expire(at(51), &mut fx);
        assert_eq!(texts.window(), 1);
    }

    #[test]
    fn an_answer_with_a_number_finds_its_text_once() {
        let (mut texts, mut fx) = sent(patience(), 0x1_0005);
        texts.answered_number(4, CONFIRMED, &mut fx);
        texts.answered_number(4, CONFIRMED, &mut fx);
        let receipt = Receipt::Serial { serial: 4, bits: 16 };
        assert_eq!(fx.as_slice(), [Effect::Delivery { lane: LANE, receipt, stage: CONFIRMED }]);
        drop(fx.drain());
        texts.answered_number(5, CONFIRMED, &mut fx);
        texts.answered_number(5, CONFIRMED, &mut fx);
        let receipt = Receipt::Token(DeliveryToken(7));
        assert_eq!(fx.as_slice(), [Effect::Delivery { lane: LANE, receipt, stage: CONFIRMED }]);
        assert_eq!(texts.window(), 1);
    }
}
