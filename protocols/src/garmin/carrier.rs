//! What a carrier does with the dialogue's effects: the bytes go into its own messages, everything else goes out as it is.

use bytes::Bytes;

use super::Fmi;
use crate::effect::{Effect, Effects};

/// Does something with the dialogue of a device that has a navigator, and moves the effects out as [`move_out`] does.
pub(crate) fn with<T>(
    navigator: &mut Option<Box<Fmi>>,
    answers: (Bytes, Bytes),
    wrap: impl FnMut(Bytes) -> Bytes,
    fx: &mut Effects,
    what: impl FnOnce(&mut Fmi, &mut Effects) -> T,
) -> Option<T> {
    let navigator = navigator.as_mut()?;
    let mut inner = Effects::new();
    let result = what(navigator, &mut inner);
    move_out(&mut inner, answers, wrap, fx);
    Some(result)
}

/// For a carrier's message that brought nothing, or that has no answers.
pub(crate) const NO_ANSWERS: (Bytes, Bytes) = (Bytes::new(), Bytes::new());

/// Moves `inner` over to `fx`, its bytes wrapped by `wrap`.
///
/// `answers` are the carrier's own two for the message that brought the packets (stored, not stored; empty where it has none).
/// What `wrap` makes nothing of, because there is no way down, is not written.
/// If something is to be stored, they travel with it, in front of the navigator's receipt; else the first is written at once.
pub(crate) fn move_out(
    inner: &mut Effects,
    answers: (Bytes, Bytes),
    wrap: impl FnMut(Bytes) -> Bytes,
    fx: &mut Effects,
) {
    let stores =
        |effect: &Effect| matches!(effect, Effect::Record { events, .. } if !events.is_empty());
    let mut wrapped = Effects::new();
    let last = inner.as_slice().iter().rposition(stores);
    wrapped.tunnel(inner, wrap);
    let (stored, failed) = answers;
    if last.is_none() && !stored.is_empty() {
        fx.transmit(stored.clone());
    }
    for (place, effect) in wrapped.drain().enumerate() {
        if matches!(&effect, Effect::Transmit(bytes) if bytes.is_empty()) {
            continue;
        }
        fx.push(match effect {
            Effect::Record { lane, events, ack, nack } if Some(place) == last => Effect::Record {
                lane,
                events,
                ack: [&stored[..], &ack[..]].concat().into(),
                nack: [&failed[..], &nack[..]].concat().into(),
            },
            other => other,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::session::Lane;

    fn wrap(bytes: Bytes) -> Bytes {
        [b"<", &bytes[..], b">"].concat().into()
    }

    #[test]
    fn what_is_stored_is_acknowledged_by_both_after_the_commit() {
        let (mut inner, mut fx) = (Effects::new(), Effects::new());
        inner.transmit(&b"link"[..]);
        inner.record(Lane(0), vec![Event::Info(Vec::new())], &b"receipt"[..], Bytes::new());
        move_out(&mut inner, (b"+".to_vec().into(), b"-".to_vec().into()), wrap, &mut fx);
        let [Effect::Transmit(link), Effect::Record { ack, nack, .. }] = fx.as_slice() else {
            panic!("{fx:?}");
        };
        assert_eq!(
            (&link[..], &ack[..], &nack[..]),
            (&b"<link>"[..], &b"+<receipt>"[..], &b"-"[..])
        );
    }

    #[test]
    fn what_stores_nothing_is_acknowledged_by_the_carrier_at_once() {
        let (mut inner, mut fx) = (Effects::new(), Effects::new());
        inner.record(Lane(0), Vec::new(), &b"receipt"[..], Bytes::new());
        move_out(&mut inner, (b"+".to_vec().into(), b"-".to_vec().into()), wrap, &mut fx);
        let [Effect::Transmit(carrier), Effect::Record { ack, .. }] = fx.as_slice() else {
            panic!("{fx:?}");
        };
        assert_eq!((&carrier[..], &ack[..]), (&b"+"[..], &b"<receipt>"[..]));
    }
}
