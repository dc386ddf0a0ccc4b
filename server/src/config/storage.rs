//! Where the database is. Its address may hold a password and is never shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use weft_storage::{Database, InvalidDatabaseUrl};

use super::check::Checks;
use super::redis_address::RedisAddress;

/// The section `[storage]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    /// The address of a Postgres database; empty for the file in the data directory.
    pub database_url: DatabaseUrl,
    /// The address of a Redis server, or of several of a cluster; empty for none.
    pub redis_url: RedisAddress,
    /// What the names of channels on Redis begin with.
    pub redis_prefix: String,
}

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
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(self.database_url.database().is_ok(), || {
            format!("storage.database_url must be empty, or: {InvalidDatabaseUrl}")
        });
        self.redis_url.check(checks);
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let prefix = &self.redis_prefix;
        checks.require(
            (1..=64).contains(&prefix.len()) && prefix.chars().all(is_plain),
            || "storage.redis_prefix must be 1 to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`".to_owned(),
        );
    }
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
