//! The part of a document that a comment is about: two relative positions of Yjs, and the words that stood there.
//!
//! The positions follow the text as it is edited; the words are for when it is gone. Invariant: what is stored as a
//! position is one, though not necessarily one of this document.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weft_protocol::lib0::Reader;

use crate::http::Problem;
use crate::http::rest::{Text, invalid};

/// The longest position, in characters of base64.
const MAX_POSITION_CHARS: usize = 1_024;

/// The part of a document that a comment is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CommentAnchor)]
pub(super) struct Anchor {
    /// Where it begins: `Y.encodeRelativePosition` as base64.
    #[schema(min_length = 4, max_length = 1_024, pattern = "^[A-Za-z0-9+/]+={0,2}$")]
    start: String,
    /// Where it ends, likewise.
    #[schema(min_length = 4, max_length = 1_024, pattern = "^[A-Za-z0-9+/]+={0,2}$")]
    end: String,
    /// The words of it, as they were.
    #[serde(default)]
    #[schema(value_type = Option<Text<1_000>>)]
    quote: Text<1_000>,
    /// What stood before it.
    #[serde(default)]
    #[schema(value_type = Option<Text<100>>)]
    prefix: Text<100>,
    /// What stood behind it.
    #[serde(default)]
    #[schema(value_type = Option<Text<100>>)]
    suffix: Text<100>,
}

impl Anchor {
    /// As it is stored.
    ///
    /// # Errors
    /// 422 if one of the positions is none.
    pub(super) fn to_stored(&self) -> Result<String, Problem> {
        for (field, position) in [("anchor.start", &self.start), ("anchor.end", &self.end)] {
            if !is_position(position) {
                return Err(invalid(
                    field,
                    "INVALID_VALUE",
                    "must be a relative position of Yjs as base64, of at most 1024 characters",
                ));
            }
        }
        // Texts alone cannot fail to become JSON.
        serde_json::to_string(self).map_err(|_| Problem::INTERNAL)
    }

    /// As it was stored.
    pub(super) fn of_stored(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// Whether `text` is what `Y.encodeRelativePosition` gives: an item, a root type by its name, or another type by its
/// id, and on which side of it.
fn is_position(text: &str) -> bool {
    if text.len() > MAX_POSITION_CHARS {
        return false;
    }
    let Ok(bytes) = STANDARD.decode(text) else {
        return false;
    };
    let mut reader = Reader::new(&bytes);
    let is_target = match reader.var_uint() {
        Ok(0 | 2) => reader.var_uint().and_then(|_| reader.var_uint()).is_ok(),
        Ok(1) => reader.var_string().is_ok(),
        _ => false,
    };
    // Older clients do not say the side.
    is_target && (reader.is_empty() || (reader.var_int().is_ok() && reader.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_yjs_are_known_by_their_form() {
        // Item (7, 3), to the right; the root type "prosemirror"; type (1, 0), to the left; without a side.
        for bytes in [
            &[0_u8, 7, 3, 0][..],
            b"\x01\x0bprosemirror\x00",
            &[2, 1, 0, 0x41],
            &[0, 7, 3],
        ] {
            assert!(is_position(&STANDARD.encode(bytes)), "{bytes:?}");
        }
        for bytes in [
            &[][..],
            &[0, 7],
            &[3, 1, 1, 0],
            b"\x01\x7fshort",
            &[0, 7, 3, 0, 0],
            &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0],
        ] {
            assert!(!is_position(&STANDARD.encode(bytes)), "{bytes:?}");
        }
        assert!(!is_position("not base64!"));
        assert!(!is_position(&STANDARD.encode([1; 2_000])));
    }
}
