//! Relays: many objects on one connection.

use super::dialogue::{Dialogue, known, records, said, stages, written};
use super::{sample, subs};
use crate::effect::{CloseReason, DeliveryStage, DeliveryToken, Effect, Evidence, Receipt};
use crate::egts::decode;
use crate::egts::message::{Command, Sub, code, ct, service};
use crate::framing::Limits;
use crate::session::{Admission, Credentials, Lane, Session, SessionError};

/// A relay with these objects online.
fn relay(objects: &[u32]) -> Dialogue {
    let mut dialogue = Dialogue::new(&Limits::default());
    dialogue.frame(&sample("R4")).1.unwrap();
    for (lane, object) in (0..).zip(objects) {
        let asked = dialogue.record(service::TELEDATA, Some(*object), &[analog()]);
        let identity = object.to_string();
        let credentials = Credentials { identity, aliases: Vec::new(), secret: None };
        assert_eq!(asked, [Effect::Authenticate { lane: Lane(lane), credentials }]);
        let online = dialogue.admit(Lane(lane), known(&[]));
        assert_eq!(online[0], Effect::Online { lane: Lane(lane) });
    }
    dialogue
}

const fn analog() -> Sub<'static> {
    Sub::Analog { number: 1, value: 7 }
}

/// Result codes of a RESPONSE, by record.
fn results(packet: &[u8]) -> Vec<(u16, u8)> {
    let packet = decode::packet(packet).unwrap();
    let of = subs(&packet).into_iter().map(|sub| match sub {
        Sub::RecordResponse { record, result } => (record, result),
        other => panic!("{other:?}"),
    });
    of.collect()
}

#[test]
fn a_text_goes_to_its_object_and_so_do_its_receipts() {
    let mut dialogue = relay(&[4711, 4712]);
    for (lane, object, number) in [(1, 4712, 5), (0, 4711, 6)] {
        let sent = dialogue.text(Lane(lane), number, "Turn left");
        let bytes = written(&sent).remove(0);
        let packet = decode::packet(&bytes).unwrap();
        let record = packet.body.records()[0];
        assert_eq!((record.object, record.flags), (Some(object), 0x41));
        assert_eq!(dialogue.session.window(Lane(lane)), 0);
        let answered = dialogue.answer(packet.header.id, record.number, 0);
        assert_eq!(stages(&answered), []);
    }
    let confirmed = |dialogue: &mut Dialogue, object, id| {
        let command = Command { kind: ct::DELIV, id, sender: 1, ..Command::default() };
        dialogue.record(service::COMMANDS, Some(object), &[Sub::Command(command)])
    };
    let receipt = Receipt::Token(DeliveryToken(5));
    let stage = DeliveryStage::Confirmed(Evidence::Accepted);
    let effects = confirmed(&mut dialogue, 4712, 5);
    assert_eq!(effects[0], Effect::Delivery { lane: Lane(1), receipt, stage });
    assert_eq!((dialogue.session.window(Lane(0)), dialogue.session.window(Lane(1))), (0, 1));
    // The number of another object's text is not this object's.
    let effects = confirmed(&mut dialogue, 4712, 6);
    let receipt = Receipt::Serial { serial: 6, bits: 32 };
    assert_eq!(effects[0], Effect::Delivery { lane: Lane(1), receipt, stage });
    assert_eq!(dialogue.session.window(Lane(0)), 0);
}

#[test]
fn one_answer_to_a_packet_of_several_objects_in_the_last_record() {
    let mut dialogue = relay(&[4711, 4712]);
    let effects = dialogue.packet(&[
        (1, service::TELEDATA, Some(4711), vec![analog()]),
        (2, service::COMMANDS, Some(4712), vec![said(3, "ok")]),
        (3, service::TELEDATA, Some(4711), vec![analog(), analog()]),
        (4, 77, Some(4711), vec![]),
    ]);
    assert!(written(&effects).is_empty());
    let records = records(&effects);
    let lanes: Vec<_> = records.iter().map(|(lane, events, ..)| (lane.0, events.len())).collect();
    assert_eq!(lanes, [(0, 2), (1, 1)]);
    assert!(records[0].2.is_empty() && records[0].3.is_empty());
    let (.., ack, nack) = &records[1];
    let expected = [(1, 0), (3, 0), (2, 0), (4, code::UNKNOWN_SERVICE)];
    // The driver's text is confirmed behind the answer, if it is stored.
    let length = nack.len();
    assert_eq!(results(&ack[..length]), expected);
    assert_eq!(
        results(nack),
        expected.map(|(record, result)| match result {
            0 => (record, code::IO_ERROR),
            other => (record, other),
        })
    );
    let behind = decode::packet(&ack[length..]).unwrap();
    assert!(matches!(subs(&behind)[..], [Sub::Command(Command { kind: ct::MSGCONF, id: 3, .. })]));
    assert_eq!(behind.body.records()[0].object, Some(4712));
}

