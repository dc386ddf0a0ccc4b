//! The log in an SQLite file.
//!
//! One connection writes, owned by the writer task; a few others read. Write-ahead log with `synchronous = FULL`:
//! a commit has been fsynced when it returns.

mod append;
mod checkpoint;
mod connect;
mod error;
mod read;
mod rows;
mod statements;
mod write;

pub(crate) use connect::open;
pub(crate) use error::sorted;
