//! The administered records in memory: who may log in, who may call, what belongs to whom.
//!
//! Logins of devices and API calls are answered from here, so that neither a reconnect storm nor a burst of requests waits for
//! the disk. The store is the truth: [`Directory::refresh`] takes over what changed there, whichever process changed it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use protocols::{DeviceOptions, Protocol, registry};

use crate::model::{
    BuiltIn, Credential, CredentialKind, Digest, Employee, EmployeeId, Millis, Model, Tariff,
    TariffId, Tracker, TrackerId, User, UserId,
};
use crate::store::{Reference, Removed, Revision, Store, StoreError};

/// All administered records.
pub struct Directory {
    store: Arc<dyn Store>,
    tables: RwLock<Tables>,
    refreshing: tokio::sync::Mutex<()>,
    changed: Mutex<Changes>,
}

/// A tracker with what its protocol and its model make of it.
#[derive(Debug)]
pub struct Device {
    /// The record.
    pub tracker: Tracker,
    /// Its options, validated: those of its model's profile, with its own over them.
    pub options: Arc<DeviceOptions>,
    /// Its model has chat; a model nobody described has none.
    pub has_chat: bool,
}

impl Device {
    /// The protocol; `None` if this build does not speak it.
    #[must_use]
    pub fn protocol(&self) -> Option<&'static dyn Protocol> {
        registry::by_name(&self.tracker.protocol)
    }

    /// Whether a connection that was let in under this record may go on now that the record is `now` (`None`: removed). Whoever
    /// is let in under another one has to log in again.
    #[must_use]
    pub fn still_holds(&self, now: Option<&Self>) -> bool {
        now.is_some_and(|now| {
            let (old, new) = (&self.tracker, &now.tracker);
            !new.blocked
                && (&old.protocol, &old.identity, old.secret)
                    == (&new.protocol, &new.identity, new.secret)
                && self.options == now.options
        })
    }
}

#[derive(Default)]
struct Tables {
    revision: Option<Revision>,
    users: HashMap<UserId, Arc<User>>,
    logins: HashMap<String, UserId>,
    credentials: HashMap<Digest, Arc<Credential>>,
    devices: HashMap<TrackerId, Arc<Device>>,
    identities: HashMap<(String, String), TrackerId>,
    by_account: HashMap<UserId, BTreeSet<TrackerId>>,
    models: HashMap<String, Arc<Model>>,
    tariffs: HashMap<TariffId, Arc<Tariff>>,
    employees: HashMap<EmployeeId, Arc<Employee>>,
}

/// The last tracker of each model that was taken over in a refresh: one like it shares its options. Most trackers of a fleet are
/// alike, and at a start that is half a kilobyte less for each.
type Twins = HashMap<String, Arc<Device>>;

/// What refreshes brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Trackers that were added, changed or removed, or whose model was changed.
    pub trackers: BTreeSet<TrackerId>,
}

impl Directory {
    /// Loads everything.
    ///
    /// # Errors
    /// [`StoreError`] of the store.
    pub async fn load(store: Arc<dyn Store>) -> Result<Arc<Self>, StoreError> {
        let directory = Arc::new(Self {
            store,
            tables: RwLock::default(),
            refreshing: tokio::sync::Mutex::const_new(()),
            changed: Mutex::default(),
        });
        directory.refresh().await?;
        directory.take_changes();
        Ok(directory)
    }

