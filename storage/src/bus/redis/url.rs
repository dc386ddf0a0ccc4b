//! The address of a Redis server or cluster.

use std::fmt;

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

/// The address is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "redis://[user:password@]host[:port][/database], or rediss:// for TLS; of a cluster several of them with commas between"
)]
pub struct InvalidRedisUrl;

/// Where Redis is. It may hold a password and is never shown.
#[derive(Clone)]
pub struct RedisUrl {
    servers: Vec<ConnectionInfo>,
}

impl RedisUrl {
    /// Reads one address, or those of several servers of a cluster with commas between.
    ///
    /// # Errors
    /// [`InvalidRedisUrl`].
    pub fn parse(text: &str) -> Result<Self, InvalidRedisUrl> {
        let servers = text.split(',').map(|one| {
            let info = one.trim().into_connection_info().map_err(|_| InvalidRedisUrl)?;
            // Subscriptions and commands share a connection, which is new in the third version of the protocol.
            let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            Ok(info.set_redis_settings(settings))
        });
        Ok(Self {
            servers: servers.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it is a cluster's.
    pub(super) fn is_cluster(&self) -> bool {
        self.servers.len() > 1
    }

    pub(super) fn servers(&self) -> &[ConnectionInfo] {
        &self.servers
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RedisUrl")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_never_shown() {
        let one = RedisUrl::parse("redis://:secret@127.0.0.1:7000/2").unwrap();
        assert!(!one.is_cluster() && !format!("{one:?}").contains("secret"));
        assert_eq!(one.servers()[0].redis_settings().db(), 2);
        assert!(RedisUrl::parse("redis://a:1, redis://b:2").unwrap().is_cluster());
        for bad in ["", "localhost", "http://a", "redis://a:1,"] {
            assert!(RedisUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
