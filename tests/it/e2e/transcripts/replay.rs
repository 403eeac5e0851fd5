//! One transcript against one daemon.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cabwire::clock::ManualClock;
use cabwire::model::{MessageId, TrackerChange, TrackerId};
use cabwire::secret;
use kit::host::{BEGIN, Happening};
use kit::play::{Played, Variant, play_variant};
use kit::transcript::{Admit, Expected, Input, Transcript};
use protocols::{Content, DeliveryStage, DeliveryToken, Effect, Protocol, Receipt};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::super::daemon::{Account, Daemon, PATIENCE, Setup, eventually};
use super::super::faulty::{Call, Fault, Faulty};
use super::reported::Reported;

/// Key of the codes that the daemon issues.
const DEVICE_KEY: &str = "the key of this test's codes";
/// How long the outbox waits before it sends a text again that was not answered; a session knows nothing of it.
const HOLD: Duration = Duration::from_secs(5);

/// Time for the daemon to take what a line without an answer has brought.
const SETTLE: Duration = Duration::from_millis(20);

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    AsWritten,
    Unknown,
    Blocked,
}

/// How far a transcript was replayed.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// With the reason why it could not go on.
    Stopped(String),
}

/// A record that waits for a decision about its commit.
struct Undecided {
    /// There is something to store, not only an answer.
    stores: bool,
    /// It is the first of its read to store something: the call to the store waits for this decision.
    asks: bool,
}

/// A transcript, and the daemon that it is replayed against.
pub struct Replay<'a> {
    pub(super) daemon: Daemon,
    clock: Arc<ManualClock>,
    store: Faulty,
    decide: Option<mpsc::Sender<bool>>,
    pub(super) account: Account,
    pub(super) protocol: &'static dyn Protocol,
    pub(super) transcript: &'a Transcript,
    pub(super) admitted: Admitted,
    /// Each byte is sent by itself.
    pub byte_by_byte: bool,
    /// What the session alone does of it.
    played: Vec<Played>,
    pub(super) trackers: BTreeMap<String, TrackerId>,
    /// Texts by serial and by token, with the failed attempts so far.
    by_serial: HashMap<u32, i64>,
    by_token: HashMap<DeliveryToken, i64>,
    failures: HashMap<i64, u32>,
    /// Texts that were delivered.
    settled: HashSet<i64>,
    /// Records that wait for a decision about their commit.
    undecided: VecDeque<Undecided>,
    /// The daemon stores all records of one read in one call: the last line of the device has led to a call already.
    asked: bool,
    /// Calls to the store so far.
    calls: usize,
    reported: Reported,
}

impl<'a> Replay<'a> {
    pub async fn start(
        protocol: &'static dyn Protocol,
        transcript: &'a Transcript,
        admitted: Admitted,
    ) -> Self {
        let clock = ManualClock::new(BEGIN.parse().unwrap());
        let key = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(key.path(), DEVICE_KEY).unwrap();
        let (wrap, store) = Faulty::wrap();
        let setup = Setup { clock: Arc::clone(&clock) as _, wrap, ..Setup::default() };
        let daemon = Daemon::set_up(setup, |config| {
            config.secrets.device_code_key_file = Some(key.path().to_owned());
            // The clock stands still: all refusals fall into one minute.
            config.limits.strangers_per_minute = u32::MAX;
        })
        .await;
        let store = store.get().unwrap().clone();
        let decide = (transcript.manual_commits && admitted == Admitted::AsWritten).then(|| {
            let (decide, fault) = Fault::decided();
            store.disturb(Call::Record, fault);
            decide
        });
        let variant = Variant {
            admit: match admitted {
                Admitted::AsWritten => None,
                Admitted::Unknown => Some(Admit::Unknown),
                Admitted::Blocked => Some(Admit::Blocked),
            },
            issue: &|identity| secret::issued_code(DEVICE_KEY, protocol.info().name, identity),
            ..Variant::default()
        };
        let played = play_variant(transcript, protocol, &variant).unwrap();
        let account = daemon.account("fleet").await;
        Self {
            daemon,
            clock,
            store,
            decide,
            account,
            protocol,
            transcript,
            admitted,
            byte_by_byte: false,
            played,
            trackers: BTreeMap::new(),
            by_serial: HashMap::new(),
            by_token: HashMap::new(),
            failures: HashMap::new(),
            settled: HashSet::new(),
            undecided: VecDeque::new(),
            asked: false,
            calls: 0,
            reported: Reported::default(),
        }
    }

