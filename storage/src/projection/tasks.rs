//! Writes the rows of tasks, and by whom they are found.
//!
//! Invariant: a row that is equal is not touched: its version and its time stay. What a task is known by is written once,
//! with the row.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::TaskRow;
use super::connection::{Connection, Keyed};
use super::fold::{BoardKey, Changes};
use super::identities::{Identities, Identity};
use super::text::{clean, sound, title_key};
use crate::model::WorkspaceId;
use crate::pieces::Family;
use crate::records::value::Value;

static UPSERT: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO tasks (workspace_id, board_id, card_id, id, number, created_at_ms, state, column_id, order_group, order_key, title, \
         title_key, priority, due, start, estimate, parent, assignees, labels, watchers, checklist_total, \
         checklist_done, done, view, updated_at_ms, done_at_ms, archived_at_ms, deleted_at_ms) VALUES ",
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        " ON CONFLICT (workspace_id, board_id, card_id) DO UPDATE SET state = excluded.state, \
         column_id = excluded.column_id, order_group = excluded.order_group, order_key = excluded.order_key, \
         title = excluded.title, title_key = excluded.title_key, priority = excluded.priority, due = excluded.due, \
         start = excluded.start, estimate = excluded.estimate, parent = excluded.parent, \
         assignees = excluded.assignees, labels = excluded.labels, watchers = excluded.watchers, \
         checklist_total = excluded.checklist_total, checklist_done = excluded.checklist_done, \
         done = excluded.done, view = excluded.view, updated_at_ms = excluded.updated_at_ms, \
         done_at_ms = CASE WHEN excluded.done_at_ms IS NULL THEN NULL \
         ELSE COALESCE(tasks.done_at_ms, excluded.done_at_ms) END, \
         archived_at_ms = CASE WHEN excluded.archived_at_ms IS NULL THEN NULL \
         ELSE COALESCE(tasks.archived_at_ms, excluded.archived_at_ms) END, \
         deleted_at_ms = CASE WHEN excluded.deleted_at_ms IS NULL THEN NULL \
         ELSE COALESCE(tasks.deleted_at_ms, excluded.deleted_at_ms) END, \
         version = tasks.version + 1 \
         WHERE tasks.state <> excluded.state OR tasks.column_id IS DISTINCT FROM excluded.column_id \
         OR tasks.order_group <> excluded.order_group OR tasks.order_key <> excluded.order_key \
         OR tasks.title <> excluded.title OR tasks.priority <> excluded.priority \
         OR tasks.due IS DISTINCT FROM excluded.due OR tasks.start IS DISTINCT FROM excluded.start \
         OR tasks.estimate IS DISTINCT FROM excluded.estimate OR tasks.parent IS DISTINCT FROM excluded.parent \
         OR tasks.assignees <> excluded.assignees OR tasks.labels <> excluded.labels \
         OR tasks.watchers <> excluded.watchers OR tasks.checklist_total <> excluded.checklist_total \
         OR tasks.checklist_done <> excluded.checklist_done OR tasks.done <> excluded.done \
         OR tasks.view <> excluded.view \
         RETURNING workspace_id, board_id, card_id, version",
    )
});

static DELETE: LazyLock<Keyed> = LazyLock::new(|| deletion("tasks"));
static DELETE_MEMBERS: LazyLock<Keyed> = LazyLock::new(|| deletion("task_members"));

static INSERT_MEMBERS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO task_members (workspace_id, board_id, card_id, task_id, role, user_id) VALUES ",
        "(?,?,?,?,?,?)",
        "",
    )
});

fn deletion(table: &str) -> Keyed {
    let before = format!("DELETE FROM {table}");
    Keyed::new(&before, &["workspace_id", "board_id", "card_id"], "")
}

/// A task with what it is known by.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdentifiedTask<'a> {
    key: BoardKey,
    identity: Identity,
    row: &'a TaskRow,
}

/// A card of a board.
pub(super) type Card<'a> = (BoardKey, &'a str);

