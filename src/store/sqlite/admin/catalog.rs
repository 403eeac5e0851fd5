//! Models and tariffs.

use std::collections::BTreeSet;

use protocols::DeviceProfile;
use rusqlite::{Connection, params};

use super::found;
use crate::model::{BuiltIn, Model, Tariff, TariffId, protocol_of};
use crate::store::StoreError;
use crate::store::sqlite::error::{Failure, is_broken_reference};
use crate::store::sqlite::query::{all, execute, first, one};
use crate::store::sqlite::{json, sql};

/// Creates or replaces a model. Its trackers must speak the protocol of its profile.
pub(in crate::store::sqlite) fn put_model(conn: &Connection, model: &Model) -> Result<(), Failure> {
    if let Some(profile) = &model.profile {
        let pair = [&*model.code, protocol_of(profile)];
        let misfit: Option<(i64, String)> = first(conn, sql::TRACKER_OF_ANOTHER_PROTOCOL, pair)?;
        if let Some((id, protocol)) = misfit {
            let what = format!(
                "tracker {id} has model `{}` and speaks {protocol}, so the model cannot have the profile {profile}: give the \
                 tracker another model first, with `cabwire tracker change {id} --model CODE`",
                model.code
            );
            return Err(StoreError::Conflict(what).into());
        }
    }
    store_model(conn, sql::PUT_MODEL, model)?;
    Ok(())
}

fn store_model(
    conn: &Connection,
    statement: &'static str,
    model: &Model,
) -> Result<(), rusqlite::Error> {
    let Model { code, name, vendor, kind, id_type, profile, chat } = model;
    execute(conn, statement, params![code, name, vendor, kind, id_type, profile, chat])?;
    Ok(())
}

/// Adds the models that every installation has and this file lacks: one for each built-in profile, and one for trackers without
/// a display. Another process may be about to do the same.
pub(in crate::store::sqlite) fn ensure_models(conn: &Connection) -> Result<(), rusqlite::Error> {
    let known: Vec<(String,)> = all(conn, sql::MODEL_CODES, [])?;
    let known: BTreeSet<String> = known.into_iter().map(|(code,)| code).collect();
    let all = BuiltIn::all().map(model_of).chain([without_chat()]);
    let missing: Vec<Model> = all.filter(|model| !known.contains(&model.code)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    execute(conn, sql::BEGIN, [])?;
    for model in &missing {
        store_model(conn, sql::ADD_MODEL, model)?;
    }
    execute(conn, sql::COMMIT, [])?;
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
pub(in crate::store::sqlite) fn create_tariff(
    conn: &Connection,
    name: &str,
    features: &BTreeSet<String>,
    has_reports: bool,
) -> Result<Tariff, Failure> {
    let row = params![name, json::array(features), has_reports];
    let (id,) = one(conn, sql::INSERT_TARIFF, row)?;
    Ok(Tariff { id: TariffId(id), name: name.to_owned(), features: features.clone(), has_reports })
}

/// Replaces a tariff's values.
pub(in crate::store::sqlite) fn change_tariff(
    conn: &Connection,
    tariff: &Tariff,
) -> Result<(), Failure> {
    let Tariff { id, name, features, has_reports } = tariff;
    let row = params![id.0, name, json::array(features), has_reports];
    Ok(found(execute(conn, sql::UPDATE_TARIFF, row)?, "tariff")?)
}

/// Removes a tariff that no tracker has.
pub(in crate::store::sqlite) fn remove_tariff(
    conn: &Connection,
    id: TariffId,
) -> Result<(), Failure> {
    match execute(conn, sql::DELETE_TARIFF, [id.0]) {
        Ok(removed) => Ok(found(removed, "tariff")?),
        Err(error) if is_broken_reference(&error) => {
            Err(StoreError::Conflict("trackers still have this tariff".to_owned()).into())
        }
        Err(error) => Err(error.into()),
    }
}
