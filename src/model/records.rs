//! What an operator administers: users and their credentials, trackers, models, tariffs, employees.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::{BuiltIn, EmployeeId, Millis, TariffId, TrackerId, UserId, protocol_of};

/// A user of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Login name.
    pub login: String,
    /// Argon2 hash in PHC format.
    #[serde(skip)]
    pub password_hash: String,
    /// Name shown.
    pub title: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Locale, like `en_US`.
    pub locale: String,
    /// The account this is a sub-user of.
    pub master: Option<UserId>,
    /// A blocked user cannot log in; its credentials do not work.
    pub blocked: bool,
    /// When it was created.
    pub created: Millis,
    /// For a sub-user: the trackers bound to it.
    pub trackers: BTreeSet<TrackerId>,
}

impl User {
    /// The account whose data this user works on.
    #[must_use]
    pub fn account(&self) -> UserId {
        self.master.unwrap_or(self.id)
    }
}

/// A user to be created; see [`User`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// Login name.
    pub login: String,
    /// Argon2 hash in PHC format.
    pub password_hash: String,
    /// Name shown.
    pub title: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Locale.
    pub locale: String,
    /// Master account of a sub-user.
    pub master: Option<UserId>,
}

/// What to change of a user; `None` keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserChange {
    /// Login name.
    pub login: Option<String>,
    /// New password hash; ends the user's sessions.
    pub password_hash: Option<String>,
    /// Name shown.
    pub title: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Locale.
    pub locale: Option<String>,
    /// Blocked.
    pub blocked: Option<bool>,
    /// For a sub-user: exactly these trackers.
    pub trackers: Option<BTreeSet<TrackerId>>,
}

/// SHA-256 of a session hash, API key or device secret: what is stored instead of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// What a `hash` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Digest of the hash.
    pub digest: Digest,
    /// Whose it is.
    pub user: UserId,
    /// When it was created.
    pub created: Millis,
    /// Session or API key.
    pub kind: CredentialKind,
}

/// Kinds of credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialKind {
    /// From `user/auth`; dies after 30 idle days.
    Session {
        /// Last use, noted with a granularity of an hour.
        used: Millis,
    },
    /// From `api/key/create`; never expires.
    ApiKey {
        /// Title.
        title: String,
        /// The first four digits of the key, to tell keys apart in lists.
        prefix: String,
    },
}

/// A tracker with its device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tracker {
    /// Id.
    pub id: TrackerId,
    /// The account it belongs to.
    pub user: UserId,
    /// Name shown.
    pub label: String,
    /// Protocol name ([`protocols::ProtocolInfo::name`]).
    pub protocol: String,
    /// Device identity in that protocol.
    pub identity: String,
    /// Digest of the device's password or authentication code, if it must present one.
    #[serde(skip)]
    pub secret: Option<Digest>,
    /// Device options that differ from the protocol's defaults, validated when set.
    pub options: std::collections::BTreeMap<String, String>,
    /// Model code.
    pub model: String,
    /// Tariff.
    pub tariff: TariffId,
    /// Blocked by the operator.
    pub blocked: bool,
    /// Group, 0 = none.
    pub group: i64,
    /// Phone number of its SIM.
    pub phone: Option<String>,
    /// When it was created.
    pub created: Millis,
    /// The driver now assigned.
    pub employee: Option<EmployeeId>,
}

/// A tracker to be created; see [`Tracker`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTracker {
    /// Account.
    pub user: UserId,
    /// Name shown.
    pub label: String,
    /// Protocol name.
    pub protocol: String,
    /// Device identity.
    pub identity: String,
    /// Digest of the device's secret.
    pub secret: Option<Digest>,
    /// Device options.
    pub options: std::collections::BTreeMap<String, String>,
    /// Model code.
    pub model: String,
    /// Tariff.
    pub tariff: TariffId,
    /// Phone number.
    pub phone: Option<String>,
}

/// What to change of a tracker; `None` keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrackerChange {
    /// Name shown.
    pub label: Option<String>,
    /// Protocol and identity.
    pub device: Option<(String, String)>,
    /// Device secret; `Some(None)` removes it.
    pub secret: Option<Option<Digest>>,
    /// Device options, all of them.
    pub options: Option<std::collections::BTreeMap<String, String>>,
    /// Model code.
    pub model: Option<String>,
    /// Tariff.
    pub tariff: Option<TariffId>,
    /// Blocked.
    pub blocked: Option<bool>,
    /// Phone number; `Some(None)` removes it.
    pub phone: Option<Option<String>>,
}

/// A device model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Code, like `jt808_terminal`.
    pub code: String,
    /// Name.
    pub name: String,
    /// Vendor.
    pub vendor: String,
    /// Kind of device.
    pub kind: String,
    /// What the identity is: `imei`, `phone`, `custom`.
    pub id_type: String,
    /// Full name of the built-in profile that its devices have ([`BuiltIn::named`]); `None`: it belongs to no protocol, and its
    /// devices have the defaults of theirs.
    pub profile: Option<String>,
    /// Whether chat is available, if the operator says so; `None`: what its profile says, and without one it is not.
    pub chat: Option<bool>,
}

impl Model {
    /// Its built-in profile, if this build has it.
    #[must_use]
    pub fn built_in(&self) -> Option<BuiltIn> {
        self.profile.as_deref().and_then(BuiltIn::named)
    }

    /// Chat is available for this model.
    #[must_use]
    pub fn has_chat(&self) -> bool {
        self.chat.unwrap_or_else(|| self.built_in().is_some_and(BuiltIn::has_chat))
    }

    /// Whether a tracker that speaks `protocol` may have this model.
    ///
    /// # Errors
    /// Why not, and what to do about it.
    pub fn check_protocol(&self, protocol: &str) -> Result<(), String> {
        match self.profile.as_deref() {
            Some(profile) if protocol_of(profile) != protocol => {
                Err(misfit(&self.code, profile, protocol))
            }
            _ => Ok(()),
        }
    }
}

/// What is wrong with a tracker that speaks `protocol` and has a model with a profile of another one.
pub(crate) fn misfit(model: &str, profile: &str, protocol: &str) -> String {
    format!(
        "model `{model}` has the profile {profile} and suits no tracker that speaks {protocol}: choose a model of {protocol}, \
         like `{protocol}`; `cabwire model list` shows which model has which profile"
    )
}

/// A tariff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tariff {
    /// Id.
    pub id: TariffId,
    /// Name.
    pub name: String,
    /// Features; `chat` is the one that matters here.
    pub features: BTreeSet<String>,
    /// Reports are included.
    pub has_reports: bool,
}

/// An employee (driver).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Employee {
    /// Id.
    pub id: EmployeeId,
    /// Account.
    pub user: UserId,
    /// First name.
    pub first_name: String,
    /// Middle name.
    pub middle_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// Phone number.
    pub phone: String,
    /// Hardware key that identifies the driver at the device.
    pub hardware_key: Option<String>,
    /// Personnel number.
    pub personnel_number: String,
}

/// An employee to be created or, field by field, its new values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewEmployee {
    /// First name.
    pub first_name: String,
    /// Middle name.
    pub middle_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// Phone number.
    pub phone: String,
    /// Hardware key.
    pub hardware_key: Option<String>,
    /// Personnel number.
    pub personnel_number: String,
}

/// An entry of a tracker's assignment history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Who was assigned; `None`: nobody.
    pub employee: Option<EmployeeId>,
    /// When.
    pub changed: Millis,
    /// By the device (a card, a key) rather than by a supervisor.
    pub by_device: bool,
}
