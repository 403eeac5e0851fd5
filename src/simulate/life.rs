//! A device that lives by itself: connects, behaves, is cut off, comes back.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocols::{Outcome, Protocol, TerminalSettings, Uplink};
use tokio_util::sync::CancellationToken;

use super::behaviour::Behaviour;
use super::device::{Closed, Device, DeviceEvent, Text};
use super::random::Random;
use super::route::Route;
use crate::clock::Clock;

/// First pause before connecting again; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause before connecting again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Longest time given to a polite goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Who a device is and how it lives.
#[derive(Clone)]
pub struct Life {
    /// Its protocol.
    pub protocol: &'static dyn Protocol,
    /// The platform.
    pub server: SocketAddr,
    /// Its identity and dialect.
    pub settings: TerminalSettings,
    /// What it does by itself.
    pub behaviour: Arc<Behaviour>,
    /// Chance of its own.
    pub random: Random,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What happened in a device's life, for those who watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It has a connection.
    Connected,
    /// It could not connect.
    Unreachable(String),
    /// Something came from the platform, or the connection ended.
    Event(DeviceEvent),
    /// It showed a sign of life.
    Heartbeat,
    /// It reported a position.
    Reported,
    /// The driver said something.
    Said(String),
    /// It confirmed a text (again, when duplicated).
    Confirmed(u64),
    /// It refused a text.
    RefusedText(u64),
    /// It kept silent about a text.
    Ignored(u64),
    /// It waits so long before it connects again.
    Waits(Duration),
}

