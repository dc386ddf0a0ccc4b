//! `GET /v1/oauth/clients/{client_id}`.

use axum::extract::State;
use axum::response::Response;

use super::{ClientView, etag, managed};
use crate::http::Problem;
use crate::http::rest::{Found, Id, IfNoneMatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Shows an application.
#[utoipa::path(
    get, path = "/v1/oauth/clients/{client_id}", tag = "OAuth clients",
    params(("client_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = ClientView, headers(("ETag" = String)))),
)]
pub(super) async fn get_oauth_client(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let row = managed(&mut tx, &caller, id).await?;
    let found = Found {
        etag: Some(etag(&row)),
        body: ClientView::of(&row, api.clock.now_ms()),
    };
    Ok(found.unless(&known))
}
