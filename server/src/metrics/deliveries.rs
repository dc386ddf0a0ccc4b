//! What came of notifications that left the inbox.

use weft_storage::records::{NotificationDeliveryResult, NotificationWay};

use super::kinds::CounterFamily;

/// By what came of them: `sent`, `again` (it is tried later), `failed`, `cancelled` (nobody needs it any more), `suppressed`
/// (it may not be sent), `postponed` (to the end of quiet hours).
const RESULTS: &[&str] = &["sent", "again", "failed", "cancelled", "suppressed", "postponed"];

/// A count for each way and result.
#[derive(Debug)]
pub struct DeliveryCounters {
    pub(super) mails: CounterFamily,
    pub(super) pushes: CounterFamily,
    pub(super) gateway: CounterFamily,
}

impl DeliveryCounters {
    pub(super) fn new() -> Self {
        let family = |name, help| CounterFamily::new(name, help, "result", RESULTS);
        Self {
            mails: family(
                "weft_notification_mails_total",
                "Notifications by mail, by what came of them.",
            ),
            pushes: family(
                "weft_notification_pushes_total",
                "Notifications for browsers, by what came of them.",
            ),
            gateway: family(
                "weft_notification_gateway_total",
                "Notifications for the gateway, by what came of them.",
            ),
        }
    }

    /// Counts what came of one.
    pub(crate) fn count(&self, way: NotificationWay, result: NotificationDeliveryResult<'_>) {
        let family = match way {
            NotificationWay::Email => &self.mails,
            NotificationWay::WebPush => &self.pushes,
            NotificationWay::Http => &self.gateway,
        };
        family.with(result.as_str()).add(1);
    }
}
