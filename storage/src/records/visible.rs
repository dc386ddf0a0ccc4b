//! Which documents somebody sees: permission's rule as a query, so that lists and their totals hold nothing else.
//!
//! Invariant: a row comes out exactly if `permission::may` lets the same person view the document. A test of the server
//! compares the two over every combination of roles.

use uuid::Uuid;

use super::documents::{DocumentStanding, document_columns, join_log, title_key};
use super::error::RecordError;
use super::span::{Mark, Span, containing, cross_span, span};
use super::statement::CrossTenantSql;
use super::tx::Tx;
use super::value::{Value, args};
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// Which of the documents that somebody sees are asked for; `None` does not narrow.
#[derive(Debug, Clone, Copy, Default)]
pub struct DocumentFilter<'a> {
    /// Of this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Of this project.
    pub project: Option<Uuid>,
    /// Of one of these kinds.
    pub kinds: Option<&'a [&'a str]>,
    /// With this in the title, whatever the capitals.
    pub search: Option<&'a str>,
    /// Changed at this time or later, in milliseconds since 1970.
    pub updated_since_ms: Option<i64>,
    /// Archived, or not.
    pub archived: Option<bool>,
    /// Also what is in the trash, for those who may take it out.
    pub with_trash: bool,
}

/// What a list of documents is sorted by; those that are equal in it are in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentOrder {
    /// When they were made.
    Created,
    /// The title, whatever the capitals.
    Title,
    /// When they were last changed.
    Updated,
}

impl DocumentStanding {
    /// What the document is sorted by.
    pub fn mark(&self, order: DocumentOrder) -> Mark {
        match order {
            DocumentOrder::Created => Mark::Number(self.document.created_at_ms),
            DocumentOrder::Title => Mark::Text(title_key(&self.document.title)),
            DocumentOrder::Updated => Mark::Number(self.document.updated_at_ms),
        }
    }
}

const REASON: &str = "what somebody may see, in whichever workspace, is theirs to list";

macro_rules! from_visible {
    () => {
        " FROM workspace_members m \
         JOIN workspaces w ON w.workspace_id = m.workspace_id AND w.deleted_at_ms IS NULL \
         JOIN project_documents d ON d.workspace_id = m.workspace_id \
         JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id AND p.deleted_at_ms IS NULL \
         JOIN teams t ON t.workspace_id = d.workspace_id AND t.id = p.team_id \
         LEFT JOIN team_members tm ON tm.workspace_id = d.workspace_id AND tm.team_id = p.team_id \
         AND tm.user_id = m.user_id AND t.deleted_at_ms IS NULL \
         LEFT JOIN project_members pm ON pm.workspace_id = d.workspace_id AND pm.project_id = d.project_id \
         AND pm.user_id = m.user_id \
         LEFT JOIN document_shares s ON s.workspace_id = d.workspace_id AND s.document_id = d.id \
         AND s.user_id = m.user_id"
    };
}
pub(super) use from_visible;

/// Whether the roles that [`from_visible`] finds let somebody view a document that is not in the trash.
macro_rules! is_permitted {
    () => {
        "(m.role IN ('owner', 'admin') OR s.role IS NOT NULL \
         OR (m.role IN ('manager', 'member') AND (pm.role IS NOT NULL OR tm.role IS NOT NULL)))"
    };
}
pub(super) use is_permitted;

/// Whether they let somebody share it, who is then its owner in effect.
macro_rules! may_share {
    () => {
        "(m.role IN ('owner', 'admin') OR s.role = 'owner' \
         OR (m.role IN ('manager', 'member') AND (pm.role = 'owner' OR tm.role = 'admin')))"
    };
}
pub(super) use may_share;

/// Where it lies. Every parameter is named in each variant, so that all have the same ones.
macro_rules! is_in {
    // A project has one workspace, which finds the one membership before any document is looked at.
    (project) => {
        " AND m.workspace_id = (SELECT q.workspace_id FROM projects q WHERE q.id = $7) \
         AND ($6 IS NULL OR m.workspace_id = $6) AND d.project_id = $7"
    };
    (anywhere) => {
        " AND ($6 IS NULL OR m.workspace_id = $6) AND $7 IS NULL"
    };
}

/// Whether the trash is looked at. Without it the statement says so in words that an index of what is not there is found by.
macro_rules! is_kept {
    (live) => {
        " AND NOT $12 AND d.deleted_at_ms IS NULL"
    };
    (all) => {
        concat!(" AND $12 AND (d.deleted_at_ms IS NULL OR ", may_share!(), ")")
    };
}

macro_rules! is_visible {
    ($place:ident, $trash:ident) => {
        concat!(
            " WHERE m.user_id = $1",
            is_in!($place),
            is_kept!($trash),
            " AND ($8 IS NULL OR $8 LIKE '%,' || d.kind || ',%') AND ($9 IS NULL OR d.title_key LIKE $9 ESCAPE '!') \
             AND ($10 IS NULL OR d.updated_at_ms >= $10) AND ($11 IS NULL OR (d.archived_at_ms IS NOT NULL) = $11) AND ",
            is_permitted!(),
        )
    };
}

