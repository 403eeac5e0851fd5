//! `user`: accounts and sub-users of the API.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use jiff::tz::TimeZone;

use super::output::{self, Outcome};
use super::records::{Records, name};
use super::secrets;
use super::table::Table;
use crate::model::{NewUser, User, UserChange};
use crate::password::{self, Cost};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add an account, or a sub-user of one; asks for the password unless it is in a file
    Add(Add),
    /// List users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a user; what is not given stays
    Change(Change),
    /// Block a user: it cannot log in, and its sessions end
    Block {
        /// Login
        login: String,
    },
    /// Unblock a user
    Unblock {
        /// Login
        login: String,
    },
    /// Remove a user that has no trackers and no sub-users
    Remove {
        /// Login
        login: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// Login name
    #[arg(long, value_parser = login)]
    login: String,
    /// File with the password in its first line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Name shown [default: the login]
    #[arg(long, value_parser = name)]
    title: Option<String>,
    /// IANA time zone in which the API tells times
    #[arg(long, default_value = "UTC", value_parser = time_zone)]
    time_zone: String,
    /// Locale
    #[arg(long, default_value = "en_US", value_parser = name)]
    locale: String,
    /// Account of which this is a sub-user
    #[arg(long, value_name = "LOGIN")]
    master: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// Login of the user to change
    user: String,
    /// New login name
    #[arg(long, value_parser = login)]
    login: Option<String>,
    /// Ask for a new password; ends the user's sessions
    #[arg(long, conflicts_with = "password_file")]
    password: bool,
    /// File with the new password in its first line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Name shown
    #[arg(long, value_parser = name)]
    title: Option<String>,
    /// IANA time zone
    #[arg(long, value_parser = time_zone)]
    time_zone: Option<String>,
    /// Locale
    #[arg(long, value_parser = name)]
    locale: Option<String>,
    /// Trackers that a sub-user sees, exactly these: ids separated by commas, or `none`
    #[arg(long, value_name = "IDS")]
    trackers: Option<String>,
}

pub(super) async fn run(command: Command, records: &Records) -> anyhow::Result<Outcome> {
    match command {
        Command::Add(args) => add(args, records).await?,
        Command::List { json: true } => output::print_json(&records.directory.users())?,
        Command::List { json: false } => output::print(&table(records))?,
        Command::Change(args) => change(args, records).await?,
        Command::Block { login } => block(records, &login, true).await?,
        Command::Unblock { login } => block(records, &login, false).await?,
        Command::Remove { login } => {
            let user = records.user(&login)?;
            records.store.remove_user(user.id).await?;
            output::print(&format!("user {login} is removed\n"))?;
        }
    }
    Ok(Outcome::Done)
}

async fn add(args: Add, records: &Records) -> anyhow::Result<()> {
    let master = match &args.master {
        Some(login) => Some(records.account(login)?.id),
        None => None,
    };
    let password = match &args.password_file {
        Some(file) => secrets::from_file(file)?,
        None => secrets::new_password()?,
    };
    let user = NewUser {
        password_hash: password::hash(&password, Cost::default())?,
        title: args.title.unwrap_or_else(|| args.login.clone()),
        login: args.login,
        time_zone: args.time_zone,
        locale: args.locale,
        master,
    };
    let user = records.store.create_user(user, records.now()).await?;
    output::print(&format!("user {} {} is added\n", user.id, user.login))
}

async fn change(args: Change, records: &Records) -> anyhow::Result<()> {
    let user = records.user(&args.user)?;
    let password = match (&args.password_file, args.password) {
        (Some(file), _) => Some(secrets::from_file(file)?),
        (None, true) => Some(secrets::new_password()?),
        (None, false) => None,
    };
    let change = UserChange {
        login: args.login,
        password_hash: match password {
            Some(password) => Some(password::hash(&password, Cost::default())?),
            None => None,
        },
        title: args.title,
        time_zone: args.time_zone,
        locale: args.locale,
        blocked: None,
        trackers: match &args.trackers {
            Some(list) => Some(bound_trackers(records, &user, list)?),
            None => None,
        },
    };
    ensure!(change != UserChange::default(), "nothing to change: give at least one option");
    let user = records.store.change_user(user.id, change).await?;
    output::print(&format!("user {} {} is changed\n", user.id, user.login))
}

fn bound_trackers(
    records: &Records,
    user: &User,
    list: &str,
) -> anyhow::Result<BTreeSet<crate::model::TrackerId>> {
    ensure!(user.master.is_some(), "`{}` is an account and sees all its trackers", user.login);
    if list == "none" {
        return Ok(BTreeSet::new());
    }
    list.split(',')
        .map(|id| {
            let id = id.trim();
            let number = id.parse().with_context(|| format!("`{id}` is not a tracker id"))?;
            let device = records.device(number)?;
            let own = device.tracker.user == user.account();
            ensure!(own, "tracker {number} belongs to {}", records.login_of(device.tracker.user));
            Ok(device.tracker.id)
        })
        .collect()
}

async fn block(records: &Records, login: &str, blocked: bool) -> anyhow::Result<()> {
    let user = records.user(login)?;
    let change = UserChange { blocked: Some(blocked), ..UserChange::default() };
    records.store.change_user(user.id, change).await?;
    let state = if blocked { "blocked" } else { "not blocked any more" };
    output::print(&format!("user {login} is {state}\n"))
}

fn table(records: &Records) -> String {
    let mut table = Table::new(&[
        ">id",
        "login",
        "title",
        "account of",
        "time zone",
        "locale",
        "state",
        ">trackers",
        "created",
    ]);
    for user in records.directory.users() {
        table.row([
            user.id.to_string(),
            user.login.clone(),
            user.title.clone(),
            user.master.map(|master| records.login_of(master)).unwrap_or_default(),
            user.time_zone.clone(),
            user.locale.clone(),
            if user.blocked { "blocked" } else { "active" }.into(),
            records.directory.all_visible(&user).len().to_string(),
            output::moment(user.created),
        ]);
    }
    table.render_or("no users")
}

fn login(text: &str) -> Result<String, String> {
    let login = name(text)?;
    if login.contains(char::is_whitespace) {
        return Err("a login has no blanks in it".to_owned());
    }
    Ok(login)
}

fn time_zone(text: &str) -> Result<String, String> {
    match TimeZone::get(text) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(text).to_owned()),
        Err(_) => Err("not an IANA time zone like Europe/Berlin".to_owned()),
    }
}
