//! Notifications to a gateway of the operator, which passes them on to devices as it likes.
//!
//! One POST for each, signed by Standard Webhooks 1.0.0. Invariant: the gateway is reached through the client that checks
//! addresses, nothing of its answers is kept but the status, and it is told again under the same `webhook-id`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::json;
use weft_storage::clock::Clock;
use weft_storage::records::{NotificationWay, User};

use super::adapter::{Adapter, Message, Outcome};
use super::post::{BOUNDS, pause, post, value};
use crate::notifications::Channel;
use crate::outgoing::OutgoingClient;
use crate::webhooks::{WebhookSecret, sign, wire_id};

/// Messages under way at a time.
const AT_ONCE: usize = 16;
/// The type of what is posted.
const TYPE: &str = "notification.created";

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Posts to the gateway.
pub(crate) struct HttpAdapter {
    url: String,
    secret: WebhookSecret,
    client: OutgoingClient,
    public_url: String,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for HttpAdapter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HttpAdapter")
    }
}

impl HttpAdapter {
    /// To the gateway at this address, with this secret; `public_url` is ours.
    pub(crate) fn new(
        (url, secret): (String, WebhookSecret),
        client: OutgoingClient,
        public_url: String,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            url,
            secret,
            client,
            public_url,
            clock,
        }
    }

    /// What is posted.
    fn body(&self, message: &Message, timestamp: Timestamp) -> Option<Bytes> {
        let item = message.items.first()?;
        let body = json!({
            "type": TYPE,
            "timestamp": timestamp.to_string(),
            "data": {
                "notification_id": item.notification,
                "workspace_id": message.workspace.0,
                "user_id": message.user.id,
                "notification_type": item.kind,
                "title": item.title,
                "body": item.body,
                "count": item.happened,
                "url": format!("{}{}", self.public_url, item.path),
            },
        });
        Some(Bytes::from(body.to_string()))
    }
}

#[async_trait]
impl Adapter for HttpAdapter {
    fn way(&self) -> NotificationWay {
        NotificationWay::Http
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
        let now_ms = self.clock.now_ms();
        let timestamp = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let (Some(body), Some(item)) = (self.body(message, timestamp), message.items.first()) else {
            return Outcome::Unwanted;
        };
        let (id, seconds) = (wire_id(item.id), now_ms.div_euclid(1_000));
        let signature = sign(self.secret.bytes(), &id, seconds, &body);
        let headers = vec![
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ID, value(&id)),
            (TIMESTAMP, value(&seconds.to_string())),
            (SIGNATURE, value(&signature)),
        ];
        let request = post(&self.url, headers, body);
        match self.client.send(request).await {
            Ok(answer) if (200..300).contains(&answer.status) => Outcome::Sent,
            // Nobody there to pass it on to.
            Ok(answer) if answer.status == 410 => Outcome::Unwanted,
            Ok(answer) => Outcome::Again(
                format!("the gateway answered with status {}", answer.status),
                pause(&answer, now_ms),
            ),
            Err(error) => Outcome::Again(error.to_string(), None),
        }
    }
}
