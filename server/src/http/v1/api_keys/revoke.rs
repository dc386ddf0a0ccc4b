//! `DELETE /v1/api-keys/{api_key_id}`.

use axum::extract::State;
use weft_storage::records::EpochKind;

use super::{own_key, owner};
use crate::audit::{Act, Deed};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Id, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Revokes one of one's own keys.
///
/// It counts no longer from now on; sockets that it opened close, and so do those of tokens that it minted.
#[utoipa::path(
    delete, path = "/v1/api-keys/{api_key_id}", tag = "API keys",
    params(("api_key_id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn revoke_api_key(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<NoContent, Problem> {
    let user = owner(&caller, Action::UpdateUser)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let key = own_key(&mut tx, &caller, user, id).await?;
    tx.workspace(key.workspace)
        .await?
        .revoke_api_key(id, now_ms)
        .await?;
    tx.raise_epoch(EpochKind::User(user), now_ms).await?;
    Act::new(Deed::ApiKeyRevoked, id)
        .write(&mut tx, key.workspace, now_ms)
        .await?;
    tx.commit().await?;
    api.changes.announce();
    Ok(NoContent)
}
