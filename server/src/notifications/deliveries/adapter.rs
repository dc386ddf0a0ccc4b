//! What a way of sending notifications has to do.
//!
//! To add one: a name in `NotificationWay` and in the table's CHECK, an [`Adapter`], a line in [`Ways`](super::Ways) that
//! says who is sent something, and one in `boot` that puts a courier to work. Whoever implements it is given what is
//! to be said, whole and checked, and answers what came of it; rights, preferences, quiet hours, claims and retries are
//! the courier's business. Invariant: a message that comes twice has the same id, by which a receiver knows it.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{NotificationWay, User};

use crate::notifications::{Channel, Kind};

/// One thing that somebody is told.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Its delivery.
    pub(crate) id: Uuid,
    /// The inbox row.
    pub(crate) notification: Uuid,
    /// Its type.
    pub(crate) kind: Kind,
    /// One sentence, on one line.
    pub(crate) title: String,
    /// How the comment begins, if it is about one; on one line.
    pub(crate) body: String,
    /// How much happened.
    pub(crate) happened: i64,
    /// The page about it: a path below our own address.
    pub(crate) path: String,
    /// How often it was tried, this time included.
    pub(crate) attempts: i64,
}

/// What somebody is to be told now.
pub(crate) struct Message {
    /// In which workspace it happened.
    pub(crate) workspace: WorkspaceId,
    /// Whom.
    pub(crate) user: User,
    /// What, the oldest first; at least one.
    pub(crate) items: Vec<Item>,
    /// Under which claim it was taken.
    pub(super) claim: Uuid,
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Message")
            .field("workspace", &self.workspace)
            .field("user", &self.user.id)
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It left.
    Sent,
    /// There is nobody to send it to any more.
    Unwanted,
    /// It did not leave; try again, not before this time if there is one.
    Again(String, Option<Duration>),
    /// It will never leave.
    Failed(String),
}

/// A way of sending.
#[async_trait]
pub(crate) trait Adapter: fmt::Debug + Send + Sync {
    /// Which way it is.
    fn way(&self) -> NotificationWay;

    /// By which preference people turn it on and off.
    fn channel(&self) -> Channel;

    /// Why nothing can be sent to this account, if it cannot.
    fn refuses(&self, user: &User) -> Option<&'static str>;

    /// How many messages may be under way on one node.
    fn at_once(&self) -> usize;

    /// How long sending takes at most. A claim lasts longer.
    fn patience(&self) -> Duration;

    /// How many items one message may have for this account.
    fn most_items(&self, user: &User) -> u32 {
        let _ = user;
        1
    }

    /// Sends. Never waits longer than [`patience`](Self::patience).
    async fn send(&self, message: &Message) -> Outcome;
}
