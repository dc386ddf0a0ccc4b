//! Bounds on attempts and requests: guessing is slow, floods are cut, and nobody is locked out for good.
//!
//! `attempts` slows down guessing of passwords and codes; `rate` counts requests for principals and addresses and says
//! the numbers for the headers. Invariant: memory is bounded whatever keys come in; what is forgotten first is what was
//! quiet longest. Time is an argument and never the time of day, so a clock that jumps frees and locks nobody.

mod address;
mod attempts;
mod bucket;
mod headers;
mod lru;
mod rate;

pub use self::address::AddressKey;
pub use self::attempts::{AttemptLimits, AttemptSettings, Attempted, SlowDown};
pub use self::headers::RateHeaders;
pub use self::rate::{RateDecision, RateKey, RateLimiter, RatePolicy, RateReading};