    /// Replays connection after connection, and looks at what is stored then.
    pub async fn run(mut self) -> Ending {
        let steps = &self.transcript.steps;
        let breaks = (0..steps.len()).filter(|&at| steps[at].input == Input::Reconnect);
        let ends: Vec<_> = breaks.chain([steps.len()]).collect();
        let mut begin = 0;
        for end in ends {
            if self.would_repeat(begin, end) {
                return Ending::Stopped(format!(
                    "{}: the outbox repeats a text",
                    self.place(begin)
                ));
            }
            self.provision(begin, end).await;
            self.reported.new_connection();
            if let Err(why) = self.connection(begin, end).await {
                return Ending::Stopped(why);
            }
            begin = end + 1;
        }
        self.check_store().await;
        Ending::Whole
    }

    /// One connection; `Err` if the replay cannot go on.
    async fn connection(&mut self, begin: usize, end: usize) -> Result<(), String> {
        let address = self.daemon.port(self.protocol.info().name);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut closed = false;
        for at in begin..end {
            let expected = self.expected(at);
            if closed {
                assert!(expected.is_empty(), "{}: after the end", self.place(at));
                continue;
            }
            self.do_step(at, &mut stream).await?;
            let mut found = vec![0; expected.len()];
            let reading = tokio::time::timeout(PATIENCE, stream.read_exact(&mut found)).await;
            if !matches!(reading, Ok(Ok(_))) {
                panic!("{}: {reading:?}, expected {}", self.place(at), shown(&expected));
            }
            assert_eq!(shown(&found), shown(&expected), "{}", self.place(at));
            self.check_receipts(at).await;
            closed = self.played[at].happenings.iter().any(|happening| {
                matches!(happening, Happening::Effect(Effect::Close(_)) | Happening::Broken(_))
            });
        }
        if !closed {
            stream.shutdown().await.unwrap();
        }
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        ended.unwrap_or_else(|_| panic!("{}: stays open", self.place(end - 1))).unwrap();
        assert_eq!(shown(&rest), "", "{}: nothing more is said", self.transcript.path.display());
        Ok(())
    }

    async fn do_step(&mut self, at: usize, stream: &mut TcpStream) -> Result<(), String> {
        match &self.transcript.steps[at].input {
            Input::Device(bytes) => {
                let size = if self.byte_by_byte { 1 } else { bytes.len() };
                for piece in bytes.chunks(size) {
                    stream.write_all(piece).await.unwrap();
                    // The daemon, which runs on this thread, gets its turn.
                    tokio::task::yield_now().await;
                }
                self.asked = false;
                self.take_records(at).await;
            }
            Input::Downlink { token, serial, repeat, content } => {
                if self.admitted != Admitted::AsWritten {
                    return Ok(());
                }
                let id = match (repeat, content) {
                    (true, _) if self.by_serial.contains_key(serial) => {
                        // The outbox sends it by itself, after its pause.
                        if !self.has_paused(at) {
                            self.clock.advance(HOLD);
                        }
                        self.by_serial[serial]
                    }
                    (false, _) if self.holds_a_text() => {
                        let place = self.place(at);
                        return Err(format!("{place}: the outbox tries the failed text first"));
                    }
                    (false, Content::Text { text, part: 1, parts: 1 }) => {
                        self.daemon.send(&self.account, self.tracker(), text).await
                    }
                    _ => return Err(format!("{}: not through the API", self.place(at))),
                };
                self.by_serial.insert(*serial, id);
                self.by_token.insert(DeliveryToken(*token), id);
            }
            Input::Clock(_) if self.written(at).count() > 1 => {
                // The daemon's clock moves in one step.
                return Err(format!("{}: several moments in one", self.place(at)));
            }
            Input::Clock(by) => {
                // What was written before must be read before: not every line has an answer to wait for. The daemon runs on
                // this thread, and what is on a loopback connection is there.
                tokio::time::sleep(SETTLE).await;
                self.clock.advance(*by);
            }
            Input::Commit { stored } => {
                if let (Some(decide), Some(record)) = (&self.decide, self.undecided.pop_front()) {
                    if record.asks {
                        decide.send(*stored).await.unwrap();
                    }
                    if record.stores {
                        self.reported.decided(*stored);
                    }
                }
            }
            // What they lead to comes of the device's own line.
            Input::Admit(_) => self.take_records(at).await,
            other => return Err(format!("{}: {other:?}", self.place(at))),
        }
        Ok(())
    }

    /// A text is on its way when the connection is lost, and the transcript does not have it sent again.
    fn would_repeat(&self, begin: usize, end: usize) -> bool {
        let mut steps = self.transcript.steps[begin..end].iter();
        self.by_token.values().any(|id| !self.settled.contains(id))
            && !steps.any(|step| matches!(step.input, Input::Downlink { repeat: true, .. }))
    }

    /// A text has failed and is not delivered yet.
    fn holds_a_text(&self) -> bool {
        self.failures.keys().any(|id| !self.settled.contains(id))
    }

    /// What the oracle writes in this step, piece by piece.
    fn written(&self, at: usize) -> impl Iterator<Item = &[u8]> {
        self.played[at].happenings.iter().filter_map(|happening| match happening {
            Happening::Written(bytes) => Some(&bytes[..]),
            _ => None,
        })
    }

