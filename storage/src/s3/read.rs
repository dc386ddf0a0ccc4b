//! Reads an object piece by piece. A reading that breaks off goes on where it was, as long as the object is the same.

use aws_sdk_s3::config::{Builder, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::time::timeout;

use super::connect::Bucket;
use super::error::{S3Problem, sorted, text_of};
use crate::error::StorageError;

const OPERATION: &str = "reading an object";
/// How often a reading may break off.
const RESUMPTIONS: u32 = 4;

/// Who sees that the bytes are the ones that were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckedBy {
    /// The reader, who knows their checksum.
    Caller,
    /// The client, where the server has kept a checksum.
    Client,
}

/// An object that is being read.
pub(crate) struct Download {
    /// Its length.
    pub(crate) size_bytes: u64,
    /// Its bytes in pieces; where the server has kept a checksum, the last one comes only if it is right.
    pub(crate) pieces: BoxStream<'static, Result<Bytes, StorageError>>,
}

struct Reading {
    bucket: Bucket,
    path: String,
    tag: Option<String>,
    body: ByteStream,
    at: u64,
    size_bytes: u64,
    resumptions: u32,
}

impl Bucket {
    /// Begins to read an object; `None` if there is none.
    pub(crate) async fn get(&self, path: &str, checked: CheckedBy) -> Result<Option<Download>, StorageError> {
        let request = self.client.get_object().bucket(&self.name).key(self.key(path));
        let validation = match checked {
            CheckedBy::Caller => ResponseChecksumValidation::WhenRequired,
            CheckedBy::Client => ResponseChecksumValidation::WhenSupported,
        };
        let settings = Builder::new().response_checksum_validation(validation);
        let found = match request.customize().config_override(settings).send().await {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(sorted(OPERATION)(error)),
        };
        let size_bytes = length(&found);
        let reading = Reading {
            bucket: self.clone(),
            path: path.to_owned(),
            tag: found.e_tag().map(str::to_owned),
            body: found.body,
            at: 0,
            size_bytes,
            resumptions: 0,
        };
        let pieces = stream::try_unfold(reading, |mut reading| async move {
            let piece = reading.next().await?;
            Ok(piece.map(|piece| (piece, reading)))
        });
        Ok(Some(Download {
            size_bytes,
            pieces: pieces.boxed(),
        }))
    }

    /// A whole object, whose bytes the caller checks, and which must not be longer than `limit`; `None` if there is none.
    pub(crate) async fn get_whole(&self, path: &str, limit: u64) -> Result<Option<Bytes>, StorageError> {
        let Some(mut download) = self.get(path, CheckedBy::Caller).await? else {
            return Ok(None);
        };
        if download.size_bytes > limit {
            return Err(StorageError::TooLarge {
                what: "an object in the bucket",
                actual: download.size_bytes,
                limit,
            });
        }
        let mut whole =
            bytes::BytesMut::with_capacity(usize::try_from(download.size_bytes).unwrap_or_default());
        while let Some(piece) = download.pieces.next().await {
            whole.extend_from_slice(&piece?);
        }
        Ok(Some(whole.freeze()))
    }
}

fn is_missing(error: &SdkError<GetObjectError>) -> bool {
    let SdkError::ServiceError(error) = error else {
        return false;
    };
    error.err().is_no_such_key()
        || (error.raw().status().as_u16() == 404 && error.err().code() != Some("NoSuchBucket"))
}

fn length(found: &GetObjectOutput) -> u64 {
    found
        .content_length()
        .and_then(|length| length.try_into().ok())
        .unwrap_or_default()
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, StorageError> {
        let silence = self.bucket.timeouts.silence;
        loop {
            let broken = match timeout(silence, self.body.next()).await {
                Ok(Some(Ok(piece))) => {
                    self.at += piece.len() as u64;
                    return Ok(Some(piece));
                }
                Ok(None) if self.at == self.size_bytes => return Ok(None),
                Ok(None) => S3Problem::BrokeOff("it ended early".to_owned()),
                Ok(Some(Err(error))) => S3Problem::BrokeOff(text_of(&error)),
                Err(_) => S3Problem::Silent(silence),
            };
            // At its end there is nothing left to ask for: the checksum is wrong, or the length.
            if self.at >= self.size_bytes || self.resumptions == RESUMPTIONS {
                return Err(StorageError::unavailable(OPERATION, broken));
            }
            self.resumptions += 1;
            self.resume().await?;
        }
    }

    /// Asks for the rest.
    async fn resume(&mut self) -> Result<(), StorageError> {
        let bucket = &self.bucket;
        let request = bucket
            .client
            .get_object()
            .bucket(&bucket.name)
            .key(bucket.key(&self.path))
            .set_if_match(self.tag.clone())
            .range(format!("bytes={}-", self.at));
        let rest = request.send().await.map_err(sorted(OPERATION))?;
        if length(&rest) != self.size_bytes - self.at {
            return Err(StorageError::unavailable(OPERATION, S3Problem::Changed));
        }
        self.body = rest.body;
        Ok(())
    }
}
