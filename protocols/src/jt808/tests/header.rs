use super::*;
use crate::jt808::tests::{frame_of, parsed};

#[test]
fn phones_are_named_without_zeros_in_both_header_forms() {
    let legacy = Phone::from_raw(&[0x01, 0x39, 0x12, 0x34, 0x56, 0x78]);
    let long = Phone::from_raw(&[0, 0, 0, 0, 0x01, 0x39, 0x12, 0x34, 0x56, 0x78]);
    assert_eq!(legacy, long);
    assert_eq!(legacy.identity(Style::Legacy), "13912345678");
    assert_eq!(legacy.aliases(Style::Legacy), ["013912345678"]);
    assert_eq!(long.aliases(Style::V2019), ["00000000013912345678"]);
    assert_eq!(Phone::from_raw(&[0; 6]).identity(Style::Legacy), "0");
}

#[test]
fn a_full_length_phone_has_no_other_name() {
    let phone = Phone::from_raw(&[0x41, 0x30, 0x58, 0x88, 0x97, 0x58]);
    assert_eq!(
        (phone.identity(Style::Legacy).as_str(), phone.aliases(Style::Legacy).len()),
        ("413058889758", 0)
    );
}

#[test]
fn a_hexadecimal_phone_may_be_an_imei() {
    let frame = frame_of("F32");
    let (header, ..) = parsed("F32", &frame);
    let phone = header.address.phone;
    assert_eq!(phone.identity(Style::Legacy), "0b3a73ce2ff2");
    assert_eq!(phone.aliases(Style::Legacy), ["b3a73ce2ff2", "123456789012347"]);
}

#[test]
fn an_identity_becomes_a_phone_again() {
    for identity in ["13912345678", "0b3a73ce2ff2", "123456789012"] {
        assert_eq!(Phone::from_identity(identity).identity(Style::Legacy), identity);
    }
    assert_eq!(
        Phone::from_identity("12345678901234567890").identity(Style::V2019),
        "12345678901234567890"
    );
}

#[test]
fn a_habit_decides_where_no_length_fits() {
    // Bit 14 set, 12-byte header, a length that counts too much.
    let frame =
        [&[0x01, 0x02, 0x40, 0x20, 1, 0, 0x30, 0, 0x06, 0x81, 9, 2][..], b"J10030000681"].concat();
    let (declared, _) = Header::parse(&frame, None).unwrap();
    assert_eq!((declared.fit, declared.address.style), (Fit::WrongLength, Style::V2019));
    let (habitual, body) = Header::parse(&frame, Some(Style::Legacy)).unwrap();
    assert_eq!((habitual.address.style, body), (Style::Legacy, &b"J10030000681"[..]));
}

#[test]
fn every_prefix_of_a_header_is_an_error_or_a_header() {
    let frame = frame_of("F17a");
    for end in 0..frame.len() {
        if let Ok((header, body)) = Header::parse(&frame[..end], None) {
            assert_eq!(header.length + body.len(), end);
        }
    }
    assert!(Header::parse(&frame[..11], None).is_err());
}

#[test]
fn an_address_can_be_forced() {
    let frame = frame_of("F9");
    let (header, ..) = parsed("F9", &frame);
    let forced = header.address.overridden(Some(Style::V2019), None);
    assert_eq!((forced.style, forced.flag, forced.version), (Style::V2019, true, 1));
    assert!(!header.address.overridden(Some(Style::V2019), Some(false)).flag);
    assert_eq!(header.address.overridden(None, None), header.address);
}
