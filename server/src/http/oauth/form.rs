//! Forms, as the protocol endpoints take them, and who sends them.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use std::net::{IpAddr, Ipv4Addr};

use super::answer::Failure;
use crate::accounts::Client;
use crate::auth::oauth::{OAuthError, Params};
use crate::http::ClientAddress;
use crate::http::rest::read;

/// The largest form, in bytes.
const MAX_BYTES: usize = 16 * 1024;

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
            return Err(OAuthError::request("the body must be a form").into());
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
