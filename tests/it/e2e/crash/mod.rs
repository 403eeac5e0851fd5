//! Killed again and again under load, the daemon loses nothing that it promised and repeats nothing that was settled.

mod cab;
mod ledger;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cabwire::clock::{Clock as _, SystemClock};
use futures_util::future::join_all;
use protocols::{Protocol, registry};
use tempfile::TempDir;

use super::child::Child;
use super::daemon::{
    create_account, eventually, has_receipts, identity, new_tracker, numbers_texts, open_store,
    patient,
};
use cab::Cab;
use ledger::Ledger;

/// Kills.
const ROUNDS: u32 = 9;
/// Texts that are acknowledged or shown between two kills, at least.
const PROGRESS: u32 = 8;
/// Devices of each protocol.
const CABS: u32 = 2;
/// Where the moments of the kills come from.
const SEED: u64 = 0x0c2a_91f0_77d3_5e1b;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_promised_is_lost_and_nothing_settled_comes_back_after_kills() {
    let directory = TempDir::new().unwrap();
    let progress = Arc::new(AtomicU32::new(0));
    let (mut ledger, mut cabs) = fleet(&directory, &progress).await;
    let mut random = SEED;
    for round in 1..=ROUNDS {
        let child = Child::start(directory.path()).await;
        ledger.check(&child, &cabs).await;
        cabs.iter_mut().for_each(|cab| cab.settled = ledger.delivered_texts());
        let (api, life) = (child.api, Duration::from_millis(50 + next(&mut random) % 750));
        // Some stay away each time, so that texts wait for them.
        let come = (round..).zip(&mut cabs).filter(|(number, _)| number % 3 != 0);
        let drives: Vec<_> = come
            .map(|(_, cab)| {
                let address = child.port(cab.protocol());
                cab.drive(address)
            })
            .collect();
        let before = progress.load(Ordering::Relaxed);
        let kill = async {
            tokio::time::sleep(life).await;
            // However slow the machine is: something happens in each life.
            let happened = || progress.load(Ordering::Relaxed) - before;
            eventually("progress", || async { (happened() >= PROGRESS).then_some(()) }).await;
            child.kill().await;
        };
        // The load ends because the daemon does.
        let load = async { tokio::join!(join_all(drives), ledger.work(api, round)) };
        patient(async { tokio::join!(load, kill) }).await;
    }
    // In peace: everything that is left is delivered.
    let child = Child::start(directory.path()).await;
    ledger.check(&child, &cabs).await;
    cabs.iter_mut().for_each(|cab| cab.settled = ledger.delivered_texts());
    let drives = cabs.iter_mut().map(|cab| {
        let address = child.port(cab.protocol());
        cab.drive(address)
    });
    tokio::select! {
        _ = join_all(drives) => panic!("the daemon ended by itself"),
        () = ledger.all_delivered(child.api) => {}
    }
    ledger.check(&child, &cabs).await;
    for cab in &cabs {
        cab.check_order(&ledger);
    }
}

async fn fleet(directory: &TempDir, progress: &Arc<AtomicU32>) -> (Ledger, Vec<Cab>) {
    let store = open_store(directory.path()).await;
    let now = SystemClock::new().wall();
    let account = create_account(&*store, "fleet", now).await;
    let tariff = store.reference(None).await.unwrap().tariffs[0].id;
    let mut cabs = Vec::new();
    // Of JT/T 808 the same frame comes again, see `cab`.
    let able = |protocol: &&&'static dyn Protocol| {
        has_receipts(**protocol) && (protocol.info().name == "jt808" || !numbers_texts(**protocol))
    };
    for protocol in registry::ALL.iter().filter(able) {
        for number in 0..CABS {
            let identity = identity(*protocol, &format!("1391234567{number}"));
            let tracker = new_tracker(&account, tariff, *protocol, &identity);
            let id = store.create_trackers(vec![tracker], now).await.unwrap()[0].id;
            cabs.push(Cab::new(*protocol, identity, id, Arc::clone(progress)));
        }
    }
    store.close().await;
    (Ledger::new(account.key, cabs.iter().map(|cab| cab.tracker).collect()), cabs)
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
