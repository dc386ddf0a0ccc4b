//! How long the audit log stays where it was written.

use serde::{Deserialize, Serialize};

use super::check::Checks;

/// The section `[audit]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// How long entries stay in the database; 0: for ever.
    pub archive_after_days: u32,
}

impl AuditConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.range("audit.archive_after_days", self.archive_after_days, 0..=3_650);
    }
}
