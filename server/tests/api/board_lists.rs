//! What stands in the lists of a board: columns, lanes, labels, custom fields and their options.

use serde_json::{Value, json};

use crate::boards::{agrees, names, state, task, workshop};
use crate::support::{TestServer, text};

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_from_its_making_to_its_return() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let [todo, doing, done] = workshop.columns.clone();
    let list = format!("/v1/boards/{board}/columns");
    let new = json!({
        "title": "Review", "category": "STARTED", "color": "#00ff00", "wip": { "limit": 2, "mode": "soft" },
        "before": done,
    });
    let answer = server.post(&list).of(owner).json(new).send().await;
    let etag = answer.header("etag").unwrap();
    let location = answer.header("location").unwrap();
    let made = answer.expect(201);
    let id = text(&made["id"]);
    assert_eq!(location, format!("{list}/{id}"));
    assert_eq!(
        made,
        json!({
            "id": id, "board_id": board, "title": "Review", "category": "started", "color": "#00ff00",
            "wip": { "limit": 2, "mode": "soft" }, "over_limit": false, "position": 2,
        })
    );
    assert_eq!(
        names(&server, owner, board, "columns").await,
        [&*todo, &*doing, &*id, &*done]
    );
    let path = format!("{list}/{id}");
    let same = server
        .get(&path)
        .of(owner)
        .header("if-none-match", &etag)
        .send()
        .await;
    assert_eq!(same.status, 304);
    let patch = |body: Value| server.patch(&path).of(owner).json(body);
    let changed = patch(json!({ "title": "Check", "wip": null, "color": null, "pos": "top" }));
    let changed = changed.header("if-match", &etag).send().await.expect(200);
    assert_eq!(
        (
            &changed["title"],
            &changed["wip"],
            &changed["color"],
            &changed["position"]
        ),
        (&json!("Check"), &Value::Null, &Value::Null, &json!(0))
    );
    let late = patch(json!({ "title": "Late" }))
        .header("if-match", &etag)
        .send()
        .await;
    assert_eq!(late.problem(412), "PRECONDITION_FAILED");
    let moved = patch(json!({ "after": todo })).send().await.expect(200);
    assert_eq!(moved["position"], json!(1));

    // Its tasks stand in the first column while it is deleted.
    let held = task(&server, &workshop, json!({ "title": "Held", "column_id": id })).await;
    let held = format!("/v1/tasks/{}", text(&held["id"]));
    server.delete(&path).of(owner).send().await.expect(204);
    assert_eq!(server.get(&path).of(owner).send().await.problem(404), "NOT_FOUND");
    assert_eq!(
        server.delete(&path).of(owner).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        server.get(&held).of(owner).send().await.expect(200)["column_id"],
        json!(todo)
    );
    let restored = server
        .post(&format!("{path}:restore"))
        .of(owner)
        .send()
        .await
        .expect(200);
    assert_eq!(restored["title"], json!("Check"));
    assert_eq!(
        server.get(&held).of(owner).send().await.expect(200)["column_id"],
        json!(id)
    );
    let never = server
        .post(&format!("{list}/never:restore"))
        .of(owner)
        .send()
        .await;
    assert_eq!(never.problem(404), "NOT_FOUND");
    agrees(&server, owner, board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_an_entry_is_said() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let before = state(&server, owner, board).await;
    let post = async |list: &str, body: Value| {
        let answer = server
            .post(&format!("/v1/boards/{board}/{list}"))
            .of(owner)
            .json(body)
            .send()
            .await;
        text(&answer.expect(422)["details"][0]["field"])
    };
    for (body, field) in [
        (json!({}), "title"),
        (json!({ "title": "" }), "title"),
        (json!({ "title": "x".repeat(101) }), "title"),
        (json!({ "title": "x", "category": "later" }), "category"),
        (json!({ "title": "x", "color": "Rot" }), "color"),
        (
            json!({ "title": "x", "wip": { "limit": 0, "mode": "soft" } }),
            "wip.limit",
        ),
        (json!({ "title": "x", "wip": { "limit": 1 } }), "wip.mode"),
        (json!({ "title": "x", "before": "a|b" }), "before"),
        (json!({ "title": "x", "before": "gone" }), "column_id"),
        (
            json!({ "title": "x", "pos": "top", "after": workshop.columns[0] }),
            "pos",
        ),
        (json!({ "title": "x", "position": 1 }), "position"),
        (json!({ "title": "x", "id": "mine" }), "id"),
    ] {
        assert_eq!(post("columns", body.clone()).await, field, "{body}");
    }
    assert_eq!(
        post("lanes", json!({ "title": "x", "color": "red" })).await,
        "color"
    );
    assert_eq!(post("labels", json!({ "name": "x", "color": 7 })).await, "color");
    assert_eq!(post("fields", json!({ "name": "x" })).await, "type");
    let options = json!({ "name": "x", "type": "text", "options": [{ "name": "y" }] });
    assert_eq!(post("fields", options).await, "options");
    let path = format!("/v1/boards/{board}/columns/{}", workshop.columns[0]);
    let half = json!({ "title": "Half", "before": "gone" });
    assert_eq!(server.patch(&path).of(owner).json(half).send().await.status, 422);
    assert_eq!(state(&server, owner, board).await, before, "nothing has happened");
    for bad in ["a|b", "x/y", &"x".repeat(65)] {
        let answer = server
            .get(&format!("/v1/boards/{board}/columns/{bad}"))
            .of(owner)
            .send()
            .await;
        assert_eq!(answer.problem(404), "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_and_labels_are_kept_like_columns() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let post = async |list: &str, body: Value| {
        let answer = server
            .post(&format!("/v1/boards/{board}/{list}"))
            .of(owner)
            .json(body)
            .send()
            .await;
        text(&answer.expect(201)["id"])
    };
    let (slow, fast) = (
        post("lanes", json!({ "title": "Slow" })).await,
        post("lanes", json!({ "title": "Fast", "pos": "top" })).await,
    );
    assert_eq!(names(&server, owner, board, "lanes").await, [&*fast, &*slow]);
    let (wool, silk) = (
        post("labels", json!({ "name": "Wool", "color": "red" })).await,
        post("labels", json!({ "name": "Silk" })).await,
    );
    let made = task(
        &server,
        &workshop,
        json!({ "title": "Cloth", "lane_id": fast, "label_ids": [wool, silk] }),
    )
    .await;
    let path = format!("/v1/tasks/{}", text(&made["id"]));
    let labels = |task: &Value| task["label_ids"].as_array().unwrap().len();
    assert_eq!((&made["lane_id"], labels(&made)), (&json!(fast), 2));
    for gone in [format!("lanes/{fast}"), format!("labels/{wool}")] {
        server
            .delete(&format!("/v1/boards/{board}/{gone}"))
            .of(owner)
            .send()
            .await
            .expect(204);
    }
    let shown = server.get(&path).of(owner).send().await.expect(200);
    assert_eq!(
        (&shown["lane_id"], &shown["label_ids"]),
        (&Value::Null, &json!([silk]))
    );
    for back in [format!("lanes/{fast}"), format!("labels/{wool}")] {
        server
            .post(&format!("/v1/boards/{board}/{back}:restore"))
            .of(owner)
            .send()
            .await
            .expect(200);
    }
    let shown = server.get(&path).of(owner).send().await.expect(200);
    assert_eq!((&shown["lane_id"], labels(&shown)), (&json!(fast), 2));
    let label = format!("/v1/boards/{board}/labels/{silk}");
    let patch = json!({ "name": "Raw silk", "color": "sky", "before": wool });
    let changed = server
        .patch(&label)
        .of(owner)
        .json(patch)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&changed["name"], &changed["color"], &changed["position"]),
        (&json!("Raw silk"), &json!("sky"), &json!(0))
    );
    let lane = format!("/v1/boards/{board}/lanes/{slow}");
    let changed = server
        .patch(&lane)
        .of(owner)
        .json(json!({ "title": "Slower" }))
        .send()
        .await
        .expect(200);
    assert_eq!(changed["title"], json!("Slower"));
    agrees(&server, owner, board).await;
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_have_types_and_options() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let list = format!("/v1/boards/{board}/fields");
    let field = async |body: Value| server.post(&list).of(owner).json(body).send().await.expect(201);
    let size = field(json!({ "name": "Size", "type": "select", "options": [{ "name": "S" }, { "name": "L", "color": "red" }] })).await;
    let (size_id, small) = (text(&size["id"]), text(&size["options"][0]["id"]));
    assert_eq!(
        (&size["type"], &size["options"][1]["color"]),
        (&json!("select"), &json!("red"))
    );
    let hours = text(&field(json!({ "name": "Hours", "type": "number" })).await["id"]);
    let start = text(&field(json!({ "name": "Shipped", "type": "date" })).await["id"]);
    let made = task(
        &server,
        &workshop,
        json!({
            "title": "Cloth", "fields": { &size_id: small, &hours: 2.5, &start: "2026-03-01T10:00:00+02:00" },
        }),
    )
    .await;
    let path = format!("/v1/tasks/{}", text(&made["id"]));
    assert_eq!(
        made["fields"],
        json!({ &size_id: small, &hours: 2.5, &start: "2026-03-01T08:00:00Z" })
    );
    let set = async |fields: Value| {
        server
            .patch(&path)
            .of(owner)
            .json(json!({ "fields": fields }))
            .send()
            .await
    };
    assert_eq!(
        set(json!({ &hours: null })).await.expect(200)["fields"]
            .as_object()
            .unwrap()
            .len(),
        2
    );
    for wrong in [
        json!({ &hours: "many" }),
        json!({ &size_id: "XL" }),
        json!({ "gone": 1 }),
        json!({ &hours: [1] }),
        json!({ &start: "soon" }),
    ] {
        assert_eq!(
            set(wrong.clone()).await.problem(422),
            "VALIDATION_FAILED",
            "{wrong}"
        );
    }

    let options = format!("{list}/{size_id}/options");
    let more = server
        .post(&options)
        .of(owner)
        .json(json!({ "name": "XL", "pos": "top" }))
        .send()
        .await
        .expect(201);
    let large = text(&more["options"][0]["id"]);
    assert_eq!(more["options"][0]["name"], json!("XL"));
    let option = format!("{options}/{large}");
    let changed = server
        .patch(&option)
        .of(owner)
        .json(json!({ "name": "Huge", "color": "black", "pos": "bottom" }));
    let changed = changed.send().await.expect(200);
    assert_eq!(
        (&changed["options"][2]["name"], &changed["options"][2]["color"]),
        (&json!("Huge"), &json!("black"))
    );
    server
        .delete(&format!("{options}/{small}"))
        .of(owner)
        .send()
        .await
        .expect(204);
    assert_eq!(
        server.get(&path).of(owner).send().await.expect(200)["fields"].get(&size_id),
        None
    );
    server
        .post(&format!("{options}/{small}:restore"))
        .of(owner)
        .send()
        .await
        .expect(200);
    assert_eq!(
        server.get(&path).of(owner).send().await.expect(200)["fields"][&size_id],
        json!(small)
    );
    let plain = server
        .post(&format!("{list}/{hours}/options"))
        .of(owner)
        .json(json!({ "name": "x" }))
        .send()
        .await;
    assert_eq!(plain.problem(422), "VALIDATION_FAILED");
    for verb in [
        server.patch(&format!("{options}/gone")).json(json!({})),
        server.delete(&format!("{options}/gone")),
    ] {
        assert_eq!(verb.of(owner).send().await.problem(404), "NOT_FOUND");
    }
    let kept = server
        .patch(&format!("{list}/{hours}"))
        .of(owner)
        .json(json!({ "type": "text" }))
        .send()
        .await;
    assert_eq!(kept.problem(422), "VALIDATION_FAILED", "a type stays");
    agrees(&server, owner, board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_made_once_however_often_it_is_asked_for() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    for (list, body) in [
        ("columns", json!({ "title": "Once" })),
        ("labels", json!({ "name": "Once" })),
        (
            "fields",
            json!({ "name": "Once", "type": "select", "options": [{ "name": "a" }] }),
        ),
    ] {
        let path = format!("/v1/boards/{board}/{list}");
        let before = names(&server, owner, board, list).await.len();
        let ask = || {
            server
                .post(&path)
                .of(owner)
                .header("idempotency-key", "once")
                .json(body.clone())
        };
        let (first, again) = (ask().send().await, ask().send().await);
        assert_eq!((first.status, again.status), (201, 201));
        assert_eq!(first.json(), again.json());
        // The answer was lost with the server: what was made is found again.
        server.forget_answers().await;
        assert_eq!(ask().send().await.expect(201)["id"], first.json()["id"]);
        assert_eq!(names(&server, owner, board, list).await.len(), before + 1);
    }
}
