//! Accounts: `/v1/users`.

mod me;
mod register;
mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(in crate::http::v1) use self::shapes::UserView;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(register::register_user))
        .routes(routes!(me::get_me))
}
