//! What the table says, read by this program, beside what the generator saw.

use std::collections::HashMap;

use anyhow::Result;

use super::ledger::Ledger;
use super::phrase::{FROM_DRIVER, TO_DRIVER};
use crate::gateway::Site;

/// Rows read at once.
const CHUNK: usize = 50_000;

/// A row of the table of messages.
struct Row {
    id: i64,
    tracker_id: i64,
    direction: i64,
    status: i64,
    serial: Option<i64>,
    text: String,
}

/// The same as it is read.
type Columns = (i64, i64, i64, i64, Option<i64>, String);

impl From<Columns> for Row {
    fn from((id, tracker_id, direction, status, serial, text): Columns) -> Self {
        Self { id, tracker_id, direction, status, serial, text }
    }
}

const OUTGOING: i64 = 1;
const DELIVERED: i64 = 1;

/// Whole numbers of things that must not be, or are told for the record.
#[derive(Debug, Default, PartialEq)]
pub struct Findings {
    pub rows: u64,
    /// Texts to drivers whose id was answered, and that are not there.
    pub lost: u64,
    /// Texts to drivers that are there twice.
    pub twice: u64,
    /// Texts of drivers that were acknowledged, and are not there.
    pub notes_lost: u64,
    /// Texts of drivers that are there twice.
    pub notes_twice: u64,
    /// DELIVERED, and no device confirmed it.
    pub unconfirmed: u64,
    /// Another text, id, serial number or device than what was sent, answered or given; or nobody sent it at all.
    pub different: u64,
    /// Texts to drivers that are there although their answer never came.
    pub unanswered: u64,
}

/// Texts that are DELIVERED in the table of a killed gateway.
#[derive(Debug, Default)]
pub struct Left {
    pub delivered: u64,
    /// Of those, the ones that no device has confirmed.
    pub unconfirmed: u64,
}

/// Reads the table as a killed gateway has left it, from `after` on: what is DELIVERED there must never come again. Reading
/// changes nothing of what the next gateway finds.
pub fn look(site: &Site, ledger: &mut Ledger, after: i64) -> Result<Left> {
    let mut left = Left::default();
    each(site, after, |row| {
        if row.direction != OUTGOING || row.status != DELIVERED {
            return;
        }
        // Texts that are none of ours are found in the end.
        let number = TO_DRIVER.number(row.text.as_bytes());
        let Some(order) = number.and_then(|number| ledger.orders.get_mut(number)) else { return };
        order.settled = true;
        left.delivered += 1;
        if !order.confirmed {
            left.unconfirmed += 1;
            ledger.example(|| format!("{} is DELIVERED and was not confirmed", row.text));
        }
    })?;
    Ok(left)
}

/// The highest id in the table.
pub fn highest(site: &Site) -> Result<i64> {
    Ok(i64::try_from(site.count("SELECT coalesce(max(id), 0) FROM message")?)?)
}

/// Compares the whole table with the ledger.
pub fn compare(site: &Site, ledger: &mut Ledger) -> Result<Findings> {
    let mut comparison = Comparison::new(&site.trackers, ledger);
    each(site, 0, |row| comparison.row(row))?;
    Ok(comparison.finish())
}

/// Rows so far.
struct Comparison<'a> {
    /// Terminals by tracker.
    terminals: HashMap<i64, u32>,
    /// How often each text is there.
    orders: Vec<u32>,
    notes: Vec<u32>,
    found: Findings,
    ledger: &'a mut Ledger,
}

impl<'a> Comparison<'a> {
    /// `trackers` are those of the terminals, in their order.
    fn new(trackers: &[i64], ledger: &'a mut Ledger) -> Self {
        let terminals = trackers.iter().zip(0..).map(|(&tracker, number)| (tracker, number));
        Self {
            terminals: terminals.collect(),
            orders: vec![0; ledger.orders.len()],
            notes: vec![0; ledger.notes.len()],
            found: Findings::default(),
            ledger,
        }
    }

    fn row(&mut self, row: &Row) {
        self.found.rows += 1;
        let as_seen = match row.direction {
            OUTGOING => self.order(row),
            _ => self.note(row),
        };
        if as_seen.is_none() {
            self.found.different += 1;
            let terminal = self.terminals.get(&row.tracker_id);
            self.ledger.example(|| {
                format!("row {} of terminal {terminal:?} was not so: {}", row.id, row.text)
            });
        }
    }

    /// A text to a driver; `None` if it differs from what was seen.
    fn order(&mut self, row: &Row) -> Option<()> {
        let number = TO_DRIVER.number(row.text.as_bytes())?;
        let order = *self.ledger.orders.get(number)?;
        let terminal = self.terminals.get(&row.tracker_id)?;
        self.orders[number] += 1;
        if row.status == DELIVERED && !order.confirmed {
            self.found.unconfirmed += 1;
            self.ledger.example(|| format!("{} is DELIVERED and was not confirmed", row.text));
        }
        self.found.unanswered += u64::from(order.id == 0);
        let serial = row.serial?.rem_euclid(1 << 16);
        let same = *terminal == order.terminal
            && (order.id == 0 || order.id == row.id)
            && order.serial.is_none_or(|given| i64::from(given) == serial);
        same.then_some(())
    }

