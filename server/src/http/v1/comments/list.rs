//! `GET /v1/documents/{document_id}/comments` and `GET /v1/tasks/{task_id}/comments`.

use axum::extract::State;
use uuid::Uuid;
use weft_storage::records::{Comment, CommentFilter};

use super::shapes::{CommentFilters, CommentView, by_comment};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Id, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};
use crate::http::v1::topics::{self, TopicId};

/// Lists the comments on a document as a whole, in the order in which they were made.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/comments", tag = "Comments",
    params(("document_id" = Uuid, Path), Listing<CommentFilters>),
    responses((status = 200, body = List<CommentView>)),
)]
pub(super) async fn list_document_comments(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<CommentFilters>,
) -> Result<List<CommentView>, Problem> {
    list(&api, &caller, TopicId::Document(id), id, &listing).await
}

/// Lists the comments on a task, in the order in which they were made.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/comments", tag = "Comments",
    params(("task_id" = Uuid, Path), Listing<CommentFilters>),
    responses((status = 200, body = List<CommentView>)),
)]
pub(super) async fn list_task_comments(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<CommentFilters>,
) -> Result<List<CommentView>, Problem> {
    list(&api, &caller, TopicId::Task(id), id, &listing).await
}

async fn list(
    api: &Api,
    caller: &Caller,
    topic: TopicId,
    scope: Uuid,
    listing: &Listing<CommentFilters>,
) -> Result<List<CommentView>, Problem> {
    let mut tx = api.records.read().await?;
    let opened = topics::open(&mut tx, caller, topic, Action::ReadContent, api.clock.now_ms()).await?;
    let (topic, filter) = (opened.topic(), CommentFilter::from(&listing.filters));
    let part = part(listing, scope)?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let rows = tenant.comments(topic, filter, &part.span).await?;
    let times = rows.iter().map(|row| row.created_at_ms);
    let mut reactions = match (times.clone().min(), times.max()) {
        (Some(first), Some(last)) => {
            let viewer = caller.0.user();
            by_comment(tenant.reactions_between(topic, viewer, (first, last)).await?)
        }
        _ => by_comment(Vec::new()),
    };
    let view = |row: Comment| CommentView::new(&row, reactions.remove(&row.id).unwrap_or_default());
    if part.is_counted {
        let count = tenant.count_comments(topic, filter).await?;
        return Ok(listing.counted(total(count), rows, view));
    }
    let key = |row: &Comment| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(scope, rows, key, view))
}
