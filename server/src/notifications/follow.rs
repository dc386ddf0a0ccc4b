//! The one loop that tells: whenever events were committed, and once a second.
//!
//! Invariant: rows, counters and the cursor are one commit. On Postgres a step holds its workspace's lock, on SQLite
//! there is one writer, so that two nodes never take the same step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{
    EventFilter, EventSpan, NewNotification, NotificationPlace, NotificationSubject, RecordError, Reminder,
    Tenant,
};

use super::rules::{About, about_topic, of_event};
use super::{Channel, Kind, Notifier, Preferences, Ways};
use crate::access::people;
use crate::reminders::bring_up_to_date;

/// How long events gather after the first of them.
const GATHER: Duration = Duration::from_millis(5);
/// How often it is looked for events that nobody told of, and for what time brings.
const POLL: Duration = Duration::from_secs(1);
/// How many workspaces have their turn in one round.
const WORKSPACES: u32 = 100;
/// How many events one step looks at: nobody else who writes waits for more.
const EVENTS: u32 = 50;
/// How many reminders, and rows that come back, are taken at once.
const AT_ONCE: u32 = 100;
/// How far back tasks are looked at whose date changed, in milliseconds: longer than any edit takes to become a row.
const RECENT_MS: i64 = 10 * 60 * 1_000;

/// How long somebody who has read that a document was changed hears nothing more of its changes, in milliseconds.
const CHANGES_MS: i64 = 10 * 60 * 1_000;

/// Rows that changed, by whose they are. In the order of the ids, in which places are given out.
type Changed = BTreeMap<Uuid, BTreeSet<Uuid>>;

impl Notifier {
    /// Tells people what happens until `stop`.
    pub(crate) async fn keep_telling(self: Arc<Self>, stop: CancellationToken) {
        let mut ear = self.records.event_bell().listen();
        let mut wait = Duration::ZERO;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = ear.changed() => sleep(GATHER).await,
                () = sleep(wait) => {}
            }
            wait = match stop.run_until_cancelled(self.round()).await {
                None => return,
                Some(Ok(true)) => Duration::ZERO,
                Some(Ok(false)) => POLL,
                Some(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "people were not told what happened; it is tried again");
                    POLL
                }
            };
        }
    }

    /// Gives every workspace with something to tell its turn. Whether there is more to do at once.
    async fn round(&self) -> Result<bool, RecordError> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.records.read().await?;
        let behind = tx.notification_work(WORKSPACES).await?;
        let awake = tx.notifications_to_wake(now_ms, AT_ONCE).await?;
        drop(tx);
        let mut has_more = behind.len() == WORKSPACES as usize || awake.len() == AT_ONCE as usize;
        let mut failure = None;
        for workspace in behind {
            // One that fails does not keep the others waiting.
            match self.step(workspace).await {
                Ok(more) => has_more |= more,
                Err(error) => failure = Some(error),
            }
        }
        for place in awake {
            self.wake(place, now_ms).await?;
        }
        has_more |= self.remind(now_ms).await?;
        self.tell_dates(now_ms).await?;
        failure.map_or(Ok(has_more), Err)
    }

    /// Tells the next events of a workspace. Whether there are more.
    async fn step(&self, workspace: WorkspaceId) -> Result<bool, RecordError> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(workspace).await?;
        let cursor = tenant.notification_cursor().await?;
        let span = EventSpan::after(cursor, EVENTS);
        let events = tenant.events(&EventFilter::default(), span).await?;
        let Some(last) = events.last().map(|event| event.seq) else {
            return Ok(false);
        };
        let mut changed = Changed::new();
        for event in &events {
            for news in of_event(&mut tenant, event).await? {
                for (user, kind) in &news.to {
                    if event.actor == Some(*user) {
                        continue;
                    }
                    let cause = (event.actor, Some(event.seq));
                    let told =
                        tell(self.ways, &mut tenant, &news.about, (*user, *kind), cause, now_ms).await?;
                    if let Some(row) = told {
                        changed.entry(*user).or_default().insert(row);
                    }
                }
                if news.is_over {
                    let thread = &news.about.thread_key;
                    for place in tenant.read_access_notifications(thread, now_ms).await? {
                        changed.entry(place.user_id).or_default().insert(place.id);
                    }
                }
            }
        }
        tenant.move_notification_cursor(last).await?;
        settle(&mut tenant, &changed).await?;
        tx.commit().await?;
        if !changed.is_empty() {
            self.ring();
        }
        Ok(events.len() == EVENTS as usize)
    }

    /// Has a row come back that was put off.
    async fn wake(&self, place: NotificationPlace, now_ms: i64) -> Result<(), RecordError> {
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(place.workspace).await?;
        if tenant.wake_notification(place.id, now_ms).await? {
            tenant.settle_notifications(place.user_id, &[place.id]).await?;
            tx.commit().await?;
            self.ring();
        }
        Ok(())
    }

    /// Tells the reminders whose moment has come. Whether there may be more.
    async fn remind(&self, now_ms: i64) -> Result<bool, RecordError> {
        let since_ms = now_ms - RECENT_MS;
        let mut tx = self.records.read().await?;
        let is_stale = !tx.stale_reminders(since_ms, 1).await?.is_empty();
        drop(tx);
        if is_stale {
            bring_up_to_date(&self.records, since_ms, now_ms).await?;
        }
        let mut tx = self.records.read().await?;
        let due = tx.due_reminders(now_ms, AT_ONCE).await?;
        drop(tx);
        // Each is a transaction of its own: one that held places of several people in the order of the reminders would
        // wait for others that wait for it.
        for reminder in &due {
            self.remind_of(reminder, now_ms).await?;
        }
        Ok(due.len() == AT_ONCE as usize)
    }

    async fn remind_of(&self, reminder: &Reminder, now_ms: i64) -> Result<(), RecordError> {
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(reminder.workspace).await?;
        if !tenant.claim_reminder(reminder.id, now_ms).await? {
            return Ok(());
        }
        let document = tenant.document(reminder.document_id).await?;
        let project = document.map(|document| document.project_id);
        let about = about_topic(reminder.document_id, Some(reminder.task_id), project);
        let whom = (reminder.user_id, Kind::Reminder);
        if let Some(row) = tell(self.ways, &mut tenant, &about, whom, (None, None), now_ms).await? {
            tenant.settle_notifications(reminder.user_id, &[row]).await?;
        }
        tx.commit().await?;
        self.ring();
        Ok(())
    }
}

