//! Teams: who may be in them, and requests that come twice.

use futures_util::future::join_all;
use serde_json::json;

use super::team;
use crate::documents::enlist;
use crate::support::{Person, TestServer};

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
    enlist(&server, ada.workspace, &bob, "guest").await;
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
    enlist(&server, ada.workspace, &bob, "member").await;
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
