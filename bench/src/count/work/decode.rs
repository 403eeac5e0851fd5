//! Framer, decoder and session on the frames of real devices; an operation is a frame.

use anyhow::{Result, ensure};
use protocols::{Protocol, registry};

use super::{Job, Piece};
use crate::real;

pub fn pieces() -> Vec<Piece> {
    registry::ALL.iter().copied().map(piece).collect()
}

fn piece(protocol: &'static dyn Protocol) -> Piece {
    let name = format!("decode/{}", protocol.info().name);
    Piece { name, few: 20, many: 120, runs: 1, prepare: Box::new(move || prepare(protocol)) }
}

fn prepare(protocol: &'static dyn Protocol) -> Result<Job> {
    let mut spoken = real::spoken(protocol)?;
    let operations = spoken.iter().map(|spoken| spoken.rows.len()).sum();
    let once = move || {
        let mut understood = 0;
        for spoken in &mut spoken {
            for row in &spoken.rows {
                understood += spoken.dialogue.feed(row);
            }
        }
        ensure!(understood > 0, "nothing was understood");
        Ok(())
    };
    Ok(Job { operations, once: Box::new(once) })
}
