//! Webhooks as their receivers and their administrators meet them: what is sent, how it is signed, who may manage them.

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock as _;
use weft_storage::records::NewWorkspaceEvent;

use crate::documents::{Studio, create, create_project, enlist, studio};
use crate::support::receiver::{OK, Receiver, Reply};
use crate::support::{Answer, TestServer, id_of, text};

/// Receivers listen on loopback; nothing is waited for long.
pub const LOCAL: &[&str] = &[
    "outgoing.allowed_networks=127.0.0.0/8",
    "webhooks.poll_milliseconds=50",
    "webhooks.timeout_seconds=2",
    "rates.per_principal_per_minute=100000",
    "rates.per_address_per_minute=100000",
];

pub const HOUR_MS: i64 = 3_600_000;

pub async fn try_register(server: &TestServer, studio: &Studio, url: &str, more: Value) -> Answer {
    let mut form = json!({ "workspace_id": studio.owner.workspace, "url": url });
    let all = form.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    server
        .post("/v1/webhooks/endpoints")
        .of(&studio.owner)
        .json(form)
        .send()
        .await
}

pub async fn register(server: &TestServer, studio: &Studio, url: &str, more: Value) -> Uuid {
    id_of(&try_register(server, studio, url, more).await.expect(201))
}

/// An endpoint that hears of new documents.
pub async fn register_for_documents(server: &TestServer, studio: &Studio, receiver: &Receiver) -> Uuid {
    let types = json!({ "event_types": ["document.created"] });
    register(server, studio, &receiver.url(), types).await
}

pub async fn secret_of(server: &TestServer, studio: &Studio, endpoint: Uuid) -> String {
    let path = format!("/v1/webhooks/endpoints/{endpoint}/secret");
    text(&server.get(&path).of(&studio.owner).send().await.expect(200)["secret"])
}

pub async fn make_document(server: &TestServer, studio: &Studio, title: &str) -> Uuid {
    id_of(&create(server, studio, json!({ "title": title })).await)
}

pub async fn endpoint(server: &TestServer, studio: &Studio, id: Uuid) -> Value {
    let path = format!("/v1/webhooks/endpoints/{id}");
    server.get(&path).of(&studio.owner).send().await.expect(200)
}

pub async fn act(server: &TestServer, studio: &Studio, path: &str, form: Option<Value>) -> Answer {
    let request = server.post(&format!("/v1/webhooks/{path}")).of(&studio.owner);
    match form {
        Some(form) => request.json(form).send().await,
        None => request.send().await,
    }
}

