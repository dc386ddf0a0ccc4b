//! Threads.

use serde::{Deserialize, Serialize};

use super::check::Checks;

/// The section `[runtime]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeConfig {
    /// Threads that serve sockets and documents; 0 stands for the number of processors.
    pub worker_threads: usize,
}

impl RuntimeConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.range("runtime.worker_threads", self.worker_threads, 0..=1_024);
    }
}