/// Lives until `stop`; every happening goes to `watch`, in order.
pub async fn run(mut life: Life, stop: CancellationToken, mut watch: impl FnMut(Happening)) {
    let mut pause = FIRST_PAUSE;
    let route = Route::new(&mut life.random);
    let mut said = 0;
    loop {
        let connecting =
            Device::connect(life.protocol, life.server, life.settings.clone(), life.clock.clone());
        let device = tokio::select! {
            () = stop.cancelled() => return,
            device = connecting => device,
        };
        match device {
            Err(error) => watch(Happening::Unreachable(error.to_string())),
            Ok(device) => {
                watch(Happening::Connected);
                let mut shift = Shift::new(&mut life, device, &route, &mut said);
                if shift.work(&stop, &mut watch).await {
                    pause = FIRST_PAUSE;
                }
            }
        }
        if stop.is_cancelled() {
            return;
        }
        let jittered = pause.mul_f64(0.5 + life.random.unit());
        watch(Happening::Waits(jittered));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(jittered) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One connection of a life.
struct Shift<'a> {
    life: &'a mut Life,
    device: Device,
    route: &'a Route,
    online: bool,
    /// When the next of each is due; `None`: never.
    heartbeat: Option<Duration>,
    report: Option<Duration>,
    say: Option<Duration>,
    /// Times the driver has spoken, over all connections.
    said: &'a mut u64,
    /// Texts to be answered, with when.
    answers: VecDeque<(Duration, u64)>,
}

impl<'a> Shift<'a> {
    const fn new(life: &'a mut Life, device: Device, route: &'a Route, said: &'a mut u64) -> Self {
        Self {
            life,
            device,
            route,
            online: false,
            heartbeat: None,
            report: None,
            say: None,
            said,
            answers: VecDeque::new(),
        }
    }

    /// Works until the connection ends; whether it was online.
    async fn work(&mut self, stop: &CancellationToken, watch: &mut impl FnMut(Happening)) -> bool {
        loop {
            let due = self.next_due().map(|due| due.saturating_sub(self.now()));
            tokio::select! {
                () = stop.cancelled() => {
                    // A goodbye that does not get through changes nothing.
                    drop(tokio::time::timeout(GOODBYE, self.device.logout()).await);
                    watch(Happening::Event(DeviceEvent::Closed(Closed::ByDevice)));
                    return self.online;
                }
                event = self.device.next() => {
                    let ended = matches!(event, DeviceEvent::Closed(_));
                    let refused = matches!(event, DeviceEvent::Refused(_));
                    watch(Happening::Event(event.clone()));
                    self.happened(&event, watch).await;
                    if refused && !self.online {
                        // Some platforms would let it wait; a device tries again.
                        watch(Happening::Event(DeviceEvent::Closed(Closed::ByDevice)));
                        return false;
                    }
                    if ended {
                        return self.online;
                    }
                }
                () = sleep(due) => self.act(watch).await,
            }
        }
    }

    fn now(&self) -> Duration {
        self.life.clock.now().monotonic
    }

    fn next_due(&self) -> Option<Duration> {
        let answer = self.answers.front().map(|(due, _)| *due);
        [self.heartbeat, self.report, self.say, answer].into_iter().flatten().min()
    }

    async fn happened(&mut self, event: &DeviceEvent, watch: &mut impl FnMut(Happening)) {
        match event {
            DeviceEvent::Online if !self.online => {
                self.online = true;
                let (now, behaviour) = (self.now(), &self.life.behaviour);
                self.heartbeat = behaviour.heartbeat.map(|every| now + every);
                self.report = behaviour.report.map(|_| now);
                self.say = behaviour.say.as_ref().map(|_| now);
            }
            DeviceEvent::Text(text) => self.text(text, watch).await,
            _ => {}
        }
    }

    async fn text(&mut self, text: &Text, watch: &mut impl FnMut(Happening)) {
        let confirm = self.life.behaviour.confirm;
        if confirm.delay.is_zero() {
            self.answer(text.token, watch).await;
        } else {
            self.answers.push_back((self.now() + confirm.delay, text.token));
        }
    }

    async fn answer(&mut self, token: u64, watch: &mut impl FnMut(Happening)) {
        if self.life.behaviour.mute {
            watch(Happening::Ignored(token));
            return self.reply(watch).await;
        }
        let confirm = self.life.behaviour.confirm;
        let luck = self.life.random.unit();
        if luck < confirm.lose {
            return watch(Happening::Ignored(token));
        }
        if luck < confirm.lose + confirm.refuse {
            self.device.answer(token, Outcome::Refuse).await;
            return watch(Happening::RefusedText(token));
        }
        let copies = if self.life.random.chance(confirm.duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            self.device.answer(token, Outcome::Confirm).await;
            watch(Happening::Confirmed(token));
        }
        self.reply(watch).await;
    }

    /// What the driver answers to a text.
    async fn reply(&mut self, watch: &mut impl FnMut(Happening)) {
        if let Some(answer) = self.life.behaviour.answer.clone() {
            self.device.say(&answer).await;
            watch(Happening::Said(answer));
        }
    }

    /// Does whatever is due.
    async fn act(&mut self, watch: &mut impl FnMut(Happening)) {
        let now = self.life.clock.now();
        let behaviour = Arc::clone(&self.life.behaviour);
        let is_due = |due: Option<Duration>| due.is_some_and(|due| due <= now.monotonic);
        while self.answers.front().is_some_and(|(due, _)| *due <= now.monotonic) {
            if let Some((_, token)) = self.answers.pop_front() {
                self.answer(token, watch).await;
            }
        }
        if is_due(self.heartbeat) {
            self.heartbeat = behaviour.heartbeat.map(|every| now.monotonic + every);
            self.device.heartbeat().await;
            watch(Happening::Heartbeat);
        }
        if is_due(self.report) {
            self.report = behaviour.report.map(|every| now.monotonic + every);
            let report = self.route.report(now.monotonic, now);
            self.device.report(&report).await;
            watch(Happening::Reported);
        }
        if is_due(self.say) {
            self.say = behaviour.say_every.map(|every| now.monotonic + every);
            self.speak(behaviour.say.as_deref().unwrap_or_default(), watch).await;
        }
    }

    /// Repeated words are numbered: two messages with the same words could be taken for one that was sent twice.
    async fn speak(&mut self, words: &str, watch: &mut impl FnMut(Happening)) {
        *self.said += 1;
        let text = match *self.said {
            1 => words.to_owned(),
            count => format!("{words} ({count})"),
        };
        self.device.say(&text).await;
        watch(Happening::Said(text));
    }
}

async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

impl Happening {
    /// One line for the reader.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Connected => "connected".to_owned(),
            Self::Unreachable(error) => format!("cannot connect: {error}"),
            Self::Event(event) => describe_event(event),
            Self::Heartbeat => "heartbeat sent".to_owned(),
            Self::Reported => "position sent".to_owned(),
            Self::Said(text) => format!("driver says {text:?}"),
            Self::Confirmed(_) => "text confirmed".to_owned(),
            Self::RefusedText(_) => "text refused".to_owned(),
            Self::Ignored(_) => "text left without an answer".to_owned(),
            Self::Waits(pause) => format!("connects again in {:.1} s", pause.as_secs_f64()),
        }
    }
}

fn describe_event(event: &DeviceEvent) -> String {
    let kind = |uplink: &Uplink| match uplink {
        Uplink::Heartbeat => "the heartbeat",
        Uplink::Report => "the position",
        Uplink::Text => "the driver's text",
        Uplink::Other => "what was sent",
    };
    match event {
        DeviceEvent::Online => "online: the platform accepted the login".to_owned(),
        DeviceEvent::Refused(reason) => format!("refused by the platform: {reason}"),
        DeviceEvent::Text(text) => format!("text shown: {:?}", text.text),
        DeviceEvent::Acked(uplink) => format!("the platform has {}", kind(uplink)),
        DeviceEvent::Nacked(uplink) => format!("the platform could not take {}", kind(uplink)),
        DeviceEvent::Garbled(reason) => format!("the platform sent no frame: {reason}"),
        DeviceEvent::Closed(closed) => closed.to_string(),
    }
}
