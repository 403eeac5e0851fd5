//! A Garmin navigator at the serial port: its packets come up as `GTDTT` and go down, if the firmware takes that, as data in
//! hexadecimal (options `fmi`, `fmi_down`); its texts go through the dialogue of [`crate::garmin`].

use std::time::Duration;

use bytes::Bytes;

use super::encode;
use super::message::{DataCommand, Sentence};
use super::serial;
use super::session::{LANE, Online};
use crate::effect::Effects;
use crate::garmin::carrier::{self, NO_ANSWERS};
use crate::garmin::{Fmi, Switches};
use crate::options::DeviceOptions;
use crate::session::{Downlink, Now};

/// The dialogue with the navigator of one device, if it has one.
#[derive(Debug)]
pub(super) struct Tunnel {
    navigator: Option<Box<Fmi>>,
    /// Serial of the last command.
    serial: u16,
}

impl Tunnel {
    pub(super) fn of(options: &DeviceOptions) -> Self {
        let navigator = Switches::of(options).map(|own| Box::new(Fmi::new(LANE, own)));
        Self { navigator, serial: 0 }
    }

    pub(super) const fn is_there(&self) -> bool {
        self.navigator.is_some()
    }
}

impl Online {
    /// Texts that the navigator takes now; `None` without one.
    pub(super) fn navigator_window(&self) -> Option<usize> {
        let navigator = self.navigator.navigator.as_ref()?;
        Some(if self.settings.navigator_down { navigator.window() } else { 0 })
    }

    /// When the dialogue wants to be woken. Where nothing can be said, there is nothing to repeat.
    pub(super) fn navigator_deadline(&self) -> Option<Duration> {
        let navigator = self.navigator.navigator.as_ref()?;
        navigator.deadline().filter(|_| self.settings.navigator_down)
    }

    pub(super) fn meet_navigator(&mut self, now: Now, fx: &mut Effects) {
        if self.settings.navigator_down {
            self.navigate(NO_ANSWERS, fx, |navigator, fx| navigator.start(now, fx));
        }
    }

    pub(super) fn navigator_timeout(&mut self, now: Now, fx: &mut Effects) {
        if self.navigator_deadline().is_some_and(|at| at <= now.monotonic) {
            self.navigate(NO_ANSWERS, fx, |navigator, fx| navigator.timeout(now, fx));
        }
    }

    /// Sends something, through the navigator if there is one.
    pub(super) fn take(&mut self, downlink: Downlink, now: Now, fx: &mut Effects) {
        if self.navigator.is_there() {
            let send =
                |navigator: &mut Fmi, fx: &mut Effects| navigator.downlink(downlink, now, fx);
            self.navigate(NO_ANSWERS, fx, send);
        } else {
            self.send(&downlink, now, fx);
        }
    }

    /// A report of serial bytes, which is acknowledged by `ack` after what is in it has been stored.
    pub(super) fn hear(&mut self, sentence: &Sentence<'_>, ack: Bytes, now: Now, fx: &mut Effects) {
        let bytes = serial::bytes(sentence).unwrap_or_default();
        self.navigate((ack, Bytes::new()), fx, |navigator, fx| {
            // What is wrong with it has been kept; a noisy line is no fault of the connection.
            drop(navigator.receive(&bytes, now, fx));
        });
    }

    fn navigate(
        &mut self,
        answers: (Bytes, Bytes),
        fx: &mut Effects,
        what: impl FnOnce(&mut Fmi, &mut Effects),
    ) {
        let (settings, Tunnel { navigator, serial }) = (&self.settings, &mut self.navigator);
        // Without a password nothing goes down, and the navigator never comes up.
        let password = settings.password(&self.device_type).filter(|_| settings.navigator_down);
        let wrap = |bytes: Bytes| {
            let Some(password) = password else { return Bytes::new() };
            *serial = serial.wrapping_add(1);
            encode::data(&DataCommand {
                password: password.as_bytes(),
                kind: settings.data_type.as_bytes(),
                data: serial::hex(&bytes),
                need_ack: settings.need_ack.as_bytes(),
                serial: format!("{serial:04X}").as_bytes(),
            })
        };
        carrier::with(navigator, answers, wrap, fx, what);
    }
}
