//! What a client's screens ask for, with the API otherwise idle and beside as many texts as possible; and what it costs the texts.
//!
//! Reads and texts have a generator each, a thread of its own; both take their share of the same processors, so that half as many
//! reads beside the texts is not a fault.

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use serde_json::json;

use super::history::{History, Kind};
use crate::gateway::{DELIVERED, Gateway, Settings, Site};
use crate::load::fleet::Fleet;
use crate::load::schedule::Pace;
use crate::load::traffic::{Round, Traffic};
use crate::load::wire::Sources;
use crate::machine::Others;
use crate::report::{Figure, Rounds};
use crate::rig::Rig;
use crate::times::quantile;

/// Trackers of the account.
const TRACKERS: usize = 10_000;
/// Those that are connected and get texts.
const TERMINALS: usize = 1000;
/// API clients that send texts, and that read.
const WRITERS: usize = 128;
const READERS: usize = 4;
/// Messages on a page, trackers in a list of updates.
const PAGE: u32 = 50;
const UPDATED: usize = 300;

/// One thing that is asked for.
struct Screen {
    name: &'static str,
    /// Ids of the figures: rate, p99, cost for the texts.
    ids: [&'static str; 3],
    client: Traffic,
}

/// Texts alone, then each screen alone and beside texts.
pub fn beside_texts(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut rounds) = (Sources::default(), Rounds::default());
    let site = Site::prepare(rig, &Settings::terminals(TRACKERS))?;
    let messages = rig.pick(1_000_000, 100_000);
    History { messages, trackers: 0..TRACKERS, kind: Kind::Past { unread: 1 } }.write(&site)?;
    let gateway = site.start()?;
    let mut texts = texts(&gateway, &mut sources)?;
    let mut screens = screens(&gateway, &mut sources)?;
    let (rows, counted) = (gateway.delivered()?, gateway.counter(DELIVERED)?);
    let (warm, measured, mut sent) = (rig.warm / 2, rig.measured / 2, 0);
    let rate = |round: &Round| round.answers as f64 / measured.as_secs_f64();
    let others = Others::watch([gateway.process.id()])?;
    for _ in 0..rig.rounds {
        let only = texts.run(Pace::Closed, warm, measured)?;
        sent += only.sent;
        rounds.add("texts alone: texts/s", rate(&only));
        for Screen { name, ids, client } in &mut screens {
            let mut alone = client.run(Pace::Closed, warm, measured)?;
            let (mut beside, written) = both(client, &mut texts, warm, measured)?;
            sent += written.sent;
            let times =
                |round: &mut Round| [0.5, 0.99].map(|share| quantile(&mut round.answered, share));
            let (free, busy) = (times(&mut alone), times(&mut beside));
            rounds.add(ids[0], rate(&beside) / rate(&alone));
            rounds.add(ids[1], busy[1] / free[1]);
            rounds.add(ids[2], rate(&written) / rate(&only));
            for (when, round, [p50, p99]) in
                [("alone", &alone, free), ("beside texts", &beside, busy)]
            {
                rounds.add(&format!("{name}, {when}: requests/s"), rate(round));
                rounds.add(&format!("{name}, {when}: p50 ms"), p50);
                rounds.add(&format!("{name}, {when}: p99 ms"), p99);
            }
            rounds.add(&format!("texts beside {name}: texts/s"), rate(&written));
        }
    }
    let share = others.share()?;
    gateway.wait_delivered(counted, sent)?;
    let more = gateway.delivered()? - rows;
    ensure!(more == sent, "{sent} texts were sent, {more} are DELIVERED");
    gateway.stop()?;
    let mut figures = Vec::new();
    for Screen { name, ids, .. } in screens {
        let what = [
            format!("{name}: requests/s beside as many texts as possible ÷ alone"),
            format!("{name}: p99 beside texts ÷ alone"),
            format!("texts/s beside {name} ÷ alone"),
        ];
        figures.extend(ids.iter().zip(&what).map(|(id, what)| rounds.figure(id, what)));
    }
    Ok(rounds.finish(figures, share))
}

/// Reads and texts at the same time.
fn both(
    reads: &mut Traffic,
    texts: &mut Traffic,
    warm: Duration,
    measured: Duration,
) -> Result<(Round, Round)> {
    std::thread::scope(|scope| {
        let texts = scope.spawn(|| texts.run(Pace::Closed, warm, measured));
        let reads = reads.run(Pace::Closed, warm, measured);
        let texts = texts.join().map_err(|_| anyhow!("the generator of texts panicked"))?;
        Ok((reads?, texts?))
    })
}

fn texts(gateway: &Gateway, sources: &mut Sources) -> Result<Traffic> {
    let speech = gateway.settings.speech;
    let mut fleet = Fleet::connect(gateway.devices, 0..TERMINALS, speech, sources)?;
    fleet.log_in()?;
    let mut requests = gateway.requests();
    requests.truncate(TERMINALS);
    let mut texts = Traffic::new(gateway.api, WRITERS, fleet.into_terminals()?, requests, sources)?;
    // What a tracker's first text costs is not what the later ones do.
    let first = texts.run(Pace::Closed, Duration::ZERO, Duration::from_millis(300))?;
    gateway.wait_delivered(0.0, first.sent)?;
    Ok(texts)
}

fn screens(gateway: &Gateway, sources: &mut Sources) -> Result<Vec<Screen>> {
    let mut screen = |name, ids, requests| {
        let client = Traffic::new(gateway.api, READERS, Vec::new(), requests, sources)?;
        anyhow::Ok(Screen { name, ids, client })
    };
    let page = |&tracker: &i64| {
        let page = json!({ "tracker_id": tracker, "ascending": false, "limit": PAGE });
        gateway.call("list", page)
    };
    let updated = |trackers: &[i64]| gateway.call("updated/list", json!({ "trackers": trackers }));
    Ok(vec![
        screen(
            "last page of a chat",
            ["list", "list-p99", "list-texts"],
            gateway.trackers.iter().map(page).collect(),
        )?,
        screen(
            "updates of 300 trackers",
            ["updated", "updated-p99", "updated-texts"],
            gateway.trackers.chunks_exact(UPDATED).map(updated).collect(),
        )?,
        screen(
            "unread of 10 000 trackers",
            ["unread", "unread-p99", "unread-texts"],
            vec![gateway.call("unread/count", json!({}))],
        )?,
    ])
}
