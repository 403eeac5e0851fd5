//! The driver's texts and what else the navigator reports: stored first, then receipted.

use super::texts::text_sent;
use super::{Line, ack, sample};
use crate::event::{Event, Origin, RepeatKey};
use crate::garmin::frame;
use crate::garmin::message::{Message, NO_FIX, Reply, id};

#[test]
fn a_drivers_text_is_stored_before_its_receipt() {
    for stores in [true, false] {
        let mut line = Line::up(&[]);
        line.stores = stores;
        line.receive(&sample("F25"));
        let expected = if stores { vec![ack(), sample("F28")] } else { vec![ack()] };
        assert_eq!(line.written, expected);
        let events = line.events();
        let [Event::Message(message), Event::Report(report)] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(message.text, "Arrived at gate 3");
        assert_eq!(message.device_time.unwrap().to_string(), "2026-01-15T08:45:30Z");
        assert_eq!((message.reply_to, message.origin), (None, Origin::Driver));
        assert_eq!(report.time, message.device_time);
        assert!((report.fix.unwrap().latitude - 54.714_637).abs() < 1e-6);
    }
}

#[test]
fn a_repeated_drivers_text_has_the_same_key_and_is_receipted_again() {
    let mut line = Line::up(&[]);
    let mut keys = Vec::new();
    for tag in ["F26", "F26", "F27"] {
        line.receive(&sample(tag));
        let events = line.events();
        let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
        let RepeatKey::Numbered { key, .. } = message.repeat else { panic!("{message:?}") };
        keys.push(key);
        assert_eq!(line.kinds(), [id::DRIVER_TEXT_RECEIPT]);
        line.receive(&ack());
    }
    assert!(keys[0] == keys[1] && keys[1] != keys[2]);
}

#[test]
fn a_drivers_text_names_the_text_it_answers_if_that_is_ours() {
    let mut line = Line::up(&[]);
    line.text(7, "Gate 4");
    let (id, ..) = text_sent(&mut line);
    line.stages();
    let reply = Some(Reply { latitude: NO_FIX, longitude: NO_FIX, id });
    line.say(&Message::DriverText { time: 1, number: 2, reply, text: b"Gr\xf6\xdfe" });
    let events = line.events();
    let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((message.text.as_str(), message.reply_to), ("Größe", Some(7)));
}

#[test]
fn a_receipt_keeps_the_line_until_it_is_acknowledged() {
    let mut line = Line::up(&[]);
    line.receive(&sample("F27"));
    line.written.clear();
    line.text(7, "Gate 4");
    assert_eq!(line.packets().len(), 0);
    line.receive(&ack());
    assert_eq!(line.kinds(), [id::TEXT]);
    // The acknowledgement of a receipt that leaves while a text is under way is not the text's.
    line.receive(&ack());
    line.stages();
    line.wait_s(44);
    assert_eq!(line.packets().len(), 0);
}

#[test]
fn who_drives_is_stored_and_receipted_without_the_password() {
    let mut line = Line::up(&[]);
    line.receive(&sample("F40"));
    assert_eq!(line.packets(), [sample("F41")]);
    let events = line.events();
    let [Event::Driver(driver)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((driver.present, driver.id.as_deref()), (true, Some("ivanov")));
    assert!(!format!("{events:?}").contains("1234"));
    line.receive(&ack());
    line.receive(&sample("F42"));
    assert_eq!(line.packets(), [sample("F43")]);
}

#[test]
fn unknown_packets_are_acknowledged_and_kept() {
    let mut line = Line::up(&[]);
    line.say(&Message::Other { id: 0x1234, rest: b"new" });
    assert_eq!(line.written, [ack()]);
    let events = line.events();
    assert!(matches!(&events[..], [Event::Unhandled { kind: 0x00a1_1234, .. }]), "{events:?}");
    // Positions come every second and are nobody's here.
    line.written.clear();
    line.receive(&frame::seal(0x33, &[0; 64], frame::Form::Full));
    assert!(line.written.is_empty() && line.events().is_empty());
}
