//! `tracker`: trackers and their devices.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::ensure;
use serde_json::{Value, json};

use super::message;
use super::output::{self, Outcome};
use super::records::{Records, device_options, key_value, name, protocol_named};
use super::secrets;
use super::table::Table;
use crate::directory::Device;
use crate::model::{
    Assignment, DeviceState, EmployeeId, NewTracker, Tracker, TrackerChange, TrackerId,
};
use crate::secret;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add a tracker with its device
    Add(Add),
    /// List trackers with when they were last heard of, and where
    List {
        /// Only of this account
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show all that is known about a tracker
    Show {
        /// Tracker id
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a tracker; what is not given stays
    Change(Change),
    /// Block a tracker: its device is refused
    Block {
        /// Tracker id
        id: i64,
    },
    /// Unblock a tracker
    Unblock {
        /// Tracker id
        id: i64,
    },
    /// Remove a tracker with all its messages
    Remove {
        /// Tracker id
        id: i64,
        /// Yes, with all its messages
        #[arg(long)]
        yes: bool,
    },
    /// Assign a driver to a tracker
    Assign {
        /// Tracker id
        id: i64,
        /// Employee id
        #[arg(long, required_unless_present = "nobody")]
        employee: Option<i64>,
        /// Nobody drives it
        #[arg(long, conflicts_with = "employee")]
        nobody: bool,
    },
    /// Show the texts that wait for the device's confirmation, and why
    Texts {
        /// Tracker id
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// Account it belongs to
    #[arg(long, value_name = "LOGIN")]
    user: String,
    /// Protocol of its device, see `cabwire protocols`
    #[arg(long, value_name = "NAME")]
    protocol: String,
    /// What the device calls itself: phone number, IMEI, unit id
    #[arg(long, value_name = "ID", value_parser = name)]
    identity: String,
    /// Name shown [default: the identity]
    #[arg(long, value_parser = name)]
    label: Option<String>,
    #[command(flatten)]
    secret: Secret,
    /// Device option over those of its model's profile, may be repeated; see `cabwire protocols --options NAME`
    #[arg(long = "option", value_name = "KEY=VALUE", value_parser = key_value)]
    options: Vec<(String, String)>,
    /// Model code, see `cabwire model list` [default: the protocol's own]
    #[arg(long, value_name = "CODE")]
    model: Option<String>,
    /// Tariff [default: the first one with chat]
    #[arg(long, value_name = "ID")]
    tariff: Option<i64>,
    /// Phone number of its SIM
    #[arg(long, value_parser = name)]
    phone: Option<String>,
}

/// Where the device's password or authentication code comes from.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Secret {
    /// File with the device's password or authentication code in its first line
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Read the device's password or authentication code from standard input
    #[arg(long)]
    secret_stdin: bool,
}

impl Secret {
    fn read(&self) -> anyhow::Result<Option<String>> {
        match &self.secret_file {
            Some(file) => Ok(Some(secrets::from_file(file)?)),
            None if self.secret_stdin => Ok(Some(secrets::from_stdin()?)),
            None => Ok(None),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// Tracker id
    id: i64,
    /// Name shown
    #[arg(long, value_parser = name)]
    label: Option<String>,
    /// Protocol of its device
    #[arg(long, value_name = "NAME")]
    protocol: Option<String>,
    /// What the device calls itself
    #[arg(long, value_name = "ID", value_parser = name)]
    identity: Option<String>,
    #[command(flatten)]
    secret: Secret,
    /// The device need not present a password or code any more
    #[arg(long, conflicts_with_all = ["secret_file", "secret_stdin"])]
    no_secret: bool,
    /// Device option; `KEY=` goes back to that of the model's profile. May be repeated
    #[arg(long = "option", value_name = "KEY=VALUE", value_parser = key_value)]
    options: Vec<(String, String)>,
    /// Model code
    #[arg(long, value_name = "CODE")]
    model: Option<String>,
    /// Tariff
    #[arg(long, value_name = "ID")]
    tariff: Option<i64>,
    /// Phone number of its SIM; empty removes it
    #[arg(long)]
    phone: Option<String>,
}

pub(super) async fn run(command: Command, records: &Records) -> anyhow::Result<Outcome> {
    match command {
        Command::Add(args) => add(args, records).await?,
        Command::List { user, json } => list(records, user.as_deref(), json).await?,
        Command::Show { id, json } => show(records, id, json).await?,
        Command::Change(args) => change(args, records).await?,
        Command::Block { id } => block(records, id, true).await?,
        Command::Unblock { id } => block(records, id, false).await?,
        Command::Remove { id, yes } => {
            let device = records.device(id)?;
            ensure!(yes, "this removes all messages of `{}` too; say --yes", device.tracker.label);
            records.store.remove_tracker(device.tracker.id).await?;
            output::print(&format!("tracker {id} is removed\n"))?;
        }
        Command::Assign { id, employee, nobody: _ } => assign(records, id, employee).await?,
        Command::Texts { id, json } => {
            let device = records.device(id)?;
            message::waiting(records, device.tracker.id, json).await?;
        }
    }
    Ok(Outcome::Done)
}

async fn add(args: Add, records: &Records) -> anyhow::Result<()> {
    let protocol = protocol_named(&args.protocol)?;
    let user = records.account(&args.user)?;
    let tracker = NewTracker {
        user: user.id,
        label: args.label.unwrap_or_else(|| args.identity.clone()),
        protocol: protocol.info().name.to_owned(),
        identity: args.identity,
        options: device_options(protocol, &args.options)?,
        secret: args.secret.read()?.map(|text| secret::digest(&text)),
        model: records.model(args.model.as_deref(), protocol)?.code.clone(),
        tariff: records.tariff(args.tariff)?,
        phone: args.phone,
    };
    let created = records.store.create_trackers(vec![tracker], records.now()).await?;
    for tracker in created {
        output::print(&format!("tracker {} {} is added\n", tracker.id, tracker.label))?;
        note_without_texts(records, &tracker)?;
    }
    Ok(())
}

/// Nobody should find out by a refused text that a tracker takes none.
fn note_without_texts(records: &Records, tracker: &Tracker) -> anyhow::Result<()> {
    match records.without_texts(tracker) {
        Some(why) => output::print(&format!("note: {why}\n")),
        None => Ok(()),
    }
}

async fn change(args: Change, records: &Records) -> anyhow::Result<()> {
    let device = records.device(args.id)?;
    let old = &device.tracker;
    let protocol = protocol_named(args.protocol.as_deref().unwrap_or(&old.protocol))?;
    let options = if args.options.is_empty() && args.protocol.is_none() {
        None
    } else {
        let mut options =
            if args.protocol.is_some() { Default::default() } else { old.options.clone() };
        for (key, value) in args.options {
            if value.is_empty() {
                options.remove(&key);
            } else {
                options.insert(key, value);
            }
        }
        let pairs: Vec<_> = options.into_iter().collect();
        Some(device_options(protocol, &pairs)?)
    };
    let model = records.model(Some(args.model.as_deref().unwrap_or(&old.model)), protocol)?;
    let other_device = args.protocol.is_some() || args.identity.is_some();
    let change = TrackerChange {
        label: args.label,
        device: other_device.then(|| {
            let identity = args.identity.unwrap_or_else(|| old.identity.clone());
            (protocol.info().name.to_owned(), identity)
        }),
        secret: match args.secret.read()? {
            Some(text) => Some(Some(secret::digest(&text))),
            None if args.no_secret => Some(None),
            None => None,
        },
        options,
        model: args.model.is_some().then(|| model.code.clone()),
        tariff: args.tariff.map(|id| records.known_tariff(id)).transpose()?.map(|tariff| tariff.id),
        blocked: None,
        phone: args.phone.map(|phone| Some(phone).filter(|phone| !phone.is_empty())),
    };
    ensure!(change != TrackerChange::default(), "nothing to change: give at least one option");
    let other_model = change.model.is_some() || change.device.is_some();
    let tracker = records.store.change_tracker(old.id, change).await?;
    output::print(&format!("tracker {} {} is changed\n", tracker.id, tracker.label))?;
    if other_model { note_without_texts(records, &tracker) } else { Ok(()) }
}

async fn block(records: &Records, id: i64, blocked: bool) -> anyhow::Result<()> {
    let device = records.device(id)?;
    let change = TrackerChange { blocked: Some(blocked), ..TrackerChange::default() };
    records.store.change_tracker(device.tracker.id, change).await?;
    let state = if blocked { "blocked" } else { "not blocked any more" };
    output::print(&format!("tracker {id} {} is {state}\n", device.tracker.label))
}

async fn assign(records: &Records, id: i64, employee: Option<i64>) -> anyhow::Result<()> {
    let device = records.device(id)?;
    let employee = match employee {
        None => None,
        Some(number) => {
            let found = records.directory.employee(EmployeeId(number));
            let own = found.filter(|employee| employee.user == device.tracker.user);
            let account = records.login_of(device.tracker.user);
            ensure!(
                own.is_some(),
                "`{account}` has no employee {number}; see `cabwire employee list`"
            );
            own.map(|employee| employee.id)
        }
    };
    let assignment = Assignment { employee, changed: records.now(), by_device: false };
    records.store.assign_employee(device.tracker.id, assignment).await?;
    let who = employee.map_or_else(|| "nobody".to_owned(), |id| format!("employee {id}"));
    output::print(&format!("tracker {id} is driven by {who}\n"))
}

async fn list(records: &Records, user: Option<&str>, json: bool) -> anyhow::Result<()> {
    let mut devices = records.directory.devices();
    if let Some(login) = user {
        let account = records.user(login)?.account();
        devices.retain(|device| device.tracker.user == account);
    }
    let ids: Vec<TrackerId> = devices.iter().map(|device| device.tracker.id).collect();
    let states: HashMap<_, _> = records.store.device_states(&ids).await?.into_iter().collect();
    let state_of = |id: TrackerId| states.get(&id);
    if json {
        let all: anyhow::Result<Vec<Value>> = devices
            .iter()
            .map(|device| to_json(&device.tracker, state_of(device.tracker.id)))
            .collect();
        return output::print_json(&all?);
    }
    let mut table = Table::new(&[
        ">id",
        "label",
        "account",
        "protocol",
        "identity",
        "model",
        "state",
        "last seen",
        "position",
    ]);
    for device in &devices {
        let tracker = &device.tracker;
        let state = state_of(tracker.id);
        table.row([
            tracker.id.to_string(),
            tracker.label.clone(),
            records.login_of(tracker.user),
            tracker.protocol.clone(),
            tracker.identity.clone(),
            tracker.model.clone(),
            if tracker.blocked { "blocked" } else { "active" }.into(),
            state.map_or_else(|| "never".to_owned(), |state| output::moment(state.seen)),
            state.and_then(position).unwrap_or_default(),
        ]);
    }
    output::print(
        &table.render_or("no trackers; `cabwire tracker add` or `cabwire import` adds some"),
    )
}

async fn show(records: &Records, id: i64, json: bool) -> anyhow::Result<()> {
    let device = records.device(id)?;
    let states = records.store.device_states(&[device.tracker.id]).await?;
    let state = states.first().map(|(_, state)| state);
    if json {
        return output::print_json(&to_json(&device.tracker, state)?);
    }
    output::print(&details(records, &device, state).render())
}

fn details(records: &Records, device: &Device, state: Option<&DeviceState>) -> Table {
    let tracker = &device.tracker;
    let mut table = Table::new(&["tracker", ""]);
    let mut line = |name: &str, value: String| table.row([name.to_owned(), value]);
    line("id", tracker.id.to_string());
    line("label", tracker.label.clone());
    line("account", records.login_of(tracker.user));
    line("protocol", tracker.protocol.clone());
    line("identity", tracker.identity.clone());
    line("secret", if tracker.secret.is_some() { "set" } else { "none" }.to_owned());
    line("model", tracker.model.clone());
    let model = records.directory.model(&tracker.model);
    line(
        "profile",
        model.and_then(|model| model.profile.clone()).unwrap_or_else(|| "none".to_owned()),
    );
    line("texts", if device.has_chat { "yes" } else { "no: its model has no chat" }.to_owned());
    let tariff = records.directory.tariff(tracker.tariff).map(|tariff| tariff.name.clone());
    line("tariff", format!("{} {}", tracker.tariff, tariff.unwrap_or_default()));
    line("state", if tracker.blocked { "blocked" } else { "active" }.to_owned());
    line("phone", tracker.phone.clone().unwrap_or_default());
    line(
        "driver",
        tracker.employee.map_or_else(|| "nobody".to_owned(), |id| format!("employee {id}")),
    );
    line("created", output::moment(tracker.created));
    for (key, value) in device.options.overrides() {
        let from = if tracker.options.contains_key(key) { "" } else { " (profile)" };
        line(&format!("option {key}"), format!("{value}{from}"));
    }
    let Some(state) = state else {
        line("last seen", "never".to_owned());
        return table;
    };
    line("last seen", output::moment(state.seen));
    if let Some(position) = position(state) {
        line("position", position);
    }
    if let Some(at) = state.fix_time {
        line("position time", output::moment(at));
    }
    for (name, value) in state.attributes.iter() {
        line(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    table
}

fn position(state: &DeviceState) -> Option<String> {
    Some(format!("{:.5}, {:.5}", state.latitude?, state.longitude?))
}

fn to_json(tracker: &Tracker, state: Option<&DeviceState>) -> anyhow::Result<Value> {
    let mut value = serde_json::to_value(tracker)?;
    value["has_secret"] = tracker.secret.is_some().into();
    value["device_state"] = json!(state);
    Ok(value)
}
