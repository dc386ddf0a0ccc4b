//! What others look up without asking first: `/.well-known/…`.

mod jwks;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default().routes(routes!(jwks::get_jwks))
}