    /// The transcript itself has waited as long as the outbox does.
    fn has_paused(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        let waited = matches!(self.transcript.steps[before].input, Input::Clock(by) if by >= HOLD);
        waited && self.played[before].happenings.is_empty()
    }

    /// Notes what the step must leave in the store; waits until the store has it, if the transcript decides about commits.
    async fn take_records(&mut self, at: usize) {
        for happening in &self.played[at].happenings {
            if let Happening::Effect(Effect::Record { events, .. }) = happening {
                let (stores, asks) = (!events.is_empty(), !events.is_empty() && !self.asked);
                self.asked |= asks;
                self.calls += usize::from(asks);
                self.reported.record(events, self.decide.is_some());
                self.undecided.push_back(Undecided { stores, asks });
            }
        }
        if self.decide.is_some() {
            let what = format!("{}: the store is asked", self.place(at));
            // The daemon admits at once: it may be ahead of the transcript by what follows a login.
            eventually(&what, || async {
                (self.store.calls(Call::Record) >= self.calls).then_some(())
            })
            .await;
        }
    }

    /// What became known about texts is in the store.
    async fn check_receipts(&mut self, at: usize) {
        for happening in &self.played[at].happenings {
            let Happening::Effect(Effect::Delivery {
                receipt: Receipt::Token(token), stage, ..
            }) = happening
            else {
                continue;
            };
            let id = self.by_token[token];
            match stage {
                DeliveryStage::Confirmed(_) => {
                    self.settled.insert(id);
                    self.daemon.delivered(&self.account, self.tracker(), id).await;
                }
                DeliveryStage::Refused { .. } | DeliveryStage::TimedOut => {
                    let what = format!("{}: the failed attempt", self.place(at));
                    let failures = self.failures.entry(id).or_default();
                    *failures += 1;
                    eventually(&what, || async {
                        let record = self.daemon.store().delivery_record(MessageId(id)).await;
                        let record = record.unwrap().unwrap();
                        (record.attempts == *failures && record.last_error.is_some()).then_some(())
                    })
                    .await;
                    let message = self.daemon.message(&self.account, self.tracker(), id).await;
                    assert_eq!(message["status"], "PENDING");
                }
                _ => {}
            }
        }
    }

    /// At the end: all that drivers wrote and nothing else, and the last position.
    async fn check_store(&self) {
        let path = self.transcript.path.display();
        let trackers: Vec<_> = self.trackers.values().copied().collect();
        let states = self.daemon.store().device_states(&trackers).await.unwrap();
        if self.admitted != Admitted::AsWritten {
            assert!(states.is_empty(), "{path}: a stranger left {states:?}");
            for tracker in trackers {
                let unread = self.daemon.store().unread_counts(&[tracker]).await.unwrap();
                assert!(unread.is_empty(), "{path}: a stranger's texts were stored");
            }
            return;
        }
        let mut texts = Vec::new();
        for &tracker in &trackers {
            // The API does not list what belongs to a device that ended blocked.
            let unblocked = TrackerChange { blocked: Some(false), ..TrackerChange::default() };
            self.daemon.change(tracker, unblocked).await;
            let list = self.daemon.list(&self.account, tracker).await.into_iter();
            let incoming = list.filter(|message| message["type"] == "INCOMING");
            texts.extend(incoming.map(|message| message["text"].as_str().unwrap().to_owned()));
        }
        assert_eq!(texts, self.reported.texts(), "{path}");
        if let Some(at) = self.reported.position() {
            let is_there = |(latitude, longitude): (f64, f64)| {
                (latitude - at.0).abs() < 1e-9 && (longitude - at.1).abs() < 1e-9
            };
            let mut found =
                states.iter().filter_map(|(_, state)| state.latitude.zip(state.longitude));
            assert!(found.any(is_there), "{path}: {at:?} is not in {states:?}");
        }
    }

    /// What the daemon must write. As the oracle says; and where it need not differ from the transcript, as that says.
    fn expected(&self, at: usize) -> Vec<u8> {
        let written = self.written(at).collect::<Vec<_>>().concat();
        let step = &self.transcript.steps[at];
        let lines = step.expected.iter().filter_map(|line| match line {
            Expected::Platform(bytes) => Some(bytes.as_slice()),
            Expected::Happening(_) => None,
        });
        let lines = lines.collect::<Vec<_>>().concat();
        if self.admitted == Admitted::AsWritten && !contains(&lines, kit::host::ISSUED_CODE) {
            assert_eq!(shown(&written), shown(&lines), "{}", self.place(at));
        }
        written
    }

    fn tracker(&self) -> TrackerId {
        *self.trackers.values().next().expect("a text to a device that is not known")
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.transcript.path.display(), self.transcript.steps[at].line)
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
