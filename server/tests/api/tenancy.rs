//! Workspaces, teams, projects, invitations: who may do what, and what happens when two do it at once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;
use weft_server::upkeep::TRASH_MS;
use weft_storage::WorkspaceId;
use weft_storage::records::MemberChange;

use crate::support::{Person, TestServer, id_of, secret_in, text};

/// Puts somebody into a workspace behind the server's back.
async fn join(server: &TestServer, workspace: Uuid, person: &Person, role: &str) {
    let mut tx = server.storage.records().write().await.unwrap();
    let change = MemberChange {
        user_id: person.id,
        role,
        now_ms: 1,
    };
    let mut tenant = tx.workspace(WorkspaceId(workspace)).await.unwrap();
    tenant.put_member(change).await.unwrap();
    tx.commit().await.unwrap();
}

async fn team(server: &TestServer, owner: &Person, name: &str) -> Uuid {
    let form = json!({ "workspace_id": owner.workspace, "name": name });
    id_of(
        &server
            .post("/v1/teams")
            .of(owner)
            .json(form)
            .send()
            .await
            .expect(201),
    )
}

async fn project(server: &TestServer, owner: &Person, team: Uuid, name: &str) -> Uuid {
    let form = json!({ "team_id": team, "name": name });
    id_of(
        &server
            .post("/v1/projects")
            .of(owner)
            .json(form)
            .send()
            .await
            .expect(201),
    )
}

