//! Explained frames as a tree for people or as JSON.

use protocols::{Explanation, Field};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::{Decoded, Item, What};
use crate::cli::output::{line, printable};
use crate::secret::hex;

/// Raw bytes shown of what was not understood.
const SHOWN: usize = 64;

/// A tree, one frame after the other.
pub(super) fn tree(decoded: &Decoded) -> String {
    let mut out = format!(
        "{} ({}), {}, read as {}\n",
        decoded.title,
        decoded.protocol,
        bytes(decoded.bytes.len()),
        decoded.form.name()
    );
    let mut number = 0;
    for item in &decoded.items {
        out.push('\n');
        if !matches!(item.what, What::Skipped) {
            number += 1;
        }
        show_item(&mut out, decoded, item, number);
    }
    let left = decoded.bytes.get(decoded.end..).unwrap_or_default();
    if let Some(error) = decoded.lost {
        line!(out, "\nat byte {}: {error}; a gateway closes such a connection", decoded.end);
        line!(out, "  {}", excerpt(left));
    } else if !left.is_empty() {
        line!(
            out,
            "\nleft over at byte {}: {}, an unfinished frame",
            decoded.end,
            bytes(left.len())
        );
        line!(out, "  {}", excerpt(left));
    }
    out
}

fn show_item(out: &mut String, decoded: &Decoded, item: &Item, number: usize) {
    let place = format!("at byte {}, {}", item.offset, bytes(item.length));
    let raw = decoded.bytes.get(item.offset..item.offset + item.length).unwrap_or_default();
    match &item.what {
        What::Frame(explanation) => {
            line!(out, "frame {number} {place}: {}", printable(&explanation.title));
            show_fields(out, &explanation.fields, "");
            if let Some(problem) = &explanation.problem {
                line!(out, "problem: {}", printable(problem));
            }
        }
        What::Rejected(reason) => {
            line!(out, "frame {number} {place}: rejected, {reason}\n  {}", excerpt(raw));
        }
        What::Skipped => {
            line!(out, "{place}: noise between frames, skipped\n  {}", excerpt(raw));
        }
    }
}

fn show_fields(out: &mut String, fields: &[Field], indent: &str) {
    let width = fields.iter().map(|field| field.name.width()).max().unwrap_or(0).min(40);
    for (index, field) in fields.iter().enumerate() {
        let last = index + 1 == fields.len();
        let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let name = printable(&field.name);
        let pad = width.saturating_sub(name.width());
        let shown = if field.value.is_empty() { &field.raw } else { &field.value };
        out.push_str(&format!("{indent}{branch}{name}{:pad$}  {}", "", printable(shown)));
        if !field.raw.is_empty() && field.raw != *shown {
            out.push_str(&format!("  [{}]", printable(&field.raw)));
        }
        out.push('\n');
        show_fields(out, &field.children, &format!("{indent}{below}"));
    }
}

fn bytes(count: usize) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

/// The bytes as text where they are text, else in hexadecimal; shortened.
fn excerpt(bytes: &[u8]) -> String {
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() { " …" } else { "" };
    match std::str::from_utf8(shown) {
        Ok(text) if text.chars().all(|c| !c.is_control() || matches!(c, '\r' | '\n')) => {
            format!("{}{more}", text.escape_debug())
        }
        _ => format!("{}{more}", hex(shown)),
    }
}

/// The same as JSON.
pub(super) fn json(decoded: &Decoded) -> anyhow::Result<String> {
    let frames: Vec<Value> = decoded.items.iter().map(|item| json_item(decoded, item)).collect();
    let left = decoded.bytes.get(decoded.end..).unwrap_or_default();
    let value = json!({
        "protocol": decoded.protocol,
        "read_as": decoded.form.name(),
        "bytes": decoded.bytes.len(),
        "frames": frames,
        "left_over": hex(left),
        "framing_lost": decoded.lost.map(|error| error.to_string()),
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&value)?))
}

fn json_item(decoded: &Decoded, item: &Item) -> Value {
    let raw = decoded.bytes.get(item.offset..item.offset + item.length).unwrap_or_default();
    let (offset, raw) = (item.offset, hex(raw));
    match &item.what {
        What::Frame(Explanation { title, fields, problem }) => json!({
            "offset": offset,
            "raw": raw,
            "title": title,
            "fields": fields.iter().map(json_field).collect::<Vec<_>>(),
            "problem": problem,
        }),
        What::Rejected(reason) => {
            json!({ "offset": offset, "raw": raw, "rejected": reason.to_string() })
        }
        What::Skipped => json!({ "offset": offset, "raw": raw, "skipped": true }),
    }
}

fn json_field(field: &Field) -> Value {
    let mut value = json!({ "name": field.name, "value": field.value });
    if !field.raw.is_empty() {
        value["raw"] = field.raw.clone().into();
    }
    if !field.children.is_empty() {
        value["fields"] = field.children.iter().map(json_field).collect();
    }
    value
}
