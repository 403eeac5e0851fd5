//! Every published, constructed and odd frame of the specification: what it says, and that it is written the same way.

use super::{bytes, cut, cut_in, frame_of, parsed, sample, samples};
use crate::framing::Rejection;
use crate::jt808::decode;
use crate::jt808::frame::{Outgoing, seal};
use crate::jt808::header::{Edition, Fit, Fragment, Header, Style};
use crate::jt808::info;
use crate::jt808::message::{
    Answer, Authentication, Batch, Card, Choices, Driver, FragmentRequest, Location, Message,
    ParameterList, Properties, Question, Registration, RegistrationAnswer, TextIssue, TimeAnswer,
    trimmed,
};
use crate::text::Charset;

fn answer(id: u16, serial: u16, answered: u16, result: u8) -> Message<'static> {
    Message::Answer { id, answer: Answer { serial, id: answered, result } }
}

fn bare(id: u16) -> Message<'static> {
    Message::Bare { id, rest: &[] }
}

fn wanted(id: u16, first: u16, wide: bool, indexes: &[u16]) -> Message<'static> {
    Message::FragmentRequest {
        id,
        request: FragmentRequest { first, wide, indexes: indexes.to_vec() },
    }
}

fn text(flag: u8, kind: Option<u8>, text: &[u8]) -> Message<'_> {
    Message::Text(TextIssue { flag, kind, text })
}

fn choices<'a>(
    id: u16,
    action: u8,
    in_packet: Option<u8>,
    items: &[(u8, &'a [u8])],
) -> Message<'a> {
    Message::Choices { id, list: Choices { action, in_packet, items: items.to_vec() } }
}

fn data(id: u16, kind: u8, total: Option<u32>, data: &[u8]) -> Message<'_> {
    Message::Transparent { id, kind, total, data }
}

/// Decodes a sample, compares it, and writes it again.
#[track_caller]
fn check(tag: &str, expected: &Message<'_>) {
    let frame = frame_of(tag);
    let (header, body, context) = parsed(tag, &frame);
    assert_eq!(decode::message(&header, body, context).as_ref(), Ok(expected), "{tag}");
    let Header { address, id, serial, fragment, .. } = header;
    let again = seal(&Outgoing { address, id, serial, fragment }, &expected.encode());
    assert_eq!(again, sample(tag), "{tag}");
}

fn gbk(text: &str) -> Vec<u8> {
    Charset::Gbk.encode(text).bytes
}

fn padded(text: &str, width: usize) -> Vec<u8> {
    let mut field = text.as_bytes().to_vec();
    field.resize(width, 0);
    field
}

#[test]
fn every_regular_sample_is_written_as_it_was_read() {
    // K11 is encrypted, K12 and the O frames break a rule of the header.
    let regular = |tag: &str| !tag.starts_with('O') && !matches!(tag, "K11" | "K12");
    let samples = samples().into_iter().filter(|sample| regular(&sample.tag));
    let mut count = 0;
    for sample in samples {
        let frames = cut(&sample.wire);
        let [frame] = frames.as_slice() else { panic!("{}", sample.tag) };
        let (header, body, context) = parsed(&sample.tag, frame);
        assert_eq!(header.fit, Fit::Declared, "{}", sample.tag);
        let body = match header.fragment {
            Some(_) => body.to_vec(),
            None => decode::message(&header, body, context).unwrap().encode(),
        };
        let Header { address, id, serial, fragment, .. } = header;
        assert_eq!(
            seal(&Outgoing { address, id, serial, fragment }, &body),
            sample.wire,
            "{}",
            sample.tag
        );
        count += 1;
    }
    assert_eq!(count, 87);
}

