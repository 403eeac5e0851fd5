//! A simulated terminal and the session of the same protocol understand each other, with nothing in between that knows the
//! protocol.
//!
//! Some protocols have no answer to a sign of life or a position, no altitude, no way to refuse a text: what a protocol cannot
//! say is not asked of it, what it says must be right.

use kit::host::Happening;
use kit::pair::Pair;
use protocols::text::Charset;
use protocols::{
    DeliveryStage, DeliveryToken, Effect, Event, Fix, Outcome, Protocol, Receipt, Report,
    TerminalEffect, TerminalInput, Uplink, registry,
};
use std::time::Duration;

/// A terminal that is online, with the first profile that has a display, if there is one.
fn online(protocol: &'static dyn Protocol) -> Pair {
    let info = protocol.info();
    let chat = info.profiles.iter().find(|profile| profile.has_chat(protocol));
    let profile = chat.unwrap_or(&info.profiles[0]);
    let mut pair = Pair::new(protocol, info.example_identity, None).with_profile(profile);
    pair.device(TerminalInput::Connected).unwrap();
    assert_eq!(pair.device, [TerminalEffect::Online], "{}", info.name);
    let online = |effect: &Effect| matches!(effect, Effect::Online { .. });
    assert_eq!(pair.effects().filter(|effect| online(effect)).count(), 1, "{}", info.name);
    let asked = pair.effects().find_map(|effect| match effect {
        Effect::Authenticate { credentials, .. } => Some(credentials.identity.clone()),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some(info.example_identity), "{}", info.name);
    settle(&mut pair);
    pair
}

/// Some sessions let a terminal settle before they give it a text.
fn settle(pair: &mut Pair) {
    pair.host.advance(Duration::from_secs(5));
    pair.device.clear();
    pair.platform.clear();
}

fn events(pair: &Pair) -> Vec<Event> {
    let events = pair.effects().filter_map(|effect| match effect {
        Effect::Record { events, .. } => Some(events.clone()),
        _ => None,
    });
    events.flatten().collect()
}

/// The terminal's uplink was taken: acknowledged if the protocol does that, and never an error.
fn taken(pair: &Pair, kind: Uplink, name: &str) {
    let bad = |happening: &Happening| {
        let closed = matches!(happening, Happening::Effect(Effect::Close(_)));
        closed
            || matches!(happening, Happening::Rejected(..) | Happening::Broken(_))
            || matches!(happening, Happening::Error(_))
    };
    assert!(!pair.platform.iter().any(bad), "{name}: {:?}", pair.platform);
    let acknowledged = [TerminalEffect::Acked(kind)];
    assert!(pair.device.is_empty() || pair.device == acknowledged, "{name}: {:?}", pair.device);
}

#[test]
fn a_sign_of_life_is_understood() {
    for protocol in registry::ALL.iter().copied() {
        let mut pair = online(protocol);
        pair.device(TerminalInput::Heartbeat).unwrap();
        taken(&pair, Uplink::Heartbeat, protocol.info().name);
    }
}

#[test]
fn a_position_arrives_as_it_was() {
    for protocol in registry::ALL.iter().copied() {
        let mut pair = online(protocol);
        let here = Fix {
            valid: true,
            latitude: -55.743_375,
            longitude: 37.661_39,
            altitude: Some(145.0),
            speed: Some(60.0),
            course: Some(152.0),
            satellites: Some(14),
        };
        let sent = Report {
            time: Some("2025-10-06T08:15:30Z".parse().unwrap()),
            fix: Some(here),
            archived: false,
            attributes: Vec::new(),
        };
        pair.device(TerminalInput::Report(&sent)).unwrap();
        let name = protocol.info().name;
        taken(&pair, Uplink::Report, name);
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
        let there = found.fix.unwrap();
        assert!(there.valid, "{name}");
        // Five decimals of a degree are the coarsest that trackers write: a metre.
        assert!((there.latitude - here.latitude).abs() < 2e-5, "{name}: {there:?}");
        assert!((there.longitude - here.longitude).abs() < 2e-5, "{name}: {there:?}");
        // Knots, miles per hour and whole metres round; a protocol without the field says nothing.
        let near = |found: Option<f32>, sent: Option<f32>| {
            found.is_none_or(|found| sent.is_some_and(|sent| (found - sent).abs() <= 1.0))
        };
        assert!(near(there.speed, here.speed) && there.speed.is_some(), "{name}: {there:?}");
        assert!(near(there.course, here.course), "{name}: {there:?}");
        assert!(near(there.altitude, here.altitude), "{name}: {there:?}");
        assert!(there.satellites.is_none_or(|count| Some(count) == here.satellites), "{name}");
    }
}

#[test]
fn a_drivers_text_arrives_and_is_acknowledged() {
    for protocol in registry::ALL.iter().copied().filter(|protocol| protocol.info().uplink_text) {
        let mut pair = online(protocol);
        for said in ["ok", "收到; 12345678 #4"] {
            pair.device(TerminalInput::Say(said)).unwrap();
            let name = protocol.info().name;
            taken(&pair, Uplink::Text, name);
            let events = events(&pair);
            let [Event::Message(message)] = &events[..] else {
                panic!("{name}: {events:?}");
            };
            // Some formats have no place for every sign, and some devices know Latin letters only.
            let plain = |text: &str| text.replace('#', " ");
            let ascii = String::from_utf8(Charset::Ascii.encode(said).bytes).unwrap();
            let same = [plain(said), plain(&ascii)].contains(&plain(&message.text));
            assert!(same, "{name}: {}", message.text);
            pair.device.clear();
            pair.platform.clear();
        }
    }
}

/// Sends a text and lets the device answer it.
fn answered(pair: &mut Pair, number: u32, outcome: Outcome, name: &str) {
    pair.text(u64::from(number), number, "Turn left at gate 4").unwrap();
    let [TerminalEffect::Text { token, text }] = &pair.device[..] else {
        panic!("{name}: {:?}", pair.device);
    };
    assert_eq!(text, "Turn left at gate 4", "{name}");
    let answer = TerminalInput::Answer { token: *token, outcome };
    let before = stages(pair, u64::from(number));
    assert!(matches!(before[..], [] | [DeliveryStage::Transmitted]), "{name}: {before:?}");
    pair.device(answer).unwrap();
}

#[test]
fn texts_to_the_driver_are_shown_and_confirmed() {
    for protocol in registry::ALL.iter().copied().filter(|protocol| protocol.info().downlink_text) {
        let mut pair = online(protocol);
        for number in 1..=3 {
            let name = protocol.info().name;
            answered(&mut pair, number, Outcome::Confirm, name);
            match stages(&pair, u64::from(number)).last() {
                Some(DeliveryStage::Confirmed(_)) => {}
                other => panic!("{name}: {other:?}"),
            }
            settle(&mut pair);
        }
    }
}

#[test]
fn a_text_that_is_refused_is_never_confirmed() {
    for protocol in registry::ALL.iter().copied().filter(|protocol| protocol.info().downlink_text) {
        let mut pair = online(protocol);
        let name = protocol.info().name;
        answered(&mut pair, 1, Outcome::Refuse, name);
        if stages(&pair, 1).len() < 2 {
            // Nothing in this protocol says no: silence does.
            pair.host.advance(Duration::from_secs(2 * 86_400));
            pair.device(TerminalInput::Timeout).unwrap();
        }
        match stages(&pair, 1).last() {
            Some(DeliveryStage::Refused { .. } | DeliveryStage::TimedOut) => {}
            other => panic!("{name}: {other:?}"),
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
