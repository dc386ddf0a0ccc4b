//! What endpoints are sent: a message for every type of events, with its schema and an example.
//!
//! Invariant: schemas come from the catalogue that `/v1/event-types` tells, and examples are made by what makes messages,
//! so that neither can say anything else than what is sent.

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::Event;

use super::super::events::event_types;
use crate::webhooks::{TEST, of_event, of_test};

/// The ids of examples.
const WORKSPACE: Uuid = Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0003);
const SOMETHING: Uuid = Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0004);
/// When what they tell happened, in milliseconds since 1970.
const THEN_MS: i64 = 1_764_340_000_120;

/// The headers of every message: their names, and what they say.
const HEADERS: [(&str, &str); 3] = [
    ("webhook-id", "The message's id, the same for every attempt."),
    (
        "webhook-timestamp",
        "When this attempt was made, in seconds since 1970.",
    ),
    (
        "webhook-signature",
        "Signatures of `webhook-id`, `webhook-timestamp` and the body with full stops between: `v1,` or `v1a,` and base64.",
    ),
];

pub(super) fn add(api: &mut Value) {
    // Where no events are described there is nothing to tell of them.
    if api["components"]["schemas"].get("Event").is_none() {
        return;
    }
    for (name, about) in HEADERS {
        let header = json!({
            "name": name, "in": "header", "required": true, "description": about, "schema": { "type": "string" },
        });
        api["components"]["parameters"][name] = header;
    }
    for kind in event_types() {
        let example = of_event(&Event {
            workspace: WorkspaceId(WORKSPACE),
            seq: 17,
            id: SOMETHING,
            kind: kind.name.to_owned(),
            team_id: None,
            project_id: None,
            document_id: None,
            task_id: None,
            card: None,
            actor: None,
            data: kind.example.to_string(),
            created_at_ms: THEN_MS,
        });
        let inner = json!({
            "anyOf": [kind.schema, { "type": "object", "maxProperties": 0 }],
            "description": "Empty if the message would be too large, or once what it is about was removed for good.",
        });
        let data = json!({
            "allOf": [
                { "$ref": "#/components/schemas/Event" },
                { "type": "object", "properties": { "type": { "const": kind.name }, "data": inner } },
            ],
        });
        api["webhooks"][kind.name] = message((kind.name, kind.about), &data, &example);
    }
    let id = || json!({ "type": "string", "format": "uuid" });
    let data = json!({
        "type": "object",
        "properties": { "endpoint_id": id(), "workspace_id": id() },
        "required": ["endpoint_id", "workspace_id"],
    });
    let example = of_test(SOMETHING, WORKSPACE, THEN_MS);
    api["webhooks"][TEST] = message((TEST, "Somebody tries the endpoint out."), &data, &example);
}

/// A message of one type.
fn message((name, about): (&str, &str), data: &Value, example: &Bytes) -> Value {
    let schema = json!({
        "type": "object",
        "properties": {
            "type": { "const": name },
            "timestamp": { "type": "string", "format": "date-time", "description": "When it happened." },
            "data": data,
            "is_shortened": {
                "const": true,
                "description": "There if the message would be too large: ask for the event.",
            },
        },
        "required": ["type", "timestamp", "data"],
    });
    let parameters = HEADERS.map(|(name, _)| json!({ "$ref": format!("#/components/parameters/{name}") }));
    let example: Value = serde_json::from_slice(example).unwrap_or_default();
    json!({
        "post": {
            "operationId": format!("tell_{}", name.replace('.', "_")),
            "tags": ["Webhooks"],
            "summary": about,
            "security": [],
            "parameters": parameters,
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": schema, "example": example } },
            },
            "responses": {
                "2XX": { "description": "It was taken. It comes again until it is." },
                "410": { "description": "The endpoint is gone, and is told nothing more." },
            },
        },
    })
}
