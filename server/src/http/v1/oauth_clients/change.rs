//! `PATCH /v1/oauth/clients/{client_id}`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use weft_storage::records::{EpochKind, OAuthClientChange};

use super::{ClientView, GrantName, Terms, distinct, etag, managed};
use crate::audit::{Act, Deed};
use crate::auth::oauth::GrantType;
use crate::http::Problem;
use crate::http::oauth::registry::{as_json, client_of};
use crate::http::rest::{Change, Found, Id, IfMatch, Line, MergePatch};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::delegated::ClientScope;

/// What is to be changed of an application.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = OAuthClientPatch)]
pub(super) struct ClientPatch {
    name: Change<Line<100>>,
    #[schema(max_items = 20)]
    redirect_uris: Change<Vec<String>>,
    #[schema(min_items = 1, max_items = 3)]
    grant_types: Change<Vec<GrantName>>,
    #[schema(min_items = 1, max_items = 18)]
    scopes: Change<Vec<ClientScope>>,
    /// Switched off, it gets no tokens, and those that it has do not count.
    is_disabled: Change<bool>,
}

/// Changes an application.
///
/// Where it may do less than before, or nothing, the tokens that it has end.
#[utoipa::path(
    patch, path = "/v1/oauth/clients/{client_id}", tag = "OAuth clients",
    params(("client_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = ClientPatch,
    responses((status = 200, body = ClientView, headers(("ETag" = String)))),
)]
pub(super) async fn update_oauth_client(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    condition: Option<IfMatch>,
    MergePatch(patch): MergePatch<ClientPatch>,
) -> Result<Found<ClientView>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    // Entered first, so that nothing changes between the look and the change.
    if let Some(found) = tx.oauth_client(id).await? {
        tx.workspace(found.workspace).await?;
    }
    let row = managed(&mut tx, &caller, id).await?;
    IfMatch::check_if_given(condition.as_ref(), etag(&row))?;
    let before = client_of(&row);
    let mut after = before.clone();
    patch.redirect_uris.apply(&mut after.redirects);
    after.redirects = distinct(after.redirects);
    if let Change::Set(names) = patch.grant_types {
        after.grants = distinct(names).into_iter().map(GrantName::grant).collect();
    }
    if let Change::Set(names) = patch.scopes {
        after.scopes = ClientScope::together(&names);
    }
    let terms = Terms {
        kind: after.kind,
        redirects: &after.redirects,
        grants: &after.grants,
        scopes: after.scopes,
    };
    terms.check()?;
    let disabled = patch.is_disabled.into_option();
    let names: Vec<&str> = after.grants.iter().copied().map(GrantType::as_str).collect();
    let name = patch.name.into_option();
    let change = OAuthClientChange {
        name: name.as_deref(),
        redirects: Some(&as_json(&after.redirects)),
        grants: Some(&as_json(&names)),
        scopes: Some(&after.scopes.to_string()),
        disabled_at_ms: disabled.map(|off| off.then_some(row.disabled_at_ms.unwrap_or(now_ms))),
        secrets: None,
    };
    let has_less = !before.scopes.within(after.scopes) || disabled == Some(true);
    let mut tenant = tx.workspace(row.workspace).await?;
    tenant.change_oauth_client(id, change, now_ms).await?;
    if has_less {
        tenant.end_oauth_sessions(id, now_ms).await?;
    }
    let changed = tenant.oauth_client(id).await?.ok_or(Problem::INTERNAL)?;
    if has_less {
        tx.raise_epoch(EpochKind::Workspace(row.workspace), now_ms)
            .await?;
    }
    Act::new(Deed::OAuthClientChanged, id)
        .with_fields(&[
            ("name", row.name != changed.name),
            ("redirect_uris", row.redirects != changed.redirects),
            ("grant_types", row.grants != changed.grants),
            ("scopes", row.scopes != changed.scopes),
            ("is_disabled", row.disabled_at_ms != changed.disabled_at_ms),
        ])
        .write(&mut tx, row.workspace, now_ms)
        .await?;
    tx.commit().await?;
    if has_less {
        api.changes.announce();
    }
    Ok(Found {
        etag: Some(etag(&changed)),
        body: ClientView::of(&changed, now_ms),
    })
}
