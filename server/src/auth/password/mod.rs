//! Passwords: what may become one, and how one is kept and compared.
//!
//! Invariant: a password is kept as an argon2id hash only, and never shown. Hashing runs beside the async threads, a
//! bounded number at a time, with a bounded queue: a flood of logins costs its bound of memory and then hears
//! [`Busy`]. A login for nobody does the same work as one for somebody.

mod hasher;
mod policy;

pub use self::hasher::{Busy, HashingError, PasswordHasher, Verification};
pub use self::policy::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARACTERS, NewPassword, WeakPassword};
