//! The emoji of a reaction, out of an address.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{invalid, path};

/// A comment and an emoji. Short names such as `tada` are read as well.
///
/// # Errors
/// As an extractor: 404 if the first is no id.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReactionPath {
    /// The comment.
    pub(super) comment: Uuid,
    emoji: Option<&'static str>,
}

impl ReactionPath {
    /// The emoji, in its one full spelling. To be asked once it is known that the comment may be seen.
    ///
    /// # Errors
    /// 422 if it is none.
    pub(super) fn emoji(self) -> Result<&'static str, Problem> {
        let rule = "must be one emoji, or the short name of one";
        self.emoji.ok_or_else(|| invalid("emoji", "INVALID_VALUE", rule))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ReactionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((comment, emoji)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| NOT_FOUND)?;
        Ok(Self {
            comment: path::parse(&comment)?,
            emoji: parse(&emoji),
        })
    }
}

/// The emoji that `text` is or names.
pub(super) fn parse(text: &str) -> Option<&'static str> {
    let known = emojis::get(text).or_else(|| emojis::get_by_shortcode(text))?;
    Some(known.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_has_one_spelling() {
        for (text, expected) in [
            ("\u{1f44d}", Some("\u{1f44d}")),
            ("\u{1f44d}\u{1f3fd}", Some("\u{1f44d}\u{1f3fd}")),
            ("\u{2764}\u{fe0f}", Some("\u{2764}\u{fe0f}")),
            ("\u{2764}", Some("\u{2764}\u{fe0f}")),
            ("tada", Some("\u{1f389}")),
            ("+1", Some("\u{1f44d}")),
            ("", None),
            ("zz", None),
            ("\u{1f44d}\u{1f44d}", None),
            ("<script>", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
