//! `/v1/comments/{comment_id}/reactions`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use weft_storage::records::Reaction;

use super::emoji::{self, ReactionPath};
use super::gate;
use super::read::shown;
use super::shapes::{CommentView, ReactionView};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Filters, Found, Id, Line, List, Listing, NoContent};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, part, total};

/// How many different emoji one comment takes.
const MAX_EMOJI: usize = 20;

const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_REACTIONS",
    "the comment has 20 different reactions: use one of them",
);

/// Which reactions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ReactionFilters {
    /// Only those that show this emoji.
    #[param(value_type = Option<String>, min_length = 1, max_length = 64)]
    emoji: Option<Line<64>>,
}

impl Filters for ReactionFilters {
    const SORTS: &'static [&'static str] = &["emoji"];
}

/// Lists who reacted to a comment with what.
#[utoipa::path(
    get, path = "/v1/comments/{comment_id}/reactions", tag = "Comments",
    params(("comment_id" = Uuid, Path), Listing<ReactionFilters>),
    responses((status = 200, body = List<ReactionView>)),
)]
pub(super) async fn list_comment_reactions(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<ReactionFilters>,
) -> Result<List<ReactionView>, Problem> {
    let mut tx = api.records.read().await?;
    let found = gate::find(&mut tx, &caller, id, Action::ReadContent, api.clock.now_ms()).await?;
    // What is no emoji nobody has shown.
    let emoji = listing.filters.emoji.as_deref();
    let emoji = emoji.map(|text| emoji::parse(text).unwrap_or_default());
    let part = part(&listing, id)?;
    let mut tenant = tx.workspace(found.comment.workspace).await?;
    let rows = tenant.reactions(id, emoji, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_reactions(id, emoji).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    let key = |row: &Reaction| Key::Text(row.emoji.clone(), row.user_id);
    Ok(listing.walked(id, rows, key, |row| (&row).into()))
}

/// Reacts to a comment with an emoji.
#[utoipa::path(
    put, path = "/v1/comments/{comment_id}/reactions/{emoji}", tag = "Comments",
    params(
        ("comment_id" = Uuid, Path),
        ("emoji" = String, Path, description = "One emoji, or its short name", min_length = 1, max_length = 64),
    ),
    responses(
        (status = 200, body = CommentView),
        (status = 409, description = "It has too many different reactions"),
        (status = 422, description = "It is no emoji"),
    ),
)]
pub(super) async fn put_comment_reaction(
    State(api): State<Api>,
    caller: Caller,
    path: ReactionPath,
) -> Result<Found<CommentView>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let action = Action::CommentDocument;
    let found = gate::find_living(&mut tx, &caller, path.comment, action, now_ms).await?;
    let (user, emoji) = (caller.user()?, path.emoji()?);
    let mut tenant = tx.workspace(found.comment.workspace).await?;
    let there = tenant.reactions_to(path.comment, Some(user)).await?;
    if there.len() >= MAX_EMOJI && there.iter().all(|count| count.emoji != emoji) {
        return Err(TOO_MANY);
    }
    tenant.react(path.comment, emoji, user, now_ms).await?;
    let mut answer = shown(&mut tenant, &caller, &found.comment).await?;
    answer.etag = None;
    tx.commit().await?;
    Ok(answer)
}

/// Takes your reaction back.
#[utoipa::path(
    delete, path = "/v1/comments/{comment_id}/reactions/{emoji}", tag = "Comments",
    params(
        ("comment_id" = Uuid, Path),
        ("emoji" = String, Path, description = "One emoji, or its short name", min_length = 1, max_length = 64),
    ),
    responses(
        (status = 204, description = "You show it no longer"),
        (status = 422, description = "It is no emoji"),
    ),
)]
pub(super) async fn remove_comment_reaction(
    State(api): State<Api>,
    caller: Caller,
    path: ReactionPath,
) -> Result<NoContent, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let action = Action::CommentDocument;
    let found = gate::find_living(&mut tx, &caller, path.comment, action, now_ms).await?;
    let (user, emoji) = (caller.user()?, path.emoji()?);
    let mut tenant = tx.workspace(found.comment.workspace).await?;
    tenant.unreact(path.comment, emoji, user).await?;
    tx.commit().await?;
    Ok(NoContent)
}
