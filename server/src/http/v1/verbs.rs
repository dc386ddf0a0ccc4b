//! Addresses with a verb, such as `POST /v1/projects/{project_id}:archive`.
//!
//! The router cannot match what follows a parameter within a segment. Handlers therefore write the verb as a segment
//! of its own, `/v1/projects/{project_id}/~archive`; the layer here leads requests there, and the description shows
//! the address as it is. Invariant: nobody reaches a `/~verb` address directly.
//!
use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use tower::Layer as _;

use crate::http::problem::NOT_FOUND;

/// What stands before a verb in the routers.
const MARK: &str = "/~";

/// `routes`, whose verbs work: addresses are led before any route is looked for, because what a route has found in an
/// address stays with the request.
pub(in crate::http) fn add(routes: Router) -> Router {
    Router::new().fallback_service(from_fn(lead).layer(routes))
}

/// Leads requests whose address ends in a verb to its route.
async fn lead(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !is_resource(path) {
        return next.run(request).await;
    }
    if path.contains(MARK) {
        return NOT_FOUND.into_response();
    }
    if let Some(uri) = rewritten(request.uri()) {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// Whether `path` may have a verb: documents on sockets have any names.
fn is_resource(path: &str) -> bool {
    path.starts_with("/v1/") && !path.starts_with("/v1/sync/")
}

/// `…/{id}:verb` as the routers have it.
fn rewritten(uri: &Uri) -> Option<Uri> {
    let (before, last) = uri.path().rsplit_once('/')?;
    let (id, verb) = last.split_once(':')?;
    let is_verb = !verb.is_empty() && verb.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    // A collection's own verb (`invitations:accept`) needs no help: `/v1`, then a collection, then an id. What is about
    // webhooks is one step further down.
    let own = before.strip_prefix("/v1/webhooks").unwrap_or(before);
    let is_id = (own.split('/').count() % 2 == 1) == (own.len() == before.len());
    if !is_verb || !is_id {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{before}/{id}{MARK}{verb}{query}").parse().ok()
}

/// Writes the addresses of the description as they are.
pub(super) fn describe(api: &mut Value) {
    let Some(paths) = api.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    let renamed: Map<_, _> = std::mem::take(paths)
        .into_iter()
        .map(|(path, item)| (path.replace(MARK, ":"), item))
        .collect();
    *paths = renamed;
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Method, StatusCode};
    use axum::routing::{get, post};
    use tower::ServiceExt as _;

    use super::*;
    use crate::http::problem;
    use crate::http::rest::Id;

    #[tokio::test]
    async fn a_verb_needs_no_route_of_its_method_without_it() {
        let routes = Router::new()
            .route("/v1/things/{id}", get(async |_: Id| "thing"))
            .route("/v1/things/{id}/~archive", post(async |_: Id| "archived"))
            .route("/v1/sync/{*document}", get(async || "socket"))
            .fallback(async || NOT_FOUND)
            .method_not_allowed_fallback(problem::method_not_allowed);
        let server = add(routes);
        let id = "0198c0de-0000-7000-8000-000000000001";
        for (method, path, status) in [
            (Method::POST, format!("/v1/things/{id}:archive"), StatusCode::OK),
            (Method::GET, format!("/v1/things/{id}"), StatusCode::OK),
            (
                Method::POST,
                format!("/v1/things/{id}"),
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            (
                Method::GET,
                format!("/v1/things/{id}:archive"),
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            (
                Method::POST,
                format!("/v1/things/{id}:steal"),
                StatusCode::NOT_FOUND,
            ),
            (
                Method::POST,
                format!("/v1/things/{id}/~archive"),
                StatusCode::NOT_FOUND,
            ),
            (Method::GET, "/v1/sync/room:one/~x".to_owned(), StatusCode::OK),
        ] {
            let request = Request::builder()
                .method(&method)
                .uri(&path)
                .body(Body::empty())
                .unwrap();
            let response = server.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{method} {path}");
        }
    }

    #[test]
    fn only_a_verb_behind_an_id_is_led_elsewhere() {
        let id = "0198c0de-0000-7000-8000-000000000001";
        let read = |path: &str| rewritten(&path.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(
            read(&format!("/v1/projects/{id}:archive?x=1")),
            Some(format!("/v1/projects/{id}/~archive?x=1"))
        );
        assert_eq!(read("/v1/teams/x:y"), Some("/v1/teams/x/~y".to_owned()));
        assert_eq!(
            read(&format!("/v1/webhooks/endpoints/{id}:test")),
            Some(format!("/v1/webhooks/endpoints/{id}/~test"))
        );
        for path in [
            "/v1/webhooks/endpoints:test",
            &format!("/v1/projects/{id}"),
            &format!("/v1/projects/{id}:"),
            &format!("/v1/projects/{id}:Archive"),
            &format!("/v1/projects/{id}:archive/members"),
            &format!("/v1/projects/{id}:a:b"),
            "/v1/invitations:accept",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