    /// A text from a driver; `None` if no driver of this device wrote it.
    fn note(&mut self, row: &Row) -> Option<()> {
        let number = FROM_DRIVER.number(row.text.as_bytes())?;
        let note = self.ledger.notes.get(number)?;
        self.notes[number] += 1;
        (*self.terminals.get(&row.tracker_id)? == note.terminal).then_some(())
    }

    fn finish(self) -> Findings {
        let Self { orders, notes, mut found, ledger, .. } = self;
        for (number, times) in orders.into_iter().enumerate() {
            let id = ledger.orders[number].id;
            if times == 0 && id != 0 {
                found.lost += 1;
                ledger.example(|| format!("text {number} was answered with id {id} and is lost"));
            }
            found.twice += u64::from(times > 1);
        }
        for (number, times) in notes.into_iter().enumerate() {
            if times == 0 && ledger.notes[number].acked {
                found.notes_lost += 1;
                ledger.example(|| format!("driver text {number} was acknowledged and is lost"));
            }
            if times > 1 {
                found.notes_twice += 1;
                ledger.example(|| format!("driver text {number} is stored {times} times"));
            }
        }
        found
    }
}

/// Hands all rows with an id above `after` to `take`, in the order of their ids.
fn each(site: &Site, after: i64, mut take: impl FnMut(&Row)) -> Result<()> {
    let mut last = after;
    loop {
        let rows: Vec<Columns> = site.query(&format!(
            "SELECT id, tracker_id, direction, status, serial, text FROM message \
             WHERE id > {last} ORDER BY id LIMIT {CHUNK}"
        ))?;
        let is_last = rows.len() < CHUNK;
        for row in rows.into_iter().map(Row::from) {
            last = row.id;
            take(&row);
        }
        if is_last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACKERS: [i64; 2] = [70, 71];

    fn order(id: i64) -> Row {
        let (tracker_id, text) = (TRACKERS[0], TO_DRIVER.with(0));
        Row {
            id,
            tracker_id,
            direction: OUTGOING,
            status: DELIVERED,
            serial: Some(65_536 + 9),
            text,
        }
    }

    fn note(id: i64) -> Row {
        let (tracker_id, text) = (TRACKERS[1], FROM_DRIVER.with(0));
        Row { id, tracker_id, direction: 0, status: 0, serial: None, text }
    }

    /// A ledger with an order that was answered with id 1, given and confirmed, and a note that was acknowledged.
    fn found(rows: &[Row], change: impl FnOnce(&mut Ledger)) -> Findings {
        let mut ledger = Ledger::default();
        let (order, note) = (ledger.order(0), ledger.note(1));
        ledger.given(0, Some(order), 9);
        (ledger.orders[order].id, ledger.orders[order].confirmed) = (1, true);
        ledger.notes[note].acked = true;
        change(&mut ledger);
        let mut comparison = Comparison::new(&TRACKERS, &mut ledger);
        rows.iter().for_each(|row| comparison.row(row));
        comparison.finish()
    }

    #[test]
    fn what_was_promised_and_is_there_is_right() {
        let right = found(&[order(1), note(2)], |_| ());
        assert_eq!(right, Findings { rows: 2, ..Findings::default() });
        let unanswered = found(&[order(1), note(2)], |ledger| ledger.orders[0].id = 0);
        assert_eq!(unanswered, Findings { rows: 2, unanswered: 1, ..Findings::default() });
        let open = |ledger: &mut Ledger| (ledger.orders[0].id, ledger.notes[0].acked) = (0, false);
        assert_eq!(found(&[], open), Findings::default(), "nothing was promised");
    }

    #[test]
    fn what_was_promised_and_is_not_there_is_lost() {
        let lost = Findings { lost: 1, notes_lost: 1, ..Findings::default() };
        assert_eq!(found(&[], |_| ()), lost);
    }

    #[test]
    fn what_is_there_twice_is_found() {
        let twice = found(&[order(1), order(3), note(2), note(4)], |_| ());
        assert_eq!((twice.twice, twice.notes_twice, twice.different), (1, 1, 1));
    }

    #[test]
    fn delivered_without_a_confirmation_is_found() {
        let rows = [order(1), note(2)];
        assert_eq!(found(&rows, |ledger| ledger.orders[0].confirmed = false).unconfirmed, 1);
    }

    #[test]
    fn what_differs_from_what_was_seen_is_found() {
        let rows = [
            Row { id: 5, ..order(1) },
            Row { tracker_id: TRACKERS[1], ..order(1) },
            Row { serial: Some(10), ..order(1) },
            Row { text: TO_DRIVER.with(1), ..order(1) },
            Row { text: FROM_DRIVER.with(0), ..order(1) },
            Row { tracker_id: TRACKERS[0], ..note(2) },
            Row { text: "Hello".to_owned(), ..note(2) },
        ];
        for row in rows {
            assert_eq!(found(&[row], |_| ()).different, 1);
        }
    }
}
