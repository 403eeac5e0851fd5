//! The command line. One file per group of commands; each prints its whole result at once and returns how it ended.
//!
//! Administration works on the store directly, whether the daemon runs or not: a running one notices the change within a second.

pub mod decode;
pub mod output;
pub mod simulate;
pub mod table;

use clap::Parser;
use protocols::{Protocol, registry};

/// x
#[derive(Debug, Parser)]
pub struct Cli {
    /// x
    #[command(subcommand)]
    pub command: Command,
}
/// x
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// x
    Decode(decode::Args),
}

/// The protocol called `name`.
///
/// # Errors
/// With the names there are.
pub(crate) fn protocol_named(name: &str) -> anyhow::Result<&'static dyn Protocol> {
    registry::by_name(name).ok_or_else(|| {
        let known: Vec<_> = registry::ALL.iter().map(|protocol| protocol.info().name).collect();
        anyhow::anyhow!("there is no protocol `{name}` (known: {})", known.join(", "))
    })
}
