//! `/tracker/chat/…`: the seven chat actions.
//!
//! What the documentation leaves open, and what is done here:
//!
//! * Several reasons against a call are told in the order 201, 208, 214, 236.
//! * Without `from` a list begins seven days before *now*, also when `to` is given; `from` after `to` is error 7.
//! * Both bounds are inclusive, at the resolution of a second.
//! * A message has at most 20 000 code points and is not empty; blanks are a message. Line breaks, tabs and characters of
//!   every plane are allowed, other control and private-use characters are not.
//! * `broadcast` needs what `send` needs of every tracker's tariff; `trackers` may have 300 entries, repeated ones counted.
//!   An empty array is an answer with two empty arrays.
//! * An empty `message_ids` marks nothing and is no error.

use std::collections::HashSet;
use std::sync::Arc;

use protocols::text::TextRefusal;
use serde::Serialize;

use super::auth::Call;
use super::envelope::{Answer, Pairs, ok, ok_field, ok_with};
use super::error::{ApiError, Code};
use super::time::{Dates, Shown};
use crate::directory::{Device, Directory};
use crate::model::{Direction, Message, MessageId, Millis, Status, Tariff, TrackerId};
use crate::outbox::SendError;
use crate::store::MessageQuery;

/// Most messages in a list.
const MAX_LIST: i64 = 1024;
/// Most trackers in a broadcast or a list of updates.
const MAX_TRACKERS: usize = 300;
/// Longest message in code points.
const MAX_TEXT: usize = 20_000;
/// What a list without `from` looks back.
const WEEK_SECONDS: i64 = 7 * 24 * 3600;

/// `list`
pub(super) async fn list(call: Call) -> Answer {
    let dates = call.dates()?;
    let tracker = call.params.need_int("tracker_id")?;
    let now = call.state.parts.clock.wall().0.div_euclid(1000);
    let from = call.params.moment("from", &dates.zone, false)?.unwrap_or(now - WEEK_SECONDS);
    let to = call.params.moment("to", &dates.zone, true)?.unwrap_or(now);
    if from > to {
        return Err(ApiError::invalid("from", "must not be later than to"));
    }
    let limit = call.params.int("limit")?.unwrap_or(MAX_LIST);
    let limit = match u32::try_from(limit) {
        Ok(0) | Err(_) => return Err(ApiError::invalid("limit", "must be greater than 0")),
        Ok(_) if limit > MAX_LIST => {
            return Err(ApiError::invalid("limit", format!("must not be greater than {MAX_LIST}")));
        }
        Ok(limit) => limit,
    };
    let ascending = call.params.boolean("ascending")?.unwrap_or(true);
    let device = chat_device(&call, tracker, Wanted::Chat)?;
    let query = MessageQuery {
        tracker: device.tracker.id,
        from: Millis(from.saturating_mul(1000)),
        to: Millis(to.saturating_mul(1000).saturating_add(999)),
        limit,
        ascending,
    };
    let messages = call.state.parts.store.list_messages(query).await?;
    let list: Vec<_> = messages.iter().map(|message| Item::new(message, &dates)).collect();
    ok_field("list", list)
}

/// A message as clients see it.
#[derive(Serialize)]
struct Item<'a> {
    id: MessageId,
    submit_time: Shown<'a>,
    update_time: Option<Shown<'a>>,
    text: &'a str,
    #[serde(rename = "type")]
    direction: &'static str,
    status: &'static str,
    employee_id: Option<i64>,
}

impl<'a> Item<'a> {
    fn new(message: &'a Message, dates: &'a Dates) -> Self {
        Self {
            id: message.id,
            submit_time: dates.show(message.submit),
            update_time: message.update.map(|moment| dates.show(moment)),
            text: &message.text,
            direction: match message.direction {
                Direction::Incoming => "INCOMING",
                Direction::Outgoing => "OUTGOING",
            },
            status: match message.status {
                Status::Pending => "PENDING",
                Status::Delivered => "DELIVERED",
            },
            employee_id: message.employee.map(|employee| employee.0),
        }
    }
}

/// `send`
pub(super) async fn send(call: Call) -> Answer {
    let tracker = call.params.need_int("tracker_id")?;
    let text = message(&call)?;
    let device = chat_device(&call, tracker, Wanted::Downlink)?;
    let outbox = &call.state.parts.outbox;
    match outbox.send(&device, &text, call.user.id).await {
        Ok(id) => ok_field("id", id),
        Err(SendError::Refused(refusal)) => Err(refused(&device, &refusal)),
        Err(SendError::Store(error)) => Err(error.into()),
    }
}

