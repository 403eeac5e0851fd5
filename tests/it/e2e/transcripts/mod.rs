//! The transcripts of every protocol, as dialogues with the whole daemon over real sockets.
//!
//! The device's lines are written to a socket, the texts go through the HTTP API, and what comes back must be the transcript's
//! bytes to the last one; then the messages, receipts and positions must be in the store. The daemon's clock stands still and
//! is moved by the transcript, and the numbers of texts are brought to the ones in it, so that nothing needs to be left out of
//! the comparison. The one thing that differs is the authentication code issued to a device: it is a secret of the daemon, so
//! the oracle (the same session without a daemon) is made to issue the same.
//!
//! What a transcript does and the daemon's outbox would not (questions, parts chosen by hand) ends its replay; the tests count
//! those. [`NOT_REPLAYED`] are played by the suite of the crate `protocols` only.

mod provision;
mod replay;
mod reported;

use kit::transcript::{Transcript, load};
use protocols::{Protocol, registry};

use replay::{Admitted, Ending, Replay};

/// A timer is due in the middle of a time that passes, and what follows is counted from that moment; the daemon's clock is moved at
/// once.
const TIMERS: &str = "timers within one step of the clock";
/// The numbers of its texts have gaps.
const GAPS: &str = "numbers with gaps";
/// The API does not take the text that the session would refuse.
const REFUSED: &str = "refused by the API";
/// The text was refused for good, and the outbox does not repeat it.
const FOR_GOOD: &str = "refused for good";
/// Its connections are those of several devices, and each is removed before the next comes.
const DEVICES: &str = "several devices";

/// Transcripts that the daemon cannot be asked to play, and why.
const NOT_REPLAYED: &[(&str, &str)] = &[
    ("eelink/downlink_refused.txt", FOR_GOOD),
    ("galileosky/garmin_stripped.txt", TIMERS),
    ("galileosky/real_packets.txt", DEVICES),
    ("gt06/no_display.txt", REFUSED),
    ("iw/downlink_receipt.txt", GAPS),
    ("ndtp/downlink_lost_confirmation.txt", TIMERS),
    ("queclink/downlink_receipt.txt", GAPS),
    ("queclink/downlink_refused.txt", FOR_GOOD),
    ("queclink/protocol_pro.txt", DEVICES),
    ("queclink/uplink_text.txt", DEVICES),
    ("setracker/downlink_refused.txt", REFUSED),
    ("taip/garmin_lost_receipt.txt", TIMERS),
    ("taip/garmin_text.txt", TIMERS),
    ("taip/garmin_unplugged.txt", TIMERS),
    ("wialon_combine/reconnect_resume.txt", TIMERS),
];

/// The transcripts of one protocol that the daemon can play.
fn playable(protocol: &dyn Protocol) -> Vec<Transcript> {
    let mut transcripts = load(protocol.info().name).unwrap();
    transcripts
        .retain(|transcript| !NOT_REPLAYED.iter().any(|(name, _)| transcript.path.ends_with(name)));
    transcripts
}

#[test]
fn what_is_not_replayed_exists() {
    let all: Vec<_> =
        registry::ALL.iter().flat_map(|protocol| load(protocol.info().name).unwrap()).collect();
    for (name, why) in NOT_REPLAYED {
        assert!(all.iter().any(|one| one.path.ends_with(name)), "{name} ({why}) is gone");
    }
    assert!(NOT_REPLAYED.len() * 10 < all.len(), "too few are replayed");
}

#[tokio::test]
async fn every_dialogue_goes_as_written() {
    let (mut all, mut all_stopped) = (0, Vec::new());
    for protocol in registry::ALL {
        let name = protocol.info().name;
        let transcripts = playable(*protocol);
        let mut stopped = Vec::new();
        for transcript in &transcripts {
            match Replay::start(*protocol, transcript, Admitted::AsWritten).await.run().await {
                Ending::Whole => {}
                Ending::Stopped(why) => stopped.push(format!("{}: {why}", transcript.title)),
            }
        }
        assert!(transcripts.len() >= stopped.len() + 4, "{name}: not replayed: {stopped:#?}");
        all += transcripts.len();
        all_stopped.append(&mut stopped);
    }
    assert!(all >= all_stopped.len() * 4, "{all}, of which not replayed: {all_stopped:#?}");
}

#[tokio::test]
async fn in_the_same_dialogues_a_stranger_gets_nothing_stored() {
    for protocol in registry::ALL {
        for transcript in &load(protocol.info().name).unwrap() {
            for admitted in [Admitted::Unknown, Admitted::Blocked] {
                let ending = Replay::start(*protocol, transcript, admitted).await.run().await;
                assert_eq!(ending, Ending::Whole, "{}", transcript.title);
            }
        }
    }
}

#[tokio::test]
async fn dialogues_do_not_depend_on_how_the_bytes_arrive() {
    for protocol in registry::ALL {
        for transcript in &playable(*protocol) {
            let mut replay = Replay::start(*protocol, transcript, Admitted::AsWritten).await;
            replay.byte_by_byte = true;
            replay.run().await;
        }
    }
}
