//! The reading side of the Postgres log. A call that reads more than one table sees one moment of the database.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgPool};
use uuid::Uuid;
use weft_protocol::id::DocumentName;

use super::error::sorted;
use super::rows::{self, SUMMARY_COLUMNS, to_sql};
use crate::backend::{DocumentView, HistoryRow, LogReader, Lookup, SnapshotRow, TailLimit, TailRow};
use crate::blob::BlobKey;
use crate::error::StorageError;
use crate::model::{DocumentId, DocumentSummary, Seq, WorkspaceId};

const READING: &str = "reading a document";
const LISTING: &str = "listing documents";
/// Without it, a commit between two statements would show rows that do not belong together.
const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
/// Log rows that are asked for at a time; what a limit leaves unread of them is thrown away.
const TAIL_PAGE: usize = 512;

/// A small pool of connections that only read.
pub(crate) struct PostgresReader {
    pool: PgPool,
}

impl PostgresReader {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl LogReader for PostgresReader {
    async fn read_current(
        &self,
        lookup: Lookup<'_>,
        limit: TailLimit,
    ) -> Result<Option<DocumentView>, StorageError> {
        let read = async {
            let mut transaction = self.pool.begin_with(ONE_MOMENT).await?;
            let Some(document) = find(&mut transaction, lookup).await? else {
                transaction.commit().await?;
                return Ok(None);
            };
            let snapshot = snapshot(&mut transaction, document.id).await?;
            let tail = tail(&mut transaction, document.id, document.snapshot_seq, limit).await?;
            transaction.commit().await?;
            Ok(Some(DocumentView {
                document,
                snapshot,
                tail,
                history: Vec::new(),
            }))
        };
        read.await.map_err(sorted(READING))
    }

