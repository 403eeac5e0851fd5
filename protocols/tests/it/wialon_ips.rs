//! What the simulated Wialon IPS terminal can do beyond what every terminal can.

use kit::pair::Pair;
use protocols::{
    Effect, Event, Outcome, Report, TerminalEffect, TerminalInput, Uplink, Value, registry,
};

fn online(dialect: &str) -> Pair {
    let protocol = registry::by_name("wialon_ips").unwrap();
    let mut pair = Pair::new(protocol, "353451048036030", Some(dialect));
    pair.device(TerminalInput::Connected).unwrap();
    assert_eq!(pair.device, [TerminalEffect::Online]);
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
fn reports_keep_their_attributes_in_either_dialect() {
    for dialect in ["1.1", "2.0"] {
        for archived in [false, true] {
            let mut pair = online(dialect);
            let report = Report {
                time: Some("2025-10-06T08:15:30Z".parse().unwrap()),
                fix: None,
                archived,
                attributes: vec![
                    ("hdop".into(), Value::Float(0.9)),
                    ("inputs".into(), Value::Int(5)),
                    ("outputs".into(), Value::Int(1)),
                    ("alarm".into(), Value::Text("sos".to_owned())),
                    ("fuel_sensor".into(), Value::Float(45.8)),
                    ("hardware".into(), Value::Text("V4.5".to_owned())),
                ],
            };
            pair.device(TerminalInput::Report(&report)).unwrap();
            assert_eq!(pair.device, [TerminalEffect::Acked(Uplink::Report)]);
            assert_eq!(events(&pair), [Event::Report(report)], "{dialect}");
        }
    }
}

#[test]
fn texts_go_both_ways_without_checksums() {
    let mut pair = online("1.1");
    pair.device(TerminalInput::Say("a;b")).unwrap();
    pair.text(1, 1, "c;d").unwrap();
    let [TerminalEffect::Acked(Uplink::Text), TerminalEffect::Text { token, text }] =
        &pair.device[..]
    else {
        panic!("{:?}", pair.device);
    };
    assert_eq!(text, "c;d");
    let answer = TerminalInput::Answer { token: *token, outcome: Outcome::Refuse };
    pair.device(answer).unwrap();
    assert!(matches!(&events(&pair)[..], [Event::Message(message)] if message.text == "a;b"));
}
