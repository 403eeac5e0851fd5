//! The simulated unit against the session, packet by packet.

use std::sync::Arc;
use std::time::Duration;

use crate::effect::{DeliveryStage, Effect, Effects, Evidence};
use crate::egts::options::OPTIONS;
use crate::egts::session::EgtsSession;
use crate::egts::terminal::EgtsTerminal;
use crate::event::{Event, Fix, Report, Value};
use crate::framing::Limits;
use crate::options::DeviceOptions;
use crate::session::{Admission, Content, Downlink, Lane, Now, Profile, SecretCheck, Session};
use crate::terminal::{Outcome, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink};

/// Both ends, without a network between them. The store takes everything at once, unless it is out of order.
struct Both {
    session: EgtsSession,
    terminal: EgtsTerminal,
    now: Now,
    options: Vec<(&'static str, &'static str)>,
    password: Option<&'static str>,
    stores: bool,
    identities: Vec<String>,
    platform: Vec<Effect>,
    device: Vec<TerminalEffect>,
}

impl Both {
    fn new(identity: &str, secret: Option<&str>, dialect: Option<&str>) -> Self {
        let settings = TerminalSettings {
            identity: identity.to_owned(),
            secret: secret.map(str::to_owned),
            dialect: dialect.map(str::to_owned),
        };
        let wall = "2025-10-06T08:20:00Z".parse().unwrap();
        Self {
            session: EgtsSession::new(&Limits::default()),
            terminal: EgtsTerminal::new(settings),
            now: Now { monotonic: Duration::ZERO, wall },
            options: Vec::new(),
            password: None,
            stores: true,
            identities: Vec::new(),
            platform: Vec::new(),
            device: Vec::new(),
        }
    }

    fn input(&mut self, input: TerminalInput<'_>) {
        self.device.clear();
        self.platform.clear();
        let mut fx = Vec::new();
        self.terminal.handle(input, self.now, &mut fx);
        self.write_up(fx);
    }

    fn write_up(&mut self, effects: Vec<TerminalEffect>) {
        for effect in effects {
            match effect {
                TerminalEffect::Transmit(packet) => {
                    let mut fx = Effects::new();
                    self.session.handle_frame(&packet, self.now, &mut fx).unwrap();
                    self.carry_out(fx);
                }
                other => self.device.push(other),
            }
        }
    }

    fn carry_out(&mut self, mut effects: Effects) {
        for effect in effects.drain() {
            match effect {
                Effect::Transmit(bytes) => self.write_down(&bytes),
                Effect::Record { ref ack, ref nack, .. } => {
                    let answer = if self.stores { ack.clone() } else { nack.clone() };
                    self.platform.push(effect);
                    self.write_down(&answer);
                }
                Effect::Authenticate { lane, credentials } => {
                    self.identities.push(credentials.identity);
                    let secret = match (self.password, credentials.secret.as_deref()) {
                        (Some(password), Some(secret)) if password == secret => {
                            SecretCheck::Matches
                        }
                        (Some(_), _) => SecretCheck::Differs,
                        (None, _) => SecretCheck::NoneNeeded,
                    };
                    let options = DeviceOptions::parse(OPTIONS, self.options.clone()).unwrap();
                    let (options, issued_code) = (Arc::new(options), String::new());
                    let profile = Profile { options, secret, issued_code };
                    let mut fx = Effects::new();
                    let known = Admission::Known(profile);
                    self.session.handle_admission(lane, known, self.now, &mut fx);
                    self.carry_out(fx);
                }
                other => self.platform.push(other),
            }
        }
    }

    fn write_down(&mut self, bytes: &[u8]) {
        for packet in super::cut_in(bytes, &[usize::MAX]).unwrap() {
            let mut fx = Vec::new();
            self.terminal.handle(TerminalInput::Frame(&packet.unwrap()), self.now, &mut fx);
            self.write_up(fx);
        }
    }

    fn text(&mut self, serial: u32, text: &str) -> u64 {
        self.device.clear();
        self.platform.clear();
        assert_eq!(self.session.window(Lane(0)), 1);
        let content = Content::Text { text: text.to_owned(), part: 1, parts: 1 };
        let token = crate::effect::DeliveryToken(serial.into());
        let mut fx = Effects::new();
        let downlink = Downlink { token, serial, repeat: false, content };
        self.session.handle_downlink(Lane(0), downlink, self.now, &mut fx);
        self.carry_out(fx);
        match &self.device[..] {
            [TerminalEffect::Text { token, text: shown }] if shown == text => *token,
            other => panic!("{other:?}"),
        }
    }

