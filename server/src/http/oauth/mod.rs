//! Weft as an OAuth 2 authorization server and OpenID provider: what stands outside of `/v1`.
//!
//! The rules are in [`crate::auth::oauth`]; here are rows, routes and the page.

pub(in crate::http) mod registry;
