//! Frames whose length is wrong or whose content holds brackets.

use super::super::frame::{SetrackerFramer, split};
use super::cut;
use crate::framing::{Framer, FramingError, Limits};

const LK: &[u8] = b"[3G*4700186508*0002*LK]";

#[test]
fn wrong_lengths_cost_nothing() {
    for frame in [
        "[3G*4700186508*0001*LK]",
        "[3G*4700186508*0003*LK]",
        "[3G*4700186508*0010*LK]",
        "[3G*4700186508*00ff*LK,0,10,100]",
        "[3G*4700186508*0000*LK]",
        "[ZJ*014111001332708*0075*00FF*LK]",
    ] {
        let stream = [frame.as_bytes(), LK].concat();
        assert_eq!(cut(&stream), (vec![frame.as_bytes().to_vec(), LK.to_vec()], 0), "{frame}");
    }
}

#[test]
fn brackets_in_names_do_not_end_a_frame() {
    for name in ["Yard [2]", "a]b", "a[b", "][", "]]"] {
        let content = format!("UD,{name}");
        let frame = format!("[3G*4700186508*{:04X}*{content}]", content.len()).into_bytes();
        assert_eq!(cut(&[&frame, LK].concat()), (vec![frame.clone(), LK.to_vec()], 0), "{name}");
        assert_eq!(split(&frame).unwrap().1, content.as_bytes());
    }
}

#[test]
fn an_unbalanced_name_and_a_wrong_length_end_at_the_next_frame() {
    let frame = b"[3G*4700186508*0003*UD,a[b]".to_vec();
    assert_eq!(cut(&[&frame, LK].concat()), (vec![frame.clone(), LK.to_vec()], 0));
}

#[test]
fn an_index_is_told_from_content_that_looks_like_one() {
    let frame = b"[3G*4700186508*0004*ABCD]";
    assert_eq!(cut(frame).0, [frame.to_vec()]);
    let (head, content) = split(frame).unwrap();
    assert_eq!((head.index, head.length, content), (None, 4, &b"ABCD"[..]));
    let (head, content) = split(b"[ZJ*014111001332708*0075*0002*AL]").unwrap();
    assert_eq!((head.index, head.length, content), (Some(&b"0075"[..]), 2, &b"AL"[..]));
}

#[test]
fn what_is_no_head_is_rejected_and_the_next_frame_found() {
    for bad in
        [&b"[3G*47001865"[..], b"[3*1*0002*", b"[[[", b"[3G*1*00*", b"[3G**0002*", b"[3G*1*ZZZZ*"]
    {
        let (frames, rejected) = cut(&[bad, LK].concat());
        assert_eq!(frames, [LK.to_vec()], "{}", bad.escape_ascii());
        assert!(rejected > 0, "{}", bad.escape_ascii());
    }
}

#[test]
fn another_protocol_is_recognised_at_its_first_byte() {
    let mut framer = SetrackerFramer::new(&Limits::default());
    let error = framer.cut(b"GET / HTTP/1.1", &mut Vec::new()).unwrap_err();
    assert_eq!(error, FramingError::Foreign { first: b'G' });
}
