//! `/oauth/authorize`: where an application sends people, who log in, look at what it wants, and say yes or no.
//!
//! Invariant: nothing leaves for an address before it is known to be the application's, and no code is made without
//! somebody who is logged in here now and whose consent to these scopes a form of our own page, or an earlier consent to
//! a confidential application, has shown.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::{OAuthClient, OAuthCode, RecordError};

use super::answer::Failure;
use super::browser::{Browser, Login, is_own_page, log_in};
use super::form::{Form, Sender};
use super::page::{self, ConsentPage, Frame, LoginPage};
use super::registry::client_of;
use crate::accounts::{AccountError, milliseconds, seconds};
use crate::auth::oauth::{
    AuthorizationError, AuthorizationRequest, CODE_SECONDS, ClientKind, OAuthError, OAuthErrorCode, Params,
    Prompt,
};
use crate::auth::permission::Scopes;
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::v1::Api;

/// How long a code is remembered after its end, in milliseconds: for as long a second use is noticed.
const REMEMBERED_MS: i64 = 86_400_000;
/// The longest query that is read, in bytes.
const MAX_QUERY_BYTES: usize = 8_192;

/// What an application asks for.
#[derive(Debug, Deserialize, IntoParams)]
#[expect(dead_code, reason = "describes the query; it is read by the rules of OAuth")]
pub(super) struct AuthorizeQuery {
    client_id: Uuid,
    /// One of those that the application registered, letter by letter.
    #[param(max_length = 1024)]
    redirect_uri: String,
    /// `code`.
    #[param(max_length = 16)]
    response_type: String,
    /// The hash of the verifier.
    #[param(min_length = 43, max_length = 43)]
    code_challenge: String,
    /// `S256`.
    #[param(max_length = 8)]
    code_challenge_method: String,
    /// Names with spaces between them.
    #[param(max_length = 1000)]
    scope: Option<String>,
    #[param(max_length = 1024)]
    state: Option<String>,
    #[param(max_length = 1024)]
    nonce: Option<String>,
    /// `none`, `login`, `consent` or `select_account`.
    #[param(max_length = 32)]
    prompt: Option<String>,
    /// How long ago the login may be, in seconds.
    #[param(max_length = 16)]
    max_age: Option<String>,
    #[param(max_length = 1024)]
    login_hint: Option<String>,
}

/// What the page sends.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthDecision)]
pub(super) struct DecisionForm {
    /// `login`, `allow`, `deny` or `switch`.
    #[schema(max_length = 16)]
    action: Option<String>,
    /// Proves that the form came from the page.
    #[schema(max_length = 64)]
    form_token: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
    #[schema(max_length = 256)]
    password: Option<String>,
}

/// Asks somebody whether an application may act for them (RFC 6749 4.1, with PKCE).
///
/// For browsers. Shows a page to log in and to consent, and leads back to the application with a code or an error.
#[utoipa::path(
    get, path = "/oauth/authorize", tag = "OAuth", operation_id = "show_oauth_authorization",
    security(()),
    params(AuthorizeQuery),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "Back to the application", headers(("Location" = String))),
        (status = 400, description = "The application or its address is not known", content_type = "text/html", body = String),
        (status = 503, description = "It cannot be done now", content_type = "text/html", body = String),
    ),
)]
pub(super) async fn show_oauth_authorization(
    State(api): State<Api>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let shown = show(&api, &headers, &query).await;
    shown.unwrap_or_else(IntoResponse::into_response)
}

/// Takes what somebody says on the page.
///
/// Forms count only from the page itself. A form without `action` is a request of an application, as if it stood in
/// the address.
#[utoipa::path(
    post, path = "/oauth/authorize", tag = "OAuth", operation_id = "decide_oauth_authorization",
    security(()),
    params(AuthorizeQuery),
    request_body(content = DecisionForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "Back to the application", headers(("Location" = String))),
        (status = 400, description = "The application or its address is not known", content(
            (String = "text/html"), (super::answer::ErrorView = "application/json"),
        )),
        (status = 403, description = "The form did not come from the page", content_type = "text/html", body = String),
        (status = 503, description = "It cannot be done now", content_type = "text/html", body = String),
    ),
)]
pub(super) async fn decide_oauth_authorization(
    State(api): State<Api>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Sender(sender): Sender,
    form: Result<Form, Failure>,
) -> Response {
    let query = query.unwrap_or_default();
    let form = match form {
        Ok(form) => form,
        Err(Failure::OAuth(error)) => return Stop::from(error).into_response(),
        Err(failure) => return failure.into_response(),
    };
    let answered = match form.params.get("action") {
        None if query.is_empty() => show(&api, &headers, &form.text).await,
        None => show(&api, &headers, &query).await,
        Some(action) => {
            let decision = Decision {
                action,
                form: &form.params,
                sender: &sender,
            };
            decide(&api, &headers, &query, &decision).await
        }
    };
    answered.unwrap_or_else(IntoResponse::into_response)
}

