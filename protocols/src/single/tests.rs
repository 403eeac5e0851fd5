//! What holds for every protocol with one device on a connection.

use std::sync::Arc;

use super::*;
use crate::effect::{DeliveryToken, Receipt};
use crate::session::{Content, Profile};

/// A device whose frames are its name, `bad`, or data, which is written back.
#[derive(Debug)]
struct Echo;

impl Dialect for Echo {
    const NAMED_BY_DATA: bool = true;

    type Login = ();

    fn identify(frame: &[u8], _: &mut Effects) -> Result<(Credentials, ()), Fault> {
        match frame {
            b"bad" => Err(SessionError::Unexpected { message: "bad", state: "login" }.into()),
            name => Ok((named(String::from_utf8_lossy(name).into_owned()), ())),
        }
    }

    fn admitted((): (), _: &DeviceOptions, _: Now, _: &mut Effects) -> (Self, Patience) {
        (Self, Patience { wait: Duration::from_secs(30), ..Patience::default() })
    }

    fn uplink(
        &mut self,
        frame: &[u8],
        _: &mut Texts,
        _: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        if frame == b"bad" {
            return Err(SessionError::Unexpected { message: "bad", state: "online" }.into());
        }
        fx.transmit(Bytes::copy_from_slice(frame));
        Ok(())
    }

    fn compose(&mut self, downlink: &Downlink, _: Now) -> Result<Bytes, u16> {
        match &downlink.content {
            Content::Text { text, .. } => Ok(text.clone().into()),
            Content::Question { .. } => Err(NO_DISPLAY),
        }
    }
}

const NOW: Now = Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };

fn session() -> SingleSession<Echo> {
    SingleSession::new(&Limits { max_bad_frames: 3, ..Limits::default() })
}

fn known(secret: SecretCheck) -> Admission {
    let options = Arc::new(DeviceOptions::defaults(&[]));
    Admission::Known(Profile { options, secret, issued_code: String::new() })
}

fn online() -> SingleSession<Echo> {
    let (mut session, mut fx) = (session(), Effects::new());
    session.handle_frame(b"me", NOW, &mut fx).unwrap();
    session.handle_admission(LANE, known(SecretCheck::NoneNeeded), NOW, &mut fx);
    // The frame that named the device is handled too, once it is admitted.
    let effects = fx.as_slice();
    assert!(matches!(effects[0], Effect::Authenticate { .. }));
    assert_eq!(effects[1..], [Effect::Online { lane: LANE }, Effect::Transmit("me".into())]);
    session
}

fn downlink(content: Content) -> Downlink {
    Downlink { token: DeliveryToken(1), serial: 1, repeat: false, content }
}

fn text() -> Downlink {
    downlink(Content::Text { text: "Call".to_owned(), part: 1, parts: 1 })
}

fn delivered(stage: DeliveryStage) -> Effect {
    Effect::Delivery { lane: LANE, receipt: Receipt::Token(DeliveryToken(1)), stage }
}

#[test]
fn bad_frames_in_a_row_close_the_connection_and_nothing_follows() {
    for mut session in [session(), online()] {
        let mut fx = Effects::new();
        for _ in 0..3 {
            assert!(session.handle_frame(b"bad", NOW, &mut fx).is_err());
        }
        assert_eq!(fx.as_slice(), [Effect::Close(CloseReason::TooManyErrors)]);
        drop(fx.drain());
        session.handle_rejected(b"", Rejection::Malformed, NOW, &mut fx);
        session.handle_downlink(LANE, text(), NOW, &mut fx);
        assert!(session.handle_frame(b"bad", NOW, &mut fx).is_ok() && fx.is_empty());
        assert_eq!((session.window(LANE), session.poll_timeout()), (0, None));
    }
}

#[test]
fn a_good_frame_forgives_the_bad_ones_before_it() {
    let (mut session, mut fx) = (online(), Effects::new());
    for _ in 0..3 {
        session.handle_rejected(b"", Rejection::Malformed, NOW, &mut fx);
        assert!(session.handle_frame(b"bad", NOW, &mut fx).is_err());
        assert!(fx.is_empty());
        session.handle_frame(b"data", NOW, &mut fx).unwrap();
        assert_eq!(fx.drain().collect::<Vec<_>>(), [Effect::Transmit("data".into())]);
    }
}

#[test]
fn a_wrong_secret_and_strangers_are_not_admitted() {
    for admission in [Admission::Unknown, Admission::Blocked, known(SecretCheck::Differs)] {
        let (mut session, mut fx) = (session(), Effects::new());
        session.handle_frame(b"me", NOW, &mut fx).unwrap();
        session.handle_admission(LANE, admission, NOW, &mut fx);
        assert_eq!(fx.as_slice().last(), Some(&Effect::Close(CloseReason::NotAdmitted)));
        let online = |effect: &Effect| matches!(effect, Effect::Online { .. });
        assert!(!fx.as_slice().iter().any(online) && session.window(LANE) == 0);
    }
}

#[test]
fn a_text_that_was_not_asked_for_is_given_back() {
    let (mut early, mut fx) = (session(), Effects::new());
    early.handle_downlink(LANE, text(), NOW, &mut fx);
    assert_eq!(fx.as_slice(), [delivered(DeliveryStage::TimedOut)]);
    let (mut session, mut fx) = (online(), Effects::new());
    session.handle_downlink(LANE, text(), NOW, &mut fx);
    session.handle_downlink(LANE, text(), NOW, &mut fx);
    let transmitted = delivered(DeliveryStage::Transmitted);
    let given_back = delivered(DeliveryStage::TimedOut);
    assert_eq!(fx.as_slice(), [Effect::Transmit("Call".into()), transmitted, given_back]);
}

#[test]
fn what_cannot_be_shown_is_refused_for_good() {
    let (mut session, mut fx) = (online(), Effects::new());
    let question = Content::Question { text: "Free?".to_owned(), answers: Vec::new() };
    session.handle_downlink(LANE, downlink(question), NOW, &mut fx);
    let refused = DeliveryStage::Refused { code: NO_DISPLAY, retry: false };
    assert_eq!(fx.as_slice(), [delivered(refused)]);
    assert_eq!(session.window(LANE), 1);
}
