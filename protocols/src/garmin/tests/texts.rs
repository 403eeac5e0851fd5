//! Texts down and what makes them DELIVERED.

use super::{Line, ack, sample, token};
use crate::effect::{DeliveryStage, Effect, Evidence, Receipt};
use crate::event::Event;
use crate::framing::{Cut, Frame};
use crate::garmin::message::{Message, TextId, id, time_of};
use crate::garmin::{decode, frame};
use crate::session::Content;

const TRANSMITTED: DeliveryStage = DeliveryStage::Transmitted;
const ACCEPTED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Accepted);
const DISPLAYED: DeliveryStage = DeliveryStage::Confirmed(Evidence::Displayed);

/// The payload of a written packet.
fn payload(packet: &[u8]) -> Vec<u8> {
    let mut scratch = Vec::new();
    let Cut { frame: Some(Frame::Valid(packet)), .. } = frame::cut(packet, &mut scratch) else {
        panic!("{packet:02x?}");
    };
    frame::split(packet).unwrap().1.to_vec()
}

/// The only packet written, acknowledged.
fn written(line: &mut Line) -> Vec<u8> {
    let packets = line.packets();
    let [packet] = &packets[..] else { panic!("{packets:02x?}") };
    let payload = payload(packet);
    line.receive(&ack());
    payload
}

/// Id and time of the text just written.
pub(super) fn text_sent(line: &mut Line) -> (TextId, u32, Vec<u8>) {
    let payload = written(line);
    let Ok(Message::Text { id, time, text, .. }) = decode::message(&payload) else {
        panic!("{payload:02x?}");
    };
    (id, time, text.to_vec())
}

fn question(answers: &[(u8, &str)]) -> Content {
    let answers = answers.iter().map(|(id, words)| (*id, (*words).to_owned())).collect();
    Content::Question { text: "Where are you?".to_owned(), answers }
}

#[test]
fn a_receipt_makes_a_text_delivered_and_its_state_read() {
    let mut line = Line::up(&[]);
    line.text(7, "Ворота 4");
    assert_eq!(line.fmi.window(), 0);
    let (id, time, text) = text_sent(&mut line);
    assert_eq!((text.as_slice(), time), ("Ворота 4".as_bytes(), time_of(line.now.wall)));
    assert_eq!(line.stages(), [(token(7), TRANSMITTED)], "a link acknowledgement proves nothing");
    line.say(&Message::TextReceipt { time, ok: true, id });
    assert_eq!(line.stages(), [(token(7), ACCEPTED)]);
    assert_eq!(line.fmi.window(), 1);
    line.say(&Message::TextReceipt { time, ok: true, id });
    line.say(&Message::Code { kind: id::STATUS, code: 0, id });
    assert_eq!(line.stages(), [], "once");
    line.say(&Message::Code { kind: id::STATUS, code: 1, id });
    assert_eq!(line.stages(), [(token(7), DeliveryStage::Read)]);
    line.say(&Message::Code { kind: id::STATUS, code: 2, id });
    assert_eq!(line.stages(), [], "the driver deleted it");
}

#[test]
fn receipts_of_other_texts_do_not_count() {
    let mut line = Line::up(&[]);
    line.text(7, "Gate 4");
    let (_, time, _) = text_sent(&mut line);
    line.stages();
    line.receive(&sample("F11"));
    line.receive(&sample("F15"));
    line.say(&Message::TextReceipt { time, ok: true, id: TextId::default() });
    assert_eq!(line.stages(), []);
    assert_eq!(line.fmi.window(), 0);
}

#[test]
fn the_same_text_has_the_same_id_and_another_has_another() {
    let id_of = |number, words: &str| {
        let mut line = Line::up(&[]);
        line.text(number, words);
        text_sent(&mut line).0
    };
    assert_eq!(id_of(7, "Gate 4"), id_of(7, "Gate 4"));
    assert_ne!(id_of(7, "Gate 4"), id_of(7, "Gate 5"));
    assert_ne!(id_of(7, "Gate 4"), id_of(8, "Gate 4"));
    assert_eq!(id_of(7, "Gate 4").significant()[..6], *b"CW\0\0\0\x07");
}

#[test]
fn a_lost_receipt_is_asked_for_and_nothing_is_sent_twice() {
    let mut line = Line::up(&[]);
    line.text(7, "Gate 4");
    let (sent, ..) = text_sent(&mut line);
    // The connection is lost; over the next one the same text comes again.
    let mut line = Line::up(&[]);
    let text = "Gate 4".to_owned();
    line.send(7, true, Content::Text { text, part: 1, parts: 1 });
    let asked = written(&mut line);
    assert_eq!(decode::message(&asked), Ok(Message::About { kind: id::STATUS_REQUEST, id: sent }));
    line.say(&Message::Code { kind: id::STATUS, code: 0, id: sent });
    assert_eq!(line.stages(), [(token(7), TRANSMITTED), (token(7), ACCEPTED)]);
    assert_eq!(line.packets().len(), 0);
}

