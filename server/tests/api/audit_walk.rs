//! A walk through everything that is written into the audit log without an event: each deed that docs/audit.md names is
//! done once and found, with whose it was and where it came from, and without anything secret.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{SERVER, export};
use crate::documents::{Studio, studio};
use crate::oauth::{App, Browser};
use crate::support::receiver::{OK, Receiver};
use crate::support::{PASSWORD, Person, TestServer, id_of, secret_in, text};
use crate::webhooks::{LOCAL, act, register};

const ANOTHER: &str = "wary ovens tidal 4713";
const MINUTE_MS: i64 = 60_000;

/// The deeds that the page names. That it names all of them is tested beside them.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../../docs/audit.md");
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| workspace |") || line.starts_with("| server |"));
    let names = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let names =
        names.filter(|name| name.contains('.') && !["task.moved", "member.role_changed"].contains(name));
    names.map(str::to_owned).collect()
}

async fn post(server: &TestServer, path: &str, form: Value) -> u16 {
    server.post(path).json(form).send().await.status
}

/// Logins that fail, a token that comes twice, and a session that ends.
async fn sessions(server: &TestServer, ada: &Person) {
    let wrong = json!({ "email": ada.email, "password": ANOTHER });
    assert_eq!(post(server, "/v1/users/login", wrong).await, 401);
    let tokens = server.log_in("ada").await;
    let form = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(post(server, "/v1/auth/refresh", form.clone()).await, 200);
    server.clock.advance(MINUTE_MS);
    assert_eq!(post(server, "/v1/auth/refresh", form).await, 401);
    let other = text(&server.log_in("ada").await["access_token"]);
    let out = server.post("/v1/auth/logout").bearer(&other).send().await;
    assert_eq!(out.status, 204, "{}", out.text());
}

/// Addresses that are shown to be somebody's.
async fn addresses(server: &TestServer) {
    server.register("eve").await;
    let verify = async |address: &str, subject: &str| {
        let mail = server.mail(address, subject).await;
        let form = json!({ "token": secret_in(&mail, "weft_ev_") });
        assert_eq!(post(server, "/v1/auth/email/verify", form).await, 200);
    };
    verify("eve@example.com", "Confirm your e-mail address").await;
    let eve = text(&server.log_in("eve").await["access_token"]);
    let form = json!({ "email": "eva@example.com", "password": PASSWORD });
    let changing = server
        .post("/v1/auth/email/change")
        .bearer(&eve)
        .json(form)
        .send()
        .await;
    assert!(changing.status < 300, "{}", changing.text());
    verify("eva@example.com", "Confirm your e-mail address").await;
}

/// Passwords: mistyped, changed, and set anew by mail.
async fn passwords(server: &TestServer) {
    let bob = server.person("bob").await;
    for (current, expected) in [(ANOTHER, false), (PASSWORD, true)] {
        let form = json!({ "current_password": current, "password": ANOTHER });
        let change = server
            .post("/v1/auth/password/change")
            .of(&bob)
            .json(form)
            .send()
            .await;
        assert_eq!(change.status < 300, expected, "{}", change.text());
    }
    let form = json!({ "email": bob.email });
    assert_eq!(post(server, "/v1/auth/password/forgot", form).await, 204);
    let mail = server.mail(&bob.email, "Set a new password").await;
    let form = json!({ "token": secret_in(&mail, "weft_pr_"), "password": PASSWORD });
    assert!(post(server, "/v1/auth/password/reset", form).await < 300);
}

/// What administrators do with accounts.
async fn accounts(server: &TestServer, root: &Person) {
    let cid = server.person("cid").await;
    let path = format!("/v1/users/{}", cid.id);
    let form = json!({ "status": "inactive" });
    server.patch(&path).of(root).json(form).send().await.expect(200);
    assert_eq!(server.delete(&path).of(root).send().await.status, 204);
}

/// A workspace from its making to the trash and back. Its id.
async fn workspace(server: &TestServer, ada: &Person) -> Uuid {
    let form = json!({ "name": "Hush money" });
    let made = server
        .post("/v1/workspaces")
        .of(ada)
        .json(form)
        .send()
        .await
        .expect(201);
    let path = format!("/v1/workspaces/{}", id_of(&made));
    assert_eq!(server.delete(&path).of(ada).send().await.status, 204);
    let back = server.post(&format!("{path}:restore")).of(ada).send().await;
    back.expect(200);
    id_of(&made)
}

async fn invitations(server: &TestServer, ada: &Person) {
    let path = format!("/v1/workspaces/{}/invitations", ada.workspace);
    let form = json!({ "email": "dan@example.com", "role": "member" });
    let made = server.post(&path).of(ada).json(form).send().await.expect(201);
    server.clock.advance(2 * MINUTE_MS);
    for verb in ["resend", "revoke"] {
        let path = format!("/v1/invitations/{}:{verb}", id_of(&made));
        server.post(&path).of(ada).send().await.expect(200);
    }
}

