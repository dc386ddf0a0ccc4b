//! `GET /v1/tasks/{task_id}/activity` and `GET /v1/projects/{project_id}/activity`: what happened, for people.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{EventFilter, EventSpan, Tenant, Tx};

use super::catalogue;
use super::coalesce::{Group, Grouper};
use super::list::limit;
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Found, Id, Query, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::require_at_all;
use crate::http::v1::topics::{self, TopicId};

/// How many events are read at a time.
const EVENTS: u32 = 200;
/// How many events one request looks through.
const MAX_LOOKED_AT: usize = 2_000;

/// Something that happened, or several changes in a row that are told as one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Activity)]
pub(super) struct ActivityView {
    /// The last event that it is made of.
    id: Uuid,
    /// That event's place.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    sequence: i64,
    /// The place of the first event that it is made of.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    first_sequence: i64,
    /// How many events it is made of.
    #[schema(minimum = 1)]
    count: u32,
    /// What happened; `/v1/event-types` has all of them.
    #[serde(rename = "type")]
    #[schema(min_length = 3, max_length = 64, pattern = "^[a-z_]+\\.[a-z_]+$")]
    kind: String,
    actor_user_id: Option<Uuid>,
    project_id: Option<Uuid>,
    document_id: Option<Uuid>,
    task_id: Option<Uuid>,
    /// When the first of it happened.
    started_at: Timestamp,
    /// When the last of it happened.
    created_at: Timestamp,
    /// From what was before the first to what was after the last.
    data: Map<String, Value>,
}

impl From<Group> for ActivityView {
    fn from(group: Group) -> Self {
        let event = group.newest;
        Self {
            id: event.id,
            sequence: event.seq,
            first_sequence: group.first_seq,
            count: group.count,
            kind: event.kind,
            actor_user_id: event.actor,
            project_id: event.project_id,
            document_id: event.document_id,
            task_id: event.task_id,
            started_at: Timestamp(group.started_at_ms),
            created_at: Timestamp(event.created_at_ms),
            data: group.data,
        }
    }
}

/// What happened, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActivityList {
    #[schema(max_items = 100)]
    data: Vec<ActivityView>,
    meta: ActivityListMeta,
}

/// Where it goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActivityListMeta {
    #[schema(minimum = 1, maximum = 100)]
    limit: u32,
    /// Goes on with `before` this; null if there is nothing before.
    #[schema(required = true, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    next_before: Option<i64>,
}

/// Which part is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivityParams {
    /// Only what happened before this place: `meta.next_before` of the answer before.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    before: Option<i64>,
    /// How many to give at most; above 100 is taken as 100.
    #[param(minimum = 1)]
    limit: Option<u32>,
}

/// Lists what happened to a task, newest first.
///
/// Changes that somebody made of the same thing in a row, each within a minute of the one before, are one.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/activity", tag = "Events",
    params(("task_id" = Uuid, Path), ActivityParams),
    responses((status = 200, body = ActivityList)),
)]
pub(super) async fn list_task_activity(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<ActivityParams>,
) -> Result<Found<ActivityList>, Problem> {
    let limit = limit(params.limit)?;
    let mut tx = api.records.read().await?;
    let now_ms = api.clock.now_ms();
    let opened = topics::open(&mut tx, &caller, TopicId::Task(id), Action::ReadContent, now_ms).await?;
    let filter = EventFilter {
        task: Some(id),
        ..EventFilter::default()
    };
    // Whoever was let in sees everything about it.
    let walk = Walk {
        workspace: opened.workspace,
        filter,
        viewer: None,
    };
    walk.page(&mut tx, params.before, limit).await
}

/// Lists what happened in a project, newest first.
///
/// Changes that somebody made of the same thing in a row, each within a minute of the one before, are one.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/activity", tag = "Events",
    params(("project_id" = Uuid, Path), ActivityParams),
    responses((status = 200, body = ActivityList)),
)]
pub(super) async fn list_project_activity(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<ActivityParams>,
) -> Result<Found<ActivityList>, Problem> {
    let limit = limit(params.limit)?;
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, id).await?;
    caller.require(Action::ViewProject, &place.resource)?;
    let readable = |kind: &&catalogue::EventType| require_at_all(&caller, kind.read_by).is_ok();
    let kinds: Vec<_> = catalogue::all()
        .iter()
        .filter(readable)
        .map(|kind| kind.name)
        .collect();
    let filter = EventFilter {
        kinds: &kinds,
        project: Some(id),
        ..EventFilter::default()
    };
    let walk = Walk {
        workspace: place.workspace,
        filter,
        viewer: caller.0.user(),
    };
    walk.page(&mut tx, params.before, limit).await
}

/// A way through events, newest first.
struct Walk<'a> {
    workspace: WorkspaceId,
    filter: EventFilter<'a>,
    /// Whose eyes it is seen with; `None` for those who see everything that is asked for.
    viewer: Option<Uuid>,
}

impl Walk<'_> {
    async fn page(
        &self,
        tx: &mut Tx,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Found<ActivityList>, Problem> {
        let mut tenant = tx.workspace(self.workspace).await?;
        let (mut groups, is_over) = self.groups(&mut tenant, before, limit as usize).await?;
        let has_more = !is_over || groups.len() > limit as usize;
        groups.truncate(limit as usize);
        let next_before = groups.last().filter(|_| has_more).map(|group| group.first_seq);
        Ok(Found {
            etag: None,
            body: ActivityList {
                data: groups.into_iter().map(ActivityView::from).collect(),
                meta: ActivityListMeta { limit, next_before },
            },
        })
    }

    /// More than `wanted` groups, or all that there are; whether these are all.
    async fn groups(
        &self,
        tenant: &mut Tenant<'_>,
        before: Option<i64>,
        wanted: usize,
    ) -> Result<(Vec<Group>, bool), Problem> {
        let mut grouper = Grouper::default();
        let mut span = EventSpan {
            after: before,
            ..EventSpan::newest(EVENTS)
        };
        let mut looked_at = 0;
        loop {
            let events = match self.viewer {
                Some(user) => tenant.events_seen(user, &self.filter, span).await?,
                None => tenant.events(&self.filter, span).await?,
            };
            let is_last = events.len() < EVENTS as usize;
            looked_at += events.len();
            for event in events {
                span.after = Some(event.seq);
                grouper.take(event);
            }
            // The last group may go on in what was not read yet.
            if is_last || grouper.groups.len() > wanted || looked_at >= MAX_LOOKED_AT {
                return Ok((grouper.groups, is_last));
            }
        }
    }
}
