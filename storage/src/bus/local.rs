//! The bus of a node that is alone: nobody hears what it says.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Bus, BusStats, Ear, Notice, NoticeEar, Signal, Topic};

/// Nobody else.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalBus;

#[async_trait]
impl Bus for LocalBus {
    fn is_shared(&self) -> bool {
        false
    }

    fn say(&self, _topic: &Topic, _signal: Signal) {}

    fn announce(&self, _notice: Notice) {}

    fn listen(&self, _topic: &Topic, _ear: Arc<dyn Ear>) {}

    fn forget(&self, _topic: &Topic, _ear: &Arc<dyn Ear>) {}

    fn attend(&self, _ear: Arc<dyn NoticeEar>) {}

    fn stats(&self) -> BusStats {
        BusStats::default()
    }

    async fn close(&self) {}
}
