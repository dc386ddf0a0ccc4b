//! Copies blobs and objects from one place to another.
//!
//! Invariant: what is counted as copied was read back from the source with the right checksum, and the target has it on
//! stable storage. What the target has already is not copied again, so that a copy that broke off goes on.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt;

use super::error::TransferError;
use super::side::NamedObject;
use crate::blob::{BlobKey, BlobProblem};
use crate::error::StorageError;
use crate::objects::{ObjectKey, ObjectStore};
use crate::places::Places;

/// Objects that are listed at a time.
const PAGE: usize = 500;

/// What was copied, and what was not there to be copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopiedBytes {
    /// Blobs of the target.
    pub blobs: u64,
    /// Objects of the target.
    pub objects: u64,
    /// Their bytes, as far as they were copied just now.
    pub bytes: u64,
    /// What rows name and the source does not have, or has damaged.
    pub missing: Vec<String>,
}

/// Copies everything that there is, without asking what is named: what is named later is most often among it.
pub(super) async fn copy_ahead(
    blobs: &[BlobKey],
    source: &Places,
    target: &Places,
) -> Result<CopiedBytes, TransferError> {
    let mut copied = CopiedBytes::default();
    copy_blobs(blobs, source, target, &mut copied).await?;
    let mut after = None;
    loop {
        let page = source.objects.list(Duration::ZERO, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        for key in page {
            // What was removed meanwhile is missed by nobody.
            copy_object(key, None, source, target, &mut copied).await?;
        }
    }
    copied.missing.clear();
    Ok(copied)
}

/// Copies what rows name and the target lacks.
pub(super) async fn copy_named(
    blobs: &[BlobKey],
    objects: &[NamedObject],
    source: &Places,
    target: &Places,
    copied: &mut CopiedBytes,
) -> Result<(), TransferError> {
    copied.missing.clear();
    (copied.blobs, copied.objects) = (0, 0);
    copy_blobs(blobs, source, target, copied).await?;
    for object in objects {
        copy_object(object.key, object.checksum, source, target, copied).await?;
    }
    Ok(())
}

async fn copy_blobs(
    keys: &[BlobKey],
    source: &Places,
    target: &Places,
    copied: &mut CopiedBytes,
) -> Result<(), TransferError> {
    let keys: HashSet<_> = keys.iter().collect();
    for key in keys {
        if target.blobs.has(*key).await? {
            copied.blobs += 1;
            continue;
        }
        match source.blobs.get(*key).await {
            Ok(content) => {
                copied.bytes += content.len() as u64;
                copied.blobs += 1;
                target.blobs.put(content).await?;
            }
            Err(BlobProblem::Unavailable(error)) => return Err(error.into()),
            Err(BlobProblem::Missing) => copied.missing.push(format!("blob {key} does not exist")),
            Err(BlobProblem::Mismatch) => copied
                .missing
                .push(format!("blob {key} does not match its checksum")),
            Err(BlobProblem::Unreadable(reason)) => {
                copied
                    .missing
                    .push(format!("blob {key} cannot be read: {reason}"));
            }
        }
    }
    Ok(())
}

async fn copy_object(
    key: ObjectKey,
    checksum: Option<[u8; 32]>,
    source: &Places,
    target: &Places,
    copied: &mut CopiedBytes,
) -> Result<(), TransferError> {
    let Some(mut reader) = source.objects.open(key).await? else {
        copied.missing.push(format!("file {} does not exist", key.id));
        return Ok(());
    };
    let size_bytes = reader.size_bytes;
    if let Some(there) = target.objects.open(key).await? {
        if there.size_bytes == size_bytes && (checksum.is_none() || checksum == Some(sum(there).await?)) {
            copied.objects += 1;
            return Ok(());
        }
        target.objects.remove(key).await?;
    }
    let mut upload = target.objects.begin(key).await?;
    while let Some(piece) = reader.bytes.next().await {
        upload.write(piece?).await?;
    }
    let stored = upload.finish().await?;
    if checksum.is_some_and(|checksum| checksum != stored.checksum) {
        target.objects.remove(key).await?;
        copied
            .missing
            .push(format!("file {} does not match its checksum", key.id));
        return Ok(());
    }
    copied.bytes += stored.size_bytes;
    copied.objects += 1;
    Ok(())
}

async fn sum(mut reader: crate::objects::ObjectReader) -> Result<[u8; 32], StorageError> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    while let Some(piece) = reader.bytes.next().await {
        hash.update(&piece?);
    }
    Ok(hash.finalize().into())
}

/// Removes objects that were copied ahead and that nothing names.
pub(super) async fn forget_others(
    named: &[NamedObject],
    target: &dyn ObjectStore,
) -> Result<(), TransferError> {
    let named: HashSet<_> = named.iter().map(|object| object.key).collect();
    let mut after = None;
    loop {
        let page = target.list(Duration::ZERO, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(*last);
        for key in page.into_iter().filter(|key| !named.contains(key)) {
            target.remove(key).await?;
        }
    }
}
