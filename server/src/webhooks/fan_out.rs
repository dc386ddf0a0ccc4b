//! From events to messages: step by step along the workspace's sequence, for every endpoint.
//!
//! Invariant: a cursor moves over an event only together with the message that comes of it.

use uuid::Uuid;
use weft_storage::records::{
    Event, EventFilter, EventSpan, NewWebhookMessage, RecordError, Tenant, WebhookEndpoint,
};

/// How many messages one step makes at most, so that nobody else who writes waits long.
const AT_ONCE: u32 = 1_000;
/// How many events one step looks at, at least and at most.
const EVENTS: std::ops::RangeInclusive<u32> = 10..=250;

/// What a step came to.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Endpoints that have new messages.
    pub(super) told: Vec<Uuid>,
    /// Whether there is more to look at.
    pub(super) has_more: bool,
}

/// Whether an endpoint wants to be told of `event`.
fn wants(endpoint: &WebhookEndpoint, event: &Event) -> bool {
    let is_listed = |list: &str, name: &str| list.is_empty() || list.split(',').any(|one| one == name);
    is_listed(&endpoint.event_types, &event.kind)
        && (endpoint.project_ids.is_empty()
            || event
                .project_id
                .is_some_and(|project| is_listed(&endpoint.project_ids, &project.to_string())))
}

/// Makes messages of the events that come next for the endpoints of a workspace.
pub(super) async fn follow(
    tenant: &mut Tenant<'_>,
    endpoints: &[WebhookEndpoint],
    now_ms: i64,
) -> Result<Step, RecordError> {
    let mut step = Step::default();
    // They are in the order of their cursors.
    let Some(from) = endpoints.first().map(|endpoint| endpoint.cursor_seq) else {
        return Ok(step);
    };
    let limit = page(endpoints.len());
    let events = tenant
        .events(&EventFilter::default(), EventSpan::after(from, limit))
        .await?;
    let Some(last) = events.last().map(|event| event.seq) else {
        return Ok(step);
    };
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.cursor_seq < last) {
        let mut is_told = false;
        let new = events.iter().filter(|event| event.seq > endpoint.cursor_seq);
        for event in new.filter(|event| wants(endpoint, event)) {
            tenant
                .create_webhook_message(message(endpoint.id, event, now_ms))
                .await?;
            is_told = true;
        }
        tenant.move_webhook_cursor(endpoint.id, last).await?;
        step.told.extend(is_told.then_some(endpoint.id));
    }
    step.has_more = events.len() == limit as usize;
    Ok(step)
}

/// Goes on with the recoveries of a workspace.
pub(super) async fn recover(
    tenant: &mut Tenant<'_>,
    endpoints: &[WebhookEndpoint],
    now_ms: i64,
) -> Result<Step, RecordError> {
    let mut step = Step::default();
    for recovery in tenant.open_webhook_recoveries().await? {
        let endpoint = endpoints
            .iter()
            .find(|endpoint| endpoint.id == recovery.endpoint_id);
        // What is disabled meanwhile is told nothing.
        let Some(endpoint) = endpoint else {
            let place = (recovery.next_seq, 0);
            tenant
                .move_webhook_recovery(recovery.id, place, Some(now_ms))
                .await?;
            continue;
        };
        let limit = page(1);
        let span = EventSpan::after(recovery.next_seq - 1, limit);
        let events = tenant.events(&EventFilter::default(), span).await?;
        let mut messages = 0;
        let within = events.iter().filter(|event| event.seq <= recovery.last_seq);
        for event in within.filter(|event| wants(endpoint, event)) {
            let new = message(endpoint.id, event, now_ms);
            if tenant.recover_webhook_message(new).await? {
                messages += 1;
            }
        }
        let next = events.last().map_or(recovery.last_seq, |event| event.seq) + 1;
        let is_over = next > recovery.last_seq || events.len() < limit as usize;
        let next = if is_over { recovery.last_seq + 1 } else { next };
        let finished = is_over.then_some(now_ms);
        tenant
            .move_webhook_recovery(recovery.id, (next, messages), finished)
            .await?;
        step.told.extend((messages > 0).then_some(endpoint.id));
        step.has_more |= !is_over;
    }
    Ok(step)
}

fn message(endpoint: Uuid, event: &Event, now_ms: i64) -> NewWebhookMessage<'_> {
    NewWebhookMessage {
        id: Uuid::now_v7(),
        endpoint_id: endpoint,
        event_seq: Some(event.seq),
        kind: &event.kind,
        now_ms,
    }
}

fn page(endpoints: usize) -> u32 {
    let share = AT_ONCE / u32::try_from(endpoints.max(1)).unwrap_or(AT_ONCE);
    share.clamp(*EVENTS.start(), *EVENTS.end())
}