fn names(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| text(&row["name"])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_workspace_is_made_changed_and_comes_back_from_the_trash() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.person("ada").await, server.person("eve").await);
    let made = server
        .post("/v1/workspaces")
        .of(&ada)
        .json(json!({ "name": "Looms" }))
        .send()
        .await;
    let location = made.header("location").unwrap();
    let etag = made.header("etag").unwrap();
    let workspace = made.expect(201);
    assert_eq!(location, format!("/v1/workspaces/{}", id_of(&workspace)));
    let list = server
        .get("/v1/workspaces?page=1")
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&list["meta"]["total"], &list["data"][1]["role"]),
        (&json!(2), &json!("owner"))
    );

    for request in [server.get(&location), server.delete(&location)] {
        assert_eq!(request.clone().send().await.problem(401), "UNAUTHORIZED");
        assert_eq!(request.of(&eve).send().await.problem(404), "NOT_FOUND");
    }
    let patch = json!({ "name": "Shuttles" });
    let changed = server
        .patch(&location)
        .of(&ada)
        .header("if-match", &etag)
        .json(patch.clone())
        .send()
        .await;
    assert_ne!(changed.header("etag").unwrap(), etag);
    assert_eq!(changed.expect(200)["name"], "Shuttles");
    let stale = server
        .patch(&location)
        .of(&ada)
        .header("if-match", &etag)
        .json(patch)
        .send()
        .await;
    assert_eq!(stale.problem(412), "PRECONDITION_FAILED");

    // Something that is not empty is deleted by those who have seen it.
    let form = json!({ "workspace_id": id_of(&workspace), "name": "Weavers" });
    let team = server
        .post("/v1/teams")
        .of(&ada)
        .json(form)
        .send()
        .await
        .expect(201);
    let team = format!("/v1/teams/{}", id_of(&team));
    assert_eq!(
        server.delete(&location).of(&ada).send().await.problem(428),
        "PRECONDITION_REQUIRED"
    );
    let deleted = server
        .delete(&location)
        .of(&ada)
        .header("if-match", "*")
        .send()
        .await;
    assert_eq!(deleted.status, 204);
    for path in [&location, &team] {
        assert_eq!(server.get(path).of(&ada).send().await.problem(404), "NOT_FOUND");
    }
    assert_eq!(
        server.delete(&location).of(&ada).send().await.problem(404),
        "NOT_FOUND"
    );
    let list = server
        .get("/v1/workspaces?include_deleted=true")
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let restore = format!("{location}:restore");
    assert_eq!(
        server.post(&restore).of(&eve).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        server.post(&restore).of(&ada).send().await.expect(200)["deleted_at"],
        Value::Null
    );
    server.get(&team).of(&ada).send().await.expect(200);
    assert_eq!(
        server.post(&restore).of(&ada).send().await.problem(404),
        "NOT_FOUND"
    );
    // What the routers call it is no address.
    assert_eq!(
        server
            .post(&format!("{location}/~restore"))
            .of(&ada)
            .send()
            .await
            .problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        server
            .post(&format!("{location}:burn"))
            .of(&ada)
            .send()
            .await
            .problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        server.get(&restore).of(&ada).send().await.problem(405),
        "METHOD_NOT_ALLOWED"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_workspace_keeps_its_last_owner() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (
        server.person("ada").await,
        server.person("bob").await,
        server.person("eve").await,
    );
    let members = format!("/v1/workspaces/{}/members", ada.workspace);
    let member = |person: &Person| format!("{members}/{}", person.id);
    let role = |role: &str| json!({ "role": role });
    assert_eq!(
        server.delete(&member(&ada)).of(&ada).send().await.problem(409),
        "LAST_OWNER"
    );
    assert_eq!(
        server
            .put(&member(&ada))
            .of(&ada)
            .json(role("admin"))
            .send()
            .await
            .problem(409),
        "LAST_OWNER"
    );
    // Nobody is put in who was not asked.
    assert_eq!(
        server
            .put(&member(&bob))
            .of(&ada)
            .json(role("admin"))
            .send()
            .await
            .problem(404),
        "NOT_FOUND"
    );

    join(&server, ada.workspace, &bob, "admin").await;
    assert_eq!(
        server
            .patch(&member(&ada))
            .of(&bob)
            .json(role("member"))
            .send()
            .await
            .problem(403),
        "ROLE_NOT_ASSIGNABLE"
    );
    assert_eq!(
        server.delete(&member(&ada)).of(&bob).send().await.problem(403),
        "ROLE_NOT_ASSIGNABLE"
    );
    assert_eq!(
        server
            .patch(&member(&bob))
            .of(&bob)
            .json(role("owner"))
            .send()
            .await
            .problem(403),
        "ROLE_NOT_ASSIGNABLE"
    );
    assert_eq!(
        server
            .put(&member(&bob))
            .of(&ada)
            .json(role("OWNER"))
            .send()
            .await
            .expect(200)["role"],
        "owner"
    );
    assert_eq!(
        server
            .put(&member(&bob))
            .of(&ada)
            .json(role("king"))
            .send()
            .await
            .problem(422),
        "VALIDATION_FAILED"
    );

    join(&server, ada.workspace, &eve, "member").await;
    let list = server
        .get(&format!("{members}?page=1&role=owner"))
        .of(&eve)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["total"], 2);
    assert_eq!(
        server.delete(&member(&bob)).of(&eve).send().await.problem(403),
        "FORBIDDEN"
    );
    assert_eq!(server.delete(&member(&eve)).of(&eve).send().await.status, 204);
    assert_eq!(
        server.get(&members).of(&eve).send().await.problem(404),
        "NOT_FOUND"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_last_owners_who_go_at_once_one_stays() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for round in 0..8 {
        join(&server, ada.workspace, &ada, "owner").await;
        join(&server, ada.workspace, &bob, "owner").await;
        let path = |person: &Person| format!("/v1/workspaces/{}/members/{}", ada.workspace, person.id);
        let answers = if round % 2 == 0 {
            join_all([&ada, &bob].map(|person| server.delete(&path(person)).of(person).send())).await
        } else {
            let demotion = json!({ "role": "member" });
            // Each demotes the other.
            join_all(
                [(&ada, &bob), (&bob, &ada)]
                    .map(|(actor, target)| server.put(&path(target)).of(actor).json(demotion.clone()).send()),
            )
            .await
        };
        let done = answers.iter().filter(|answer| answer.status < 300).count();
        assert_eq!(
            done,
            1,
            "round {round}: {:?}",
            answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
        );
        let mut tx = server.storage.records().read().await.unwrap();
        let mut tenant = tx.workspace(WorkspaceId(ada.workspace)).await.unwrap();
        assert_eq!(tenant.count_members("owner").await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_project_lives_and_dies() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let team = team(&server, &ada, "Weavers").await;
    let form = json!({
        "name": "Cloth", "status": "ON_HOLD", "start_date": "2026-01-31", "end_date": "2026-02-01",
    });
    let projects = format!("/v1/teams/{team}/projects");
    let made = server
        .post(&projects)
        .of(&ada)
        .json(form)
        .send()
        .await
        .expect(201);
    assert_eq!(
        (&made["status"], &made["start_date"]),
        (&json!("on_hold"), &json!("2026-01-31"))
    );
    let path = format!("/v1/projects/{}", id_of(&made));
    for (patch, code) in [
        (json!({ "end_date": "2026-01-30" }), "VALIDATION_FAILED"),
        (json!({ "end_date": "30.01.2026" }), "VALIDATION_FAILED"),
        (json!({ "status": "lost" }), "VALIDATION_FAILED"),
        (json!({ "name": null }), "VALIDATION_FAILED"),
        (json!({ "name": "" }), "VALIDATION_FAILED"),
        (json!({ "team_id": team }), "VALIDATION_FAILED"),
    ] {
        assert_eq!(
            server
                .patch(&path)
                .of(&ada)
                .json(patch.clone())
                .send()
                .await
                .problem(422),
            code,
            "{patch}"
        );
    }
    let patch = json!({ "start_date": null, "description": "long" });
    let changed = server.patch(&path).of(&ada).json(patch).send().await.expect(200);
    assert_eq!(
        (&changed["start_date"], &changed["end_date"]),
        (&Value::Null, &json!("2026-02-01"))
    );
    // A full replacement gives what is left out its first value.
    let replaced = server
        .put(&path)
        .of(&ada)
        .json(json!({ "name": "Linen" }))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            &replaced["status"],
            &replaced["description"],
            &replaced["end_date"]
        ),
        (&json!("active"), &json!(""), &Value::Null)
    );

    let verb = |verb: &str| server.post(&format!("{path}:{verb}")).of(&ada).send();
    assert_eq!(verb("archive").await.expect(200)["status"], "archived");
    let refused = server
        .patch(&path)
        .of(&ada)
        .json(json!({ "name": "x" }))
        .send()
        .await;
    assert_eq!(refused.problem(409), "PROJECT_ARCHIVED");
    assert_eq!(verb("restore").await.expect(200)["status"], "active");

    let copy = json!({ "name": "Linen II", "include_members": true });
    let copy = server
        .post(&format!("{path}:duplicate"))
        .of(&ada)
        .json(copy)
        .send()
        .await
        .expect(201);
    assert_ne!(copy["id"], replaced["id"]);

    assert_eq!(server.delete(&path).of(&ada).send().await.status, 204);
    assert_eq!(
        server.delete(&path).of(&ada).send().await.problem(404),
        "NOT_FOUND"
    );
    let list = server
        .get("/v1/projects?page=1")
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (names(&list), &list["meta"]["total"]),
        (vec!["Linen II".to_owned()], &json!(1))
    );
    let list = server
        .get("/v1/projects?page=1&include_deleted=true&sort=-name")
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(names(&list), ["Linen II", "Linen"]);
    assert_ne!(
        server.get(&path).of(&ada).send().await.expect(200)["deleted_at"],
        Value::Null
    );
    let team_path = format!("/v1/teams/{team}");
    assert_eq!(
        server.delete(&team_path).of(&ada).send().await.problem(409),
        "TEAM_NOT_EMPTY"
    );
    assert_eq!(verb("restore").await.expect(200)["deleted_at"], Value::Null);

    // Thirty days later it is gone for good.
    assert_eq!(server.delete(&path).of(&ada).send().await.status, 204);
    let deleted_ms = weft_storage::clock::Clock::now_ms(&*server.clock);
    let day = Duration::from_secs(86_400);
    server
        .upkeep
        .clear_away(deleted_ms + TRASH_MS, day)
        .await
        .unwrap();
    assert_ne!(
        server.get(&path).of(&ada).send().await.expect(200)["deleted_at"],
        Value::Null
    );
    server
        .upkeep
        .clear_away(deleted_ms + TRASH_MS + 1, day)
        .await
        .unwrap();
    assert_eq!(server.get(&path).of(&ada).send().await.problem(404), "NOT_FOUND");
}

