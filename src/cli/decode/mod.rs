//! `cabwire decode`: what an installer pastes from a log, explained frame by frame.

mod input;
mod show;

use std::io::Read;

use anyhow::{Context, bail};
use protocols::{Detection, Explanation, Frame, FramingError, Limits, Protocol, Rejection};

use self::input::{Form, Reading};
use super::output::{self, Outcome};

/// Most bytes read from standard input.
const MAX_INPUT: u64 = 16 * 1024 * 1024;

/// Explain bytes that a device or the gateway sent
///
/// The bytes may be hexadecimal (with or without spaces, 0x, \x, colons), a hex dump, base64, log lines with hexadecimal in them,
/// or the text itself for protocols of text.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The protocol; found out from the bytes if not given
    #[arg(long, value_name = "NAME")]
    protocol: Option<String>,
    /// Print JSON instead of a tree
    #[arg(long)]
    json: bool,
    /// The bytes; `-` or nothing reads them from standard input
    #[arg(value_name = "HEX|BASE64|TEXT|-", allow_hyphen_values = true)]
    bytes: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// If there is nothing to read or the protocol does not exist.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let paste = match args.bytes.as_slice() {
        [] => from_stdin()?,
        [dash] if dash == "-" => from_stdin()?,
        words => words.join(" "),
    };
    let protocols = match &args.protocol {
        Some(name) => vec![super::records::protocol_named(name)?],
        None => protocols::registry::ALL.to_vec(),
    };
    let Some(decoded) = decode(&paste, &protocols) else {
        bail!("there are no bytes in this");
    };
    output::print(&if args.json { show::json(&decoded)? } else { show::tree(&decoded) })?;
    Ok(if decoded.is_good() { Outcome::Done } else { Outcome::Failed })
}

fn from_stdin() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MAX_INPUT)
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Bytes cut into frames by one protocol.
struct Decoded {
    protocol: &'static str,
    title: &'static str,
    form: Form,
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// Offset of what is left over.
    end: usize,
    lost: Option<FramingError>,
}

/// What the framer found at one place.
struct Item {
    offset: usize,
    length: usize,
    what: What,
}

enum What {
    Frame(Explanation),
    Rejected(Rejection),
    Skipped,
}

impl Decoded {
    fn frames(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.what, What::Frame(_))).count()
    }

    /// Every byte belongs to a frame that was understood.
    fn is_good(&self) -> bool {
        let understood = |item: &Item| match &item.what {
            What::Frame(explanation) => explanation.problem.is_none(),
            What::Rejected(_) => false,
            What::Skipped => true,
        };
        self.frames() > 0 && self.end == self.bytes.len() && self.items.iter().all(understood)
    }

    /// How well the protocol explains the bytes, comparable between readings and protocols: everything understood; per cent of the
    /// bytes in frames that were understood; per cent in frames at all.
    fn fit(&self) -> (bool, usize, usize) {
        let percent = |wanted: fn(&What) -> bool| {
            let items = self.items.iter().filter(|item| wanted(&item.what));
            let bytes: usize = items.map(|item| item.length).sum();
            bytes.saturating_mul(100) / self.bytes.len().max(1)
        };
        let understood = percent(|what| matches!(what, What::Frame(it) if it.problem.is_none()));
        let framed = percent(|what| !matches!(what, What::Skipped));
        (self.is_good(), understood, framed)
    }
}

/// Decodes `paste` by whichever of `protocols` and whichever reading of the paste fits best. `None` if there is nothing in it
/// (or no protocol).
fn decode(paste: &str, protocols: &[&'static dyn Protocol]) -> Option<Decoded> {
    let mut best: Option<(Detection, Decoded)> = None;
    for reading in input::readings(paste) {
        for protocol in protocols {
            let detection = protocol.detect(&reading.bytes);
            let decoded = cut(*protocol, &reading);
            let better = best.as_ref().is_none_or(|(known, other)| {
                (rank(detection), decoded.fit()) > (rank(*known), other.fit())
            });
            if better {
                best = Some((detection, decoded));
            }
        }
    }
    best.map(|(_, decoded)| decoded)
}

const fn rank(detection: Detection) -> u8 {
    match detection {
        Detection::Yes => 2,
        Detection::Maybe => 1,
        Detection::No => 0,
    }
}

fn cut(protocol: &'static dyn Protocol, reading: &Reading) -> Decoded {
    let info = protocol.info();
    let bytes = reading.bytes.clone();
    let mut framer = protocol.framer(&Limits::default());
    let mut scratch = Vec::new();
    let (mut items, mut offset, mut lost) = (Vec::new(), 0, None);
    while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
        let cut = match framer.cut(rest, &mut scratch) {
            Ok(cut) if cut.consumed == 0 => break,
            Ok(cut) => cut,
            Err(error) => {
                lost = Some(error);
                break;
            }
        };
        let what = match cut.frame {
            Some(Frame::Valid(frame)) => What::Frame(protocol.explain(frame)),
            Some(Frame::Rejected { reason, .. }) => What::Rejected(reason),
            None => What::Skipped,
        };
        items.push(Item { offset, length: cut.consumed, what });
        offset = offset.saturating_add(cut.consumed).min(bytes.len());
    }
    // What a framer skips before it waits for more may be the beginning of the unfinished frame.
    if offset < bytes.len()
        && lost.is_none()
        && let Some(skipped) = items.pop_if(|item| matches!(item.what, What::Skipped))
    {
        offset = skipped.offset;
    }
    let (protocol, title) = (info.name, info.title);
    Decoded { protocol, title, form: reading.form, bytes, items, end: offset, lost }
}

#[cfg(test)]
mod tests;
