//! `tariff`: what a tracker's owner pays for.

use std::collections::BTreeSet;

use anyhow::ensure;

use super::output::{self, Outcome};
use super::records::{Records, name};
use super::table::Table;
use crate::model::Tariff;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add a tariff
    Add {
        /// Name
        #[arg(long, value_parser = name)]
        name: String,
        /// Feature, may be repeated; `chat` is the one that matters here
        #[arg(long = "feature", value_name = "NAME", value_parser = name)]
        features: Vec<String>,
        /// Reports are included
        #[arg(long)]
        reports: bool,
    },
    /// List tariffs
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a tariff; what is not given stays
    Change {
        /// Tariff id
        id: i64,
        /// Name
        #[arg(long, value_parser = name)]
        name: Option<String>,
        /// Add a feature, may be repeated
        #[arg(long = "feature", value_name = "NAME", value_parser = name)]
        features: Vec<String>,
        /// Take a feature away, may be repeated
        #[arg(long = "no-feature", value_name = "NAME")]
        without: Vec<String>,
        /// Reports are included
        #[arg(long, value_name = "true|false")]
        reports: Option<bool>,
    },
    /// Remove a tariff that no tracker has
    Remove {
        /// Tariff id
        id: i64,
    },
}

pub(super) async fn run(command: Command, records: &Records) -> anyhow::Result<Outcome> {
    match command {
        Command::Add { name, features, reports } => {
            let features: BTreeSet<_> = features.into_iter().collect();
            let tariff = records.store.create_tariff(name, features, reports).await?;
            output::print(&format!("tariff {} {} is added\n", tariff.id, tariff.name))?;
        }
        Command::List { json: true } => output::print_json(&records.directory.tariffs())?,
        Command::List { json: false } => output::print(&table(records))?,
        Command::Change { id, name, features, without, reports } => {
            let old = records.known_tariff(id)?;
            let mut new = Tariff::clone(&old);
            new.name = name.unwrap_or(new.name);
            new.features.extend(features);
            new.features.retain(|feature| !without.contains(feature));
            new.has_reports = reports.unwrap_or(new.has_reports);
            ensure!(new != *old, "nothing to change: give at least one option");
            records.store.change_tariff(new).await?;
            output::print(&format!("tariff {id} is changed\n"))?;
        }
        Command::Remove { id } => {
            records.store.remove_tariff(records.known_tariff(id)?.id).await?;
            output::print(&format!("tariff {id} is removed\n"))?;
        }
    }
    Ok(Outcome::Done)
}

fn table(records: &Records) -> String {
    let mut table = Table::new(&[">id", "name", "features", "reports"]);
    for tariff in records.directory.tariffs() {
        let features: Vec<_> = tariff.features.iter().map(String::as_str).collect();
        table.row([
            tariff.id.to_string(),
            tariff.name.clone(),
            features.join(", "),
            if tariff.has_reports { "yes" } else { "no" }.into(),
        ]);
    }
    table.render_or("no tariffs")
}
