//! What is read of the audit log in the database: along the chain, or by what is asked for.
//!
//! Invariant: a page costs what it holds, however long the log is. So each filter has a statement of its own that one index answers in the
//! order of the chain, and where a page begins is a place in the chain and not a number of rows to be skipped. What is asked of time
//! becomes two places first. Of several filters the first of subject, actor and action leads; the others only leave rows out.

use uuid::Uuid;

use super::audit_chain::AuditEntry;
use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Mark, Span};
use super::statement::{TenantSql, tenant_sql};
use super::tenant::Tenant;
use super::value::{Value, args};
use super::workspaces::Count;

/// By how much more than ever before an entry may be written behind a later one, in milliseconds: servers that do not count that may
/// write beside this one.
const SLACK_MS: i64 = 60_000;

/// Which entries are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter<'a> {
    /// Only those whose action begins like this.
    pub action: Option<&'a str>,
    /// Only those of this actor.
    pub actor: Option<Uuid>,
    /// Only those about this.
    pub subject: Option<Uuid>,
    /// Only those from this moment on, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Only those before this moment.
    pub to_ms: Option<i64>,
}

impl AuditFilter<'_> {
    /// Whether an entry is asked for.
    pub fn takes(&self, entry: &AuditEntry) -> bool {
        self.action.is_none_or(|begin| entry.action.starts_with(begin))
            && self.actor.is_none_or(|actor| entry.actor_id == Some(actor))
            && self
                .subject
                .is_none_or(|subject| entry.subject_id == Some(subject))
            && self.from_ms.is_none_or(|from| entry.at_ms >= from)
            && self.to_ms.is_none_or(|to| entry.at_ms < to)
    }

    fn values(&self) -> Vec<Value> {
        args![self.action, self.actor, self.subject, self.from_ms, self.to_ms]
    }
}

/// What the index is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lead {
    Subject,
    Actor,
    Action(String),
    Chain,
}

/// Places in the chain: behind the first, before the second.
#[derive(Debug, Clone, Copy)]
struct Places {
    after: i64,
    before: i64,
}

struct Action(String);

impl FromRow for Action {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("action").map(Self)
    }
}

macro_rules! columns {
    () => {
        "a.workspace_id, a.seq, a.id, a.at_ms, a.actor_kind, a.actor_id, a.action, a.subject_kind, a.subject_id, \
         a.address, a.user_agent, a.request_id, a.details, a.event_seq, a.prev_hash, a.hash"
    };
}

/// What is asked for beside the lead, with the filter's values from `$4` on.
macro_rules! wanted {
    ($what:expr, $lead:literal, $end:literal) => {
        tenant_sql!(
            "SELECT ",
            $what,
            " FROM audit_entries a WHERE a.workspace_id = $1 AND a.seq > $2 AND a.seq < $3 \
             AND ($4 IS NULL OR substr(a.action, 1, length($4)) = $4) AND ($5 IS NULL OR a.actor_id = $5) \
             AND ($6 IS NULL OR a.subject_id = $6) AND ($7 IS NULL OR a.at_ms >= $7) \
             AND ($8 IS NULL OR a.at_ms < $8)",
            $lead,
            $end
        )
    };
}

macro_rules! led {
    ($lead:expr, $what:expr, $end:literal) => {
        match $lead {
            Lead::Subject => wanted!($what, " AND a.subject_id = $6", $end),
            Lead::Actor => wanted!($what, " AND a.actor_id = $5", $end),
            Lead::Action(_) => wanted!($what, " AND a.action = $9", $end),
            Lead::Chain => wanted!($what, "", $end),
        }
    };
}

