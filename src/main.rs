//! The command `cabwire`: parses its arguments, runs one command, says how it ended.

use std::process::ExitCode;

use cabwire::cli::{self, Cli, Outcome};
use cabwire::config::ConfigError;
use clap::Parser;

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) => {
            match error.downcast_ref::<ConfigError>() {
                // Lines that begin with file and line, so that editors find the place.
                Some(error) => eprintln!("{error}"),
                None => eprintln!("cabwire: {error:#}"),
            }
            ExitCode::FAILURE
        }
    }
}
