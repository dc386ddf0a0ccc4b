//! How what people are told leaves the inbox.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::hidden::Hidden;
use crate::webhooks::WebhookSecret;

/// Longest delay of a retry, in seconds: a week.
const RETRY: RangeInclusive<u64> = 1..=604_800;

/// Whether notifications are sent by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailNotifications {
    /// If there is a mail server.
    Auto,
    /// Always, into the folder where there is no mail server.
    On,
    /// Never.
    Off,
}

/// The section `[notifications]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationsConfig {
    /// Whether they are sent by mail.
    pub email: EmailNotifications,
    /// How long a mail waits for what else happens.
    pub email_delay_seconds: u64,
    /// Whether browsers are told by Web Push.
    pub web_push: bool,
    /// Whom push services ask if we are a nuisance: an address, or empty for our own.
    pub web_push_contact: String,
    /// The operator's gateway. Empty: none.
    pub adapter_url: String,
    /// What signs messages to it.
    pub adapter_secret: Hidden,
    /// The delays after failed attempts, in seconds.
    pub retry_seconds: Vec<u64>,
    /// How often work is looked for.
    pub poll_milliseconds: u64,
}

impl NotificationsConfig {
    /// Whether they are sent by mail, if there is a mail server or not.
    pub fn sends_mail(&self, has_mail_server: bool) -> bool {
        match self.email {
            EmailNotifications::Auto => has_mail_server,
            EmailNotifications::On => true,
            EmailNotifications::Off => false,
        }
    }

    /// Whom push services ask about us, whose address is `public_url`.
    pub(crate) fn contact(&self, public_url: &str) -> String {
        match (self.web_push_contact.as_str(), public_url) {
            ("", url) if url.starts_with("https://") => url.to_owned(),
            ("", _) => "mailto:weft@localhost".to_owned(),
            (contact, _) => contact.to_owned(),
        }
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        let contact = &self.web_push_contact;
        let is_contact = contact.is_empty()
            || ["mailto:", "https://"]
                .iter()
                .any(|kind| contact.starts_with(kind));
        checks.require(is_contact && contact.len() <= 256, || {
            "notifications.web_push_contact must be an address such as mailto:ops@example.com".to_owned()
        });
        checks.range(
            "notifications.email_delay_seconds",
            self.email_delay_seconds,
            0..=86_400,
        );
        if !self.adapter_url.is_empty() {
            let is_address = |url: url::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
            checks.require(self.adapter_url.parse().is_ok_and(is_address), || {
                "notifications.adapter_url must be an address such as https://push.example.com/send"
                    .to_owned()
            });
            let secret = WebhookSecret::parse(self.adapter_secret.expose());
            checks.require(secret.is_some(), || {
                "notifications.adapter_url needs notifications.adapter_secret: whsec_ and 24 to 64 bytes in base64"
                    .to_owned()
            });
        }
        let delays = self.retry_seconds.len();
        checks.range("the number of notifications.retry_seconds", delays, 1..=20);
        for delay in &self.retry_seconds {
            checks.range("each of notifications.retry_seconds", *delay, RETRY);
        }
        checks.range(
            "notifications.poll_milliseconds",
            self.poll_milliseconds,
            10..=60_000,
        );
    }
}
