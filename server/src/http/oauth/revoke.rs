//! `POST /oauth/revoke` (RFC 7009) and `POST /oauth/introspect` (RFC 7662): taking tokens back, and asking about them.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::{OAuthGrant, Tx};

use super::answer::{ErrorView, Failure, json};
use super::client::{Proven, authenticate};
use super::form::Form;
use super::token::end_grant;
use crate::accounts::seconds;
use crate::audit::{Act, Deed};
use crate::auth::oauth::{ClientKind, Introspection, OAuthError, RefreshDetails, TokenQuery};
use crate::auth::tokens::access::AccessClaims;
use crate::http::v1::Api;

/// A token, and the application that it was given to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthTokenQuery)]
pub(super) struct QueryForm {
    /// An access token or a refresh token.
    #[schema(max_length = 8192)]
    token: String,
    /// Taken and not needed: a token says what it is.
    #[schema(max_length = 64)]
    token_type_hint: Option<String>,
    /// Needed if the application does not show who it is by HTTP Basic.
    client_id: Option<Uuid>,
    #[schema(max_length = 256)]
    client_secret: Option<String>,
}

/// What a token says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthIntrospection)]
pub(super) struct IntrospectionView {
    /// Whether it counts now. If it does not, or is none of the application's, this is all there is.
    active: bool,
    #[schema(max_length = 1000, nullable = false)]
    scope: Option<String>,
    #[schema(nullable = false)]
    client_id: Option<Uuid>,
    #[schema(nullable = false)]
    sub: Option<Uuid>,
    #[schema(max_length = 16, nullable = false)]
    token_type: Option<String>,
    #[schema(nullable = false)]
    exp: Option<u64>,
    #[schema(nullable = false)]
    iat: Option<u64>,
    #[schema(max_length = 2048, nullable = false)]
    iss: Option<String>,
    #[schema(max_length = 2048, nullable = false)]
    aud: Option<String>,
    #[schema(nullable = false)]
    workspace: Option<Uuid>,
}

/// Takes a token back.
///
/// With it goes everything that was given together with it. For a token that is not there, or not the application's,
/// the answer is the same and nothing happens. A token of an application for itself ends by its time alone.
#[utoipa::path(
    post, path = "/oauth/revoke", tag = "OAuth", operation_id = "revoke_oauth_token",
    security(()),
    request_body(content = QueryForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It counts no longer"),
        (status = 400, body = ErrorView, description = "The token is missing"),
        (status = 401, body = ErrorView, description = "The application did not show who it is"),
        (status = 500, body = ErrorView),
        (status = 503, body = ErrorView),
    ),
)]
pub(super) async fn revoke_oauth_token(
    State(api): State<Api>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let proven = authenticate(&api, &headers, &form.params).await?;
    let query = TokenQuery::read(&form.params)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    tx.workspace(proven.row.workspace).await?;
    let found = match query {
        TokenQuery::Refresh(token) => {
            let row = tx.refresh_token(token.hash().as_bytes()).await?;
            grant_of(&mut tx, &proven, row.map(|row| row.session_id)).await?
        }
        TokenQuery::Access(text) => {
            let session = claims(&api, &proven, &text).and_then(|claims| claims.sid);
            grant_of(&mut tx, &proven, session).await?
        }
    };
    if let Some(grant) = found {
        end_grant(&mut tx, &proven, grant.id, grant.user_id, now_ms).await?;
        Act::new(Deed::OAuthGrantRevoked, grant.id)
            .with(serde_json::json!({ "client_id": proven.row.id }))
            .write(&mut tx, proven.row.workspace, now_ms)
            .await?;
        tx.commit().await?;
        api.changes.announce();
    }
    Ok(StatusCode::OK.into_response())
}

/// Says whether a token counts, and what it is good for.
///
/// An application hears about its own tokens alone. Only a confidential one may ask.
#[utoipa::path(
    post, path = "/oauth/introspect", tag = "OAuth", operation_id = "introspect_oauth_token",
    security(()),
    request_body(content = QueryForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = IntrospectionView),
        (status = 400, body = ErrorView, description = "The token is missing"),
        (status = 401, body = ErrorView, description = "The application did not show who it is"),
        (status = 500, body = ErrorView),
        (status = 503, body = ErrorView),
    ),
)]
pub(super) async fn introspect_oauth_token(
    State(api): State<Api>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let proven = authenticate(&api, &headers, &form.params).await?;
    if proven.client.kind == ClientKind::Public {
        return Err(OAuthError::client().into());
    }
    let answer = match TokenQuery::read(&form.params)? {
        TokenQuery::Refresh(token) => {
            let mut tx = api.records.read().await?;
            let now_ms = api.clock.now_ms();
            let row = tx.refresh_token(token.hash().as_bytes()).await?;
            let live = row.filter(|row| {
                row.superseded_at_ms.is_none()
                    && row.family_ended_at_ms.is_none()
                    && row.idle_expires_at_ms.min(row.family_expires_at_ms) > now_ms
            });
            let ends = live.as_ref().map(|row| row.idle_expires_at_ms);
            let grant = grant_of(&mut tx, &proven, live.map(|row| row.session_id)).await?;
            match (grant, ends) {
                (Some(grant), Some(ends)) => Introspection::of_refresh(RefreshDetails {
                    scope: grant.scopes,
                    client_id: grant.client_id,
                    sub: grant.user_id,
                    exp: seconds(ends),
                    iss: api.accounts.access_tokens().settings().issuer.clone(),
                    workspace: grant.confined_to.map(|id| id.0),
                }),
                _ => Introspection::INACTIVE,
            }
        }
        TokenQuery::Access(text) => match claims(&api, &proven, &text) {
            // Whether its session goes on is asked where everybody asks.
            Some(claims) if api.identities.identify(Some(&text)).await.is_ok() => {
                Introspection::of_access(&claims, proven.row.id)
            }
            _ => Introspection::INACTIVE,
        },
    };
    Ok(json(StatusCode::OK, &answer))
}

/// What an access token of this application says.
fn claims(api: &Api, proven: &Proven, text: &str) -> Option<AccessClaims> {
    let (keys, now) = (api.accounts.keyring().keys(), seconds(api.clock.now_ms()));
    let claims = api.accounts.access_tokens().verify(&keys, text, now).ok()?;
    let own = proven.row.id.to_string();
    (claims.client_id.as_deref() == Some(own.as_str())).then_some(claims)
}

/// The grant of this application whose tokens `session` holds.
async fn grant_of(
    tx: &mut Tx,
    proven: &Proven,
    session: Option<Uuid>,
) -> Result<Option<OAuthGrant>, Failure> {
    let Some(session) = session else {
        return Ok(None);
    };
    let grant = tx.oauth_grant_of_session(session).await?;
    Ok(grant.filter(|grant| grant.client_id == proven.row.id && grant.revoked_at_ms.is_none()))
}
