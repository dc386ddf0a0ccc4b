//! The HTTP face: accepting connections, the page, health, and what every answer has in common.
//!
//! It knows nothing of rooms or WebSockets; their routes are merged in by the caller before [`finish`].

pub mod accept;
mod batch;
mod client;
mod cors;
mod health;
mod hosts;
mod layers;
mod limits;
mod metrics;
mod oauth;
pub mod origin;
mod page;
pub mod problem;
mod reference;
mod requests;
pub mod rest;
pub(crate) mod v1;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use self::accept::{PeerAddress, ServeSettings, serve};
pub use self::client::{ClientAddress, Proxies};
pub use self::health::{Readiness, ReadinessCheck, ReadinessNote, ReadinessReport};
pub use self::limits::{RateGate, Rates};
pub use self::metrics::metrics_router;
pub use self::origin::OriginPolicy;
pub use self::problem::Problem;
pub use self::requests::RequestId;

use weft_storage::clock::Clock;

use self::layers::Transport;
use crate::config::Config;
use crate::metrics::Metrics;

/// The routes of this module: `/healthz`, `/readyz`, the pages and the description of the API. To be merged with others, then [`finish`]ed.
pub fn routes(readiness: Arc<dyn Readiness>) -> Router {
    health::routes(readiness)
        .merge(page::routes())
        .merge(reference::routes())
}

/// Puts around all routes what every answer has in common: request ids, the access log, security headers, limits,
/// problems for unknown paths and methods and for panics, and in the playground the defence against foreign host names.
pub fn finish(routes: Router, config: &Config, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Router {
    let routes = routes
        .fallback(page::asset_or_not_found)
        .method_not_allowed_fallback(problem::method_not_allowed);
    let mut router = v1::verbs::add(routes)
        .layer(from_fn(layers::only_problems))
        .layer(from_fn(layers::survive));
    // In the playground everybody is on this machine, and may do everything anyway.
    if !config.server.playground {
        let rates = Rates::new(&config.rates, clock, Arc::clone(&metrics));
        router = router.layer(from_fn_with_state(Arc::new(rates), limits::limit));
    }
    router = batch::add(router)
        .layer(from_fn_with_state(
            Arc::new(OriginPolicy::new(config)),
            cors::share,
        ))
        .layer(from_fn_with_state(
            Proxies::new(&config.server.trusted_proxies),
            client::locate,
        ));
    if config.server.playground {
        router = router.layer(from_fn(hosts::require_loopback_host));
    }
    let transport = Transport::of(&config.server.public_url);
    router
        .layer(from_fn(layers::one_length))
        .layer(from_fn_with_state(transport, layers::security_headers))
        .layer(from_fn_with_state(metrics, requests::follow))
}

/// Whether `path` is for programs, not for the page.
fn is_api(path: &str) -> bool {
    ["/v1/", "/oauth/", "/.well-known/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
        || path == "/openapi.json"
}

#[cfg(test)]
mod layer_tests;
#[cfg(test)]
mod tests;