/// A2: what a role does not allow is refused whatever the method.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_another_method_gives_no_more_rights() {
    let server = TestServer::start().await;
    let (ada, viewer) = (server.person("ada").await, server.person("viewer").await);
    join(&server, ada.workspace, &viewer, "member").await;
    let team = team(&server, &ada, "Weavers").await;
    let project = project(&server, &ada, team, "Cloth").await;
    let path = format!("/v1/projects/{project}");
    assert_eq!(
        server.get(&path).of(&viewer).send().await.problem(404),
        "NOT_FOUND"
    );
    let member = format!("{path}/members/{}", viewer.id);
    let role = json!({ "role": "viewer" });
    assert_eq!(server.put(&member).of(&ada).json(role).send().await.status, 201);
    server.get(&path).of(&viewer).send().await.expect(200);
    let name = json!({ "name": "mine" });
    let editor = json!({ "role": "editor" });
    let workspace = format!("/v1/workspaces/{}", ada.workspace);
    let owner = format!("{path}/members/{}", ada.id);
    for request in [
        server.patch(&path).json(name.clone()),
        server.put(&path).json(name.clone()),
        server.delete(&path),
        server.post(&format!("{path}:archive")),
        server.post(&format!("{path}:restore")),
        server.post(&format!("{path}:duplicate")).json(name.clone()),
        server.put(&member).json(editor.clone()),
        server.patch(&member).json(editor),
        server.delete(&owner),
        server.patch(&workspace).json(name.clone()),
        server.put(&workspace).json(name.clone()),
        server.delete(&workspace),
        server.get(&format!("{workspace}/invitations")),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(
            request.of(&viewer).send().await.problem(403),
            "FORBIDDEN",
            "{shown}"
        );
    }
    // The team itself is hidden from them.
    for request in [
        server.get(&format!("/v1/teams/{team}")),
        server.delete(&format!("/v1/teams/{team}")),
    ] {
        assert_eq!(request.of(&viewer).send().await.problem(404), "NOT_FOUND");
    }
    // What was refused has changed nothing.
    assert_eq!(
        server.get(&path).of(&ada).send().await.expect(200)["name"],
        "Cloth"
    );
    // They may go.
    assert_eq!(server.delete(&member).of(&viewer).send().await.status, 204);
    assert_eq!(
        server.get(&path).of(&viewer).send().await.problem(404),
        "NOT_FOUND"
    );
}

