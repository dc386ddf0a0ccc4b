//! Notifications by mail: one for each thread, or gathered, to whoever has a verified address.

use std::time::Duration;

use async_trait::async_trait;
use std::sync::Arc;
use weft_storage::clock::Clock;
use weft_storage::records::{NotificationWay, User};

use super::adapter::{Adapter, Message, Outcome};
use super::unsubscribe::{Stop, Unsubscribe};
use crate::accounts::seconds;
use crate::mail::{EmailAddress, Mailer, Notice, Notices, Sender};
use crate::notifications::timing::{Digest, Timing};
use crate::notifications::{Channel, Kind};

/// Mails under way at a time.
const AT_ONCE: usize = 4;
/// What one gathered mail holds at most.
const MOST_ITEMS: u32 = 50;

/// Sends mails.
#[derive(Debug)]
pub(crate) struct EmailAdapter {
    mailer: Mailer,
    sender: Sender,
    unsubscribe: Unsubscribe,
    clock: Arc<dyn Clock>,
    /// How long the mail server may take for a mail.
    patience: Duration,
}

impl EmailAdapter {
    /// Through `mailer`, which takes at most `patience` for a mail.
    pub(crate) fn new(
        (mailer, patience): (Mailer, Duration),
        sender: Sender,
        unsubscribe: Unsubscribe,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            mailer,
            sender,
            unsubscribe,
            clock,
            patience,
        }
    }
}

#[async_trait]
impl Adapter for EmailAdapter {
    fn way(&self) -> NotificationWay {
        NotificationWay::Email
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn refuses(&self, user: &User) -> Option<&'static str> {
        if user.email_verified_at_ms.is_none() {
            return Some("the address is not verified");
        }
        let address = EmailAddress::parse(&user.email);
        address.is_err().then_some("the address cannot be sent to")
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn most_items(&self, user: &User) -> u32 {
        match Timing::of(&user.notification_preferences).digest {
            Digest::None => 1,
            Digest::Hourly | Digest::Daily | Digest::Weekly => MOST_ITEMS,
        }
    }

    async fn send(&self, message: &Message) -> Outcome {
        let (Ok(to), Some(first)) = (EmailAddress::parse(&message.user.email), message.items.first()) else {
            return Outcome::Failed("the address cannot be sent to".to_owned());
        };
        let address = |path: &str| format!("{}{path}", self.sender.address);
        let notices = message.items.iter().map(|item| Notice {
            title: item.title.clone(),
            excerpt: item.body.clone(),
            more: item.happened - 1,
            link: address(&item.path),
        });
        let notices: Vec<_> = notices.collect();
        let mut kinds: Vec<Kind> = message.items.iter().map(|item| item.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let topics: Vec<_> = kinds.iter().map(|kind| kind.topic()).collect();
        let unsubscribe = self.unsubscribe.address(&Stop {
            user: message.user.id,
            kinds,
        });
        let mail = Notices {
            notices: &notices,
            id: first.id,
            about: (message.items.len() == 1).then_some(first.notification),
            reason: &topics.join(", "),
            preferences: &address("/preferences"),
            unsubscribe: &unsubscribe,
        };
        let mail = mail.write(&self.sender, &to);
        match self.mailer.send(&mail, seconds(self.clock.now_ms())).await {
            Ok(()) => Outcome::Sent,
            Err(error) if error.is_permanent() => Outcome::Failed(error.to_string()),
            Err(error) => Outcome::Again(error.to_string(), None),
        }
    }
}
