//! An entry of the audit log as a line of an export and of a segment: everything that its hash is made of, so that the file can be checked
//! by itself.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::audit_chain::AuditEntry;
use crate::model::WorkspaceId;

/// A line. `details` is the text that was hashed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditLine {
    workspace_id: Uuid,
    sequence: i64,
    id: Uuid,
    at_ms: i64,
    actor_type: String,
    actor_id: Option<Uuid>,
    action: String,
    subject_type: String,
    subject_id: Option<Uuid>,
    address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    details: String,
    event_sequence: Option<i64>,
    prev_hash: String,
    hash: String,
}

impl From<AuditEntry> for AuditLine {
    fn from(entry: AuditEntry) -> Self {
        Self {
            workspace_id: entry.workspace.0,
            sequence: entry.seq,
            id: entry.id,
            at_ms: entry.at_ms,
            actor_type: entry.actor_kind,
            actor_id: entry.actor_id,
            action: entry.action,
            subject_type: entry.subject_kind,
            subject_id: entry.subject_id,
            address: entry.address,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            details: entry.details,
            event_sequence: entry.event_seq,
            prev_hash: hex::encode(entry.prev_hash),
            hash: hex::encode(entry.hash),
        }
    }
}

impl AuditLine {
    /// The entry of a line, without or with its end; `None` if it is none.
    pub fn parse(line: &[u8]) -> Option<AuditEntry> {
        serde_json::from_slice::<Self>(line).ok()?.into_entry()
    }

    /// The line, with its end.
    pub fn text(&self) -> String {
        // It holds numbers and texts, which always can be written.
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }

    fn into_entry(self) -> Option<AuditEntry> {
        Some(AuditEntry {
            prev_hash: unhex(&self.prev_hash)?,
            hash: unhex(&self.hash)?,
            workspace: WorkspaceId(self.workspace_id),
            seq: self.sequence,
            id: self.id,
            at_ms: self.at_ms,
            actor_kind: self.actor_type,
            actor_id: self.actor_id,
            action: self.action,
            subject_kind: self.subject_type,
            subject_id: self.subject_id,
            address: self.address,
            user_agent: self.user_agent,
            request_id: self.request_id,
            details: self.details,
            event_seq: self.event_sequence,
        })
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok().map(|()| hash)
}
