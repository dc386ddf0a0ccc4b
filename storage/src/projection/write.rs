//! Writes what accepted appends change beside the log, in the transaction that writes the log.
//!
//! Invariant: on Postgres locks are taken in one order everywhere: documents of the log by id (before this begins), the
//! rows of the boards by id, counters of projects by id, new identities by id, sequences of workspaces by id. Transactions
//! of records write their events last as well, so nobody waits in a circle.

use super::connection::Connection;
use super::fold::Changes;
use super::identities::Identities;
use super::{boards, events, identities, lists, tasks};
use crate::board_rows::RowsReport;
use crate::model::Append;

/// Writes the projections of `accepted`, whose log rows are written by the same transaction. Names that are no document
/// of a project are passed over.
pub(crate) async fn write(
    connection: &mut Connection<'_>,
    accepted: &[&Append],
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    let mut changes = Changes::of(accepted);
    if changes.boards.is_empty() {
        return Ok(());
    }
    write_changes(connection, &mut changes, now_ms).await.map(|_| ())
}

/// Writes `changes`, counts the rows, and says what the cards are known by.
pub(super) async fn write_changes(
    connection: &mut Connection<'_>,
    changes: &mut Changes<'_>,
    now_ms: i64,
) -> Result<(RowsReport, Identities), sqlx::Error> {
    let places = boards::find(connection, changes).await?;
    let identities = identities::identify(connection, changes, &places, now_ms).await?;
    let (tasks, gone_tasks) = tasks::write(connection, changes, &identities, now_ms).await?;
    let (entries, gone_entries) = lists::write_entries(connection, changes).await?;
    let (links, gone_links) = lists::write_links(connection, changes).await?;
    boards::remove_seeds(connection, changes, &places).await?;
    events::write(connection, changes, (&places, &identities), now_ms).await?;
    let report = RowsReport {
        tasks,
        gone_tasks,
        entries,
        gone_entries,
        links,
        gone_links,
        strays: 0,
    };
    Ok((report, identities))
}
