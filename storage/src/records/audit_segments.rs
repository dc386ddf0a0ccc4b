//! Rows of the segments that old entries of the audit log were moved to. What is in a segment is not known here.
//!
//! Invariant: a segment continues the one before it, and its entries are removed by the transaction that writes its row, under the lock of
//! the workspace: so an entry is in one place at every moment, and two nodes do not archive the same ones.

use bytes::Bytes;

use super::audit_read::AuditFilter;
use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::Span;
use super::statement::{CrossTenantSql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::blob::BlobKey;
use crate::error::StorageError;
use crate::model::WorkspaceId;
use crate::stored::{Place, StoredBytes};

/// A segment, as its row describes it.
#[derive(Debug, Clone)]
pub(crate) struct SegmentRow {
    /// The places of its first and last entry.
    pub(crate) first_seq: i64,
    pub(crate) last_seq: i64,
    /// The earliest and the latest time of an entry in it, in milliseconds since 1970.
    pub(crate) first_at_ms: i64,
    pub(crate) last_at_ms: i64,
    /// The hash before its first entry, and that of its last.
    pub(crate) prev_hash: [u8; 32],
    pub(crate) last_hash: [u8; 32],
    /// Its bytes.
    pub(crate) stored: StoredBytes,
}

impl FromRow for SegmentRow {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let key = |bytes: Vec<u8>, column| {
            BlobKey::from_slice(&bytes).ok_or_else(|| RecordError::unreadable(column))
        };
        let inline: Option<Vec<u8>> = row.get("inline_bytes")?;
        let blob: Option<Vec<u8>> = row.get("blob_key")?;
        let place = match (inline, blob) {
            (Some(bytes), _) => Place::Inline(Bytes::from(bytes)),
            (None, blob) => Place::Blob(key(blob.unwrap_or_default(), "blob_key")?),
        };
        let size: i64 = row.get("size_bytes")?;
        Ok(Self {
            first_seq: row.get("first_seq")?,
            last_seq: row.get("last_seq")?,
            first_at_ms: row.get("first_at_ms")?,
            last_at_ms: row.get("last_at_ms")?,
            prev_hash: row.hash("prev_hash")?,
            last_hash: row.hash("last_hash")?,
            stored: StoredBytes {
                size_bytes: u64::try_from(size).map_err(|_| RecordError::unreadable("size_bytes"))?,
                checksum: key(row.get("checksum")?, "checksum")?,
                place,
            },
        })
    }
}

/// Where the entries that were archived end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArchivedEnd {
    /// The place of the last one.
    pub(crate) seq: i64,
    /// Its hash.
    pub(crate) hash: [u8; 32],
}

impl FromRow for ArchivedEnd {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            seq: row.get("last_seq")?,
            hash: row.hash("last_hash")?,
        })
    }
}

struct Whose(WorkspaceId);

impl FromRow for Whose {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self(WorkspaceId(row.get("workspace_id")?)))
    }
}

impl Tx {
    /// Workspaces whose log has entries in the database from before `before_ms`, in the order of their ids, behind `after`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audit_to_archive(
        &mut self,
        before_ms: i64,
        after: Option<WorkspaceId>,
        limit: u32,
    ) -> Result<Vec<WorkspaceId>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "old entries are archived in all workspaces",
            "SELECT h.workspace_id FROM audit_heads h WHERE ($1 IS NULL OR h.workspace_id > $1) \
             AND EXISTS (SELECT 1 FROM audit_entries a WHERE a.workspace_id = h.workspace_id AND a.at_ms < $2) \
             ORDER BY h.workspace_id LIMIT $3",
        );
        let after = after.map(|after| after.0);
        let found: Vec<Whose> = self.all_across(SQL, args![after, before_ms, limit]).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }
}

