//! The loop of a room: the one task that waits for messages, the log and time on behalf of a [`RoomState`].
//!
//! It must never decide anything about a document's content, and never wait for a client.

mod compaction;
mod early;
mod open;
mod others;
mod pace;
mod patience;
mod renew;
mod tail;
#[cfg(test)]
mod tests;
mod told;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, WeakSender};
use tokio::time::{Instant, sleep_until, timeout_at};
use weft_protocol::close::CloseReason;
use weft_protocol::id::DocumentName;
use weft_storage::bus::{NodeId, Signal};
use weft_storage::{
    Append, CompactionOutcome, DocumentId, DocumentLog, NewUpdate, Projection, Seq, StorageError, WorkspaceId,
};

use self::open::Opened;
use self::pace::{receive, rest_after};
use self::patience::{append_patiently, poll_or_wait};
use self::tail::{ShownTail, Tail};
use self::told::Told;
use super::hub::Hub;
use super::load::{Source, quarantine};
use super::remote::Line;
use super::replica::Role;
use super::state::{Poisoned, RoomState};
use super::{ContentRefusal, MemberId, RoomMessage};

/// Messages taken from the mailbox at once.
const BATCH: usize = 256;
/// A room with more members than this lets everybody who is ready speak before it answers, so that one frame carries
/// many edits.
const CROWD: usize = 8;
/// Work on more bytes than this leaves the other tasks of its thread to another one.
const HEAVY_BYTES: usize = 256 * 1024;
/// A document that could not be opened is refused for this long without another try.
const REFUSAL: Duration = Duration::from_secs(2);
/// How often presence is checked for those who fell silent.
const PRESENCE_CHECK: Duration = Duration::from_secs(5);
/// How long an idle room waits for somebody on the way in while the server stops.
const LAST_CALL: Duration = Duration::from_millis(20);
/// A room that fails this often without an edit to blame has damaged content.
const MAX_BLAMELESS_FAILURES: u32 = 2;

type AppendFuture = Pin<Box<dyn Future<Output = Result<Seq, StorageError>> + Send>>;
type CompactionFuture = Pin<Box<dyn Future<Output = Result<CompactionOutcome, StorageError>> + Send>>;

/// A room's task.
pub(super) struct Actor {
    hub: Arc<Hub>,
    workspace: WorkspaceId,
    name: DocumentName,
    mailbox: mpsc::Receiver<RoomMessage>,
    id: DocumentId,
    role: Role,
    sender: WeakSender<RoomMessage>,
    head: Arc<AtomicU64>,
    /// The line to other nodes, if there are any.
    line: Option<Line>,
    /// What other nodes are called in this room.
    nodes: HashMap<NodeId, MemberId>,
}

/// Where a room is reached, and what it shows of itself.
pub(super) struct Door {
    pub(super) mailbox: mpsc::Receiver<RoomMessage>,
    /// The other end of the mailbox.
    pub(super) sender: WeakSender<RoomMessage>,
    /// Up to where the room has the log; `u64::MAX` while it loads.
    pub(super) head: Arc<AtomicU64>,
}

/// What a room has beside its state while it is open.
struct Live {
    state: RoomState,
    inbox: VecDeque<RoomMessage>,
    append: Option<AppendFuture>,
    told: Told,
    compaction: Option<CompactionFuture>,
    tail: Tail,
    shown_tail: ShownTail,
    idle_since: Instant,
    presence_checked: Instant,
    blameless_failures: u32,
    /// Until then nothing is taken from the mailbox, see [`pace`].
    rests_until: Instant,
    /// Since when something waits that no append has.
    owes_since: Option<Instant>,
    /// The log may have more than the document.
    is_behind: bool,
}

enum Event {
    Messages,
    Appended(Result<Seq, StorageError>),
    Compacted(Result<CompactionOutcome, StorageError>),
    Timer,
}

