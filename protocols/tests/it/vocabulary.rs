//! What every protocol reports is said in the neutral words of `protocols::vocabulary`; asked of all transcripts and of all frames
//! of real devices that there are, under every profile.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kit::host::{Happening, Host};
use kit::play::{play, play_login};
use kit::transcript::{Admit, Input, Transcript, root};
use protocols::vocabulary::{ALARMS, Term, VOCABULARY, synonym, term};
use protocols::{Attributes, DeviceProfile, Effect, Event, Limits, Protocol, Value};

use crate::all;

/// One event's attributes and where they were seen.
struct Seen {
    place: String,
    fix: bool,
    attributes: Attributes,
}

/// What frames lack that were taken from behind a framer.
const ENDS: [&[u8]; 4] = [b"", b"\r\n", b"$", b"<"];

/// Attributes of the records among `happenings`.
fn collect(happenings: Vec<Happening>, place: &str, out: &mut Vec<Seen>) {
    for happening in happenings {
        let Happening::Effect(Effect::Record { events, .. }) = happening else { continue };
        for event in events {
            let (fix, attributes) = match event {
                Event::Report(report) => (report.fix.is_some(), report.attributes),
                Event::Info(attributes) => (false, attributes),
                _ => continue,
            };
            out.push(Seen { place: place.to_owned(), fix, attributes });
        }
    }
}

/// A row of `frames.jsonl` that is to be decoded.
struct Row {
    line: usize,
    bytes: Vec<u8>,
    /// It states a position.
    located: bool,
}

fn rows(protocol: &dyn Protocol) -> Vec<Row> {
    let path = root().join(protocol.info().name).join("frames.jsonl");
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let row = |(line, json): (usize, &str)| {
        let row: serde_json::Value = serde_json::from_str(json).unwrap();
        let text = |key: &str| row[key].as_str();
        let bytes = match (text("hex"), text("text")) {
            (Some(digits), _) => unhex(digits),
            (None, Some(text)) => text.as_bytes().to_vec(),
            (None, None) => return None,
        };
        let good = text("check") != Some("bad");
        let located = good && text("expect").is_some_and(|expect| expect.starts_with("position"));
        Some(Row { line, bytes, located })
    };
    (1..).zip(text.lines()).filter_map(row).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A row as it may have come over the wire: as it is, with an end, or between marks, with its marks inside replaced.
fn wires(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut wires: Vec<_> = ENDS.iter().map(|end| [bytes, end].concat()).collect();
    if let [0x7e, inside @ .., 0x7e] = bytes {
        let replaced = inside.iter().flat_map(|byte| match byte {
            0x7e => vec![0x7d, 2],
            0x7d => vec![0x7d, 1],
            &byte => vec![byte],
        });
        wires.push([0x7e].into_iter().chain(replaced).chain([0x7e]).collect());
    }
    wires
}

fn known(profile: &DeviceProfile) -> Admit {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Admit::Known { secret: None, options: profile.options.iter().map(own).collect() }
}

/// Connections on which a device of this profile is online: one for each dialogue that brings one there, since they may speak
/// different dialects.
fn online<'a>(
    transcripts: &'a [Transcript],
    protocol: &'static dyn Protocol,
    profile: &'a DeviceProfile,
) -> impl Iterator<Item = Host> + 'a {
    transcripts.iter().filter_map(move |transcript| {
        let mut transcript = transcript.clone();
        for step in &mut transcript.steps {
            if matches!(step.input, Input::Admit(_)) {
                step.input = Input::Admit(known(profile));
            }
        }
        play_login(&transcript, protocol).ok().flatten()
    })
}

/// What a row says to a connection of its own, or to one on which a device is online: the first that understands it.
fn said(
    row: &Row,
    transcripts: &[Transcript],
    protocol: &'static dyn Protocol,
    profile: &DeviceProfile,
) -> Vec<Seen> {
    let place = format!("{}/frames.jsonl:{} as {}", protocol.info().name, row.line, profile.name);
    let wires = wires(&row.bytes);
    let fresh = std::iter::once_with(|| Host::new(protocol, Limits::default()));
    let tries = wires.iter().flat_map(|wire| {
        let hosts = fresh.clone().chain(online(transcripts, protocol, profile));
        hosts.map(move |host| (wire, host))
    });
    for (wire, mut host) in tries {
        let mut seen = Vec::new();
        host.receive(wire);
        while host.asking().is_some() {
            host.admit(&known(profile)).unwrap();
        }
        collect(host.take(), &place, &mut seen);
        if !seen.is_empty() {
            return seen;
        }
    }
    Vec::new()
}

