//! A storage to test, and real Yjs updates to put into it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use weft_protocol::id::DocumentName;
use weft_storage::clock::ManualClock;
use weft_storage::s3::{S3Addressing, S3Config, S3Credentials};
use weft_storage::{
    Append, Blobs, Database, DocumentId, NewUpdate, Seq, Storage, StorageConfig, StorageError,
    StoredDocument, WorkspaceId,
};
use yrs::updates::decoder::Decode;
use yrs::{Doc, GetString, Text, Transact, Update};

use crate::bucket::{KEY_ID, S3Server, SECRET};
use crate::proxy::Proxy;
use crate::server::{connect, server};

/// A backend with a data directory of its own.
pub(crate) struct Bed {
    /// Removed with the bed.
    _directory: tempfile::TempDir,
    pub(crate) config: StorageConfig,
    /// The address of the Postgres database; empty with SQLite.
    pub(crate) address: String,
    /// Where blobs and objects are, if not in the data directory.
    pub(crate) bucket: Option<Arc<S3Server>>,
}

impl Bed {
    /// SQLite and local files.
    pub(crate) async fn sqlite() -> Option<Self> {
        Some(Self::at(String::new()))
    }

    /// Postgres and local files. `None` where there is no Postgres.
    pub(crate) async fn postgres() -> Option<Self> {
        let address = server()?.create_database();
        // What tampering uses has the same names everywhere.
        let zeroblob = "CREATE FUNCTION zeroblob(length int) RETURNS bytea LANGUAGE sql \
                        AS $$ SELECT decode(repeat('00', length), 'hex') $$";
        let mut connection = connect(&address).await;
        sqlx::query(zeroblob).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Some(Self::at(address))
    }

    /// SQLite and a bucket.
    pub(crate) async fn s3() -> Option<Self> {
        Some(Self::sqlite().await?.with_bucket().await)
    }

    /// Postgres and a bucket. `None` where there is no Postgres.
    pub(crate) async fn cloud() -> Option<Self> {
        Some(Self::postgres().await?.with_bucket().await)
    }

    async fn with_bucket(mut self) -> Self {
        let bucket = Arc::new(S3Server::start().await);
        self.config.blobs = Self::blobs_in(&bucket.place(), &bucket.endpoint());
        self.bucket = Some(bucket);
        self
    }

    /// A bucket behind `endpoint`.
    pub(crate) fn blobs_in(place: &str, endpoint: &str) -> Blobs {
        let mut config = S3Config::new(place.parse().unwrap());
        config.endpoint = Some(endpoint.to_owned());
        config.addressing = S3Addressing::Path;
        config.credentials = S3Credentials::Key {
            id: KEY_ID.to_owned(),
            secret: SECRET.to_owned().into(),
        };
        Blobs::S3(Box::new(config))
    }

    /// How the bucket is reached, to be changed.
    pub(crate) fn s3_config(&mut self) -> &mut S3Config {
        match &mut self.config.blobs {
            Blobs::S3(config) => config,
            Blobs::Files => panic!("there is no bucket"),
        }
    }

    /// On the same kind of database, what a version has written whose newest migration was this one.
    pub(crate) fn written_by(&self, migration: i64) -> Self {
        if !self.address.is_empty() {
            let dump = fixtures().join(format!("{migration:04}-postgres.sql"));
            return Self::at(server().unwrap().create_from_dump(&dump));
        }
        let bed = Self::at(String::new());
        copy_folder(
            &fixtures().join(format!("{migration:04}-sqlite")),
            &bed.config.data_dir,
        );
        bed
    }

    /// Another node: the same database and bucket, an own data directory.
    pub(crate) fn another_node(&self) -> Self {
        let mut other = Self::at(self.address.clone());
        other.config.blobs = self.config.blobs.clone();
        other.bucket.clone_from(&self.bucket);
        other
    }

    /// The same database, seen through a proxy.
    pub(crate) fn behind_proxy(self) -> (Self, Proxy) {
        let (start, server) = self.address.split_once("?host=").unwrap();
        let proxy = Proxy::start(Path::new(server));
        let bed = Self::at(format!("{start}?host={}", proxy.directory().display()));
        (bed, proxy)
    }

    fn at(address: String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = Self::config_of(&directory.path().join("data"), &address);
        Self {
            _directory: directory,
            config,
            address,
            bucket: None,
        }
    }

    /// The inline limit is small, so that blobs take part.
    pub(crate) fn config_of(data_dir: &Path, address: &str) -> StorageConfig {
        StorageConfig {
            inline_limit_bytes: 256,
            ..StorageConfig::with_database(data_dir, Database::parse(address).unwrap())
        }
    }

