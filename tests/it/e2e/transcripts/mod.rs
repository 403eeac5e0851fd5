//! Every transcript of every protocol, as a dialogue with the whole daemon over real sockets.
//!
//! The device's lines are written to a socket, the texts go through the HTTP API, and what comes back must be the transcript's
//! bytes to the last one; then the messages, receipts and positions must be in the store. The daemon's clock stands still and
//! is moved by the transcript, and the numbers of texts are brought to the ones in it, so that nothing needs to be left out of
//! the comparison. The one thing that differs is the authentication code issued to a device: it is a secret of the daemon, so
//! the oracle (the same session without a daemon) is made to issue the same.
//!
//! What a transcript does and the API cannot (questions, parts chosen by hand) ends its replay; the tests count those.

mod provision;
mod replay;
mod reported;

use kit::transcript::load;
use protocols::registry;

use replay::{Admitted, Ending, Replay};

#[tokio::test]
async fn every_dialogue_goes_as_written() {
    for protocol in registry::ALL {
        let name = protocol.info().name;
        let transcripts = load(name).unwrap();
        let mut stopped = Vec::new();
        for transcript in &transcripts {
            match Replay::start(*protocol, transcript, Admitted::AsWritten).await.run().await {
                Ending::Whole => {}
                Ending::Stopped(why) => stopped.push(format!("{}: {why}", transcript.title)),
            }
        }
        let whole = transcripts.len() - stopped.len();
        assert!(whole >= 5 && whole >= stopped.len() * 6, "{name}: not replayed: {stopped:#?}");
    }
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
        for transcript in &load(protocol.info().name).unwrap() {
            let mut replay = Replay::start(*protocol, transcript, Admitted::AsWritten).await;
            replay.byte_by_byte = true;
            replay.run().await;
        }
    }
}
