//! The administered records, as the commands see them: found by the names people use, with errors that say what there is.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use protocols::{DeviceOptions, Protocol, registry};

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::directory::{Device, Directory};
use crate::model::{BuiltIn, Millis, Model, Tariff, TariffId, Tracker, TrackerId, User, UserId};
use crate::store::Store;
use crate::store::sqlite::{SqliteOptions, SqliteStore};

/// An open store with its records in memory.
pub(super) struct Records {
    pub(super) store: Arc<dyn Store>,
    pub(super) directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
}

impl Records {
    /// Opens the store of a daemon; it must be there already.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let path = config.store.path();
        if !path.exists() {
            let at = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            bail!(
                "there is no database at {}; name the daemon's configuration (--config) and directory (-C), or create it with \
                 `cabwire migrate`",
                at.display()
            );
        }
        // An older schema is for `serve` and `migrate` to change: a daemon of an older version may be running.
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(path, SqliteOptions::default()).await?);
        let directory = Directory::load(Arc::clone(&store)).await?;
        Ok(Self { store, directory, clock: SystemClock::new() })
    }

    pub(super) async fn close(&self) {
        self.store.close().await;
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.wall()
    }

    /// The user with this login.
    pub(super) fn user(&self, login: &str) -> anyhow::Result<Arc<User>> {
        self.directory.user_by_login(login).ok_or_else(|| {
            let known = self.directory.users();
            anyhow!(
                "there is no user `{login}`{}",
                known_names(known.iter().map(|user| &user.login))
            )
        })
    }

    /// The account with this login; a sub-user owns nothing.
    pub(super) fn account(&self, login: &str) -> anyhow::Result<Arc<User>> {
        let user = self.user(login)?;
        if user.master.is_some() {
            let master = self.login_of(user.account());
            bail!("`{login}` is a sub-user and owns nothing; use its account `{master}`");
        }
        Ok(user)
    }

    /// Login of a user, for tables.
    pub(super) fn login_of(&self, id: UserId) -> String {
        self.directory.user(id).map_or_else(|| format!("#{id}"), |user| user.login.clone())
    }

    /// The tracker with this id.
    pub(super) fn device(&self, id: i64) -> anyhow::Result<Arc<Device>> {
        self.directory
            .device(TrackerId(id))
            .ok_or_else(|| anyhow!("there is no tracker {id}; `cabwire tracker list` shows them"))
    }

    /// The tariff with this id, or the one that new trackers get: the first one with chat.
    pub(super) fn tariff(&self, id: Option<i64>) -> anyhow::Result<TariffId> {
        if let Some(id) = id {
            return Ok(self.known_tariff(id)?.id);
        }
        let with_chat = self.directory.tariffs().into_iter().find(|t| t.features.contains("chat"));
        let tariff = with_chat.context(
            "there is no tariff with chat; add one: `cabwire tariff add --name Standard --feature chat`",
        )?;
        Ok(tariff.id)
    }

    /// The tariff with this id.
    pub(super) fn known_tariff(&self, id: i64) -> anyhow::Result<Arc<Tariff>> {
        self.directory.tariff(TariffId(id)).ok_or_else(|| {
            let known = self.directory.tariffs();
            let names = known.iter().map(|tariff| format!("{} {}", tariff.id, tariff.name));
            anyhow!("there is no tariff {id}{}", known_names(names))
        })
    }

    /// The model with this code, or the protocol's own, which is called like the protocol. It must suit the protocol.
    pub(super) fn model(
        &self,
        code: Option<&str>,
        protocol: &dyn Protocol,
    ) -> anyhow::Result<Arc<Model>> {
        let name = protocol.info().name;
        let model = self.known_model(code.unwrap_or(name))?;
        model.check_protocol(name).map_err(anyhow::Error::msg)?;
        Ok(model)
    }

    /// The model with this code.
    pub(super) fn known_model(&self, code: &str) -> anyhow::Result<Arc<Model>> {
        self.directory.model(code).ok_or_else(|| {
            let known = self.directory.models();
            anyhow!("there is no model `{code}`{}", known_names(known.iter().map(|m| &m.code)))
        })
    }

    /// What to know about a tracker to which nothing can be sent; `None` if texts can.
    pub(super) fn without_texts(&self, tracker: &Tracker) -> Option<String> {
        let model = self.directory.model(&tracker.model)?;
        let protocol = registry::by_name(&tracker.protocol)?;
        if !protocol.info().downlink_text {
            return Some(format!("devices that speak {} take no texts", tracker.protocol));
        }
        if model.has_chat() {
            return None;
        }
        let title = model.built_in().map_or_else(String::new, |built_in| {
            format!(" (profile {}: {})", built_in.name(), built_in.profile.title)
        });
        let models = self.directory.models();
        let with_chat = models.iter().filter(|other| {
            other.has_chat()
                && other.profile.is_some()
                && other.check_protocol(&tracker.protocol).is_ok()
        });
        let others = known_names(with_chat.map(|model| &model.code));
        Some(format!(
            "it takes no texts, because its model `{}`{title} has no chat; if the device has a display, give it a model with \
             chat: `cabwire tracker change {} --model CODE`{others}",
            model.code, tracker.id
        ))
    }
}