/// Why there is neither a page nor an answer for the application.
enum Stop {
    /// Shown here.
    Page(StatusCode, &'static str),
    /// Sent to the application.
    Redirect(String),
}

impl From<RecordError> for Stop {
    fn from(error: RecordError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the records failed the page"
        );
        Self::Page(
            StatusCode::SERVICE_UNAVAILABLE,
            "This cannot be done now. Try again in a moment.",
        )
    }
}

impl From<OAuthError> for Stop {
    fn from(error: OAuthError) -> Self {
        Self::Page(StatusCode::BAD_REQUEST, error.description)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Self::Page(status, what) => page::failure(status, what),
            Self::Redirect(address) => redirect(&address),
        }
    }
}

/// A request that is good, and whose it is.
struct Asked<'a> {
    query: &'a str,
    request: AuthorizationRequest,
    row: OAuthClient,
    kind: ClientKind,
    issuer: String,
}

async fn read<'a>(api: &Api, query: &'a str) -> Result<Asked<'a>, Stop> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(OAuthError::request("the request is too large").into());
    }
    let params = Params::parse(query)?;
    let id = AuthorizationRequest::client_id(&params)?;
    let mut tx = api.records.read().await?;
    let row = tx.oauth_client(id).await?;
    drop(tx);
    let client = row.as_ref().map(client_of);
    let issuer = api.accounts.access_tokens().settings().issuer.clone();
    let request = AuthorizationRequest::validate(&params, client.as_ref(), &issuer);
    let request = request.map_err(|error| match error {
        AuthorizationError::Show(error) => error.into(),
        AuthorizationError::Redirect(address) => Stop::Redirect(address),
    })?;
    match (row, client) {
        (Some(row), Some(client)) => Ok(Asked {
            query,
            request,
            row,
            kind: client.kind,
            issuer,
        }),
        _ => Err(OAuthError::client().into()),
    }
}

async fn show(api: &Api, headers: &HeaderMap, query: &str) -> Result<Response, Stop> {
    let asked = read(api, query).await?;
    let browser = Browser::of(api, headers).await?;
    let now = seconds(api.clock.now_ms());
    match &browser.login {
        Some(login) if !asked.request.needs_login(seconds(login.authenticated_at_ms), now) => {
            let login = login.clone();
            asked.ask(api, browser, &login).await
        }
        _ if asked.request.prompt == Prompt::None => Err(asked.refuse(OAuthErrorCode::LoginRequired)),
        _ => Ok(asked.login_page(api, &browser, None, StatusCode::OK)),
    }
}

/// What somebody said on the page.
struct Decision<'a> {
    action: &'a str,
    form: &'a Params,
    sender: &'a crate::accounts::Client,
}

async fn decide(
    api: &Api,
    headers: &HeaderMap,
    query: &str,
    decision: &Decision<'_>,
) -> Result<Response, Stop> {
    let asked = read(api, query).await?;
    let browser = Browser::of(api, headers).await?;
    if !is_own_page(headers, &asked.issuer) || !browser.sent(decision.form.get("form_token")) {
        return Err(Stop::Page(
            StatusCode::FORBIDDEN,
            "This form did not come from our page, or was open for too long. Cookies must be allowed here.",
        ));
    }
    match (decision.action, browser.login.clone()) {
        ("login", _) => asked.log_in(api, browser, decision).await,
        ("switch", _) => {
            let browser = browser.log_out(api).await?;
            Ok(asked.login_page(api, &browser, None, StatusCode::OK))
        }
        ("deny", _) => Err(asked.refuse(OAuthErrorCode::AccessDenied)),
        ("allow", Some(login)) => asked.allow(api, &login).await,
        ("allow", None) => Ok(asked.login_page(api, &browser, Some(TOO_LATE), StatusCode::OK)),
        _ => Err(OAuthError::request("there is no such action").into()),
    }
}

const TOO_LATE: &str = "The page was open for too long. Log in again.";

