//! API keys: what they give, and how they end.

use serde_json::{Value, json};

use crate::support::{Person, TestServer, text};

async fn key(server: &TestServer, owner: &Person, scopes: &[&str]) -> Value {
    server
        .post("/v1/api-keys")
        .of(owner)
        .json(json!({ "workspace_id": owner.workspace, "name": "build", "scopes": scopes }))
        .send()
        .await
        .expect(201)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_gives_its_scopes_in_its_workspace_and_no_more() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let made = key(&server, &ada, &["workspaces:read", "profile:read"]).await;
    let secret = text(&made["key"]);
    let id = text(&made["api_key"]["id"]);
    assert!(secret.starts_with(&text(&made["api_key"]["hint"])));
    let path = format!("/v1/workspaces/{}", ada.workspace);
    let read = |path: String| server.get(&path).bearer(&secret).send();
    assert_eq!(read(path.clone()).await.expect(200)["name"], "ada's workspace");
    assert_eq!(
        read(format!("/v1/workspaces/{}", bob.workspace)).await.status,
        404
    );
    let renamed = server
        .patch(&path)
        .bearer(&secret)
        .json(json!({ "name": "mine" }))
        .send()
        .await;
    assert_eq!(renamed.problem(403), "INSUFFICIENT_SCOPE");
    // No key makes another one, also not one that is confined elsewhere.
    let again = server
        .post("/v1/api-keys")
        .bearer(&secret)
        .json(json!({ "workspace_id": ada.workspace, "name": "x", "scopes": ["profile:read"] }))
        .send()
        .await;
    assert_eq!(again.problem(403), "INSUFFICIENT_SCOPE");
    let foreign = server
        .post("/v1/api-keys")
        .of(&ada)
        .json(json!({ "workspace_id": bob.workspace, "name": "x", "scopes": ["profile:read"] }))
        .send()
        .await;
    assert_eq!(foreign.status, 404);

    // The text is shown once; of others nobody sees anything.
    let list = server.get("/v1/api-keys").of(&ada).send().await;
    assert!(!list.text().contains(&secret));
    assert_eq!(list.expect(200)["data"][0]["id"], made["api_key"]["id"]);
    assert_eq!(
        server.get("/v1/api-keys").of(&bob).send().await.expect(200)["data"],
        json!([])
    );
    let one = format!("/v1/api-keys/{id}");
    assert_eq!(server.get(&one).of(&bob).send().await.status, 404);
    assert_eq!(server.delete(&one).of(&bob).send().await.status, 404);
    let elsewhere = format!("/v1/api-keys?workspace_id={}&page=1", bob.workspace);
    let elsewhere = server.get(&elsewhere).of(&ada).send().await.expect(200);
    assert_eq!(
        (&elsewhere["data"], &elsewhere["meta"]["total"]),
        (&json!([]), &json!(0))
    );

    assert_eq!(server.delete(&one).of(&ada).send().await.status, 204);
    assert_eq!(server.delete(&one).of(&ada).send().await.status, 404);
    assert_eq!(read(path).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_ends_by_its_time_and_says_when_it_was_used() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let body = |expires_at: &str| json!({ "workspace_id": ada.workspace, "name": "x", "scopes": ["profile:read"], "expires_at": expires_at });
    let past = server
        .post("/v1/api-keys")
        .of(&ada)
        .json(body("2020-01-01T00:00:00Z"));
    assert_eq!(past.send().await.problem(422), "VALIDATION_FAILED");
    for refused in [
        json!(["full"]),
        json!(["admin"]),
        json!(["openid"]),
        json!([]),
        json!(["nonsense"]),
    ] {
        let wanted = json!({ "workspace_id": ada.workspace, "name": "x", "scopes": refused });
        let answer = server.post("/v1/api-keys").of(&ada).json(wanted).send().await;
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    let end = time::OffsetDateTime::from_unix_timestamp_nanos(
        i128::from(weft_storage::clock::Clock::now_ms(&*server.clock) + 300_000) * 1_000_000,
    )
    .unwrap();
    let end = end
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();
    let made = server.post("/v1/api-keys").of(&ada).json(body(&end));
    let made = made.send().await.expect(201);
    let (secret, id) = (text(&made["key"]), text(&made["api_key"]["id"]));
    let me = || server.get("/v1/users/me").bearer(&secret).send();
    assert_eq!(me().await.status, 200);
    let one = format!("/v1/api-keys/{id}");
    // Written down beside the requests, a moment later.
    let mut shown = Value::Null;
    for _ in 0..200 {
        shown = server.get(&one).of(&ada).send().await.expect(200);
        if shown["last_used_at"].is_string() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert!(shown["last_used_at"].is_string(), "{shown}");
    server.clock.advance(300_001);
    assert_eq!(me().await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b9_an_api_key_in_the_address_is_refused() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let secret = text(&key(&server, &ada, &["profile:read", "workspaces:read"]).await["key"]);
    assert_eq!(
        server.get("/v1/users/me").bearer(&secret).send().await.status,
        200
    );
    for query in [
        format!("access_token={secret}"),
        format!("api_key={secret}"),
        format!("token={}", secret.replace('_', "%5F")),
        secret.clone(),
    ] {
        for path in ["/v1/users/me", "/v1/workspaces", "/oauth/userinfo"] {
            let address = format!("{path}?{query}");
            let anonymous = server.get(&address).send().await;
            assert_eq!(anonymous.problem(400), "CREDENTIAL_IN_ADDRESS", "{path}");
            // Also beside a good token, so that nobody gets used to it.
            let beside = server.get(&address).of(&ada).send().await;
            assert_eq!(beside.problem(400), "CREDENTIAL_IN_ADDRESS", "{path}");
        }
    }
}