/// Opens the database file, creating it or bringing it up to date where that is needed.
pub(super) async fn open_store(path: &Path) -> anyhow::Result<Arc<dyn Store>> {
    Ok(Arc::new(SqliteStore::open(path, SqliteOptions::migrating()).await?))
}

fn known_names<T: Display>(names: impl Iterator<Item = T>) -> String {
    const SHOWN: usize = 50;
    let mut names: Vec<_> = names.take(SHOWN + 1).map(|name| name.to_string()).collect();
    if names.len() > SHOWN {
        names.truncate(SHOWN);
        names.push("…".to_owned());
    }
    if names.is_empty() {
        " (there are none)".to_owned()
    } else {
        format!(" (known: {})", names.join(", "))
    }
}

/// The protocol called `name`.
///
/// # Errors
/// With the names there are.
pub(super) fn protocol_named(name: &str) -> anyhow::Result<&'static dyn Protocol> {
    registry::by_name(name).ok_or_else(|| {
        let names = registry::ALL.iter().map(|protocol| protocol.info().name);
        anyhow!("there is no protocol `{name}`{}", known_names(names))
    })
}

/// The built-in profile with this full name.
///
/// # Errors
/// With the names there are.
pub(super) fn profile_named(name: &str) -> anyhow::Result<BuiltIn> {
    BuiltIn::named(name).ok_or_else(|| {
        let known: Vec<_> = match registry::by_name(name.split('/').next().unwrap_or_default()) {
            Some(protocol) => BuiltIn::of(protocol).collect(),
            None => BuiltIn::all().collect(),
        };
        let names = known_names(known.into_iter().map(BuiltIn::name));
        anyhow!("there is no profile `{name}`{names}; `cabwire protocols --devices` shows all")
    })
}

/// Device options given as `key=value`, validated against what the protocol declares.
pub(super) fn device_options(
    protocol: &dyn Protocol,
    pairs: &[(String, String)],
) -> anyhow::Result<std::collections::BTreeMap<String, String>> {
    let given = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    DeviceOptions::parse(protocol.info().options, given)
        .with_context(|| format!("see `cabwire protocols --options {}`", protocol.info().name))?;
    Ok(pairs.iter().cloned().collect())
}

/// Parses `key=value`.
pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err("expected key=value".to_owned()),
    }
}

/// A name people see: not empty, no control characters, not longer than a line.
pub(super) fn name(text: &str) -> Result<String, String> {
    const LONGEST: usize = 255;
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return Err(format!("expected 1 to {LONGEST} printable characters"));
    }
    Ok(text.to_owned())
}
