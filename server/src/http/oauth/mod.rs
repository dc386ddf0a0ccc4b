//! Weft as an OAuth 2 authorization server and OpenID provider: what stands outside of `/v1`.
//!
//! The rules are in [`crate::auth::oauth`]; here are rows, routes and the page. Invariant: an application gets nothing
//! outside of the workspace that it belongs to, and nothing that the person who allowed it may not do.

mod answer;
mod authorize;
pub(in crate::http) mod browser;
mod client;
mod discovery;
pub(in crate::http) mod form;
pub(in crate::http) mod page;
pub(in crate::http) mod registry;
mod revoke;
mod token;
mod userinfo;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::v1::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(
            authorize::show_oauth_authorization,
            authorize::decide_oauth_authorization
        ))
        .routes(routes!(token::issue_oauth_token))
        .routes(routes!(revoke::revoke_oauth_token))
        .routes(routes!(revoke::introspect_oauth_token))
        .routes(routes!(
            userinfo::get_oauth_userinfo,
            userinfo::post_oauth_userinfo
        ))
        .routes(routes!(discovery::get_openid_configuration))
        .routes(routes!(discovery::get_authorization_server_metadata))
}
