//! The log in an SQLite file.
//!
//! One connection writes, owned by the writer task; a few others read. Write-ahead log with `synchronous = FULL`:
//! a commit has been fsynced when it returns.

mod append;
mod checkpoint;
mod connect;
mod current;
mod error;
mod migrate;
mod read;
mod rows;
mod statements;
mod swift;
mod write;

pub(crate) use connect::{DATABASE_FILE, open};
pub(crate) use error::sorted;
pub(crate) use migrate::{migrate, migrate_file, newest_version, pending_migrations};
