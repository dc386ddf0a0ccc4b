//! Statements whose tenancy is checked when the program is compiled.
//!
//! Parameters are written `$1`, `$2`, …, which both databases understand. In a statement about tenants `$1` is the
//! workspace, bound by [`super::Tenant`], and each tenant's table that it names must be tied to it.

/// Tables whose rows belong to tenants. A test compares this with the schema.
pub(super) const TENANT_TABLES: [&str; 49] = [
    "documents",
    "updates",
    "snapshots",
    "history",
    "workspaces",
    "workspace_members",
    "workspace_domains",
    "invitations",
    "teams",
    "team_members",
    "projects",
    "project_members",
    "project_documents",
    "document_shares",
    "link_shares",
    "attachments",
    "api_keys",
    "oauth_clients",
    "oauth_grants",
    "oauth_codes",
    "board_seeds",
    "server_clients",
    "project_counters",
    "task_identities",
    "tasks",
    "task_members",
    "task_links",
    "board_entries",
    "workspace_sequences",
    "events",
    "comments",
    "comment_reactions",
    "subscriptions",
    "saved_views",
    "reminders",
    "webhook_endpoints",
    "webhook_messages",
    "webhook_attempts",
    "webhook_recoveries",
    "notifications",
    "notification_counters",
    "notification_preferences",
    "notification_cursors",
    "audit_entries",
    "audit_heads",
    "notification_deliveries",
    "due_notices",
    "audit_segments",
    "access_requests",
];

/// A statement about one tenant: every tenant's table in it is tied to `$1`.
///
/// Each `FROM`, `JOIN`, `UPDATE` or `INTO` of such a table needs its own `workspace_id = $1` (or, in a join,
/// `a.workspace_id = b.workspace_id`); an `INSERT` names `workspace_id` first and gives it `$1`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TenantSql(pub(super) &'static str);

impl TenantSql {
    /// Checks the statement; in a constant this happens when the program is compiled.
    pub(crate) const fn new(sql: &'static str) -> Self {
        let mentions = tenant_mentions(sql.as_bytes());
        assert!(
            mentions > 0,
            "the statement names no tenant's table: use GlobalSql"
        );
        assert!(
            ties(sql.as_bytes()) >= mentions,
            "a tenant's table in the statement is not tied to its workspace"
        );
        Self(sql)
    }
}

/// A statement about the server as a whole: it names no tenant's table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GlobalSql(pub(super) &'static str);

impl GlobalSql {
    /// Checks the statement; in a constant this happens when the program is compiled.
    pub(crate) const fn new(sql: &'static str) -> Self {
        assert!(
            tenant_mentions(sql.as_bytes()) == 0,
            "the statement names a tenant's table: use TenantSql"
        );
        Self(sql)
    }
}

/// A statement that looks across tenants, and why it may: to find out whose something is, or to keep house. What it
/// finds is shown to nobody before a [`TenantSql`] or a check of permission has narrowed it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrossTenantSql(pub(super) &'static str);

impl CrossTenantSql {
    /// A statement, and the reason for it.
    pub(crate) const fn because(reason: &'static str, sql: &'static str) -> Self {
        assert!(!reason.is_empty(), "say why the statement looks across tenants");
        Self(sql)
    }
}

/// A tenant's statement as a constant.
macro_rules! tenant_sql {
    ($($sql:expr),+ $(,)?) => {{
        const SQL: $crate::records::statement::TenantSql =
            $crate::records::statement::TenantSql::new(concat!($($sql),+));
        SQL
    }};
}
pub(crate) use tenant_sql;

/// A statement about the server as a constant.
macro_rules! global_sql {
    ($($sql:expr),+ $(,)?) => {{
        const SQL: $crate::records::statement::GlobalSql =
            $crate::records::statement::GlobalSql::new(concat!($($sql),+));
        SQL
    }};
}
pub(crate) use global_sql;

/// How often the statement names a tenant's table where rows come from or go to.
const fn tenant_mentions(sql: &[u8]) -> usize {
    let (mut at, mut found, mut expects_table) = (0, 0, false);
    while at < sql.len() {
        if !is_word(sql[at]) {
            // `FROM a, b` would hide the second table.
            if sql[at] == b',' || sql[at] == b'(' {
                expects_table = false;
            }
            at += 1;
            continue;
        }
        let start = at;
        while at < sql.len() && is_word(sql[at]) {
            at += 1;
        }
        if expects_table && is_tenant_table(sql, start, at) {
            found += 1;
        }
        expects_table = is(sql, start, at, b"FROM")
            || is(sql, start, at, b"JOIN")
            || is(sql, start, at, b"UPDATE")
            || is(sql, start, at, b"INTO");
    }
    found
}

/// How often the statement ties a table to a workspace.
const fn ties(sql: &[u8]) -> usize {
    const COLUMN: &[u8] = b"workspace_id";
    let (mut at, mut found) = (0, 0);
    while at + COLUMN.len() <= sql.len() {
        if !is(sql, at, at + COLUMN.len(), COLUMN) {
            at += 1;
            continue;
        }
        let end = at + COLUMN.len();
        let is_inserted = at > 0 && sql[at - 1] == b'(' && inserts_tenant(sql, end);
        if follows(sql, end, b" = $1") || is_joined(sql, end) || is_inserted {
            found += 1;
        }
        at = end;
    }
    found
}

