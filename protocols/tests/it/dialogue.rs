//! A simulated terminal and the session of the same protocol understand each other, with nothing in between that knows the
//! protocol.

use kit::pair::Pair;
use protocols::{
    DeliveryStage, DeliveryToken, Effect, Event, Evidence, Fix, Outcome, Protocol, Receipt, Report,
    TerminalEffect, TerminalInput, Uplink, registry,
};
use std::time::Duration;

/// An identity that every protocol can carry: digits, no more than a phone number has.
const IDENTITY: &str = "13912345678";

fn online(protocol: &'static dyn Protocol) -> Pair {
    let mut pair = Pair::new(protocol, IDENTITY, None);
    pair.device(TerminalInput::Connected).unwrap();
    assert_eq!(pair.device, [TerminalEffect::Online], "{}", protocol.info().name);
    let online = |effect: &Effect| matches!(effect, Effect::Online { .. });
    assert_eq!(pair.effects().filter(|effect| online(effect)).count(), 1);
    let asked = pair.effects().find_map(|effect| match effect {
        Effect::Authenticate { credentials, .. } => Some(credentials.identity.clone()),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some(IDENTITY));
    // Some sessions let a terminal settle before they give it a text.
    pair.host.advance(Duration::from_secs(5));
    pair.device.clear();
    pair.platform.clear();
    pair
}

fn events(pair: &Pair) -> Vec<Event> {
    let events = pair.effects().filter_map(|effect| match effect {
        Effect::Record { events, .. } => Some(events.clone()),
        _ => None,
    });
    events.flatten().collect()
}

#[test]
fn a_sign_of_life_is_acknowledged() {
    for protocol in registry::ALL.iter().copied() {
        let mut pair = online(protocol);
        pair.device(TerminalInput::Heartbeat).unwrap();
        assert_eq!(pair.device, [TerminalEffect::Acked(Uplink::Heartbeat)]);
    }
}

#[test]
fn a_position_arrives_as_it_was() {
    for protocol in registry::ALL.iter().copied() {
        let mut pair = online(protocol);
        let sent = Report {
            time: Some("2025-10-06T08:15:30Z".parse().unwrap()),
            fix: Some(Fix {
                valid: true,
                latitude: -55.743_375,
                longitude: 37.661_39,
                altitude: Some(145.0),
                speed: Some(60.0),
                course: Some(152.0),
                satellites: Some(14),
            }),
            archived: false,
            attributes: Vec::new(),
        };
        pair.device(TerminalInput::Report(&sent)).unwrap();
        assert_eq!(pair.device, [TerminalEffect::Acked(Uplink::Report)]);
        let name = protocol.info().name;
        let reports: Vec<_> = events(&pair)
            .into_iter()
            .filter_map(|event| match event {
                Event::Report(report) => Some(report),
                _ => None,
            })
            .collect();
        let [found] = &reports[..] else {
            panic!("{name}: {reports:?}");
        };
        assert_eq!((found.time, found.archived), (sent.time, sent.archived), "{name}");
        let (there, here) = (found.fix.unwrap(), sent.fix.unwrap());
        assert!((there.latitude - here.latitude).abs() < 1e-5, "{name}: {there:?}");
        assert!((there.longitude - here.longitude).abs() < 1e-5, "{name}: {there:?}");
        assert_eq!((there.valid, there.speed), (here.valid, here.speed), "{name}");
        assert_eq!((there.altitude, there.course), (here.altitude, here.course), "{name}");
    }
}

#[test]
fn a_drivers_text_arrives_and_is_acknowledged() {
    for protocol in registry::ALL.iter().copied().filter(|protocol| protocol.info().uplink_text) {
        let mut pair = online(protocol);
        for said in ["ok", "收到; 12345678 #4"] {
            pair.device(TerminalInput::Say(said)).unwrap();
            let name = protocol.info().name;
            assert_eq!(pair.device, [TerminalEffect::Acked(Uplink::Text)], "{name}");
            let events = events(&pair);
            let [Event::Message(message)] = &events[..] else {
                panic!("{name}: {events:?}");
            };
            // Some formats have no place for every sign.
            assert_eq!(message.text.replace('#', " "), said.replace('#', " "), "{name}");
            pair.device.clear();
            pair.platform.clear();
        }
    }
}

#[test]
fn a_text_to_the_driver_is_shown_and_confirmed_or_refused() {
    for protocol in registry::ALL.iter().copied().filter(|protocol| protocol.info().downlink_text) {
        let mut pair = online(protocol);
        let name = protocol.info().name;
        for (number, outcome) in
            [(1, Outcome::Confirm), (2, Outcome::Refuse), (3, Outcome::Confirm)]
        {
            pair.text(u64::from(number), number, "Turn left at gate 4").unwrap();
            let [TerminalEffect::Text { token, text }] = &pair.device[..] else {
                panic!("{name}: {:?}", pair.device);
            };
            assert_eq!(text, "Turn left at gate 4", "{name}");
            let answer = TerminalInput::Answer { token: *token, outcome };
            let transmitted = stages(&pair, u64::from(number));
            assert_eq!(transmitted, [DeliveryStage::Transmitted], "{name}");
            pair.device(answer).unwrap();
            match (outcome, stages(&pair, u64::from(number)).last()) {
                (Outcome::Confirm, Some(DeliveryStage::Confirmed(evidence))) => {
                    assert_ne!(*evidence, Evidence::Inferred, "{name}");
                }
                (Outcome::Refuse, Some(DeliveryStage::Refused { .. })) => {}
                other => panic!("{name}: {other:?}"),
            }
            pair.device.clear();
            pair.host.advance(Duration::from_secs(5));
        }
    }
}

fn stages(pair: &Pair, token: u64) -> Vec<DeliveryStage> {
    let of_token = |effect: &Effect| match effect {
        Effect::Delivery { receipt: Receipt::Token(DeliveryToken(found)), stage, .. } => {
            (*found == token).then_some(*stage)
        }
        _ => None,
    };
    pair.effects().filter_map(of_token).collect()
}