impl Actor {
    /// A room that has not loaded its document yet.
    pub(super) fn new(hub: Arc<Hub>, workspace: WorkspaceId, name: DocumentName, door: Door) -> Self {
        let id = DocumentId::generate(hub.clock.as_ref());
        Self {
            hub,
            workspace,
            name,
            mailbox: door.mailbox,
            id,
            role: Role::Plain,
            sender: door.sender,
            head: door.head,
            line: None,
            nodes: HashMap::new(),
        }
    }

    /// Loads the document, serves it until nobody needs it, and ends.
    pub(super) async fn run(mut self) {
        let result = match self.open().await {
            Ok(opened) => self.serve(opened).await,
            Err(reason) => Err(reason),
        };
        self.line = None;
        match result {
            Ok(()) => self.give_back_client().await,
            Err(reason @ CloseReason::DocumentRenewed) => self.make_way(to_newcomers(reason)).await,
            // What was written under the client id may not be durable: nobody may ever write under it again.
            Err(reason) => self.refuse(reason).await,
        }
    }

    /// Everything is durable and nobody is here: the next one to open the board may write under the same client id.
    async fn give_back_client(&self) {
        if let Role::Board { client } = self.role
            && let Err(error) = self
                .log()
                .give_back_client(self.workspace, &self.name, client)
                .await
        {
            tracing::warn!(doc.name = %self.name, error = &error as &dyn std::error::Error, "a client id is lost");
        }
    }

    /// Serves the document until it is idle, or until it cannot go on.
    async fn serve(&mut self, opened: Opened) -> Result<(), CloseReason> {
        let loaded = opened.loaded;
        let now = Instant::now();
        let mut live = Live {
            state: RoomState::new(
                self.hub.settings.limits,
                loaded.replica,
                loaded.head,
                loaded.size_bound,
            ),
            inbox: VecDeque::new(),
            append: None,
            told: Told::about(&self.name),
            compaction: None,
            tail: Tail {
                rows: loaded.tail_rows,
                bytes: loaded.tail_bytes,
            },
            shown_tail: ShownTail::new(Arc::clone(&self.hub.metrics)),
            idle_since: now,
            presence_checked: now,
            blameless_failures: 0,
            rests_until: now,
            owes_since: None,
            is_behind: false,
        };
        if self.line.is_some() {
            live.state.speak_to_others();
        }
        let mut buffer = opened.early;
        let founded = self.found_board(&mut live, opened.seed.as_deref());
        let result = match founded {
            Ok(()) => self.serve_until_idle(&mut live, &mut buffer).await,
            Err(reason) => Err(reason),
        };
        if let Err(reason) = result {
            live.state.close_all(reason);
            for message in live.inbox.drain(..).chain(buffer) {
                turn_away(message, to_newcomers(reason));
            }
        } else if live.compaction.is_none() && self.is_worth_compacting(live.tail, 4) {
            self.hub.tasks.spawn(self.compaction());
        }
        if let Some(compaction) = live.compaction {
            self.hub.tasks.spawn(compaction);
        }
        result
    }

    async fn serve_until_idle(
        &mut self,
        live: &mut Live,
        buffer: &mut Vec<RoomMessage>,
    ) -> Result<(), CloseReason> {
        self.take_in(live, buffer).await?;
        loop {
            if !live.is_behind {
                self.start_append(live);
            }
            match self.next_event(live, buffer).await {
                Event::Messages => {
                    self.take_in(live, buffer).await?;
                    if live.state.has_more_to_append() {
                        live.owes_since.get_or_insert_with(Instant::now);
                    }
                    let rest = rest_after(live.state.take_sent(), self.hub.settings.longest_rest);
                    live.rests_until = Instant::now() + rest;
                    if live.append.is_some() && live.state.is_waited_for() {
                        self.log().hurry();
                    }
                }
                Event::Appended(Ok(_)) => {
                    live.append = None;
                    live.told.written(Instant::now());
                    let after = Seq(live.state.head());
                    let updates = live.state.finish_append();
                    if let Some(line) = &self.line {
                        line.say(Signal::appended(after, updates));
                    }
                    self.start_compaction(live);
                }
                Event::Appended(Err(StorageError::Conflict { .. })) => {
                    live.append = None;
                    live.is_behind = true;
                }
                Event::Appended(Err(error)) => return Err(self.log_failed(&error)),
                Event::Compacted(result) => {
                    live.compaction = None;
                    self.compacted(live, result);
                }
                Event::Timer => self.tick(live).await?,
            }
            if live.append.is_none() && (live.is_behind || self.line.as_ref().is_some_and(Line::has_missed)) {
                self.catch_up(live).await?;
            }
            self.say_outward(live);
            self.head.store(live.state.head(), Ordering::Relaxed);
            live.shown_tail.show(live.tail);
            if !live.state.is_idle() {
                live.idle_since = Instant::now();
            } else if Instant::now() >= self.unload_at(live) {
                if self.hub.retire(self.workspace, &self.name, &self.mailbox) {
                    return Ok(());
                }
                live.idle_since = Instant::now();
            }
        }
    }

