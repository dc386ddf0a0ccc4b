//! `GET`, `PUT` and `PATCH /v1/users/me`.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use weft_storage::records::{Tx, User, UserProfile};

use super::shapes::{UserView, check_username};
use crate::auth::permission::{Action, Resource, UserRelation};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Change, Clearable, ETag, Found, IfMatch, IfNoneMatch, Line, MergePatch, Once};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

const MYSELF: Resource = Resource::User(UserRelation::Myself);

/// Reads the caller's own account.
#[utoipa::path(
    get, path = "/v1/users/me", tag = "Users",
    params(("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = UserView, headers(("ETag" = String))),
        (status = 304, description = "The caller has this version"),
    ),
)]
pub(super) async fn get_me(
    State(api): State<Api>,
    caller: Caller,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let id = caller.user()?;
    caller.require(Action::ViewUser, &MYSELF)?;
    let mut tx = api.records.read().await?;
    let user = tx.user(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(user.version)),
        body: UserView::from(user),
    };
    Ok(found.unless(&known))
}

/// What people write about themselves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Profile)]
pub(super) struct ProfileForm {
    first_name: Line<100>,
    last_name: Line<100>,
    /// A name that others may find the account by.
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$")]
    username: Option<String>,
    phone_number: Option<Line<30>>,
}

/// What shall change of a profile.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProfilePatch {
    pub(super) first_name: Change<Line<100>>,
    pub(super) last_name: Change<Line<100>>,
    #[schema(value_type = Option<String>, min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$")]
    pub(super) username: Clearable<Line<50>>,
    pub(super) phone_number: Clearable<Line<30>>,
}

/// A profile as it shall be.
pub(super) struct Profile {
    first_name: String,
    last_name: String,
    username: Option<String>,
    username_key: Option<String>,
    phone_number: Option<String>,
}

impl Profile {
    /// As it is.
    pub(super) fn of(user: &User) -> Self {
        Self {
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            username: user.username.clone(),
            username_key: None,
            phone_number: user.phone_number.clone(),
        }
    }

    /// Changed as `patch` says.
    ///
    /// # Errors
    /// 422.
    pub(super) fn patched(mut self, patch: ProfilePatch) -> Result<Self, Problem> {
        if let Change::Set(name) = patch.first_name {
            self.first_name = name.into_string();
        }
        if let Change::Set(name) = patch.last_name {
            self.last_name = name.into_string();
        }
        if let Some(username) = patch.username.into_option() {
            self.username = username.map(Line::into_string);
            self.username.as_deref().map_or(Ok(()), check_username)?;
        }
        if let Some(number) = patch.phone_number.into_option() {
            self.phone_number = number.map(Line::into_string);
        }
        Ok(self)
    }

    /// The name that others may find the account by.
    pub(super) fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// For the records.
    pub(super) fn row(&mut self) -> UserProfile<'_> {
        self.username_key = self.username.as_ref().map(|name| name.to_lowercase());
        UserProfile {
            first_name: &self.first_name,
            last_name: &self.last_name,
            username: self.username.as_deref().zip(self.username_key.as_deref()),
            phone_number: self.phone_number.as_deref(),
        }
    }
}

/// Replaces what the caller writes about themselves.
#[utoipa::path(
    put, path = "/v1/users/me", tag = "Users",
    params(("If-Match" = Option<String>, Header)),
    request_body = ProfileForm,
    responses(
        (status = 200, body = UserView, headers(("ETag" = String))),
        (status = 409, description = "Somebody has this username"),
    ),
)]
pub(super) async fn replace_me(
    State(api): State<Api>,
    caller: Caller,
    if_match: Option<IfMatch>,
    Body(form): Body<ProfileForm>,
) -> Result<Response, Problem> {
    form.username.as_deref().map_or(Ok(()), check_username)?;
    change(&api, &caller, if_match.as_ref(), &Once::default(), |_| {
        Ok(Profile {
            first_name: form.first_name.into_string(),
            last_name: form.last_name.into_string(),
            username: form.username,
            username_key: None,
            phone_number: form.phone_number.map(Line::into_string),
        })
    })
    .await
}

/// Changes what the caller writes about themselves.
#[utoipa::path(
    patch, path = "/v1/users/me", tag = "Users",
    params(("If-Match" = Option<String>, Header)),
    request_body(content = ProfilePatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = UserView, headers(("ETag" = String))),
        (status = 409, description = "Somebody has this username"),
    ),
)]
pub(super) async fn change_me(
    State(api): State<Api>,
    caller: Caller,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<ProfilePatch>,
) -> Result<Response, Problem> {
    change(&api, &caller, if_match.as_ref(), &once, |user| {
        Profile::of(user).patched(patch)
    })
    .await
}

async fn change(
    api: &Api,
    caller: &Caller,
    if_match: Option<&IfMatch>,
    once: &Once,
    wanted: impl FnOnce(&User) -> Result<Profile, Problem>,
) -> Result<Response, Problem> {
    let id = caller.user()?;
    caller.require(Action::UpdateUser, &MYSELF)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let before = tx.user(id).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match, ETag(before.version))?;
    let mut profile = wanted(&before)?;
    check_free(&mut tx, &before, profile.username.as_deref()).await?;
    tx.change_profile(id, before.version, profile.row(), now_ms)
        .await?;
    let after = tx.user(id).await?.ok_or(NOT_FOUND)?;
    let found = Found {
        etag: Some(ETag(after.version)),
        body: UserView::from(after),
    };
    let answer = once.finish(&mut tx, &caller.0, found).await?;
    tx.commit().await?;
    Ok(answer)
}

/// A name belongs to one account.
pub(super) async fn check_free(tx: &mut Tx, user: &User, username: Option<&str>) -> Result<(), Problem> {
    let Some(username) = username else {
        return Ok(());
    };
    let other = tx.user_by_username(&username.to_lowercase()).await?;
    if other.is_none_or(|other| other.id == user.id) {
        return Ok(());
    }
    Err(Problem::new(
        axum::http::StatusCode::CONFLICT,
        "USERNAME_TAKEN",
        "there is an account with this username",
    ))
}
