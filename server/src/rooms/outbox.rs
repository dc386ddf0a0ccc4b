//! What waits to be written to one member: the meeting point of a room and a connection.
//!
//! A room puts frames in without ever waiting; the connection takes them out as fast as its socket allows. A member that
//! falls behind never costs more than its bound: from then on its document frames are not queued but replaced by one
//! diff, asked for when the queue has drained, and its presence frames by one list of everybody.
//!
//! It must never await, and never hold more document bytes than the bound plus one frame.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus::SyncStatus;

use crate::access::Grant;
use crate::auth::Access;

/// Presence frames that may wait before they are replaced by one list of everybody.
const MAX_PRESENCE_FRAMES: usize = 4;
/// Echo frames (acknowledgements with a body) that may wait; a client asks anew every two seconds.
const MAX_ECHOES: usize = 64;

/// What the connection should do next for this member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// Write this frame.
    Frame(Bytes),
    /// Tell the client that one more edit is durable, or was refused.
    Status(SyncStatus),
    /// Everything queued was taken; ask the room for what was not queued.
    CatchUp,
    /// The right of this membership is now this one.
    Granted(Arc<Grant>),
    /// The membership is ended, by the room or because the right to it is gone.
    Closed(CloseReason),
}

#[derive(Debug, Default)]
struct Lanes {
    documents: VecDeque<Bytes>,
    document_bytes: usize,
    echoes: VecDeque<Bytes>,
    /// Answers to edits in order, equal ones that follow each other as one.
    answers: VecDeque<(SyncStatus, usize)>,
    presence: VecDeque<Bytes>,
    document_behind: bool,
    presence_behind: bool,
    catching_up: bool,
    granted: Option<Arc<Grant>>,
    /// Whether the member may only read, whatever the room was told.
    is_read_only: bool,
    closed: Option<CloseReason>,
    /// Nothing more comes in.
    is_cut: bool,
}

/// The queue of one member.
#[derive(Debug)]
pub(crate) struct Outbox {
    lanes: Mutex<Lanes>,
    wake: Arc<Notify>,
    max_document_bytes: usize,
}

impl Outbox {
    /// An empty queue that holds at most `max_document_bytes` (plus one frame) and rings `wake`.
    pub(crate) fn new(max_document_bytes: usize, wake: Arc<Notify>) -> Self {
        Self {
            lanes: Mutex::default(),
            wake,
            max_document_bytes,
        }
    }

    /// Queues a frame that must arrive: an answer, or a frame of a handshake.
    pub(crate) fn push_answer(&self, frame: Bytes) {
        self.with(|lanes| {
            lanes.document_bytes += frame.len();
            lanes.documents.push_back(frame);
        });
    }

    /// Queues a document frame. Returns whether the member has fallen behind *after* this frame: then the room must
    /// remember the state of the document and stop pushing until [`Outbox::caught_up`].
    pub(crate) fn push_update(&self, frame: Bytes) -> bool {
        self.with(|lanes| {
            lanes.document_bytes += frame.len();
            lanes.documents.push_back(frame);
            let behind = lanes.document_bytes > self.max_document_bytes;
            lanes.document_behind |= behind;
            behind
        })
    }

    /// Queues a frame that may be lost when the member is behind.
    pub(crate) fn push_transient(&self, frame: Bytes) {
        self.with(|lanes| {
            if lanes.document_bytes + frame.len() <= self.max_document_bytes {
                lanes.document_bytes += frame.len();
                lanes.documents.push_back(frame);
            }
        });
    }

    /// Queues a presence frame, or notes that the member needs the whole list.
    pub(crate) fn push_presence(&self, frame: Bytes) {
        self.with(|lanes| {
            if lanes.presence_behind || lanes.presence.len() == MAX_PRESENCE_FRAMES {
                lanes.presence.clear();
                lanes.presence_behind = true;
            } else {
                lanes.presence.push_back(frame);
            }
        });
    }

