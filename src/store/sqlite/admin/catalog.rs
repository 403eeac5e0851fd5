//! Models and tariffs.

use std::collections::BTreeSet;

use protocols::ProtocolInfo;
use sqlx::SqliteConnection;

use super::found;
use crate::model::{Model, Tariff, TariffId};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference};
use crate::store::sqlite::{json, sql};

/// Creates or replaces a model.
pub(in crate::store::sqlite) async fn put_model(
    conn: &mut SqliteConnection,
    model: &Model,
) -> Result<(), Failure> {
    sqlx::query(sql::PUT_MODEL)
        .bind(&model.code)
        .bind(&model.name)
        .bind(&model.vendor)
        .bind(&model.kind)
        .bind(&model.id_type)
        .bind(model.has_chat)
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds the models that every installation has and this file lacks: one for each protocol, and one for trackers without a display.
pub(in crate::store::sqlite) async fn ensure_models(
    conn: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let known: BTreeSet<String> =
        sqlx::query_scalar(sql::MODEL_CODES).fetch_all(&mut *conn).await?.into_iter().collect();
    let protocols = protocols::registry::ALL.iter().map(|protocol| model_of(protocol.info()));
    for model in protocols.chain([without_chat()]) {
        if !known.contains(&model.code) {
            sqlx::query(sql::ADD_MODEL)
                .bind(&model.code)
                .bind(&model.name)
                .bind(&model.vendor)
                .bind(&model.kind)
                .bind(&model.id_type)
                .bind(model.has_chat)
                .execute(&mut *conn)
                .await?;
        }
    }
    Ok(())
}

fn model_of(info: &ProtocolInfo) -> Model {
    let identity = info.identity.to_lowercase();
    let id_type = ["imei", "phone"].into_iter().find(|kind| identity.contains(kind));
    Model {
        code: info.name.to_owned(),
        name: info.title.to_owned(),
        vendor: String::new(),
        kind: "terminal".to_owned(),
        id_type: id_type.unwrap_or("custom").to_owned(),
        has_chat: info.downlink_text,
    }
}

fn without_chat() -> Model {
    Model {
        code: "tracker_no_chat".to_owned(),
        name: "Tracker without chat".to_owned(),
        vendor: String::new(),
        kind: "tracker".to_owned(),
        id_type: "custom".to_owned(),
        has_chat: false,
    }
}

/// Creates a tariff.
pub(in crate::store::sqlite) async fn create_tariff(
    conn: &mut SqliteConnection,
    name: String,
    features: BTreeSet<String>,
    has_reports: bool,
) -> Result<Tariff, Failure> {
    let id = sqlx::query_scalar(sql::INSERT_TARIFF)
        .bind(&name)
        .bind(json::array(&features))
        .bind(has_reports)
        .fetch_one(conn)
        .await?;
    Ok(Tariff { id: TariffId(id), name, features, has_reports })
}

/// Replaces a tariff's values.
pub(in crate::store::sqlite) async fn change_tariff(
    conn: &mut SqliteConnection,
    tariff: &Tariff,
) -> Result<(), Failure> {
    let done = sqlx::query(sql::UPDATE_TARIFF)
        .bind(tariff.id.0)
        .bind(&tariff.name)
        .bind(json::array(&tariff.features))
        .bind(tariff.has_reports)
        .execute(conn)
        .await?;
    Ok(found(&done, "tariff")?)
}

/// Removes a tariff that no tracker has.
pub(in crate::store::sqlite) async fn remove_tariff(
    conn: &mut SqliteConnection,
    id: TariffId,
) -> Result<(), Failure> {
    match sqlx::query(sql::DELETE_TARIFF).bind(id.0).execute(conn).await {
        Ok(done) => Ok(found(&done, "tariff")?),
        Err(error) if is_broken_reference(&error) => {
            Err(StoreError::Conflict("trackers still have this tariff".to_owned()).into())
        }
        Err(error) => Err(error.into()),
    }
}
