//! Which boards of a commit there are, which projects they belong to, and what becomes of their seeds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use uuid::Uuid;

use super::connection::{Connection, Keyed};
use super::fold::{BoardKey, Changes};
use crate::model::WorkspaceId;

/// What the rows of a board must be told about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its project now. It stays so until the commit: whoever moves the board waits.
    pub(super) project: Uuid,
    has_seed: bool,
}

/// The boards that there are.
pub(super) type Places = BTreeMap<BoardKey, Place>;

static FIND: LazyLock<Keyed> = LazyLock::new(|| {
    Keyed::locking(
        "SELECT d.id, d.workspace_id, d.project_id, (SELECT count(*) FROM board_seeds s \
         WHERE s.workspace_id = d.workspace_id AND s.document_id = d.id) AS seeds \
         FROM project_documents d",
        &["d.id"],
        " ORDER BY d.id",
        " FOR SHARE OF d",
    )
});

static DELETE_SEEDS: LazyLock<Keyed> =
    LazyLock::new(|| Keyed::new("DELETE FROM board_seeds", &["workspace_id", "document_id"], ""));

/// Finds the boards of `changes`; what is said about others is forgotten.
pub(super) async fn find(
    connection: &mut Connection<'_>,
    changes: &mut Changes<'_>,
) -> Result<Places, sqlx::Error> {
    let mut ids: Vec<Uuid> = changes.boards.keys().map(|key| key.board).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = connection
        .rows_keyed(&FIND, &ids, |id, values| values.push((*id).into()))
        .await?;
    let mut places = Places::new();
    for row in &rows {
        let key = BoardKey {
            workspace: WorkspaceId(row.try_get("workspace_id")?),
            board: row.try_get("id")?,
        };
        let place = Place {
            project: row.try_get("project_id")?,
            has_seed: row.try_get::<i64>("seeds")? > 0,
        };
        places.insert(key, place);
    }
    changes.boards.retain(|key, _| places.contains_key(key));
    changes.events.retain(|(key, _)| places.contains_key(key));
    Ok(places)
}

/// Removes the seeds of boards that have been edited.
pub(super) async fn remove_seeds(
    connection: &mut Connection<'_>,
    changes: &Changes<'_>,
    places: &Places,
) -> Result<(), sqlx::Error> {
    let sprouted: Vec<BoardKey> = changes
        .boards
        .iter()
        .filter(|(key, change)| change.grows && places.get(key).is_some_and(|place| place.has_seed))
        .map(|(key, _)| *key)
        .collect();
    connection
        .execute_keyed(&DELETE_SEEDS, &sprouted, |key, values| {
            values.extend([key.workspace.0.into(), key.board.into()]);
        })
        .await
        .map(|_| ())
}
