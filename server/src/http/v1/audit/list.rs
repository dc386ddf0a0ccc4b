//! `GET /v1/workspaces/{workspace_id}/audit`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::records::{AuditEntry, AuditFilter};

use super::readable;
use super::shapes::EntryView;
use crate::http::Problem;
use crate::http::rest::{Filters, Id, Line, List, Listing, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditFilters {
    /// Only those whose action begins like this, such as `auth.`.
    #[param(inline)]
    action: Option<Line<64>>,
    /// Only those of this actor.
    actor_id: Option<Uuid>,
    /// Only those about this.
    subject_id: Option<Uuid>,
    /// Only those from this moment on.
    from: Option<Timestamp>,
    /// Only those before this moment.
    to: Option<Timestamp>,
}

impl Filters for AuditFilters {
    const SORTS: &'static [&'static str] = &["sequence"];
    const IS_REVERSED: bool = true;
}

/// Lists the audit log of a workspace, the newest entries first.
///
/// For administrators and owners. The log of the server itself has the id that is all zeros, and is for administrators of the
/// server. With cursors old entries that were archived are found as well; a page may then have fewer than `limit` although there
/// are more behind `next_cursor`. Pages by number hold, and count, what is not archived.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/audit", tag = "Audit",
    params(("workspace_id" = Uuid, Path), Listing<AuditFilters>),
    responses((status = 200, body = List<EntryView>)),
)]
pub(super) async fn list_audit_entries(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<AuditFilters>,
) -> Result<List<EntryView>, Problem> {
    let mut tx = api.records.read().await?;
    let workspace = readable(&mut tx, &caller, id).await?;
    let part = part(&listing, id)?;
    let asked = &listing.filters;
    let filter = AuditFilter {
        action: asked.action.as_deref(),
        actor: asked.actor_id,
        subject: asked.subject_id,
        from_ms: asked.from.map(|from| from.0),
        to_ms: asked.to.map(|to| to.0),
    };
    if part.is_counted {
        let mut tenant = tx.workspace(workspace).await?;
        let rows = tenant.audit_entries(&filter, &part.span).await?;
        let count = tenant.count_audit_entries(&filter).await?;
        return Ok(listing.counted(total(count), rows, EntryView::from));
    }
    drop(tx);
    let found = api.audit.search(workspace, &filter, &part.span).await?;
    if let Some(place) = found.goes_on_behind {
        let place = Key::Number(place, Uuid::nil());
        return Ok(listing.broken_off(id, found.entries, &place, EntryView::from));
    }
    let place = |row: &AuditEntry| Key::Number(row.seq, row.id);
    Ok(listing.walked(id, found.entries, place, EntryView::from))
}
