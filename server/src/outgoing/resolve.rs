//! From names to addresses.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;

/// The most addresses of one name that are looked at.
pub(super) const MAX_ADDRESSES: usize = 16;

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The addresses of `host` with `port`.
    ///
    /// # Errors
    /// If the name is unknown.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// Asks the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port))
            .await?
            .take(MAX_ADDRESSES)
            .collect())
    }
}
