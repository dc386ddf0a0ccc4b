//! Large immutable byte strings outside of the database, named by their content.
//!
//! Invariant: a key that [`BlobStore::put`] has returned can be read after a crash. A blob is never changed; it is
//! removed only after no row names it.

mod files;
mod s3;

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::error::StorageError;

pub(crate) use files::FileBlobs;
pub(crate) use s3::S3Blobs;

/// The SHA-256 of a blob's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobKey([u8; 32]);

impl BlobKey {
    /// The key of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// The key with these bytes; `None` unless there are 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The key with this hexadecimal form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).ok().map(|()| Self(key))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Why a blob cannot be had.
#[derive(Debug, Clone)]
pub enum BlobProblem {
    /// There is none under this key.
    Missing,
    /// There is one, but its content does not have this key.
    Mismatch,
    /// There is one, but it cannot be read.
    Unreadable(String),
    /// Nobody knows, because the place does not answer. It says nothing about the blob.
    Unavailable(StorageError),
}

/// A place for blobs.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Stores `content` durably and returns its key. Storing the same content again is cheap.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn put(&self, content: Bytes) -> Result<BlobKey, StorageError>;

    /// Reads a blob and checks its content against its key.
    ///
    /// # Errors
    /// What is wrong with it.
    async fn get(&self, key: BlobKey) -> Result<Bytes, BlobProblem>;

    /// Reads a blob as it is, whatever it holds, to keep damaged bytes aside; `None` when it cannot be read.
    async fn get_unverified(&self, key: BlobKey) -> Option<Bytes>;

    /// The keys of all blobs.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn keys(&self) -> Result<Vec<BlobKey>, StorageError>;

    /// Whether there is a blob of this key, whatever it holds.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn has(&self, key: BlobKey) -> Result<bool, StorageError>;

    /// Whether other nodes put blobs here too, which no lock of this process keeps out.
    fn is_shared(&self) -> bool;

    /// Removes those of `keys`, which no row names, that nobody has put again within `grace`, and returns them.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn sweep(&self, keys: &[BlobKey], grace: Duration) -> Result<Vec<BlobKey>, StorageError>;

    /// Goes through what was swept: what `named` has after all comes back, the rest is forgotten `grace` after it was
    /// swept.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn settle(&self, named: &HashSet<BlobKey>, grace: Duration) -> Result<(), StorageError>;
}
