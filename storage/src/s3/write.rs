//! Requests that carry content which is in memory, and copies within the bucket.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use bytes::Bytes;

use super::connect::Bucket;
use super::error::sorted;
use crate::error::StorageError;

impl Bucket {
    /// Puts an object, in one request. The server refuses it if the bytes do not have the SHA-256 `checksum`.
    pub(crate) async fn put(
        &self,
        path: &str,
        content: Bytes,
        checksum: Option<&[u8; 32]>,
    ) -> Result<(), StorageError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(self.key(path))
            .set_checksum_sha256(checksum.map(base64))
            .body(ByteStream::from(content));
        let sent = request.customize().config_override(self.patient()).send().await;
        sent.map(|_| ()).map_err(sorted("storing an object"))
    }

    /// Copies an object of at most 5 GiB; its age begins anew. Whether there was one.
    pub(crate) async fn copy(&self, from: &str, to: &str) -> Result<bool, StorageError> {
        let request = self
            .client
            .copy_object()
            .bucket(&self.name)
            .copy_source(format!("{}/{}", self.name, self.key(from)))
            .key(self.key(to));
        match request.customize().config_override(self.patient()).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().code() == Some("NoSuchKey") => Ok(false),
            Err(error) => Err(sorted("copying an object")(error)),
        }
    }
}

/// As headers of S3 carry checksums.
pub(super) fn base64(bytes: &[u8; 32]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
