//! Puts an object whose bytes come in pieces: a small one in one request, a large one in parts.
//!
//! Invariant: the object appears whole, when [`Upload::finish`] returns, or not at all. At most one part is held in
//! memory. An upload that is dropped is given up at the server, and what a dying process leaves there is swept.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio_util::task::TaskTracker;

use super::connect::Bucket;
use super::error::{S3Problem, sorted};
use crate::error::StorageError;

/// The length of every part but the last. Servers take 10,000 of them, 80 GB.
pub(crate) const PART_BYTES: usize = 8 * 1024 * 1024;

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uploaded {
    /// Its length.
    pub(crate) size_bytes: u64,
    /// Its SHA-256.
    pub(crate) checksum: [u8; 32],
}

/// An object that is on its way.
pub(crate) struct Upload {
    bucket: Bucket,
    path: String,
    tasks: TaskTracker,
    waiting: BytesMut,
    hash: Sha256,
    size_bytes: u64,
    /// The upload in parts, once there is one.
    id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Bucket {
    /// Begins to put an object at `path`.
    pub(crate) fn upload(&self, path: String, tasks: &TaskTracker) -> Upload {
        Upload {
            bucket: self.clone(),
            path,
            tasks: tasks.clone(),
            waiting: BytesMut::new(),
            hash: Sha256::new(),
            size_bytes: 0,
            id: None,
            parts: Vec::new(),
        }
    }
}

impl Upload {
    /// Takes the next bytes; returns when the server has taken every part that they complete.
    pub(crate) async fn write(&mut self, mut bytes: Bytes) -> Result<(), StorageError> {
        self.hash.update(&bytes);
        self.size_bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            // A full part is sent only when more comes, so that the last one is never empty.
            if self.waiting.len() == PART_BYTES {
                self.send_part().await?;
            }
            let room = PART_BYTES - self.waiting.len();
            let piece = bytes.split_to(room.min(bytes.len()));
            self.waiting.extend_from_slice(&piece);
        }
        Ok(())
    }

    /// Makes the object appear.
    pub(crate) async fn finish(mut self) -> Result<Uploaded, StorageError> {
        let checksum: [u8; 32] = std::mem::take(&mut self.hash).finalize().into();
        let uploaded = Uploaded {
            size_bytes: self.size_bytes,
            checksum,
        };
        if self.id.is_none() {
            let content = std::mem::take(&mut self.waiting).freeze();
            self.bucket.put(&self.path, content, Some(&checksum)).await?;
            return Ok(uploaded);
        }
        self.send_part().await?;
        self.complete().await?;
        // From here on there is nothing to give up.
        self.id = None;
        Ok(uploaded)
    }

    async fn send_part(&mut self) -> Result<(), StorageError> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => self.begin().await?,
        };
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let content = std::mem::take(&mut self.waiting).freeze();
        let bucket = &self.bucket;
        let request = bucket
            .client
            .upload_part()
            .bucket(&bucket.name)
            .key(bucket.key(&self.path))
            .upload_id(id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(content));
        let sent = request.customize().config_override(bucket.patient()).send().await;
        let sent = sent.map_err(sorted("storing a part of an object"))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32);
        self.parts.push(part.build());
        Ok(())
    }

    async fn begin(&mut self) -> Result<String, StorageError> {
        const OPERATION: &str = "beginning an upload";
        let bucket = &self.bucket;
        let request = bucket
            .client
            .create_multipart_upload()
            .bucket(&bucket.name)
            .key(bucket.key(&self.path))
            .checksum_algorithm(ChecksumAlgorithm::Crc32);
        let begun = request.send().await.map_err(sorted(OPERATION))?;
        let id = begun.upload_id.ok_or_else(|| {
            StorageError::unavailable(OPERATION, S3Problem::BrokeOff("it has no id".to_owned()))
        })?;
        self.id = Some(id.clone());
        Ok(id)
    }

    async fn complete(&mut self) -> Result<(), StorageError> {
        const OPERATION: &str = "completing an upload";
        let bucket = &self.bucket;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts)));
        let request = bucket
            .client
            .complete_multipart_upload()
            .bucket(&bucket.name)
            .key(bucket.key(&self.path))
            .set_upload_id(self.id.clone())
            .multipart_upload(parts.build());
        match request.customize().config_override(bucket.patient()).send().await {
            Ok(_) => Ok(()),
            // The answer to a first try was lost: then the object is there.
            Err(SdkError::ServiceError(error)) if error.err().code() == Some("NoSuchUpload") => {
                let head = bucket.head(&self.path).await?;
                if head.is_some_and(|head| head.size_bytes == self.size_bytes) {
                    return Ok(());
                }
                Err(sorted(OPERATION)(SdkError::ServiceError(error)))
            }
            Err(error) => Err(sorted(OPERATION)(error)),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let (bucket, key) = (self.bucket.clone(), self.bucket.key(&self.path));
        // Without a runtime the process is ending, and the sweep finds what is left.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        self.tasks.spawn_on(
            async move {
                if let Err(error) = bucket.abort(&key, &id).await {
                    tracing::debug!(%error, "an upload was not given up at the server; the sweep will do it");
                }
            },
            &runtime,
        );
    }
}
