//! Objects in a bucket that several nodes share: `objects/workspaces/<workspace>/<shelf>/<id>` and
//! `objects/users/<user>/<shelf>/<id>`, where the shelf is the last two digits of the id.
//!
//! Invariant: an object appears whole or not at all. No part of a name comes from anywhere but an id.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::task::TaskTracker;

use super::path::{key_of, steps};
use super::{ObjectKey, ObjectReader, ObjectStore, ObjectUpload, StoredObject};
use crate::error::StorageError;
use crate::s3::{Bucket, CheckedBy, Upload, is_older};

const OBJECTS: &str = "objects/";

/// An object store in a bucket.
#[derive(Debug)]
pub(crate) struct S3Objects {
    bucket: Bucket,
    tasks: TaskTracker,
}

impl S3Objects {
    pub(crate) fn new(bucket: Bucket, tasks: TaskTracker) -> Self {
        Self { bucket, tasks }
    }
}

fn path_of(key: ObjectKey) -> String {
    format!("{OBJECTS}{}", steps(key).join("/"))
}

fn parse(path: &str) -> Option<ObjectKey> {
    let mut parts = path.strip_prefix(OBJECTS)?.split('/');
    let (kind, owner, _shelf, id) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    key_of(kind, owner, id).filter(|key| path_of(*key) == path)
}

#[async_trait]
impl ObjectStore for S3Objects {
    async fn begin(&self, key: ObjectKey) -> Result<Box<dyn ObjectUpload>, StorageError> {
        let path = path_of(key);
        if self.bucket.head(&path).await?.is_some() {
            let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(StorageError::unavailable("beginning an upload", taken));
        }
        Ok(Box::new(S3Upload(self.bucket.upload(path, &self.tasks))))
    }

    async fn open(&self, key: ObjectKey) -> Result<Option<ObjectReader>, StorageError> {
        let found = self.bucket.get(&path_of(key), CheckedBy::Client).await?;
        Ok(found.map(|download| ObjectReader {
            size_bytes: download.size_bytes,
            bytes: download.pieces,
        }))
    }

    async fn remove(&self, key: ObjectKey) -> Result<(), StorageError> {
        self.bucket.remove(&path_of(key)).await
    }

    async fn list(
        &self,
        age: Duration,
        after: Option<ObjectKey>,
        limit: usize,
    ) -> Result<Vec<ObjectKey>, StorageError> {
        let now_ms = self.bucket.now_ms().await?;
        let mut after = after.map(path_of);
        let mut found = Vec::new();
        loop {
            let page = self.bucket.list(OBJECTS, after.as_deref()).await?;
            for object in &page.objects {
                if is_older(object.put_at_ms, now_ms, age) {
                    found.extend(parse(&object.path));
                }
                if found.len() >= limit {
                    return Ok(found);
                }
            }
            if page.is_last {
                return Ok(found);
            }
            after = page.objects.into_iter().next_back().map(|object| object.path);
        }
    }

    async fn sweep_unfinished(&self, age: Duration) -> Result<usize, StorageError> {
        self.bucket.abort_uploads(age).await
    }
}

struct S3Upload(Upload);

#[async_trait]
impl ObjectUpload for S3Upload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        self.0.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<StoredObject, StorageError> {
        let uploaded = self.0.finish().await?;
        Ok(StoredObject {
            size_bytes: uploaded.size_bytes,
            checksum: uploaded.checksum,
        })
    }
}
