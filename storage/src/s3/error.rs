//! Sorts what an S3 server answers, or does not, into [`StorageError`].

use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

use crate::error::StorageError;

/// What is wrong with the bucket or the way to it.
#[derive(Debug, thiserror::Error)]
pub(super) enum S3Problem {
    /// Nobody is there.
    #[error("the S3 server cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("the S3 server did not answer in time")]
    Slow,
    /// It went silent in the middle of an answer.
    #[error("the S3 server sent nothing for {0:?} in the middle of an object")]
    Silent(Duration),
    /// The answer broke off, and asking for the rest did not help.
    #[error("an object broke off: {0}")]
    BrokeOff(String),
    /// The object is not the one that was begun to be read.
    #[error("an object has changed while it was read")]
    Changed,
    /// The bucket does not exist.
    #[error("the bucket does not exist")]
    NoBucket,
    /// The key is unknown or may not do that.
    #[error("the S3 server refuses access ({0})")]
    Denied(String),
    /// There was no key to ask with, or the request could not be made for another reason.
    #[error("the request could not be made: {0}")]
    Unmade(String),
    /// It answered something else.
    #[error("the S3 server answered {status} ({code}, request {request})")]
    Refused {
        status: u16,
        code: String,
        request: String,
    },
}

const DENIED: [&str; 6] = [
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
];
const FULL: [&str; 4] = [
    "InsufficientStorage",
    "QuotaExceeded",
    "XMinioStorageFull",
    "XMinioStorageQuotaExceeded",
];

/// Adds what was being done and turns the error into ours.
pub(super) fn sorted<E>(operation: &'static str) -> impl Fn(SdkError<E>) -> StorageError
where
    E: ProvideErrorMetadata + RequestId + std::error::Error + Send + Sync + 'static,
{
    move |error| {
        let problem = match &error {
            SdkError::TimeoutError(_) => S3Problem::Slow,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => S3Problem::Slow,
            // Whatever broke on the way; a key that cannot be found is of no kind.
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.as_other().is_some() => {
                S3Problem::Unreachable(text_of(&error))
            }
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                let code = service.err().code().unwrap_or_default();
                if status == 507 || FULL.contains(&code) {
                    return StorageError::Full;
                }
                match code {
                    "NoSuchBucket" => S3Problem::NoBucket,
                    _ if DENIED.contains(&code) || matches!(status, 401 | 403) => {
                        S3Problem::Denied(if code.is_empty() {
                            status.to_string()
                        } else {
                            code.to_owned()
                        })
                    }
                    _ => S3Problem::Refused {
                        status,
                        code: code.to_owned(),
                        request: service.err().request_id().unwrap_or("unknown").to_owned(),
                    },
                }
            }
            SdkError::ResponseError(_) => S3Problem::BrokeOff(text_of(&error)),
            _ => S3Problem::Unmade(text_of(&error)),
        };
        StorageError::unavailable(operation, problem)
    }
}

/// The error with its causes, bounded.
pub(super) fn text_of(error: &(impl std::error::Error + ?Sized)) -> String {
    const MAX_BYTES: usize = 300;
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if parts.last().is_none_or(|last| !last.contains(&text)) {
            parts.push(text);
        }
        cause = error.source();
    }
    let mut text = parts.join(": ");
    text.truncate(text.floor_char_boundary(MAX_BYTES));
    text
}
