//! `POST /oauth/token`: where applications come to their tokens.
//!
//! Invariant: an application gets tokens for what a person allowed it or for itself, and only within its own workspace.
//! A code, or a refresh token, that comes a second time ends everything that the first one gave.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::{EpochKind, NewOAuthGrant, OAuthCode, Tx, User};

use super::answer::{ErrorView, Failure, json};
use super::client::{Proven, authenticate};
use super::form::{Form, Sender};
use crate::accounts::{AccountError, Client as SentBy, Family, SessionKind, milliseconds, seconds};
use crate::audit::{Act, Deed};
use crate::auth::oauth::{
    CodeChallenge, CodeDecision, CodeRecord, GrantRequest, IdTokenRequest, OAuthError, OAuthErrorCode,
    TokenResponse, mint_id_token,
};
use crate::auth::permission::{Scope, Scopes};
use crate::auth::tokens::access::AccessTokenRequest;
use crate::auth::tokens::opaque::OpaqueToken;
use crate::http::v1::Api;

const INVALID_SCOPE: OAuthError = OAuthError::new(
    OAuthErrorCode::InvalidScope,
    "a scope is unknown or was not granted",
);

/// What an application asks for. Which members are needed depends on `grant_type`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthTokenRequest)]
pub(super) struct TokenForm {
    /// `authorization_code`, `refresh_token` or `client_credentials`.
    #[schema(max_length = 64)]
    grant_type: String,
    /// The code that the person brought back.
    #[schema(max_length = 256)]
    code: Option<String>,
    /// Where the code was sent.
    #[schema(max_length = 1024)]
    redirect_uri: Option<String>,
    /// What the challenge was the hash of.
    #[schema(max_length = 128)]
    code_verifier: Option<String>,
    #[schema(max_length = 256)]
    refresh_token: Option<String>,
    /// Names with spaces between them: fewer than were granted, if so wished.
    #[schema(max_length = 1000)]
    scope: Option<String>,
    /// Needed if the application does not show who it is by HTTP Basic.
    client_id: Option<Uuid>,
    #[schema(max_length = 256)]
    client_secret: Option<String>,
}

/// Tokens for an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthTokens)]
pub(super) struct TokenView {
    #[schema(max_length = 8192)]
    access_token: String,
    /// `Bearer`.
    #[schema(max_length = 6)]
    token_type: String,
    /// How long the access token lives, in seconds.
    expires_in: u64,
    /// If `offline_access` was granted. Each counts once and comes with its successor.
    #[schema(max_length = 51, nullable = false)]
    refresh_token: Option<String>,
    /// If `openid` was granted.
    #[schema(max_length = 8192, nullable = false)]
    id_token: Option<String>,
    /// What was granted.
    #[schema(max_length = 1000)]
    scope: String,
}

/// Gives an application tokens (RFC 6749, RFC 7636, RFC 6819).
///
/// For a code with its verifier, for a refresh token, or for the application itself. Every refresh token counts once. A
/// code that comes a second time ends what the first one gave.
#[utoipa::path(
    post, path = "/oauth/token", tag = "OAuth", operation_id = "issue_oauth_token",
    security(()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = TokenView, headers(("Cache-Control" = String))),
        (status = 400, body = ErrorView, description = "The code, token, scope or grant is not good"),
        (status = 401, body = ErrorView, description = "The application did not show who it is"),
        (status = 500, body = ErrorView),
        (status = 503, body = ErrorView),
    ),
)]
pub(super) async fn issue_oauth_token(
    State(api): State<Api>,
    headers: HeaderMap,
    Sender(sender): Sender,
    form: Form,
) -> Result<Response, Failure> {
    let proven = authenticate(&api, &headers, &form.params).await?;
    let request = GrantRequest::read(&form.params)?;
    proven.client.check_grant(request.grant_type())?;
    let tokens = match request {
        GrantRequest::AuthorizationCode {
            code,
            redirect,
            verifier,
        } => {
            let shown = ShownCode {
                code,
                redirect,
                verifier,
            };
            for_code(&api, &proven, &shown, &sender).await?
        }
        GrantRequest::RefreshToken { token, scope } => {
            for_refresh_token(&api, &proven, &token, scope.as_deref()).await?
        }
        GrantRequest::ClientCredentials { scope } => for_itself(&api, &proven, scope.as_deref())?,
    };
    Ok(json(StatusCode::OK, &tokens))
}

struct ShownCode {
    code: OpaqueToken,
    redirect: Option<String>,
    verifier: Option<String>,
}