#[test]
fn registrations_of_all_editions() {
    let registration = |edition, province, city, manufacturer, model, terminal_id, plate| {
        Message::Registration(Registration {
            edition,
            province,
            city,
            manufacturer,
            model,
            terminal_id,
            colour: 1,
            plate,
        })
    };
    let (model, plate) = (padded("www.jtt808.com", 20), gbk("测A1234"));
    check("F1", &registration(Edition::V2013, 31, 115, b"yzh\0\0", &model, b"7654321", &plate));
    let plate = gbk("甘J-123451");
    check("F2", &registration(Edition::V2011, 11, 2, b"id123", b"abcdefgh", b"ID12345", &plate));
    let (maker, model, id) = (padded("cd", 11), padded("www.808.com", 30), padded("7654321", 30));
    let plate = gbk("测A1234");
    check("F3", &registration(Edition::V2019, 31, 115, &maker, &model, &id, &plate));
}

#[test]
fn padding_in_front_and_behind_is_no_content() {
    let frame = frame_of("Q11");
    let (header, body, context) = parsed("Q11", &frame);
    let Ok(Message::Registration(found)) = decode::message(&header, body, context) else {
        panic!()
    };
    assert_eq!(
        (found.edition, found.province, found.city, found.colour),
        (Edition::V2019, 31, 115, 1)
    );
    let fields = [found.manufacturer, found.model, found.terminal_id, found.plate].map(trimmed);
    assert_eq!(fields, [&b"abcde"[..], b"MODEL", b"ID1", b"A12345"]);
}

#[test]
fn session_messages() {
    let registered = |serial, result, code| {
        Message::RegistrationAnswer(RegistrationAnswer { serial, result, code })
    };
    check("F4", &registered(0, 0, b"12345678901"));
    check("F5", &registered(100, 4, b""));
    check("K14a", &registered(3, 0, b"G7Q2Z8"));
    let legacy = |code| Message::Authentication(Authentication { code, device: None });
    check("F6", &legacy(b"17299841738"));
    let software = padded("3.7.15", 20);
    let device = Some((&b"123456789012345"[..], software.as_slice()));
    check("F7", &Message::Authentication(Authentication { code: b"17299841738", device }));
    let software = padded("v1", 20);
    let device = Some((&b"123456789012345"[..], software.as_slice()));
    check("Q12", &Message::Authentication(Authentication { code: b"CODE", device }));
    for (tag, id) in [("F9", 2), ("F10", 2), ("F12", 3), ("K18a", 4)] {
        check(tag, &bare(id));
    }
    check("F11", &Message::Bare { id: 2, rest: &bytes("5d102815000501006404000020d0650100") });
    for (tag, id) in [("F35", 0x8201), ("K13a", 0x8204), ("K17b", 0x8104), ("K20", 0x8702)] {
        check(tag, &bare(id));
    }
    check("F13", &Message::Time(TimeAnswer::Bcd([0x19, 0x12, 0x02, 0x10, 0x10, 0x10])));
    check("K18b", &Message::Time(TimeAnswer::Bcd([0x26, 0x09, 0x21, 0x10, 0x30, 0x00])));
}

#[test]
fn general_answers() {
    check("F8", &answer(0x8001, 0x7fff, 2, 0));
    check("F23b", &answer(1, 0, 0x8105, 0));
    check("F23c", &answer(1, 0, 0x8105, 0));
    check("F24", &answer(1, 3, 0x8800, 1));
    check("K5a", &answer(1, 0x20, 0x8300, 0));
    check("K5b", &answer(1, 0x21, 0x8300, 0));
    check("K8b", &answer(1, 0x40, 0x8302, 0));
    check("K8d", &answer(0x8001, 0x111, 0x0302, 0));
    check("K13b", &answer(1, 0x33, 0x8204, 0));
    check("K14b", &answer(0x8001, 0x107, 0x1300, 3));
    check("Q1", &answer(1, 0x10, 0x8300, 0));
    check("Q2", &answer(1, 0x10, 0x8300, 0));
}

