//! Models and tariffs.

use std::collections::BTreeSet;

use protocols::DeviceProfile;
use sqlx::SqliteConnection;

use super::found;
use crate::model::{BuiltIn, Model, Tariff, TariffId, protocol_of};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference};
use crate::store::sqlite::{json, sql};

/// Creates or replaces a model. Its trackers must speak the protocol of its profile.
pub(in crate::store::sqlite) async fn put_model(
    conn: &mut SqliteConnection,
    model: &Model,
) -> Result<(), Failure> {
    if let Some(profile) = &model.profile {
        let misfit: Option<(i64, String)> = sqlx::query_as(sql::TRACKER_OF_ANOTHER_PROTOCOL)
            .bind(&model.code)
            .bind(protocol_of(profile))
            .fetch_optional(&mut *conn)
            .await?;
        if let Some((id, protocol)) = misfit {
            let what = format!(
                "tracker {id} has model `{}` and speaks {protocol}, so the model cannot have the profile {profile}: give the \
                 tracker another model first, with `cabwire tracker change {id} --model CODE`",
                model.code
            );
            return Err(StoreError::Conflict(what).into());
        }
    }
    store_model(conn, sql::PUT_MODEL, model).await?;
    Ok(())
}

async fn store_model(
    conn: &mut SqliteConnection,
    statement: &'static str,
    model: &Model,
) -> Result<(), sqlx::Error> {
    sqlx::query(statement)
        .bind(&model.code)
        .bind(&model.name)
        .bind(&model.vendor)
        .bind(&model.kind)
        .bind(&model.id_type)
        .bind(&model.profile)
        .bind(model.chat)
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds the models that every installation has and this file lacks: one for each built-in profile, and one for trackers without
/// a display.
pub(in crate::store::sqlite) async fn ensure_models(
    conn: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let known: BTreeSet<String> =
        sqlx::query_scalar(sql::MODEL_CODES).fetch_all(&mut *conn).await?.into_iter().collect();
    for model in BuiltIn::all().map(model_of).chain([without_chat()]) {
        if !known.contains(&model.code) {
            store_model(&mut *conn, sql::ADD_MODEL, &model).await?;
        }
    }
    Ok(())
}

fn model_of(built_in: BuiltIn) -> Model {
    let info = built_in.protocol.info();
    let identity = info.identity.to_lowercase();
    let id_type = ["imei", "phone"].into_iter().find(|kind| identity.contains(kind));
    let standard = built_in.profile.name == DeviceProfile::STANDARD;
    Model {
        code: built_in.model_code(),
        name: match standard {
            true => info.title.to_owned(),
            false => format!("{}: {}", info.title, built_in.profile.title),
        },
        vendor: String::new(),
        kind: if built_in.has_chat() { "terminal" } else { "tracker" }.to_owned(),
        id_type: id_type.unwrap_or("custom").to_owned(),
        profile: Some(built_in.name()),
        chat: None,
    }
}

fn without_chat() -> Model {
    Model {
        code: "tracker_no_chat".to_owned(),
        name: "Tracker without chat".to_owned(),
        vendor: String::new(),
        kind: "tracker".to_owned(),
        id_type: "custom".to_owned(),
        profile: None,
        chat: Some(false),
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
