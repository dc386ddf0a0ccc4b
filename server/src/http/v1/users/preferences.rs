//! `GET` and `PUT /v1/users/me/preferences` and `…/notification-preferences`: what an application and its people agree
//! on. The server keeps them, and looks at the notification preferences and at `time_zone` alone.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};

use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::Problem;
use crate::http::problem::{Detail, NOT_FOUND};
use crate::http::rest::json::unprocessable;
use crate::http::rest::{Body, ETag, Found, IfMatch, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::reminders::{is_zone, zone_of};

/// The longest preferences, in bytes of JSON.
const MAX_BYTES: usize = 16 * 1024;
const MYSELF: Resource = Resource::User(UserRelation::Myself);

/// Which of the two.
#[derive(Debug, Clone, Copy)]
enum Which {
    General,
    Notifications,
}

/// Reads the caller's preferences.
#[utoipa::path(
    get, path = "/v1/users/me/preferences", tag = "Users",
    responses((status = 200, body = Map<String, Value>, headers(("ETag" = String)))),
)]
pub(super) async fn get_preferences(State(api): State<Api>, caller: Caller) -> Result<Found<Value>, Problem> {
    read(&api, &caller, Which::General).await
}

/// Replaces the caller's preferences.
///
/// A JSON object of at most 16 KiB; what is in it is up to applications, but for `time_zone`: where you are, as a name
/// of the IANA database such as `Europe/Berlin`. Days begin there. Without it they begin in UTC.
#[utoipa::path(
    put, path = "/v1/users/me/preferences", tag = "Users",
    params(("If-Match" = Option<String>, Header)),
    request_body = Map<String, Value>,
    responses((status = 200, body = Map<String, Value>, headers(("ETag" = String)))),
)]
pub(super) async fn replace_preferences(
    State(api): State<Api>,
    caller: Caller,
    if_match: Option<IfMatch>,
    Body(wanted): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    replace(&api, &caller, if_match.as_ref(), Which::General, wanted).await
}

/// Reads what the caller wants to be told, and how.
#[utoipa::path(
    get, path = "/v1/users/me/notification-preferences", tag = "Users",
    responses((status = 200, body = Map<String, Value>, headers(("ETag" = String)))),
)]
pub(super) async fn get_notification_preferences(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Found<Value>, Problem> {
    read(&api, &caller, Which::Notifications).await
}

/// Replaces what the caller wants to be told, and how.
#[utoipa::path(
    put, path = "/v1/users/me/notification-preferences", tag = "Users",
    params(("If-Match" = Option<String>, Header)),
    request_body = Map<String, Value>,
    responses((status = 200, body = Map<String, Value>, headers(("ETag" = String)))),
)]
pub(super) async fn replace_notification_preferences(
    State(api): State<Api>,
    caller: Caller,
    if_match: Option<IfMatch>,
    Body(wanted): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    replace(&api, &caller, if_match.as_ref(), Which::Notifications, wanted).await
}

async fn read(api: &Api, caller: &Caller, which: Which) -> Result<Found<Value>, Problem> {
    let id = caller.user()?;
    caller.require(Action::ViewUser, &MYSELF)?;
    let mut tx = api.records.read().await?;
    let user = tx.user(id).await?.ok_or(NOT_FOUND)?;
    let text = match which {
        Which::General => user.preferences,
        Which::Notifications => user.notification_preferences,
    };
    Ok(Found {
        etag: Some(ETag(user.version)),
        body: serde_json::from_str(&text).unwrap_or_else(|_| Map::new().into()),
    })
}

async fn replace(
    api: &Api,
    caller: &Caller,
    if_match: Option<&IfMatch>,
    which: Which,
    wanted: Map<String, Value>,
) -> Result<Response, Problem> {
    let id = caller.user()?;
    caller.require(Action::UpdateUser, &MYSELF)?;
    if let (Which::General, Some(zone)) = (which, wanted.get("time_zone")) {
        check_zone(zone)?;
    }
    let wanted = Value::Object(wanted);
    let text = wanted.to_string();
    if text.len() > MAX_BYTES {
        return Err(unprocessable(Detail {
            field: String::new(),
            code: "TOO_LONG",
            message: format!("must be at most {MAX_BYTES} bytes of JSON"),
        }));
    }
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let before = tx.user(id).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match, ETag(before.version))?;
    match which {
        Which::General => {
            tx.set_preferences(id, &text, now_ms).await?;
            if zone_of(&before.preferences) != zone_of(&text) {
                tx.forget_reminder_times(id).await?;
            }
        }
        Which::Notifications => tx.set_notification_preferences(id, &text, now_ms).await?,
    }
    let after = tx.user(id).await?.ok_or(NOT_FOUND)?;
    tx.commit().await?;
    let found = Found {
        etag: Some(ETag(after.version)),
        body: wanted,
    };
    Ok(axum::response::IntoResponse::into_response(found))
}

fn check_zone(zone: &Value) -> Result<(), Problem> {
    if zone.as_str().is_some_and(is_zone) {
        return Ok(());
    }
    Err(invalid(
        "time_zone",
        "INVALID_VALUE",
        "must be a time zone of the IANA database, such as Europe/Berlin",
    ))
}