pub async fn deliveries(server: &TestServer, studio: &Studio, id: Uuid, query: &str) -> Vec<Value> {
    let path = format!("/v1/webhooks/endpoints/{id}/deliveries?limit=100{query}");
    let list = server.get(&path).of(&studio.owner).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

/// Waits until so many messages of an endpoint have this status, and returns them.
pub async fn settled(
    server: &TestServer,
    studio: &Studio,
    id: Uuid,
    status: &str,
    count: usize,
) -> Vec<Value> {
    for _ in 0..1_200 {
        let found = deliveries(server, studio, id, &format!("&status={status}")).await;
        let quiet = found
            .iter()
            .all(|message| message["is_under_way"] == json!(false));
        if found.len() == count && quiet {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!(
        "never {count} {status}: {:?}",
        deliveries(server, studio, id, "").await
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_sent_signed_and_as_the_events_have_it() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let id = register(
        &server,
        &studio,
        &receiver.url(),
        json!({ "description": "ours" }),
    )
    .await;
    let secret = secret_of(&server, &studio, id).await;
    let document = make_document(&server, &studio, "Gr\u{fc}n \u{1f9f5} \"\\").await;
    let [delivery] = &receiver.wait_for(1).await[..] else {
        panic!("one delivery");
    };
    assert!(delivery.is_signed_with(&secret));
    assert!(!delivery.is_signed_with(&format!("whsec_{}", "A".repeat(44))));
    assert_eq!(delivery.timestamp_s, server.clock.now_ms() / 1_000);
    assert!(delivery.head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"));
    assert!(delivery.head.contains("content-type: application/json"));
    assert!(delivery.head.contains("user-agent: weft/"));
    let message = delivery.json();
    assert_eq!(message["type"], "document.created");
    assert_eq!(message["data"]["document_id"], json!(document));
    let event = text(&message["data"]["id"]);
    let path = format!("/v1/events/{event}?workspace_id={}", studio.owner.workspace);
    let event = server.get(&path).of(&studio.owner).send().await.expect(200);
    assert_eq!(message["data"], event);
    assert_eq!(message["timestamp"], event["created_at"]);

    let [told] = &settled(&server, &studio, id, "succeeded", 1).await[..] else {
        panic!("one message");
    };
    assert_eq!(told["webhook_id"], json!(delivery.id));
    assert_eq!(
        (&told["attempts"], &told["event_sequence"]),
        (&json!(1), &event["sequence"])
    );
    let path = format!("/v1/webhooks/messages/{}/attempts", id_of(told));
    let attempts = server.get(&path).of(&studio.owner).send().await.expect(200);
    let attempt = &attempts["data"][0];
    assert_eq!(
        (
            &attempt["number"],
            &attempt["status"],
            &attempt["response"],
            &attempt["error"]
        ),
        (&json!(1), &json!(200), &json!("well"), &Value::Null)
    );
    // The secret is where it was asked for, and nowhere else.
    let path = format!("/v1/webhooks/endpoints?workspace_id={}", studio.owner.workspace);
    let list = server.get(&path).of(&studio.owner).send().await;
    assert!(list.text().contains("ours") && !list.text().contains("whsec_"));
    let mut tx = server.storage.records().read().await.unwrap();
    let row = tx.webhook_endpoint(id).await.unwrap().unwrap();
    let key = secret.as_bytes();
    assert!(!row.secrets.windows(12).any(|part| part == &key[6..18]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_asked_for_is_told_in_its_order() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let other = create_project(&server, &studio.owner, studio.team, "Shuttles").await;
    let (by_type, by_project) = (Receiver::answering(&[OK]).await, Receiver::answering(&[OK]).await);
    register_for_documents(&server, &studio, &by_type).await;
    register(
        &server,
        &studio,
        &by_project.url(),
        json!({ "project_ids": [other] }),
    )
    .await;
    let mut made = Vec::new();
    for number in 0..20 {
        made.push(json!(
            make_document(&server, &studio, &format!("Document {number}")).await
        ));
    }
    let elsewhere = server
        .post(&format!("/v1/projects/{other}/documents"))
        .of(&studio.owner)
        .json(json!({ "title": "There" }))
        .send()
        .await
        .expect(201);
    made.push(elsewhere["id"].clone());
    let come = by_type.wait_for(21).await;
    let mut told: Vec<_> = come
        .iter()
        .map(|delivery| delivery.json()["data"].clone())
        .collect();
    told.sort_by_key(|event| event["sequence"].as_i64());
    let documents: Vec<_> = told.iter().map(|event| event["document_id"].clone()).collect();
    assert_eq!(documents, made);
    let ids: std::collections::BTreeSet<_> = come.iter().map(|delivery| delivery.id.clone()).collect();
    assert_eq!((ids.len(), by_type.deliveries().len()), (21, 21));
    assert_eq!(
        by_project.wait_for(1).await[0].json()["data"]["document_id"],
        elsewhere["id"]
    );
    assert_eq!(by_project.deliveries().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_a_day_both_secrets_sign() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let own = format!("whsec_{}", "b".repeat(32));
    let form = json!({ "event_types": ["document.created"], "secret": own });
    let id = register(&server, &studio, &receiver.url(), form).await;
    assert_eq!(secret_of(&server, &studio, id).await, own);
    let rotated = act(
        &server,
        &studio,
        &format!("endpoints/{id}:rotate-secret"),
        Some(json!({})),
    )
    .await;
    let new = text(&rotated.expect(200)["secret"]);
    assert_eq!(secret_of(&server, &studio, id).await, new);
    make_document(&server, &studio, "One").await;
    let come = receiver.wait_for(1).await;
    assert!(come[0].is_signed_with(&own) && come[0].is_signed_with(&new));
    server.clock.advance(24 * HOUR_MS);
    let ada = server.log_in("ada").await;
    let studio = Studio {
        owner: crate::support::Person {
            token: text(&ada["access_token"]),
            ..studio.owner
        },
        ..studio
    };
    make_document(&server, &studio, "Two").await;
    let come = receiver.wait_for(2).await;
    assert!(!come[1].is_signed_with(&own) && come[1].is_signed_with(&new));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_too_large_is_told_without_its_data() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let id = register(
        &server,
        &studio,
        &receiver.url(),
        json!({ "event_types": ["comment.created"] }),
    )
    .await;
    let secret = secret_of(&server, &studio, id).await;
    // What nobody can make happen over the API today.
    for (number, size) in [(1, 60_000), (2, 70_000)] {
        let data = json!({ "after": "x".repeat(size), "large": u64::MAX }).to_string();
        let mut tx = server.storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(WorkspaceId(studio.owner.workspace)).await.unwrap();
        let event = NewWorkspaceEvent {
            id: Uuid::from_u128(number),
            kind: "comment.created",
            team_id: None,
            project_id: None,
            document_id: None,
            task_id: None,
            card: None,
            actor: None,
            data: &data,
            now_ms: server.clock.now_ms(),
        };
        tenant.record_event(event).await.unwrap();
        tx.commit().await.unwrap();
    }
    let come = receiver.wait_for(2).await;
    for delivery in &come {
        assert!(delivery.is_signed_with(&secret) && delivery.body.len() <= 64 * 1024);
        let message = delivery.json();
        let is_large = message["data"]["id"] == json!(Uuid::from_u128(2));
        assert_eq!(message.get("is_shortened").is_some(), is_large);
        assert_eq!(message["data"]["data"] == json!({}), is_large);
        assert!(is_large || String::from_utf8_lossy(&delivery.body).contains(&u64::MAX.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn an_endpoint_is_tried_out_disabled_enabled_and_caught_up() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[Reply::Status(500, "")]).await;
    let id = register_for_documents(&server, &studio, &receiver).await;
    let path = format!("/v1/webhooks/endpoints/{id}");
    let tried = act(&server, &studio, &format!("endpoints/{id}:test"), None)
        .await
        .expect(200);
    assert_eq!(
        (&tried["is_delivered"], &tried["status"]),
        (&json!(false), &json!(500))
    );
    assert_eq!(receiver.wait_for(1).await[0].kind(), "webhook.test");
    // A test is sent once, and says nothing about how the endpoint does.
    assert_eq!(
        settled(&server, &studio, id, "dead", 1).await[0]["event_type"],
        "webhook.test"
    );
    assert_eq!(endpoint(&server, &studio, id).await["failing_since"], Value::Null);
    let again = act(
        &server,
        &studio,
        &format!("messages/{}:resend", text(&tried["message_id"])),
        None,
    )
    .await;
    assert_eq!(again.problem(409), "WEBHOOK_TEST_NOT_RESENT");

    let since = server.clock.now_ms();
    let patch = |form: Value| server.patch(&path).of(&studio.owner).json(form);
    let disabled = patch(json!({ "is_disabled": true })).send().await.expect(200);
    assert_eq!(
        (&disabled["is_disabled"], &disabled["disabled_reason"]),
        (&json!(true), &json!("chosen"))
    );
    let enabling = patch(json!({ "is_disabled": false })).send().await;
    assert_eq!(enabling.problem(409), "WEBHOOK_NEEDS_TEST");
    for number in 0..3 {
        server.clock.advance(1_000);
        make_document(&server, &studio, &format!("Missed {number}")).await;
    }
    let enable = async || act(&server, &studio, &format!("endpoints/{id}:enable"), None).await;
    assert_eq!(enable().await.problem(409), "WEBHOOK_TEST_FAILED");
    receiver.answer(OK);
    assert_eq!(enable().await.expect(200)["is_disabled"], json!(false));
    assert_eq!(enable().await.expect(200)["disabled_at"], Value::Null);
    make_document(&server, &studio, "Heard of").await;
    settled(&server, &studio, id, "succeeded", 2).await;

    let ask = async |since: i64| {
        let since = text(&json!(
            jiff::Timestamp::from_millisecond(since).unwrap().to_string()
        ));
        act(
            &server,
            &studio,
            &format!("endpoints/{id}:recover"),
            Some(json!({ "since": since })),
        )
        .await
    };
    assert_eq!(
        ask(since - 15 * 24 * HOUR_MS).await.problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(ask(since + HOUR_MS).await.problem(422), "VALIDATION_FAILED");
    let job = ask(since + 1).await.expect(202);
    // Three that were missed; what was taken is not sent again.
    settled(&server, &studio, id, "succeeded", 5).await;
    let job = format!("/v1/webhooks/recoveries/{}", id_of(&job));
    let job = server.get(&job).of(&studio.owner).send().await.expect(200);
    assert_eq!((&job["is_finished"], &job["messages"]), (&json!(true), &json!(3)));
    assert_eq!(job["looked_at"], job["events"]);

    let [first] = &receiver
        .deliveries()
        .into_iter()
        .filter(|one| one.kind() == "document.created")
        .take(1)
        .collect::<Vec<_>>()[..]
    else {
        panic!("a delivery");
    };
    let told = settled(&server, &studio, id, "succeeded", 5).await;
    let message = told
        .iter()
        .find(|one| one["webhook_id"] == json!(first.id))
        .unwrap();
    act(
        &server,
        &studio,
        &format!("messages/{}:resend", id_of(message)),
        None,
    )
    .await
    .expect(202);
    settled(&server, &studio, id, "succeeded", 5).await;
    let again = receiver.wait_for(8).await;
    assert_eq!(again.iter().filter(|one| one.id == first.id).count(), 2);
    let stats = server
        .get(&format!("{path}/stats"))
        .of(&studio.owner)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&stats["succeeded"], &stats["dead"], &stats["events_behind"]),
        (&json!(5), &json!(2), &json!(0))
    );
    server.delete(&path).of(&studio.owner).send().await.expect(204);
    assert_eq!(
        server.get(&path).of(&studio.owner).send().await.problem(404),
        "NOT_FOUND"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_administrators_manage_endpoints_and_only_good_ones() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let id = register(&server, &studio, &receiver.url(), json!({})).await;
    let path = format!("/v1/webhooks/endpoints/{id}");
    for (name, role, status) in [
        ("mia", "manager", 403),
        ("cem", "member", 403),
        ("gus", "guest", 403),
    ] {
        let person = server.person(name).await;
        enlist(&server, studio.owner.workspace, &person, role).await;
        let form = json!({ "workspace_id": studio.owner.workspace, "url": receiver.url() });
        let list = format!("/v1/webhooks/endpoints?workspace_id={}", studio.owner.workspace);
        for request in [
            server.get(&path),
            server.get(&format!("{path}/secret")),
            server.get(&list),
            server.post("/v1/webhooks/endpoints").json(form),
            server.post(&format!("{path}:test")),
            server.delete(&path),
        ] {
            assert_eq!(request.of(&person).send().await.status, status, "{name}");
        }
    }
    let bob = server.person("bob").await;
    assert_eq!(server.get(&path).of(&bob).send().await.problem(404), "NOT_FOUND");
    let admin = server.person("abe").await;
    enlist(&server, studio.owner.workspace, &admin, "admin").await;
    server.get(&path).of(&admin).send().await.expect(200);

    for (form, field) in [
        (json!({ "event_types": ["task.exploded"] }), "event_types[0]"),
        (json!({ "project_ids": [Uuid::from_u128(1)] }), "project_ids[0]"),
        (json!({ "secret": "whsec_short" }), "secret"),
        (json!({ "description": "x".repeat(501) }), "description"),
    ] {
        let refused = try_register(&server, &studio, &receiver.url(), form)
            .await
            .expect(422);
        assert_eq!(refused["details"][0]["field"], field);
    }
    let few = TestServer::with(&[LOCAL, &["webhooks.max_endpoints=1"]].concat()).await;
    let studio = crate::documents::studio(&few, "ada").await;
    register(&few, &studio, &receiver.url(), json!({})).await;
    let more = try_register(&few, &studio, &receiver.url(), json!({})).await;
    assert_eq!(more.problem(409), "TOO_MANY_WEBHOOK_ENDPOINTS");
    let types = few.get("/v1/webhooks/event-types").send().await.expect(200);
    let names: Vec<_> = types["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| text(&kind["type"]))
        .collect();
    assert!(names.contains(&"webhook.test".to_owned()) && names.contains(&"endpoint.disabled".to_owned()));
}