fn refused(device: &Device, refusal: &TextRefusal) -> ApiError {
    let model = &device.tracker.model;
    let reason = match refusal {
        TextRefusal::NotSupported => {
            format!(
                "{refusal}: with the options of its model `{model}` and its own it has nothing to show one on"
            )
        }
        other => other.to_string(),
    };
    ApiError::because(Code::NOT_SUPPORTED, reason)
}

/// `broadcast`
pub(super) async fn broadcast(call: Call) -> Answer {
    #[derive(Serialize)]
    struct Sent {
        sent_to: Vec<TrackerId>,
        not_sent_to: Vec<TrackerId>,
    }
    let ids = tracker_list(&call)?;
    let text = message(&call)?;
    let devices = all_devices(&call, &ids, Wanted::Downlink)?;
    let (able, unable): (Vec<_>, Vec<_>) =
        devices.into_iter().partition(|device| takes_text(device));
    let mut failed: HashSet<TrackerId> = unable.iter().map(|device| device.tracker.id).collect();
    if !able.is_empty() {
        let results = call.state.parts.outbox.broadcast(&able, &text, call.user.id).await?;
        failed.extend(results.into_iter().filter(|(_, sent)| sent.is_err()).map(|(id, _)| id));
    }
    let (not_sent_to, sent_to) = ids.into_iter().partition(|id| failed.contains(id));
    ok_with(Sent { sent_to, not_sent_to })
}

/// `mark_read`
pub(super) async fn mark_read(call: Call) -> Answer {
    let one = call.params.int("message_id")?;
    let many = call.params.ints("message_ids")?;
    if one.is_none() && many.is_none() {
        return Err(ApiError::invalid("message_id", "message_id or message_ids must not be null"));
    }
    let mut seen = HashSet::new();
    let ids = one.into_iter().chain(many.unwrap_or_default());
    let ids: Vec<_> = ids.filter(|id| seen.insert(*id)).map(MessageId).collect();
    if !ids.is_empty() {
        let (directory, user) = (&call.state.parts.directory, &call.user);
        let visible = |tracker| directory.visible(user, tracker).is_some();
        call.state.parts.outbox.mark_read(ids, visible).await?;
    }
    Ok(ok())
}

/// `mark_read_all`
pub(super) async fn mark_read_all(call: Call) -> Answer {
    let trackers = match call.params.ints("trackers")? {
        None => {
            let all = call.state.parts.directory.all_visible(&call.user);
            all.iter().map(|device| device.tracker.id).collect()
        }
        Some(ids) => {
            let unblocked = |id| match call.tracker(id)? {
                device if device.tracker.blocked => Err(Code::NOT_FOUND.into()),
                device => Ok(device.tracker.id),
            };
            distinct(ids)
                .into_iter()
                .map(|id| unblocked(id.0))
                .collect::<Result<Vec<_>, ApiError>>()?
        }
    };
    if !trackers.is_empty() {
        call.state.parts.outbox.mark_all_read(trackers).await?;
    }
    Ok(ok())
}

/// `updated/list`
pub(super) async fn updated(call: Call) -> Answer {
    let dates = call.dates()?;
    let ids = tracker_list(&call)?;
    let devices = all_devices(&call, &ids, Wanted::Chat)?;
    let ids: Vec<_> =
        devices.iter().filter(|device| device.has_chat).map(|device| device.tracker.id).collect();
    let mut newest = call.state.parts.store.last_submits(&ids).await?;
    newest.sort_unstable_by_key(|(id, _)| *id);
    let newest = newest.into_iter().map(|(id, moment)| (id, dates.show(moment))).collect();
    ok_field("value", Pairs(newest))
}

/// `unread/count`
pub(super) async fn unread(call: Call) -> Answer {
    let directory = &call.state.parts.directory;
    let with_feature: Vec<_> = directory
        .all_visible(&call.user)
        .into_iter()
        .filter(|device| Wanted::Chat.granted(tariff(directory, device).as_deref()))
        .collect();
    if with_feature.is_empty() {
        return Err(Code::TARIFF.into());
    }
    let ids: Vec<_> = with_feature
        .iter()
        .filter(|device| !device.tracker.blocked && device.has_chat)
        .map(|device| device.tracker.id)
        .collect();
    let mut counts = call.state.parts.store.unread_counts(&ids).await?;
    counts.sort_unstable_by_key(|(id, _)| *id);
    ok_field("value", Pairs(counts))
}

// ── who may chat ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// What a call wants of a tracker's tariff and device.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// To look at its chat.
    Chat,
    /// To send it something. The documentation names `has_reports` here, later descriptions the chat feature: both are needed.
    Downlink,
}

