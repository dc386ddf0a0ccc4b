//! Lists: how much of them, from where, and in which order.
//!
//! With `page` (from 1) a list is counted and cut by numbers; else it is walked by cursors, which neither skip nor
//! repeat when rows come and go. Invariant: a cursor is sealed, so nobody reads or makes one, and it opens only for the
//! scope (workspace or user), path, filters and order that it was given for. It is no authorization.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{self, invalid};
use super::respond;
use crate::auth::sealed::Sealer;
use crate::http::Problem;
use crate::http::problem::Detail;

/// Rows of a page if nothing else is asked for.
pub const DEFAULT_LIMIT: u32 = 25;
/// Rows of a page at most; more are asked for in vain.
pub const MAX_LIMIT: u32 = 100;
/// How many rows pages may skip.
const MAX_OFFSET: u64 = 10_000;
/// The longest cursor, in characters.
pub(super) const MAX_CURSOR_CHARS: usize = 2_048;

/// Seals and opens cursors. Part of the routers' state.
#[derive(Debug, Clone)]
pub struct Cursors(Arc<Sealer>);

impl Cursors {
    /// With the server's secret.
    pub fn new(sealer: Arc<Sealer>) -> Self {
        Self(sealer)
    }
}

/// The filters of a list, as query parameters, and the orders it can be given in.
pub trait Filters: DeserializeOwned {
    /// What `sort` may name; with a `-` before it the order is reversed. The first is the order without `sort`.
    const SORTS: &'static [&'static str];
    /// Whether the order without `sort` is reversed: for lists whose newest rows are what people look for.
    const IS_REVERSED: bool = false;
}

/// Which part of a list is asked for: the filters `F`, the order, `limit`, and `page` or `cursor`.
///
/// # Errors
/// As an extractor: 400.
#[derive(Debug, Clone)]
pub struct Listing<F> {
    /// The list's own parameters.
    pub filters: F,
    /// The order: one of [`Filters::SORTS`].
    pub sort: &'static str,
    /// Whether it is reversed.
    pub descending: bool,
    /// Rows of the page, 1 to 100.
    pub limit: u32,
    at: At,
    /// What a cursor is bound to, apart from its scope.
    list: String,
    cursors: Cursors,
}

#[derive(Debug, Clone)]
enum At {
    Page(u32),
    Cursor(Option<String>),
}

/// Where a page begins. `K` is what identifies a row in the order: the sorted value and the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position<K> {
    /// With the first row.
    Start,
    /// Behind this row.
    After(K),
    /// Skipping so many rows; the total is asked for too.
    Offset(u64),
}

impl<F: Filters, S: Send + Sync> FromRequestParts<S> for Listing<F>
where
    Cursors: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let pairs = query::pairs(parts)?;
        Self::parse(parts.uri.path(), pairs, Cursors::from_ref(state))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    limit: Option<u32>,
    page: Option<u32>,
    cursor: Option<String>,
    sort: Option<String>,
}

impl<F: Filters> Listing<F> {
    fn parse(path: &str, pairs: Vec<(String, String)>, cursors: Cursors) -> Result<Self, Problem> {
        let (paging, filters): (Vec<_>, Vec<_>) = pairs
            .into_iter()
            .partition(|(name, _)| matches!(&**name, "limit" | "page" | "cursor" | "sort"));
        let list = list_name(path, &filters);
        let paging: Paging = query::read(paging)?;
        let limit = match paging.limit {
            Some(0) => return Err(refuse("limit", "must be a number from 1")),
            Some(limit) => limit.min(MAX_LIMIT),
            None => DEFAULT_LIMIT,
        };
        let at = match (paging.page, paging.cursor) {
            (Some(_), Some(_)) => return Err(refuse("cursor", "cannot be combined with page")),
            (Some(page), None) => At::Page(check_page(page, limit)?),
            (None, cursor) => At::Cursor(cursor),
        };
        let (sort, descending) = match &paging.sort {
            Some(sort) => find_sort(sort, F::SORTS)?,
            None => (F::SORTS.first().copied().unwrap_or_default(), F::IS_REVERSED),
        };
        Ok(Self {
            filters: query::read(filters)?,
            sort,
            descending,
            limit,
            at,
            list,
            cursors,
        })
    }

    /// Where the page begins. `scope` is the workspace or user whose list this is.
    ///
    /// # Errors
    /// 400 if the cursor was not made for this list.
    pub fn position<K: DeserializeOwned>(&self, scope: impl fmt::Display) -> Result<Position<K>, Problem> {
        match &self.at {
            At::Page(page) => Ok(Position::Offset(
                u64::from(page.saturating_sub(1)) * u64::from(self.limit),
            )),
            At::Cursor(None) => Ok(Position::Start),
            At::Cursor(Some(cursor)) => self
                .open(cursor, &scope.to_string())
                .map(Position::After)
                .ok_or_else(|| refuse("cursor", "must come from an earlier answer to the same question")),
        }
    }

    /// The rows to ask for: one more than the page has, which says whether there is another page.
    pub fn fetch(&self) -> u32 {
        self.limit + 1
    }

    /// The answer for cursors: `rows` as they were asked for by [`Self::fetch`]; `key` names a row's place in the order,
    /// `view` shows it.
    pub fn walked<R, K: Serialize, V: Serialize>(
        &self,
        scope: impl fmt::Display,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> K,
        view: impl FnMut(R) -> V,
    ) -> List<V> {
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next_cursor = rows
            .last()
            .filter(|_| has_more)
            .and_then(|row| self.seal(&key(row), &scope.to_string()));
        List {
            data: rows.into_iter().map(view).collect(),
            meta: Meta::Cursor {
                limit: self.limit,
                next_cursor,
            },
        }
    }

