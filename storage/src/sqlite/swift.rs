//! The group commit as it nearly always is: each append of another document, fitting, and changing nothing beside the log.
//!
//! It is one statement, where the general way takes five. SQLite's thread tells of the end of each statement, also of
//! those within one command, and to tell is to wake who waits: so rows are inserted into a view, and a trigger says
//! what that means. The statement ends with its commit. What does not fit breaks a constraint, so that nothing is
//! committed; the caller goes the general way, which finds out what is wrong. It must never decide what does not fit.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::rows::to_sql;
use crate::backend::BatchOutcome;
use crate::model::{Append, DocumentId, Seq};
use crate::pieces::Sql;
use crate::plan;

/// Larger batches spread the cost of the general way over many.
const MOST_ROWS: usize = 64;
/// Rows that go through the view together are all held at once, by a connection that holds what is temporary in memory.
const MOST_BYTES: usize = 1 << 20;

/// A row of the log as it is to become. The first row of each append also says where the head is and is to be; others
/// have nothing there. Known to this connection alone.
const VIEW: &str = "CREATE TEMP VIEW swift_appends \
    (document_id, workspace_id, seq, author, at_ms, bytes, name, expected_head, head) \
    AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL";
/// Takes effect only for documents that are as the append expects: another head becomes one that no row may have, and a
/// row of a document that does not exist has nothing to refer to.
const TRIGGER: &str = "CREATE TEMP TRIGGER swift_appended INSTEAD OF INSERT ON swift_appends \
    WHEN NEW.document_id IS NOT NULL BEGIN \
    INSERT INTO documents (id, workspace_id, name, created_at_ms, head_seq) \
    SELECT NEW.document_id, NEW.workspace_id, NEW.name, NEW.at_ms, NEW.head WHERE NEW.expected_head = 0; \
    UPDATE documents SET head_seq = CASE WHEN head_seq = NEW.expected_head AND workspace_id = NEW.workspace_id \
    AND quarantined_at_ms IS NULL THEN NEW.head ELSE -1 END \
    WHERE id = NEW.document_id AND NEW.expected_head > 0; \
    INSERT INTO updates (document_id, seq, workspace_id, author, created_at_ms, bytes) \
    VALUES (NEW.document_id, NEW.seq, NEW.workspace_id, NEW.author, NEW.at_ms, NEW.bytes); END";

/// A batch that can go this way.
pub(super) struct Swift<'a> {
    appends: &'a [Append],
    rows: usize,
}

/// The statements that were needed so far, by how many rows they have.
#[derive(Debug, Default)]
pub(super) struct Statements(HashMap<usize, Arc<str>>);

impl<'a> Swift<'a> {
    /// `appends`, if they can go this way.
    pub(super) fn of(appends: &'a [Append]) -> Option<Self> {
        let rows = appends.iter().map(|append| append.updates.len()).sum();
        let is_plain = |append: &Append| {
            !append.updates.is_empty() && append.projection.is_none() && plan::check_limits(append).is_ok()
        };
        let updates = appends.iter().flat_map(|append| &append.updates);
        let bytes: usize = updates.map(|update| update.bytes.len()).sum();
        let is_small = rows == 1 || (rows <= MOST_ROWS && bytes <= MOST_BYTES);
        if rows == 0 || !is_small || !appends.iter().all(is_plain) {
            return None;
        }
        let mut ids: Vec<DocumentId> = appends.iter().map(|append| append.document).collect();
        ids.sort_unstable();
        ids.dedup();
        (ids.len() == appends.len()).then_some(Self { appends, rows })
    }

    /// Commits. After an error nothing is committed, and no transaction is open.
    pub(super) async fn commit(
        &self,
        connection: &mut SqliteConnection,
        statements: &mut Statements,
        now_ms: i64,
    ) -> Result<BatchOutcome, sqlx::Error> {
        // Filled up with empty rows to a power of two, so that there are few statements.
        let padded = self.rows.next_power_of_two();
        let mut query = sqlx::query(statements.of(padded));
        for append in self.appends {
            for (index, update) in append.updates.iter().enumerate() {
                let is_first = index == 0;
                query = query
                    .bind(append.document.0)
                    .bind(append.workspace.0)
                    .bind(to_sql(append.expected_head.plus(index + 1)))
                    .bind(update.author.clone())
                    .bind(now_ms)
                    .bind(update.bytes.to_vec())
                    .bind(is_first.then(|| append.name.as_str().to_owned()))
                    .bind(is_first.then(|| to_sql(append.expected_head)))
                    .bind(is_first.then(|| to_sql(head_after(append))));
            }
        }
        for _ in self.rows..padded {
            query = query.bind(None::<Uuid>).bind(None::<Uuid>).bind(None::<i64>);
            query = query.bind(None::<&str>).bind(None::<i64>).bind(None::<Vec<u8>>);
            query = query.bind(None::<&str>).bind(None::<i64>).bind(None::<i64>);
        }
        query.execute(connection).await?;
        let created = |append: &&Append| append.expected_head == Seq::ZERO;
        Ok(BatchOutcome {
            answers: self.appends.iter().map(|append| Ok(head_after(append))).collect(),
            created: self.appends.iter().filter(created).count() as u64,
        })
    }
}

impl Statements {
    /// Makes the connection ready for them. The schema must be up to date.
    pub(super) async fn prepare(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        for sql in [VIEW, TRIGGER] {
            sqlx::query(sql).execute(&mut *connection).await?;
        }
        Ok(Self::default())
    }

    fn of(&mut self, rows: usize) -> Sql {
        let text = self.0.entry(rows).or_insert_with(|| {
            let values = vec!["(?,?,?,?,?,?,?,?,?)"; rows].join(",");
            Arc::from(format!("INSERT INTO swift_appends VALUES {values}"))
        });
        // Safe: the text is made of literals alone.
        AssertSqlSafe(Arc::clone(text))
    }
}

fn head_after(append: &Append) -> Seq {
    append.expected_head.plus(append.updates.len())
}
