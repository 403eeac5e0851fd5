//! `decode(encode(x))` is `x`, for every packet, and no bytes panic the decoder.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::message::{
    Body, Cell, CellContent, Content, Fuel, Login, Navigation, Nph, Npl, Packet, Position, Receipt,
    State, Text,
};
use super::super::{decode, encode, explain, frame, markup};
use crate::framing::{Cut, Frame, Framer, Limits};
use crate::text::Charset;

/// Payloads of cells whose content nobody knows: type and size.
const RAW: [(u8, usize); 7] = [(3, 14), (4, 15), (5, 6), (6, 9), (7, 1), (9, 40), (10, 37)];
static FILLER: [u8; 40] = [0x7e; 40];

fn data() -> impl Strategy<Value = &'static [u8]> {
    (0..FILLER.len()).prop_map(|length| &FILLER[..length])
}

fn position() -> impl Strategy<Value = Position> {
    (any::<[u32; 3]>(), any::<[u8; 4]>(), any::<[u16; 4]>(), any::<i16>()).prop_map(
        |(words, bytes, speeds, altitude)| {
            let [time, longitude, latitude] = words;
            let [flags, battery, satellites, pdop] = bytes;
            let [speed, other_speed, course, track] = speeds;
            Position {
                time,
                longitude,
                latitude,
                flags,
                battery,
                speed,
                other_speed,
                course,
                track,
                altitude,
                satellites,
                pdop,
            }
        },
    )
}

fn state() -> impl Strategy<Value = State> {
    (any::<[u16; 4]>(), any::<[u16; 4]>(), any::<u32>(), any::<[u8; 6]>()).prop_map(
        |(analogue, counters, track, bytes)| {
            let [inputs, outputs, gsm_level, gps_state, acceleration, supply] = bytes;
            State {
                analogue,
                inputs,
                outputs,
                counters,
                track,
                gsm_level,
                gps_state,
                acceleration,
                supply,
            }
        },
    )
}

fn cell() -> impl Strategy<Value = Cell<'static>> {
    let fuel = any::<(u8, u16, u16, u8)>().prop_map(|(state, millimetres, litres, reserved)| {
        Fuel { state, millimetres, litres, reserved }
    });
    let content = prop_oneof![
        position().prop_map(CellContent::Position),
        state().prop_map(CellContent::State),
        fuel.prop_map(CellContent::Fuel),
        (0..RAW.len()).prop_map(|index| {
            let (kind, size) = RAW[index];
            CellContent::Raw { kind, bytes: &FILLER[..size] }
        }),
    ];
    (any::<u8>(), content).prop_map(|(index, content)| Cell { index, content })
}

fn nph() -> impl Strategy<Value = Content<'static>> {
    let login = (any::<(u16, u16)>(), any::<u16>(), any::<[u32; 2]>()).prop_map(
        |(version, flags, [address, max_packet])| {
            let ids = &b"355094043188311250016505815537"[..];
            (0, 100, Body::Login(Login { version, flags, address, max_packet, ids }))
        },
    );
    let navigation = (100_u16..=101, vec(cell(), 0..8)).prop_map(|(kind, cells)| {
        (1, kind, Body::Navigation(Navigation { cells, unknown: b"\x0b\0rest" }))
    });
    let text = (any::<[u16; 2]>(), any::<[u32; 2]>(), data()).prop_map(
        |([message, fragment], [device, content], text)| {
            (5, 100, Body::Text(Text { message, fragment, device, content, text }))
        },
    );
    let receipt = any::<(u16, u32, u16)>().prop_map(|(fragment, result, message)| {
        (5, 102, Body::Receipt(Receipt { fragment, result, message }))
    });
    let body = prop_oneof![
        (any::<u16>(), any::<u32>()).prop_map(|(service, code)| (service, 0, Body::Result(code))),
        login,
        navigation,
        text,
        receipt,
        (6..u16::MAX, 1..u16::MAX, data()).prop_map(|(service, kind, data)| (
            service,
            kind,
            Body::Other(data)
        )),
    ];
    (body, any::<u16>(), any::<u32>()).prop_map(|((service, kind, body), flags, request)| {
        Content::Nph(Nph { service, kind, flags, request }, body)
    })
}

fn packet() -> impl Strategy<Value = Packet<'static>> {
    let content = prop_oneof![
        any::<u32>().prop_map(|code| (1, Content::Error(code))),
        nph().prop_map(|content| (2, content)),
        data().prop_map(|data| (3, Content::Other(data))),
    ];
    (content, any::<bool>(), any::<u32>(), any::<u16>()).prop_map(
        |((kind, content), delayed, peer, request)| {
            let flags = 2 | u16::from(delayed) << 2;
            Packet { npl: Npl { flags, kind, peer, request }, content }
        },
    )
}

proptest! {
    #[test]
    fn what_is_encoded_is_cut_and_decodes_to_itself(packet in packet()) {
        let wire = encode::packet(&packet);
        let mut framer = frame::NdtpFramer::new(&Limits::default());
        let mut scratch = Vec::new();
        let cut = framer.cut(&wire, &mut scratch);
        prop_assert_eq!(cut, Ok(Cut { consumed: wire.len(), frame: Some(Frame::Valid(&wire)) }));
        prop_assert_eq!(decode::packet(&wire), Ok(packet));
    }

    #[test]
    fn no_bytes_panic_the_decoder(bytes in vec(any::<u8>(), 0..200), service in 0_u8..7, kind in 98_u8..104) {
        let header = [0x7e, 0x7e, 200, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, service, 0, kind, 0];
        for bytes in [&bytes, &[&header[..], &bytes].concat()] {
            let title = explain::explain(bytes).title;
            prop_assert!(!title.is_empty());
            if let Err(error) = decode::packet(bytes) {
                prop_assert!(error.offset <= bytes.len());
            }
        }
    }

    #[test]
    fn texts_come_back_through_the_markup(text in "[a-zA-Zа-яА-Я0-9 .,!?\n]{0,200}", label in "[а-я]{1,10}") {
        let screen = markup::Screen { id: 7, seconds: 60, beep: true };
        let charset = Charset::Windows1251;
        let script = markup::screen(screen, &text, &[&label], charset);
        let reading = markup::read(&charset.decode(&script));
        let shown = format!("{text}\n{label}");
        prop_assert_eq!(&reading.text, shown.trim());
        let reading = markup::read(&charset.decode(&markup::from_device(7, &text, charset)));
        prop_assert_eq!((reading.id, &*reading.text), (Some(7), text.trim()));
    }
}