#[test]
fn locations() {
    let items = bytes("0104000000640202007d");
    let location = Location {
        alarm: 1,
        status: 2,
        latitude: 12_222_222,
        longitude: 132_444_444,
        altitude: 40,
        speed: 60,
        direction: 0,
        time: [0x18, 0x10, 0x15, 0x10, 0x10, 0x10],
        items: &items,
    };
    check("F14", &Message::Location(location));
    let items = bytes("010400000000eb16000c00b28995062412035796032900060089ffffffff");
    let location = Location {
        alarm: 0,
        status: 2,
        latitude: 16_781_200,
        longitude: 96_195_632,
        altitude: 0,
        speed: 0,
        direction: 0,
        time: [0x07, 0x01, 0x13, 0x10, 0x20, 0x41],
        items: &items,
    };
    check("F36", &Message::LocationAnswer { id: 0x0201, serial: Some(0), location });
}

#[test]
fn a_batch_with_a_broken_item_list() {
    let frame = frame_of("F15");
    let (header, body, context) = parsed("F15", &frame);
    let Ok(Message::Batch(batch)) = decode::message(&header, body, context) else { panic!() };
    assert_eq!((batch.count, batch.kind), (3, 1));
    let locations: Vec<_> = batch.locations().collect();
    assert_eq!(locations.len(), 3);
    for location in &locations {
        assert_eq!((location.alarm, location.status), (1 << 10, 1 << 11));
        assert_eq!((location.latitude, location.longitude), (116_307_629, 40_058_359));
        assert_eq!((location.altitude, location.speed, location.direction), (312, 3, 99));
        assert_eq!(location.time, [0x20, 0x07, 0x07, 0x19, 0x23, 0x59]);
    }
    let mut items = locations[2].items();
    assert_eq!(items.next(), Some((2, &[0][..])));
    assert_eq!((items.next(), items.rest), (None, &[0x12][..]));
}

#[test]
fn batches_with_wrong_counts_lengths_or_one_length_for_all() {
    let location = [0_u8; 28];
    let walk = |count, items: &[u8]| Batch { count, kind: 0, items }.locations().count();
    let item = |body: &[u8]| [&[0, u8::try_from(body.len()).unwrap()], body].concat();
    let three = [item(&location), item(&location), item(&location)].concat();
    assert_eq!((walk(3, &three), walk(1, &three), walk(9, &three)), (3, 3, 3));
    assert_eq!(walk(3, &[item(&location), item(&location[..20]), item(&location)].concat()), 2);
    assert_eq!(walk(2, &[item(&location), vec![0, 99, 1, 2]].concat()), 1);
    let uniform = [&[0, 28][..], &location, &location, &location].concat();
    assert_eq!(walk(3, &uniform), 3);
}

#[test]
fn requests_for_fragments_count_in_bytes_or_words() {
    let nine: Vec<u16> = (1..=9).collect();
    check("F18", &wanted(0x8003, 0x1099, false, &nine));
    check("F19", &wanted(0x8003, 0x1099, true, &nine));
    check("F20", &wanted(0x0005, 0, true, &[1, 2]));
    check("K5c", &wanted(0x0005, 0x20, true, &[2]));
}

#[test]
fn texts_in_all_layouts() {
    check("F21", &text(9, None, &gbk("测试123@456#abc!...结束")));
    check("F22", &text(5, Some(1), b"smallchi 518"));
    let jam = gbk("前方2公里拥堵,请绕行");
    check("K1", &text(0x0c, None, &jam));
    check("K2", &text(0x0f, Some(1), &jam));
    check("K3", &text(0x0c, None, &[jam, vec![0]].concat()));
    check("K15", &text(4, None, b"~{}"));
}

