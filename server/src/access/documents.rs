//! What connects somebody with a document: the one place where permission's facts about documents come from, for REST
//! and for sockets.
//!
//! Invariant: a token or a link gives what it gives now. A link's role is read from its row each time, and what somebody
//! minted never gives more than they have themselves at this moment.

use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{DocumentRow, DocumentStanding, Onlooker, RecordError, Tx};

use super::Identity;
use super::facts::{of_client, role};
use crate::auth::permission::{ContentState, DocumentRole, Facts, effective_role};

/// The document `id`, the workspace it belongs to, and what connects `identity` with it now; `None` if there is no such
/// document of a project. Whether they may see it is for `permission::may` to say.
///
/// # Errors
/// A failure of the database.
pub async fn document_facts(
    tx: &mut Tx,
    identity: &Identity,
    id: Uuid,
    now_ms: i64,
) -> Result<Option<(WorkspaceId, DocumentRow, Facts)>, RecordError> {
    let who = Onlooker {
        // Whoever bears a token that somebody minted looks through their eyes.
        user: identity.basis.user.or(identity.user()),
        link: identity.basis.link,
        now_ms,
    };
    let standing = tx.document_standing(id, who).await?;
    Ok(standing.map(|standing| {
        let facts = facts(identity, &standing);
        (standing.document.workspace, standing.document, facts)
    }))
}

/// Permission's facts about a document, from what was read for the account and the link that `identity` rests on.
pub fn facts(identity: &Identity, standing: &DocumentStanding) -> Facts {
    let workspace = standing.document.workspace;
    let stranger = Facts {
        state: state(standing),
        ..Facts::stranger(workspace.0)
    };
    let of_account = Facts {
        workspace: role(standing.workspace_role.as_deref()).or_else(|| of_client(identity, workspace)),
        team: role(standing.team_role.as_deref()),
        project: role(standing.project_role.as_deref()),
        share: role(standing.share_role.as_deref()),
        ..stranger
    };
    let Some(bearer) = identity.bearer else {
        return of_account;
    };
    // Whoever bears a token acts for nobody here: what its minter has is only how far it can reach.
    let limit = if identity.basis.link.is_some() {
        role(standing.link_role.as_deref())
    } else if identity.basis.user.is_some() {
        effective_role(&of_account)
    } else {
        Some(DocumentRole::Editor)
    };
    let is_for_this = bearer.workspace == workspace && bearer.document == standing.document.id;
    Facts {
        bearer: limit.filter(|_| is_for_this).map(|limit| limit.min(bearer.role)),
        ..stranger
    }
}

/// A document is in the trash or archived with its project.
fn state(standing: &DocumentStanding) -> ContentState {
    let document = &standing.document;
    if document.deleted_at_ms.is_some() || standing.project_deleted_at_ms.is_some() {
        ContentState::Trashed
    } else if document.archived_at_ms.is_some() || standing.project_status == "archived" {
        ContentState::Archived
    } else {
        ContentState::Live
    }
}
