//! The very first start: a gateway without users gets an account with an API key, so that there is something to try.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;

use crate::clock::Clock;
use crate::model::{Credential, CredentialKind, NewUser, User};
use crate::password::{self, Cost};
use crate::secret;
use crate::store::Store;

/// Login of the account that the first start creates.
pub const ADMIN: &str = "admin";
/// Digits of a key that are remembered.
const PREFIX: usize = 4;

/// What the first start created. The secrets exist nowhere else.
pub struct FirstStart {
    password: String,
    key: String,
}

/// Creates an account with a password and a key if the store has no user.
///
/// # Errors
/// If the store does not take it or the system has no randomness.
pub async fn prepare(store: &dyn Store, clock: &dyn Clock) -> anyhow::Result<Option<FirstStart>> {
    let known = store.reference(None).await.context("cannot read the records")?;
    if !known.users.is_empty() {
        return Ok(None);
    }
    let password = secret::random_hash()?;
    let password_hash = password::hash(&password, Cost::default())?;
    let user = NewUser {
        login: ADMIN.to_owned(),
        password_hash,
        title: "Administrator".to_owned(),
        time_zone: "UTC".to_owned(),
        locale: "en_US".to_owned(),
        master: None,
    };
    let user = store.create_user(user, clock.wall()).await.context("cannot create the account")?;
    let key = new_key(store, &user, "first key", clock).await?;
    Ok(Some(FirstStart { password, key }))
}

/// Creates an API key of `user`. Only its digest is stored: what is returned cannot be had again.
///
/// # Errors
/// If the store does not take it or the system has no randomness.
pub async fn new_key(
    store: &dyn Store,
    user: &User,
    title: &str,
    clock: &dyn Clock,
) -> anyhow::Result<String> {
    let key = secret::random_hash()?;
    let credential = Credential {
        digest: secret::digest(&key),
        user: user.id,
        created: clock.wall(),
        kind: CredentialKind::ApiKey {
            title: title.to_owned(),
            prefix: key.chars().take(PREFIX).collect(),
        },
    };
    store.add_credential(credential).await.context("cannot store the key")?;
    Ok(key)
}

impl FirstStart {
    /// What to tell the operator. With `journal` the text goes to a log that others read too: it names no secret then.
    #[must_use]
    pub fn announce(&self, api: &[SocketAddr], journal: bool) -> String {
        let created = format!("First start: the account `{ADMIN}` is created.");
        if journal {
            return format!(
                "{created} Its password and key are not written to the journal. Make your own:\n\n    \
                 cabwire user change {ADMIN} --password\n    \
                 cabwire key create --user {ADMIN} --title \"my key\"\n\n"
            );
        }
        let Self { password, key } = self;
        let mut text = format!(
            "\n{created}\nIts secrets are shown this once:\n\n    \
             password  {password}\n    \
             API key   {key}\n\n"
        );
        if let Some(address) = api.first() {
            let url = format!("http://{}", reachable(*address));
            text.push_str(&format!(
                "Try it:\n\n    curl -s {url}/tracker/list -H 'Authorization: NVX {key}'\n\n"
            ));
        }
        text
    }
}

/// The address to call for one to listen on.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: fn() -> FirstStart =
        || FirstStart { password: "pass".to_owned(), key: "c0ffee".to_owned() };

    #[test]
    fn the_first_start_shows_a_line_to_try() {
        let text = FIRST().announce(&["0.0.0.0:8080".parse().unwrap()], false);
        assert!(text.contains("API key   c0ffee"), "{text}");
        let line = "curl -s http://127.0.0.1:8080/tracker/list -H 'Authorization: NVX c0ffee'";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_journal_gets_no_secrets() {
        let text = FIRST().announce(&["127.0.0.1:8080".parse().unwrap()], true);
        assert!(!text.contains("c0ffee") && !text.contains("pass\n"), "{text}");
        assert!(text.contains("cabwire key create --user admin"), "{text}");
    }
}
