//! Where a request comes from, for sessions and limits.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::accounts::Client;
use crate::http::{ClientAddress, PeerAddress};

/// Where a request comes from. The address is the one that connected, or what proxies that are trusted say.
#[derive(Debug, Clone)]
pub(in crate::http::v1) struct FromClient(pub(in crate::http::v1) Client);

impl<S: Send + Sync> FromRequestParts<S> for FromClient {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let client = parts.extensions.get::<ClientAddress>().map(|client| client.0);
        let peer = parts.extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
        let user_agent = parts.headers.get(header::USER_AGENT);
        Ok(Self(Client {
            user_agent: user_agent
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            // Every request that came over a socket has an address.
            address: client.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        }))
    }
}
