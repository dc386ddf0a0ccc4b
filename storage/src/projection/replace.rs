//! Puts all rows of one board in place anew, in a transaction of its own.
//!
//! Invariant: it writes nothing if the board's log does not end where the rows were derived from. Rows that are equal are
//! not touched; identities are given to cards that have none, and otherwise left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::connection::{Connection, Keyed};
use super::fold::{BoardChange, BoardKey, Changes, key_of};
use super::identities::Identities;
use super::text::sound;
use super::write::write_changes;
use super::{EntryKind, LINKS, Projection, TaskRow, tasks};
use crate::board_rows::RowsReport;
use crate::model::Seq;
use crate::records::BoardAddress;
use crate::records::row::Row;

/// All rows of a board, and where its log ended when they were derived.
#[derive(Debug)]
pub(crate) struct RowsReplacement {
    pub(crate) board: BoardAddress,
    pub(crate) head: Seq,
    pub(crate) rows: Projection,
}

static HEAD: LazyLock<Keyed> = LazyLock::new(|| {
    Keyed::locking(
        "SELECT head_seq FROM documents",
        &["workspace_id", "name"],
        "",
        " FOR UPDATE",
    )
});

static CARDS: LazyLock<Keyed> = LazyLock::new(|| selection("card_id", "tasks"));
static ENTRIES: LazyLock<Keyed> = LazyLock::new(|| selection("kind, entry_id", "board_entries"));
static LINK_KEYS: LazyLock<Keyed> = LazyLock::new(|| selection("from_card, kind, to_card", "task_links"));
static MEMBERS: LazyLock<Keyed> = LazyLock::new(|| selection("card_id, role, user_id", "task_members"));

fn selection(columns: &str, table: &str) -> Keyed {
    let before = format!("SELECT {columns} FROM {table}");
    Keyed::new(&before, &["workspace_id", "board_id"], "")
}

/// Replaces the rows. `None` if the log has moved on or there is no such board; nothing is written then.
pub(crate) async fn replace(
    connection: &mut Connection<'_>,
    replacement: &RowsReplacement,
    now_ms: i64,
) -> Result<Option<RowsReport>, sqlx::Error> {
    let key = BoardKey {
        workspace: replacement.board.workspace,
        board: replacement.board.board_id,
    };
    if head(connection, key).await? != replacement.head {
        return Ok(None);
    }
    let gone = gone(connection, key, &replacement.rows).await?;
    let mut change = BoardChange::default();
    change.add(&gone);
    let all = Projection {
        events: Vec::new(),
        purged: Vec::new(),
        ..replacement.rows.clone()
    };
    change.add(&all);
    let mut changes = Changes {
        boards: BTreeMap::from([(key, change)]),
        events: Vec::new(),
    };
    let (mut report, identities) = write_changes(connection, &mut changes, now_ms).await?;
    let Some(change) = changes.boards.get(&key) else {
        return Ok(None);
    };
    report.strays = find_again(connection, key, change, &identities).await?;
    Ok(Some(report))
}

/// Where the board's log ends: it does not move until the transaction ends.
async fn head(connection: &mut Connection<'_>, key: BoardKey) -> Result<Seq, sqlx::Error> {
    let rows = connection
        .rows_keyed(&HEAD, &[key], |key, values| {
            values.extend([key.workspace.0.into(), key.board.to_string().into()]);
        })
        .await?;
    let head: Option<i64> = rows.first().map(|row| row.try_get("head_seq")).transpose()?;
    Ok(head
        .and_then(|head| u64::try_from(head).ok())
        .map_or(Seq::ZERO, Seq))
}

/// What there is beside `rows`.
async fn gone(
    connection: &mut Connection<'_>,
    key: BoardKey,
    rows: &Projection,
) -> Result<Projection, sqlx::Error> {
    let cards: BTreeSet<&str> = rows.tasks.iter().map(|row| row.card.as_str()).collect();
    let entries: BTreeSet<_> = rows
        .entries
        .iter()
        .map(|row| (row.kind, row.id.as_str()))
        .collect();
    let links: BTreeSet<_> = rows.links.iter().map(key_of).collect();
    let mut gone = Projection::default();
    for row in select(connection, &CARDS, key).await? {
        let card: String = row.try_get("card_id")?;
        if !cards.contains(card.as_str()) {
            gone.purged.push(card);
        }
    }
    for row in select(connection, &ENTRIES, key).await? {
        let id: String = row.try_get("entry_id")?;
        let kind = EntryKind::of(&row.try_get::<String>("kind")?);
        // The table has no other kinds.
        if let Some(kind) = kind.filter(|kind| !entries.contains(&(*kind, id.as_str()))) {
            gone.gone_entries.push((kind, id));
        }
    }
    for row in select(connection, &LINK_KEYS, key).await? {
        let kind: String = row.try_get("kind")?;
        let Some(kind) = LINKS.into_iter().find(|known| *known == kind) else {
            continue;
        };
        let link = super::LinkRow {
            from: row.try_get("from_card")?,
            kind,
            to: row.try_get("to_card")?,
            cyclic: false,
        };
        if !links.contains(&key_of(&link)) {
            gone.gone_links.push(link);
        }
    }
    Ok(gone)
}

/// Writes anew by whom the cards are found that are not found by those whom their tasks have; how many.
async fn find_again(
    connection: &mut Connection<'_>,
    key: BoardKey,
    change: &BoardChange<'_>,
    identities: &Identities,
) -> Result<u64, sqlx::Error> {
    let mut found: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in select(connection, &MEMBERS, key).await? {
        let by = (row.try_get("role")?, row.try_get("user_id")?);
        found.entry(row.try_get("card_id")?).or_default().insert(by);
    }
    let mut differs = |row: &&TaskRow| found.remove(&row.card).unwrap_or_default() != wanted(row);
    let strays: Vec<&TaskRow> = change
        .tasks
        .values()
        .copied()
        .filter(|row| differs(row))
        .collect();
    let cards: Vec<_> = strays.iter().map(|row| (key, row.card.as_str())).collect();
    tasks::forget(connection, &cards).await?;
    let strays = tasks::identified(strays.into_iter().map(|row| (key, row)), identities)?;
    tasks::remember(connection, &strays).await?;
    Ok(strays.len() as u64)
}

/// By whom a task is to be found.
fn wanted(row: &TaskRow) -> BTreeSet<(String, String)> {
    let lists = [("assignee", &row.assignees), ("watcher", &row.watchers)];
    let pairs = lists.into_iter().flat_map(|(role, ids)| {
        sound(ids)
            .into_iter()
            .map(move |id| (role.to_owned(), id.to_owned()))
    });
    pairs.collect()
}

async fn select(
    connection: &mut Connection<'_>,
    selection: &Keyed,
    key: BoardKey,
) -> Result<Vec<Row>, sqlx::Error> {
    connection
        .rows_keyed(selection, &[key], |key, values| {
            values.extend([key.workspace.0.into(), key.board.into()]);
        })
        .await
}
