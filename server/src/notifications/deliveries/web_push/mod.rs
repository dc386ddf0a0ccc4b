//! Notifications in browsers that are closed: Web Push (RFC 8030), encrypted for the browser (RFC 8291), signed by us (RFC 8292).
//!
//! A push service is a stranger that a browser named: it is reached through the client that checks addresses, and sees when
//! somebody is told something, never what. Invariant: a browser's keys and address are checked before they are kept; one
//! that is gone is forgotten at once; what comes again does so under its topic, so that a browser shows it once.

mod encrypt;
mod vapid;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::future::join_all;
use hyper::header::{self, HeaderName, HeaderValue};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;
use uuid::Uuid;
use weft_storage::clock::Clock;
use weft_storage::records::{
    NewPushSubscription, NotificationWay, PushSubscription, RecordError, Records, Tx, User,
};

use super::adapter::{Adapter, Item, Message, Outcome};
use super::post::{BOUNDS, pause, post, value};
use crate::accounts::seconds;
use crate::auth::sealed::{SealError, Sealer};
use crate::notifications::Channel;
use crate::outgoing::{OutgoingClient, OutgoingError, OutgoingRequest};

pub(crate) use self::encrypt::{BrowserKeys, PUBLIC_KEY_BYTES, SECRET_BYTES};
pub(crate) use self::vapid::VapidKey;

/// How many browsers an account may have; the oldest goes when another one comes.
pub(crate) const MAX_BROWSERS: u32 = 10;
/// Messages under way at a time.
const AT_ONCE: usize = 8;
/// How long a push service keeps a message for a browser that is away, in seconds: a day.
const TTL: &str = "86400";
/// The longest title of a message that would be too long otherwise, in characters.
const SHORT_TITLE: usize = 500;

const TTL_HEADER: HeaderName = HeaderName::from_static("ttl");
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const TOPIC: HeaderName = HeaderName::from_static("topic");

/// Why a browser cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsubscribable {
    /// Its address may not be reached.
    #[error("the address cannot be used: {0}")]
    Address(#[from] OutgoingError),
    /// Its keys are none.
    #[error("the keys are no keys")]
    Keys,
    /// Its secret cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// A browser that wants to be told, as it says so.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// Whose it is.
    pub(crate) user: Uuid,
    /// The login in which it says so, if it is one.
    pub(crate) session: Option<Uuid>,
    /// The address at its push service.
    pub(crate) endpoint: &'a str,
    /// Its public key.
    pub(crate) public_key: &'a [u8],
    /// Its secret.
    pub(crate) secret: &'a [u8],
}

/// Tells browsers.
pub(crate) struct WebPush {
    records: Records,
    clock: Arc<dyn Clock>,
    sealer: Arc<Sealer>,
    client: OutgoingClient,
    key: VapidKey,
}

impl std::fmt::Debug for WebPush {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WebPush")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// What came of one browser.
enum Reached {
    Yes,
    Gone,
    Again(String, Option<Duration>),
    Never(String),
}

impl WebPush {
    /// As `key`, through `client`; what browsers keep secret is sealed by `sealer`.
    pub(crate) fn new(
        records: Records,
        clock: Arc<dyn Clock>,
        sealer: Arc<Sealer>,
        client: OutgoingClient,
        key: VapidKey,
    ) -> Self {
        Self {
            records,
            clock,
            sealer,
            client,
            key,
        }
    }

    /// The public key for which browsers subscribe.
    pub(crate) fn public_key(&self) -> &str {
        self.key.public()
    }