/// A3: members that are not writable are refused, never stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_what_is_not_writable_is_refused() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.person("ada").await, server.person("eve").await);
    let team = team(&server, &ada, "Weavers").await;
    let project = project(&server, &ada, team, "Cloth").await;
    let id = Uuid::now_v7();
    let extras = [
        ("id", json!(id)),
        ("workspace_id", json!(eve.workspace)),
        ("owner_user_id", json!(eve.id)),
        ("owner_id", json!(eve.id)),
        ("created_by", json!(eve.id)),
        ("created_at", json!("2020-01-01T00:00:00Z")),
        ("deleted_at", json!(null)),
        ("version", json!(99)),
        ("role", json!("owner")),
        ("usage", json!(0)),
    ];
    for (member, value) in extras {
        for (method, path, base) in [
            ("POST", "/v1/workspaces".to_owned(), json!({ "name": "x" })),
            ("PATCH", format!("/v1/workspaces/{}", ada.workspace), json!({})),
            (
                "PUT",
                format!("/v1/workspaces/{}", ada.workspace),
                json!({ "name": "x" }),
            ),
            ("PATCH", format!("/v1/teams/{team}"), json!({})),
            ("PUT", format!("/v1/teams/{team}"), json!({ "name": "x" })),
            (
                "POST",
                "/v1/projects".to_owned(),
                json!({ "name": "x", "team_id": team }),
            ),
            (
                "POST",
                format!("/v1/teams/{team}/projects"),
                json!({ "name": "x" }),
            ),
            ("PATCH", format!("/v1/projects/{project}"), json!({})),
            ("PUT", format!("/v1/projects/{project}"), json!({ "name": "x" })),
        ] {
            let mut body = base;
            body[member] = value.clone();
            let request = server.request(method.parse().unwrap(), &path).of(&ada).json(body);
            let refused = request.send().await.expect(422);
            assert_eq!(refused["details"][0]["field"], member, "{method} {path}");
        }
    }
    let found = server
        .get(&format!("/v1/projects/{project}"))
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&found["owner_user_id"], &found["workspace_id"]),
        (&json!(ada.id), &json!(ada.workspace))
    );
}

