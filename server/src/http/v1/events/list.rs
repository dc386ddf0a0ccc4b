//! `GET /v1/events` and `GET /v1/events/{event_id}`.

use axum::extract::State;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{Event, EventFilter, EventSpan, Records, Tx};

use super::catalogue::{self, EventType};
use super::shapes::{
    EventList, EventListMeta, EventParams, EventPlace, EventStreamParams, EventView, MAX_SEQUENCE,
};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::{Detail, NOT_FOUND};
use crate::http::rest::page::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::http::rest::{Commas, Found, Id, Line, Query, query};
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
    responses(
        (status = 200, body = EventList),
        (status = 404, description = "There is no such workspace for you"),
    ),
)]
pub(super) async fn list_events(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<EventParams>,
) -> Result<Found<EventList>, Problem> {
    let after = params.after.unwrap_or(0);
    let asked = Asked {
        workspace: params.workspace_id,
        types: params.types,
        project: params.project_id,
        document: params.document_id,
        task: params.task_id,
    };
    let page = read(&api.records, &caller, &asked, after, params.limit).await?;
    Ok(Found {
        etag: None,
        body: EventList {
            data: page.events.iter().map(EventView::from).collect(),
            meta: EventListMeta {
                limit: page.limit,
                last_sequence: page.last_sequence,
                has_more: page.has_more,
            },
        },
    })
}

/// Which events are asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) workspace: Option<Uuid>,
    pub(super) types: Option<Commas<Line<64>>>,
    pub(super) project: Option<Uuid>,
    pub(super) document: Option<Uuid>,
    pub(super) task: Option<Uuid>,
}

impl Asked {
    /// Those of a stream, and behind which place it begins; `last` is where a client was that comes back.
    pub(super) fn of_stream(params: EventStreamParams, last: Option<i64>) -> (Self, Option<i64>) {
        let after = last.or(params.after);
        let asked = Self {
            workspace: params.workspace_id,
            types: params.types,
            project: params.project_id,
            document: params.document_id,
            task: params.task_id,
        };
        (asked, after)
    }
}

/// A part of what happened, as far as somebody may see it.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) events: Vec<Event>,
    /// How many were to be read at most.
    limit: u32,
    /// Up to there everything that they may see was told.
    pub(super) last_sequence: i64,
    /// The place of the last event of the workspace.
    pub(super) last_of_all: i64,
    pub(super) has_more: bool,
}

/// A place in the sequence, if one is asked for.
///
/// # Errors
/// 400 for what can be none.
pub(super) fn place(name: &'static str, asked: Option<i64>) -> Result<Option<i64>, Problem> {
    match asked {
        Some(place) if !(0..=MAX_SEQUENCE).contains(&place) => {
            Err(refuse(name, "INVALID_VALUE", "must be a place in the sequence"))
        }
        place => Ok(place),
    }
}

/// Reads the events that are `asked` for behind `after`.
///
/// # Errors
/// As [`list_events`].
pub(super) async fn read(
    records: &Records,
    caller: &Caller,
    asked: &Asked,
    after: i64,
    limit: Option<u32>,
) -> Result<Page, Problem> {
    let mut tx = records.read().await?;
    let workspace = workspace_of(&mut tx, caller, asked.workspace).await?;
    place("after", Some(after))?;
    let limit = self::limit(limit)?;
    let names = asked.types.as_ref().map(|types| {
        let names = types.0.iter().map(|name| &**name);
        names.collect::<Vec<_>>()
    });
    let kinds = kinds(caller, names.as_deref())?;
    let filter = EventFilter {
        kinds: &kinds,
        project: asked.project,
        document: asked.document,
        task: asked.task,
    };
    let mut tenant = tx.workspace(workspace).await?;
    let span = EventSpan::after(after, limit);
    let events = match caller.0.user() {
        Some(user) => tenant.events_seen(user, &filter, span).await?,
        // A client that acts for itself stands as an administrator in the one workspace that it is for.
        None => tenant.events(&filter, span).await?,
    };
    let has_more = events.len() == limit as usize;
    // Read in the same moment as the events: nothing before it is still to come.
    let last_of_all = tenant.last_event_seq().await?;
    let last_sequence = match events.last() {
        Some(event) if has_more => event.seq,
        _ => last_of_all.max(after),
    };
    Ok(Page {
        events,
        limit,
        last_sequence,
        last_of_all,
        has_more,
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
    Query(params): Query<EventPlace>,
) -> Result<Found<EventView>, Problem> {
    let mut tx = api.records.read().await?;
    let workspace = workspace_of(&mut tx, &caller, params.workspace_id).await?;
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
pub(super) async fn workspace_of(
    tx: &mut Tx,
    caller: &Caller,
    asked: Option<Uuid>,
) -> Result<WorkspaceId, Problem> {
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
