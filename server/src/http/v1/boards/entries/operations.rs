//! What can be done with everything that stands in a list of a board.

use axum::extract::Path;
use axum::response::Response;
use uuid::Uuid;
use weft_protocol::board::change::Entry;
use weft_protocol::board::id::Id;
use weft_protocol::board::{ChangeError, Editor};
use weft_storage::EntryRow;

use super::views::{Listed, NoFilters, etag};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Created, Found, IfMatch, IfNoneMatch, List, Listing, NoContent, Once, path};
use crate::http::v1::boards::edit::{SMALL, Stop, edit};
use crate::http::v1::boards::gate::{self, Board};
use crate::http::v1::caller::Caller;
use crate::http::v1::{Api, kept, short_list};
use crate::rooms::EditError;

/// A board and something on it, as an address names them.
///
/// # Errors
/// 404 if one of the two can name nothing.
pub(super) fn address<K>(Path((board, entry)): &Path<(String, String)>) -> Result<(Uuid, Id<K>), Problem> {
    Ok((path::parse(board)?, Id::parse(entry).map_err(|_| NOT_FOUND)?))
}

/// A row as it is answered.
fn found<K: Listed>(board: Uuid, row: &EntryRow) -> Result<Found<K::View>, Problem> {
    Ok(Found {
        etag: Some(etag(row.position, &row.view)),
        body: K::view(board, row).ok_or(Problem::INTERNAL)?,
    })
}

async fn row<K: Listed>(api: &Api, board: &Board, id: &Id<K>) -> Result<EntryRow, Problem> {
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(board.workspace()).await?;
    let row = tenant.board_entry(board.id(), K::KIND, id.as_str()).await?;
    row.ok_or(NOT_FOUND)
}

/// Lists what stands in a list.
///
/// # Errors
/// 400, 401, 403, 404.
pub(super) async fn list<K: Listed>(
    api: &Api,
    caller: &Caller,
    board: Uuid,
    listing: &Listing<NoFilters>,
) -> Result<List<K::View>, Problem> {
    let board = gate::find(api, caller, board, Action::ReadContent).await?;
    let mut tx = api.records.read().await?;
    let mut tenant = tx.workspace(board.workspace()).await?;
    let mut shown = Vec::new();
    for row in tenant.board_entries(board.id(), Some(K::KIND)).await? {
        let view = K::view(board.id(), &row).ok_or(Problem::INTERNAL)?;
        shown.push((row.id, view));
    }
    short_list::cut(listing, board.id(), shown, |(id, _)| id.clone(), |(_, view)| view)
}

/// Reads an entry.
///
/// # Errors
/// 401, 403, 404.
pub(super) async fn get<K: Listed>(
    api: &Api,
    caller: &Caller,
    ids: &Path<(String, String)>,
    known: &IfNoneMatch,
) -> Result<Response, Problem> {
    let (board, id) = address::<K>(ids)?;
    let board = gate::find(api, caller, board, Action::ReadContent).await?;
    let row = row(api, &board, &id).await?;
    Ok(found::<K>(board.id(), &row)?.unless(known))
}

/// Makes an entry: `make` does, under the id that it is given. `place` is what addresses call its list.
///
/// # Errors
/// 401, 403, 404, 409, 422.
pub(super) async fn create<K: Listed + 'static>(
    api: &Api,
    caller: &Caller,
    once: &Once,
    (board, place): (Uuid, &str),
    make: impl FnOnce(&mut Editor<'_, '_>, Id<K>) -> Result<(), Stop> + Send + Sync + 'static,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(api, caller, once).await? {
        return Ok(answer);
    }
    let board = gate::find(api, caller, board, Action::EditContent).await?;
    let keyed = once.id(&caller.0, 0);
    let id: Id<K> = Id::of_uuid(keyed.unwrap_or_else(Uuid::now_v7).into_bytes());
    let new = id.clone();
    edit(api, caller, &board, SMALL, move |editor| {
        match make(editor, new) {
            // It was made when this request came before, and its answer was lost.
            Err(Stop::Edit(EditError::Change(ChangeError::Exists { .. }))) if keyed.is_some() => Ok(()),
            made => made,
        }
    })
    .await?;
    let row = row(api, &board, &id).await?;
    let Found { etag, body } = found::<K>(board.id(), &row)?;
    let location = format!("/v1/boards/{}/{place}/{id}", board.id());
    kept::keep(api, caller, once, Created { location, etag, body }).await
}

/// Changes an entry: `work` does, if the condition holds.
///
/// # Errors
/// 401, 403, 404, 409, 412, 422.
pub(super) async fn change<K: Listed + 'static>(
    api: &Api,
    caller: &Caller,
    ids: &Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: &Once,
    work: impl FnOnce(&mut Editor<'_, '_>, &Id<K>) -> Result<(), Stop> + Send + Sync + 'static,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(api, caller, once).await? {
        return Ok(answer);
    }
    let (board, id) = address::<K>(ids)?;
    let board = gate::find(api, caller, board, Action::EditContent).await?;
    let entry = id.clone();
    edit(api, caller, &board, SMALL, move |editor| {
        check::<K>(editor, &entry, if_match.as_ref())?;
        work(editor, &entry)
    })
    .await?;
    let row = row(api, &board, &id).await?;
    kept::keep(api, caller, once, found::<K>(board.id(), &row)?).await
}

/// Lets changes through of what is there and as the condition wants it.
///
/// # Errors
/// 404, 412.
pub(super) fn check<K: Listed>(
    editor: &mut Editor<'_, '_>,
    id: &Id<K>,
    if_match: Option<&IfMatch>,
) -> Result<(), Problem> {
    let (at, view) = K::shown(&editor.board().view, id.as_str()).ok_or(NOT_FOUND)?;
    let position = i64::try_from(at).unwrap_or(i64::MAX);
    IfMatch::check_if_given(if_match, etag(position, &view))
}

/// Deletes an entry. What refers to it shows nothing until it is restored.
///
/// # Errors
/// 401, 403, 404, 409, 412.
pub(super) async fn remove<K: Listed + Entry + 'static>(
    api: &Api,
    caller: &Caller,
    ids: &Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let (board, id) = address::<K>(ids)?;
    let board = gate::find(api, caller, board, Action::EditContent).await?;
    edit(api, caller, &board, SMALL, move |editor| {
        check::<K>(editor, &id, if_match.as_ref())?;
        Ok(editor.delete(&id)?)
    })
    .await?;
    Ok(NoContent)
}

/// Gets an entry back that was deleted; one that is there is left alone.
///
/// # Errors
/// 401, 403, 404, 409.
pub(super) async fn restore<K: Listed + Entry + 'static>(
    api: &Api,
    caller: &Caller,
    ids: &Path<(String, String)>,
    once: &Once,
) -> Result<Response, Problem> {
    if let Some(answer) = kept::answered(api, caller, once).await? {
        return Ok(answer);
    }
    let (board, id) = address::<K>(ids)?;
    let board = gate::find(api, caller, board, Action::EditContent).await?;
    let entry = id.clone();
    edit(api, caller, &board, SMALL, move |editor| {
        match editor.restore(&entry) {
            // What the address names, not a member of the request.
            Err(ChangeError::NotFound { .. }) => Err(NOT_FOUND.into()),
            restored => Ok(restored?),
        }
    })
    .await?;
    let row = row(api, &board, &id).await?;
    kept::keep(api, caller, once, found::<K>(board.id(), &row)?).await
}
