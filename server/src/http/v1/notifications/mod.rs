//! Notifications: everybody's own inbox under `/v1/notifications`, and what they want in it.
//!
//! Invariant: an inbox is its reader's alone, and holds what they may see at this moment: what they may not is neither
//! listed nor counted. How rows come about is the business of [`crate::notifications`].

mod change;
mod counts;
mod list;
mod many;
mod preferences;
mod push_subscriptions;
mod shapes;
mod stream;
mod unsubscribe;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Api;
use super::caller::Caller;
use super::tenancy::require_at_all;
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::Problem;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_notifications))
        .routes(routes!(counts::count_notifications))
        .routes(routes!(stream::stream_notifications))
        .routes(routes!(
            unsubscribe::ask_to_unsubscribe,
            unsubscribe::unsubscribe_from_mails
        ))
        .routes(routes!(many::read_all_notifications))
        .routes(routes!(many::see_all_notifications))
        .routes(routes!(list::get_notification, change::update_notification))
        .routes(routes!(push_subscriptions::get_push_key))
        .routes(routes!(
            push_subscriptions::list_push_subscriptions,
            push_subscriptions::create_push_subscription
        ))
        .routes(routes!(push_subscriptions::delete_push_subscription))
        .routes(routes!(
            preferences::get_notification_preferences_of,
            preferences::update_notification_preferences_of
        ))
}

/// Whoever asks, if they may read of what happens to documents, which notifications tell of.
fn reader(caller: &Caller) -> Result<Uuid, Problem> {
    let user = caller.user()?;
    caller.require(Action::ViewUser, &Resource::User(UserRelation::Myself))?;
    require_at_all(caller, Action::ViewDocument)?;
    Ok(user)
}

/// The same, if they may change what is theirs.
fn owner(caller: &Caller) -> Result<Uuid, Problem> {
    let user = reader(caller)?;
    caller.require(Action::UpdateUser, &Resource::User(UserRelation::Myself))?;
    Ok(user)
}
