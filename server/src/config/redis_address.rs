//! Where Redis is. The address may hold a password and is never shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use weft_storage::bus::{InvalidRedisUrl, RedisUrl};

use super::check::Checks;

/// The address of a Redis server or cluster, shown to nobody.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct RedisAddress(String);

impl RedisAddress {
    /// The server that is meant, if there is one.
    ///
    /// # Errors
    /// The address is none.
    pub fn url(&self) -> Result<Option<RedisUrl>, InvalidRedisUrl> {
        match self.0.trim() {
            "" => Ok(None),
            text => RedisUrl::parse(text).map(Some),
        }
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(self.url().is_ok(), || {
            format!("storage.redis_url must be empty, or: {InvalidRedisUrl}")
        });
    }

    fn shown(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "(hidden)" }
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.shown())
    }
}

impl Serialize for RedisAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}
