//! The simulated terminal against the session, in all dialects: both sides of every frame.

use std::collections::VecDeque;

use jiff::Timestamp;
use protocols::{
    Content, DeliveryStage, DeliveryToken, Event, Evidence, Fix, Frame, Framer, Limits, Outcome,
    Receipt, Report, Terminal, TerminalEffect, TerminalInput, TerminalSettings, Uplink, Value,
};

use crate::jt808_bench::*;

const DIALECTS: [&str; 3] = ["2011", "2013", "2019"];

/// Both ends of a connection.
struct Line {
    terminal: Box<dyn Terminal>,
    framer: Box<dyn Framer>,
    peer: Peer,
    seen: Vec<TerminalEffect>,
    out: Vec<Out>,
}

impl Line {
    fn new(dialect: &str, secret: Option<&str>, host: Host) -> Self {
        let settings = TerminalSettings {
            identity: "13912345678".to_owned(),
            secret: secret.map(str::to_owned),
            dialect: Some(dialect.to_owned()),
        };
        let mut line = Self {
            terminal: jt808().terminal(settings),
            framer: jt808().framer(&Limits::default()),
            peer: Peer::new(host),
            seen: Vec::new(),
            out: Vec::new(),
        };
        line.input(TerminalInput::Connected);
        line
    }

    fn online(dialect: &str, options: &[(&str, &str)]) -> Self {
        let mut line = Self::new(dialect, None, Host::known(options));
        assert!(line.seen.contains(&TerminalEffect::Online), "{dialect}: {:?}", line.seen);
        let out = line.peer.wait(1);
        line.pump(VecDeque::new(), out);
        line.seen.clear();
        line.out.clear();
        line
    }

    fn input(&mut self, input: TerminalInput<'_>) {
        let mut effects = Vec::new();
        self.terminal.handle(input, self.peer.now(), &mut effects);
        self.pump(effects.into(), Vec::new());
    }

    /// Carries frames to and fro until both are silent.
    fn pump(&mut self, mut effects: VecDeque<TerminalEffect>, mut out: Vec<Out>) {
        loop {
            for sent in std::mem::take(&mut out) {
                if let Out::Sent(wire) = &sent {
                    let mut scratch = Vec::new();
                    let cut = self.framer.cut(wire, &mut scratch).unwrap();
                    let Some(Frame::Valid(frame)) = cut.frame else { panic!("{cut:?}") };
                    let mut more = Vec::new();
                    self.terminal.handle(TerminalInput::Frame(frame), self.peer.now(), &mut more);
                    effects.extend(more);
                }
                self.out.push(sent);
            }
            let Some(effect) = effects.pop_front() else { return };
            match effect {
                TerminalEffect::Transmit(bytes) => out = self.peer.feed(&bytes),
                effect => self.seen.push(effect),
            }
        }
    }

    fn downlink(&mut self, token: u64, content: Content) {
        let out = self.peer.downlink(token, 0x1234, content);
        self.pump(VecDeque::new(), out);
    }

    fn messages(&self) -> Vec<String> {
        let texts = events(&self.out).into_iter().filter_map(|event| match event {
            Event::Message(message) => Some(message.text),
            _ => None,
        });
        texts.collect()
    }

    fn stages(&self) -> Vec<DeliveryStage> {
        let stages = self.out.iter().filter_map(|out| match out {
            Out::Delivery(Receipt::Token(DeliveryToken(7)), stage) => Some(*stage),
            _ => None,
        });
        stages.collect()
    }
}

#[test]
fn it_registers_or_shows_its_code() {
    for dialect in DIALECTS {
        let line = Line::new(dialect, None, Host::known(&[("auth", "strict")]));
        assert_eq!(line.seen, [TerminalEffect::Online], "{dialect}");
        let ids: Vec<_> = sent(&line.out).into_iter().map(|down| down.id).collect();
        assert_eq!(ids, [0x8100, 0x8001]);
        let line = Line::new(dialect, Some("G7Q2Z8"), Host::known(&[("auth", "strict")]));
        assert_eq!(
            (line.seen.as_slice(), sent(&line.out).len()),
            (&[TerminalEffect::Online][..], 1)
        );
        let line = Line::new(dialect, Some("WRONG"), Host::known(&[("auth", "strict")]));
        assert!(matches!(line.seen.as_slice(), [TerminalEffect::Refused(_)]));
        let line = Line::new(dialect, None, Host::Unknown);
        assert!(matches!(line.seen.as_slice(), [TerminalEffect::Refused(_)]));
    }
}

