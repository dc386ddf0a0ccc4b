//! The group commit as it nearly always is: each append of another document, fitting, and changing nothing beside the log.
//!
//! It is one command to the thread that owns the connection, `BEGIN` and `COMMIT` included, where the general way takes
//! five; each is two wake-ups. What does not fit breaks a constraint, so that nothing is committed; the caller rolls
//! back and goes the general way, which finds out what is wrong. It must never decide what does not fit.

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

/// Takes effect only for documents that are as the append expects: another head becomes one that no row may have.
const MOVE_HEADS: (&str, &str, &str) = (
    "UPDATE documents SET head_seq = CASE WHEN head_seq = moved.column3 AND workspace_id = moved.column2 \
     AND quarantined_at_ms IS NULL THEN moved.column4 ELSE -1 END FROM (VALUES ",
    "(?,?,?,?)",
    ") AS moved WHERE documents.id = moved.column1;",
);
const INSERT_DOCUMENTS: (&str, &str, &str) = (
    "INSERT INTO documents (id, workspace_id, name, created_at_ms, head_seq) SELECT * FROM (VALUES ",
    "(?,?,?,?,?)",
    ") WHERE column1 IS NOT NULL;",
);
/// A row of a document that does not exist has nothing to refer to.
const INSERT_UPDATES: (&str, &str, &str) = (
    "INSERT INTO updates (document_id, seq, workspace_id, author, created_at_ms, bytes) SELECT * FROM (VALUES ",
    "(?,?,?,?,?,?)",
    ") WHERE column1 IS NOT NULL;",
);

/// How many rows each part has; they are filled up with empty ones to a power of two, so that there are few statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    moved: usize,
    created: usize,
    updates: usize,
}

/// A batch that can go this way.
pub(super) struct Swift<'a> {
    moved: Vec<&'a Append>,
    created: Vec<&'a Append>,
    appends: &'a [Append],
    updates: usize,
}

/// The statements that were needed so far.
#[derive(Debug, Default)]
pub(super) struct Statements(HashMap<Shape, Arc<str>>);

impl<'a> Swift<'a> {
    /// `appends`, if they can go this way.
    pub(super) fn of(appends: &'a [Append]) -> Option<Self> {
        let updates = appends.iter().map(|append| append.updates.len()).sum();
        let is_plain = |append: &Append| {
            !append.updates.is_empty() && append.projection.is_none() && plan::check_limits(append).is_ok()
        };
        if updates > MOST_ROWS || !appends.iter().all(is_plain) {
            return None;
        }
        let mut ids: Vec<DocumentId> = appends.iter().map(|append| append.document).collect();
        ids.sort_unstable();
        ids.dedup();
        let (created, moved) = appends
            .iter()
            .partition(|append| append.expected_head == Seq::ZERO);
        (ids.len() == appends.len()).then_some(Self {
            moved,
            created,
            appends,
            updates,
        })
    }

    fn shape(&self) -> Shape {
        let padded = |rows: usize| if rows == 0 { 0 } else { rows.next_power_of_two() };
        Shape {
            moved: padded(self.moved.len()),
            created: padded(self.created.len()),
            updates: padded(self.updates),
        }
    }

    /// Commits. After an error a transaction may be open.
    pub(super) async fn commit(
        &self,
        connection: &mut SqliteConnection,
        statements: &mut Statements,
        now_ms: i64,
    ) -> Result<BatchOutcome, sqlx::Error> {
        let shape = self.shape();
        let mut query = sqlx::query(statements.of(shape));
        for append in &self.moved {
            query = query
                .bind(append.document.0)
                .bind(append.workspace.0)
                .bind(to_sql(append.expected_head))
                .bind(to_sql(head_after(append)));
        }
        for _ in self.moved.len()..shape.moved {
            query = query.bind(None::<Uuid>).bind(None::<Uuid>);
            query = query.bind(None::<i64>).bind(None::<i64>);
        }
        for append in &self.created {
            query = query
                .bind(append.document.0)
                .bind(append.workspace.0)
                .bind(append.name.as_str().to_owned())
                .bind(now_ms)
                .bind(to_sql(head_after(append)));
        }
        for _ in self.created.len()..shape.created {
            query = query.bind(None::<Uuid>).bind(None::<Uuid>).bind(None::<&str>);
            query = query.bind(None::<i64>).bind(None::<i64>);
        }
        for append in self.appends {
            for (index, update) in append.updates.iter().enumerate() {
                query = query
                    .bind(append.document.0)
                    .bind(to_sql(append.expected_head.plus(index + 1)))
                    .bind(append.workspace.0)
                    .bind(update.author.clone())
                    .bind(now_ms)
                    .bind(update.bytes.to_vec());
            }
        }
        for _ in self.updates..shape.updates {
            query = query.bind(None::<Uuid>).bind(None::<i64>).bind(None::<Uuid>);
            query = query.bind(None::<&str>).bind(None::<i64>).bind(None::<Vec<u8>>);
        }
        query.execute(connection).await?;
        Ok(BatchOutcome {
            answers: self.appends.iter().map(|append| Ok(head_after(append))).collect(),
            created: self.created.len() as u64,
        })
    }
}

impl Statements {
    fn of(&mut self, shape: Shape) -> Sql {
        let text = self.0.entry(shape).or_insert_with(|| {
            let mut text = String::from("BEGIN IMMEDIATE;");
            let parts = [
                (MOVE_HEADS, shape.moved),
                (INSERT_DOCUMENTS, shape.created),
                (INSERT_UPDATES, shape.updates),
            ];
            for ((before, group, after), rows) in parts {
                if rows > 0 {
                    text.extend([before, &vec![group; rows].join(","), after]);
                }
            }
            text.push_str("COMMIT");
            Arc::from(text)
        });
        // Safe: the text is made of literals alone.
        AssertSqlSafe(Arc::clone(text))
    }
}

fn head_after(append: &Append) -> Seq {
    append.expected_head.plus(append.updates.len())
}
