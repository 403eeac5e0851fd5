//! The command line. One file per group of commands; each prints its whole result at once and returns how it ended.
//!
//! Administration works on the store directly, whether the daemon runs or not: a running one notices the change within a second.
//! Secrets are read from files, standard input or a prompt, never from arguments, which every user of the machine can see.

mod decode;
mod device_model;
mod employee;
mod import;
mod key;
mod message;
mod output;
mod protocol;
mod records;
mod secrets;
mod serve;
mod simulate;
mod strangers;
mod table;
mod tariff;
mod tracker;
mod user;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::config::Config;
use records::Records;

pub use output::Outcome;

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "cabwire.toml";

/// Device gateway for driver chat: GPS trackers on one side, an HTTP chat API on the other
#[derive(Debug, Parser)]
#[command(name = "cabwire", version, propagate_version = true)]
pub struct Cli {
    /// Work in this directory: relative paths, also those of the configuration, start there
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// Configuration file [default: cabwire.toml, if there is one; without any file everything has its default]
    #[arg(short, long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway
    Serve,
    /// Check the configuration and say what it comes to
    CheckConfig,
    /// Create the database or bring it up to date
    Migrate,
    Protocols(protocol::Args),
    /// Accounts and sub-users of the API
    #[command(subcommand)]
    User(user::Command),
    /// API keys
    #[command(subcommand)]
    Key(key::Command),
    /// Trackers and their devices
    #[command(subcommand)]
    Tracker(tracker::Command),
    /// Employees (drivers)
    #[command(subcommand)]
    Employee(employee::Command),
    /// Tariffs
    #[command(subcommand)]
    Tariff(tariff::Command),
    /// Device models
    #[command(subcommand)]
    Model(device_model::Command),
    /// Chat messages
    #[command(subcommand)]
    Message(message::Command),
    Strangers(strangers::Args),
    Import(import::Args),
    Simulate(simulate::Args),
    Decode(decode::Args),
}

/// Runs a command line.
///
/// # Errors
/// With a message that says what to do.
pub fn run(cli: Cli) -> anyhow::Result<Outcome> {
    if let Some(directory) = &cli.directory {
        std::env::set_current_dir(directory)
            .with_context(|| format!("cannot work in {}", directory.display()))?;
    }
    match cli.command {
        Command::Protocols(args) => return protocol::run(&args),
        Command::Decode(args) => return decode::run(&args),
        Command::Simulate(args) => return simulate::run(args),
        _ => {}
    }
    let config = configuration(cli.config.as_deref())?;
    match cli.command {
        Command::Serve => serve::run(&config),
        Command::CheckConfig => serve::check(&config),
        Command::Migrate => serve::migrate(&config),
        command => serve::small_runtime()?.block_on(administrate(command, &config)),
    }
}

async fn administrate(command: Command, config: &Config) -> anyhow::Result<Outcome> {
    let records = Records::open(config).await?;
    let result = match command {
        Command::User(command) => user::run(command, &records).await,
        Command::Key(command) => key::run(command, &records).await,
        Command::Tracker(command) => tracker::run(command, &records).await,
        Command::Employee(command) => employee::run(command, &records).await,
        Command::Tariff(command) => tariff::run(command, &records).await,
        Command::Model(command) => device_model::run(command, &records).await,
        Command::Message(command) => message::run(&command, &records).await,
        Command::Strangers(args) => strangers::run(&args, &records).await,
        Command::Import(args) => import::run(args, &records).await,
        Command::Serve
        | Command::CheckConfig
        | Command::Migrate
        | Command::Protocols(_)
        | Command::Simulate(_)
        | Command::Decode(_) => Ok(Outcome::Done), // handled by the caller
    };
    records.close().await;
    result
}

fn configuration(named: Option<&Path>) -> anyhow::Result<Config> {
    let file = match named {
        Some(file) => file,
        None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
        None => return Ok(Config::default()),
    };
    Ok(Config::load(file)?)
}
