//! `decode(encode(m)) = m` for every message, and the same through a sealed frame, with 7D and 7E in every field.

use proptest::collection::vec;
use proptest::prelude::*;

use super::cut_in;
use crate::jt808::decode;
use crate::jt808::frame::{MAX_BODY, Outgoing, seal, seal_parts};
use crate::jt808::header::{Address, Edition, Fit, Header, Phone, Style};
use crate::jt808::message::{
    Answer, Authentication, Batch, Card, Choices, Context, Driver, FragmentRequest, Location,
    MediaEvent, Message, ParameterList, Properties, Question, Registration, RegistrationAnswer,
    TextIssue, TimeAnswer,
};

/// Bytes among which the special ones are frequent.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0x7d), Just(0x7e), Just(0), any::<u8>()]
}

fn data(size: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(byte(), size)
}

fn word() -> impl Strategy<Value = u16> {
    (byte(), byte()).prop_map(|(high, low)| u16::from_be_bytes([high, low]))
}

fn double() -> impl Strategy<Value = u32> {
    (word(), word()).prop_map(|(high, low)| u32::from(high) << 16 | u32::from(low))
}

fn address() -> impl Strategy<Value = Address> {
    (any::<bool>(), 1_u8..=15, vec(byte(), 10)).prop_map(|(wide, version, phone)| match wide {
        true => {
            Address { style: Style::V2019, flag: true, version, phone: Phone::from_raw(&phone) }
        }
        false => Address {
            style: Style::Legacy,
            flag: false,
            version: 0,
            phone: Phone::from_raw(&phone[4..]),
        },
    })
}

/// Seals a message, cuts it byte by byte, decodes it, and encodes it again.
fn check(
    id: u16,
    message: &Message<'_>,
    edition: Edition,
    address: Address,
    serial: u16,
) -> Result<(), TestCaseError> {
    let body = message.encode();
    prop_assert!(body.len() <= MAX_BODY, "{} bytes", body.len());
    let wire = seal(&Outgoing { address, id, serial, fragment: None }, &body);
    let frames = cut_in(&wire, &[1]).unwrap();
    let [Ok(frame)] = frames.as_slice() else { panic!("{frames:?}") };
    let (header, found) = Header::parse(frame, None).unwrap();
    prop_assert_eq!(
        (header.id, header.address, header.serial, header.fragment, header.fit),
        (id, address, serial, None, Fit::Declared)
    );
    prop_assert_eq!(found, body.as_slice());
    let context = Context { style: address.style, edition };
    let decoded = decode::message(&header, found, context);
    prop_assert_eq!(decoded.as_ref(), Ok(message));
    Ok(())
}

fn edition_of(address: Address) -> Edition {
    address.style.usual_edition()
}