    /// The answer for cursors of a walk that was broken off: it goes on behind `after`, whether rows were found or not.
    pub fn broken_off<R, K: Serialize, V: Serialize>(
        &self,
        scope: impl fmt::Display,
        rows: Vec<R>,
        after: &K,
        view: impl FnMut(R) -> V,
    ) -> List<V> {
        List {
            data: rows.into_iter().map(view).collect(),
            meta: Meta::Cursor {
                limit: self.limit,
                next_cursor: self.seal(after, &scope.to_string()),
            },
        }
    }

    /// The answer for pages: of `total` rows these.
    pub fn counted<R, V: Serialize>(
        &self,
        total: u64,
        mut rows: Vec<R>,
        view: impl FnMut(R) -> V,
    ) -> List<V> {
        rows.truncate(self.limit as usize);
        let page = match self.at {
            At::Page(page) => page,
            At::Cursor(_) => 1,
        };
        List {
            data: rows.into_iter().map(view).collect(),
            meta: Meta::Page {
                total,
                page,
                limit: self.limit,
            },
        }
    }

    fn context(&self, scope: &str) -> String {
        format!(
            "cursor\n{scope}\n{}\n{}\n{}",
            self.sort, self.descending, self.list
        )
    }

    fn seal(&self, key: &impl Serialize, scope: &str) -> Option<String> {
        let key = serde_json::to_vec(key).ok()?;
        let sealed = self.cursors.0.seal(&self.context(scope), &key).ok()?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    fn open<K: DeserializeOwned>(&self, cursor: &str, scope: &str) -> Option<K> {
        if cursor.len() > MAX_CURSOR_CHARS {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let key = self.cursors.0.open(&self.context(scope), &sealed).ok()?;
        serde_json::from_slice(&key).ok()
    }
}

/// The path and the filters in one spelling. Parameters that say where in the list are left out.
fn list_name(path: &str, filters: &[(String, String)]) -> String {
    let sorted: BTreeMap<_, _> = filters.iter().map(|(name, value)| (name, value)).collect();
    let mut list = path.to_owned();
    for (name, value) in sorted {
        // Written with lengths, so that no value can look like the next name.
        let _ = write!(list, "\n{}:{name}={}:{value}", name.len(), value.len());
    }
    list
}

fn check_page(page: u32, limit: u32) -> Result<u32, Problem> {
    if page == 0 {
        return Err(refuse("page", "must be a number from 1"));
    }
    if u64::from(page - 1) * u64::from(limit) > MAX_OFFSET {
        return Err(refuse(
            "page",
            "must not skip more than 10000 rows: use the cursor instead",
        ));
    }
    Ok(page)
}

fn find_sort(sort: &str, known: &'static [&'static str]) -> Result<(&'static str, bool), Problem> {
    let (name, descending) = match sort.strip_prefix('-') {
        Some(name) => (name, true),
        None => (sort, false),
    };
    let found = known.iter().find(|known| **known == name);
    found.map(|found| (*found, descending)).ok_or_else(|| {
        invalid(Detail {
            field: "sort".to_owned(),
            code: "INVALID_VALUE",
            message: format!("must be one of: {}; with - before it reversed", known.join(", ")),
        })
    })
}

fn refuse(field: &str, message: &str) -> Problem {
    invalid(Detail {
        field: field.to_owned(),
        code: "INVALID_VALUE",
        message: message.to_owned(),
    })
}

/// What every [`Listing`] takes, for the description of operations.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// How many to give at most; above 100 is taken as 100.
    #[param(minimum = 1, maximum = 1_000_000, default = 25)]
    pub limit: Option<u32>,
    /// `meta.next_cursor` of the page before. Not together with `page`.
    #[param(max_length = 2_048)]
    pub cursor: Option<String>,
    /// The number of a page, from 1; then `meta.total` says how many there are. At most 10 000 can be skipped.
    #[param(minimum = 1, maximum = 10_001)]
    pub page: Option<u32>,
    /// The order; with a `-` before it reversed.
    #[param(max_length = 64)]
    pub sort: Option<String>,
}

/// A part of a list, as it is answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct List<V> {
    /// The rows.
    #[schema(max_items = 100)]
    pub data: Vec<V>,
    /// Which part this is.
    pub meta: Meta,
}

/// Which part of a list an answer holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ListMeta)]
pub enum Meta {
    /// A page by its number.
    Page {
        /// Rows of the whole list.
        #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
        total: u64,
        /// From 1.
        #[schema(minimum = 1, maximum = 10_001)]
        page: u32,
        /// Rows of a page at most.
        #[schema(minimum = 1, maximum = 100)]
        limit: u32,
    },
    /// A step of a walk.
    Cursor {
        /// Rows of a page at most.
        #[schema(minimum = 1, maximum = 100)]
        limit: u32,
        /// Leads to the next page; null on the last one.
        #[schema(required = true, max_length = 2_048)]
        next_cursor: Option<String>,
    },
}

impl<V: Serialize> IntoResponse for List<V> {
    fn into_response(self) -> Response {
        respond::json(axum::http::StatusCode::OK, &self)
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
