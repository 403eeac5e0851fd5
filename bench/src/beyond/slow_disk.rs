//! A disk on which a flush takes 20 ms, as on a cheap or busy one: what becomes of texts, and whether anything suffers that does
//! not touch the disk.
//!
//! `strace` delays `fdatasync` and `fsync` of the daemon and leaves its other system calls alone, except that each of them passes
//! a filter in the kernel. It stays a grandchild: the daemon is this program's own child and gets its signals.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::gateway::site::TEXT;
use crate::gateway::{DELIVERED, DELIVERY_SECONDS, Gateway, Settings, Site};
use crate::load::fleet::{Course, Fleet, Saying};
use crate::load::http;
use crate::load::schedule::Pace;
use crate::load::speech::Speech;
use crate::load::traffic::Traffic;
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::{Histogram, quantile};

/// Terminals that are sent texts, those whose drivers write and that give signs of life, and those that are only read about.
const RECEIVING: usize = 1000;
const SPEAKING: usize = 256;
const READ_ABOUT: usize = 64;
const CLIENTS: usize = 128;
/// Clients that only read.
const READERS: usize = 16;
/// Texts of each terminal that is read about.
const HISTORY: usize = 20;
/// Texts a second while something is looked at that does not touch the disk.
const BACKGROUND: u32 = 500;
const SIGNS_OF_LIFE: u32 = 2000;
const READS: u32 = 500;
/// What a flush takes more.
const DELAY: Duration = Duration::from_millis(20);
/// Questions whether the gateway is ready.
const ASKED: usize = 20;

/// A gateway with everybody who talks to it.
struct Side {
    name: &'static str,
    gateway: Gateway,
    texts: Traffic,
    fleet: Fleet,
    reads: Traffic,
}

/// What a round of one gateway came to: per second, and p50 and p99 in ms.
struct Outcome {
    texts: f64,
    notes: f64,
    alive: [f64; 2],
    read: [f64; 2],
}

/// The daemon on this disk and on a slow one, in turn.
pub fn slow_disk(rig: &Rig) -> Result<Vec<Figure>> {
    ensure!(has_strace(), "strace is not there: install it, it makes the disk slow");
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let settings = Settings::terminals(RECEIVING + SPEAKING + READ_ABOUT);
    let slow = Settings { wrapper: delaying(DELAY), ..settings.clone() };
    let mut sides = [
        Side::start(rig, "this disk", &settings, &mut sources)?,
        Side::start(rig, "20 ms a flush", &slow, &mut sources)?,
    ];
    let others = Others::watch(sides.iter().map(|side| side.gateway.process.id()))?;
    for _ in 0..rig.rounds {
        let [plain, slow] = &mut sides;
        let plain = plain.round(rig, &mut rounds, Duration::ZERO)?;
        let slow = slow.round(rig, &mut rounds, DELAY)?;
        rounds.add("SD1", slow.texts / plain.texts);
        rounds.add("SD2", slow.notes / plain.notes);
        for (number, letter) in ["", "b"].into_iter().enumerate() {
            rounds.add(&format!("SD3{letter}"), slow.alive[number] / plain.alive[number]);
            rounds.add(&format!("SD4{letter}"), slow.read[number] / plain.read[number]);
        }
    }
    let share = others.share()?;
    for side in sides {
        side.gateway.stop()?;
    }
    let mut figure = |id, what| rounds.figure(id, what);
    let figures = vec![
        figure("SD1", "texts/s to DELIVERED, 20 ms a flush ÷ this disk"),
        figure("SD2", "driver texts/s stored, 20 ms a flush ÷ this disk"),
        figure("SD3", "signs of life answered while texts are stored, the same: p50"),
        figure("SD3b", "p99"),
        figure("SD4", "lists of messages read while texts are stored, the same: p50"),
        figure("SD4b", "p99"),
    ];
    Ok(rounds.finish(figures, share))
}