/// `workspace_id = other.workspace_id`; the second half is then no tie of its own.
const fn is_joined(sql: &[u8], end: usize) -> bool {
    if !follows(sql, end, b" = ") {
        return false;
    }
    let mut at = end + 3;
    while at < sql.len() && is_word(sql[at]) {
        at += 1;
    }
    follows(sql, at, b".workspace_id")
}

/// `(workspace_id, …) VALUES ($1, …` or `… SELECT $1, …`.
const fn inserts_tenant(sql: &[u8], from: usize) -> bool {
    let mut at = from;
    while at < sql.len() && sql[at] != b')' {
        at += 1;
    }
    follows(sql, at, b") VALUES ($1") || follows(sql, at, b") SELECT $1")
}

const fn is_tenant_table(sql: &[u8], start: usize, end: usize) -> bool {
    let mut table = 0;
    while table < TENANT_TABLES.len() {
        if is(sql, start, end, TENANT_TABLES[table].as_bytes()) {
            return true;
        }
        table += 1;
    }
    false
}

/// Whether `sql[start..end]` is `word`.
const fn is(sql: &[u8], start: usize, end: usize, word: &[u8]) -> bool {
    end - start == word.len() && follows(sql, start, word)
}

/// Whether `text` begins at `at`, and no longer number does.
const fn follows(sql: &[u8], at: usize, text: &[u8]) -> bool {
    if at + text.len() > sql.len() {
        return false;
    }
    let mut index = 0;
    while index < text.len() {
        if sql[at + index] != text[index] {
            return false;
        }
        index += 1;
    }
    let next = at + text.len();
    let ends_in_digit = text[text.len() - 1].is_ascii_digit();
    !(ends_in_digit && next < sql.len() && sql[next].is_ascii_digit())
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: [&str; 15] = [
        include_str!("../../../migrations/postgres/0001_documents.sql"),
        include_str!("../../../migrations/postgres/0002_records.sql"),
        include_str!("../../../migrations/postgres/0003_boards.sql"),
        include_str!("../../../migrations/postgres/0004_comments.sql"),
        include_str!("../../../migrations/postgres/0005_webhooks.sql"),
        include_str!("../../../migrations/postgres/0006_notifications.sql"),
        include_str!("../../../migrations/postgres/0007_webhook_claims.sql"),
        include_str!("../../../migrations/postgres/0008_webhook_endpoints.sql"),
        include_str!("../../../migrations/postgres/0009_audit.sql"),
        include_str!("../../../migrations/postgres/0010_notification_deliveries.sql"),
        include_str!("../../../migrations/postgres/0011_push_subscriptions.sql"),
        include_str!("../../../migrations/postgres/0012_audit_archive.sql"),
        include_str!("../../../migrations/postgres/0013_access_requests.sql"),
        include_str!("../../../migrations/postgres/0014_webhook_line.sql"),
        include_str!("../../../migrations/postgres/0015_live_documents.sql"),
    ];

    #[test]
    fn the_tables_of_tenants_are_those_with_a_workspace() {
        let tables = SCHEMA.iter().flat_map(|sql| sql.split("CREATE TABLE ").skip(1));
        let owned = tables.filter_map(|table| {
            let (name, rest) = table.split_once(" (")?;
            let columns = rest.split_once("\n);")?.0;
            columns
                .lines()
                .any(|line| line.trim_start().starts_with("workspace_id "))
                .then_some(name)
        });
        let owned: Vec<_> = owned.collect();
        assert_eq!(owned, TENANT_TABLES);
        for table in owned {
            assert!(
                SCHEMA
                    .iter()
                    .any(|sql| sql.contains(&format!("        '{table}'"))),
                "{table} has no row-level security"
            );
        }
    }

    fn accepts(sql: &'static str) -> bool {
        tenant_mentions(sql.as_bytes()) > 0 && ties(sql.as_bytes()) >= tenant_mentions(sql.as_bytes())
    }

    #[test]
    fn a_tenants_table_must_be_tied_to_its_workspace() {
        for sql in [
            "SELECT 1 FROM teams WHERE workspace_id = $1",
            "SELECT 1 FROM teams t JOIN projects p ON p.workspace_id = t.workspace_id AND p.team_id = t.id \
             WHERE t.workspace_id = $1",
            "SELECT 1 FROM users u JOIN workspace_members m ON m.user_id = u.id WHERE m.workspace_id = $1",
            "INSERT INTO teams (workspace_id, id) VALUES ($1, $2)",
            "UPDATE teams SET name = $2 WHERE workspace_id = $1 AND id = $3",
            "DELETE FROM teams WHERE workspace_id = $1",
        ] {
            assert!(accepts(sql), "{sql}");
        }
        for sql in [
            "SELECT 1 FROM teams",
            "SELECT 1 FROM teams WHERE workspace_id = $10",
            "SELECT 1 FROM teams WHERE workspace_id = $2",
            "SELECT 1 FROM teams t JOIN projects p ON p.team_id = t.id WHERE t.workspace_id = $1",
            "SELECT 1 FROM teams WHERE workspace_id = $1 AND EXISTS (SELECT 1 FROM projects)",
            "INSERT INTO teams (id, workspace_id) VALUES ($2, $1)",
            "INSERT INTO teams (workspace_id, id) VALUES ($2, $1)",
            "UPDATE teams SET name = $2 WHERE id = $3",
            "DELETE FROM teams WHERE id = $2",
            "SELECT 1 FROM users",
        ] {
            assert!(!accepts(sql), "{sql}");
        }
    }
}
