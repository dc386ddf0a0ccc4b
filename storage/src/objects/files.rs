//! Objects as local files: `workspaces/<workspace>/<shelf>/<id>` and `users/<user>/<shelf>/<id>` under one directory,
//! where the shelf is the last two digits of the id.
//!
//! Invariant: a file under its final name is complete and on stable storage, and so is the name; everything else is in
//! `tmp/` and is thrown away at the next start. No part of a path comes from anywhere but an id.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, StreamExt};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::task::TaskTracker;

use super::path::{USERS, WORKSPACES, key_of, steps};
use super::{ObjectKey, ObjectReader, ObjectStore, ObjectUpload, StoredObject};
use crate::error::StorageError;

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 64 * 1024;

const TEMPORARY: &str = "tmp";

/// An object store in a local directory.
#[derive(Debug)]
pub(crate) struct FileObjects {
    directory: Arc<PathBuf>,
    next_temporary: AtomicU64,
    tasks: TaskTracker,
}

impl FileObjects {
    /// Opens `directory`, creating it when needed, and removes what unfinished uploads have left.
    pub(crate) fn open(directory: PathBuf, tasks: TaskTracker) -> io::Result<Self> {
        let temporary = directory.join(TEMPORARY);
        for folder in [
            temporary.as_path(),
            &directory.join(USERS),
            &directory.join(WORKSPACES),
        ] {
            fs::create_dir_all(folder)?;
        }
        for entry in fs::read_dir(&temporary)? {
            let path = entry?.path();
            tracing::info!(object.temporary = %path.display(), "removing an unfinished upload");
            fs::remove_file(path)?;
        }
        sync_directory(&directory)?;
        Ok(Self::attach(directory, tasks))
    }

    /// Uses `directory` beside the process that has opened it, or where nobody has: unfinished uploads are left alone.
    pub(crate) fn attach(directory: PathBuf, tasks: TaskTracker) -> Self {
        Self {
            directory: Arc::new(directory),
            next_temporary: AtomicU64::new(0),
            tasks,
        }
    }
}

/// Runs file work off the async threads.
async fn run<T: Send + 'static>(
    tasks: &TaskTracker,
    operation: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StorageError> {
    let outcome = tasks.spawn_blocking(work).await;
    outcome
        .unwrap_or_else(|error| Err(io::Error::other(error.to_string())))
        .map_err(|error| StorageError::from_io(operation, error))
}

#[async_trait]
impl ObjectStore for FileObjects {
    async fn begin(&self, key: ObjectKey) -> Result<Box<dyn ObjectUpload>, StorageError> {
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self
            .directory
            .join(TEMPORARY)
            .join(format!("{number}-{}", key.id));
        let file = File::create_new(&temporary).await;
        let file = file.map_err(|error| StorageError::from_io("beginning an upload", error))?;
        Ok(Box::new(FileUpload {
            file,
            // From here on the file is removed unless it gets its name.
            temporary: Temporary(temporary),
            directory: Arc::clone(&self.directory),
            tasks: self.tasks.clone(),
            key,
            hash: Sha256::new(),
            size_bytes: 0,
        }))
    }

