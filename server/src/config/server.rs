//! Where the server listens and keeps its data.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
