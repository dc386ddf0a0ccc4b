//! How people get into workspaces: `/v1/workspaces/{workspace_id}/invitations` and `/v1/invitations`.
//!
//! Invariant: an invitation works once, for the address it was sent to, until its end, and gives no more than whoever
//! invited could give at the moment it is accepted.

mod accept;
mod create;
mod letter;
mod list;
mod read;
mod resend;
mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_invitations, create::create_invitation))
        .routes(routes!(read::get_invitation))
        .routes(routes!(resend::resend_invitation))
        .routes(routes!(resend::revoke_invitation))
        .routes(routes!(accept::accept_invitation))
}
