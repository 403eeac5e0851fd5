//! A device against a platform made of the protocol's own session, over real TCP.

use std::sync::Arc;
use std::time::Duration;

use protocols::{
    Admission, Content, DeliveryStage, DeliveryToken, DeviceOptions, Downlink, Effect, Effects,
    Event, Frame, Limits, Outcome, Profile, Protocol, SecretCheck, TerminalSettings, Uplink,
    registry,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::{Clock, SystemClock};

/// What the platform noticed.
#[derive(Debug, PartialEq, Eq)]
enum Noticed {
    Online,
    Said(String),
    Confirmed,
    Refused,
    Reported,
}

/// The code that the platform issues.
const CODE: &str = "CODE22222222";

const PATIENCE: Duration = Duration::from_secs(20);

/// Serves one connection: admits every device, sends `text` once it is online, reports what it noticed.
async fn platform(
    protocol: &'static dyn Protocol,
    mut stream: TcpStream,
    mut text: Option<&str>,
    noticed: mpsc::Sender<Noticed>,
) {
    let mut online = None;
    let clock = SystemClock::new();
    let mut framer = protocol.framer(&Limits::default());
    let mut session = protocol.session(&Limits::default());
    let (mut input, mut scratch, mut fx) = (Vec::new(), Vec::new(), Effects::new());
    loop {
        let mut chunk = [0; 4096];
        let Ok(read @ 1..) = stream.read(&mut chunk).await else { return };
        input.extend_from_slice(&chunk[..read]);
        let mut at = 0;
        while let Ok(cut) = framer.cut(&input[at..], &mut scratch) {
            if cut.consumed == 0 {
                break;
            }
            if let Some(Frame::Valid(frame)) = cut.frame {
                let _ = session.handle_frame(frame, clock.now(), &mut fx).is_ok();
            }
            at += cut.consumed;
            loop {
                let effects: Vec<_> = fx.drain().collect();
                if effects.is_empty() {
                    let open = online.filter(|lane| session.window(*lane) > 0);
                    let Some((lane, text)) = open.and_then(|lane| Some((lane, text.take()?)))
                    else {
                        break;
                    };
                    session.handle_downlink(lane, downlink(text), clock.now(), &mut fx);
                }
                for effect in effects {
                    match effect {
                        Effect::Transmit(bytes) => stream.write_all(&bytes).await.unwrap(),
                        Effect::Authenticate { lane, credentials } => {
                            let secret = match credentials.secret.as_deref() {
                                Some(CODE) => SecretCheck::Matches,
                                Some(_) => SecretCheck::NoneConfigured,
                                None => SecretCheck::NoneNeeded,
                            };
                            let options = DeviceOptions::defaults(protocol.info().options);
                            let admission = Admission::Known(Profile {
                                options: Arc::new(options),
                                secret,
                                issued_code: CODE.to_owned(),
                            });
                            session.handle_admission(lane, admission, clock.now(), &mut fx);
                        }
                        Effect::Online { lane } => {
                            noticed.send(Noticed::Online).await.unwrap();
                            online = Some(lane);
                        }
                        Effect::Record { events, ack, .. } => {
                            stream.write_all(&ack).await.unwrap();
                            for event in events {
                                match event {
                                    Event::Message(said) => {
                                        noticed.send(Noticed::Said(said.text)).await.unwrap();
                                    }
                                    Event::Report(report) => {
                                        assert!(report.fix.unwrap().on_globe());
                                        noticed.send(Noticed::Reported).await.unwrap();
                                    }
                                    _ => {}
                                }
                            }
                        }
                        Effect::Delivery { stage: DeliveryStage::Confirmed(_), .. } => {
                            noticed.send(Noticed::Confirmed).await.unwrap();
                        }
                        Effect::Delivery { stage: DeliveryStage::Refused { .. }, .. } => {
                            noticed.send(Noticed::Refused).await.unwrap();
                        }
                        Effect::Close(_) => return,
                        _ => {}
                    }
                }
            }
        }
        input.drain(..at);
    }
}

fn downlink(text: &str) -> Downlink {
    Downlink {
        token: DeliveryToken(1),
        serial: 7,
        repeat: false,
        content: Content::Text { text: text.to_owned(), part: 1, parts: 1 },
    }
}

fn settings() -> TerminalSettings {
    TerminalSettings { identity: "013800138000".to_owned(), secret: None, dialect: None }
}

/// A platform for one connection, and what it notices.
async fn start(
    protocol: &'static dyn Protocol,
    text: Option<&'static str>,
) -> (std::net::SocketAddr, mpsc::Receiver<Noticed>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (send, noticed) = mpsc::channel(100);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            platform(protocol, stream, text, send.clone()).await;
        }
    });
    (address, noticed)
}

async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what).await.expect("nothing happened")
}

