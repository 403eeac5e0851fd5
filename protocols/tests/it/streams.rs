//! Framing does not depend on how the stream was cut into reads, and a frame that is not whole is waited for.

use kit::play::{Variant, play, play_variant};
use kit::transcript::Input;
use protocols::{Detection, Frame, Limits, Protocol, registry};

use crate::all;

/// Frames that come out when `stream` arrives in two reads: kind, content, and how much of the stream they needed.
fn frames(protocol: &dyn Protocol, stream: &[u8], split: usize) -> Vec<(String, usize)> {
    let mut framer = protocol.framer(&Limits::default());
    let mut scratch = Vec::new();
    let (mut done, mut seen) = (0, Vec::new());
    for arrived in [split, stream.len()] {
        loop {
            let cut = framer.cut(&stream[done..arrived], &mut scratch).unwrap();
            let consumed = cut.consumed;
            done += consumed;
            match cut.frame {
                Some(Frame::Valid(frame)) => {
                    seen.push((format!("valid {}", frame.escape_ascii()), done));
                }
                Some(Frame::Rejected { raw, reason }) => {
                    seen.push((format!("{reason} {}", raw.escape_ascii()), done));
                }
                None => {}
            }
            if consumed == 0 {
                break;
            }
        }
    }
    seen
}

#[test]
fn frames_do_not_depend_on_reads() {
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            for stream in transcript.device_streams() {
                let whole = frames(protocol, &stream, stream.len());
                assert!(stream.is_empty() || !whole.is_empty(), "{}", transcript.path.display());
                for split in 0..stream.len() {
                    let cut: Vec<_> = frames(protocol, &stream, split);
                    assert_eq!(cut, whole, "{} at {split}", transcript.path.display());
                }
            }
        }
    }
}

#[test]
fn a_prefix_gives_the_frames_that_end_in_it_and_no_error() {
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            for stream in transcript.device_streams() {
                let whole = frames(protocol, &stream, stream.len());
                for length in 0..stream.len() {
                    let expected: Vec<_> =
                        whole.iter().filter(|(_, end)| *end <= length).cloned().collect();
                    let found = frames(protocol, &stream[..length], length);
                    assert_eq!(found, expected, "{} to {length}", transcript.path.display());
                }
            }
        }
    }
}

#[test]
fn dialogues_do_not_depend_on_reads() {
    let byte_by_byte = |_: usize, bytes: &[u8]| bytes.iter().map(|&byte| vec![byte]).collect();
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            let happened = |variant: &Variant<'_>| -> Vec<_> {
                let played = play_variant(&transcript, protocol, variant).unwrap();
                played.into_iter().map(|step| step.happenings).collect()
            };
            let written = happened(&Variant::default());
            let in_bytes = happened(&Variant { reads: &byte_by_byte, ..Variant::default() });
            assert_eq!(in_bytes, written, "{} byte by byte", transcript.path.display());
            for (step, split) in splits(&transcript.steps) {
                let reads = |index: usize, bytes: &[u8]| match bytes.split_at_checked(split) {
                    Some((first, second)) if index == step => vec![first.to_vec(), second.to_vec()],
                    _ => vec![bytes.to_vec()],
                };
                let found = happened(&Variant { reads: &reads, ..Variant::default() });
                let at = transcript.steps[step].line;
                assert_eq!(found, written, "{}:{at} at {split}", transcript.path.display());
            }
        }
    }
}

/// Every place inside a device's line where it can be cut.
fn splits(steps: &[kit::transcript::Step]) -> impl Iterator<Item = (usize, usize)> + '_ {
    steps.iter().enumerate().flat_map(|(index, step)| {
        let length = match &step.input {
            Input::Device(bytes) => bytes.len(),
            _ => 0,
        };
        (1..length).map(move |split| (index, split))
    })
}

#[test]
fn nothing_is_kept_between_whole_frames() {
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            let played = play(&transcript, protocol).unwrap();
            for (index, step) in played.iter().enumerate() {
                // A line may hold part of a frame; then another line of the device, not the end, must follow.
                let goes_on = transcript.steps.get(index + 1).map(|step| &step.input);
                if !matches!(goes_on, Some(Input::Device(_) | Input::Admit(_))) {
                    let at = step.line;
                    assert_eq!(step.buffered, 0, "{}:{at}", transcript.path.display());
                }
            }
        }
    }
}

#[test]
fn each_protocol_knows_its_own_beginning_and_no_other_claims_it() {
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            for stream in transcript.device_streams().iter().filter(|stream| !stream.is_empty()) {
                // What comes before a login tells nothing, in a protocol whose framer is not asked.
                if !begins_with_a_login(protocol, stream) {
                    continue;
                }
                let name = transcript.path.display();
                assert_eq!(protocol.detect(stream), Detection::Yes, "{name}");
                for length in 1..stream.len() {
                    let early = protocol.detect(&stream[..length]);
                    assert_ne!(early, Detection::No, "{name}: {length} bytes");
                }
                for other in registry::ALL.iter().filter(|o| o.info().name != protocol.info().name)
                {
                    let claimed = other.detect(stream);
                    assert_eq!(claimed, Detection::No, "{name} by {}", other.info().name);
                }
            }
        }
    }
}

/// Whether a session that gets `stream` asks who this is before anything else.
fn begins_with_a_login(protocol: &'static dyn Protocol, stream: &[u8]) -> bool {
    use kit::host::{Happening, Host};
    let mut host = Host::new(protocol, Limits::default());
    host.receive(stream);
    let asked = |happening: &Happening| {
        matches!(happening, Happening::Effect(protocols::Effect::Authenticate { .. }))
    };
    let frames = |happening: &&Happening| !matches!(happening, Happening::Frame(_));
    host.take().iter().find(frames).is_some_and(asked)
}
