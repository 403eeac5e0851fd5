//! From rows to the records of [`crate::model`]. Columns come in the order of the lists in [`super::sql`].

use std::collections::BTreeSet;
use std::error::Error;

use rusqlite::types::Type;
use rusqlite::{Result, Row};
use serde::de::DeserializeOwned;

use super::query::FromRow;
use crate::model::{
    Assignment, Credential, CredentialKind, Digest, Direction, Employee, EmployeeId, Message,
    MessageId, Millis, Model, PendingText, Status, Stranger, Tariff, TariffId, Tracker, TrackerId,
    User, UserId,
};
use crate::store::DeliveryRecord;

/// A value that makes no sense to us, though SQLite may hold it.
fn senseless(
    column: usize,
    kind: Type,
    why: impl Into<Box<dyn Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, why.into())
}

/// JSON in a column.
fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| senseless(column, Type::Text, error))
}

fn digest(row: &Row<'_>, column: usize) -> Result<Option<Digest>> {
    let Some(bytes) = row.get_ref(column)?.as_blob_or_null()? else { return Ok(None) };
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| senseless(column, Type::Blob, "it is not 32 bytes long"))?;
    Ok(Some(Digest(bytes)))
}

fn moment(row: &Row<'_>, column: usize) -> Result<Option<Millis>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Millis))
}

/// A message as the API shows it.
impl FromRow for Message {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (direction, status): (i64, i64) = (row.get(2)?, row.get(3)?);
        Ok(Self {
            id: MessageId(row.get(0)?),
            tracker: TrackerId(row.get(1)?),
            direction: if direction == 0 { Direction::Incoming } else { Direction::Outgoing },
            status: if status == 0 { Status::Pending } else { Status::Delivered },
            submit: Millis(row.get(4)?),
            update: moment(row, 5)?,
            text: row.get(6)?,
            employee: row.get::<_, Option<i64>>(7)?.map(EmployeeId),
        })
    }
}

/// A text that waits for its device.
impl FromRow for PendingText {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let has_cuts = row.get_ref(3)? != rusqlite::types::ValueRef::Null;
        Ok(Self {
            id: MessageId(row.get(0)?),
            tracker: TrackerId(row.get(1)?),
            text: row.get_ref(2)?.as_str()?.into(),
            cuts: if has_cuts { json(row, 3)? } else { Vec::new() },
            parts_done: row.get(4)?,
            serial: row.get(5)?,
            attempts: row.get(6)?,
            submit: Millis(row.get(7)?),
            accepted: None,
        })
    }
}

impl FromRow for DeliveryRecord {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            parts: row.get(0)?,
            parts_done: row.get(1)?,
            attempts: row.get(2)?,
            last_error: row.get(3)?,
            retry: moment(row, 4)?,
            expires: moment(row, 5)?,
            lossy: row.get(6)?,
            author: row.get::<_, Option<i64>>(7)?.map(UserId),
            read: moment(row, 8)?,
        })
    }
}

/// A user without the trackers bound to it.
impl FromRow for User {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: UserId(row.get(0)?),
            login: row.get(1)?,
            password_hash: row.get(2)?,
            title: row.get(3)?,
            time_zone: row.get(4)?,
            locale: row.get(5)?,
            master: row.get::<_, Option<i64>>(6)?.map(UserId),
            blocked: row.get(7)?,
            created: Millis(row.get(8)?),
            trackers: BTreeSet::new(),
        })
    }
}

/// A session or API key.
impl FromRow for Credential {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let kind = match moment(row, 3)? {
            Some(used) => CredentialKind::Session { used },
            None => CredentialKind::ApiKey {
                title: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                prefix: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            },
        };
        Ok(Self {
            digest: digest(row, 0)?.ok_or_else(|| senseless(0, Type::Null, "no digest"))?,
            user: UserId(row.get(1)?),
            created: Millis(row.get(2)?),
            kind,
        })
    }
}

impl FromRow for Tracker {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: TrackerId(row.get(0)?),
            user: UserId(row.get(1)?),
            label: row.get(2)?,
            protocol: row.get(3)?,
            identity: row.get(4)?,
            secret: digest(row, 5)?,
            options: json(row, 6)?,
            model: row.get(7)?,
            tariff: TariffId(row.get(8)?),
            blocked: row.get(9)?,
            group: row.get(10)?,
            phone: row.get(11)?,
            created: Millis(row.get(12)?),
            employee: row.get::<_, Option<i64>>(13)?.map(EmployeeId),
        })
    }
}

impl FromRow for Model {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            code: row.get(0)?,
            name: row.get(1)?,
            vendor: row.get(2)?,
            kind: row.get(3)?,
            id_type: row.get(4)?,
            profile: row.get(5)?,
            chat: row.get(6)?,
        })
    }
}

impl FromRow for Tariff {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: TariffId(row.get(0)?),
            name: row.get(1)?,
            features: json(row, 2)?,
            has_reports: row.get(3)?,
        })
    }
}

impl FromRow for Employee {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: EmployeeId(row.get(0)?),
            user: UserId(row.get(1)?),
            first_name: row.get(2)?,
            middle_name: row.get(3)?,
            last_name: row.get(4)?,
            email: row.get(5)?,
            phone: row.get(6)?,
            hardware_key: row.get(7)?,
            personnel_number: row.get(8)?,
        })
    }
}

impl FromRow for Assignment {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            employee: row.get::<_, Option<i64>>(0)?.map(EmployeeId),
            changed: Millis(row.get(1)?),
            by_device: row.get(2)?,
        })
    }
}

/// A device that was refused. An address that is none any more is no reason to hide the rest.
impl FromRow for Stranger {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        use std::net::{IpAddr, Ipv4Addr};
        let address = row.get_ref(2)?.as_str()?.parse();
        Ok(Self {
            protocol: row.get(0)?,
            identity: row.get(1)?,
            address: address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            reason: row.get(3)?,
            count: row.get::<_, i64>(4)?.unsigned_abs(),
            first: Millis(row.get(5)?),
            last: Millis(row.get(6)?),
        })
    }
}
