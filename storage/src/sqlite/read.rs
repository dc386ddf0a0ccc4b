//! The reading side of the SQLite log. A call that reads more than one table does so in one transaction or statement.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use uuid::Uuid;
use weft_protocol::id::DocumentName;

use super::current;
use super::error::sorted;
use super::rows::{self, SUMMARY_COLUMNS, to_sql};
use crate::backend::{DocumentView, HistoryRow, LogReader, Lookup, SnapshotRow, TailLimit, TailRow};
use crate::blob::BlobKey;
use crate::error::StorageError;
use crate::model::{DocumentId, DocumentSummary, Seq, WorkspaceId};

const READING: &str = "reading a document";
const LISTING: &str = "listing documents";

/// A small pool of connections that only read.
pub(crate) struct SqliteReader {
    pool: SqlitePool,
}

impl SqliteReader {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl LogReader for SqliteReader {
    async fn read_current(
        &self,
        lookup: Lookup<'_>,
        limit: TailLimit,
    ) -> Result<Option<DocumentView>, StorageError> {
        let read = async {
            let mut connection = self.pool.acquire().await?;
            current::read(&mut connection, lookup, limit).await
        };
        read.await.map_err(sorted(READING))
    }

    async fn read_after(&self, id: DocumentId, after: Seq) -> Result<Option<DocumentView>, StorageError> {
        let read = async {
            let mut transaction = self.pool.begin().await?;
            let Some(document) = find(&mut transaction, Lookup::Id(id)).await? else {
                return Ok(None);
            };
            let tail = tail(&mut transaction, id, after, TailLimit::NONE).await?;
            Ok(Some(DocumentView {
                document,
                snapshot: None,
                tail,
                history: Vec::new(),
            }))
        };
        read.await.map_err(sorted(READING))
    }

