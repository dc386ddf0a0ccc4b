//! Reads the audit log as if nothing had been archived: along the chain, or by what is asked for.
//!
//! Invariant: it holds one segment at a time, and what it gives of one was checked. An entry that is archived while somebody reads is
//! neither missed nor given twice: along the chain, each part is looked for in the archive first; a search takes the rows and the end
//! of the archive from one moment.

use std::collections::VecDeque;

use super::pack::{SegmentFlaw, unpack};
use super::{AuditArchive, AuditArchiveError};
use crate::error::StorageError;
use crate::model::WorkspaceId;
use crate::records::audit_segments::SegmentRow;
use crate::records::{AuditEntry, AuditFilter, Mark, Span};
use crate::stored::PieceProblem;

/// Segments that one search reads at most.
const SEARCHED: u32 = 4;

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFound {
    /// The entries, in the order that was asked for.
    pub entries: Vec<AuditEntry>,
    /// The search was broken off, before it had found all that it was to find: it goes on behind this place.
    pub goes_on_behind: Option<i64>,
}

/// Goes along a chain from its first entry, or from behind a place.
#[derive(Debug)]
pub struct AuditWalk {
    archive: AuditArchive,
    workspace: WorkspaceId,
    after: i64,
    /// Entries of a segment that were not given yet.
    ready: VecDeque<AuditEntry>,
}

impl AuditWalk {
    /// The next entries, at most `limit`; none at the end.
    ///
    /// # Errors
    /// [`AuditArchiveError`].
    pub async fn next(&mut self, limit: u32) -> Result<Vec<AuditEntry>, AuditArchiveError> {
        if self.ready.is_empty() {
            let mut tx = self.archive.records.read().await?;
            let mut tenant = tx.workspace(self.workspace).await?;
            let Some(segment) = tenant.audit_segment(self.after).await? else {
                let rows = tenant.audit_chain(self.after, limit).await?;
                self.after = rows.last().map_or(self.after, |row| row.seq);
                return Ok(rows);
            };
            drop(tx);
            let after = self.after;
            let entries = self.archive.entries(self.workspace, segment).await?;
            self.ready = entries.into_iter().filter(|entry| entry.seq > after).collect();
        }
        let count = self.ready.len().min(limit as usize);
        let given: Vec<_> = self.ready.drain(..count).collect();
        self.after = given.last().map_or(self.after, |entry| entry.seq);
        Ok(given)
    }
}

impl AuditArchive {
    /// Goes along the chain of a workspace from its first entry.
    pub fn walk(&self, workspace: WorkspaceId) -> AuditWalk {
        AuditWalk {
            archive: self.clone(),
            workspace,
            after: 0,
            ready: VecDeque::new(),
        }
    }

    /// Entries in the order of the chain, archived or not. Of the archive it reads four segments at most, of those whose times may be
    /// asked for, and then breaks off. `span` must leave out no rows (`skip`).
    ///
    /// # Errors
    /// [`AuditArchiveError`].
    pub async fn search(
        &self,
        workspace: WorkspaceId,
        filter: &AuditFilter<'_>,
        span: &Span,
    ) -> Result<AuditFound, AuditArchiveError> {
        let (wanted, is_reversed) = (span.limit as usize, span.is_reversed);
        let at = match &span.after {
            Some((Mark::Number(seq), _)) => Some(*seq),
            _ => None,
        };
        let mut tx = self.records.read().await?;
        let mut tenant = tx.workspace(workspace).await?;
        let rows = tenant.audit_entries(filter, span).await?;
        let behind_archive = tenant.audit_archived().await?.map_or(1, |end| end.seq + 1);
        let (after, before) = match at {
            Some(at) if is_reversed => (0, at.min(behind_archive)),
            at if is_reversed => (0, at.unwrap_or(behind_archive)),
            at => (at.unwrap_or(0), behind_archive),
        };
        let is_enough = is_reversed && rows.len() >= wanted;
        let segments = match is_enough || after + 1 >= before {
            true => Vec::new(),
            false => {
                let one_more = Span {
                    limit: SEARCHED + 1,
                    ..span.clone()
                };
                tenant
                    .audit_segments_with((after, before), filter, &one_more)
                    .await?
            }
        };
        drop(tx);
        let (mut entries, later) = match is_reversed {
            true => (rows, Vec::new()),
            false => (Vec::new(), rows),
        };
        let mut reached = after;
        for (count, last) in segments.into_iter().enumerate() {
            if entries.len() >= wanted {
                break;
            }
            if count == SEARCHED as usize {
                return Ok(AuditFound {
                    entries,
                    goes_on_behind: Some(reached),
                });
            }
            let (first, found) = self.searched(workspace, last).await?;
            let found = found
                .into_iter()
                .filter(|entry| entry.seq > after && entry.seq < before && filter.takes(entry));
            match is_reversed {
                true => entries.extend(found.rev()),
                false => entries.extend(found),
            }
            reached = if is_reversed { first } else { last };
        }
        entries.extend(later);
        entries.truncate(wanted);
        Ok(AuditFound {
            entries,
            goes_on_behind: None,
        })
    }

    /// The place of the first entry of the segment that ends at `last`, and all of its entries.
    async fn searched(
        &self,
        workspace: WorkspaceId,
        last: i64,
    ) -> Result<(i64, Vec<AuditEntry>), AuditArchiveError> {
        let mut tx = self.records.read().await?;
        let mut tenant = tx.workspace(workspace).await?;
        let segment = tenant.audit_segment(last - 1).await?;
        drop(tx);
        match segment {
            Some(segment) => Ok((segment.first_seq, self.entries(workspace, segment).await?)),
            None => Ok((last, Vec::new())),
        }
    }

    /// The entries of a segment, checked.
    pub(crate) async fn entries(
        &self,
        workspace: WorkspaceId,
        segment: SegmentRow,
    ) -> Result<Vec<AuditEntry>, AuditArchiveError> {
        let (first, last) = (segment.first_seq, segment.last_seq);
        let blob = segment.stored.checksum.to_string();
        let damaged = |flaw| AuditArchiveError::Damaged {
            first,
            last,
            blob: blob.clone(),
            flaw,
        };
        let bytes = match self.vault.fetch(&segment.stored).await {
            Ok(bytes) => bytes,
            Err(PieceProblem::Unavailable(error)) => return Err(error.into()),
            Err(PieceProblem::BlobMissing(_)) => return Err(damaged(SegmentFlaw::Missing)),
            Err(PieceProblem::Checksum) => return Err(damaged(SegmentFlaw::Altered)),
            Err(PieceProblem::BlobUnreadable(_, reason)) => {
                return Err(damaged(SegmentFlaw::Unreadable(reason)));
            }
        };
        let unpacking = self
            .tasks
            .spawn_blocking(move || unpack(workspace, &segment, &bytes));
        let unpacked = unpacking.await.map_err(|_| StorageError::Closed)?;
        unpacked.map_err(damaged)
    }
}
