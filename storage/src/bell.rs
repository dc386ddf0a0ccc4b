//! Tells parts of this process that something was committed, so that nobody has to look all the time.
//!
//! Invariant: a hint. It rings after the commit, never before, and may ring for nothing. It hears of other processes only
//! if somebody tells it, so whoever listens looks at the rows now and then anyway.

use tokio::sync::watch;

/// Rings when something was committed. Clones ring the same bell.
#[derive(Debug, Clone, Default)]
pub struct Bell {
    here: watch::Sender<u64>,
    anywhere: watch::Sender<u64>,
}

impl Bell {
    /// It was committed here.
    pub fn ring(&self) {
        ring(&self.here);
        ring(&self.anywhere);
    }

    /// Somebody heard that it was committed elsewhere.
    pub fn echo(&self) {
        ring(&self.anywhere);
    }

    /// Listens from now on, wherever it is committed.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.anywhere.subscribe()
    }

    /// Listens from now on to what is committed by this process alone.
    pub fn listen_here(&self) -> watch::Receiver<u64> {
        self.here.subscribe()
    }
}

fn ring(bell: &watch::Sender<u64>) {
    bell.send_modify(|rung| *rung = rung.wrapping_add(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_listens_hears_it_once() {
        let bell = Bell::default();
        let mut ear = bell.listen();
        assert!(!ear.has_changed().unwrap());
        bell.clone().ring();
        bell.ring();
        ear.changed().await.unwrap();
        assert!(!ear.has_changed().unwrap());
    }

    #[tokio::test]
    async fn an_echo_is_not_told_on() {
        let bell = Bell::default();
        let (mut anywhere, mut here) = (bell.listen(), bell.listen_here());
        bell.echo();
        anywhere.changed().await.unwrap();
        assert!(!here.has_changed().unwrap());
        bell.ring();
        here.changed().await.unwrap();
        assert!(anywhere.has_changed().unwrap());
    }
}
