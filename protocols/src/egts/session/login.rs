//! What the peer says about itself, and who that makes it (section 5.1).

use crate::egts::about::text;
use crate::egts::message::{TermIdentity, known};

/// What the peer has said about itself.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// It sent TERM_IDENTITY.
    pub(super) unit: bool,
    pub(super) imei: Option<Box<str>>,
    pub(super) id: u32,
    pub(super) vin: Option<Box<str>>,
    pub(super) object: Option<u32>,
    pub(super) user: Option<Box<str>>,
    pub(super) password: Option<Box<str>>,
    /// BS.
    pub(super) max_packet: Option<u16>,
    /// SSRA is not set: it waits for SERVICE_INFO.
    pub(super) wants_services: bool,
    /// AUTH_PARAMS has been sent.
    pub(super) challenged: bool,
}

impl Login {
    /// The identity and its other forms (section 5.1): IMEI, TID, VIN, OID, user name.
    pub(super) fn names(&self) -> Vec<String> {
        let id = Some(self.id).filter(|&id| id != 0);
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        let names = [
            self.imei.as_deref().map(str::to_owned),
            number(id),
            self.vin.as_deref().map(str::to_owned),
            number(self.object),
            self.user.as_deref().filter(|_| !self.unit).map(str::to_owned),
        ];
        let mut list: Vec<String> = Vec::new();
        for name in names.into_iter().flatten() {
            if !list.contains(&name) {
                list.push(name);
            }
        }
        list
    }

    /// TERM_IDENTITY came: whoever it was before, it is this one now.
    pub(super) fn term_identity(&mut self, identity: &TermIdentity<'_>, object: Option<u32>) {
        let boxed = |field: &[u8]| text(field).into_boxed_str();
        if std::mem::replace(&mut self.unit, true) {
            // Another unit has another password.
            self.password = None;
        }
        self.imei = identity.imei.and_then(known).map(boxed);
        self.id = identity.id;
        self.object = object.filter(|&object| object != 0);
        self.max_packet = identity.buffer.filter(|&size| size > 0);
        self.wants_services = !identity.simple;
        self.challenged = false;
    }

    /// The password, if there is one.
    pub(super) fn secret(&self) -> Option<String> {
        self.password.as_deref().filter(|password| !password.is_empty()).map(str::to_owned)
    }
}
