//! The words the whole daemon uses: ids, moments, messages, and the records an operator administers.

mod attributes;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use attributes::Attributes;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A user of the API: an account, or a sub-user of one.
    UserId
}
id! {
    /// A tracker: the API's `tracker_id`.
    TrackerId
}
id! {
    /// An employee (driver).
    EmployeeId
}
id! {
    /// A chat message; unique and increasing over all trackers, within a signed 32-bit integer.
    MessageId
}
id! {
    /// A tariff.
    TariffId
}

/// Milliseconds since 1970-01-01 UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl From<jiff::Timestamp> for Millis {
    fn from(time: jiff::Timestamp) -> Self {
        Self(time.as_millisecond())
    }
}

impl Millis {
    /// As a timestamp; moments beyond the calendar's ends become its ends.
    #[must_use]
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// So much later.
    #[must_use]
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// Which way a message goes, seen from the dispatcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the driver.
    Incoming,
    /// To the driver.
    Outgoing,
}

/// The two states the API knows. Outgoing: confirmed by the device or not. Incoming: read by a dispatcher or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not confirmed, not read.
    Pending,
    /// Confirmed, read.
    Delivered,
}

/// A message as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id.
    pub id: MessageId,
    /// Tracker.
    pub tracker: TrackerId,
    /// Direction.
    pub direction: Direction,
    /// Status.
    pub status: Status,
    /// When it was stored. Never decreases with increasing id.
    pub submit: Millis,
    /// When the device's confirmation was processed; `None` for every incoming message.
    pub update: Option<Millis>,
    /// The text.
    pub text: String,
    /// The driver assigned to the tracker when an incoming message came.
    pub employee: Option<EmployeeId>,
}

/// An outgoing text to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewText {
    /// To whom.
    pub tracker: TrackerId,
    /// Text, whole.
    pub text: Arc<str>,
    /// Where it is cut into parts ([`protocols::text::TextPlan::cuts`]).
    pub cuts: Vec<u32>,
    /// The device's charset lacks some of its characters.
    pub lossy: bool,
    /// Who sends it.
    pub author: Option<UserId>,
    /// After this moment it is no longer offered to the device (it stays PENDING for the API).
    pub expires: Option<Millis>,
}

/// What the store assigned to a queued text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedText {
    /// Id.
    pub id: MessageId,
    /// Submit time.
    pub submit: Millis,
    /// Serial of the first part; the part with index `n` (from 0) has `serial + n`. Consecutive per tracker, so that the serials of a tracker's last
    /// 65 536 parts are distinct modulo 65 536.
    pub serial: u32,
}

/// An outgoing text that waits for its device's confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingText {
    /// Id.
    pub id: MessageId,
    /// To whom.
    pub tracker: TrackerId,
    /// Text, whole.
    pub text: Arc<str>,
    /// Where it is cut.
    pub cuts: Vec<u32>,
    /// Parts that the device has confirmed already.
    pub parts_done: u16,
    /// Serial of the first part.
    pub serial: u32,
    /// Attempts so far that did not succeed.
    pub attempts: u32,
    /// Submit time.
    pub submit: Millis,
    /// When the call that sent it was accepted, on the monotonic clock of this process; `None` if it was loaded from the store.
    pub accepted: Option<Duration>,
}

/// A driver's text to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDriverText {
    /// From whom.
    pub tracker: TrackerId,
    /// Text.
    pub text: String,
    /// The driver assigned to the tracker now.
    pub employee: Option<EmployeeId>,
    /// When it was written, by the device's clock.
    pub device_time: Option<Millis>,
    /// When it arrived.
    pub received: Millis,
    /// Recognises a repeat.
    pub repeat: Repeat,
    /// Serial of the outgoing part it answers.
    pub reply_to: Option<u32>,
    /// The machine wrote it, not the driver.
    pub from_device: bool,
}

/// How a repeated driver text is recognised ([`protocols::RepeatKey`], combined with the text).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// Hash of what makes the message unique within its tracker.
    pub key: u64,
    /// How long the key stays significant, in milliseconds.
    pub window: i64,
    /// The same key over the same connection is a new message.
    pub other_connection_only: bool,
    /// Number of the connection, unique within this process and never 0.
    pub connection: u64,
}

/// What became of a driver's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredText {
    /// Stored under this id.
    New(MessageId),
    /// A repeat of one that is stored already.
    Repeat,
}