#[tokio::test]
async fn a_device_moved_by_hand_talks_in_every_protocol() {
    for protocol in registry::ALL {
        let (server, mut noticed) = start(*protocol, Some("turn left")).await;
        let clock: Arc<dyn Clock> = SystemClock::new();
        let connecting = Device::connect(*protocol, server, settings(), Arc::clone(&clock));
        let mut device = soon(connecting).await.unwrap();
        soon(device.login()).await.unwrap();
        assert_eq!(soon(noticed.recv()).await, Some(Noticed::Online));

        let text = soon(device.expect_text()).await.unwrap();
        assert_eq!(text.text, "turn left");
        device.answer(text.token, Outcome::Confirm).await;
        assert_eq!(soon(noticed.recv()).await, Some(Noticed::Confirmed));

        device.say("on my way").await;
        assert_eq!(soon(noticed.recv()).await, Some(Noticed::Said("on my way".to_owned())));
        assert_eq!(soon(device.expect_ack(Uplink::Text)).await, Ok(true));

        let report = Route::new(&mut Random::new(1, 1)).report(Duration::ZERO, clock.now());
        device.report(&report).await;
        assert_eq!(soon(noticed.recv()).await, Some(Noticed::Reported));
        assert_eq!(soon(device.expect_ack(Uplink::Report)).await, Ok(true));

        device.logout().await;
        assert_eq!(soon(device.expect_close()).await, Closed::ByDevice);
    }
}

#[tokio::test]
async fn a_text_may_be_refused() {
    for protocol in registry::ALL {
        let (server, mut noticed) = start(*protocol, Some("turn left")).await;
        let mut device =
            soon(Device::connect(*protocol, server, settings(), SystemClock::new())).await.unwrap();
        let text = soon(device.expect_text()).await.unwrap();
        device.answer(text.token, Outcome::Refuse).await;
        assert_eq!(soon(noticed.recv()).await, Some(Noticed::Online));
        assert_eq!(soon(noticed.recv()).await, Some(Noticed::Refused));
    }
}

fn life(
    protocol: &'static dyn Protocol,
    server: std::net::SocketAddr,
    behaviour: Behaviour,
) -> Life {
    Life {
        protocol,
        server,
        settings: settings(),
        behaviour: Arc::new(behaviour),
        random: Random::new(1, 1),
        clock: SystemClock::new(),
    }
}

#[tokio::test]
async fn a_living_device_confirms_answers_and_reports_by_itself() {
    for protocol in registry::ALL {
        let (server, mut noticed) = start(*protocol, Some("where are you")).await;
        let behaviour = Behaviour {
            report: Some(Duration::from_secs(3600)),
            answer: Some("at the gate".to_owned()),
            ..Behaviour::default()
        };
        let stop = CancellationToken::new();
        let living = tokio::spawn(run(life(*protocol, server, behaviour), stop.clone(), |_| {}));
        let mut all = Vec::new();
        while all.len() < 4 {
            all.push(soon(noticed.recv()).await.unwrap());
        }
        for expected in [
            Noticed::Online,
            Noticed::Confirmed,
            Noticed::Reported,
            Noticed::Said("at the gate".to_owned()),
        ] {
            assert!(all.contains(&expected), "{all:?}");
        }
        stop.cancel();
        soon(living).await.unwrap();
    }
}

#[tokio::test]
async fn a_lost_confirmation_is_never_sent_and_counted() {
    let protocol = registry::ALL[0];
    let (server, _noticed) = start(protocol, Some("turn left")).await;
    let behaviour = Behaviour { confirm: "lose=100%".parse().unwrap(), ..Behaviour::default() };
    let fleet = Fleet::default();
    let (send, mut happenings) = mpsc::channel(100);
    fleet.start(life(protocol, server, behaviour), move |happening| {
        send.try_send(happening.clone()).unwrap();
    });
    loop {
        match soon(happenings.recv()).await.unwrap() {
            Happening::Ignored(_) => break,
            Happening::Confirmed(_) | Happening::RefusedText(_) => panic!("answered"),
            _ => {}
        }
    }
    fleet.stop().await;
    let line = fleet.counts().line(1);
    assert!(line.starts_with("online 0/1 · texts 1 confirmed 0 refused 0 ignored 1"), "{line}");
}

#[tokio::test]
async fn a_device_that_cannot_connect_tries_again_until_it_is_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    drop(listener);
    let fleet = Fleet::default();
    let (send, mut happenings) = mpsc::channel(100);
    fleet.start(life(registry::ALL[0], server, Behaviour::default()), move |happening| {
        send.try_send(happening.clone()).unwrap();
    });
    assert!(matches!(soon(happenings.recv()).await, Some(Happening::Unreachable(_))));
    assert!(matches!(soon(happenings.recv()).await, Some(Happening::Waits(_))));
    soon(fleet.stop()).await;
}

#[tokio::test]
async fn a_cut_connection_is_seen_by_the_platform_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let connecting = Device::connect(registry::ALL[0], server, settings(), SystemClock::new());
    let (device, accepted) = tokio::join!(connecting, listener.accept());
    let (device, mut stream) = (device.unwrap(), accepted.unwrap().0);
    device.cut();
    let mut rest = Vec::new();
    let error = soon(stream.read_to_end(&mut rest)).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}
