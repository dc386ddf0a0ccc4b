//! `POST /v1/projects/{project_id}/views`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::gate;
use super::shapes::{NewView, ViewView, Visibility};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Body, Created, ETag, Id, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// How many views of one project somebody may see.
const MAX_VIEWS: i64 = 200;

const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_VIEWS",
    "there are 200 views of this project for you already: delete some first",
);

/// Saves a view of a project's tasks: for yourself, or for everybody if you may change the project.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/views", tag = "Views",
    params(("project_id" = Uuid, Path)),
    request_body = NewView,
    responses(
        (status = 201, body = ViewView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "There are too many"),
    ),
)]
pub(super) async fn create_view(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    once: Once,
    Body(form): Body<NewView>,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let place = facts::project(&mut tx, &caller.0, project).await?;
    caller.require(Action::ViewProject, &place.resource)?;
    let user = caller.user()?;
    if form.visibility == Visibility::Project {
        gate::require_shared(&mut tx, &caller, project).await?;
    }
    let content = form.into_content()?;
    let mut tenant = tx.workspace(place.workspace).await?;
    if tenant.count_saved_views(project, Some(user)).await? >= MAX_VIEWS {
        return Err(TOO_MANY);
    }
    let id = Uuid::now_v7();
    tenant
        .create_saved_view(id, project, user, &content, now_ms)
        .await?;
    let view = tx.saved_view(id).await?.ok_or(Problem::INTERNAL)?;
    let created = Created {
        location: format!("/v1/views/{id}"),
        etag: Some(ETag(view.version)),
        body: ViewView::from(&view),
    };
    let answer = once.finish(&mut tx, &caller.0, created).await?;
    tx.commit().await?;
    Ok(answer)
}