async fn for_code(
    api: &Api,
    proven: &Proven,
    shown: &ShownCode,
    sender: &SentBy,
) -> Result<TokenResponse, Failure> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    // Of two that show one code at once, the second waits here.
    tx.workspace(proven.row.workspace).await?;
    let hash = shown.code.hash();
    let code = tx.oauth_code(hash.as_bytes()).await?.ok_or(OAuthError::grant())?;
    let record = record(&code).ok_or(OAuthError::grant())?;
    let (redirect, verifier) = (shown.redirect.as_deref(), shown.verifier.as_deref());
    match record.present(&proven.client, redirect, verifier, seconds(now_ms)) {
        CodeDecision::Redeem => {}
        CodeDecision::Refuse => return Err(OAuthError::grant().into()),
        CodeDecision::Replay => {
            tracing::warn!(client.id = %proven.row.id, user.id = %code.user_id, "an authorization code came twice");
            end_grant(&mut tx, proven, code.grant_id, code.user_id, now_ms).await?;
            tx.commit().await?;
            api.changes.announce();
            return Err(OAuthError::grant().into());
        }
    }
    let user = active(&mut tx, code.user_id).await?;
    let mut tenant = tx.workspace(proven.row.workspace).await?;
    tenant.redeem_oauth_code(hash.as_bytes(), now_ms).await?;
    tenant
        .forget_ended_oauth_grants(proven.row.id, user.id, now_ms)
        .await?;
    let family = begin_grant(api, &mut tx, proven, &code, sender).await?;
    let mut tokens = access_token(api, proven, &family, record.scopes)?;
    if record.scopes.names(Scope::OfflineAccess) {
        tokens.refresh_token = Some(family.refresh_token.expose().to_owned());
    } else {
        let end = now_ms.saturating_add(milliseconds(tokens.expires_in));
        tx.shorten_session(family.session, end).await?;
    }
    let request = IdTokenRequest {
        user_id: user.id,
        client_id: proven.row.id,
        authenticated_at: record.authenticated_at,
        session: Some(family.session),
        nonce: record.nonce,
        scopes: record.scopes,
        name: Some(full_name(&user)),
        email: verified_email(&user),
    };
    let (keys, issuer) = (
        api.accounts.keyring().keys(),
        &api.accounts.access_tokens().settings().issuer,
    );
    tokens.id_token = mint_id_token(&keys, issuer, &request, seconds(now_ms))?;
    tx.commit().await?;
    Ok(tokens)
}

/// What was allowed, and the session that holds its tokens.
async fn begin_grant(
    api: &Api,
    tx: &mut Tx,
    proven: &Proven,
    code: &OAuthCode,
    sender: &SentBy,
) -> Result<Family, Failure> {
    let family = api
        .accounts
        .begin_family(tx, code.user_id, SessionKind::OAuth, sender)
        .await?;
    let new = NewOAuthGrant {
        id: code.grant_id,
        client_id: proven.row.id,
        user_id: code.user_id,
        session_id: family.session,
        scopes: &code.scopes,
        confined_to: code.confined_to,
        now_ms: api.clock.now_ms(),
    };
    tx.workspace(proven.row.workspace)
        .await?
        .create_oauth_grant(new)
        .await?;
    Act::new(Deed::OAuthGrantMade, code.grant_id)
        .by(code.user_id)
        .with(json!({ "client_id": proven.row.id, "session_id": family.session, "scopes": code.scopes }))
        .write(tx, proven.row.workspace, api.clock.now_ms())
        .await?;
    Ok(family)
}

async fn for_refresh_token(
    api: &Api,
    proven: &Proven,
    token: &OpaqueToken,
    scope: Option<&str>,
) -> Result<TokenResponse, Failure> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    tx.workspace(proven.row.workspace).await?;
    let row = tx.refresh_token(token.hash().as_bytes()).await?;
    let session = row.ok_or(OAuthError::grant())?.session_id;
    // Looked at before the token changes: nobody uses up what was given to another application.
    let grant = tx
        .oauth_grant_of_session(session)
        .await?
        .filter(|grant| grant.client_id == proven.row.id && grant.revoked_at_ms.is_none())
        .ok_or(OAuthError::grant())?;
    let granted = Scopes::parse(&grant.scopes).map_err(|_| OAuthError::grant())?;
    let scopes = match scope {
        None => granted,
        Some(text) => Scopes::parse(text)
            .ok()
            .filter(|wanted| wanted.within(granted))
            .ok_or(INVALID_SCOPE)?,
    };
    active(&mut tx, grant.user_id).await?;
    let rotated = api
        .accounts
        .rotate(&mut tx, token.expose(), &[SessionKind::OAuth])
        .await;
    let family = match rotated {
        Ok(Some(family)) => family,
        Ok(None) => {
            end_grant(&mut tx, proven, grant.id, grant.user_id, now_ms).await?;
            Act::new(Deed::RefreshTokenReused, session)
                .with(json!({ "user_id": grant.user_id, "grant_id": grant.id }))
                .write(&mut tx, proven.row.workspace, now_ms)
                .await?;
            tx.commit().await?;
            api.changes.announce();
            return Err(OAuthError::grant().into());
        }
        Err(AccountError::SessionOver) => return Err(OAuthError::grant().into()),
        Err(error) => return Err(error.into()),
    };
    let mut tokens = access_token(api, proven, &family, scopes)?;
    tokens.refresh_token = Some(family.refresh_token.expose().to_owned());
    tx.commit().await?;
    Ok(tokens)
}

