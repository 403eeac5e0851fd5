//! Rules of the session that no whole dialogue in `fixtures/` is needed for.

use super::dialogue::{Dialogue, known, records, said, stages, written};
use super::{bytes, sample, subs};
use crate::effect::{CloseReason, DeliveryStage, DeliveryToken, Effect, Evidence, Receipt};
use crate::egts::Egts;
use crate::egts::decode;
use crate::egts::encode;
use crate::egts::header::{packet as pt, seal};
use crate::egts::message::{Command, ServiceInfo, Sub, TermIdentity, cct, code, ct, service};
use crate::egts::options::{OPTIONS, Settings};
use crate::event::{Event, RepeatKey};
use crate::framing::{Limits, Rejection};
use crate::options::DeviceOptions;
use crate::protocol::Protocol;
use crate::session::{Lane, Session, SessionError};
use crate::text::TextRefusal;

fn token(number: u64) -> Receipt {
    Receipt::Token(DeliveryToken(number))
}

const fn serial(serial: u32) -> Receipt {
    Receipt::Serial { serial, bits: 32 }
}

/// What the confirmation of a text in flight makes of it (section 7.3).
fn outcome(kind: u8, result: u8) -> Vec<(Receipt, DeliveryStage)> {
    let mut dialogue = Dialogue::online(&[]);
    dialogue.text(Lane(0), 42, "Turn left");
    stages(&dialogue.confirm(kind, result, 42))
}

#[test]
fn confirmations_mean_what_section_7_3_says() {
    let accepted = (token(42), DeliveryStage::Confirmed(Evidence::Accepted));
    let displayed = (token(42), DeliveryStage::Confirmed(Evidence::Displayed));
    let read = (serial(42), DeliveryStage::Read);
    assert_eq!(outcome(ct::DELIV, cct::OK), [accepted]);
    assert_eq!(outcome(ct::DELIV, cct::NCONF), [accepted]);
    assert_eq!(outcome(ct::MSGCONF, cct::OK), [displayed, read]);
    assert_eq!(outcome(ct::MSGCONF, cct::NCONF), [displayed, read]);
    for kind in [ct::DELIV, ct::MSGCONF] {
        assert_eq!(outcome(kind, cct::INPROG), []);
        for result in [cct::ERROR, cct::ILL, cct::DEL, cct::NFOUND] {
            let refused = DeliveryStage::Refused { code: result.into(), retry: false };
            assert_eq!(outcome(kind, result), [(token(42), refused)]);
        }
        assert_eq!(outcome(kind, 9), []);
    }
    // An answer to a command is none to a message.
    assert_eq!(outcome(ct::COMCONF, cct::OK), []);
}

