//! Garmin FMI, the Fleet Management Interface of navigators: texts both ways inside the pass-through messages of a tracker, on
//! whose serial port the navigator hangs. Not a protocol of its own: no listener, no login; a *tunnelled* session.
//!
//! **Specification.** Garmin FMI interface control specification, revisions E and M, with what is known of its sample
//! controllers; "section" below and in all files means a section of this project's summary of it. Confirmed by one source or by
//! none (section 15): how navigators retransmit, what they answer to a duplicate, which trackers let the handshake through.
//! What differs is an option ([`OPTIONS`]); `fmi_…` options belong to the contract between this and its carriers.
//!
//! **Framing.** Little-endian. `10` inside size, payload and checksum is sent twice; `03` is never escaped. The checksum is the
//! two's complement of the sum of id, size and payload. Some trackers carry the stripped form: id, size, payload.
//!
//! ```text
//! 10 │ packet id 1 │ size 1 │ payload 0–255                        │ checksum 1 │ 10 03
//!    │ A1          │        │ FMI id 2 │ content 0–253             │
//! ```
//!
//! **Messages.**
//!
//! | id | name | direction | handled in | acknowledged by |
//! | --- | --- | --- | --- | --- |
//! | packet 06, 15 | link acknowledgement, refusal | both | `session/link` | – |
//! | packet 0A 50 | positions off | down | `session/handshake` | packet 06 |
//! | packet 88 | legacy text | down | `session/texts` | packet 06 |
//! | 0000 | enable | down | `session/handshake` | packet 06 |
//! | 0001 / 0002, 0003 | product and protocols | down / up | `session/handshake` | 0002, 0003 |
//! | 0004 / 0005 | Unicode | up / down | `session/handshake` | 0005 |
//! | 0020 / 002C | the driver's choice | up / down | `session/outcome` | 002C after the commit |
//! | 0021 | text of A602 | down | `session/texts` | packet 06 |
//! | 0022, 0023 | text with buttons | down | `session/texts` | 0020 |
//! | 0024, 0026 / 0025 | driver's text | up / down | `session/uplinks` | 0025 after the commit |
//! | 0028 / 0029, 0030 / 0032 | canned responses of a question | down / up | `session/texts`, `outcome` | 0029, 0032 |
//! | 0034 | responses wanted again | up | `session/outcome` | 0030 |
//! | 002A / 002B | text of A604 | down / up | `session/texts`, `outcome` | 002B |
//! | 0055 / 0056 | long text of A611, in segments | down / up | `session/texts`, `outcome` | 0056 each |
//! | 0040 / 0041 | state of a text | down / up | `session/texts`, `outcome` | 0041 |
//! | 0250 / 0251, 0252 / 0253 | throttling | down / up | `session/handshake` | 0251, 0253 |
//! | 0260 / 0261 | ping | both | `session/handshake` | 0261 |
//! | 0811, 0813 / 0812, 0821, 0823 / 0822 | driver and status | up / down | `session/uplinks` | after the commit |
//! | any other | kept raw | up | `session` | packet 06 |
//!
//! Deleting texts and responses, quick messages, labels, data deletion and reboot are encoded, decoded and explained; the
//! session has no use for them yet.
//!
//! **Rules and quirks.**
//! * DELIVERED is a receipt with the id of the text (002B, 0056 of the last segment), its state (0041), or the driver's choice
//!   (0020). A link acknowledgement says that somebody got the packet; only where nothing better exists (A602, legacy) does it
//!   count, as [`Inferred`](crate::Evidence::Inferred). The carrier's own acknowledgement never does.
//! * An id is made of the serial that the host persisted and a check over the words. What may have been sent before is asked for
//!   (0040) before it is sent, and so is what was refused: the id may be in use by an earlier copy.
//! * Enabling is repeated until it is acknowledged; a second question for Unicode, lost link acknowledgements and a ping without
//!   answer mean that the client was switched off or unplugged, and it is enabled again.
//! * One text at a time, one packet at a time; receipts for the driver's texts leave after their commit and keep the line until
//!   they are acknowledged.
//! * A client that does not ask for Unicode gets ASCII: UTF-8 would be shown byte by byte.

pub(crate) mod carrier;
mod decode;
mod encode;
pub(crate) mod explain;
mod frame;
mod message;
mod navigator;
mod options;
mod session;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use navigator::Navigator;
pub(crate) use options::{DELIVERED, OPTIONS, Switches, plan, wanted};
pub(crate) use session::Fmi;
