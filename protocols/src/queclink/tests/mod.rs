//! Tests of this protocol alone; the suites in `tests/it` run over it as over all others.

mod fixtures;
mod framing;
mod garmin;
mod known_answers;
mod roundtrip;
mod session;

use std::sync::Arc;
use std::time::Duration;

use super::options::OPTIONS;
use super::session::QueclinkSession;
use crate::effect::{Effect, Effects};
use crate::event::{Event, Report, Value};
use crate::framing::Limits;
use crate::options::DeviceOptions;
use crate::session::{Admission, Lane, Now, Profile, SecretCheck, Session};

/// Bytes from hexadecimal digits; blanks are ignored.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// A session, and what its first frame did after the admission.
struct Dialogue {
    session: QueclinkSession,
    now: Now,
    first: Vec<Effect>,
}

impl Dialogue {
    fn online(first: &[u8], options: &[(&str, &str)]) -> Self {
        let wall = "2025-10-06T08:20:00Z".parse().unwrap();
        let now = Now { monotonic: Duration::ZERO, wall };
        let session = QueclinkSession::new(&Limits::default());
        let mut dialogue = Self { session, now, first: Vec::new() };
        let asked = dialogue.frame(first);
        assert!(
            matches!(asked[..], [Effect::Authenticate { .. }]),
            "{}: {asked:?}",
            first.escape_ascii()
        );
        let options = DeviceOptions::parse(OPTIONS, options.iter().copied()).unwrap();
        let profile = Profile {
            options: Arc::new(options),
            secret: SecretCheck::NoneNeeded,
            issued_code: String::new(),
        };
        let mut fx = Effects::new();
        dialogue.session.handle_admission(Lane(0), Admission::Known(profile), now, &mut fx);
        dialogue.first = fx.drain().collect();
        assert!(matches!(dialogue.first[0], Effect::Online { .. }));
        dialogue
    }

    fn frame(&mut self, frame: &[u8]) -> Vec<Effect> {
        let mut fx = Effects::new();
        // What is wrong shows in the effects; that it is counted is checked where it matters.
        drop(self.session.handle_frame(frame, self.now, &mut fx));
        fx.drain().collect()
    }
}

/// The events of all records.
fn events(effects: &[Effect]) -> Vec<Event> {
    let of_record = |effect: &Effect| match effect {
        Effect::Record { events, .. } => events.clone(),
        _ => Vec::new(),
    };
    effects.iter().flat_map(of_record).collect()
}

fn reports(events: &[Event]) -> Vec<&Report> {
    let mut found = Vec::new();
    for event in events {
        if let Event::Report(report) = event {
            found.push(report);
        }
    }
    found
}

/// All values called `name`, of reports and of what the device says about itself.
fn values<'a>(events: &'a [Event], name: &'a str) -> Vec<&'a Value> {
    let lists = events.iter().filter_map(|event| match event {
        Event::Report(report) => Some(&report.attributes),
        Event::Info(attributes) => Some(attributes),
        _ => None,
    });
    lists.flatten().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
}
