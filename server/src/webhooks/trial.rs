//! Trying an endpoint out, for somebody who waits for what comes of it.

use uuid::Uuid;
use weft_storage::records::{NewWebhookMessage, WebhookEndpoint};

use super::deliver::{Letter, Verdict};
use super::keys::Keys;
use super::message::{TEST, of_test};
use super::settle::settle;
use super::{WebhookError, Webhooks};

/// What came of a trial.
#[derive(Debug)]
pub(crate) struct Trial {
    /// The message that was sent.
    pub(crate) message: Uuid,
    /// Whether it was taken.
    pub(crate) is_taken: bool,
    /// The status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    /// Why there was none, or why it does not count.
    pub(crate) error: Option<String>,
    /// How the answer began.
    pub(crate) response: String,
    /// How long it took, in milliseconds.
    pub(crate) duration_ms: i64,
}

impl Webhooks {
    /// Sends a test to an endpoint, whether it is disabled or not, once.
    ///
    /// # Errors
    /// [`WebhookError`]: nothing is wrong with the endpoint then.
    pub(crate) async fn try_out(&self, endpoint: &WebhookEndpoint) -> Result<Trial, WebhookError> {
        let (message, claim) = (Uuid::now_v7(), Uuid::now_v7());
        let keys = Keys::open(&self.sealer, endpoint)?;
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(endpoint.workspace).await?;
        let now_ms = self.clock.now_ms();
        let new = NewWebhookMessage {
            id: message,
            endpoint_id: endpoint.id,
            event_seq: None,
            kind: TEST,
            now_ms,
        };
        tenant.create_webhook_message(new).await?;
        let term = (now_ms, now_ms + self.lease_ms());
        tenant.claim_webhook_message(message, claim, term).await?;
        tx.commit().await?;
        let letter = Letter {
            workspace: endpoint.workspace,
            endpoint: endpoint.id,
            message,
            claim,
            tries: 0,
            is_test: true,
            created_at_ms: now_ms,
            url: endpoint.url.clone(),
            keys,
            body: of_test(endpoint.id, endpoint.workspace.0, now_ms),
        };
        let report = self.deliver(letter).await;
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(endpoint.workspace).await?;
        settle(&mut tenant, &report, &self.settings, self.clock.now_ms()).await?;
        tx.commit().await?;
        Ok(Trial {
            message,
            is_taken: report.verdict == Verdict::Taken,
            status: report.status,
            error: report.error,
            response: report.response,
            duration_ms: report.duration_ms,
        })
    }
}
