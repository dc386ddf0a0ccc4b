//! `GET /v1/auth/oidc/{provider}/callback`.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::records::{NewSingleUse, RecordError};

use super::{ATTEMPT, CODE, CODE_MS, CONSENT, COOKIE, OidcLogin, Redeemable, Remembered, provider};
use crate::accounts::{AccountError, Client, create_external_user, seconds};
use crate::auth::external::{Callback, ExternalError, ExternalIdentity, OidcIdentity};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::Problem;
use crate::http::oauth::browser::{cookie, vouched_for};
use crate::http::oauth::form::Sender;
use crate::http::oauth::page;
use crate::http::rest::Query;
use crate::http::v1::Api;

/// What the provider sends along. What else it sends is not looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[expect(dead_code, reason = "describes the query; it is read as a `Callback`")]
pub(super) struct CallbackQuery {
    #[param(max_length = 1024)]
    state: Option<String>,
    #[param(max_length = 4096)]
    code: Option<String>,
    #[param(max_length = 2048)]
    iss: Option<String>,
    #[param(max_length = 256)]
    error: Option<String>,
}

/// Takes somebody back whom the provider has logged in.
///
/// For browsers: leads to the page where the login began, with `#login_code=` and a code to be redeemed there.
#[utoipa::path(
    get, path = "/v1/auth/oidc/{provider}/callback", tag = "Sessions", security(()),
    params(("provider" = String, Path, min_length = 1, max_length = 32), CallbackQuery),
    responses(
        (status = 303, description = "To the page where the login began", headers(("Location" = String))),
        (status = 400, description = "The login was not begun in this browser, too long ago, or was refused", content_type = "text/html", body = String),
        (status = 403, description = "There is no account for them", content_type = "text/html", body = String),
        (status = 502, description = "The provider did not answer as it should", content_type = "text/html", body = String),
    ),
)]
pub(super) async fn finish_oidc_login(
    State(api): State<Api>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sender(sender): Sender,
    callback: Result<Query<Callback>, Problem>,
) -> Result<Response, Problem> {
    let oidc = provider(&api, &name)?;
    let browser = cookie(&headers, COOKIE);
    let browser = browser.and_then(|text| OpaqueToken::parse(TokenKind::LoginState, text).ok());
    let finished = match (browser, callback) {
        (Some(browser), Ok(Query(callback))) => finish(&api, oidc, &browser, &callback, &sender).await,
        _ => Err(Stop::Refused),
    };
    finished.or_else(Stop::into_answer)
}

enum Stop {
    /// Not begun here, too late, or a no from the provider.
    Refused,
    /// The provider vouches, but there is no account.
    NoAccount,
    /// The provider cannot be asked.
    Provider,
    Problem(Problem),
}

impl Stop {
    fn into_answer(self) -> Result<Response, Problem> {
        let (status, what) = match self {
            Self::Problem(problem) => return Err(problem),
            Self::Refused => (
                StatusCode::BAD_REQUEST,
                "This login was not begun in this browser, took too long, or was refused.",
            ),
            Self::NoAccount => (
                StatusCode::FORBIDDEN,
                "There is no account for you here, or it is disabled. Ask whoever runs this server.",
            ),
            Self::Provider => (
                StatusCode::BAD_GATEWAY,
                "Your login provider did not answer as it should. Try again in a moment.",
            ),
        };
        Ok(page::failure(status, what))
    }
}

impl From<RecordError> for Stop {
    fn from(error: RecordError) -> Self {
        Self::Problem(error.into())
    }
}

async fn finish(
    api: &Api,
    oidc: &OidcLogin,
    browser: &OpaqueToken,
    callback: &Callback,
    sender: &Client,
) -> Result<Response, Stop> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let taken = tx
        .take_single_use(ATTEMPT, browser.hash().as_bytes(), now_ms)
        .await?;
    tx.commit().await?;
    let remembered = taken.and_then(|taken| serde_json::from_str::<Remembered>(&taken.payload).ok());
    let remembered = remembered.filter(|remembered| remembered.provider == oidc.name);
    let remembered = remembered.ok_or(Stop::Refused)?;
    // The provider is asked without a transaction: nobody waits for it.
    let finished = oidc
        .client
        .finish(&remembered.attempt, callback, seconds(now_ms))
        .await;
    let identity = finished.map_err(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a login through the provider failed"
        );
        match error {
            ExternalError::Unavailable(_) | ExternalError::Waiting | ExternalError::WrongIssuer => {
                Stop::Provider
            }
            ExternalError::Unauthorized(_) | ExternalError::UnknownLogin | ExternalError::Refused => {
                Stop::Refused
            }
        }
    })?;
    let user = account(api, oidc, &identity).await?;
    if remembered.return_to.starts_with(CONSENT) {
        return to_consent(api, user, sender, &remembered.return_to).await;
    }
    let code = OpaqueToken::generate(TokenKind::LoginCode);
    let redeemable = Redeemable {
        browser: URL_SAFE_NO_PAD.encode(browser.hash().as_bytes()),
    };
    let payload = serde_json::to_string(&redeemable).map_err(|_| Stop::Problem(Problem::INTERNAL))?;
    let mut tx = api.records.write().await?;
    tx.add_single_use(NewSingleUse {
        hash: code.hash().as_bytes(),
        kind: CODE,
        user_id: Some(user),
        session_id: None,
        payload: &payload,
        now_ms,
        expires_at_ms: now_ms.saturating_add(CODE_MS),
    })
    .await?;
    tx.commit().await?;
    // Behind `#`, where no server and no log sees it.
    Ok(to(&format!(
        "{}#login_code={}",
        remembered.return_to,
        code.expose()
    )))
}

/// Back to the page that asks for consent, logged in there and nowhere else.
async fn to_consent(api: &Api, user: Uuid, sender: &Client, return_to: &str) -> Result<Response, Stop> {
    let mut tx = api.records.write().await?;
    let vouched = vouched_for(api, &mut tx, user, sender).await;
    let (browser, logged_in) = vouched.map_err(|error| match error {
        AccountError::Records(error) => error.into(),
        AccountError::Disabled | AccountError::WrongSecret => Stop::NoAccount,
        _ => Stop::Problem(Problem::INTERNAL),
    })?;
    tx.commit().await?;
    api.accounts.tell_of_login(&logged_in, sender);
    let mut response = to(return_to);
    if let Some(cookie) = browser.cookie_header() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The account of somebody for whom the provider vouches; a new one if the settings say so.
async fn account(api: &Api, oidc: &OidcLogin, identity: &OidcIdentity) -> Result<Uuid, Stop> {
    let mut tx = api.records.write().await?;
    let found = tx.external_user(&identity.issuer, &identity.subject).await?;
    let user = match found {
        Some(user) => user,
        None if oidc.creates => {
            let external = ExternalIdentity {
                issuer: identity.issuer.clone(),
                subject: identity.subject.clone(),
                email: identity.email.clone(),
                name: identity.name.clone(),
                documents: None,
                expires_at: 0,
            };
            create_external_user(&mut tx, &external, api.clock.now_ms()).await?
        }
        None => return Err(Stop::NoAccount),
    };
    if user.status == "inactive" {
        return Err(Stop::NoAccount);
    }
    tx.commit().await?;
    Ok(user.id)
}

fn to(address: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    response
}
