//! Which documents are open: the way from a document's name to its room.
//!
//! Invariant: a name has at most one room. Entering and retiring happen under one lock without awaiting, so nobody can
//! enter a room that has decided to go.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_protocol::id::DocumentName;
use weft_storage::bus::{Bus, Heard};
use weft_storage::clock::Clock;
use weft_storage::{DocumentLog, Seq, WorkspaceId};

use super::actor::{Actor, Door};
use super::content::{ContentAnswer, ContentRefusal, ContentRequest, Operation, Reply};
use super::{MemberId, RoomLimits, RoomMessage};
use crate::metrics::Metrics;

/// How rooms behave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HubSettings {
    /// What a room may hold.
    pub(crate) limits: RoomLimits,
    /// How long an empty room stays in memory.
    pub(crate) idle_unload: Duration,
    /// Rows after the newest snapshot that call for a new one.
    pub(crate) compact_after_rows: u64,
    /// Bytes after the newest snapshot that call for a new one.
    pub(crate) compact_after_bytes: u64,
    /// Messages that may wait in front of a room; then connections wait, and TCP pushes back.
    pub(crate) mailbox_messages: usize,
    /// The longest that a room rests after it has spoken to a crowd.
    pub(crate) longest_rest: Duration,
    /// How long a save for which nobody waits may wait for others.
    pub(crate) gather_saves: Duration,
    /// A board that has outgrown what it shows is made anew when it is opened after so long without an edit.
    pub(crate) renew_boards_after: Duration,
    /// How long the log may fail before the room gives up.
    pub(crate) storage_patience: Duration,
    /// How much only memory may hold before writers wait, in bytes.
    pub(crate) max_unsaved_bytes: usize,
}

/// The way into a room. As long as one exists the room stays.
#[derive(Debug)]
pub(crate) struct RoomHandle {
    sender: mpsc::Sender<RoomMessage>,
    /// Up to where the room has the log.
    head: Arc<AtomicU64>,
}

impl RoomHandle {
    /// Where messages to the room go.
    pub(crate) fn sender(&self) -> &mpsc::Sender<RoomMessage> {
        &self.sender
    }
}

/// All rooms of this node.
pub(crate) struct Hub {
    rooms: Mutex<HashMap<(WorkspaceId, DocumentName), Arc<RoomHandle>>>,
    next_member: AtomicU64,
    pub(super) log: Arc<dyn DocumentLog>,
    pub(super) clock: Arc<dyn Clock>,
    /// One compaction at a time: it is heavy, and nobody waits for it.
    pub(super) compactions: Arc<Semaphore>,
    /// The moment from which rooms count time.
    pub(super) started: Instant,
    pub(super) settings: HubSettings,
    pub(super) metrics: Arc<Metrics>,
    /// The way to other nodes.
    pub(super) bus: Arc<dyn Bus>,
    /// Rooms, and what they leave running.
    pub(super) tasks: TaskTracker,
    /// Asks empty rooms to go at once.
    pub(super) closing: CancellationToken,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Hub")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub without rooms that reads and writes `log`.
    pub(crate) fn new(
        log: Arc<dyn DocumentLog>,
        clock: Arc<dyn Clock>,
        settings: HubSettings,
        metrics: Arc<Metrics>,
        bus: Arc<dyn Bus>,
    ) -> Arc<Self> {
        Arc::new(Self {
            rooms: Mutex::default(),
            next_member: AtomicU64::new(1),
            log,
            clock,
            compactions: Arc::new(Semaphore::new(1)),
            started: Instant::now(),
            settings,
            metrics,
            bus,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        })
    }

    /// The way to other nodes.
    pub(crate) fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// How large a document may be, in bytes of its encoded state.
    pub(crate) fn max_document_bytes(&self) -> usize {
        self.settings.limits.max_document_bytes
    }

    /// An id that no other member has.
    pub(crate) fn new_member(&self) -> MemberId {
        MemberId(self.next_member.fetch_add(1, Ordering::Relaxed))
    }

