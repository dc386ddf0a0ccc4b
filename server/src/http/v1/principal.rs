//! Who asks: the token of a request, and what it opens.
//!
//! Tokens come in the `Authorization` header alone; one in the address would end up in logs.

use axum::http::{HeaderMap, StatusCode, header};
use weft_protocol::id::DocumentName;

use super::Api;
use crate::auth::{Access, Refusal, Unauthorized};
use crate::http::Problem;

/// No token, or none that is good.
const UNAUTHORIZED: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "UNAUTHORIZED",
    "a valid token is required: send it as `Authorization: Bearer …`",
);
/// A good token that does not allow this.
const READ_ONLY: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "READ_ONLY",
    "this token does not allow changes",
);

impl Api {
    /// What the request's token allows with `document`; `None` if nothing.
    ///
    /// # Errors
    /// [`UNAUTHORIZED`] without a good token.
    pub(super) fn access(
        &self,
        headers: &HeaderMap,
        document: &DocumentName,
    ) -> Result<Option<Access>, Problem> {
        let now = u64::try_from(self.clock.now_ms() / 1000).unwrap_or(0);
        match self.authenticator.authorize(bearer(headers), document, now) {
            Ok(grant) => Ok(Some(grant.access)),
            Err(Refusal::Forbidden) => Ok(None),
            Err(Refusal::Unauthorized(
                Unauthorized::Missing
                | Unauthorized::TooLong
                | Unauthorized::Invalid
                | Unauthorized::Expired
                | Unauthorized::LivesTooLong,
            )) => Err(UNAUTHORIZED),
        }
    }

    /// Like [`Self::access`], for a change.
    ///
    /// # Errors
    /// Also a 403 if the token only allows reading.
    pub(super) fn write_access(
        &self,
        headers: &HeaderMap,
        document: &DocumentName,
    ) -> Result<Option<()>, Problem> {
        match self.access(headers, document)? {
            Some(Access::ReadWrite) => Ok(Some(())),
            Some(Access::ReadOnly) => Err(READ_ONLY),
            None => Ok(None),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
