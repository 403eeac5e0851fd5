//! Fields that only these packets have.

use crate::egts::message::moment;
use crate::egts::names;
use crate::wire::shown::Shown;

impl Shown<'_> {
    /// Bits.
    pub(super) fn bits(&mut self, name: &str) -> u8 {
        self.byte(name, |bits| format!("{bits:08b}"))
    }

    /// A result code.
    pub(super) fn code(&mut self, name: &str) {
        self.byte(name, |code| format!("{code} {}", names::result(code)));
    }

    /// Seconds since 2010.
    pub(super) fn time(&mut self, name: &str) {
        self.value(name, 4, |seconds| {
            let moment = u32::try_from(seconds).ok().and_then(moment);
            moment.map_or_else(|| "none".to_owned(), |moment| format!("{seconds} = {moment}"))
        });
    }
}
