//! Who is let in: registration, authentication, and messages that come without either (section 8.2).

use std::time::Duration;

use super::lane::{Asked, LaneState, Standing};
use super::{Uplink, is_answered};
use crate::effect::{CloseReason, Effect, Effects};
use crate::error::DecodeError;
use crate::event::Event;
use crate::jt808::decode;
use crate::jt808::header::Edition;
use crate::jt808::info;
use crate::jt808::message::{Message, RegistrationAnswer, TimeAnswer, id, trimmed};
use crate::jt808::settings::Settings;
use crate::jt808::time;
use crate::session::{Admission, Credentials, Now, Profile, SecretCheck};

/// How long a terminal that is not in the database stays connected: it may be provisioned meanwhile.
const UNKNOWN_LINGERS: Duration = Duration::from_secs(30);
/// Time to authenticate.
const LOGIN_TIME: Duration = Duration::from_secs(60);
/// Messages without authentication that are answered.
const MAX_REFUSED: u8 = 10;
/// Wrong authentications within [`FAILURE_WINDOW`] that are answered.
const MAX_FAILURES: u8 = 3;
const FAILURE_WINDOW: Duration = Duration::from_secs(600);
/// How long a terminal that logged out may take to close.
const LOGOUT_LINGERS: Duration = Duration::from_secs(5);

/// Result of a registration: terminal not in database.
const NO_SUCH_TERMINAL: u8 = 4;

impl LaneState {
    /// Asks the host who this is; `uplink` waits for the answer.
    pub(super) fn ask(&mut self, uplink: Uplink<'_>, fx: &mut Effects) -> Result<(), DecodeError> {
        let phone = self.address.phone;
        let style = self.address.style;
        let mut credentials = Credentials {
            identity: phone.identity(style),
            aliases: phone.aliases(style),
            secret: None,
        };
        match uplink.header.id {
            // A body that does not parse is answered like any other, without asking.
            id::REGISTRATION => drop(decode::message(uplink.header, uplink.body, self.context())?),
            id::AUTHENTICATION => {
                let message = decode::message(uplink.header, uplink.body, self.context())?;
                if let Message::Authentication(authentication) = message {
                    let code = String::from_utf8_lossy(trimmed(authentication.code)).into_owned();
                    credentials.secret = (!code.is_empty()).then_some(code);
                    let imei = authentication.device.map_or(&[][..], |(imei, _)| trimmed(imei));
                    if !imei.is_empty() && imei.iter().all(u8::is_ascii_digit) {
                        credentials.aliases.push(String::from_utf8_lossy(imei).into_owned());
                    }
                }
            }
            _ => {}
        }
        self.asked = Some(Box::new(Asked {
            header: *uplink.header,
            first_serial: uplink.first_serial,
            body: uplink.body.into(),
        }));
        fx.push(Effect::Authenticate { lane: self.number, credentials });
        Ok(())
    }

    /// The host's answer. Returns the uplink that is to be handled now that the lane is online.
    pub(super) fn admitted(
        &mut self,
        admission: Admission,
        now: Now,
        alone: bool,
        fx: &mut Effects,
    ) -> Option<Box<Asked>> {
        let asked = self.asked.take()?;
        match admission {
            Admission::Known(profile) => self.known(asked, profile, now, alone, fx),
            Admission::Unknown | Admission::Blocked => {
                if self.online() {
                    fx.push(Effect::Offline { lane: self.number });
                }
                self.standing = Standing::Stranger;
                self.settings = None;
                self.delivery = super::delivery::Delivery::default();
                self.navigator = None;
                match asked.header.id {
                    id::REGISTRATION => {
                        self.registration_answer(&asked, NO_SUCH_TERMINAL, "", fx);
                        self.close_after(now, UNKNOWN_LINGERS, CloseReason::NotAdmitted);
                    }
                    id::AUTHENTICATION => self.wrong_login(&asked, now, alone, fx),
                    _ => self.refuse(asked.uplink(), now, alone, fx),
                }
                None
            }
        }
    }

    fn known(
        &mut self,
        asked: Box<Asked>,
        profile: Profile,
        now: Now,
        alone: bool,
        fx: &mut Effects,
    ) -> Option<Box<Asked>> {
        let settings = Settings::new(&profile.options);
        // A code that the operator configured counts whatever the option says.
        let implicit = !settings.strict && profile.secret != SecretCheck::Differs;
        let right = implicit || profile.secret == SecretCheck::Matches;
        self.settings = Some(settings);
        if !self.online() {
            self.standing = Standing::Known { implicit };
        }
        match asked.header.id {
            id::REGISTRATION => {
                if self.online() {
                    // The host may know it as another device now.
                    fx.push(Effect::Online { lane: self.number });
                }
                self.note_registration(&asked);
                self.registration_answer(&asked, 0, &profile.issued_code, fx);
                None
            }
            id::AUTHENTICATION if right => {
                self.note_authentication(&asked);
                self.go_online(now, fx);
                self.answer(&asked.header, 0, fx);
                None
            }
            id::AUTHENTICATION => {
                self.tell_refusal("wrong authentication code", fx);
                self.wrong_login(&asked, now, alone, fx);
                None
            }
            _ if implicit => {
                self.go_online(now, fx);
                Some(asked)
            }
            _ => {
                self.tell_refusal("has to authenticate first", fx);
                self.refuse(asked.uplink(), now, alone, fx);
                None
            }
        }
    }

