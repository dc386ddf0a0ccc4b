//! What messages say, byte by byte and by their description.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock as _;
use weft_storage::records::NewWorkspaceEvent;

use crate::documents::{Studio, studio};
use crate::events::{do_everything, everything};
use crate::support::receiver::{OK, Receiver};
use crate::support::schema::violation;
use crate::support::{TestServer, text};
use crate::webhooks::{LOCAL, act, register, secret_of};

/// The largest body, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Writes an event as nobody can make it happen over the API.
async fn happen(server: &TestServer, studio: &Studio, data: &str) {
    let mut tx = server.storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(WorkspaceId(studio.owner.workspace)).await.unwrap();
    let event = NewWorkspaceEvent {
        id: Uuid::now_v7(),
        kind: "comment.created",
        team_id: None,
        project_id: None,
        document_id: None,
        task_id: None,
        card: None,
        actor: None,
        data,
        now_ms: server.clock.now_ms(),
    };
    tenant.record_event(event).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_is_what_is_sent_byte_by_byte() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let form = json!({ "event_types": ["comment.created"], "signatures": ["v1", "v1a"] });
    let id = register(&server, &studio, &receiver.url(), form).await;
    let secret = secret_of(&server, &studio, id).await;
    let public = text(&crate::webhooks::endpoint(&server, &studio, id).await["public_key"]);
    let said = [
        json!({ "after": "gr\u{fc}n \u{1f9f5} \u{7e54}\u{6a5f}" }),
        json!({ "after": "\u{2028}\u{2029}\u{feff}\u{200b} <\"\\/>&" }),
        json!({ "large": u64::MAX, "small": i64::MIN, "exact": 9_007_199_254_740_993_u64 }),
        json!({ "after": "\u{1}\u{1f}\u{7f}" }),
    ];
    for (index, data) in said.iter().enumerate() {
        happen(&server, &studio, &data.to_string()).await;
        let one = receiver.wait_for(index + 1).await.remove(index);
        assert!(
            one.is_signed_with(&secret) && one.is_signed_openly_by(&public),
            "{data}"
        );
        let read: Value = serde_json::from_slice(&one.body).unwrap();
        assert_eq!(read["data"]["data"], *data);
        assert!(
            String::from_utf8(one.body).unwrap().contains(&data.to_string()),
            "{data}"
        );
    }
    // As large as a message may be, and a byte more.
    let empty = json!({ "after": "" }).to_string();
    happen(&server, &studio, &empty).await;
    let least = receiver.wait_for(5).await.remove(4);
    let place = least.json()["data"]["sequence"].as_i64().unwrap();
    // The place of the next one may have a digit more.
    let digits = |place: i64| place.to_string().len();
    for (count, next, more) in [(6, place + 1, 0), (7, place + 2, 1)] {
        let least = least.body.len() + digits(next) - digits(place);
        let data = json!({ "after": "x".repeat(MAX_BYTES - least + more) }).to_string();
        happen(&server, &studio, &data).await;
        let one = receiver.wait_for(count).await.remove(count - 1);
        assert!(one.is_signed_with(&secret));
        let is_whole = one.json().get("is_shortened").is_none();
        assert_eq!((is_whole, one.body.len() == MAX_BYTES), (more == 0, more == 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_is_what_the_description_says() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let id = register(&server, &studio, &receiver.url(), json!({})).await;
    let already = everything(&server, &studio.owner, studio.owner.workspace).await;
    do_everything(&server, &studio).await;
    act(&server, &studio, &format!("endpoints/{id}:test"), None)
        .await
        .expect(200);
    let api = server.get("/openapi.json").send().await.expect(200);
    let described: BTreeMap<String, Value> = api["webhooks"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(kind, item)| {
            (
                kind.clone(),
                item["post"]["requestBody"]["content"]["application/json"].clone(),
            )
        })
        .collect();
    for (kind, body) in &described {
        assert_eq!(violation(&body["example"], &body["schema"], &api, kind), None);
    }
    let happened = everything(&server, &studio.owner, studio.owner.workspace).await;
    // Those that happened before it was named are not told; the test is.
    let count = happened.len() - already.len() + 1;
    let mut told = BTreeSet::new();
    for delivery in receiver.wait_for(count).await {
        let (message, kind) = (delivery.json(), delivery.kind());
        let schema = &described[&kind]["schema"];
        assert_eq!(violation(&message, schema, &api, &kind), None);
        // Nothing else would do.
        let other = described.keys().find(|other| **other != kind).unwrap();
        assert!(violation(&message, &described[other]["schema"], &api, &kind).is_some());
        told.insert(kind);
    }
    let before: BTreeSet<_> = already.iter().map(|event| text(&event["type"])).collect();
    let silent: Vec<_> = described
        .keys()
        .filter(|kind| !told.contains(*kind) && !before.contains(*kind))
        .collect();
    assert!(silent.is_empty(), "never told: {silent:?}");
}
