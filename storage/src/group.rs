//! The writer task: takes everything that waits and commits it together.
//!
//! While one commit is on its way to the disk the next batch gathers. What may be late waits for company besides, until
//! the first of those who wait may not wait any longer. Invariant: an append is answered after the commit that holds it
//! and never before; one that fails does not fail its neighbours; the task survives every failure of the database.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedRwLockReadGuard, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::{AfterFailure, BatchFailure, Fold, Guarded, LogWriter, Replacement};
use crate::bell::Bell;
use crate::board_rows::RowsReport;
use crate::clock::Clock;
use crate::error::StorageError;
use crate::model::{Append, DocumentId, Seq};
use crate::projection::RowsReplacement;
use crate::stats::{CommitObserver, StorageStats, WriteHealth};

/// At most this many appends go into one transaction, so that a commit stays short.
const LARGEST_BATCH: usize = 1024;

/// Keeps the sweep away from blobs that no row names yet. It travels with the write, so that a caller who gives up
/// waiting does not let the sweep in.
pub(crate) type Naming = OwnedRwLockReadGuard<()>;

type Reply<T> = oneshot::Sender<Result<T, StorageError>>;

/// Something to write.
enum Write {
    /// Rows, and when they have to be on their way to the disk.
    Append(Append, Instant, Reply<Seq>),
    Quarantine(DocumentId, String, Reply<()>),
    Fold(Box<Fold>, Naming, Reply<Guarded>),
    Replace(Box<Replacement>, Naming, Reply<Guarded>),
    ReplaceRows(Box<RowsReplacement>, Reply<Option<RowsReport>>),
    Probe(Reply<()>),
}

/// Callers' end of the writer task. Cheap to clone.
#[derive(Clone)]
pub(crate) struct WriterHandle {
    queue: mpsc::Sender<Write>,
    health: Arc<Mutex<WriteHealth>>,
    observer: Arc<OnceLock<Arc<dyn CommitObserver>>>,
    hurry: Arc<Notify>,
    stop: CancellationToken,
}

struct WriterTask {
    writer: Box<dyn LogWriter>,
    bell: Bell,
    queue: mpsc::Receiver<Write>,
    health: Arc<Mutex<WriteHealth>>,
    observer: Arc<OnceLock<Arc<dyn CommitObserver>>>,
    hurry: Arc<Notify>,
    clock: Arc<dyn Clock>,
}

impl Write {
    /// When it has to be on its way to the disk.
    fn due(&self, now: Instant) -> Instant {
        match self {
            Self::Append(_, due, _) => *due,
            _ => now,
        }
    }
}

impl WriterHandle {
    /// Starts the writer task on `tasks`, which rings the bell when it has committed events. `held` is kept until the
    /// task has ended and the database is closed.
    pub(crate) fn start(
        (writer, bell): (Box<dyn LogWriter>, Bell),
        clock: Arc<dyn Clock>,
        queue_length: usize,
        tasks: &TaskTracker,
        held: impl Send + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(queue_length.max(1));
        let health = Arc::new(Mutex::new(WriteHealth::default()));
        let observer = Arc::new(OnceLock::new());
        let hurry = Arc::new(Notify::new());
        let stop = CancellationToken::new();
        let task = WriterTask {
            writer,
            bell,
            queue: receiver,
            health: Arc::clone(&health),
            observer: Arc::clone(&observer),
            hurry: Arc::clone(&hurry),
            clock,
        };
        let stopped = stop.clone();
        tasks.spawn(async move {
            task.run(stopped).await;
            drop(held);
        });
        Self {
            queue: sender,
            health,
            observer,
            hurry,
            stop,
        }
    }

    /// See [`crate::DocumentLog::append_within`].
    pub(crate) async fn append(&self, append: Append, patience: Duration) -> Result<Seq, StorageError> {
        let due = Instant::now() + patience;
        self.ask(|reply| Write::Append(append, due, reply)).await
    }

    /// See [`crate::DocumentLog::hurry`].
    pub(crate) fn hurry(&self) {
        self.hurry.notify_one();
    }

    pub(crate) async fn quarantine(&self, id: DocumentId, reason: String) -> Result<(), StorageError> {
        self.ask(|reply| Write::Quarantine(id, reason, reply)).await
    }

    pub(crate) async fn fold(&self, fold: Fold, naming: Naming) -> Result<Guarded, StorageError> {
        self.ask(|reply| Write::Fold(Box::new(fold), naming, reply)).await
    }

    pub(crate) async fn replace(
        &self,
        replacement: Replacement,
        naming: Naming,
    ) -> Result<Guarded, StorageError> {
        self.ask(|reply| Write::Replace(Box::new(replacement), naming, reply))
            .await
    }

    pub(crate) async fn replace_rows(
        &self,
        replacement: RowsReplacement,
    ) -> Result<Option<RowsReport>, StorageError> {
        self.ask(|reply| Write::ReplaceRows(Box::new(replacement), reply))
            .await
    }

    /// Whether writing works: the outcome of the last write, or of a new one if the last has failed.
    pub(crate) async fn check(&self) -> Result<(), StorageError> {
        if self.health().last_error.is_none() {
            return Ok(());
        }
        self.ask(Write::Probe).await
    }

    /// From now on `observer` is told of every commit of appends. The first one stays.
    pub(crate) fn observe(&self, observer: Arc<dyn CommitObserver>) {
        let _ = self.observer.set(observer);
    }

    pub(crate) fn stats(&self) -> StorageStats {
        self.health().stats()
    }

