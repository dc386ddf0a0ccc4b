//! `GET` and `PUT /v1/tasks/{task_id}/description`: rich text as ProseMirror JSON, Markdown or HTML.
//!
//! `PUT` changes only what differs from what the description shows now, so what others type at the same time survives.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weft_protocol::board::{CardId, Editor};

use super::gate::{find_live, find_shown, shown};
use super::views::TaskView;
use crate::content::{self, Format, Limits, Node};
use crate::http::Problem;
use crate::http::rest::{AnyCase, ETag, Found, Id, IfMatch, IfNoneMatch, Query, read as body};
use crate::http::v1::Api;
use crate::http::v1::boards::edit::{SMALL, Stop, edit, refused};
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::{FORMATS_DIFFER, RichText, refusal_problem};
use crate::rooms::{ContentBody, ContentRefusal, Operation};

const UNKNOWN_FORMAT: Problem = Problem::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "UNKNOWN_FORMAT",
    "known formats are json, markdown and html",
);

/// A format of rich text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DescriptionFormat {
    Json,
    Markdown,
    Html,
}

impl From<DescriptionFormat> for Format {
    fn from(format: DescriptionFormat) -> Self {
        match format {
            DescriptionFormat::Json => Self::Json,
            DescriptionFormat::Markdown => Self::Markdown,
            DescriptionFormat::Html => Self::Html,
        }
    }
}

/// In which format.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DescriptionParams {
    /// The format, before what the headers say.
    #[param(inline, value_type = Option<DescriptionFormat>)]
    format: Option<AnyCase<DescriptionFormat>>,
}

/// Reads the description of a task.
///
/// In the format of `format`, else in the first known one of `Accept`, else as JSON.
#[utoipa::path(
    get, path = "/v1/tasks/{task_id}/description", tag = "Tasks",
    params(("task_id" = Uuid, Path), DescriptionParams, ("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, headers(("ETag" = String)), content(
            (RichText = "application/json"), (String = "text/markdown"), (String = "text/html"),
        )),
    ),
)]
pub(super) async fn get_task_description(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<DescriptionParams>,
    known: IfNoneMatch,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = find_shown(&api, &caller, id).await?;
    let format = params.format.map(|format| format.0.into());
    let format = format.unwrap_or_else(|| accepted(&headers));
    let operation = Operation::ReadDescription { card: opened.card };
    let name = opened.board.name()?;
    let asked = api.hub.ask(opened.board.workspace(), &name, operation);
    let Some(ContentBody::Node(node)) = asked.await.map_err(refused)?.body else {
        return Err(Problem::INTERNAL);
    };
    let node = whole(node);
    let etag = etag(&node);
    let mut response = if known.has(etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let text = content::render(&node, format);
        ([(header::CONTENT_TYPE, format.media_type())], text).into_response()
    };
    let answered = response.headers_mut();
    answered.insert(header::ETAG, etag.value());
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // What people wrote must not run in whoever opens this address.
    answered.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment"),
    );
    Ok(response)
}

/// Makes the description of a task what the body says.
///
/// Only what differs is changed, so what others type at the same time survives. `If-Match` is required, so that nobody
/// overwrites what they have not seen.
#[utoipa::path(
    put, path = "/v1/tasks/{task_id}/description", tag = "Tasks",
    params(("task_id" = Uuid, Path), DescriptionParams, ("If-Match" = String, Header)),
    request_body(content((RichText = "application/json"), (String = "text/markdown"), (String = "text/html"))),
    responses(
        (status = 200, body = TaskView, headers(
            ("ETag" = String, description = "Of the description, and not of the task"),
        )),
    ),
)]
pub(super) async fn put_task_description(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<DescriptionParams>,
    if_match: IfMatch,
    request: Request,
) -> Result<Response, Problem> {
    let (Parts { headers, .. }, request_body) = request.into_parts();
    let opened = find_live(&api, &caller, id).await?;
    let said = params.format.map(|format| Format::from(format.0));
    let format = match (said, sent(&headers)) {
        (Some(said), Some(named)) if said != named => return Err(FORMATS_DIFFER),
        (said, named) => said.or(named).ok_or(UNKNOWN_FORMAT)?,
    };
    let limits = Limits::default();
    let bytes = body::read(request_body, limits.max_bytes).await?;
    let target = content::parse(&bytes, format, &limits);
    let target = target.map_err(|error| refusal_problem(ContentRefusal::Content(error)))?;
    let (card, size_bytes) = (opened.card.clone(), SMALL + bytes.len());
    let etag = edit(&api, &caller, &opened.board, size_bytes, move |editor| {
        if_match.check(etag(&described(editor, &card)?))?;
        let (txn, fragment) = editor.description(&card)?;
        content::write_fragment_as(txn, &fragment, target, format)?;
        Ok(etag(&described(editor, &card)?))
    })
    .await?;
    let Found { body, .. } = shown(&api, &opened.board, &opened.card).await?;
    let found: Found<TaskView> = Found {
        etag: Some(etag),
        body,
    };
    Ok(found.into_response())
}

/// What the description says now.
fn described(editor: &mut Editor<'_, '_>, card: &CardId) -> Result<Node, Stop> {
    let (txn, fragment) = editor.description(card)?;
    Ok(whole(content::read_fragment(txn, &fragment)?))
}

/// A document, also if nothing was ever written.
fn whole(node: Node) -> Node {
    if node.kind.is_empty() {
        Node::new("doc")
    } else {
        node
    }
}

/// The tag of a description: the same in all formats.
fn etag(node: &Node) -> ETag {
    ETag::of(content::render(node, Format::Json).as_bytes())
}

fn sent(headers: &HeaderMap) -> Option<Format> {
    let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Format::of_media_type(media_type)
}

fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let mut known = accept
        .unwrap_or_default()
        .split(',')
        .filter_map(Format::of_media_type);
    known.next().unwrap_or(Format::Json)
}
