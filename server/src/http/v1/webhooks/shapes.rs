//! Webhooks as they travel. No answer but that to the question for it holds a secret, and none the value of a header.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::{
    WebhookAttempt, WebhookDisabling, WebhookEndpoint, WebhookMessage, WebhookRecovery, WebhookStatus,
};

use crate::http::rest::Timestamp;
use crate::webhooks::{Trial, wire_id};

/// Why an endpoint is told nothing.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookDisabledReason)]
enum ReasonName {
    /// Somebody chose so.
    Chosen,
    /// It answered 410.
    Gone,
    /// It only failed for too long.
    Failing,
}

/// A way to sign messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookSignature)]
pub(super) enum SignatureName {
    /// HMAC-SHA256 with the secret that the receiver has.
    V1,
    /// ed25519, which everybody can verify who has the public key.
    V1a,
}

/// What stands for the value of a header.
pub(super) const MASK: &str = "***";

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub(super) struct EndpointView {
    id: Uuid,
    workspace_id: Uuid,
    #[schema(min_length = 1, max_length = 2_048)]
    url: String,
    #[schema(max_length = 500)]
    description: String,
    /// The types of events that it is told; none named: all.
    #[schema(max_items = 100)]
    event_types: Vec<String>,
    /// The projects that it is told of; none named: the whole workspace.
    #[schema(max_items = 100)]
    project_ids: Vec<Uuid>,
    /// The headers that it is asked with besides; their values are not shown.
    headers: BTreeMap<String, &'static str>,
    /// How many attempts a second may begin; null for as many as there are.
    #[schema(minimum = 1, maximum = 1_000)]
    rate_limit: Option<i64>,
    /// How messages are signed.
    #[schema(min_items = 1, max_items = 2)]
    signatures: Vec<SignatureName>,
    /// The public key by which `v1a` signatures are verified; null if there are none.
    #[schema(min_length = 49, max_length = 49, pattern = "^whpk_[A-Za-z0-9+/]+=*$")]
    public_key: Option<String>,
    /// Whether it is told nothing.
    is_disabled: bool,
    disabled_at: Option<Timestamp>,
    disabled_reason: Option<ReasonName>,
    /// Since when every attempt has failed; null if the last one did not.
    failing_since: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&WebhookEndpoint> for EndpointView {
    fn from(row: &WebhookEndpoint) -> Self {
        Self {
            id: row.id,
            workspace_id: row.workspace.0,
            url: row.url.clone(),
            description: row.description.clone(),
            event_types: between_commas(&row.event_types).map(str::to_owned).collect(),
            project_ids: between_commas(&row.project_ids)
                .filter_map(|id| id.parse().ok())
                .collect(),
            headers: between_commas(&row.header_names)
                .map(|name| (name.to_owned(), MASK))
                .collect(),
            rate_limit: row.rate_limit,
            signatures: match row.public_key {
                Some(_) => vec![SignatureName::V1, SignatureName::V1a],
                None => vec![SignatureName::V1],
            },
            public_key: row.public_key.clone(),
            is_disabled: row.disabled.is_some(),
            disabled_at: row.disabled.map(|(at, _)| Timestamp(at)),
            disabled_reason: row.disabled.map(|(_, reason)| match reason {
                WebhookDisabling::Chosen => ReasonName::Chosen,
                WebhookDisabling::Gone => ReasonName::Gone,
                WebhookDisabling::Failing => ReasonName::Failing,
            }),
            failing_since: row.failing_since_ms.map(Timestamp),
            created_at: Timestamp(row.created_at_ms),
            updated_at: Timestamp(row.updated_at_ms),
        }
    }
}

fn between_commas(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|name| !name.is_empty())
}

/// The secret with which messages are signed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(super) struct SecretView {
    /// As Standard Webhooks has it.
    #[schema(min_length = 38, max_length = 94, pattern = "^whsec_[A-Za-z0-9+/]+=*$")]
    pub(super) secret: String,
}

/// The public half of the key with which messages are signed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookPublicKey)]
pub(super) struct PublicKeyView {
    /// As Standard Webhooks has it.
    #[schema(min_length = 49, max_length = 49, pattern = "^whpk_[A-Za-z0-9+/]+=*$")]
    pub(super) public_key: String,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookStatus)]
pub(super) enum StatusName {
    /// Nothing has come of it yet.
    Pending,
    /// The endpoint has it.
    Succeeded,
    /// The last attempt failed; another follows.
    Failed,
    /// It was given up.
    Dead,
}

impl From<WebhookStatus> for StatusName {
    fn from(status: WebhookStatus) -> Self {
        match status {
            WebhookStatus::Pending => Self::Pending,
            WebhookStatus::Succeeded => Self::Succeeded,
            WebhookStatus::Failed => Self::Failed,
            WebhookStatus::Dead => Self::Dead,
        }
    }
}