/// Last known state of a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct DeviceState {
    /// When the gateway last stored something from it.
    pub seen: Millis,
    /// Time of the last position, by the device's clock if plausible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_time: Option<Millis>,
    /// Latitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Longitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Speed in km/h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f32>,
    /// Course in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<f32>,
    /// Altitude in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f32>,
    /// Satellites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satellites: Option<u16>,
    /// Other named values, newest of each name.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Named values kept per device; a device that invents ever new names does not grow without bound.
const MAX_ATTRIBUTES: usize = 256;

impl DeviceState {
    /// Takes over what `newer` says. What it does not say is kept. What comes with a position from the device's memory does not
    /// replace what came with a later one.
    pub fn merge(&mut self, newer: Self) {
        self.seen = self.seen.max(newer.seen);
        let late = newer.fix_time.is_some() && newer.fix_time < self.fix_time;
        if newer.fix_time.is_some() && !late {
            self.fix_time = newer.fix_time;
            (self.latitude, self.longitude) = (newer.latitude, newer.longitude);
            (self.speed, self.course, self.altitude) = (newer.speed, newer.course, newer.altitude);
            self.satellites = newer.satellites;
        }
        for (name, value) in newer.attributes {
            let known = self.attributes.get(&name).is_some();
            let wanted = if known { !late } else { self.attributes.len() < MAX_ATTRIBUTES };
            if wanted {
                self.attributes.insert(name, value);
            }
        }
    }
}

/// What one read from one connection wants stored, all or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Uplink {
    /// Driver texts, in order.
    pub texts: Vec<NewDriverText>,
    /// New device states, in order.
    pub states: Vec<(TrackerId, DeviceState)>,
}

/// What became known about an outgoing text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryUpdate {
    /// The device confirmed a part.
    Confirmed {
        /// Message.
        id: MessageId,
        /// Parts confirmed now, from the first: this part's index + 1.
        parts_done: u16,
        /// When the confirmation was processed.
        at: Millis,
        /// Failed attempts before this one, for the record.
        attempts: u32,
    },
    /// The device quoted a serial that its connection does not wait for: the tracker's pending text with that serial, if any. Only a receipt for the
    /// next unconfirmed part counts.
    ConfirmedSerial {
        /// Tracker.
        tracker: TrackerId,
        /// Quoted serial.
        serial: u32,
        /// Significant low bits of it.
        bits: u8,
        /// When the confirmation was processed.
        at: Millis,
    },
    /// An attempt failed. The text stays PENDING.
    Failed {
        /// Message.
        id: MessageId,
        /// Attempts so far, this one included.
        attempts: u32,
        /// Not offered to the device again before this moment.
        retry: Millis,
        /// What happened, for the operator.
        error: String,
    },
}

/// What a [`DeliveryUpdate`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// PENDING became DELIVERED, now and by this update.
    Delivered(MessageId),
    /// A part was noted; more are to come.
    Progressed(MessageId),
    /// An attempt was noted.
    Noted,
    /// Nothing to change: unknown, delivered already, or out of order.
    Unchanged,
}

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
    /// Chat is available for this model.
    pub has_chat: bool,
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

/// A device that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stranger {
    /// Protocol.
    pub protocol: String,
    /// What it called itself.
    pub identity: String,
    /// Where it last came from.
    pub address: IpAddr,
    /// Why it was refused last.
    pub reason: String,
    /// How often it tried, since the daemon started or forgot it.
    pub count: u64,
    /// First time.
    pub first: Millis,
    /// Last time.
    pub last: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_from_memory_does_not_replace_a_later_one() {
        let at = |fix: i64, latitude: f64| DeviceState {
            seen: Millis(fix),
            fix_time: Some(Millis(fix)),
            latitude: Some(latitude),
            ..DeviceState::default()
        };
        let mut state = at(100, 1.0);
        state.attributes.insert("ignition", true);
        let mut late = at(50, 2.0);
        late.attributes.insert("ignition", false);
        state.merge(late);
        assert_eq!((state.latitude, state.fix_time), (Some(1.0), Some(Millis(100))));
        assert_eq!(state.attributes.get("ignition"), Some(&true.into()), "nor what came with it");
        state.merge(at(200, 3.0));
        assert_eq!((state.latitude, state.attributes.len()), (Some(3.0), 1));
        state.merge(DeviceState { seen: Millis(300), ..DeviceState::default() });
        assert_eq!(
            (state.latitude, state.seen),
            (Some(3.0), Millis(300)),
            "what is not said is kept"
        );
    }
}
