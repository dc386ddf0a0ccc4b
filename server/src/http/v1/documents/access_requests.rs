//! `/v1/documents/{document_id}/access-requests`: asking to see a document, and what is answered.
//!
//! Invariant: whoever asks is told the same whether there is such a document or not, also by the limit of a day, which
//! counts every time; that they were declined they are not told at all.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{AccessRequest, DocumentRow, NewAccessRequest, Tx};

use super::gate;
use super::happened::{SharedWith, access_declined, access_requested, shared};
use super::shares::{self, ShareView};
use crate::access::documents::document_facts;
use crate::auth::permission::{Action, DocumentRole, Facts, Resource, may};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Filters, Found, Id, List, Listing, NoContent, Text, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{commit_rights, record};
use crate::http::v1::tenancy::{Key, part, require_at_all, total, two_ids};

/// How often somebody may ask on one day (UTC), in all workspaces together.
const ASKED_A_DAY: i64 = 20;
/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long asking again tells nobody after it was declined, in milliseconds: a week.
const DECLINED_MS: i64 = 7 * DAY_MS;
/// The longest message, in characters.
const MAX_MESSAGE: usize = 500;

const TOO_MANY: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "TOO_MANY_ACCESS_REQUESTS",
    "you have asked 20 times today; Retry-After says when the next day begins",
);
const SEES_IT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "ALREADY_SHARED",
    "you see this document already",
);

/// Why somebody wants to see a document.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewAccessRequestForm {
    /// What those who may share it read; plain text.
    #[schema(value_type = String, max_length = 500)]
    message: Text<MAX_MESSAGE>,
}

/// Somebody who asks to see a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessRequest)]
pub(super) struct AccessRequestView {
    document_id: Uuid,
    user_id: Uuid,
    /// What they are called.
    display_name: String,
    /// What they say, perhaps nothing; plain text.
    #[schema(max_length = 500)]
    message: String,
    created_at: Timestamp,
}

impl From<&AccessRequest> for AccessRequestView {
    fn from(request: &AccessRequest) -> Self {
        Self {
            document_id: request.document_id,
            user_id: request.user_id,
            display_name: format!("{} {}", request.first_name, request.last_name),
            message: request.message.clone(),
            created_at: Timestamp(request.created_at_ms),
        }
    }
}

/// As what somebody is let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessGrantForm {
    role: DocumentRole,
}

/// The list of requests has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessRequestFilters {}

impl Filters for AccessRequestFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Asks those who may share a document or board to be let in.
///
/// The answer is the same whether there is such a document or not. Asking again changes nothing while it is open, and for
/// a week after it was declined. It is forgotten after thirty days. You can ask 20 times a day.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/access-requests", tag = "Sharing",
    params(("document_id" = Uuid, Path)),
    request_body = NewAccessRequestForm,
    responses(
        (status = 204, description = "If there is such a document in a workspace of yours, its owners will be told"),
        (status = 409, description = "You see the document already"),
    ),
)]
pub(super) async fn request_document_access(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Body(form): Body<NewAccessRequestForm>,
) -> Result<Response, Problem> {
    require_at_all(&caller, Action::RequestAccess)?;
    let user = caller.user()?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if tx.count_access_request(user, now_ms.div_euclid(DAY_MS)).await? > ASKED_A_DAY {
        return Ok(until_tomorrow(now_ms));
    }
    let Some((workspace, document)) = hidden(&mut tx, &caller, id, now_ms).await? else {
        tx.commit().await?;
        return Ok(NoContent.into_response());
    };
    let new = NewAccessRequest {
        document_id: id,
        user_id: user,
        message: &form.message,
        now_ms,
        declined_before_ms: now_ms - DECLINED_MS,
    };
    if tx.workspace(workspace).await?.put_access_request(&new).await? {
        let happened = access_requested(&document, user);
        record(&mut tx, workspace, &caller, [happened], now_ms).await?;
    }
    tx.commit().await?;
    Ok(NoContent.into_response())
}

/// The document, if somebody may ask to see it: it is in a workspace of theirs, and not in the trash.
///
/// # Errors
/// 409 if they see it.
async fn hidden(
    tx: &mut Tx,
    caller: &Caller,
    id: Uuid,
    now_ms: i64,
) -> Result<Option<(WorkspaceId, DocumentRow)>, Problem> {
    let Some((workspace, document, facts)) = document_facts(tx, &caller.0, id, now_ms).await? else {
        return Ok(None);
    };
    let is_allowed = |action, resource| may(&caller.0.facts, action, &resource).is_allowed();
    if is_allowed(Action::ViewDocument, Resource::Document(facts)) {
        return Err(SEES_IT);
    }
    let place = Resource::Workspace {
        id: workspace.0,
        role: facts.workspace,
    };
    // Would they see it with a role? Not what is in the trash.
    let shared = Facts {
        share: Some(DocumentRole::Viewer),
        ..facts
    };
    let may_ask = is_allowed(Action::RequestAccess, place)
        && is_allowed(Action::ViewDocument, Resource::Document(shared));
    Ok(may_ask.then_some((workspace, document)))
}

/// 429 until the next day begins.
fn until_tomorrow(now_ms: i64) -> Response {
    let seconds = (DAY_MS - now_ms.rem_euclid(DAY_MS)) / 1_000 + 1;
    let mut response = TOO_MANY.into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Lists who asks to see a document.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/access-requests", tag = "Sharing",
    params(("document_id" = Uuid, Path), Listing<AccessRequestFilters>),
    responses((status = 200, body = List<AccessRequestView>)),
)]
pub(super) async fn list_document_access_requests(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<AccessRequestFilters>,
) -> Result<List<AccessRequestView>, Problem> {
    let mut tx = api.records.read().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, api.clock.now_ms()).await?;
    let part = part(&listing, id)?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let rows = tenant.access_requests(id, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_access_requests(id).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    let key = |row: &AccessRequest| Key::Number(row.created_at_ms, row.user_id);
    Ok(listing.walked(id, rows, key, |row| (&row).into()))
}

/// Lets somebody in who asks: the document is shared with them.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/access-requests/{user_id}/~grant", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    request_body = AccessGrantForm,
    responses(
        (status = 200, body = ShareView, headers(("ETag" = String))),
        (status = 404, description = "They ask no longer, or see the document already"),
    ),
)]
pub(super) async fn grant_document_access(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    Body(form): Body<AccessGrantForm>,
) -> Result<Found<ShareView>, Problem> {
    let (id, user) = two_ids(&ids)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    let shared_by = caller.user()?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    tenant.access_request(id, user).await?.ok_or(NOT_FOUND)?;
    let share = shares::put(&mut tenant, &opened, (user, form.role), shared_by, now_ms).await?;
    let happened = shared(&opened.document, SharedWith::User(user), None, Some(&share.role));
    commit_rights(&api, tx, opened.workspace, &caller, happened).await?;
    Ok(shares::found(&share))
}

/// Does not let somebody in who asks. They are not told.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/access-requests/{user_id}/~decline", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses(
        (status = 204, description = "They are not let in; for a week their asking again tells nobody"),
        (status = 404, description = "They ask no longer, or see the document already"),
    ),
)]
pub(super) async fn decline_document_access(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
) -> Result<NoContent, Problem> {
    let (id, user) = two_ids(&ids)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    tenant.access_request(id, user).await?.ok_or(NOT_FOUND)?;
    tenant.decline_access_request(id, user, now_ms).await?;
    let happened = access_declined(&opened.document, user);
    record(&mut tx, opened.workspace, &caller, [happened], now_ms).await?;
    tx.commit().await?;
    Ok(NoContent)
}
