//! Opens the place of blobs and objects, and sees that it is the one that the database is about.
//!
//! Invariant: a database whose large bytes are elsewhere is not served. Each of its documents would look damaged, and be
//! put out of service for good.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use crate::backend::LogReader;
use crate::blob::{BlobStore, FileBlobs, S3Blobs};
use crate::config::{Blobs, StorageConfig};
use crate::error::StorageError;
use crate::objects::{FileObjects, ObjectStore, S3Objects};
use crate::records::Records;
use crate::s3::Bucket;

const BLOB_DIRECTORY: &str = "blobs";
const OBJECT_DIRECTORY: &str = "objects";
/// The value that says where the large bytes of a database are.
pub(crate) const NAME: &str = "large bytes";

/// Where large bytes are.
#[derive(Clone)]
pub(crate) struct Places {
    /// Snapshots and history.
    pub(crate) blobs: Arc<dyn BlobStore>,
    /// What people upload.
    pub(crate) objects: Arc<dyn ObjectStore>,
}

impl Places {
    /// Opens what `config` names.
    pub(crate) async fn open(config: &StorageConfig, tasks: &TaskTracker) -> Result<Self, StorageError> {
        let bucket = match &config.blobs {
            Blobs::Files => return Self::open_files(config, tasks).await,
            Blobs::S3(place) => Bucket::open(place).await?,
        };
        Ok(Self {
            blobs: Arc::new(S3Blobs::new(bucket.clone(), tasks.clone())),
            objects: Arc::new(S3Objects::new(bucket, tasks.clone())),
        })
    }

    /// What `config` names, to be read from: a server may have it open.
    pub(crate) async fn of(config: &StorageConfig, tasks: &TaskTracker) -> Result<Self, StorageError> {
        match &config.blobs {
            Blobs::S3(_) => Self::open(config, tasks).await,
            Blobs::Files => Ok(Self {
                blobs: Arc::new(FileBlobs::attach(
                    config.data_dir.join(BLOB_DIRECTORY),
                    tasks.clone(),
                )),
                objects: Arc::new(FileObjects::attach(
                    config.data_dir.join(OBJECT_DIRECTORY),
                    tasks.clone(),
                )),
            }),
        }
    }

    async fn open_files(config: &StorageConfig, tasks: &TaskTracker) -> Result<Self, StorageError> {
        let (data_dir, own) = (config.data_dir.clone(), tasks.clone());
        let opened = tasks.spawn_blocking(move || {
            let blobs = FileBlobs::open(data_dir.join(BLOB_DIRECTORY), own.clone());
            let blobs = blobs.map_err(|error| StorageError::from_io("opening the blob directory", error))?;
            let objects = FileObjects::open(data_dir.join(OBJECT_DIRECTORY), own);
            let objects =
                objects.map_err(|error| StorageError::from_io("opening the object directory", error))?;
            Ok(Self {
                blobs: Arc::new(blobs),
                objects: Arc::new(objects),
            })
        });
        opened.await.unwrap_or(Err(StorageError::Closed))
    }
}

/// Sees that the large bytes of the database are in `configured`. A database that has none yet takes any place.
///
/// # Errors
/// [`StorageError::OtherBlobs`], or a failure of the database.
pub(crate) async fn check(
    configured: &Blobs,
    reader: &dyn LogReader,
    records: &Records,
) -> Result<(), StorageError> {
    let configured = configured.to_string();
    let mut tx = records.read().await?;
    let recorded = tx.server_value(NAME).await?;
    if recorded.as_deref() == Some(configured.as_bytes()) {
        return Ok(());
    }
    // Whoever wrote it before there was anything to choose had files.
    let recorded = recorded.map_or_else(
        || Blobs::Files.to_string(),
        |value| String::from_utf8_lossy(&value).into_owned(),
    );
    let is_used = tx.has_objects().await? || !reader.named_blobs().await?.is_empty();
    drop(tx);
    if is_used && recorded != configured {
        return Err(StorageError::OtherBlobs { recorded, configured });
    }
    record(&configured, records).await
}

/// Says that the large bytes of the database are in `place`.
pub(crate) async fn record(place: &str, records: &Records) -> Result<(), StorageError> {
    let mut tx = records.write().await?;
    tx.set_server_value(NAME, place.as_bytes()).await?;
    tx.commit().await?;
    Ok(())
}
