//! One unit on the connection: who it is, how it stands, how it is written to.

use super::delivery::Delivery;
use super::link::Address;
use crate::egts::message::code;
use crate::egts::options::Settings;
use crate::session::Lane;

/// How a unit stands with us.
#[derive(Debug)]
pub(super) enum Standing {
    /// Not let in; its records get this result.
    Refused(u8),
    /// Accepted.
    Online(Box<Settings>),
}

/// One unit.
#[derive(Debug)]
pub(super) struct LaneState {
    pub(super) number: Lane,
    /// OID that its records carry, on a relay.
    pub(super) address: Address,
    /// The identity it was last admitted or refused under.
    pub(super) identity: Box<str>,
    pub(super) standing: Standing,
    /// BS: largest packet it accepts.
    pub(super) max_packet: Option<u16>,
    /// The refusal has been reported.
    pub(super) refusal_told: bool,
    pub(super) delivery: Delivery,
}

impl LaneState {
    pub(super) fn new(number: Lane, object: Option<u32>) -> Self {
        Self {
            number,
            address: Address { route: None, object },
            identity: Box::default(),
            standing: Standing::Refused(code::NOT_AUTHORISED),
            max_packet: None,
            refusal_told: false,
            delivery: Delivery::default(),
        }
    }

    pub(super) const fn online(&self) -> bool {
        matches!(self.standing, Standing::Online(_))
    }

    pub(super) fn settings(&self) -> Option<&Settings> {
        match &self.standing {
            Standing::Online(settings) => Some(settings),
            Standing::Refused(_) => None,
        }
    }

    /// Result for the records of a unit that is not let in.
    pub(super) const fn refusal(&self) -> Option<u8> {
        match &self.standing {
            Standing::Online(_) => None,
            Standing::Refused(code) => Some(*code),
        }
    }
}