    /// Queues the answer to one edit of this member.
    pub(crate) fn push_status(&self, status: SyncStatus) {
        self.with(|lanes| match lanes.answers.back_mut() {
            Some((last, count)) if *last == status => *count += 1,
            _ => lanes.answers.push_back((status, 1)),
        });
    }

    /// Queues an acknowledgement that carries a body.
    pub(crate) fn push_echo(&self, frame: Bytes) {
        self.with(|lanes| {
            if lanes.echoes.len() == MAX_ECHOES {
                lanes.echoes.pop_front();
            }
            lanes.echoes.push_back(frame);
        });
    }

    /// The answer to [`Outgoing::CatchUp`]: the diff, and the list of everybody if that was missing too.
    pub(crate) fn caught_up(&self, document: Option<Bytes>, presence: Option<Bytes>) {
        self.with(|lanes| {
            lanes.catching_up = false;
            lanes.document_behind = false;
            lanes.presence_behind = false;
            if let Some(frame) = document {
                lanes.document_bytes += frame.len();
                lanes.documents.push_back(frame);
            }
            lanes.presence.extend(presence);
        });
    }

    /// Whether more document bytes wait than the bound.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().document_bytes > self.max_document_bytes
    }

    /// Makes the connection ask for a catch-up once everything queued is taken.
    pub(crate) fn owe_catch_up(&self) {
        self.with(|lanes| lanes.document_behind = true);
    }

    /// Whether presence frames were dropped since the last catch-up.
    pub(crate) fn is_presence_behind(&self) -> bool {
        self.lock().presence_behind
    }

    /// Ends the membership once everything queued is written.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.with(|lanes| {
            lanes.closed.get_or_insert(reason);
        });
    }

    /// Tells the connection, before anything else, what its right has become. Only the newest counts.
    pub(crate) fn regrant(&self, grant: Arc<Grant>) {
        self.with(|lanes| {
            lanes.is_read_only = grant.access == Access::ReadOnly;
            lanes.granted = Some(grant);
        });
    }

    /// The member has a new right, and the room is about to be told.
    pub(crate) fn renew(&self, access: Access) {
        self.with(|lanes| {
            lanes.is_read_only = access == Access::ReadOnly;
            lanes.granted = None;
        });
    }

    /// Whether an edit would be refused although the room has not been told yet.
    pub(crate) fn is_read_only(&self) -> bool {
        self.lock().is_read_only
    }

    /// Ends the membership at once: what is queued is forgotten, and nothing more is taken in.
    pub(crate) fn cut(&self, reason: CloseReason) {
        self.with(|lanes| {
            *lanes = Lanes {
                closed: Some(reason),
                is_cut: true,
                ..Lanes::default()
            };
        });
    }

    /// Whether the right to the membership is gone.
    pub(crate) fn is_cut(&self) -> bool {
        self.lock().is_cut
    }

    /// What comes next: documents before acknowledgements before presence, so that no client believes that it is
    /// synced before it is.
    pub(crate) fn next(&self) -> Option<Outgoing> {
        let mut lanes = self.lock();
        if let Some(grant) = lanes.granted.take() {
            return Some(Outgoing::Granted(grant));
        }
        if let Some(frame) = lanes.documents.pop_front() {
            lanes.document_bytes -= frame.len();
            if lanes.documents.is_empty() && lanes.documents.capacity() > 64 {
                lanes.documents = VecDeque::new();
            }
            return Some(Outgoing::Frame(frame));
        }
        if let Some((status, count)) = lanes.answers.front_mut() {
            let status = *status;
            *count -= 1;
            if *count == 0 {
                lanes.answers.pop_front();
            }
            return Some(Outgoing::Status(status));
        }
        if let Some(frame) = lanes.echoes.pop_front().or_else(|| lanes.presence.pop_front()) {
            return Some(Outgoing::Frame(frame));
        }
        if let Some(reason) = lanes.closed {
            return Some(Outgoing::Closed(reason));
        }
        if (lanes.document_behind || lanes.presence_behind) && !lanes.catching_up {
            lanes.catching_up = true;
            return Some(Outgoing::CatchUp);
        }
        None
    }

    fn with<T: Default>(&self, change: impl FnOnce(&mut Lanes) -> T) -> T {
        let mut lanes = self.lock();
        if lanes.is_cut {
            return T::default();
        }
        let result = change(&mut lanes);
        drop(lanes);
        self.wake.notify_one();
        result
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        // Nothing that could unwind runs under the lock, so a poisoned one is as good as a whole one.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> Outbox {
        Outbox::new(10, Arc::default())
    }

    fn frame(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn a_member_behind_gets_what_was_queued_and_then_catches_up() {
        let outbox = outbox();
        assert!(!outbox.push_update(frame("12345")));
        assert!(
            outbox.push_update(frame("6789ab")),
            "over the bound after this frame"
        );
        assert_eq!(outbox.next(), Some(Outgoing::Frame(frame("12345"))));
        assert_eq!(outbox.next(), Some(Outgoing::Frame(frame("6789ab"))));
        assert_eq!(outbox.next(), Some(Outgoing::CatchUp));
        assert_eq!(outbox.next(), None, "asks once");
        outbox.caught_up(Some(frame("diff")), None);
        assert_eq!(outbox.next(), Some(Outgoing::Frame(frame("diff"))));
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn acknowledgements_come_after_documents() {
        let outbox = outbox();
        outbox.push_status(SyncStatus::Saved);
        outbox.push_presence(frame("who"));
        outbox.push_answer(frame("doc"));
        assert_eq!(outbox.next(), Some(Outgoing::Frame(frame("doc"))));
        assert_eq!(outbox.next(), Some(Outgoing::Status(SyncStatus::Saved)));
        assert_eq!(outbox.next(), Some(Outgoing::Frame(frame("who"))));
    }

    #[test]
    fn answers_keep_their_order() {
        let outbox = outbox();
        let order = [
            SyncStatus::Saved,
            SyncStatus::Saved,
            SyncStatus::Refused,
            SyncStatus::Saved,
        ];
        order.into_iter().for_each(|status| outbox.push_status(status));
        for status in order {
            assert_eq!(outbox.next(), Some(Outgoing::Status(status)));
        }
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn presence_is_replaced_rather_than_queued() {
        let outbox = outbox();
        for _ in 0..100 {
            outbox.push_presence(frame("who"));
        }
        assert!(outbox.is_presence_behind());
        assert_eq!(outbox.next(), Some(Outgoing::CatchUp));
        outbox.caught_up(None, Some(frame("everybody")));
        assert_eq!(outbox.next(), Some(Outgoing::Frame(frame("everybody"))));
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn a_close_waits_for_what_is_queued() {
        let outbox = outbox();
        outbox.push_answer(frame("doc"));
        outbox.close(CloseReason::DocumentQuarantined);
        assert_eq!(outbox.next(), Some(Outgoing::Frame(frame("doc"))));
        assert_eq!(
            outbox.next(),
            Some(Outgoing::Closed(CloseReason::DocumentQuarantined))
        );
    }

    #[test]
    fn a_cut_forgets_what_is_queued_and_takes_nothing_in() {
        let outbox = outbox();
        outbox.push_answer(frame("doc"));
        outbox.close(CloseReason::DocumentFull);
        outbox.cut(CloseReason::AccessRevoked);
        outbox.push_status(SyncStatus::Saved);
        assert!(!outbox.push_update(frame("0123456789ab")));
        outbox.close(CloseReason::DocumentQuarantined);
        let end = Some(Outgoing::Closed(CloseReason::AccessRevoked));
        assert_eq!(
            (outbox.next(), outbox.next()),
            (end, Some(Outgoing::Closed(CloseReason::AccessRevoked)))
        );
    }
}
