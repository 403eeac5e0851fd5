//! A simulated terminal and a session of the same protocol, talking through both framers.

use bytes::Bytes;
use protocols::{
    Content, DeliveryToken, DeviceProfile, Downlink, Effect, Frame, Framer, Lane, Limits, Protocol,
    Terminal, TerminalEffect, TerminalInput, TerminalSettings,
};

use crate::host::{Happening, Host, ISSUED_CODE};
use crate::transcript::Admit;

/// Longest exchange that one input may start.
const MAX_ROUNDS: usize = 100;

/// Both ends of one connection.
pub struct Pair {
    /// The platform's end.
    pub host: Host,
    terminal: Box<dyn Terminal>,
    framer: Box<dyn Framer>,
    buffer: Vec<u8>,
    /// What the terminal did, without the bytes it wrote.
    pub device: Vec<TerminalEffect>,
    /// What the platform saw, without frames and bytes.
    pub platform: Vec<Happening>,
    options: &'static [(&'static str, &'static str)],
}

impl Pair {
    /// Both ends, connected but silent.
    #[must_use]
    pub fn new(protocol: &'static dyn Protocol, identity: &str, dialect: Option<&str>) -> Self {
        let limits = Limits::default();
        let settings = TerminalSettings {
            identity: identity.to_owned(),
            secret: None,
            dialect: dialect.map(str::to_owned),
        };
        Self {
            framer: protocol.framer(&limits),
            terminal: protocol.terminal(settings),
            host: Host::new(protocol, limits),
            buffer: Vec::new(),
            device: Vec::new(),
            platform: Vec::new(),
            options: &[],
        }
    }

    /// The device has the options of this profile.
    #[must_use]
    pub fn with_profile(mut self, profile: &DeviceProfile) -> Self {
        self.options = profile.options;
        self
    }

    /// Something happens to the terminal; both ends then talk until neither has anything to say.
    ///
    /// # Errors
    /// They do not stop, or one of them breaks a rule.
    pub fn device(&mut self, input: TerminalInput<'_>) -> Result<(), String> {
        let mut fx = Vec::new();
        self.terminal.handle(input, self.host.now(), &mut fx);
        self.settle(fx)
    }

    /// The platform sends a text.
    ///
    /// # Errors
    /// It cannot, or as for [`Pair::device`].
    pub fn text(&mut self, token: u64, serial: u32, text: &str) -> Result<(), String> {
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        let downlink = Downlink { token: DeliveryToken(token), serial, repeat: false, content };
        self.host.send(Lane(0), downlink)?;
        self.settle(Vec::new())
    }

    fn settle(&mut self, mut fx: Vec<TerminalEffect>) -> Result<(), String> {
        for _ in 0..MAX_ROUNDS {
            for effect in fx.drain(..) {
                match effect {
                    TerminalEffect::Transmit(bytes) => self.host.receive(&bytes),
                    other => self.device.push(other),
                }
            }
            self.admit()?;
            self.host.commit_all();
            let down = self.written();
            if let Some(violation) = self.host.violations.first() {
                return Err(violation.clone());
            }
            if down.is_empty() {
                return Ok(());
            }
            self.buffer.extend(down.iter().flatten());
            self.hand_over(&mut fx)?;
        }
        Err("terminal and session do not come to an end".to_owned())
    }

    /// Admits whoever asks: any device is known, a code must be the one issued.
    fn admit(&mut self) -> Result<(), String> {
        while let Some(credentials) = self.host.asking() {
            if let Some(secret) = &credentials.secret
                && secret != ISSUED_CODE
            {
                return Err(format!("the terminal presents {secret}"));
            }
            let own = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
            let options = self.options.iter().map(own).collect();
            self.host.admit(&Admit::Known { secret: None, options })?;
        }
        Ok(())
    }

    fn written(&mut self) -> Vec<Bytes> {
        let mut down = Vec::new();
        for happening in self.host.take() {
            match happening {
                Happening::Written(bytes) => down.push(bytes),
                Happening::Frame(_) => {}
                other => self.platform.push(other),
            }
        }
        down
    }

    fn hand_over(&mut self, fx: &mut Vec<TerminalEffect>) -> Result<(), String> {
        let mut scratch = Vec::new();
        loop {
            let cut = self.framer.cut(&self.buffer, &mut scratch).map_err(|e| e.to_string())?;
            match cut.frame {
                Some(Frame::Valid(frame)) => {
                    self.terminal.handle(TerminalInput::Frame(frame), self.host.now(), fx);
                }
                Some(Frame::Rejected { reason, .. }) => {
                    return Err(format!("the terminal rejects a frame: {reason}"));
                }
                None => {}
            }
            match cut.consumed {
                0 => return Ok(()),
                consumed => drop(self.buffer.drain(..consumed)),
            }
        }
    }

    /// Effects that the platform's session asked for, without bytes.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.platform.iter().filter_map(|happening| match happening {
            Happening::Effect(effect) => Some(effect),
            _ => None,
        })
    }
}