#[test]
fn a_repeat_that_is_not_there_is_sent() {
    let mut line = Line::up(&[]);
    let text = "Gate 4".to_owned();
    line.send(7, true, Content::Text { text, part: 1, parts: 1 });
    let asked = written(&mut line);
    let Ok(Message::About { id, .. }) = decode::message(&asked) else { panic!("{asked:02x?}") };
    line.say(&Message::Code { kind: id::STATUS, code: 2, id });
    assert_eq!(text_sent(&mut line).0, id);
}

#[test]
fn a_refusal_is_looked_into() {
    let mut line = Line::up(&[]);
    line.text(7, "Gate 4");
    let (id, time, _) = text_sent(&mut line);
    line.say(&Message::TextReceipt { time, ok: false, id });
    let asked = written(&mut line);
    assert_eq!(decode::message(&asked), Ok(Message::About { kind: id::STATUS_REQUEST, id }));
    assert_eq!(line.stages(), [(token(7), TRANSMITTED)]);
    // It is not there: really refused.
    line.say(&Message::Code { kind: id::STATUS, code: 2, id });
    assert_eq!(line.stages(), [(token(7), DeliveryStage::Refused { code: 0, retry: true })]);
    // It is there, and read: an earlier copy.
    line.text(8, "Gate 5");
    let (id, time, _) = text_sent(&mut line);
    line.say(&Message::TextReceipt { time, ok: false, id });
    written(&mut line);
    line.say(&Message::Code { kind: id::STATUS, code: 1, id });
    assert_eq!(
        line.stages(),
        [(token(8), TRANSMITTED), (token(8), DISPLAYED), (token(8), DeliveryStage::Read)]
    );
}

#[test]
fn silence_is_asked_about_and_then_given_up() {
    let mut line = Line::up(&[("fmi_ping", "0")]);
    line.text(7, "Gate 4");
    let (id, ..) = text_sent(&mut line);
    line.wait_s(45);
    let asked = written(&mut line);
    assert_eq!(decode::message(&asked), Ok(Message::About { kind: id::STATUS_REQUEST, id }));
    line.say(&Message::Code { kind: id::STATUS, code: 2, id });
    assert_eq!(text_sent(&mut line).0, id, "the same text again");
    for _ in 0..3 {
        line.wait_s(45);
        if line.fmi.window() == 0 {
            written(&mut line);
        }
    }
    line.wait_s(45);
    assert_eq!(line.stages().last(), Some(&(token(7), DeliveryStage::TimedOut)));
    assert_eq!(line.fmi.window(), 1);
    // A late receipt counts all the same.
    line.say(&Message::TextReceipt { time: 0, ok: true, id });
    assert_eq!(line.stages(), [(Receipt::Serial { serial: 7, bits: 32 }, ACCEPTED)]);
}

#[test]
fn a_receipt_counts_whose_connection_is_gone_a_state_of_long_ago_does_not() {
    let mut line = Line::up(&[]);
    line.text(7, "Gate 4");
    let (id, time, _) = text_sent(&mut line);
    let mut line = Line::up(&[]);
    line.say(&Message::Code { kind: id::STATUS, code: 0, id });
    assert_eq!(line.stages(), []);
    line.say(&Message::TextReceipt { time, ok: true, id });
    let serial = Receipt::Serial { serial: 7, bits: 32 };
    assert_eq!(line.stages(), [(serial, ACCEPTED)]);
    line.say(&Message::Code { kind: id::STATUS, code: 1, id });
    assert_eq!(line.stages(), [(serial, DeliveryStage::Read)]);
    // Of a text that another server left there.
    line.receive(&sample("F15"));
    assert_eq!(line.stages(), []);
}

#[test]
fn a_long_text_goes_in_segments_each_after_the_receipt_of_the_last() {
    let mut line = Line::up(&[("fmi_max_text", "1999")]);
    for length in [200, 225, 400, 1999] {
        let text: String = ('a'..='z').cycle().take(length).collect();
        line.text(7, &text);
        line.stages();
        let mut joined = Vec::new();
        for expected in 0_u8.. {
            let sent = written(&mut line);
            let Ok(Message::LongText { time, last, number, id, segment, .. }) =
                decode::message(&sent)
            else {
                panic!("{sent:02x?}");
            };
            assert_eq!(number, expected);
            assert!(segment.len() <= 200 && (last || segment.len() == 200), "{length}");
            joined.extend_from_slice(segment);
            assert_eq!(line.stages(), []);
            let receipt = Message::LongTextReceipt { time, result: 0, last, number, id };
            line.say(&receipt);
            if last {
                break;
            }
            // A repeated receipt is no receipt of the next segment.
            line.say(&receipt);
            assert_eq!(line.written.iter().filter(|packet| packet[1] == 0xa1).count(), 1);
        }
        assert_eq!(joined, [text.as_bytes(), &[0]].concat(), "{length}");
        assert_eq!(line.stages(), [(token(7), ACCEPTED)]);
    }
}