    /// Takes over what changed in the store since the last time. Whoever changes a record calls this before answering; changes by other
    /// processes are taken over within a second.
    ///
    /// # Errors
    /// [`StoreError`] of the store.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.refreshing.lock().await;
        let since = self.tables.read().revision;
        let reference = self.store.reference(since).await?;
        let removed = reference.removed.iter().filter_map(|removed| match removed {
            Removed::Tracker(id) => Some(*id),
            _ => None,
        });
        let mut trackers: Vec<_> =
            reference.trackers.iter().map(|tracker| tracker.id).chain(removed).collect();
        {
            let mut tables = self.tables.write();
            if reference.complete {
                trackers.extend(tables.devices.keys());
                *tables = Tables::default();
            }
            trackers.extend(tables.apply(reference));
        }
        self.changed.lock().trackers.extend(trackers);
        Ok(())
    }

    /// What refreshes brought since the last call: for whoever keeps connections in step with the records.
    pub fn take_changes(&self) -> Changes {
        std::mem::take(&mut *self.changed.lock())
    }

    /// The credential with this digest.
    #[must_use]
    pub fn credential(&self, digest: &Digest) -> Option<Arc<Credential>> {
        self.tables.read().credentials.get(digest).cloned()
    }

    /// A session was used at `at`: takes over what [`Store::touch_sessions`] noted, which is no change of a record.
    pub fn note_use(&self, session: &Digest, at: Millis) {
        if let Some(credential) = self.tables.write().credentials.get_mut(session)
            && let CredentialKind::Session { used } = credential.kind
        {
            let used = used.max(at);
            Arc::make_mut(credential).kind = CredentialKind::Session { used };
        }
    }

    /// All credentials of a user.
    #[must_use]
    pub fn credentials_of(&self, user: UserId) -> Vec<Arc<Credential>> {
        self.tables.read().credentials.values().filter(|c| c.user == user).cloned().collect()
    }

    /// A user.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<Arc<User>> {
        self.tables.read().users.get(&id).cloned()
    }

    /// The user with this login.
    #[must_use]
    pub fn user_by_login(&self, login: &str) -> Option<Arc<User>> {
        let tables = self.tables.read();
        tables.logins.get(login).and_then(|id| tables.users.get(id)).cloned()
    }

    /// All users.
    #[must_use]
    pub fn users(&self) -> Vec<Arc<User>> {
        sorted(self.tables.read().users.values().cloned().collect(), |user| user.id)
    }

    /// A tracker, whoever owns it.
    #[must_use]
    pub fn device(&self, id: TrackerId) -> Option<Arc<Device>> {
        self.tables.read().devices.get(&id).cloned()
    }

    /// The tracker with this device.
    #[must_use]
    pub fn device_by_identity(&self, protocol: &str, identity: &str) -> Option<Arc<Device>> {
        let tables = self.tables.read();
        let key = (protocol.to_owned(), identity.to_owned());
        tables.identities.get(&key).and_then(|id| tables.devices.get(id)).cloned()
    }

    /// A tracker that `user` may see.
    #[must_use]
    pub fn visible(&self, user: &User, id: TrackerId) -> Option<Arc<Device>> {
        self.device(id).filter(|device| sees(user, &device.tracker))
    }

    /// All trackers that `user` may see, by id.
    #[must_use]
    pub fn all_visible(&self, user: &User) -> Vec<Arc<Device>> {
        let tables = self.tables.read();
        let ids = tables.by_account.get(&user.account()).into_iter().flatten();
        let devices = ids.filter_map(|id| tables.devices.get(id));
        devices.filter(|device| sees(user, &device.tracker)).cloned().collect()
    }

    /// All trackers, by id.
    #[must_use]
    pub fn devices(&self) -> Vec<Arc<Device>> {
        sorted(self.tables.read().devices.values().cloned().collect(), |device| device.tracker.id)
    }

    /// A model.
    #[must_use]
    pub fn model(&self, code: &str) -> Option<Arc<Model>> {
        self.tables.read().models.get(code).cloned()
    }

    /// All models, by code.
    #[must_use]
    pub fn models(&self) -> Vec<Arc<Model>> {
        sorted(self.tables.read().models.values().cloned().collect(), |model| model.code.clone())
    }

    /// A tariff.
    #[must_use]
    pub fn tariff(&self, id: TariffId) -> Option<Arc<Tariff>> {
        self.tables.read().tariffs.get(&id).cloned()
    }

    /// All tariffs, by id.
    #[must_use]
    pub fn tariffs(&self) -> Vec<Arc<Tariff>> {
        sorted(self.tables.read().tariffs.values().cloned().collect(), |tariff| tariff.id)
    }

    /// An employee.
    #[must_use]
    pub fn employee(&self, id: EmployeeId) -> Option<Arc<Employee>> {
        self.tables.read().employees.get(&id).cloned()
    }

    /// All employees of an account, by id.
    #[must_use]
    pub fn employees_of(&self, account: UserId) -> Vec<Arc<Employee>> {
        let tables = self.tables.read();
        sorted(tables.employees.values().filter(|e| e.user == account).cloned().collect(), |e| e.id)
    }
}

fn sees(user: &User, tracker: &Tracker) -> bool {
    tracker.user == user.account() && (user.master.is_none() || user.trackers.contains(&tracker.id))
}

fn sorted<T, K: Ord>(mut items: Vec<Arc<T>>, key: impl Fn(&T) -> K) -> Vec<Arc<T>> {
    items.sort_by_key(|item| key(item));
    items
}

