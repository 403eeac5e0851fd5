//! `key`: API keys.

use std::sync::Arc;

use anyhow::{bail, ensure};
use serde_json::json;

use super::output::{self, Outcome};
use super::records::{Records, name};
use super::table::Table;
use crate::clock::SystemClock;
use crate::first_start;
use crate::model::{Credential, CredentialKind, User};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Create a key and print it: this once, it cannot be had again
    Create {
        /// Account that may do with it what its sessions may
        #[arg(long, value_name = "LOGIN")]
        user: String,
        /// What the key is for
        #[arg(long, value_parser = name)]
        title: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List keys by their first digits
    List {
        /// Only of this user
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a key: it stops working within a second
    Remove {
        /// Whose key
        #[arg(long, value_name = "LOGIN")]
        user: String,
        /// Its first digits, as `key list` shows them
        prefix: String,
        /// Its title, where two keys begin alike
        #[arg(long)]
        title: Option<String>,
    },
}

pub(super) async fn run(command: Command, records: &Records) -> anyhow::Result<Outcome> {
    match command {
        Command::Create { user, title, json } => {
            let user = records.account(&user)?;
            let clock = SystemClock::new();
            let key = first_start::new_key(&*records.store, &user, &title, &*clock).await?;
            match json {
                true => output::print_json(&json!({ "key": key, "title": title }))?,
                false => output::print(&format!("{key}\n"))?,
            }
        }
        Command::List { user, json } => {
            let users = match user {
                Some(login) => vec![records.user(&login)?],
                None => records.directory.users(),
            };
            list(records, &users, json)?;
        }
        Command::Remove { user, prefix, title } => {
            let user = records.user(&user)?;
            let key = one_key(records, &user, &prefix, title.as_deref())?;
            records.store.remove_credential(key.digest).await?;
            output::print("the key is removed\n")?;
        }
    }
    Ok(Outcome::Done)
}

fn list(records: &Records, users: &[Arc<User>], json: bool) -> anyhow::Result<()> {
    let mut table = Table::new(&["user", "key", "title", "created"]);
    let mut rows = Vec::new();
    for user in users {
        let mut keys = records.directory.credentials_of(user.id);
        keys.sort_by_key(|key| key.created);
        for key in keys {
            let CredentialKind::ApiKey { title, prefix } = &key.kind else { continue };
            let created = output::moment(key.created);
            rows.push(json!({
                "user": user.login, "prefix": prefix, "title": title, "created": created,
            }));
            table.row([user.login.clone(), format!("{prefix}…"), title.clone(), created]);
        }
    }
    if json { output::print_json(&rows) } else { output::print(&table.render_or("no keys")) }
}

fn one_key(
    records: &Records,
    user: &User,
    digits: &str,
    wanted: Option<&str>,
) -> anyhow::Result<Arc<Credential>> {
    let digits = digits.trim_end_matches('…');
    ensure!(!digits.is_empty(), "the first digits of the key are missing");
    let mut keys = records.directory.credentials_of(user.id);
    keys.retain(|key| match &key.kind {
        CredentialKind::ApiKey { title, prefix } => {
            prefix == digits && wanted.is_none_or(|wanted| wanted == title)
        }
        CredentialKind::Session { .. } => false,
    });
    match keys.as_slice() {
        [key] => Ok(Arc::clone(key)),
        [] => bail!("`{}` has no such key; see `cabwire key list`", user.login),
        _ => bail!("`{}` has several such keys; say which with --title", user.login),
    }
}
