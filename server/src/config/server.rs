//! Where the server listens and keeps its data.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::check::Checks;
use super::identity::is_web_address;

/// The section `[server]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port for browsers and clients.
    pub listen: SocketAddr,
    /// Directory for the database and the blob files.
    pub data: PathBuf,
    /// Everybody may read and write everything without a token; loopback only.
    pub playground: bool,
    /// Address and port for Prometheus, if metrics are served.
    #[serde(deserialize_with = "optional_address", serialize_with = "address_or_empty")]
    pub metrics_listen: Option<SocketAddr>,
    /// Where clients and people find this server. Empty: the address it listens on.
    pub public_url: String,
    /// Networks of the proxies before this server.
    pub trusted_proxies: Vec<String>,
}

impl ServerConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        let is_bare = is_web_address(&self.public_url)
            && !self.public_url.ends_with('/')
            && !self.public_url.contains(['?', '#', '@']);
        checks.require(self.public_url.is_empty() || is_bare, || {
            "server.public_url must look like https://weft.example.com, without a slash at its end".to_owned()
        });
        for network in &self.trusted_proxies {
            checks.require(network.parse::<crate::outgoing::Network>().is_ok(), || {
                format!("server.trusted_proxies: `{network}` must look like 10.0.0.0/8")
            });
        }
    }
}

fn optional_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn address_or_empty<S: Serializer>(address: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&address.map(|address| address.to_string()).unwrap_or_default())
}