#[test]
fn it_shows_signs_of_life_and_where_it_is() {
    for dialect in DIALECTS {
        let mut line = Line::online(dialect, &[]);
        line.input(TerminalInput::Heartbeat);
        let fix = Fix {
            valid: true,
            latitude: -23.404_205,
            longitude: -46.853_273,
            altitude: Some(-12.0),
            speed: Some(61.5),
            course: Some(359.0),
            satellites: Some(11),
        };
        let time: Timestamp = "2026-09-21T10:29:30Z".parse().unwrap();
        let attributes = vec![
            ("ignition".into(), Value::Bool(true)),
            ("odometer_km".into(), Value::Float(1234.5)),
            ("signal".into(), Value::Int(21)),
        ];
        let report = Report {
            time: Some(time),
            fix: Some(fix),
            archived: false,
            attributes: attributes.clone(),
        };
        line.input(TerminalInput::Report(&report));
        assert_eq!(
            line.seen,
            [TerminalEffect::Acked(Uplink::Heartbeat), TerminalEffect::Acked(Uplink::Report)]
        );
        let events = events(&line.out);
        let [Event::Report(found)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((found.time, found.fix), (report.time, report.fix), "{dialect}");
        assert!(
            attributes.iter().all(|attribute| found.attributes.contains(attribute)),
            "{dialect}: {found:?}"
        );
    }
}

#[test]
fn texts_go_both_ways() {
    for dialect in DIALECTS {
        let mut line = Line::online(dialect, &[]);
        for text in ["On my way", "前方拥堵", "Приехал", "café 🚚"] {
            line.input(TerminalInput::Say(text));
        }
        assert_eq!(line.messages(), ["On my way", "前方拥堵", "Приехал", "café 🚚"], "{dialect}");
        assert_eq!(line.seen, vec![TerminalEffect::Acked(Uplink::Text); 4]);
        line.seen.clear();
        for outcome in [Outcome::Confirm, Outcome::Refuse] {
            line.out.clear();
            line.downlink(7, Content::Text { text: "请到4号门 ~{}".to_owned(), part: 2, parts: 3 });
            let Some(TerminalEffect::Text { token, text }) = line.seen.pop() else {
                panic!("{dialect}")
            };
            assert_eq!(text, "(2/3) 请到4号门 ~{}");
            line.input(TerminalInput::Answer { token, outcome });
            let stage = match outcome {
                Outcome::Confirm => DeliveryStage::Confirmed(Evidence::Accepted),
                Outcome::Refuse => DeliveryStage::Refused { code: 1, retry: true },
            };
            assert_eq!(line.stages(), [DeliveryStage::Transmitted, stage]);
        }
    }
}

#[test]
fn long_texts_go_both_ways_in_fragments() {
    for dialect in DIALECTS {
        let mut line = Line::online(dialect, &[("fragments", "true"), ("max_text", "5000")]);
        let long = "长文本 long text ~{} ".repeat(80);
        line.input(TerminalInput::Say(&long));
        assert_eq!(
            (line.messages(), line.seen.pop()),
            (vec![long.clone()], Some(TerminalEffect::Acked(Uplink::Text)))
        );
        line.downlink(7, Content::Text { text: long.clone(), part: 1, parts: 1 });
        let Some(TerminalEffect::Text { token, text }) = line.seen.pop() else { panic!() };
        assert_eq!(text, long);
        line.input(TerminalInput::Answer { token, outcome: Outcome::Confirm });
        assert_eq!(
            line.stages().last(),
            Some(&DeliveryStage::Confirmed(Evidence::Accepted)),
            "{dialect}"
        );
    }
}

#[test]
fn questions_and_canned_answers_are_answered_by_their_numbers() {
    for dialect in DIALECTS {
        let mut line = Line::online(dialect, &[("events", "1=Arrived;2=Loading")]);
        line.input(TerminalInput::Say("Loading"));
        let answers = vec![(1, "yes".to_owned()), (2, "no".to_owned())];
        line.downlink(7, Content::Question { text: "Empty?".to_owned(), answers });
        let Some(TerminalEffect::Text { text, .. }) = line.seen.pop() else { panic!() };
        assert_eq!(text, "Empty?\n1: yes\n2: no");
        line.input(TerminalInput::Say("no"));
        assert_eq!(line.messages(), ["Loading", "no"], "{dialect}");
        assert_eq!(line.stages().last(), Some(&DeliveryStage::Confirmed(Evidence::Accepted)));
    }
}

#[test]
fn what_is_not_stored_is_not_acknowledged_and_logout_ends_it() {
    let mut line = Line::online("2013", &[]);
    line.peer.broken_store = true;
    line.input(TerminalInput::Say("lost?"));
    assert_eq!(line.seen, [TerminalEffect::Nacked(Uplink::Text)]);
    line.input(TerminalInput::Logout);
    assert_eq!(line.seen.last(), Some(&TerminalEffect::Close));
}

#[test]
fn queries_are_answered_and_unknown_commands_are_not_supported() {
    for dialect in DIALECTS {
        let phone = if dialect == "2019" { PHONE_2019 } else { PHONE };
        for (id, body, answered) in [
            (0x8104, &[][..], 0x0104),
            (0x8106, &[1, 0, 0, 0, 1], 0x0104),
            (0x8107, &[], 0x0107),
            (0x8201, &[], 0x0201),
            (0x8204, &[], 0x0001),
            (0x8105, &[4], 0x0001),
            (0x8fff, &[], 0x0001),
        ] {
            let mut line = Line::online(dialect, &[]);
            let mut effects = Vec::new();
            let wire = frame(id, phone, 0x55, body);
            let mut scratch = Vec::new();
            let Some(Frame::Valid(frame)) = line.framer.cut(&wire, &mut scratch).unwrap().frame
            else {
                panic!()
            };
            line.terminal.handle(TerminalInput::Frame(frame), line.peer.now(), &mut effects);
            let [TerminalEffect::Transmit(bytes)] = effects.as_slice() else {
                panic!("{id:#06x}: {effects:?}")
            };
            let down = open(bytes);
            assert_eq!(down.id, answered, "{dialect} {id:#06x}");
            if answered == 1 {
                assert_eq!(down.body, receipt(0x55, id, if id == 0x8fff { 3 } else { 0 }));
            } else {
                assert_eq!(answers(&line.peer.feed(bytes)), [(down.serial, answered, 0)]);
            }
        }
    }
}
