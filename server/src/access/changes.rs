//! The bell that rings when rights have changed.
//!
//! The truth is in the epochs, which commit with the change; the bell only makes nodes look at them at once.

use std::sync::Arc;

use tokio::sync::Notify;
use weft_storage::bus::{Bus, LocalBus, Notice, NoticeEar};

/// Tells nodes to look whose rights have changed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Changes {
    bell: Arc<Notify>,
    others: Arc<dyn Bus>,
}

impl Default for Changes {
    fn default() -> Self {
        Self::new(Arc::new(LocalBus))
    }
}

impl Changes {
    /// The bells of this node and of those on `others`.
    pub fn new(others: Arc<dyn Bus>) -> Self {
        let bell = Arc::new(Notify::new());
        others.attend(Arc::new(Hearing(Arc::clone(&bell))));
        Self { bell, others }
    }

    /// Rings everywhere; to be called after the commit of a transaction that raised an epoch.
    pub fn announce(&self) {
        self.bell.notify_one();
        self.others.announce(Notice::Rights);
    }

    /// Waits for the next ring, or returns at once if one came since the last wait.
    pub async fn announced(&self) {
        self.bell.notified().await;
    }
}

/// Rings this node's bell when another one says that it changed rights.
struct Hearing(Arc<Notify>);

impl NoticeEar for Hearing {
    fn hear(&self, notice: Notice) {
        if notice == Notice::Rights {
            self.0.notify_one();
        }
    }
}