    fn confirmed(&mut self, token: u64) -> Option<Evidence> {
        self.input(TerminalInput::Answer { token, outcome: Outcome::Confirm });
        self.platform.iter().find_map(|effect| match effect {
            Effect::Delivery { stage: DeliveryStage::Confirmed(evidence), .. } => Some(*evidence),
            _ => None,
        })
    }
}

#[test]
fn every_dialect_logs_in_under_its_identity() {
    for (dialect, identity) in
        [(None, "866104029690008"), (Some("tid"), "4711"), (Some("oid"), "38130637")]
    {
        let mut both = Both::new(identity, None, dialect);
        both.input(TerminalInput::Connected);
        assert_eq!(both.identities, [identity]);
        assert_eq!(both.device, [TerminalEffect::Online], "{identity}");
        let token = both.text(7, "Привет 4");
        assert_eq!(both.confirmed(token), Some(Evidence::Displayed), "{identity}");
        both.input(TerminalInput::Heartbeat);
        assert_eq!(both.device, [TerminalEffect::Acked(Uplink::Heartbeat)]);
    }
}

#[test]
fn a_password_is_given_when_it_is_asked_for() {
    let mut both = Both::new("866104029690008", Some("s3cret"), None);
    both.password = Some("s3cret");
    both.input(TerminalInput::Connected);
    assert_eq!((both.identities.len(), &both.device[..]), (2, &[TerminalEffect::Online][..]));
    for secret in [None, Some("guess")] {
        let mut both = Both::new("866104029690008", secret, None);
        both.password = Some("s3cret");
        both.input(TerminalInput::Connected);
        let refused = TerminalEffect::Refused("151 AUTH_DENIED".to_owned());
        assert_eq!(both.device, [refused, TerminalEffect::Close], "{secret:?}");
        assert!(matches!(both.platform.last(), Some(Effect::Close(_))), "{:?}", both.platform);
    }
}

#[test]
fn texts_travel_under_every_profile() {
    for profile in crate::egts::options::PROFILES {
        let mut both = Both::new("866104029690008", None, None);
        both.options = profile.options.to_vec();
        both.input(TerminalInput::Connected);
        match profile.name {
            "no_display" => assert_eq!(both.session.window(Lane(0)), 0),
            "prefixed" => {}
            "record_answer" => {
                both.text(7, "Привет 4");
                let confirmed = DeliveryStage::Confirmed(Evidence::Accepted);
                let is = |effect: &Effect| matches!(effect, Effect::Delivery { stage, .. } if *stage == confirmed);
                assert!(both.platform.iter().any(is), "{:?}", both.platform);
            }
            name => {
                let token = both.text(7, "Привет 4");
                assert_eq!(both.confirmed(token), profile.delivered.proves, "{name}");
            }
        }
    }
}

#[test]
fn what_cannot_be_stored_is_known_to_the_unit() {
    let mut both = Both::new("866104029690008", None, None);
    both.input(TerminalInput::Connected);
    both.stores = false;
    both.input(TerminalInput::Say("ok"));
    assert_eq!(both.device, [TerminalEffect::Nacked(Uplink::Text)]);
    both.stores = true;
    both.input(TerminalInput::Say("ok"));
    assert_eq!(both.device, [TerminalEffect::Acked(Uplink::Text)]);
}

#[test]
fn a_report_comes_back() {
    let mut both = Both::new("866104029690008", None, None);
    both.input(TerminalInput::Connected);
    let fix = Fix {
        valid: true,
        latitude: -33.9,
        longitude: -151.2,
        altitude: Some(-12.0),
        speed: Some(88.5),
        course: Some(300.0),
        satellites: None,
    };
    let attributes = vec![
        ("moving".into(), Value::Bool(true)),
        ("odometer_km".into(), Value::Float(1234.5)),
        ("inputs".into(), Value::Int(5)),
        ("event_code".into(), Value::Int(2)),
    ];
    let time = Some("2025-10-06T08:19:59Z".parse().unwrap());
    let sent = Report { time, fix: Some(fix), archived: true, attributes };
    both.input(TerminalInput::Report(&sent));
    assert_eq!(both.device, [TerminalEffect::Acked(Uplink::Report)]);
    let [Effect::Record { events, .. }] = &both.platform[..] else { panic!("{:?}", both.platform) };
    let [Event::Report(found)] = &events[..] else { panic!("{events:?}") };
    let there = found.fix.unwrap();
    assert!((there.latitude + 33.9).abs() < 1e-6 && (there.longitude + 151.2).abs() < 1e-6);
    let exact = Fix { latitude: -33.9, longitude: -151.2, ..there };
    assert_eq!(Report { fix: Some(exact), ..found.clone() }, sent);
}
