//! `/tracker/list`, `/tracker/read`, `/tracker/list_models`.

use serde::Serialize;

use super::auth::Call;
use super::envelope::{Answer, ok_field};
use super::error::ApiError;
use super::time::Dates;
use crate::model::{TariffId, Tracker, TrackerId};

/// A tracker as clients see it. Blocked ones stay in lists.
#[derive(Serialize)]
struct Item<'a> {
    id: TrackerId,
    label: &'a str,
    clone: bool,
    group_id: i64,
    source: Source<'a>,
    tag_bindings: [(); 0],
}

#[derive(Serialize)]
struct Source<'a> {
    id: TrackerId,
    /// A text, also where it is all digits.
    device_id: &'a str,
    model: &'a str,
    blocked: bool,
    tariff_id: TariffId,
    status_listing_id: Option<i64>,
    creation_date: String,
    tariff_end_date: Option<String>,
    phone: Option<&'a str>,
}

impl<'a> Item<'a> {
    fn new(tracker: &'a Tracker, dates: &Dates) -> Self {
        Self {
            id: tracker.id,
            label: &tracker.label,
            clone: false,
            group_id: tracker.group,
            source: Source {
                id: tracker.id,
                device_id: &tracker.identity,
                model: &tracker.model,
                blocked: tracker.blocked,
                tariff_id: tracker.tariff,
                status_listing_id: None,
                creation_date: dates.day(tracker.created),
                tariff_end_date: None,
                phone: tracker.phone.as_deref(),
            },
            tag_bindings: [],
        }
    }
}

/// `list`
pub(super) async fn list(call: Call) -> Answer {
    let dates = call.dates()?;
    let labels = labels(&call)?;
    let wanted = |tracker: &Tracker| match &labels {
        None => true,
        Some(labels) => labels.iter().any(|label| tracker.label.contains(label.as_str())),
    };
    let devices = call.state.parts.directory.all_visible(&call.user);
    let list: Vec<_> = devices
        .iter()
        .filter(|device| wanted(&device.tracker))
        .map(|device| Item::new(&device.tracker, &dates))
        .collect();
    ok_field("list", list)
}

fn labels(call: &Call) -> Result<Option<Vec<String>>, ApiError> {
    let Some(labels) = call.params.texts("labels")? else { return Ok(None) };
    let wrong = |error| Err(ApiError::invalid("labels", error));
    if !(1..=1024).contains(&labels.len()) {
        return wrong("size must be between 1 and 1024");
    }
    if labels.iter().any(|label| !(1..=60).contains(&label.chars().count())) {
        return wrong("each must have 1 to 60 characters");
    }
    let distinct: std::collections::HashSet<_> = labels.iter().collect();
    if distinct.len() < labels.len() {
        return wrong("must not repeat");
    }
    Ok(Some(labels))
}

/// `read`
pub(super) async fn read(call: Call) -> Answer {
    let dates = call.dates()?;
    let device = call.tracker(call.params.need_int("tracker_id")?)?;
    ok_field("value", Item::new(&device.tracker, &dates))
}

/// `list_models`
pub(super) async fn models(call: Call) -> Answer {
    #[derive(Serialize)]
    struct Item<'a> {
        code: &'a str,
        name: &'a str,
        vendor: &'a str,
        r#type: &'a str,
        id_type: &'a str,
        has_chat: bool,
    }
    let models = call.state.parts.directory.models();
    let list: Vec<_> = models
        .iter()
        .map(|model| Item {
            code: &model.code,
            name: &model.name,
            vendor: &model.vendor,
            r#type: &model.kind,
            id_type: &model.id_type,
            has_chat: model.has_chat(),
        })
        .collect();
    ok_field("list", list)
}
