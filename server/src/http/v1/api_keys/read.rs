//! `GET /v1/api-keys/{api_key_id}`.

use axum::extract::State;

use super::{ApiKeyView, own_key, owner};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Found, Id};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Shows one of one's own keys.
#[utoipa::path(
    get, path = "/v1/api-keys/{api_key_id}", tag = "API keys",
    params(("api_key_id" = Uuid, Path)),
    responses((status = 200, body = ApiKeyView)),
)]
pub(super) async fn get_api_key(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Found<ApiKeyView>, Problem> {
    let user = owner(&caller, Action::ViewUser)?;
    let mut tx = api.records.read().await?;
    let key = own_key(&mut tx, &caller, user, id).await?;
    Ok(Found {
        etag: None,
        body: key.into(),
    })
}
