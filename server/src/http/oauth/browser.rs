//! The browser before the page: its cookie, who is logged in there, and the proof that a form came from our page.
//!
//! Invariant: the cookie serves the page alone. No other route reads it, so that no page elsewhere can act with it. It is
//! another one after a login, its login ends after ten minutes, and with the password, the account or the session.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::Url;
use uuid::Uuid;
use weft_storage::records::{NewSingleUse, RecordError, Tx, User};

use crate::accounts::{Accounts, Client, LoggedIn, SessionKind};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::v1::Api;

/// How long somebody stays logged in on the page, in milliseconds.
const LOGIN_MS: i64 = 600_000;
/// What logins of browsers are called among stored tokens.
const KIND: &str = "browser_session";
/// The cookie. Its prefix has browsers refuse it over plain http, for other hosts and for parts of the site.
const COOKIE: &str = "__Host-weft";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A browser.
#[derive(Debug)]
pub(in crate::http) struct Browser {
    token: OpaqueToken,
    /// Whether it came with the token, or is to be given it.
    is_known: bool,
    /// Who is logged in there.
    pub(in crate::http) login: Option<Login>,
}

/// Somebody who is logged in on the page.
#[derive(Debug, Clone)]
pub(in crate::http) struct Login {
    pub(in crate::http) user: User,
    pub(in crate::http) session: Uuid,
    pub(in crate::http) authenticated_at_ms: i64,
}

impl Browser {
    fn fresh() -> Self {
        Self {
            token: OpaqueToken::generate(TokenKind::BrowserSession),
            is_known: false,
            login: None,
        }
    }

    /// The browser behind a request.
    ///
    /// # Errors
    /// A failure of the records.
    pub(in crate::http) async fn of(api: &Api, headers: &HeaderMap) -> Result<Self, RecordError> {
        let shown = cookie(headers, COOKIE);
        let Some(token) = shown.and_then(|text| OpaqueToken::parse(TokenKind::BrowserSession, text).ok())
        else {
            return Ok(Self::fresh());
        };
        let now_ms = api.clock.now_ms();
        let mut tx = api.records.read().await?;
        let login = login_behind(&mut tx, &token, now_ms).await?;
        Ok(Self {
            token,
            is_known: true,
            login,
        })
    }

    /// A browser in which the owner of `session` has just logged in: under another token than before.
    ///
    /// # Errors
    /// A failure of the records.
    pub(in crate::http) async fn logged_in(
        tx: &mut Tx,
        user: User,
        session: Uuid,
        now_ms: i64,
    ) -> Result<Self, RecordError> {
        let mut browser = Self::fresh();
        let hash = browser.token.hash();
        let ends = now_ms.saturating_add(LOGIN_MS);
        tx.add_single_use(NewSingleUse {
            hash: hash.as_bytes(),
            kind: KIND,
            user_id: Some(user.id),
            session_id: Some(session),
            payload: "{}",
            now_ms,
            expires_at_ms: ends,
        })
        .await?;
        tx.shorten_session(session, ends).await?;
        browser.login = Some(Login {
            user,
            session,
            authenticated_at_ms: now_ms,
        });
        Ok(browser)
    }

    /// Ends the login of this browser.
    ///
    /// # Errors
    /// A failure of the records.
    pub(super) async fn log_out(self, api: &Api) -> Result<Self, RecordError> {
        if let Some(login) = &self.login {
            let mut tx = api.records.write().await?;
            tx.take_single_use(KIND, self.token.hash().as_bytes(), api.clock.now_ms())
                .await?;
            tx.end_session(login.session, "logged out of the page", api.clock.now_ms())
                .await?;
            tx.commit().await?;
        }
        Ok(Self::fresh())
    }

    /// What a form of our page for this browser holds.
    pub(super) fn form_token(&self) -> String {
        let hash = Sha256::new()
            .chain_update(b"weft page form\n")
            .chain_update(self.token.expose())
            .finalize();
        URL_SAFE_NO_PAD.encode(hash)
    }

    /// Whether a form came from our page in this browser.
    pub(super) fn sent(&self, form_token: Option<&str>) -> bool {
        let expected = self.form_token();
        self.is_known && form_token.is_some_and(|shown| shown.as_bytes().ct_eq(expected.as_bytes()).into())
    }

    /// The header that gives the browser its token, if it has another one or none.
    pub(in crate::http) fn cookie_header(&self) -> Option<HeaderValue> {
        if self.is_known {
            return None;
        }
        set_cookie(COOKIE, self.token.expose(), LOGIN_MS / 1_000)
    }
}

/// Logs somebody in on the page.
///
/// # Errors
/// As [`Accounts::login`].
pub(super) async fn log_in(
    api: &Api,
    email: &str,
    password: &str,
    client: &Client,
) -> Result<Browser, crate::accounts::AccountError> {
    let accounts: &Accounts = &api.accounts;
    let logged_in = accounts.login(email, password, client).await?;
    let mut tx = api.records.write().await?;
    let browser = Browser::logged_in(&mut tx, logged_in.user, logged_in.session, api.clock.now_ms()).await?;
    tx.commit().await?;
    Ok(browser)
}

/// Logs somebody in on the page for whom another provider vouches. They are told of it after the commit.
///
/// # Errors
/// As [`Accounts::begin_session`].
pub(in crate::http) async fn vouched_for(
    api: &Api,
    tx: &mut Tx,
    user: Uuid,
    client: &Client,
) -> Result<(Browser, LoggedIn), crate::accounts::AccountError> {
    let logged_in = api
        .accounts
        .begin_session(tx, user, SessionKind::Oidc, client)
        .await?;
    let now_ms = api.clock.now_ms();
    let browser = Browser::logged_in(tx, logged_in.user.clone(), logged_in.session, now_ms).await?;
    Ok((browser, logged_in))
}

async fn login_behind(tx: &mut Tx, token: &OpaqueToken, now_ms: i64) -> Result<Option<Login>, RecordError> {
    let found = tx.single_use(KIND, token.hash().as_bytes(), now_ms).await?;
    let Some((stored, session)) = found.and_then(|stored| stored.session_id.map(|session| (stored, session)))
    else {
        return Ok(None);
    };
    let standing = tx.session_standing(session).await?;
    let Some(standing) = standing.filter(|found| !found.is_ended && found.expires_at_ms > now_ms) else {
        return Ok(None);
    };
    let user = tx.user(standing.owner.user_id).await?;
    Ok(user.filter(|user| user.status != "inactive").map(|user| Login {
        user,
        session,
        authenticated_at_ms: stored.created_at_ms,
    }))
}

/// Whether a form was sent by a page of this host. Browsers say which page sends; other programs have no cookies that
/// somebody could use against their owners.
pub(super) fn is_own_page(headers: &HeaderMap, issuer: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => headers
            .get(FETCH_SITE)
            .is_none_or(|site| site == "same-origin" || site == "none"),
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| {
            let own = Url::parse(issuer).map(|url| url.origin().ascii_serialization());
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let page = origin.split_once("://").map(|(_, page)| page);
            own.is_ok_and(|own| own == origin) || (page.is_some() && page == host)
        }),
        (Some(_), Some(_)) => false,
    }
}

/// The value of a cookie of a request, if there is exactly one of the name.
pub(in crate::http) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let mut found = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name);
    let (_, value) = found.next()?;
    found.next().is_none().then_some(value)
}

/// The header that sets a cookie which scripts do not see, and other sites do not send with their forms.
pub(in crate::http) fn set_cookie(name: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    HeaderValue::from_str(&text).ok()
}
