//! The page on which people log in, and say what an application may do.
//!
//! Invariant: it holds no script and loads nothing; whatever others wrote is escaped. No other page can frame it, and
//! its forms go to us and, from here, to the one address that the application registered.

use std::fmt::Write as _;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

use crate::auth::permission::Scopes;

const STYLE: &str = ":root{color-scheme:light dark;--line:#8884;--ink:#1a1a1a;--paper:#fff;--soft:#f4f4f2;--go:#1f5f4a}\
@media(prefers-color-scheme:dark){:root{--ink:#eee;--paper:#191919;--soft:#101010;--go:#6cc3a5}}\
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:var(--soft);color:var(--ink)}\
main{max-width:26rem;margin:8vh auto;padding:2rem;background:var(--paper);border:1px solid var(--line);border-radius:12px}\
h1{font-size:1.25rem;margin:0 0 1rem}label{display:block;margin:.75rem 0 .25rem}\
input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid var(--line);border-radius:6px}\
button,.button{display:inline-block;font:inherit;margin:1.25rem .5rem 0 0;padding:.5rem 1rem;border-radius:6px;\
border:1px solid var(--line);background:transparent;color:inherit;cursor:pointer;text-decoration:none}\
button.go{background:var(--go);border-color:var(--go);color:var(--paper)}\
.wrong{color:#b3261e}.small{font-size:.875rem;opacity:.8}ul{padding-left:1.25rem}code{overflow-wrap:anywhere}";

/// Whom a page is for: the same on each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The parameters of the request, as they stood in the address.
    pub(super) query: &'a str,
    /// What the application calls itself.
    pub(super) client: &'a str,
    /// Where its answer goes.
    pub(super) redirect: &'a str,
    /// Proves that a form came from this page.
    pub(super) form_token: &'a str,
}

/// The page that asks who it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoginPage<'a> {
    pub(super) frame: Frame<'a>,
    /// What the address field begins with.
    pub(super) email: &'a str,
    /// What went wrong a moment ago.
    pub(super) wrong: Option<&'static str>,
    /// Another provider: what people are shown, and where its door is.
    pub(super) provider: Option<(&'a str, &'a str)>,
}

/// The page that asks for consent.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConsentPage<'a> {
    pub(super) frame: Frame<'a>,
    /// Who is logged in.
    pub(super) user: &'a str,
    /// The workspace that the application belongs to.
    pub(super) workspace: &'a str,
    /// What it asks for.
    pub(super) scopes: Scopes,
}

impl Frame<'_> {
    fn form(&self) -> String {
        format!(
            "<form method=\"post\" action=\"/oauth/authorize?{}\"><input type=\"hidden\" name=\"form_token\" value=\"{}\">",
            escape(self.query),
            escape(self.form_token),
        )
    }
}

impl LoginPage<'_> {
    pub(super) fn render(&self, status: StatusCode) -> Response {
        let wrong = self
            .wrong
            .map(|text| format!("<p class=\"wrong\" role=\"alert\">{}</p>", escape(text)))
            .unwrap_or_default();
        let provider = self
            .provider
            .map(|(title, address)| {
                format!(
                    "<p><a class=\"button\" href=\"{}\">Continue with {}</a></p>",
                    escape(address),
                    escape(title)
                )
            })
            .unwrap_or_default();
        let body = format!(
            "<h1>Log in</h1><p>to continue to <strong>{client}</strong></p>{wrong}{form}\
             <label for=\"email\">E-mail address</label>\
             <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" maxlength=\"254\" required value=\"{email}\">\
             <label for=\"password\">Password</label>\
             <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" maxlength=\"256\" required>\
             <button class=\"go\" name=\"action\" value=\"login\">Log in</button></form>{provider}",
            client = escape(self.frame.client),
            form = self.frame.form(),
            email = escape(self.email),
        );
        answer(status, "Log in", &body, Some(self.frame.redirect))
    }
}

impl ConsentPage<'_> {
    pub(super) fn render(&self) -> Response {
        let mut wishes = String::new();
        for scope in self.scopes.iter() {
            let _ = write!(wishes, "<li>{}</li>", escape(scope.description()));
        }
        let body = format!(
            "<h1>{client} wants to connect</h1><p>It will be able to</p><ul>{wishes}</ul>\
             <p>in the workspace <strong>{workspace}</strong>, as far as you may do that yourself.</p>\
             <p class=\"small\">You are <strong>{user}</strong>. The answer goes to <code>{redirect}</code>. \
             You can take this back at any time.</p>{form}\
             <button class=\"go\" name=\"action\" value=\"allow\">Allow</button>\
             <button name=\"action\" value=\"deny\">Cancel</button>\
             <button name=\"action\" value=\"switch\">Use another account</button></form>",
            client = escape(self.frame.client),
            workspace = escape(self.workspace),
            user = escape(self.user),
            redirect = escape(self.frame.redirect),
            form = self.frame.form(),
        );
        answer(StatusCode::OK, "Connect", &body, Some(self.frame.redirect))
    }
}

/// A page that asks or says one thing; `button` has a form sent to this address, without anything in it.
pub(in crate::http) fn plain(title: &str, what: &str, button: Option<&str>) -> Response {
    let form = button.map(|label| {
        format!(
            "<form method=\"post\"><button class=\"go\">{}</button></form>",
            escape(label)
        )
    });
    let body = format!(
        "<h1>{}</h1><p>{}</p>{}",
        escape(title),
        escape(what),
        form.unwrap_or_default()
    );
    answer(StatusCode::OK, title, &body, None)
}

/// A page that says what went wrong, and leads nowhere.
pub(in crate::http) fn failure(status: StatusCode, what: &str) -> Response {
    let body = format!(
        "<h1>This did not work</h1><p>{}</p><p class=\"small\">Go back to the application and begin again. If that \
         does not help, tell those who make it.</p>",
        escape(what)
    );
    answer(status, "Something went wrong", &body, None)
}

fn answer(status: StatusCode, title: &str, body: &str, redirect: Option<&str>) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · Weft</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>",
        title = escape(title),
    );
    let mut response = (status, Html(page)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&content_policy(redirect)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Without a referrer at all browsers would not say which page sends the form.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    );
    response
}

/// Browsers hold the redirect that answers a form to `form-action` too, so the application's address is in it.
fn content_policy(redirect: Option<&str>) -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let target = redirect.and_then(source_of).unwrap_or_default();
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'{target}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// The source that stands for an address in a policy, with a space before it.
fn source_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    match (url.scheme(), url.host()) {
        // Addresses of version 6 cannot be written in a policy.
        (scheme, Some(Host::Ipv6(_))) => Some(format!(" {scheme}:")),
        ("http" | "https", Some(_)) => Some(format!(" {}", url.origin().ascii_serialization())),
        (scheme, _) => Some(format!(" {scheme}:")),
    }
}

/// Text as it may stand in a page, also between quotation marks.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"
        );
    }

    #[test]
    fn the_policy_names_the_one_address_that_an_answer_goes_to() {
        for (redirect, target) in [
            ("https://app.example:8443/cb?x=1", " https://app.example:8443;"),
            ("http://127.0.0.1:4711/cb", " http://127.0.0.1:4711;"),
            ("http://[::1]:4711/cb", " http:;"),
            ("com.example.app:/cb", " com.example.app:;"),
        ] {
            let policy = content_policy(Some(redirect));
            assert!(
                policy.contains(&format!("form-action 'self'{target}")),
                "{policy}"
            );
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        }
        assert!(content_policy(None).contains("form-action 'self';"));
    }
}
