//! `GET /v1/auth/sessions`, `DELETE /v1/auth/sessions/{session_id}`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::Session;

use super::Failure;
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Filters, Id, List, Listing, NoContent, Timestamp};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// A login that has not ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    id: Uuid,
    kind: SessionKindView,
    /// Whether it is the one that asks.
    is_current: bool,
    /// What the client said that it is.
    #[schema(max_length = 256)]
    user_agent: Option<String>,
    /// Where it logged in from.
    #[schema(max_length = 45)]
    address: Option<String>,
    created_at: Timestamp,
    last_used_at: Timestamp,
    /// When it ends at the latest.
    expires_at: Timestamp,
}

/// How somebody logged in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SessionKindView {
    Password,
    /// Through another provider.
    Oidc,
    /// An application acts for them.
    Oauth,
}

/// Sessions have nothing to filter by.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionFilters {}

impl Filters for SessionFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

impl SessionView {
    fn of(session: Session, current: Option<Uuid>) -> Self {
        Self {
            id: session.id,
            kind: match session.kind.as_str() {
                "oidc" => SessionKindView::Oidc,
                "oauth" => SessionKindView::Oauth,
                _ => SessionKindView::Password,
            },
            is_current: current == Some(session.id),
            user_agent: session.user_agent,
            address: session.address,
            created_at: Timestamp(session.created_at_ms),
            last_used_at: Timestamp(session.last_used_at_ms),
            expires_at: Timestamp(session.expires_at_ms),
        }
    }
}

/// Lists the caller's sessions.
#[utoipa::path(
    get, path = "/v1/auth/sessions", tag = "Sessions",
    params(Listing<SessionFilters>),
    responses((status = 200, body = List<SessionView>)),
)]
pub(super) async fn list_sessions(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<SessionFilters>,
) -> Result<List<SessionView>, Failure> {
    let user = caller.user()?;
    caller.require(Action::ViewUser, &Resource::User(UserRelation::Myself))?;
    let part = part(&listing, user)?;
    let now_ms = api.clock.now_ms();
    let current = caller.0.basis.session;
    let mut tx = api.records.read().await?;
    let rows = tx.live_sessions(user, now_ms, &part.span).await?;
    if part.is_counted {
        let count = tx.count_live_sessions(user, now_ms).await?;
        return Ok(listing.counted(total(count), rows, |row| SessionView::of(row, current)));
    }
    let key = |row: &Session| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(user, rows, key, |row| SessionView::of(row, current)))
}

/// Ends one of the caller's sessions.
///
/// Its tokens count no more, and sockets that it opened close.
#[utoipa::path(
    delete, path = "/v1/auth/sessions/{session_id}", tag = "Sessions",
    params(("session_id" = Uuid, Path)),
    responses((status = 204, description = "The session has ended")),
)]
pub(super) async fn delete_session(
    State(api): State<Api>,
    caller: Caller,
    Id(session): Id,
) -> Result<NoContent, Failure> {
    let user = caller.user()?;
    caller.require(Action::UpdateUser, &Resource::User(UserRelation::Myself))?;
    if api
        .accounts
        .end_session(user, session, "ended by its owner")
        .await?
    {
        Ok(NoContent)
    } else {
        Err(NOT_FOUND.into())
    }
}