#[test]
fn an_answer_to_a_record_alone_delivers_nothing() {
    let mut dialogue = Dialogue::online(&[]);
    let sent = dialogue.text(Lane(0), 42, "Turn left");
    let packet = decode::packet(&written(&sent)[0]).unwrap().header.id;
    assert_eq!(stages(&dialogue.answer(packet, packet, 0)), []);
    assert_eq!(stages(&dialogue.answer(packet, packet, 1)), []);
    assert_eq!(dialogue.session.window(Lane(0)), 0);
    // A RESPONSE without the record's answer does not either, nor an answer to other numbers.
    let bare = seal(pt::RESPONSE, 1, None, &encode::response(packet, 0, &[]));
    assert_eq!(stages(&dialogue.frame(&bare).0), []);
    assert_eq!(stages(&dialogue.answer(packet.wrapping_add(1), 999, 200)), []);
    let refused = DeliveryStage::Refused { code: 148, retry: false };
    assert_eq!(stages(&dialogue.answer(packet, packet, 148)), [(token(42), refused)]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
}

#[test]
fn comconf_confirms_raw_data_only_if_it_is_ours() {
    let mut dialogue = Dialogue::online(&[("text_as", "raw_data"), ("raw_address", "3")]);
    let sent = dialogue.text(Lane(0), 42, "ok");
    let bytes = written(&sent).remove(0);
    let packet = decode::packet(&bytes).unwrap();
    let [Sub::Command(command)] = subs(&packet)[..] else { panic!("{packet:?}") };
    let order = decode::order(command.data).unwrap();
    assert_eq!((command.kind, order.address, order.code, order.data), (ct::COM, 3, 0, &b"ok"[..]));
    // R13 answers commands that somebody else numbered.
    let (effects, _) = dialogue.frame(&sample("R13"));
    assert_eq!(stages(&effects), []);
    let confirmed = DeliveryStage::Confirmed(Evidence::Accepted);
    assert_eq!(stages(&dialogue.confirm(ct::COMCONF, cct::OK, 42)), [(token(42), confirmed)]);
    assert_eq!(stages(&dialogue.confirm(ct::COMCONF, cct::OK, 7)), [(serial(7), confirmed)]);
}

#[test]
fn a_repeated_confirmation_says_nothing_new() {
    let mut dialogue = Dialogue::online(&[]);
    dialogue.text(Lane(0), 42, "Turn left");
    dialogue.confirm(ct::DELIV, cct::OK, 42);
    assert_eq!(stages(&dialogue.confirm(ct::DELIV, cct::OK, 42)), []);
    let read = (serial(42), DeliveryStage::Read);
    assert_eq!(stages(&dialogue.confirm(ct::MSGCONF, cct::OK, 42)), [read]);
    // What is remembered is bounded; a confirmation that was forgotten counts by its number.
    for number in 100..120 {
        dialogue.text(Lane(0), number, "x");
        dialogue.confirm(ct::DELIV, cct::OK, number);
    }
    let again = stages(&dialogue.confirm(ct::DELIV, cct::OK, 42));
    assert_eq!(again, [(serial(42), DeliveryStage::Confirmed(Evidence::Accepted))]);
}

#[test]
fn a_driver_text_is_acknowledged_with_its_record() {
    let mut dialogue = Dialogue::online(&[]);
    let effects = dialogue.record(service::COMMANDS, None, &[said(9, "ok")]);
    assert!(written(&effects).is_empty());
    let [(_, events, ack, nack)] = &records(&effects)[..] else { panic!("{effects:?}") };
    let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(message.text, "ok");
    let key = RepeatKey::Numbered { key: 9, window_seconds: 600 };
    assert_eq!((&message.repeat, message.device_time), (&key, None));
    let refused = decode::packet(nack).unwrap();
    assert_eq!(subs(&refused), [Sub::RecordResponse { record: 1, result: code::IO_ERROR }]);
    let answer = decode::packet(&ack[..nack.len()]).unwrap();
    assert_eq!(subs(&answer), [Sub::RecordResponse { record: 1, result: code::OK }]);
    assert_eq!(answer.header.kind, pt::RESPONSE);
}

#[test]
fn a_broken_record_is_refused_whole_and_alone() {
    let mut dialogue = Dialogue::online(&[]);
    let good = encode::subs(&[said(1, "taken")]);
    let mut broken = encode::subs(&[said(2, "lost")]);
    broken.extend_from_slice(&[51, 2, 0, 0x30, 9]);
    let records_of = [
        encode::record(0, 1, service::COMMANDS, &broken),
        encode::record(0, 2, service::COMMANDS, &good),
    ];
    let (effects, result) = dialogue.frame(&seal(pt::APPDATA, 7, None, &encode::data(&records_of)));
    let Err(SessionError::Decode(error)) = result else { panic!("{result:?}") };
    assert_eq!((error.message, error.field), ("COMMAND_DATA", "CID"));
    let [(_, events, ack, nack)] = &records(&effects)[..] else { panic!("{effects:?}") };
    assert!(matches!(&events[..], [Event::Message(message)] if message.text == "taken"));
    let answer = decode::packet(&ack[..nack.len()]).unwrap();
    let results = [
        Sub::RecordResponse { record: 1, result: code::WRONG_DATA },
        Sub::RecordResponse { record: 2, result: code::OK },
    ];
    assert_eq!(subs(&answer), results);
}

#[test]
fn too_many_bad_frames_end_it() {
    let limits = Limits { max_bad_frames: 3, ..Limits::default() };
    let mut dialogue = Dialogue::new(&limits);
    let encrypted = bytes("0100080b000700020001d80000020080020237c8");
    for _ in 0..2 {
        assert_eq!(dialogue.frame(&encrypted).0.len(), 1);
    }
    // A good one forgives.
    dialogue.frame(&sample("S11")).1.unwrap();
    for _ in 0..2 {
        assert_eq!(dialogue.frame(&encrypted).0.len(), 1);
    }
    let mut fx = crate::effect::Effects::new();
    let reason = Rejection::Checksum { expected: 1, found: 2 };
    dialogue.session.handle_rejected(&sample("R6"), reason, dialogue.now, &mut fx);
    let [Effect::Transmit(answer), Effect::Close(CloseReason::TooManyErrors)] = fx.as_slice()
    else {
        panic!("{fx:?}");
    };
    assert_eq!(super::response(&decode::packet(answer).unwrap()), (Some(43), 138));
    assert_eq!(dialogue.frame(&sample("S11")).0, []);
    assert_eq!(dialogue.session.poll_timeout(), None);
}

#[test]
fn a_response_is_never_answered() {
    let mut dialogue = Dialogue::online(&[]);
    for tag in ["R2", "S2", "S12", "S13"] {
        let (effects, result) = dialogue.frame(&sample(tag));
        assert_eq!((effects, result), (Vec::new(), Ok(())), "{tag}");
    }
    let broken = seal(pt::RESPONSE, 1, None, &[1]);
    assert!(matches!(dialogue.frame(&broken), (effects, Err(_)) if effects.is_empty()));
    let empty = seal(pt::RESPONSE, 1, None, &[]);
    assert_eq!(dialogue.frame(&empty), (Vec::new(), Ok(())));
    // What it carries is stored all the same.
    let data = encode::subs(&[said(1, "hello")]);
    let record = encode::record(0, 1, service::COMMANDS, &data);
    let carrying = seal(pt::RESPONSE, 1, None, &encode::response(9, 0, &[record]));
    let (effects, _) = dialogue.frame(&carrying);
    let [(_, events, ack, nack)] = &records(&effects)[..] else { panic!("{effects:?}") };
    assert!(events.len() == 1 && ack.is_empty() && nack.is_empty());
}

#[test]
fn identities_are_tried_in_the_order_of_section_5_1() {
    let asked = |identity: TermIdentity<'_>, object| {
        let mut dialogue = Dialogue::new(&Limits::default());
        let effects = dialogue.record(service::AUTH, object, &[Sub::TermIdentity(identity)]);
        match &effects[..] {
            [Effect::Authenticate { credentials, .. }] => {
                (credentials.identity.clone(), credentials.aliases.clone())
            }
            other => panic!("{other:?}"),
        }
    };
    let imei = Some(&b"866104029690008"[..]);
    let full = TermIdentity { id: 4711, imei, ..TermIdentity::default() };
    let aliases = vec!["4711".to_owned(), "9".to_owned()];
    assert_eq!(asked(full, Some(9)), ("866104029690008".to_owned(), aliases));
    // An IMEI of zeros is unknown; the same number twice is one.
    let zeros = TermIdentity { id: 4711, imei: Some(&[b'0'; 15]), ..TermIdentity::default() };
    assert_eq!(asked(zeros, Some(4711)), ("4711".to_owned(), vec![]));
    let padded =
        TermIdentity { imei: Some(b"865905\0\0\0\0\0\0\0\0\0"), ..TermIdentity::default() };
    assert_eq!(asked(padded, None), ("865905".to_owned(), vec![]));
    assert_eq!(asked(TermIdentity::default(), Some(77)), ("77".to_owned(), vec![]));
}