impl Wanted {
    fn granted(self, tariff: Option<&Tariff>) -> bool {
        tariff.is_some_and(|tariff| {
            tariff.features.contains("chat") && (self == Self::Chat || tariff.has_reports)
        })
    }
}

/// A tracker of the caller that can do what is `wanted`, or the first reason why not.
fn chat_device(call: &Call, id: i64, wanted: Wanted) -> Result<Arc<Device>, ApiError> {
    let directory = &call.state.parts.directory;
    let device = call.tracker(id)?;
    if device.tracker.blocked {
        return Err(Code::DEVICE_BLOCKED.into());
    }
    if !device.has_chat {
        return Err(ApiError::because(Code::NOT_SUPPORTED, without_chat(&device.tracker.model)));
    }
    if wanted == Wanted::Downlink && !takes_text(&device) {
        let reason = format!("devices that speak {} take no texts", device.tracker.protocol);
        return Err(ApiError::because(Code::NOT_SUPPORTED, reason));
    }
    if !wanted.granted(tariff(directory, &device).as_deref()) {
        return Err(Code::TARIFF.into());
    }
    Ok(device)
}

/// The trackers called `ids`, or error 217 with those that do not exist for the caller, are blocked or lack the feature.
fn all_devices(
    call: &Call,
    ids: &[TrackerId],
    wanted: Wanted,
) -> Result<Vec<Arc<Device>>, ApiError> {
    let directory = &call.state.parts.directory;
    let usable = |id: TrackerId| {
        directory.visible(&call.user, id).filter(|device| {
            !device.tracker.blocked && wanted.granted(tariff(directory, device).as_deref())
        })
    };
    let mut devices = Vec::with_capacity(ids.len());
    let mut missing = Vec::new();
    for &id in ids {
        match usable(id) {
            Some(device) => devices.push(device),
            None => missing.push(id.0),
        }
    }
    if missing.is_empty() { Ok(devices) } else { Err(ApiError::nonexistent(missing)) }
}

fn tariff(directory: &Directory, device: &Device) -> Option<Arc<Tariff>> {
    directory.tariff(device.tracker.tariff)
}

/// Whether its model has chat and its protocol carries texts down.
fn takes_text(device: &Device) -> bool {
    device.has_chat && device.protocol().is_some_and(|protocol| protocol.info().downlink_text)
}

fn without_chat(model: &str) -> String {
    format!(
        "the tracker's model `{model}` has no chat: its devices have nothing to show a text on. If this one has, the operator gives \
         the tracker a model with chat"
    )
}

// ── parameters ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// `trackers` of the calls that limit it, each once, in order.
fn tracker_list(call: &Call) -> Result<Vec<TrackerId>, ApiError> {
    let ids = call.params.need_ints("trackers")?;
    if ids.len() > MAX_TRACKERS {
        return Err(Code::LIMIT_EXCEEDED.into());
    }
    Ok(distinct(ids))
}

fn distinct(ids: Vec<i64>) -> Vec<TrackerId> {
    let mut seen = HashSet::new();
    ids.into_iter().map(TrackerId).filter(|id| seen.insert(*id)).collect()
}

/// `message`, valid.
fn message(call: &Call) -> Result<std::borrow::Cow<'_, str>, ApiError> {
    let text = call.params.need_text("message")?;
    match problem(&text) {
        None => Ok(text),
        Some(problem) => Err(ApiError::invalid("message", problem)),
    }
}

fn problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("must not be empty");
    }
    // Bytes first: they bound the characters from above, and most texts are short.
    if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
        return Some("size must be between 1 and 20000");
    }
    text.chars().any(is_forbidden).then_some("must not contain control or private-use characters")
}

fn is_forbidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_in_characters() {
        assert_eq!(problem(&"я".repeat(20_000)), None);
        assert_eq!(problem(&"🚚".repeat(20_000)), None);
        assert!(problem(&"a".repeat(20_001)).is_some());
        assert!(problem("").is_some());
        assert_eq!(problem("   "), None);
    }

    #[test]
    fn control_and_private_use_characters_are_refused() {
        for c in
            ['\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{e000}', '\u{f8ff}', '\u{f0000}', '\u{10fffd}']
        {
            assert!(is_forbidden(c), "{c:?}");
        }
        for c in ['\t', '\n', '\r', ' ', 'я', '🚚', '\u{d7ff}', '\u{f900}', '\u{200d}'] {
            assert!(!is_forbidden(c), "{c:?}");
        }
    }
}
