//! Every sample packet, decoded to what section 16 says and encoded to the same bytes.

use super::{bytes, envelope, enveloped, sample, samples, stripped};
use crate::framing::{Cut, Frame};
use crate::garmin::frame::{self, Form};
use crate::garmin::message::{Message, NO_FIX, Reply, TextId, id, link, time_of, timestamp};
use crate::garmin::{decode, explain};

fn packet(tag: &str) -> (u8, Vec<u8>) {
    let wire = sample(tag);
    let mut scratch = Vec::new();
    let Cut { frame: Some(Frame::Valid(packet)), .. } = frame::cut(&wire, &mut scratch) else {
        panic!("{tag}");
    };
    let (id, payload) = frame::split(packet).unwrap();
    (id, payload.to_vec())
}

/// The packet says exactly this, both ways.
fn says(tag: &str, message: &Message<'_>) {
    let (packet, payload) = packet(tag);
    assert_eq!(packet, link::FLEET, "{tag}");
    assert_eq!(decode::message(&payload).as_ref(), Ok(message), "{tag}");
    assert_eq!(frame::seal(link::FLEET, &message.encode(), Form::Full), sample(tag), "{tag}");
}

fn number() -> TextId {
    TextId::new(&[0, 0, 0x30, 0x39])
}

fn name() -> TextId {
    TextId::new(b"MSG-0010")
}

const MORNING: u32 = 1_137_400_200;

#[test]
fn handshake() {
    says("F1", &Message::Enable { features: Vec::new() });
    says("F2", &Message::Enable { features: vec![0x8001, 0x8002] });
    says("F5", &Message::Bare { id: id::PRODUCT_REQUEST });
    says("F6", &Message::Product { product: 1201, software: 780 });
    let numbers = [602, 603, 604, 605, 607, 611];
    let list = numbers.iter().flat_map(|&number| [(b'A', number), (b'D', number)]);
    says("F7", &Message::Protocols(list.collect()));
    says("F8", &Message::Bare { id: id::UNICODE_REQUEST });
    says("F9", &Message::Bare { id: id::UNICODE_RESPONSE });
}

#[test]
fn packets_of_the_link() {
    assert_eq!(packet("F3"), (link::ACK, vec![0xa1, 0]));
    assert_eq!(packet("F4"), (link::NAK, vec![0xa1, 0]));
    assert_eq!(packet("F44"), (link::COMMAND, link::POSITIONS_OFF.to_le_bytes().to_vec()));
}

#[test]
fn texts_and_receipts() {
    let text = b"Call dispatch";
    says("F10", &Message::Text { time: MORNING, popup: 0, id: number(), text });
    says("F11", &Message::TextReceipt { time: MORNING, ok: true, id: number() });
    says("F12", &Message::TextReceipt { time: MORNING, ok: false, id: number() });
    let id = TextId::new(&[0x10, 3, 0x10, 3, 0x10, 3, 0x10, 3]);
    let text = "Привет, 16 км".as_bytes();
    says("F13", &Message::Text { time: 0x4310_1003, popup: 1, id, text });
}

#[test]
fn states_and_deletion() {
    says("F14", &Message::About { kind: id::STATUS_REQUEST, id: number() });
    says("F15", &Message::Code { kind: id::STATUS, code: 1, id: number() });
    says("F16", &Message::Code { kind: id::STATUS, code: 2, id: number() });
    says("F33", &Message::About { kind: id::DELETE_TEXT, id: number() });
    says("F34", &Message::Code { kind: id::TEXT_DELETED, code: 1, id: number() });
    says("F45", &Message::Number { kind: id::DELETE_DATA, number: 1 });
}

#[test]
fn canned_responses_and_buttons() {
    says("F17", &Message::Choices { id: name(), responses: vec![1, 2, 16] });
    says("F18", &Message::Code { kind: id::CHOICES_RECEIPT, code: 0, id: name() });
    let text = b"On my way";
    says("F19", &Message::SetItem { kind: id::SET_RESPONSE, number: 16, text });
    says("F20", &Message::ItemReceipt { kind: id::RESPONSE_SET, number: 16, ok: true });
    says("F21", &Message::Answer { time: 1_137_400_867, id: name(), choice: 16 });
    says("F22", &Message::About { kind: id::ANSWER_RECEIPT, id: name() });
    let text = b"Refuel now?";
    says("F23", &Message::ButtonText { kind: id::YES_NO_TEXT, time: MORNING, id: number(), text });
    says("F24", &Message::Answer { time: 1_137_400_320, id: number(), choice: 1 });
    let text = b"Loading finished";
    says("F35", &Message::SetItem { kind: id::SET_QUICK, number: 5, text });
}

#[test]
fn drivers_texts() {
    let reply = Reply { latitude: 652_771_044, longitude: 301_878_954, id: number() };
    let (latitude, longitude) = reply.degrees().unwrap();
    assert!((latitude - 54.714_637).abs() < 1e-6 && (longitude - 25.303_202).abs() < 1e-6);
    let (time, text) = (1_137_401_130, &b"Arrived at gate 3"[..]);
    says("F25", &Message::DriverText { time, number: 77, reply: Some(reply), text });
    let reply = Reply { latitude: NO_FIX, longitude: NO_FIX, id: TextId::default() };
    assert_eq!(reply.degrees(), None);
    let (time, text) = (1_137_401_160, &b"OK"[..]);
    says("F26", &Message::DriverText { time, number: 78, reply: Some(reply), text });
    let (time, text) = (1_137_401_220, &b"Traffic jam"[..]);
    says("F27", &Message::DriverText { time, number: 79, reply: None, text });
    says("F28", &Message::Number { kind: id::DRIVER_TEXT_RECEIPT, number: 77 });
}

