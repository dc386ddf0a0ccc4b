//! What is over is cleared away: the trash after thirty days, uploads that broke off, files that nothing names; and old entries of the
//! audit log are archived.
//!
//! Invariant: a file is removed only when no row names it, and only long after its row could have been on its way.
//! Everything here can be done by several nodes at once, and can stop anywhere. A task is a part of its board's document,
//! so its board's room takes it out, like every other change.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weft_protocol::board::CardId;
use weft_protocol::board::view::CardState;
use weft_protocol::id::DocumentName;
use weft_storage::clock::Clock;
use weft_storage::objects::{ObjectKey, ObjectOwner};
use weft_storage::records::{RecordError, TaskAddress};
use weft_storage::{Storage, StorageError};

use crate::audit;
use crate::rooms::{BoardEdit, Hub, Operation};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// How long something stays in the trash, in milliseconds: thirty days.
pub const TRASH_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// How long an upload that was announced may take, with all that can delay it, in milliseconds. Longer than any upload
/// is let go on.
const UPLOAD_MS: i64 = 25 * 60 * 60 * 1_000;
/// How old a file is before anybody asks whether something names it.
const FILE_AGE: Duration = Duration::from_secs(26 * 60 * 60);
/// How long a notification is kept that was read, and any other, in milliseconds: 180 and 365 days.
const READ_MS: i64 = 180 * 24 * 60 * 60 * 1_000;
const UNREAD_MS: i64 = 365 * 24 * 60 * 60 * 1_000;
/// How long it is kept what came of sending notifications, in milliseconds: thirty days.
const DELIVERY_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// How long it is remembered that somebody was told of a date, in milliseconds: a year.
const DATE_MS: i64 = 365 * 24 * 60 * 60 * 1_000;
/// How long it is remembered that somebody asked to see a document, in milliseconds: thirty days.
const ASKED_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Rows and files of one step: nobody else who writes waits for more.
const STEP: u32 = 100;

/// Why something was not cleared away.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The records failed.
    #[error(transparent)]
    Records(#[from] RecordError),
    /// The files could not be listed or removed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Clears away what is over.
pub struct Upkeep {
    storage: Arc<Storage>,
    hub: Arc<Hub>,
    archive_after_days: u32,
}

impl std::fmt::Debug for Upkeep {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Upkeep").finish_non_exhaustive()
    }
}

impl Upkeep {
    /// Of what is stored; `hub` has the rooms. Entries of the audit log are archived when they are so many days old, or never (0).
    pub(crate) fn new(storage: Arc<Storage>, hub: Arc<Hub>, archive_after_days: u32) -> Self {
        Self {
            storage,
            hub,
            archive_after_days,
        }
    }

    /// Clears away what is over, now and then, until `stop`.
    pub(crate) async fn keep_up(self: Arc<Self>, clock: Arc<dyn Clock>, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(EVERY)).await.is_some() {
            let clearing = self.clear_away(clock.now_ms(), FILE_AGE);
            if let Some(Err(error)) = stop.run_until_cancelled(clearing).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what is over was not cleared away"
                );
            }
        }
    }

    /// Clears away what is over at `now_ms`; of files only those that are older than `file_age`.
    ///
    /// # Errors
    /// [`UpkeepError`]; what was cleared away until then stays so.
    pub async fn clear_away(&self, now_ms: i64, file_age: Duration) -> Result<(), UpkeepError> {
        empty_trash(&self.storage, now_ms).await?;
        self.purge_tasks(now_ms - TRASH_MS, now_ms).await?;
        let mut tx = self.storage.records().write().await?;
        tx.sweep_uploads(now_ms - UPLOAD_MS).await?;
        tx.commit().await?;
        forget_notifications(&self.storage, now_ms).await?;
        forget_deliveries(&self.storage, now_ms - DELIVERY_MS).await?;
        forget_dates(&self.storage, now_ms - DATE_MS).await?;
        audit::archive_old(&self.storage, now_ms, self.archive_after_days).await?;
        forget_access_requests(&self.storage, now_ms - ASKED_MS).await?;
        sweep_files(&self.storage, file_age).await?;
        let unfinished = self.storage.objects().sweep_unfinished(file_age).await?;
        if unfinished > 0 {
            tracing::info!(
                objects = unfinished,
                "uploads that nobody finishes were cleared away"
            );
        }
        Ok(())
    }

    /// Takes tasks out of their boards that were put in the trash before `before_ms`.
    async fn purge_tasks(&self, before_ms: i64, now_ms: i64) -> Result<(), UpkeepError> {
        let mut last = Vec::new();
        loop {
            let mut tx = self.storage.records().read().await?;
            let due = tx.tasks_to_purge(before_ms, STEP).await?;
            drop(tx);
            // Boards that cannot be had now are tried again next time.
            if due.is_empty() || due == last {
                return Ok(());
            }
            for tasks in due.chunk_by(|one, other| one.board_id == other.board_id) {
                self.purge_of_board(tasks, now_ms).await;
            }
            last = due;
        }
    }

    /// Takes tasks of one board out of it, if they are in the trash still.
    async fn purge_of_board(&self, tasks: &[TaskAddress], now_ms: i64) {
        let Some(first) = tasks.first() else {
            return;
        };
        let Ok(name) = DocumentName::parse(&first.board_id.to_string()) else {
            return;
        };
        let cards: Vec<CardId> = tasks
            .iter()
            .filter_map(|task| CardId::parse(&task.card).ok())
            .collect();
        let purge = BoardEdit::new(None, now_ms, 0, move |editor| {
            for card in cards {
                let shown = editor.board().view.cards.get(&card);
                if shown.is_some_and(|card| card.state == CardState::Deleted) {
                    editor.purge_card(&card)?;
                }
            }
            Ok(())
        });
        let asked = self
            .hub
            .ask(first.workspace, &name, Operation::EditBoard(purge))
            .await;
        if let Err(refusal) = asked {
            tracing::warn!(board = %first.board_id, ?refusal, "the trash of a board was not emptied");
        }
    }
}

