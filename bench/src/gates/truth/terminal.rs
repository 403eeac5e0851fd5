//! A JT/T 808 terminal that outlives the gateway: it confirms what it is given at once, and says again, with the same serial
//! number and the same bytes, what was not acknowledged before its connection was gone.

use anyhow::{Result, bail};

use super::ledger::Ledger;
use super::phrase::{FROM_DRIVER, TO_DRIVER};
use crate::load::jt808::{self, id};
use crate::load::speech::{Downlink, Speaker, Speech, Uplink};
use crate::load::wire::Wire;

/// Bytes read at once.
const READ: usize = 64 * 1024;

/// Buffers that all terminals share.
pub struct Scratch {
    pub read: Vec<u8>,
    unescaped: Vec<u8>,
    out: Vec<u8>,
    heard: Vec<Heard>,
    confirmed: Vec<usize>,
}

/// One terminal.
pub struct Terminal {
    number: usize,
    speaker: Speaker,
    /// Whether a driver writes texts, one after the other.
    has_driver: bool,
    /// The driver's text that was not acknowledged yet.
    saying: Option<Saying>,
    /// Serial number of the login over this connection, until it is accepted.
    login: Option<u16>,
    wire: Option<Wire>,
}

/// A driver's text on its way.
struct Saying {
    note: usize,
    serial: u16,
    frame: Vec<u8>,
}

/// What a frame says.
enum Heard {
    Done { serial: u16, about: u16 },
    Refused,
    Text { number: Option<usize>, serial: u16 },
}

impl Scratch {
    pub fn new() -> Self {
        let (unescaped, out, heard, confirmed) = Default::default();
        Self { read: vec![0; READ], unescaped, out, heard, confirmed }
    }
}

impl Terminal {
    pub fn new(number: usize, has_driver: bool) -> Self {
        let speaker = Speaker::new(Speech::Jt808, number);
        Self { number, speaker, has_driver, saying: None, login: None, wire: None }
    }

    /// Logs in over a new connection.
    pub fn connect(&mut self, wire: Wire, scratch: &mut Scratch) -> Result<()> {
        self.login = Some(self.speaker.serial);
        scratch.out.clear();
        self.speaker.say(&mut scratch.out, Uplink::Login);
        self.wire.insert(wire).send(&scratch.out)
    }

    /// It is online and waits for nothing.
    pub const fn is_quiet(&self) -> bool {
        self.login.is_none() && self.saying.is_none()
    }

    /// Has the driver write a new text, if there is one who waits for nothing.
    pub fn speak(&mut self, ledger: &mut Ledger) -> Result<()> {
        if !self.has_driver || !self.is_quiet() {
            return Ok(());
        }
        let Some(wire) = &mut self.wire else { return Ok(()) };
        let (note, serial, mut frame) = (ledger.note(self.number), self.speaker.serial, Vec::new());
        self.speaker.say(&mut frame, Uplink::Text(FROM_DRIVER.with(note).as_bytes()));
        wire.send(&frame)?;
        self.saying = Some(Saying { note, serial, frame });
        Ok(())
    }

    /// Takes what has arrived and answers it.
    pub fn hear(&mut self, scratch: &mut Scratch, ledger: &mut Ledger) -> Result<()> {
        let end = self.read(scratch);
        self.take(scratch, ledger)?;
        end?;
        if scratch.out.is_empty() {
            return Ok(());
        }
        if let Some(wire) = &mut self.wire {
            wire.send(&scratch.out)?;
            scratch.confirmed.iter().for_each(|&order| ledger.orders[order].confirmed = true);
        }
        Ok(())
    }

    /// Takes what the dead gateway wrote last; nothing can be answered. `true`: that was all, and the connection is gone.
    pub fn hear_the_rest(&mut self, scratch: &mut Scratch, ledger: &mut Ledger) -> Result<bool> {
        if self.wire.is_none() {
            return Ok(true);
        }
        let end = self.read(scratch);
        self.take(scratch, ledger)?;
        if end.is_err() {
            self.wire = None;
        }
        Ok(end.is_err())
    }

    /// Reads the frames that have arrived.
    fn read(&mut self, scratch: &mut Scratch) -> Result<()> {
        let Scratch { read, unescaped, heard, .. } = scratch;
        heard.clear();
        let Some(wire) = &mut self.wire else { return Ok(()) };
        wire.receive(read, |bytes| {
            jt808::frames(bytes, unescaped, |frame| {
                heard.push(match (jt808::understand(frame), jt808::answered(frame)) {
                    (Downlink::Done, Some((serial, about))) => Heard::Done { serial, about },
                    (Downlink::Refused, _) => Heard::Refused,
                    (Downlink::Text { serial, text }, _) => {
                        Heard::Text { number: TO_DRIVER.number(text), serial }
                    }
                    _ => return,
                });
            })
        })
    }

    /// Notes what was read, and writes the answers to it into `scratch.out`.
    fn take(&mut self, scratch: &mut Scratch, ledger: &mut Ledger) -> Result<()> {
        let Scratch { out, heard, confirmed, .. } = scratch;
        out.clear();
        confirmed.clear();
        for heard in heard.drain(..) {
            match heard {
                Heard::Done { serial, about: id::AUTHENTICATION } if self.login == Some(serial) => {
                    self.login = None;
                    if let Some(saying) = &self.saying {
                        out.extend_from_slice(&saying.frame);
                        ledger.said_again += 1;
                    }
                }
                Heard::Done { serial, about: id::TEXT_REPORT }
                    if self.saying.as_ref().is_some_and(|saying| saying.serial == serial) =>
                {
                    if let Some(saying) = self.saying.take() {
                        ledger.notes[saying.note].acked = true;
                    }
                }
                Heard::Done { serial, about } => {
                    bail!("terminal {}: answer to {about:#06x}, serial {serial}", self.number)
                }
                Heard::Refused => bail!("terminal {} was refused something", self.number),
                Heard::Text { number, serial } => {
                    confirmed.extend(ledger.given(self.number, number, serial));
                    self.speaker.say(out, Uplink::Confirmation(serial));
                }
            }
        }
        Ok(())
    }
}
