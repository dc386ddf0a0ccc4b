//! What is measured: latencies, traffic, the server's process, what happened between two moments.
//!
//! Invariant: a missing figure stays missing. Nothing here talks to a server, and nothing here is shown but progress.

pub mod histogram;
pub mod process;
pub mod progress;
pub mod slope;
pub mod traffic;
pub mod window;
