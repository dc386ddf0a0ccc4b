//! `POST /v1/auth/refresh`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Failure, TokensView};
use crate::http::rest::{Body, Found};
use crate::http::v1::Api;

/// The refresh token of a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    #[schema(min_length = 1, max_length = 256)]
    refresh_token: String,
}

/// Gets the next tokens of a session.
///
/// Each refresh token counts once. The one before the current one gives the same successor again for a few seconds, for
/// clients that lost the answer; an older one, or a later try, ends the session.
#[utoipa::path(
    post, path = "/v1/auth/refresh", tag = "Sessions", security(()),
    request_body = Refresh,
    responses(
        (status = 200, body = TokensView),
        (status = 401, description = "The session has ended"),
        (status = 403, description = "The account is disabled"),
    ),
)]
pub(super) async fn refresh_tokens(
    State(api): State<Api>,
    Body(refresh): Body<Refresh>,
) -> Result<Found<TokensView>, Failure> {
    let logged_in = api.accounts.refresh(&refresh.refresh_token).await?;
    Ok(Found {
        etag: None,
        body: logged_in.into(),
    })
}
