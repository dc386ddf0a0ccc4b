//! Everything of Weft that survives a restart.
//!
//! Five promises: what [`DocumentLog::append`] has answered is durable; the log is gapless; history and log together
//! always suffice to rebuild a document; a document that cannot be read is an error and never an empty document; the rows
//! of a board are those of its document at the head of its log.
//!
//! This is the only crate that names a database. It never speaks to clients and knows no rooms.
//!
//! To add a table: a migration with the same number and name in `migrations/sqlite` and `migrations/postgres`, the
//! values in `model`, the statements in the backend, a case in `tests/conformance`.

mod archive;
mod aside;
mod audit_archive;
mod backend;
mod bell;
pub mod blob;
mod board_rows;
pub mod bus;
pub mod clock;
mod config;
mod doctor;
mod engine;
mod error;
mod examine;
mod group;
mod log;
mod merge;
mod migration;
mod model;
pub mod objects;
mod pieces;
mod places;
mod plan;
mod postgres;
mod projection;
mod rebuild;
pub mod records;
pub mod s3;
mod segment;
mod snapshot;
mod sqlite;
mod stats;
mod storage;
mod stored;
pub mod transfer;

pub use audit_archive::{AuditArchive, AuditArchiveError, AuditFound, AuditWalk, SegmentFlaw};
pub use bell::Bell;
pub use board_rows::{BoardRows, RowsReport, read_board_rows, replace_board_rows};
pub use config::{Blobs, Database, MAX_AUTHOR_BYTES, MAX_UPDATE_BYTES, StorageConfig};
pub use doctor::{Finding, doctor};
pub use error::{Damage, StorageError};
pub use log::DocumentLog;
pub use migration::{Migration, migrate, pending_migrations};
pub use model::*;
pub use postgres::{InvalidDatabaseUrl, PostgresUrl};
pub use projection::{DocumentKind, EntryKind, EntryRow, LinkRow, NewEvent, Projection, TaskRow};
pub use rebuild::{RebuildReport, RebuildSelection, rebuild};
pub use stats::{CommitObserver, CommitOutcome, StorageStats};
pub use storage::{Storage, SweepReport};
