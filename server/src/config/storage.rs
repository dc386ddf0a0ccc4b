//! Where the database is. Its address may hold a password and is never shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use weft_storage::{Database, InvalidDatabaseUrl};

use super::check::Checks;

/// The section `[storage]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    /// The address of a Postgres database; empty for the file in the data directory.
    pub database_url: DatabaseUrl,
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