    /// Asks the task to write what waits and end. Later writes get [`StorageError::Closed`].
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    fn health(&self) -> std::sync::MutexGuard<'_, WriteHealth> {
        // Plain counters: a panic of another holder leaves nothing half done.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask<T>(&self, write: impl FnOnce(Reply<T>) -> Write) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(write(reply))
            .await
            .map_err(|_| StorageError::Closed)?;
        answer.await.unwrap_or(Err(StorageError::Closed))
    }
}

impl WriterTask {
    async fn run(mut self, stop: CancellationToken) {
        let mut waiting = Vec::new();
        loop {
            let received = tokio::select! {
                biased;
                () = stop.cancelled(), if !self.queue.is_closed() => {
                    // Refuses what comes from now on; what waits is still received.
                    self.queue.close();
                    continue;
                }
                received = self.queue.recv_many(&mut waiting, LARGEST_BATCH) => received,
            };
            if received == 0 {
                break;
            }
            self.gather(&mut waiting, &stop).await;
            self.write(waiting.drain(..)).await;
            // Lets those who have just been answered ask again before the next batch is taken. Without it, waiting
            // callers fall into two halves that take turns, and each commit serves only one of them.
            tokio::task::yield_now().await;
        }
        if let Err(error) = self.writer.close().await {
            tracing::error!(%error, "the database did not close cleanly; nothing acknowledged is lost");
        }
    }

    /// Waits for more to write, as long as everything in `waiting` may be late.
    async fn gather(&mut self, waiting: &mut Vec<Write>, stop: &CancellationToken) {
        let mut seen = 0;
        let mut until = None;
        loop {
            let now = Instant::now();
            let due = waiting[seen..].iter().map(|write| write.due(now)).min();
            until = until.into_iter().chain(due).min();
            seen = waiting.len();
            let Some(until) = until.filter(|until| *until > now && seen < LARGEST_BATCH) else {
                return;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.hurry.notified() => return,
                received = self.queue.recv_many(waiting, LARGEST_BATCH - seen) => if received == 0 { return },
                () = sleep_until(until) => return,
            }
        }
    }

    async fn write(&mut self, waiting: impl Iterator<Item = Write>) {
        let (mut appends, mut replies, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for write in waiting {
            match write {
                Write::Append(append, _, reply) => {
                    appends.push(append);
                    replies.push(reply);
                }
                other => others.push(other),
            }
        }
        if !appends.is_empty() {
            let answers = self.append(&appends).await;
            for (reply, answer) in replies.into_iter().zip(answers) {
                // A caller that has gone does not want its answer.
                let _ = reply.send(answer);
            }
        }
        for other in others {
            self.write_other(other).await;
        }
    }

    async fn append(&mut self, appends: &[Append]) -> Vec<Result<Seq, StorageError>> {
        let BatchFailure { error, next } = match self.commit(appends).await {
            Ok(answers) => return answers,
            Err(failure) => failure,
        };
        if appends.len() == 1 || next == AfterFailure::GiveUp {
            return vec![Err(error); appends.len()];
        }
        tracing::warn!(%error, log.appends = appends.len(), "a group commit failed; committing one by one");
        let mut answers = Vec::with_capacity(appends.len());
        for append in appends {
            match self.commit(std::slice::from_ref(append)).await {
                Ok(alone) => answers.extend(alone),
                Err(BatchFailure { error, next }) => {
                    answers.push(Err(error.clone()));
                    if next == AfterFailure::GiveUp {
                        answers.resize(appends.len(), Err(error));
                        break;
                    }
                }
            }
        }
        answers
    }

    async fn commit(&mut self, appends: &[Append]) -> Result<Vec<Result<Seq, StorageError>>, BatchFailure> {
        let asked = Instant::now();
        let outcome = self.writer.append(appends, self.clock.now_ms()).await;
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = health.note_append(appends, &outcome);
        drop(health);
        if let Some(observer) = self.observer.get() {
            observer.committed(noted, asked.elapsed());
        }
        let has_events = |append: &Append| {
            let projection = append.projection.as_ref();
            projection.is_some_and(|projection| !projection.events.is_empty())
        };
        if outcome.is_ok() && appends.iter().any(has_events) {
            self.bell.ring();
        }
        outcome.map(|outcome| outcome.answers)
    }

    async fn write_other(&mut self, write: Write) {
        let now_ms = self.clock.now_ms();
        match write {
            Write::Append(append, _, reply) => {
                let answer = self.append(std::slice::from_ref(&append)).await.pop();
                let _ = reply.send(answer.unwrap_or(Err(StorageError::Closed)));
            }
            Write::Quarantine(id, reason, reply) => {
                let outcome = self.writer.quarantine(id, &reason, now_ms).await;
                self.answer(reply, outcome);
            }
            Write::Fold(fold, naming, reply) => {
                let outcome = self.writer.fold(&fold, now_ms).await;
                drop(naming);
                self.answer(reply, outcome);
            }
            Write::Replace(replacement, naming, reply) => {
                let outcome = self.writer.replace(&replacement, now_ms).await;
                drop(naming);
                self.answer(reply, outcome);
            }
            Write::ReplaceRows(replacement, reply) => {
                let outcome = self.writer.replace_rows(&replacement, now_ms).await;
                self.answer(reply, outcome);
            }
            Write::Probe(reply) => {
                let outcome = self.writer.probe(now_ms).await;
                self.answer(reply, outcome);
            }
        }
    }

    fn answer<T>(&self, reply: Reply<T>, outcome: Result<T, StorageError>) {
        self.health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .note(outcome.as_ref().err());
        let _ = reply.send(outcome);
    }
}
