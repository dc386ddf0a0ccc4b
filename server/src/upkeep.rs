//! What is over is cleared away: the trash after thirty days, uploads that broke off, files that nothing names.
//!
//! Invariant: a file is removed only when no row names it, and only long after its row could have been on its way.
//! Everything here can be done by several nodes at once, and can stop anywhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weft_storage::clock::Clock;
use weft_storage::objects::{ObjectKey, ObjectOwner};
use weft_storage::records::RecordError;
use weft_storage::{Storage, StorageError};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// How long something stays in the trash, in milliseconds: thirty days.
pub const TRASH_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// How long an upload that was announced may take, with all that can delay it, in milliseconds. Longer than any upload
/// is let go on.
const UPLOAD_MS: i64 = 25 * 60 * 60 * 1_000;
/// How old a file is before anybody asks whether something names it.
const FILE_AGE: Duration = Duration::from_secs(26 * 60 * 60);
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

/// Clears away what is over, now and then, until `stop`.
pub async fn keep_up(storage: Arc<Storage>, clock: Arc<dyn Clock>, stop: CancellationToken) {
    while stop.run_until_cancelled(sleep(EVERY)).await.is_some() {
        let clearing = clear_away(&storage, clock.now_ms(), FILE_AGE);
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
pub async fn clear_away(storage: &Storage, now_ms: i64, file_age: Duration) -> Result<(), UpkeepError> {
    empty_trash(storage, now_ms).await?;
    let mut tx = storage.records().write().await?;
    tx.sweep_uploads(now_ms - UPLOAD_MS).await?;
    tx.commit().await?;
    sweep_files(storage, file_age).await?;
    let unfinished = storage.objects().sweep_unfinished(file_age).await?;
    if unfinished > 0 {
        tracing::info!(
            objects = unfinished,
            "uploads that nobody finishes were cleared away"
        );
    }
    Ok(())
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
