//! The service manager: told when the daemon is ready and when it stops, and shown that it is alive.
//!
//! The watchdog is fed only while the store answers: a daemon that cannot store anything is better restarted than left running,
//! and a timer alone would prove nothing.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError};

/// Tells the service manager that the daemon serves; `status` is shown by `systemctl status`. Nothing happens without one.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Tells the service manager that the daemon is stopping and may take `within`.
pub fn stopping(within: Duration) {
    let micros = u32::try_from(within.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(micros)]);
}

/// Feeds the watchdog until `stop`, as long as `store` answers. Returns at once if the service manager watches nothing.
pub async fn watchdog(store: Arc<dyn Store>, stop: CancellationToken) {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let ping = || {
        let store = Arc::clone(&store);
        async move { store.ping().await }
    };
    feed(patience, ping, stop, || notify(&[NotifyState::Watchdog])).await;
}

async fn feed<P: Future<Output = Result<(), StoreError>>>(
    patience: Duration,
    ping: impl Fn() -> P,
    stop: CancellationToken,
    mut feed: impl FnMut(),
) {
    // Half the time is what the service manager recommends; a third leaves room for one slow answer.
    let mut turn = tokio::time::interval(patience / 3);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = turn.tick() => {}
        }
        match ping().await {
            Ok(()) => feed(),
            Err(error) => tracing::error!(%error, "store does not answer, the watchdog is not fed"),
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "cannot notify the service manager");
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_store_that_does_not_answer_starves_the_watchdog() {
        let answers = Cell::new(true);
        let fed = Cell::new(0);
        let stop = CancellationToken::new();
        let ping = || {
            let answer = if answers.get() { Ok(()) } else { Err(StoreError::Busy) };
            async move { answer }
        };
        let feeding = feed(Duration::from_secs(30), ping, stop.clone(), || fed.set(fed.get() + 1));
        let watching = async {
            tokio::time::sleep(Duration::from_secs(29)).await;
            assert_eq!(fed.get(), 3, "at 0, 10 and 20 seconds");
            answers.set(false);
            tokio::time::sleep(Duration::from_secs(60)).await;
            assert_eq!(fed.get(), 3);
            answers.set(true);
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert_eq!(fed.get(), 4);
            stop.cancel();
        };
        tokio::join!(feeding, watching);
    }
}
