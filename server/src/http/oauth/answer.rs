//! Answers of the protocol endpoints: JSON that no cache keeps, and errors as clients of OAuth know them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use weft_storage::records::RecordError;

use crate::accounts::AccountError;
use crate::auth::oauth::{OAuthError, OAuthErrorCode};
use crate::auth::tokens::keys::KeyError;
use crate::http::Problem;

const UNAVAILABLE: OAuthError = OAuthError::new(
    OAuthErrorCode::TemporarilyUnavailable,
    "this cannot be done now; try again",
);
const BROKEN: OAuthError = OAuthError::new(
    OAuthErrorCode::ServerError,
    "something went wrong here; the log says what",
);

/// An error of OAuth (RFC 6749 5.2).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(super) struct ErrorView {
    /// The code.
    #[schema(max_length = 63)]
    error: String,
    /// What it means, for developers.
    #[schema(max_length = 500)]
    error_description: String,
}

/// What an endpoint answers if it does not do what was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// As OAuth knows it.
    OAuth(OAuthError),
    /// As everything else here.
    Problem(Problem),
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the records failed a request"
        );
        Self::OAuth(UNAVAILABLE)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "nothing can be signed");
        Self::OAuth(BROKEN)
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Records(error) => error.into(),
            AccountError::Key(error) => error.into(),
            AccountError::WrongSecret
            | AccountError::Disabled
            | AccountError::SessionOver
            | AccountError::Weak(_) => OAuthError::grant().into(),
            AccountError::SlowDown(_) | AccountError::Hashing(_) => Self::OAuth(UNAVAILABLE),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Problem(problem) => return problem.into_response(),
            Self::OAuth(error) => error,
        };
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = json(status, &error.body());
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"oauth\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// `body` as JSON that no cache keeps.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