#[test]
fn long_texts() {
    let text = b"Bay 14 closed. ".repeat(15);
    assert_eq!(text.len(), 225);
    let segment = &text[..200];
    let time = MORNING;
    says("F29", &Message::LongText { time, popup: 0, last: false, number: 0, id: name(), segment });
    let segment = &[&text[200..], &[0]].concat();
    says("F30", &Message::LongText { time, popup: 0, last: true, number: 1, id: name(), segment });
    says("F31", &Message::LongTextReceipt { time, result: 0, last: false, number: 0, id: name() });
    says("F32", &Message::LongTextReceipt { time, result: 0, last: true, number: 1, id: name() });
}

#[test]
fn throttles_pings_and_drivers() {
    says("F36", &Message::Throttle { kind: id::THROTTLE, packet: id::STATUS, state: 1 });
    says("F37", &Message::Throttle { kind: id::THROTTLED, packet: id::STATUS, state: 1 });
    says("F38", &Message::Bare { id: id::PING });
    says("F39", &Message::Bare { id: id::PONG });
    let (time, place) = (1_137_398_400, Some(0));
    let (driver, password) = (&b"ivanov"[..], &b"1234"[..]);
    says("F40", &Message::Driver { change: 9, time, place, driver, password });
    let receipt = |kind, change| Message::DriverReceipt { kind, change, ok: true, place: 0 };
    says("F41", &receipt(id::DRIVER_RECEIPT, 9));
    says("F42", &Message::DriverStatus { change: 10, time: time + 60, status: 3, place });
    says("F43", &receipt(id::DRIVER_STATUS_RECEIPT, 10));
}

#[test]
fn times_count_from_the_last_day_of_1989() {
    let moment = "2026-01-15T08:30:00Z".parse().unwrap();
    assert_eq!((time_of(moment), timestamp(MORNING)), (MORNING, Some(moment)));
    assert_eq!(timestamp(0).unwrap().to_string(), "1989-12-31T00:00:00Z");
    assert_eq!(timestamp(u32::MAX), None);
}

#[test]
fn short_packets_name_the_field_that_is_missing() {
    let cut = |tag: &str, length: usize| {
        let payload = packet(tag).1;
        decode::message(&payload[..length]).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(cut("F11", 7), "text receipt 0x002B: field result at offset 7: ends too early");
    assert_eq!(cut("F15", 8), "text status 0x0041: field id at offset 6: ends too early");
    assert_eq!(
        cut("F25", 15),
        "driver's text 0x0026: field unique id at offset 14: ends too early"
    );
    assert_eq!(
        cut("F1", 1),
        "fleet management packet 0xA1: field FMI id at offset 0: ends too early"
    );
    let mut payload = packet("F15").1;
    payload[2] = 17;
    let error = decode::message(&payload).unwrap_err().to_string();
    assert_eq!(error, "text status 0x0041: field id at offset 6: has no valid value");
}

#[test]
fn what_controllers_leave_out_is_not_missed() {
    // The unused rest of the id, and the NUL behind a text.
    let payload = packet("F15").1;
    let state = Message::Code { kind: id::STATUS, code: 1, id: number() };
    assert_eq!(decode::message(&payload[..10]), Ok(state));
    let payload = packet("F27").1;
    let whole = decode::message(&payload).unwrap();
    assert_eq!(decode::message(&payload[..payload.len() - 1]), Ok(whole));
}

#[test]
fn trackers_that_do_the_lines_part_carry_the_stripped_form() {
    let hex = |tag: &str| {
        let line = String::from_utf8(envelope(tag)).unwrap();
        let hex = line.split_once("FM.,").unwrap().1;
        bytes(hex.split([';', '<']).next().unwrap())
    };
    let [text, receipt, number] = enveloped();
    assert_eq!(hex("C4"), stripped(&text));
    assert_eq!(hex("C5"), stripped(&receipt));
    assert_eq!(hex("C6"), stripped(&number));
    assert_eq!(hex("C7"), stripped(&sample("F44")));
}

#[test]
fn every_sample_is_explained() {
    for (tag, wire) in samples() {
        let fields = explain::fields(&wire).unwrap();
        let [field] = &fields[..] else { panic!("{tag}: {fields:?}") };
        let hex: String = wire.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(field.raw, hex, "{tag}");
        assert!(!field.value.contains("other"), "{tag}: {}", field.value);
    }
    let all = [sample("F3"), vec![7, 7], sample("F25"), vec![0x10, 0xa1]].concat();
    let fields = explain::fields(&all).unwrap();
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["Garmin packet", "noise", "Garmin packet", "beginning of a packet"]);
    let parts: Vec<_> =
        fields[2].children.iter().map(|part| (part.name.as_str(), part.value.as_str())).collect();
    assert!(parts.contains(&("text", "\"Arrived at gate 3\"")), "{parts:?}");
    assert!(parts.contains(&("position", "54.714637, 25.303202")), "{parts:?}");
    assert!(!format!("{:?}", explain::fields(&sample("F40"))).contains("\"1234"));
    assert_eq!(explain::fields(b"hello"), None);
}
