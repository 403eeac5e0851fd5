//! Named values of a device. Nearly every frame of every device brings some, so they are one small vector, and names that the
//! protocols know need no memory of their own.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Values by name, one of each name. As JSON: an object, sorted by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attributes(Vec<(Name, Value)>);

/// Name of an attribute.
type Name = Cow<'static, str>;

impl Attributes {
    /// None yet, with room for so many.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Sets a value; replaces an older one of that name.
    pub fn insert(&mut self, name: impl Into<Name>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.place(&name) {
            Ok(place) => {
                if let Some((_, older)) = self.0.get_mut(place) {
                    *older = value;
                }
            }
            Err(place) => self.0.insert(place, (name, value)),
        }
    }

    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let place = self.place(name).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// None.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where it is, or where it would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_ref().cmp(name))
    }
}

impl IntoIterator for Attributes {
    type Item = (Name, Value);
    type IntoIter = std::vec::IntoIter<(Name, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut attributes = Attributes::with_capacity(map.size_hint().unwrap_or(0));
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    attributes.insert(name, value);
                }
                Ok(attributes)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_value_of_each_name_counts_in_whatever_order_they_came() {
        let (mut one, mut other) = (Attributes::default(), Attributes::with_capacity(2));
        for (name, value) in [("b", 1), ("a", 2), ("b", 3)] {
            one.insert(name, value);
        }
        for (name, value) in [("a".to_owned(), 2), ("b".to_owned(), 3)] {
            other.insert(name, value);
        }
        assert_eq!(one, other);
        assert_eq!((one.len(), one.get("b"), one.get("c")), (2, Some(&json!(3)), None));
    }

    #[test]
    fn they_are_an_object_in_json() {
        let text = r#"{"deep":[1,{"x":null}],"n":1.5,"note":"a \"b\" ы"}"#;
        let attributes: Attributes = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&attributes).unwrap(), text);
        assert!(serde_json::from_str::<Attributes>("[]").is_err());
        assert_eq!(serde_json::to_string(&Attributes::default()).unwrap(), "{}");
    }
}
