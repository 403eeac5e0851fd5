//! Per-device options: what differs between models and firmware is data, not code.
//!
//! A protocol declares its options; the operator sets them on a model or a device as text; they are validated once, when set,
//! and read by the session at admission.

use std::collections::BTreeMap;

/// Declaration of one option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// Key.
    pub name: &'static str,
    /// What values it takes.
    pub kind: OptionKind,
    /// Value when unset.
    pub default: &'static str,
    /// One sentence for the documentation table, with the specification's section where there is one.
    pub doc: &'static str,
}

impl OptionSpec {
    /// Declares an option.
    #[must_use]
    pub const fn new(
        name: &'static str,
        kind: OptionKind,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self { name, kind, default, doc }
    }
}

/// Several lists of options as one, for protocols that carry another one and have its options too. `N` is the sum of their
/// lengths; a smaller one does not compile.
pub(crate) const fn concat<const N: usize>(lists: &[&[OptionSpec]]) -> [OptionSpec; N] {
    let mut all = [OptionSpec::new("", OptionKind::Bool, "false", ""); N];
    let (mut list, mut at, mut to) = (0, 0, 0);
    while list < lists.len() {
        while at < lists[list].len() {
            all[to] = lists[list][at];
            at += 1;
            to += 1;
        }
        at = 0;
        list += 1;
    }
    all
}

/// What values an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// `true` or `false`.
    Bool,
    /// Whole number in a range, both ends included.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Free text, at most so many bytes.
    Text {
        /// Longest, in bytes.
        max: usize,
    },
}

/// Options of one device, validated against a protocol's declarations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceOptions {
    specs: &'static [OptionSpec],
    set: BTreeMap<&'static str, String>,
}

impl DeviceOptions {
    /// All defaults.
    #[must_use]
    pub const fn defaults(specs: &'static [OptionSpec]) -> Self {
        Self { specs, set: BTreeMap::new() }
    }

    /// Validates `(key, value)` pairs against `specs`.
    ///
    /// # Errors
    /// [`OptionError`] for the first unknown key or unacceptable value.
    pub fn parse<'a>(
        specs: &'static [OptionSpec],
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, OptionError> {
        let mut set = BTreeMap::new();
        for (key, value) in pairs {
            let spec =
                specs.iter().find(|spec| spec.name == key).ok_or_else(|| OptionError::Unknown {
                    key: key.to_owned(),
                    known: specs.iter().map(|s| s.name).collect(),
                })?;
            spec.kind.check(value).map_err(|expected| OptionError::Value {
                key: spec.name,
                value: value.to_owned(),
                expected,
            })?;
            set.insert(spec.name, value.to_owned());
        }
        Ok(Self { specs, set })
    }

    /// The value of `name` as text: as set, or its default. Empty for a name that was never declared.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        if let Some(value) = self.set.get(name) {
            return value;
        }
        self.specs.iter().find(|spec| spec.name == name).map_or("", |spec| spec.default)
    }

    /// The value of a [`OptionKind::Bool`].
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// The value of an [`OptionKind::Int`]; 0 for anything else.
    #[must_use]
    pub fn int(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }

    /// Options that differ from the defaults.
    pub fn overrides(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.set.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

impl OptionKind {
    /// Whether `value` is acceptable.
    ///
    /// # Errors
    /// What would have been acceptable.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match *self {
            Self::Bool if matches!(value, "true" | "false") => Ok(()),
            Self::Bool => Err("true or false".to_owned()),
            Self::Int { min, max } => match value.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(()),
                _ => Err(format!("a whole number from {min} to {max}")),
            },
            Self::Choice(words) if words.contains(&value) => Ok(()),
            Self::Choice(words) => Err(format!("one of {}", words.join(", "))),
            Self::Text { max } if value.len() <= max && !value.contains(['\r', '\n', '\0']) => {
                Ok(())
            }
            Self::Text { max } => Err(format!("one line of at most {max} bytes")),
        }
    }
}

/// An option that cannot be set like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// No such option.
    #[error("unknown option `{key}` (known: {})", known.join(", "))]
    Unknown {
        /// The key.
        key: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// Not a value of this option.
    #[error("option `{key}` cannot be `{value}`: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What would be acceptable.
        expected: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: &[OptionSpec] = &[
        OptionSpec::new("charset", OptionKind::Choice(&["gbk", "utf8"]), "gbk", ""),
        OptionSpec::new("max_text", OptionKind::Int { min: 16, max: 1021 }, "500", ""),
        OptionSpec::new("numbered", OptionKind::Bool, "true", ""),
    ];

    #[test]
    fn lists_are_joined_in_their_order() {
        const ALL: [OptionSpec; 4] = concat(&[SPECS, &[], &[SPECS[1]]]);
        let names = ALL.map(|spec| spec.name);
        assert_eq!(names, ["charset", "max_text", "numbered", "max_text"]);
    }

    #[test]
    fn unset_options_have_their_defaults() {
        let options = DeviceOptions::parse(SPECS, [("charset", "utf8")]).unwrap();
        assert_eq!(
            (options.text("charset"), options.int("max_text"), options.flag("numbered")),
            ("utf8", 500, true)
        );
    }

    #[test]
    fn a_wrong_option_is_named_with_what_would_do() {
        let unknown = DeviceOptions::parse(SPECS, [("chraset", "utf8")]).unwrap_err().to_string();
        assert_eq!(unknown, "unknown option `chraset` (known: charset, max_text, numbered)");
        let value = DeviceOptions::parse(SPECS, [("max_text", "5")]).unwrap_err().to_string();
        assert_eq!(
            value,
            "option `max_text` cannot be `5`: expected a whole number from 16 to 1021"
        );
    }
}