#[test]
fn unknown_objects_are_refused_and_asked_for_again() {
    let mut dialogue = relay(&[]);
    for _ in 0..2 {
        let asked = dialogue.record(service::TELEDATA, Some(9), &[analog()]);
        assert!(matches!(asked[..], [Effect::Authenticate { lane: Lane(0), .. }]), "{asked:?}");
        let effects = dialogue.admit(Lane(0), Admission::Unknown);
        assert!(records(&effects).is_empty());
        assert_eq!(results(&written(&effects)[0]), [(1, code::UNKNOWN_ID)]);
    }
    let asked = dialogue.record(service::TELEDATA, Some(9), &[analog()]);
    assert_eq!(asked.len(), 1);
    let effects = dialogue.admit(Lane(0), Admission::Blocked);
    assert_eq!(results(&written(&effects)[0]), [(1, code::NOT_AUTHORISED)]);
    // Nobody is let in: the connection does not stay for ever.
    assert_eq!(dialogue.wait(), [Effect::Close(CloseReason::LoginTimeout)]);
}

#[test]
fn objects_beyond_the_limit_take_the_place_of_refused_ones() {
    let limits = Limits { max_lanes: 2, ..Limits::default() };
    let mut dialogue = Dialogue::new(&limits);
    dialogue.frame(&sample("R4")).1.unwrap();
    let mut answer = |object, admission| {
        let asked = dialogue.record(service::TELEDATA, Some(object), &[analog()]);
        let [Effect::Authenticate { lane, .. }] = asked[..] else { return Err(asked) };
        Ok((lane.0, dialogue.admit(lane, admission)))
    };
    assert_eq!(answer(1, known(&[])).unwrap().0, 0);
    assert_eq!(answer(2, Admission::Unknown).unwrap().0, 1);
    assert_eq!(answer(3, Admission::Unknown).unwrap().0, 1);
    assert_eq!(answer(4, known(&[])).unwrap().0, 1);
    assert_eq!(answer(1, known(&[])).unwrap_err().len(), 1);
    let data = crate::egts::encode::subs(&[analog()]);
    let mut record = crate::egts::encode::record(0, 6, service::TELEDATA, &data);
    record.object = Some(5);
    let body = crate::egts::encode::data(&[record]);
    let (effects, result) = dialogue.frame(&crate::egts::header::seal(1, 900, None, &body));
    assert_eq!(result, Err(SessionError::Limit("objects on one connection")));
    assert_eq!(results(&written(&effects)[0]), [(6, code::NO_RESOURCES)]);
}

#[test]
fn a_packet_full_of_strangers_asks_no_more_than_there_are_lanes() {
    let limits = Limits { max_lanes: 3, ..Limits::default() };
    let mut dialogue = Dialogue::new(&limits);
    let strangers: Vec<_> =
        (1..=50).map(|n| (n, service::TELEDATA, Some(u32::from(n)), vec![analog()])).collect();
    let mut effects = dialogue.packet(&strangers);
    let mut asked = 0;
    while let [Effect::Authenticate { lane, .. }] = effects[..] {
        asked += 1;
        effects = dialogue.admit(lane, Admission::Unknown);
    }
    assert_eq!(asked, 3);
    let results = results(&written(&effects)[0]);
    assert_eq!(results.len(), 50);
    assert!(results.iter().all(|(_, result)| *result >= 128), "{results:?}");
}

#[test]
fn a_unit_behind_a_dispatcher_that_does_not_answer_is_not_the_end_of_the_others() {
    let mut dialogue = relay(&[4711, 4712]);
    dialogue.text(Lane(0), 1, "Turn left");
    for _ in 0..3 {
        assert_eq!(written(&dialogue.wait()).len(), 1);
    }
    let receipt = Receipt::Token(DeliveryToken(1));
    let stage = DeliveryStage::TimedOut;
    assert_eq!(dialogue.wait(), [Effect::Delivery { lane: Lane(0), receipt, stage }]);
    assert_eq!(dialogue.session.window(Lane(1)), 1);
}