    async fn kind(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<Option<(String, Option<String>)>, StorageError> {
        let sql = "SELECT d.kind, s.seed FROM project_documents d \
                   LEFT JOIN board_seeds s ON s.workspace_id = d.workspace_id AND s.document_id = d.id \
                   WHERE d.workspace_id = ? AND d.id = ?";
        let query = sqlx::query_as(sql).bind(workspace.0).bind(id);
        query.fetch_optional(&self.pool).await.map_err(sorted(READING))
    }

    async fn heads(
        &self,
        _documents: &[(WorkspaceId, DocumentName)],
    ) -> Result<Vec<(WorkspaceId, DocumentName, Seq)>, StorageError> {
        // Nobody else has this database open.
        Ok(Vec::new())
    }

    async fn read_whole(&self, id: DocumentId) -> Result<Option<DocumentView>, StorageError> {
        let read = async {
            let mut transaction = self.pool.begin().await?;
            let Some(document) = find(&mut transaction, Lookup::Id(id)).await? else {
                return Ok(None);
            };
            let snapshot = snapshot(&mut transaction, id).await?;
            let tail = tail(&mut transaction, id, Seq::ZERO, TailLimit::NONE).await?;
            let history = history(&mut transaction, id).await?;
            Ok(Some(DocumentView {
                document,
                snapshot,
                tail,
                history,
            }))
        };
        read.await.map_err(sorted(READING))
    }

    async fn list(
        &self,
        workspace: WorkspaceId,
        after: Option<&DocumentName>,
        limit: u32,
    ) -> Result<Vec<DocumentSummary>, StorageError> {
        let sql = format!(
            "SELECT {SUMMARY_COLUMNS} FROM documents WHERE workspace_id = ? AND name > ? ORDER BY name LIMIT ?"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(workspace.0)
            .bind(after.map_or("", DocumentName::as_str).to_owned())
            .bind(limit);
        let read = async {
            let found = query.fetch_all(&self.pool).await?;
            found.iter().map(rows::summary).collect::<Result<Vec<_>, _>>()
        };
        read.await.map_err(sorted(LISTING))
    }

    async fn list_all(
        &self,
        after: Option<DocumentId>,
        limit: u32,
    ) -> Result<Vec<DocumentSummary>, StorageError> {
        let sql = format!("SELECT {SUMMARY_COLUMNS} FROM documents WHERE id > ? ORDER BY id LIMIT ?");
        let after = after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
        let query = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit);
        let read = async {
            let found = query.fetch_all(&self.pool).await?;
            found.iter().map(rows::summary).collect::<Result<Vec<_>, _>>()
        };
        read.await.map_err(sorted(LISTING))
    }

    async fn named_blobs(&self) -> Result<Vec<BlobKey>, StorageError> {
        let sql = "SELECT blob_key FROM snapshots WHERE blob_key IS NOT NULL \
                   UNION ALL SELECT blob_key FROM history WHERE blob_key IS NOT NULL \
                   UNION ALL SELECT blob_key FROM audit_segments WHERE blob_key IS NOT NULL";
        let keys: Result<Vec<Vec<u8>>, _> = sqlx::query_scalar(sql).fetch_all(&self.pool).await;
        let keys = keys.map_err(sorted("listing the blobs in use"))?;
        Ok(keys.iter().map(|key| rows::key(key)).collect())
    }

    async fn examine_database(&self) -> Result<Vec<String>, StorageError> {
        let lines: Result<Vec<String>, _> = sqlx::query_scalar("PRAGMA quick_check(20)")
            .fetch_all(&self.pool)
            .await;
        match lines.map_err(sorted("examining the database")) {
            Ok(lines) => Ok(lines.into_iter().filter(|line| line != "ok").collect()),
            Err(StorageError::DatabaseDamaged { message }) => Ok(vec![message.to_string()]),
            Err(error) => Err(error),
        }
    }

    async fn ping(&self) -> Result<(), StorageError> {
        let read = sqlx::query("SELECT id FROM documents LIMIT 1")
            .fetch_optional(&self.pool)
            .await;
        read.map(|_| ()).map_err(sorted("checking the database"))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

async fn find(
    connection: &mut SqliteConnection,
    lookup: Lookup<'_>,
) -> Result<Option<DocumentSummary>, sqlx::Error> {
    const BY_NAME: &str = "SELECT id, workspace_id, name, created_at_ms, head_seq, snapshot_seq, quarantine_reason \
                           FROM documents WHERE workspace_id = ? AND name = ?";
    const BY_ID: &str = "SELECT id, workspace_id, name, created_at_ms, head_seq, snapshot_seq, quarantine_reason \
                         FROM documents WHERE id = ?";
    let query = match lookup {
        Lookup::Name(workspace, name) => sqlx::query(BY_NAME)
            .bind(workspace.0)
            .bind(name.as_str().to_owned()),
        Lookup::Id(id) => sqlx::query(BY_ID).bind(id.0),
    };
    query
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(rows::summary)
        .transpose()
}

async fn snapshot(
    connection: &mut SqliteConnection,
    id: DocumentId,
) -> Result<Option<SnapshotRow>, sqlx::Error> {
    let sql = "SELECT seq, created_at_ms, size_bytes, checksum, inline_bytes, blob_key FROM snapshots WHERE document_id = ?";
    let found = sqlx::query(sql).bind(id.0).fetch_optional(connection).await?;
    found.as_ref().map(rows::snapshot).transpose()
}

async fn tail(
    connection: &mut SqliteConnection,
    id: DocumentId,
    after: Seq,
    limit: TailLimit,
) -> Result<Vec<TailRow>, sqlx::Error> {
    let sql = "SELECT seq, created_at_ms, author, bytes FROM updates WHERE document_id = ? AND seq > ? ORDER BY seq";
    let mut found = sqlx::query(sql).bind(id.0).bind(to_sql(after)).fetch(connection);
    let mut tail = Vec::new();
    let mut bytes = 0;
    while tail.len() < limit.rows && bytes < limit.bytes {
        let Some(row) = found.try_next().await? else { break };
        let row = rows::tail(&row)?;
        bytes += row.bytes.len();
        tail.push(row);
    }
    Ok(tail)
}

async fn history(connection: &mut SqliteConnection, id: DocumentId) -> Result<Vec<HistoryRow>, sqlx::Error> {
    let sql = "SELECT first_seq, last_seq, size_bytes, checksum, inline_bytes, blob_key \
               FROM history WHERE document_id = ? ORDER BY first_seq";
    let found = sqlx::query(sql).bind(id.0).fetch_all(connection).await?;
    found.iter().map(rows::history).collect()
}
