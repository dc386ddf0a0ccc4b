//! `GET`, `PUT` and `PATCH /v1/documents/{document_id}/content`: rich text as ProseMirror JSON, Markdown or HTML, and the
//! whole document as a Yjs update.
//!
//! A change is a transaction in the document's room. `PUT` changes only what differs from what the document shows now,
//! so what others type at the same time survives.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use weft_protocol::scan::{UpdateLimits, scan_update};

use super::gate::{self, Asker};
use super::shapes::{BlockOperation, ContentParams, PatchParams, RichText, TextParams};
use super::views::DocumentView;
use super::{refusal_problem, set_version, versioned};
use crate::auth::permission::Action;
use crate::content::{self, ContentPatch, DEFAULT_FIELD, Format, Limits};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::etag::{INVALID_CONDITION, MAX_CONDITION_BYTES};
use crate::http::v1::{Api, body};
use crate::rooms::{Condition, ContentAnswer, ContentBody, ContentRefusal, Operation};

/// The media type of Yjs updates.
const YJS_UPDATE: &str = "application/vnd.yjs.update";
/// The longest name of a shared type, in bytes.
const MAX_FIELD_BYTES: usize = 255;

const UNKNOWN_FORMAT: Problem = Problem::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "UNKNOWN_FORMAT",
    "known formats are json, markdown, html and, to read and to patch, yjs",
);

pub(in crate::http::v1) const FORMATS_DIFFER: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "FORMATS_DIFFER",
    "`format` and Content-Type name different formats",
);

/// What travels: rich text in one of its formats, or an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text(Format),
    Yjs,
}

#[derive(Debug, Default)]
struct Query {
    shape: Option<Shape>,
    field: Option<String>,
}

impl Query {
    fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let invalid = |message| Problem::new(StatusCode::BAD_REQUEST, "INVALID_QUERY", message);
        let mut parsed = Self::default();
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*key {
                "format" if value == "yjs" => parsed.shape = Some(Shape::Yjs),
                "format" => {
                    let format = format_of_name(&value);
                    let format =
                        format.ok_or_else(|| invalid("format must be json, markdown, html or yjs"))?;
                    parsed.shape = Some(Shape::Text(format));
                }
                "field" if (1..=MAX_FIELD_BYTES).contains(&value.len()) => {
                    parsed.field = Some(value.into_owned())
                }
                "field" => return Err(invalid("field must have 1 to 255 bytes")),
                _ => return Err(invalid("known parameters are format and field")),
            }
        }
        Ok(parsed)
    }

    /// What a body is: as `format` says, else as `Content-Type` does. A text of another format than was said is refused;
    /// `application/octet-stream` is what libraries say that know nothing.
    fn sent(&self, headers: &HeaderMap) -> Result<Option<Shape>, Problem> {
        match (self.shape, named(headers)) {
            (Some(said), Some(Shape::Text(format))) if said != Shape::Text(format) => Err(FORMATS_DIFFER),
            (said, named) => Ok(said.or(named)),
        }
    }

    fn field(self) -> String {
        self.field.unwrap_or_else(|| DEFAULT_FIELD.to_owned())
    }
}

/// The format that the API calls `name`.
pub(super) fn format_of_name(name: &str) -> Option<Format> {
    match name {
        "json" => Some(Format::Json),
        "markdown" => Some(Format::Markdown),
        "html" => Some(Format::Html),
        _ => None,
    }
}

