//! `POST /v1/documents`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use weft_protocol::id::DocumentName;
use weft_storage::{DocumentKey, WorkspaceId};

use super::views::DocumentView;
use super::{refusal_problem, storage_problem, versioned};
use crate::content::{self, DEFAULT_FIELD, Format, Limits};
use crate::http::Problem;
use crate::http::problem::{Detail, NOT_FOUND};
use crate::http::v1::{Api, body};
use crate::rooms::{Condition, ContentRefusal, Operation};

/// What a new document shows if nothing else is asked for: one empty paragraph.
const EMPTY: &str = r#"{"type":"doc","content":[{"type":"paragraph"}]}"#;

/// A document to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDocument {
    /// The name under which clients open it.
    #[schema(min_length = 1, max_length = 512, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    name: String,
    /// What it is to show: a ProseMirror document, or text in `format`. One empty paragraph if it is left out.
    #[serde(default)]
    content: Option<Value>,
    /// The format of `content`: `json` (if it is left out), `markdown` or `html`.
    #[serde(default)]
    #[schema(value_type = Option<super::shapes::TextFormat>)]
    format: Option<String>,
}

/// Makes a document under a name that has none.
#[utoipa::path(
    post, path = "/v1/documents", tag = "Documents",
    request_body = NewDocument,
    responses(
        (status = 201, body = DocumentView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "There is a document of this name"),
    ),
)]
pub(super) async fn create_document(
    State(api): State<Api>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let bytes = body::read(request_body, api.max_body_bytes).await?;
    // Derived code would also take a list of the members' values, but no member twice.
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let wanted = serde_json::from_slice::<NewDocument>(&bytes)
        .ok()
        .filter(|_| is_object);
    let wanted = wanted.ok_or_else(|| {
        let message = "the body must be an object with name, and if need be content and format";
        Problem::new(StatusCode::BAD_REQUEST, "INVALID_BODY", message)
    })?;
    let name = DocumentName::parse(&wanted.name).map_err(|error| {
        let detail = Detail {
            field: "name".into(),
            code: "INVALID_NAME",
            message: error.to_string(),
        };
        invalid_document().with_detail(detail)
    })?;
    api.write_access(&headers, &name)?.ok_or(NOT_FOUND)?;
    let (target, format) = target(&wanted)?;
    let operation = Operation::Write {
        field: DEFAULT_FIELD.to_owned(),
        target,
        format,
        condition: Condition::Absent,
        size_bytes: bytes.len(),
    };
    let answer = api
        .hub
        .ask(WorkspaceId::DEFAULT, &name, operation)
        .await
        .map_err(|refusal| match refusal {
            ContentRefusal::Precondition => Problem::new(
                StatusCode::CONFLICT,
                "DOCUMENT_EXISTS",
                "a document of this name has content already",
            ),
            other => refusal_problem(other),
        })?;
    let found = api.log.find(WorkspaceId::DEFAULT, DocumentKey::Name(&name)).await;
    let document = found
        .map_err(|error| storage_problem(&error))?
        .ok_or_else(invalid_document)?;
    let mut response = versioned(StatusCode::CREATED, answer.version, DocumentView::from(&document));
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/documents/{}", document.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn invalid_document() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "INVALID_DOCUMENT",
        "the document cannot be made like this",
    )
}

fn target(wanted: &NewDocument) -> Result<(content::Node, Format), Problem> {
    let unknown = || {
        let message = "must be json, markdown or html".to_owned();
        invalid_document().with_detail(Detail {
            field: "format".into(),
            code: "UNKNOWN_FORMAT",
            message,
        })
    };
    let format = match wanted.format.as_deref() {
        None => Format::Json,
        Some(name) => super::content::format_of_name(name).ok_or_else(unknown)?,
    };
    let text = match &wanted.content {
        None => EMPTY.to_owned(),
        Some(Value::String(text)) if format != Format::Json => text.clone(),
        Some(value) => value.to_string(),
    };
    let format = if wanted.content.is_none() {
        Format::Json
    } else {
        format
    };
    let target = content::parse(text.as_bytes(), format, &Limits::default());
    Ok((
        target.map_err(|error| refusal_problem(ContentRefusal::Content(error)))?,
        format,
    ))
}
