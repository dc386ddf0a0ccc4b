//! What an endpoint may say of how it wants to be asked: headers, how quickly, and signed how.

use serde_json::{Value, json};

use crate::documents::{Studio, studio};
use crate::support::receiver::{OK, Receiver};
use crate::support::{Person, TestServer, text};
use crate::webhooks::{
    HOUR_MS, LOCAL, act, endpoint, make_document, register, secret_of, settled, try_register,
};

/// The first pair of keys of the tests in RFC 8032.
const RFC_8032: (&str, &str) = (
    "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=",
    "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
);

fn for_documents(more: Value) -> Value {
    let mut form = json!({ "event_types": ["document.created"] });
    form.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    form
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_is_asked_with_its_headers_and_nobody_sees_their_values() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let form =
        for_documents(json!({ "headers": { "X-Gate": "confidential 7", "authorization": "Bearer abc" } }));
    let id = register(&server, &studio, &receiver.url(), form).await;
    let path = format!("/v1/webhooks/endpoints/{id}");
    let shown = json!({ "authorization": "***", "x-gate": "***" });
    assert_eq!(endpoint(&server, &studio, id).await["headers"], shown);
    let list = format!("/v1/webhooks/endpoints?workspace_id={}", studio.owner.workspace);
    let list = server.get(&list).of(&studio.owner).send().await.text();
    assert!(list.contains("x-gate") && !list.contains("confidential"));
    let mut tx = server.storage.records().read().await.unwrap();
    let row = tx.webhook_endpoint(id).await.unwrap().unwrap();
    drop(tx);
    assert!(
        !row.headers
            .unwrap()
            .windows(12)
            .any(|part| part == b"confidential")
    );

    make_document(&server, &studio, "One").await;
    let head = receiver.wait_for(1).await[0].head.clone();
    assert!(head.contains("\r\nx-gate: confidential 7\r\n"), "{head}");
    assert!(head.contains("\r\nauthorization: Bearer abc"), "{head}");
    assert_eq!(head.matches("content-type").count(), 1);

    // One is put in the place of another, one goes, and one stays as nobody can see it.
    let patch = async |form: Value| server.patch(&path).of(&studio.owner).json(form).send().await;
    let form = json!({ "headers": { "Authorization": null, "x-more": "y" } });
    let changed = patch(form).await.expect(200);
    assert_eq!(changed["headers"], json!({ "x-gate": "***", "x-more": "***" }));
    let tried = act(&server, &studio, &format!("endpoints/{id}:test"), None).await;
    assert_eq!(tried.expect(200)["is_delivered"], json!(true));
    let head = receiver.wait_for(2).await[1].head.clone();
    assert!(
        head.contains("x-gate: confidential 7") && head.contains("x-more: y"),
        "{head}"
    );
    assert!(!head.contains("authorization"), "{head}");

    let many: serde_json::Map<String, Value> =
        (0..9).map(|number| (format!("x-{number}"), json!("v"))).collect();
    for headers in [
        json!({ "Host": "elsewhere" }),
        json!({ "content-length": "1" }),
        json!({ "webhook-id": "msg_1" }),
        json!({ "transfer-encoding": "chunked" }),
        json!({ "x-a": "a\r\nhost: b" }),
        json!({ "x-a": "" }),
        json!({ "x a": "b" }),
        json!({ "x-gate": "***" }),
        json!({ "x-a": "x".repeat(1_025) }),
        Value::Object(many),
    ] {
        let refused = patch(json!({ "headers": headers })).await.expect(422);
        assert_eq!(refused["details"][0]["field"], "headers", "{headers}");
    }
    assert_eq!(
        endpoint(&server, &studio, id).await["headers"],
        changed["headers"]
    );
}