/// A5: totals, cursors, conditions and refusals tell nothing of what the asker may not see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a5_nothing_leaks_in_totals_errors_and_conditions() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (
        server.person("ada").await,
        server.person("bob").await,
        server.person("eve").await,
    );
    let team = team(&server, &ada, "Weavers").await;
    let hidden = project(&server, &ada, team, "Hidden cloth").await;
    let shown = project(&server, &ada, team, "Shown cloth").await;
    join(&server, ada.workspace, &bob, "member").await;
    let member = format!("/v1/projects/{shown}/members/{}", bob.id);
    assert_eq!(
        server
            .put(&member)
            .of(&ada)
            .json(json!({ "role": "viewer" }))
            .send()
            .await
            .status,
        201
    );
    for (query, expected) in [
        ("page=1".to_owned(), 1),
        ("page=1&search=cloth".to_owned(), 1),
        ("page=1&search=hidden".to_owned(), 0),
        (format!("page=1&team_id={team}"), 1),
        (
            format!("page=1&workspace_id={}&include_deleted=true", ada.workspace),
            1,
        ),
    ] {
        let list = server
            .get(&format!("/v1/projects?{query}"))
            .of(&bob)
            .send()
            .await
            .expect(200);
        assert_eq!(list["meta"]["total"], expected, "{query}");
        let list = server
            .get(&format!("/v1/projects?{query}"))
            .of(&eve)
            .send()
            .await
            .expect(200);
        assert_eq!(list["meta"]["total"], 0, "{query}");
    }
    let teams = server.get("/v1/teams?page=1").of(&bob).send().await.expect(200);
    assert_eq!(teams["meta"]["total"], 0);
    // What one does not see and what there is not give the same answer, whatever the condition.
    let etag = server
        .get(&format!("/v1/projects/{hidden}"))
        .of(&ada)
        .send()
        .await
        .header("etag")
        .unwrap();
    for person in [&bob, &eve] {
        let mut answers = Vec::new();
        for id in [hidden, Uuid::now_v7()] {
            let path = format!("/v1/projects/{id}");
            let read = server
                .get(&path)
                .of(person)
                .header("if-none-match", &etag)
                .send()
                .await;
            let write = server
                .patch(&path)
                .of(person)
                .header("if-match", "\"0\"")
                .json(json!({ "name": "x" }))
                .send()
                .await;
            let bodies = [read, write].map(|answer| {
                let status = answer.status;
                let mut body = answer.json();
                body["instance"] = Value::Null;
                (status, body)
            });
            answers.push(bodies);
        }
        assert_eq!(answers[0][0], answers[1][0]);
        assert_eq!(answers[0][1], answers[1][1]);
        assert_eq!(answers[0][0].0, 404);
    }
}

/// A7: an invitation gives no more than its sender has, once, to the one it was sent to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a7_an_invitation_gives_no_more_than_the_one_who_invites_has() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (
        server.person("ada").await,
        server.person("bob").await,
        server.person("eve").await,
    );
    join(&server, ada.workspace, &bob, "admin").await;
    let invitations = format!("/v1/workspaces/{}/invitations", ada.workspace);
    let invite = |actor: &Person, name: &str, role: &str| {
        let form = json!({ "email": format!("{name}@example.com"), "role": role });
        server.post(&invitations).of(actor).json(form).send()
    };
    assert_eq!(
        invite(&bob, "cid", "owner").await.problem(403),
        "ROLE_NOT_ASSIGNABLE"
    );
    assert_eq!(invite(&eve, "cid", "guest").await.problem(404), "NOT_FOUND");
    assert_eq!(
        invite(&ada, "bob", "member").await.problem(409),
        "ALREADY_A_MEMBER"
    );
    let made = invite(&bob, "Cid", "admin").await.expect(201);
    assert!(
        !made.to_string().contains("weft_in_"),
        "the secret is in the mail alone"
    );
    assert_eq!(invite(&ada, "cid", "guest").await.problem(409), "ALREADY_INVITED");
    let mail = server.mail("Cid@example.com", "invites you").await;
    let token = secret_in(&mail, "weft_in_");

    // Whoever finds the mail cannot use it, and somebody new with the address can.
    let accept = |token: &str, bearer: &str| {
        let request = server.post("/v1/invitations:accept").bearer(bearer);
        request.json(json!({ "token": token })).send()
    };
    assert_eq!(
        accept(&token, &eve.token).await.problem(403),
        "INVITATION_FOR_ANOTHER"
    );
    server.register("cid").await;
    let cid = text(&server.log_in("cid").await["access_token"]);
    assert_eq!(
        server
            .get("/v1/workspaces")
            .bearer(&cid)
            .send()
            .await
            .problem(403),
        "EMAIL_NOT_VERIFIED"
    );
    // The one who invited is less by now.
    join(&server, ada.workspace, &bob, "manager").await;
    let accepted = accept(&token, &cid).await.expect(200);
    assert_eq!(
        (&accepted["role"], &accepted["workspace_id"]),
        (&json!("member"), &json!(ada.workspace))
    );
    let list = server
        .get("/v1/workspaces?page=1")
        .bearer(&cid)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["total"], 2, "the address counts as verified");
    assert_eq!(accept(&token, &cid).await.problem(409), "INVITATION_NOT_VALID");

    // Of somebody who is gone, revoked, replaced or over: none counts.
    let dan = server.person("dan").await;
    let made = invite(&bob, "dan", "member").await.expect(201);
    let old = secret_in(&server.mail("dan@example.com", "invites you").await, "weft_in_");
    let path = format!("/v1/invitations/{}", id_of(&made));
    assert_eq!(server.get(&path).of(&eve).send().await.problem(404), "NOT_FOUND");
    assert_eq!(
        server
            .post(&format!("{path}:resend"))
            .of(&ada)
            .send()
            .await
            .problem(409),
        "SENT_A_MOMENT_AGO"
    );
    server.clock.advance(61_000);
    server
        .post(&format!("{path}:resend"))
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        accept(&old, &dan.token).await.problem(409),
        "INVITATION_NOT_VALID"
    );
    let token = {
        let mut token = old.clone();
        for _ in 0..200 {
            token = secret_in(&server.mail("dan@example.com", "invites you").await, "weft_in_");
            if token != old {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        token
    };
    let member = format!("/v1/workspaces/{}/members/{}", ada.workspace, bob.id);
    assert_eq!(server.delete(&member).of(&ada).send().await.status, 204);
    assert_eq!(
        accept(&token, &dan.token).await.problem(409),
        "INVITATION_NOT_VALID"
    );
    server
        .post(&format!("{path}:revoke"))
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        server
            .post(&format!("{path}:revoke"))
            .of(&ada)
            .send()
            .await
            .problem(409),
        "INVITATION_NOT_OPEN"
    );
    invite(&ada, "dan", "guest").await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_many_accept_at_once_counts_once() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let form = json!({ "email": "bob@example.com", "role": "member" });
    let path = format!("/v1/workspaces/{}/invitations", ada.workspace);
    server.post(&path).of(&ada).json(form).send().await.expect(201);
    let token = secret_in(&server.mail("bob@example.com", "invites you").await, "weft_in_");
    let answers = join_all((0..10).map(|_| {
        server
            .post("/v1/invitations:accept")
            .of(&bob)
            .json(json!({ "token": token }))
            .send()
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)));
}

