//! Single steps of a session that is logged in; an operation is a step.

use anyhow::{Context as _, Result, anyhow, ensure};
use kit::host::Host;
use kit::transcript::Admit;
use protocols::{Content, DeliveryToken, Downlink, Effect, Lane, Limits, registry};

use super::{Job, Piece};
use crate::gateway::site::TEXT;
use crate::load::speech::{Speaker, Speech, Uplink};
use crate::real::Dialogue;

pub fn pieces() -> Vec<Piece> {
    let piece = |name: &str, prepare| Piece::new(format!("session/{name}"), 100, 1100, prepare);
    vec![
        piece("jt808_location", || hears(Speech::Jt808, Uplink::Location(1))),
        piece("jt808_heartbeat", || hears(Speech::Jt808, Uplink::Heartbeat)),
        piece("jt808_text", || sends(Speech::Jt808)),
        piece("wialon_ips_location", || hears(Speech::Wialon, Uplink::Location(1))),
        piece("wialon_ips_text", || sends(Speech::Wialon)),
    ]
}

/// A session that is logged in, and the terminal that did it.
fn log_in(speech: Speech) -> Result<(Dialogue, Speaker)> {
    let protocol = registry::by_name(speech.protocol()).context("no such protocol")?;
    let (mut host, mut speaker) = (Host::new(protocol, Limits::default()), Speaker::new(speech, 0));
    let mut login = Vec::new();
    speaker.say(&mut login, Uplink::Login);
    host.receive(&login);
    let options = speech.options().into_iter().collect();
    host.admit(&Admit::Known { secret: None, options }).map_err(|problem| anyhow!(problem))?;
    host.commit_all();
    Ok((host.into(), speaker))
}

/// The terminal says the same again and again.
fn hears(speech: Speech, uplink: Uplink<'static>) -> Result<Job> {
    let (mut dialogue, mut speaker) = log_in(speech)?;
    let mut frame = Vec::new();
    let once = move || {
        frame.clear();
        speaker.say(&mut frame, uplink);
        ensure!(dialogue.feed(&frame) == 1, "{uplink:?} was not understood");
        Ok(())
    };
    Ok(Job { operations: 1, once: Box::new(once) })
}

/// A text is written and confirmed.
fn sends(speech: Speech) -> Result<Job> {
    let (mut dialogue, mut speaker) = log_in(speech)?;
    let (mut frame, mut serial) = (Vec::new(), 0_u16);
    let once = move || {
        serial = serial.wrapping_add(1);
        let content = Content::Text { text: TEXT.to_owned(), part: 1, parts: 1 };
        let token = DeliveryToken(u64::from(serial));
        let downlink = Downlink { token, serial: u32::from(serial), repeat: false, content };
        let Dialogue { session, now, fx, .. } = &mut dialogue;
        session.handle_downlink(Lane(0), downlink, *now, fx);
        let written = fx.drain().any(|effect| matches!(effect, Effect::Transmit(_)));
        ensure!(written, "the text was not written");
        frame.clear();
        speaker.say(&mut frame, Uplink::Confirmation(serial));
        ensure!(dialogue.feed(&frame) == 1, "the confirmation was not understood");
        ensure!(dialogue.session.window(Lane(0)) > 0, "the confirmation confirmed nothing");
        Ok(())
    };
    Ok(Job { operations: 1, once: Box::new(once) })
}
