//! The REST API, version 1: one folder for each resource, one file for each thing that can be done with it.
//!
//! It changes documents only by asking their rooms; what it answers as saved is durable.

mod documents;
mod principal;

use std::sync::Arc;

use axum::Router;
use weft_storage::DocumentLog;
use weft_storage::clock::Clock;

use super::rest::read as body;
use crate::auth::Authenticator;
use crate::rooms::Hub;

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct Api {
    /// The rooms.
    pub(crate) hub: Arc<Hub>,
    /// What is stored.
    pub(crate) log: Arc<dyn DocumentLog>,
    /// Who may do what.
    pub(crate) authenticator: Authenticator,
    /// Wall-clock time, for tokens.
    pub(crate) clock: Arc<dyn Clock>,
    /// The largest body, in bytes.
    pub(crate) max_body_bytes: usize,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Api")
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}

/// All routes under `/v1` that are no WebSockets.
pub(crate) fn routes(api: Api) -> Router {
    documents::routes().with_state(api)
}