    /// Does what is due by now.
    async fn tick(&mut self, live: &mut Live) -> Result<(), CloseReason> {
        let now_ms = self.now_ms();
        if live.presence_checked + PRESENCE_CHECK <= Instant::now() {
            live.presence_checked = Instant::now();
            live.state.expire_presence(now_ms);
        }
        match tokio::task::block_in_place(|| live.state.repair_when_quiet(now_ms)) {
            Ok(()) => Ok(()),
            Err(Poisoned) => self.recover(live).await,
        }
    }

    async fn next_event(&mut self, live: &mut Live, buffer: &mut Vec<RoomMessage>) -> Event {
        let idle = live.state.is_idle();
        let mut wake_at = if idle {
            self.unload_at(live)
        } else {
            live.presence_checked + PRESENCE_CHECK
        };
        let repair_at = live.state.repair_at_ms();
        let has_timer = idle || live.state.has_presence() || repair_at.is_some();
        if let Some(repair_at) = repair_at {
            wake_at = wake_at.min(self.hub.started + Duration::from_millis(repair_at));
        }
        let accepts = live.state.unsaved_bytes() <= self.hub.settings.max_unsaved_bytes;
        let crowded = live.state.members() > CROWD;
        tokio::select! {
            biased;
            result = poll_or_wait(live.append.as_mut()) => Event::Appended(result),
            result = poll_or_wait(live.compaction.as_mut()) => Event::Compacted(result),
            _ = receive(&mut self.mailbox, buffer, live.rests_until), if accepts => {
                if crowded {
                    tokio::task::yield_now().await;
                    while buffer.len() < BATCH && let Ok(message) = self.mailbox.try_recv() {
                        buffer.push(message);
                    }
                }
                Event::Messages
            }
            () = sleep_until(wake_at), if has_timer => Event::Timer,
            () = self.hub.closing.cancelled(), if idle && !self.hub.closing.is_cancelled() => Event::Timer,
        }
    }

    /// When an idle room goes: soon, or at once when the server stops.
    fn unload_at(&self, live: &Live) -> Instant {
        if self.hub.closing.is_cancelled() {
            live.idle_since + LAST_CALL
        } else {
            live.idle_since + self.hub.settings.idle_unload
        }
    }

    async fn handle(&mut self, live: &mut Live) -> Result<(), CloseReason> {
        loop {
            let now_ms = self.now_ms();
            let begun = Instant::now();
            let handled = if live.state.weight_of(&live.inbox) > HEAVY_BYTES {
                tokio::task::block_in_place(|| live.state.handle(&mut live.inbox, now_ms))
            } else {
                live.state.handle(&mut live.inbox, now_ms)
            };
            self.hub.metrics.doc_apply_seconds.observe(begun.elapsed());
            match handled {
                Ok(()) => return Ok(()),
                Err(Poisoned) => self.recover(live).await?,
            }
        }
    }