fn for_itself(api: &Api, proven: &Proven, scope: Option<&str>) -> Result<TokenResponse, Failure> {
    let people = Scopes::of(&[Scope::OpenId, Scope::Profile, Scope::Email, Scope::OfflineAccess]);
    let allowed = proven.client.check_scopes(scope)?;
    // Those that are about people mean nothing here.
    let own: Vec<Scope> = allowed.iter().filter(|scope| !people.names(*scope)).collect();
    if own.is_empty() {
        return Err(INVALID_SCOPE.into());
    }
    mint(
        api,
        AccessTokenRequest {
            subject: proven.row.id,
            session: None,
            client_id: Some(proven.row.id.to_string()),
            scope: Scopes::of(&own).to_string(),
            workspace: Some(proven.row.workspace.0),
        },
        Scopes::of(&own),
    )
}

fn access_token(
    api: &Api,
    proven: &Proven,
    family: &Family,
    scopes: Scopes,
) -> Result<TokenResponse, Failure> {
    mint(
        api,
        AccessTokenRequest {
            subject: family.user,
            session: Some(family.session),
            client_id: Some(proven.row.id.to_string()),
            scope: scopes.to_string(),
            workspace: Some(proven.row.workspace.0),
        },
        scopes,
    )
}

fn mint(api: &Api, request: AccessTokenRequest, scopes: Scopes) -> Result<TokenResponse, Failure> {
    let (keys, now) = (api.accounts.keyring().keys(), seconds(api.clock.now_ms()));
    let (token, claims) = api.accounts.access_tokens().mint(&keys, &request, now)?;
    Ok(TokenResponse::new(
        token,
        claims.exp.saturating_sub(claims.iat),
        scopes,
    ))
}

/// Ends a grant and all that it gave.
pub(super) async fn end_grant(
    tx: &mut Tx,
    proven: &Proven,
    grant: Uuid,
    user: Uuid,
    now_ms: i64,
) -> Result<(), Failure> {
    let mut tenant = tx.workspace(proven.row.workspace).await?;
    tenant.revoke_oauth_grant(grant, "grant ended", now_ms).await?;
    tx.raise_epoch(EpochKind::User(user), now_ms).await?;
    Ok(())
}

/// Somebody for whom an application may act now.
async fn active(tx: &mut Tx, user: Uuid) -> Result<User, Failure> {
    let user = tx.user(user).await?;
    user.filter(|user| user.status == "active")
        .ok_or_else(|| OAuthError::grant().into())
}

/// How applications are told somebody's name.
pub(super) fn full_name(user: &User) -> String {
    format!("{} {}", user.first_name, user.last_name)
        .trim()
        .to_owned()
}

/// Somebody's address, if it is known to be theirs.
pub(super) fn verified_email(user: &User) -> Option<String> {
    user.email_verified_at_ms
        .map(|_| user.email.clone())
        .filter(|email| !email.is_empty())
}

fn record(code: &OAuthCode) -> Option<CodeRecord> {
    Some(CodeRecord {
        client_id: code.client_id,
        redirect: code.redirect.clone(),
        user_id: code.user_id,
        scopes: Scopes::parse(&code.scopes).ok()?,
        workspace: code.confined_to.map(|id| id.0),
        challenge: CodeChallenge::parse(&code.challenge)?,
        nonce: code.nonce.clone(),
        authenticated_at: seconds(code.authenticated_at_ms),
        expires_at: seconds(code.expires_at_ms),
        redeemed_at: code.redeemed_at_ms.map(seconds),
        grant_id: code.grant_id,
    })
}
