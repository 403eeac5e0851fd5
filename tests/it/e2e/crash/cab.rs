//! A driver's terminal that outlives the daemon: it says numbered texts one after the other, repeats what was not acknowledged,
//! and confirms what it is shown.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cabwire::clock::SystemClock;
use cabwire::model::TrackerId;
use cabwire::simulate::{Device, DeviceEvent};
use protocols::{Outcome, Protocol, TerminalSettings, Uplink};

use super::super::wire::{ANSWER, Frame, SAY, TEXT, Wire};
use super::ledger::Ledger;

/// Texts that a driver writes over one connection.
const SAYS: usize = 40;

pub struct Cab {
    progress: Arc<AtomicU32>,
    protocol: &'static dyn Protocol,
    pub identity: String,
    pub tracker: TrackerId,
    /// Numbers of the texts that were acknowledged.
    pub acked: Vec<u16>,
    /// The text that waits for its acknowledgement.
    waiting: Option<u16>,
    said: u16,
    /// Texts shown, connection by connection.
    pub shown: Vec<Vec<String>>,
    /// Texts that the API showed as delivered before the daemon was started: they must not come back.
    pub settled: HashSet<String>,
}

impl Cab {
    /// A terminal that counts in `progress` what was acknowledged and shown.
    pub fn new(
        protocol: &'static dyn Protocol,
        identity: String,
        tracker: TrackerId,
        progress: Arc<AtomicU32>,
    ) -> Self {
        Self {
            progress,
            protocol,
            identity,
            tracker,
            acked: Vec::new(),
            waiting: None,
            said: 0,
            shown: Vec::new(),
            settled: HashSet::new(),
        }
    }

    pub fn protocol(&self) -> &'static str {
        self.protocol.info().name
    }

    /// What the driver writes under this number.
    pub fn words(&self, number: u16) -> String {
        format!("{} {} says {number}", self.protocol(), self.identity)
    }

    /// Numbers of all texts that were said, acknowledged or not.
    pub fn said(&self) -> impl Iterator<Item = u16> {
        1..=self.said
    }

    /// Works over one connection until that is gone.
    pub async fn drive(&mut self, server: SocketAddr) {
        let Some(mut link) = Link::open(self.protocol, &self.identity, server).await else {
            return;
        };
        self.shown.push(Vec::new());
        for _ in 0..SAYS {
            let number = self.waiting.unwrap_or_else(|| {
                self.said += 1;
                self.said
            });
            self.waiting = Some(number);
            link.say(number, &self.words(number)).await;
            while self.waiting.is_some() {
                if !self.hear(&mut link).await {
                    return;
                }
            }
        }
        while self.hear(&mut link).await {}
    }

    /// Deals with one thing that comes; `false`: the connection is gone.
    async fn hear(&mut self, link: &mut Link) -> bool {
        match link.next().await {
            None => return false,
            Some(Heard::Acked) => self.acked.extend(self.waiting.take()),
            Some(Heard::Text { reply, text }) => {
                assert!(!self.settled.contains(&text), "delivered already, and comes back: {text}");
                self.shown.last_mut().unwrap().push(text);
                link.confirm(reply).await;
            }
        }
        self.progress.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Over each connection texts came in the order of their ids.
    pub fn check_order(&self, ledger: &Ledger) {
        for shown in &self.shown {
            let ids: Vec<_> = shown.iter().map(|text| ledger.id_of(self.tracker, text)).collect();
            assert!(ids.is_sorted(), "{}: {ids:?}", self.identity);
        }
    }
}

/// What a terminal hears.
enum Heard {
    Acked,
    Text { reply: Reply, text: String },
}

/// How a text is confirmed.
enum Reply {
    Token(u64),
    Frame(Frame),
}

/// A connection. Where the protocol numbers its messages, a repeat is the same frame again, which a simulated terminal does not
/// send.
enum Link {
    Device(Box<Device>),
    Wire { wire: Wire, phone: String },
}

impl Link {
    async fn open(protocol: &dyn Protocol, identity: &str, server: SocketAddr) -> Option<Self> {
        if protocol.info().name == "jt808" {
            let mut wire = Wire::connect(server).await.ok()?;
            wire.send(&Frame::login(identity, 0)).await.ok()?;
            let answer = wire.next().await.ok()??;
            assert_eq!(answer.about().2, 0, "the login is accepted");
            return Some(Self::Wire { wire, phone: identity.to_owned() });
        }
        let settings =
            TerminalSettings { identity: identity.to_owned(), secret: None, dialect: None };
        let mut device =
            Device::connect(protocol, server, settings, SystemClock::new()).await.ok()?;
        device.login().await.ok()?;
        Some(Self::Device(Box::new(device)))
    }

    /// Whether it arrives shows in what comes back.
    async fn say(&mut self, number: u16, words: &str) {
        match self {
            Self::Device(device) => device.say(words).await,
            Self::Wire { wire, phone } => {
                drop(wire.send(&Frame::say(phone, 100 + number, words)).await);
            }
        }
    }

    async fn confirm(&mut self, reply: Reply) {
        match (self, reply) {
            (Self::Device(device), Reply::Token(token)) => {
                device.answer(token, Outcome::Confirm).await;
            }
            (Self::Wire { wire, .. }, Reply::Frame(text)) => {
                drop(wire.send(&text.confirm(1, 0)).await);
            }
            _ => unreachable!("a link gets its own replies"),
        }
    }

    /// The next thing that concerns a driver; `None`: the connection is gone.
    async fn next(&mut self) -> Option<Heard> {
        loop {
            match self {
                Self::Device(device) => match device.next().await {
                    DeviceEvent::Acked(Uplink::Text) => return Some(Heard::Acked),
                    DeviceEvent::Text(text) => {
                        return Some(Heard::Text {
                            reply: Reply::Token(text.token),
                            text: text.text,
                        });
                    }
                    DeviceEvent::Closed(_) => return None,
                    DeviceEvent::Acked(_) | DeviceEvent::Online => {}
                    other => panic!("{other:?}"),
                },
                Self::Wire { wire, .. } => {
                    let frame = wire.next().await.ok()??;
                    match frame.id {
                        ANSWER if frame.about().1 == SAY => {
                            assert_eq!(frame.about().2, 0);
                            return Some(Heard::Acked);
                        }
                        TEXT => {
                            let text = frame.words();
                            return Some(Heard::Text { reply: Reply::Frame(frame), text });
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
