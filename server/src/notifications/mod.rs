//! Notifications: what happens in workspaces becomes rows in the inboxes of those whom it concerns.
//!
//! Every node runs this over the same rows. A *step* is one transaction for one workspace: it reads the events behind the
//! workspace's cursor, writes inbox rows and counters, and moves the cursor. Invariant: an event is told to somebody
//! exactly once, whichever nodes look and whenever one dies. Nobody is told of their own doing, of what they may not see
//! at this moment, or of what they do not want to hear. What a row says is made when it is read (`render`). What also
//! leaves the server, by mail or push, is written in the same step and sent by `deliveries`.

mod deliveries;
mod due;
mod follow;
mod kind;
mod preferences;
mod render;
mod rules;
mod timing;

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use weft_storage::Bell;
use weft_storage::clock::Clock;
use weft_storage::records::Records;

pub(crate) use self::deliveries::{
    Adapter, Courier, DeliverySettings, EmailAdapter, HttpAdapter, MAX_TOKEN_BYTES, PUBLIC_KEY_BYTES,
    SECRET_BYTES, Stop, Unsubscribable, Unsubscribe, VapidKey, Ways, WebPush, Wish,
};
pub(crate) use self::kind::Kind;
pub(crate) use self::preferences::{Channel, MailScope, Preferences, without_mails};
pub(crate) use self::render::{Rendered, Renderer};
pub(crate) use self::timing::{Digest, QuietHours, Timing};

/// Tells people what happens.
pub(crate) struct Notifier {
    records: Records,
    clock: Arc<dyn Clock>,
    ways: Ways,
    /// Rings when rows changed. A hint: whoever listens looks now and then anyway.
    bell: Bell,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Notifier").finish_non_exhaustive()
    }
}

impl Notifier {
    /// Over these records; by these ways something leaves the inbox.
    pub(crate) fn new(records: Records, clock: Arc<dyn Clock>, ways: Ways) -> Self {
        Self {
            records,
            clock,
            ways,
            bell: Bell::default(),
        }
    }

    /// By which ways something leaves the inbox.
    pub(crate) fn ways(&self) -> Ways {
        self.ways
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