    /// Builds the document anew from the log and finds the edit that broke it. A document that breaks by itself is
    /// quarantined.
    async fn recover(&mut self, live: &mut Live) -> Result<(), CloseReason> {
        if !live.state.is_undoing() {
            tracing::warn!(doc.name = %self.name, "document failed in memory, building it anew");
            self.hub.metrics.doc_recovered.add(1);
        }
        if !live.state.has_suspects() && !live.state.is_undoing() {
            live.blameless_failures += 1;
        }
        loop {
            if live.blameless_failures > MAX_BLAMELESS_FAILURES {
                return Err(
                    quarantine(self.source(), self.id, &self.name, "the document fails in memory").await,
                );
            }
            let unsaved = live.state.unsaved().cloned().collect();
            let replica = self.load_again(live.state.begins(), unsaved).await?.replica;
            if live.state.replace_replica(replica).is_ok() {
                return Ok(());
            }
            if !live.state.has_suspects() {
                live.blameless_failures += 1;
            }
        }
    }

    fn start_append(&self, live: &mut Live) {
        if live.append.is_some() {
            return;
        }
        let Some(appendable) = live.state.start_append() else {
            return;
        };
        let projection = match self.role {
            Role::Board { .. } => appendable.projection,
            Role::Plain => live.told.of(&appendable.deltas, Instant::now()),
        };
        let updates = appendable.deltas.into_iter().map(|delta| NewUpdate {
            bytes: delta.update,
            author: delta.author.map(|author| author.to_string().into()),
        });
        let updates: Vec<NewUpdate> = updates.collect();
        live.tail.rows += updates.len() as u64;
        live.tail.bytes += updates
            .iter()
            .map(|update| update.bytes.len() as u64)
            .sum::<u64>();
        let append = Append {
            document: self.id,
            workspace: self.workspace,
            name: self.name.clone(),
            expected_head: Seq(appendable.head),
            updates,
            projection: projection.map(|projection| self.with_event_ids(projection)),
        };
        live.append = Some(Box::pin(append_patiently(
            Arc::clone(&self.hub.log),
            append,
            self.patience(live),
            self.hub.settings.storage_patience,
        )));
        live.owes_since = None;
    }

    /// Events get their ids here, because rooms neither read clocks nor draw random numbers.
    fn with_event_ids(&self, mut projection: Projection) -> Arc<Projection> {
        for event in &mut projection.events {
            event.id = DocumentId::generate(self.hub.clock.as_ref()).0;
        }
        Arc::new(projection)
    }

    fn log_failed(&self, error: &StorageError) -> CloseReason {
        tracing::error!(doc.name = %self.name, error = error as &dyn std::error::Error, "edits cannot be saved");
        if error.is_damage() {
            CloseReason::DocumentQuarantined
        } else {
            CloseReason::StorageUnavailable
        }
    }

    /// Tells everybody who comes why the document cannot be had, for a moment, and ends.
    async fn refuse(mut self, reason: CloseReason) {
        let until = Instant::now() + REFUSAL;
        while let Ok(Some(message)) = timeout_at(until, self.mailbox.recv()).await {
            turn_away(message, reason);
        }
        self.make_way(reason).await;
    }

    /// Ends, and lets the next one to come open a new room. Who is on the way into this one is told why not.
    async fn make_way(mut self, reason: CloseReason) {
        self.hub.abandon(self.workspace, &self.name);
        self.mailbox.close();
        while let Some(message) = self.mailbox.recv().await {
            turn_away(message, reason);
        }
    }

    fn log(&self) -> &dyn DocumentLog {
        self.hub.log.as_ref()
    }

    fn source(&self) -> Source<'_> {
        Source {
            log: self.log(),
            metrics: &self.hub.metrics,
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.hub.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What those are told who come when members are closed for `reason`: they have nothing of the past that a document made
/// anew has left behind.
fn to_newcomers(reason: CloseReason) -> CloseReason {
    match reason {
        CloseReason::DocumentRenewed => CloseReason::Restart,
        reason => reason,
    }
}

/// Answers `message` in a room that has no document. Members it had before were told already.
fn turn_away(message: RoomMessage, reason: CloseReason) {
    match message {
        RoomMessage::Join(join) => join.outbox.close(reason),
        RoomMessage::Content(request) => request.reply.send(Err(ContentRefusal::Unavailable(reason))),
        _ => {}
    }
}
