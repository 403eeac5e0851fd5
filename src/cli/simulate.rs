//! `simulate`: one or thousands of devices over real TCP.

use std::fs;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use protocols::{DeviceProfile, Evidence, TerminalSettings};
use tokio::runtime::Builder;

use super::output::{self, Outcome, printable};
use super::records::{name, profile_named, protocol_named};
use super::secrets;
use crate::clock::{Clock, SystemClock};
use crate::descriptors;
use crate::model::BuiltIn;
use crate::simulate::{Behaviour, Confirm, Fleet, Identity, Life, Random, parse_duration};

/// Run simulated devices: they log in, show signs of life, move, confirm and answer texts
///
/// One device prints what happens to it; many print a summary. The command ends after --duration or by Ctrl-C, and fails if a device
/// could not log in.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Protocol, see `cabwire protocols`
    #[arg(long, value_name = "NAME")]
    protocol: String,
    /// Where to connect
    #[arg(long, value_name = "HOST:PORT")]
    server: String,
    /// What the device calls itself; with --count the first of many that count up
    #[arg(long, value_name = "ID", value_parser = name, required_unless_present = "identity_from")]
    identity: Option<String>,
    /// How many devices
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "identity_from")]
    count: usize,
    /// File with identities, one a line, each with its secret after a comma if it has one
    #[arg(long, value_name = "FILE", conflicts_with = "identity")]
    identity_from: Option<PathBuf>,
    /// File with the password or authentication code in its first line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Profile of the devices, see `cabwire protocols --devices`: without a display no texts come, without receipts none is
    /// confirmed
    #[arg(long, value_name = "NAME", default_value = DeviceProfile::STANDARD)]
    profile: String,
    /// Dialect in the protocol's words: edition, version
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// Show signs of life so often
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = positive_duration)]
    heartbeat: Duration,
    /// Report the position so often, moving along a route
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    report: Option<Duration>,
    /// What the driver says once online
    #[arg(long, value_name = "TEXT")]
    say: Option<String>,
    /// Say it again so often, numbered
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    say_every: Option<Duration>,
    /// What the driver answers to each text
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,
    /// How texts are confirmed: lose=10%,delay=500ms,duplicate=5%,refuse=1%
    #[arg(long, value_name = "KNOBS", default_value = "")]
    confirm: Confirm,
    /// End after so long
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    duration: Option<Duration>,
    /// Connect at most so many devices a second
    #[arg(long, value_name = "N", default_value_t = 200.0, value_parser = rate)]
    connect_rate: f64,
    /// Chance comes from this number: the same number, the same mishaps
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print only the summary at the end
    #[arg(long)]
    quiet: bool,
}

/// What the driver says if nobody gave him words.
const WORDS: &str = "Everything fine";

/// Runs the command.
pub(super) fn run(args: Args) -> anyhow::Result<Outcome> {
    let identities = identities(&args)?;
    let profile = profile(&args)?;
    if let Some(note) = without_display(profile).filter(|_| !args.quiet) {
        output::print(&format!("note: {note}\n"))?;
    }
    let limit = descriptors::expand().context("cannot raise the number of open files")?;
    // Standard streams, the runtime's own, and some room.
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(32);
    ensure!(
        identities.len() <= most,
        "{} devices need more open files than this process may have ({limit}); see `ulimit -n`",
        identities.len()
    );
    let runtime =
        Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(simulate(args, identities))
}

async fn simulate(args: Args, identities: Vec<Identity>) -> anyhow::Result<Outcome> {
    let clock: Arc<dyn Clock> = SystemClock::new();
    let pattern = pattern(&args, resolve(&args.server).await?, Arc::clone(&clock))?;
    let fleet = Fleet::default();
    let devices = identities.len();
    let ending = end(args.duration);
    tokio::pin!(ending);
    match <[Identity; 1]>::try_from(identities) {
        Ok([one]) => {
            let mut life = pattern;
            (life.settings.identity, life.settings.secret) = (one.identity, one.secret);
            let (quiet, start) = (args.quiet, clock.now().monotonic);
            fleet.start(life, move |happening| {
                if !quiet {
                    let at = clock.now().monotonic.saturating_sub(start);
                    let line = printable(&happening.describe());
                    // Nobody to read it is no reason to stop.
                    drop(output::print(&format!("{:9.3}  {line}\n", at.as_secs_f64())));
                }
            });
            ending.await;
        }
        Err(many) => {
            let starting = fleet.start_all(&pattern, many, args.seed, args.connect_rate);
            let watching = watch(&fleet, devices, args.quiet);
            tokio::select! {
                () = ending => {}
                _ = async { tokio::join!(starting, watching) } => {}
            }
        }
    }
    let at_the_end = fleet.counts().line(devices);
    fleet.stop().await;
    output::print(&format!("{at_the_end}\n"))?;
    let all = fleet.counts().logged_in.load(Relaxed) == devices as u64;
    Ok(if all { Outcome::Done } else { Outcome::Failed })
}

