//! `DELETE /v1/oauth/clients/{client_id}`.

use axum::extract::State;
use weft_storage::records::EpochKind;

use super::{etag, managed};
use crate::audit::{Act, Deed};
use crate::http::Problem;
use crate::http::rest::{Id, IfMatch, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Removes an application.
///
/// What people have allowed it goes too, and its tokens count no longer.
#[utoipa::path(
    delete, path = "/v1/oauth/clients/{client_id}", tag = "OAuth clients",
    params(("client_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204)),
)]
pub(super) async fn delete_oauth_client(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    condition: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(found) = tx.oauth_client(id).await? {
        tx.workspace(found.workspace).await?;
    }
    let row = managed(&mut tx, &caller, id).await?;
    IfMatch::check_if_given(condition.as_ref(), etag(&row))?;
    let mut tenant = tx.workspace(row.workspace).await?;
    tenant.end_oauth_sessions(id, now_ms).await?;
    tenant.delete_oauth_client(id).await?;
    tx.raise_epoch(EpochKind::Workspace(row.workspace), now_ms)
        .await?;
    Act::new(Deed::OAuthClientDeleted, id)
        .write(&mut tx, row.workspace, now_ms)
        .await?;
    tx.commit().await?;
    api.changes.announce();
    Ok(NoContent)
}