    async fn open(&self, key: ObjectKey) -> Result<Option<ObjectReader>, StorageError> {
        let failed = |error| StorageError::from_io("reading an object", error);
        let file = match File::open(path_of(&self.directory, key)).await {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let size_bytes = file.metadata().await.map_err(failed)?.len();
        let bytes = stream::try_unfold(file, move |mut file| async move {
            let mut piece = BytesMut::with_capacity(PIECE_BYTES);
            let read = file.read_buf(&mut piece).await.map_err(failed)?;
            Ok((read > 0).then(|| (piece.freeze(), file)))
        });
        Ok(Some(ObjectReader {
            size_bytes,
            bytes: bytes.boxed(),
        }))
    }

    async fn remove(&self, key: ObjectKey) -> Result<(), StorageError> {
        let path = path_of(&self.directory, key);
        run(&self.tasks, "removing an object", move || {
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn list(
        &self,
        age: Duration,
        after: Option<ObjectKey>,
        limit: usize,
    ) -> Result<Vec<ObjectKey>, StorageError> {
        let directory = Arc::clone(&self.directory);
        run(&self.tasks, "listing objects", move || {
            list(&directory, age, after, limit)
        })
        .await
    }

    /// What a process that died has left is removed at the next start.
    async fn sweep_unfinished(&self, _age: Duration) -> Result<usize, StorageError> {
        Ok(0)
    }
}

/// A file that is removed unless it gets its name.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the renaming there is nothing here any more. What cannot be removed is at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

struct FileUpload {
    file: File,
    temporary: Temporary,
    directory: Arc<PathBuf>,
    tasks: TaskTracker,
    key: ObjectKey,
    hash: Sha256,
    size_bytes: u64,
}

#[async_trait]
impl ObjectUpload for FileUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        self.hash.update(&bytes);
        self.size_bytes += bytes.len() as u64;
        let written = self.file.write_all(&bytes).await;
        written.map_err(|error| StorageError::from_io("storing an object", error))
    }

    async fn finish(mut self: Box<Self>) -> Result<StoredObject, StorageError> {
        let failed = |error| StorageError::from_io("storing an object", error);
        self.file.flush().await.map_err(failed)?;
        self.file.sync_all().await.map_err(failed)?;
        let Self {
            temporary,
            directory,
            key,
            hash,
            size_bytes,
            ..
        } = *self;
        run(&self.tasks, "naming an object", move || {
            name(&temporary.0, &directory, key)
        })
        .await?;
        Ok(StoredObject {
            size_bytes,
            checksum: hash.finalize().into(),
        })
    }
}

/// Gives a complete file its name, and puts every name on the way to it on stable storage.
fn name(temporary: &Path, directory: &Path, key: ObjectKey) -> io::Result<()> {
    let path = path_of(directory, key);
    let shelf = path.parent().unwrap_or(directory);
    fs::create_dir_all(shelf)?;
    if fs::exists(&path)? {
        return Err(ErrorKind::AlreadyExists.into());
    }
    fs::rename(temporary, &path)?;
    // Also folders that were there: the process that made them may have died before its own sync.
    for folder in shelf.ancestors() {
        sync_directory(folder)?;
        if folder == directory {
            break;
        }
    }
    Ok(())
}

fn path_of(directory: &Path, key: ObjectKey) -> PathBuf {
    let mut path = directory.to_owned();
    path.extend(steps(key));
    path
}

fn list(
    directory: &Path,
    age: Duration,
    after: Option<ObjectKey>,
    limit: usize,
) -> io::Result<Vec<ObjectKey>> {
    let after = after.map(steps);
    let mut found = Vec::new();
    for kind in [USERS, WORKSPACES] {
        for owner in names(&directory.join(kind))? {
            for shelf in names(&directory.join(kind).join(&owner))? {
                let here = [kind, owner.as_str(), shelf.as_str()];
                if after
                    .as_ref()
                    .is_some_and(|after| here < [after[0].as_str(), &after[1], &after[2]])
                {
                    continue;
                }
                let folder = directory.join(kind).join(&owner).join(&shelf);
                for id in names(&folder)? {
                    let place = [here[0], here[1], here[2], id.as_str()];
                    let is_seen = after
                        .as_ref()
                        .is_some_and(|after| place <= [after[0].as_str(), &after[1], &after[2], &after[3]]);
                    if is_seen || !is_older(&folder.join(&id), age) {
                        continue;
                    }
                    found.extend(key_of(kind, &owner, &id));
                    if found.len() == limit {
                        return Ok(found);
                    }
                }
            }
        }
    }
    Ok(found)
}

/// The names in a folder, in order; none if there is no folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(names),
        Err(error) => return Err(error),
    };
    for entry in entries {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

fn is_older(path: &Path, age: Duration) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified
        .ok()
        .and_then(|time| time.elapsed().ok())
        .is_some_and(|elapsed| elapsed >= age)
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;
    use uuid::Uuid;

    use super::super::ObjectOwner;
    use super::*;
    use crate::model::WorkspaceId;

    fn key(owner: u128, id: u128) -> ObjectKey {
        ObjectKey {
            owner: ObjectOwner::Workspace(WorkspaceId(Uuid::from_u128(owner))),
            id: Uuid::from_u128(id),
        }
    }

    async fn put(objects: &FileObjects, key: ObjectKey, content: &'static [u8]) -> StoredObject {
        let mut upload = objects.begin(key).await.unwrap();
        for piece in content.chunks(3) {
            upload.write(Bytes::from_static(piece)).await.unwrap();
        }
        upload.finish().await.unwrap()
    }

    async fn get(objects: &FileObjects, key: ObjectKey) -> Option<Vec<u8>> {
        let reader = objects.open(key).await.unwrap()?;
        let pieces: Vec<Bytes> = reader.bytes.try_collect().await.unwrap();
        let content = pieces.concat();
        assert_eq!(content.len() as u64, reader.size_bytes);
        Some(content)
    }

    #[tokio::test]
    async fn an_object_comes_back_and_belongs_to_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let objects = FileObjects::open(directory.path().join("objects"), TaskTracker::new()).unwrap();
        let stored = put(&objects, key(1, 7), b"some content").await;
        assert_eq!(stored.size_bytes, 12);
        assert_eq!(stored.checksum, <[u8; 32]>::from(Sha256::digest(b"some content")));
        assert_eq!(
            get(&objects, key(1, 7)).await.as_deref(),
            Some(&b"some content"[..])
        );
        // The same id of another owner is another object.
        assert_eq!(get(&objects, key(2, 7)).await, None);
        let as_user = ObjectKey {
            owner: ObjectOwner::User(Uuid::from_u128(1)),
            id: Uuid::from_u128(7),
        };
        assert_eq!(get(&objects, as_user).await, None);
        // A name is used once.
        let mut again = objects.begin(key(1, 7)).await.unwrap();
        again.write(Bytes::from_static(b"other")).await.unwrap();
        assert!(again.finish().await.is_err());
        assert_eq!(
            get(&objects, key(1, 7)).await.as_deref(),
            Some(&b"some content"[..])
        );
        objects.remove(key(1, 7)).await.unwrap();
        objects.remove(key(1, 7)).await.unwrap();
        assert_eq!(get(&objects, key(1, 7)).await, None);
        assert_eq!(
            fs::read_dir(directory.path().join("objects/tmp"))
                .unwrap()
                .count(),
            0
        );
    }

