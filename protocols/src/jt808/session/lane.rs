//! One terminal on the connection: who it is, how it stands, how it is written to.

use std::time::Duration;

use bytes::Bytes;

use super::Uplink;
use super::delivery::Delivery;
use crate::effect::{CloseReason, Effects};
use crate::event::Attributes;
use crate::garmin::Fmi;
use crate::jt808::frame::{self, Outgoing};
use crate::jt808::header::{Address, Edition, Header};
use crate::jt808::message::{Answer, Context, Message, id};
use crate::jt808::settings::Settings;
use crate::session::Lane;
use crate::text::Charset;

/// How a terminal stands with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not known, as far as we were told.
    Stranger,
    /// Known, but it has not authenticated (or not rightly).
    Known {
        /// Any message may take the place of the authentication.
        implicit: bool,
    },
    /// Accepted.
    Online,
}

/// One terminal.
#[derive(Debug)]
pub(super) struct LaneState {
    pub(super) number: Lane,
    /// As last received.
    pub(super) address: Address,
    /// As the registration showed it.
    pub(super) edition: Option<Edition>,
    /// Serial of our next answer; texts have their own.
    pub(super) serial: u16,
    pub(super) standing: Standing,
    /// What waits for the answer to an [`crate::Effect::Authenticate`].
    pub(super) asked: Option<Box<Asked>>,
    pub(super) settings: Option<Settings>,
    /// What it told about itself before it was online.
    pub(super) about: Option<Box<Attributes>>,
    /// Messages refused since it was last online.
    pub(super) refused: u8,
    /// Failed authentications in a row and when the first of them was.
    pub(super) failures: (u8, Duration),
    /// The refusal has been reported.
    pub(super) refusal_told: bool,
    /// When texts may be sent; none once they may, or while it is not online.
    pub(super) ready_at: Option<Duration>,
    /// When to close the connection.
    pub(super) close_at: Option<(Duration, CloseReason)>,
    pub(super) delivery: Delivery,
    /// The dialogue with the navigator behind the terminal, once it is online.
    pub(super) navigator: Option<Box<Fmi>>,
}

/// An uplink kept while the host looks the terminal up.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) header: Header,
    pub(super) first_serial: u16,
    pub(super) body: Box<[u8]>,
}

impl Asked {
    pub(super) fn uplink(&self) -> Uplink<'_> {
        Uplink { header: &self.header, first_serial: self.first_serial, body: &self.body }
    }
}

impl LaneState {
    pub(super) fn new(number: Lane, address: Address) -> Self {
        Self {
            number,
            address,
            edition: None,
            serial: 0,
            standing: Standing::Stranger,
            asked: None,
            settings: None,
            about: None,
            refused: 0,
            failures: (0, Duration::ZERO),
            refusal_told: false,
            ready_at: None,
            close_at: None,
            delivery: Delivery::default(),
            navigator: None,
        }
    }

    pub(super) fn online(&self) -> bool {
        self.standing == Standing::Online
    }

    pub(super) fn charset(&self) -> Charset {
        self.settings.as_ref().map_or(Charset::Gbk, |settings| settings.charset)
    }

    /// Edition of the message bodies: forced, or as registered, or as the header suggests.
    pub(super) fn edition(&self) -> Edition {
        let forced = self.settings.as_ref().and_then(|settings| settings.edition);
        forced.or(self.edition).unwrap_or_else(|| self.address.style.usual_edition())
    }

    pub(super) fn context(&self) -> Context {
        Context { style: self.address.style, edition: self.edition() }
    }

    /// Address for what we send.
    pub(super) fn downlink_address(&self) -> Address {
        self.settings.as_ref().map_or(self.address, |settings| settings.downlink(self.address))
    }

    pub(super) fn take_serials(&mut self, count: u16) -> u16 {
        let first = self.serial;
        self.serial = first.wrapping_add(count);
        first
    }

    /// A frame of ours, with the next serial of its own.
    pub(super) fn frame(&mut self, id: u16, body: &[u8]) -> Bytes {
        let serial = self.take_serials(1);
        frame::seal(
            &Outgoing { address: self.downlink_address(), id, serial, fragment: None },
            body,
        )
    }

    /// Sends a message now.
    pub(super) fn send(&mut self, id: u16, message: &Message<'_>, fx: &mut Effects) {
        let bytes = self.frame(id, &message.encode());
        fx.transmit(bytes);
    }

    /// The general answer for an uplink, in two versions of which one will be written.
    pub(super) fn answers(&mut self, header: &Header, ok: u8, failed: u8) -> (Bytes, Bytes) {
        let serial = self.take_serials(1);
        let outgoing = Outgoing {
            address: self.downlink_address(),
            id: id::PLATFORM_ANSWER,
            serial,
            fragment: None,
        };
        let seal = |result| {
            let answer = Answer { serial: header.serial, id: header.id, result };
            frame::seal(&outgoing, &answer.encode())
        };
        (seal(ok), seal(failed))
    }

    /// The general answer, at once.
    pub(super) fn answer(&mut self, header: &Header, result: u8, fx: &mut Effects) {
        let answer = Answer { serial: header.serial, id: header.id, result };
        let bytes = self.frame(id::PLATFORM_ANSWER, &answer.encode());
        fx.transmit(bytes);
    }

    /// When this lane wants to be woken.
    pub(super) fn wanted(&self) -> Option<Duration> {
        let close = self.close_at.map(|(at, _)| at);
        let navigator = self.navigator.as_ref().and_then(|navigator| navigator.deadline());
        [close, self.ready_at, self.delivery.deadline(), navigator].into_iter().flatten().min()
    }
}