/// Removes notifications about which nothing has happened for long. Each is a transaction: see
/// [`settle_notifications`](weft_storage::records::Tenant::settle_notifications).
async fn forget_notifications(storage: &Storage, now_ms: i64) -> Result<(), UpkeepError> {
    loop {
        let mut tx = storage.records().read().await?;
        let old = tx
            .notifications_to_forget(now_ms - READ_MS, now_ms - UNREAD_MS, STEP)
            .await?;
        drop(tx);
        for place in &old {
            let mut tx = storage.records().write().await?;
            let mut tenant = tx.workspace(place.workspace).await?;
            tenant.forget_notification(place.id).await?;
            tenant.settle_notifications(place.user_id, &[]).await?;
            tx.commit().await?;
        }
        if old.len() < STEP as usize {
            return Ok(());
        }
    }
}

/// Removes what came of sending notifications before `before_ms`.
async fn forget_deliveries(storage: &Storage, before_ms: i64) -> Result<(), UpkeepError> {
    loop {
        let mut tx = storage.records().write().await?;
        let removed = tx.forget_notification_deliveries(before_ms, STEP).await?;
        tx.commit().await?;
        if removed < u64::from(STEP) {
            return Ok(());
        }
    }
}

/// Forgets that people were told of dates before `before_ms`.
async fn forget_dates(storage: &Storage, before_ms: i64) -> Result<(), UpkeepError> {
    loop {
        let mut tx = storage.records().write().await?;
        let removed = tx.forget_due_notices(before_ms, STEP).await?;
        tx.commit().await?;
        if removed < u64::from(STEP) {
            return Ok(());
        }
    }
}

/// Forgets who asked to see a document before `before_ms`.
async fn forget_access_requests(storage: &Storage, before_ms: i64) -> Result<(), UpkeepError> {
    loop {
        let mut tx = storage.records().write().await?;
        let removed = tx.forget_access_requests(before_ms, STEP).await?;
        tx.commit().await?;
        if removed < u64::from(STEP) {
            return Ok(());
        }
    }
}

async fn empty_trash(storage: &Storage, now_ms: i64) -> Result<(), UpkeepError> {
    let before_ms = now_ms - TRASH_MS;
    loop {
        let mut tx = storage.records().read().await?;
        let due = tx.documents_to_purge(before_ms, STEP).await?;
        drop(tx);
        for (workspace, document) in &due {
            let mut tx = storage.records().write().await?;
            let mut tenant = tx.workspace(*workspace).await?;
            tenant.purge_if_due(*document, before_ms).await?;
            tx.commit().await?;
        }
        if due.len() < STEP as usize {
            break;
        }
    }
    // Projects that still hold documents go when those are gone.
    loop {
        let mut tx = storage.records().write().await?;
        let removed = tx.purge_projects(before_ms, STEP).await?;
        tx.commit().await?;
        if removed < u64::from(STEP) {
            return Ok(());
        }
    }
}

async fn sweep_files(storage: &Storage, age: Duration) -> Result<(), UpkeepError> {
    let objects = storage.objects();
    let mut after = None;
    loop {
        let page = objects.list(age, after, STEP as usize).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(*last);
        for key in page {
            if !is_named(storage, key).await? {
                tracing::info!(object = %key.id, "removing a file that nothing names");
                objects.remove(key).await?;
            }
        }
    }
}

async fn is_named(storage: &Storage, key: ObjectKey) -> Result<bool, RecordError> {
    let mut tx = storage.records().read().await?;
    match key.owner {
        ObjectOwner::Workspace(workspace) => tx.names_object(workspace, key.id).await,
        ObjectOwner::User(user) => {
            let avatar = tx.avatar(user).await?;
            Ok(avatar.is_some_and(|avatar| avatar.object == key.id))
        }
    }
}