    pub(crate) async fn open(&self) -> Storage {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Storage, StorageError> {
        Storage::open(&self.config, Arc::new(ManualClock::new(1_790_000_000_000))).await
    }

    /// Runs a statement on the database behind the storage's back.
    pub(crate) async fn tamper(&self, sql: &str) -> u64 {
        self.try_tamper(sql).await.unwrap()
    }

    /// The same, for a statement that the database may refuse.
    pub(crate) async fn try_tamper(&self, sql: &str) -> Result<u64, sqlx::Error> {
        if !self.address.is_empty() {
            let mut connection = connect(&self.address).await;
            // The same bytes, as Postgres writes them.
            let sql = AssertSqlSafe(sql.replace("x'", "'\\x"));
            let done = sqlx::query(sql).execute(&mut connection).await?;
            connection.close().await?;
            return Ok(done.rows_affected());
        }
        let options = SqliteConnectOptions::new().filename(self.config.data_dir.join("weft.db"));
        let mut connection = options.foreign_keys(false).connect().await?;
        let done = sqlx::query(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await?;
        Ok(done.rows_affected())
    }

    /// The files of all blobs.
    pub(crate) fn blob_files(&self) -> Vec<PathBuf> {
        let folder = self.bucket.as_ref().map(|bucket| bucket.folder());
        files_below(
            &folder
                .unwrap_or_else(|| self.config.data_dir.clone())
                .join("blobs"),
        )
    }
}

/// What tests begin with.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Copies a folder with everything in it.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path))
        } else {
            files.push(path)
        }
    }
    files.sort();
    files
}

pub(crate) fn name(text: &str) -> DocumentName {
    DocumentName::parse(text).unwrap()
}

pub(crate) fn new_id() -> DocumentId {
    DocumentId::generate(&weft_storage::clock::SystemClock)
}

pub(crate) fn append(document: DocumentId, text: &str, expected_head: Seq, updates: &[Bytes]) -> Append {
    Append {
        document,
        workspace: WorkspaceId::DEFAULT,
        name: name(text),
        expected_head,
        updates: updates.iter().cloned().map(NewUpdate::from).collect(),
        projection: None,
    }
}

pub(crate) async fn load(storage: &Storage, text: &str) -> Result<Option<StoredDocument>, StorageError> {
    storage.log().load(WorkspaceId::DEFAULT, &name(text)).await
}

/// An editor that writes words into one text.
pub(crate) struct Editor {
    document: Doc,
}

impl Editor {
    pub(crate) fn new(client_id: u64) -> Self {
        Self {
            document: Doc::with_client_id(client_id),
        }
    }

    /// An editor that continues from `stored`.
    pub(crate) fn from_stored(client_id: u64, stored: &StoredDocument) -> Self {
        let editor = Self::new(client_id);
        editor.apply(stored);
        editor
    }

    /// Appends a word and returns the update.
    pub(crate) fn write(&self, word: &str) -> Bytes {
        let text = self.document.get_or_insert_text("text");
        let mut transaction = self.document.transact_mut();
        let end = text.len(&transaction);
        text.insert(&mut transaction, end, word);
        transaction.encode_update_v1().into()
    }

    pub(crate) fn words(&self, words: impl IntoIterator<Item = String>) -> Vec<Bytes> {
        words.into_iter().map(|word| self.write(&word)).collect()
    }

    fn apply(&self, stored: &StoredDocument) {
        let snapshot = stored.snapshot.iter().flat_map(|snapshot| &snapshot.updates);
        for bytes in snapshot.chain(stored.tail.iter().map(|row| &row.bytes)) {
            self.document
                .transact_mut()
                .apply_update(Update::decode_v1(bytes).unwrap())
                .unwrap();
        }
    }

    pub(crate) fn text(&self) -> String {
        let text = self.document.get_or_insert_text("text");
        text.get_string(&self.document.transact())
    }

    /// What `see` sees in the document.
    pub(crate) fn look<R>(&self, see: impl FnOnce(&yrs::Transaction<'_>) -> R) -> R {
        see(&self.document.transact())
    }

    pub(crate) fn apply_update(&self, bytes: &[u8]) {
        self.document
            .transact_mut()
            .apply_update(Update::decode_v1(bytes).unwrap())
            .unwrap();
    }
}

/// The text of a stored document; the head is checked against the rows.
pub(crate) fn text_of(stored: &StoredDocument) -> String {
    let from = stored
        .snapshot
        .as_ref()
        .map_or(Seq::ZERO, |snapshot| snapshot.seq);
    let seqs: Vec<u64> = stored.tail.iter().map(|row| row.seq.get()).collect();
    assert_eq!(seqs, (from.get() + 1..=stored.head.get()).collect::<Vec<_>>());
    Editor::from_stored(1, stored).text()
}

pub(crate) async fn text(storage: &Storage, name: &str) -> String {
    text_of(&load(storage, name).await.unwrap().unwrap())
}
