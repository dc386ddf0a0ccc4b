//! Accounts: `/v1/users`.
//!
//! Invariant: nobody learns of an account that is not their own, a colleague's, or theirs to administer.

mod administer;
mod create;
mod list;
mod me;
mod preferences;
mod read;
mod register;
mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(in crate::http::v1) use self::shapes::UserView;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(register::register_user))
        .routes(routes!(me::get_me, me::replace_me, me::change_me))
        .routes(routes!(
            preferences::get_preferences,
            preferences::replace_preferences
        ))
        .routes(routes!(
            preferences::get_notification_preferences,
            preferences::replace_notification_preferences
        ))
        .routes(routes!(list::list_users, create::create_user))
        .routes(routes!(
            read::get_user,
            administer::change_user,
            administer::delete_user
        ))
}