#[test]
fn a_dispatcher_is_not_taken_where_a_unit_is() {
    let mut dialogue = Dialogue::online(&[]);
    let (effects, _) = dialogue.frame(&sample("R4"));
    let answer = decode::packet(&written(&effects)[0]).unwrap().body.records().len();
    assert_eq!((effects.len(), answer), (1, 1));
    let bytes = written(&effects).remove(0);
    let packet = decode::packet(&bytes).unwrap();
    assert_eq!(subs(&packet), [Sub::RecordResponse { record: 0, result: code::DENIED }]);
    assert_eq!(dialogue.session.window(Lane(0)), 1);
}

#[test]
fn a_packet_full_of_questions_is_not_answered_with_a_flood() {
    let question = ServiceInfo { service: service::COMMANDS, state: 0, parameters: 0x80 };
    let mut subs_of = vec![Sub::ServiceInfo(question); 5000];
    let identity = TermIdentity { id: 4711, simple: true, ..TermIdentity::default() };
    subs_of.push(Sub::TermIdentity(identity));
    let mut dialogue = Dialogue::new(&Limits::default());
    dialogue.record(service::AUTH, None, &subs_of);
    let effects = dialogue.admit(Lane(0), crate::session::Admission::Unknown);
    let answer: Vec<u8> = written(&effects).concat();
    let packets = super::cut_in(&answer, &[usize::MAX]).unwrap();
    assert!(packets.len() < 10, "{}", packets.len());
    // The outcome of the login is among them all the same.
    let last = packets.into_iter().next_back().unwrap().unwrap();
    assert_eq!(subs(&decode::packet(&last).unwrap()), [Sub::ResultCode(code::UNKNOWN_ID)]);
}

