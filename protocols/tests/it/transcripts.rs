//! Every transcript in `fixtures/`, played as written; and each protocol has the ones it must have.

use kit::host::Happening;
use kit::play::{check, play};
use protocols::{DeliveryStage, Effect, Event};

use crate::all;

#[test]
fn every_transcript_goes_as_written() {
    let mut problems = Vec::new();
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            problems.extend(check(&transcript, protocol).err());
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_protocol_has_the_transcripts_that_a_protocol_needs() {
    for (protocol, transcripts) in all() {
        let info = protocol.info();
        let happenings: Vec<Happening> = transcripts
            .iter()
            .flat_map(|transcript| play(transcript, protocol).unwrap())
            .flat_map(|step| step.happenings)
            .collect();
        let has = |what: &str, needed: bool, test: &dyn Fn(&Happening) -> bool| {
            let found = happenings.iter().any(test);
            assert!(found || !needed, "fixtures/{}: no transcript shows {what}", info.name);
        };
        has("a login", true, &|happening| {
            matches!(happening, Happening::Effect(Effect::Online { .. }))
        });
        has("a text from a driver", info.uplink_text, &|happening| {
            matches!(happening, Happening::Effect(Effect::Record { events, .. })
                if events.iter().any(|event| matches!(event, Event::Message(_))))
        });
        has("a text that a device confirms", info.downlink_text, &|happening| {
            matches!(
                happening,
                Happening::Effect(Effect::Delivery { stage: DeliveryStage::Confirmed(_), .. })
            )
        });
        has("a frame that is not taken", true, &|happening| {
            matches!(happening, Happening::Rejected(..) | Happening::Error(_))
        });
        has("a stranger", true, &|happening| {
            matches!(happening, Happening::Effect(Effect::Close(_) | Effect::Refuse { .. }))
        });
    }
}
