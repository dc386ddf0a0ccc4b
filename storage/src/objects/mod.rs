//! Files that people upload: streamed in, streamed out, and never held in memory as a whole.
//!
//! Invariant: an object that [`ObjectUpload::finish`] has returned can be read after a crash, and one that was not
//! finished is never seen. An object is never changed; what replaces it has another id. Every object lies under its
//! owner, so that no id of one owner reaches what belongs to another.

mod files;
mod path;
mod s3;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use uuid::Uuid;

use crate::error::StorageError;
use crate::model::WorkspaceId;

pub(crate) use files::FileObjects;
pub(crate) use s3::S3Objects;

/// Whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectOwner {
    /// An account's, such as its picture.
    User(Uuid),
    /// A workspace's, such as what is attached to its documents.
    Workspace(WorkspaceId),
}

/// The name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Whose it is.
    pub owner: ObjectOwner,
    /// Which of theirs.
    pub id: Uuid,
}

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredObject {
    /// How long it is, in bytes.
    pub size_bytes: u64,
    /// The SHA-256 of its bytes.
    pub checksum: [u8; 32],
}

/// An object that is being read.
pub struct ObjectReader {
    /// How long it is, in bytes.
    pub size_bytes: u64,
    /// Its bytes in pieces.
    pub bytes: BoxStream<'static, Result<Bytes, StorageError>>,
}

impl fmt::Debug for ObjectReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ObjectReader")
            .field("size_bytes", &self.size_bytes)
            .finish_non_exhaustive()
    }
}

/// A place for objects.
#[async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// Begins to store an object under a name that has none.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn begin(&self, key: ObjectKey) -> Result<Box<dyn ObjectUpload>, StorageError>;

    /// Opens an object; `None` if there is none of this name.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn open(&self, key: ObjectKey) -> Result<Option<ObjectReader>, StorageError>;

    /// Removes an object; removing one that does not exist is no error.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn remove(&self, key: ObjectKey) -> Result<(), StorageError>;

    /// Names of objects that are older than `age`, in some fixed order behind `after`, at most `limit` of them.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn list(
        &self,
        age: Duration,
        after: Option<ObjectKey>,
        limit: usize,
    ) -> Result<Vec<ObjectKey>, StorageError>;

    /// Clears away what is left of uploads that began longer than `age` ago and never came to an end. How many there
    /// were.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn sweep_unfinished(&self, age: Duration) -> Result<usize, StorageError>;
}

/// An object whose bytes are coming in. Dropping it unfinished leaves nothing behind.
#[async_trait]
pub trait ObjectUpload: Send {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError>;

    /// Puts the object and its name on stable storage.
    ///
    /// # Errors
    /// A failure of the storage.
    async fn finish(self: Box<Self>) -> Result<StoredObject, StorageError>;
}
