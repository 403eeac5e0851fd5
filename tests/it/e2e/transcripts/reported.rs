//! What a device reported in a transcript, and what must be in the store because of it.

use std::collections::VecDeque;

use jiff::Timestamp;
use protocols::{DriverMessage, Event, RepeatKey};

/// What was reported so far.
#[derive(Debug, Default)]
pub struct Reported {
    connection: u32,
    /// Records whose commit is not decided yet.
    undecided: VecDeque<Vec<Event>>,
    seen: Vec<(RepeatKey, String, u32)>,
    texts: Vec<String>,
    position: Option<(Timestamp, f64, f64)>,
}

impl Reported {
    pub fn new_connection(&mut self) {
        self.connection += 1;
    }

    /// A session recorded this; with `undecided`, [`Reported::decided`] tells whether it was stored.
    pub fn record(&mut self, events: &[Event], undecided: bool) {
        if events.is_empty() {
            return;
        }
        if undecided {
            self.undecided.push_back(events.to_vec());
        } else {
            self.stored(events);
        }
    }

    pub fn decided(&mut self, stored: bool) {
        let events = self.undecided.pop_front().expect("a record that waits");
        if stored {
            self.stored(&events);
        }
    }

    /// The texts that must be listed, in order.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Latitude and longitude of the newest position.
    pub fn position(&self) -> Option<(f64, f64)> {
        self.position.map(|(_, latitude, longitude)| (latitude, longitude))
    }

    fn stored(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::Message(message) => self.message(message),
                Event::Report(report) => {
                    let fix = report.fix.filter(protocols::Fix::on_globe);
                    if let (Some(time), Some(fix)) = (report.time, fix)
                        && self.position.is_none_or(|(newest, ..)| newest <= time)
                    {
                        self.position = Some((time, fix.latitude, fix.longitude));
                    }
                }
                _ => {}
            }
        }
    }

    /// A repeat is listed once: the same number, or without numbers the same words over another connection.
    fn message(&mut self, message: &DriverMessage) {
        let repeated = self.seen.iter().any(|(key, text, connection)| {
            let other_connection = *connection != self.connection;
            *text == message.text
                && *key == message.repeat
                && (other_connection || matches!(key, RepeatKey::Numbered { .. }))
        });
        if !repeated {
            self.texts.push(message.text.clone());
        }
        self.seen.push((message.repeat.clone(), message.text.clone(), self.connection));
    }
}