    /// Has a browser told from now on.
    ///
    /// # Errors
    /// [`Unsubscribable`] if that cannot be.
    pub(crate) async fn subscribe(
        &self,
        tx: &mut Tx,
        wish: Wish<'_>,
    ) -> Result<PushSubscription, Unsubscribable> {
        self.client.check(wish.endpoint)?;
        BrowserKeys::parse(wish.public_key, wish.secret).ok_or(Unsubscribable::Keys)?;
        let hash = Sha256::digest(wish.endpoint);
        let secret = self.sealer.seal(&context(wish.endpoint), wish.secret)?;
        let new = NewPushSubscription {
            id: Uuid::now_v7(),
            user_id: wish.user,
            session_id: wish.session,
            endpoint: wish.endpoint,
            endpoint_hash: &hash,
            public_key: wish.public_key,
            secret: &secret,
            now_ms: self.clock.now_ms(),
        };
        Ok(tx.put_push_subscription(&new, MAX_BROWSERS).await?)
    }

    async fn browsers(&self, user: Uuid) -> Result<Vec<PushSubscription>, RecordError> {
        let mut tx = self.records.read().await?;
        tx.push_subscriptions(user, self.clock.now_ms()).await
    }

    /// Tells one browser, and writes down whether it is still there.
    async fn tell(&self, user: Uuid, browser: &PushSubscription, item: &Item, plain: &[u8]) -> Reached {
        // An earlier attempt failed for another one alone.
        if browser.told.contains(&item.id) {
            return Reached::Yes;
        }
        let reached = match self.request(browser, item, plain) {
            Ok(request) => self.ask(request).await,
            Err(why) => Reached::Never(why.to_owned()),
        };
        let noted = match reached {
            Reached::Yes => self.took(browser, item.id).await,
            Reached::Gone => self.forget(user, browser.id).await,
            Reached::Again(..) | Reached::Never(_) => Ok(()),
        };
        if let Err(error) = noted {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "what became of a browser was not written down");
        }
        reached
    }

    async fn took(&self, browser: &PushSubscription, delivery: Uuid) -> Result<(), RecordError> {
        let mut tx = self.records.write().await?;
        tx.use_push_subscription(browser, delivery, self.clock.now_ms())
            .await?;
        tx.commit().await
    }

    async fn forget(&self, user: Uuid, browser: Uuid) -> Result<(), RecordError> {
        let mut tx = self.records.write().await?;
        tx.remove_push_subscription(user, browser).await?;
        tx.commit().await
    }

    fn request(
        &self,
        browser: &PushSubscription,
        item: &Item,
        plain: &[u8],
    ) -> Result<OutgoingRequest, &'static str> {
        let secret = self.sealer.open(&context(&browser.endpoint), &browser.secret);
        let secret = secret.map_err(|_| "the browser's secret does not open")?;
        let keys =
            BrowserKeys::parse(&browser.public_key, &secret).ok_or("the browser's keys cannot be read")?;
        let body = keys.encrypt(plain).ok_or("the message is too long")?;
        let url: Url = browser.endpoint.parse().map_err(|_| "the address is none")?;
        let origin = url.origin().ascii_serialization();
        let we = self.key.authorization(&origin, seconds(self.clock.now_ms()));
        let topic = URL_SAFE_NO_PAD.encode(item.notification.as_bytes());
        let headers = vec![
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            ),
            (header::CONTENT_ENCODING, HeaderValue::from_static("aes128gcm")),
            (header::AUTHORIZATION, value(&we)),
            (TTL_HEADER, HeaderValue::from_static(TTL)),
            (URGENCY, HeaderValue::from_static("normal")),
            (TOPIC, value(&topic)),
        ];
        Ok(post(&browser.endpoint, headers, Bytes::from(body)))
    }

    async fn ask(&self, request: OutgoingRequest) -> Reached {
        let answer = match self.client.send(request).await {
            Ok(answer) => answer,
            Err(error @ OutgoingError::Forbidden) => return Reached::Never(error.to_string()),
            Err(error) => return Reached::Again(error.to_string(), None),
        };
        let why = format!("the push service answered with status {}", answer.status);
        match answer.status {
            200..300 => Reached::Yes,
            404 | 410 => Reached::Gone,
            429 | 500.. => Reached::Again(why, pause(&answer, self.clock.now_ms())),
            _ => Reached::Never(why),
        }
    }
}

#[async_trait]
impl Adapter for WebPush {
    fn way(&self) -> NotificationWay {
        NotificationWay::WebPush
    }