/// Gives what changed its places, in the order of people.
async fn settle(tenant: &mut Tenant<'_>, changed: &Changed) -> Result<(), RecordError> {
    for (user, rows) in changed {
        let rows: Vec<Uuid> = rows.iter().copied().collect();
        tenant.settle_notifications(*user, &rows).await?;
    }
    Ok(())
}

/// Puts something into somebody's inbox, if they may see it and want to hear of it, and has it sent by the ways that they
/// want. The row.
pub(super) async fn tell(
    ways: Ways,
    tenant: &mut Tenant<'_>,
    about: &About,
    (user, kind): (Uuid, Kind),
    (actor, seq): (Option<Uuid>, Option<i64>),
    now_ms: i64,
) -> Result<Option<Uuid>, RecordError> {
    if !sees(tenant, about, user, now_ms).await? {
        return Ok(None);
    }
    let Some(account) = tenant.tx().user(user).await? else {
        return Ok(None);
    };
    if account.status != "active" || account.deleted_at_ms.is_some() {
        return Ok(None);
    }
    if let (Some(topic), false) = (about.topic, kind.is_personal()) {
        let known = tenant.subscription(topic, user).await?;
        if known.is_some_and(|known| known.state == "muted") {
            return Ok(None);
        }
    }
    if kind == Kind::DocumentChanged
        && tenant
            .was_told_since((user, &about.thread_key), now_ms - CHANGES_MS)
            .await?
    {
        return Ok(None);
    }
    let everywhere = &account.notification_preferences;
    let wanted = Preferences::read(tenant, user, about.project_id, everywhere).await?;
    if !wanted.wants(kind, Channel::InApp) {
        return Ok(None);
    }
    let new = NewNotification {
        user_id: user,
        thread_key: &about.thread_key,
        kind: kind.as_str(),
        subject: about.subject,
        team_id: about.team_id,
        project_id: about.project_id,
        document_id: about.document_id,
        comment_id: about.comment_id,
        actor,
        seq,
        now_ms,
    };
    let row = tenant.put_notification(&new).await?;
    ways.announce(tenant, (&account, &wanted), (kind, &new), row)
        .await?;
    Ok(Some(row))
}

/// Whether somebody may see what they are to be told about, at this moment.
async fn sees(tenant: &mut Tenant<'_>, about: &About, user: Uuid, now_ms: i64) -> Result<bool, RecordError> {
    let Some(member) = tenant.member(user).await? else {
        return Ok(false);
    };
    if let Some(document) = about.document_id {
        return people::sees_document(tenant.tx(), document, user, now_ms).await;
    }
    match about.subject {
        NotificationSubject::Project(project) => people::sees_project(tenant, project, user).await,
        NotificationSubject::Team(team) => Ok(tenant.team_member(team, user).await?.is_some()),
        NotificationSubject::WebhookEndpoint(_) => Ok(matches!(member.role.as_str(), "owner" | "admin")),
        _ => Ok(true),
    }
}
