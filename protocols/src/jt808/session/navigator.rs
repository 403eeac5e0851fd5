//! A Garmin navigator on a serial port of the terminal: its packets travel as transparent data (section 12.6), its texts go
//! through the dialogue of [`crate::garmin`].

use bytes::Bytes;

use super::Uplink;
use super::lane::LaneState;
use crate::effect::Effects;
use crate::garmin::Fmi;
use crate::garmin::carrier::{self, NO_ANSWERS};
use crate::jt808::header::Edition;
use crate::jt808::message::{Message, id};
use crate::session::{Downlink, Now, SessionError};

impl LaneState {
    /// Begins the dialogue, if the terminal has a navigator.
    pub(super) fn meet_navigator(&mut self, now: Now, fx: &mut Effects) {
        let switches = self.settings.as_ref().and_then(|settings| settings.navigator.clone());
        self.navigator = switches.map(|switches| Box::new(Fmi::new(self.number, switches)));
        self.with_navigator(NO_ANSWERS, fx, |navigator, fx| navigator.start(now, fx));
    }

    /// Whether transparent data of this type are the navigator's.
    pub(super) fn is_navigator(&self, kind: u8) -> bool {
        let port = self.settings.as_ref().map(|settings| settings.navigator_port);
        self.navigator.is_some() && port == Some(kind)
    }

    /// Packets of the navigator, answered by the terminal's rules after what is in them has been stored.
    pub(super) fn take_packets(
        &mut self,
        uplink: Uplink<'_>,
        data: &[u8],
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), SessionError> {
        let answers = self.answers(uplink.header, 0, 1);
        let receive = |navigator: &mut Fmi, fx: &mut Effects| navigator.receive(data, now, fx);
        self.with_navigator(answers, fx, receive).unwrap_or(Ok(()))
    }

    pub(super) fn issue_to_navigator(&mut self, downlink: Downlink, now: Now, fx: &mut Effects) {
        self.with_navigator(NO_ANSWERS, fx, |navigator, fx| navigator.downlink(downlink, now, fx));
    }

    /// The terminal does not pass packets on.
    pub(super) fn navigator_out_of_reach(&mut self, now: Now, fx: &mut Effects) {
        self.with_navigator(NO_ANSWERS, fx, |navigator, fx| navigator.detached(now, fx));
    }

    pub(super) fn navigator_timeout(&mut self, now: Now, fx: &mut Effects) {
        self.with_navigator(NO_ANSWERS, fx, |navigator, fx| {
            if navigator.deadline().is_some_and(|at| at <= now.monotonic) {
                navigator.timeout(now, fx);
            }
        });
    }

    /// Does something with the dialogue and wraps what it wants written.
    fn with_navigator<T>(
        &mut self,
        answers: (Bytes, Bytes),
        fx: &mut Effects,
        what: impl FnOnce(&mut Fmi, &mut Effects) -> T,
    ) -> Option<T> {
        let mut navigator = self.navigator.take();
        let kind = self.settings.as_ref().map_or(0, |settings| settings.navigator_port);
        let wide = self.edition() == Edition::V2011;
        let wrap = |bytes: Bytes| {
            let total = wide.then(|| u32::try_from(bytes.len()).unwrap_or(0));
            let id = id::TRANSPARENT_DOWN;
            self.frame(id, &Message::Transparent { id, kind, total, data: &bytes }.encode())
        };
        let result = carrier::with(&mut navigator, answers, wrap, fx, what);
        self.navigator = navigator;
        result
    }
}
