//! Epochs: what tells every node whose rights have changed.
//!
//! A change of rights raises the epoch of the user or the workspace that it concerns, in its own transaction. Nodes look
//! for epochs that changed lately and compare them with what they have seen; clocks may differ by less than the time
//! that they look back.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;
use crate::model::WorkspaceId;

/// Whose rights an epoch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EpochKind {
    /// One account, its sessions and its keys.
    User(Uuid),
    /// Everything in a workspace.
    Workspace(WorkspaceId),
}

/// How often somebody's rights have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Whose.
    pub kind: EpochKind,
    /// How often.
    pub epoch: i64,
    /// When it was last raised, by the clock of the node that did.
    pub changed_at_ms: i64,
}

impl FromRow for Epoch {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let subject = row.get("subject")?;
        let kind = match row.get::<String>("kind")?.as_str() {
            "user" => EpochKind::User(subject),
            "workspace" => EpochKind::Workspace(WorkspaceId(subject)),
            _ => return Err(RecordError::unreadable("kind")),
        };
        Ok(Self {
            kind,
            epoch: row.get("epoch")?,
            changed_at_ms: row.get("changed_at_ms")?,
        })
    }
}

impl Tx {
    /// Says that somebody's rights change with this transaction.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn raise_epoch(&mut self, kind: EpochKind, now_ms: i64) -> Result<(), RecordError> {
        let (subject, kind) = match kind {
            EpochKind::User(id) => (id, "user"),
            EpochKind::Workspace(id) => (id.0, "workspace"),
        };
        let sql = global_sql!(
            "INSERT INTO access_epochs (subject, kind, epoch, changed_at_ms) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (subject) DO UPDATE SET epoch = access_epochs.epoch + 1, changed_at_ms = $3"
        );
        self.execute(sql, args![subject, kind, now_ms]).await.map(|_| ())
    }

    /// Epochs that were raised since `since_ms`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn epochs_since(&mut self, since_ms: i64) -> Result<Vec<Epoch>, RecordError> {
        let sql = global_sql!(
            "SELECT subject, kind, epoch, changed_at_ms FROM access_epochs WHERE changed_at_ms >= $1"
        );
        self.all(sql, args![since_ms]).await
    }
}