    async fn read_after(&self, id: DocumentId, after: Seq) -> Result<Option<DocumentView>, StorageError> {
        let read = async {
            let mut transaction = self.pool.begin_with(ONE_MOMENT).await?;
            let Some(document) = find(&mut transaction, Lookup::Id(id)).await? else {
                transaction.commit().await?;
                return Ok(None);
            };
            let tail = tail(&mut transaction, id, after, TailLimit::NONE).await?;
            transaction.commit().await?;
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
                   WHERE d.workspace_id = $1 AND d.id = $2";
        let query = sqlx::query_as(sql).bind(workspace.0).bind(id);
        query.fetch_optional(&self.pool).await.map_err(sorted(READING))
    }

    async fn read_whole(&self, id: DocumentId) -> Result<Option<DocumentView>, StorageError> {
        let read = async {
            let mut transaction = self.pool.begin_with(ONE_MOMENT).await?;
            let Some(document) = find(&mut transaction, Lookup::Id(id)).await? else {
                transaction.commit().await?;
                return Ok(None);
            };
            let snapshot = snapshot(&mut transaction, id).await?;
            let tail = tail(&mut transaction, id, Seq::ZERO, TailLimit::NONE).await?;
            let history = history(&mut transaction, id).await?;
            transaction.commit().await?;
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
            "SELECT {SUMMARY_COLUMNS} FROM documents WHERE workspace_id = $1 AND name > $2 ORDER BY name LIMIT $3"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(workspace.0)
            .bind(after.map_or("", DocumentName::as_str))
            .bind(i64::from(limit));
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
        let sql = format!(
            "SELECT {SUMMARY_COLUMNS} FROM documents WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(after.map(|id| id.0))
            .bind(i64::from(limit));
        let read = async {
            let found = query.fetch_all(&self.pool).await?;
            found.iter().map(rows::summary).collect::<Result<Vec<_>, _>>()
        };
        read.await.map_err(sorted(LISTING))
    }

    async fn heads(
        &self,
        documents: &[(WorkspaceId, DocumentName)],
    ) -> Result<Vec<(WorkspaceId, DocumentName, Seq)>, StorageError> {
        let sql = "SELECT d.workspace_id, d.name, d.head_seq FROM documents d \
                   JOIN UNNEST($1::uuid[], $2::text[]) AS asked (workspace_id, name) \
                   ON asked.workspace_id = d.workspace_id AND asked.name = d.name";
        let (workspaces, names): (Vec<Uuid>, Vec<String>) = documents
            .iter()
            .map(|(workspace, name)| (workspace.0, name.as_str().to_owned()))
            .unzip();
        let rows: Result<Vec<(Uuid, String, i64)>, _> = sqlx::query_as(sql)
            .bind(workspaces)
            .bind(names)
            .fetch_all(&self.pool)
            .await;
        let heads = rows
            .map_err(sorted(READING))?
            .into_iter()
            .filter_map(|(workspace, name, head)| {
                Some((
                    WorkspaceId(workspace),
                    DocumentName::parse(&name).ok()?,
                    rows::seq(head),
                ))
            });
        Ok(heads.collect())
    }

    async fn named_blobs(&self) -> Result<Vec<BlobKey>, StorageError> {
        let sql = "SELECT blob_key FROM snapshots WHERE blob_key IS NOT NULL \
                   UNION ALL SELECT blob_key FROM history WHERE blob_key IS NOT NULL \
                   UNION ALL SELECT blob_key FROM audit_segments WHERE blob_key IS NOT NULL";
        let keys: Result<Vec<Vec<u8>>, _> = sqlx::query_scalar(sql).fetch_all(&self.pool).await;
        let keys = keys.map_err(sorted("listing the blobs in use"))?;
        Ok(keys.iter().map(|key| rows::key(key)).collect())
    }

    /// What Postgres itself has noticed: pages that failed their checksum, indexes that are not usable. It is not asked
    /// to read all of its files.
    async fn examine_database(&self) -> Result<Vec<String>, StorageError> {
        let sql = "SELECT checksum_failures || ' pages of the database failed their checksum' \
                   FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0 \
                   UNION ALL SELECT 'the index ' || indexrelid::regclass || ' is not usable' FROM pg_index \
                   WHERE NOT indisvalid AND indrelid = ANY (ARRAY['documents', 'updates', 'snapshots', 'history']::regclass[])";
        let lines: Result<Vec<String>, _> = sqlx::query_scalar(sql).fetch_all(&self.pool).await;
        match lines.map_err(sorted("examining the database")) {
            Err(StorageError::DatabaseDamaged { message }) => Ok(vec![message.to_string()]),
            outcome => outcome,
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
    connection: &mut PgConnection,
    lookup: Lookup<'_>,
) -> Result<Option<DocumentSummary>, sqlx::Error> {
    const BY_NAME: &str = "SELECT id, workspace_id, name, created_at_ms, head_seq, snapshot_seq, quarantine_reason \
                           FROM documents WHERE workspace_id = $1 AND name = $2";
    const BY_ID: &str = "SELECT id, workspace_id, name, created_at_ms, head_seq, snapshot_seq, quarantine_reason \
                         FROM documents WHERE id = $1";
    let query = match lookup {
        Lookup::Name(workspace, name) => sqlx::query(BY_NAME).bind(workspace.0).bind(name.as_str()),
        Lookup::Id(id) => sqlx::query(BY_ID).bind(id.0),
    };
    query
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(rows::summary)
        .transpose()
}

async fn snapshot(connection: &mut PgConnection, id: DocumentId) -> Result<Option<SnapshotRow>, sqlx::Error> {
    let sql = "SELECT seq, created_at_ms, size_bytes, checksum, inline_bytes, blob_key FROM snapshots WHERE document_id = $1";
    let found = sqlx::query(sql).bind(id.0).fetch_optional(connection).await?;
    found.as_ref().map(rows::snapshot).transpose()
}

/// Reads page by page: a limit in bytes then leaves at most one page unread.
async fn tail(
    connection: &mut PgConnection,
    id: DocumentId,
    after: Seq,
    limit: TailLimit,
) -> Result<Vec<TailRow>, sqlx::Error> {
    let sql = "SELECT seq, created_at_ms, author, bytes FROM updates \
               WHERE document_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let (mut tail, mut bytes): (Vec<TailRow>, usize) = (Vec::new(), 0);
    while tail.len() < limit.rows && bytes < limit.bytes {
        let page = TAIL_PAGE.min(limit.rows - tail.len());
        let from = tail.last().map_or(after, |row| row.seq);
        let mut found = sqlx::query(sql)
            .bind(id.0)
            .bind(to_sql(from))
            .bind(i64::try_from(page).unwrap_or(i64::MAX))
            .fetch(&mut *connection);
        let before = tail.len();
        while bytes < limit.bytes {
            let Some(row) = found.try_next().await? else { break };
            let row = rows::tail(&row)?;
            bytes += row.bytes.len();
            tail.push(row);
        }
        if tail.len() - before < page {
            break;
        }
    }
    Ok(tail)
}

async fn history(connection: &mut PgConnection, id: DocumentId) -> Result<Vec<HistoryRow>, sqlx::Error> {
    let sql = "SELECT first_seq, last_seq, size_bytes, checksum, inline_bytes, blob_key \
               FROM history WHERE document_id = $1 ORDER BY first_seq";
    let found = sqlx::query(sql).bind(id.0).fetch_all(connection).await?;
    found.iter().map(rows::history).collect()
}
