//! Webhooks: what happens in a workspace is told to the endpoints that its administrators named, by the rules of
//! Standard Webhooks 1.0.0.
//!
//! Every node runs this over the same rows. A *turn* is one transaction for one workspace: it writes what came of
//! attempts, makes messages of new events and takes those that are due; requests leave after its commit. Invariant: no
//! event is left out, because an endpoint's cursor moves with the messages that come of it; an attempt whose node died
//! is made again under the same id. An endpoint that is slow or gone holds slots of its own and delays nobody else.

mod deliver;
mod dispatch;
mod fan_out;
mod flight;
mod headers;
mod keys;
mod message;
mod pace;
mod rotation;
mod schedule;
mod secrets;
mod settle;
mod signature;
mod signing_key;
mod trial;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use weft_storage::clock::Clock;
use weft_storage::records::Records;

use crate::auth::sealed::{SealError, Sealer};
use crate::config::WebhooksConfig;
use crate::metrics::Metrics;
use crate::outgoing::OutgoingClient;

pub(crate) use self::headers::{InvalidHeader, MAX_HEADERS, WebhookHeaders};
pub(crate) use self::message::{TEST, of_event, of_test, wire_id};
pub(crate) use self::pace::MAX_PER_SECOND;
pub(crate) use self::schedule::{Schedule, retry_after_ms};
pub(crate) use self::secrets::{WebhookSecret, WebhookSecrets};
pub(crate) use self::settle::disabled_event;
pub(crate) use self::signature::sign;
pub(crate) use self::signing_key::{SigningKey, SigningKeys};
pub(crate) use self::trial::Trial;

/// How webhooks behave.
#[derive(Debug, Clone)]
pub(crate) struct WebhookSettings {
    /// When failed attempts are made again.
    pub(crate) schedule: Schedule,
    /// How long an attempt may take, from the resolution of the name to the end of the answer.
    pub(crate) timeout: Duration,
    /// How many attempts at one endpoint may be under way.
    pub(crate) per_endpoint: usize,
    /// How many at those of one workspace, on one node.
    pub(crate) per_workspace: usize,
    /// How many at all, on one node.
    pub(crate) altogether: usize,
    /// An endpoint that only failed for so long is disabled, in milliseconds.
    pub(crate) disable_after_ms: i64,
    /// How long messages are kept that came to their end, in milliseconds.
    pub(crate) kept_ms: i64,
    /// How often it is looked for work that nobody told of.
    pub(crate) poll: Duration,
    /// How many endpoints a workspace may have.
    pub(crate) max_endpoints: i64,
}

impl From<&WebhooksConfig> for WebhookSettings {
    fn from(config: &WebhooksConfig) -> Self {
        let hours = i64::try_from(config.disable_after_hours).unwrap_or(i64::MAX);
        let days = i64::try_from(config.keep_days).unwrap_or(i64::MAX);
        Self {
            schedule: Schedule::new(&config.retry_seconds),
            timeout: Duration::from_secs(config.timeout_seconds),
            per_endpoint: config.attempts_per_endpoint,
            per_workspace: config.attempts_per_workspace,
            altogether: config.attempts_altogether,
            disable_after_ms: hours.saturating_mul(3_600_000),
            kept_ms: days.saturating_mul(86_400_000),
            poll: Duration::from_millis(config.poll_milliseconds),
            max_endpoints: i64::try_from(config.max_endpoints).unwrap_or(i64::MAX),
        }
    }
}

/// Why something was not done for webhooks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebhookError {
    /// The records failed.
    #[error(transparent)]
    Records(#[from] weft_storage::records::RecordError),
    /// The secrets of an endpoint cannot be read.
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// Delivers webhooks.
pub(crate) struct Webhooks {
    records: Records,
    sealer: Arc<Sealer>,
    client: OutgoingClient,
    clock: Arc<dyn Clock>,
    settings: WebhookSettings,
    metrics: Arc<Metrics>,
    /// Cancelled when nothing is delivered any more.
    ended: CancellationToken,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Webhooks")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Webhooks {
    /// Over these records, with secrets that `sealer` opens, through `client`.
    pub(crate) fn new(
        records: Records,
        sealer: Arc<Sealer>,
        client: OutgoingClient,
        clock: Arc<dyn Clock>,
        settings: WebhookSettings,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            records,
            sealer,
            client,
            clock,
            settings,
            metrics,
            ended: CancellationToken::new(),
        }
    }

    /// How they behave.
    pub(crate) fn settings(&self) -> &WebhookSettings {
        &self.settings
    }

    /// What seals their secrets.
    pub(crate) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// What asks them.
    pub(crate) fn client(&self) -> &OutgoingClient {
        &self.client
    }

    /// Cancelled when nothing is delivered any more.
    pub(crate) fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// How long a claim lasts, in milliseconds: longer than an attempt with its second try can take.
    fn lease_ms(&self) -> i64 {
        i64::try_from(self.settings.timeout.as_millis()).unwrap_or(i64::MAX / 2) * 2 + 15_000
    }
}