    /// The room of `name`, opened if it is not open. Everybody who comes while it loads shares that one load.
    pub(crate) fn enter(self: &Arc<Self>, workspace: WorkspaceId, name: &DocumentName) -> Arc<RoomHandle> {
        match self.rooms().entry((workspace, name.clone())) {
            Entry::Occupied(open) => Arc::clone(open.get()),
            Entry::Vacant(free) => {
                let (sender, mailbox) = mpsc::channel(self.settings.mailbox_messages);
                let head = Arc::new(AtomicU64::new(u64::MAX));
                let door = Door {
                    mailbox,
                    sender: sender.downgrade(),
                    head: Arc::clone(&head),
                };
                let handle = Arc::clone(free.insert(Arc::new(RoomHandle { sender, head })));
                self.metrics.doc_open.add(1);
                self.tasks
                    .spawn(Actor::new(Arc::clone(self), workspace, name.clone(), door).run());
                handle
            }
        }
    }

    /// Lets the room of `name` carry out `operation`, and waits until what it changed is durable.
    ///
    /// # Errors
    /// [`ContentRefusal`] says why nothing was changed.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        name: &DocumentName,
        operation: Operation,
    ) -> Result<ContentAnswer, ContentRefusal> {
        self.ask_for(None, workspace, name, operation).await
    }

    /// Like [`Self::ask`], for the account `by`, whose doing a change of content is.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn ask_for(
        self: &Arc<Self>,
        by: Option<Uuid>,
        workspace: WorkspaceId,
        name: &DocumentName,
        operation: Operation,
    ) -> Result<ContentAnswer, ContentRefusal> {
        let (answered, answer) = oneshot::channel();
        let reply = Reply::new(move |result| drop(answered.send(result)));
        // The handle keeps the room open until it has answered.
        let room = self.enter(workspace, name);
        let request = ContentRequest { operation, by, reply };
        let sent = room.sender().send(RoomMessage::Content(request)).await;
        let unavailable = ContentRefusal::Unavailable(CloseReason::StorageUnavailable);
        match sent {
            Ok(()) => answer.await.unwrap_or(Err(unavailable)),
            Err(_) => Err(unavailable),
        }
    }

    /// Like [`Self::ask`], but opens no room: `None` if nobody has the document open.
    pub(crate) async fn ask_if_open(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        name: &DocumentName,
        operation: Operation,
    ) -> Option<Result<ContentAnswer, ContentRefusal>> {
        let is_open = self.rooms().contains_key(&(workspace, name.clone()));
        if is_open {
            Some(self.ask(workspace, name, operation).await)
        } else {
            None
        }
    }

    /// What is open here, and up to where each room has the log; rooms that are still loading look by themselves.
    pub(crate) fn heads(&self) -> Vec<(WorkspaceId, DocumentName, Seq)> {
        let rooms = self.rooms();
        let heads = rooms.iter().map(|((workspace, name), room)| {
            let head = room.head.load(Ordering::Relaxed);
            (*workspace, name.clone(), Seq(head))
        });
        heads.filter(|(_, _, head)| head.get() != u64::MAX).collect()
    }

    /// Tells the room of `name`, if it is open, that the log may have more than it knows.
    pub(crate) fn look_again(&self, workspace: WorkspaceId, name: &DocumentName) {
        if let Some(room) = self.rooms().get(&(workspace, name.clone())) {
            // A room that is too busy to hear this is about to write, and finds out.
            let _ = room.sender.try_send(RoomMessage::Heard(Heard::Gap));
        }
    }

    /// Takes the room of `name` off the list if nobody can reach it any more; called by the room itself. After `true`
    /// its mailbox stays as it is, and the next one to enter opens a new room.
    pub(super) fn retire(
        &self,
        workspace: WorkspaceId,
        name: &DocumentName,
        mailbox: &mpsc::Receiver<RoomMessage>,
    ) -> bool {
        let mut rooms = self.rooms();
        let key = (workspace, name.clone());
        // Only the list holds the handle, and nothing that was sent is unread.
        let unreachable = rooms
            .get(&key)
            .is_some_and(|handle| Arc::strong_count(handle) == 1);
        if !unreachable || !mailbox.is_empty() {
            return false;
        }
        rooms.remove(&key);
        self.metrics.doc_open.sub(1);
        true
    }

    /// Takes a room off the list although members still hold it, because it cannot go on: they are told to leave, and
    /// the next one to enter opens a new room.
    pub(super) fn abandon(&self, workspace: WorkspaceId, name: &DocumentName) {
        if self.rooms().remove(&(workspace, name.clone())).is_some() {
            self.metrics.doc_open.sub(1);
        }
    }

    /// Waits until every room has written what it owes and is gone. Connections must have ended.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<(WorkspaceId, DocumentName), Arc<RoomHandle>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
