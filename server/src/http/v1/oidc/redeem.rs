//! `POST /v1/auth/oidc/{provider}/redeem`.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{CODE, COOKIE, Redeemable, provider};
use crate::accounts::SessionKind;
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::Problem;
use crate::http::oauth::browser::cookie;
use crate::http::oauth::form::Sender;
use crate::http::rest::{Body, Found};
use crate::http::v1::Api;
use crate::http::v1::auth::{Failure, TokensView};

const INVALID_CODE: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "INVALID_LOGIN_CODE",
    "the code was used, is too old, or belongs to another browser",
);

/// What the page found behind its address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginCode)]
pub(super) struct Redemption {
    #[schema(min_length = 1, max_length = 256)]
    code: String,
}

/// Redeems the code of a login through another provider.
///
/// Once, within a minute, and in the browser where the login began: its cookie must come along. Ends as a login with a
/// password does.
#[utoipa::path(
    post, path = "/v1/auth/oidc/{provider}/redeem", tag = "Sessions", security(()),
    params(("provider" = String, Path, min_length = 1, max_length = 32)),
    request_body = Redemption,
    responses(
        (status = 200, body = TokensView),
        (status = 401, description = "The code does not count here"),
        (status = 403, description = "The account is disabled"),
    ),
)]
pub(super) async fn redeem_oidc_login(
    State(api): State<Api>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sender(sender): Sender,
    Body(wanted): Body<Redemption>,
) -> Result<Found<TokensView>, Failure> {
    provider(&api, &name)?;
    let code = OpaqueToken::parse(TokenKind::LoginCode, &wanted.code).map_err(|_| INVALID_CODE)?;
    let browser = cookie(&headers, COOKIE);
    let browser = browser.and_then(|text| OpaqueToken::parse(TokenKind::LoginState, text).ok());
    let browser = browser.ok_or(INVALID_CODE)?;
    let mut tx = api.records.write().await?;
    let taken = tx
        .take_single_use(CODE, code.hash().as_bytes(), api.clock.now_ms())
        .await?;
    let taken = taken.ok_or(INVALID_CODE)?;
    let redeemable: Redeemable = serde_json::from_str(&taken.payload).map_err(|_| INVALID_CODE)?;
    // The code stays good for its own browser: dropping the transaction undoes the use.
    if redeemable.browser != URL_SAFE_NO_PAD.encode(browser.hash().as_bytes()) {
        return Err(INVALID_CODE.into());
    }
    let user = taken.user_id.ok_or(INVALID_CODE)?;
    let logged_in = api
        .accounts
        .begin_session(&mut tx, user, SessionKind::Oidc, &sender)
        .await?;
    tx.commit().await?;
    api.accounts.tell_of_login(&logged_in, &sender);
    Ok(Found {
        etag: None,
        body: logged_in.into(),
    })
}
