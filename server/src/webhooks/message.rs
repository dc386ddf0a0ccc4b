//! What a message says.
//!
//! Invariant: at most 64 KiB. An event that says more is told without its `data`, which `GET /v1/events` has.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use weft_storage::records::Event;

/// The type of tests.
pub(crate) const TEST: &str = "webhook.test";
/// The largest body, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// A message's id as receivers have it.
pub(crate) fn wire_id(id: Uuid) -> String {
    format!("msg_{}", id.simple())
}

/// The body that tells `event`: its `data` is the event as `GET /v1/events/{event_id}` has it.
pub(crate) fn of_event(event: &Event) -> Bytes {
    let data: Map<String, Value> = serde_json::from_str(&event.data).unwrap_or_default();
    let body = told(event, data, false);
    if body.len() <= MAX_BYTES {
        return body;
    }
    told(event, Map::new(), true)
}

fn told(event: &Event, data: Map<String, Value>, is_shortened: bool) -> Bytes {
    let time = moment(event.created_at_ms);
    let mut message = json!({
        "type": event.kind,
        "timestamp": time,
        "data": {
            "id": event.id,
            "sequence": event.seq,
            "type": event.kind,
            "created_at": time,
            "workspace_id": event.workspace.0,
            "team_id": event.team_id,
            "project_id": event.project_id,
            "document_id": event.document_id,
            "task_id": event.task_id,
            "actor_user_id": event.actor,
            "data": data,
        },
    });
    if is_shortened {
        message["is_shortened"] = json!(true);
    }
    message.to_string().into()
}

/// The body of a test of an endpoint.
pub(crate) fn of_test(endpoint: Uuid, workspace: Uuid, now_ms: i64) -> Bytes {
    let message = json!({
        "type": TEST,
        "timestamp": moment(now_ms),
        "data": { "endpoint_id": endpoint, "workspace_id": workspace },
    });
    message.to_string().into()
}

fn moment(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use weft_storage::WorkspaceId;

    use super::*;

    fn event(data: &Value) -> Event {
        Event {
            workspace: WorkspaceId(Uuid::from_u128(1)),
            seq: 7,
            id: Uuid::from_u128(2),
            kind: "task.updated".to_owned(),
            team_id: None,
            project_id: Some(Uuid::from_u128(3)),
            document_id: None,
            task_id: None,
            card: None,
            actor: None,
            data: data.to_string(),
            created_at_ms: 1_764_340_000_120,
        }
    }

    #[test]
    fn a_message_has_the_event_and_is_never_too_large() {
        let small = event(&json!({ "after": { "title": "gr\u{fc}n \u{2028}" } }));
        let body: Value = serde_json::from_slice(&of_event(&small)).unwrap();
        assert_eq!(body["type"], "task.updated");
        assert_eq!(body["timestamp"], "2025-11-28T14:26:40.120Z");
        assert_eq!(body["data"]["data"]["after"]["title"], "gr\u{fc}n \u{2028}");
        assert_eq!(body.get("is_shortened"), None);
        let large = event(&json!({ "after": { "title": "x".repeat(MAX_BYTES) } }));
        let bytes = of_event(&large);
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(bytes.len() < 1_024);
        assert_eq!(
            (&body["is_shortened"], &body["data"]["data"]),
            (&json!(true), &json!({}))
        );
        assert!(!wire_id(Uuid::from_u128(1)).contains(['.', '-']));
    }
}