/// Two writers who have read the same: one of them is told that it has changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_with_one_version_one_wins() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let team = team(&server, &ada, "Weavers").await;
    let project = project(&server, &ada, team, "Cloth").await;
    for path in [
        format!("/v1/projects/{project}"),
        format!("/v1/teams/{team}"),
        format!("/v1/workspaces/{}", ada.workspace),
    ] {
        for round in 0..5 {
            let etag = server.get(&path).of(&ada).send().await.header("etag").unwrap();
            let answers = join_all(["left", "right"].map(|side| {
                let patch = json!({ "name": format!("{side} {round}") });
                server
                    .patch(&path)
                    .of(&ada)
                    .header("if-match", &etag)
                    .json(patch)
                    .send()
            }))
            .await;
            let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{path}");
            let winner = answers
                .into_iter()
                .find(|answer| answer.status == 200)
                .unwrap()
                .json();
            let now = server.get(&path).of(&ada).send().await.expect(200);
            assert_eq!(now["name"], winner["name"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_walk_of_projects_neither_skips_nor_repeats() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.person("ada").await, server.person("eve").await);
    let team = team(&server, &ada, "Weavers").await;
    let mut steady = Vec::new();
    let mut passing = Vec::new();
    for number in 0..24 {
        let id = project(&server, &ada, team, &format!("p{number:02}")).await;
        if number % 4 == 0 {
            passing.push(id)
        } else {
            steady.push(id)
        }
    }
    let mut seen: Vec<Uuid> = Vec::new();
    let mut path = "/v1/projects?limit=5&sort=name".to_owned();
    let mut first_cursor = None;
    loop {
        let list = server.get(&path).of(&ada).send().await.expect(200);
        seen.extend(list["data"].as_array().unwrap().iter().map(id_of));
        let Some(cursor) = list["meta"]["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/projects?limit=5&sort=name&cursor={cursor}");
        first_cursor.get_or_insert_with(|| cursor.to_owned());
        project(&server, &ada, team, "a before").await;
        if let Some(id) = passing.pop() {
            assert_eq!(
                server
                    .delete(&format!("/v1/projects/{id}"))
                    .of(&ada)
                    .send()
                    .await
                    .status,
                204
            );
        }
        assert!(seen.len() < 100, "the walk does not end");
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), seen.len(), "something came twice");
    assert!(steady.iter().all(|id| seen.contains(id)), "something was skipped");

    // A cursor is for one list of one person, as it was made.
    let cursor = first_cursor.unwrap();
    let tampered = format!(
        "{}{}",
        if cursor.starts_with('A') { "B" } else { "A" },
        &cursor[1..]
    );
    for (person, query) in [
        (&eve, format!("limit=5&sort=name&cursor={cursor}")),
        (&ada, format!("limit=5&sort=-name&cursor={cursor}")),
        (&ada, format!("limit=5&sort=name&search=p&cursor={cursor}")),
        (&ada, format!("limit=5&sort=name&cursor={tampered}")),
        (&ada, format!("limit=5&sort=name&page=1&cursor={cursor}")),
        (&ada, "limit=0".to_owned()),
        (&ada, "limit=-1".to_owned()),
        (&ada, "page=2000&limit=100".to_owned()),
        (&ada, "sort=color".to_owned()),
        (&ada, "colour=red".to_owned()),
        (&ada, "status=active,lost".to_owned()),
    ] {
        let refused = server
            .get(&format!("/v1/projects?{query}"))
            .of(person)
            .send()
            .await;
        assert_eq!(refused.problem(400), "INVALID_QUERY", "{query}");
    }
    let members = format!("/v1/workspaces/{}/members?cursor={cursor}", ada.workspace);
    assert_eq!(
        server.get(&members).of(&ada).send().await.problem(400),
        "INVALID_QUERY"
    );
    let list = server
        .get("/v1/projects?limit=1000&page=1&status=ACTIVE,on_hold")
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["limit"], 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn only_colleagues_are_in_teams() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (
        server.person("ada").await,
        server.person("bob").await,
        server.person("eve").await,
    );
    let team = team(&server, &ada, "Weavers").await;
    let member = |person: &Person| format!("/v1/teams/{team}/members/{}", person.id);
    let role = |role: &str| json!({ "role": role });
    assert_eq!(
        server
            .put(&member(&bob))
            .of(&ada)
            .json(role("member"))
            .send()
            .await
            .problem(422),
        "NOT_A_MEMBER"
    );
    join(&server, ada.workspace, &bob, "guest").await;
    assert_eq!(
        server
            .put(&member(&bob))
            .of(&ada)
            .json(role("member"))
            .send()
            .await
            .problem(422),
        "NOT_A_MEMBER"
    );
    join(&server, ada.workspace, &bob, "member").await;
    // What is not there has no version, so no condition on it holds.
    let absent = server.put(&member(&bob)).of(&ada).header("if-match", "*");
    let refused = absent.json(role("member")).send().await.problem(412);
    assert_eq!(refused, "PRECONDITION_FAILED");
    assert_eq!(
        server
            .put(&member(&bob))
            .of(&ada)
            .json(role("member"))
            .send()
            .await
            .expect(201)["role"],
        "member"
    );
    let team_path = format!("/v1/teams/{team}");
    server.get(&team_path).of(&bob).send().await.expect(200);
    assert_eq!(
        server
            .put(&member(&bob))
            .of(&bob)
            .json(role("admin"))
            .send()
            .await
            .problem(403),
        "FORBIDDEN"
    );
    assert_eq!(
        server
            .patch(&member(&bob))
            .of(&ada)
            .json(role("ADMIN"))
            .send()
            .await
            .expect(200)["role"],
        "admin"
    );
    let list = server
        .get(&format!("/v1/teams/{team}/members?page=1"))
        .of(&bob)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["total"], 2);
    assert_eq!(
        server
            .get(&format!("/v1/teams/{team}/members"))
            .of(&eve)
            .send()
            .await
            .problem(404),
        "NOT_FOUND"
    );
    // The same name in other letters is the same name.
    let again = json!({ "workspace_id": ada.workspace, "name": "WEAVERS" });
    assert_eq!(
        server
            .post("/v1/teams")
            .of(&ada)
            .json(again)
            .send()
            .await
            .problem(409),
        "ALREADY_EXISTS"
    );
    let foreign = json!({ "workspace_id": eve.workspace, "name": "Moles" });
    assert_eq!(
        server
            .post("/v1/teams")
            .of(&ada)
            .json(foreign)
            .send()
            .await
            .problem(404),
        "NOT_FOUND"
    );
    assert_eq!(server.delete(&member(&bob)).of(&bob).send().await.status, 204);
    assert_eq!(
        server.get(&team_path).of(&bob).send().await.problem(404),
        "NOT_FOUND"
    );
}