/// Reads the content as it is now.
///
/// In the format of `format`, else in the first known one of `Accept`, else as JSON.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/content", tag = "Documents",
    params(
        ("document_id" = Uuid, Path), ContentParams,
        ("If-None-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, headers(("ETag" = String)), content(
            (RichText = "application/json"), (String = "text/markdown"), (String = "text/html"),
            (Vec<u8> = "application/vnd.yjs.update"),
        )),
    ),
)]
pub(super) async fn get_document_content(
    State(api): State<Api>,
    Path(document_id): Path<String>,
    RawQuery(query): RawQuery,
    asker: Asker,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = Query::parse(query.as_deref())?;
    let found = gate::find(&api, &asker, &document_id, Action::ReadContent).await?;
    let (workspace, name) = found.room()?;
    let shape = query.shape.unwrap_or_else(|| accepted(&headers));
    let operation = match shape {
        Shape::Text(_) => Operation::Read { field: query.field() },
        Shape::Yjs => Operation::ReadUpdate,
    };
    let answer = api
        .hub
        .ask(workspace, &name, operation)
        .await
        .map_err(refusal_problem)?;
    let known = is_known(&headers, &answer)?;
    let mut response = match (known, answer.body, shape) {
        (true, _, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, Some(ContentBody::Node(node)), Shape::Text(format)) => (
            [(header::CONTENT_TYPE, format.media_type())],
            content::render(&node, format),
        )
            .into_response(),
        (false, Some(ContentBody::Update(update)), Shape::Yjs) => {
            ([(header::CONTENT_TYPE, YJS_UPDATE)], update).into_response()
        }
        _ => return Err(NOT_FOUND),
    };
    let response_headers = response.headers_mut();
    set_version(response_headers, answer.version);
    // What people wrote must not run in whoever opens this address.
    response_headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment"),
    );
    Ok(response)
}

/// Makes the content what the body says.
///
/// Only what differs is changed, so what others type at the same time survives. `If-Match` is required, so that nobody
/// overwrites what they have not seen.
#[utoipa::path(
    put, path = "/v1/documents/{document_id}/content", tag = "Documents",
    params(
        ("document_id" = Uuid, Path), TextParams,
        ("If-Match" = String, Header),
    ),
    request_body(content((RichText = "application/json"), (String = "text/markdown"), (String = "text/html"))),
    responses(
        (status = 200, body = DocumentView, headers(("ETag" = String))),
    ),
)]
pub(super) async fn put_document_content(
    State(api): State<Api>,
    Path(document_id): Path<String>,
    RawQuery(query): RawQuery,
    asker: Asker,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let query = Query::parse(query.as_deref())?;
    let document = gate::find(&api, &asker, &document_id, Action::EditContent).await?;
    let Some(Shape::Text(format)) = query.sent(&headers)? else {
        return Err(UNKNOWN_FORMAT);
    };
    let condition = entity_tags(&headers, header::IF_MATCH)?.ok_or(Problem::new(
        StatusCode::PRECONDITION_REQUIRED,
        "IF_MATCH_REQUIRED",
        "send If-Match with the ETag that was read, or * to overwrite whatever there is",
    ))?;
    let bytes = body::read(request_body, Limits::default().max_bytes).await?;
    let size_bytes = bytes.len();
    let target = content::parse(&bytes, format, &Limits::default());
    let target = target.map_err(|error| refusal_problem(ContentRefusal::Content(error)))?;
    change(
        &api,
        &asker,
        &document,
        Operation::Write {
            field: query.field(),
            target,
            format,
            condition,
            size_bytes,
        },
    )
    .await
}

/// Changes some blocks, or takes in an update that was made elsewhere.
#[utoipa::path(
    patch, path = "/v1/documents/{document_id}/content", tag = "Documents",
    params(
        ("document_id" = Uuid, Path), PatchParams,
        ("If-Match" = Option<String>, Header),
    ),
    request_body(content((Vec<BlockOperation> = "application/json"), (Vec<u8> = "application/vnd.yjs.update"))),
    responses(
        (status = 200, body = DocumentView, headers(("ETag" = String))),
    ),
)]
pub(super) async fn patch_document_content(
    State(api): State<Api>,
    Path(document_id): Path<String>,
    RawQuery(query): RawQuery,
    asker: Asker,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let query = Query::parse(query.as_deref())?;
    let document = gate::find(&api, &asker, &document_id, Action::EditContent).await?;
    let operation = match query.sent(&headers)? {
        Some(Shape::Yjs) => apply(body::read(request_body, api.max_body_bytes).await?)?,
        Some(Shape::Text(Format::Json)) => {
            let limits = Limits::default();
            let bytes = body::read(request_body, limits.max_bytes).await?;
            let size_bytes = bytes.len();
            let patches = ContentPatch::parse(&bytes, &limits);
            let patches = patches.map_err(|error| refusal_problem(ContentRefusal::Content(error)))?;
            let condition = entity_tags(&headers, header::IF_MATCH)?;
            Operation::Patch {
                field: query.field(),
                patches,
                condition,
                size_bytes,
            }
        }
        _ => return Err(UNKNOWN_FORMAT),
    };
    change(&api, &asker, &document, operation).await
}

