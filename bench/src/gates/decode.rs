//! Frames of real devices: what it costs to read them, what it costs at least, and what the protocols make of them.
//!
//! What is compared with the reader written by hand is framer and decoder: the frame's end is found, its checksum verified, every field
//! read as a typed value, and nothing done with it. The reader by hand does the same. What a connection does in all, with the session,
//! its answers and the events for the store, stands beside it and has no bar: it is not what a reader does.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use protocols::{Protocol, registry};

use super::teltonika;
use crate::load::fleet::{Course, Fleet, Saying};
use crate::load::schedule::Pace;
use crate::load::speech::Speech;
use crate::load::wire::Sources;
use crate::machine::{Others, on_processor};
use crate::process::Process;
use crate::real::{self, Dialogue, Row, Spoken};
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::yardstick::hand::{self, Hand};

/// Frames are put behind each other until there are so many bytes.
const STREAM: usize = 100_000;
const TERMINALS: usize = 1000;
const SERVER: usize = 0;
const GENERATOR: usize = 1;

/// Frames of one protocol in each of its dialogues, as streams.
struct Material {
    protocol: &'static dyn Protocol,
    name: &'static str,
    hand: Hand,
    streams: Vec<(Dialogue, Vec<u8>)>,
    /// Frames in all streams, how many echoes their positions would be, and frames of the fixtures that nobody takes.
    frames: usize,
    echoes: usize,
    left_out: usize,
    scratch: Vec<u8>,
}

impl Material {
    /// What there is of a protocol; `None` without frames of real devices, or without a reader for them.
    fn of(protocol: &'static dyn Protocol) -> Result<Option<Self>> {
        let name = protocol.info().name;
        let Some(hand) = hand::of(name) else { return Ok(None) };
        let (mut left_out, mut scratch) = (0, Vec::new());
        let mut spoken = real::spoken(protocol)?;
        for spoken in &mut spoken {
            let all = spoken.rows.len();
            let whole = |row: &Row| {
                hand(&row.frame, &mut scratch).is_some_and(|(n, _)| n == row.frame.len())
            };
            spoken.rows.retain(whole);
            left_out += all - spoken.rows.len();
        }
        let rows = || spoken.iter().flat_map(|spoken| &spoken.rows);
        let (count, bytes) = (rows().count(), rows().map(|row| row.frame.len()).sum::<usize>());
        let echoes = rows().map(|row| row.positions.max(1)).sum::<usize>();
        if count == 0 {
            return Ok(None);
        }
        let times = STREAM.div_ceil(bytes);
        let streams = spoken
            .into_iter()
            .map(|Spoken { dialogue, rows }| {
                let frames: Vec<_> = rows.iter().map(|row| &row.frame[..]).collect();
                (dialogue, frames.concat().repeat(times))
            })
            .collect();
        let (frames, echoes, scratch) = (count * times, echoes * times, Vec::new());
        Ok(Some(Self { protocol, name, hand, streams, frames, echoes, left_out, scratch }))
    }

    fn bytes(&self) -> usize {
        self.streams.iter().map(|(_, stream)| stream.len()).sum()
    }

    /// All frames through framer, decoder and session, to events for the store and the bytes of the answers.
    fn whole(&mut self) -> u32 {
        self.streams.iter_mut().map(|(dialogue, stream)| dialogue.feed(stream)).sum()
    }

    /// All frames through framer and decoder: every field, as a typed value, and nothing done with it.
    fn read(&mut self) -> u32 {
        let protocol = self.protocol;
        let streams = self.streams.iter_mut();
        streams.map(|(dialogue, stream)| dialogue.read(protocol, stream)).sum()
    }

    /// All frames through the reader written by hand.
    fn by_hand(&mut self) -> u64 {
        let mut sum = 0_u64;
        for (_, stream) in &self.streams {
            let mut rest = &stream[..];
            while let Some((length, fields)) = (self.hand)(rest, &mut self.scratch) {
                sum = sum.wrapping_add(fields);
                rest = rest.get(length..).unwrap_or_default();
            }
        }
        sum
    }
}

