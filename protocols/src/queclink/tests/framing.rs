//! Cutting, and telling a connection's protocol.

use super::super::frame::{QueclinkFramer, checksum8, checksum16, detect};
use super::hex;
use crate::framing::{Cut, Frame, Framer, FramingError, Limits, Rejection};
use crate::protocol::Detection;

/// All frames of a stream, and what is left of it.
fn frames(mut stream: &[u8]) -> (Vec<String>, usize) {
    let (mut framer, mut scratch) = (QueclinkFramer::new(&Limits::default()), Vec::new());
    let mut seen = Vec::new();
    loop {
        let cut = framer.cut(stream, &mut scratch).unwrap();
        match cut.frame {
            Some(Frame::Valid(frame)) => seen.push(frame.escape_ascii().to_string()),
            Some(Frame::Rejected { reason, .. }) => seen.push(format!("rejected: {reason}")),
            None => {}
        }
        if cut.consumed == 0 {
            return (seen, stream.len());
        }
        stream = &stream[cut.consumed..];
    }
}

#[test]
fn checksums_are_those_of_published_frames() {
    assert_eq!(checksum16(b"123456789"), 0x29b1);
    let vector = hex("2B 01 23 45 67 89 01 23 45 FE 01 06 01 02 01 FF 5D B3 8C 80");
    assert_eq!(checksum8(&vector), 0xfe);
}

#[test]
fn sentences_end_with_a_dollar_sign_or_a_nul() {
    assert_eq!(frames(b"+SACK:1$\r\n\0+SACK:2\0+SACK:3").0, ["+SACK:1", "+SACK:2"]);
}

#[test]
fn a_missing_end_is_seen_at_the_next_head() {
    let (seen, left) = frames(b"+RESP:GTX,1,320C+RESP:GTY,2,320D+BUFF:GTZ$+ACK:GTH,A+RESP:x$");
    let expected = ["+RESP:GTX,1,320C", "+RESP:GTY,2,320D", "+BUFF:GTZ", "+ACK:GTH,A+RESP:x"];
    assert_eq!((seen, left), (expected.map(str::to_owned).to_vec(), 0));
    assert_eq!(frames(b"+RESP:GTX,1,320C+RESP").1, 21);
}

#[test]
fn an_oversized_sentence_is_skipped_to_its_end() {
    let long = [b"+RESP:GT", &[b'x'; 5000][..], b"$+SACK:1$"].concat();
    let seen = frames(&long).0;
    assert_eq!(seen, ["rejected: frame is longer than 2048 bytes", "+SACK:1"]);
}

#[test]
fn binary_frames_are_cut_by_their_length_and_checked() {
    let ack = hex("2B41434B02EF244B03050318564F5F0300520A0400002807E30418020918BBCA4CD10D0A");
    let both = [&ack[..], b"+SACK:1$"].concat();
    assert_eq!(frames(&both).0, [ack.escape_ascii().to_string(), "+SACK:1".to_owned()]);
    let mut bad = ack.clone();
    bad[20] ^= 1;
    let mut framer = QueclinkFramer::new(&Limits::default());
    let cut = framer.cut(&bad, &mut Vec::new()).unwrap().frame.is_some_and(|frame| {
        matches!(frame, Frame::Rejected { reason: Rejection::Checksum { .. }, .. })
    });
    assert!(cut);
    bad = ack;
    bad[34] = 0;
    assert_eq!(frames(&bad).0, ["rejected: not a frame of this protocol"]);
}

#[test]
fn impossible_lengths() {
    let mut framer = QueclinkFramer::new(&Limits::default());
    assert_eq!(
        framer.cut(&hex("2b00 ffff 00"), &mut Vec::new()),
        Err(FramingError::Oversize { declared: 0xffff, limit: 2048 })
    );
    assert_eq!(framer.cut(&hex("2b00 0003 00"), &mut Vec::new()), Ok(Cut::skip(2)));
    assert_eq!(framer.cut(b"#L#", &mut Vec::new()), Err(FramingError::Foreign { first: b'#' }));
}

#[test]
fn a_device_is_told_by_its_first_bytes() {
    for (start, detection) in [
        (&b"+"[..], Detection::Maybe),
        (b"+RES", Detection::Maybe),
        (b"+RESP:", Detection::Yes),
        (b"+ACK:GTHBD", Detection::Yes),
        (b"+BUFF:GT", Detection::Yes),
        (b"+SACK:1", Detection::No),
        (b"AT+GT", Detection::No),
        (b"A", Detection::No),
        (b"+RSP", Detection::Maybe),
        (b"+RSP\x07\x00\xfc\x1f\xbf\x00\x5d", Detection::Yes),
        (b"+RSP\x07\x00\xfc\x1f\xbf\xff\x5d", Detection::No),
        (b"-", Detection::Maybe),
        (b"-\x00\x00\x38", Detection::Yes),
        (b"+\x10\x18", Detection::Yes),
        (b"+\x20", Detection::No),
        (b"#L#", Detection::No),
        (b"\x01\x17\x00", Detection::No),
    ] {
        assert_eq!(detect(start), detection, "{}", start.escape_ascii());
    }
}
