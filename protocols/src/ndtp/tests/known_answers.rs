//! The frames printed in the specification's digest, both ways.

use super::super::message::{
    Body, Cell, CellContent, Content, Fuel, Login, Navigation, Nph, Npl, Packet, Position, Receipt,
    State, Text,
};
use super::super::{decode, encode, markup};
use super::{bytes, frames};
use crate::text::Charset;

const fn npl(peer: u32, request: u16) -> Npl {
    Npl { flags: 2, kind: 2, peer, request }
}

const fn nph(service: u16, kind: u16, flags: u16, request: u32) -> Nph {
    Nph { service, kind, flags, request }
}

/// Both directions at once.
fn both_ways(hex: &str, npl: Npl, nph: Nph, body: Body<'_>) {
    let frame = bytes(hex);
    let packet = Packet { npl, content: Content::Nph(nph, body) };
    assert_eq!(decode::packet(&frame).as_ref(), Ok(&packet));
    assert_eq!(encode::packet(&packet), frame);
}

#[test]
fn r1_s1_login_and_its_result() {
    let login = Login {
        version: (6, 2),
        flags: 0x0302,
        address: 101_210,
        max_packet: 1024,
        ids: b"355094043188311250016505815537",
    };
    let request = nph(0, 100, 1, 0);
    both_ways(frames::R1, npl(0, 0), request, Body::Login(login));
    both_ways(frames::S1, npl(0, 0), nph(0, 0, 0, 0), Body::Result(0));
    assert_eq!(encode::result(&npl(0, 0), &request, 0), bytes(frames::S1));
}

#[test]
fn r2_r3_real_time_data_and_its_result() {
    let position = Position {
        time: 1_522_961_700,
        longitude: 376_925_783,
        latitude: 557_890_249,
        flags: 0xe0,
        battery: 203,
        speed: 0,
        other_speed: 0,
        course: 339,
        track: 0,
        altitude: 220,
        satellites: 4,
        pdop: 0,
    };
    let state = State {
        analogue: [22, 67, 0, 0],
        inputs: 0,
        outputs: 0,
        counters: [0; 4],
        track: 24_999,
        gsm_level: 31,
        gps_state: 6,
        acceleration: 0,
        supply: 0,
    };
    let fuel = Fuel { state: 2, millimetres: 0, litres: 0, reserved: 0 };
    let cells =
        [CellContent::Position(position), CellContent::State(state), CellContent::Fuel(fuel)];
    let cells = cells.map(|content| Cell { index: 0, content }).to_vec();
    let request = nph(1, 101, 1, 5291);
    let body = Body::Navigation(Navigation { cells, unknown: &[] });
    both_ways(frames::R2, npl(0, 0), request, body);
    both_ways(frames::R3, npl(0, 0), nph(1, 0, 0, 5291), Body::Result(0));
    assert_eq!(encode::result(&npl(0, 0), &request, 0), bytes(frames::R3));
}

#[test]
fn r4_a_captured_text_with_buttons() {
    let frame = bytes(frames::R4);
    let text = Text { message: 18, fragment: 0x8000, device: 0, content: 1, text: &frame[37..] };
    both_ways(frames::R4, npl(0x400, 1936), nph(5, 100, 0, 1), Body::Text(text));
    let script = Charset::Windows1251.decode(text.text);
    assert!(script.starts_with("<NAVSCR ver=1.0><ID>18</ID><FROM>SERVER</FROM><TO>USER</TO>"));
    let reading = markup::read(&script);
    assert_eq!((reading.id, reading.button), (Some(18), Some(1)));
    let lines: Vec<_> =
        reading.text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["Вы меня слышите?", "Да", "Нет"]);
}

#[test]
fn r5_s3_s4_results_of_texts() {
    let receipt = |result, message| Body::Receipt(Receipt { fragment: 0, result, message });
    both_ways(frames::R5, npl(0x400, 263), nph(5, 102, 0, 263), receipt(0, 1));
    both_ways(frames::S3, npl(0x400, 0), nph(5, 102, 0, 5001), receipt(0, 77));
    both_ways(frames::S4, npl(0x400, 0), nph(5, 102, 0, 5001), receipt(102, 77));
}

#[test]
fn r6_a_fuel_level_alone() {
    let fuel = Fuel { state: 0, millimetres: 10, litres: 0, reserved: 0 };
    let cells = vec![Cell { index: 0, content: CellContent::Fuel(fuel) }];
    let body = Body::Navigation(Navigation { cells, unknown: &[] });
    both_ways(frames::R6, npl(0, 0), nph(1, 101, 1, 5291), body);
}

#[test]
fn s2_a_text_without_buttons() {
    let screen = markup::Screen { id: 77, seconds: 600, beep: true };
    let charset = Charset::Windows1251;
    let script = markup::screen(screen, "Адрес: Ленина 5\nПодъезд 2", &[], charset);
    let text = Text { message: 77, fragment: 0x8000, device: 0, content: 1, text: &script };
    both_ways(frames::S2, npl(0x400, 77), nph(5, 100, 0, 5001), Body::Text(text));
}

#[test]
fn s5_s6_a_text_from_the_driver_and_its_result() {
    let script = markup::from_device(3, "Пробка, буду через 20 минут", Charset::Windows1251);
    let text = Text { message: 3, fragment: 0x8000, device: 0, content: 1, text: &script };
    let request = nph(5, 100, 1, 9);
    both_ways(frames::S5, npl(0x400, 9), request, Body::Text(text));
    let receipt = Receipt { fragment: 0x8000, result: 0, message: 3 };
    both_ways(frames::S6, npl(0x400, 9), nph(5, 102, 0, 9), Body::Receipt(receipt));
    assert_eq!(encode::receipt(&npl(0x400, 9), &request, receipt), bytes(frames::S6));
}

#[test]
fn errors_of_the_npl_layer_have_two_widths() {
    for (hex, code) in [
        ("7e7e 0200 0000 0000 01 00000000 0700 6900", 105),
        ("7e7e 0400 0000 0000 01 00000000 0700 66000000", 102),
    ] {
        let frame = bytes(hex);
        let found = decode::packet(&frame).map(|packet| packet.content);
        assert_eq!(found, Ok(Content::Error(code)));
    }
}

#[test]
fn errors_say_where() {
    let at = |frame: &str| {
        let frame = bytes(frame);
        let error = decode::packet(&frame).unwrap_err();
        (error.message, error.field, error.offset)
    };
    let header = "7e7e 0000 0000 0000 02 00000000 0000";
    assert_eq!(at(&header[..17]), ("NPL packet", "crc", 6));
    assert_eq!(at(&[header, "0000 6400"].concat()), ("NPH packet", "NPH flags", 19));
    let login = [header, "0000 6400 0100 00000000 0600 0200 0203 5a8b01"].concat();
    assert_eq!(at(&login), ("login", "device address", 31));
    let text = [header, "0500 6400 0100 00000000 0100 0080 00"].concat();
    assert_eq!(at(&text), ("title data", "device", 29));
}