impl Tables {
    /// Takes over records; returns the trackers that are not among them and have another model now.
    fn apply(&mut self, reference: Reference) -> Vec<TrackerId> {
        self.revision = Some(reference.revision);
        for removed in reference.removed {
            self.remove(&removed);
        }
        for user in reference.users {
            if let Some(old) = self.users.get(&user.id) {
                self.logins.remove(&old.login);
            }
            self.logins.insert(user.login.clone(), user.id);
            self.users.insert(user.id, Arc::new(user));
        }
        self.credentials.extend(reference.credentials.into_iter().map(|c| (c.digest, Arc::new(c))));
        let models: HashSet<_> = reference.models.iter().map(|model| model.code.clone()).collect();
        self.models.extend(reference.models.into_iter().map(|m| (m.code.clone(), Arc::new(m))));
        let remodelled = self.trackers_with(&models);
        let ids = remodelled.iter().map(|tracker| tracker.id).collect();
        let mut known = Twins::new();
        remodelled.into_iter().for_each(|tracker| self.put_tracker(tracker, &mut known));
        self.tariffs.extend(reference.tariffs.into_iter().map(|t| (t.id, Arc::new(t))));
        self.employees.extend(reference.employees.into_iter().map(|e| (e.id, Arc::new(e))));
        for tracker in reference.trackers {
            self.put_tracker(tracker, &mut known);
        }
        ids
    }

    /// Trackers with one of these models.
    fn trackers_with(&self, models: &HashSet<String>) -> Vec<Tracker> {
        if models.is_empty() {
            return Vec::new();
        }
        let devices = self.devices.values().map(|device| &device.tracker);
        devices.filter(|tracker| models.contains(&tracker.model)).cloned().collect()
    }

    fn put_tracker(&mut self, tracker: Tracker, known: &mut Twins) {
        self.remove_tracker(tracker.id);
        let twin = known.get(&tracker.model).filter(|twin| {
            (&twin.tracker.protocol, &twin.tracker.options) == (&tracker.protocol, &tracker.options)
        });
        let (options, has_chat) = if let Some(twin) = twin {
            (Arc::clone(&twin.options), twin.has_chat)
        } else {
            let model = self.models.get(&tracker.model).map(|model| &**model);
            (Arc::new(options_of(&tracker, model)), model.is_some_and(Model::has_chat))
        };
        let is_first = twin.is_none();
        let identity = (tracker.protocol.clone(), tracker.identity.clone());
        self.identities.insert(identity, tracker.id);
        self.by_account.entry(tracker.user).or_default().insert(tracker.id);
        let device = Arc::new(Device { tracker, options, has_chat });
        if is_first {
            known.insert(device.tracker.model.clone(), Arc::clone(&device));
        }
        self.devices.insert(device.tracker.id, device);
    }

    fn remove_tracker(&mut self, id: TrackerId) {
        let Some(old) = self.devices.remove(&id) else { return };
        self.identities.remove(&(old.tracker.protocol.clone(), old.tracker.identity.clone()));
        if let Some(ids) = self.by_account.get_mut(&old.tracker.user) {
            ids.remove(&id);
        }
    }

    fn remove(&mut self, removed: &Removed) {
        match removed {
            Removed::User(id) => {
                if let Some(old) = self.users.remove(id) {
                    self.logins.remove(&old.login);
                }
            }
            Removed::Credential(digest) => {
                self.credentials.remove(digest);
            }
            Removed::Tracker(id) => self.remove_tracker(*id),
            Removed::Model(code) => {
                self.models.remove(code);
            }
            Removed::Tariff(id) => {
                self.tariffs.remove(id);
            }
            Removed::Employee(id) => {
                self.employees.remove(id);
            }
        }
    }
}

/// Options are validated when they are set; a build that no longer knows one, or a profile, does without and says so.
fn options_of(tracker: &Tracker, model: Option<&Model>) -> DeviceOptions {
    let Some(protocol) = registry::by_name(&tracker.protocol) else {
        return DeviceOptions::defaults(&[]);
    };
    let named = model.and_then(|model| model.profile.as_deref());
    let built_in =
        named.and_then(BuiltIn::named).filter(|of| of.protocol.info().name == tracker.protocol);
    if let (Some(profile), None) = (named, built_in) {
        tracing::warn!(tracker = %tracker.id, profile, "the profile is not one of this protocol, using the defaults");
    }
    let inherited = built_in.map_or(&[][..], |built_in| built_in.profile.options);
    let parse = |own: &BTreeMap<String, String>| {
        let own = own.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        DeviceOptions::parse(protocol.info().options, inherited.iter().copied().chain(own))
    };
    let parsed = parse(&tracker.options).or_else(|error| {
        tracing::warn!(tracker = %tracker.id, %error, "device options are not understood, using the profile's");
        parse(&BTreeMap::new())
    });
    parsed.unwrap_or_else(|_| DeviceOptions::defaults(protocol.info().options))
}
