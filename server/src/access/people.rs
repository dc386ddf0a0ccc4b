//! Who may see something, asked about others than the one who asks: only somebody who sees a board can be put to work
//! on it.

use uuid::Uuid;
use weft_storage::records::{DocumentStanding, Onlooker, RecordError, Tenant, Tx};

use super::facts::role;
use crate::auth::permission::{Facts, effective_project_role, effective_role};

/// Whether the account `user` sees the document `id` at `now_ms`.
///
/// # Errors
/// A failure of the database.
pub(crate) async fn sees_document(
    tx: &mut Tx,
    id: Uuid,
    user: Uuid,
    now_ms: i64,
) -> Result<bool, RecordError> {
    let who = Onlooker {
        user: Some(user),
        link: None,
        now_ms,
    };
    let standing = tx.document_standing(id, who).await?;
    Ok(standing.is_some_and(|standing| effective_role(&of_account(&standing)).is_some()))
}

fn of_account(standing: &DocumentStanding) -> Facts {
    Facts {
        workspace: role(standing.workspace_role.as_deref()),
        team: role(standing.team_role.as_deref()),
        project: role(standing.project_role.as_deref()),
        share: role(standing.share_role.as_deref()),
        ..Facts::stranger(standing.document.workspace.0)
    }
}

/// Whether the account `user` sees what is made in `project`.
///
/// # Errors
/// A failure of the database.
pub(crate) async fn sees_project(
    tenant: &mut Tenant<'_>,
    project: Uuid,
    user: Uuid,
) -> Result<bool, RecordError> {
    let workspace = tenant.id();
    let standing = tenant.project_standing(Some(user), project).await?;
    Ok(standing.is_some_and(|standing| {
        let facts = Facts {
            workspace: role(standing.workspace_role.as_deref()),
            team: role(standing.team_role.as_deref()),
            project: role(standing.project_role.as_deref()),
            ..Facts::stranger(workspace.0)
        };
        effective_project_role(&facts).is_some()
    }))
}
