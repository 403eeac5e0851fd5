//! The words the whole daemon uses: ids, moments, messages, and the records an operator administers.

mod attributes;
mod message;
mod profile;
mod records;
mod state;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use attributes::Attributes;
pub use message::{
    DeliveryOutcome, DeliveryUpdate, Direction, Message, NewDriverText, NewText, PendingText,
    QueuedText, Repeat, Status, StoredText, Uplink,
};
pub use profile::BuiltIn;
pub(crate) use profile::protocol_of;
pub(crate) use records::misfit;
pub use records::{
    Assignment, Credential, CredentialKind, Digest, Employee, Model, NewEmployee, NewTracker,
    NewUser, Tariff, Tracker, TrackerChange, User, UserChange,
};
pub use state::{DeviceState, Stranger};

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
