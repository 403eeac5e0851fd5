//! `strangers`: devices that were refused lately. The first thing to look at when a new device stays silent.

use super::output::{self, Outcome};
use super::records::Records;
use super::table::Table;

/// List devices that were refused lately: what they called themselves, and why
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, records: &Records) -> anyhow::Result<Outcome> {
    let strangers = records.store.strangers().await?;
    if args.json {
        output::print_json(&strangers)?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&["last", "protocol", "identity", "address", ">times", "why"]);
    for stranger in strangers {
        table.row([
            output::moment(stranger.last),
            stranger.protocol,
            stranger.identity,
            stranger.address.to_string(),
            stranger.count.to_string(),
            stranger.reason,
        ]);
    }
    output::print(&table.render_or("no device was refused"))?;
    Ok(Outcome::Done)
}
