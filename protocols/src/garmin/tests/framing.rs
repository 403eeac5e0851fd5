//! Stuffing, checksum, resynchronisation (section 1.2).

use super::samples;
use crate::framing::{Cut, Frame, Rejection};
use crate::garmin::frame::{self, Deframer, Form, MAX_FRAME, Packet};

fn all(bytes: &[u8], sizes: usize) -> Vec<Result<(u8, Vec<u8>), Rejection>> {
    let mut line = Deframer::new();
    let mut found = Vec::new();
    for piece in bytes.chunks(sizes) {
        line.feed(piece, |_, packet| {
            found.push(match packet {
                Packet::Good { id, payload } => Ok((id, payload.to_vec())),
                Packet::Bad { reason, .. } => Err(reason),
            });
        });
    }
    found
}

#[test]
fn every_sample_is_cut_whole_and_sealed_again() {
    for (tag, wire) in samples() {
        let mut scratch = Vec::new();
        let Cut { consumed, frame: Some(Frame::Valid(packet)) } = frame::cut(&wire, &mut scratch)
        else {
            panic!("{tag}");
        };
        assert_eq!(consumed, wire.len(), "{tag}");
        let (id, payload) = frame::split(packet).unwrap();
        assert_eq!(frame::seal(id, payload, Form::Full), wire, "{tag}");
        assert_eq!(frame::seal(id, payload, Form::Stripped), packet, "{tag}");
    }
}

#[test]
fn a_prefix_of_a_packet_is_waited_for() {
    for (tag, wire) in samples() {
        for end in 0..wire.len() {
            assert_eq!(frame::cut(&wire[..end], &mut Vec::new()), Cut::WAIT, "{tag} {end}");
        }
    }
}

#[test]
fn packets_do_not_depend_on_how_they_arrive() {
    let stream: Vec<u8> = samples().into_iter().flat_map(|(_, wire)| wire).collect();
    let whole = all(&stream, stream.len());
    assert_eq!(whole.len(), 45);
    assert!(whole.iter().all(Result::is_ok));
    for size in [1, 2, 3, 7, 100] {
        assert_eq!(all(&stream, size), whole, "{size}");
    }
}

#[test]
fn the_longest_packet_is_as_long_as_it_can_be() {
    let wire = frame::seal(0x11, &[0x10; 255], Form::Full);
    assert!(wire.len() <= MAX_FRAME);
    assert_eq!(all(&wire, 5), [Ok((0x11, vec![0x10; 255]))]);
}

#[test]
fn damage_costs_one_packet() {
    let good = super::sample("F14");
    for place in 0..good.len() {
        for bit in 0..8 {
            let mut stream = good.clone();
            stream[place] ^= 1 << bit;
            stream.extend_from_slice(&good);
            stream.extend_from_slice(&good);
            let found = all(&stream, stream.len());
            let whole = found.iter().filter(|packet| {
                packet.as_ref().is_ok_and(|(id, payload)| {
                    *id == 0xa1 && frame::seal(0xa1, payload, Form::Full) == good
                })
            });
            assert!(whole.count() >= 1, "{place}.{bit}: {found:?}");
            let other = found.iter().flatten().filter(|(_, payload)| {
                frame::seal(0xa1, payload, Form::Full) != good && payload.len() > 2
            });
            assert_eq!(other.count(), 0, "{place}.{bit}: {found:?}");
        }
    }
}

#[test]
fn a_wrong_checksum_is_told_with_the_packet_id() {
    let mut wire = super::sample("F10");
    wire[10] ^= 1;
    let mut found = Vec::new();
    Deframer::new().feed(&wire, |_, packet| {
        found.push(match packet {
            Packet::Bad { id, reason: Rejection::Checksum { .. } } => id,
            _ => None,
        });
    });
    assert_eq!(found, [Some(0xa1)]);
}

#[test]
fn the_stripped_form_needs_the_right_size() {
    assert_eq!(all(&[0xa1, 2, 0x60, 2], 4), [Ok((0xa1, vec![0x60, 2]))]);
    assert_eq!(all(&[0xa1, 3, 0x60, 2], 4), [Err(Rejection::Malformed)]);
}
