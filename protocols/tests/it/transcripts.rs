//! Every transcript in `fixtures/`, played.

use kit::play::check;
use kit::transcript::load;
use protocols::registry;

#[test]
fn every_transcript_goes_as_written() {
    let mut problems = Vec::new();
    let mut played = 0;
    for protocol in registry::ALL.iter().copied() {
        for transcript in load(protocol.info().name).unwrap() {
            played += 1;
            problems.extend(check(&transcript, protocol).err());
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(played >= registry::ALL.len());
}
