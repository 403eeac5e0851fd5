//! `docs/devices.md`: profiles, what counts as DELIVERED, and options, from the protocols' own declarations.

use protocols::{Delivered, DeviceProfile, Evidence, ProtocolInfo, registry};

use super::values;
use crate::cli::output::line;
use crate::model::BuiltIn;

const HEAD: &str = "\
# Devices

<!-- Written by `cabwire protocols --devices`. Change the declarations in `protocols/src/`, then write it anew. -->

Models and firmware of one protocol differ: in charset, in the length of a text, in what they answer, in whether there is a display at
all. In Cabwire that is data. A protocol declares **options**; a built-in **profile** is a set of values for them that suits a family of
devices; a **model** (`cabwire model list`) names a profile, and there is one for each; a tracker has a model:

```sh
cabwire tracker add --user admin --protocol PROTOCOL --identity ID --model MODEL
cabwire tracker change 1 --option KEY=VALUE
cabwire model add my_model --profile PROTOCOL/PROFILE
```

A device has the options of its model's profile, and its own over them. Without `--model` a new tracker has the protocol's `standard`
profile: all defaults, which are the safe reading wherever a specification leaves something open.

Chat is available where the profile has something to show a text on. A model may say otherwise (`cabwire model change CODE --chat true`).
";

const PROFILES: &str = "
## Profiles

| protocol | profile | model | for | options that differ | chat |
| --- | --- | --- | --- | --- | --- |
";

const DELIVERED: &str = "
## What counts as DELIVERED

Bytes written to a socket never make a text `DELIVERED`; this packet does. Where an option names what counts, a device that has it set
otherwise counts accordingly. When the driver *opened* a text, where a device tells, is kept beside its status: `cabwire message show ID`.

| protocol | profile | DELIVERED when | evidence |
| --- | --- | --- | --- |
";

const OPTIONS: &str = "
## Options

Set on a device with `cabwire tracker add --option KEY=VALUE`, or by the profile of its model.
";

/// The whole file.
pub(super) fn document() -> String {
    let mut out = HEAD.to_owned();
    out.push_str(PROFILES);
    for built_in in BuiltIn::all() {
        let BuiltIn { protocol, profile } = built_in;
        line!(
            out,
            "| `{}` | `{}` | `{}` | {} | {} | {} |",
            protocol.info().name,
            profile.name,
            built_in.model_code(),
            cell(profile.title),
            differing(profile),
            if built_in.has_chat() { "yes" } else { "no" },
        );
    }
    out.push_str(DELIVERED);
    for BuiltIn { protocol, profile } in BuiltIn::all() {
        let Delivered { when, proves } = profile.delivered;
        let when = if when.is_empty() { "never: it takes no texts" } else { when };
        let name = protocol.info().name;
        line!(out, "| `{name}` | `{}` | {} | {} |", profile.name, cell(when), evidence(proves));
    }
    out.push_str(OPTIONS);
    for protocol in registry::ALL {
        options(protocol.info(), &mut out);
    }
    out
}

fn differing(profile: &DeviceProfile) -> String {
    let pairs = profile.options.iter().map(|(key, value)| format!("`{key}={}`", cell(value)));
    pairs.collect::<Vec<_>>().join(", ")
}

fn options(info: &ProtocolInfo, out: &mut String) {
    line!(out, "\n### `{}`: {}\n", info.name, info.title);
    if info.options.is_empty() {
        line!(out, "Devices of this protocol have no options.");
        return;
    }
    line!(out, "| option | values | default | meaning |\n| --- | --- | --- | --- |");
    for option in info.options {
        let default = match option.default {
            "" => "(empty)".to_owned(),
            default => format!("`{}`", cell(default)),
        };
        let (values, meaning) = (values(option.kind), cell(option.doc));
        line!(out, "| `{}` | {} | {default} | {meaning} |", option.name, cell(&values));
    }
}

const fn evidence(proves: Option<Evidence>) -> &'static str {
    match proves {
        Some(Evidence::Displayed) => "the screen showed it",
        Some(Evidence::Accepted) => "the terminal stored or accepted it",
        Some(Evidence::Inferred) => "inferred from what it sends next",
        None => "–",
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_is_what_the_protocols_declare() {
        let written = include_str!("../../../docs/devices.md");
        assert!(
            written == document(),
            "docs/devices.md is out of date: run `cargo run -- protocols --devices > docs/devices.md`"
        );
    }

    #[test]
    fn every_profile_and_every_option_is_in_it() {
        let document = document();
        for built_in in BuiltIn::all() {
            let (protocol, profile) = (built_in.protocol.info().name, built_in.profile.name);
            let row = format!("| `{protocol}` | `{profile}` | ");
            assert_eq!(document.matches(&row).count(), 2, "{row}");
        }
        for info in registry::ALL.iter().map(|protocol| protocol.info()) {
            let (_, own) = document.split_once(&format!("### `{}`", info.name)).unwrap();
            let own = own.split("\n###").next().unwrap();
            assert_eq!(own.matches("\n| `").count(), info.options.len(), "{own}");
        }
    }

    #[test]
    fn a_bar_does_not_end_a_cell() {
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }
}
