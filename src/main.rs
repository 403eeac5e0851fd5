//! The command `cabwire`: parses its arguments, runs one command, says how it ended.

use std::process::ExitCode;

use cabwire::cli::{self, Cli, Outcome};
use cabwire::config::ConfigError;
use clap::Parser;
use mimalloc::MiMalloc;

/// Objects are made on one thread and freed on another all the time, which costs the system's allocator a tenth of all processing.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) => {
            match error.downcast_ref::<ConfigError>() {
                // Lines that begin with file and line, so that editors find the place.
                Some(error) => eprintln!("{error}"),
                None => eprintln!("cabwire: {}", explain(&error)),
            }
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes, outermost first. Some errors name their cause themselves: it is not said twice.
fn explain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        text if text.ends_with(&cause) => text.to_owned(),
        text => format!("{text}: {cause}"),
    })
}
