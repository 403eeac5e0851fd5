//! One simulated device on one TCP connection, moved by hand.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocols::{
    Frame, Framer, Limits, Outcome, Protocol, ProtocolInfo, Report, Terminal, TerminalEffect,
    TerminalInput, TerminalSettings, Uplink,
};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::clock::Clock;

/// Bytes read at once.
const READ: usize = 16 * 1024;

/// A device with an open connection.
///
/// Nothing happens by itself: the connection is read and written, and the device's timers run, while one of the async methods is
/// awaited. All of them may be dropped half-way (`select!`, timeouts) without losing anything.
pub struct Device {
    protocol: &'static ProtocolInfo,
    stream: TcpStream,
    framer: Box<dyn Framer>,
    terminal: Box<dyn Terminal>,
    clock: Arc<dyn Clock>,
    input: Vec<u8>,
    output: Vec<u8>,
    scratch: Vec<u8>,
    effects: Vec<TerminalEffect>,
    events: VecDeque<DeviceEvent>,
    closing: bool,
    closed: Option<Closed>,
}

/// What happened to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceEvent {
    /// The platform accepted the login.
    Online,
    /// The platform refused the login, in its own words.
    Refused(String),
    /// A text (or part of one) arrived; it waits for [`Device::answer`].
    Text(Text),
    /// The platform acknowledged something.
    Acked(Uplink),
    /// The platform said that it could not store something.
    Nacked(Uplink),
    /// The platform sent something that is no frame; the protocol's reason.
    Garbled(String),
    /// The connection is gone. Always the last event.
    Closed(Closed),
}

/// A text as the device shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Names it in [`Device::answer`].
    pub token: u64,
    /// What the display shows.
    pub text: String,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The platform closed it.
    #[error("the platform closed the connection")]
    ByPlatform,
    /// The device closed it.
    #[error("the device closed the connection")]
    ByDevice,
    /// It broke.
    #[error("the connection broke: {0}")]
    Broken(String),
}

