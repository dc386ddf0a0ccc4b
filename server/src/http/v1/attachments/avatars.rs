//! `POST` and `DELETE /v1/users/me/avatar`, `GET /v1/users/{user_id}/avatar`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::StorageError;
use weft_storage::objects::{ObjectKey, ObjectOwner};
use weft_storage::records::Avatar;

use super::{guarded, kind, storage_problem};
use crate::auth::permission::{Action, Resource, UserRelation, WorkspaceRole};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Found, Id, NoContent, read};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// The largest picture, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

const NOT_A_PICTURE: Problem = Problem::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "NOT_A_PICTURE",
    "a picture is a PNG, JPEG, WebP or GIF",
);

/// A picture of somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Avatar)]
pub(super) struct AvatarView {
    #[schema(max_length = 100)]
    content_type: String,
    #[schema(minimum = 1, maximum = 1_048_576)]
    size_bytes: usize,
    /// Where it can be read.
    #[schema(max_length = 100)]
    path: String,
}

fn key_of(user: Uuid, object: Uuid) -> ObjectKey {
    ObjectKey {
        owner: ObjectOwner::User(user),
        id: object,
    }
}

/// Sets your picture: a PNG, JPEG, WebP or GIF of at most 1 MiB.
#[utoipa::path(
    post, path = "/v1/users/me/avatar", tag = "Users",
    request_body(content(
        (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/gif"),
    )),
    responses((status = 200, body = AvatarView)),
)]
pub(super) async fn set_my_avatar(
    State(api): State<Api>,
    caller: Caller,
    body: Body,
) -> Result<Found<AvatarView>, Problem> {
    let user = caller.user()?;
    caller.require(Action::UpdateUser, &Resource::User(UserRelation::Myself))?;
    let bytes = read::read(body, MAX_BYTES).await?;
    let content_type = kind::picture(&bytes).ok_or(NOT_A_PICTURE)?;
    let size_bytes = bytes.len();
    let avatar = Avatar {
        object: Uuid::now_v7(),
        content_type: content_type.to_owned(),
    };
    let stored = store(&api, key_of(user, avatar.object), bytes).await;
    stored.map_err(|error| storage_problem(&error))?;
    replace(&api, user, Some(&avatar)).await?;
    Ok(Found {
        etag: None,
        body: AvatarView {
            content_type: avatar.content_type,
            size_bytes,
            path: format!("/v1/users/{user}/avatar"),
        },
    })
}

async fn store(api: &Api, key: ObjectKey, bytes: Bytes) -> Result<(), StorageError> {
    let mut upload = api.files.objects.begin(key).await?;
    upload.write(bytes).await?;
    upload.finish().await.map(drop)
}

/// Sets or takes away somebody's picture; the one before is removed, or swept if that fails.
async fn replace(api: &Api, user: Uuid, avatar: Option<&Avatar>) -> Result<(), Problem> {
    let mut tx = api.records.write().await?;
    let before = tx.avatar(user).await?;
    if !tx.set_avatar(user, avatar, api.clock.now_ms()).await? {
        return Err(NOT_FOUND);
    }
    tx.commit().await?;
    if let Some(before) = before
        && let Err(error) = api.files.objects.remove(key_of(user, before.object)).await
    {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a picture remains to be swept"
        );
    }
    Ok(())
}

/// Takes your picture away.
#[utoipa::path(
    delete, path = "/v1/users/me/avatar", tag = "Users",
    responses((status = 204, description = "You have none")),
)]
pub(super) async fn remove_my_avatar(State(api): State<Api>, caller: Caller) -> Result<NoContent, Problem> {
    let user = caller.user()?;
    caller.require(Action::UpdateUser, &Resource::User(UserRelation::Myself))?;
    replace(&api, user, None).await?;
    Ok(NoContent)
}

/// Reads somebody's picture: your own, or a colleague's.
#[utoipa::path(
    get, path = "/v1/users/{user_id}/avatar", tag = "Users",
    params(("user_id" = Uuid, Path)),
    responses((status = 200, content(
        (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/gif"),
    ))),
)]
pub(super) async fn get_avatar(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Problem> {
    let user = caller.user()?;
    let mut tx = api.records.read().await?;
    let relation = if user == id {
        UserRelation::Myself
    } else {
        let shared = tx.shared_workspaces(user, id).await?;
        let lists_members = |role: &str| {
            role.parse()
                .is_ok_and(|role: WorkspaceRole| role > WorkspaceRole::Guest)
        };
        if shared.iter().any(|(_, role)| lists_members(role)) {
            UserRelation::Colleague
        } else {
            UserRelation::Stranger
        }
    };
    caller.require(Action::ViewUser, &Resource::User(relation))?;
    let avatar = tx.avatar(id).await?.ok_or(NOT_FOUND)?;
    drop(tx);
    let opened = api.files.objects.open(key_of(id, avatar.object)).await;
    let reader = opened
        .map_err(|error| storage_problem(&error))?
        .ok_or(NOT_FOUND)?;
    let mut response = Body::from_stream(reader.bytes).into_response();
    let headers = response.headers_mut();
    headers.extend(guarded(&avatar.content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(reader.size_bytes));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    Ok(response)
}
