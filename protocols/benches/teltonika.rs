//! Teltonika frames read by this crate and by nom-teltonika, on the same bytes in the same run.
//!
//! The frames are those of real devices in `fixtures/teltonika/frames.jsonl` that carry records and a right checksum. Each reader
//! finds the frame's end, verifies the checksum, and reads every value of every record; both must come to the same sum. Rounds
//! alternate, and the median ratio counts: more than 1 means that this crate is the faster one.
//! `cargo bench -p protocols --bench teltonika`.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods)] // a benchmark reads the clock

use std::hint::black_box;
use std::time::{Duration, Instant};

use kit::transcript::root;
use nom_teltonika::decoder::take_frame;
use nom_teltonika::protocol::{FrameView, IoValueView};
use protocols::teltonika::{self, IoValue};
use protocols::{Frame, Framer, Limits, registry};

/// How long one measurement goes on, and how many there are of each.
const RUN: Duration = Duration::from_millis(200);
const ROUNDS: usize = 7;

fn main() {
    let protocol = registry::by_name("teltonika").unwrap();
    let mut framer = protocol.framer(&Limits::default());
    let all: Vec<_> = rows().filter(|row| theirs(row).is_some()).collect();
    let mut stream = Vec::new();
    for row in &all {
        let (ours, theirs) = (ours(&mut *framer, row), theirs(row));
        assert_eq!(ours, theirs, "the readers disagree about {}", hex(row));
        stream.extend_from_slice(row);
    }
    let records = u64::from(theirs(&stream).unwrap().1);
    println!("{} frames, {records} records, {} bytes", all.len(), stream.len());
    let (mut here, mut there, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (a, b) = (time(|| ours(&mut *framer, &stream)), time(|| theirs(&stream)));
        ratios.push(b / a);
        here.push(a / records as f64);
        there.push(b / records as f64);
    }
    show("this crate, ns per record", here);
    show("nom-teltonika, ns per record", there);
    show("nom-teltonika ÷ this crate", ratios);
}

/// The frames with records and a right checksum.
fn rows() -> impl Iterator<Item = Vec<u8>> {
    let text = std::fs::read_to_string(root().join("teltonika/frames.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    rows.into_iter().filter_map(|row| kit::parse_bytes(row["hex"].as_str()?).ok())
}

fn ours(framer: &mut dyn Framer, mut stream: &[u8]) -> Option<(u64, u32)> {
    let (mut sum, mut count, mut scratch) = (0_u64, 0, Vec::new());
    let mut add = |value: u64| sum = sum.wrapping_add(value);
    while !stream.is_empty() {
        let cut = framer.cut(stream, &mut scratch).ok()?;
        let Some(Frame::Valid(frame)) = cut.frame else { return None };
        let mut records = teltonika::records(frame).ok()??;
        while let Some(record) = records.next_record().ok()? {
            count += 1;
            add(record.timestamp);
            add(record.priority.into());
            add(record.longitude.cast_unsigned().into());
            add(record.latitude.cast_unsigned().into());
            add(record.altitude.cast_unsigned().into());
            add(record.angle.into());
            add(record.satellites.into());
            add(record.speed.into());
            add(record.event.into());
            record.io.each(|id, value| {
                add(id.into());
                match value {
                    IoValue::Number { value, .. } => add(value),
                    IoValue::Bytes(bytes) => bytes.iter().for_each(|&byte| add(byte.into())),
                }
            });
        }
        stream = &stream[cut.consumed..];
    }
    Some((sum, count))
}

fn theirs(mut stream: &[u8]) -> Option<(u64, u32)> {
    let (mut sum, mut count) = (0_u64, 0);
    let mut add = |value: u64| sum = sum.wrapping_add(value);
    while !stream.is_empty() {
        let FrameView::Avl(packet) = take_frame(&mut stream).ok()? else { return None };
        for record in packet.records() {
            count += 1;
            let gps = record.gps();
            add(record.timestamp().into());
            add(u64::from(u8::from(record.priority())));
            add(u64::from(gps.longitude_raw.cast_unsigned()));
            add(u64::from(gps.latitude_raw.cast_unsigned()));
            add(gps.altitude_meters.into());
            add(gps.angle_degrees.into());
            add(gps.satellites.into());
            add(gps.speed_kph.into());
            add(record.event_io_id().map_or(0, |id| u16::from(id).into()));
            for element in record.io_elements() {
                add(u16::from(element.id()).into());
                match element.value() {
                    IoValueView::U8(value) => add(value.into()),
                    IoValueView::U16(value) => add(value.into()),
                    IoValueView::U32(value) => add(value.into()),
                    IoValueView::U64(value) => add(value),
                    IoValueView::Bytes(bytes) => bytes.iter().for_each(|&byte| add(byte.into())),
                }
            }
        }
    }
    Some((sum, count))
}

/// Nanoseconds of one call.
fn time<T>(mut work: impl FnMut() -> T) -> f64 {
    let (begin, mut calls) = (Instant::now(), 0_u32);
    while begin.elapsed() < RUN {
        for _ in 0..64 {
            black_box(work());
        }
        calls += 64;
    }
    begin.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn show(what: &str, mut rounds: Vec<f64>) {
    rounds.sort_by(f64::total_cmp);
    let at = |index: usize| rounds.get(index).copied().unwrap_or(f64::NAN);
    println!("{what:<32} {:.2} ({:.2} … {:.2})", at(ROUNDS / 2), at(0), at(ROUNDS - 1));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
