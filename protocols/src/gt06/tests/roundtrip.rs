//! What is encoded decodes to the same value.

use proptest::prelude::*;

use super::super::frame::seal;
use super::super::message::{
    Answer, Battery, Cell, Command, Gps, Login, Message, Report, Status, kind,
};
use super::super::{decode, encode};
use crate::wire::bcd;

fn gps() -> impl Strategy<Value = Gps> {
    (0..16_u8, any::<u32>(), any::<u32>(), any::<u8>(), any::<u16>()).prop_map(
        |(satellites, latitude, longitude, speed, course)| Gps {
            satellites,
            latitude,
            longitude,
            speed,
            course,
        },
    )
}

fn cell() -> impl Strategy<Value = Cell> {
    (0..0x8000_u16, any::<u16>(), any::<u16>(), 0..0x0100_0000_u64)
        .prop_map(|(mcc, mnc, lac, id)| Cell { mcc, mnc, lac: lac.into(), id })
}

fn report() -> impl Strategy<Value = Report<'static>> {
    (any::<[u8; 6]>(), gps(), cell()).prop_map(|(time, gps, cell)| Report {
        time: Some(time),
        gps: Some(gps),
        cell: Some(cell),
        ..Report::default()
    })
}

proptest! {
    #[test]
    fn logins(imei: [u8; 8], model_and_zone: Option<[u8; 4]>, serial: u16) {
        let login = Login { imei, model_and_zone };
        let wire = seal(kind::LOGIN, &encode::login(&login), serial, false);
        let (packet, message) = decode::uplink(&wire).unwrap();
        prop_assert_eq!((packet.serial, message), (serial, Message::Login(login)));
    }

    #[test]
    fn identities(digits in "[1-9][0-9]{14}") {
        let imei = bcd::sixteen(&digits);
        prop_assert_eq!(bcd::digits(&imei), Some(format!("0{digits}")));
    }

    #[test]
    fn positions(report in report(), ignition: bool, archived: bool) {
        let wire = seal(kind::POSITION, &encode::position(kind::POSITION, &report), 1, true);
        prop_assert_eq!(decode::uplink(&wire).unwrap().1, Message::Report(report.clone()));
        let report = Report { ignition: Some(ignition), archived, ..report };
        let wire = seal(kind::POSITION_22, &encode::position(kind::POSITION_22, &report), 1, false);
        prop_assert_eq!(decode::uplink(&wire).unwrap().1, Message::Report(report));
    }

    #[test]
    fn alarms(report in report(), info: u8, level: u8, signal: u8, alarm in 1..=255_u8) {
        let status = Some(Status { info, battery: Battery::Level(level), signal });
        let report = Report { status, alarm: Some(alarm), ..report };
        let wire = seal(kind::ALARM, &encode::position(kind::ALARM, &report), 1, false);
        prop_assert_eq!(decode::uplink(&wire).unwrap().1, Message::Report(report));
    }

    #[test]
    fn heartbeats(info: u8, level in 0..0x80_u8, signal: u8) {
        let status = Status { info, battery: Battery::Level(level), signal };
        let wire = seal(kind::HEARTBEAT, &encode::heartbeat(status), 1, false);
        let state = Report { status: Some(status), ..Report::default() };
        prop_assert_eq!(decode::uplink(&wire).unwrap().1, Message::Heartbeat(state));
    }

    #[test]
    fn commands_and_answers(flag: u32, text in "[ -~]{0,240}", language: Option<u16>) {
        let command = Command { flag, text: text.as_bytes(), language };
        let wire = seal(kind::COMMAND, &encode::command(&command), 1, false);
        prop_assert_eq!(decode::command(&wire), Ok(Some(command)));
        let answer = Answer { flag, text: text.into() };
        let wire = seal(kind::ANSWER, &encode::answer(&answer), 1, false);
        prop_assert_eq!(decode::uplink(&wire).unwrap().1, Message::Answer(answer));
    }

    #[test]
    fn no_content_makes_the_decoder_panic(number: u8, content: Vec<u8>) {
        let wire = seal(number, &content, 1, false);
        drop(decode::uplink(&wire));
        drop(super::super::explain::explain(&wire));
    }
}
