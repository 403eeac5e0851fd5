//! The load program: six questions to the whole gateway, answered in one run with `synchronous = FULL`.
//!
//! | goal | question |
//! |---|---|
//! | a | private bytes per idle logged-in session |
//! | b | location frames acknowledged per second, against a bare echo of the same frames |
//! | c | `send` requests per second, against one commit per request |
//! | d | time from `send` to DELIVERED at a steady 1000 texts per second |
//! | e | most texts per second from `send` to DELIVERED |
//! | f | most driver texts per second, stored and acknowledged |
//!
//! The gateway is the real daemon in a process of its own, on the disk that holds the build; the yardsticks are this program
//! started again. Rounds of gateway and yardstick alternate, and the median counts. Everything stays on the loopback interface.
//! The generator is one thread with one event loop and takes its share of the same processors.
//!
//! `cargo bench --bench load -- --quick`, `cargo bench --bench load -- b e --json figures.json`
// A program, not a library; and what it measures is time.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

mod child;
mod fleet;
mod frames;
mod gateway;
mod goals;
mod http;
mod machine;
mod report;
mod traffic;
mod wire;
mod yardstick;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use cabwire::descriptors;
use clap::Parser;

use goals::Plan;
use machine::Machine;
use report::Report;

/// Measures the gateway under load
#[derive(Debug, Parser)]
struct Arguments {
    /// Goals to measure, all by default
    #[arg(value_parser = ["a", "b", "c", "d", "e", "f"])]
    goals: Vec<String>,
    /// Fewer and shorter rounds: two minutes at most
    #[arg(long)]
    quick: bool,
    /// Rounds of each goal
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds to wait before each goal for a machine with nothing else to do
    #[arg(long, value_name = "SECONDS")]
    patience: Option<u64>,
    /// Write the figures to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Run as the bare echo
    #[arg(long, hide = true)]
    echo: bool,
    /// Run as the server with one commit per request, with this database
    #[arg(long, hide = true, value_name = "DATABASE")]
    commit_per_request: Option<String>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let descriptors = descriptors::expand()?;
    if arguments.echo {
        return yardstick::echo();
    }
    if let Some(database) = &arguments.commit_per_request {
        return yardstick::commit_per_request(database);
    }
    let quick = arguments.quick;
    let millis = Duration::from_millis;
    let plan = Plan {
        rounds: arguments.rounds.unwrap_or(if quick { 3 } else { 5 }),
        warm: millis(if quick { 300 } else { 700 }),
        measured: millis(if quick { 1200 } else { 2000 }),
    };
    let patience = Duration::from_secs(arguments.patience.unwrap_or(if quick { 2 } else { 60 }));
    let mut report = Report { machine: Machine::this(), figures: Vec::new() };
    for goal in ['a', 'b', 'c', 'd', 'e', 'f'] {
        if !arguments.goals.is_empty() && !arguments.goals.iter().any(|g| g.starts_with(goal)) {
            continue;
        }
        let busy = machine::wait_for_quiet(patience)?;
        eprintln!("({goal}) … machine {:.0} % busy before", busy * 100.0);
        report.figures.push(match goal {
            'a' => goals::idle(descriptors)?,
            'b' => goals::frames(plan)?,
            'c' => goals::send(plan)?,
            'd' => goals::latency(plan)?,
            'e' => goals::most_texts(plan)?,
            _ => goals::driver_texts(plan)?,
        });
    }
    let Machine { processors, model, kernel } = &report.machine;
    println!(
        "{processors} processors, {model}, Linux {kernel}; median (min … max) of {} rounds",
        plan.rounds
    );
    print!("{}", report.table());
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}
