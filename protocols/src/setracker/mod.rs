//! SeTracker, or "3G": the text protocol of most low-cost GPS watches and badges, over TCP; texts go to the wearer and are
//! confirmed, from the wearer come voice clips only.
//!
//! # Specification
//! The vendor's *3G watch communication protocol* has several editions; section numbers in this folder are those of the project's
//! own digest of them: 1 frame, 2 identity and answers, 3 position, 4 text, 5 from the wearer, 6 timers. Inferred rather than written:
//! what `AL_…` words are answered with, that nothing follows a receipt.
//!
//! # Framing
//! ```text
//! [ maker 2 * id * LEN 4 * content ]
//! [ maker 2 * id * index 4 * LEN 4 * content ]      from some makers
//! ```
//! Text; LEN and index in hexadecimal. LEN counts the bytes of the content, often wrongly; binary content (voice) is escaped with
//! 7D, and LEN counts it either way. There is no checksum. The framer hands out frames with their brackets.
//!
//! # Messages
//! | word | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | `LK` | keep-alive | up | `session` | `LK`, at once |
//! | `UD`, `UD2`, `UD_…`, `WT` | position | up | `report` | – |
//! | `AL`, `AL_…` | alarm | up | `report` | `AL`, after the commit |
//! | `heart`, `bphrt`, `oxygen`, `PULSE`, `BLOOD`, `TEMP`, `btemp2` | health | up | `report` | the same word, after the commit |
//! | `TKQ`, `TKQ2` | is a voice clip waiting? | up | `session` | `TKQ`, at once |
//! | `TK` | voice clip | up | `session`: kept raw | `TK,1`, after the commit |
//! | `CONFIG` | settings | up | `session`: kept raw | `CONFIG,1`, after the commit |
//! | `MESSAGE` | receipt of a text | up | `session` | – |
//! | others | results of commands | up | `session`: kept raw | – |
//! | `MESSAGE,…` | text | down | `session` | `MESSAGE` |
//!
//! # Rules and quirks
//! * There is no login: the first frame names the device, and frames of another id are not taken. Refusal has no word: the
//!   connection is closed.
//! * Texts have no number. One is outstanding; `MESSAGE` confirms it. Unanswered, it is sent once more, then given back, and nothing
//!   is sent until the watch is heard again. After a text of which two copies went out, nothing is sent for as long as a
//!   receipt may take: the second receipt would count for the next text.
//! * A text is UTF-16 in hexadecimal. What lies beyond the basic plane becomes `?`: watches do not show it.
//! * Our frames carry the maker of the device's last frame; if it uses an index, answers repeat it and texts have 0001.
//! * A keep-alive is answered at once: the answer says that the connection lives, not that its values were stored.
//! * A length that is too large holds its frame back until the next one begins.
//! * Tolerated: wrong lengths, brackets in the names of Wi-Fi networks, signs and hemispheres that contradict each other, missing
//!   fields at the end of a position, line ends between frames.

mod decode;
mod encode;
mod explain;
mod frame;
mod message;
mod options;
mod report;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use std::hint::black_box;

use crate::error::{DecodeError, DecodeErrorKind};
use crate::explain::Explanation;
use crate::framing::{Framer, Limits};
use crate::options::DeviceOptions;
use crate::protocol::{Detection, Protocol, ProtocolInfo};
use crate::session::Session;
use crate::terminal::{Terminal, TerminalSettings};
use crate::text::{TextPlan, TextRefusal, plan};

/// The protocol.
#[derive(Debug)]
pub(crate) struct Setracker;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "setracker",
    title: "SeTracker (3G watches)",
    default_port: 8001,
    identity: "device id",
    example_identity: "9705141740",
    uplink_text: false,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 1500,
    options: options::OPTIONS,
};

impl Protocol for Setracker {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::SetrackerFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::SetrackerSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::SetrackerTerminal::new(settings))
    }

    /// A connection begins with a frame: bracket, two letters or digits, asterisk, digits.
    fn detect(&self, start: &[u8]) -> Detection {
        let fits = start.iter().take(5).enumerate().all(|(at, byte)| match at {
            0 => *byte == b'[',
            1 | 2 => byte.is_ascii_alphanumeric(),
            3 => *byte == b'*',
            _ => byte.is_ascii_alphanumeric(),
        });
        match (fits, start.len()) {
            (false, _) => Detection::No,
            (true, 5..) => Detection::Yes,
            (true, _) => Detection::Maybe,
        }
    }

    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal> {
        let settings = options::Settings::read(options);
        if !settings.display {
            return Err(TextRefusal::NotSupported);
        }
        let mut plan = plan(text, settings.parts())?;
        plan.lossy |= text.chars().any(|c| c.len_utf16() > 1);
        Ok(plan)
    }

    fn read(&self, frame: &[u8]) -> Result<(), DecodeError> {
        let (message, field, kind) = ("frame", "head", DecodeErrorKind::Invalid);
        let error = DecodeError { message, field, offset: 0, kind };
        let (head, content) = frame::split(frame).ok_or(error)?;
        black_box(&(head.id, decode::uplink(content)?));
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
