//! `model`: device models as the API shows them.

use std::sync::Arc;

use anyhow::{anyhow, ensure};
use serde_json::Value;

use super::output::{self, Outcome};
use super::records::{Records, name, profile_named};
use super::table::Table;
use crate::model::Model;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add a model
    Add {
        /// Code, like `vendor_model`
        code: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// List models
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a model; what is not given stays
    Change {
        /// Code
        code: String,
        #[command(flatten)]
        fields: Fields,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Fields {
    /// Name
    #[arg(long, value_parser = name)]
    name: Option<String>,
    /// Vendor
    #[arg(long, value_parser = name)]
    vendor: Option<String>,
    /// Kind of device
    #[arg(long, value_parser = name)]
    kind: Option<String>,
    /// What its identity is
    #[arg(long, value_parser = ["imei", "phone", "custom"])]
    id_type: Option<String>,
    /// Built-in profile of its devices, see `cabwire protocols --devices`; `none`: they have their protocol's defaults
    #[arg(long, value_name = "PROTOCOL/PROFILE")]
    profile: Option<String>,
    /// Chat is available; `profile`: where the profile has a display
    #[arg(long, value_name = "true|false|profile", value_parser = chat)]
    chat: Option<Chat>,
}

/// What the operator says about chat; `None`: what the profile says.
#[derive(Debug, Clone, Copy)]
struct Chat(Option<bool>);

fn chat(word: &str) -> Result<Chat, String> {
    match word {
        "true" => Ok(Chat(Some(true))),
        "false" => Ok(Chat(Some(false))),
        "profile" => Ok(Chat(None)),
        _ => Err("expected true, false or profile".to_owned()),
    }
}

impl Fields {
    fn over(self, old: Model) -> anyhow::Result<Model> {
        let profile = match self.profile.as_deref() {
            None => old.profile,
            Some("none") => None,
            Some(name) => Some(profile_named(name)?.name()),
        };
        let model = Model {
            code: old.code,
            name: self.name.unwrap_or(old.name),
            vendor: self.vendor.unwrap_or(old.vendor),
            kind: self.kind.unwrap_or(old.kind),
            id_type: self.id_type.unwrap_or(old.id_type),
            chat: self.chat.map_or(old.chat, |Chat(chat)| chat),
            profile,
        };
        ensure!(
            model.profile.is_some() || model.chat.is_some(),
            "a model without a profile needs --chat true or --chat false"
        );
        Ok(model)
    }
}

pub(super) async fn run(command: Command, records: &Records) -> anyhow::Result<Outcome> {
    match command {
        Command::Add { code, fields } => {
            let taken = records.directory.model(&code).is_some();
            ensure!(!taken, "there is a model `{code}` already; `cabwire model change` changes it");
            let code = name(&code).map_err(|error| anyhow!(error))?;
            let plain = Model {
                name: code.clone(),
                code: code.clone(),
                vendor: String::new(),
                kind: "vehicle".to_owned(),
                id_type: "custom".to_owned(),
                profile: None,
                // Without a profile that knows better, a model is added for the sake of its chat.
                chat: fields.profile.is_none().then_some(true),
            };
            records.store.put_model(fields.over(plain)?).await?;
            output::print(&format!("model {code} is added\n"))?;
        }
        Command::List { json: true } => {
            let all: Result<Vec<_>, _> =
                records.directory.models().iter().map(|model| to_json(model)).collect();
            output::print_json(&all?)?;
        }
        Command::List { json: false } => output::print(&table(&records.directory.models()))?,
        Command::Change { code, fields } => {
            let old = records.known_model(&code)?;
            let new = fields.over(Model::clone(&old))?;
            ensure!(new != *old, "nothing to change: give at least one option");
            records.store.put_model(new).await?;
            output::print(&format!("model {code} is changed\n"))?;
        }
    }
    Ok(Outcome::Done)
}

fn to_json(model: &Model) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(model)?;
    value["has_chat"] = model.has_chat().into();
    Ok(value)
}

fn table(models: &[Arc<Model>]) -> String {
    let mut table = Table::new(&["code", "name", "vendor", "kind", "identity", "profile", "chat"]);
    for model in models {
        table.row([
            model.code.clone(),
            model.name.clone(),
            model.vendor.clone(),
            model.kind.clone(),
            model.id_type.clone(),
            model.profile.clone().unwrap_or_default(),
            if model.has_chat() { "yes" } else { "no" }.into(),
        ]);
    }
    table.render_or("no models")
}
