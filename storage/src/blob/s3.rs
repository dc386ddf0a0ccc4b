//! Blobs in a bucket that several nodes share: `blobs/ab/cdef…`, where `abcdef…` is the SHA-256 of the content.
//!
//! Invariant: a blob that any node has put within the grace period is there, whether or not a row names it yet. Putting
//! makes a blob young again, also where it existed; the sweep looks at the age just before it acts, and even then only
//! moves the blob to `swept/`, where readers find it. From there it comes back if a row names it, and goes for good a
//! grace period later if none does. So a sweep that races the putting of the same bytes by another node loses nothing.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::task::TaskTracker;

use super::{BlobKey, BlobProblem, BlobStore};
use crate::error::StorageError;
use crate::s3::{Bucket, is_older};

const BLOBS: &str = "blobs/";
const SWEPT: &str = "swept/";
/// Blobs up to this length are put in one request, which the server checks against their key.
const ONE_REQUEST_BYTES: usize = 16 * 1024 * 1024;
/// The longest blob that is read, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// A blob store in a bucket.
#[derive(Debug)]
pub(crate) struct S3Blobs {
    bucket: Bucket,
    tasks: TaskTracker,
}

impl S3Blobs {
    pub(crate) fn new(bucket: Bucket, tasks: TaskTracker) -> Self {
        Self { bucket, tasks }
    }

    async fn read(&self, key: BlobKey) -> Result<Option<Bytes>, StorageError> {
        match self.bucket.get_whole(&path(BLOBS, key), MAX_BYTES).await? {
            Some(content) => Ok(Some(content)),
            None => self.bucket.get_whole(&path(SWEPT, key), MAX_BYTES).await,
        }
    }

    async fn list(&self, folder: &str, mut each: impl FnMut(BlobKey, i64)) -> Result<(), StorageError> {
        let mut after: Option<String> = None;
        loop {
            if self.tasks.is_closed() {
                return Err(StorageError::Closed);
            }
            let page = self.bucket.list(folder, after.as_deref()).await?;
            for object in &page.objects {
                // Names that are none of ours are left alone.
                if let Some(key) = key_of(folder, &object.path) {
                    each(key, object.put_at_ms);
                }
            }
            if page.is_last {
                return Ok(());
            }
            after = page.objects.into_iter().next_back().map(|object| object.path);
        }
    }
}

#[async_trait]
impl BlobStore for S3Blobs {
    /// Also where the blob exists: then it is as young as if it had not, and damaged bytes are replaced.
    async fn put(&self, content: Bytes) -> Result<BlobKey, StorageError> {
        let key = BlobKey::of(&content);
        if content.len() <= ONE_REQUEST_BYTES {
            self.bucket
                .put(&path(BLOBS, key), content, Some(key.as_bytes()))
                .await?;
        } else {
            let mut upload = self.bucket.upload(path(BLOBS, key), &self.tasks);
            upload.write(content).await?;
            upload.finish().await?;
        }
        Ok(key)
    }

    async fn get(&self, key: BlobKey) -> Result<Bytes, BlobProblem> {
        match self.read(key).await {
            Ok(Some(content)) if BlobKey::of(&content) == key => Ok(content),
            Ok(Some(_)) => Err(BlobProblem::Mismatch),
            Ok(None) => Err(BlobProblem::Missing),
            Err(error @ StorageError::TooLarge { .. }) => Err(BlobProblem::Unreadable(error.to_string())),
            Err(error) => Err(BlobProblem::Unavailable(error)),
        }
    }

    async fn get_unverified(&self, key: BlobKey) -> Option<Bytes> {
        self.read(key).await.ok().flatten()
    }

    async fn keys(&self) -> Result<Vec<BlobKey>, StorageError> {
        let mut keys = Vec::new();
        self.list(BLOBS, |key, _| keys.push(key)).await?;
        Ok(keys)
    }

    async fn has(&self, key: BlobKey) -> Result<bool, StorageError> {
        Ok(self.bucket.head(&path(BLOBS, key)).await?.is_some())
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn sweep(&self, keys: &[BlobKey], grace: Duration) -> Result<Vec<BlobKey>, StorageError> {
        let mut removed = Vec::new();
        if keys.is_empty() {
            return Ok(removed);
        }
        let now_ms = self.bucket.now_ms().await?;
        for key in keys {
            let (blob, swept) = (path(BLOBS, *key), path(SWEPT, *key));
            let Some(head) = self.bucket.head(&blob).await? else {
                continue;
            };
            // Time has passed since, so that the blob is older than this says.
            if !is_older(head.put_at_ms, now_ms, grace) {
                continue;
            }
            if self.bucket.copy(&blob, &swept).await? {
                self.bucket.remove(&blob).await?;
                removed.push(*key);
            }
        }
        Ok(removed)
    }

    async fn settle(&self, named: &HashSet<BlobKey>, grace: Duration) -> Result<(), StorageError> {
        let now_ms = self.bucket.now_ms().await?;
        let mut swept = Vec::new();
        self.list(SWEPT, |key, swept_at_ms| swept.push((key, swept_at_ms)))
            .await?;
        for (key, swept_at_ms) in swept {
            let (blob, aside) = (path(BLOBS, key), path(SWEPT, key));
            if named.contains(&key) && self.bucket.head(&blob).await?.is_none() {
                tracing::warn!(blob.key = %key, "a blob that was swept is named again; it comes back");
                self.bucket.copy(&aside, &blob).await?;
            } else if is_older(swept_at_ms, now_ms, grace) {
                self.bucket.remove(&aside).await?;
            }
        }
        Ok(())
    }
}

fn path(folder: &str, key: BlobKey) -> String {
    let name = key.to_string();
    let (shelf, rest) = name.split_at(2);
    format!("{folder}{shelf}/{rest}")
}

fn key_of(folder: &str, path: &str) -> Option<BlobKey> {
    let (shelf, rest) = path.strip_prefix(folder)?.split_once('/')?;
    let key = BlobKey::parse(&format!("{shelf}{rest}"))?;
    // The same key is written in one way only.
    (self::path(folder, key) == path).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_key_and_nothing_else_is() {
        let key = BlobKey::of(b"x");
        assert_eq!(key_of(BLOBS, &path(BLOBS, key)), Some(key));
        let upper = path(BLOBS, key).to_uppercase().replace("BLOBS/", BLOBS);
        for other in ["blobs/ab/cd", "blobs/README", "swept/ab/cd", upper.as_str()] {
            assert_eq!(key_of(BLOBS, other), None, "{other}");
        }
    }
}