/// G8, G8b: framer and decoder ÷ reading by hand, and ÷ what an echo spends on a frame.
pub fn by_hand(rig: &Rig) -> Result<Vec<Figure>> {
    on_processor(GENERATOR, || {
        let time = Duration::from_millis(rig.pick(250, 40));
        let count = rig.pick(7, 3);
        let (mut echo, mut figures) = (Echo::start()?, Vec::new());
        let others = Others::watch([echo.process.id()])?;
        for protocol in registry::ALL.iter().copied() {
            let Some(mut material) = Material::of(protocol)? else { continue };
            ensure!(material.whole() > 0, "no frame of {} was understood", material.name);
            let read = material.read() as usize;
            ensure!(
                read >= material.frames,
                "{}: {read} frames of {}",
                material.name,
                material.frames
            );
            figures.extend(ratios(&mut material, time, count, echo.nanos(rig)?)?);
        }
        figures.push(teltonika::beside_nom(time, count)?);
        Ok(Rounds::default().finish(figures, others.share()?))
    })
}

fn ratios(
    material: &mut Material,
    time: Duration,
    rounds: usize,
    echo: f64,
) -> Result<Vec<Figure>> {
    let frames = material.frames as f64;
    let mut views = teltonika::Views::of(material.name)?;
    let [mut read, mut whole, mut viewed, mut hand] = [const { Vec::new() }; 4];
    for _ in 0..rounds {
        read.push(nanos(time, || material.read()) / frames);
        hand.push(nanos(time, || material.by_hand()) / frames);
        whole.push(nanos(time, || material.whole()) / frames);
        if let Some(views) = &mut views {
            let all: Vec<_> = material.streams.iter().map(|(_, stream)| &stream[..]).collect();
            viewed.push(nanos(time, || views.read(&all)) / frames);
        }
    }
    let Material { name, echoes, left_out, .. } = *material;
    let bytes = material.bytes() as f64 / frames;
    let over = |these: &[f64], those: &[f64]| -> Vec<f64> {
        these.iter().zip(those).map(|(this, that)| this / that).collect()
    };
    let of_echoes = |nanos: &[f64], echoes: f64| -> Vec<f64> {
        nanos.iter().map(|nanos| nanos / echo / echoes).collect()
    };
    let positions = echoes as f64 / frames;
    let what = "framer and decoder, all fields ÷ by hand";
    let mut first = Figure::new(&format!("G8 {name}"), what, &over(&read, &hand))
        .at_most(5.0, 3.0)
        .part("ns per frame", &read)
        .part("by hand: ns per frame", &hand)
        .part("bytes per frame", &[bytes])
        .part("with session and events: ns per frame", &whole)
        .part("with session and events ÷ by hand", &over(&whole, &hand));
    if !viewed.is_empty() {
        first = first.part("views, summed: ns per frame", &viewed);
    }
    if left_out > 0 {
        first = first.part("frames that only the session can tell from noise", &[left_out as f64]);
    }
    let what = "the same ÷ the echo's CPU per frame";
    let second = Figure::new(&format!("G8b {name}"), what, &of_echoes(&read, 1.0))
        .at_most(0.10, 0.03)
        .part("echo: CPU ns per frame", &[echo])
        .part("by hand ÷ the echo's", &of_echoes(&hand, 1.0))
        .part("positions per frame", &[positions])
        .part("÷ an echo for each position", &of_echoes(&read, positions));
    Ok(vec![first, second])
}

/// Nanoseconds of one call.
pub(super) fn nanos<T>(time: Duration, mut work: impl FnMut() -> T) -> f64 {
    let (begin, mut calls) = (Instant::now(), 0_u32);
    while begin.elapsed() < time {
        black_box(work());
        calls += 1;
    }
    begin.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// The yardstick that acknowledges, and the terminals connected to it.
struct Echo {
    process: Process,
    fleet: Fleet,
}

impl Echo {
    fn start() -> Result<Self> {
        let mut sources = Sources::default();
        let (process, address) = on_processor(SERVER, || Process::yardstick(&["echo", "jt808"]))?;
        let fleet = Fleet::connect(address, 0..TERMINALS, Speech::Jt808, &mut sources)?;
        Ok(Self { process, fleet })
    }

    /// Processor time that it spends on a frame, measured again beside each protocol: the machine's speed changes.
    fn nanos(&mut self, rig: &Rig) -> Result<f64> {
        let round = self.fleet.run(Course {
            saying: Saying::Locations,
            pace: Pace::Closed,
            burst: 1,
            warm: rig.warm,
            measured: rig.measured,
            process: Some(&self.process),
        })?;
        let micros = Some(round.cpu_micros()).filter(|micros| micros.is_finite());
        Ok(micros.context("the echo answered nothing")? * 1000.0)
    }
}
