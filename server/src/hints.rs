//! Tells other nodes at once that events were written here, and that inboxes have changed, and hears it of them.
//!
//! Invariant: a hint. What is lost costs a second, because whoever listens looks at the rows now and then anyway. However
//! much is written, others are told a bounded number of times a second; what was heard is not told on.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weft_storage::Bell;
use weft_storage::bus::{Bus, Notice, NoticeEar};

/// How long nothing is said of a kind after it was said.
const REST: Duration = Duration::from_millis(20);

/// Has `bell` ring on this node when others give `notice`.
pub(crate) fn hear(bus: &dyn Bus, notice: Notice, bell: Bell) {
    bus.attend(Arc::new(Hearing { notice, bell }));
}

/// Gives `notice` to others whenever `bell` was rung here, until `stop`.
pub(crate) async fn tell(bus: Arc<dyn Bus>, notice: Notice, bell: Bell, stop: CancellationToken) {
    if !bus.is_shared() {
        return stop.cancelled().await;
    }
    let mut ear = bell.listen_here();
    while let Some(Ok(())) = stop.run_until_cancelled(ear.changed()).await {
        bus.announce(notice);
        // What comes meanwhile is told once, afterwards.
        sleep(REST).await;
    }
}

/// Rings a bell for a notice.
struct Hearing {
    notice: Notice,
    bell: Bell,
}

impl NoticeEar for Hearing {
    fn hear(&self, notice: Notice) {
        if notice == self.notice {
            self.bell.echo();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_notice_rings_a_bell() {
        let bell = Bell::default();
        let ear = Hearing {
            notice: Notice::Events,
            bell: bell.clone(),
        };
        let (anywhere, here) = (bell.listen(), bell.listen_here());
        for other in [Notice::Alive, Notice::Rights, Notice::Inboxes] {
            ear.hear(other);
        }
        assert!(!anywhere.has_changed().unwrap());
        ear.hear(Notice::Events);
        assert!(anywhere.has_changed().unwrap() && !here.has_changed().unwrap());
    }
}
