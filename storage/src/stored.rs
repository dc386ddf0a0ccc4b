//! Byte strings that live in a row when they are small and in the blob store when they are large.
//!
//! Invariant: what [`Vault::fetch`] returns is what [`Vault::keep`] was given, to the bit; anything else is a
//! [`PieceProblem`].

use std::sync::Arc;

use bytes::Bytes;

use crate::blob::{BlobKey, BlobProblem, BlobStore};
use crate::error::{Damage, StorageError};
use crate::model::Seq;

/// A byte string as a row describes it.
#[derive(Debug, Clone)]
pub(crate) struct StoredBytes {
    /// Its length.
    pub(crate) size_bytes: u64,
    /// Its SHA-256.
    pub(crate) checksum: BlobKey,
    /// Where it is.
    pub(crate) place: Place,
}

impl StoredBytes {
    /// How many bytes are in the row.
    pub(crate) fn inline_len(&self) -> usize {
        match &self.place {
            Place::Inline(bytes) => bytes.len(),
            Place::Blob(_) => 0,
        }
    }
}

/// Where a byte string is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In the row.
    Inline(Bytes),
    /// In the blob store.
    Blob(BlobKey),
}

/// Why a stored byte string cannot be had.
#[derive(Debug, Clone)]
pub(crate) enum PieceProblem {
    /// Size or checksum differ.
    Checksum,
    /// The blob does not exist.
    BlobMissing(BlobKey),
    /// The blob cannot be read.
    BlobUnreadable(BlobKey, String),
    /// The place of the blobs does not answer: nobody knows whether anything is damaged.
    Unavailable(StorageError),
}

impl PieceProblem {
    /// The problem as damage of the snapshot of `seq`.
    ///
    /// # Errors
    /// Where it is none.
    pub(crate) fn of_snapshot(self, seq: Seq) -> Result<Damage, StorageError> {
        Ok(match self {
            Self::Checksum => Damage::SnapshotChecksum { seq },
            Self::BlobMissing(key) => Damage::BlobMissing { key: key.to_string() },
            Self::BlobUnreadable(key, reason) => Damage::BlobUnreadable {
                key: key.to_string(),
                reason,
            },
            Self::Unavailable(error) => return Err(error),
        })
    }

    /// The problem as damage of the history from `first` to `last`.
    ///
    /// # Errors
    /// Where it is none.
    pub(crate) fn of_history(self, first: Seq, last: Seq) -> Result<Damage, StorageError> {
        let reason = match self {
            Self::Checksum => "it does not match its checksum".to_owned(),
            Self::BlobMissing(key) => format!("blob {key} is missing"),
            Self::BlobUnreadable(key, reason) => format!("blob {key} cannot be read: {reason}"),
            Self::Unavailable(error) => return Err(error),
        };
        Ok(Damage::History { first, last, reason })
    }
}

/// Decides where byte strings go and gets them back.
#[derive(Clone)]
pub(crate) struct Vault {
    blobs: Arc<dyn BlobStore>,
    inline_limit_bytes: usize,
}

impl Vault {
    pub(crate) fn new(blobs: Arc<dyn BlobStore>, inline_limit_bytes: usize) -> Self {
        Self {
            blobs,
            inline_limit_bytes,
        }
    }

    /// Makes `bytes` ready to be named by a row. A large one is on stable storage when this returns.
    pub(crate) async fn keep(&self, bytes: Bytes) -> Result<StoredBytes, StorageError> {
        let size_bytes = bytes.len() as u64;
        if bytes.len() <= self.inline_limit_bytes {
            let checksum = BlobKey::of(&bytes);
            return Ok(StoredBytes {
                size_bytes,
                checksum,
                place: Place::Inline(bytes),
            });
        }
        let key = self.blobs.put(bytes).await?;
        Ok(StoredBytes {
            size_bytes,
            checksum: key,
            place: Place::Blob(key),
        })
    }

    /// Gets the bytes back, verified.
    pub(crate) async fn fetch(&self, stored: &StoredBytes) -> Result<Bytes, PieceProblem> {
        let bytes = match &stored.place {
            Place::Inline(bytes) if BlobKey::of(bytes) == stored.checksum => bytes.clone(),
            Place::Inline(_) => return Err(PieceProblem::Checksum),
            Place::Blob(key) if *key != stored.checksum => return Err(PieceProblem::Checksum),
            Place::Blob(key) => self.blobs.get(*key).await.map_err(|problem| match problem {
                BlobProblem::Missing => PieceProblem::BlobMissing(*key),
                BlobProblem::Mismatch => PieceProblem::Checksum,
                BlobProblem::Unreadable(reason) => PieceProblem::BlobUnreadable(*key, reason),
                BlobProblem::Unavailable(error) => PieceProblem::Unavailable(error),
            })?,
        };
        if bytes.len() as u64 == stored.size_bytes {
            Ok(bytes)
        } else {
            Err(PieceProblem::Checksum)
        }
    }
}
