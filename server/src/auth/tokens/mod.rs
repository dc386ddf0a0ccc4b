//! Every kind of token that the server itself makes and reads.
//!
//! Two families: signed ones (`access`, with `keys`), which anybody with the public keys can check, and opaque ones
//! (`opaque`, `api_key`), which mean something only to whoever holds their hash. `refresh` decides what presenting a
//! refresh token does. Nothing here keeps anything: rows are somebody else's, time is an argument.

pub mod access;
pub mod api_key;
pub mod document;
pub mod keys;
pub mod opaque;
pub mod refresh;