#[test]
fn a_text_in_two_fragments_cut_inside_a_character() {
    let parts = ["K4a", "K4b"].map(|tag| {
        let frame = frame_of(tag);
        let (header, body, _) = parsed(tag, &frame);
        (header.serial, header.fragment, body.to_vec())
    });
    let serials = parts.each_ref().map(|(serial, fragment, _)| (*serial, *fragment));
    let fragment = |index| Some(Fragment { total: 2, index });
    assert_eq!(serials, [(0x20, fragment(1)), (0x21, fragment(2))]);
    let whole = frame_of("K1");
    let (_, body, _) = parsed("K1", &whole);
    assert_eq!(parts.map(|(_, _, part)| part).concat(), body);
}

#[test]
fn events_questions_menus_and_information() {
    let (two, three) = (gbk("测试2"), gbk("t试2"));
    check("F25", &choices(0x8301, 2, None, &[(1, b"test"), (2, &two), (3, &three)]));
    let arrived = gbk("到达");
    check("K9a", &choices(0x8301, 1, None, &[(1, &arrived)]));
    check("K9b", &choices(0x8301, 1, Some(1), &[(1, &arrived)]));
    check("K21", &choices(0x8301, 0, None, &[]));
    check("K19", &choices(0x8303, 1, None, &[(2, &gbk("天气"))]));
    check("F26", &Message::Event { event: 255 });
    check("Q3", &Message::Event { event: 5 });
    check("Q4", &Message::Event { event: 5 });
    let answers = vec![(1, &b"AA"[..]), (2, b"B")];
    check("F27", &Message::Question(Question { flag: 0xff, text: b"123", answers }));
    let (question, yes, no) = (gbk("是否到达?"), gbk("是"), gbk("否"));
    let answers = vec![(1, yes.as_slice()), (2, no.as_slice())];
    check("K8a", &Message::Question(Question { flag: 9, text: &question, answers }));
    check("F28", &Message::Answered { serial: 0xef44, answer: 127 });
    check("K8c", &Message::Answered { serial: 0x40, answer: 1 });
    check("Q5", &Message::Answered { serial: 0x40, answer: 1 });
    check("Q6", &Message::Answered { serial: 0x40, answer: 1 });
    check("F30", &Message::MenuChoice { kind: 255, subscribe: 0 });
    check("Q7", &Message::MenuChoice { kind: 2, subscribe: 1 });
    let news = gbk("美上将:中国导弹可将关岛\"从地图上移除\"");
    check("F29", &Message::Information { kind: 123, total: None, text: &news });
    let sunny = gbk("晴");
    check("K16a", &Message::Information { kind: 2, total: None, text: &sunny });
    check("K16b", &Message::Information { kind: 2, total: Some(2), text: &sunny });
}

#[test]
fn transparent_data_and_vendors_texts() {
    let sentence = [&[0, 0x18][..], b"GTSL|6|1|0|10218094|1|\r\n"].concat();
    check("F31", &data(0x0900, 0x40, None, &sentence));
    check("F32", &data(0x8900, 0xf0, None, b"TEST"));
    check("K10a", &data(0x0900, 0x41, None, b"HELLO"));
    check("K10b", &data(0x0900, 0x41, Some(5), b"HELLO"));
    check("Q8", &data(0x0900, 0x41, None, b"HELLO"));
    let version =
        "<VER:SDK:BC78E_PET_V1.02_240611,APP:PET10#HW014JTS10203D241104_Nov  4 2024_14:49:34>";
    check("F33", &Message::TextReport { encoding: 0, text: version.as_bytes() });
    let received = Charset::Utf16Be.encode("收到").bytes;
    check("K6", &Message::TextAnswer { serial: 0x10, text: &received });
    check("K7a", &Message::TextReport { encoding: 1, text: &received });
    check("K7b", &Message::TextReport { encoding: 0, text: &gbk("收到") });
}

