//! The two pages that links in mails lead to. The code stands behind the `#` of the address, so it reaches no log; the
//! page hands it to the REST API when somebody presses the button, so a mail scanner that opens links uses nothing up.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

const VERIFY_EMAIL: &str = include_str!("verify_email.html");
const RESET_PASSWORD: &str = include_str!("reset_password.html");
const SCRIPT: &str = include_str!("account.js");

pub(super) fn routes() -> Router {
    Router::new()
        .route(
            "/account/verify-email",
            get(async || answer(VERIFY_EMAIL, "text/html; charset=utf-8")),
        )
        .route(
            "/account/reset-password",
            get(async || answer(RESET_PASSWORD, "text/html; charset=utf-8")),
        )
        .route(
            "/account/account.js",
            get(async || answer(SCRIPT, "text/javascript; charset=utf-8")),
        )
}

fn answer(body: &'static str, media_type: &'static str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
