//! By which ways something goes out that comes into an inbox.
//!
//! Invariant: what is written here is written in the transaction of the inbox row.

use uuid::Uuid;
use weft_storage::records::{
    NewNotification, NewNotificationDelivery, NotificationWay, RecordError, Tenant, User,
};

use crate::config::Config;
use crate::notifications::timing::Timing;
use crate::notifications::{Channel, Kind, Preferences};

/// The ways that this server has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ways {
    /// How long a mail waits for what else happens, in milliseconds; `None` if none are sent.
    pub(crate) mail_delay_ms: Option<i64>,
    /// Whether browsers are told.
    pub(crate) has_web_push: bool,
    /// Whether there is a gateway of the operator.
    pub(crate) has_gateway: bool,
}

impl Ways {
    /// Those of these settings.
    pub(crate) fn of(config: &Config) -> Self {
        let told = &config.notifications;
        let delay_ms = i64::try_from(told.email_delay_seconds).unwrap_or(0) * 1_000;
        let sends_mail = told.sends_mail(!config.mail.smtp_host.is_empty());
        Self {
            mail_delay_ms: sends_mail.then_some(delay_ms),
            has_web_push: told.web_push,
            has_gateway: !told.adapter_url.is_empty(),
        }
    }

    /// By which channels something is told, the inbox first.
    pub(crate) fn channels(self) -> Vec<Channel> {
        let sends = |channel: &Channel| match channel {
            Channel::InApp => true,
            Channel::Email => self.mail_delay_ms.is_some(),
            Channel::Push => self.has_gateway || self.has_web_push,
        };
        Channel::ALL.into_iter().filter(sends).collect()
    }

    /// Has what came into the row `notification` sent by every way that its reader wants.
    ///
    /// # Errors
    /// A failure of the database.
    pub(in crate::notifications) async fn announce(
        self,
        tenant: &mut Tenant<'_>,
        (account, wanted): (&User, &Preferences),
        (kind, new): (Kind, &NewNotification<'_>),
        notification: Uuid,
    ) -> Result<(), RecordError> {
        let mut due = Vec::new();
        if let Some(delay_ms) = self.mail_delay_ms
            && account.email_verified_at_ms.is_some()
            && wanted.wants(kind, Channel::Email)
        {
            let timing = Timing::of(&account.notification_preferences);
            let due_at_ms = timing.mail_due_ms(new.now_ms, delay_ms, &account.preferences);
            due.push((NotificationWay::Email, due_at_ms));
        }
        if wanted.wants(kind, Channel::Push) {
            if self.has_gateway {
                due.push((NotificationWay::Http, new.now_ms));
            }
            if self.has_web_push && has_browser(tenant, new).await? {
                due.push((NotificationWay::WebPush, new.now_ms));
            }
        }
        for (way, due_at_ms) in due {
            let delivery = NewNotificationDelivery {
                notification_id: notification,
                user_id: new.user_id,
                way,
                kind: new.kind,
                comment_id: new.comment_id,
                actor: new.actor,
                due_at_ms,
                now_ms: new.now_ms,
            };
            tenant.put_notification_delivery(&delivery).await?;
        }
        Ok(())
    }
}

async fn has_browser(tenant: &mut Tenant<'_>, new: &NewNotification<'_>) -> Result<bool, RecordError> {
    let browsers = tenant.tx().push_subscriptions(new.user_id, new.now_ms).await?;
    Ok(!browsers.is_empty())
}
