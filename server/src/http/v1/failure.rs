//! What a failure of the records means to the one who asked.

use axum::http::StatusCode;
use weft_storage::AuditArchiveError;
use weft_storage::records::RecordError;

use crate::http::Problem;

/// Lets handlers pass failures of the records on with `?`.
impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Taken => Self::new(
                StatusCode::CONFLICT,
                "ALREADY_EXISTS",
                "there is something with this name or address already",
            ),
            RecordError::Dangling => Self::new(
                StatusCode::CONFLICT,
                "REFERENCE_MISSING",
                "something that this refers to is gone, or something still refers to this",
            ),
            RecordError::Storage(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the records failed a request"
                );
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "STORAGE_UNAVAILABLE",
                    "this cannot be read or saved now; nothing was changed that was not acknowledged",
                )
            }
        }
    }
}

/// And failures of the archive of the audit log. What is damaged there is named in the server's own log.
impl From<AuditArchiveError> for Problem {
    fn from(error: AuditArchiveError) -> Self {
        match error {
            AuditArchiveError::Records(error) => error.into(),
            AuditArchiveError::Storage(error) => RecordError::Storage(error).into(),
            AuditArchiveError::Broken(_) | AuditArchiveError::Damaged { .. } => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "archived entries of an audit log cannot be read");
                Self::INTERNAL
            }
        }
    }
}
