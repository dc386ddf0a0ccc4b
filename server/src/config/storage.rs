//! Where the database is, and where large bytes are. The database's address may hold a password and is never shown.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize, Serializer};
use weft_storage::s3::{S3Addressing, S3Config, S3Credentials};
use weft_storage::{Blobs, Database, InvalidDatabaseUrl};

use super::check::Checks;
use super::hidden::Hidden;
use super::redis_address::RedisAddress;

/// The section `[storage]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    /// The address of a Postgres database; empty for the file in the data directory.
    pub database_url: DatabaseUrl,
    /// `files` or `s3://bucket/folder`.
    pub blobs: String,
    /// The S3 server; empty for AWS.
    pub s3_endpoint: String,
    /// Whether the bucket's name stands in the path.
    pub s3_path_style: bool,
    /// The region; empty to find it.
    pub s3_region: String,
    /// The public half of an access key; empty to find one.
    pub s3_access_key_id: String,
    /// Its secret half.
    pub s3_secret_access_key: Hidden,
    /// The address of a Redis server, or of several of a cluster; empty for none.
    pub redis_url: RedisAddress,
    /// What the names of channels on Redis begin with.
    pub redis_prefix: String,
}

/// The setting that stands for files in the data directory.
const FILES: &str = "files";

/// A database's address, shown to nobody.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The database that is meant.
    ///
    /// # Errors
    /// The address is none.
    pub fn database(&self) -> Result<Database, InvalidDatabaseUrl> {
        Database::parse(self.0.trim())
    }

    fn shown(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "(hidden)" }
    }
}

impl StorageConfig {
    /// What the storage must be told, with its data directory in `data`.
    ///
    /// # Errors
    /// An address is none.
    pub fn storage(&self, data: &Path) -> Result<weft_storage::StorageConfig, InvalidPlace> {
        let database = self.database_url.database()?;
        let blobs = self.place(&self.blobs)?;
        Ok(weft_storage::StorageConfig::with_places(data, database, blobs))
    }

    /// The place that `text` names, reached as the other settings say.
    ///
    /// # Errors
    /// [`InvalidPlace::Blobs`].
    pub fn place(&self, text: &str) -> Result<Blobs, InvalidPlace> {
        let text = text.trim();
        if text.is_empty() || text == FILES {
            return Ok(Blobs::Files);
        }
        let mut config = S3Config::new(text.parse().map_err(|_| InvalidPlace::Blobs)?);
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        config.endpoint = given(&self.s3_endpoint);
        config.region = given(&self.s3_region);
        if self.s3_path_style {
            config.addressing = S3Addressing::Path;
        }
        if let Some(id) = given(&self.s3_access_key_id) {
            let secret = self.s3_secret_access_key.expose().to_owned().into();
            config.credentials = S3Credentials::Key { id, secret };
        }
        Ok(Blobs::S3(Box::new(config)))
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(self.database_url.database().is_ok(), || {
            format!("storage.database_url must be empty, or: {InvalidDatabaseUrl}")
        });
        checks.require(self.place(&self.blobs).is_ok(), || {
            "storage.blobs must be `files`, or look like s3://bucket or s3://bucket/folder".to_owned()
        });
        let endpoint = self.s3_endpoint.trim();
        checks.require(endpoint.is_empty() || is_http(endpoint), || {
            "storage.s3_endpoint must be empty, or look like https://s3.example.com:9000".to_owned()
        });
        checks.require(
            self.s3_access_key_id.is_empty() == self.s3_secret_access_key.is_empty(),
            || "storage.s3_access_key_id and storage.s3_secret_access_key belong together".to_owned(),
        );
        self.redis_url.check(checks);
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let prefix = &self.redis_prefix;
        checks.require(
            (1..=64).contains(&prefix.len()) && prefix.chars().all(is_plain),
            || "storage.redis_prefix must be 1 to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`".to_owned(),
        );
    }
}

/// Why a database or a place for large bytes cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPlace {
    /// The database's address is none.
    #[error(transparent)]
    Database(#[from] InvalidDatabaseUrl),
    /// The place of the large bytes is none.
    #[error("snapshots and files are in `files`, or in a bucket such as s3://bucket/folder")]
    Blobs,
}

/// Whether `text` is the address of a server, and nothing else.
fn is_http(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && matches!(url.path(), "" | "/")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
    })
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.shown())
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}