impl Asked<'_> {
    /// Consent, if it is needed; else the answer.
    async fn ask(&self, api: &Api, browser: Browser, login: &Login) -> Result<Response, Stop> {
        if login.user.status != "active" {
            return Ok(self.login_page(
                api,
                &browser,
                Some("Verify your e-mail address first."),
                StatusCode::OK,
            ));
        }
        let mut tx = api.records.read().await?;
        let mut tenant = tx.workspace(self.row.workspace).await?;
        let consents = tenant.oauth_consents(self.row.id, login.user.id).await?;
        let workspace = tenant.workspace().await?;
        drop(tx);
        let before = consents.iter().filter_map(|text| Scopes::parse(text).ok());
        let before = before
            .flat_map(|scopes| scopes.iter().collect::<Vec<_>>())
            .collect::<Vec<_>>();
        let needs_consent = self.request.needs_consent(Scopes::of(&before));
        // What runs on people's machines could be another program with the same id (RFC 8252 8.6).
        if !needs_consent && self.kind == ClientKind::Confidential {
            return self.allow(api, login).await;
        }
        if self.request.prompt == Prompt::None {
            return Err(self.refuse(OAuthErrorCode::ConsentRequired));
        }
        let form_token = browser.form_token();
        let page = ConsentPage {
            frame: self.frame(&form_token),
            user: if login.user.email.is_empty() {
                &login.user.first_name
            } else {
                &login.user.email
            },
            workspace: workspace.as_ref().map_or("", |workspace| workspace.name.as_str()),
            scopes: self.request.scopes,
        };
        Ok(with_cookie(page.render(), &browser))
    }

    async fn log_in(&self, api: &Api, browser: Browser, decision: &Decision<'_>) -> Result<Response, Stop> {
        let email = decision.form.get("email").unwrap_or_default();
        let password = decision.form.get("password").unwrap_or_default();
        let (wrong, status) = match log_in(api, email, password, decision.sender).await {
            Ok(browser) => {
                let Some(login) = browser.login.clone() else {
                    return Ok(self.login_page(api, &browser, Some(TOO_LATE), StatusCode::OK));
                };
                return self.ask(api, browser, &login).await;
            }
            Err(AccountError::WrongSecret | AccountError::SessionOver | AccountError::Weak(_)) => {
                ("The e-mail address or the password is wrong.", StatusCode::OK)
            }
            Err(AccountError::Disabled) => ("This account is disabled.", StatusCode::OK),
            Err(AccountError::SlowDown(_)) => (
                "Too many attempts. Try again in a few minutes.",
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Err(AccountError::Records(error)) => return Err(error.into()),
            Err(AccountError::Hashing(_) | AccountError::Key(_)) => {
                return Err(Stop::Page(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Too many people are logging in. Try again in a moment.",
                ));
            }
        };
        Ok(self.login_page(api, &browser, Some(wrong), status))
    }

    /// Makes a code, and leads back with it.
    async fn allow(&self, api: &Api, login: &Login) -> Result<Response, Stop> {
        let (now_ms, request) = (api.clock.now_ms(), &self.request);
        let is_too_old = request.max_age_seconds.is_some_and(|age| {
            seconds(now_ms).saturating_sub(seconds(login.authenticated_at_ms)) > age.max(60)
        });
        if login.user.status != "active" || is_too_old {
            return Err(self.refuse(OAuthErrorCode::LoginRequired));
        }
        let code = OpaqueToken::generate(TokenKind::AuthorizationCode);
        let stored = OAuthCode {
            workspace: self.row.workspace,
            client_id: self.row.id,
            user_id: login.user.id,
            grant_id: Uuid::now_v7(),
            redirect: request.redirect.clone(),
            scopes: request.scopes.to_string(),
            confined_to: Some(self.row.workspace),
            challenge: request.challenge.as_str().to_owned(),
            nonce: request.nonce.clone(),
            authenticated_at_ms: login.authenticated_at_ms,
            expires_at_ms: now_ms.saturating_add(milliseconds(CODE_SECONDS)),
            redeemed_at_ms: None,
        };
        let mut tx = api.records.write().await?;
        tx.workspace(self.row.workspace)
            .await?
            .create_oauth_code(code.hash().as_bytes(), &stored)
            .await?;
        tx.forget_oauth_codes(now_ms.saturating_sub(REMEMBERED_MS))
            .await?;
        tx.commit().await?;
        let address = request.success(&code, &self.issuer);
        let address = address.ok_or(OAuthError::request("the redirect_uri cannot be used"))?;
        Ok(redirect(&address))
    }

    /// Leads back with an error.
    fn refuse(&self, code: OAuthErrorCode) -> Stop {
        let what = match code {
            OAuthErrorCode::AccessDenied => "the person said no",
            OAuthErrorCode::LoginRequired => "somebody must log in",
            _ => "somebody must consent",
        };
        let address = self.request.failure(OAuthError::new(code, what), &self.issuer);
        address.map_or(Stop::Page(StatusCode::BAD_REQUEST, what), Stop::Redirect)
    }

    fn login_page(
        &self,
        api: &Api,
        browser: &Browser,
        wrong: Option<&'static str>,
        status: StatusCode,
    ) -> Response {
        let form_token = browser.form_token();
        let provider = api.oidc.as_ref().map(|oidc| {
            let back = format!("/oauth/authorize?{}", self.query);
            (oidc.title(), oidc.door(&back))
        });
        let page = LoginPage {
            frame: self.frame(&form_token),
            email: self.request.login_hint.as_deref().unwrap_or_default(),
            wrong,
            provider: provider.as_ref().map(|(title, door)| (*title, door.as_str())),
        };
        with_cookie(page.render(status), browser)
    }

    fn frame<'f>(&'f self, form_token: &'f str) -> Frame<'f> {
        Frame {
            query: self.query,
            client: &self.row.name,
            redirect: &self.request.redirect,
            form_token,
        }
    }
}

fn with_cookie(mut response: Response, browser: &Browser) -> Response {
    if let Some(cookie) = browser.cookie_header() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// 303: whatever was sent here is not sent on.
fn redirect(address: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(address) = HeaderValue::from_str(address) {
        headers.insert(header::LOCATION, address);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
