//! Frames of real devices through framer and decoder, and through framer, decoder and session; an operation is a frame.

use anyhow::{Result, ensure};
use protocols::{Protocol, registry};

use super::{Job, Piece};
use crate::real;

pub fn pieces() -> Vec<Piece> {
    let pieces = |protocol| [piece(protocol, "decode"), piece(protocol, "read")];
    registry::ALL.iter().copied().flat_map(pieces).collect()
}

/// `decode` is with the session, `read` without.
fn piece(protocol: &'static dyn Protocol, how: &'static str) -> Piece {
    let name = format!("{how}/{}", protocol.info().name);
    Piece {
        name,
        few: 20,
        many: 120,
        runs: 1,
        prepare: Box::new(move || prepare(protocol, how == "read")),
    }
}

fn prepare(protocol: &'static dyn Protocol, read: bool) -> Result<Job> {
    let mut spoken = real::spoken(protocol)?;
    let operations = spoken.iter().map(|spoken| spoken.rows.len()).sum();
    let once = move || {
        let mut understood = 0;
        for spoken in &mut spoken {
            for row in &spoken.rows {
                understood += match read {
                    true => spoken.dialogue.read(protocol, &row.frame),
                    false => spoken.dialogue.feed(&row.frame),
                };
            }
        }
        ensure!(understood > 0, "nothing was understood");
        Ok(())
    };
    Ok(Job { operations, once: Box::new(once) })
}
