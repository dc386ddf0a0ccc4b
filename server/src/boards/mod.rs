//! Boards between their documents and the world: what new ones begin with.
//!
//! Pure functions: values and bytes in, values out. No I/O, no clock.

mod seed;

pub(crate) use self::seed::Seed;