/// Waits until nothing more comes by itself: everything that came has been settled, and the rest waits.
async fn come(server: &TestServer, studio: &Studio, id: uuid::Uuid, receiver: &Receiver, count: usize) {
    receiver.wait_for(count).await;
    settled(server, studio, id, "succeeded", count).await;
    assert_eq!(receiver.deliveries().len(), count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_is_asked_no_quicker_than_it_wants_in_order_and_others_are_not_held_up() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let (slow, quick) = (Receiver::answering(&[OK]).await, Receiver::answering(&[OK]).await);
    let form = for_documents(json!({ "rate_limit": 2 }));
    let id = register(&server, &studio, &slow.url(), form).await;
    let other = register(&server, &studio, &quick.url(), for_documents(json!({}))).await;
    assert_eq!(endpoint(&server, &studio, id).await["rate_limit"], json!(2));
    assert_eq!(endpoint(&server, &studio, other).await["rate_limit"], Value::Null);
    let mut made = Vec::new();
    for number in 0..6 {
        made.push(json!(
            make_document(&server, &studio, &format!("Document {number}")).await
        ));
    }
    // The time of the server stands still.
    quick.wait_for(6).await;
    come(&server, &studio, id, &slow, 1).await;
    for count in 2..=4 {
        server.clock.advance(499);
        come(&server, &studio, id, &slow, count - 1).await;
        server.clock.advance(1);
        come(&server, &studio, id, &slow, count).await;
    }
    // What was not used is not saved up.
    server.clock.advance(10_000);
    come(&server, &studio, id, &slow, 5).await;
    server
        .patch(&format!("/v1/webhooks/endpoints/{id}"))
        .of(&studio.owner)
        .json(json!({ "rate_limit": null }))
        .send()
        .await
        .expect(200);
    come(&server, &studio, id, &slow, 6).await;
    let told: Vec<_> = slow
        .deliveries()
        .iter()
        .map(|one| one.json()["data"]["document_id"].clone())
        .collect();
    assert_eq!(told, made);
    for limit in [0, 1_001] {
        let refused = try_register(&server, &studio, &slow.url(), json!({ "rate_limit": limit })).await;
        assert_eq!(refused.expect(422)["details"][0]["field"], "rate_limit");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_signed_for_everybody_where_that_is_wanted() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let id = register(&server, &studio, &receiver.url(), for_documents(json!({}))).await;
    let secret = secret_of(&server, &studio, id).await;
    let path = format!("/v1/webhooks/endpoints/{id}");
    let rotate = async |form: Value| {
        act(
            &server,
            &studio,
            &format!("endpoints/{id}:rotate-signing-key"),
            Some(form),
        )
        .await
    };
    let plain = endpoint(&server, &studio, id).await;
    assert_eq!(
        (&plain["signatures"], &plain["public_key"]),
        (&json!(["v1"]), &Value::Null)
    );
    assert_eq!(rotate(json!({})).await.problem(409), "WEBHOOK_HAS_NO_SIGNING_KEY");
    let choose = async |signatures: Value| {
        let form = json!({ "signatures": signatures });
        server.patch(&path).of(&studio.owner).json(form).send().await
    };
    for bad in [
        json!([]),
        json!(["v1a"]),
        json!(["v1", "v1"]),
        json!(["v1", "v1a", "v1a"]),
        json!(["v2"]),
    ] {
        choose(bad).await.expect(422);
    }
    let open = choose(json!(["v1", "v1a"])).await.expect(200);
    let first = text(&open["public_key"]);
    // To say so again changes nothing.
    assert_eq!(
        choose(json!(["v1a", "v1"])).await.expect(200)["public_key"],
        json!(first)
    );
    make_document(&server, &studio, "One").await;
    let one = receiver.wait_for(1).await.remove(0);
    assert!(one.is_signed_with(&secret) && one.is_signed_openly_by(&first));
    assert_eq!(one.signatures.len(), 2);

    // For a day both keys sign.
    let second = rotate(json!({ "signing_key": RFC_8032.0 })).await.expect(200);
    let second = text(&second["public_key"]);
    assert_eq!(second, RFC_8032.1);
    assert_eq!(endpoint(&server, &studio, id).await["public_key"], json!(second));
    make_document(&server, &studio, "Two").await;
    let two = receiver.wait_for(2).await.remove(1);
    assert!(two.is_signed_openly_by(&first) && two.is_signed_openly_by(&second));
    server.clock.advance(24 * HOUR_MS);
    let ada = server.log_in("ada").await;
    let studio = Studio {
        owner: Person {
            token: text(&ada["access_token"]),
            ..studio.owner
        },
        ..studio
    };
    make_document(&server, &studio, "Three").await;
    let three = receiver.wait_for(3).await.remove(2);
    assert!(!three.is_signed_openly_by(&first) && three.is_signed_openly_by(&second));

    let form = json!({ "signatures": ["v1"] });
    let closed = server.patch(&path).of(&studio.owner).json(form).send().await;
    assert_eq!(closed.expect(200)["public_key"], Value::Null);
    make_document(&server, &studio, "Four").await;
    let four = receiver.wait_for(4).await.remove(3);
    assert!(four.is_signed_with(&secret) && four.signatures.len() == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_key_may_be_brought_and_is_shown_to_nobody() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let (own, public) = (RFC_8032.0, RFC_8032.1);
    let form = json!({ "signatures": ["v1", "v1a"], "signing_key": own });
    let brought = register(&server, &studio, &receiver.url(), form).await;
    assert_eq!(
        endpoint(&server, &studio, brought).await["public_key"],
        json!(public)
    );
    for form in [
        json!({ "signing_key": own }),
        json!({ "signatures": ["v1", "v1a"], "signing_key": "whsk_AAAA" }),
    ] {
        let refused = try_register(&server, &studio, &receiver.url(), form)
            .await
            .expect(422);
        assert_eq!(refused["details"][0]["field"], "signing_key");
    }
    let list = format!("/v1/webhooks/endpoints?workspace_id={}", studio.owner.workspace);
    let list = server.get(&list).of(&studio.owner).send().await.text();
    assert!(!list.contains("whsk_") && !list.contains("whsec_"));
}
