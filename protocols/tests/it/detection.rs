//! Telling protocols apart by their first bytes: every beginning of a connection in `fixtures/`, asked of every protocol.
//!
//! A beginning is what a device writes until its session asks who it is: the first lines of each connection of the transcripts,
//! and each row of `frames.jsonl` that a fresh session takes for a login. Both are found by the registry and the folders, so a
//! new protocol is compared with all others without being asked.

use std::collections::BTreeSet;

use kit::host::{Happening, Host};
use kit::rows::escaped;
use kit::transcript::{Input, Transcript, root};
use protocols::{Detection, Effect, Limits, Protocol, registry};
use serde::Deserialize;

use crate::all;

/// Bytes within which the daemon wants to know: a protocol that has not been recognised by then will not be.
const WITHIN: usize = 1024;

/// First bytes of a connection.
struct Beginning {
    /// Where it stands.
    place: String,
    bytes: Vec<u8>,
}

/// What a session makes of the first bytes.
#[derive(PartialEq)]
enum First {
    /// Nothing yet.
    Nothing,
    /// It asks who this is.
    Asks,
    /// Anything else: a connection that does not begin like this, or is refused.
    Other,
}

fn first(protocol: &'static dyn Protocol, start: &[u8]) -> First {
    let mut host = Host::new(protocol, Limits::default());
    host.receive(start);
    let happened = host.take();
    let mut what = happened.iter().filter(|happening| !matches!(happening, Happening::Frame(_)));
    match what.next() {
        None => First::Nothing,
        Some(Happening::Effect(Effect::Authenticate { .. })) => First::Asks,
        Some(_) => First::Other,
    }
}

/// The beginnings in a transcript, one per connection at most.
fn of_transcript(protocol: &'static dyn Protocol, transcript: &Transcript) -> Vec<Beginning> {
    let connections = transcript.steps.split(|step| step.input == Input::Reconnect);
    let begins = connections.filter_map(|steps| {
        let mut bytes = Vec::new();
        for step in steps {
            let Input::Device(written) = &step.input else { continue };
            bytes.extend_from_slice(written);
            match first(protocol, &bytes) {
                First::Nothing => {}
                First::Asks => {
                    let place = format!("{}:{}", transcript.path.display(), step.line);
                    return Some(Beginning { place, bytes });
                }
                First::Other => return None,
            }
        }
        None
    });
    begins.collect()
}

#[derive(Deserialize)]
struct Row {
    kind: String,
    layer: String,
    hex: Option<String>,
    text: Option<String>,
    check: Option<String>,
}

impl Row {
    fn bytes(&self) -> Vec<u8> {
        match (&self.hex, &self.text) {
            (Some(hex), _) => hex
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect(),
            (None, text) => text.clone().unwrap_or_default().into_bytes(),
        }
    }

    /// The row as it may have been on the wire. The first of these is what it is; a row that lost its marks when it was written
    /// down is one of the others.
    fn on_the_wire(&self) -> Vec<Vec<u8>> {
        let bytes = self.bytes();
        let mut forms = vec![bytes.clone()];
        if self.layer == "frame" {
            let around = |head: &[u8], tail: &[u8]| [head, &bytes, tail].concat();
            forms.extend([around(b"", b"\r\n"), around(b">", b"<"), marked(&bytes)]);
        }
        forms
    }
}

/// A frame between 7E marks, whether it has them already or not.
fn marked(frame: &[u8]) -> Vec<u8> {
    let inner = frame.strip_prefix(b"\x7e").and_then(|rest| rest.strip_suffix(b"\x7e"));
    escaped(inner.unwrap_or(frame))
}

/// The beginnings among the frames of real devices, if the protocol has any.
fn of_frames(protocol: &'static dyn Protocol) -> Vec<Beginning> {
    let path = root().join(protocol.info().name).join("frames.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else { return Vec::new() };
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("{}:{number}", path.display());
        let row: Row =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}"));
        // Downlinks, and frames that were damaged when they were written down, begin nothing.
        if row.kind == "encode" || row.check.as_deref() == Some("bad") {
            continue;
        }
        let forms = row.on_the_wire();
        let begins = forms.into_iter().find(|bytes| first(protocol, bytes) == First::Asks);
        found.extend(begins.map(|bytes| Beginning { place, bytes }));
    }
    found
}

fn beginnings(protocol: &'static dyn Protocol, transcripts: &[Transcript]) -> Vec<Beginning> {
    let written = transcripts.iter().flat_map(|transcript| of_transcript(protocol, transcript));
    written.chain(of_frames(protocol)).collect()
}

#[test]
fn every_beginning_is_told_by_its_protocol_and_claimed_by_no_other() {
    let mut mistakes = BTreeSet::new();
    for (protocol, transcripts) in all() {
        let name = protocol.info().name;
        let found = beginnings(protocol, &transcripts);
        assert!(!found.is_empty(), "{name}: no fixture begins a connection");
        for Beginning { place, bytes } in &found {
            let known = bytes.get(..WITHIN).unwrap_or(bytes);
            let verdict = protocol.detect(known);
            if verdict != Detection::Yes {
                mistakes.insert(format!("{place}: {name} says {verdict:?}"));
            }
            for length in 1..=known.len() {
                for asked in registry::ALL {
                    let other = asked.info().name;
                    let mistake = match asked.detect(&known[..length]) {
                        Detection::No if other == name => "gives it up",
                        Detection::Yes if other != name => "claims it",
                        _ => continue,
                    };
                    mistakes.insert(format!("{place}: {other} {mistake} after {length} bytes"));
                }
            }
        }
    }
    let list: Vec<_> = mistakes.into_iter().collect();
    assert!(list.is_empty(), "\n{}", list.join("\n"));
}

#[test]
fn who_says_yes_never_takes_it_back() {
    for (protocol, transcripts) in all() {
        for Beginning { place, bytes } in beginnings(protocol, &transcripts) {
            let told = (1..=bytes.len()).find(|&n| protocol.detect(&bytes[..n]) == Detection::Yes);
            for length in told.unwrap_or(bytes.len())..=bytes.len() {
                let later = protocol.detect(&bytes[..length]);
                assert_eq!(later, Detection::Yes, "{place}: {length} bytes");
            }
        }
    }
}

#[test]
fn what_no_device_says_is_nobodys() {
    let strangers: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\nHost: example.invalid\r\n\r\n",
        b"POST /api HTTP/1.1\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.7\r\n",
        // The beginning of a TLS handshake.
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"EHLO example.invalid\r\n",
    ];
    for protocol in registry::ALL {
        for stranger in strangers {
            for length in 1..=stranger.len() {
                let verdict = protocol.detect(&stranger[..length]);
                let what = stranger[..length].escape_ascii();
                assert_ne!(verdict, Detection::Yes, "{} of {what}", protocol.info().name);
            }
            let verdict = protocol.detect(stranger);
            let what = stranger.escape_ascii();
            assert_eq!(verdict, Detection::No, "{} of {what}", protocol.info().name);
        }
    }
}

/// How the rows come out as beginnings: a row whose marks were lost must not slip through unseen.
#[test]
fn rows_of_real_devices_are_among_the_beginnings() {
    for (protocol, _) in all() {
        let name = protocol.info().name;
        let path = root().join(name).join("frames.jsonl");
        if path.exists() {
            assert!(!of_frames(protocol).is_empty(), "{}: none begins", path.display());
        }
    }
}
