//! Boards between their documents and the world: what new ones begin with, copies, and what comes from and goes to other
//! programs.
//!
//! Pure functions: values and bytes in, values out. No I/O, no clock, no random numbers of its own: new ids come from
//! whoever calls. Invariant: what a plan of here says passes [`Plan::check`](weft_protocol::board::Plan::check), so a
//! board that was made from one can always be opened.

pub(crate) mod copy;
pub(crate) mod export;
pub(crate) mod guess;
mod ids;
pub(crate) mod import;
mod seed;
pub(crate) mod templates;
#[cfg(test)]
mod tests;
pub(crate) mod verify;

pub(crate) use self::ids::{Minter, user};
pub(crate) use self::seed::Seed;
