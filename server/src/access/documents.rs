//! What connects somebody with a document: the one place where permission's facts about documents come from, for REST
//! and for sockets.
//!
//! Invariant: a token or a link gives what it gives now. A link's role is read from its row each time, and what somebody
//! minted never gives more than they have themselves at this moment.

use std::str::FromStr;

use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{DocumentRow, DocumentStanding, Onlooker, RecordError, Tx};

use super::Identity;
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
        user: identity.user().or(identity.basis.user),
        link: identity.basis.link,
        now_ms,
    };
    let standing = tx.document_standing(id, who).await?;
    Ok(standing.map(|standing| {
        let facts = facts(identity, &standing);
        (standing.document.workspace, standing.document, facts)
    }))
}

/// Permission's facts about a document, from what was read for the account of `identity`.
pub fn facts(identity: &Identity, standing: &DocumentStanding) -> Facts {
    let of_account = Facts {
        workspace_id: standing.document.workspace.0,
        workspace: role(standing.workspace_role.as_deref()),
        team: role(standing.team_role.as_deref()),
        project: role(standing.project_role.as_deref()),
        share: role(standing.share_role.as_deref()),
        bearer: None,
        state: state(standing),
    };
    let Some(bearer) = identity.bearer else {
        return if identity.user().is_some() {
            of_account
        } else {
            stranger(&of_account)
        };
    };
    let is_for_this =
        bearer.workspace == standing.document.workspace && bearer.document == standing.document.id;
    let limit = match (identity.basis.link, identity.basis.user) {
        (Some(_), _) => role(standing.link_role.as_deref()),
        (None, Some(_)) => effective_role(&of_account),
        // An application's own client vouches for it.
        (None, None) => Some(DocumentRole::Editor),
    };
    let given = limit.filter(|_| is_for_this).map(|limit| limit.min(bearer.role));
    let own = if identity.user().is_some() {
        of_account
    } else {
        stranger(&of_account)
    };
    Facts { bearer: given, ..own }
}

/// Nothing but the document connects them.
fn stranger(facts: &Facts) -> Facts {
    Facts {
        state: facts.state,
        ..Facts::stranger(facts.workspace_id)
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

/// A role that this program does not know gives nothing.
fn role<T: FromStr>(name: Option<&str>) -> Option<T> {
    name.and_then(|name| name.parse().ok())
}