fn profile(args: &Args) -> anyhow::Result<BuiltIn> {
    let protocol = protocol_named(&args.protocol)?;
    profile_named(&format!("{}/{}", protocol.info().name, args.profile))
}

/// Who waits for texts on devices that get none should not wait in silence.
fn without_display(of: BuiltIn) -> Option<String> {
    if of.has_chat() {
        return None;
    }
    let (protocol, profile) = (of.protocol.info().name, of.profile);
    let others = BuiltIn::of(of.protocol).filter(|other| other.has_chat());
    let others: Vec<_> = others
        .map(|other| {
            format!("--profile {} (its model is `{}`)", other.profile.name, other.model_code())
        })
        .collect();
    let instead = match others.is_empty() {
        true => format!("no profile of {protocol} has one"),
        false => format!("with one: {}", others.join(", ")),
    };
    Some(format!(
        "{protocol} devices of profile `{}` ({}) have no display, the platform sends them no texts; {instead}",
        profile.name, profile.title
    ))
}

fn pattern(args: &Args, server: SocketAddr, clock: Arc<dyn Clock>) -> anyhow::Result<Life> {
    let words = || WORDS.to_owned();
    let BuiltIn { protocol, profile } = profile(args)?;
    Ok(Life {
        protocol,
        server,
        settings: TerminalSettings {
            identity: String::new(),
            secret: None,
            dialect: args.dialect.clone(),
        },
        behaviour: Arc::new(Behaviour {
            heartbeat: Some(args.heartbeat),
            report: args.report,
            say: args.say.clone().or_else(|| args.say_every.map(|_| words())),
            say_every: args.say_every,
            answer: args.answer.clone(),
            confirm: args.confirm,
            mute: profile.delivered.proves == Some(Evidence::Inferred),
        }),
        random: Random::new(args.seed, 0),
        clock,
    })
}

fn identities(args: &Args) -> anyhow::Result<Vec<Identity>> {
    let secret = args.secret_file.as_deref().map(secrets::from_file).transpose()?;
    let mut identities = match (&args.identity_from, &args.identity) {
        (Some(file), _) => Identity::listed(
            &fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
        ),
        (None, first) => {
            let first = first.as_deref().unwrap_or_default();
            Identity::counted(first, None, args.count).map_err(anyhow::Error::msg)?
        }
    };
    ensure!(!identities.is_empty(), "there is no device to simulate");
    for identity in &mut identities {
        identity.secret = identity.secret.take().or_else(|| secret.clone());
    }
    Ok(identities)
}

async fn resolve(server: &str) -> anyhow::Result<SocketAddr> {
    let found = tokio::net::lookup_host(server).await;
    let mut found = found.with_context(|| format!("cannot find `{server}`; expected HOST:PORT"))?;
    found.next().with_context(|| format!("`{server}` has no address"))
}

/// When the simulation is to end.
async fn end(duration: Option<Duration>) {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    match duration {
        None => interrupted.await,
        Some(duration) => tokio::select! {
            () = interrupted => {}
            () = tokio::time::sleep(duration) => {}
        },
    }
}

/// Shows a summary, each second in place on a terminal, else a line every ten seconds.
async fn watch(fleet: &Fleet, devices: usize, quiet: bool) {
    let on_terminal = io::stderr().is_terminal() && !quiet;
    let bar = if on_terminal { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    let every = Duration::from_secs(if on_terminal { 1 } else { 10 });
    let mut ticks = tokio::time::interval(every);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let line = fleet.counts().line(devices);
        if on_terminal {
            bar.set_message(line);
            bar.tick();
        } else if !quiet {
            drop(output::print(&format!("{line}\n")));
        }
    }
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("must be more than 0".to_owned()),
        duration => Ok(duration),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.trim_end_matches("/s").parse::<f64>() {
        Ok(rate) if (0.001..=1_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("expected a number of devices a second, from 0.001 to 1000000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_without_a_display_are_announced_and_others_are_not() {
        for built_in in BuiltIn::all() {
            let note = without_display(built_in);
            assert_eq!(note.is_none(), built_in.has_chat(), "{}: {note:?}", built_in.name());
        }
        // What the note says, whichever profiles this build has.
        let protocol = protocols::registry::ALL[0];
        let blind = DeviceProfile {
            name: "blind",
            title: "devices nobody looks at",
            options: &[("no such option", "")],
            delivered: protocols::Delivered::NEVER,
        };
        let blind = BuiltIn { protocol, profile: Box::leak(Box::new(blind)) };
        let note = without_display(blind).unwrap();
        let model = protocol.info().name;
        assert!(note.contains("profile `blind` (devices nobody looks at)"), "{note}");
        assert!(note.contains(&format!("--profile standard (its model is `{model}`)")), "{note}");
    }
}
