//! `GET /v1/workspaces/{workspace_id}/audit/export`.
//!
//! Invariant: it holds a page of entries, or one segment of those that were archived, at a time, and reads the next one when the reader
//! has taken it.

use std::convert::Infallible;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use weft_storage::records::AuditLine;
use weft_storage::{AuditArchiveError, AuditWalk};

use super::readable;
use crate::audit::{Act, Deed};
use crate::http::Problem;
use crate::http::batch::InBatch;
use crate::http::rest::Id;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::events::NOT_IN_BATCH;

/// How many entries are read at a time.
const PAGE: u32 = 200;

/// Exports the audit log of a workspace, the oldest entries first.
///
/// Every line is an object, with all that its hash is made of.
/// `weft audit verify --file` checks it. The last entry tells of the export itself. If reading fails on the way, the answer ends
/// without it.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/audit/export", tag = "Audit",
    params(("workspace_id" = Uuid, Path)),
    responses((status = 200, content_type = "application/x-ndjson", body = Vec<u8>)),
)]
pub(super) async fn export_audit_log(
    State(api): State<Api>,
    caller: Caller,
    batch: Option<Extension<InBatch>>,
    Id(id): Id,
) -> Result<Response, Problem> {
    if batch.is_some() {
        return Err(NOT_IN_BATCH);
    }
    let mut tx = api.records.write().await?;
    let workspace = readable(&mut tx, &caller, id).await?;
    Act::new(Deed::AuditExported, id)
        .write(&mut tx, workspace, api.clock.now_ms())
        .await?;
    let last = tx.workspace(workspace).await?.audit_head().await?.seq;
    tx.commit().await?;
    let reader = Reader {
        walk: api.audit.walk(workspace),
        last,
        is_over: false,
    };
    let parts = futures_util::stream::unfold(reader, |mut reader| async move {
        let part = match reader.next().await {
            Ok(part) => part?,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "an export of an audit log ends early");
                return None;
            }
        };
        Some((Ok::<_, Infallible>(part), reader))
    });
    let mut response = Response::new(Body::from_stream(parts));
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static("application/x-ndjson");
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"audit-{id}.jsonl\""));
    headers.insert(
        header::CONTENT_DISPOSITION,
        disposition.map_err(|_| Problem::INTERNAL)?,
    );
    Ok(response)
}

/// An export, and where it is.
struct Reader {
    walk: AuditWalk,
    /// The last entry of the export.
    last: i64,
    is_over: bool,
}

impl Reader {
    /// The next lines; nothing after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, AuditArchiveError> {
        if self.is_over {
            return Ok(None);
        }
        let entries = self.walk.next(PAGE).await?;
        let mut lines = String::new();
        for entry in entries.into_iter().filter(|entry| entry.seq <= self.last) {
            self.is_over = entry.seq == self.last;
            lines.push_str(&AuditLine::from(entry).text());
        }
        Ok((!lines.is_empty()).then(|| lines.into()))
    }
}
