//! Where a request comes from, when proxies that are known to us stand before the server.
//!
//! Invariant: a header is believed only as far as a trusted proxy wrote it. From the right, addresses of trusted proxies
//! are passed over; the first other one is the client's. What it says of itself, further left, counts for nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::Response;

use super::PeerAddress;
use crate::outgoing::Network;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// How many proxies are followed.
const MAX_HOPS: usize = 16;

/// Where a request came from; an extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The proxies before the server.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Arc<[Network]>);

impl Proxies {
    /// Proxies in these networks; what is no network is left out, as the settings were checked.
    pub fn new(networks: &[String]) -> Self {
        Self(
            networks
                .iter()
                .filter_map(|network| network.parse().ok())
                .collect(),
        )
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Who sent a request that came from `peer` with `headers`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        for hop in hops(headers).into_iter().rev().take(MAX_HOPS) {
            let Some(address) = hop else {
                break;
            };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// The addresses that the headers name, left to right; `None` is something that is none. A proxy writes one of the two
/// headers and may let the other through as the client sent it, so if both are there neither counts.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let list = |name: &HeaderName| -> Vec<String> {
        let values = headers.get_all(name).iter();
        let texts = values.map(|value| value.to_str().unwrap_or("?"));
        texts
            .flat_map(|text| text.split(','))
            .map(|item| item.trim().to_owned())
            .collect()
    };
    let (usual, standard) = (list(&X_FORWARDED_FOR), list(&header::FORWARDED));
    match (usual.is_empty(), standard.is_empty()) {
        (false, true) => usual.iter().map(|item| address(item)).collect(),
        (true, false) => standard.iter().map(|item| forwarded_for(item)).collect(),
        _ => Vec::new(),
    }
}

/// The address in `for=…` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let value = element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    })?;
    address(value.trim().trim_matches('"'))
}

/// An address, with or without a port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Notes where a request comes from.
pub(super) async fn locate(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    if let Some(PeerAddress(peer)) = request.extensions().get::<PeerAddress>().copied() {
        let client = proxies.client(peer.ip(), request.headers());
        request.extensions_mut().insert(ClientAddress(client));
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted: Vec<String> = trusted.iter().map(ToString::to_string).collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Proxies::new(&trusted)
            .client(peer.parse().unwrap(), &map)
            .to_string()
    }

    #[test]
    fn e4_forwarded_headers_count_only_as_far_as_trusted_proxies_wrote_them() {
        const XFF: &str = "x-forwarded-for";
        let spoofed = [(XFF, "1.1.1.1"), ("forwarded", "for=1.1.1.1")];
        assert_eq!(client(&[], "203.0.113.7", &spoofed[..1]), "203.0.113.7");
        assert_eq!(
            client(&["10.0.0.0/8"], "203.0.113.7", &spoofed[..1]),
            "203.0.113.7"
        );
        let proxied =
            |headers: &[(&'static str, &str)]| client(&["10.0.0.0/8", "fd00::/8"], "10.0.0.1", headers);
        assert_eq!(proxied(&[]), "10.0.0.1");
        assert_eq!(proxied(&[(XFF, "203.0.113.7")]), "203.0.113.7");
        // The client wrote the left part, the proxies the right one.
        assert_eq!(proxied(&[(XFF, "1.1.1.1, 203.0.113.7")]), "203.0.113.7");
        assert_eq!(proxied(&[(XFF, "1.1.1.1, 203.0.113.7, 10.0.0.2")]), "203.0.113.7");
        assert_eq!(
            proxied(&[(XFF, "10.9.9.9, 203.0.113.7, 10.0.0.2, fd00::2")]),
            "203.0.113.7"
        );
        assert_eq!(proxied(&[(XFF, "1.1.1.1"), (XFF, "203.0.113.7")]), "203.0.113.7");
        for text in [
            "203.0.113.7:443",
            "::ffff:203.0.113.7",
            "[::ffff:203.0.113.7]:443",
        ] {
            assert_eq!(proxied(&[(XFF, text)]), "203.0.113.7", "{text}");
        }
        // Whatever is no address ends the way there.
        for text in ["unknown", "", "203.0.113.7, _hidden", "203.0.113.7, 1.2.3"] {
            assert_eq!(proxied(&[(XFF, text)]), "10.0.0.1", "{text}");
        }
        assert_eq!(
            proxied(&[("forwarded", "for=1.1.1.1, for=203.0.113.7;proto=https;by=x")]),
            "203.0.113.7"
        );
        assert_eq!(
            proxied(&[("forwarded", "For=\"[2001:db8::17]:4711\"")]),
            "2001:db8::17"
        );
        assert_eq!(proxied(&spoofed), "10.0.0.1");
        // All of them trusted: the furthest one that is known.
        assert_eq!(proxied(&[(XFF, "10.0.0.3, 10.0.0.2")]), "10.0.0.3");
        let long = vec!["10.0.0.9"; 100_000].join(",");
        assert_eq!(proxied(&[(XFF, &long)]), "10.0.0.9");
    }
}
