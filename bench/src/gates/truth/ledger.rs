//! What the generator saw: every text that was sent, every promise that was made, everything that a device was given.

/// Most examples that are kept of what is wrong.
const EXAMPLES: usize = 10;

/// Everything seen so far, over all lives of the gateway.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Texts that API clients sent; the index is the number in the text.
    pub orders: Vec<Order>,
    /// Texts that drivers wrote; the index is the number in the text.
    pub notes: Vec<Note>,
    /// Texts that a device was given although nobody sent them, or sent them to another one.
    pub strange: u64,
    /// Texts given again with another serial number.
    pub unmarked: u64,
    /// Texts given again after the table said that they were DELIVERED.
    pub after_settled: u64,
    /// Texts given again with the same serial number, which tells a device that it is a repeat.
    pub marked: u64,
    /// Texts that drivers' terminals said again over a new connection.
    pub said_again: u64,
    /// The first things that were wrong.
    pub examples: Vec<String>,
    /// So many of the first orders are settled.
    settled: usize,
}

/// A text from an API client to a driver.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub terminal: u32,
    /// The id in the API's answer; 0 if it never came.
    pub id: i64,
    /// With which serial number the device was given it, if it was.
    pub serial: Option<u16>,
    /// The device wrote a confirmation.
    pub confirmed: bool,
    /// The table says DELIVERED at a moment when nothing was under way: it must not come again.
    pub settled: bool,
}

/// A text from a driver.
#[derive(Debug, Clone, Copy)]
pub struct Note {
    pub terminal: u32,
    /// The device read the acknowledgement.
    pub acked: bool,
}

impl Ledger {
    /// A new text to a terminal's driver; its number.
    pub fn order(&mut self, terminal: usize) -> usize {
        let order = Order {
            terminal: terminal as u32,
            id: 0,
            serial: None,
            confirmed: false,
            settled: false,
        };
        self.orders.push(order);
        self.orders.len() - 1
    }

    /// A new text from a terminal's driver; its number.
    pub fn note(&mut self, terminal: usize) -> usize {
        self.notes.push(Note { terminal: terminal as u32, acked: false });
        self.notes.len() - 1
    }

    /// A device was given a text with this number, if it is one of ours; the number, if the text was sent to this device.
    pub fn given(&mut self, terminal: usize, number: Option<usize>, serial: u16) -> Option<usize> {
        let ours = |number: &usize| {
            self.orders.get(*number).is_some_and(|order| order.terminal as usize == terminal)
        };
        let Some(number) = number.filter(ours) else {
            self.strange += 1;
            self.example(|| format!("terminal {terminal} was given {number:?}, serial {serial}"));
            return None;
        };
        let order = &mut self.orders[number];
        let (before, settled) = (order.serial.replace(serial), order.settled);
        match before {
            Some(same) if same == serial => self.marked += 1,
            Some(other) => {
                self.unmarked += 1;
                self.example(|| format!("text {number} has serial {other}, then {serial}"));
            }
            None => {}
        }
        if settled {
            self.after_settled += 1;
            self.example(|| format!("text {number} was DELIVERED, and comes again"));
        }
        Some(number)
    }

    /// Keeps an example of what is wrong.
    pub fn example(&mut self, what: impl FnOnce() -> String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(what());
        }
    }

    /// Nothing is under way: what was sent so far is DELIVERED, or was never stored.
    pub fn settle(&mut self) {
        self.orders[self.settled..].iter_mut().for_each(|order| order.settled = true);
        self.settled = self.orders.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unmarked, after DELIVERED, marked, strange.
    fn counts(ledger: &Ledger) -> [u64; 4] {
        [ledger.unmarked, ledger.after_settled, ledger.marked, ledger.strange]
    }

    #[test]
    fn a_text_given_again_is_told_by_its_serial_and_by_the_table() {
        let mut ledger = Ledger::default();
        let number = ledger.order(3);
        assert_eq!(ledger.given(3, Some(number), 7), Some(number));
        assert_eq!(counts(&ledger), [0; 4]);
        ledger.given(3, Some(number), 7);
        assert_eq!(counts(&ledger), [0, 0, 1, 0]);
        ledger.given(3, Some(number), 8);
        assert_eq!(counts(&ledger), [1, 0, 1, 0]);
        ledger.settle();
        ledger.given(3, Some(number), 8);
        assert_eq!(counts(&ledger), [1, 1, 2, 0]);
        let later = ledger.order(3);
        ledger.given(3, Some(later), 9);
        assert_eq!(counts(&ledger), [1, 1, 2, 0], "it was sent after all was settled");
    }

    #[test]
    fn what_nobody_sent_to_a_device_is_strange() {
        let mut ledger = Ledger::default();
        let number = ledger.order(3);
        for (terminal, number) in [(4, Some(number)), (3, Some(number + 1)), (3, None)] {
            assert_eq!(ledger.given(terminal, number, 1), None);
        }
        assert_eq!(counts(&ledger), [0, 0, 0, 3]);
    }
}