async fn keys_and_applications(server: &TestServer, ada: &Person) {
    let form = json!({ "workspace_id": ada.workspace, "name": "Hush key", "scopes": ["profile:read"] });
    let made = server
        .post("/v1/api-keys")
        .of(ada)
        .json(form)
        .send()
        .await
        .expect(201);
    let path = format!("/v1/api-keys/{}", id_of(&made["api_key"]));
    assert_eq!(server.delete(&path).of(ada).send().await.status, 204);

    let app = App::register(
        server,
        ada,
        "confidential",
        &["profile", "offline_access", "profile:read"],
    )
    .await;
    let query = app.query("profile offline_access profile:read");
    let code = Browser::default().allow(server, &query, &ada.email).await;
    app.redeem(server, &code).await.expect(200);
    let grants = server.get("/v1/oauth/grants").of(ada).send().await.expect(200);
    let grant = format!("/v1/oauth/grants/{}", id_of(&grants["data"][0]));
    assert_eq!(server.delete(&grant).of(ada).send().await.status, 204);
    let path = format!("/v1/oauth/clients/{}", app.id);
    let form = json!({ "name": "Hush application" });
    server.patch(&path).of(ada).json(form).send().await.expect(200);
    let secrets = server.post(&format!("{path}/secrets")).of(ada).json(json!({}));
    secrets.send().await.expect(201);
    assert_eq!(server.delete(&path).of(ada).send().await.status, 204);
}

async fn webhooks(server: &TestServer, studio: &Studio) {
    let receiver = Receiver::answering(&[OK]).await;
    let id = register(
        server,
        studio,
        &receiver.url(),
        json!({ "event_types": ["document.created"], "signatures": ["v1", "v1a"] }),
    )
    .await;
    let path = format!("/v1/webhooks/endpoints/{id}");
    let form = json!({ "is_disabled": true, "description": "Hush endpoint" });
    server
        .patch(&path)
        .of(&studio.owner)
        .json(form)
        .send()
        .await
        .expect(200);
    let rotated = |verb| (verb, Some(json!({})));
    for (verb, form) in [
        ("enable", None),
        rotated("rotate-secret"),
        rotated("rotate-signing-key"),
    ] {
        let done = act(server, studio, &format!("endpoints/{id}:{verb}"), form).await;
        done.expect(200);
    }
    assert_eq!(server.delete(&path).of(&studio.owner).send().await.status, 204);
}

async fn exports(server: &TestServer, studio: &Studio) {
    let path = format!("/v1/projects/{}/boards", studio.project);
    let form = json!({ "title": "Hush board" });
    let board = server
        .post(&path)
        .of(&studio.owner)
        .json(form)
        .send()
        .await
        .expect(201);
    let path = format!("/v1/boards/{}/export", id_of(&board));
    assert_eq!(server.get(&path).of(&studio.owner).send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_the_page_names_is_written_down() {
    let server = TestServer::with(LOCAL).await;
    let root = server.admin().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    sessions(&server, ada).await;
    addresses(&server).await;
    passwords(&server).await;
    accounts(&server, &root).await;
    let another = workspace(&server, ada).await;
    invitations(&server, ada).await;
    keys_and_applications(&server, ada).await;
    webhooks(&server, &studio).await;
    exports(&server, &studio).await;

    let deeds = documented();
    let mut seen = BTreeSet::new();
    // The first export of a log is in the second.
    export(&server, ada, ada.workspace).await;
    for (who, log) in [(&root, SERVER), (ada, ada.workspace), (ada, another)] {
        let exported = export(&server, who, log).await;
        for secret in [
            "weft_",
            "whsec_",
            "ovens",
            "example.com",
            "Hush",
            "Shuttle",
            "Looms",
        ] {
            assert!(!exported.contains(secret), "{secret}: {exported}");
        }
        for line in exported.lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let action = text(&entry["action"]);
            if deeds.contains(&action) {
                // Whatever was done was asked for by somebody from somewhere.
                assert_eq!(entry["address"], "127.0.0.1", "{line}");
                assert!(entry["request_id"].is_string(), "{line}");
                assert!(
                    ["user", "nobody"].contains(&entry["actor_type"].as_str().unwrap()),
                    "{line}"
                );
                assert_eq!(entry["event_sequence"], Value::Null, "{line}");
            }
            seen.insert(action);
        }
    }
    let missing: Vec<&String> = deeds.difference(&seen).collect();
    assert!(deeds.len() > 25 && missing.is_empty(), "{missing:?}");
}
