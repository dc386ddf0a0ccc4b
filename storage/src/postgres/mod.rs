//! The log in a Postgres database, which several nodes may write at the same time.
//!
//! One connection writes, owned by the writer task; a pool reads. A document's row is locked while its log changes,
//! so its numbers are given out in the order of the commits. `synchronous_commit` is on: a commit is on stable
//! storage when it returns. A connection that fails is thrown away, never used again.

mod append;
mod connect;
mod error;
mod migrate;
mod read;
mod rows;
mod session;
mod url;
mod write;

pub(crate) use connect::open;
pub(crate) use error::sorted;
pub(crate) use migrate::{connect_to_move, migrate_database, pending_migrations};
pub use url::{InvalidDatabaseUrl, PostgresUrl};