impl Device {
    /// Connects and starts to log in.
    ///
    /// # Errors
    /// If the connection cannot be made.
    pub async fn connect(
        protocol: &dyn Protocol,
        server: SocketAddr,
        settings: TerminalSettings,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream, protocol, settings, clock))
    }

    /// Takes over a connection and starts to log in on it.
    #[must_use]
    pub fn over(
        stream: TcpStream,
        protocol: &dyn Protocol,
        settings: TerminalSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let mut device = Self {
            protocol: protocol.info(),
            stream,
            framer: protocol.framer(&Limits::default()),
            terminal: protocol.terminal(settings),
            clock,
            input: Vec::new(),
            output: Vec::new(),
            scratch: Vec::new(),
            effects: Vec::new(),
            events: VecDeque::new(),
            closing: false,
            closed: None,
        };
        device.feed(TerminalInput::Connected);
        device
    }

    /// What it speaks.
    #[must_use]
    pub const fn protocol(&self) -> &'static ProtocolInfo {
        self.protocol
    }

    /// Waits until the platform has accepted the login.
    ///
    /// # Errors
    /// What the platform said instead.
    pub async fn login(&mut self) -> Result<(), String> {
        let answer = self
            .wait_for(|event| match event {
                DeviceEvent::Online => Some(Ok(())),
                DeviceEvent::Refused(reason) => Some(Err(reason.clone())),
                _ => None,
            })
            .await;
        answer.unwrap_or_else(|closed| Err(closed.to_string()))
    }

    /// The next event. After [`DeviceEvent::Closed`] it is that one for ever.
    pub async fn next(&mut self) -> DeviceEvent {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            if let Some(closed) = &self.closed {
                return DeviceEvent::Closed(closed.clone());
            }
            self.step().await;
        }
    }

    /// The first event of which `pick` makes something, however many others come first. Those stay for later.
    ///
    /// # Errors
    /// The connection ended without such an event.
    pub async fn wait_for<T>(
        &mut self,
        mut pick: impl FnMut(&DeviceEvent) -> Option<T>,
    ) -> Result<T, Closed> {
        let mut seen = 0;
        loop {
            while let Some(event) = self.events.get(seen) {
                if let Some(found) = pick(event) {
                    self.events.remove(seen);
                    return Ok(found);
                }
                seen += 1;
            }
            if let Some(closed) = &self.closed {
                return Err(closed.clone());
            }
            self.step().await;
        }
    }

    /// The next text.
    ///
    /// # Errors
    /// The connection ended without one.
    pub async fn expect_text(&mut self) -> Result<Text, Closed> {
        self.wait_for(|event| match event {
            DeviceEvent::Text(text) => Some(text.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the platform acknowledges something of this kind; `false` if it says that it could not store it.
    ///
    /// # Errors
    /// The connection ended without an answer.
    pub async fn expect_ack(&mut self, uplink: Uplink) -> Result<bool, Closed> {
        self.wait_for(|event| match event {
            DeviceEvent::Acked(kind) if *kind == uplink => Some(true),
            DeviceEvent::Nacked(kind) if *kind == uplink => Some(false),
            _ => None,
        })
        .await
    }

    /// Waits until the connection has ended.
    pub async fn expect_close(&mut self) -> Closed {
        loop {
            if let Some(closed) = &self.closed {
                return closed.clone();
            }
            self.step().await;
        }
    }

    /// The driver types something.
    pub async fn say(&mut self, text: &str) {
        self.feed(TerminalInput::Say(text));
        self.flush().await;
    }

    /// Reports a position.
    pub async fn report(&mut self, report: &Report) {
        self.feed(TerminalInput::Report(report));
        self.flush().await;
    }

    /// Shows a sign of life.
    pub async fn heartbeat(&mut self) {
        self.feed(TerminalInput::Heartbeat);
        self.flush().await;
    }

    /// Answers a text; may be repeated.
    pub async fn answer(&mut self, token: u64, outcome: Outcome) {
        self.feed(TerminalInput::Answer { token, outcome });
        self.flush().await;
    }

    /// Says goodbye in the protocol's words and closes.
    pub async fn logout(&mut self) {
        self.feed(TerminalInput::Logout);
        self.closing = true;
        self.flush().await;
    }

    /// Sends any bytes at all.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
        self.flush().await;
    }

    /// Vanishes without a word: the connection is reset.
    pub fn cut(self) {
        // Without this the system would close it politely. If it does not work, it is a close all the same.
        drop(socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)));
    }

    /// Local address of the connection.
    ///
    /// # Errors
    /// If the system does not know.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    async fn flush(&mut self) {
        while self.closed.is_none() && (self.closing || !self.output.is_empty()) {
            self.step().await;
        }
    }

    /// Waits for one thing to happen: bytes come, bytes can be sent, the device's timer.
    async fn step(&mut self) {
        if self.closing && self.output.is_empty() {
            self.closed = Some(Closed::ByDevice);
            // The peer sees the end when the device is dropped; shutting down now lets it see it at once.
            drop(socket2::SockRef::from(&self.stream).shutdown(std::net::Shutdown::Both));
            return;
        }
        let interest = if self.output.is_empty() {
            Interest::READABLE
        } else {
            Interest::READABLE | Interest::WRITABLE
        };
        let ready = match self.terminal.poll_timeout() {
            None => Some(self.stream.ready(interest).await),
            Some(due) => {
                let wait = due.saturating_sub(self.clock.now().monotonic);
                tokio::time::timeout(wait, self.stream.ready(interest)).await.ok()
            }
        };
        let result = match ready {
            None => return self.feed(TerminalInput::Timeout),
            Some(Err(error)) => Err(error),
            Some(Ok(ready)) => {
                let written = if ready.is_writable() { self.write() } else { Ok(()) };
                if ready.is_readable() { written.and_then(|()| self.read()) } else { written }
            }
        };
        if let Err(error) = result {
            self.closed = Some(Closed::Broken(error.to_string()));
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            match self.stream.try_write(&self.output) {
                Ok(written) => drop(self.output.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        let kept = self.input.len();
        self.input.resize(kept + READ, 0);
        let result = self.stream.try_read(self.input.get_mut(kept..).unwrap_or_default());
        self.input.truncate(kept + result.as_ref().map_or(0, |read| *read));
        match result {
            Ok(0) => self.closed = Some(Closed::ByPlatform),
            Ok(_) => self.frames(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Cuts and handles what has arrived.
    fn frames(&mut self) {
        let input = std::mem::take(&mut self.input);
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut rest = input.as_slice();
        while !rest.is_empty() && !self.closing {
            match self.framer.cut(rest, &mut scratch) {
                Ok(cut) if cut.consumed == 0 => break,
                Ok(cut) => {
                    match cut.frame {
                        Some(Frame::Valid(frame)) => self.feed(TerminalInput::Frame(frame)),
                        Some(Frame::Rejected { reason, .. }) => {
                            self.events.push_back(DeviceEvent::Garbled(reason.to_string()));
                        }
                        None => {}
                    }
                    rest = rest.get(cut.consumed..).unwrap_or_default();
                }
                Err(error) => {
                    self.closed = Some(Closed::Broken(error.to_string()));
                    break;
                }
            }
        }
        self.input = rest.to_vec();
        self.scratch = scratch;
    }

    fn feed(&mut self, input: TerminalInput<'_>) {
        let mut effects = std::mem::take(&mut self.effects);
        self.terminal.handle(input, self.clock.now(), &mut effects);
        for effect in effects.drain(..) {
            match effect {
                TerminalEffect::Transmit(bytes) => self.output.extend_from_slice(&bytes),
                TerminalEffect::Online => self.events.push_back(DeviceEvent::Online),
                TerminalEffect::Refused(why) => self.events.push_back(DeviceEvent::Refused(why)),
                TerminalEffect::Text { token, text } => {
                    self.events.push_back(DeviceEvent::Text(Text { token, text }));
                }
                TerminalEffect::Acked(kind) => self.events.push_back(DeviceEvent::Acked(kind)),
                TerminalEffect::Nacked(kind) => self.events.push_back(DeviceEvent::Nacked(kind)),
                TerminalEffect::Close => self.closing = true,
                _ => {}
            }
        }
        self.effects = effects;
    }
}
