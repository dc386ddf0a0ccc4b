//! What is measured and how it is shown: latencies, the server's process, tables.
//!
//! Invariant: a figure comes with its unit and a failed check with its reason. Nothing here talks to a server.

pub mod histogram;
pub mod process;
pub mod progress;
pub mod report;
