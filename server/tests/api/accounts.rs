//! Registering, logging in, being somebody.

use serde_json::json;

use crate::support::{PASSWORD, TestServer, text};

fn registration(name: &str) -> serde_json::Value {
    json!({
        "email": format!("{name}@example.com"), "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_registers_logs_in_and_is_somebody() {
    let server = TestServer::start().await;
    let answer = server
        .post("/v1/users/register")
        .json(registration("Ada"))
        .send()
        .await;
    let location = answer.header("location").unwrap();
    let user = answer.expect(201);
    assert_eq!(location, format!("/v1/users/{}", text(&user["id"])));
    assert_eq!(
        (&user["status"], &user["role"]),
        (&json!("pending_verification"), &json!("user"))
    );
    // The same address in other letters is the same account.
    let again = server
        .post("/v1/users/register")
        .json(registration("aDA"))
        .send()
        .await;
    assert_eq!(again.problem(409), "EMAIL_TAKEN");

    let tokens = server
        .post("/v1/users/login")
        .json(json!({ "email": "ADA@example.com", "password": PASSWORD }))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(600))
    );
    assert_eq!(tokens["user"], user);
    let token = text(&tokens["access_token"]);
    let me = server.get("/v1/users/me").bearer(&token).send().await;
    let etag = me.header("etag").unwrap();
    assert_eq!(me.expect(200), user);
    let unchanged = server
        .get("/v1/users/me")
        .bearer(&token)
        .header("if-none-match", &etag)
        .send()
        .await;
    assert_eq!(unchanged.status, 304);
    assert_eq!(
        server.get("/v1/users/me").send().await.problem(401),
        "UNAUTHORIZED"
    );
    let tampered = format!("{}x", &token[..token.len() - 1]);
    let refused = server.get("/v1/users/me").bearer(&tampered).send().await;
    assert_eq!(refused.problem(401), "UNAUTHORIZED");
}