#[test]
fn a_vehicle_makes_nobody_of_a_unit_that_is_online() {
    let mut dialogue = Dialogue::new(&Limits::default());
    let nameless = TermIdentity { simple: true, ..TermIdentity::default() };
    dialogue.record(service::AUTH, Some(77), &[Sub::TermIdentity(nameless)]);
    dialogue.admit(Lane(0), known(&[]));
    let (effects, _) = dialogue.frame(&sample("R6"));
    let [(lane, events, ..)] = &records(&effects)[..] else { panic!("{effects:?}") };
    assert!(*lane == Lane(0) && matches!(events[..], [Event::Info(_)]), "{events:?}");
}

#[test]
fn a_text_that_nobody_asked_for_is_given_back() {
    let mut dialogue = Dialogue::online(&[]);
    dialogue.text(Lane(0), 1, "one");
    let back = [(token(2), DeliveryStage::TimedOut)];
    assert_eq!(stages(&dialogue.text(Lane(0), 2, "two")), back);
    assert_eq!(stages(&dialogue.text(Lane(7), 2, "two")), back);
    let mut stranger = Dialogue::new(&Limits::default());
    assert_eq!(stages(&stranger.text(Lane(0), 2, "two")), back);
    let mut without = Dialogue::new(&Limits::default());
    let identity = TermIdentity { id: 1, simple: true, ..TermIdentity::default() };
    without.record(service::AUTH, None, &[Sub::TermIdentity(identity)]);
    without.admit(Lane(0), known(&[("display", "false")]));
    without.answer(2, 2, 0);
    assert_eq!(without.session.window(Lane(0)), 0);
}

#[test]
fn texts_are_planned_for_the_charset_that_will_be_used() {
    let plan = |text: &str, pairs: &[(&str, &str)]| {
        let options = DeviceOptions::parse(OPTIONS, pairs.iter().copied()).unwrap();
        Egts.plan_text(text, &options)
    };
    let cyrillic = "Привет ".repeat(73);
    assert_eq!(plan(&cyrillic, &[]).unwrap().parts(), 1);
    assert_eq!(plan(&cyrillic, &[("charset", "ucs2")]).unwrap().parts(), 3);
    assert_eq!(plan(&cyrillic, &[("charset", "auto")]).unwrap().parts(), 1);
    let mixed = format!("{cyrillic}你好");
    assert!(plan(&mixed, &[]).unwrap().lossy);
    let planned = plan(&mixed, &[("charset", "auto")]).unwrap();
    assert!(!planned.lossy && planned.parts() == 3);
    assert_eq!(plan("x", &[("display", "false")]), Err(TextRefusal::NotSupported));
    // Every part fits, whichever charset it is sent in.
    let options = DeviceOptions::parse(OPTIONS, [("charset", "auto")]).unwrap();
    let settings = Settings::read(&options);
    for part in 0..planned.parts() {
        let content = crate::session::Content::Text {
            text: planned.part(&mixed, part).to_owned(),
            part: u16::try_from(part + 1).unwrap(),
            parts: 3,
        };
        let shown = settings.shown(&content);
        assert!(settings.writing.of(&shown).0.encode(&shown).bytes.len() <= 512);
    }
}

#[test]
fn orders_that_only_a_platform_gives_are_not_obeyed() {
    let mut dialogue = Dialogue::online(&[]);
    for kind in [ct::MSGTO, ct::COM, ct::DELCOM, ct::SUBREQ, 0, 15] {
        let command = Sub::Command(Command { kind, id: 1, ..Command::default() });
        let data = encode::subs(&[command]);
        let record = encode::record(0, 1, service::COMMANDS, &data);
        let packet = seal(pt::APPDATA, 3, None, &encode::data(&[record]));
        let (effects, result) = dialogue.frame(&packet);
        assert!(matches!(result, Err(SessionError::Unexpected { .. })), "{kind}");
        let [(_, events, ..)] = &records(&effects)[..] else { panic!("{effects:?}") };
        assert!(matches!(events[..], [Event::Unhandled { kind: 0x0433, .. }]), "{events:?}");
    }
}
