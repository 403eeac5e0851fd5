//! What holds for every protocol's declarations, admissions, commits and texts.

use std::collections::HashSet;

use kit::host::{BEGIN, Happening};
use kit::play::{Variant, play, play_variant};
use kit::transcript::{Admit, Input};
use protocols::text::TextRefusal;
use protocols::{
    Delivered, DeviceOptions, DeviceProfile, Effect, OptionKind, OptionSpec, SecretCheck, registry,
};

use crate::all;

#[test]
fn declarations_make_sense() {
    let (mut names, mut ports) = (HashSet::new(), HashSet::new());
    for protocol in registry::ALL {
        let info = protocol.info();
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(!info.name.is_empty() && info.name.chars().all(word), "{}", info.name);
        assert!(names.insert(info.name), "two protocols called {}", info.name);
        assert!(ports.insert(info.default_port), "two protocols on {}", info.default_port);
        assert!(!info.title.is_empty() && !info.identity.is_empty(), "{}", info.name);
        let digits = info.example_identity.bytes().all(|digit| digit.is_ascii_digit());
        assert!(digits && !info.example_identity.is_empty(), "{}", info.name);
        assert!(info.idle_seconds > 0, "{}", info.name);
        let mut options = HashSet::new();
        for option in info.options {
            let name = format!("{}.{}", info.name, option.name);
            assert!(options.insert(option.name), "{name} twice");
            assert!(
                option.doc.ends_with('.') || option.doc.ends_with(')'),
                "{name}: {}",
                option.doc
            );
            assert_eq!(option.kind.check(option.default), Ok(()), "{name}: {}", option.default);
        }
        assert!(registry::by_name(info.name).is_some_and(|found| found.info().name == info.name));
    }
    assert!(registry::by_name("no such protocol").is_none());
}

#[test]
fn profiles_say_what_makes_a_text_delivered() {
    for protocol in registry::ALL.iter().copied() {
        let info = protocol.info();
        assert_eq!(info.profiles[0].name, DeviceProfile::STANDARD, "{}", info.name);
        assert!(info.profiles[0].options.is_empty(), "{}: the standard is the defaults", info.name);
        let mut names = HashSet::new();
        for profile in info.profiles {
            let name = format!("{}/{}", info.name, profile.name);
            assert!(names.insert(profile.name), "{name} twice");
            assert!(!profile.title.is_empty(), "{name}");
            profile.options_with(protocol, []).unwrap();
            let Delivered { when, proves } = profile.delivered;
            assert_eq!(profile.has_chat(protocol), !when.is_empty(), "{name}: {when}");
            assert_eq!(proves.is_some(), !when.is_empty(), "{name}: {when}");
        }
        let chat = info.profiles.iter().any(|profile| profile.has_chat(protocol));
        assert_eq!(chat, info.downlink_text, "{}: a profile for what can be done", info.name);
    }
}

/// The outermost values of an option.
fn extremes(option: &'static OptionSpec) -> Vec<String> {
    match option.kind {
        OptionKind::Bool => vec!["true".to_owned(), "false".to_owned()],
        OptionKind::Int { min, max } => vec![min.to_string(), max.to_string()],
        OptionKind::Choice(words) => words.iter().map(|&word| word.to_owned()).collect(),
        OptionKind::Text { .. } => vec![option.default.to_owned()],
    }
}

#[test]
fn parts_make_the_text_again_under_every_option() {
    let texts = [
        "short".to_owned(),
        String::new(),
        "Привет, 世界 🚚 \r\n# ".repeat(150),
        "x".repeat(20_000),
        "e\u{301}".repeat(700),
    ];
    for protocol in registry::ALL {
        let specs = protocol.info().options;
        let mut all_options = vec![DeviceOptions::defaults(specs)];
        for option in specs {
            for value in extremes(option) {
                let pair = [(option.name, value.as_str())];
                all_options.push(DeviceOptions::parse(specs, pair).unwrap());
            }
        }
        for options in &all_options {
            for text in &texts {
                match protocol.plan_text(text, options) {
                    Ok(plan) => {
                        let parts = (0..plan.parts()).map(|index| plan.part(text, index));
                        assert_eq!(&parts.collect::<String>(), text, "{options:?}");
                    }
                    // A device without a display takes nothing.
                    Err(TextRefusal::NotSupported) => {}
                    // A device that shows a handful of signs may refuse a novel, not a word.
                    Err(refusal) => assert!(text.len() > 100, "{options:?}: {refusal}"),
                }
            }
        }
    }
}

#[test]
fn who_is_not_admitted_gets_nothing_stored_and_no_text() {
    let differs = Admit::Known { secret: Some(SecretCheck::Differs), options: Vec::new() };
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            for admit in [Admit::Unknown, Admit::Blocked, differs.clone()] {
                let variant = Variant { admit: Some(admit.clone()), ..Variant::default() };
                let played = play_variant(&transcript, protocol, &variant).unwrap();
                for step in played {
                    let at = format!("{}:{} {admit:?}", transcript.path.display(), step.line);
                    assert_eq!(step.window, 0, "{at}");
                    for happening in step.happenings {
                        let stored = matches!(&happening,
                            Happening::Effect(Effect::Record { events, .. }) if !events.is_empty());
                        let online = matches!(&happening, Happening::Effect(Effect::Online { .. }));
                        assert!(!stored && !online, "{at}: {happening:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_acknowledgement_leaves_without_its_commit() {
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            let variant = Variant { without_commits: true, ..Variant::default() };
            let played = play_variant(&transcript, protocol, &variant).unwrap();
            let happenings = || played.iter().flat_map(|step| &step.happenings);
            let written: HashSet<_> = happenings()
                .filter_map(|happening| match happening {
                    Happening::Written(bytes) => Some(bytes.clone()),
                    _ => None,
                })
                .collect();
            for happening in happenings() {
                if let Happening::Effect(Effect::Record { events, ack, .. }) = happening
                    && !(events.is_empty() || ack.is_empty())
                {
                    assert!(!written.contains(ack), "{}: {ack:?}", transcript.path.display());
                }
            }
        }
    }
}

#[test]
fn texts_are_taken_only_while_a_device_is_online() {
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            // After a close nobody asks.
            let (mut online, mut closed) = (false, false);
            let played = play(&transcript, protocol).unwrap();
            for (step, written) in played.iter().zip(&transcript.steps) {
                if written.input == Input::Reconnect {
                    (online, closed) = (false, false);
                }
                for happening in &step.happenings {
                    match happening {
                        Happening::Effect(Effect::Online { .. }) => online = true,
                        Happening::Effect(Effect::Offline { .. }) => online = false,
                        Happening::Effect(Effect::Close(_)) | Happening::Broken(_) => closed = true,
                        _ => {}
                    }
                }
                let at = step.line;
                assert!(online || closed || step.window == 0, "{}:{at}", transcript.path.display());
            }
        }
    }
}

#[test]
fn every_frame_can_be_explained() {
    for (protocol, transcripts) in all() {
        for transcript in transcripts {
            for step in play(&transcript, protocol).unwrap() {
                for happening in step.happenings {
                    if let Happening::Frame(frame) = happening {
                        let explanation = protocol.explain(&frame);
                        assert!(!explanation.title.is_empty(), "{}", frame.escape_ascii());
                    }
                }
            }
        }
    }
}

#[test]
fn the_hosts_clock_begins_when_the_transcripts_say() {
    assert_eq!(BEGIN.parse::<jiff::Timestamp>().unwrap().to_string(), BEGIN);
}
