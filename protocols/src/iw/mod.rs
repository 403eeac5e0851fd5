//! IW and TRV: the text protocol of Thinkrace, Beehome, Vivistar and others, over TCP: health watches with a screen (`IW`) and
//! trackers (`TRV`); numbered texts go to the wearer and are confirmed, from the wearer come none.
//!
//! # Specification
//! There is no public document of the makers; section numbers in this folder are those of the project's own digest of servers, a
//! device-side implementation and logs: 1 frame, 2 login and answers, 3 data, 4 text, 5 timers. Inferred rather than written: the
//! names of measurements, that only trackers' ignition digit means something.
//!
//! # Framing
//! ```text
//! IW word 4 data #
//! TRV word 4 data #
//! ```
//! ASCII, no checksum, no length, no escape. Words of the device begin with A, Y or C; the answer's with the next letter. The framer
//! cuts at `#` and hands out what stands before it.
//!
//! # Messages
//! | word | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | `AP00` | login | up | `session` | `BP00`, at once |
//! | `AP03`, `CP01` | heartbeat | up | `report` | `BP03`, `DP01`, at once |
//! | `AP01`, `AP10`, `YP03`, `YP14` | position, alarm | up | `report` | `BP01`, …, after the commit |
//! | `AP49`, `APHT`, `APHP`, `AP50` | health | up | `report` | `BP49`, …, after the commit |
//! | `AP40` | receipt of a text | up | `session` | – |
//! | `AP12`, `AP14`, `AP33`, …, any word with only a serial | answers to commands | up | `session`: kept raw | – |
//! | others, `TRVAP14` | | up | `session`: kept raw | the next letter, after the commit |
//! | `BP40` | text | down | `session` | `AP40` |
//!
//! # Rules and quirks
//! * The login decides the device; before it everything is dropped. Refusal has no word: the connection is closed.
//! * A text carries its number in six digits, 065536 for 0, and goes out twice more with it if no receipt comes. A receipt with the
//!   number counts on a later connection too; one without a number is about the text that waits. After a text that was
//!   sent more than once or given up, nothing is sent for as long as such a receipt may take.
//! * A receipt with result 0 is a failure that may pass: the text is tried again later.
//! * A text is UTF-16 in hexadecimal. What lies beyond the basic plane becomes `?`: watches do not show it.
//! * Texts to trackers (`TRV`) are confirmed by no source and refused unless `trv_texts` says otherwise.
//! * A heartbeat is answered at once: the answer says that the connection lives, not that its values were stored.
//! * Voice clips and pictures are binary and may hold `#`; what does not look like a frame is counted, and enough of it closes the
//!   connection.
//! * Tolerated: line ends, blanks and zeros between frames, any number of decimals of minutes, extra digits behind the state.

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

use crate::error::DecodeError;
use crate::explain::Explanation;
use crate::framing::{Framer, Limits};
use crate::options::DeviceOptions;
use crate::protocol::{Detection, Protocol, ProtocolInfo};
use crate::session::Session;
use crate::terminal::{Terminal, TerminalSettings};
use crate::text::{TextPlan, TextRefusal, plan};

/// The protocol.
#[derive(Debug)]
pub(crate) struct Iw;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "iw",
    title: "IW and TRV (Thinkrace watches and trackers)",
    default_port: 5010,
    identity: "IMEI",
    example_identity: "353456789012345",
    uplink_text: false,
    downlink_text: true,
    profiles: options::PROFILES,
    idle_seconds: 1500,
    options: options::OPTIONS,
};

impl Protocol for Iw {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn framer(&self, limits: &Limits) -> Box<dyn Framer> {
        Box::new(frame::IwFramer::new(limits))
    }

    fn session(&self, limits: &Limits) -> Box<dyn Session> {
        Box::new(session::IwSession::new(limits))
    }

    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal> {
        Box::new(terminal::IwTerminal::new(settings))
    }

    /// A connection begins with a login.
    fn detect(&self, start: &[u8]) -> Detection {
        let logins: [&[u8]; 2] = [b"IWAP00", b"TRVAP00"];
        if logins.iter().any(|login| start.starts_with(login)) {
            Detection::Yes
        } else if logins.iter().any(|login| login.starts_with(start)) {
            Detection::Maybe
        } else {
            Detection::No
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
        black_box(&decode::uplink(frame)?);
        Ok(())
    }

    fn explain(&self, frame: &[u8]) -> Explanation {
        explain::explain(frame)
    }
}
