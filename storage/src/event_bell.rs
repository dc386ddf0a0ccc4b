//! Tells parts of this process that events were committed, so that nobody has to look all the time.
//!
//! Invariant: a hint. It rings after the commit, never before; it knows nothing of other processes, and may ring for
//! nothing. Whoever listens looks at the rows now and then anyway.

use tokio::sync::watch;

/// Rings when events were committed here. Clones ring the same bell.
#[derive(Debug, Clone, Default)]
pub struct EventBell(watch::Sender<u64>);

impl EventBell {
    /// Tells everybody who listens.
    pub(crate) fn ring(&self) {
        self.0.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    /// Listens from now on.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_listens_hears_it_once() {
        let bell = EventBell::default();
        let mut ear = bell.listen();
        assert!(!ear.has_changed().unwrap());
        bell.clone().ring();
        bell.ring();
        ear.changed().await.unwrap();
        assert!(!ear.has_changed().unwrap());
    }
}
