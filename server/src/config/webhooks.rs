//! How webhooks are delivered.

use serde::{Deserialize, Serialize};

use super::check::Checks;

/// The section `[webhooks]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// The delays after failed attempts, in seconds.
    pub retry_seconds: Vec<u64>,
    /// How long an attempt may take.
    pub timeout_seconds: u64,
    /// Attempts at one endpoint at a time.
    pub attempts_per_endpoint: usize,
    /// Attempts at the endpoints of one workspace at a time.
    pub attempts_per_workspace: usize,
    /// Attempts at a time.
    pub attempts_altogether: usize,
    /// An endpoint that only failed for so long is disabled.
    pub disable_after_hours: u64,
    /// How long messages are kept.
    pub keep_days: u64,
    /// How often work is looked for.
    pub poll_milliseconds: u64,
    /// Endpoints of one workspace.
    pub max_endpoints: u64,
}

impl WebhooksConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.range(
            "the number of webhooks.retry_seconds",
            self.retry_seconds.len(),
            1..=20,
        );
        for delay in &self.retry_seconds {
            checks.range("each of webhooks.retry_seconds", *delay, 1..=604_800);
        }
        checks.range("webhooks.timeout_seconds", self.timeout_seconds, 1..=120);
        checks.range(
            "webhooks.attempts_per_endpoint",
            self.attempts_per_endpoint,
            1..=100,
        );
        checks.range(
            "webhooks.attempts_per_workspace",
            self.attempts_per_workspace,
            1..=10_000,
        );
        checks.range(
            "webhooks.attempts_altogether",
            self.attempts_altogether,
            1..=10_000,
        );
        checks.range(
            "webhooks.disable_after_hours",
            self.disable_after_hours,
            1..=8_760,
        );
        checks.range("webhooks.keep_days", self.keep_days, 1..=3_650);
        checks.range("webhooks.poll_milliseconds", self.poll_milliseconds, 10..=60_000);
        checks.range("webhooks.max_endpoints", self.max_endpoints, 1..=1_000);
    }
}
