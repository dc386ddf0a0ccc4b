//! Browsers that are told by Web Push: whose they are, and for how long. What they are sent is shown by clients that read it.

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer, id_of};

const PATH: &str = "/v1/push-subscriptions";
const POINT: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

fn browser(number: u32) -> Value {
    json!({
        "endpoint": format!("https://push.example.org/{number}"),
        "expirationTime": null,
        "keys": { "p256dh": POINT, "auth": "BTBZMqHH6r4Tts7J_aSIgg" },
    })
}

async fn subscribe(server: &TestServer, who: &Person, form: Value) -> Answer {
    server.post(PATH).of(who).json(form).send().await
}

async fn ids(server: &TestServer, who: &Person) -> Vec<Value> {
    let list = server.get(PATH).of(who).send().await.expect(200);
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| row["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_told_as_whoever_said_so_last() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let made = subscribe(&server, &ada, browser(0)).await.expect(201);
    assert_eq!(made["host"], "push.example.org");
    assert!(made["used_at"].is_null() && made.get("endpoint").is_none());
    // Once more is the same.
    let again = subscribe(&server, &ada, browser(0)).await.expect(201);
    assert_eq!(again["id"], made["id"]);
    assert_eq!(ids(&server, &ada).await, [made["id"].clone()]);

    let own = format!("{PATH}/{}", id_of(&made));
    assert_eq!(ids(&server, &bob).await, [] as [Value; 0]);
    assert_eq!(
        server.delete(&own).of(&bob).send().await.problem(404),
        "NOT_FOUND"
    );
    subscribe(&server, &bob, browser(0)).await.expect(201);
    assert_eq!(ids(&server, &ada).await, [] as [Value; 0]);
    assert_eq!(
        server.delete(&own).of(&ada).send().await.problem(404),
        "NOT_FOUND"
    );
    server.delete(&own).of(&bob).send().await.expect(204);
    assert_eq!(ids(&server, &bob).await, [] as [Value; 0]);
    assert_eq!(server.get(PATH).send().await.problem(401), "UNAUTHORIZED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_has_ten_browsers_and_none_of_a_login_that_has_ended() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let mut made = Vec::new();
    for number in 0..12 {
        server.clock.advance(1);
        made.push(subscribe(&server, &ada, browser(number)).await.expect(201)["id"].clone());
    }
    assert_eq!(ids(&server, &ada).await, made[2..]);
    let other = server.log_in("ada").await;
    let elsewhere = Person {
        token: crate::support::text(&other["access_token"]),
        ..ada
    };
    server.clock.advance(1);
    let last = subscribe(&server, &elsewhere, browser(12)).await.expect(201)["id"].clone();
    assert_eq!(ids(&server, &elsewhere).await.last(), Some(&last));
    server
        .post("/v1/auth/logout")
        .of(&elsewhere)
        .send()
        .await
        .expect(204);
    let other = server.log_in("ada").await;
    let anew = Person {
        token: crate::support::text(&other["access_token"]),
        ..elsewhere
    };
    assert_eq!(
        ids(&server, &anew).await,
        made[3..],
        "those of the login that is still there"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_browser_is_refused() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for (at, bad) in [
        ("/endpoint", "http://push.example.org/1"),
        ("/endpoint", "https://127.0.0.1/1"),
        ("/endpoint", "https://[::ffff:10.0.0.1]/1"),
        ("/endpoint", "https://ada@push.example.org/1"),
        ("/endpoint", "push"),
        ("/keys/auth", "BTBZMqHH6r4Tts7J_aSIgg_w"),
        ("/keys/auth", "!TBZMqHH6r4Tts7J_aSIgg"),
        ("/keys/p256dh", &"A".repeat(87)),
        ("/keys/p256dh", &POINT.replace("w4", "w5")),
    ] {
        let mut form = browser(0);
        *form.pointer_mut(at).unwrap() = json!(bad);
        let answer = subscribe(&server, &ada, form).await;
        assert!(
            [400, 422].contains(&answer.status),
            "{at} {bad}: {}",
            answer.status
        );
    }
    assert_eq!(ids(&server, &ada).await, [] as [Value; 0]);

    let server = TestServer::with(&["notifications.web_push=false"]).await;
    let ada = server.person("ada").await;
    assert_eq!(
        subscribe(&server, &ada, browser(0)).await.problem(404),
        "WEB_PUSH_TURNED_OFF"
    );
    assert_eq!(
        server.get("/v1/push-key").send().await.problem(404),
        "WEB_PUSH_TURNED_OFF"
    );
}
