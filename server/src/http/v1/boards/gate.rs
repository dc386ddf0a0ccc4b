//! Permission for boards: that for documents, of those that are boards.
//!
//! Invariant: a document that is no board answers here as if there were none.

use uuid::Uuid;
use weft_protocol::id::DocumentName;
use weft_storage::WorkspaceId;
use weft_storage::records::{DocumentRow, Tx};

use crate::auth::permission::{Action, DocumentRole, WorkspaceRole};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::gate::{self, Opened};

/// What the rows of documents call a board.
pub(in crate::http::v1) const KIND: &str = "board";

/// A board that somebody may do something to.
#[derive(Debug)]
pub(in crate::http::v1) struct Board(Opened);

impl Board {
    /// Its id.
    pub(in crate::http::v1) fn id(&self) -> Uuid {
        self.0.document.id
    }

    /// Its workspace.
    pub(in crate::http::v1) fn workspace(&self) -> WorkspaceId {
        self.0.workspace
    }

    /// Its row.
    pub(in crate::http::v1) fn document(&self) -> &DocumentRow {
        &self.0.document
    }

    /// The name of its room.
    ///
    /// # Errors
    /// Never: the text of an id is a name.
    pub(in crate::http::v1) fn name(&self) -> Result<DocumentName, Problem> {
        self.0.name()
    }

    /// The caller's role in its workspace.
    pub(in crate::http::v1) fn workspace_role(&self) -> Option<WorkspaceRole> {
        self.0.facts.workspace
    }

    /// The caller's role for it.
    pub(in crate::http::v1) fn role(&self) -> Option<DocumentRole> {
        self.0.role()
    }
}

/// Finds the board `id` for `action`, which is one on documents.
///
/// # Errors
/// 401, 403, 404; 409 if only its state stands in the way.
pub(in crate::http::v1) async fn open(
    tx: &mut Tx,
    caller: &Caller,
    id: Uuid,
    action: Action,
    now_ms: i64,
) -> Result<Board, Problem> {
    let opened = gate::open(tx, caller, id, action, now_ms).await?;
    if opened.document.kind == KIND {
        Ok(Board(opened))
    } else {
        Err(NOT_FOUND)
    }
}

/// The same in a transaction of its own, for those who ask a room afterwards.
///
/// # Errors
/// As [`open`]; 503.
pub(in crate::http::v1) async fn find(
    api: &Api,
    caller: &Caller,
    id: Uuid,
    action: Action,
) -> Result<Board, Problem> {
    let mut tx = api.records.read().await?;
    open(&mut tx, caller, id, action, api.clock.now_ms()).await
}
