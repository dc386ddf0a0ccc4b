//! `GET` and `POST /v1/notifications/unsubscribe`: stops mails by the address that stands in them, without a login.
//!
//! Invariant: GET changes nothing, because mail programs and their guards look at addresses before people do. POST is
//! what mail programs send (RFC 8058), and what the button of the page sends; it may come twice.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::Problem;
use crate::http::oauth::page;
use crate::http::rest::Query;
use crate::http::v1::Api;
use crate::notifications::{MAX_TOKEN_BYTES, MailScope, Stop, without_mails};

/// What the address in a mail carries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UnsubscribeParams {
    /// Says whose mails of which types.
    #[param(max_length = 2048)]
    stop: String,
}

/// Asks whether mails shall stop.
///
/// A page with a button, for people; nothing is changed yet.
#[utoipa::path(
    get, path = "/v1/notifications/unsubscribe", tag = "Notifications", security(()),
    params(UnsubscribeParams),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, description = "The address is not one of ours", content_type = "text/html", body = String),
    ),
)]
pub(super) async fn ask_to_unsubscribe(
    State(api): State<Api>,
    Query(params): Query<UnsubscribeParams>,
) -> Response {
    match stop_of(&api, &params) {
        Some(stop) => page::plain(
            "Turn mails off",
            &format!("You will get no more mails about {}.", topics(&stop)),
            Some("Turn these mails off"),
        ),
        None => unknown(),
    }
}

/// Stops mails of the types that the address names.
///
/// They are turned off everywhere, and in the workspaces and projects where they were turned on. Whatever is in the body
/// is not looked at: mail programs send `List-Unsubscribe=One-Click` there.
#[utoipa::path(
    post, path = "/v1/notifications/unsubscribe", tag = "Notifications", security(()),
    params(UnsubscribeParams),
    responses(
        (status = 200, description = "They are off", content_type = "text/html", body = String),
        (status = 404, description = "The address is not one of ours", content_type = "text/html", body = String),
    ),
)]
pub(super) async fn unsubscribe_from_mails(
    State(api): State<Api>,
    Query(params): Query<UnsubscribeParams>,
) -> Result<Response, Problem> {
    let Some(stop) = stop_of(&api, &params) else {
        return Ok(unknown());
    };
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let Some(user) = tx.user(stop.user).await? else {
        return Ok(unknown());
    };
    let everywhere = without_mails(&user.notification_preferences, &stop.kinds, MailScope::Everywhere);
    if let Some(text) = everywhere {
        tx.set_notification_preferences(user.id, &text, now_ms).await?;
    }
    for (workspace, said) in tx.notification_preferences_of(user.id).await? {
        if let Some(text) = without_mails(&said.preferences, &stop.kinds, MailScope::Narrower) {
            let mut tenant = tx.workspace(workspace).await?;
            tenant
                .put_notification_preferences(user.id, said.scope_id, &text, now_ms)
                .await?;
        }
    }
    tx.commit().await?;
    let what = format!(
        "You get no more mails about {}. You can turn them on again in your preferences.",
        topics(&stop)
    );
    Ok(page::plain("Mails are off", &what, None))
}

fn stop_of(api: &Api, params: &UnsubscribeParams) -> Option<Stop> {
    if params.stop.len() > MAX_TOKEN_BYTES {
        return None;
    }
    api.unsubscribe.open(&params.stop)
}

fn topics(stop: &Stop) -> String {
    let topics: Vec<_> = stop.kinds.iter().map(|kind| kind.topic()).collect();
    topics.join(", ")
}

fn unknown() -> Response {
    page::failure(
        StatusCode::NOT_FOUND,
        "This address does not stop any mails. Use the one of a newer mail, or your preferences.",
    )
}