    fn channel(&self) -> Channel {
        Channel::Push
    }

    fn refuses(&self, _: &User) -> Option<&'static str> {
        None
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn patience(&self) -> Duration {
        BOUNDS.timeout
    }

    async fn send(&self, message: &Message) -> Outcome {
        let Some(item) = message.items.first() else {
            return Outcome::Unwanted;
        };
        let browsers = match self.browsers(message.user.id).await {
            Ok(browsers) => browsers,
            Err(error) => return Outcome::Again(error.to_string(), None),
        };
        let plain = plain(item);
        let telling = browsers
            .iter()
            .map(|browser| self.tell(message.user.id, browser, item, &plain));
        outcome(join_all(telling).await)
    }
}

/// What is told.
fn plain(item: &Item) -> Vec<u8> {
    let say = |title: &str, body: &str| {
        let said = json!({
            "id": item.notification,
            "type": item.kind,
            "title": title,
            "body": body,
            "count": item.happened,
            "url": item.path,
        });
        said.to_string().into_bytes()
    };
    let whole = say(&item.title, &item.body);
    if whole.len() <= encrypt::MAX_PLAIN_BYTES {
        return whole;
    }
    let short: String = item.title.chars().take(SHORT_TITLE).collect();
    say(&short, "")
}

/// If one can be reached later, all are tried again, but those that are known to have it; others know it by its topic.
fn outcome(all: Vec<Reached>) -> Outcome {
    let mut outcome = Outcome::Unwanted;
    for reached in all {
        outcome = match (outcome, reached) {
            (Outcome::Again(why, wait), Reached::Again(_, other)) => Outcome::Again(why, wait.max(other)),
            (again @ Outcome::Again(..), _) => again,
            (_, Reached::Again(why, wait)) => Outcome::Again(why, wait),
            (Outcome::Sent, _) | (_, Reached::Yes) => Outcome::Sent,
            (_, Reached::Never(why)) => Outcome::Failed(why),
            (before, Reached::Gone) => before,
        };
    }
    outcome
}

/// What a browser's secret is sealed for.
fn context(endpoint: &str) -> String {
    format!("push-secret:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(endpoint)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifications::Kind;

    fn item(title: &str, body: &str) -> Item {
        Item {
            id: Uuid::from_u128(1),
            notification: Uuid::from_u128(2),
            kind: Kind::Mentioned,
            title: title.to_owned(),
            body: body.to_owned(),
            happened: 1,
            path: "/tasks/1".to_owned(),
            attempts: 1,
        }
    }

    #[test]
    fn a_message_fits_however_long_its_words_are() {
        let short = String::from_utf8(plain(&item("Ada mentioned you", "Hm"))).unwrap();
        assert!(short.contains("\"body\":\"Hm\"") && short.contains("\"type\":\"mentioned\""));
        for title in ["🧵".repeat(2_000), "\u{1}".repeat(600), "a".repeat(3_900)] {
            assert!(plain(&item(&title, &"ö".repeat(300))).len() <= encrypt::MAX_PLAIN_BYTES);
        }
    }

    #[test]
    fn one_that_can_be_reached_later_is_tried_again() {
        let again = |wait| Reached::Again("busy".to_owned(), wait);
        let second = Some(Duration::from_secs(1));
        assert_eq!(outcome(vec![]), Outcome::Unwanted);
        assert_eq!(outcome(vec![Reached::Gone]), Outcome::Unwanted);
        assert_eq!(
            outcome(vec![
                Reached::Gone,
                Reached::Never("no".to_owned()),
                Reached::Yes,
                Reached::Gone
            ]),
            Outcome::Sent
        );
        assert_eq!(
            outcome(vec![Reached::Never("no".to_owned()), Reached::Gone]),
            Outcome::Failed("no".to_owned())
        );
        assert_eq!(
            outcome(vec![Reached::Yes, again(None), again(second)]),
            Outcome::Again("busy".to_owned(), second)
        );
    }
}
