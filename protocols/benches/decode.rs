//! What a real frame costs: cutting, decoding and the session, per protocol, in nanoseconds a frame.
//!
//! The frames are the rows of `fixtures/<protocol>/frames.jsonl` that a logged-in session records. Each is fed as it would arrive,
//! again and again, and the effects are dropped. Beside it stands what the least imaginable work costs: a hand-written loop over
//! the same bytes that looks for delimiters and computes a table-driven CRC-16. `cargo bench -p protocols`.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods)] // a benchmark reads the clock

use std::hint::black_box;
use std::time::{Duration, Instant};

use kit::host::{Happening, Host};
use kit::play::play_login;
use kit::transcript::{Admit, load, root};
use protocols::{Effect, Effects, Frame, registry};

/// How long one measurement goes on; the best of [`RUNS`] counts.
const RUN: Duration = Duration::from_millis(200);
const RUNS: usize = 5;

fn main() {
    println!(
        "{:<14} {:>6} {:>9} {:>9} {:>9} {:>7}",
        "protocol", "frames", "B/frame", "ns/frame", "ns by hand", "ratio"
    );
    for protocol in registry::ALL.iter().copied() {
        let name = protocol.info().name;
        let mut rows = rows(name);
        let (mut frames, mut bytes, mut full, mut hand) = (0, 0, 0.0, 0.0);
        // A row counts in the first dialogue whose session records it: dialects differ.
        for transcript in load(name).unwrap() {
            let login = || play_login(&transcript, protocol).unwrap();
            let Some(mut host) = login() else {
                continue;
            };
            let (taken, left): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| {
                let recorded = records(&mut host, row);
                // A row that is no part of a dialogue ends the connection: the next one gets a new one.
                if host.closed() {
                    host = login().unwrap();
                }
                recorded
            });
            rows = left;
            if taken.is_empty() {
                continue;
            }
            frames += taken.len();
            bytes += taken.iter().map(Vec::len).sum::<usize>();
            full += whole(host, &taken);
            hand += best(|| taken.iter().map(|row| by_hand(row)).fold(0, u32::wrapping_add));
        }
        if frames == 0 {
            println!("{name:<14} no rows that a session records");
            continue;
        }
        let per_frame = |nanoseconds: f64| nanoseconds / frames as f64;
        println!(
            "{name:<14} {frames:>6} {:>9} {:>9.0} {:>9.0} {:>7.1}",
            bytes / frames,
            per_frame(full),
            per_frame(hand),
            full / hand,
        );
    }
}

/// The rows of one protocol as they are on the wire.
fn rows(protocol: &str) -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(root().join(protocol).join("frames.jsonl"));
    text.unwrap_or_default()
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            match (row["text"].as_str(), row["hex"].as_str()) {
                (Some(text), _) => format!("{text}\r\n").into_bytes(),
                (None, hex) => on_the_wire(kit::parse_bytes(hex.unwrap_or("")).unwrap()),
            }
        })
        .collect()
}

/// Rows between 7E are stored without the escapes that go inside.
fn on_the_wire(frame: Vec<u8>) -> Vec<u8> {
    let [0x7e, inner @ .., 0x7e] = &frame[..] else {
        return frame;
    };
    let mut wire = vec![0x7e];
    for &byte in inner {
        match byte {
            0x7e => wire.extend([0x7d, 0x02]),
            0x7d => wire.extend([0x7d, 0x01]),
            byte => wire.push(byte),
        }
    }
    wire.push(0x7e);
    wire
}

/// Whether the session records something for this row, when it comes a second time and the device is known.
fn records(host: &mut Host, row: &[u8]) -> bool {
    let mut recorded = false;
    for _ in 0..2 {
        host.receive(row);
        while host.asking().is_some() {
            host.admit(&Admit::Known { secret: None, options: Vec::new() }).unwrap();
        }
        host.commit_all();
        recorded = host.take().iter().any(|happening| {
            matches!(happening, Happening::Effect(Effect::Record { events, .. }) if !events.is_empty())
        });
    }
    recorded && !host.closed()
}

/// Nanoseconds for all rows once, through framer and session.
fn whole(host: Host, rows: &[Vec<u8>]) -> f64 {
    let (mut framer, mut session, now) = host.into_parts();
    let (mut fx, mut scratch) = (Effects::new(), Vec::new());
    best(|| {
        let mut effects = 0;
        for row in rows {
            let mut rest = &row[..];
            while !rest.is_empty() {
                let cut = framer.cut(rest, &mut scratch).unwrap();
                if cut.consumed == 0 {
                    break;
                }
                rest = &rest[cut.consumed..];
                if let Some(Frame::Valid(frame)) = cut.frame {
                    // A row may not fit what another row taught the session; what it then costs counts too.
                    effects += u32::from(session.handle_frame(frame, now, &mut fx).is_ok());
                    drop(fx.drain());
                }
            }
        }
        effects
    })
}

/// The least work there is: every byte seen, a checksum computed.
fn by_hand(frame: &[u8]) -> u32 {
    const TABLE: [u16; 256] = table();
    let (mut sum, mut delimiters) = (0_u16, 0_u32);
    for &byte in frame {
        sum = TABLE[usize::from((sum as u8) ^ byte)] ^ (sum >> 8);
        delimiters += u32::from(matches!(byte, b';' | b'\n' | 0x7e | 0x7d));
    }
    u32::from(sum) + delimiters
}

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u16;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xa001 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

/// Nanoseconds of one call, best of several runs.
fn best(mut work: impl FnMut() -> u32) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let (begin, mut calls) = (Instant::now(), 0_u32);
        while begin.elapsed() < RUN {
            for _ in 0..64 {
                black_box(work());
            }
            calls += 64;
        }
        best = best.min(begin.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    best
}
