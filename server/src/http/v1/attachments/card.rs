//! Files of tasks are noted in the cards of these, where live clients see them.
//!
//! The row comes first when a file is attached, and goes last when it is removed: a card never names a file for long that
//! nobody can read.

use uuid::Uuid;
use weft_protocol::board::raw::RawFile;
use weft_protocol::board::{CardId, ChangeError, FileId};
use weft_storage::records::Attachment;

use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::v1::Api;
use crate::http::v1::boards::edit::{SMALL, Stop, edit};
use crate::http::v1::caller::Caller;
use crate::http::v1::tasks::gate;

/// The longest name of a file in a document, in characters.
const MAX_NAME_CHARS: usize = 100;

/// Notes a file in the card of its task, if it has one.
///
/// # Errors
/// 404 if the card is gone, 409 if it has too many files; 503.
pub(super) async fn note(api: &Api, caller: &Caller, attachment: &Attachment) -> Result<(), Problem> {
    let file = RawFile {
        name: attachment.name.chars().take(MAX_NAME_CHARS).collect(),
        size: u64::try_from(attachment.size_bytes).ok(),
        mime: Some(attachment.content_type.clone()),
    };
    change(api, caller, attachment, move |editor, card, id| {
        editor.attach(card, id, &file)
    })
    .await
}

/// Takes the note of a file out of the card of its task. A card that is gone needs none.
///
/// # Errors
/// 503.
pub(super) async fn forget(api: &Api, caller: &Caller, attachment: &Attachment) -> Result<(), Problem> {
    change(api, caller, attachment, |editor, card, id| {
        match editor.detach(card, id) {
            Err(ChangeError::NotFound { .. }) => Ok(()),
            other => other,
        }
    })
    .await
}

async fn change(
    api: &Api,
    caller: &Caller,
    attachment: &Attachment,
    change: impl Fn(&mut weft_protocol::board::Editor<'_, '_>, &CardId, &FileId) -> Result<(), ChangeError>
    + Send
    + Sync
    + 'static,
) -> Result<(), Problem> {
    let Some(task) = attachment.task_id else {
        return Ok(());
    };
    let id = file_id(attachment.id)?;
    let mut tx = api.records.read().await?;
    let opened = gate::open(&mut tx, caller, task, Action::UpdateDocument, api.clock.now_ms()).await?;
    drop(tx);
    let card = opened.card;
    edit(api, caller, &opened.board, SMALL, move |editor| {
        change(editor, &card, &id).map_err(Stop::from)
    })
    .await
}

/// How a document names a file.
fn file_id(id: Uuid) -> Result<FileId, Problem> {
    // The text of an id is an id.
    FileId::parse(&id.to_string()).map_err(|_| Problem::INTERNAL)
}
