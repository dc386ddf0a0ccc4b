//! Who may do what in a workspace: other methods, fields that are not to be written, what errors and lists give away.

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::MemberChange;

use super::{names, team};
use crate::documents::{create_project, enlist};
use crate::support::TestServer;

/// A2: what a role does not allow is refused whatever the method.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_another_method_gives_no_more_rights() {
    let server = TestServer::start().await;
    let (ada, viewer) = (server.person("ada").await, server.person("viewer").await);
    enlist(&server, ada.workspace, &viewer, "member").await;
    let team = team(&server, &ada, "Weavers").await;
    let project = create_project(&server, &ada, team, "Cloth").await;
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
    let project = create_project(&server, &ada, team, "Cloth").await;
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
    let hidden = create_project(&server, &ada, team, "Hidden cloth").await;
    let shown = create_project(&server, &ada, team, "Shown cloth").await;
    enlist(&server, ada.workspace, &bob, "member").await;
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
        create_project(&server, &ada, team, "live").await,
        create_project(&server, &ada, team, "gone").await,
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
                enlist(&server, ada.workspace, &bob, workspace.as_str()).await;
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
