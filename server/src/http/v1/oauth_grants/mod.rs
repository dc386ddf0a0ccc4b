//! What somebody has allowed applications: `/v1/oauth/grants`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_storage::records::{EpochKind, OAuthGrant};

use super::Api;
use super::caller::Caller;
use super::delegated::ClientScope;
use super::tenancy::{Key, part, total};
use crate::audit::{Act, Deed};
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Filters, Id, List, Listing, NoContent, Timestamp};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list_oauth_grants))
        .routes(routes!(revoke_oauth_grant))
}

/// What somebody has allowed an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthGrant)]
struct GrantView {
    id: Uuid,
    client_id: Uuid,
    /// What the application calls itself.
    #[schema(min_length = 1, max_length = 100)]
    client_name: String,
    /// The one workspace where it counts.
    workspace_id: Uuid,
    #[schema(max_items = 18)]
    scopes: Vec<ClientScope>,
    created_at: Timestamp,
}

impl From<OAuthGrant> for GrantView {
    fn from(grant: OAuthGrant) -> Self {
        Self {
            id: grant.id,
            client_id: grant.client_id,
            client_name: grant.client_name,
            workspace_id: grant.confined_to.unwrap_or(grant.workspace).0,
            scopes: ClientScope::named_in(&grant.scopes),
            created_at: Timestamp(grant.created_at_ms),
        }
    }
}

/// All of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct NoFilters {}

impl Filters for NoFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Only whoever is here with a credential for everything: one application must not look after the others.
fn owner(caller: &Caller, action: Action) -> Result<Uuid, Problem> {
    let user = caller.user()?;
    caller.require(action, &Resource::User(UserRelation::Myself))?;
    if caller.0.facts.confined_to.is_some() {
        return Err(NOT_FOUND);
    }
    Ok(user)
}

/// Lists what one has allowed applications.
#[utoipa::path(
    get, path = "/v1/oauth/grants", tag = "OAuth clients",
    params(Listing<NoFilters>),
    responses(
        (status = 200, body = List<GrantView>),
        (status = 404, description = "The credential is for one workspace"),
    ),
)]
async fn list_oauth_grants(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<NoFilters>,
) -> Result<List<GrantView>, Problem> {
    let user = owner(&caller, Action::ViewUser)?;
    let mut tx = api.records.read().await?;
    let part = part(&listing, user)?;
    let grants = tx.oauth_grants_of(user, &part.span).await?;
    if part.is_counted {
        let count = tx.count_oauth_grants_of(user).await?;
        return Ok(listing.counted(total(count), grants, GrantView::from));
    }
    let place = |grant: &OAuthGrant| Key::Number(grant.created_at_ms, grant.id);
    Ok(listing.walked(user, grants, place, GrantView::from))
}

/// Takes back what one has allowed an application.
///
/// Its tokens end with it.
#[utoipa::path(
    delete, path = "/v1/oauth/grants/{grant_id}", tag = "OAuth clients",
    params(("grant_id" = Uuid, Path)),
    responses((status = 204)),
)]
async fn revoke_oauth_grant(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<NoContent, Problem> {
    let user = owner(&caller, Action::UpdateUser)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let grant = tx.oauth_grant(id).await?;
    let grant = grant
        .filter(|grant| grant.user_id == user && grant.revoked_at_ms.is_none())
        .ok_or(NOT_FOUND)?;
    let mut tenant = tx.workspace(grant.workspace).await?;
    tenant.revoke_oauth_grant(id, "grant revoked", now_ms).await?;
    tx.raise_epoch(EpochKind::User(user), now_ms).await?;
    Act::new(Deed::OAuthGrantRevoked, id)
        .write(&mut tx, grant.workspace, now_ms)
        .await?;
    tx.commit().await?;
    api.changes.announce();
    Ok(NoContent)
}
