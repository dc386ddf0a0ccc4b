//! An entry as a line of an export: everything that its hash is made of, so that the file can be checked by itself.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::AuditEntry;

/// A line of an export. `details` is the text that was hashed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditLine {
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
            prev_hash: hex(&entry.prev_hash),
            hash: hex(&entry.hash),
        }
    }
}

impl AuditLine {
    /// The entry; `None` if a hash is none.
    pub(crate) fn into_entry(self) -> Option<AuditEntry> {
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

/// A hash as people read it.
pub(crate) fn hex(hash: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A hash that somebody wrote; `None` if it is none.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}