/// The list in the order of a column.
macro_rules! list {
    ($place:ident, $trash:ident, $span:expr, $mark:literal) => {
        cross_span!(
            $span,
            REASON,
            $mark,
            "d.id",
            "SELECT ",
            document_columns!(),
            ", p.status AS project_status, p.deleted_at_ms AS project_deleted_at_ms, \
             m.role AS workspace_role, tm.role AS team_role, pm.role AS project_role, s.role AS share_role, \
             CAST(NULL AS text) AS link_role",
            from_visible!(),
            join_log!(),
            is_visible!($place, $trash)
        )
    };
}

/// How many there are.
macro_rules! count {
    ($place:ident, $trash:ident) => {{
        const SQL: CrossTenantSql = CrossTenantSql::because(
            REASON,
            concat!(
                "SELECT count(*) AS n",
                from_visible!(),
                is_visible!($place, $trash),
                " AND ($2 IS NULL AND $3 IS NULL AND $4 >= 0 AND $5 >= 0)"
            ),
        );
        SQL
    }};
}

/// The variant of a statement that looks at no more documents than `$filter` needs.
macro_rules! narrowed {
    ($filter:expr, $statement:ident $(, $($more:tt)+)?) => {
        match ($filter.project, $filter.with_trash) {
            (Some(_), false) => $statement!(project, live $(, $($more)+)?),
            (Some(_), true) => $statement!(project, all $(, $($more)+)?),
            (None, false) => $statement!(anywhere, live $(, $($more)+)?),
            (None, true) => $statement!(anywhere, all $(, $($more)+)?),
        }
    };
}

fn statement(filter: &DocumentFilter<'_>, order: DocumentOrder, span: &Span) -> CrossTenantSql {
    match order {
        DocumentOrder::Created => narrowed!(filter, list, span, "d.created_at_ms"),
        DocumentOrder::Title => narrowed!(filter, list, span, "d.title_key"),
        DocumentOrder::Updated => narrowed!(filter, list, span, "d.updated_at_ms"),
    }
}

/// `$1` to `$12`.
fn values(user: Uuid, filter: &DocumentFilter<'_>, span: [Value; 4]) -> Vec<Value> {
    let kinds = filter.kinds.map(|kinds| format!(",{},", kinds.join(",")));
    let search = filter.search.map(|text| containing(&title_key(text)));
    let mut values = args![user];
    values.extend(span);
    values.extend(args![
        filter.workspace.map(|id| id.0),
        filter.project,
        kinds,
        search,
        filter.updated_since_ms,
        filter.archived,
        filter.with_trash
    ]);
    values
}

impl Tx {
    /// Documents that `user` sees, with what connects them.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn visible_documents(
        &mut self,
        user: Uuid,
        filter: &DocumentFilter<'_>,
        order: DocumentOrder,
        span: &Span,
    ) -> Result<Vec<DocumentStanding>, RecordError> {
        let part = match order {
            DocumentOrder::Title => span.by_text(),
            DocumentOrder::Created | DocumentOrder::Updated => span.by_number(),
        };
        let sql = statement(filter, order, span);
        self.all_across(sql, values(user, filter, part)).await
    }

    /// How many documents `user` sees.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_visible_documents(
        &mut self,
        user: Uuid,
        filter: &DocumentFilter<'_>,
    ) -> Result<i64, RecordError> {
        let values = values(user, filter, Span::first(0).by_number());
        let count: Option<Count> = self.one_across(narrowed!(filter, count), values).await?;
        Ok(count.map_or(0, |count| count.0))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

    use super::*;

    #[tokio::test]
    async fn the_documents_of_a_project_are_found_without_its_trash_and_in_order() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        crate::sqlite::migrate(&mut connection).await.unwrap();
        let filter = DocumentFilter {
            project: Some(Uuid::nil()),
            ..DocumentFilter::default()
        };
        for is_reversed in [true, false] {
            let span = Span {
                is_reversed,
                ..Span::first(25)
            };
            let list = statement(&filter, DocumentOrder::Created, &span).0;
            for sql in [list, narrowed!(filter, count).0] {
                let plan: Vec<(i64, i64, i64, String)> =
                    sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                        .fetch_all(&mut connection)
                        .await
                        .unwrap();
                let index = "USING INDEX project_documents_live (workspace_id=? AND project_id=?";
                assert!(plan.iter().any(|(.., step)| step.contains(index)), "{plan:?}");
                // Nothing is read only to be put in order.
                assert!(
                    !plan.iter().any(|(.., step)| step.contains("ORDER BY")),
                    "{plan:?}"
                );
            }
        }
    }
}
