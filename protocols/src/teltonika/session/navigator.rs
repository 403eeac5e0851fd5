//! A Garmin navigator on the serial port (specification 5): its packets go down in messages of their own type and come up as
//! serial data; its texts go through the dialogue of [`crate::garmin`], once the backlog is done.

use std::time::Duration;

use bytes::Bytes;

use super::Online;
use crate::effect::{Effect, Effects};
use crate::garmin::Fmi;
use crate::garmin::carrier::{self, NO_ANSWERS};
use crate::session::{Downlink, Now};
use crate::teltonika::envelope::{self, Message};

impl Online {
    /// Texts that can be taken now.
    pub(super) fn window(&self) -> usize {
        let navigator = self.navigator.as_ref().map(|navigator| navigator.window());
        self.texts.window().min(navigator.unwrap_or(usize::MAX))
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        let navigator = self.navigator.as_ref().and_then(|navigator| navigator.deadline());
        self.texts.poll_timeout().into_iter().chain(navigator).min()
    }

    /// Sends something, through the navigator if there is one.
    pub(super) fn take(&mut self, downlink: Downlink, now: Now, fx: &mut Effects) {
        match self.navigator {
            Some(_) => self.navigate(fx, |navigator, fx| navigator.downlink(downlink, now, fx)),
            None => self.send(&downlink, now, fx),
        }
    }

    /// Begins the dialogue when the device has sent what it kept.
    pub(super) fn meet_navigator(&mut self, now: Now, fx: &mut Effects) {
        if self.texts.window() > 0 {
            self.navigate(fx, |navigator, fx| navigator.start(now, fx));
        }
    }

    /// Serial data of the navigator.
    pub(super) fn hear(&mut self, message: &Message<'_>, now: Now, fx: &mut Effects) {
        self.navigate(fx, |navigator, fx| {
            // What is wrong with it has been kept; a noisy line is no fault of the connection.
            drop(navigator.receive(message.payload, now, fx));
        });
    }

    pub(super) fn navigator_timeout(&mut self, now: Now, fx: &mut Effects) {
        self.meet_navigator(now, fx);
        self.navigate(fx, |navigator, fx| {
            if navigator.deadline().is_some_and(|at| at <= now.monotonic) {
                navigator.timeout(now, fx);
            }
        });
    }

    fn navigate(&mut self, fx: &mut Effects, what: impl FnOnce(&mut Fmi, &mut Effects)) {
        let kind = self.settings.navigator_type;
        let wrap = |bytes: Bytes| Bytes::from(envelope::wrap12(kind, &bytes));
        let mut moved = Effects::new();
        carrier::with(&mut self.navigator, NO_ANSWERS, wrap, &mut moved, what);
        for effect in moved.drain() {
            match effect {
                Effect::Transmit(bytes) => super::in_turn(bytes, fx),
                other => fx.push(other),
            }
        }
    }
}