impl Lead {
    /// The statement of a page. `$10` and `$11`, or `$9` and `$10`, are how many rows and how many of them are left out.
    fn page(&self, span: &Span) -> TenantSql {
        match (self, span.is_reversed) {
            (Self::Action(_), true) => led!(self, columns!(), " ORDER BY a.seq DESC LIMIT $10 OFFSET $11"),
            (Self::Action(_), false) => led!(self, columns!(), " ORDER BY a.seq LIMIT $10 OFFSET $11"),
            (_, true) => led!(self, columns!(), " ORDER BY a.seq DESC LIMIT $9 OFFSET $10"),
            (_, false) => led!(self, columns!(), " ORDER BY a.seq LIMIT $9 OFFSET $10"),
        }
    }

    fn count(&self) -> TenantSql {
        led!(self, "COUNT(*) AS n", "")
    }

    fn values(&self, places: Places, filter: &AuditFilter<'_>) -> Vec<Value> {
        let mut values = args![places.after, places.before];
        values.extend(filter.values());
        if let Self::Action(action) = self {
            values.push(action.into());
        }
        values
    }
}

impl Tenant<'_> {
    /// Entries in the order of the chain that are in the database, behind `after`.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audit_chain(&mut self, after: i64, limit: u32) -> Result<Vec<AuditEntry>, RecordError> {
        let sql = tenant_sql!(
            "SELECT ",
            columns!(),
            " FROM audit_entries a WHERE a.workspace_id = $1 AND a.seq > $2 ORDER BY a.seq LIMIT $3"
        );
        self.all(sql, args![after, limit]).await
    }

    /// Entries that are in the database, in the order of the chain.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn audit_entries(
        &mut self,
        filter: &AuditFilter<'_>,
        span: &Span,
    ) -> Result<Vec<AuditEntry>, RecordError> {
        let mut places = self.audit_places(filter).await?;
        if let Some((Mark::Number(seq), _)) = span.after {
            match span.is_reversed {
                true => places.before = places.before.min(seq),
                false => places.after = places.after.max(seq),
            }
        }
        let leads = self.audit_leads(filter).await?;
        if let [lead] = leads.as_slice() {
            return self.audit_page(lead, filter, places, span).await;
        }
        // Those of each action by itself, so that each is found by the index; of all of them the first ones.
        let whole = Span {
            skip: 0,
            limit: span.skip.saturating_add(span.limit),
            ..span.clone()
        };
        let wanted = whole.limit as usize;
        let mut found: Vec<AuditEntry> = Vec::new();
        for lead in &leads {
            found.extend(self.audit_page(lead, filter, places, &whole).await?);
            found.sort_unstable_by_key(|entry| entry.seq);
            if span.is_reversed {
                found.reverse();
            }
            if found.len() >= wanted {
                found.truncate(wanted);
                // What lies behind the last of them is not asked for any more.
                match found.last().map(|last| last.seq) {
                    Some(seq) if span.is_reversed => places.after = places.after.max(seq),
                    Some(seq) => places.before = places.before.min(seq),
                    None => {}
                }
            }
        }
        found.drain(..found.len().min(span.skip as usize));
        Ok(found)
    }

    /// How many of them there are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_audit_entries(&mut self, filter: &AuditFilter<'_>) -> Result<i64, RecordError> {
        let places = self.audit_places(filter).await?;
        let mut total = 0;
        for lead in self.audit_leads(filter).await? {
            let values = lead.values(places, filter);
            let count: Option<Count> = self.one(lead.count(), values).await?;
            total += count.map_or(0, |count| count.0);
        }
        Ok(total)
    }

    async fn audit_page(
        &mut self,
        lead: &Lead,
        filter: &AuditFilter<'_>,
        places: Places,
        span: &Span,
    ) -> Result<Vec<AuditEntry>, RecordError> {
        let mut values = lead.values(places, filter);
        values.extend(args![span.limit, span.skip]);
        self.all(lead.page(span), values).await
    }

    /// What leads to the entries that are asked for: together these find each once.
    async fn audit_leads(&mut self, filter: &AuditFilter<'_>) -> Result<Vec<Lead>, RecordError> {
        if filter.subject.is_some() {
            return Ok(vec![Lead::Subject]);
        }
        if filter.actor.is_some() {
            return Ok(vec![Lead::Actor]);
        }
        let Some(begin) = filter.action else {
            return Ok(vec![Lead::Chain]);
        };
        // One look at the index for each action that the log has: they are names of the program, so there are few.
        let sql = tenant_sql!(
            "WITH RECURSIVE kinds (action) AS ( \
             SELECT min(a.action) FROM audit_entries a WHERE a.workspace_id = $1 AND a.action >= '' UNION ALL \
             SELECT (SELECT min(b.action) FROM audit_entries b WHERE b.workspace_id = $1 AND b.action > k.action) \
             FROM kinds k WHERE k.action IS NOT NULL) \
             SELECT k.action AS action FROM kinds k WHERE k.action IS NOT NULL"
        );
        let found: Vec<Action> = self.all(sql, args![]).await?;
        let found = found.into_iter().filter(|found| found.0.starts_with(begin));
        Ok(found.map(|found| Lead::Action(found.0)).collect())
    }

    /// Where in the chain everything lies that was at the times that are asked for.
    ///
    /// Entries are written in the order of the commits, and `late_ms` is by how much one was ever written behind a later one. So
    /// whatever stands before an entry that is that much older than `from` is older than `from` itself, and what stands behind one that
    /// is that much younger than `to` is not before `to`.
    async fn audit_places(&mut self, filter: &AuditFilter<'_>) -> Result<Places, RecordError> {
        let mut places = Places {
            after: 0,
            before: i64::MAX,
        };
        if filter.from_ms.is_none() && filter.to_ms.is_none() {
            return Ok(places);
        }
        let slack = self.audit_head().await?.late_ms.saturating_add(SLACK_MS);
        if let Some(from) = filter.from_ms {
            let sql = tenant_sql!(
                "SELECT a.seq AS n FROM audit_entries a WHERE a.workspace_id = $1 AND a.at_ms < $2 \
                 ORDER BY a.at_ms DESC, a.seq DESC LIMIT 1"
            );
            let found: Option<Count> = self.one(sql, args![from.saturating_sub(slack)]).await?;
            places.after = found.map_or(places.after, |found| found.0);
        }
        if let Some(to) = filter.to_ms {
            let sql = tenant_sql!(
                "SELECT a.seq AS n FROM audit_entries a WHERE a.workspace_id = $1 AND a.at_ms >= $2 \
                 ORDER BY a.at_ms, a.seq LIMIT 1"
            );
            let found: Option<Count> = self.one(sql, args![to.saturating_add(slack)]).await?;
            places.before = found.map_or(places.before, |found| found.0);
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

    use super::*;

    #[tokio::test]
    async fn each_filter_is_answered_by_its_index_in_the_order_of_the_chain() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        crate::sqlite::migrate(&mut connection).await.unwrap();
        let range = "seq>? AND seq<?)";
        for (lead, index) in [
            (
                Lead::Subject,
                "audit_entries_subject (workspace_id=? AND subject_id=? AND ",
            ),
            (
                Lead::Actor,
                "audit_entries_actor (workspace_id=? AND actor_id=? AND ",
            ),
            (
                Lead::Action("task.moved".to_owned()),
                "audit_entries_action (workspace_id=? AND action=? AND ",
            ),
            (
                Lead::Chain,
                "sqlite_autoindex_audit_entries_1 (workspace_id=? AND ",
            ),
        ] {
            for is_reversed in [true, false] {
                let span = Span {
                    is_reversed,
                    ..Span::first(25)
                };
                let sql = format!("EXPLAIN QUERY PLAN {}", lead.page(&span).0);
                let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
                // One step: nothing is sorted, and nothing but the index says where to look.
                let [(.., step)] = plan.as_slice() else {
                    panic!("{lead:?}: {plan:?}");
                };
                let expected = format!("USING INDEX {index}{range}");
                assert!(step.ends_with(&expected), "{lead:?}: {step}");
            }
        }
    }
}
