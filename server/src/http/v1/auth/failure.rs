//! What failures of accounts are to the one who asked.
//!
//! Invariant: for whoever does not hold the secret, an account that does not exist fails exactly like one that does.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use weft_storage::records::RecordError;

use crate::accounts::{AccountError, AdminError, RegisterError};
use crate::auth::password::HashingError;
use crate::http::Problem;
use crate::http::problem::{Detail, NOT_FOUND};
use crate::http::rest::json::unprocessable;

/// How long somebody waits for whom no password can be hashed now, in seconds.
const BUSY_SECONDS: u64 = 2;

/// A problem, and when to try again.
#[derive(Debug)]
pub(in crate::http::v1) struct Failure {
    problem: Problem,
    retry_after: Option<u64>,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            retry_after: None,
        }
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Problem::from(error).into()
    }
}

impl Failure {
    /// The same code for machines, about a code or token in the body rather than about who asks: 422, with the place.
    pub(super) fn about(field: &'static str, error: AccountError) -> Self {
        if !matches!(error, AccountError::WrongSecret) {
            return error.into();
        }
        unprocessable(Detail {
            field: field.to_owned(),
            code: "NOT_ACCEPTED",
            message: "does not count (any more)".to_owned(),
        })
        .into()
    }

    const fn of(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            problem: Problem::new(status, code, message),
            retry_after: None,
        }
    }

    fn after(self, seconds: u64) -> Self {
        Self {
            problem: self.problem,
            retry_after: Some(seconds),
        }
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::WrongSecret => Self::of(
                StatusCode::UNAUTHORIZED,
                "INVALID_CREDENTIALS",
                "the e-mail address or the password is wrong",
            ),
            AccountError::Disabled => Self::of(
                StatusCode::FORBIDDEN,
                "ACCOUNT_DISABLED",
                "this account is disabled",
            ),
            AccountError::SessionOver => Self::of(
                StatusCode::UNAUTHORIZED,
                "SESSION_ENDED",
                "the session has ended; log in again",
            ),
            AccountError::SlowDown(wait) => Self::of(
                StatusCode::TOO_MANY_REQUESTS,
                "TOO_MANY_ATTEMPTS",
                "too many attempts; try again later",
            )
            .after(wait.retry_after.as_secs().max(1)),
            AccountError::Weak(weak) => unprocessable(Detail {
                field: "password".to_owned(),
                code: weak.code(),
                message: weak.to_string(),
            })
            .into(),
            AccountError::Hashing(HashingError::Busy(_)) => Self::of(
                StatusCode::SERVICE_UNAVAILABLE,
                "BUSY",
                "too many passwords are being checked; try again in a moment",
            )
            .after(BUSY_SECONDS),
            AccountError::Hashing(_) | AccountError::Key(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an account failed");
                Self::of(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "INTERNAL_ERROR",
                    "something went wrong here; the log says what",
                )
            }
            AccountError::Records(error) => error.into(),
        }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Missing => NOT_FOUND.into(),
            AdminError::Changed => Self::of(
                StatusCode::CONFLICT,
                "CONFLICT",
                "the account has changed meanwhile; read it again",
            ),
            AdminError::LastAdmin => Self::of(
                StatusCode::CONFLICT,
                "LAST_ADMIN",
                "the server would be left without an administrator",
            ),
            AdminError::LastOwner => Self::of(
                StatusCode::CONFLICT,
                "LAST_OWNER",
                "a workspace with other members would be left without an owner; name another one first",
            ),
            AdminError::Account(error) => error.into(),
        }
    }
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Closed => Self::of(
                StatusCode::FORBIDDEN,
                "REGISTRATION_CLOSED",
                "accounts are made by administrators here",
            ),
            RegisterError::NotInvited => Self::of(
                StatusCode::FORBIDDEN,
                "INVITATION_REQUIRED",
                "an invitation is needed to register here",
            ),
            RegisterError::EmailTaken => Self::of(
                StatusCode::CONFLICT,
                "EMAIL_TAKEN",
                "there is an account with this e-mail address",
            ),
            RegisterError::UsernameTaken => Self::of(
                StatusCode::CONFLICT,
                "USERNAME_TAKEN",
                "there is an account with this username",
            ),
            RegisterError::Account(error) => error.into(),
        }
    }
}
