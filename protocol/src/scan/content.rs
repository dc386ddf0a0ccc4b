//! What a block holds: walked to its end, measured in clocks, and otherwise left alone.
//!
//! Invariant: nothing here recurses or allocates by an announced number. It must read every kind exactly as both Yjs
//! and `yrs` do; where those two differ, the kind is refused.

use serde::de::IgnoredAny;

use super::{ScanError, count};
use crate::lib0::{DecodeError, Reader};

pub(super) const KIND_DELETED: u8 = 1;
pub(super) const KIND_JSON: u8 = 2;
const KIND_BINARY: u8 = 3;
const KIND_STRING: u8 = 4;
const KIND_EMBED: u8 = 5;
const KIND_FORMAT: u8 = 6;
pub(super) const KIND_TYPE: u8 = 7;
const KIND_ANY: u8 = 8;
pub(super) const KIND_DOCUMENT: u8 = 9;
pub(super) const KIND_MOVE: u8 = 11;

const TYPE_XML_ELEMENT: u8 = 3;
const TYPE_XML_HOOK: u8 = 5;
const TYPE_XML_TEXT: u8 = 6;

/// How deep the options of a subdocument may nest.
const MAX_OPTIONS_DEPTH: usize = 8;

/// Walks over content of `kind` and returns how many clocks it takes.
pub(super) fn read(reader: &mut Reader<'_>, kind: u8, max_depth: usize) -> Result<u64, ScanError> {
    match kind {
        KIND_DELETED => Ok(reader.var_uint()?),
        KIND_STRING => Ok(utf16_length(reader.var_string()?)),
        KIND_ANY => {
            let values = count(reader)?;
            for _ in 0..values {
                skip_value(reader, max_depth)?;
            }
            Ok(values as u64)
        }
        KIND_BINARY => reader.buffer().map(|_| 1).map_err(ScanError::from),
        KIND_EMBED => skip_json(reader, max_depth).map(|()| 1),
        KIND_FORMAT => {
            reader.var_string()?;
            skip_json(reader, max_depth).map(|()| 1)
        }
        KIND_TYPE => skip_type(reader).map(|()| 1),
        KIND_DOCUMENT => {
            reader.var_string()?;
            skip_value(reader, max_depth.min(MAX_OPTIONS_DEPTH)).map(|()| 1)
        }
        _ => Err(ScanError::UnsupportedContent { kind }),
    }
}

fn skip_type(reader: &mut Reader<'_>) -> Result<(), ScanError> {
    match reader.byte()? {
        TYPE_XML_ELEMENT => reader.var_string().map(drop).map_err(ScanError::from),
        type_ref if type_ref == TYPE_XML_HOOK || type_ref > TYPE_XML_TEXT => {
            Err(ScanError::UnsupportedType { type_ref })
        }
        _ => Ok(()),
    }
}

/// The number of UTF-16 code units, which is how Yjs counts.
fn utf16_length(text: &str) -> u64 {
    // Every code point is one unit, those of four bytes are two.
    let units = |byte: &u8| u64::from(byte & 0xc0 != 0x80) + u64::from(*byte >= 0xf0);
    text.as_bytes().iter().map(units).sum()
}

/// An array or a map whose end was not reached yet.
struct Open {
    left: usize,
    has_keys: bool,
}

/// Walks over one value ("Any"), with a stack of its own: `max_depth` bounds it, and only containers are put on it.
fn skip_value(reader: &mut Reader<'_>, max_depth: usize) -> Result<(), ScanError> {
    let mut stack: Vec<Open> = Vec::new();
    loop {
        match reader.byte()? {
            // undefined, null, false, true
            127 | 126 | 121 | 120 => {}
            125 => drop(reader.var_int()?),
            124 => drop(reader.take(4)?),
            // a float, a big integer
            123 | 122 => drop(reader.take(8)?),
            119 => drop(reader.var_string()?),
            116 => drop(reader.buffer()?),
            tag @ (118 | 117) => {
                if stack.len() >= max_depth {
                    return Err(ScanError::ValueTooDeep);
                }
                stack.push(Open {
                    left: count(reader)?,
                    has_keys: tag == 118,
                });
            }
            tag => return Err(ScanError::UnknownValue { tag }),
        }
        while stack.last().is_some_and(|open| open.left == 0) {
            stack.pop();
        }
        let Some(open) = stack.last_mut() else {
            return Ok(());
        };
        open.left -= 1;
        if open.has_keys {
            reader.var_string()?;
        }
    }
}

fn skip_json(reader: &mut Reader<'_>, max_depth: usize) -> Result<(), ScanError> {
    let text = reader.var_string().map_err(|error| match error {
        DecodeError::InvalidUtf8 => ScanError::InvalidJson,
        other => other.into(),
    })?;
    // Walks over the text without building values and without recursion.
    serde_json::from_str::<IgnoredAny>(text).map_err(|_| ScanError::InvalidJson)?;
    if json_depth(text) > max_depth {
        Err(ScanError::ValueTooDeep)
    } else {
        Ok(())
    }
}

/// How deep arrays and objects nest in valid JSON.
fn json_depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_measured_like_javascript_does() {
        for text in ["", "plain", "übér", "日本", "👍🏽", "a👍b\u{fffd}"] {
            assert_eq!(utf16_length(text), text.encode_utf16().count() as u64, "{text}");
        }
    }

    #[test]
    fn json_is_measured_outside_of_strings() {
        assert_eq!(json_depth("1"), 0);
        assert_eq!(json_depth(r#"{"a":[1,{"b":[]}],"c":{}}"#), 4);
        assert_eq!(json_depth(r#""[[[\"[[""#), 0);
        assert_eq!(json_depth(r#"["\\",[]]"#), 2);
    }
}
