//! The measuring rig: the gateway beside its yardsticks, alternating in one run.
//!
//! The gateway is the real program in a process of its own, with a configuration file and a database on the disk that holds the
//! build; the yardsticks are this program started again. Rounds of gateway and yardstick alternate, and the median of the rounds'
//! ratios counts. What was stored is counted in the database. Everything stays on the loopback interface. The generator is one
//! thread with one event loop and takes its share of the same processors.
//!
//! `cargo build --release && cargo run --release -p bench -- all --quick`
// A program, not a library; and what it measures is time.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

mod beyond;
mod compare;
mod count;
mod gates;
mod gateway;
mod goal;
mod load;
mod machine;
mod markdown;
mod plot;
mod process;
mod real;
mod report;
mod rig;
mod series;
mod times;
mod wait;
mod yardstick;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use mimalloc::MiMalloc;

use goal::Goal;
use machine::Machine;
use report::{Report, Verdict};
use rig::Rig;

/// That of the daemon, because one of the yardsticks is the daemon's code.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<ExitCode> {
    let matches = command().get_matches();
    if let Some((name, arguments)) = matches.subcommand()
        && let Some(part) = yardstick::ALL.iter().find(|part| part.name == name)
    {
        let words = arguments.get_many::<String>("words").unwrap_or_default();
        (part.run)(&words.map(String::as_str).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    match matches.subcommand() {
        Some(("compare", files)) => {
            let file = |name| files.get_one::<PathBuf>(name).context("a file is missing");
            print!("{}", compare::compare(file("before")?, file("after")?)?);
            Ok(ExitCode::SUCCESS)
        }
        Some(("tables", files)) => {
            let file = files.get_one::<PathBuf>("run").context("a file is missing")?;
            print!("{}", markdown::tables(file)?);
            Ok(ExitCode::SUCCESS)
        }
        Some(("count", flags)) => count::count(flags.get_flag("update")),
        Some(("plot", files)) => {
            let file = |name| files.get_one::<PathBuf>(name).context("a path is missing");
            for drawn in plot::draw_all(file("file")?, file("directory")?)? {
                println!("{}", drawn.display());
            }
            Ok(ExitCode::SUCCESS)
        }
        Some((name, _)) => measure(name, &matches),
        None => unreachable!("a command is required"),
    }
}

/// Measures one goal or all of them; failure means that a gate was missed.
fn measure(name: &str, matches: &ArgMatches) -> Result<ExitCode> {
    let mut rig = Rig::new(matches.get_flag("quick"), matches.get_one("cabwire").cloned())?;
    rig.rounds = matches.get_one("rounds").copied().unwrap_or(rig.rounds);
    rig.seed = matches.get_one("seed").copied().unwrap_or(rig.seed);
    let mut report = Report { machine: Machine::this(), rounds: rig.rounds, figures: Vec::new() };
    print!("{}", report.heading());
    let chosen = |goal: &&Goal| if name == "all" { goal.in_all } else { goal.name == name };
    for goal in goal::all().filter(chosen) {
        let busy = machine::wait_for_quiet(rig.patience)?;
        eprintln!("{}: {} (machine {:.0} % busy before)", goal.name, goal.question, busy * 100.0);
        let figures = (goal.run)(&rig).with_context(|| goal.name)?;
        print!("{}", report::table(&figures));
        report.figures.extend(figures);
    }
    if let Some(file) = matches.get_one::<PathBuf>("json") {
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    let missed = report.figures.iter().any(|figure| figure.verdict == Some(Verdict::Missed));
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn command() -> Command {
    let file = |name: &'static str| Arg::new(name).value_parser(value_parser!(PathBuf));
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).global(true).help(help)
    };
    let mut command = Command::new("bench")
        .about("Measures the gateway beside its yardsticks")
        .subcommand_required(true)
        .arg(
            Arg::new("quick")
                .long("quick")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Fewer, shorter and smaller rounds: for a look, not for a claim"),
        )
        .arg(option("rounds", "N", "Rounds of each goal").value_parser(value_parser!(usize)))
        .arg(
            option("seed", "N", "Where what is random comes from, to repeat a run")
                .value_parser(value_parser!(u32)),
        )
        .arg(
            option("json", "FILE", "Write the figures to this file, too")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            option("cabwire", "PROGRAM", "The daemon, by default the one beside this program")
                .value_parser(value_parser!(PathBuf)),
        )
        .subcommand(Command::new("all").about("All gates, and what is quick beyond them"))
        .subcommand(
            Command::new("compare")
                .about("What became better or worse from one run to another")
                .arg(file("before").required(true))
                .arg(file("after").required(true)),
        )
        .subcommand(
            Command::new("count")
                .about("Instructions of the hot paths, counted by callgrind, against bench/baseline.json")
                .arg(
                    Arg::new("update")
                        .long("update")
                        .action(ArgAction::SetTrue)
                        .help("Rewrite the baseline"),
                ),
        )
        .subcommand(
            Command::new("plot")
                .about("Draws the curves of a run, one SVG for each kind of growth")
                .arg(file("file").required(true))
                .arg(file("directory").required(true)),
        );
    command = command.subcommand(
        Command::new("tables").about("A run as Markdown").arg(file("run").required(true)),
    );
    for goal in goal::all() {
        command = command.subcommand(Command::new(goal.name).about(goal.question));
    }
    for part in yardstick::ALL {
        let words =
            Arg::new("words").num_args(0..).trailing_var_arg(true).allow_hyphen_values(true);
        command = command.subcommand(Command::new(part.name).hide(true).arg(words));
    }
    command
}
