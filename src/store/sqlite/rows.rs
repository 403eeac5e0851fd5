//! From rows to the records of [`crate::model`].

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::error::corrupt;
use crate::model::{
    Credential, CredentialKind, Digest, Direction, Employee, EmployeeId, Message, MessageId,
    Millis, Model, PendingText, Status, Tariff, TariffId, Tracker, TrackerId, User, UserId,
};
use crate::store::StoreError;

/// A message as the API shows it.
#[derive(FromRow)]
pub(super) struct MessageRow {
    id: i64,
    tracker_id: i64,
    direction: i64,
    status: i64,
    submit_ms: i64,
    update_ms: Option<i64>,
    text: String,
    employee_id: Option<i64>,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        Self {
            id: MessageId(row.id),
            tracker: TrackerId(row.tracker_id),
            direction: if row.direction == 0 { Direction::Incoming } else { Direction::Outgoing },
            status: if row.status == 0 { Status::Pending } else { Status::Delivered },
            submit: Millis(row.submit_ms),
            update: row.update_ms.map(Millis),
            text: row.text,
            employee: row.employee_id.map(EmployeeId),
        }
    }
}

/// A text that waits for its device.
#[derive(FromRow)]
pub(super) struct PendingRow {
    id: i64,
    tracker_id: i64,
    text: String,
    cuts: Option<String>,
    parts_done: u16,
    serial: u32,
    attempts: u32,
    submit_ms: i64,
}

impl TryFrom<PendingRow> for PendingText {
    type Error = StoreError;

    fn try_from(row: PendingRow) -> Result<Self, StoreError> {
        let cuts = row.cuts.map(|cuts| serde_json::from_str(&cuts)).transpose();
        Ok(Self {
            id: MessageId(row.id),
            tracker: TrackerId(row.tracker_id),
            text: row.text.into(),
            cuts: cuts.map_err(corrupt)?.unwrap_or_default(),
            parts_done: row.parts_done,
            serial: row.serial,
            attempts: row.attempts,
            submit: Millis(row.submit_ms),
            accepted: None,
        })
    }
}

/// A user without the trackers bound to it.
#[derive(FromRow)]
pub(super) struct UserRow {
    id: i64,
    login: String,
    password_hash: String,
    title: String,
    time_zone: String,
    locale: String,
    master_id: Option<i64>,
    blocked: bool,
    created_ms: i64,
}

impl UserRow {
    pub(super) const fn id(&self) -> UserId {
        UserId(self.id)
    }

    pub(super) fn with_trackers(self, trackers: BTreeSet<TrackerId>) -> User {
        User {
            id: UserId(self.id),
            login: self.login,
            password_hash: self.password_hash,
            title: self.title,
            time_zone: self.time_zone,
            locale: self.locale,
            master: self.master_id.map(UserId),
            blocked: self.blocked,
            created: Millis(self.created_ms),
            trackers,
        }
    }
}

/// A session or API key.
#[derive(FromRow)]
pub(super) struct CredentialRow {
    digest: Vec<u8>,
    user_id: i64,
    created_ms: i64,
    used_ms: Option<i64>,
    title: Option<String>,
    prefix: Option<String>,
}

impl TryFrom<CredentialRow> for Credential {
    type Error = StoreError;

    fn try_from(row: CredentialRow) -> Result<Self, StoreError> {
        let kind = match row.used_ms {
            Some(used) => CredentialKind::Session { used: Millis(used) },
            None => CredentialKind::ApiKey {
                title: row.title.unwrap_or_default(),
                prefix: row.prefix.unwrap_or_default(),
            },
        };
        Ok(Self {
            digest: digest(row.digest)?,
            user: UserId(row.user_id),
            created: Millis(row.created_ms),
            kind,
        })
    }
}

pub(super) fn digest(bytes: Vec<u8>) -> Result<Digest, StoreError> {
    let bytes = bytes.try_into().map_err(|_| corrupt("a digest is not 32 bytes long"))?;
    Ok(Digest(bytes))
}

/// A tracker.
#[derive(FromRow)]
pub(super) struct TrackerRow {
    id: i64,
    user_id: i64,
    label: String,
    protocol: String,
    identity: String,
    secret: Option<Vec<u8>>,
    options: String,
    model: String,
    tariff_id: i64,
    blocked: bool,
    group_id: i64,
    phone: Option<String>,
    created_ms: i64,
    employee_id: Option<i64>,
}

impl TryFrom<TrackerRow> for Tracker {
    type Error = StoreError;

    fn try_from(row: TrackerRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: TrackerId(row.id),
            user: UserId(row.user_id),
            label: row.label,
            protocol: row.protocol,
            identity: row.identity,
            secret: row.secret.map(digest).transpose()?,
            options: serde_json::from_str(&row.options).map_err(corrupt)?,
            model: row.model,
            tariff: TariffId(row.tariff_id),
            blocked: row.blocked,
            group: row.group_id,
            phone: row.phone,
            created: Millis(row.created_ms),
            employee: row.employee_id.map(EmployeeId),
        })
    }
}

/// A model.
#[derive(FromRow)]
pub(super) struct ModelRow {
    code: String,
    name: String,
    vendor: String,
    kind: String,
    id_type: String,
    profile: Option<String>,
    chat: Option<bool>,
}

impl From<ModelRow> for Model {
    fn from(row: ModelRow) -> Self {
        Self {
            code: row.code,
            name: row.name,
            vendor: row.vendor,
            kind: row.kind,
            id_type: row.id_type,
            profile: row.profile,
            chat: row.chat,
        }
    }
}

/// A tariff.
#[derive(FromRow)]
pub(super) struct TariffRow {
    id: i64,
    name: String,
    features: String,
    has_reports: bool,
}

impl TryFrom<TariffRow> for Tariff {
    type Error = StoreError;

    fn try_from(row: TariffRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: TariffId(row.id),
            name: row.name,
            features: serde_json::from_str(&row.features).map_err(corrupt)?,
            has_reports: row.has_reports,
        })
    }
}

/// An employee.
#[derive(FromRow)]
pub(super) struct EmployeeRow {
    id: i64,
    user_id: i64,
    first_name: String,
    middle_name: String,
    last_name: String,
    email: String,
    phone: String,
    hardware_key: Option<String>,
    personnel_number: String,
}

impl From<EmployeeRow> for Employee {
    fn from(row: EmployeeRow) -> Self {
        Self {
            id: EmployeeId(row.id),
            user: UserId(row.user_id),
            first_name: row.first_name,
            middle_name: row.middle_name,
            last_name: row.last_name,
            email: row.email,
            phone: row.phone,
            hardware_key: row.hardware_key,
            personnel_number: row.personnel_number,
        }
    }
}
