//! What the API promised and showed, kept outside the daemon, and compared with what it shows after a restart.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use cabwire::model::TrackerId;
use serde_json::{Value, json};

use super::super::child::Child;
use super::super::daemon::{call, eventually};
use super::cab::Cab;

/// Texts that one client sends while the daemon lives.
const SENDS: usize = 60;

pub struct Ledger {
    key: String,
    http: reqwest::Client,
    trackers: Vec<TrackerId>,
    /// Ids that were answered, with what was sent.
    promised: Vec<(i64, TrackerId, String)>,
    /// Those of them that were answered since the last check.
    fresh: Vec<i64>,
    /// Update times of the texts that were shown as DELIVERED.
    delivered: HashMap<i64, String>,
    /// Messages at the last check.
    messages: HashMap<TrackerId, Vec<Value>>,
    highest: i64,
}

impl Ledger {
    pub fn new(key: String, trackers: Vec<TrackerId>) -> Self {
        Self {
            key,
            http: reqwest::Client::new(),
            trackers,
            promised: Vec::new(),
            fresh: Vec::new(),
            delivered: HashMap::new(),
            messages: HashMap::new(),
            highest: 0,
        }
    }

    /// Two clients send and one looks on, until the daemon is gone.
    pub async fn work(&mut self, api: SocketAddr, round: u32) {
        let (one, two, seen) =
            tokio::join!(self.send(api, round, 1), self.send(api, round, 2), self.look_on(api));
        for (id, tracker, text) in one.into_iter().chain(two) {
            self.fresh.push(id);
            self.promised.push((id, tracker, text));
        }
        seen.iter().for_each(|message| self.note(message));
    }

    async fn send(
        &self,
        api: SocketAddr,
        round: u32,
        client: usize,
    ) -> Vec<(i64, TrackerId, String)> {
        let mut answered = Vec::new();
        for number in 0..SENDS {
            let tracker = self.trackers[(number + client) % self.trackers.len()];
            let text = format!("round {round} client {client} text {number}");
            let body = json!({ "tracker_id": tracker, "message": text });
            match call(&self.http, api, &self.key, "tracker/chat/send", body).await {
                Ok(answer) => answered.push((answer["id"].as_i64().unwrap(), tracker, text)),
                Err(_) => break,
            }
        }
        answered
    }

    /// All outgoing messages that were ever listed.
    async fn look_on(&self, api: SocketAddr) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            for tracker in &self.trackers {
                match self.list(api, *tracker).await {
                    Some(list) => seen.extend(list),
                    None => return seen,
                }
            }
        }
    }

    async fn list(&self, api: SocketAddr, tracker: TrackerId) -> Option<Vec<Value>> {
        let body = json!({ "tracker_id": tracker });
        let answer = call(&self.http, api, &self.key, "tracker/chat/list", body).await.ok()?;
        let list = answer["list"].as_array().unwrap().clone();
        assert!(list.len() < 1024, "the list is cut");
        Some(list)
    }

    /// DELIVERED is for ever, and so is its time.
    fn note(&mut self, message: &Value) {
        let id = message["id"].as_i64().unwrap();
        let before = self.delivered.get(&id);
        if message["type"] == "OUTGOING" && message["status"] == "DELIVERED" {
            let time = message["update_time"].as_str().expect("when it was confirmed");
            assert!(before.is_none_or(|before| before == time), "was {before:?}: {message}");
            self.delivered.insert(id, time.to_owned());
        } else {
            assert!(before.is_none(), "was DELIVERED at {before:?}: {message}");
        }
    }

    /// What the daemon shows agrees with everything that it ever promised.
    pub async fn check(&mut self, child: &Child, cabs: &[Cab]) {
        for tracker in self.trackers.clone() {
            let list = self.list(child.api, tracker).await.expect("an answer");
            list.iter().for_each(|message| self.note(message));
            let ids: Vec<_> = list.iter().map(|message| message["id"].as_i64().unwrap()).collect();
            assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
            let times = list.iter().map(|message| message["submit_time"].as_str().unwrap());
            assert!(times.is_sorted());
            self.messages.insert(tracker, list);
        }
        for (id, tracker, text) in &self.promised {
            let found = self.messages[tracker].iter().find(|message| message["id"] == *id);
            assert_eq!(found.map(|message| &message["text"]), Some(&json!(text)), "text {id}");
        }
        for id in self.fresh.drain(..) {
            assert!(id > self.highest, "id {id} after {}", self.highest);
        }
        let ids = self.messages.values().flatten().filter_map(|message| message["id"].as_i64());
        self.highest = ids.max().unwrap_or(0);
        for cab in cabs {
            self.check_cab(cab);
        }
    }

    /// Each acknowledged text of a driver is there once; one that was not acknowledged at most once.
    fn check_cab(&self, cab: &Cab) {
        let mut count: HashMap<&str, u32> = HashMap::new();
        for message in self.messages[&cab.tracker].iter().filter(|m| m["type"] == "INCOMING") {
            // A machine's answer that nothing waits for any more is listed too.
            if message["text"] == "OK" {
                continue;
            }
            *count.entry(message["text"].as_str().unwrap()).or_default() += 1;
        }
        for number in cab.said() {
            let words = cab.words(number);
            let found = count.remove(words.as_str()).unwrap_or(0);
            assert!(found <= 1, "stored {found} times: {words}");
            assert!(found == 1 || !cab.acked.contains(&number), "acknowledged and lost: {words}");
        }
        assert!(count.is_empty(), "nobody said {count:?}");
    }

    /// Texts that were shown as DELIVERED.
    pub fn delivered_texts(&self) -> HashSet<String> {
        let messages = self.messages.values().flatten();
        let delivered = messages
            .filter(|message| self.delivered.contains_key(&message["id"].as_i64().unwrap()));
        delivered.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until nothing waits for a device.
    pub async fn all_delivered(&self, api: SocketAddr) {
        for tracker in &self.trackers {
            eventually("everything is delivered", || async {
                let list = self.list(api, *tracker).await.expect("an answer");
                let mut outgoing = list.iter().filter(|message| message["type"] == "OUTGOING");
                outgoing.all(|message| message["status"] == "DELIVERED").then_some(())
            })
            .await;
        }
    }

    pub fn id_of(&self, tracker: TrackerId, text: &str) -> i64 {
        let message = self.messages[&tracker].iter().find(|message| message["text"] == text);
        message.and_then(|message| message["id"].as_i64()).unwrap_or_else(|| panic!("sent? {text}"))
    }
}
