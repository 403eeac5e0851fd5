//! What a protocol is to the rest of the world: static facts plus factories.
//!
//! A protocol is one value behind `&'static dyn Protocol`, listed once in [`crate::registry`]. Ports, configuration keys, the
//! documentation tables, the conformance suite, `decode` and `simulate` are all derived from it.

use crate::error::DecodeError;
use crate::explain::Explanation;
use crate::framing::{Framer, Limits};
use crate::options::{DeviceOptions, OptionSpec};
use crate::profile::{Delivered, DeviceProfile};
use crate::session::Session;
use crate::terminal::{Terminal, TerminalSettings};
use crate::text::{TextPlan, TextRefusal};

/// One tracker protocol.
pub trait Protocol: Send + Sync {
    /// Static facts: name, port, options, what it can carry.
    fn info(&self) -> &'static ProtocolInfo;

    /// A fresh framer for one connection. The same framer cuts both directions.
    fn framer(&self, limits: &Limits) -> Box<dyn Framer>;

    /// A fresh platform-side session for one connection.
    fn session(&self, limits: &Limits) -> Box<dyn Session>;

    /// A fresh device-side state machine: what `simulate` and the end-to-end tests run.
    fn terminal(&self, settings: TerminalSettings) -> Box<dyn Terminal>;

    /// Could a connection that starts with `start` speak this protocol? Asked by the auto-detecting listener with growing
    /// prefixes; `start` is never empty.
    fn detect(&self, start: &[u8]) -> Detection;

    /// Decides how `text` travels to a device with these options: how many parts, cut where.
    ///
    /// # Errors
    /// [`TextRefusal`] if no device of this protocol, configured like this, can show it.
    fn plan_text(&self, text: &str, options: &DeviceOptions) -> Result<TextPlan, TextRefusal>;

    /// Decodes one complete frame (as the framer hands it out) into its typed fields, without a session, and drops them: is it well
    /// formed? What is laid out differently under different options is tried in turn. A frame of a type that nobody decodes is in
    /// order; so is one that is encrypted, or a part of a message. Asked by tests and benchmarks.
    ///
    /// # Errors
    /// [`DecodeError`] of the first field that does not parse.
    fn read(&self, frame: &[u8]) -> Result<(), DecodeError>;

    /// Explains one complete frame (as the framer hands it out) for a human reader: `cabwire decode`.
    fn explain(&self, frame: &[u8]) -> Explanation;
}

/// Static facts of one protocol.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProtocolInfo {
    /// Neutral name: configuration key, CLI argument, metric label.
    pub name: &'static str,
    /// The field's name for it.
    pub title: &'static str,
    /// Customary TCP port of servers.
    pub default_port: u16,
    /// What the identity is called by its users: "phone", "IMEI or unit id", …
    pub identity: &'static str,
    /// An identity in its normal form, for examples and simulations: only digits, so that it can be counted up.
    pub example_identity: &'static str,
    /// Driver texts come up.
    pub uplink_text: bool,
    /// Texts can be sent down.
    pub downlink_text: bool,
    /// Built-in device profiles; the first is [`DeviceProfile::STANDARD`].
    pub profiles: &'static [DeviceProfile],
    /// How long a connection may be silent before it is taken for dead, in seconds; a device option or the listener may override.
    pub idle_seconds: u32,
    /// Per-device options with defaults and meaning.
    pub options: &'static [OptionSpec],
}

impl ProtocolInfo {
    /// The built-in profile called `name`.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&'static DeviceProfile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// What makes a text DELIVERED on a device of which nothing special is known.
    #[must_use]
    pub fn delivered(&self) -> Delivered {
        self.profiles.first().map_or(Delivered::NEVER, |profile| profile.delivered)
    }
}

/// Answer to [`Protocol::detect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// These bytes are not this protocol, and more will not change that.
    No,
    /// Too few bytes to say.
    Maybe,
    /// These bytes are this protocol.
    Yes,
}
