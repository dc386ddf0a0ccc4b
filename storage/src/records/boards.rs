//! Boards: what they begin with, what stands in their lists, and how their cards hang together.
//!
//! Invariant: entries and links are what the document shows, written with the edit that changes them. Only the seed is
//! written here, before there is a document.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::{CrossTenantSql, tenant_sql};
use super::tasks::known;
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use crate::model::WorkspaceId;
use crate::projection::{CATEGORIES, EntryKind, EntryRow, LINKS, LinkRow};

/// Where a board is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BoardAddress {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id, whose text is its name in the log.
    pub board_id: Uuid,
}

/// How many cards stand in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnCount {
    /// The column's id in the document; `None` for cards that no column shows.
    pub column: Option<String>,
    /// Its open cards.
    pub open: i64,
}

impl FromRow for BoardAddress {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            board_id: row.get("id")?,
        })
    }
}

impl FromRow for ColumnCount {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            column: row.get("column_id")?,
            open: row.get("n")?,
        })
    }
}

impl FromRow for EntryRow {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let kind: String = row.get("kind")?;
        Ok(Self {
            kind: EntryKind::of(&kind).ok_or(RecordError::unreadable("kind"))?,
            id: row.get("entry_id")?,
            position: row.get("position")?,
            name: row.get("name")?,
            category: known(row, "category", &CATEGORIES)?,
            view: row.get("view")?,
        })
    }
}

impl FromRow for LinkRow {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            from: row.get("from_card")?,
            kind: known(row, "kind", &LINKS)?,
            to: row.get("to_card")?,
            cyclic: row.get("cyclic")?,
        })
    }
}

impl Tx {
    /// All boards, also those in the trash, in the order of their ids, after `after`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn boards(
        &mut self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<BoardAddress>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "an operator rebuilds the rows of all boards",
            "SELECT workspace_id, id FROM project_documents \
             WHERE kind = 'board' AND ($1 IS NULL OR id > $1) ORDER BY id LIMIT $2",
        );
        self.all_across(SQL, args![after, limit]).await
    }
}

impl Tenant<'_> {
    /// Says what a board that was just made with `create_document` begins with: JSON of the server's. Its room puts it
    /// into the document when somebody first opens it.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if it has a seed, [`RecordError::Dangling`] if there is no such document; a failure of
    /// the database.
    pub async fn plant_seed(&mut self, document: Uuid, seed: &str) -> Result<(), RecordError> {
        let sql =
            tenant_sql!("INSERT INTO board_seeds (workspace_id, document_id, seed) VALUES ($1, $2, $3)");
        self.execute(sql, args![document, seed]).await.map(|_| ())
    }

    /// Columns, lanes, labels and custom fields of a board, or those of one kind, each kind in its order.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn board_entries(
        &mut self,
        board: Uuid,
        kind: Option<EntryKind>,
    ) -> Result<Vec<EntryRow>, RecordError> {
        let sql = tenant_sql!(
            "SELECT kind, entry_id, position, name, category, view FROM board_entries \
             WHERE workspace_id = $1 AND board_id = $2 AND ($3 IS NULL OR kind = $3) \
             ORDER BY kind, position, entry_id"
        );
        self.all(sql, args![board, kind.map(EntryKind::as_str)]).await
    }

    /// A column, lane, label or custom field of a board.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn board_entry(
        &mut self,
        board: Uuid,
        kind: EntryKind,
        id: &str,
    ) -> Result<Option<EntryRow>, RecordError> {
        let sql = tenant_sql!(
            "SELECT kind, entry_id, position, name, category, view FROM board_entries \
             WHERE workspace_id = $1 AND board_id = $2 AND kind = $3 AND entry_id = $4"
        );
        self.one(sql, args![board, kind.as_str(), id]).await
    }

    /// How many open cards stand in each column of a board that has any.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn cards_per_column(&mut self, board: Uuid) -> Result<Vec<ColumnCount>, RecordError> {
        let sql = tenant_sql!(
            "SELECT column_id, count(*) AS n FROM tasks \
             WHERE workspace_id = $1 AND board_id = $2 AND state = 'open' GROUP BY column_id ORDER BY column_id"
        );
        self.all(sql, args![board]).await
    }

    /// All relations of a board, in order of their ends.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn board_links(&mut self, board: Uuid) -> Result<Vec<LinkRow>, RecordError> {
        let sql = tenant_sql!(
            "SELECT from_card, kind, to_card, cyclic FROM task_links \
             WHERE workspace_id = $1 AND board_id = $2 ORDER BY from_card, kind, to_card"
        );
        self.all(sql, args![board]).await
    }

    /// The relations of a card, from it and to it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn task_links(&mut self, board: Uuid, card: &str) -> Result<Vec<LinkRow>, RecordError> {
        let sql = tenant_sql!(
            "SELECT from_card, kind, to_card, cyclic FROM task_links \
             WHERE workspace_id = $1 AND board_id = $2 AND (from_card = $3 OR to_card = $3) \
             ORDER BY from_card, kind, to_card"
        );
        self.all(sql, args![board, card]).await
    }
}
