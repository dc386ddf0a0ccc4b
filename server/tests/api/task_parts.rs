//! What hangs on a task: people, labels, its checklist, dependencies, parts, its description.

use serde_json::{Value, json};

use crate::boards::{Workshop, agrees, events, task, workshop};
use crate::documents::{enlist, share};
use crate::support::{Answer, TestServer, text};

async fn titled(server: &TestServer, workshop: &Workshop, title: &str) -> (String, String) {
    let made = task(server, workshop, json!({ "title": title })).await;
    let id = text(&made["id"]);
    (format!("/v1/tasks/{id}"), id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_labels_come_and_go_one_by_one() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let (bob, eve) = (server.person("bob").await, server.person("eve").await);
    enlist(&server, owner.workspace, &bob, "member").await;
    share(&server, &workshop.studio, board, &bob, "viewer")
        .await
        .expect(201);
    let (path, _) = titled(&server, &workshop, "Warp").await;
    let label = server
        .post(&format!("/v1/boards/{board}/labels"))
        .of(owner)
        .json(json!({ "name": "Wool" }));
    let label = text(&label.send().await.expect(201)["id"]);
    for (set, member, shown) in [
        ("assignees", bob.id.to_string(), "assignee_ids"),
        ("watchers", bob.id.to_string(), "watcher_ids"),
        ("labels", label.clone(), "label_ids"),
    ] {
        let one = format!("{path}/{set}/{member}");
        let put = server.put(&one).of(owner).send().await.expect(200);
        assert_eq!(put[shown], json!([member]));
        assert_eq!(
            server.put(&one).of(owner).send().await.expect(200),
            put,
            "once is enough"
        );
        server.delete(&one).of(owner).send().await.expect(204);
        assert_eq!(
            server.delete(&one).of(owner).send().await.problem(404),
            "NOT_FOUND"
        );
    }
    let refused = async |set: &str, member: &str| {
        server
            .put(&format!("{path}/{set}/{member}"))
            .of(owner)
            .send()
            .await
    };
    assert_eq!(
        refused("assignees", &eve.id.to_string()).await.problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(
        refused("watchers", &eve.id.to_string()).await.problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(refused("labels", "gone").await.problem(422), "VALIDATION_FAILED");
    assert_eq!(refused("assignees", "nobody").await.problem(404), "NOT_FOUND");
    let told = events(&server, owner.workspace).await;
    assert!(told.contains(&"task.assigned".to_owned()) && told.contains(&"task.unassigned".to_owned()));
    agrees(&server, owner, board).await;
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checklist_is_written_checked_and_put_in_order() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let (path, _) = titled(&server, &workshop, "Warp").await;
    let list = format!("{path}/checklist");
    let add = async |body: Value| {
        let answer = server.post(&list).of(owner).json(body).send().await;
        (answer.header("location").unwrap_or_default(), answer.expect(201))
    };
    let (first, wind) = add(json!({ "text": "wind" })).await;
    assert_eq!(
        wind,
        json!({ "id": wind["id"], "text": "wind", "done": false, "list": "" })
    );
    let (_, beam) = add(json!({ "text": "beam", "done": true, "list": "Later" })).await;
    let (third, _) = add(json!({ "text": "thread", "before": beam["id"] })).await;
    let texts = async |query: &str| {
        let answer = server
            .get(&format!("{list}?{query}"))
            .of(owner)
            .send()
            .await
            .expect(200);
        let data = answer["data"].as_array().unwrap().clone();
        (
            data.iter().map(|item| text(&item["text"])).collect::<Vec<_>>(),
            answer["meta"].clone(),
        )
    };
    assert_eq!(texts("").await.0, ["wind", "thread", "beam"]);
    let (some, meta) = texts("limit=2").await;
    assert_eq!(some, ["wind", "thread"]);
    let rest = texts(&format!("limit=2&cursor={}", text(&meta["next_cursor"]))).await;
    assert_eq!(
        (rest.0, &rest.1["next_cursor"]),
        (vec!["beam".to_owned()], &Value::Null)
    );
    assert_eq!(texts("page=2&limit=2").await.1["total"], json!(3));
    assert_eq!(texts("sort=-position").await.0, ["beam", "thread", "wind"]);

    let read = server.get(&first).of(owner).send().await;
    let etag = read.header("etag").unwrap();
    let patch = |body: Value| {
        server
            .patch(&first)
            .of(owner)
            .header("if-match", &etag)
            .json(body)
    };
    let changed = patch(json!({ "done": true, "text": "rewind", "list": "Yarn" }))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&changed["done"], &changed["text"], &changed["list"]),
        (&json!(true), &json!("rewind"), &json!("Yarn"))
    );
    assert_eq!(
        patch(json!({ "done": false })).send().await.problem(412),
        "PRECONDITION_FAILED"
    );
    let moved = server
        .post(&format!("{third}:move"))
        .of(owner)
        .json(json!({ "pos": "bottom" }))
        .send()
        .await;
    moved.expect(200);
    assert_eq!(texts("").await.0, ["rewind", "beam", "thread"]);
    let shown = server.get(&path).of(owner).send().await.expect(200);
    assert_eq!(
        (&shown["checklist_total"], &shown["checklist_done"]),
        (&json!(3), &json!(2))
    );
    for (body, field) in [
        (json!({}), "text"),
        (json!({ "text": "" }), "text"),
        (json!({ "text": "x".repeat(2_001) }), "text"),
        (json!({ "text": "x", "before": "gone" }), "before"),
        (json!({ "text": "x", "done": "yes" }), "done"),
    ] {
        let answer = server.post(&list).of(owner).json(body.clone()).send().await;
        assert_eq!(text(&answer.expect(422)["details"][0]["field"]), field, "{body}");
    }
    let nowhere = server
        .post(&format!("{third}:move"))
        .of(owner)
        .json(json!({}))
        .send()
        .await;
    assert_eq!(nowhere.problem(422), "VALIDATION_FAILED");
    server.delete(&third).of(owner).send().await.expect(204);
    for gone in [
        server.get(&third),
        server.delete(&third),
        server.patch(&third).json(json!({ "done": true })),
    ] {
        assert_eq!(gone.of(owner).send().await.problem(404), "NOT_FOUND");
    }
    let once = || {
        server
            .post(&list)
            .of(owner)
            .header("idempotency-key", "i")
            .json(json!({ "text": "once" }))
    };
    let made = once().send().await.expect(201);
    server.forget_answers().await;
    assert_eq!(once().send().await.expect(201)["id"], made["id"]);
    assert!(
        events(&server, owner.workspace)
            .await
            .contains(&"checklist.item_completed".to_owned())
    );
    agrees(&server, owner, workshop.board).await;
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dependencies_have_two_sides_and_no_circles() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let (a, a_id) = titled(&server, &workshop, "a").await;
    let (b, b_id) = titled(&server, &workshop, "b").await;
    let (c, c_id) = titled(&server, &workshop, "c").await;
    let relate = async |from: &str, kind: &str, to: &str| -> Answer {
        let body = json!({ "kind": kind, "task_id": to });
        server
            .post(&format!("{from}/dependencies"))
            .of(owner)
            .json(body)
            .send()
            .await
    };
    let made = relate(&a, "blocks", &b_id).await;
    assert_eq!(
        made.header("location"),
        Some(format!("{a}/dependencies/blocks/{b_id}"))
    );
    assert_eq!(
        made.expect(201),
        json!({
            "kind": "blocks", "task_id": b_id, "key": "LOOM-2", "title": "b", "state": "open", "done": false,
            "cyclic": false,
        })
    );
    relate(&a, "blocks", &b_id).await.expect(201);
    relate(&c, "blocked_by", &b_id).await.expect(201);
    assert_eq!(relate(&c, "blocks", &a_id).await.problem(409), "DEPENDENCY_CYCLE");
    assert_eq!(
        relate(&a, "blocked_by", &c_id).await.problem(409),
        "DEPENDENCY_CYCLE"
    );
    relate(&c, "precedes", &a_id).await.expect(201);
    relate(&c, "relates", &a_id).await.expect(201);
    relate(&b, "duplicates", &a_id).await.expect(201);
    let seen = async |of: &str, query: &str| {
        let answer = server
            .get(&format!("{of}/dependencies{query}"))
            .of(owner)
            .send()
            .await
            .expect(200);
        let data = answer["data"].as_array().unwrap().clone();
        data.iter()
            .map(|one| (text(&one["kind"]), text(&one["title"])))
            .collect::<Vec<_>>()
    };
    let pair = |kind: &str, title: &str| (kind.to_owned(), title.to_owned());
    assert_eq!(
        seen(&a, "").await,
        [
            pair("blocks", "b"),
            pair("duplicated_by", "b"),
            pair("follows", "c"),
            pair("relates", "c")
        ]
    );
    assert_eq!(
        seen(&b, "").await,
        [
            pair("blocked_by", "a"),
            pair("blocks", "c"),
            pair("duplicates", "a")
        ]
    );
    assert_eq!(seen(&c, "?kind=blocked_by").await, [pair("blocked_by", "b")]);

    assert_eq!(
        relate(&a, "blocks", &a_id).await.problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(
        relate(&a, "hinders", &b_id).await.problem(422),
        "VALIDATION_FAILED"
    );
    let other = crate::boards::workshop(&server, "eve").await;
    let (_, foreign) = titled(&server, &other, "foreign").await;
    assert_eq!(
        relate(&a, "blocks", &foreign).await.problem(422),
        "VALIDATION_FAILED"
    );
    let remove = async |path: String| server.delete(&path).of(owner).send().await;
    remove(format!("{b}/dependencies/blocked_by/{a_id}"))
        .await
        .expect(204);
    assert_eq!(
        remove(format!("{a}/dependencies/blocks/{b_id}"))
            .await
            .problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        remove(format!("{a}/dependencies/hinders/{b_id}"))
            .await
            .problem(404),
        "NOT_FOUND"
    );
    relate(&c, "blocks", &a_id).await.expect(201);
    remove(format!("{a}/dependencies/relates/{c_id}"))
        .await
        .expect(204);
    let told = events(&server, owner.workspace).await;
    assert_eq!(told.iter().filter(|kind| *kind == "dependency.added").count(), 6);
    assert_eq!(
        told.iter().filter(|kind| *kind == "dependency.removed").count(),
        2
    );
    agrees(&server, owner, workshop.board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_are_listed_and_never_contain_themselves() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let (whole, whole_id) = titled(&server, &workshop, "whole").await;
    let (part, part_id) = titled(&server, &workshop, "part").await;
    let (deep, _) = titled(&server, &workshop, "deep").await;
    let put = async |path: &str, parent: Value| {
        server
            .patch(path)
            .of(owner)
            .json(json!({ "parent_id": parent }))
            .send()
            .await
    };
    assert_eq!(
        put(&part, json!(whole_id)).await.expect(200)["parent_id"],
        json!(whole_id)
    );
    put(&deep, json!(part_id)).await.expect(200);
    assert_eq!(put(&whole, json!(part_id)).await.problem(409), "PARENT_CYCLE");
    assert_eq!(put(&whole, json!(whole_id)).await.problem(409), "PARENT_CYCLE");
    let parts = async |path: &str| {
        let answer = server
            .get(&format!("{path}/subtasks"))
            .of(owner)
            .send()
            .await
            .expect(200);
        let data = answer["data"].as_array().unwrap().clone();
        data.iter().map(|task| text(&task["title"])).collect::<Vec<_>>()
    };
    assert_eq!(
        (parts(&whole).await, parts(&part).await),
        (vec!["part".to_owned()], vec!["deep".to_owned()])
    );
    let shown = server.get(&whole).of(owner).send().await.expect(200);
    assert_eq!(shown["subtask_count"], json!(1));
    put(&part, Value::Null).await.expect(200);
    assert!(parts(&whole).await.is_empty());
    agrees(&server, owner, workshop.board).await;
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_description_is_read_and_written_in_three_formats() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let (task, _) = titled(&server, &workshop, "Warp").await;
    let path = format!("{task}/description");
    let empty = server.get(&path).of(owner).send().await;
    let etag = empty.header("etag").unwrap();
    assert_eq!(empty.expect(200), json!({ "type": "doc", "content": [] }));
    let put = |condition: Option<&str>, kind: &str, body: &str| {
        let request = server.put(&path).of(owner).body(kind, body.to_owned());
        condition
            .into_iter()
            .fold(request, |request, value| request.header("if-match", value))
    };
    assert_eq!(
        put(None, "text/markdown", "x").send().await.problem(428),
        "PRECONDITION_REQUIRED"
    );
    let written = put(Some(&etag), "text/markdown", "# Warp\n\nall **knots**")
        .send()
        .await;
    let now = written.header("etag").unwrap();
    let answered = written.expect(200);
    assert_eq!(answered["described"], json!(true));
    assert_eq!(
        put(Some(&etag), "text/markdown", "late")
            .send()
            .await
            .problem(412),
        "PRECONDITION_FAILED"
    );
    let read = async |query: &str| server.get(&format!("{path}{query}")).of(owner).send().await;
    assert_eq!(read("?format=markdown").await.text(), "# Warp\n\nall **knots**\n");
    assert!(
        read("?format=html")
            .await
            .text()
            .contains("<strong>knots</strong>")
    );
    assert_eq!(read("").await.header("etag"), Some(now.clone()));
    assert_eq!(read("").await.expect(200)["content"][0]["type"], json!("heading"));
    let known = server
        .get(&path)
        .of(owner)
        .header("if-none-match", &now)
        .send()
        .await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let accepted = server
        .get(&path)
        .of(owner)
        .header("accept", "text/html")
        .send()
        .await;
    assert_eq!(
        accepted.header("content-type").as_deref(),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(
        accepted.header("content-disposition").as_deref(),
        Some("attachment")
    );
    let node = json!({ "type": "doc", "content": [{ "type": "paragraph", "content": [{ "type": "text", "text": "<b>" }] }] });
    put(Some("*"), "application/json", &node.to_string())
        .send()
        .await
        .expect(200);
    assert_eq!(read("?format=html").await.text().trim(), "<p>&lt;b&gt;</p>");
    assert_eq!(
        put(Some("*"), "application/json", "{").send().await.problem(422),
        "CONTENT_NOT_ACCEPTED"
    );
    assert_eq!(
        put(Some("*"), "image/png", "x").send().await.problem(415),
        "UNKNOWN_FORMAT"
    );
    let unsafe_link = put(
        Some("*"),
        "text/html",
        "<a href=\"javascript:alert(1)\">x</a><script>y</script>",
    );
    unsafe_link.send().await.expect(200);
    let html = read("?format=html").await.text();
    assert!(!html.contains("javascript") && !html.contains("script"), "{html}");
    assert_eq!(read("?format=yjs").await.problem(400), "INVALID_QUERY");
    // The same by the task itself.
    let patched = server
        .patch(&task)
        .of(owner)
        .json(json!({ "description": "short" }))
        .send()
        .await;
    patched.expect(200);
    assert_eq!(read("?format=markdown").await.text(), "short\n");
    let cleared = server
        .patch(&task)
        .of(owner)
        .json(json!({ "description": null }))
        .send()
        .await;
    assert_eq!(cleared.expect(200)["described"], json!(false));
    agrees(&server, owner, workshop.board).await;
}