impl From<StatusName> for WebhookStatus {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Pending => Self::Pending,
            StatusName::Succeeded => Self::Succeeded,
            StatusName::Failed => Self::Failed,
            StatusName::Dead => Self::Dead,
        }
    }
}

/// A message to an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookMessage)]
pub(super) struct MessageView {
    id: Uuid,
    /// The `webhook-id` under which every attempt is sent.
    #[schema(min_length = 36, max_length = 36, pattern = "^msg_[0-9a-f]{32}$")]
    webhook_id: String,
    endpoint_id: Uuid,
    /// The type of what it tells.
    #[schema(min_length = 3, max_length = 64, pattern = "^[a-z_]+\\.[a-z_]+$")]
    event_type: String,
    /// The place of the event in what happened in the workspace; null for a test.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    event_sequence: Option<i64>,
    status: StatusName,
    /// How many attempts have ended.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    attempts: i64,
    /// Whether an attempt is under way.
    is_under_way: bool,
    /// When the next attempt is due; null if none is, or if one is under way.
    next_attempt_at: Option<Timestamp>,
    created_at: Timestamp,
    /// When it was taken or given up.
    finished_at: Option<Timestamp>,
}

impl MessageView {
    pub(super) fn of(row: &WebhookMessage, now_ms: i64) -> Self {
        let next = row.next_attempt_at_ms;
        let is_under_way = row.claim.is_some() && next.is_some_and(|end| end > now_ms);
        Self {
            id: row.id,
            webhook_id: wire_id(row.id),
            endpoint_id: row.endpoint_id,
            event_type: row.kind.clone(),
            event_sequence: row.event_seq,
            status: row.status.into(),
            attempts: row.attempts,
            is_under_way,
            next_attempt_at: next.filter(|_| !is_under_way).map(Timestamp),
            created_at: Timestamp(row.created_at_ms),
            finished_at: row.finished_at_ms.map(Timestamp),
        }
    }
}

/// An attempt to deliver a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub(super) struct AttemptView {
    /// From 1.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    number: i64,
    started_at: Timestamp,
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    duration_ms: i64,
    /// The status of the answer; null if there was none.
    #[schema(minimum = 100, maximum = 999)]
    status: Option<i64>,
    /// What is wrong; null if nothing is.
    #[schema(max_length = 500)]
    error: Option<String>,
    /// How the answer began.
    #[schema(max_length = 1_024)]
    response: String,
}

impl From<WebhookAttempt> for AttemptView {
    fn from(row: WebhookAttempt) -> Self {
        Self {
            number: row.number,
            started_at: Timestamp(row.started_at_ms),
            duration_ms: row.duration_ms,
            status: row.status,
            error: row.error,
            response: row.response,
        }
    }
}

/// The attempts to deliver a message, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookAttemptList {
    #[schema(max_items = 100)]
    pub(super) data: Vec<AttemptView>,
}

/// What came of trying an endpoint out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookTest)]
pub(super) struct TrialView {
    message_id: Uuid,
    /// Whether the endpoint took it.
    is_delivered: bool,
    /// The status of the answer; null if there was none.
    #[schema(minimum = 100, maximum = 999)]
    status: Option<u16>,
    /// What is wrong; null if nothing is.
    #[schema(max_length = 500)]
    error: Option<String>,
    /// How the answer began.
    #[schema(max_length = 1_024)]
    response: String,
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    duration_ms: i64,
}

impl From<Trial> for TrialView {
    fn from(trial: Trial) -> Self {
        Self {
            message_id: trial.message,
            is_delivered: trial.is_taken,
            status: trial.status,
            error: trial.error,
            response: trial.response,
            duration_ms: trial.duration_ms,
        }
    }
}

/// A recovery: the events of a time are put in line for an endpoint that did not get them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookRecovery)]
pub(super) struct RecoveryView {
    id: Uuid,
    endpoint_id: Uuid,
    since: Timestamp,
    until: Timestamp,
    /// Whether all events of that time were looked at.
    is_finished: bool,
    /// How many events lie in that time.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    events: i64,
    /// How many of them were looked at.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    looked_at: i64,
    /// How many messages were put in line.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    messages: i64,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

impl From<WebhookRecovery> for RecoveryView {
    fn from(row: WebhookRecovery) -> Self {
        Self {
            id: row.id,
            endpoint_id: row.endpoint_id,
            since: Timestamp(row.since_ms),
            until: Timestamp(row.until_ms),
            is_finished: row.finished_at_ms.is_some(),
            events: (row.last_seq - row.first_seq + 1).max(0),
            looked_at: (row.next_seq - row.first_seq).max(0),
            messages: row.messages,
            created_at: Timestamp(row.created_at_ms),
            finished_at: row.finished_at_ms.map(Timestamp),
        }
    }
}
