//! What an attempt changes: its message, the record of it, and how its endpoint stands.
//!
//! Invariant: all of it is one transaction with the end of the claim; a report whose claim is over changes nothing.

use serde_json::json;
use uuid::Uuid;
use weft_storage::records::{
    NewWebhookAttempt, NewWorkspaceEvent, RecordError, Tenant, WebhookDisabling, WebhookResult,
};

use super::deliver::{Report, Verdict};
use super::{WebhookSettings, schedule};

/// Writes what came of an attempt. The endpoint and why, if it is to be told nothing more.
pub(super) async fn settle(
    tenant: &mut Tenant<'_>,
    report: &Report,
    settings: &WebhookSettings,
    now_ms: i64,
) -> Result<Option<(Uuid, WebhookDisabling)>, RecordError> {
    let letter = &report.letter;
    let result = match report.verdict {
        Verdict::Taken => WebhookResult::Succeeded,
        Verdict::Refused(hint) if !letter.is_test => again(letter.tries, hint, settings, now_ms),
        Verdict::Refused(_) | Verdict::Unwanted | Verdict::Gone => WebhookResult::Dead,
    };
    let is_ours = tenant
        .finish_webhook_claim(letter.message, letter.claim, result, now_ms)
        .await?;
    if !is_ours {
        return Ok(None);
    }
    let attempt = NewWebhookAttempt {
        message_id: letter.message,
        started_at_ms: report.started_at_ms,
        duration_ms: report.duration_ms,
        status: report.status.map(i64::from),
        error: report.error.as_deref(),
        response: &report.response,
    };
    tenant.record_webhook_attempt(attempt).await?;
    // Somebody who tries an endpoint out says nothing about how it does by itself, unless it works.
    let failed = match report.verdict {
        Verdict::Taken => None,
        _ if letter.is_test => return Ok(None),
        _ => Some(now_ms),
    };
    let failing_since = tenant.note_webhook_health(letter.endpoint, failed).await?;
    let is_hopeless = failing_since.is_some_and(|since| now_ms - since >= settings.disable_after_ms);
    let reason = match report.verdict {
        Verdict::Gone => WebhookDisabling::Gone,
        _ if is_hopeless => WebhookDisabling::Failing,
        _ => return Ok(None),
    };
    let is_new = tenant
        .disable_webhook_endpoint(letter.endpoint, reason, now_ms)
        .await?;
    Ok(is_new.then_some((letter.endpoint, reason)))
}

fn again(
    failures_before: usize,
    hint: schedule::Hint,
    settings: &WebhookSettings,
    now_ms: i64,
) -> WebhookResult {
    let delay = settings
        .schedule
        .delay_ms(failures_before + 1, hint, rand::random::<f64>());
    delay.map_or(WebhookResult::Dead, |delay| WebhookResult::Again(now_ms + delay))
}

/// Writes the event that an endpoint is told nothing more: the last write of a transaction. `actor` is whoever chose
/// so.
pub(crate) async fn disabled_event(
    tenant: &mut Tenant<'_>,
    (endpoint, reason): (Uuid, WebhookDisabling),
    actor: Option<Uuid>,
    now_ms: i64,
) -> Result<(), RecordError> {
    let data = json!({ "endpoint_id": endpoint, "reason": reason.as_str() }).to_string();
    let event = NewWorkspaceEvent {
        id: Uuid::now_v7(),
        kind: "endpoint.disabled",
        team_id: None,
        project_id: None,
        document_id: None,
        task_id: None,
        card: None,
        actor,
        data: &data,
        now_ms,
    };
    tenant.record_event(event).await.map(|_| ())
}
