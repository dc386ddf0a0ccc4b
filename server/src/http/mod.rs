//! The HTTP face: accepting connections, the page, health, and what every answer has in common.
//!
//! It knows nothing of rooms or WebSockets; their routes are merged in by the caller before [`finish`].

pub mod accept;
mod health;
mod hosts;
mod layers;
mod metrics;
pub mod origin;
mod page;
pub mod problem;
mod reference;
pub mod rest;
pub(crate) mod v1;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use self::accept::{PeerAddress, ServeSettings, serve};
pub use self::health::{Readiness, ReadinessCheck, ReadinessReport};
pub use self::layers::RequestId;
pub use self::metrics::metrics_router;
pub use self::origin::OriginPolicy;
pub use self::problem::Problem;

use crate::config::Config;
use crate::metrics::Metrics;

/// The routes of this module: `/healthz`, `/readyz`, the pages and the description of the API. To be merged with others, then [`finish`]ed.
pub fn routes(readiness: Arc<dyn Readiness>) -> Router {
    health::routes(readiness)
        .merge(page::routes())
        .merge(reference::routes())
}

/// Puts around all routes what every answer has in common: request ids, the access log, security headers, problems
/// for unknown paths and methods, and in the playground the defence against foreign host names.
pub fn finish(routes: Router, config: &Config, metrics: Arc<Metrics>) -> Router {
    let mut router = routes
        .fallback(page::asset_or_not_found)
        .method_not_allowed_fallback(problem::method_not_allowed);
    if config.server.playground {
        router = router.layer(from_fn(hosts::require_loopback_host));
    }
    router
        .layer(from_fn(layers::security_headers))
        .layer(from_fn_with_state(metrics, layers::request))
}

#[cfg(test)]
mod tests;
