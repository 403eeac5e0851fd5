//! What holds for every protocol that carries a Garmin navigator: with its profile `garmin`, texts go through the navigator
//! and come back from it, and the carrier's own answers confirm nothing.

use std::time::Duration;

use kit::host::Happening;
use kit::pair::Pair;
use protocols::{
    Content, DeliveryStage, DeliveryToken, DeviceProfile, Downlink, Effect, Event, Evidence, Lane,
    Outcome, Protocol, Receipt, TerminalEffect, TerminalInput, registry,
};

/// Protocols that must be here.
const CARRIERS: &[&str] = &["jt808", "teltonika", "galileosky", "queclink", "taip"];

fn carriers() -> impl Iterator<Item = (&'static dyn Protocol, &'static DeviceProfile)> {
    registry::ALL
        .iter()
        .copied()
        .filter_map(|protocol| protocol.info().profile("garmin").map(|profile| (protocol, profile)))
}

/// A terminal that is online, with a navigator that is enabled.
fn online(protocol: &'static dyn Protocol, profile: &DeviceProfile) -> Pair {
    let info = protocol.info();
    let mut pair = Pair::new(protocol, info.example_identity, None).with_profile(profile);
    pair.device(TerminalInput::Connected).unwrap();
    settle(&mut pair, 10);
    assert_eq!(pair.host.window(Lane(0)), 1, "{}: {:?}", info.name, pair.platform);
    sound(&pair, info.name);
    pair.device.clear();
    pair.platform.clear();
    pair
}

/// Some packets keep a distance from the last one.
fn settle(pair: &mut Pair, seconds: u32) {
    for _ in 0..seconds {
        pair.host.advance(Duration::from_secs(1));
        // What was written meanwhile arrives.
        pair.device(TerminalInput::Timeout).unwrap();
    }
}

fn sound(pair: &Pair, name: &str) {
    let bad = |happening: &&Happening| {
        matches!(happening, Happening::Rejected(..) | Happening::Broken(_) | Happening::Error(_))
            || matches!(happening, Happening::Effect(Effect::Close(_)))
    };
    assert_eq!(pair.platform.iter().find(bad), None, "{name}");
    assert_eq!(pair.host.violations, Vec::<String>::new(), "{name}");
}

fn stages(pair: &Pair) -> Vec<DeliveryStage> {
    let stage = |effect: &Effect| match effect {
        Effect::Delivery { receipt: Receipt::Token(_), stage, .. } => Some(*stage),
        _ => None,
    };
    pair.effects().filter_map(stage).collect()
}

/// The driver's texts that were stored.
fn messages(pair: &Pair) -> Vec<String> {
    let events = pair.effects().filter_map(|effect| match effect {
        Effect::Record { events, .. } => Some(events),
        _ => None,
    });
    let text = |event: &Event| match event {
        Event::Message(message) => Some(message.text.clone()),
        _ => None,
    };
    events.flatten().filter_map(text).collect()
}

#[test]
fn the_carriers_are_all_here() {
    let names: Vec<_> = carriers().map(|(protocol, _)| protocol.info().name).collect();
    assert_eq!(names, CARRIERS);
}

#[test]
fn texts_go_through_the_navigator_and_its_receipt_confirms_them() {
    for (protocol, profile) in carriers() {
        let name = protocol.info().name;
        let mut pair = online(protocol, profile);
        for (number, text) in
            (1_u32..).zip(["Gate 4", "Ворота 4, 世界", &"Bay 14 closed. ".repeat(13)])
        {
            pair.text(number.into(), number, text).unwrap();
            settle(&mut pair, 2);
            let [TerminalEffect::Text { token, text: shown }] = &pair.device[..] else {
                panic!("{name}: {:?}", pair.device);
            };
            assert_eq!(shown, text, "{name}");
            let token = *token;
            assert_eq!(stages(&pair), [DeliveryStage::Transmitted], "{name}");
            pair.device(TerminalInput::Answer { token, outcome: Outcome::Confirm }).unwrap();
            settle(&mut pair, 2);
            let confirmed = DeliveryStage::Confirmed(Evidence::Accepted);
            assert_eq!(stages(&pair), [DeliveryStage::Transmitted, confirmed], "{name}");
            sound(&pair, name);
            pair.device.clear();
            pair.platform.clear();
        }
    }
}

#[test]
fn a_refused_text_is_refused() {
    for (protocol, profile) in carriers() {
        let name = protocol.info().name;
        let mut pair = online(protocol, profile);
        pair.text(1, 1, "Gate 4").unwrap();
        settle(&mut pair, 2);
        let [TerminalEffect::Text { token, .. }] = pair.device[..] else {
            panic!("{name}: {:?}", pair.device);
        };
        pair.device(TerminalInput::Answer { token, outcome: Outcome::Refuse }).unwrap();
        settle(&mut pair, 2);
        assert!(matches!(stages(&pair).last(), Some(DeliveryStage::Refused { .. })), "{name}");
    }
}

#[test]
fn drivers_texts_come_from_the_navigator() {
    for (protocol, profile) in carriers() {
        let name = protocol.info().name;
        let mut pair = online(protocol, profile);
        for said in ["ok", "收到; 12345678 #4"] {
            pair.device(TerminalInput::Say(said)).unwrap();
            settle(&mut pair, 2);
            assert_eq!(messages(&pair), [said], "{name}");
            sound(&pair, name);
            pair.device.clear();
            pair.platform.clear();
        }
    }
}

#[test]
fn a_question_is_answered_by_the_drivers_choice() {
    for (protocol, profile) in carriers() {
        let name = protocol.info().name;
        let mut pair = online(protocol, profile);
        let answers = vec![(1, "On my way".to_owned()), (2, "Loading".to_owned())];
        let content = Content::Question { text: "Where?".to_owned(), answers };
        let token = DeliveryToken(1);
        let downlink = Downlink { token, serial: 1, repeat: false, content };
        pair.host.send(Lane(0), downlink).unwrap();
        settle(&mut pair, 5);
        let [TerminalEffect::Text { token, .. }] = pair.device[..] else {
            panic!("{name}: {:?}", pair.device);
        };
        pair.device(TerminalInput::Answer { token, outcome: Outcome::Confirm }).unwrap();
        pair.device(TerminalInput::Say("Loading")).unwrap();
        assert_eq!(messages(&pair), ["Loading"], "{name}");
        assert_eq!(stages(&pair).last(), Some(&DeliveryStage::Read), "{name}");
    }
}

#[test]
fn a_navigator_that_says_nothing_delivers_nothing() {
    for (protocol, profile) in carriers() {
        let name = protocol.info().name;
        let mut pair = online(protocol, profile);
        pair.text(1, 1, "Gate 4").unwrap();
        pair.host.advance(Duration::from_secs(1000));
        let delivered = |stage: &DeliveryStage| {
            matches!(stage, DeliveryStage::Confirmed(_) | DeliveryStage::Read)
        };
        assert!(!stages(&pair).iter().any(delivered), "{name}");
    }
}
