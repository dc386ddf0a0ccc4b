//! `/v1/documents/{document_id}/shares`: with whom a document is shared by name.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::{RecordError, Share, ShareChange, Tenant};

use super::gate;
use super::happened::{SharedWith, shared};
use crate::auth::permission::{Action, DocumentRole, may_share};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{
    Body, Change, Created, ETag, Filters, Found, Id, IfMatch, List, Listing, MergePatch, NoContent, Once,
    Timestamp,
};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::commit_rights;
use crate::http::v1::tenancy::{Key, ROLE_NOT_ASSIGNABLE, part, project_role, total, two_ids};

/// The account is nobody to the workspace.
const NOT_A_MEMBER: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "NOT_A_MEMBER",
    "this account is not in the workspace: invite it first, as a guest if it is to see nothing else",
);

/// Somebody with whom a document is shared.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Share)]
pub(super) struct ShareView {
    document_id: Uuid,
    user_id: Uuid,
    role: DocumentRole,
    shared_by: Uuid,
    created_at: Timestamp,
}

impl From<&Share> for ShareView {
    fn from(share: &Share) -> Self {
        Self {
            document_id: share.document_id,
            user_id: share.user_id,
            role: project_role(&share.role),
            shared_by: share.shared_by,
            created_at: Timestamp(share.created_at_ms),
        }
    }
}

/// What may be changed of a share.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareForm {
    role: DocumentRole,
}

/// What shall change of a share.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SharePatch {
    role: Change<DocumentRole>,
}

/// The list of shares has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareFilters {}

impl Filters for ShareFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Lists with whom a document is shared by name.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/shares", tag = "Sharing",
    params(("document_id" = Uuid, Path), Listing<ShareFilters>),
    responses((status = 200, body = List<ShareView>)),
)]
pub(super) async fn list_document_shares(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<ShareFilters>,
) -> Result<List<ShareView>, Problem> {
    let mut tx = api.records.read().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, api.clock.now_ms()).await?;
    let part = part(&listing, id)?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let rows = tenant.shares(id, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_shares(id).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    let key = |row: &Share| Key::Number(row.created_at_ms, row.user_id);
    Ok(listing.walked(id, rows, key, |row| (&row).into()))
}

/// Reads what a document is shared as with somebody.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/shares/{user_id}", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 200, body = ShareView, headers(("ETag" = String)))),
)]
pub(super) async fn get_document_share(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
) -> Result<Found<ShareView>, Problem> {
    let (id, user) = two_ids(&ids)?;
    let mut tx = api.records.read().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, api.clock.now_ms()).await?;
    let share = tx.workspace(opened.workspace).await?.share(id, user).await?;
    Ok(found(&share.ok_or(NOT_FOUND)?))
}

pub(super) fn found(share: &Share) -> Found<ShareView> {
    Found {
        etag: Some(ETag(share.version)),
        body: share.into(),
    }
}

/// Shares a document with somebody, or sets what it is shared as.
///
/// They must be in the workspace, as a guest at least.
#[utoipa::path(
    put, path = "/v1/documents/{document_id}/shares/{user_id}", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = ShareForm,
    responses(
        (status = 200, body = ShareView, headers(("ETag" = String)), description = "It was shared with them"),
        (status = 201, body = ShareView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(super) async fn put_document_share(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    Body(form): Body<ShareForm>,
) -> Result<Response, Problem> {
    let (id, user) = two_ids(&ids)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    let shared_by = caller.user()?;
    require_may_share(&opened, form.role)?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let before = tenant.share(id, user).await?;
    let version = before.as_ref().map(|share| ETag(share.version));
    IfMatch::check_place(if_match.as_ref(), version)?;
    let share = put(&mut tenant, &opened, (user, form.role), shared_by, now_ms).await?;
    let role = before.as_ref().map(|share| share.role.as_str());
    let happened = shared(&opened.document, SharedWith::User(user), role, Some(&share.role));
    commit_rights(&api, tx, opened.workspace, &caller, happened).await?;
    let answer = found(&share);
    Ok(match before {
        Some(_) => answer.into_response(),
        None => Created {
            location: format!("/v1/documents/{id}/shares/{user}"),
            etag: answer.etag,
            body: answer.body,
        }
        .into_response(),
    })
}

/// Changes what a document is shared as with somebody.
#[utoipa::path(
    patch, path = "/v1/documents/{document_id}/shares/{user_id}", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = SharePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = ShareView, headers(("ETag" = String)))),
)]
pub(super) async fn change_document_share(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<SharePatch>,
) -> Result<Response, Problem> {
    let (id, user) = two_ids(&ids)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    let shared_by = caller.user()?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let before = tenant.share(id, user).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(before.version))?;
    if let Some(role) = patch.role.into_option() {
        put(&mut tenant, &opened, (user, role), shared_by, now_ms).await?;
    }
    let share = tenant.share(id, user).await?.ok_or(NOT_FOUND)?;
    let answer = once.finish(&mut tx, &caller.0, found(&share)).await?;
    let (before, after) = (Some(before.role.as_str()), Some(share.role.as_str()));
    let happened = shared(&opened.document, SharedWith::User(user), before, after);
    commit_rights(&api, tx, opened.workspace, &caller, happened).await?;
    Ok(answer)
}

/// Takes a share back. Everybody may give up what is shared with them.
#[utoipa::path(
    delete, path = "/v1/documents/{document_id}/shares/{user_id}", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is no longer shared with them")),
)]
pub(super) async fn remove_document_share(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let (id, user) = two_ids(&ids)?;
    let mut tx = api.records.write().await?;
    let action = if caller.0.user() == Some(user) {
        Action::ViewDocument
    } else {
        Action::ShareDocument
    };
    let opened = gate::open(&mut tx, &caller, id, action, api.clock.now_ms()).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let share = tenant.share(id, user).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(share.version))?;
    tenant.remove_share(id, user).await?;
    let happened = shared(&opened.document, SharedWith::User(user), Some(&share.role), None);
    commit_rights(&api, tx, opened.workspace, &caller, happened).await?;
    Ok(NoContent)
}

/// Shares `opened` with somebody, who then has nothing to ask for any more.
pub(super) async fn put(
    tenant: &mut Tenant<'_>,
    opened: &gate::Opened,
    (user, role): (Uuid, DocumentRole),
    shared_by: Uuid,
    now_ms: i64,
) -> Result<Share, Problem> {
    let id = opened.document.id;
    require_may_share(opened, role)?;
    let change = ShareChange {
        document_id: id,
        user_id: user,
        role: role.as_str(),
        shared_by,
        now_ms,
    };
    tenant.put_share(change).await.map_err(not_a_member)?;
    tenant.forget_access_request(id, user).await?;
    tenant.share(id, user).await?.ok_or(NOT_FOUND)
}

/// Nobody gives what they do not have.
fn require_may_share(opened: &gate::Opened, role: DocumentRole) -> Result<(), Problem> {
    if may_share(opened.role(), role) {
        Ok(())
    } else {
        Err(ROLE_NOT_ASSIGNABLE)
    }
}

/// The document is there, so it is the account that is not.
fn not_a_member(error: RecordError) -> Problem {
    match error {
        RecordError::Dangling => NOT_A_MEMBER,
        other => other.into(),
    }
}
