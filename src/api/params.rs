//! Parameters of a call, wherever and however a client wrote them.
//!
//! A parameter is looked for in the body, then in the query string. Both are lenient about the form (numbers as text, arrays as
//! text, any case of booleans) and strict about the value: what cannot be understood is an error that names the parameter, never
//! a default. In JSON `null` means absent; in forms and queries so do the texts `null`, `undefined` and the empty text, except
//! for a text that is required: a dispatcher may well send the word "null".

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{ApiError, Code};
use super::form::{self, Pair};
use super::time;

/// The parameters of one call.
#[derive(Debug)]
pub(super) struct Params {
    body: Source,
    query: Source,
}

#[derive(Debug)]
enum Source {
    /// A JSON object: its text, and where in it each member's value stands.
    Json { text: String, members: Vec<(String, Range<usize>)> },
    /// A form or a query string.
    Pairs(Vec<Pair>),
}

/// What a source says about one parameter.
enum Given<'a> {
    Absent,
    /// The text of a JSON value that is not `null`.
    Json(&'a str),
    /// One plain `name=value`.
    Text(&'a str),
    /// Repeated or indexed pairs.
    Several(Vec<&'a str>),
    /// Given, but not as anything that could be understood.
    Broken(&'static str),
}

/// Members of a JSON object; more are refused.
const MAX_MEMBERS: usize = 1000;

const TWICE: &str = "was given more than once";
const NOT_UTF8: &str = "must be UTF-8 text";
const NOT_NULL: &str = "must not be null";
const NOT_TEXT: &str = "must be a string";
const NOT_INT: &str = "must be an integer";
const NOT_INT32: &str = "must be between -2147483648 and 2147483647";
const NOT_INTS: &str = "must be an array of integers";
const NOT_TEXTS: &str = "must be an array of strings";

impl Params {
    /// Puts a call's parts together. `json`: whether the body is JSON.
    pub(super) fn new(body: Vec<u8>, json: bool, query: &str) -> Result<Self, ApiError> {
        let body = if json { Source::json(body)? } else { Source::form(&body)? };
        Ok(Self { body, query: Source::form(query.as_bytes())? })
    }

    fn find(&self, name: &str, literal: bool) -> Given<'_> {
        match self.body.find(name, literal) {
            Given::Absent => self.query.find(name, literal),
            given => given,
        }
    }

    /// Whether the parameter was mentioned at all, be it as `null`.
    pub(super) fn mentions(&self, name: &str) -> bool {
        self.body.mentions(name) || self.query.mentions(name)
    }

    /// An optional text.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, ApiError> {
        text(name, self.find(name, false))
    }

    /// A required text.
    pub(super) fn need_text(&self, name: &'static str) -> Result<Cow<'_, str>, ApiError> {
        text(name, self.find(name, true))?.ok_or_else(|| ApiError::invalid(name, NOT_NULL))
    }

    /// An optional 32-bit integer.
    pub(super) fn int(&self, name: &'static str) -> Result<Option<i64>, ApiError> {
        match self.find(name, false) {
            Given::Absent => return Ok(None),
            Given::Json(raw) => json_int(raw),
            Given::Text(text) => int(text),
            Given::Several(_) => Err(TWICE),
            Given::Broken(problem) => Err(problem),
        }
        .map(Some)
        .map_err(|problem| ApiError::invalid(name, problem))
    }

    /// A required 32-bit integer.
    pub(super) fn need_int(&self, name: &'static str) -> Result<i64, ApiError> {
        self.int(name)?.ok_or_else(|| ApiError::invalid(name, NOT_NULL))
    }

    /// An optional array of 32-bit integers.
    pub(super) fn ints(&self, name: &'static str) -> Result<Option<Vec<i64>>, ApiError> {
        match self.find(name, false) {
            Given::Absent => return Ok(None),
            Given::Json(raw) => match string(raw) {
                Some(text) => int_list(&text.map_err(|_| ApiError::invalid(name, NOT_INTS))?),
                None => json_ints(raw),
            },
            Given::Text(text) => int_list(text),
            Given::Several(texts) => texts.into_iter().map(int).collect(),
            Given::Broken(problem) => Err(problem),
        }
        .map(Some)
        .map_err(|problem| ApiError::invalid(name, problem))
    }

    /// A required array of 32-bit integers.
    pub(super) fn need_ints(&self, name: &'static str) -> Result<Vec<i64>, ApiError> {
        self.ints(name)?.ok_or_else(|| ApiError::invalid(name, NOT_NULL))
    }

    /// An optional array of texts. A plain text is one of them (a comma may be part of it), unless it is a JSON array.
    pub(super) fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, ApiError> {
        let array = |raw: &str| serde_json::from_str::<Vec<String>>(raw).map_err(|_| NOT_TEXTS);
        let list = |text: &str| match text.trim_start().starts_with('[') {
            true => array(text),
            false => Ok(vec![text.to_owned()]),
        };
        match self.find(name, false) {
            Given::Absent => return Ok(None),
            Given::Json(raw) => match string(raw) {
                Some(text) => text.and_then(|text| list(&text)),
                None => array(raw),
            },
            Given::Text(text) => list(text),
            Given::Several(texts) => Ok(texts.into_iter().map(str::to_owned).collect()),
            Given::Broken(problem) => Err(problem),
        }
        .map(Some)
        .map_err(|problem| ApiError::invalid(name, problem))
    }

    /// An optional boolean.
    pub(super) fn boolean(&self, name: &'static str) -> Result<Option<bool>, ApiError> {
        let wrong = || ApiError::invalid(name, "must be true or false");
        let truth = |text: &str| boolean(text).ok_or_else(wrong);
        match self.find(name, false) {
            Given::Absent => Ok(None),
            Given::Json(raw) => match string(raw) {
                Some(text) => truth(&text.map_err(|_| wrong())?).map(Some),
                None => truth(raw).map(Some),
            },
            Given::Text(text) => truth(text).map(Some),
            Given::Several(_) => Err(ApiError::invalid(name, TWICE)),
            Given::Broken(problem) => Err(ApiError::invalid(name, problem)),
        }
    }

    /// An optional date and time, in seconds since 1970, with `zone` for texts that name none. `last`: which of two moments
    /// with the same local time is meant.
    pub(super) fn moment(
        &self,
        name: &'static str,
        zone: &jiff::tz::TimeZone,
        last: bool,
    ) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        time::parse(&text, zone, last).map(Some).ok_or_else(|| {
            ApiError::invalid(name, "must be a date and time like 2026-01-31 23:59:00")
        })
    }
}

impl Source {
    fn json(body: Vec<u8>) -> Result<Self, ApiError> {
        let text = String::from_utf8(body).map_err(|_| Code::WRONG_FORMAT)?;
        let Members(found) = serde_json::from_str(&text).map_err(|_| Code::WRONG_FORMAT)?;
        if found.len() > MAX_MEMBERS {
            return Err(Code::TOO_LARGE.into());
        }
        // The values are slices of `text`; kept as places in it, they need neither a copy nor a lifetime.
        let start = text.as_ptr() as usize;
        let place = |raw: &str| {
            let at = (raw.as_ptr() as usize).saturating_sub(start);
            at..at + raw.len()
        };
        let members = found.into_iter().map(|(name, raw)| (name, place(raw.get()))).collect();
        Ok(Self::Json { text, members })
    }

    fn form(text: &[u8]) -> Result<Self, ApiError> {
        form::pairs(text).map(Self::Pairs).ok_or_else(|| Code::TOO_LARGE.into())
    }

    fn mentions(&self, name: &str) -> bool {
        match self {
            Self::Json { members, .. } => members.iter().any(|(member, _)| member == name),
            Self::Pairs(pairs) => pairs.iter().any(|pair| pair.name == name),
        }
    }

    fn find(&self, name: &str, literal: bool) -> Given<'_> {
        match self {
            Self::Json { text, members } => {
                let mut found = members.iter().filter(|(member, _)| member == name);
                match (found.next(), found.next()) {
                    (None, _) => Given::Absent,
                    (Some(_), Some(_)) => Given::Broken(TWICE),
                    (Some((_, place)), None) => match text.get(place.clone()).unwrap_or("null") {
                        "null" => Given::Absent,
                        raw => Given::Json(raw),
                    },
                }
            }
            Self::Pairs(pairs) => {
                let found: Vec<&Pair> = pairs.iter().filter(|pair| pair.name == name).collect();
                match found[..] {
                    [] => Given::Absent,
                    [Pair { indexed: false, value: Some(text), .. }] => match text.as_str() {
                        "" | "null" | "undefined" if !literal => Given::Absent,
                        text => Given::Text(text),
                    },
                    _ => found
                        .iter()
                        .map(|pair| pair.value.as_deref())
                        .collect::<Option<_>>()
                        .map_or(Given::Broken(NOT_UTF8), Given::Several),
                }
            }
        }
    }
}

