//! COMMAND_DATA from a unit (section 7): what its driver says, and what became of our texts.

use bytes::Bytes;

use super::EgtsSession;
use super::delivery::SENDER;
use super::uplinks::Taken;
use crate::effect::Effects;
use crate::egts::charset;
use crate::egts::decode;
use crate::egts::message::{Command, cct, ct, plausible, service, srt};
use crate::egts::names;
use crate::event::{Attributes, DriverMessage, Event, Origin, RepeatKey, Value};
use crate::session::{Now, SessionError};

/// How long the number and time of a text stay significant: units keep unsent texts for days.
const DATED_WINDOW_SECONDS: u32 = 7 * 24 * 3600;
/// The same without a time: units number from 0 again after a restart.
const UNDATED_WINDOW_SECONDS: u32 = 600;

impl EgtsSession {
    /// One COMMAND_DATA of a unit that is let in.
    pub(super) fn command(
        &mut self,
        command: &Command<'_>,
        lane: usize,
        time: Option<u32>,
        taken: &mut Taken,
        now: Now,
        fx: &mut Effects,
    ) {
        match command.kind {
            ct::MSGFROM => self.driver_text(command, lane, time, taken, now),
            ct::MSGCONF | ct::DELIV | ct::COMCONF => {
                if let Some(state) = self.lanes.get_mut(lane) {
                    state.confirmed(command, now, fx);
                }
                let about = match command.kind {
                    ct::COMCONF => order_answer(command),
                    _ if command.result == cct::NCONF => negative(command),
                    _ => return,
                };
                if !about.is_empty() {
                    taken.events.push(Event::Info(about));
                }
            }
            kind => {
                taken.unhandled(service::COMMANDS, srt::COMMAND_DATA, command.data);
                let problem =
                    SessionError::Unexpected { message: names::command(kind), state: "uplink" };
                taken.problem.get_or_insert(problem);
            }
        }
    }

    /// CT_MSGFROM (section 7.4).
    fn driver_text(
        &mut self,
        command: &Command<'_>,
        lane: usize,
        time: Option<u32>,
        taken: &mut Taken,
        now: Now,
    ) {
        let Some(state) = self.lanes.get(lane) else { return };
        let Some(settings) = state.settings() else { return };
        let words = match settings.prefixed {
            true => command.data.get(5..).unwrap_or_default(),
            false => command.data,
        };
        let Some(text) = charset::decode(command.charset, settings.utf8_uplinks, words) else {
            return taken.unhandled(service::COMMANDS, srt::COMMAND_DATA, command.data);
        };
        if !text.trim().is_empty() {
            taken.events.push(Event::Message(DriverMessage {
                text,
                device_time: time.and_then(|time| plausible(time, now.wall)),
                repeat: repeat_key(command.id, time),
                reply_to: None,
                origin: Origin::Driver,
            }));
        }
        if settings.confirm_texts {
            let answer = Command {
                kind: ct::MSGCONF,
                result: cct::OK,
                id: command.id,
                sender: SENDER,
                ..Command::default()
            };
            taken.behind.push((state.address, answer));
        }
    }
}

/// What makes a repeat of a text recognisable. Number 0 without a time is no number: there are units that never count.
fn repeat_key(id: u32, time: Option<u32>) -> RepeatKey {
    let number = |time: u32| u64::from(time) << 32 | u64::from(id);
    match (id, time.filter(|&time| time != 0)) {
        (_, Some(time)) => {
            RepeatKey::Numbered { key: number(time), window_seconds: DATED_WINDOW_SECONDS }
        }
        (0, None) => RepeatKey::TextOnly { window_seconds: UNDATED_WINDOW_SECONDS },
        (_, None) => RepeatKey::Numbered { key: number(0), window_seconds: UNDATED_WINDOW_SECONDS },
    }
}

/// The answer to a command, if it says more than yes or no.
fn order_answer(command: &Command<'_>) -> Attributes {
    let Some(answer) = decode::order_answer(command.data) else { return Attributes::new() };
    let mut about = vec![
        ("command".into(), Value::Int(answer.code.into())),
        ("command_address".into(), Value::Int(answer.address.into())),
        ("command_result".into(), Value::Int(command.result.into())),
    ];
    if !answer.data.is_empty() {
        let data = Bytes::copy_from_slice(answer.data);
        about.push(("command_data".into(), Value::Bytes(data)));
    }
    about
}

/// CC_NCONF: the driver was shown the text and said no.
fn negative(command: &Command<'_>) -> Attributes {
    vec![
        ("text_answer".into(), Value::Text("no".to_owned())),
        ("text_answer_to".into(), Value::Int(command.id.into())),
    ]
}
