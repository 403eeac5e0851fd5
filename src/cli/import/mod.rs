//! `import`: many trackers from a CSV file. Every line is checked before the first tracker is created, and all of them are created
//! together or not at all.

mod check;

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use self::check::{Checked, Known};
use super::output::{self, Outcome};
use super::records::Records;
use crate::model::{NewTracker, Tracker};

/// Bad lines shown.
const SHOWN: usize = 100;

/// Add trackers from a CSV file
///
/// The first line names the columns, in any order: protocol and identity, and where wanted user, label, secret, model, tariff, phone
/// and options (key=value, separated by semicolons). Unless --skip-bad is given, one bad line stops everything.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Account of the trackers whose line has no user
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// Import the good lines although others are bad
    #[arg(long)]
    skip_bad: bool,
    /// Check only
    #[arg(long)]
    dry_run: bool,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

pub(super) async fn run(args: Args, records: &Records) -> anyhow::Result<Outcome> {
    let account = match &args.user {
        Some(login) => Some(records.account(login)?.id),
        None => None,
    };
    let known = Known::of(&records.directory);
    let file =
        File::open(&args.file).with_context(|| format!("cannot open {}", args.file.display()))?;
    let bar = progress(file.metadata().map_or(0, |meta| meta.len()), args.quiet);
    let reader = BufReader::new(bar.wrap_read(file));
    let name = args.file.display().to_string();
    let checked = check::check(reader, &known, account)
        .map_err(|problem| anyhow::anyhow!("{name}: {problem}"))?;
    bar.finish_and_clear();
    output::print(&report(&name, &checked))?;
    let (good, bad) = (checked.good.len(), checked.bad.len());
    if bad > 0 && !args.skip_bad {
        bail!(
            "nothing was imported: {bad} of {} lines are bad; correct them, or use --skip-bad",
            good + bad
        );
    }
    if args.dry_run {
        output::print(&format!("{good} trackers could be imported\n"))?;
    } else {
        let imported = create(records, checked).await?;
        output::print(&format!("{} trackers are imported\n", imported.len()))?;
        let silent = imported.iter().filter(|tracker| records.without_texts(tracker).is_some());
        match silent.count() {
            0 => {}
            count => output::print(&format!(
                "note: {count} of them take no texts, because their models have no chat; see `cabwire model list`\n"
            ))?,
        }
    }
    Ok(if bad > 0 { Outcome::Failed } else { Outcome::Done })
}

fn progress(bytes: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("checking [{bar:40}] {percent}% {eta}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// One line per bad line, in the order of the file.
fn report(file: &str, checked: &Checked) -> String {
    let mut out = String::new();
    for problem in checked.bad.iter().take(SHOWN) {
        out.push_str(&format!("{file}:{problem}\n"));
    }
    if checked.bad.len() > SHOWN {
        out.push_str(&format!("{file}: and {} more\n", checked.bad.len() - SHOWN));
    }
    out
}

async fn create(records: &Records, checked: Checked) -> anyhow::Result<Vec<Tracker>> {
    if checked.good.is_empty() {
        return Ok(Vec::new());
    }
    let usual = records.tariff(None)?;
    let trackers: Vec<_> = checked
        .good
        .into_iter()
        .map(|row| NewTracker {
            user: row.user,
            label: row.label,
            model: row.model.unwrap_or_else(|| row.protocol.clone()),
            protocol: row.protocol,
            identity: row.identity,
            secret: row.secret,
            options: row.options,
            tariff: row.tariff.unwrap_or(usual),
            phone: row.phone,
        })
        .collect();
    let created = records.store.create_trackers(trackers, records.now()).await;
    created.context("nothing was imported")
}
