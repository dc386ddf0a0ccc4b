//! Forms, as the protocol endpoints take them, and who sends them.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use std::net::{IpAddr, Ipv4Addr};

use super::answer::Failure;
use crate::accounts::Client;
use crate::auth::oauth::{OAuthError, Params};
use crate::http::rest::read;
use crate::http::{ClientAddress, Problem};

/// The largest form, in bytes.
const MAX_BYTES: usize = 16 * 1024;

const NOT_A_FORM: Problem = Problem::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "UNSUPPORTED_MEDIA_TYPE",
    "the body must be application/x-www-form-urlencoded, and its Content-Type must say so",
);

/// A form, and its text.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) params: Params,
    pub(super) text: String,
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        let media_type = media_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(NOT_A_FORM.into());
        }
        let bytes = read::read(request.into_body(), MAX_BYTES).await?;
        let text = String::from_utf8(bytes.to_vec())
            .map_err(|_| OAuthError::request("the form must be in UTF-8"))?;
        Ok(Self {
            params: Params::parse(&text)?,
            text,
        })
    }
}

/// Where a request comes from, for sessions and limits.
#[derive(Debug)]
pub(in crate::http) struct Sender(pub(in crate::http) Client);

impl<S: Send + Sync> FromRequestParts<S> for Sender {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts.extensions.get::<ClientAddress>();
        let user_agent = parts.headers.get(header::USER_AGENT);
        Ok(Self(Client {
            user_agent: user_agent
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            // Every request that came over a socket has an address.
            address: address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0),
        }))
    }
}
