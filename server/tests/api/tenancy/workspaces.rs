//! Workspaces: made, changed, put in the trash, and never without an owner.

use futures_util::future::join_all;
use serde_json::{Value, json};
use weft_storage::WorkspaceId;

use crate::documents::enlist;
use crate::support::{Person, TestServer, id_of};

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

    enlist(&server, ada.workspace, &bob, "admin").await;
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

    enlist(&server, ada.workspace, &eve, "member").await;
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
        enlist(&server, ada.workspace, &ada, "owner").await;
        enlist(&server, ada.workspace, &bob, "owner").await;
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