impl Tenant<'_> {
    /// Where the entries that were archived end; `None` if there are none.
    ///
    /// # Errors
    /// A failure of the database.
    pub(crate) async fn audit_archived(&mut self) -> Result<Option<ArchivedEnd>, RecordError> {
        let sql = tenant_sql!(
            "SELECT s.last_seq, s.last_hash FROM audit_segments s WHERE s.workspace_id = $1 \
             ORDER BY s.last_seq DESC LIMIT 1"
        );
        self.one(sql, args![]).await
    }

    /// The segment with the entry behind `after`, or the first one behind it.
    ///
    /// # Errors
    /// A failure of the database.
    pub(crate) async fn audit_segment(&mut self, after: i64) -> Result<Option<SegmentRow>, RecordError> {
        let sql = tenant_sql!(
            "SELECT s.first_seq, s.last_seq, s.first_at_ms, s.last_at_ms, s.prev_hash, s.last_hash, s.size_bytes, \
             s.checksum, s.blob_key, s.inline_bytes FROM audit_segments s \
             WHERE s.workspace_id = $1 AND s.last_seq > $2 ORDER BY s.last_seq LIMIT 1"
        );
        self.one(sql, args![after]).await
    }

    /// The last places of the segments with entries between `after` and `before` that may be asked for: as many, and in the order, as
    /// `span` says.
    ///
    /// # Errors
    /// A failure of the database.
    pub(crate) async fn audit_segments_with(
        &mut self,
        (after, before): (i64, i64),
        filter: &AuditFilter<'_>,
        span: &Span,
    ) -> Result<Vec<i64>, RecordError> {
        macro_rules! places {
            ($order:literal) => {
                tenant_sql!(
                    "SELECT s.last_seq AS n FROM audit_segments s WHERE s.workspace_id = $1 AND s.last_seq > $2 \
                     AND s.first_seq < $3 AND ($4 IS NULL OR s.last_at_ms >= $4) AND ($5 IS NULL OR s.first_at_ms < $5) \
                     ORDER BY s.last_seq ",
                    $order,
                    " LIMIT $6"
                )
            };
        }
        let sql = if span.is_reversed {
            places!("DESC")
        } else {
            places!("ASC")
        };
        let values = args![after, before, filter.from_ms, filter.to_ms, span.limit];
        let found: Vec<Count> = self.all(sql, values).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }

    /// The place of an entry that is in the database although a segment has it, if there is one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audit_stray(&mut self) -> Result<Option<i64>, RecordError> {
        let Some(end) = self.audit_archived().await? else {
            return Ok(None);
        };
        let sql = tenant_sql!(
            "SELECT a.seq AS n FROM audit_entries a WHERE a.workspace_id = $1 AND a.seq <= $2 ORDER BY a.seq LIMIT 1"
        );
        let found: Option<Count> = self.one(sql, args![end.seq]).await?;
        Ok(found.map(|found| found.0))
    }

    /// Puts a segment in the place of its entries, in a transaction that writes. Whether it is still the next one: if it is not,
    /// nothing was done.
    ///
    /// # Errors
    /// A failure of the database, or not all of the entries were there; the transaction must not be committed then.
    pub(crate) async fn archive_audit(
        &mut self,
        segment: &SegmentRow,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let archived = self.audit_archived().await?.map_or(0, |end| end.seq);
        if segment.first_seq != archived + 1 {
            return Ok(false);
        }
        let insert = tenant_sql!(
            "INSERT INTO audit_segments (workspace_id, first_seq, last_seq, first_at_ms, last_at_ms, prev_hash, last_hash, \
             archived_at_ms, size_bytes, checksum, blob_key, inline_bytes) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        let (blob, inline) = match &segment.stored.place {
            Place::Blob(key) => (Some(key.as_bytes().to_vec()), None),
            Place::Inline(bytes) => (None, Some(bytes.to_vec())),
        };
        let size = i64::try_from(segment.stored.size_bytes).unwrap_or(i64::MAX);
        let values = args![
            segment.first_seq,
            segment.last_seq,
            segment.first_at_ms,
            segment.last_at_ms,
            segment.prev_hash,
            segment.last_hash,
            now_ms,
            size,
            segment.stored.checksum.as_bytes(),
            blob,
            inline,
        ];
        self.execute(insert, values).await?;
        let delete =
            tenant_sql!("DELETE FROM audit_entries WHERE workspace_id = $1 AND seq >= $2 AND seq <= $3");
        let removed = self
            .execute(delete, args![segment.first_seq, segment.last_seq])
            .await?;
        let expected = segment.last_seq - segment.first_seq + 1;
        if i64::try_from(removed) != Ok(expected) {
            return Err(StorageError::Schema {
                what: format!(
                    "{removed} entries of an audit log are where {expected} were read: they were not archived"
                )
                .into(),
            }
            .into());
        }
        Ok(true)
    }
}
