//! Enabling, what the client supports, and noticing that it is gone.

use super::{Line, ack, fleet, sample, token};
use crate::effect::{DeliveryStage, Effect};
use crate::event::{Event, Value};
use crate::garmin::Fmi;
use crate::garmin::frame::{self, Form};
use crate::garmin::message::{Message, id, link};

fn connected(line: &mut Line) -> Vec<bool> {
    let flag = |event| match event {
        Event::Info(values) => values.into_iter().find_map(|(name, value)| match value {
            Value::Bool(flag) if name == "garmin_connected" => Some(flag),
            _ => None,
        }),
        _ => None,
    };
    line.events().into_iter().filter_map(flag).collect()
}

#[test]
fn the_interface_comes_up() {
    let mut line = Line::new(&[]);
    line.start();
    assert_eq!(line.written, [sample("F2")]);
    assert_eq!(line.fmi.window(), 0);
    line.written.clear();
    line.receive(&ack());
    assert_eq!(line.written, [sample("F5")]);
    line.written.clear();
    line.receive(&ack());
    line.receive(&sample("F6"));
    assert_eq!(line.written, [ack()]);
    assert_eq!(line.fmi.window(), 0);
    line.written.clear();
    line.receive(&sample("F7"));
    let shown = line.events();
    let [Event::Info(values)] = &shown[..] else { panic!("{shown:?}") };
    let text = |name: &str| match values.iter().find(|(found, _)| found == name).unwrap() {
        (_, Value::Text(text)) => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(text("garmin_software"), "7.80");
    assert_eq!(text("garmin_protocols"), "A602 A603 A604 A605 A607 A611");
    // States of texts, then driver's texts, then no more positions; each after the last is acknowledged.
    assert_eq!(line.packets(), [sample("F36")]);
    line.receive(&ack());
    line.receive(&sample("F37"));
    let on = Message::Throttle { kind: id::THROTTLE, packet: id::SHORT_DRIVER_TEXT, state: 1 };
    assert_eq!(line.packets(), [fleet(&on)]);
    line.receive(&ack());
    assert_eq!(line.packets(), [sample("F44")]);
    line.receive(&frame::seal(link::ACK, &[link::COMMAND, 0], Form::Full));
    // Texts wait a little for the question for Unicode.
    assert_eq!(line.fmi.window(), 0);
    line.receive(&sample("F8"));
    assert_eq!(line.packets(), [sample("F9")]);
    assert_eq!(line.fmi.window(), 0, "the line is not free");
    line.receive(&ack());
    assert_eq!(line.fmi.window(), 1);
}

#[test]
fn texts_do_not_wait_for_ever_for_a_question_that_may_not_come() {
    let mut line = Line::new(&[]);
    line.start();
    for packet in [ack(), ack(), sample("F6"), sample("F7")] {
        line.receive(&packet);
    }
    line.quiet();
    assert_eq!(line.fmi.window(), 0);
    line.wait_s(3);
    assert_eq!(line.fmi.window(), 1);
    // In ASCII, then.
    line.text(1, "Größe");
    let text = b"Grosse\0";
    assert!(line.packets()[0].windows(text.len()).any(|found| found == text));
}

#[test]
fn enabling_is_repeated_ever_more_seldom_until_it_is_acknowledged() {
    let mut line = Line::new(&[]);
    line.start();
    line.wait_s(300);
    // At 0, 5, 15, 35, 75, then every minute.
    assert_eq!(line.packets(), vec![sample("F2"); 8]);
    line.receive(&ack());
    assert_eq!(line.packets(), [sample("F5")]);
}

#[test]
fn the_plain_form_and_ascii_are_options() {
    let mut line = Line::new(&[("fmi_features", "false")]);
    line.start();
    assert_eq!(line.written, [sample("F1")]);
    let mut line = Line::new(&[("fmi_charset", "ascii")]);
    line.start();
    assert_eq!(line.written, [fleet(&Message::Enable { features: vec![1, 0x8002] })]);
    for packet in [ack(), ack(), sample("F6"), sample("F7"), sample("F8")] {
        line.receive(&packet);
    }
    assert!(!line.written.contains(&sample("F9")), "the question stays unanswered");
    line.quiet();
    assert_eq!(line.fmi.window(), 1);
}

#[test]
fn without_product_it_begins_again_and_in_the_end_makes_do() {
    let mut line = Line::new(&[]);
    line.start();
    for _ in 0..3 {
        line.receive(&ack());
        assert_eq!(line.kinds().last(), Some(&id::PRODUCT_REQUEST));
        line.receive(&ack());
        line.wait_s(15);
    }
    assert!(line.kinds().contains(&id::THROTTLE));
    line.receive(&ack());
    line.quiet();
    line.wait_s(3);
    assert_eq!(line.fmi.window(), 1);
}

#[test]
fn a_tracker_that_keeps_the_handshake_to_itself_needs_no_product() {
    let mut line = Line::new(&[("fmi_filtered", "handshake_unicode"), ("fmi_enable", "both")]);
    line.start();
    assert_eq!(line.written, [sample("F2")]);
    line.receive(&ack());
    assert_eq!(line.kinds(), [id::ENABLE, id::THROTTLE]);
    line.receive(&ack());
    line.quiet();
    assert_eq!(line.fmi.window(), 1);
    // What gets through all the same is used.
    line.receive(&sample("F7"));
    line.quiet();
    line.text(1, &"x".repeat(300));
    assert_eq!(line.kinds(), [id::LONG_TEXT]);
}

#[test]
fn a_tracker_that_enables_is_believed_by_the_first_packet() {
    let mut line = Line::new(&[("fmi_filtered", "handshake"), ("fmi_enable", "both")]);
    line.start();
    line.receive(&sample("F27"));
    assert!(line.events().iter().any(|event| matches!(event, Event::Message(_))));
    line.quiet();
    line.wait_s(3);
    assert_eq!(line.fmi.window(), 1);
}

#[test]
fn an_answer_to_the_handshake_is_as_good_as_its_acknowledgement() {
    // Our enable and the question for the product get lost; the tracker's did not.
    let mut line = Line::new(&[]);
    line.start();
    line.receive(&sample("F7"));
    line.written.remove(0);
    line.quiet();
    line.wait_s(3);
    assert_eq!(line.fmi.window(), 1);
    let mut line = Line::new(&[("fmi_filtered", "handshake")]);
    line.start();
    line.receive(&sample("F27"));
    assert_eq!(line.kinds(), [id::ENABLE, id::DRIVER_TEXT_RECEIPT]);
    line.receive(&ack());
    assert_eq!(line.kinds(), [id::THROTTLE]);
}

#[test]
fn a_command_without_acknowledgement_is_let_go() {
    let mut line = Line::new(&[]);
    line.start();
    for packet in [ack(), ack(), sample("F6"), sample("F7"), ack(), ack()] {
        line.receive(&packet);
    }
    assert_eq!(line.packets().last(), Some(&sample("F44")));
    line.wait_s(25);
    assert_eq!((line.fmi.window(), line.packets().len()), (1, 0));
}

#[test]
fn a_tracker_that_acknowledges_and_enables_gets_packets_at_a_distance() {
    let mut line = Line::new(&[
        ("fmi_link_ack", "carrier"),
        ("fmi_enable", "carrier"),
        ("fmi_filtered", "handshake"),
        ("fmi_framing", "stripped"),
        ("fmi_charset", "utf8"),
    ]);
    line.start();
    assert_eq!(line.written, [vec![0xa1, 6, 0x50, 2, 0x41, 0, 1, 0]]);
    line.wait(std::time::Duration::from_millis(299));
    assert_eq!(line.written.len(), 1);
    line.wait(std::time::Duration::from_millis(1));
    assert_eq!(line.written.len(), 2);
    assert_eq!(line.fmi.window(), 1);
    // Nothing is acknowledged on the link.
    line.written.clear();
    line.wait_s(1);
    line.receive(&[0xa1, 2, 0x60, 2]);
    assert_eq!(line.written, [[0xa1, 2, 0x61, 2]]);
}

#[test]
fn a_reboot_shows_and_the_text_in_flight_is_asked_for() {
    let mut line = Line::up(&[]);
    line.wait_s(100);
    line.text(1, "Gate 4");
    assert_eq!(line.kinds(), [id::TEXT]);
    line.receive(&sample("F8"));
    assert_eq!(line.kinds(), [id::ENABLE]);
    assert_eq!(line.fmi.window(), 0);
    for packet in [ack(), ack(), ack(), sample("F6"), sample("F7")] {
        line.receive(&packet);
    }
    for _ in 0..6 {
        line.receive(&ack());
        line.receive(&frame::seal(link::ACK, &[link::COMMAND, 0], Form::Full));
    }
    assert_eq!(line.kinds().last(), Some(&id::STATUS_REQUEST));
    assert!(line.stages().iter().all(|(_, stage)| *stage == DeliveryStage::Transmitted));
    // A question for Unicode soon after the enabling is no other reboot.
    line.receive(&sample("F8"));
    assert!(!line.kinds().contains(&id::ENABLE));
}

#[test]
fn pings_are_answered_and_asked() {
    let mut line = Line::up(&[]);
    line.receive(&sample("F38"));
    assert_eq!(line.packets(), [sample("F39")]);
    line.receive(&ack());
    line.wait_s(299);
    assert_eq!(line.packets().len(), 0);
    line.wait_s(2);
    assert_eq!(line.packets(), [sample("F38")]);
    line.receive(&ack());
    line.receive(&sample("F39"));
    line.wait_s(200);
    assert_eq!(line.packets().len(), 0);
    assert_eq!(line.fmi.window(), 1);
}

#[test]
fn who_does_not_answer_a_ping_is_gone() {
    let mut line = Line::up(&[]);
    line.wait_s(301);
    // The tracker acknowledges, the navigator is silent.
    line.receive(&ack());
    line.written.clear();
    line.wait_s(130);
    assert_eq!(line.fmi.window(), 0);
    assert_eq!(connected(&mut line), [false]);
    assert!(line.kinds().contains(&id::ENABLE));
}

#[test]
fn where_the_tracker_answers_pings_the_throttles_are_asked_for() {
    let mut line = Line::up(&[("fmi_filtered", "handshake")]);
    line.wait_s(301);
    assert_eq!(line.kinds(), [id::THROTTLE_QUERY]);
    line.receive(&ack());
    line.say(&Message::Throttles(vec![(id::STATUS, 1)]));
    line.wait_s(200);
    assert_eq!(line.fmi.window(), 1);
}

#[test]
fn an_unplugged_cable_times_the_text_out_and_is_enabled_again() {
    let mut line = Line::up(&[]);
    line.text(1, "Gate 4");
    line.call(Fmi::detached);
    assert_eq!(line.fmi.window(), 0);
    let last = line.effects.iter().rev().find(|effect| matches!(effect, Effect::Delivery { .. }));
    let timed_out =
        |effect: &Effect| matches!(effect, Effect::Delivery { stage: DeliveryStage::TimedOut, .. });
    assert!(last.is_some_and(timed_out), "{last:?}");
    assert_eq!(connected(&mut line), [false]);
    line.written.clear();
    line.call(Fmi::attached);
    assert_eq!(line.written, [sample("F2")]);
}

#[test]
fn where_the_tracker_acknowledges_nobody_is_called_present_unseen() {
    let mut line = Line::new(&[("fmi_link_ack", "carrier")]);
    line.start();
    line.wait_s(60);
    assert_eq!(line.fmi.window(), 1, "taken as assumed");
    assert!(connected(&mut line).is_empty());
    line.written.clear();
    line.wait_s(2000);
    assert!(line.kinds().is_empty(), "who answered nothing is not pinged");
    line.receive(&sample("F27"));
    assert_eq!(connected(&mut line), [true]);
    line.call(Fmi::detached);
    assert_eq!((line.fmi.window(), connected(&mut line)), (0, vec![false]));
    line.written.clear();
    line.wait_s(599);
    assert!(line.kinds().is_empty(), "until it is plugged in again");
    line.call(Fmi::attached);
    assert_eq!(line.kinds()[0], id::ENABLE);
}

#[test]
fn a_reboot_that_leads_to_nothing_gives_the_text_back() {
    let mut line = Line::up(&[]);
    line.wait_s(100);
    line.text(1, "Gate 4");
    line.receive(&sample("F8"));
    line.wait_s(200);
    assert_eq!(line.stages().last(), Some(&(token(1), DeliveryStage::TimedOut)));
}

#[test]
fn packets_are_sent_three_times_before_the_navigator_counts_as_gone() {
    let mut line = Line::up(&[]);
    line.text(1, "Gate 4");
    let text = line.packets().remove(0);
    line.wait_s(25);
    line.wait_s(25);
    assert_eq!(line.packets(), [text.clone(), text]);
    line.wait_s(25);
    assert_eq!(
        line.stages(),
        [(token(1), DeliveryStage::Transmitted), (token(1), DeliveryStage::TimedOut)]
    );
    assert_eq!(line.fmi.window(), 0);
}

#[test]
fn a_refused_packet_comes_again_and_a_refused_answer_too() {
    let mut line = Line::up(&[]);
    line.text(1, "Gate 4");
    let text = line.packets().remove(0);
    line.receive(&sample("F4"));
    assert_eq!(line.written, [text]);
    line.receive(&ack());
    // Our acknowledgement got damaged: it is repeated, not the text.
    line.receive(&sample("F38"));
    line.written.clear();
    line.receive(&frame::seal(link::NAK, &[link::ACK], Form::Full));
    assert_eq!(line.written, [ack()]);
}

#[test]
fn damage_is_refused_and_counted() {
    let mut line = Line::up(&[]);
    let mut damaged = sample("F27");
    damaged[12] ^= 4;
    line.written.clear();
    line.receive(&damaged);
    assert_eq!(line.written, [sample("F4")]);
    assert_eq!(line.errors.len(), 1);
    let events = line.events();
    assert!(matches!(&events[..], [Event::Unhandled { .. }]), "{events:?}");
}
