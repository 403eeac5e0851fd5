//! Built-in device profiles: what is known of a model or family, as data.
//!
//! A profile is a set of values for the protocol's options. A device has those of its model's profile, and over them its own.
//! Where a specification marks a fact as unconfirmed, an option names it, and the option's default is the safe reading.

use crate::effect::Evidence;
use crate::options::{DeviceOptions, OptionError};
use crate::protocol::Protocol;

/// What is known of the devices of one model or family.
#[derive(Debug, Clone, Copy)]
pub struct DeviceProfile {
    /// Name, unique within the protocol. The first of a protocol is [`DeviceProfile::STANDARD`]: all defaults.
    pub name: &'static str,
    /// Which devices it is for, in a few words.
    pub title: &'static str,
    /// Options that differ from the protocol's defaults: key and value.
    pub options: &'static [(&'static str, &'static str)],
    /// What makes a text DELIVERED.
    pub delivered: Delivered,
}

impl DeviceProfile {
    /// Name of every protocol's first profile.
    pub const STANDARD: &'static str = "standard";

    /// The profile's options, with the device's own over them.
    ///
    /// # Errors
    /// [`OptionError`] for the first of the device's options that is unknown or has an unacceptable value.
    pub fn options_with<'a>(
        &self,
        protocol: &dyn Protocol,
        own: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<DeviceOptions, OptionError> {
        DeviceOptions::parse(protocol.info().options, self.options.iter().copied().chain(own))
    }

    /// Whether a device with exactly these options has something to show a text on.
    #[must_use]
    pub fn has_chat(&self, protocol: &dyn Protocol) -> bool {
        protocol.info().downlink_text
            && self
                .options_with(protocol, [])
                .is_ok_and(|options| protocol.plan_text("ok", &options).is_ok())
    }
}

/// What makes a text DELIVERED, and what that proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Which packet, in the protocol's words; empty if the device takes no texts.
    pub when: &'static str,
    /// The strongest evidence that this packet gives; `None` if nothing ever makes a text DELIVERED.
    pub proves: Option<Evidence>,
}

impl Delivered {
    /// The device takes no texts.
    pub const NEVER: Self = Self { when: "", proves: None };
}
