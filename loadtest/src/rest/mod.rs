//! The REST API of Weft as an application uses it: requests over connections that stay open, somebody who may write.
//!
//! Invariant: only the server under test is asked, over loopback. An answer that was not expected is an error with what
//! the server said.

pub mod client;
pub mod people;
pub mod receiver;

pub use self::client::{Answer, Client, RestError};
pub use self::people::{Person, Project};
