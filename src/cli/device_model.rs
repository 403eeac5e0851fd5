//! `model`: device models as the API shows them.

use std::sync::Arc;

use anyhow::{anyhow, ensure};

use super::output::{self, Outcome};
use super::records::{Records, name};
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
    /// Chat is available
    #[arg(long, value_name = "true|false")]
    chat: Option<bool>,
}

impl Fields {
    fn over(self, old: Model) -> Model {
        Model {
            code: old.code,
            name: self.name.unwrap_or(old.name),
            vendor: self.vendor.unwrap_or(old.vendor),
            kind: self.kind.unwrap_or(old.kind),
            id_type: self.id_type.unwrap_or(old.id_type),
            has_chat: self.chat.unwrap_or(old.has_chat),
        }
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
                has_chat: true,
            };
            records.store.put_model(fields.over(plain)).await?;
            output::print(&format!("model {code} is added\n"))?;
        }
        Command::List { json: true } => output::print_json(&records.directory.models())?,
        Command::List { json: false } => output::print(&table(&records.directory.models()))?,
        Command::Change { code, fields } => {
            records.known_model(&code)?;
            if let Some(old) = records.directory.model(&code) {
                let new = fields.over(Model::clone(&old));
                ensure!(new != *old, "nothing to change: give at least one option");
                records.store.put_model(new).await?;
            }
            output::print(&format!("model {code} is changed\n"))?;
        }
    }
    Ok(Outcome::Done)
}

fn table(models: &[Arc<Model>]) -> String {
    let mut table = Table::new(&["code", "name", "vendor", "kind", "identity", "chat"]);
    for model in models {
        table.row([
            model.code.clone(),
            model.name.clone(),
            model.vendor.clone(),
            model.kind.clone(),
            model.id_type.clone(),
            if model.has_chat { "yes" } else { "no" }.into(),
        ]);
    }
    table.render_or("no models")
}
