//! What a connection asks of the protocol that its client speaks.
//!
//! A protocol decides; it must never wait, read or write.

use bytes::Bytes;
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus::SyncStatus;

use super::Gateway;
use super::admission::Answer;
use super::membership::{Membership, Post};
use crate::access::Grant;
use crate::auth::UnixSeconds;
use crate::config::LimitsConfig;

/// What the frames of a connection mean.
pub(super) trait Protocol: Send {
    /// Handles one frame of the client.
    ///
    /// # Errors
    /// The reason for which the connection is closed.
    fn receive(&mut self, gateway: &Gateway, frame: Bytes, post: &mut Post) -> Result<(), CloseReason>;
    /// The gatekeeper has decided.
    ///
    /// # Errors
    /// The reason for which the connection is closed.
    fn answered(&mut self, gateway: &Gateway, answer: Answer, post: &mut Post) -> Result<(), CloseReason>;
    /// Whether so much waits for answers that nothing more should be read before the next one.
    fn is_full(&self, limits: &LimitsConfig) -> bool;
    /// Every open membership, in a stable order.
    fn memberships(&mut self) -> impl Iterator<Item = &mut Membership>;
    /// The frame that answers an edit of the membership of this position, if the protocol has one.
    fn status(&self, membership: usize, status: SyncStatus) -> Option<Bytes>;
    /// The right of a membership has become `grant`.
    fn regranted(&mut self, membership: usize, grant: &Grant, post: &mut Post);
    /// The room has ended a membership, or the right to it is gone.
    fn ended(&mut self, membership: usize, reason: CloseReason, post: &mut Post) -> Ended;
    /// Ends what `now` is too late for.
    ///
    /// # Errors
    /// The reason for which the connection is closed.
    fn expire(&mut self, now: UnixSeconds, post: &mut Post) -> Result<(), CloseReason>;
    /// Whether the client has shown a right to anything.
    fn is_authenticated(&self) -> bool;
    /// A frame that means nothing, for a client that heard nothing for long.
    fn keep_alive(&self) -> Option<Bytes>;
    /// Posts all farewells.
    fn leave_all(&mut self, post: &mut Post);
}

/// What ends with a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Only it.
    Membership,
    /// The whole connection.
    Connection(CloseReason),
}