proptest! {
    #[test]
    fn bare_and_answers(address in address(), serial in word(), rest in data(0..20), a in word(), b in word(), result in byte()) {
        let edition = edition_of(address);
        for id in [0x0002, 0x0003, 0x0004, 0x0105, 0x0109, 0x0506, 0x8104, 0x8107, 0x8201, 0x8204, 0x8702] {
            check(id, &Message::Bare { id, rest: &rest }, edition, address, serial)?;
        }
        for id in [0x0001, 0x8001] {
            check(id, &Message::Answer { id, answer: Answer { serial: a, id: b, result } }, edition, address, serial)?;
        }
        check(0x0108, &Message::Upgrade { kind: result, result }, edition, address, serial)?;
        check(0x0301, &Message::Event { event: result }, edition, address, serial)?;
        check(0x0302, &Message::Answered { serial: a, answer: result }, edition, address, serial)?;
        check(0x0303, &Message::MenuChoice { kind: result, subscribe: result }, edition, address, serial)?;
    }

    #[test]
    fn fragment_requests(address in address(), serial in word(), first in word(), wide: bool, indexes in vec(word(), 0..=255)) {
        for id in [0x8003, 0x0005] {
            let request = FragmentRequest { first, wide, indexes: indexes.clone() };
            check(id, &Message::FragmentRequest { id, request }, edition_of(address), address, serial)?;
        }
    }

    #[test]
    fn times(address in address(), serial in word(), moment: [u8; 6], rest: [u8; 5], year in word(), seconds in double(), result: Option<u8>) {
        let edition = edition_of(address);
        check(0x8004, &Message::Time(TimeAnswer::Bcd(moment)), edition, address, serial)?;
        check(0x8005, &Message::Time(TimeAnswer::Epoch(seconds)), edition, address, serial)?;
        check(0x8109, &Message::Time(TimeAnswer::Calendar { year, rest, result }), edition, address, serial)?;
    }

    #[test]
    fn registrations(
        address in address(), serial in word(), province in word(), city in word(), fields in data(71..=71),
        plate in data(0..12), code in data(1..20), result in byte(), colour in 0_u8..=9, manufacturer_2019 in data(11..=11),
    ) {
        let editions = match address.style {
            Style::Legacy => &[Edition::V2011, Edition::V2013][..],
            Style::V2019 => &[Edition::V2019],
        };
        for &edition in editions {
            let (model, id) = match edition {
                Edition::V2011 => (8, 7),
                Edition::V2013 => (20, 7),
                Edition::V2019 => (30, 30),
            };
            let manufacturer = if edition == Edition::V2019 { &manufacturer_2019[..] } else { &fields[..5] };
            // Below 37 bytes it is the 2011 layout, from there on the 2013 layout.
            let plate = if edition == Edition::V2011 { &plate[..plate.len().min(11)] } else { &plate[..] };
            let registration = Registration {
                edition, province, city, manufacturer, model: &fields[5..5 + model], terminal_id: &fields[5..5 + id],
                colour, plate,
            };
            check(0x0100, &Message::Registration(registration), edition, address, serial)?;
        }
        let code = if result == 0 { &code[..] } else { &[] };
        let answer = RegistrationAnswer { serial: province, result, code };
        check(0x8100, &Message::RegistrationAnswer(answer), edition_of(address), address, serial)?;
    }

    #[test]
    fn authentications(address in address(), serial in word(), code in data(0..30), imei in data(15..=15), software in data(20..=20)) {
        let device = (address.style == Style::V2019).then_some((&imei[..], &software[..]));
        check(0x0102, &Message::Authentication(Authentication { code: &code, device }), edition_of(address), address, serial)?;
    }

    #[test]
    fn parameters(
        address in address(), serial in word(), answered in word(), items in vec((double(), data(0..20)), 0..12),
        ids in vec(double(), 0..100),
    ) {
        let items: Vec<_> = items.iter().map(|(id, value)| (*id, value.as_slice())).collect();
        let list = ParameterList { count: u8::try_from(items.len()).unwrap(), in_packet: None, items };
        let edition = edition_of(address);
        check(0x0104, &Message::Parameters { serial: answered, list: list.clone() }, edition, address, serial)?;
        check(0x8103, &Message::SetParameters(list), edition, address, serial)?;
        check(0x8106, &Message::QueryParameters(ids), edition, address, serial)?;
    }

    #[test]
    fn properties(
        address in address(), serial in word(), kind in word(), fields in data(70..=70), narrow: bool,
        hardware in data(0..20), firmware in data(0..20), gnss in byte(), radio in byte(),
    ) {
        let (model, id) = if narrow { (20, 7) } else { (30, 30) };
        let properties = Properties {
            kind, manufacturer: &fields[..5], model: &fields[5..5 + model], terminal_id: &fields[40..40 + id],
            iccid: &fields[..10], hardware: &hardware, firmware: &firmware, gnss, radio,
        };
        let body = Message::Properties(properties.clone()).encode();
        let context = Context { style: address.style, edition: edition_of(address) };
        // Several widths can end with the body by chance; then what is found has the same bytes all the same.
        match decode::parse(0x0107, context, &body) {
            Ok(Message::Properties(found)) if found.model.len() == model && found.manufacturer.len() == 5 => {
                check(0x0107, &Message::Properties(properties), edition_of(address), address, serial)?;
            }
            found => prop_assert_eq!(found.unwrap().encode(), body),
        }
    }

    #[test]
    fn locations(
        address in address(), serial in word(), numbers in vec(double(), 4), words in vec(word(), 3), time: [u8; 6],
        items in data(0..200), answered in word(), count in word(), kind in byte(),
    ) {
        let location = Location {
            alarm: numbers[0], status: numbers[1], latitude: numbers[2], longitude: numbers[3],
            altitude: words[0], speed: words[1], direction: words[2], time, items: &items,
        };
        let edition = edition_of(address);
        check(0x0200, &Message::Location(location), edition, address, serial)?;
        check(0x0500, &Message::LocationAnswer { id: 0x0500, serial: Some(answered), location }, edition, address, serial)?;
        // 0x0201 is read by where the time stands.
        let dated = Location { time: [0x26, 0x09, 0x21, 0x10, 0x30, 0x00], direction: 0xffff, ..location };
        let message = Message::LocationAnswer { id: 0x0201, serial: Some(answered), location: dated };
        check(0x0201, &message, edition, address, serial)?;
        let undated = Location { items: &[], ..dated };
        check(0x0201, &Message::LocationAnswer { id: 0x0201, serial: None, location: undated }, edition, address, serial)?;
        check(0x0704, &Message::Batch(Batch { count, kind, items: &items }), edition, address, serial)?;
    }

    #[test]
    fn control(address in address(), serial in word(), interval in word(), validity: Option<u32>, alarms in double(), command in byte(), arguments in data(0..100)) {
        let edition = edition_of(address);
        check(0x8202, &Message::Tracking { interval, validity }, edition, address, serial)?;
        check(0x8203, &Message::ConfirmAlarms { serial: interval, alarms }, edition, address, serial)?;
        check(0x8105, &Message::Control { command, arguments: &arguments }, edition, address, serial)?;
    }

    #[test]
    fn texts(address in address(), serial in word(), flag in byte(), kind in byte(), text in data(0..1000), length in double(), answered in word()) {
        let edition = edition_of(address);
        let typed = (address.style == Style::V2019).then_some(kind);
        check(0x8300, &Message::Text(TextIssue { flag, kind: typed, text: &text }), edition, address, serial)?;
        check(0x6006, &Message::TextReport { encoding: kind, text: &text }, edition, address, serial)?;
        check(0x1300, &Message::TextAnswer { serial: answered, text: &text }, edition, address, serial)?;
        check(0x8304, &Message::Information { kind, total: None, text: &text }, edition, address, serial)?;
        for id in [0x0900, 0x8900] {
            check(id, &Message::Transparent { id, kind, total: None, data: &text }, edition, address, serial)?;
        }
        for id in [0x0701, 0x0901] {
            check(id, &Message::Sized { id, length, content: &text }, edition, address, serial)?;
        }
        check(0x0304, &Message::Other { id: 0x0304, body: &text }, edition, address, serial)?;
        let total = u16::try_from(text.len()).unwrap();
        let old = Message::Information { kind, total: Some(total), text: &text };
        check(0x8304, &old, Edition::V2011, address, serial)?;
        let old = Message::Transparent { id: 0x8900, kind, total: Some(total.into()), data: &text };
        check(0x8900, &old, Edition::V2011, address, serial)?;
    }

    #[test]
    fn choices(address in address(), serial in word(), action in 1_u8..=4, items in vec((byte(), data(0..30)), 0..20), flag in byte(), text in data(0..255)) {
        let items: Vec<_> = items.iter().map(|(id, text)| (*id, text.as_slice())).collect();
        let edition = edition_of(address);
        for id in [0x8301, 0x8303] {
            let list = Choices { action, in_packet: None, items: items.clone() };
            check(id, &Message::Choices { id, list }, edition, address, serial)?;
            check(id, &Message::Choices { id, list: Choices { action: 0, in_packet: None, items: Vec::new() } }, edition, address, serial)?;
        }
        check(0x8302, &Message::Question(Question { flag, text: &text, answers: items }), edition, address, serial)?;
    }

    #[test]
    fn drivers(
        address in address(), serial in word(), status in 0_u8..=2, read in 1_u8..=4, name in data(0..20), licence in data(20..=20),
        agency in data(0..40), valid_until: [u8; 4], id_number in data(20..=20), with_id: bool, old_licence in data(40..=40),
    ) {
        let edition = edition_of(address);
        let time = [0x26, 0x09, 0x21, 0x10, 0x30, 0x00];
        let card = Card { name: &name, licence: &licence, agency: &agency, valid_until, id_number: with_id.then_some(&id_number[..]) };
        for driver in [
            Driver::Card { status, time, read: None, card: None },
            Driver::Card { status, time, read: Some(read), card: None },
            Driver::Card { status, time, read: Some(0), card: None },
            Driver::Card { status, time, read: Some(0), card: Some(card) },
            Driver::Identity { name: b"abc", id_number: &id_number, licence: &old_licence, agency: &agency },
        ] {
            check(0x0702, &Message::Driver(driver), edition, address, serial)?;
        }
    }

    #[test]
    fn multimedia(address in address(), serial in word(), id in double(), parts: [u8; 4], rest in data(0..500), again in vec(word(), 1..200), modulus in data(128..=128)) {
        let [kind, format, event, channel] = parts;
        let media = MediaEvent { id, kind, format, event, channel };
        let edition = edition_of(address);
        check(0x0800, &Message::Media(media), edition, address, serial)?;
        check(0x0801, &Message::MediaData { media, rest: &rest }, edition, address, serial)?;
        check(0x8800, &Message::MediaAnswer { media: id, again: None }, edition, address, serial)?;
        check(0x8800, &Message::MediaAnswer { media: id, again: Some(again) }, edition, address, serial)?;
        for key in [0x0a00, 0x8a00] {
            check(key, &Message::RsaKey { id: key, exponent: id, modulus: &modulus }, edition, address, serial)?;
        }
    }

    #[test]
    fn long_bodies_become_fragments_that_join_again(address in address(), serial in word(), body in data(1024..6000)) {
        let frames = seal_parts(&Outgoing { address, id: 0x8300, serial, fragment: None }, &body);
        let mut joined = Vec::new();
        for (frame, index) in frames.iter().zip(1_u16..) {
            let cut = cut_in(frame, &[usize::MAX]).unwrap();
            let (header, part) = Header::parse(cut[0].as_ref().unwrap(), None).unwrap();
            let fragment = header.fragment.unwrap();
            prop_assert_eq!((fragment.index, usize::from(fragment.total)), (index, frames.len()));
            prop_assert_eq!(header.serial, serial.wrapping_add(index - 1));
            joined.extend_from_slice(part);
        }
        prop_assert_eq!(joined, body);
    }

    /// `encode(decode(x)) = x` up to what is tolerated behind the last field; and nothing panics.
    #[test]
    fn any_body_of_any_message_decodes_or_is_refused(id in prop_oneof![
        Just(0x0001_u16), Just(0x0005), Just(0x0100), Just(0x0102), Just(0x0104), Just(0x0107), Just(0x0200), Just(0x0201),
        Just(0x0302), Just(0x0702), Just(0x0704), Just(0x0801), Just(0x0900), Just(0x6006), Just(0x8003), Just(0x8100),
        Just(0x8103), Just(0x8301), Just(0x8302), Just(0x8303), Just(0x8304), Just(0x8800), any::<u16>(),
    ], wide: bool, old: bool, body in data(0..120)) {
        let (style, edition) = match (wide, old) {
            (true, _) => (Style::V2019, Edition::V2019),
            (false, true) => (Style::Legacy, Edition::V2011),
            (false, false) => (Style::Legacy, Edition::V2013),
        };
        let context = Context { style, edition };
        if let Ok(message) = decode::parse(id, context, &body) {
            let again = message.encode();
            let twice = decode::parse(id, context, &again).unwrap().encode();
            prop_assert_eq!(&twice, &again);
            if let Message::Batch(batch) = message {
                prop_assert!(batch.locations().count() <= body.len() / 28);
            }
        }
    }
}

#[test]
fn checksums_of_7d_and_7e_are_escaped() {
    let address = Address {
        style: Style::Legacy,
        flag: false,
        version: 0,
        phone: Phone::from_raw(&[0x01, 0x39, 0x12, 0x34, 0x56, 0x78]),
    };
    let mut seen = [false; 256];
    for serial in 0..=u16::MAX {
        let wire = seal(&Outgoing { address, id: 2, serial, fragment: None }, &[]);
        let sum = usize::from(crate::jt808::frame::checksum(
            &cut_in(&wire, &[5]).unwrap()[0].clone().unwrap(),
        ));
        if !seen[sum] && matches!(sum, 0x7d | 0x7e) {
            assert_eq!(wire[wire.len() - 3..], [0x7d, if sum == 0x7e { 2 } else { 1 }, 0x7e]);
        }
        seen[sum] = true;
        if seen[0x7d] && seen[0x7e] {
            return;
        }
    }
    panic!("no such checksum");
}
