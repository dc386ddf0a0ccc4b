//! Writes the rows of tasks, and by whom and what they are found.
//!
//! Invariant: a row that is equal is not touched: its version and its time stay.

use std::sync::LazyLock;

use super::TaskRow;
use super::connection::Connection;
use super::fold::{BoardKey, Changes};
use super::text::{clean, sound, title_key};
use crate::model::WorkspaceId;
use crate::pieces::Family;
use crate::records::value::Value;

static UPSERT: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO tasks (workspace_id, board_id, card_id, state, column_id, order_group, order_key, title, \
         title_key, priority, due, start, estimate, parent, assignees, labels, watchers, checklist_total, \
         checklist_done, done, view, updated_at_ms, done_at_ms, archived_at_ms, deleted_at_ms) VALUES ",
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
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

/// Takes along by whom and what they are found.
static DELETE: LazyLock<Family> = LazyLock::new(|| deletion("tasks"));
static DELETE_MEMBERS: LazyLock<Family> = LazyLock::new(|| deletion("task_members"));
static DELETE_LABELS: LazyLock<Family> = LazyLock::new(|| deletion("task_labels"));

static INSERT_MEMBERS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO task_members (workspace_id, board_id, card_id, role, user_id) VALUES ",
        "(?,?,?,?,?)",
        "",
    )
});

static INSERT_LABELS: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO task_labels (workspace_id, board_id, card_id, label_id) VALUES ",
        "(?,?,?,?)",
        "",
    )
});

fn deletion(table: &str) -> Family {
    let before = format!("DELETE FROM {table} WHERE (workspace_id, board_id, card_id) IN (VALUES ");
    Family::new(&before, "(?,?,?)", ")")
}

/// A card of a board.
pub(super) type Card<'a> = (BoardKey, &'a str);

/// Writes the tasks of `changes`; how many were new or different, and how many are gone.
pub(super) async fn write(
    connection: &mut Connection<'_>,
    changes: &Changes<'_>,
    now_ms: i64,
) -> Result<(u64, u64), sqlx::Error> {
    let purged: Vec<Card<'_>> = all(changes, |change| change.purged.iter().copied());
    let gone = connection.execute_all(&DELETE, &purged, card_values).await?;
    let tasks: Vec<(BoardKey, &TaskRow)> = all(changes, |change| change.tasks.values().copied());
    let rows = connection
        .rows_of_all(&UPSERT, &tasks, |(key, row), values| {
            task_values(*key, row, now_ms, values);
        })
        .await?;
    let (mut changed, mut known) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        let key = BoardKey {
            workspace: WorkspaceId(row.try_get("workspace_id")?),
            board: row.try_get("board_id")?,
        };
        let card: String = row.try_get("card_id")?;
        let change = changes.boards.get(&key);
        let Some(row_of_card) = change.and_then(|change| change.tasks.get(card.as_str())) else {
            continue;
        };
        if row.try_get::<i64>("version")? > 1 {
            known.push((key, row_of_card.card.as_str()));
        }
        changed.push((key, *row_of_card));
    }
    // Rows that are new have nothing to be replaced.
    forget(connection, &known).await?;
    remember(connection, &changed).await?;
    Ok((changed.len() as u64, gone))
}

/// Forgets by whom and what cards are found.
pub(super) async fn forget(connection: &mut Connection<'_>, cards: &[Card<'_>]) -> Result<(), sqlx::Error> {
    connection
        .execute_all(&DELETE_MEMBERS, cards, card_values)
        .await?;
    connection.execute_all(&DELETE_LABELS, cards, card_values).await?;
    Ok(())
}

/// Writes by whom and what cards are found, of which nothing is written yet.
pub(super) async fn remember(
    connection: &mut Connection<'_>,
    tasks: &[(BoardKey, &TaskRow)],
) -> Result<(), sqlx::Error> {
    let (mut members, mut labels) = (Vec::new(), Vec::new());
    for (key, row) in tasks {
        for (role, users) in [("assignee", &row.assignees), ("watcher", &row.watchers)] {
            members.extend(sound(users).into_iter().map(|user| (*key, &row.card, role, user)));
        }
        labels.extend(
            sound(&row.labels)
                .into_iter()
                .map(|label| (*key, &row.card, label)),
        );
    }
    connection
        .execute_all(&INSERT_MEMBERS, &members, |(key, card, role, user), values| {
            card_values(&(*key, card.as_str()), values);
            values.extend([(*role).into(), (*user).into()]);
        })
        .await?;
    connection
        .execute_all(&INSERT_LABELS, &labels, |(key, card, label), values| {
            card_values(&(*key, card.as_str()), values);
            values.push((*label).into());
        })
        .await?;
    Ok(())
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

fn task_values(key: BoardKey, row: &TaskRow, now_ms: i64, values: &mut Vec<Value>) {
    let text = |text: &Option<String>| Value::Text(text.as_deref().map(clean));
    let since = |is_so: bool| Value::Int(is_so.then_some(now_ms));
    card_values(&(key, &row.card), values);
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
