//! Notifications: what happens in workspaces becomes rows in the inboxes of those whom it concerns.
//!
//! Every node runs this over the same rows. A *step* is one transaction for one workspace: it reads the events behind the
//! workspace's cursor, writes inbox rows and counters, and moves the cursor. Invariant: an event is told to somebody
//! exactly once, whichever nodes look and whenever one dies. Nobody is told of their own doing, of what they may not see
//! at this moment, or of what they do not want to hear. What a row says is made when it is read (`render`).

mod follow;
mod kind;
mod preferences;
mod render;
mod rules;

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use weft_storage::Bell;
use weft_storage::clock::Clock;
use weft_storage::records::Records;

pub(crate) use self::kind::Kind;
pub(crate) use self::preferences::{Channel, Preferences};
pub(crate) use self::render::{Rendered, Renderer};

/// Tells people what happens.
pub(crate) struct Notifier {
    records: Records,
    clock: Arc<dyn Clock>,
    /// Rings when rows changed. A hint: whoever listens looks now and then anyway.
    bell: Bell,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Notifier").finish_non_exhaustive()
    }
}

impl Notifier {
    /// Over these records.
    pub(crate) fn new(records: Records, clock: Arc<dyn Clock>) -> Self {
        Self {
            records,
            clock,
            bell: Bell::default(),
        }
    }

    /// Tells everybody who listens that rows changed. To be called after the commit.
    pub(crate) fn ring(&self) {
        self.bell.ring();
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.bell.listen()
    }

    /// What rings when rows changed.
    pub(crate) fn bell(&self) -> &Bell {
        &self.bell
    }
}
