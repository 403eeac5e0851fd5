//! Reading frames without a session: what a session makes sense of is in order, and no bytes do any harm.

use kit::host::{Happening, Host};
use kit::play::{play, play_login};
use kit::rows::rows;
use kit::transcript::{Admit, Transcript};
use proptest::prelude::*;
use protocols::{Limits, Protocol};

use crate::all;

/// The frames that the session had no error for.
fn understood(happenings: &[Happening]) -> impl Iterator<Item = &[u8]> {
    happenings.iter().enumerate().filter_map(|(at, happening)| {
        let mut behind = happenings.get(at + 1..)?.iter();
        let until = behind.find(|next| matches!(next, Happening::Frame(_) | Happening::Error(_)));
        match (happening, until) {
            (Happening::Frame(frame), None | Some(Happening::Frame(_))) => Some(&frame[..]),
            _ => None,
        }
    })
}

fn in_order(protocol: &dyn Protocol, happenings: &[Happening]) -> usize {
    let frames = understood(happenings).map(|frame| {
        let read = protocol.read(frame);
        assert_eq!(read, Ok(()), "{}: {}", protocol.info().name, frame.escape_ascii());
    });
    frames.count()
}

#[test]
fn what_a_session_understands_is_in_order() {
    for (protocol, transcripts) in all() {
        let mut read = 0;
        for transcript in transcripts {
            for step in play(&transcript, protocol).unwrap() {
                read += in_order(protocol, &step.happenings);
            }
        }
        assert!(read > 10, "{}: {read}", protocol.info().name);
    }
}

/// How many frames of a row are understood when it comes for the second time, and by somebody who is known.
fn second_time(protocol: &dyn Protocol, mut host: Host, row: &[u8]) -> usize {
    host.receive(row);
    while host.asking().is_some() {
        host.admit(&Admit::Known { secret: None, options: Vec::new() }).unwrap();
    }
    drop(host.take());
    if host.closed() {
        return 0;
    }
    host.receive(row);
    in_order(protocol, &host.take())
}

#[test]
fn frames_of_real_devices_are_in_order() {
    for (protocol, transcripts) in all() {
        let rows = rows(protocol.info().name).unwrap();
        let mut read = vec![0; rows.len()];
        // Dialects differ: a row belongs to some of the dialogues, or begins one.
        for begin in transcripts.iter().map(Some).chain([None]) {
            for (row, read) in rows.iter().zip(&mut read) {
                let host = match begin {
                    Some(transcript) => play_login(transcript, protocol).unwrap(),
                    None => Some(Host::new(protocol, Limits::default())),
                };
                *read += host.map_or(0, |host| second_time(protocol, host, row));
            }
        }
        let read = read.iter().filter(|&&read| read > 0).count();
        assert!(2 * read >= rows.len(), "{}: {read} of {}", protocol.info().name, rows.len());
    }
}

/// Frames as the framers hand them out: of transcripts and of real devices.
fn frames() -> Vec<(&'static dyn Protocol, Vec<Vec<u8>>)> {
    let of = |(protocol, transcripts): (&'static dyn Protocol, Vec<Transcript>)| {
        let mut streams: Vec<_> = transcripts.iter().flat_map(Transcript::device_streams).collect();
        streams.extend(rows(protocol.info().name).unwrap());
        let cut = |stream: Vec<u8>| {
            let mut host = Host::new(protocol, Limits::default());
            host.receive(&stream);
            host.take()
        };
        let frames = streams.into_iter().flat_map(cut).filter_map(|happening| match happening {
            Happening::Frame(frame) => Some(frame),
            _ => None,
        });
        (protocol, frames.collect())
    };
    all().map(of).collect()
}

#[test]
fn damaged_and_arbitrary_frames_do_no_harm() {
    let all = frames();
    let pick = any::<(prop::sample::Index, prop::sample::Index, prop::sample::Index)>();
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let mut runner = proptest::test_runner::TestRunner::default();
    let cases = (pick, 0..8_u32, noise);
    let outcome = runner.run(&cases, |((which, at, end), bit, noise)| {
        for (protocol, frames) in &all {
            let mut frame = which.get(frames).clone();
            let position = at.index(frame.len());
            frame[position] ^= 1 << bit;
            drop(protocol.read(&frame));
            frame.truncate(end.index(frame.len() + 1));
            drop(protocol.read(&frame));
            drop(protocol.read(&noise));
            frame.extend(&noise);
            drop(protocol.read(&frame));
        }
        Ok(())
    });
    outcome.unwrap();
}
