//! Who hears of a task or a document: `/v1/tasks/{task_id}/subscription` and the same for documents.
//!
//! Whoever comments on something or is mentioned there hears of it from then on. What somebody chooses here counts more:
//! what they mute stays mute. One subscription each: others' are nobody's business.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_storage::records::{RecordError, Subscription};

use super::Api;
use super::caller::Caller;
use super::topics::{self, Opened, TopicId};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, ETag, Found, Id, IfMatch, NoContent, Timestamp};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(
            get_task_subscription,
            put_task_subscription,
            remove_task_subscription
        ))
        .routes(routes!(
            get_document_subscription,
            put_document_subscription,
            remove_document_subscription
        ))
}

/// Whoever has administrator's rights without being in the workspace hears of nothing.
const NOT_A_MEMBER: Problem = Problem::new(
    StatusCode::CONFLICT,
    "NOT_A_MEMBER",
    "only members of the workspace, guests among them, hear of what happens in it",
);

/// Whether somebody hears of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SubscriptionState {
    /// They do.
    Watching,
    /// They do not, whatever happens.
    Muted,
}

impl SubscriptionState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Watching => "watching",
            Self::Muted => "muted",
        }
    }

    /// A state out of the database, whose `CHECK` knows the same names.
    fn of(text: &str) -> Self {
        match text {
            "muted" => Self::Muted,
            _ => Self::Watching,
        }
    }
}

/// Why somebody hears of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SubscriptionReason {
    /// They said so here.
    Chosen,
    /// They commented.
    Commented,
    /// They were mentioned.
    Mentioned,
    /// It was given to them.
    Assigned,
    /// They made it.
    Created,
}

impl SubscriptionReason {
    fn of(text: &str) -> Self {
        match text {
            "commented" => Self::Commented,
            "mentioned" => Self::Mentioned,
            "assigned" => Self::Assigned,
            "created" => Self::Created,
            _ => Self::Chosen,
        }
    }
}

/// What you hear of something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
struct SubscriptionView {
    /// The document; the board of a task.
    document_id: Uuid,
    task_id: Option<Uuid>,
    state: SubscriptionState,
    reason: SubscriptionReason,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// What you want to hear of something.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubscriptionForm {
    state: SubscriptionState,
}

fn found(opened: &Opened, subscription: &Subscription) -> Found<SubscriptionView> {
    let topic = opened.topic();
    Found {
        etag: Some(ETag(subscription.version)),
        body: SubscriptionView {
            document_id: topic.document_id,
            task_id: topic.task_id,
            state: SubscriptionState::of(&subscription.state),
            reason: SubscriptionReason::of(&subscription.reason),
            created_at: Timestamp(subscription.created_at_ms),
            updated_at: Timestamp(subscription.updated_at_ms),
        },
    }
}

/// Reads what you hear of a task; 404 if nothing is known about that.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/subscription", tag = "Comments",
    params(("task_id" = Uuid, Path)),
    responses((status = 200, body = SubscriptionView, headers(("ETag" = String)))),
)]
async fn get_task_subscription(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<SubscriptionView>, Problem> {
    read(&api, &caller, TopicId::Task(id)).await
}

/// Reads what you hear of a document; 404 if nothing is known about that.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/subscription", tag = "Comments",
    params(("document_id" = Uuid, Path)),
    responses((status = 200, body = SubscriptionView, headers(("ETag" = String)))),
)]
async fn get_document_subscription(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<SubscriptionView>, Problem> {
    read(&api, &caller, TopicId::Document(id)).await
}

async fn read(api: &Api, caller: &Caller, topic: TopicId) -> Result<Found<SubscriptionView>, Problem> {
    let mut tx = api.records.read().await?;
    let opened = topics::open(&mut tx, caller, topic, Action::ReadContent, api.clock.now_ms()).await?;
    let user = caller.user()?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let subscription = tenant.subscription(opened.topic(), user).await?;
    Ok(found(&opened, &subscription.ok_or(NOT_FOUND)?))
}

/// Watches a task, or mutes it.
#[utoipa::path(
    put, path = "/v1/tasks/{task_id}/subscription", tag = "Comments",
    params(("task_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = SubscriptionForm,
    responses(
        (status = 200, body = SubscriptionView, headers(("ETag" = String))),
        (status = 409, description = "You are not in the workspace"),
    ),
)]
async fn put_task_subscription(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    Body(form): Body<SubscriptionForm>,
) -> Result<Response, Problem> {
    put(&api, &caller, TopicId::Task(id), if_match.as_ref(), form.state).await
}

/// Watches a document, or mutes it.
#[utoipa::path(
    put, path = "/v1/documents/{document_id}/subscription", tag = "Comments",
    params(("document_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = SubscriptionForm,
    responses(
        (status = 200, body = SubscriptionView, headers(("ETag" = String))),
        (status = 409, description = "You are not in the workspace"),
    ),
)]
async fn put_document_subscription(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    if_match: Option<IfMatch>,
    Body(form): Body<SubscriptionForm>,
) -> Result<Response, Problem> {
    put(
        &api,
        &caller,
        TopicId::Document(id),
        if_match.as_ref(),
        form.state,
    )
    .await
}

async fn put(
    api: &Api,
    caller: &Caller,
    topic: TopicId,
    if_match: Option<&IfMatch>,
    state: SubscriptionState,
) -> Result<Response, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let opened = topics::open(&mut tx, caller, topic, Action::ReadContent, now_ms).await?;
    let user = caller.user()?;
    let topic = opened.topic();
    let mut tenant = tx.workspace(opened.workspace).await?;
    let before = tenant.subscription(topic, user).await?;
    IfMatch::check_place(if_match, before.map(|subscription| ETag(subscription.version)))?;
    let chosen = tenant.put_subscription(topic, user, state.as_str(), now_ms).await;
    chosen.map_err(|error| match error {
        RecordError::Dangling => NOT_A_MEMBER,
        other => other.into(),
    })?;
    let after = tenant.subscription(topic, user).await?.ok_or(NOT_FOUND)?;
    tx.commit().await?;
    Ok(found(&opened, &after).into_response())
}

/// Forgets what you chose to hear of a task: what happens decides again.
#[utoipa::path(
    delete, path = "/v1/tasks/{task_id}/subscription", tag = "Comments",
    params(("task_id" = Uuid, Path)),
    responses((status = 204, description = "Nothing is known about it")),
)]
async fn remove_task_subscription(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<NoContent, Problem> {
    remove(&api, &caller, TopicId::Task(id)).await
}

/// Forgets what you chose to hear of a document: what happens decides again.
#[utoipa::path(
    delete, path = "/v1/documents/{document_id}/subscription", tag = "Comments",
    params(("document_id" = Uuid, Path)),
    responses((status = 204, description = "Nothing is known about it")),
)]
async fn remove_document_subscription(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<NoContent, Problem> {
    remove(&api, &caller, TopicId::Document(id)).await
}

async fn remove(api: &Api, caller: &Caller, topic: TopicId) -> Result<NoContent, Problem> {
    let mut tx = api.records.write().await?;
    let opened = topics::open(&mut tx, caller, topic, Action::ReadContent, api.clock.now_ms()).await?;
    let user = caller.user()?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    tenant.unsubscribe(opened.topic(), user).await?;
    tx.commit().await?;
    Ok(NoContent)
}
