//! `GET /v1/auth/oidc/{provider}/start`.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use weft_storage::records::NewSingleUse;

use super::{ATTEMPT, ATTEMPT_MS, COOKIE, PROVIDER_FAILED, Remembered, is_own_path, provider};
use crate::accounts::seconds;
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::Problem;
use crate::http::oauth::browser::set_cookie;
use crate::http::problem::Detail;
use crate::http::rest::{Query, query};
use crate::http::v1::Api;

/// Where to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct StartQuery {
    /// The page of this server to come back to: a path, `/` if it is left out.
    #[param(min_length = 1, max_length = 8192)]
    return_to: Option<String>,
}

/// Begins a login through another provider.
///
/// For browsers: leads to the provider, and from there back to the page that was named.
#[utoipa::path(
    get, path = "/v1/auth/oidc/{provider}/start", tag = "Sessions", security(()),
    params(("provider" = String, Path, min_length = 1, max_length = 32), StartQuery),
    responses((status = 303, description = "To the provider", headers(("Location" = String)))),
)]
pub(super) async fn start_oidc_login(
    State(api): State<Api>,
    Path(name): Path<String>,
    Query(wanted): Query<StartQuery>,
) -> Result<Response, Problem> {
    let oidc = provider(&api, &name)?;
    let return_to = wanted.return_to.unwrap_or_else(|| "/".to_owned());
    if !is_own_path(&return_to) {
        return Err(query::invalid(Detail {
            field: "return_to".to_owned(),
            code: "INVALID_VALUE",
            message: "must be a path of this server".to_owned(),
        }));
    }
    let now_ms = api.clock.now_ms();
    let (address, attempt) = oidc.client.start(seconds(now_ms)).await.map_err(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the provider cannot be asked"
        );
        PROVIDER_FAILED
    })?;
    let remembered = Remembered {
        provider: name,
        return_to,
        attempt,
    };
    let payload = serde_json::to_string(&remembered).map_err(|_| Problem::INTERNAL)?;
    let browser = OpaqueToken::generate(TokenKind::LoginState);
    let hash = browser.hash();
    let mut tx = api.records.write().await?;
    tx.add_single_use(NewSingleUse {
        hash: hash.as_bytes(),
        kind: ATTEMPT,
        user_id: None,
        session_id: None,
        payload: &payload,
        now_ms,
        expires_at_ms: now_ms.saturating_add(ATTEMPT_MS),
    })
    .await?;
    tx.commit().await?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(address) = HeaderValue::from_str(&address) {
        headers.insert(header::LOCATION, address);
    }
    if let Some(cookie) = set_cookie(COOKIE, browser.expose(), ATTEMPT_MS / 1_000) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
