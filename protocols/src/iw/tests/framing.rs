//! Frames in a stream that is not as it should be.

use super::super::frame::{IwFramer, Prefix, split};
use super::cut;
use crate::framing::{Framer, FramingError, Limits};

#[test]
fn frames_end_at_the_hash_and_line_ends_are_nothing() {
    let stream = b"IWAP03,06000908000102,1,2#\r\nTRVAP00353456789012345#IWAPXL,080835#\0 \r\n";
    let expected = ["IWAP03,06000908000102,1,2", "TRVAP00353456789012345", "IWAPXL,080835"];
    assert_eq!(cut(stream, &Limits::default()), (expected.map(str::to_owned).to_vec(), 0));
}

#[test]
fn a_frame_is_prefix_word_and_data() {
    let parts = split(b"TRVYP14080524A").unwrap();
    assert_eq!(
        (parts.prefix, &parts.word, parts.data, parts.offset),
        (Prefix::Trv, b"YP14", &b"080524A"[..], 7)
    );
    for none in [&b""[..], b"IW", b"IWAP0", b"IWap00", b"XXAP00", b"IWAQ00", b"IWAP,,"] {
        assert_eq!(split(none), None, "{}", none.escape_ascii());
    }
}

#[test]
fn a_frame_that_is_too_long_is_skipped_to_its_end() {
    let limits = Limits { max_frame: 40, ..Limits::default() };
    let stream = [b"IWAP07,".as_slice(), &[b'x'; 100], b"#IWAP00353456789012345#"].concat();
    assert_eq!(cut(&stream, &limits), (vec!["IWAP00353456789012345".to_owned()], 1));
}

#[test]
fn another_protocol_is_recognised_at_its_first_byte() {
    let mut framer = IwFramer::new(&Limits::default());
    let error = framer.cut(b"GET / HTTP/1.1", &mut Vec::new()).unwrap_err();
    assert_eq!(error, FramingError::Foreign { first: b'G' });
}