#[test]
fn a_segment_that_is_refused_begins_the_text_again_once() {
    let mut line = Line::up(&[]);
    line.text(7, &"x".repeat(300));
    for attempt in 0..2 {
        let sent = written(&mut line);
        let Ok(Message::LongText { time, number: 0, id, .. }) = decode::message(&sent) else {
            panic!("{sent:02x?}");
        };
        assert_eq!(line.stages().len(), usize::from(attempt == 0));
        line.say(&Message::LongTextReceipt { time, result: 8, last: false, number: 0, id });
    }
    assert_eq!(line.stages(), [(token(7), DeliveryStage::Refused { code: 8, retry: true })]);
}

#[test]
fn a_text_too_long_for_the_navigator_is_cut_again() {
    let mut line = Line::up(&[("fmi_mtu", "200")]);
    let text = "Ворота 14 закрыты. ".repeat(12);
    line.text(7, &text);
    line.stages();
    let mut joined = String::new();
    for number in 1.. {
        let (id, time, words) = text_sent(&mut line);
        assert!(words.len() <= 136);
        let words = String::from_utf8(words).unwrap();
        let label = format!("({number}/");
        assert!(words.starts_with(&label), "{words}");
        joined += words.split_once(") ").unwrap().1;
        line.say(&Message::TextReceipt { time, ok: true, id });
        match line.stages()[..] {
            [] => {}
            [(receipt, stage)] => {
                assert_eq!((receipt, stage), (token(7), ACCEPTED));
                break;
            }
            ref other => panic!("{other:?}"),
        }
    }
    assert_eq!(joined, text);
}

#[test]
fn parts_are_labelled() {
    let mut line = Line::up(&[]);
    line.send(7, false, Content::Text { text: "and left".to_owned(), part: 2, parts: 3 });
    assert_eq!(text_sent(&mut line).2, b"(2/3) and left");
}

