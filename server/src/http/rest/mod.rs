//! What every operation of the REST API has in common: how requests are read, checked and answered.
//!
//! Handlers take extractors from here and return [`Answer`](respond)s or [`Problem`](super::Problem)s. Invariant: what
//! is wrong with a request is said by naming the place and the rule, never by repeating what was sent.
//!
//! - [`Body<T>`]: a JSON body. [`MergePatch<T>`]: a change of some members; `T` is made of [`Change`] and [`Clearable`].
//! - [`Query<T>`]: query parameters. [`Listing<F>`]: the same for lists, with pages, cursors and an order.
//! - [`Once`]: `Idempotency-Key`; every POST and PATCH that writes records takes it.
//! - [`Id`]: an id in the path; what is no id is not found.
//! - [`IfMatch`] (or `Option<IfMatch>`), [`IfNoneMatch`], [`ETag`]: versions.
//! - [`validate`]: texts, addresses and names as types that cannot hold anything else; [`time`]: times and dates.
//! - [`board`]: names, colours, moments and places of boards.
//! - [`invalid`]: what is wrong beyond a single value, such as an end before its beginning.
//! - In descriptions: `params(PageParams, TeamFilters)` beside `Listing<TeamFilters>`, `request_body = T` for both
//!   `Body<T>` and `MergePatch<T>`, `body = List<TeamView>`; the types here describe themselves with their bounds.
//! - [`respond`]: 200, 201, 204, 304 and lists, never kept by caches.

pub mod board;
mod de;
pub mod etag;
pub mod json;
pub mod once;
pub mod page;
mod patch;
pub mod path;
pub mod query;
pub mod read;
pub mod respond;
pub mod schema;
pub mod time;
pub mod validate;

pub use self::etag::{ETag, IfMatch, IfNoneMatch};
pub use self::json::{Body, MAX_JSON_BYTES, invalid};
pub use self::once::Once;
pub use self::page::{Cursors, Filters, List, Listing, Meta, PageParams, Position};
pub use self::patch::{Change, Clearable, MergePatch};
pub use self::path::Id;
pub use self::query::{Commas, Query};
pub use self::respond::{Created, Found, NoContent};
pub use self::time::{Date, Timestamp};
pub use self::validate::{AnyCase, Email, Line, Text};

#[cfg(test)]
mod tests;
