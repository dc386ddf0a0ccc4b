//! The one HTTP client for every address that somebody from outside chose: webhooks, key sets, login providers, imports.
//!
//! Invariant: a connection is only made to an address that was checked *after* resolution, and to exactly that one; a
//! name that resolves differently the second time gains nothing. No redirects are followed, no proxy or other
//! environment is consulted, and size and time of an answer are bounded as a whole. Never make another client.

mod address;
mod client;
mod error;
mod resolve;
mod tls;

pub use self::address::{AddressRules, InvalidNetwork, Network};
pub use self::client::{Bounds, OutgoingClient, OutgoingRequest, OutgoingResponse};
pub use self::error::OutgoingError;
pub use self::resolve::{Resolve, SystemResolver};
pub use self::tls::{InvalidCertificates, tls_config};

#[cfg(test)]
mod tests;
