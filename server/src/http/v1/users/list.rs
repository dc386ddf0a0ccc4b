//! `GET /v1/users`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_storage::records::{User, UserFilter};

use super::shapes::{UserStatus, UserView};
use crate::auth::permission::{Action, Resource};
use crate::http::Problem;
use crate::http::rest::{AnyCase, Filters, Line, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// Which accounts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UserFilters {
    /// Only those with this status.
    #[param(inline)]
    status: Option<AnyCase<UserStatus>>,
    /// Only those with this in a name or the address.
    search: Option<Line<100>>,
}

impl Filters for UserFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Lists all accounts of the server.
///
/// For administrators.
#[utoipa::path(
    get, path = "/v1/users", tag = "Users",
    params(Listing<UserFilters>),
    responses((status = 200, body = List<UserView>)),
)]
pub(super) async fn list_users(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<UserFilters>,
) -> Result<List<UserView>, Problem> {
    caller.require(Action::ListUsers, &Resource::Server)?;
    // The list is the server's; every administrator sees the same.
    let scope = Uuid::nil();
    let part = part(&listing, scope)?;
    let search = listing.filters.search.as_deref().map(str::to_lowercase);
    let filter = UserFilter {
        status: listing.filters.status.as_ref().map(|status| status.0.as_str()),
        search: search.as_deref(),
    };
    let mut tx = api.records.read().await?;
    let rows = tx.users(filter, &part.span).await?;
    if part.is_counted {
        let count = tx.count_users(filter).await?;
        return Ok(listing.counted(total(count), rows, UserView::from));
    }
    let key = |row: &User| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(scope, rows, key, UserView::from))
}
