//! Names of all metrics, and handles for the ones on the hot path.

use metrics::{Counter, Gauge, counter, gauge};

/// Outgoing texts that became DELIVERED.
pub const TEXTS_DELIVERED: &str = "cabwire_texts_delivered_total";
/// Time from the API call that sent a text to its DELIVERED on disk; only of texts that were delivered without having been
/// loaded from the store.
pub const DELIVERY_SECONDS: &str = "cabwire_delivery_seconds";
/// Connections open now, by protocol (`detecting` before it is known).
pub const CONNECTIONS: &str = "cabwire_connections";
/// Devices online now, by protocol.
pub const DEVICES_ONLINE: &str = "cabwire_devices_online";
/// Connections accepted.
pub const ACCEPTED: &str = "cabwire_connections_accepted_total";
/// Connections turned away before a byte was read, by reason.
pub const TURNED_AWAY: &str = "cabwire_connections_turned_away_total";
/// Connections closed, by protocol and reason.
pub const CLOSED: &str = "cabwire_connections_closed_total";
/// Frames in good order, by protocol.
pub const FRAMES: &str = "cabwire_frames_total";
/// Delimited but invalid frames, by protocol.
pub const FRAMES_REJECTED: &str = "cabwire_frames_rejected_total";
/// Bytes of noise between frames, by protocol.
pub const NOISE_BYTES: &str = "cabwire_noise_bytes_total";
/// Frames a session could not make sense of, by protocol.
pub const SESSION_ERRORS: &str = "cabwire_session_errors_total";
/// Panics caught in a session, by protocol: a mistake of ours each.
pub const SESSION_PANICS: &str = "cabwire_session_panics_total";
/// Messages recognised but not interpreted, by protocol.
pub const UNHANDLED: &str = "cabwire_unhandled_messages_total";
/// Logins refused, by protocol.
pub const REFUSED: &str = "cabwire_logins_refused_total";
/// Logins that took a device over from an older connection, by protocol.
pub const TAKEOVERS: &str = "cabwire_takeovers_total";
/// Driver texts stored, by protocol.
pub const TEXTS_RECEIVED: &str = "cabwire_texts_received_total";
/// Driver texts recognised as repeats, by protocol.
pub const TEXTS_REPEATED: &str = "cabwire_texts_repeated_total";
/// Parts of texts written to devices, by protocol.
pub const PARTS_SENT: &str = "cabwire_text_parts_sent_total";
/// Uplinks that the store did not take, by protocol.
pub const RECORDS_FAILED: &str = "cabwire_records_failed_total";

/// Handles for one protocol.
pub struct ProtocolMetrics {
    /// [`CONNECTIONS`].
    pub connections: Gauge,
    /// [`DEVICES_ONLINE`].
    pub online: Gauge,
    /// [`FRAMES`].
    pub frames: Counter,
    /// [`FRAMES_REJECTED`].
    pub rejected: Counter,
    /// [`NOISE_BYTES`].
    pub noise: Counter,
    /// [`SESSION_ERRORS`].
    pub errors: Counter,
    /// [`SESSION_PANICS`].
    pub panics: Counter,
    /// [`UNHANDLED`].
    pub unhandled: Counter,
    /// [`REFUSED`].
    pub refused: Counter,
    /// [`TAKEOVERS`].
    pub takeovers: Counter,
    /// [`TEXTS_RECEIVED`].
    pub texts_received: Counter,
    /// [`TEXTS_REPEATED`].
    pub texts_repeated: Counter,
    /// [`PARTS_SENT`].
    pub parts_sent: Counter,
    /// [`RECORDS_FAILED`].
    pub records_failed: Counter,
}

impl ProtocolMetrics {
    /// Handles with the label `protocol`.
    #[must_use]
    pub fn new(protocol: &'static str) -> Self {
        Self {
            connections: gauge!(CONNECTIONS, "protocol" => protocol),
            online: gauge!(DEVICES_ONLINE, "protocol" => protocol),
            frames: counter!(FRAMES, "protocol" => protocol),
            rejected: counter!(FRAMES_REJECTED, "protocol" => protocol),
            noise: counter!(NOISE_BYTES, "protocol" => protocol),
            errors: counter!(SESSION_ERRORS, "protocol" => protocol),
            panics: counter!(SESSION_PANICS, "protocol" => protocol),
            unhandled: counter!(UNHANDLED, "protocol" => protocol),
            refused: counter!(REFUSED, "protocol" => protocol),
            takeovers: counter!(TAKEOVERS, "protocol" => protocol),
            texts_received: counter!(TEXTS_RECEIVED, "protocol" => protocol),
            texts_repeated: counter!(TEXTS_REPEATED, "protocol" => protocol),
            parts_sent: counter!(PARTS_SENT, "protocol" => protocol),
            records_failed: counter!(RECORDS_FAILED, "protocol" => protocol),
        }
    }
}
