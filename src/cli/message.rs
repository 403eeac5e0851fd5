//! `message` and `tracker texts`: how outgoing texts fare. What the API calls PENDING has a reason, and it is shown here.

use anyhow::bail;
use serde_json::{Value, json};

use super::output::{self, Outcome};
use super::records::Records;
use super::table::Table;
use crate::model::{Direction, Message, MessageId, Millis, Status, TrackerId};
use crate::store::{DeliveryRecord, MessageQuery};

/// Most waiting texts shown of one tracker.
const MOST: u32 = 1000;
/// Characters of a text shown in a table.
const EXCERPT: usize = 40;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show a message with what is known about its delivery
    Show {
        /// Message id
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: &Command, records: &Records) -> anyhow::Result<Outcome> {
    let Command::Show { id, json } = *command;
    let found = records.store.messages(&[MessageId(id)]).await?;
    let Some(message) = found.first() else { bail!("there is no message {id}") };
    let delivery = match message.direction {
        Direction::Outgoing => records.store.delivery_record(message.id).await?,
        Direction::Incoming => None,
    };
    if json {
        output::print_json(&to_json(message, delivery.as_ref()))?;
    } else {
        output::print(&details(records, message, delivery.as_ref()).render())?;
    }
    Ok(Outcome::Done)
}

/// Prints the texts of a tracker that wait for the device's confirmation.
pub(super) async fn waiting(
    records: &Records,
    tracker: TrackerId,
    json: bool,
) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for message in pending(records, tracker).await? {
        let delivery = records.store.delivery_record(message.id).await?;
        rows.push((message, delivery));
    }
    if json {
        let all: Vec<_> =
            rows.iter().map(|(message, delivery)| to_json(message, delivery.as_ref())).collect();
        return output::print_json(&all);
    }
    let mut table = Table::new(&[
        ">id",
        "submitted",
        ">parts",
        ">attempts",
        "next attempt",
        "last error",
        "text",
    ]);
    for (message, delivery) in &rows {
        let delivery = delivery.as_ref();
        table.row([
            message.id.to_string(),
            output::moment(message.submit),
            delivery.map(parts).unwrap_or_default(),
            delivery.map(|delivery| delivery.attempts.to_string()).unwrap_or_default(),
            delivery.map(|delivery| next_attempt(delivery, records.now())).unwrap_or_default(),
            delivery.and_then(|delivery| delivery.last_error.clone()).unwrap_or_default(),
            excerpt(&message.text),
        ]);
    }
    output::print(&table.render_or("no text waits for this device"))
}

/// The tracker's outgoing PENDING messages, expired ones included, oldest first.
async fn pending(records: &Records, tracker: TrackerId) -> anyhow::Result<Vec<Message>> {
    let store = &records.store;
    // In queue order, whatever their age; the expired ones are not in the queue any more.
    let queued = store.pending_texts(&[tracker], MOST as usize, Millis(i64::MAX)).await?;
    let ids: Vec<_> = queued.iter().map(|text| text.id).collect();
    let mut messages = store.messages(&ids).await?;
    let (from, to) = (Millis(i64::MIN), Millis(i64::MAX));
    let newest = MessageQuery { tracker, from, to, limit: MOST, ascending: false };
    let newest = store.list_messages(newest).await?.into_iter();
    let is_pending = |message: &Message| {
        message.direction == Direction::Outgoing && message.status == Status::Pending
    };
    messages.extend(newest.filter(is_pending));
    messages.sort_by_key(|message| message.id);
    messages.dedup_by_key(|message| message.id);
    Ok(messages)
}

fn details(records: &Records, message: &Message, delivery: Option<&DeliveryRecord>) -> Table {
    let mut table = Table::new(&["message", ""]);
    let mut line = |name: &str, value: String| table.row([name.to_owned(), value]);
    line("id", message.id.to_string());
    line("tracker", message.tracker.to_string());
    line("direction", direction(message).to_owned());
    line("status", status(message).to_owned());
    line("submitted", output::moment(message.submit));
    if let Some(at) = message.update {
        line("delivered", output::moment(at));
    }
    if let Some(at) = delivery.and_then(|delivery| delivery.read) {
        line("read by the driver", output::moment(at));
    }
    if let Some(delivery) = delivery {
        line("parts confirmed", parts(delivery));
        line("failed attempts", delivery.attempts.to_string());
        if message.status == Status::Pending {
            line("next attempt", next_attempt(delivery, records.now()));
        }
        if let Some(at) = delivery.expires {
            line("expires", output::moment(at));
        }
        if let Some(error) = &delivery.last_error {
            line("last error", error.clone());
        }
        if delivery.lossy {
            line("characters", "some were replaced: the device cannot show them".to_owned());
        }
        if let Some(author) = delivery.author {
            line("author", records.login_of(author));
        }
    }
    if let Some(employee) = message.employee {
        line("driver", format!("employee {employee}"));
    }
    line("text", message.text.clone());
    table
}

const fn direction(message: &Message) -> &'static str {
    match message.direction {
        Direction::Incoming => "INCOMING",
        Direction::Outgoing => "OUTGOING",
    }
}

const fn status(message: &Message) -> &'static str {
    match message.status {
        Status::Pending => "PENDING",
        Status::Delivered => "DELIVERED",
    }
}

fn parts(delivery: &DeliveryRecord) -> String {
    format!("{}/{}", delivery.parts_done, delivery.parts)
}

fn next_attempt(delivery: &DeliveryRecord, now: Millis) -> String {
    if delivery.expires.is_some_and(|expires| expires <= now) {
        return "expired".to_owned();
    }
    match delivery.retry.filter(|retry| *retry > now) {
        Some(retry) => output::moment(retry),
        None => "when connected".to_owned(),
    }
}

fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(EXCERPT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn to_json(message: &Message, delivery: Option<&DeliveryRecord>) -> Value {
    json!({
        "id": message.id,
        "tracker": message.tracker,
        "direction": direction(message),
        "status": status(message),
        "submitted": message.submit,
        "delivered": message.update,
        "employee": message.employee,
        "text": message.text,
        "delivery": delivery,
    })
}