/// Everything that this protocol's fixtures report.
fn seen(protocol: &'static dyn Protocol, transcripts: &[Transcript]) -> Vec<Seen> {
    let mut seen = Vec::new();
    for transcript in transcripts {
        for step in play(transcript, protocol).unwrap() {
            let place = format!("{}:{}", transcript.path.display(), step.line);
            collect(step.happenings, &place, &mut seen);
        }
    }
    for profile in protocol.info().profiles {
        let (mut stated, mut read) = (0, 0);
        for row in rows(protocol) {
            let said = said(&row, transcripts, protocol, profile);
            stated += usize::from(row.located);
            read += usize::from(row.located && !said.is_empty());
            seen.extend(said);
        }
        // Else this test does not know how the rows go over the wire, and sees nothing.
        let name = protocol.info().name;
        assert!(read * 2 >= stated, "{name}: {read} of {stated} rows with positions are read");
    }
    seen
}

fn everything() -> Vec<Seen> {
    all().flat_map(|(protocol, transcripts)| seen(protocol, &transcripts)).collect()
}

/// What is wrong with an attribute.
fn problem(name: &str, value: &Value, fix: bool) -> Option<String> {
    if let Some(term) = term(name) {
        if name == "satellites" && fix {
            return Some("stands beside a position, not in it".to_owned());
        }
        let fits = term.fits(value);
        return (!fits).then(|| format!("is {value:?}, not {}", described(term)));
    }
    synonym(name).map(|neutral| format!("is called {neutral}"))
}

fn described(term: &Term) -> String {
    match (term.name, term.range) {
        ("alarm", _) => "a neutral name of an alarm".to_owned(),
        (_, Some((least, most))) => format!("a number from {least} to {most}"),
        _ => term.kind.title().to_owned(),
    }
}

#[test]
fn every_protocol_speaks_in_neutral_words() {
    let mut problems = BTreeSet::new();
    let mut used = BTreeSet::new();
    for Seen { place, fix, attributes } in everything() {
        for (name, value) in &attributes {
            used.extend(term(name).map(|term| term.name));
            let found = problem(name, value, fix);
            problems.extend(found.map(|problem| format!("{place}: {name} {problem}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.into_iter().collect::<Vec<_>>().join("\n"));
    let unused: Vec<_> =
        VOCABULARY.iter().map(|term| term.name).filter(|name| !used.contains(name)).collect();
    assert!(unused.is_empty(), "no fixture of any protocol shows {unused:?}");
}

#[test]
fn what_is_wrong_is_noticed() {
    let wrong = |name, value| problem(name, &value, true).unwrap();
    assert_eq!(wrong("battery_level", Value::Int(300)), "is Int(300), not a number from 0 to 100");
    assert_eq!(wrong("ignition", Value::Int(1)), "is Int(1), not yes or no");
    assert_eq!(wrong("satellites", Value::Int(5)), "stands beside a position, not in it");
    assert_eq!(wrong("mileage", Value::Int(1)), "is called odometer_km");
    assert_eq!(wrong("temperature3", Value::Int(1)), "is called temperature{n}_c");
    assert_eq!(wrong("oil_temperature", Value::Int(1)), "is called …_c");
    let alarm = wrong("alarm", Value::Text("SOS".to_owned()));
    assert!(alarm.ends_with("not a neutral name of an alarm"), "{alarm}");
    assert_eq!(problem("io_123", &Value::Int(1), true), None);
    assert_eq!(problem("satellites", &Value::Int(5), false), None);
}

/// The vocabulary for its readers.
fn documentation() -> String {
    let mut text = String::from(HEAD);
    text += "| name | kind | unit | meaning |\n| --- | --- | --- | --- |\n";
    for Term { name, kind, unit, meaning, .. } in VOCABULARY {
        let kind = kind.title();
        writeln!(text, "| `{name}` | {kind} | {unit} | {meaning} |").unwrap();
    }
    text += "\n## Alarms\n\nThe values of `alarm`.\n\n| name | meaning |\n| --- | --- |\n";
    for alarm in ALARMS {
        writeln!(text, "| `{}` | {} |", alarm.name, alarm.meaning).unwrap();
    }
    text
}

const HEAD: &str = "# Attributes

What a device reports besides time and position, by names that no protocol owns. The list is generated from
`protocols/src/vocabulary.rs`; `UPDATE_FIXTURES=1 cargo test -p protocols --test it vocabulary` writes it anew.

`{n}` is a number, as the device counts: `input1`, `temperature0_c`. A number is in the unit of the table, which its name says too.
What is not in the list has the name that its vendor gives it (`io_123`, `item_EB`, parameters that a device names itself); a name of
the list, or another word for one, that a device uses in a sense or unit of its own has `param.` in front. A report has only what the device said.

";

#[test]
fn the_vocabulary_is_documented() {
    let path = root().join("../docs/attributes.md");
    let text = documentation();
    if std::env::var_os("UPDATE_FIXTURES").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        return std::fs::write(path, text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == text,
        "docs/attributes.md is not what the vocabulary says; \
         `UPDATE_FIXTURES=1 cargo test -p protocols --test it vocabulary` writes it anew"
    );
}
