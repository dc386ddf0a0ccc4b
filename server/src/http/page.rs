//! The page: its entry for the addresses that it routes itself, its assets, and a hint where it was not built.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::problem::{NOT_FOUND, method_not_allowed};
use crate::web_assets::{self, Asset};

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Weft</title>\
    <h1>Weft is running</h1><p>This binary was built without its page. Run <code>make web</code> and build again. \
    Clients can connect all the same.</p></html>";

/// `/`, the addresses of documents and of pages for people with accounts, which the pages read themselves, and the
/// links in mails.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/", get(index))
        .route("/d/{*document}", get(index))
        .route("/boards", get(accounts))
        .route("/boards/{board_id}", get(accounts))
        .route("/documents/{document_id}", get(accounts))
        .route("/tasks/{task_id}", get(accounts))
        .route("/inbox", get(accounts))
        .route("/preferences", get(accounts))
        .route("/webhooks", get(accounts))
        .route("/webhooks/{endpoint_id}", get(accounts))
        .route("/account/{action}", get(account))
}

/// Where the links in mails lead. Their secrets stand behind the `#`, so they do not come here.
async fn account(headers: HeaderMap) -> Response {
    entry("account.html", &headers)
}

/// The pages for people with accounts; whether they may see anything is a matter of the API.
async fn accounts(headers: HeaderMap) -> Response {
    entry("boards.html", &headers)
}

async fn index(headers: HeaderMap) -> Response {
    entry("index.html", &headers)
}

/// The page whose file is `name`.
pub(super) fn entry(name: &str, headers: &HeaderMap) -> Response {
    match web_assets::find(name) {
        Some(asset) => answer(asset, headers),
        None => Html(NOT_BUILT).into_response(),
    }
}

/// An asset of the page by its path, else a problem.
pub(super) async fn asset_or_not_found(request: Request) -> Response {
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    match web_assets::find(request.uri().path().trim_start_matches('/')) {
        Some(_) if !is_read => {
            let mut refusal = method_not_allowed().await.into_response();
            let allowed = HeaderValue::from_static("GET,HEAD");
            refusal.headers_mut().insert(header::ALLOW, allowed);
            refusal
        }
        Some(asset) => answer(asset, request.headers()),
        None => NOT_FOUND.into_response(),
    }
}

fn answer(asset: Asset, request_headers: &HeaderMap) -> Response {
    // Files with a hash in their name never change; the others are asked for again with their tag.
    let caching = if asset.is_hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = request_headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == asset.tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Body::from(asset.bytes).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, asset.media_type);
        response
    };
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&asset.tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
