//! Writes the rows of columns, lanes, labels and custom fields, and of relations between cards.

use std::sync::LazyLock;

use super::connection::{Connection, Keyed};
use super::fold::Changes;
use super::tasks::all;
use super::text::{clean, title_key};
use crate::pieces::Family;

static UPSERT_ENTRIES: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO board_entries (workspace_id, board_id, kind, entry_id, position, name, name_key, category, \
         view) VALUES ",
        "(?,?,?,?,?,?,?,?,?)",
        " ON CONFLICT (workspace_id, board_id, kind, entry_id) DO UPDATE SET position = excluded.position, \
         name = excluded.name, name_key = excluded.name_key, category = excluded.category, view = excluded.view \
         WHERE board_entries.position <> excluded.position OR board_entries.name <> excluded.name \
         OR board_entries.category <> excluded.category OR board_entries.view <> excluded.view",
    )
});

static DELETE_ENTRIES: LazyLock<Keyed> = LazyLock::new(|| {
    let key = ["workspace_id", "board_id", "kind", "entry_id"];
    Keyed::new("DELETE FROM board_entries", &key, "")
});

static UPSERT_LINKS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO task_links (workspace_id, board_id, from_card, kind, to_card, cyclic) VALUES ",
        "(?,?,?,?,?,?)",
        " ON CONFLICT (workspace_id, board_id, from_card, kind, to_card) DO UPDATE SET cyclic = excluded.cyclic \
         WHERE task_links.cyclic <> excluded.cyclic",
    )
});

static DELETE_LINKS: LazyLock<Keyed> = LazyLock::new(|| {
    let key = ["workspace_id", "board_id", "from_card", "kind", "to_card"];
    Keyed::new("DELETE FROM task_links", &key, "")
});

/// Writes the entries of `changes`; how many were new or different, and how many are gone.
pub(super) async fn write_entries(
    connection: &mut Connection<'_>,
    changes: &Changes<'_>,
) -> Result<(u64, u64), sqlx::Error> {
    let gone = all(changes, |change| change.gone_entries.iter().copied());
    let gone = connection
        .execute_keyed(&DELETE_ENTRIES, &gone, |(key, (kind, id)), values| {
            values.extend([
                key.workspace.0.into(),
                key.board.into(),
                kind.as_str().into(),
                (*id).into(),
            ]);
        })
        .await?;
    let entries = all(changes, |change| change.entries.values().copied());
    let changed = connection
        .execute_all(&UPSERT_ENTRIES, &entries, |(key, row), values| {
            values.extend([
                key.workspace.0.into(),
                key.board.into(),
                row.kind.as_str().into(),
                row.id.as_str().into(),
                row.position.into(),
                clean(&row.name).into(),
                title_key(&row.name).into(),
                row.category.into(),
                clean(&row.view).into(),
            ]);
        })
        .await?;
    Ok((changed, gone))
}

/// Writes the links of `changes`; how many were new or different, and how many are gone.
pub(super) async fn write_links(
    connection: &mut Connection<'_>,
    changes: &Changes<'_>,
) -> Result<(u64, u64), sqlx::Error> {
    let gone = all(changes, |change| change.gone_links.iter().copied());
    let gone = connection
        .execute_keyed(&DELETE_LINKS, &gone, |(key, (from, kind, to)), values| {
            values.extend([key.workspace.0.into(), key.board.into()]);
            values.extend([(*from).into(), (*kind).into(), (*to).into()]);
        })
        .await?;
    let links = all(changes, |change| change.links.values().copied());
    let changed = connection
        .execute_all(&UPSERT_LINKS, &links, |(key, row), values| {
            values.extend([
                key.workspace.0.into(),
                key.board.into(),
                row.from.as_str().into(),
                row.kind.into(),
                row.to.as_str().into(),
                row.cyclic.into(),
            ]);
        })
        .await?;
    Ok((changed, gone))
}
