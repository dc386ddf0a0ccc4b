//! A bucket of an S3 server, or of one that speaks the same: what blobs and objects are built from.
//!
//! Invariant: every call ends within the time-outs of its [`S3Config`], whatever the server does; what a call that puts
//! something has returned is on the server's stable storage. Nothing here knows what the bytes mean.

mod address;
mod connect;
mod error;
mod list;
mod read;
mod upload;
mod write;

pub use address::{InvalidS3Address, S3Address, S3Addressing, S3Config, S3Credentials, S3Secret, S3Timeouts};

pub(crate) use connect::Bucket;
pub(crate) use list::is_older;
pub(crate) use read::CheckedBy;
pub(crate) use upload::Upload;
