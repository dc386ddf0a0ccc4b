//! Before something is sent: taking it, asking whether it may still be, and making what it says. And after it: writing
//! what came of it.
//!
//! Invariant: all that is asked is asked in the transaction that takes it. What stops a delivery is written there, too.

use weft_storage::records::{
    DueDelivery, Notification, NotificationDelivery, NotificationDeliveryResult as Result_,
    NotificationSubject, RecordError, Tenant, User,
};

use super::Courier;
use super::adapter::{Item, Message, Outcome};
use crate::auth::random;
use crate::notifications::render::open_request;
use crate::notifications::timing::Timing;
use crate::notifications::{Kind, Preferences, Renderer};

/// How much longer a claim lasts than sending takes, in milliseconds.
const SLACK_MS: i64 = 15_000;
/// How long an answer may ask to wait, in milliseconds: a day.
const LONGEST_MS: i64 = 24 * 60 * 60 * 1_000;

/// What is asked about one delivery.
enum Verdict {
    Send(Box<Notification>, Kind),
    Stop(Result_<'static>),
}

impl Courier {
    /// Takes what is due for somebody. `None` if nothing is left that may be sent now.
    pub(super) async fn take(&self, due: DueDelivery) -> Result<Option<Message>, RecordError> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.records.write().await?;
        let Some(user) = tx.user(due.user_id).await? else {
            return Ok(None);
        };
        let claim = random::id();
        let until_ms = now_ms + i64::try_from(self.adapter.patience().as_millis()).unwrap_or(0) + SLACK_MS;
        let mut tenant = tx.workspace(due.workspace).await?;
        let whose = (user.id, self.adapter.way());
        let most = self.adapter.most_items(&user);
        let claimed = tenant
            .claim_notification_deliveries(whose, claim, (now_ms, until_ms), most)
            .await?;
        let quiet_until_ms = Timing::of(&user.notification_preferences).quiet_until_ms(now_ms);
        let (mut items, mut stopped, mut renderer) = (Vec::new(), Vec::new(), Renderer::default());
        for delivery in claimed {
            let id = delivery.id;
            let stop = match self.judge(&mut tenant, &user, &delivery).await? {
                Verdict::Stop(stop) => stop,
                Verdict::Send(..) if let Some(end_ms) = quiet_until_ms => Result_::Postponed(end_ms),
                Verdict::Send(row, kind) => {
                    items.push(item(&mut tenant, &mut renderer, (*row, kind), delivery).await?);
                    continue;
                }
            };
            tenant
                .finish_notification_delivery(id, claim, stop, now_ms)
                .await?;
            stopped.push(stop);
        }
        tx.commit().await?;
        stopped.into_iter().for_each(|stop| self.count(stop));
        let message = Message {
            workspace: due.workspace,
            user,
            items,
            claim,
        };
        Ok((!message.items.is_empty()).then_some(message))
    }

    /// Whether a delivery may be sent at this moment.
    async fn judge(
        &self,
        tenant: &mut Tenant<'_>,
        user: &User,
        delivery: &NotificationDelivery,
    ) -> Result<Verdict, RecordError> {
        let stop = |result| Ok(Verdict::Stop(result));
        if user.status != "active" || user.deleted_at_ms.is_some() {
            return stop(Result_::Suppressed("the account is not active"));
        }
        if let Some(why) = self.adapter.refuses(user) {
            return stop(Result_::Suppressed(why));
        }
        let tries = self.settings.retries_ms.len() + 1;
        if usize::try_from(delivery.attempts).is_ok_and(|attempts| attempts > tries) {
            return stop(Result_::Failed("every attempt ended without an answer"));
        }
        let workspace = tenant.id();
        let row = tenant
            .tx()
            .notification_seen(user.id, delivery.notification_id)
            .await?
            .filter(|row| row.workspace == workspace);
        let Some(row) = row else {
            return stop(Result_::Suppressed("they may not see it any more"));
        };
        let marks = row.marks;
        if marks.read_at_ms.is_some() || marks.archived_at_ms.is_some() || marks.snoozed_until_ms.is_some() {
            return stop(Result_::Cancelled);
        }
        let Some(kind) = Kind::parse(&delivery.kind) else {
            return stop(Result_::Suppressed("the type is not known here"));
        };
        let everywhere = &user.notification_preferences;
        let wanted = Preferences::read(tenant, user.id, row.project_id, everywhere).await?;
        if !wanted.wants(kind, self.adapter.channel()) {
            return stop(Result_::Cancelled);
        }
        if kind == Kind::AccessRequested && open_request(tenant, &row).await?.is_none() {
            return stop(Result_::Cancelled);
        }
        Ok(Verdict::Send(Box::new(row), kind))
    }

    /// Writes what came of a message.
    pub(super) async fn settle(&self, message: &Message, outcome: &Outcome) -> Result<(), RecordError> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(message.workspace).await?;
        let mut results = Vec::new();
        for item in &message.items {
            let result = match outcome {
                Outcome::Sent => Result_::Sent,
                Outcome::Unwanted => Result_::Cancelled,
                Outcome::Failed(why) => Result_::Failed(why),
                Outcome::Again(why, wait) => {
                    let failures = usize::try_from(item.attempts).unwrap_or(1);
                    let planned = self.settings.retries_ms.get(failures.saturating_sub(1));
                    let asked = wait.map_or(0, |wait| i64::try_from(wait.as_millis()).unwrap_or(LONGEST_MS));
                    match planned {
                        Some(planned) => Result_::Again(now_ms + (*planned).max(asked.min(LONGEST_MS)), why),
                        None => Result_::Failed(why),
                    }
                }
            };
            let stood = tenant
                .finish_notification_delivery(item.id, message.claim, result, now_ms)
                .await?;
            if stood {
                results.push(result);
            }
        }
        tx.commit().await?;
        results.into_iter().for_each(|result| self.count(result));
        Ok(())
    }
}

/// What is said of a delivery: of the row, but by what was to be sent of it.
async fn item(
    tenant: &mut Tenant<'_>,
    renderer: &mut Renderer,
    (row, kind): (Notification, Kind),
    delivery: NotificationDelivery,
) -> Result<Item, RecordError> {
    let told = Notification {
        kind: delivery.kind,
        comment_id: delivery.comment_id,
        actors: delivery.actors,
        ..row
    };
    let rendered = renderer.render(tenant.tx(), &told).await?;
    Ok(Item {
        id: delivery.id,
        notification: told.id,
        kind,
        title: rendered.title,
        body: rendered.body,
        happened: delivery.happened,
        path: path_of(told.subject),
        attempts: delivery.attempts,
    })
}

/// The page about it.
fn path_of(subject: NotificationSubject) -> String {
    match subject {
        NotificationSubject::Task(id) => format!("/tasks/{id}"),
        NotificationSubject::Document(id) => format!("/documents/{id}"),
        NotificationSubject::WebhookEndpoint(id) => format!("/webhooks/{id}"),
        NotificationSubject::Workspace(_)
        | NotificationSubject::Project(_)
        | NotificationSubject::Team(_) => "/boards".to_owned(),
        NotificationSubject::Account(_) => "/inbox".to_owned(),
    }
}
