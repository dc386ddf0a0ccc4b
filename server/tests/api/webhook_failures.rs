//! Endpoints that fail: when they are tried again, when they are given up, and that nobody else waits for them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;
use weft_storage::clock::Clock as _;

use crate::documents::{Studio, studio};
use crate::support::receiver::{OK, Receiver, Reply};
use crate::support::{Person, TestServer, id_of, text};
use crate::webhooks::{
    HOUR_MS, LOCAL, act, endpoint, make_document, register, register_for_documents, secret_of, settled,
    try_register,
};

/// Logs its owner in again, after the clock has moved on.
async fn anew(server: &TestServer, studio: Studio) -> Studio {
    let tokens = server.log_in("ada").await;
    Studio {
        owner: Person {
            token: text(&tokens["access_token"]),
            ..studio.owner
        },
        ..studio
    }
}

/// When the next attempt at the only message of an endpoint is due, from now, once the last one has failed.
async fn next_in_ms(server: &TestServer, studio: &Studio, id: Uuid) -> i64 {
    let told = settled(server, studio, id, "failed", 1).await;
    let at: jiff::Timestamp = text(&told[0]["next_attempt_at"]).parse().unwrap();
    at.as_millisecond() - server.clock.now_ms()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_tried_by_the_schedule_and_then_given_up() {
    let server = TestServer::with(LOCAL).await;
    let mut studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[Reply::Status(500, "")]).await;
    let id = register_for_documents(&server, &studio, &receiver).await;
    let secret = secret_of(&server, &studio, id).await;
    make_document(&server, &studio, "One").await;
    for (attempt, seconds) in [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]
        .into_iter()
        .enumerate()
    {
        receiver.wait_for(attempt + 1).await;
        let due = next_in_ms(&server, &studio, id).await;
        assert!(
            (seconds * 800..=seconds * 1_200).contains(&due),
            "{seconds} s: {due} ms"
        );
        server.clock.advance(due - 1);
        studio = anew(&server, studio).await;
        assert_eq!(receiver.deliveries().len(), attempt + 1);
        server.clock.advance(1);
    }
    let all = receiver.wait_for(8).await;
    let dead = settled(&server, &studio, id, "dead", 1).await;
    assert_eq!(dead[0]["attempts"], json!(8));
    assert_eq!(dead[0]["next_attempt_at"], Value::Null);
    assert!(
        all.iter()
            .all(|one| one.id == all[0].id && one.is_signed_with(&secret))
    );
    assert!(all.iter().all(|one| one.body == all[0].body));
    assert!(
        all.windows(2)
            .all(|pair| pair[0].timestamp_s < pair[1].timestamp_s)
    );
    let state = endpoint(&server, &studio, id).await;
    assert!(state["failing_since"].is_string() && state["is_disabled"] == json!(false));
    // Success ends it.
    receiver.answer(OK);
    make_document(&server, &studio, "Two").await;
    settled(&server, &studio, id, "succeeded", 1).await;
    assert_eq!(endpoint(&server, &studio, id).await["failing_since"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_says_when_to_come_back_or_not_to() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let soon = 5 * 1_200;
    for (reply, least, most) in [
        (Reply::Status(503, "retry-after: 600\r\n"), 600_000, 600_000),
        (
            Reply::Status(503, "retry-after: 9999999\r\n"),
            24 * HOUR_MS,
            24 * HOUR_MS,
        ),
        (
            Reply::Status(503, "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
            4_000,
            soon,
        ),
        (Reply::Status(429, ""), 60_000, 60_000),
        (Reply::Status(429, "retry-after: 1\r\n"), 60_000, 60_000),
        (
            Reply::Status(301, "location: http://127.0.0.1:1/\r\n"),
            4_000,
            soon,
        ),
        (Reply::Status(404, ""), 4_000, soon),
    ] {
        let receiver = Receiver::answering(&[reply]).await;
        let id = register_for_documents(&server, &studio, &receiver).await;
        make_document(&server, &studio, "One").await;
        let due = next_in_ms(&server, &studio, id).await;
        assert!((least..=most).contains(&due), "{reply:?}: {due}");
        assert_eq!(receiver.deliveries().len(), 1);
        server
            .delete(&format!("/v1/webhooks/endpoints/{id}"))
            .of(&studio.owner)
            .send()
            .await
            .expect(204);
    }
    let receiver =
        Receiver::answering(&[Reply::Status(400, "webhook-delivery: abort-message\r\n"), OK]).await;
    let id = register_for_documents(&server, &studio, &receiver).await;
    make_document(&server, &studio, "Unwanted").await;
    let dead = settled(&server, &studio, id, "dead", 1).await;
    assert_eq!(dead[0]["attempts"], json!(1));
    make_document(&server, &studio, "Wanted").await;
    settled(&server, &studio, id, "succeeded", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_or_fails_for_days_is_disabled_and_that_is_told() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let watcher = Receiver::answering(&[OK]).await;
    register(
        &server,
        &studio,
        &watcher.url(),
        json!({ "event_types": ["endpoint.disabled"] }),
    )
    .await;
    let gone = Receiver::answering(&[Reply::Status(410, "")]).await;
    let id = register_for_documents(&server, &studio, &gone).await;
    make_document(&server, &studio, "One").await;
    let told = watcher.wait_for(1).await[0].json();
    assert_eq!(
        told["data"]["data"],
        json!({ "endpoint_id": id, "reason": "gone" })
    );
    let state = endpoint(&server, &studio, id).await;
    assert_eq!(
        (&state["is_disabled"], &state["disabled_reason"]),
        (&json!(true), &json!("gone"))
    );
    make_document(&server, &studio, "Two").await;
    let since = jiff::Timestamp::from_millisecond(server.clock.now_ms() - HOUR_MS).unwrap();
    let recover = Some(json!({ "since": since.to_string() }));
    let refused = act(&server, &studio, &format!("endpoints/{id}:recover"), recover).await;
    assert_eq!(refused.problem(409), "WEBHOOK_ENDPOINT_DISABLED");

    let failing = Receiver::answering(&[Reply::Status(500, "")]).await;
    let id = register_for_documents(&server, &studio, &failing).await;
    make_document(&server, &studio, "Three").await;
    next_in_ms(&server, &studio, id).await;
    server.clock.advance(119 * HOUR_MS);
    let studio = anew(&server, studio).await;
    failing.wait_for(2).await;
    next_in_ms(&server, &studio, id).await;
    assert_eq!(endpoint(&server, &studio, id).await["is_disabled"], json!(false));
    server.clock.advance(HOUR_MS);
    let told = watcher.wait_for(2).await[1].json();
    assert_eq!(
        told["data"]["data"],
        json!({ "endpoint_id": id, "reason": "failing" })
    );
    assert_eq!(gone.deliveries().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_manners_cost_one_attempt_and_nothing_else() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    for (reply, attempts, error) in [
        // Once more at once, as part of the same attempt.
        (Reply::Reset, 2, "the exchange failed"),
        (Reply::Garbage, 2, "the exchange failed"),
        (Reply::Silence, 1, "took too long"),
        (Reply::Drip, 1, "took too long"),
        (Reply::DripHead, 1, "took too long"),
    ] {
        let receiver = Receiver::answering(&[reply]).await;
        let id = register_for_documents(&server, &studio, &receiver).await;
        make_document(&server, &studio, "One").await;
        let told = settled(&server, &studio, id, "failed", 1).await;
        assert_eq!(told[0]["attempts"], json!(1), "{reply:?}");
        assert_eq!(receiver.deliveries().len(), attempts, "{reply:?}");
        let path = format!("/v1/webhooks/messages/{}/attempts", id_of(&told[0]));
        let attempt = server.get(&path).of(&studio.owner).send().await.expect(200)["data"][0].clone();
        assert!(text(&attempt["error"]).contains(error), "{reply:?}: {attempt}");
        server
            .delete(&format!("/v1/webhooks/endpoints/{id}"))
            .of(&studio.owner)
            .send()
            .await
            .expect(204);
    }
    // Of an answer without an end, how it begins is enough.
    let receiver = Receiver::answering(&[Reply::Endless]).await;
    let id = register_for_documents(&server, &studio, &receiver).await;
    make_document(&server, &studio, "One").await;
    let told = settled(&server, &studio, id, "succeeded", 1).await;
    let path = format!("/v1/webhooks/messages/{}/attempts", id_of(&told[0]));
    let attempt = server.get(&path).of(&studio.owner).send().await.expect(200)["data"][0].clone();
    assert_eq!(text(&attempt["response"]).len(), 1_024);
    // Nobody is there.
    let address = Receiver::answering(&[OK]).await.address;
    let id = register(&server, &studio, &format!("http://{address}/"), json!({})).await;
    make_document(&server, &studio, "One").await;
    settled(&server, &studio, id, "failed", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_packed_is_not_unpacked_and_nobody_is_told_without_encryption() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    // A little is received, and as little is kept.
    let receiver = Receiver::answering(&[Reply::GzipBomb]).await;
    let id = register_for_documents(&server, &studio, &receiver).await;
    make_document(&server, &studio, "One").await;
    let told = settled(&server, &studio, id, "succeeded", 1).await;
    let path = format!("/v1/webhooks/messages/{}/attempts", id_of(&told[0]));
    let attempt = server.get(&path).of(&studio.owner).send().await.expect(200)["data"][0].clone();
    assert!(text(&attempt["response"]).chars().count() <= 1_024);
    assert!(!receiver.deliveries()[0].head.contains("accept-encoding"));
    // One that does not speak TLS.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let tasks = tokio_util::task::TaskTracker::new();
    let plain = tokio_util::task::AbortOnDropHandle::new(tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    }));
    let id = register(&server, &studio, &url, json!({})).await;
    make_document(&server, &studio, "Two").await;
    let told = settled(&server, &studio, id, "failed", 1).await;
    let path = format!("/v1/webhooks/messages/{}/attempts", id_of(&told[0]));
    let attempt = server.get(&path).of(&studio.owner).send().await.expect(200)["data"][0].clone();
    assert!(
        text(&attempt["error"]).contains("no encrypted connection"),
        "{attempt}"
    );
    drop(plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn black_holes_hold_up_nobody_else() {
    const HOLES: usize = 20;
    const EVENTS: usize = 200;
    // No hole is given up while the test runs, so whoever waits for one waits in vain.
    let slow = &["webhooks.timeout_seconds=120"];
    let server = TestServer::with(&[LOCAL, slow].concat()).await;
    let studio = studio(&server, "ada").await;
    let hole = Receiver::answering(&[Reply::Silence]).await;
    for _ in 0..HOLES {
        register_for_documents(&server, &studio, &hole).await;
    }
    make_document(&server, &studio, "Into the holes").await;
    hole.wait_for(HOLES).await;
    let healthy = Receiver::answering(&[OK]).await;
    let id = register_for_documents(&server, &studio, &healthy).await;
    for number in 0..EVENTS {
        make_document(&server, &studio, &format!("Document {number}")).await;
    }
    healthy.wait_for(EVENTS).await;
    let mut told = 0;
    for _ in 0..400 {
        let path = format!("/v1/webhooks/endpoints/{id}/stats");
        let stats = server.get(&path).of(&studio.owner).send().await.expect(200);
        told = stats["succeeded"].as_u64().unwrap();
        if told == EVENTS as u64 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(told, EVENTS as u64);
    // Each hole holds one slot, however much waits for it.
    assert_eq!(hole.deliveries().len(), HOLES);
    assert_eq!(healthy.deliveries().len(), EVENTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_inside_is_reached() {
    let server = TestServer::with(&["webhooks.poll_milliseconds=50"]).await;
    let studio = studio(&server, "ada").await;
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fd00::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://192.168.0.1/",
        "https://0.0.0.0/",
        "https://user@example.com/",
        "https://example.com@127.0.0.1/",
        "http://example.com/",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "example.com",
        "https://",
    ] {
        let refused = try_register(&server, &studio, url, json!({})).await.expect(422);
        assert_eq!(refused["details"][0]["field"], "url", "{url}");
    }
    // Names are looked at when they are asked, with what they lead to then.
    for url in [
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST:8443/x",
    ] {
        let id = register(&server, &studio, url, json!({})).await;
        let tried = act(&server, &studio, &format!("endpoints/{id}:test"), None)
            .await
            .expect(200);
        assert_eq!(tried["is_delivered"], json!(false));
        let error = text(&tried["error"]);
        assert!(
            [
                "this address must not be reached",
                "the name of the host cannot be resolved"
            ]
            .contains(&&*error),
            "{url}: {error}"
        );
    }
    // The same are taken where the operator allows their network.
    let open = TestServer::with(LOCAL).await;
    let studio = crate::documents::studio(&open, "ada").await;
    register(&open, &studio, "http://127.0.0.1:9/", json!({})).await;
    assert_eq!(
        try_register(&open, &studio, "https://10.0.0.1/", json!({}))
            .await
            .status,
        422
    );
}
