//! Built-in device profiles under the names that models have them by.

use protocols::{DeviceOptions, DeviceProfile, OptionError, Protocol, registry};

/// A built-in profile with its protocol. Its full name is `protocol/profile`.
#[derive(Clone, Copy)]
pub struct BuiltIn {
    /// The protocol.
    pub protocol: &'static dyn Protocol,
    /// One of its profiles.
    pub profile: &'static DeviceProfile,
}

impl BuiltIn {
    /// All of them, in the order of the registry.
    pub fn all() -> impl Iterator<Item = Self> {
        registry::ALL.iter().copied().flat_map(Self::of)
    }

    /// Those of one protocol; the first is its standard.
    pub fn of(protocol: &'static dyn Protocol) -> impl Iterator<Item = Self> {
        protocol.info().profiles.iter().map(move |profile| Self { protocol, profile })
    }

    /// The profile with this full name, if this build has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (protocol, profile) = name.split_once('/')?;
        let protocol = registry::by_name(protocol)?;
        protocol.info().profile(profile).map(|profile| Self { protocol, profile })
    }

    /// `protocol/profile`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}/{}", self.protocol.info().name, self.profile.name)
    }

    /// Code of the model that every installation has for it: the protocol's name for the standard, `protocol_profile` for
    /// the others.
    #[must_use]
    pub fn model_code(self) -> String {
        let protocol = self.protocol.info().name;
        match self.profile.name {
            DeviceProfile::STANDARD => protocol.to_owned(),
            other => format!("{protocol}_{other}"),
        }
    }

    /// Whether its devices have something to show a text on.
    #[must_use]
    pub fn has_chat(self) -> bool {
        self.profile.has_chat(self.protocol)
    }

    /// Its options with a device's own over them.
    ///
    /// # Errors
    /// [`OptionError`] for the first of the device's options that is unknown or has an unacceptable value.
    pub fn options_with<'a>(
        self,
        own: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<DeviceOptions, OptionError> {
        self.profile.options_with(self.protocol, own)
    }
}

/// Protocol of the profile called `name`, whether this build has it or not.
pub(crate) fn protocol_of(name: &str) -> &str {
    name.split_once('/').map_or(name, |(protocol, _)| protocol)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn full_names_and_model_codes_are_unique_and_lead_back() {
        let (mut names, mut codes) = (BTreeSet::new(), BTreeSet::from(["tracker_no_chat".into()]));
        for built_in in BuiltIn::all() {
            let name = built_in.name();
            let found = BuiltIn::named(&name).unwrap();
            assert_eq!(found.name(), name);
            assert_eq!(protocol_of(&name), built_in.protocol.info().name);
            assert!(codes.insert(built_in.model_code()), "two models {}", built_in.model_code());
            assert!(names.insert(name));
        }
        for protocol in registry::ALL {
            let standard = BuiltIn::of(*protocol).next().unwrap();
            assert_eq!(standard.model_code(), protocol.info().name);
        }
    }

    #[test]
    fn what_is_not_built_in_is_not_found() {
        let protocol = registry::ALL[0].info().name;
        for name in ["", "/", protocol, &format!("{protocol}/"), &format!("{protocol}/nothing")] {
            assert!(BuiltIn::named(name).is_none(), "{name}");
        }
    }
}