/// The lists and the function that decides must agree about everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn lists_hold_what_permission_lets_somebody_see() {
    use weft_server::auth::permission::{
        Action, ContentState, DocumentRole, Facts, PrincipalFacts, Resource, Scopes, ServerRole, Standing,
        TeamRole, WorkspaceRole, effective_project_role, may,
    };
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let team = team(&server, &ada, "Weavers").await;
    let (live, gone) = (
        project(&server, &ada, team, "live").await,
        project(&server, &ada, team, "gone").await,
    );
    assert_eq!(
        server
            .delete(&format!("/v1/projects/{gone}"))
            .of(&ada)
            .send()
            .await
            .status,
        204
    );
    let principal = PrincipalFacts {
        standing: Standing::Active,
        server_role: ServerRole::User,
        confined_to: None,
        scopes: Scopes::full(),
    };
    let team_roles = [None, Some(TeamRole::Member), Some(TeamRole::Admin)];
    let mut project_roles = vec![None];
    project_roles.extend(DocumentRole::ALL.iter().copied().map(Some));
    for workspace in WorkspaceRole::ALL {
        for team_role in team_roles {
            for project_role in &project_roles {
                join(&server, ada.workspace, &bob, workspace.as_str()).await;
                let mut tx = server.storage.records().write().await.unwrap();
                let mut tenant = tx.workspace(WorkspaceId(ada.workspace)).await.unwrap();
                let change = |role| MemberChange {
                    user_id: bob.id,
                    role,
                    now_ms: 1,
                };
                tenant.remove_team_member(team, bob.id).await.unwrap();
                if let Some(role) = team_role {
                    tenant.put_team_member(team, change(role.as_str())).await.unwrap();
                }
                for id in [live, gone] {
                    tenant.remove_project_member(id, bob.id).await.unwrap();
                    if let Some(role) = project_role {
                        tenant
                            .put_project_member(id, change(role.as_str()))
                            .await
                            .unwrap();
                    }
                }
                tx.commit().await.unwrap();
                let facts = |state| Facts {
                    workspace: Some(*workspace),
                    team: team_role,
                    project: *project_role,
                    state,
                    ..Facts::stranger(ada.workspace)
                };
                let sees = |state| {
                    may(&principal, Action::ViewProject, &Resource::Project(facts(state))).is_allowed()
                };
                let mut expected = Vec::new();
                if sees(ContentState::Live) {
                    expected.push("live".to_owned());
                }
                if sees(ContentState::Trashed) {
                    expected.push("gone".to_owned());
                }
                let path = format!(
                    "/v1/projects?include_deleted=true&sort=-name&workspace_id={}",
                    ada.workspace
                );
                let list = server.get(&path).of(&bob).send().await.expect(200);
                let shown = format!("{workspace} {team_role:?} {project_role:?}");
                assert_eq!(names(&list), expected, "{shown}");
                let role = effective_project_role(&facts(ContentState::Live)).map(DocumentRole::as_str);
                assert_eq!(list["data"][0]["role"].as_str(), role, "{shown}");
                let resource = Resource::Team {
                    workspace_id: ada.workspace,
                    workspace: Some(*workspace),
                    role: team_role,
                };
                let path = format!("/v1/teams?page=1&workspace_id={}", ada.workspace);
                let list = server.get(&path).of(&bob).send().await.expect(200);
                let sees = may(&principal, Action::ViewTeam, &resource).is_allowed();
                assert_eq!(list["meta"]["total"], i32::from(sees), "{shown}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_equal_requests_with_one_key_make_one_team() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let form = json!({ "workspace_id": ada.workspace, "name": "Weavers" });
    let answers = join_all((0..50).map(|_| {
        let request = server
            .post("/v1/teams")
            .of(&ada)
            .header("idempotency-key", "weave-1");
        request.json(form.clone()).send()
    }))
    .await;
    let made: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect(201)["id"].clone())
        .collect();
    assert!(made.iter().all(|id| *id == made[0]));
    let list = server.get("/v1/teams?page=1").of(&ada).send().await.expect(200);
    assert_eq!(list["meta"]["total"], 1);
    let other = json!({ "workspace_id": ada.workspace, "name": "Spinners" });
    let reused = server
        .post("/v1/teams")
        .of(&ada)
        .header("idempotency-key", "weave-1")
        .json(other)
        .send()
        .await;
    assert_eq!(reused.problem(422), "IDEMPOTENCY_KEY_REUSED");
}
