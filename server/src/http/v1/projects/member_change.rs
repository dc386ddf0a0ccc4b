//! `PUT`, `PATCH` and `DELETE /v1/projects/{project_id}/members/{user_id}`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use weft_storage::records::MemberChange;

use super::gate;
use super::shapes::{ProjectMemberForm, ProjectMemberPatch, ProjectMemberView};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Created, ETag, Found, IfMatch, MergePatch, NoContent, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{Happened, Membership, commit_rights};
use crate::http::v1::tenancy::{require_colleague, two_ids};

/// Puts somebody into a project, or sets their role there.
///
/// They must be in the workspace as more than a guest.
#[utoipa::path(
    put, path = "/v1/projects/{project_id}/members/{user_id}", tag = "Projects",
    params(("project_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = ProjectMemberForm,
    responses(
        (status = 200, body = ProjectMemberView, headers(("ETag" = String)), description = "They were in it"),
        (status = 201, body = ProjectMemberView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(super) async fn put_project_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    Body(form): Body<ProjectMemberForm>,
) -> Result<Response, Problem> {
    let (id, user) = two_ids(&ids)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let place = gate::open(&mut tx, &caller, id, Action::ManageProjectMembers).await?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let before = tenant.project_member(id, user).await?;
    let version = before.as_ref().map(|member| ETag(member.version));
    IfMatch::check_place(if_match.as_ref(), version)?;
    require_colleague(&mut tenant, user).await?;
    let change = MemberChange {
        user_id: user,
        role: form.role.as_str(),
        now_ms,
    };
    tenant.put_project_member(id, change).await?;
    let person = tenant.project_person(id, user).await?.ok_or(NOT_FOUND)?;
    let role = before.as_ref().map(|member| member.role.as_str());
    let happened = Happened::to_member(Membership::Project(id), user, role, Some(form.role.as_str()));
    commit_rights(&api, tx, place.workspace, &caller, happened).await?;
    let etag = Some(ETag(person.member.version));
    let body = ProjectMemberView::from(&person);
    Ok(match before {
        Some(_) => Found { etag, body }.into_response(),
        None => Created {
            location: format!("/v1/projects/{id}/members/{user}"),
            etag,
            body,
        }
        .into_response(),
    })
}

/// Changes somebody's role in a project.
#[utoipa::path(
    patch, path = "/v1/projects/{project_id}/members/{user_id}", tag = "Projects",
    params(("project_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = ProjectMemberPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = ProjectMemberView, headers(("ETag" = String)))),
)]
pub(super) async fn change_project_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<ProjectMemberPatch>,
) -> Result<Response, Problem> {
    let (id, user) = two_ids(&ids)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = gate::open(&mut tx, &caller, id, Action::ManageProjectMembers).await?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let before = tenant.project_member(id, user).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(before.version))?;
    if let Some(role) = patch.role.into_option() {
        let change = MemberChange {
            user_id: user,
            role: role.as_str(),
            now_ms,
        };
        tenant.put_project_member(id, change).await?;
    }
    let person = tenant.project_person(id, user).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(person.member.version)),
        body: ProjectMemberView::from(&person),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    let (before, after) = (Some(before.role.as_str()), Some(person.member.role.as_str()));
    let happened = Happened::to_member(Membership::Project(id), user, before, after);
    commit_rights(&api, tx, place.workspace, &caller, happened).await?;
    Ok(answer)
}

/// Takes somebody out of a project, or leaves it.
#[utoipa::path(
    delete, path = "/v1/projects/{project_id}/members/{user_id}", tag = "Projects",
    params(("project_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "They are out")),
)]
pub(super) async fn remove_project_member(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let (id, user) = two_ids(&ids)?;
    let mut tx = api.records.write().await?;
    let is_self = caller.0.user() == Some(user);
    let action = if is_self {
        Action::ViewProject
    } else {
        Action::ManageProjectMembers
    };
    let place = gate::open(&mut tx, &caller, id, action).await?;
    let mut tenant = tx.workspace(place.workspace).await?;
    let member = tenant.project_member(id, user).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(member.version))?;
    tenant.remove_project_member(id, user).await?;
    let happened = Happened::to_member(Membership::Project(id), user, Some(&member.role), None);
    commit_rights(&api, tx, place.workspace, &caller, happened).await?;
    Ok(NoContent)
}
