//! `GET /v1/events` and `GET /v1/events/{event_id}`.

use axum::extract::State;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{EventFilter, EventSpan, Tx};

use super::catalogue::{self, EventType};
use super::shapes::{EventList, EventListMeta, EventParams, EventPlace, EventView, MAX_SEQUENCE};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::{Detail, NOT_FOUND};
use crate::http::rest::page::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::http::rest::{Found, Id, Query, query};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::require_at_all;

/// Lists what happened in a workspace, oldest first, as far as you may see it.
///
/// Go on with `after=` the `meta.last_sequence` of the answer, whether events were told or not. What you may not see at
/// this moment is left out, so places are missing.
#[utoipa::path(
    get, path = "/v1/events", tag = "Events",
    params(EventParams),
    responses((status = 200, body = EventList)),
)]
pub(super) async fn list_events(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<EventParams>,
) -> Result<Found<EventList>, Problem> {
    let mut tx = api.records.read().await?;
    let workspace = workspace_of(&mut tx, &caller, params.workspace_id).await?;
    let after = params.after.unwrap_or(0);
    if !(0..=MAX_SEQUENCE).contains(&after) {
        return Err(refuse(
            "after",
            "INVALID_VALUE",
            "must be a place in the sequence",
        ));
    }
    let limit = limit(params.limit)?;
    let asked = params.types.as_ref().map(|types| {
        let names = types.0.iter().map(|name| &**name);
        names.collect::<Vec<_>>()
    });
    let kinds = kinds(&caller, asked.as_deref())?;
    let filter = EventFilter {
        kinds: &kinds,
        project: params.project_id,
        document: params.document_id,
        task: params.task_id,
    };
    let mut tenant = tx.workspace(workspace).await?;
    let span = EventSpan::after(after, limit);
    let rows = match caller.0.user() {
        Some(user) => tenant.events_seen(user, &filter, span).await?,
        // A client that acts for itself stands as an administrator in the one workspace that it is for.
        None => tenant.events(&filter, span).await?,
    };
    let has_more = rows.len() == limit as usize;
    let last_sequence = match rows.last() {
        Some(row) if has_more => row.seq,
        // Read in the same moment as the events: nothing before it is still to come.
        _ => tenant.last_event_seq().await?.max(after),
    };
    Ok(Found {
        etag: None,
        body: EventList {
            data: rows.iter().map(EventView::from).collect(),
            meta: EventListMeta {
                limit,
                last_sequence,
                has_more,
            },
        },
    })
}

/// Reads one thing that happened.
#[utoipa::path(
    get, path = "/v1/events/{event_id}", tag = "Events",
    params(("event_id" = Uuid, Path), EventPlace),
    responses((status = 200, body = EventView)),
)]
pub(super) async fn get_event(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Query(place): Query<EventPlace>,
) -> Result<Found<EventView>, Problem> {
    let mut tx = api.records.read().await?;
    let workspace = workspace_of(&mut tx, &caller, place.workspace_id).await?;
    let kinds = kinds(&caller, None)?;
    let mut tenant = tx.workspace(workspace).await?;
    let found = match caller.0.user() {
        Some(user) => tenant.event_seen(user, id).await?,
        None => tenant.event(id).await?,
    };
    let event = found
        .filter(|event| kinds.contains(&event.kind.as_str()))
        .ok_or(NOT_FOUND)?;
    Ok(Found {
        etag: None,
        body: (&event).into(),
    })
}

/// The workspace that is asked about, which the caller is in.
async fn workspace_of(tx: &mut Tx, caller: &Caller, asked: Option<Uuid>) -> Result<WorkspaceId, Problem> {
    let Some(id) = asked.or(caller.0.facts.confined_to) else {
        // Nobody is told what is wrong before it is known who they are.
        caller.user()?;
        return Err(refuse("workspace_id", "REQUIRED", "must be given"));
    };
    let place = facts::workspace(tx, &caller.0, id).await?;
    caller.require(Action::ViewWorkspace, &place.resource)?;
    Ok(place.workspace)
}

/// How many events to give.
///
/// # Errors
/// 400 for none.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        Some(0) => Err(refuse("limit", "INVALID_VALUE", "must be a number from 1")),
        Some(limit) => Ok(limit.min(MAX_LIMIT)),
        None => Ok(DEFAULT_LIMIT),
    }
}

/// The types that are asked for and that the caller's credential may read of.
fn kinds(caller: &Caller, asked: Option<&[&str]>) -> Result<Vec<&'static str>, Problem> {
    let known = catalogue::all();
    if let Some(asked) = asked
        && asked
            .iter()
            .any(|name| known.iter().all(|kind| kind.name != *name))
    {
        return Err(refuse(
            "types",
            "INVALID_VALUE",
            "must be types of events: /v1/event-types has them",
        ));
    }
    let is_asked = |kind: &&EventType| asked.is_none_or(|asked| asked.contains(&kind.name));
    let wanted: Vec<_> = known.iter().filter(is_asked).collect();
    let readable = |kind: &&&EventType| require_at_all(caller, kind.read_by).is_ok();
    let names: Vec<_> = wanted.iter().filter(readable).map(|kind| kind.name).collect();
    match wanted.first() {
        // Say why there is nothing.
        Some(first) if names.is_empty() => require_at_all(caller, first.read_by).map(|()| names),
        _ => Ok(names),
    }
}

fn refuse(field: &str, code: &'static str, message: &str) -> Problem {
    query::invalid(Detail {
        field: field.to_owned(),
        code,
        message: message.to_owned(),
    })
}
