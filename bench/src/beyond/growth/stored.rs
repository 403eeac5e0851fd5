//! Messages stored: texts and lists beside an ever longer past of all trackers.

use anyhow::Result;
use serde_json::json;

use super::stage::{Shares, Stage};
use super::{CLIENTS, TERMINALS, decades, p50, texts};
use crate::beyond::history::{History, Kind};
use crate::gateway::Settings;
use crate::load::wire::Sources;
use crate::report::Figure;
use crate::rig::Rig;
use crate::series::Curves;

/// Messages on a page of a list.
const PAGE: u32 = 50;

/// Texts to DELIVERED and the last pages of the chats, with ever more messages.
pub fn curves(rig: &Rig) -> Result<Vec<Figure>> {
    let (mut sources, mut curves) = (Sources::default(), Curves::default());
    let amounts = decades(rig, [10_000, 100_000, 1_000_000, 10_000_000]);
    let stage = |amount| {
        let kind = Kind::Past { unread: 2 };
        let history = History { messages: amount, trackers: 0..TERMINALS, kind };
        Stage::prepare(rig, amount, &Settings::terminals(TERMINALS), &history)
    };
    let mut stages = amounts.into_iter().map(stage).collect::<Result<Vec<_>>>()?;
    let mut others = Shares::default();
    for _ in 0..rig.rounds {
        for stage in &mut stages {
            let at = stage.amount;
            stage.visit(&mut others, |gateway, _| {
                let page = |&tracker: &i64| {
                    let page = json!({ "tracker_id": tracker, "ascending": false, "limit": PAGE });
                    gateway.call("list", page)
                };
                let pages = gateway.trackers.iter().map(page).collect();
                let list = p50(gateway, pages, rig.measured / 5, &mut sources)?;
                curves.add("list, last 50: p50 ms", at, list);
                let mut traffic = gateway.traffic(CLIENTS, &mut sources)?;
                // What a tracker's first text costs is not what the later ones do.
                texts(gateway, &mut traffic, rig.measured / 5)?;
                let (rate, cpu) = texts(gateway, &mut traffic, rig.measured / 3)?;
                curves.add("CPU µs per text to DELIVERED", at, cpu);
                curves.add("texts/s to DELIVERED", at, rate);
                Ok(())
            })?;
        }
    }
    Ok(curves.figures("stored", "messages stored", others.mean()))
}
