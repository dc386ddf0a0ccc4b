//! `GET /v1/documents`: the documents that a token opens, by name.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;
use weft_protocol::id::DocumentName;
use weft_storage::{DocumentKey, WorkspaceId};

use super::{DocumentView, storage_problem};
use crate::http::Problem;
use crate::http::v1::Api;

const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 100;
/// How many names one request may look through for those that its token opens. A page may be empty and go on.
const MAX_LOOKED_AT: usize = 1_000;

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentList {
    data: Vec<DocumentView>,
    meta: CursorMeta,
}

/// Where this page is, and where the next one begins.
#[derive(Debug, Serialize, ToSchema)]
struct CursorMeta {
    /// How many were asked for.
    #[schema(minimum = 1, maximum = 100)]
    limit: usize,
    /// To be sent as `cursor`; null on the last page.
    next_cursor: Option<String>,
}

struct Query {
    limit: usize,
    after: Option<DocumentName>,
    name: Option<DocumentName>,
}

/// Lists documents in order of their names.
///
/// Shows those that the token opens. A page may be empty and still lead to a next one.
#[utoipa::path(
    get, path = "/v1/documents", tag = "Documents",
    params(
        ("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query),
        ("name" = Option<String>, Query, min_length = 1, max_length = 512, description = "Only the document of this name."),
    ),
    responses((status = 200, body = DocumentList)),
)]
pub(super) async fn list_documents(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query {
        limit,
        mut after,
        name,
    } = parse(query.as_deref().unwrap_or_default())?;
    let mut data = Vec::new();
    let mut more = false;
    if let Some(name) = name {
        if api.access(&headers, &name)?.is_some() {
            let found = api.log.find(WorkspaceId::DEFAULT, DocumentKey::Name(&name)).await;
            data.extend(
                found
                    .map_err(|error| storage_problem(&error))?
                    .iter()
                    .map(DocumentView::from),
            );
        }
    } else {
        let mut looked_at = 0;
        'pages: loop {
            let page = api
                .log
                .list(WorkspaceId::DEFAULT, after.as_ref(), MAX_LIMIT as u32)
                .await;
            let page = page.map_err(|error| storage_problem(&error))?;
            let is_last = page.len() < MAX_LIMIT;
            for document in &page {
                if data.len() == limit || looked_at == MAX_LOOKED_AT {
                    more = true;
                    break 'pages;
                }
                looked_at += 1;
                after = Some(document.name.clone());
                if api.access(&headers, &document.name)?.is_some() {
                    data.push(DocumentView::from(document));
                }
            }
            if is_last {
                break;
            }
        }
    }
    let next_cursor = after
        .filter(|_| more)
        .map(|name| URL_SAFE_NO_PAD.encode(name.as_str()));
    let meta = CursorMeta { limit, next_cursor };
    let mut response = Json(DocumentList { data, meta }).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn parse(query: &str) -> Result<Query, Problem> {
    let invalid = |message| Problem::new(StatusCode::BAD_REQUEST, "INVALID_QUERY", message);
    let mut parsed = Query {
        limit: DEFAULT_LIMIT,
        after: None,
        name: None,
    };
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "limit" => {
                let limit: u32 = value
                    .parse()
                    .map_err(|_| invalid("limit must be a number from 1"))?;
                parsed.limit = if limit == 0 {
                    return Err(invalid("limit must be a number from 1"));
                } else {
                    limit as usize
                };
            }
            "cursor" => {
                let name = URL_SAFE_NO_PAD
                    .decode(&*value)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok());
                let name = name.and_then(|name| DocumentName::parse(&name).ok());
                parsed.after = Some(name.ok_or_else(|| invalid("cursor must come from an earlier answer"))?);
            }
            "name" => {
                let name =
                    DocumentName::parse(&value).map_err(|_| invalid("name must be a document's name"))?;
                parsed.name = Some(name);
            }
            _ => return Err(invalid("known parameters are limit, cursor and name")),
        }
    }
    parsed.limit = parsed.limit.min(MAX_LIMIT);
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_bounded_and_parameters_known() {
        assert_eq!(parse("").ok().map(|query| query.limit), Some(25));
        assert_eq!(parse("limit=1000").ok().map(|query| query.limit), Some(100));
        for query in [
            "limit=0",
            "limit=-1",
            "limit=x",
            "cursor=%2B",
            "cursor=AA",
            "page=2",
            "name=",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
        let cursor = URL_SAFE_NO_PAD.encode("team/plan");
        let after = parse(&format!("cursor={cursor}"))
            .ok()
            .and_then(|query| query.after);
        assert_eq!(after.map(|name| name.to_string()), Some("team/plan".to_owned()));
    }
}
