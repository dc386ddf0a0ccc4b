//! From which pages browsers may open sockets. A browser sends its page's origin with every upgrade and does not
//! protect sockets otherwise; other programs send none and are let through, as they could send any.

use axum::http::{HeaderMap, StatusCode, header};

use super::Problem;
use super::hosts::{host, is_loopback_host};
use crate::config::Config;

/// Which origins may open sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Pages from the host that the socket is opened to.
    SameHost,
    /// The same, and pages from this machine on any port.
    SameHostOrLoopback,
    /// These, lower-cased.
    Listed(Vec<String>),
    /// All.
    Any,
}

impl OriginPolicy {
    /// The policy that `config` chooses.
    pub fn new(config: &Config) -> Self {
        let origins = &config.auth.allowed_origins;
        if origins.iter().any(|origin| origin == "*") {
            Self::Any
        } else if !origins.is_empty() {
            Self::Listed(origins.iter().map(|origin| origin.to_ascii_lowercase()).collect())
        } else if config.server.playground {
            Self::SameHostOrLoopback
        } else {
            Self::SameHost
        }
    }

    /// Lets a request through, or says why not.
    ///
    /// # Errors
    /// A 403 [`Problem`] if the request is a browser's and its page is not allowed.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let allowed = match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => origin
                .to_str()
                .is_ok_and(|origin| self.allows(origin, host(headers))),
            (Some(_), Some(_)) => false,
        };
        if allowed {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "ORIGIN_NOT_ALLOWED",
            "pages of this origin may not connect here",
        ))
    }

    fn allows(&self, origin: &str, own_host: Option<&str>) -> bool {
        let origin = origin.to_ascii_lowercase();
        let page_host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        let same = || {
            page_host
                .zip(own_host)
                .is_some_and(|(page, own)| page.eq_ignore_ascii_case(own))
        };
        match self {
            Self::SameHost => same(),
            Self::SameHostOrLoopback => same() || page_host.is_some_and(is_loopback_host),
            Self::Listed(allowed) => allowed.contains(&origin),
            Self::Any => true,
        }
    }
}
