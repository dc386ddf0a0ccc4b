//! Turns database rows into values, and values into parameters.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use sqlx::Row;
use sqlx::postgres::PgRow;
use weft_protocol::id::DocumentName;

use crate::backend::{HistoryRow, SnapshotRow, TailRow};
use crate::blob::BlobKey;
use crate::model::{DocumentId, DocumentSummary, Seq, WorkspaceId};
use crate::stored::{Place, StoredBytes};

/// The columns that [`summary`] reads.
pub(super) const SUMMARY_COLUMNS: &str =
    "id, workspace_id, name, created_at_ms, head_seq, snapshot_seq, quarantine_reason";

/// A seq as Postgres stores it. Seqs count committed rows, so they never reach the limit.
pub(super) fn to_sql(seq: Seq) -> i64 {
    i64::try_from(seq.get()).unwrap_or(i64::MAX)
}

/// A seq from Postgres. A negative one is damage; as 0 it fails the check for gaps.
pub(super) fn seq(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or(0))
}

pub(super) fn summary(row: &PgRow) -> Result<DocumentSummary, sqlx::Error> {
    let name: &str = row.try_get("name")?;
    Ok(DocumentSummary {
        id: DocumentId(row.try_get("id")?),
        workspace: WorkspaceId(row.try_get("workspace_id")?),
        name: DocumentName::parse(name).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        created_at_ms: row.try_get("created_at_ms")?,
        head: seq(row.try_get("head_seq")?),
        snapshot_seq: seq(row.try_get("snapshot_seq")?),
        quarantine: row.try_get("quarantine_reason")?,
    })
}

pub(super) fn tail(row: &PgRow) -> Result<TailRow, sqlx::Error> {
    let author: Option<&str> = row.try_get("author")?;
    Ok(TailRow {
        seq: seq(row.try_get("seq")?),
        created_at_ms: row.try_get("created_at_ms")?,
        author: author.map(Arc::from),
        bytes: Bytes::copy_from_slice(row.try_get("bytes")?),
    })
}

pub(super) fn snapshot(row: &PgRow) -> Result<SnapshotRow, sqlx::Error> {
    Ok(SnapshotRow {
        seq: seq(row.try_get("seq")?),
        created_at_ms: row.try_get("created_at_ms")?,
        stored: stored(row)?,
    })
}

pub(super) fn history(row: &PgRow) -> Result<HistoryRow, sqlx::Error> {
    Ok(HistoryRow {
        first: seq(row.try_get("first_seq")?),
        last: seq(row.try_get("last_seq")?),
        stored: stored(row)?,
    })
}

/// A key that is not 32 bytes long is damage: as a key of nothing it fails the comparison with the content.
pub(super) fn key(bytes: &[u8]) -> BlobKey {
    BlobKey::from_slice(bytes).unwrap_or_else(|| BlobKey::of(&[]))
}

fn stored(row: &PgRow) -> Result<StoredBytes, sqlx::Error> {
    let size_bytes: i64 = row.try_get("size_bytes")?;
    let inline: Option<&[u8]> = row.try_get("inline_bytes")?;
    let place = match inline {
        Some(bytes) => Place::Inline(Bytes::copy_from_slice(bytes)),
        None => Place::Blob(key(row.try_get("blob_key")?)),
    };
    Ok(StoredBytes {
        size_bytes: u64::try_from(size_bytes).unwrap_or(0),
        checksum: key(row.try_get("checksum")?),
        place,
    })
}

/// Text as Postgres takes it: it refuses NUL, which only a strange author or reason has.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}
