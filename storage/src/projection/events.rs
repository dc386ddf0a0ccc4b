//! Writes events, each at the next place of its workspace's sequence.
//!
//! Invariant: the last thing that a commit does. The places are counted under the lock of the workspace's sequence, which
//! is taken in the order of the workspaces' ids and held until the commit.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use uuid::Uuid;

use super::NewEvent;
use super::boards::Places;
use super::connection::Connection;
use super::fold::{BoardKey, Changes};
use super::identities::Identities;
use super::text::clean;
use crate::pieces::Family;
use crate::records::value::Value;

static COUNT_ON: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO workspace_sequences (workspace_id, event_seq) VALUES ",
        "(?,?)",
        " ON CONFLICT (workspace_id) \
         DO UPDATE SET event_seq = workspace_sequences.event_seq + excluded.event_seq \
         RETURNING workspace_id, event_seq",
    )
});

static INSERT: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO events (workspace_id, seq, id, kind, project_id, document_id, task_id, card_id, \
         actor_user_id, data, created_at_ms) VALUES ",
        "(?,?,?,?,?,?,?,?,?,?,?)",
        "",
    )
});

/// Writes the events of `changes`.
pub(super) async fn write(
    connection: &mut Connection<'_>,
    changes: &Changes<'_>,
    (places, identities): (&Places, &Identities),
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    let mut counts: BTreeMap<Uuid, i64> = BTreeMap::new();
    for (key, _) in &changes.events {
        *counts.entry(key.workspace.0).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    let rows = connection
        .rows_of_all(&COUNT_ON, &counts, |(workspace, count), values| {
            values.extend([(*workspace).into(), (*count).into()]);
        })
        .await?;
    let mut next: BTreeMap<Uuid, i64> = BTreeMap::new();
    for row in &rows {
        next.insert(row.try_get("workspace_id")?, row.try_get("event_seq")?);
    }
    for (workspace, count) in counts {
        let last = next.get_mut(&workspace).ok_or(sqlx::Error::RowNotFound)?;
        *last -= count - 1;
    }
    let mut placed: Vec<(i64, BoardKey, &NewEvent)> = Vec::with_capacity(changes.events.len());
    for (key, event) in &changes.events {
        let seq = next.get_mut(&key.workspace.0).ok_or(sqlx::Error::RowNotFound)?;
        placed.push((*seq, *key, event));
        *seq += 1;
    }
    connection
        .execute_all(&INSERT, &placed, |(seq, key, event), values| {
            let card = event.card.as_deref().map(clean);
            let task = card
                .as_ref()
                .and_then(|card| identities.get(&(*key, card.clone())));
            values.extend([
                key.workspace.0.into(),
                (*seq).into(),
                event.id.into(),
                event.kind.into(),
                Value::Uuid(places.get(key).map(|place| place.project)),
                key.board.into(),
                Value::Uuid(task.map(|task| task.id)),
                Value::Text(card),
                Value::Uuid(event.actor),
                clean(&event.data).into(),
                now_ms.into(),
            ]);
        })
        .await
        .map(|_| ())
}
