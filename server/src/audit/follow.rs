//! The one loop that writes down what no request did: whenever events were committed, and once a second.
//!
//! Invariant: entries and the cursor of a workspace are one commit, under the workspace's lock, so that two nodes never write the same
//! event down. An event that a request wrote down itself is passed over. Edits never wait for it: what it cannot write stays in the
//! events, which nothing removes, and is written later.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use weft_storage::WorkspaceId;
use weft_storage::records::{AuditOrigin, EventFilter, EventSpan, NewAuditEntry, RecordError, Records};

use super::said::said_of;
use crate::metrics::Metrics;

/// How long events gather after the first of them: nobody waits for an entry.
const GATHER: Duration = Duration::from_millis(100);
/// How often it is looked for events that nobody told of.
const POLL: Duration = Duration::from_secs(1);
/// How many workspaces have their turn in one round.
const WORKSPACES: u32 = 100;
/// How many events one step looks at: nobody else who writes waits for more.
const EVENTS: u32 = 50;

/// Writes down what happens until `stop`.
pub(crate) async fn keep_writing(records: Records, metrics: Arc<Metrics>, stop: CancellationToken) {
    let mut ear = records.event_bell().listen();
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ear.changed() => sleep(GATHER).await,
            () = sleep(wait) => {}
        }
        wait = match stop.run_until_cancelled(round(&records)).await {
            None => return,
            Some(Ok(true)) => Duration::ZERO,
            Some(Ok(false)) => POLL,
            Some(Err(error)) => {
                metrics.audit_failures.add(1);
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "what happened was not written into the audit log; it is tried again"
                );
                POLL
            }
        };
    }
}

/// Gives every workspace with something to write its turn. Whether there is more to do at once.
async fn round(records: &Records) -> Result<bool, RecordError> {
    let behind = records.read().await?.audit_work(WORKSPACES).await?;
    let mut has_more = behind.len() == WORKSPACES as usize;
    let mut failure = None;
    for workspace in behind {
        let begun = Instant::now();
        // One that fails does not keep the others waiting.
        match step(records, workspace).await {
            Ok(more) => has_more |= more,
            Err(error) => failure = Some(error),
        }
        // As long as it took it rests, so that edits have at least half of whatever writes.
        sleep(begun.elapsed()).await;
    }
    failure.map_or(Ok(has_more), Err)
}

/// Writes down the next events of a workspace. Whether there are more.
async fn step(records: &Records, workspace: WorkspaceId) -> Result<bool, RecordError> {
    let mut tx = records.write().await?;
    let mut tenant = tx.workspace(workspace).await?;
    let cursor = tenant.audit_head().await?.event_seq;
    let span = EventSpan::after(cursor, EVENTS);
    let events = tenant.events(&EventFilter::default(), span).await?;
    let Some(last) = events.last().map(|event| event.seq) else {
        return Ok(false);
    };
    let written = tenant.audited_events(cursor, last).await?;
    let mut entries = Vec::with_capacity(events.len());
    for event in events.iter().filter(|event| !written.contains(&event.seq)) {
        let (subject, details) = said_of(event);
        entries.push(NewAuditEntry {
            actor: event.actor.map_or(("system", None), |user| ("user", Some(user))),
            action: &event.kind,
            subject,
            origin: AuditOrigin::default(),
            details,
            event_seq: Some(event.seq),
            at_ms: event.created_at_ms,
        });
    }
    tenant.audit(&entries).await?;
    tenant.move_audit_cursor(last).await?;
    tx.commit().await?;
    Ok(events.len() == EVENTS as usize)
}
