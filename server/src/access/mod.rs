//! Who may be in which room, and for how long: from the credential at the door to the right that is taken away later.
//!
//! [`Identities`] knows who is behind a credential, [`Gatekeeper`] decides, [`Grant`] is what it decided and on what
//! that rests, `Registry` knows every membership that rests on it, and has it decided again when the feed of changed
//! rights says so.
//!
//! Invariant: nobody becomes a member of a room without a grant for exactly that document of exactly that workspace,
//! and no grant outlives what it rests on by more than the time of one recheck.

mod changes;
pub mod documents;
pub(crate) mod facts;
mod feed;
mod gatekeeper;
mod grant;
mod identity;
mod key_use;
pub(crate) mod people;
mod registry;
mod standing;
pub mod tickets;

pub use self::changes::Changes;
pub(crate) use self::feed::{EpochFeed, follow_epochs};
pub use self::gatekeeper::Gatekeeper;
pub use self::grant::{Grant, GrantBasis, Refusal};
pub use self::identity::{Bearer, Identities, Identity, Subject};
pub use self::key_use::KeyUse;
pub use self::registry::Recheck;
pub(crate) use self::registry::{Moment, Registry, Seat};
