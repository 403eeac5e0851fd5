//! Bytes that no honest device sends: random, mutated, damaged. Nothing panics, nothing grows, damage is noticed.

use kit::host::{Happening, Host};
use kit::play::{Variant, play, play_variant};
use kit::transcript::{Admit, Expected, Input, Transcript};
use protocols::{
    Content, Credentials, DeliveryToken, Downlink, Effect, Event, Frame, Lane, Limits, Protocol,
    TerminalInput, TerminalSettings,
};

use crate::all;

/// Rounds of random and of mutated streams per protocol.
const ROUNDS: u64 = 3000;

/// Repeatable noise (xorshift64*).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

fn tight() -> Limits {
    let mut limits = Limits::default();
    limits.max_frame = 2048;
    limits.max_garbage = 4096;
    limits.max_reassembly = 16 * 1024;
    limits.max_lanes = 4;
    limits
}

/// Feeds a stream in random reads to a host that admits everybody; the host watches memory, order and receipts.
fn feed(protocol: &'static dyn Protocol, stream: &[u8], noise: &mut Noise) -> Vec<Happening> {
    let mut host = Host::new(protocol, tight());
    let (mut rest, mut texts) = (stream, 0);
    while !rest.is_empty() && !host.closed() {
        let (read, behind) = rest.split_at(1 + noise.below(rest.len().min(200)));
        rest = behind;
        host.receive(read);
        while host.asking().is_some() {
            host.admit(&Admit::Known { secret: None, options: Vec::new() }).unwrap();
        }
        host.commit_all();
        if !host.closed() && host.window(Lane(0)) > 0 {
            texts += 1;
            let content = Content::Text { text: "Turn left".to_owned(), part: 1, parts: 1 };
            let token = DeliveryToken(texts.into());
            let downlink = Downlink { token, serial: texts, repeat: false, content };
            host.send(Lane(0), downlink).unwrap();
        }
        assert_eq!(host.violations, Vec::<String>::new(), "{}", stream.escape_ascii());
    }
    host.advance(std::time::Duration::from_secs(1000));
    host.receive(stream);
    assert_eq!(host.violations, Vec::<String>::new(), "{}", stream.escape_ascii());
    host.take()
}

fn streams(transcripts: &[Transcript]) -> Vec<Vec<u8>> {
    transcripts.iter().flat_map(Transcript::device_streams).collect()
}

#[test]
fn random_bytes_do_no_harm() {
    for (protocol, transcripts) in all() {
        let alphabet = streams(&transcripts).concat();
        let mut noise = Noise(0x5eed);
        for round in 0..ROUNDS {
            let stream: Vec<u8> = (0..noise.below(600))
                .map(|_| match round % 2 {
                    0 => noise.byte(),
                    _ => alphabet[noise.below(alphabet.len())],
                })
                .collect();
            feed(protocol, &stream, &mut noise);
            assert!(protocol.explain(&stream).title.len() < 10_000);
            drop(protocol.read(&stream));
        }
    }
}

#[test]
fn mutated_dialogues_do_no_harm() {
    for (protocol, transcripts) in all() {
        let streams = streams(&transcripts);
        let mut noise = Noise(0xfeed);
        let mut framed = 0;
        for _ in 0..ROUNDS {
            let mut stream = streams[noise.below(streams.len())].clone();
            for _ in 0..=noise.below(8) {
                mutate(&mut stream, &streams, &mut noise);
            }
            let happened = feed(protocol, &stream, &mut noise);
            framed += happened.iter().filter(|h| matches!(h, Happening::Frame(_))).count();
        }
        // Mutations that leave no frame whole would test nothing.
        assert!(framed > 1000, "{}: {framed}", protocol.info().name);
    }
}

fn mutate(stream: &mut Vec<u8>, others: &[Vec<u8>], noise: &mut Noise) {
    if stream.is_empty() {
        stream.push(noise.byte());
    }
    let at = noise.below(stream.len());
    let end = (at + noise.below(20)).min(stream.len());
    match noise.below(6) {
        0 => stream[at] ^= 1 << noise.below(8),
        1 => stream[at] = noise.byte(),
        2 => drop(stream.drain(at..end)),
        3 => {
            let copy = stream[at..end].to_vec();
            drop(stream.splice(at..at, copy));
        }
        4 => {
            let other = &others[noise.below(others.len())];
            let from = noise.below(other.len());
            drop(stream.splice(at..end, other[from..].iter().take(100).copied()));
        }
        _ => stream.insert(at, noise.byte()),
    }
}

