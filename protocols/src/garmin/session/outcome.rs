//! What the navigator says about texts (sections 5 to 8 and 14): receipts, states, the driver's choices.

use super::Fmi;
use super::flight::{Step, Why, serial_of};
use crate::effect::{DeliveryStage, Effect, Effects, Evidence, Receipt};
use crate::event::{DriverMessage, Event, Origin, RepeatKey};
use crate::garmin::message::{Message, TextId, id, timestamp};
use crate::session::Now;

/// Results of 0x0056 and 0x0029.
const OK: u8 = 0;
const ID_IN_USE: u8 = 4;
const UNKNOWN_RESPONSE: u8 = 2;
const DUPLICATE_ID: u8 = 3;
/// States of 0x0041.
const UNREAD: u8 = 0;
const READ: u8 = 1;
/// Canned responses that the navigator keeps (section 8).
const MAX_STORED: usize = 200;
/// How long the same answer or text of the driver is a repeat: until the navigator has got its receipt, whenever that is.
pub(super) const REPEAT_WINDOW_SECONDS: u32 = 7 * 86_400;

impl Fmi {
    /// Gives back what is not about texts.
    pub(super) fn about_texts<'a>(
        &mut self,
        message: Message<'a>,
        now: Now,
        fx: &mut Effects,
    ) -> Option<Message<'a>> {
        match message {
            Message::TextReceipt { ok, id, .. } => self.text_receipt(ok, id, fx),
            Message::LongTextReceipt { result, last, number, id, .. } => {
                self.segment_receipt(result, last, number, id, fx);
            }
            Message::Code { kind: id::STATUS, code, id } => self.status(code, id, fx),
            Message::ItemReceipt { kind: id::RESPONSE_SET, number, ok } => {
                self.response_receipt(number, ok);
            }
            Message::Code { kind: id::CHOICES_RECEIPT, code, id } => self.list_receipt(code, id),
            Message::ResponsesWanted(list) => self.responses_wanted(&list),
            Message::Answer { time, id, choice } => {
                self.answer_of_driver(time, id, choice, now, fx)
            }
            // That a text or a response was deleted changes nothing that was said about it.
            Message::Code { kind: id::TEXT_DELETED, .. }
            | Message::ItemReceipt { kind: id::RESPONSE_DELETED, .. } => {}
            other => return Some(other),
        }
        None
    }

    /// The step under way, if it is about the text with this id.
    fn step_of(&self, id: TextId) -> Option<Step> {
        let flight = self.flight.as_ref().filter(|flight| flight.id() == Some(id))?;
        Some(flight.step)
    }

    /// 0x002B.
    fn text_receipt(&mut self, ok: bool, id: TextId, fx: &mut Effects) {
        match (self.step_of(id), ok) {
            (Some(_), true) => self.piece_done(Evidence::Accepted, fx),
            // The id may be in use by an earlier copy of the same text.
            (Some(Step::Text), false) => self.go(Some(Step::Probe(Why::Refused(0)))),
            (Some(_), false) => {}
            (None, true) => self.confirmed_late(id, true, fx),
            (None, false) => {}
        }
    }

    /// 0x0056.
    fn segment_receipt(
        &mut self,
        result: u8,
        last: bool,
        number: u8,
        id: TextId,
        fx: &mut Effects,
    ) {
        match self.step_of(id) {
            Some(Step::Segment(sent)) if result == OK && sent == number => match last {
                true => self.piece_done(Evidence::Accepted, fx),
                false => self.go(Some(Step::Segment(sent.saturating_add(1)))),
            },
            Some(Step::Segment(_)) if result == OK => {}
            Some(Step::Segment(_)) if result == ID_IN_USE => {
                self.go(Some(Step::Probe(Why::Refused(result.into()))));
            }
            Some(Step::Segment(_)) => match &mut self.flight {
                Some(flight) if !flight.restarted => {
                    flight.restarted = true;
                    self.go(Some(Step::Segment(0)));
                }
                _ => self.refuse(result.into(), fx),
            },
            Some(_) if result == OK && last => self.piece_done(Evidence::Accepted, fx),
            Some(_) => {}
            None if result == OK && last => self.confirmed_late(id, true, fx),
            None => {}
        }
    }

    /// 0x0041, asked for or not.
    fn status(&mut self, code: u8, id: TextId, fx: &mut Effects) {
        let Some(step) = self.step_of(id) else {
            return match code {
                UNREAD => self.confirmed_late(id, false, fx),
                READ => {
                    self.confirmed_late(id, false, fx);
                    self.read(id, fx);
                }
                // Deleted by the driver: what is known of it stays.
                _ => {}
            };
        };
        match (code, step) {
            (UNREAD, _) => self.piece_done(Evidence::Accepted, fx),
            (READ, _) => {
                self.piece_done(Evidence::Displayed, fx);
                self.read(id, fx);
            }
            (_, Step::Probe(why)) => self.absent(why, fx),
            _ => {}
        }
    }

    /// A receipt for a text that is not in flight: a repeat, or one that was given up here or on an earlier connection. Only a
    /// receipt proper counts for a text that this connection does not know: states are told of texts from long ago too.
    fn confirmed_late(&mut self, id: TextId, proper: bool, fx: &mut Effects) {
        let serial = match self.settled.iter_mut().find(|settled| settled.id == id) {
            Some(settled) if settled.confirmed => return,
            Some(settled) => {
                settled.confirmed = true;
                Some(settled.serial)
            }
            None => serial_of(&id).filter(|_| proper),
        };
        if let Some(serial) = serial {
            let stage = DeliveryStage::Confirmed(Evidence::Accepted);
            let receipt = Receipt::Serial { serial, bits: 32 };
            fx.push(Effect::Delivery { lane: self.lane, receipt, stage });
        }
    }

    /// The driver opened a text.
    fn read(&self, id: TextId, fx: &mut Effects) {
        let receipt = match self.settled.iter().find(|settled| settled.id == id) {
            Some(settled) => Receipt::Token(settled.token),
            None => match serial_of(&id) {
                Some(serial) => Receipt::Serial { serial, bits: 32 },
                None => return,
            },
        };
        fx.push(Effect::Delivery { lane: self.lane, receipt, stage: DeliveryStage::Read });
    }

    /// 0x0032.
    fn response_receipt(&mut self, number: u32, ok: bool) {
        let Some(flight) = &self.flight else { return };
        let Step::Response(place) = flight.step else { return };
        if !flight.sets(place, number) {
            return;
        }
        if !ok {
            return self.without_responses();
        }
        if self.stored.len() >= MAX_STORED {
            self.stored.remove(0);
        }
        self.stored.push(number);
        self.go(Some(Step::Response(place + 1)));
    }

    /// 0x0029.
    fn list_receipt(&mut self, code: u8, id: TextId) {
        if self.step_of(id) != Some(Step::Offer) {
            return;
        }
        match (code, &mut self.flight) {
            (OK, _) => self.offered(),
            (UNKNOWN_RESPONSE, Some(flight)) if !flight.restarted => {
                // It lost them.
                flight.restarted = true;
                self.stored.clear();
                self.go(Some(Step::Response(0)));
            }
            (DUPLICATE_ID, _) => self.go(Some(Step::Probe(Why::Offered))),
            _ => self.without_responses(),
        }
    }

    /// 0x0034: the client wants responses again. Those of questions that may still be answered are at hand.
    fn responses_wanted(&mut self, list: &[u32]) {
        let mut wanted: Vec<(u32, Vec<u8>)> = Vec::new();
        let charset = self.charset();
        for (number, words) in self.questions.iter().flat_map(|question| &question.answers) {
            let asked = list.is_empty() || list.contains(number);
            if asked && !wanted.iter().any(|(known, _)| known == number) {
                wanted.push((*number, charset.encode(words).bytes));
            }
        }
        for (number, text) in wanted {
            let set = Message::SetItem { kind: id::SET_RESPONSE, number, text: &text };
            self.send(&set, super::link::Purpose::Other);
        }
    }

    /// 0x0020: the driver chose an answer or pressed a button, and so has read the text.
    fn answer_of_driver(&mut self, time: u32, id: TextId, choice: u32, now: Now, fx: &mut Effects) {
        let question = self.questions.iter().find(|question| question.id == id);
        let button = self.flight.as_ref().and_then(|flight| flight.button(id));
        let canned = question.and_then(|question| {
            question.answers.iter().find(|(number, _)| *number == choice).map(|(_, words)| words)
        });
        let words = match (canned, button, choice) {
            (Some(words), ..) => Some(words.clone()),
            (None, Some(false), 0) => None,
            (None, _, 0) => Some("Okay".to_owned()),
            (None, _, 1) => Some("Yes".to_owned()),
            (None, _, 2) => Some("No".to_owned()),
            (None, _, other) => Some(format!("answer {}", other & 0xff)),
        };
        match self.step_of(id) {
            Some(_) => self.piece_done(Evidence::Displayed, fx),
            None => self.confirmed_late(id, true, fx),
        }
        self.read(id, fx);
        let receipt = match self.supports(604) {
            true => self.receipt(&Message::About { kind: id::ANSWER_RECEIPT, id }, now),
            false => Vec::new(),
        };
        let event = words.map(|text| {
            Event::Message(DriverMessage {
                text,
                device_time: timestamp(time),
                repeat: RepeatKey::Numbered {
                    key: u64::from(time) << 32 | u64::from(choice),
                    window_seconds: REPEAT_WINDOW_SECONDS,
                },
                reply_to: serial_of(&id),
                origin: Origin::Driver,
            })
        });
        fx.record(self.lane, event.into_iter().collect(), receipt, Vec::new());
    }
}
