//! Many changes to tasks in one request.

use serde_json::{Value, json};

use crate::boards::{Workshop, agrees, state, task, workshop};
use crate::support::{Answer, TestServer, text};

async fn batch(server: &TestServer, workshop: &Workshop, body: Value) -> Answer {
    server
        .post("/v1/tasks:batch")
        .of(workshop.owner())
        .json(body)
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_happens_at_once() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let mut ids = Vec::new();
    for title in ["a", "b", "c", "d"] {
        ids.push(text(
            &task(&server, &workshop, json!({ "title": title })).await["id"],
        ));
    }
    let label = server
        .post(&format!("/v1/boards/{}/labels", workshop.board))
        .of(owner)
        .json(json!({ "name": "L" }));
    let label = text(&label.send().await.expect(201)["id"]);
    let body = json!({ "operations": [
        { "op": "create", "task": { "title": "new", "status": "in-progress" } },
        { "op": "update", "task_id": ids[0], "patch": { "title": "A", "priority": "high" } },
        { "op": "move", "task_id": ids[1], "to": { "column_id": workshop.columns[2], "pos": "top" } },
        { "op": "archive", "task_id": ids[2] },
        { "op": "delete", "task_id": ids[3] },
        { "op": "assign", "task_id": ids[0], "user_id": owner.id },
        { "op": "add_label", "task_id": ids[0], "label_id": label },
        { "op": "watch", "task_id": ids[1], "user_id": owner.id },
        { "op": "unarchive", "task_id": ids[2] },
        { "op": "restore", "task_id": ids[3] },
    ] });
    let answer = batch(&server, &workshop, body).await.expect(200);
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<u64> = results
        .iter()
        .map(|result| result["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 200, 200, 200, 200, 200, 200, 200, 200, 200]);
    assert_eq!(results[1]["id"], json!(ids[0]));
    let shown = server
        .get(&format!("/v1/tasks/{}", ids[0]))
        .of(owner)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            &shown["title"],
            &shown["assignee_ids"],
            &shown["label_ids"],
            &shown["version"]
        ),
        (
            &json!("A"),
            &json!([owner.id]),
            &json!([label]),
            &results[1]["version"]
        )
    );
    assert_eq!(shown["version"], json!(2), "one transaction is one change");
    let board = state(&server, owner, workshop.board).await;
    assert_eq!(
        (
            board["archive"].as_array().unwrap().len(),
            board["trash"].as_array().unwrap().len()
        ),
        (0, 0)
    );
    let again = json!({ "operations": [
        { "op": "unassign", "task_id": ids[0], "user_id": owner.id },
        { "op": "remove_label", "task_id": ids[0], "label_id": label },
        { "op": "unwatch", "task_id": ids[1], "user_id": owner.id },
    ] });
    batch(&server, &workshop, again).await.expect(200);
    agrees(&server, owner, workshop.board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_of_a_hundred_and_nothing_happens() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let made = text(&task(&server, &workshop, json!({ "title": "a" })).await["id"]);
    let before = state(&server, owner, workshop.board).await;
    let good = |at: usize| json!({ "op": "create", "task": { "title": format!("task {at}") } });
    let with = |bad: Value| {
        let mut operations: Vec<Value> = (0..99).map(good).collect();
        operations.insert(57, bad);
        json!({ "board_id": workshop.board, "operations": operations })
    };
    for (bad, status) in [
        (
            json!({ "op": "update", "task_id": made, "patch": { "column_id": "gone" } }),
            422,
        ),
        (
            json!({ "op": "update", "task_id": workshop.board, "patch": {} }),
            422,
        ),
        (
            json!({ "op": "update", "task_id": made, "patch": { "parent_id": made } }),
            409,
        ),
        (json!({ "op": "move", "task_id": made, "to": {} }), 422),
        (json!({ "op": "create", "task": { "title": "" } }), 422),
        (json!({ "op": "create" }), 422),
        (json!({ "op": "assign", "task_id": made }), 422),
        (json!({ "op": "explode", "task_id": made }), 422),
    ] {
        let answer = batch(&server, &workshop, with(bad.clone())).await;
        assert_eq!(answer.status, status, "{bad}: {}", answer.text());
        let field = text(&answer.json()["details"][0]["field"]);
        assert!(field.starts_with("operations[57]"), "{bad}: {field}");
    }
    assert_eq!(state(&server, owner, workshop.board).await, before);
    let too_many: Vec<Value> = (0..101).map(good).collect();
    for operations in [json!([]), json!(too_many)] {
        let body = json!({ "board_id": workshop.board, "operations": operations });
        assert_eq!(
            batch(&server, &workshop, body).await.problem(422),
            "VALIDATION_FAILED"
        );
    }
    let nowhere = json!({ "operations": [good(1)] });
    assert_eq!(
        batch(&server, &workshop, nowhere).await.problem(422),
        "VALIDATION_FAILED"
    );
    let all: Vec<Value> = (0..100).map(good).collect();
    let body = json!({ "board_id": workshop.board, "operations": all });
    batch(&server, &workshop, body).await.expect(200);
    let after = state(&server, owner, workshop.board).await;
    assert_eq!(after["cards"].as_object().unwrap().len(), 101);
    agrees(&server, owner, workshop.board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_partial_mode_each_stands_for_itself() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let made = text(&task(&server, &workshop, json!({ "title": "a" })).await["id"]);
    let other = crate::boards::workshop(&server, "eve").await;
    let foreign = text(&task(&server, &other, json!({ "title": "foreign" })).await["id"]);
    let body = json!({ "mode": "partial", "operations": [
        { "op": "update", "task_id": made, "patch": { "title": "A" } },
        { "op": "update", "task_id": foreign, "patch": { "title": "stolen" } },
        { "op": "update", "task_id": made, "patch": { "parent_id": made } },
        { "op": "create", "task": { "title": "new" } },
        { "op": "create", "task": { "title": "lost", "column_id": "gone" } },
    ] });
    let ask = || {
        let request = server
            .post("/v1/tasks:batch")
            .of(owner)
            .header("idempotency-key", "batch");
        request.json(body.clone()).send()
    };
    let answer = ask().await.expect(207);
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<u64> = results
        .iter()
        .map(|result| result["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 422, 409, 201, 422]);
    assert_eq!(results[2]["problem"]["code"], json!("PARENT_CYCLE"));
    assert_eq!(results[4]["problem"]["details"][0]["field"], json!("column_id"));
    assert_eq!(results[0]["problem"], Value::Null);
    server.forget_answers().await;
    assert_eq!(ask().await.expect(207)["results"][3]["id"], results[3]["id"]);
    let shown = state(&server, owner, workshop.board).await;
    assert_eq!(shown["cards"].as_object().unwrap().len(), 2);
    let theirs = server
        .get(&format!("/v1/tasks/{foreign}"))
        .of(other.owner())
        .send()
        .await
        .expect(200);
    assert_eq!(theirs["title"], json!("foreign"));
    let named = json!({ "board_id": other.board, "operations": [{ "op": "delete", "task_id": foreign }] });
    assert_eq!(batch(&server, &workshop, named).await.problem(404), "NOT_FOUND");
}
