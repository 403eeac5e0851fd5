//! What is encoded decodes to the same value.

use proptest::prelude::*;

use super::super::frame::{packages, seal};
use super::super::message::{Cell, Gps, Instruction, Login, Message, Report, Sensors, Sms, id};
use super::super::{decode, encode};
use crate::wire::cursor::Cursor;

fn gps() -> impl Strategy<Value = Gps> {
    (any::<[i32; 2]>(), any::<i16>(), any::<[u16; 2]>(), any::<u8>()).prop_map(
        |([latitude, longitude], altitude, [speed, course], satellites)| Gps {
            fixed: None,
            latitude,
            longitude,
            altitude: Some(altitude),
            speed,
            course,
            satellites: Some(satellites),
        },
    )
}

fn report() -> impl Strategy<Value = Report> {
    let cell = (any::<[u16; 3]>(), any::<u32>()).prop_map(|([mcc, mnc, lac], id)| Cell {
        mcc,
        mnc,
        lac,
        id,
    });
    (any::<u32>(), proptest::option::of(gps()), proptest::collection::vec(cell, 0..=1))
        .prop_map(|(time, gps, cells)| Report { time, gps, cells, ..Report::default() })
}

fn decoded(id: u8, content: &[u8]) -> Message<'_> {
    let wire = seal(id, 1, content);
    let package = packages(&wire).next().unwrap();
    decode::uplink(&super::super::frame::Package { content, ..package }).unwrap()
}

proptest! {
    #[test]
    fn logins(imei: [u8; 8], version2: bool) {
        let login = Login { imei, version2 };
        let content = encode::login(&login);
        prop_assert_eq!(decoded(id::LOGIN, &content), Message::Login(login));
    }

    #[test]
    fn positions_and_warnings(report in report(), status: u16, warning: u8) {
        let position = Report { status: Some(status), sensors: Sensors::default(), ..report.clone() };
        let content = encode::position(&position);
        prop_assert_eq!(decoded(id::POSITION, &content), Message::Report(position.clone()));
        let alarm = Report { warning: Some(warning), ..position };
        let content = encode::position(&alarm);
        prop_assert_eq!(decoded(id::WARNING, &content), Message::Report(alarm));
    }

    #[test]
    fn messages(report in report(), number in "[+0-9]{0,21}", text in "[^\0]*") {
        let sms = Sms { report, number: number.into(), text: text.into() };
        let content = encode::sms(&sms);
        prop_assert_eq!(decoded(id::SMS, &content), Message::Sms(sms));
    }

    #[test]
    fn instructions(kind: u8, unique_id: u32, text: String) {
        let instruction = Instruction { kind, unique_id, text: text.into() };
        let content = encode::instruction(&instruction);
        prop_assert_eq!(decode::instruction(&mut Cursor::inside("", &content, 0)), Ok(instruction));
    }

    #[test]
    fn no_content_makes_the_decoder_panic(number: u8, content: Vec<u8>) {
        let wire = seal(number, 1, &content);
        packages(&wire).for_each(|package| drop(decode::uplink(&package)));
        drop(super::super::explain::explain(&wire));
    }
}
