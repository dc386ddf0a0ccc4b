//! Blobs as local files: `ab/cdef…` under one directory, where `abcdef…` is the SHA-256 of the content.
//!
//! Invariant: a file under its final name is complete and on stable storage, and so is the name; everything else is
//! in `tmp/` and is thrown away at the next start.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::task::TaskTracker;

use super::{BlobKey, BlobProblem, BlobStore};
use crate::error::StorageError;

/// A blob store in a local directory.
#[derive(Debug)]
pub(crate) struct FileBlobs {
    directory: Arc<PathBuf>,
    next_temporary: AtomicU64,
    tasks: TaskTracker,
}

impl FileBlobs {
    /// Opens `directory`, creating it when needed, and removes what unfinished writes have left.
    pub(crate) fn open(directory: PathBuf, tasks: TaskTracker) -> io::Result<Self> {
        let temporary = directory.join("tmp");
        fs::create_dir_all(&temporary)?;
        for entry in fs::read_dir(&temporary)? {
            let path = entry?.path();
            tracing::info!(blob.temporary = %path.display(), "removing an unfinished blob");
            fs::remove_file(path)?;
        }
        sync_directory(&directory)?;
        Ok(Self::attach(directory, tasks))
    }

    /// Uses `directory` beside the process that has opened it, or where nobody has: unfinished writes are left alone.
    pub(crate) fn attach(directory: PathBuf, tasks: TaskTracker) -> Self {
        Self {
            directory: Arc::new(directory),
            next_temporary: AtomicU64::new(0),
            tasks,
        }
    }

    /// Runs file work off the async threads.
    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let directory = Arc::clone(&self.directory);
        let outcome = self.tasks.spawn_blocking(move || work(&directory)).await;
        outcome.unwrap_or_else(|error| Err(io::Error::other(format!("{operation}: {error}"))))
    }
}

#[async_trait]
impl BlobStore for FileBlobs {
    async fn put(&self, content: Bytes) -> Result<BlobKey, StorageError> {
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        let outcome = self
            .run("storing a blob", move |directory| {
                put(directory, number, &content)
            })
            .await;
        outcome.map_err(|error| StorageError::from_io("storing a blob", error))
    }

    async fn get(&self, key: BlobKey) -> Result<Bytes, BlobProblem> {
        let read = self
            .run("reading a blob", move |directory| {
                fs::read(path_of(directory, key))
            })
            .await;
        match read {
            Ok(content) if BlobKey::of(&content) == key => Ok(content.into()),
            Ok(_) => Err(BlobProblem::Mismatch),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(BlobProblem::Missing),
            Err(error) => Err(BlobProblem::Unreadable(error.to_string())),
        }
    }

    async fn get_unverified(&self, key: BlobKey) -> Option<Bytes> {
        let read = self
            .run("reading a blob", move |directory| {
                fs::read(path_of(directory, key))
            })
            .await;
        read.ok().map(Bytes::from)
    }

    async fn keys(&self) -> Result<Vec<BlobKey>, StorageError> {
        let outcome = self.run("listing blobs", keys).await;
        outcome.map_err(|error| StorageError::from_io("listing blobs", error))
    }

    async fn has(&self, key: BlobKey) -> Result<bool, StorageError> {
        let outcome = self
            .run("looking for a blob", move |directory| {
                fs::exists(path_of(directory, key))
            })
            .await;
        outcome.map_err(|error| StorageError::from_io("looking for a blob", error))
    }

    fn is_shared(&self) -> bool {
        false
    }

    /// Whoever sweeps keeps those who put out by a lock, so there is nothing to look at again.
    async fn sweep(&self, keys: &[BlobKey], _grace: Duration) -> Result<Vec<BlobKey>, StorageError> {
        for key in keys.iter().copied() {
            let outcome = self
                .run("removing a blob", move |directory| {
                    fs::remove_file(path_of(directory, key))
                })
                .await;
            if let Err(error) = outcome
                && error.kind() != ErrorKind::NotFound
            {
                return Err(StorageError::from_io("removing a blob", error));
            }
        }
        Ok(keys.to_vec())
    }

    async fn settle(&self, _named: &HashSet<BlobKey>, _grace: Duration) -> Result<(), StorageError> {
        Ok(())
    }
}

fn path_of(directory: &Path, key: BlobKey) -> PathBuf {
    let name = key.to_string();
    let (shelf, rest) = name.split_at(2);
    directory.join(shelf).join(rest)
}

fn put(directory: &Path, number: u64, content: &[u8]) -> io::Result<BlobKey> {
    let key = BlobKey::of(content);
    let path = path_of(directory, key);
    let shelf = path.parent().unwrap_or(directory);
    if let Err(error) = fs::create_dir(shelf)
        && error.kind() != ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    // Also when the shelf was there: the process that made it may have died before its own sync.
    sync_directory(directory)?;
    // A file of this name with other content is damaged; it is replaced as if it did not exist.
    if !matches!(fs::read(&path), Ok(existing) if existing == content) {
        let temporary = directory.join("tmp").join(format!("{number}-{key}"));
        if let Err(error) = write_synced(&temporary, content).and_then(|()| fs::rename(&temporary, &path)) {
            // A leftover does no harm, but on a full disk it would keep the space.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
    }
    sync_directory(shelf)?;
    Ok(key)
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn keys(directory: &Path) -> io::Result<Vec<BlobKey>> {
    let mut keys = Vec::new();
    for shelf in fs::read_dir(directory)? {
        let shelf = shelf?;
        let Some(start) = shelf
            .file_name()
            .to_str()
            .filter(|name| name.len() == 2)
            .map(str::to_owned)
        else {
            continue;
        };
        for entry in fs::read_dir(shelf.path())? {
            let name = entry?.file_name();
            keys.extend(
                name.to_str()
                    .and_then(|rest| BlobKey::parse(&format!("{start}{rest}"))),
            );
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_blob_comes_back_and_a_damaged_one_is_noticed_and_mended() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = FileBlobs::open(directory.path().join("blobs"), TaskTracker::new()).unwrap();
        let content = Bytes::from_static(b"some content");
        let key = blobs.put(content.clone()).await.unwrap();
        assert_eq!(blobs.get(key).await.unwrap(), content);
        assert_eq!(blobs.keys().await.unwrap(), [key]);

        let path = path_of(&directory.path().join("blobs"), key);
        fs::write(&path, b"same content").unwrap();
        assert!(matches!(blobs.get(key).await, Err(BlobProblem::Mismatch)));
        assert_eq!(blobs.put(content.clone()).await.unwrap(), key);
        assert_eq!(blobs.get(key).await.unwrap(), content);

        blobs.sweep(&[key], Duration::ZERO).await.unwrap();
        blobs.sweep(&[key], Duration::ZERO).await.unwrap();
        assert!(matches!(blobs.get(key).await, Err(BlobProblem::Missing)));
    }

    #[tokio::test]
    async fn unfinished_writes_are_no_blobs_and_are_removed_at_the_next_start() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("blobs");
        drop(FileBlobs::open(root.clone(), TaskTracker::new()).unwrap());
        fs::write(root.join("tmp").join("7-half"), b"ha").unwrap();
        let blobs = FileBlobs::open(root.clone(), TaskTracker::new()).unwrap();
        assert_eq!(blobs.keys().await.unwrap(), []);
        assert_eq!(fs::read_dir(root.join("tmp")).unwrap().count(), 0);
    }
}
