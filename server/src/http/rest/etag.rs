//! Versions of resources as entity tags, and the conditions that requests put on them (RFC 9110).
//!
//! Invariant: a tag is strong and changes with every change of what it stands for.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::http::Problem;

/// How many tags a condition may list.
const MAX_TAGS: usize = 16;
/// How long a condition may be, in bytes.
pub const MAX_CONDITION_BYTES: usize = 4_096;

/// The version of a row as an entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ETag(pub(crate) i64);

impl ETag {
    /// The tag of something that has no version of its own, by what is shown of it.
    pub fn of(shown: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(shown).into();
        let mut start = [0; 8];
        start.copy_from_slice(&digest[..8]);
        Self(i64::from_be_bytes(start) & i64::MAX)
    }

    /// The value of the header.
    pub fn value(self) -> HeaderValue {
        // Digits in quotes are always a value.
        HeaderValue::from_str(&format!("\"{}\"", self.0)).unwrap_or(HeaderValue::from_static("\"\""))
    }
}

/// The condition of a change: the resource must still be at a version that the client has seen. As an extractor it is
/// required; take `Option<IfMatch>` where a change without one is allowed.
///
/// # Errors
/// As an extractor: 428 if it is missing, 400 if it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Condition);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Any,
    /// As they came: quotes and, if weak, `W/` included.
    Tags(Vec<String>),
}

/// The condition does not hold.
pub const PRECONDITION_FAILED: Problem = Problem::new(
    StatusCode::PRECONDITION_FAILED,
    "PRECONDITION_FAILED",
    "it has changed since it was read; read it again",
);
const PRECONDITION_REQUIRED: Problem = Problem::new(
    StatusCode::PRECONDITION_REQUIRED,
    "PRECONDITION_REQUIRED",
    "this change needs If-Match with the ETag of what was read",
);
/// The condition cannot be read.
pub const INVALID_CONDITION: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "INVALID_CONDITION",
    "If-Match and If-None-Match hold tags such as \"7\", or *",
);

impl IfMatch {
    /// Whether any version will do, as long as there is one.
    pub fn is_any(&self) -> bool {
        self.0 == Condition::Any
    }

    /// Lets a change of what is at `current` through.
    ///
    /// # Errors
    /// 412 if the condition does not hold.
    pub fn check(&self, current: ETag) -> Result<(), Problem> {
        let own = format!("\"{}\"", current.0);
        let holds = match &self.0 {
            Condition::Any => true,
            // A weak tag is never equal to a strong one here.
            Condition::Tags(tags) => tags.contains(&own),
        };
        if holds { Ok(()) } else { Err(PRECONDITION_FAILED) }
    }

    /// Like [`Self::check`], of something that may not be there yet: then no condition holds, not even `*`.
    ///
    /// # Errors
    /// 412 if there is a condition and it does not hold.
    pub fn check_place(condition: Option<&Self>, current: Option<ETag>) -> Result<(), Problem> {
        match (condition, current) {
            (None, _) => Ok(()),
            (Some(condition), Some(current)) => condition.check(current),
            (Some(_), None) => Err(PRECONDITION_FAILED),
        }
    }

    /// Like [`Self::check`] for a condition that may be absent.
    ///
    /// # Errors
    /// 412 if there is one and it does not hold.
    pub fn check_if_given(condition: Option<&Self>, current: ETag) -> Result<(), Problem> {
        condition.map_or(Ok(()), |condition| condition.check(current))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.headers, &header::IF_MATCH)?
            .map(Self)
            .ok_or(PRECONDITION_REQUIRED)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        Ok(read(&parts.headers, &header::IF_MATCH)?.map(Self))
    }
}

/// What a client has already; a read of the same version is 304.
///
/// # Errors
/// As an extractor: 400 if it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IfNoneMatch(Option<Condition>);

impl IfNoneMatch {
    /// Whether the client has what is at `current`.
    pub fn has(&self, current: ETag) -> bool {
        let own = format!("\"{}\"", current.0);
        match &self.0 {
            None => false,
            Some(Condition::Any) => true,
            Some(Condition::Tags(tags)) => tags.iter().any(|tag| tag.trim_start_matches("W/") == own),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.headers, &header::IF_NONE_MATCH).map(Self)
    }
}

fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Condition>, Problem> {
    let mut tags = Vec::new();
    let mut any = false;
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_| INVALID_CONDITION)?;
        if value.len() > MAX_CONDITION_BYTES {
            return Err(INVALID_CONDITION);
        }
        // Our tags hold digits, so a comma never stands within one that could be equal to ours.
        for tag in value.split(',').map(str::trim) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let is_tag = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
            match tag {
                "*" => any = true,
                _ if is_tag && tags.len() < MAX_TAGS => tags.push(tag.to_owned()),
                _ => return Err(INVALID_CONDITION),
            }
        }
    }
    match (any, tags.is_empty()) {
        (true, true) => Ok(Some(Condition::Any)),
        (true, false) => Err(INVALID_CONDITION),
        (false, true) => Ok(None),
        (false, false) => Ok(Some(Condition::Tags(tags))),
    }
}