#[test]
fn parameters_control_and_properties() {
    check("F23a", &Message::Control { command: 4, arguments: &[] });
    let list = |id, value| ParameterList { count: 1, in_packet: None, items: vec![(id, value)] };
    check("F37", &Message::SetParameters(list(0x29, &[0, 0, 0, 10])));
    check("K17a", &Message::SetParameters(list(1, &[0, 0, 0, 60])));
    check("K17c", &Message::Parameters { serial: 0x44, list: list(1, &[0, 0, 0, 60]) });
    let properties = Properties {
        kind: 0xff,
        manufacturer: b"88888",
        model: &padded("CK100C", 30),
        terminal_id: &padded("1000493", 30),
        iccid: &bytes("89860324947560032900"),
        hardware: b"HW-V2.5",
        firmware: b"CK100C-JT-V024",
        gnss: 2,
        radio: 0x20,
    };
    check("F38", &Message::Properties(properties));
}

#[test]
fn drivers_cards() {
    let out = Driver::Card {
        status: 2,
        time: [0x22, 0x11, 0x02, 0x15, 0x20, 0x04],
        read: None,
        card: None,
    };
    check("F34", &Message::Driver(out));
    for (tag, id_number) in [("Q9", None), ("Q10", Some([0; 20]))] {
        let (name, agency) = (gbk("张三"), [vec![0; 12], gbk("测试机关")].concat());
        let licence = [vec![0; 10], b"1234567890".to_vec()].concat();
        let card = Card {
            name: &name,
            licence: &licence,
            agency: &agency,
            valid_until: [0x20, 0x30, 0x12, 0x31],
            id_number: id_number.as_ref().map(|id| &id[..]),
        };
        let time = [0x26, 0x09, 0x21, 0x10, 0x30, 0x00];
        let driver = Driver::Card { status: 1, time, read: Some(0), card: Some(card) };
        let found = info::driver(&driver, Charset::Gbk, 480);
        assert_eq!(
            (found.present, found.id.as_deref(), found.name.as_deref()),
            (true, Some("1234567890"), Some("张三"))
        );
        assert_eq!(found.time.unwrap().to_string(), "2026-09-21T02:30:00Z");
        check(tag, &Message::Driver(driver));
    }
}

#[test]
fn encrypted_and_mislabelled_frames() {
    let frame = frame_of("K11");
    let (header, body, _) = parsed("K11", &frame);
    assert!(header.encrypted());
    assert_eq!((header.id, header.serial, body.len()), (0x0301, 0x32, 16));
    let frame = frame_of("K12");
    let (header, body, _) = parsed("K12", &frame);
    assert_eq!((header.fit, header.length, header.serial), (Fit::Other, 16, 0x40));
    assert_eq!((header.fragment, body), (Some(Fragment { total: 2, index: 1 }), &b"APART-1"[..]));
}

#[test]
fn odd_frames_are_understood() {
    let frame = frame_of("O1");
    let (header, ..) = parsed("O1", &frame);
    assert_eq!((header.id, header.serial), (2, 0));
    assert_eq!(header.address.phone.identity(Style::Legacy), "679");

    let frame = frame_of("O2");
    let (header, body, context) = parsed("O2", &frame);
    assert_eq!(
        (header.fit, header.address.style, header.address.flag),
        (Fit::Other, Style::Legacy, true)
    );
    assert_eq!(
        (header.address.phone.digits(Style::Legacy).as_str(), header.serial),
        ("010030000681", 0x0902)
    );
    let code = Message::Authentication(Authentication { code: b"J10030000681", device: None });
    assert_eq!(decode::message(&header, body, context), Ok(code));

    let frame = frame_of("O3");
    let (header, body, _) = parsed("O3", &frame);
    assert_eq!(
        (header.fit, header.address.style, header.address.flag),
        (Fit::Other, Style::V2019, false)
    );
    assert_eq!((header.address.version, header.serial, body.len()), (1, 1, 0));
    assert_eq!(header.address.phone.digits(Style::V2019), "00000000012345678910");
}