/// Members of a JSON object, in order, repeated ones included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(4);
                while let Some(member) = map.next_entry()? {
                    // One beyond the bound is kept, so that the excess is noticed.
                    if members.len() <= MAX_MEMBERS {
                        members.push(member);
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// The text of a JSON string; `None` if `raw` is none. An error if it contains half of a surrogate pair.
fn string(raw: &str) -> Option<Result<Cow<'_, str>, &'static str>> {
    #[derive(Deserialize)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
    raw.starts_with('"').then(|| {
        let text: Result<Borrowed<'_>, _> = serde_json::from_str(raw);
        text.map(|text| text.0).map_err(|_| "must not contain lone surrogates")
    })
}

fn text<'a>(name: &'static str, given: Given<'a>) -> Result<Option<Cow<'a, str>>, ApiError> {
    match given {
        Given::Absent => return Ok(None),
        Given::Json(raw) => string(raw).unwrap_or(Err(NOT_TEXT)),
        Given::Text(text) => Ok(Cow::Borrowed(text)),
        Given::Several(_) => Err(TWICE),
        Given::Broken(problem) => Err(problem),
    }
    .map(Some)
    .map_err(|problem| ApiError::invalid(name, problem))
}

/// A 32-bit integer from its digits.
fn int(text: &str) -> Result<i64, &'static str> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NOT_INT);
    }
    text.parse::<i32>().map(i64::from).map_err(|_| NOT_INT32)
}

fn json_int(raw: &str) -> Result<i64, &'static str> {
    match string(raw) {
        Some(text) => int(&text.map_err(|_| NOT_INT)?),
        None => int(raw),
    }
}

fn json_ints(raw: &str) -> Result<Vec<i64>, &'static str> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| NOT_INTS)?;
    items.into_iter().map(|item| json_int(item.get())).collect()
}

/// `[1, 2]` or `1,2`.
fn int_list(text: &str) -> Result<Vec<i64>, &'static str> {
    match text.trim_start().starts_with('[') {
        true => json_ints(text),
        false => text.split(',').map(int).collect(),
    }
}

/// `true` or `false` in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