fn apply(update: Bytes) -> Result<Operation, Problem> {
    let limits = UpdateLimits {
        max_bytes: usize::MAX,
        ..UpdateLimits::default()
    };
    match scan_update(&update, &limits) {
        Ok(facts) => Ok(Operation::Apply { update, facts }),
        Err(_) => Err(refusal_problem(ContentRefusal::Update(
            weft_protocol::close::CloseReason::HostileUpdate,
        ))),
    }
}

async fn change(
    api: &Api,
    asker: &Asker,
    document: &gate::Found,
    operation: Operation,
) -> Result<Response, Problem> {
    let (workspace, name) = document.room()?;
    let by = asker.somebody().and_then(|caller| caller.0.user());
    let answer = api
        .hub
        .ask_for(by, workspace, &name, operation)
        .await
        .map_err(refusal_problem)?;
    // What is known of it now. The change is made, whatever became of the right to see it.
    let view = match document {
        gate::Found::OfProject(opened) => {
            let mut tx = api.records.read().await?;
            let mut tenant = tx.workspace(workspace).await?;
            let now = tenant.document(opened.document.id).await?;
            DocumentView::of_project(now.as_ref().unwrap_or(&opened.document), opened.role())
        }
        gate::Found::ByName(document) => {
            let id = document.id.to_string();
            match gate::find(api, asker, &id, Action::EditContent).await? {
                gate::Found::ByName(now) => DocumentView::from(&now),
                gate::Found::OfProject(_) => DocumentView::from(document),
            }
        }
    };
    Ok(versioned(StatusCode::OK, answer.version, view))
}

/// The shape that `Content-Type` names.
fn named(headers: &HeaderMap) -> Option<Shape> {
    let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    shape_of(media_type)
}

/// The first shape that `Accept` names; JSON if it names none.
fn accepted(headers: &HeaderMap) -> Shape {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    accept
        .split(',')
        .find_map(shape_of)
        .unwrap_or(Shape::Text(Format::Json))
}

fn shape_of(media_type: &str) -> Option<Shape> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(YJS_UPDATE) || essence.eq_ignore_ascii_case("application/octet-stream") {
        return Some(Shape::Yjs);
    }
    Format::of_media_type(media_type).map(Shape::Text)
}

/// Whether who asks has what the document is now, by `If-None-Match`.
pub(in crate::http::v1) fn is_known(headers: &HeaderMap, answer: &ContentAnswer) -> Result<bool, Problem> {
    let tags = entity_tags(headers, header::IF_NONE_MATCH)?;
    Ok(tags.is_some_and(|tags| match tags {
        Condition::Unchanged(versions) => answer
            .version
            .is_some_and(|version| versions.contains(&version.to_string())),
        Condition::Any | Condition::Absent => true,
    }))
}

/// The condition that a header of entity tags states: `*`, or a list of them.
///
/// # Errors
/// 400 if it cannot be read.
pub(in crate::http::v1) fn entity_tags(
    headers: &HeaderMap,
    name: header::HeaderName,
) -> Result<Option<Condition>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let value = value
        .to_str()
        .ok()
        .filter(|value| value.len() <= MAX_CONDITION_BYTES);
    let value = value.ok_or(INVALID_CONDITION)?.trim();
    if value == "*" {
        return Ok(Some(Condition::Any));
    }
    let mut versions = Vec::new();
    for tag in value.split(',').map(str::trim) {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        let version = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let version = version.ok_or(INVALID_CONDITION)?;
        // A weak tag is never equal to a strong one.
        if tag == opaque {
            versions.push(version.to_owned());
        }
    }
    Ok(Some(Condition::Unchanged(versions)))
}
