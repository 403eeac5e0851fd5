//! `protocols`: what is spoken.

mod devices;

use std::collections::BTreeMap;

use protocols::{
    DeviceProfile, Evidence, OptionKind, OptionSpec, Protocol, ProtocolInfo, registry,
};
use serde_json::{Value, json};

use super::output::{self, Outcome, line};
use super::records::protocol_named;
use super::table::Table;
use crate::model::BuiltIn;

/// List the protocols that devices may speak
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// List the options of this protocol's devices instead
    #[arg(long, value_name = "NAME")]
    options: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with_all = ["markdown", "devices"])]
    json: bool,
    /// Print the table of the README
    #[arg(long, conflicts_with_all = ["options", "devices"])]
    markdown: bool,
    /// Print docs/devices.md: device profiles, what counts as DELIVERED, all options
    #[arg(long, conflicts_with = "options")]
    devices: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.options {
        Some(name) => {
            let info = protocol_named(name)?.info();
            match args.json {
                true => output::print_json(&json_options(info.options))?,
                false => output::print(&options_table(info))?,
            }
        }
        None if args.markdown => output::print(&markdown_table())?,
        None if args.devices => output::print(&devices::document())?,
        None if args.json => {
            let all: Vec<_> = registry::ALL.iter().map(|protocol| json_info(*protocol)).collect();
            output::print_json(&all)?;
        }
        None => output::print(&table())?,
    }
    Ok(Outcome::Done)
}

fn table() -> String {
    let mut table =
        Table::new(&["name", "protocol", ">port", "identity", "texts", "delivered when"]);
    for protocol in registry::ALL {
        let info = protocol.info();
        table.row([
            info.name.into(),
            info.title.into(),
            info.default_port.to_string(),
            info.identity.into(),
            texts(info).into(),
            delivered(*protocol),
        ]);
    }
    table.render()
}

fn options_table(info: &ProtocolInfo) -> String {
    let mut table = Table::new(&["option", "values", "default", "meaning"]);
    for option in info.options {
        table.row([
            option.name.into(),
            values(option.kind),
            option.default.into(),
            option.doc.into(),
        ]);
    }
    table.render_or("devices of this protocol have no options")
}

/// The protocol table of the README.
fn markdown_table() -> String {
    let mut out = "| name | protocol | port | identity | texts | DELIVERED when |\n\
                   | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for protocol in registry::ALL {
        let info = protocol.info();
        line!(
            out,
            "| `{}` | {} | {} | {} | {} | {} |",
            info.name,
            info.title,
            info.default_port,
            info.identity,
            texts(info),
            delivered(*protocol).replace('|', "\\|"),
        );
    }
    out
}

/// What makes a text DELIVERED on a device of the standard profile, or of the first one that has a display.
fn delivered(protocol: &'static dyn Protocol) -> String {
    let Some(chat) = BuiltIn::of(protocol).find(|built_in| built_in.has_chat()) else {
        return "never: its devices take no texts".to_owned();
    };
    let DeviceProfile { name, delivered, .. } = chat.profile;
    match *name {
        DeviceProfile::STANDARD => delivered.when.to_owned(),
        other => format!("{} (profile `{other}`; the standard one has no display)", delivered.when),
    }
}

const fn texts(info: &ProtocolInfo) -> &'static str {
    match (info.uplink_text, info.downlink_text) {
        (true, true) => "both ways",
        (true, false) => "from the driver",
        (false, true) => "to the driver",
        (false, false) => "none",
    }
}

fn values(kind: OptionKind) -> String {
    match kind {
        OptionKind::Bool => "true, false".to_owned(),
        OptionKind::Int { min, max } => format!("{min} to {max}"),
        OptionKind::Choice(words) => words.join(", "),
        OptionKind::Text { max } => format!("text, at most {max} bytes"),
    }
}

fn json_info(protocol: &'static dyn Protocol) -> Value {
    let info = protocol.info();
    json!({
        "name": info.name,
        "title": info.title,
        "default_port": info.default_port,
        "identity": info.identity,
        "uplink_text": info.uplink_text,
        "downlink_text": info.downlink_text,
        "delivered_when": info.delivered().when,
        "idle_seconds": info.idle_seconds,
        "options": json_options(info.options),
        "profiles": BuiltIn::of(protocol).map(json_profile).collect::<Vec<_>>(),
    })
}

fn json_profile(built_in: BuiltIn) -> Value {
    let profile = built_in.profile;
    let delivered = profile.delivered;
    json!({
        "name": profile.name,
        "title": profile.title,
        "model": built_in.model_code(),
        "options": profile.options.iter().copied().collect::<BTreeMap<_, _>>(),
        "has_chat": built_in.has_chat(),
        "delivered_when": delivered.proves.map(|_| delivered.when),
        "evidence": delivered.proves.map(|proves| match proves {
            Evidence::Displayed => "displayed",
            Evidence::Accepted => "accepted",
            Evidence::Inferred => "inferred",
        }),
    })
}

fn json_options(options: &[OptionSpec]) -> Value {
    let one = |option: &OptionSpec| {
        json!({
            "name": option.name,
            "values": values(option.kind),
            "default": option.default,
            "doc": option.doc,
        })
    };
    options.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_table_of_the_registry() {
        let readme = include_str!("../../../README.md");
        let (_, rest) = readme.split_once("<!-- cabwire protocols --markdown -->\n").unwrap();
        let (table, _) = rest.split_once("<!-- end -->").unwrap();
        assert_eq!(table, markdown_table(), "run `cabwire protocols --markdown` and paste it");
    }

    #[test]
    fn every_protocol_and_every_option_is_listed() {
        for protocol in registry::ALL {
            let info = protocol.info();
            assert!(
                table().contains(info.delivered().when) && table().contains(&delivered(*protocol))
            );
            let options = options_table(info);
            assert!(info.options.iter().all(|option| options.contains(option.name)), "{options}");
        }
    }
}
