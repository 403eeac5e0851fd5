//! Every bound on what a peer can make the gateway do, in one place. All are keys of the configuration's `[limits]` table.

use serde::Deserialize;

/// Bounds with their defaults. Durations are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Device connections in all.
    pub connections: usize,
    /// Device connections from one address. 0: no bound (devices behind one carrier's address translation).
    pub connections_per_address: usize,
    /// Time from accept to the first admitted device.
    pub login_seconds: u32,
    /// Silence after which a connection counts as dead; 0: each protocol's own default.
    pub idle_seconds: u32,
    /// Time a peer may take to accept bytes we write.
    pub write_seconds: u32,
    /// TCP keepalive probes start after so much silence.
    pub keepalive_seconds: u32,
    /// Time the kernel keeps trying to deliver unacknowledged bytes (`TCP_USER_TIMEOUT`).
    pub user_timeout_seconds: u32,
    /// Largest frame in bytes.
    pub frame_bytes: usize,
    /// Bytes of half-received multi-frame messages per connection.
    pub reassembly_bytes: usize,
    /// Frames per second of one connection, averaged over ten seconds; above it reading pauses.
    pub frames_per_second: u32,
    /// Reads with records that wait for their commit, per connection; at this number reading pauses.
    pub uncommitted: usize,
    /// Devices on one connection (relays).
    pub lanes: u16,
    /// Texts kept ready in memory per device; the rest waits in the store.
    pub ready_texts: usize,
    /// Unknown devices remembered for the operator.
    pub strangers: usize,
    /// Connections from unknown devices that one address may open per minute before it is answered slowly.
    pub strangers_per_minute: u32,
    /// Time a stopping daemon gives its connections to finish what they accepted.
    pub drain_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100_000,
            connections_per_address: 0,
            login_seconds: 60,
            idle_seconds: 0,
            write_seconds: 10,
            keepalive_seconds: 60,
            user_timeout_seconds: 90,
            frame_bytes: 256 * 1024,
            reassembly_bytes: 1024 * 1024,
            frames_per_second: 2000,
            uncommitted: 8,
            lanes: 256,
            ready_texts: 16,
            strangers: 1000,
            strangers_per_minute: 30,
            drain_seconds: 10,
        }
    }
}

impl Limits {
    /// The part that concerns framers and sessions.
    #[must_use]
    pub fn for_protocols(&self) -> protocols::Limits {
        let mut limits = protocols::Limits::default();
        limits.max_frame = self.frame_bytes;
        limits.max_reassembly = self.reassembly_bytes;
        limits.max_lanes = self.lanes;
        limits
    }
}