#[test]
fn wrong_lengths_leave_the_body_that_is_there() {
    let frame = frame_of("O4");
    let (header, body, context) = parsed("O4", &frame);
    assert_eq!((header.fit, body.len()), (Fit::WrongLength, 45));
    let Ok(Message::Driver(driver)) = decode::message(&header, body, context) else { panic!() };
    let found = info::driver(&driver, Charset::Gbk, 480);
    assert_eq!(
        (found.present, found.id.as_deref(), found.name.as_deref()),
        (false, Some("gw123"), Some("Simba22"))
    );
    assert_eq!(found.time.unwrap().to_string(), "2024-06-27T07:54:46Z");
    let Driver::Card { status, read, card: Some(card), .. } = driver else { panic!() };
    assert_eq!((status, read, card.agency), (2, Some(0), &b"CARD"[..]));
    assert_eq!(card.valid_until, [0x07, 0xe8, 0x06, 0x1b]);

    let frame = frame_of("O5");
    let (header, body, context) = parsed("O5", &frame);
    assert_eq!((header.fit, header.declared(), body.len()), (Fit::WrongLength, 47, 53));
    let Ok(Message::Location(location)) = decode::message(&header, body, context) else { panic!() };
    let mut items = location.items();
    assert_eq!(
        items.by_ref().map(|(id, _)| id).collect::<Vec<_>>(),
        [0x01, 0x2a, 0x2b, 0x52, 0xfb]
    );
    assert!(items.rest.is_empty());
}

#[test]
fn broken_streams_are_cut_as_stated() {
    let wrong = cut_in(&sample("O6"), &[usize::MAX]).unwrap();
    assert!(matches!(wrong.as_slice(), [Err(Rejection::Checksum { found: 0x8c, expected: 0x8b })]));
    let two = [frame_of("F26"), frame_of("F28")];
    assert_eq!(cut(&sample("O7")), two);
    assert_eq!(cut(&sample("O8")), two);
}

#[test]
fn a_registration_in_three_fragments() {
    let joined = ["F17a", "F17b", "F17c"].map(|tag| {
        let frame = frame_of(tag);
        let (_, body, _) = parsed(tag, &frame);
        body.to_vec()
    });
    let frame = frame_of("F17c");
    let (header, _, context) = parsed("F17c", &frame);
    let body = joined.concat();
    let Ok(Message::Registration(found)) = decode::message(&header, &body, context) else {
        panic!()
    };
    assert_eq!((body.len(), found.province, found.city, found.colour), (86, 11, 2, 1));
    let fields = [found.manufacturer, found.model, found.terminal_id]
        .map(|field| Charset::Gbk.decode(field));
    assert_eq!(
        fields,
        ["id987654321", "type00123456781234567887654321", "ID0000123456781234567887654321"]
    );
    assert_eq!(Charset::Gbk.decode(found.plate), "甘J-123459");
}

/// Commands that a published encoder writes (`fixtures/jt808/frames.jsonl`, rows of kind `encode`).
#[test]
fn commands_of_another_platform() {
    use crate::jt808::header::{Address, Phone};
    let phone = Phone::from_identity("0b3a73ce2ff2");
    let address = Address { style: Style::Legacy, flag: false, version: 0, phone };
    let seal = |id, message: &Message<'_>| {
        seal(&Outgoing { address, id, serial: 0, fragment: None }, &message.encode())
    };
    let stop = Message::Control { command: 0xf0, arguments: &[] };
    assert_eq!(seal(0x8105, &stop), bytes("7e810500010b3a73ce2ff20000f0247e"));
    assert_eq!(
        seal(0x8900, &data(0x8900, 0xf0, None, b"TEST")),
        bytes("7e890000050b3a73ce2ff20000f0544553543b7e")
    );
}

#[test]
fn alarms_have_neutral_names() {
    let mut names = super::super::location::ALARMS.into_iter();
    assert!(names.all(crate::vocabulary::is_alarm));
}