/// Writes the tasks of `changes`; how many were new or different, and how many are gone.
pub(super) async fn write(
    connection: &mut Connection<'_>,
    changes: &Changes<'_>,
    identities: &Identities,
    now_ms: i64,
) -> Result<(u64, u64), sqlx::Error> {
    let purged: Vec<Card<'_>> = all(changes, |change| change.purged.iter().copied());
    forget(connection, &purged).await?;
    let gone = connection.execute_keyed(&DELETE, &purged, card_values).await?;
    let tasks: Vec<(BoardKey, &TaskRow)> = all(changes, |change| change.tasks.values().copied());
    let tasks = identified(tasks, identities)?;
    let rows = connection
        .rows_of_all(&UPSERT, &tasks, |task, values| {
            card_values(&(task.key, &task.row.card), values);
            values.extend([
                task.identity.id.into(),
                task.identity.number.into(),
                task.identity.created_at_ms.into(),
            ]);
            task_values(task.row, now_ms, values);
        })
        .await?;
    let mut versions: HashMap<(BoardKey, String), i64> = HashMap::with_capacity(rows.len());
    for row in &rows {
        let key = BoardKey {
            workspace: WorkspaceId(row.try_get("workspace_id")?),
            board: row.try_get("board_id")?,
        };
        versions.insert((key, row.try_get("card_id")?), row.try_get("version")?);
    }
    let version = |task: &IdentifiedTask<'_>| versions.get(&(task.key, task.row.card.clone())).copied();
    // Rows that are new have nothing to be replaced.
    let known = tasks.iter().filter(|task| version(task) > Some(1));
    let known: Vec<Card<'_>> = known.map(|task| (task.key, task.row.card.as_str())).collect();
    forget(connection, &known).await?;
    let changed: Vec<_> = tasks
        .iter()
        .filter(|task| version(task).is_some())
        .copied()
        .collect();
    remember(connection, &changed).await?;
    Ok((changed.len() as u64, gone))
}

/// Tasks with what they are known by. All that are written have been given it.
pub(super) fn identified<'a>(
    tasks: impl IntoIterator<Item = (BoardKey, &'a TaskRow)>,
    identities: &Identities,
) -> Result<Vec<IdentifiedTask<'a>>, sqlx::Error> {
    let identified = tasks.into_iter().map(|(key, row)| {
        let identity = identities.get(&(key, row.card.clone())).copied();
        let identity = identity.ok_or(sqlx::Error::RowNotFound)?;
        Ok(IdentifiedTask { key, identity, row })
    });
    identified.collect()
}

/// Forgets by whom cards are found.
pub(super) async fn forget(connection: &mut Connection<'_>, cards: &[Card<'_>]) -> Result<(), sqlx::Error> {
    connection
        .execute_keyed(&DELETE_MEMBERS, cards, card_values)
        .await
        .map(|_| ())
}

/// Writes by whom tasks are found, of which nothing is written yet.
pub(super) async fn remember(
    connection: &mut Connection<'_>,
    tasks: &[IdentifiedTask<'_>],
) -> Result<(), sqlx::Error> {
    let mut members = Vec::new();
    for IdentifiedTask { key, identity, row } in tasks {
        for (role, users) in [("assignee", &row.assignees), ("watcher", &row.watchers)] {
            let card = (*key, row.card.as_str());
            members.extend(
                sound(users)
                    .into_iter()
                    .map(|user| (card, identity.id, role, user)),
            );
        }
    }
    connection
        .execute_all(&INSERT_MEMBERS, &members, |(card, id, role, user), values| {
            card_values(card, values);
            values.extend([(*id).into(), (*role).into(), (*user).into()]);
        })
        .await
        .map(|_| ())
}

/// Something of each board.
pub(super) fn all<'c, 'a, T, I: Iterator<Item = T>>(
    changes: &'c Changes<'a>,
    of: impl Fn(&'c super::fold::BoardChange<'a>) -> I,
) -> Vec<(BoardKey, T)> {
    let boards = changes.boards.iter();
    boards
        .flat_map(|(key, change)| of(change).map(|item| (*key, item)))
        .collect()
}

fn card_values((key, card): &Card<'_>, values: &mut Vec<Value>) {
    values.extend([key.workspace.0.into(), key.board.into(), (*card).into()]);
}

fn task_values(row: &TaskRow, now_ms: i64, values: &mut Vec<Value>) {
    let text = |text: &Option<String>| Value::Text(text.as_deref().map(clean));
    let since = |is_so: bool| Value::Int(is_so.then_some(now_ms));
    values.extend([
        row.state.into(),
        text(&row.column),
        row.order_group.into(),
        clean(&row.order_key).into(),
        clean(&row.title).into(),
        title_key(&row.title).into(),
        row.priority.into(),
        text(&row.due),
        text(&row.start),
        Value::Real(row.estimate.filter(|estimate| estimate.is_finite())),
        text(&row.parent),
        sound(&row.assignees).join(",").into(),
        sound(&row.labels).join(",").into(),
        sound(&row.watchers).join(",").into(),
        row.checklist_total.into(),
        row.checklist_done.into(),
        row.done.into(),
        clean(&row.view).into(),
        now_ms.into(),
        since(row.done),
        since(row.state == "archived"),
        since(row.state == "deleted"),
    ]);
}
