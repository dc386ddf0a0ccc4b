//! Which documents somebody sees: permission's rule as a query, so that lists and their totals hold nothing else.
//!
//! Invariant: a row comes out exactly if `permission::may` lets the same person view the document. A test of the server
//! compares the two over every combination of roles.

use uuid::Uuid;

use super::documents::{DocumentStanding, document_columns, join_log, title_key};
use super::error::RecordError;
use super::span::containing;
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

/// The order of a list of documents; documents that are equal in it are in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentOrder {
    /// By id, which is when they were made.
    Created,
    /// By title, whatever the capitals.
    Title,
    /// By when they were last changed.
    Updated,
}

/// What a document is called in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentPlace {
    /// In [`DocumentOrder::Created`].
    Created(Uuid),
    /// In [`DocumentOrder::Title`].
    Title(String, Uuid),
    /// In [`DocumentOrder::Updated`].
    Updated(i64, Uuid),
}

/// Which part of a list of documents is asked for.
#[derive(Debug, Clone)]
pub struct DocumentWindow {
    /// The order.
    pub order: DocumentOrder,
    /// Whether it is reversed.
    pub descending: bool,
    /// The last document of the part before, in the same order.
    pub after: Option<DocumentPlace>,
    /// Rows to skip.
    pub skip: u32,
    /// Rows to give at most.
    pub limit: u32,
}

impl DocumentStanding {
    /// The document's place in an order.
    pub fn place(&self, order: DocumentOrder) -> DocumentPlace {
        let document = &self.document;
        match order {
            DocumentOrder::Created => DocumentPlace::Created(document.id),
            DocumentOrder::Title => DocumentPlace::Title(title_key(&document.title), document.id),
            DocumentOrder::Updated => DocumentPlace::Updated(document.updated_at_ms, document.id),
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

macro_rules! is_visible {
    () => {
        " WHERE m.user_id = $1 \
         AND ($2 IS NULL OR m.workspace_id = $2) AND ($3 IS NULL OR d.project_id = $3) \
         AND ($4 IS NULL OR $4 LIKE '%,' || d.kind || ',%') AND ($5 IS NULL OR d.title_key LIKE $5 ESCAPE '!') \
         AND ($6 IS NULL OR d.updated_at_ms >= $6) AND ($7 IS NULL OR (d.archived_at_ms IS NOT NULL) = $7) \
         AND (m.role IN ('owner', 'admin') OR s.role IS NOT NULL \
         OR (m.role IN ('manager', 'member') AND (pm.role IS NOT NULL OR tm.role IS NOT NULL))) \
         AND (d.deleted_at_ms IS NULL OR ($8 AND (m.role IN ('owner', 'admin') OR s.role = 'owner' \
         OR (m.role IN ('manager', 'member') AND (pm.role = 'owner' OR tm.role = 'admin')))))"
    };
}

macro_rules! list {
    ($rest:expr) => {
        CrossTenantSql::because(
            REASON,
            concat!(
                "SELECT ",
                document_columns!(),
                ", p.status AS project_status, p.deleted_at_ms AS project_deleted_at_ms, \
                 m.role AS workspace_role, tm.role AS team_role, pm.role AS project_role, s.role AS share_role, \
                 CAST(NULL AS text) AS link_role",
                from_visible!(),
                join_log!(),
                is_visible!(),
                $rest,
            ),
        )
    };
}

const COUNT: CrossTenantSql = CrossTenantSql::because(
    REASON,
    concat!("SELECT count(*) AS n", from_visible!(), is_visible!()),
);
const CREATED: CrossTenantSql = list!(" AND ($9 IS NULL OR d.id > $9) ORDER BY d.id LIMIT $10 OFFSET $11");
const CREATED_DOWN: CrossTenantSql =
    list!(" AND ($9 IS NULL OR d.id < $9) ORDER BY d.id DESC LIMIT $10 OFFSET $11");
const TITLE: CrossTenantSql = list!(
    " AND ($9 IS NULL OR (d.title_key, d.id) > ($12, $9)) ORDER BY d.title_key, d.id LIMIT $10 OFFSET $11"
);
const TITLE_DOWN: CrossTenantSql = list!(
    " AND ($9 IS NULL OR (d.title_key, d.id) < ($12, $9)) \
     ORDER BY d.title_key DESC, d.id DESC LIMIT $10 OFFSET $11"
);
const UPDATED: CrossTenantSql = list!(
    " AND ($9 IS NULL OR (d.updated_at_ms, d.id) > ($12, $9)) \
     ORDER BY d.updated_at_ms, d.id LIMIT $10 OFFSET $11"
);
const UPDATED_DOWN: CrossTenantSql = list!(
    " AND ($9 IS NULL OR (d.updated_at_ms, d.id) < ($12, $9)) \
     ORDER BY d.updated_at_ms DESC, d.id DESC LIMIT $10 OFFSET $11"
);

/// `$1` to `$8`.
fn narrowing(user: Uuid, filter: &DocumentFilter<'_>) -> Vec<Value> {
    let kinds = filter.kinds.map(|kinds| format!(",{},", kinds.join(",")));
    let search = filter.search.map(|text| containing(&title_key(text)));
    args![
        user,
        filter.workspace.map(|id| id.0),
        filter.project,
        kinds,
        search,
        filter.updated_since_ms,
        filter.archived,
        filter.with_trash
    ]
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
        window: DocumentWindow,
    ) -> Result<Vec<DocumentStanding>, RecordError> {
        let sql = match (window.order, window.descending) {
            (DocumentOrder::Created, false) => CREATED,
            (DocumentOrder::Created, true) => CREATED_DOWN,
            (DocumentOrder::Title, false) => TITLE,
            (DocumentOrder::Title, true) => TITLE_DOWN,
            (DocumentOrder::Updated, false) => UPDATED,
            (DocumentOrder::Updated, true) => UPDATED_DOWN,
        };
        let (id, key) = match (window.order, window.after) {
            (_, Some(DocumentPlace::Created(id))) => (Some(id), None),
            (_, Some(DocumentPlace::Title(title, id))) => (Some(id), Some(Value::from(title))),
            (_, Some(DocumentPlace::Updated(at, id))) => (Some(id), Some(Value::from(at))),
            (DocumentOrder::Created, None) => (None, None),
            (DocumentOrder::Title, None) => (None, Some(Value::Text(None))),
            (DocumentOrder::Updated, None) => (None, Some(Value::Int(None))),
        };
        let mut values = narrowing(user, filter);
        values.extend(args![id, window.limit, window.skip]);
        values.extend(key);
        self.all_across(sql, values).await
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
        let count: Option<Count> = self.one_across(COUNT, narrowing(user, filter)).await?;
        Ok(count.map_or(0, |count| count.0))
    }
}
