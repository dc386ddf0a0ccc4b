//! A private S3 server for a test: `s3s` with files behind it, on a loopback port of its own. It checks signatures.
//!
//! What it does not have is added here: lists of unfinished uploads. Tests reach behind it into its files, to damage
//! objects and to make them older. Shared by the tests of several crates.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub(crate) const KEY_ID: &str = "weft-test-key";
pub(crate) const SECRET: &str = "weft-test-secret-which-is-long-enough";
pub(crate) const BUCKET: &str = "weft-test";
pub(crate) const FOLDER: &str = "some/folder";

/// A running server; it ends with this.
pub(crate) struct S3Server {
    directory: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    unfinished: Unfinished,
    _stop: DropGuard,
}

/// Uploads in parts that have begun: key and time by id.
type Unfinished = Arc<Mutex<BTreeMap<String, (String, SystemTime)>>>;

impl S3Server {
    /// Starts a server with an empty bucket.
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join(BUCKET)).unwrap();
        let unfinished = Unfinished::default();
        let files = Files {
            files: FileSystem::new(directory.path()).unwrap(),
            unfinished: Arc::clone(&unfinished),
        };
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let connections = tasks.clone();
        let stopped = stop.clone();
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let serving = http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
                connections.spawn(stopped.clone().run_until_cancelled_owned(async move {
                    let _ = serving.await;
                }));
            }
        }));
        Self {
            directory,
            address,
            unfinished,
            _stop: stop.drop_guard(),
        }
    }

    /// The setting `storage.blobs`.
    pub(crate) fn place(&self) -> String {
        format!("s3://{BUCKET}/{FOLDER}")
    }

    /// The setting `storage.s3_endpoint`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder of the bucket that belongs to the storage.
    pub(crate) fn folder(&self) -> PathBuf {
        self.directory.path().join(BUCKET).join(FOLDER)
    }

    /// Files of parts that no object was made of yet.
    pub(crate) fn parts(&self) -> usize {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload_id-")).count()
    }

    /// Makes unfinished uploads older.
    pub(crate) fn age_uploads(&self, by: Duration) {
        for (_, since) in self.unfinished.lock().unwrap().values_mut() {
            *since -= by;
        }
    }
}

/// The time that files have.
#[expect(clippy::disallowed_methods, reason = "files tell the system's time")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Makes an object older.
pub(crate) fn age(file: &std::path::Path, by: Duration) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_modified(now() - by).unwrap();
}

struct Files {
    files: FileSystem,
    unfinished: Unfinished,
}

#[async_trait::async_trait]
impl S3 for Files {
    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        self.files.copy_object(request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.files.delete_object(request).await
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.files.get_object(request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.files.list_objects_v2(request).await
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        self.files.upload_part(request).await
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        if request.input.bucket != BUCKET {
            return Err(s3s::s3_error!(NoSuchBucket));
        }
        self.files.put_object(request).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let key = request.input.key.clone();
        let begun = self.files.create_multipart_upload(request).await?;
        let id = begun.output.upload_id.clone().unwrap();
        self.unfinished.lock().unwrap().insert(id, (key, now()));
        Ok(begun)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.unfinished.lock().unwrap().remove(&request.input.upload_id);
        self.files.complete_multipart_upload(request).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.unfinished.lock().unwrap().remove(&request.input.upload_id);
        self.files.abort_multipart_upload(request).await
    }

    /// Two at a time, so that the pages are more than one.
    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        let (prefix, after) = (
            input.prefix.unwrap_or_default(),
            input.upload_id_marker.unwrap_or_default(),
        );
        let uploads = self.unfinished.lock().unwrap().clone();
        let mut found: Vec<_> = uploads
            .into_iter()
            .filter(|(id, (key, _))| key.starts_with(&prefix) && *id > after)
            .collect();
        let is_truncated = found.len() > 2;
        found.truncate(2);
        let last = found.last().cloned();
        let uploads = found.into_iter().map(|(id, (key, since))| MultipartUpload {
            key: Some(key),
            upload_id: Some(id),
            initiated: Some(since.into()),
            ..MultipartUpload::default()
        });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            is_truncated: Some(is_truncated),
            next_key_marker: last.as_ref().map(|(_, (key, _))| key.clone()),
            next_upload_id_marker: last.map(|(id, _)| id),
            ..ListMultipartUploadsOutput::default()
        }))
    }
}
