//! Brings the records to where a transcript has them: who is known, with which options, with which numbers for its texts.

use std::collections::BTreeMap;

use cabwire::model::{
    DeliveryOutcome, DeliveryUpdate, Millis, Model, NewText, NewTracker, TrackerChange, TrackerId,
};
use cabwire::secret;
use cabwire::store::Store;
use kit::host::Happening;
use kit::play::{Variant, play_variant};
use kit::transcript::{Admit, Input};
use protocols::{Credentials, Effect, SecretCheck};

use super::super::daemon::new_tracker;
use super::replay::{Admitted, Replay};

/// Parts of one text that uses up numbers.
const MOST_PARTS: u16 = u16::MAX;

impl Replay<'_> {
    /// Brings the records of the devices that log in over this connection to what the transcript says of them.
    pub(super) async fn provision(&mut self, begin: usize, end: usize) {
        let mut known: BTreeMap<String, (TrackerChange, bool)> = BTreeMap::new();
        for (credentials, admit) in self.logins(begin, end) {
            let blocked = match (self.admitted, &admit) {
                (Admitted::Unknown, _) | (Admitted::AsWritten, Admit::Unknown) => continue,
                (Admitted::Blocked, _) | (_, Admit::Blocked) => true,
                (Admitted::AsWritten, Admit::Known { .. }) => false,
            };
            let identity = credentials.identity.clone();
            let (change, _) = known.entry(identity).or_insert_with(|| (unset(), blocked));
            let Admit::Known { secret, options } = admit else { continue };
            change.options.get_or_insert_default().extend(options);
            let presented = credentials.secret.as_deref().map(secret::digest);
            match secret.unwrap_or(SecretCheck::Matches) {
                SecretCheck::Matches if presented.is_some() => change.secret = Some(presented),
                SecretCheck::Differs => change.secret = Some(Some(secret::digest("another"))),
                _ => {}
            }
        }
        let gone: Vec<_> =
            self.trackers.keys().filter(|name| !known.contains_key(*name)).cloned().collect();
        for identity in gone {
            let id = self.trackers.remove(&identity).unwrap();
            self.daemon.store().remove_tracker(id).await.unwrap();
        }
        for (identity, (mut change, blocked)) in known {
            change.blocked = Some(blocked);
            let id = match self.trackers.get(&identity) {
                Some(id) => *id,
                None => self.create(identity).await,
            };
            self.daemon.change(id, change).await;
        }
        self.daemon.running.directory.refresh().await.unwrap();
    }

    async fn create(&mut self, identity: String) -> TrackerId {
        let tariff = self.daemon.running.directory.tariffs().first().unwrap().id;
        let tracker = new_tracker(&self.account, tariff, self.protocol, &identity);
        // A transcript names all options that differ from the defaults, whatever the profile.
        let model = plain_model();
        let tracker = NewTracker {
            identity: identity.clone(),
            options: BTreeMap::new(),
            model: model.code.clone(),
            ..tracker
        };
        self.daemon.store().put_model(model).await.unwrap();
        let id = self.daemon.register(tracker).await;
        let first = self.transcript.steps.iter().find_map(|step| match step.input {
            Input::Downlink { serial, .. } => Some(serial),
            _ => None,
        });
        number_on(&**self.daemon.store(), id, first.unwrap_or(1)).await;
        self.trackers.insert(identity, id);
        id
    }

    /// Who asks to be let in during these steps, and what the transcript answers.
    fn logins(&self, begin: usize, end: usize) -> Vec<(Credentials, Admit)> {
        let variant = Variant::default();
        let written = play_variant(self.transcript, self.protocol, &variant).unwrap();
        let asked = written[begin..end].iter().flat_map(|step| &step.happenings);
        let asked = asked.filter_map(|happening| match happening {
            Happening::Effect(Effect::Authenticate { credentials, .. }) => {
                Some(credentials.clone())
            }
            _ => None,
        });
        let admits =
            self.transcript.steps[begin..end].iter().filter_map(|step| match &step.input {
                Input::Admit(admit) => Some(admit.clone()),
                _ => None,
            });
        asked.zip(admits).collect()
    }
}

fn plain_model() -> Model {
    Model {
        code: "as_written".to_owned(),
        name: "As written".to_owned(),
        vendor: String::new(),
        kind: "terminal".to_owned(),
        id_type: "custom".to_owned(),
        profile: None,
        chat: Some(true),
    }
}

fn unset() -> TrackerChange {
    TrackerChange { secret: Some(None), options: Some(BTreeMap::new()), ..Default::default() }
}

/// Numbers are consecutive per tracker and begin at 1: texts of many parts, delivered before the dialogue begins, use up what
/// lies before `first`.
async fn number_on(store: &dyn Store, tracker: TrackerId, first: u32) {
    let mut next = 1;
    while next < first {
        let parts = (first - next).min(MOST_PARTS.into());
        let earlier = NewText {
            tracker,
            text: "x".repeat(parts as usize).into(),
            cuts: (1..parts).collect(),
            lossy: false,
            author: None,
            expires: None,
        };
        // Long before the dialogue.
        let at = Millis(0);
        let queued = store.queue_texts(vec![earlier], at).await.unwrap()[0];
        assert_eq!(queued.serial, next);
        let parts_done = u16::try_from(parts).unwrap();
        let done = DeliveryUpdate::Confirmed { id: queued.id, parts_done, at, attempts: 0 };
        let outcome = store.update_deliveries(vec![done]).await.unwrap();
        assert_eq!(outcome, [DeliveryOutcome::Delivered(queued.id)]);
        next += parts;
    }
}
