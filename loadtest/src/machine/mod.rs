//! This machine: which core does what, how many files may be open, which server runs where.
//!
//! Invariant: what was started here is ended here, also when a run fails. Nothing here speaks a protocol.

pub mod cores;
pub mod descriptors;
pub mod server;
pub mod traits;
