//! An entry of the audit log, as it is answered.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::AuditEntry;

use crate::audit::hex;
use crate::http::rest::Timestamp;

/// Who did something, or what it was done to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditParty)]
pub(super) struct PartyView {
    /// Of an actor: `user`, `client`, `named`, `nobody` or `system`. Of a subject: what it is, such as `task`.
    #[serde(rename = "type")]
    #[schema(max_length = 64)]
    kind: String,
    id: Option<Uuid>,
}

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct EntryView {
    id: Uuid,
    /// Its place in the log, from 1 without a gap.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_u64)]
    sequence: i64,
    at: Timestamp,
    actor: PartyView,
    /// What was done: the type of an event, or one such as `auth.login`.
    #[schema(max_length = 64)]
    action: String,
    subject: PartyView,
    /// From where, if a request did it. Of IPv6 the network.
    #[schema(max_length = 64)]
    address: Option<String>,
    #[schema(max_length = 256)]
    user_agent: Option<String>,
    #[schema(max_length = 128)]
    request_id: Option<String>,
    /// What else is to be said: ids, roles, the names of what changed.
    details: Map<String, Value>,
    /// The place of the event that it is about.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_u64)]
    event_sequence: Option<i64>,
    /// The hash of the entry before it, in hexadecimal.
    #[schema(min_length = 64, max_length = 64)]
    prev_hash: String,
    #[schema(min_length = 64, max_length = 64)]
    hash: String,
}

impl From<AuditEntry> for EntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            sequence: entry.seq,
            at: Timestamp(entry.at_ms),
            actor: PartyView {
                kind: entry.actor_kind,
                id: entry.actor_id,
            },
            action: entry.action,
            subject: PartyView {
                kind: entry.subject_kind,
                id: entry.subject_id,
            },
            address: entry.address,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            details: serde_json::from_str(&entry.details).unwrap_or_default(),
            event_sequence: entry.event_seq,
            prev_hash: hex(&entry.prev_hash),
            hash: hex(&entry.hash),
        }
    }
}