#[test]
fn a_question_has_canned_responses_and_the_answer_is_a_text() {
    let mut line = Line::up(&[]);
    line.send(7, false, question(&[(1, "On my way"), (2, "Loading")]));
    let mut numbers = Vec::new();
    for words in ["On my way", "Loading"] {
        let sent = written(&mut line);
        let Ok(Message::SetItem { kind: id::SET_RESPONSE, number, text }) = decode::message(&sent)
        else {
            panic!("{sent:02x?}");
        };
        assert_eq!(text, words.as_bytes());
        numbers.push(number);
        line.say(&Message::ItemReceipt { kind: id::RESPONSE_SET, number, ok: true });
    }
    let sent = written(&mut line);
    let Ok(Message::Choices { id, responses }) = decode::message(&sent) else {
        panic!("{sent:02x?}");
    };
    assert_eq!(responses, numbers);
    line.say(&Message::Code { kind: id::CHOICES_RECEIPT, code: 0, id });
    let (text, time, words) = text_sent(&mut line);
    assert_eq!((text, words.as_slice()), (id, &b"Where are you?"[..]));
    line.say(&Message::TextReceipt { time, ok: true, id });
    assert_eq!(line.stages().last(), Some(&(token(7), ACCEPTED)));
    line.say(&Message::Answer { time: time + 9, id, choice: numbers[1] });
    let read = Effect::Delivery {
        lane: crate::session::Lane(0),
        receipt: token(7),
        stage: DeliveryStage::Read,
    };
    assert!(line.effects.contains(&read));
    let events = line.events();
    let [Event::Message(answer)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((answer.text.as_str(), answer.reply_to), ("Loading", Some(7)));
    assert_eq!(line.kinds(), [id::ANSWER_RECEIPT]);
    line.receive(&ack());
    // The responses are on the navigator now, and are sent again only if it asks.
    line.send(8, false, question(&[(1, "On my way"), (2, "Loading")]));
    assert_eq!(line.kinds(), [id::CHOICES]);
    line.receive(&ack());
    line.say(&Message::ResponsesWanted(vec![numbers[0]]));
    assert_eq!(line.kinds(), [id::SET_RESPONSE]);
}

#[test]
fn a_navigator_that_takes_no_responses_gets_the_question_in_words() {
    let mut line = Line::up(&[]);
    line.send(7, false, question(&[(1, "On my way"), (2, "Loading")]));
    let sent = written(&mut line);
    let Ok(Message::SetItem { number, .. }) = decode::message(&sent) else { panic!("{sent:02x?}") };
    line.say(&Message::ItemReceipt { kind: id::RESPONSE_SET, number, ok: false });
    let (id, time, words) = text_sent(&mut line);
    assert_eq!(words, b"Where are you?\n1: On my way\n2: Loading");
    line.say(&Message::TextReceipt { time, ok: true, id });
    assert_eq!(line.stages().last(), Some(&(token(7), ACCEPTED)));
}

#[test]
fn responses_that_the_navigator_lost_are_sent_again() {
    let mut line = Line::up(&[]);
    line.send(7, false, question(&[(1, "On my way")]));
    for code in [2, 0] {
        let sent = written(&mut line);
        let Ok(Message::SetItem { number, .. }) = decode::message(&sent) else {
            panic!("{sent:02x?}");
        };
        line.say(&Message::ItemReceipt { kind: id::RESPONSE_SET, number, ok: true });
        let sent = written(&mut line);
        let Ok(Message::Choices { id, .. }) = decode::message(&sent) else { panic!("{sent:02x?}") };
        line.say(&Message::Code { kind: id::CHOICES_RECEIPT, code, id });
    }
    assert_eq!(line.kinds(), [id::TEXT]);
}

/// A navigator that announces only these protocols.
fn old(numbers: &[u16], pairs: &[(&str, &str)]) -> Line {
    let mut line = Line::new(pairs);
    line.start();
    line.receive(&ack());
    line.receive(&ack());
    let list = numbers.iter().map(|&number| (b'A', number)).collect();
    line.say(&Message::Protocols(list));
    line.quiet();
    assert_eq!(line.fmi.window(), 1, "it will not ask for Unicode");
    line
}

#[test]
fn an_a602_navigator_confirms_by_its_link_and_that_is_said() {
    let mut line = old(&[602], &[]);
    line.text(7, "Gate 4");
    let sent = line.packets();
    let sent = payload(&sent[0]);
    let time = time_of(line.now.wall);
    assert_eq!(decode::message(&sent), Ok(Message::SimpleText { time, text: b"Gate 4" }));
    assert_eq!(line.stages(), [(token(7), TRANSMITTED)]);
    line.receive(&ack());
    assert_eq!(line.stages(), [(token(7), DeliveryStage::Confirmed(Evidence::Inferred))]);
}

#[test]
fn an_a602_navigator_may_have_the_driver_confirm() {
    let mut line = old(&[602], &[("fmi_a602_receipt", "okay")]);
    line.text(7, "Gate 4");
    let sent = written(&mut line);
    let Ok(Message::ButtonText { kind: id::OKAY_TEXT, id, time, .. }) = decode::message(&sent)
    else {
        panic!("{sent:02x?}");
    };
    assert_eq!(line.stages(), [(token(7), TRANSMITTED)]);
    line.say(&Message::Answer { time: time + 60, id, choice: 0 });
    assert!(
        !line.effects.iter().any(|effect| {
            matches!(effect, Effect::Record { events, .. } if !events.is_empty())
        })
    );
    assert_eq!(line.stages(), [(token(7), DISPLAYED), (token(7), DeliveryStage::Read)]);
    assert_eq!(line.packets().len(), 0, "no receipt for the answer before A604");
    // The driver does not.
    line.text(8, "Gate 5");
    written(&mut line);
    line.wait_s(900);
    assert_eq!(line.stages().last(), Some(&(token(8), DeliveryStage::TimedOut)));
}

#[test]
fn a_yes_no_question_has_buttons_on_an_old_navigator() {
    let mut line = old(&[602, 603], &[]);
    line.send(7, false, question(&[(1, "Yes"), (2, "No")]));
    let sent = written(&mut line);
    let Ok(Message::ButtonText { kind: id::YES_NO_TEXT, id, time, text }) = decode::message(&sent)
    else {
        panic!("{sent:02x?}");
    };
    assert_eq!(text, b"Where are you?");
    line.say(&Message::Answer { time, id, choice: 2 });
    let events = line.events();
    let [Event::Message(answer)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((answer.text.as_str(), answer.reply_to), ("No", Some(7)));
}

#[test]
fn a_legacy_navigator_gets_packet_0x88() {
    let mut line = Line::new(&[("fmi_assume", "legacy")]);
    line.start();
    assert_eq!(line.written.len(), 0, "there is nothing to enable");
    line.text(7, "Gate 4");
    let sent = line.packets();
    assert_eq!((sent[0][1], payload(&sent[0]).as_slice()), (0x88, &b"Gate 4\0"[..]));
    line.receive(&frame::seal(0x06, &[0x88, 0], frame::Form::Full));
    assert_eq!(line.stages().last().unwrap().1, DeliveryStage::Confirmed(Evidence::Inferred));
}