    /// The lane becomes the live one of its device.
    pub(super) fn go_online(&mut self, now: Now, fx: &mut Effects) {
        self.standing = Standing::Online;
        (self.refused, self.failures, self.refusal_told) = (0, (0, Duration::ZERO), false);
        self.close_at = None;
        fx.push(Effect::Online { lane: self.number });
        if let Some(about) = self.about.take().filter(|about| !about.is_empty()) {
            fx.record(self.number, vec![Event::Info(*about)], Vec::new(), Vec::new());
        }
        let delay =
            self.settings.as_ref().map_or(Duration::ZERO, |settings| settings.first_text_delay);
        self.ready_at = Some(now.monotonic + delay);
        self.navigator = None;
        self.get_ready(now, fx);
    }

    /// Opens the window once the delay after authentication is over, and offers the canned answers first.
    pub(super) fn get_ready(&mut self, now: Now, fx: &mut Effects) {
        if self.ready_at.is_some_and(|at| at <= now.monotonic) {
            self.ready_at = None;
            self.offer_events(false, fx);
            self.meet_navigator(now, fx);
        }
    }

    /// An uplink that is not accepted before authentication: answered, not stored.
    pub(super) fn refuse(&mut self, uplink: Uplink<'_>, now: Now, alone: bool, fx: &mut Effects) {
        if is_answered(uplink.header.id) {
            self.answer(uplink.header, 1, fx);
        }
        self.refused = self.refused.saturating_add(1);
        self.close_after(now, LOGIN_TIME, CloseReason::LoginTimeout);
        if self.refused >= MAX_REFUSED && alone {
            fx.push(Effect::Close(CloseReason::NotAdmitted));
        }
    }

    fn wrong_login(&mut self, asked: &Asked, now: Now, alone: bool, fx: &mut Effects) {
        self.answer(&asked.header, 1, fx);
        let (count, since) = self.failures;
        self.failures = if count == 0 || now.monotonic.saturating_sub(since) > FAILURE_WINDOW {
            (1, now.monotonic)
        } else {
            (count.saturating_add(1), since)
        };
        self.close_after(now, LOGIN_TIME, CloseReason::LoginTimeout);
        if self.failures.0 >= MAX_FAILURES && alone {
            fx.push(Effect::Close(CloseReason::NotAdmitted));
        }
    }

    fn tell_refusal(&mut self, reason: &'static str, fx: &mut Effects) {
        if !std::mem::replace(&mut self.refusal_told, true) {
            fx.push(Effect::Refuse { lane: self.number, reason });
        }
    }

    fn close_after(&mut self, now: Now, delay: Duration, reason: CloseReason) {
        self.close_at.get_or_insert((now.monotonic + delay, reason));
    }

    /// 0x8100. In 2011 a NUL ends the code.
    fn registration_answer(&mut self, asked: &Asked, result: u8, code: &str, fx: &mut Effects) {
        let mut code = code.as_bytes().to_vec();
        if self.edition() == Edition::V2011 {
            code.push(0);
        }
        let answer = RegistrationAnswer { serial: asked.header.serial, result, code: &code };
        self.send(id::REGISTRATION_ANSWER, &Message::RegistrationAnswer(answer), fx);
    }

    fn note_registration(&mut self, asked: &Asked) {
        if let Ok(Message::Registration(registration)) =
            decode::message(&asked.header, &asked.body, self.context())
        {
            self.edition = Some(registration.edition);
            self.about = Some(Box::new(info::registration(&registration, self.charset())));
        }
    }

    fn note_authentication(&mut self, asked: &Asked) {
        if let Ok(Message::Authentication(authentication)) =
            decode::message(&asked.header, &asked.body, self.context())
        {
            let device = info::authentication(&authentication);
            if !device.is_empty() {
                self.about.get_or_insert_default().extend(device);
            }
        }
    }

    /// 0x0003: the lane goes offline; the terminal closes, or we do after a while.
    pub(super) fn logout(&mut self, uplink: Uplink<'_>, now: Now, fx: &mut Effects) {
        self.answer(uplink.header, 0, fx);
        if self.online() {
            fx.push(Effect::Offline { lane: self.number });
        }
        self.standing = Standing::Stranger;
        self.ready_at = None;
        self.delivery = super::delivery::Delivery::default();
        self.navigator = None;
        self.close_at = Some((now.monotonic + LOGOUT_LINGERS, CloseReason::LoggedOut));
    }

    /// Time queries (section 10.4) are answered to anybody: some terminals do not go on without.
    pub(super) fn tell_time(&mut self, uplink: Uplink<'_>, now: Now, fx: &mut Effects) {
        let local = self.settings.as_ref().filter(|settings| settings.local_time_answer);
        let offset = local.map_or(0, |settings| settings.time_offset);
        let utc = now.wall;
        let (id, time) = match uplink.header.id {
            id::TIME_QUERY_EPOCH => {
                let seconds = u32::try_from(utc.as_second()).unwrap_or(u32::MAX);
                (id::TIME_EPOCH, TimeAnswer::Epoch(seconds))
            }
            id::TIME_QUERY_CALENDAR => {
                let moment = jiff::tz::Offset::UTC.to_datetime(utc);
                let parts =
                    [moment.month(), moment.day(), moment.hour(), moment.minute(), moment.second()];
                let rest = parts.map(|part| u8::try_from(part).unwrap_or(0));
                let year = u16::try_from(moment.year()).unwrap_or(0);
                (id::TIME_CALENDAR, TimeAnswer::Calendar { year, rest, result: None })
            }
            _ => (id::TIME, TimeAnswer::Bcd(time::bcd_time(utc, offset))),
        };
        self.send(id, &Message::Time(time), fx);
    }
}