#[test]
fn mutated_platforms_do_no_harm_to_a_terminal() {
    for (protocol, transcripts) in all() {
        let platform = |transcript: &Transcript| -> Vec<u8> {
            let expected = transcript.steps.iter().flat_map(|step| &step.expected);
            let written = expected.filter_map(|expected| match expected {
                Expected::Platform(bytes) => Some(bytes.clone()),
                Expected::Happening(_) => None,
            });
            written.flatten().collect()
        };
        let streams: Vec<Vec<u8>> = transcripts.iter().map(platform).collect();
        let mut noise = Noise(0xdeed);
        let mut effects = 0;
        for _ in 0..ROUNDS {
            let mut stream = streams[noise.below(streams.len())].clone();
            for _ in 0..noise.below(8) {
                mutate(&mut stream, &streams, &mut noise);
            }
            effects += terminal(protocol, &stream);
        }
        assert!(effects > 1000, "{}: {effects}", protocol.info().name);
    }
}

/// How much a terminal does when it gets `stream`.
fn terminal(protocol: &'static dyn Protocol, stream: &[u8]) -> usize {
    let settings =
        TerminalSettings { identity: "13912345678".to_owned(), secret: None, dialect: None };
    let (mut framer, mut terminal) = (protocol.framer(&tight()), protocol.terminal(settings));
    let now = Host::new(protocol, tight()).now();
    let (mut scratch, mut fx) = (Vec::new(), Vec::new());
    terminal.handle(TerminalInput::Connected, now, &mut fx);
    let mut rest = stream;
    while let Ok(cut) = framer.cut(rest, &mut scratch)
        && cut.consumed > 0
    {
        rest = &rest[cut.consumed..];
        if let Some(Frame::Valid(frame)) = cut.frame {
            terminal.handle(TerminalInput::Frame(frame), now, &mut fx);
        }
    }
    fx.len()
}

#[test]
fn endless_streams_are_ended_or_skipped() {
    for (protocol, transcripts) in all() {
        let start = streams(&transcripts).into_iter().find(|stream| stream.len() > 4).unwrap();
        for filler in [0x00, b'7', b'\n', 0x7e, 0xff] {
            let mut stream = start[..4].to_vec();
            stream.resize(100_000, filler);
            let mut host = Host::new(protocol, tight());
            for read in stream.chunks(1000) {
                host.receive(read);
                while host.asking().is_some() {
                    host.admit(&Admit::Unknown).unwrap();
                }
            }
            let name = protocol.info().name;
            assert_eq!(host.violations, Vec::<String>::new(), "{name}, {filler:#x}");
            assert!(host.closed() || host.buffered() < 4096, "{name}, {filler:#x}");
        }
    }
}

/// What a step told the host: data and identities.
fn told(happenings: &[Happening]) -> (Vec<Event>, Vec<Credentials>) {
    let (mut data, mut identities) = (Vec::new(), Vec::new());
    for happening in happenings {
        match happening {
            Happening::Effect(Effect::Record { events, .. }) => data.extend(
                events.iter().filter(|event| !matches!(event, Event::Unhandled { .. })).cloned(),
            ),
            Happening::Effect(Effect::Authenticate { credentials, .. }) => {
                identities.push(credentials.clone());
            }
            _ => {}
        }
    }
    (data, identities)
}

#[test]
fn a_flipped_bit_never_changes_what_is_stored() {
    for (protocol, transcripts) in all() {
        for transcript in transcripts.iter().filter(|transcript| transcript.checksum) {
            let written = play(transcript, protocol).unwrap();
            for (index, step) in transcript.steps.iter().enumerate() {
                let Input::Device(bytes) = &step.input else {
                    continue;
                };
                let (data, identities) = told(&written[index].happenings);
                if data.is_empty() && identities.is_empty() {
                    // Nothing to protect; and a frame that is bad by intent may become good.
                    continue;
                }
                let until =
                    Transcript { steps: transcript.steps[..=index].to_vec(), ..transcript.clone() };
                for bit in 0..bytes.len() * 8 {
                    let reads = |at: usize, bytes: &[u8]| {
                        let mut bytes = bytes.to_vec();
                        if at == index {
                            bytes[bit / 8] ^= 1 << (bit % 8);
                        }
                        vec![bytes]
                    };
                    let variant = Variant { reads: &reads, ..Variant::default() };
                    let played = play_variant(&until, protocol, &variant).unwrap();
                    let (found, who) = told(&played.last().unwrap().happenings);
                    let at = format!("{}:{} bit {bit}", transcript.path.display(), step.line);
                    assert!(found.iter().all(|event| data.contains(event)), "{at}: {found:?}");
                    assert!(who.iter().all(|who| identities.contains(who)), "{at}: {who:?}");
                }
            }
        }
    }
}