fn has_strace() -> bool {
    let mut command = Command::new("strace");
    command.arg("-V").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The command in front of a program whose flushes shall take longer.
///
/// Each thread makes the third call once, when it begins: until its first call of those named here, `strace` stops a thread at
/// every system call, and most threads of the daemon never flush.
fn delaying(delay: Duration) -> Vec<String> {
    let inject = format!("inject=fdatasync,fsync:delay_enter={}", delay.as_micros());
    let words = ["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null"];
    let more = ["-e", "trace=fdatasync,fsync,set_robust_list", "-e", &inject];
    words.iter().chain(&more).map(|&word| word.to_owned()).collect()
}

impl Side {
    fn start(
        rig: &Rig,
        name: &'static str,
        settings: &Settings,
        sources: &mut Sources,
    ) -> Result<Self> {
        let site = Site::prepare(rig, settings)?;
        site.execute(&history())?;
        let gateway = site.start()?;
        let mut connect = |numbers| {
            let mut fleet = Fleet::connect(gateway.devices, numbers, Speech::Jt808, sources)?;
            fleet.log_in()?;
            anyhow::Ok(fleet)
        };
        let receiving = connect(0..RECEIVING)?.into_terminals()?;
        let fleet = connect(RECEIVING..RECEIVING + SPEAKING)?;
        let lists = gateway.trackers[RECEIVING + SPEAKING..].iter().map(|tracker| {
            let body = serde_json::json!({ "hash": gateway.key, "tracker_id": tracker });
            http::post("/tracker/chat/list", &body.to_string())
        });
        let reads = Traffic::new(gateway.api, READERS, Vec::new(), lists.collect(), sources)?;
        let mut requests = gateway.requests();
        requests.truncate(RECEIVING);
        let mut texts = Traffic::new(gateway.api, CLIENTS, receiving, requests, sources)?;
        // The first text to a device is loaded from the store; the gateway's clock knows those after it.
        texts.run(Pace::Open(RECEIVING as u32), Duration::from_secs(1), Duration::ZERO)?;
        Ok(Self { name, gateway, texts, fleet, reads })
    }

    /// `delay`: what a flush must take at least.
    fn round(&mut self, rig: &Rig, rounds: &mut Rounds, delay: Duration) -> Result<Outcome> {
        let ready = self.ready()?;
        let least = delay.as_secs_f64() * 1000.0;
        ensure!(ready >= least, "{}: a commit took {ready} ms, the disk is not slow", self.name);
        let (texts, delivered) = self.deliver(rig.measured * 2)?;
        let (notes, stored) = self.store(rig)?;
        let alive = self.stay_alive(rig)?;
        let read = self.read(rig)?;
        let mut add = |what: &str, value: f64| rounds.add(&format!("{}: {what}", self.name), value);
        add("texts/s to DELIVERED", texts);
        add("driver texts/s", notes);
        let times = [
            ("accepted to DELIVERED on disk", delivered),
            ("driver text to acknowledged", stored),
            ("sign of life to answer", alive),
            ("list of messages", read),
        ];
        for (what, [p50, p99]) in times {
            add(&format!("{what}: p50 ms"), p50);
            add(&format!("{what}: p99 ms"), p99);
        }
        add("ready, which writes to the disk: p50 ms", ready);
        Ok(Outcome { texts, notes, alive, read })
    }

    /// How long the answer takes whether it is ready; median in ms.
    fn ready(&self) -> Result<f64> {
        let ask = |_| {
            let begin = Instant::now();
            http::get(self.gateway.api, "/ready").map(|_| begin.elapsed())
        };
        Ok(quantile(&mut (0..ASKED).map(ask).collect::<Result<Vec<_>>>()?, 0.5))
    }

    /// The most texts to DELIVERED: per second, and p50 and p99 from the gateway's own clock.
    fn deliver(&mut self, time: Duration) -> Result<(f64, [f64; 2])> {
        let histogram = || anyhow::Ok(Histogram::parse(&self.gateway.metrics()?, DELIVERY_SECONDS));
        let (counted, before, rows) =
            (self.gateway.counter(DELIVERED)?, histogram()?, self.gateway.delivered()?);
        let begin = Instant::now();
        let round = self.texts.run(Pace::Closed, Duration::ZERO, time)?;
        self.gateway.wait_delivered(counted, round.sent)?;
        let rate = round.sent as f64 / begin.elapsed().as_secs_f64();
        let rows = self.gateway.delivered()? - rows;
        ensure!(rows == round.sent, "{} texts were sent, {rows} are DELIVERED", round.sent);
        let spent = histogram()?.since(&before);
        Ok((rate, [0.5, 0.99].map(|share| spent.quantile(share) * 1000.0)))
    }

    /// The most driver texts that are stored: per second, and p50 and p99 until their acknowledgement.
    fn store(&mut self, rig: &Rig) -> Result<(f64, [f64; 2])> {
        let before = self.gateway.incoming()?;
        let mut round = self.fleet.run(course(rig, Saying::Texts, Pace::Closed))?;
        let rows = self.gateway.incoming()? - before;
        ensure!(rows == round.sent, "{} texts were acknowledged, {rows} are stored", round.sent);
        Ok((round.rate(), quantiles(&mut round.latency)))
    }

    /// Signs of life while texts are stored.
    fn stay_alive(&mut self, rig: &Rig) -> Result<[f64; 2]> {
        let course = course(rig, Saying::Heartbeats, Pace::Open(SIGNS_OF_LIFE));
        let mut round = meanwhile(&mut self.texts, rig, || self.fleet.run(course))?;
        Ok(quantiles(&mut round.latency))
    }

    /// Lists of messages while texts are stored.
    fn read(&mut self, rig: &Rig) -> Result<[f64; 2]> {
        let reads = &mut self.reads;
        let mut round = meanwhile(&mut self.texts, rig, || {
            reads.run(Pace::Open(READS), rig.warm, rig.measured)
        })?;
        Ok(quantiles(&mut round.answered))
    }
}

fn course(rig: &Rig, saying: Saying, pace: Pace) -> Course<'_> {
    Course { saying, pace, burst: 1, warm: rig.warm, measured: rig.measured, process: None }
}

fn quantiles(times: &mut [Duration]) -> [f64; 2] {
    [0.5, 0.99].map(|share| quantile(times, share))
}

/// Does `work` while another thread sends texts at a steady pace; they begin before and end after what `work` measures.
fn meanwhile<T>(texts: &mut Traffic, rig: &Rig, work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::thread::scope(|scope| {
        let time = rig.warm + rig.measured;
        let background =
            scope.spawn(move || texts.run(Pace::Open(BACKGROUND), Duration::ZERO, time));
        let done = work()?;
        let background = background.join();
        ensure!(background.is_ok_and(|sent| sent.is_ok()), "texts in the background failed");
        Ok(done)
    })
}

/// The same messages for both: DELIVERED texts to the terminals that are read about.
fn history() -> String {
    let first = RECEIVING + SPEAKING;
    format!(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {HISTORY}) \
         INSERT INTO message (tracker_id, direction, status, submit_ms, text, serial, parts, \
             parts_done, attempts, update_ms) \
         SELECT t.id, 1, 1, unixepoch() * 1000, '{TEXT}', n, 1, 1, 0, unixepoch() * 1000 \
         FROM number, (SELECT id FROM tracker ORDER BY id LIMIT {READ_ABOUT} OFFSET {first}) t"
    )
}
