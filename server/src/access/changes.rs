//! The bell that rings when rights have changed on this node.
//!
//! The truth is in the epochs, which commit with the change; the bell only makes this node look at them at once.

use std::sync::Arc;

use tokio::sync::Notify;

/// Tells this node to look whose rights have changed. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Changes(Arc<Notify>);

impl Changes {
    /// Rings; to be called after the commit of a transaction that raised an epoch.
    pub fn announce(&self) {
        self.0.notify_one();
    }

    /// Waits for the next ring, or returns at once if one came since the last wait.
    pub async fn announced(&self) {
        self.0.notified().await;
    }
}
