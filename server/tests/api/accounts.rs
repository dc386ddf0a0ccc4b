//! Registering, logging in, being somebody, and what administrators do. Names begin with the id of the check in the list
//! of security tests where there is one.

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::MemberChange;

use crate::support::{PASSWORD, Person, TestServer, id_of, secret_in, text};

fn registration(name: &str) -> Value {
    json!({
        "email": format!("{name}@example.com"), "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
    })
}

/// Puts somebody into somebody else's workspace.
pub(crate) async fn add_member(server: &TestServer, workspace: Uuid, user: Uuid, role: &str) {
    let mut tx = server.storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(WorkspaceId(workspace)).await.unwrap();
    let change = MemberChange {
        user_id: user,
        role,
        now_ms: 1,
    };
    tenant.put_member(change).await.unwrap();
    tx.commit().await.unwrap();
}

async fn may_read_itself(server: &TestServer, token: &str) -> u16 {
    server.get("/v1/users/me").bearer(token).send().await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_registers_logs_in_and_is_somebody() {
    let server = TestServer::start().await;
    let register = |name: &str| server.post("/v1/users/register").json(registration(name)).send();
    let answer = register("Ada").await;
    let location = answer.header("location").unwrap();
    let user = answer.expect(201);
    assert_eq!(location, format!("/v1/users/{}", text(&user["id"])));
    assert_eq!(user["status"], "pending_verification");
    assert_eq!(user["role"], "user");
    // The same address in other letters is the same account.
    assert_eq!(register("aDA").await.problem(409), "EMAIL_TAKEN");

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
    assert_eq!(may_read_itself(&server, &token).await, 200);
    assert_eq!(
        server.get("/v1/users/me").send().await.problem(401),
        "UNAUTHORIZED"
    );
    // Until the address is verified nothing else is allowed.
    let workspaces = server.get("/v1/workspaces").bearer(&token).send().await;
    assert_eq!(workspaces.problem(403), "EMAIL_NOT_VERIFIED");

    let mail = server
        .mail("Ada@example.com", "Confirm your e-mail address")
        .await;
    let code = secret_in(&mail, "weft_ev_");
    let verify = |code: String| {
        server
            .post("/v1/auth/email/verify")
            .json(json!({ "token": code }))
            .send()
    };
    let verified = verify(code.clone()).await.expect(200);
    assert_eq!(
        (&verified["status"], &verified["email_verified"]),
        (&json!("active"), &json!(true))
    );
    assert_eq!(verify(code).await.problem(422), "VALIDATION_FAILED");
    let workspaces = server
        .get("/v1/workspaces")
        .bearer(&token)
        .send()
        .await
        .expect(200);
    assert_eq!(workspaces["data"][0]["name"], "Ada's workspace");
    assert_eq!(workspaces["data"][0]["role"], "owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_must_be_one_and_names_belong_to_one() {
    let server = TestServer::start().await;
    let register = |change: Value| {
        let mut body = registration("ada");
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        server.post("/v1/users/register").json(body).send()
    };
    for (password, code) in [
        ("short", "PASSWORD_TOO_SHORT"),
        ("password123", "PASSWORD_TOO_COMMON"),
        ("ada@example.com", "PASSWORD_IS_PERSONAL"),
        (&"x".repeat(300), "PASSWORD_TOO_LONG"),
    ] {
        let refused = register(json!({ "password": password })).await.expect(422);
        assert_eq!(refused["details"][0]["code"], code);
        assert!(!refused.to_string().contains(password), "{refused}");
    }
    for wrong in [
        json!({ "email": "no address" }),
        json!({ "username": "a b" }),
        json!({ "first_name": "" }),
    ] {
        assert_eq!(register(wrong).await.problem(422), "VALIDATION_FAILED");
    }
    register(json!({ "username": "countess" })).await.expect(201);
    let again = register(json!({ "email": "other@example.com", "username": "Countess" })).await;
    assert_eq!(again.problem(409), "USERNAME_TAKEN");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_nobody_gives_themselves_what_is_not_theirs_to_give() {
    let server = TestServer::start().await;
    for (name, value) in [
        ("role", json!("admin")),
        ("server_role", json!("admin")),
        ("status", json!("active")),
        ("id", json!(Uuid::nil())),
        ("email_verified", json!(true)),
        ("created_at", json!("2020-01-01T00:00:00Z")),
    ] {
        let mut body = registration("eve");
        body[name] = value.clone();
        let refused = server.post("/v1/users/register").json(body).send().await;
        assert_eq!(refused.problem(422), "VALIDATION_FAILED", "{name}");
    }
    let eve = server.person("eve").await;
    for name in [
        "role",
        "status",
        "email",
        "email_verified",
        "version",
        "password_hash",
    ] {
        let patch = json!({ name: "admin" });
        let refused = server.patch("/v1/users/me").of(&eve).json(patch).send().await;
        assert_eq!(refused.problem(422), "VALIDATION_FAILED", "{name}");
    }
    // An administrator's operations are not there for others.
    let path = format!("/v1/users/{}", eve.id);
    let promote = json!({ "role": "admin" });
    let refused = server.patch(&path).of(&eve).json(promote).send().await;
    assert_eq!(refused.status, 404);
    assert_eq!(server.get("/v1/users").of(&eve).send().await.status, 403);
    assert_eq!(server.delete(&path).of(&eve).send().await.status, 404);
    let me = server.get("/v1/users/me").of(&eve).send().await.expect(200);
    assert_eq!(me["role"], "user");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_colleagues_see_names_and_strangers_nothing() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (
        server.person("ada").await,
        server.person("bob").await,
        server.person("eve").await,
    );
    let path = format!("/v1/users/{}", ada.id);
    let read = |person: &Person| server.get(&path).of(person).send();
    assert_eq!(read(&bob).await.problem(404), "NOT_FOUND");
    add_member(&server, ada.workspace, bob.id, "member").await;
    add_member(&server, ada.workspace, eve.id, "guest").await;
    let seen = read(&bob).await.expect(200);
    let mut names: Vec<_> = seen.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["email", "first_name", "id", "last_name", "username"]);
    // A guest does not even learn who else is there.
    assert_eq!(read(&eve).await.status, 404);
    assert_eq!(server.get(&path).send().await.status, 401);
    // Their own account is all theirs; hashes are nobody's.
    let own = read(&ada).await.expect(200);
    assert_eq!(own["status"], "active");
    for answer in [seen, own] {
        let text = answer.to_string();
        assert!(
            !text.contains("argon2") && !text.contains("password") && !text.contains("hash"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_replaced_patched_and_never_lost() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let before = server.get("/v1/users/me").of(&ada).send().await;
    let etag = before.header("etag").unwrap();
    let patch = |etag: &str, body: Value| {
        let request = server.patch("/v1/users/me").of(&ada).header("if-match", etag);
        request
            .body("application/merge-patch+json", body.to_string())
            .send()
    };
    let changed = patch(&etag, json!({ "first_name": "Augusta", "phone_number": "+44 1" })).await;
    let next = changed.header("etag").unwrap();
    assert_eq!(changed.expect(200)["first_name"], "Augusta");
    // The second writer has not seen the first one's change.
    let late = patch(&etag, json!({ "first_name": "Ada" })).await;
    assert_eq!(late.problem(412), "PRECONDITION_FAILED");
    let cleared = patch(&next, json!({ "phone_number": null })).await.expect(200);
    assert_eq!(
        (&cleared["phone_number"], &cleared["first_name"]),
        (&Value::Null, &json!("Augusta"))
    );
    let whole = json!({ "first_name": "Ada", "last_name": "King", "username": "ada.k" });
    let replaced = server
        .put("/v1/users/me")
        .of(&ada)
        .json(whole)
        .send()
        .await
        .expect(200);
    assert_eq!(replaced["username"], "ada.k");

    for path in [
        "/v1/users/me/preferences",
        "/v1/users/me/notification-preferences",
    ] {
        let empty = server.get(path).of(&ada).send().await.expect(200);
        assert_eq!(empty, json!({}));
        let wanted = json!({ "theme": "dark", "nested": { "a": [1, 2] } });
        let set = server.put(path).of(&ada).json(wanted.clone()).send().await;
        assert_eq!(set.expect(200), wanted);
        assert_eq!(server.get(path).of(&ada).send().await.expect(200), wanted);
        let long = json!({ "x": "y".repeat(20_000) });
        assert_eq!(server.put(path).of(&ada).json(long).send().await.status, 422);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_administrator_is_made_once() {
    let server = TestServer::start().await;
    let body = |token: &str, name: &str| {
        json!({
            "token": token, "email": format!("{name}@example.com"), "password": PASSWORD, "first_name": "Root",
            "last_name": "Test",
        })
    };
    let guess = body(&format!("weft_su_{}", "A".repeat(43)), "eve");
    assert_eq!(server.post("/v1/setup").json(guess).send().await.status, 422);
    let admin = server.admin().await;
    let me = server.get("/v1/users/me").of(&admin).send().await.expect(200);
    assert_eq!((&me["role"], &me["status"]), (&json!("admin"), &json!("active")));
    let token = server.setup_token.as_ref().unwrap().expose();
    let again = server.post("/v1/setup").json(body(token, "eve")).send().await;
    assert_eq!(again.status, 422);
    assert!(server.accounts.setup_token().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_make_disable_and_delete_accounts() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let bob = server.person("bob").await;
    let path = format!("/v1/users/{}", bob.id);
    let patch = |body: Value| server.patch(&path).of(&admin).json(body).send();

    let list = server
        .get("/v1/users?search=bob&limit=1")
        .of(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (list["data"].as_array().unwrap().len(), id_of(&list["data"][0])),
        (1, bob.id)
    );
    let pages = server
        .get("/v1/users?page=1&limit=1&sort=-created_at")
        .of(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&pages["meta"]["total"], id_of(&pages["data"][0])),
        (&json!(2), bob.id)
    );

    // Disabled: at once, also for tokens that are still good by their signature.
    assert_eq!(
        patch(json!({ "status": "INACTIVE" })).await.expect(200)["status"],
        "inactive"
    );
    assert_eq!(may_read_itself(&server, &bob.token).await, 401);
    let login = json!({ "email": bob.email, "password": PASSWORD });
    let refused = server.post("/v1/users/login").json(login).send().await;
    assert_eq!(refused.problem(403), "ACCOUNT_DISABLED");
    let refresh = json!({ "refresh_token": bob.refresh_token });
    let refused = server.post("/v1/auth/refresh").json(refresh).send().await;
    assert_eq!(refused.status, 401);
    patch(json!({ "status": "active" })).await.expect(200);
    // The old session stays ended.
    assert_eq!(may_read_itself(&server, &bob.token).await, 401);
    let token = text(&server.log_in("bob").await["access_token"]);
    assert_eq!(may_read_itself(&server, &token).await, 200);

    // The last administrator stays one.
    let own = format!("/v1/users/{}", admin.id);
    for body in [json!({ "role": "user" }), json!({ "status": "inactive" })] {
        let refused = server.patch(&own).of(&admin).json(body).send().await;
        assert_eq!(refused.problem(409), "LAST_ADMIN");
    }
    assert_eq!(
        server.delete(&own).of(&admin).send().await.problem(409),
        "LAST_ADMIN"
    );

    // A workspace with others in it keeps its owner.
    add_member(&server, bob.workspace, admin.id, "member").await;
    let kept = server.delete(&path).of(&admin).send().await;
    assert_eq!(kept.problem(409), "LAST_OWNER");
    let mut tx = server.storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(WorkspaceId(bob.workspace)).await.unwrap();
    assert!(tenant.remove_member(admin.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(server.delete(&path).of(&admin).send().await.status, 204);
    assert_eq!(may_read_itself(&server, &token).await, 401);
    assert_eq!(server.get(&path).of(&admin).send().await.status, 404);
    // The address is free again.
    server.register("bob").await;

    let new = json!({
        "email": "new@example.com", "first_name": "New", "last_name": "Comer", "role": "USER",
    });
    server
        .post("/v1/users")
        .of(&admin)
        .json(new)
        .send()
        .await
        .expect(201);
    let mail = server.mail("new@example.com", "Set a new password").await;
    let reset = json!({ "token": secret_in(&mail, "weft_pr_"), "password": PASSWORD });
    let set = server.post("/v1/auth/password/reset").json(reset).send().await;
    assert_eq!(set.status, 204, "{}", set.text());
    assert_eq!(server.log_in("new").await["user"]["status"], "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registration_is_for_whom_the_settings_say() {
    for (setting, code) in [
        ("closed", "REGISTRATION_CLOSED"),
        ("invited", "INVITATION_REQUIRED"),
    ] {
        let server = TestServer::with(&[&format!("auth.registration={setting}")]).await;
        let refused = server
            .post("/v1/users/register")
            .json(registration("ada"))
            .send()
            .await;
        assert_eq!(refused.problem(403), code);
    }
    // In the playground nobody waits for mail.
    let server = TestServer::with(&["server.playground=true"]).await;
    let user = server
        .post("/v1/users/register")
        .json(registration("ada"))
        .send()
        .await;
    assert_eq!(user.expect(201)["status"], "active");
    assert!(server.setup_token.is_none());
}