    #[tokio::test]
    async fn what_was_not_finished_is_no_object_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("objects");
        let objects = FileObjects::open(root.clone(), TaskTracker::new()).unwrap();
        let mut upload = objects.begin(key(1, 7)).await.unwrap();
        upload.write(Bytes::from_static(b"half")).await.unwrap();
        assert_eq!(get(&objects, key(1, 7)).await, None);
        drop(upload);
        assert_eq!(fs::read_dir(root.join(TEMPORARY)).unwrap().count(), 0);
        // And what a process that died has left goes at the next start.
        fs::write(root.join(TEMPORARY).join("9-left"), b"half").unwrap();
        drop(objects);
        let objects = FileObjects::open(root.clone(), TaskTracker::new()).unwrap();
        assert_eq!(fs::read_dir(root.join(TEMPORARY)).unwrap().count(), 0);
        assert_eq!(objects.list(Duration::ZERO, None, 10).await.unwrap(), []);
    }

    #[tokio::test]
    async fn lists_go_page_by_page_and_leave_out_what_is_young() {
        let directory = tempfile::tempdir().unwrap();
        let objects = FileObjects::open(directory.path().join("objects"), TaskTracker::new()).unwrap();
        let mut all = Vec::new();
        for owner in 1..4 {
            for id in [0x01, 0x1_01, 0x02, 0x30_ff] {
                put(&objects, key(owner, id), b"x").await;
                all.push(key(owner, id));
            }
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = objects.list(Duration::ZERO, after, 5).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(*last);
            seen.extend(page);
        }
        seen.sort_unstable();
        all.sort_unstable();
        assert_eq!(seen, all);
        let young = objects.list(Duration::from_secs(60), None, 100).await.unwrap();
        assert_eq!(young, []);
    }
}
