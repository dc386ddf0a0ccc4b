//! Tasks: made, read, changed, moved, put away.

use std::time::Duration;

use serde_json::{Value, json};
use weft_server::upkeep::TRASH_MS;
use weft_storage::clock::Clock as _;

use crate::boards::{Workshop, agrees, events, make, state, task, workshop};
use crate::documents::{enlist, share, studio};
use crate::support::{Answer, TestServer, id_of, text};

fn path_of(task: &Value) -> String {
    format!("/v1/tasks/{}", text(&task["id"]))
}

/// The titles in a column, from top to bottom.
async fn column(server: &TestServer, workshop: &Workshop, at: usize) -> Vec<String> {
    let shown = state(server, workshop.owner(), workshop.board).await;
    let cards = shown["columns"][at]["cards"].as_array().unwrap().clone();
    cards
        .iter()
        .map(|card| text(&shown["cards"][text(card)]["title"]))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_says_everything_that_was_said() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let made = task(
        &server,
        &workshop,
        json!({
            "title": "  Warp the loom ", "description": "all **knots**", "priority": "URGENT",
            "assignee_ids": [owner.id], "watcher_ids": [owner.id], "due_date": "2026-12-24",
            "start_date": "2026-12-01T08:00:00+01:00", "estimate": 2.5, "color": "sky",
            "checklist": [{ "text": "wind", "done": true }, { "text": "beam", "list": "Later" }],
        }),
    )
    .await;
    let expected = json!({
        "card_id": made["id"], "workspace_id": owner.workspace, "project_id": workshop.studio.project,
        "board_id": board, "number": 1, "key": "LOOM-1", "title": "Warp the loom", "state": "open", "status": "todo",
        "column_id": workshop.columns[0], "lane_id": null, "priority": "urgent", "priority_rank": 4,
        "assignee_ids": [owner.id], "assignee_user_id": owner.id, "label_ids": [], "watcher_ids": [owner.id],
        "start_date": "2026-12-01T07:00:00Z", "due_date": "2026-12-24", "estimate": 2.5, "color": "sky",
        "cover": null, "parent_id": null, "subtask_count": 0, "checklist_total": 2, "checklist_done": 1,
        "fields": {}, "files": {}, "described": true, "done": false, "done_at": null, "archived_at": null,
        "deleted_at": null, "version": 1,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(made[name], *value, "{name}");
    }
    assert_eq!(made["checklist"][1]["list"], json!("Later"));
    let answer = server.get(&path_of(&made)).of(owner).send().await;
    let etag = answer.header("etag").unwrap();
    assert_eq!(answer.expect(200), made);
    let known = server
        .get(&path_of(&made))
        .of(owner)
        .header("if-none-match", &etag)
        .send()
        .await;
    assert_eq!(known.status, 304);
    let expanded = server
        .get(&format!("{}?expand=description", path_of(&made)))
        .of(owner)
        .send()
        .await;
    assert_eq!(expanded.expect(200)["description"], json!("all **knots**\n"));
    let unknown = server
        .get(&format!("{}?expand=comments", path_of(&made)))
        .of(owner)
        .send()
        .await;
    assert_eq!(unknown.problem(400), "INVALID_QUERY");
    agrees(&server, owner, board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_without_a_board_gets_one_and_one_with_several_wants_to_know() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let path = format!("/v1/projects/{}/tasks", studio.project);
    let post = |body: Value| server.post(&path).of(&studio.owner).json(body);
    // Many at a time: all of them go onto one board.
    let at_once = (0..8).map(|number| post(json!({ "title": format!("Task {number}") })).send());
    let answers = futures_util::future::join_all(at_once).await;
    let boards: Vec<Value> = answers
        .into_iter()
        .map(|answer| answer.expect(201)["board_id"].clone())
        .collect();
    assert!(boards.iter().all(|board| *board == boards[0]), "{boards:?}");
    let other = make(&server, &studio, json!({ "title": "Other" })).await;
    let unclear = post(json!({ "title": "Where?" })).send().await;
    assert_eq!(text(&unclear.expect(422)["details"][0]["field"]), "board_id");
    let clear = post(json!({ "title": "There", "board_id": other["id"] }))
        .send()
        .await
        .expect(201);
    assert_eq!((&clear["board_id"], &clear["number"]), (&other["id"], &json!(9)));
    let elsewhere = workshop(&server, "eve").await;
    let refused = post(json!({ "title": "x", "board_id": elsewhere.board }))
        .send()
        .await;
    assert_eq!(refused.problem(422), "VALIDATION_FAILED");
    let stranger = server
        .post(&path)
        .of(elsewhere.owner())
        .json(json!({ "title": "x" }))
        .send()
        .await;
    assert_eq!(stranger.problem(404), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_patch_changes_what_it_names() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let made = task(
        &server,
        &workshop,
        json!({ "title": "Warp", "priority": "low", "estimate": 1, "assignee_user_id": owner.id }),
    )
    .await;
    let path = path_of(&made);
    let patch = async |body: Value| server.patch(&path).of(owner).json(body).send().await;
    let same = patch(json!({})).await.expect(200);
    assert_eq!(same, made, "nothing changes, nothing counts");
    let changed = patch(json!({
        "title": "Weft", "priority": null, "estimate": null, "assignee_user_id": null, "due_date": "2026-03-01",
        "status": "in-progress",
    }))
    .await
    .expect(200);
    assert_eq!(
        (
            &changed["title"],
            &changed["priority"],
            &changed["priority_rank"],
            &changed["estimate"]
        ),
        (&json!("Weft"), &json!("none"), &json!(0), &Value::Null)
    );
    assert_eq!(
        (
            &changed["assignee_ids"],
            &changed["status"],
            &changed["column_id"]
        ),
        (&json!([]), &json!("in-progress"), &json!(workshop.columns[1]))
    );
    assert_eq!(changed["version"], json!(2));
    let done = patch(json!({ "status": "done" })).await.expect(200);
    assert_eq!((&done["done"], done["done_at"].is_string()), (&json!(true), true));
    let reopened = patch(json!({ "column_id": workshop.columns[0] }))
        .await
        .expect(200);
    assert_eq!(
        (&reopened["done"], &reopened["status"]),
        (&json!(false), &json!("todo"))
    );
    assert_eq!(
        patch(json!({ "done": true })).await.expect(200)["status"],
        json!("todo"),
        "done where it stands"
    );
    for (wrong, field) in [
        (json!({ "title": null }), "title"),
        (json!({ "title": "x".repeat(501) }), "title"),
        (json!({ "priority": "soon" }), "priority"),
        (json!({ "estimate": -1 }), "estimate"),
        (json!({ "due_date": "tomorrow" }), "due_date"),
        (json!({ "due_date": "2026-02-30" }), "due_date"),
        (json!({ "column_id": "gone" }), "column_id"),
        (json!({ "lane_id": "gone" }), "lane_id"),
        (json!({ "label_ids": ["gone"] }), "label_ids"),
        (json!({ "cover": "gone" }), "cover"),
        (json!({ "parent_id": workshop.board }), "parent_id"),
        (json!({ "assignee_ids": [workshop.board] }), "assignee_ids[0]"),
        (
            json!({ "assignee_ids": [], "assignee_user_id": null }),
            "assignee_user_id",
        ),
        (json!({ "status": "cancelled" }), "status"),
        (
            json!({ "status": "done", "column_id": workshop.columns[0] }),
            "status",
        ),
        (json!({ "number": 7 }), "number"),
        (json!({ "id": workshop.board }), "id"),
        (json!({ "created_at": "2026-01-01T00:00:00Z" }), "created_at"),
        (json!({ "version": 1 }), "version"),
        (json!({ "checklist": [] }), "checklist"),
    ] {
        let answer = patch(wrong.clone()).await;
        assert_eq!(text(&answer.expect(422)["details"][0]["field"]), field, "{wrong}");
    }
    let after = server.get(&path).of(owner).send().await.expect(200);
    assert_eq!(after["title"], json!("Weft"));
    agrees(&server, owner, workshop.board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_saw_the_same_one_is_too_late() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let made = task(&server, &workshop, json!({ "title": "Warp" })).await;
    let path = path_of(&made);
    let etag = server.get(&path).of(owner).send().await.header("etag").unwrap();
    let patch = |title: &str| {
        let request = server.patch(&path).of(owner).header("if-match", &etag);
        request.json(json!({ "title": title })).send()
    };
    let (one, other) = tokio::join!(patch("One"), patch("Other"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{} {}", one.text(), other.text());
    let winner = if one.status == 200 { one } else { other };
    assert_eq!(
        server.get(&path).of(owner).send().await.expect(200)["title"],
        winner.json()["title"]
    );
    let delete = server
        .delete(&path)
        .of(owner)
        .header("if-match", &etag)
        .send()
        .await;
    assert_eq!(delete.problem(412), "PRECONDITION_FAILED");
    let mv = server
        .post(&format!("{path}:move"))
        .of(owner)
        .header("if-match", &etag)
        .json(json!({ "pos": "top" }));
    assert_eq!(mv.send().await.problem(412), "PRECONDITION_FAILED");
    server
        .delete(&path)
        .of(owner)
        .header("if-match", "*")
        .send()
        .await
        .expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_move_where_they_are_told() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let mut made = Vec::new();
    for title in ["a", "b", "c", "d"] {
        made.push(task(&server, &workshop, json!({ "title": title })).await);
    }
    let go = async |at: usize, body: Value| {
        server
            .post(&format!("{}:move", path_of(&made[at])))
            .of(owner)
            .json(body)
            .send()
            .await
    };
    go(3, json!({ "pos": "top" })).await.expect(200);
    assert_eq!(column(&server, &workshop, 0).await, ["d", "a", "b", "c"]);
    go(3, json!({ "after": made[0]["id"] })).await.expect(200);
    assert_eq!(column(&server, &workshop, 0).await, ["a", "d", "b", "c"]);
    let moved = go(1, json!({ "column_id": workshop.columns[2] }))
        .await
        .expect(200);
    assert_eq!((&moved["done"], &moved["status"]), (&json!(true), &json!("done")));
    go(0, json!({ "before": made[1]["id"] })).await.expect(200);
    assert_eq!(
        column(&server, &workshop, 2).await,
        ["a", "b"],
        "its column is that of the other"
    );
    let first = task(&server, &workshop, json!({ "title": "first", "pos": "top" })).await;
    task(
        &server,
        &workshop,
        json!({ "title": "second", "after": first["id"] }),
    )
    .await;
    assert_eq!(column(&server, &workshop, 0).await, ["first", "second", "d", "c"]);
    for (body, status) in [
        (json!({}), 422),
        (json!({ "pos": "middle" }), 422),
        (json!({ "pos": "top", "after": made[0]["id"] }), 422),
        (json!({ "column_id": "gone" }), 422),
        (json!({ "after": workshop.board }), 422),
        (
            json!({ "column_id": workshop.columns[0], "after": made[0]["id"] }),
            422,
        ),
        (json!({ "lane_id": "gone" }), 422),
    ] {
        assert_eq!(go(3, body.clone()).await.status, status, "{body}");
    }
    assert_eq!(column(&server, &workshop, 0).await, ["first", "second", "d", "c"]);
    agrees(&server, owner, workshop.board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hard_limit_holds() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let limit = async |mode: &str| {
        let path = format!("/v1/boards/{board}/columns/{}", workshop.columns[1]);
        let wip = json!({ "wip": { "limit": 1, "mode": mode } });
        server.patch(&path).of(owner).json(wip).send().await.expect(200)
    };
    limit("hard").await;
    let inside = json!({ "title": "in", "column_id": workshop.columns[1] });
    let first = task(&server, &workshop, inside.clone()).await;
    let second = task(&server, &workshop, json!({ "title": "out" })).await;
    let create = format!("/v1/projects/{}/tasks", workshop.studio.project);
    let full = |answer: Answer| assert_eq!(answer.problem(409), "WIP_LIMIT");
    full(server.post(&create).of(owner).json(inside.clone()).send().await);
    let into = json!({ "column_id": workshop.columns[1] });
    full(
        server
            .post(&format!("{}:move", path_of(&second)))
            .of(owner)
            .json(into.clone())
            .send()
            .await,
    );
    full(
        server
            .patch(&path_of(&second))
            .of(owner)
            .json(json!({ "title": "x", "status": "in-progress" }))
            .send()
            .await,
    );
    full(
        server
            .post(&format!("{}:duplicate", path_of(&first)))
            .of(owner)
            .json(json!({}))
            .send()
            .await,
    );
    assert_eq!(
        server.get(&path_of(&second)).of(owner).send().await.expect(200)["title"],
        json!("out")
    );
    // In a full column tasks still move.
    server
        .post(&format!("{}:move", path_of(&first)))
        .of(owner)
        .json(json!({ "pos": "top" }))
        .send()
        .await
        .expect(200);
    assert_eq!(limit("soft").await["over_limit"], json!(false));
    server
        .post(&create)
        .of(owner)
        .json(inside)
        .send()
        .await
        .expect(201);
    let shown = server
        .get(&format!("/v1/boards/{board}/columns/{}", workshop.columns[1]))
        .of(owner)
        .send()
        .await;
    assert_eq!(shown.expect(200)["over_limit"], json!(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_are_archived_deleted_and_brought_back() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let made = task(
        &server,
        &workshop,
        json!({ "title": "Warp", "column_id": workshop.columns[1] }),
    )
    .await;
    let path = path_of(&made);
    let verb = async |verb: &str| server.post(&format!("{path}:{verb}")).of(owner).send().await;
    assert_eq!(
        verb("unarchive").await.expect(200)["version"],
        json!(1),
        "nothing happened"
    );
    assert_eq!(verb("restore").await.problem(409), "NOT_IN_TRASH");
    let archived = verb("archive").await.expect(200);
    assert_eq!(
        (&archived["state"], archived["archived_at"].is_string()),
        (&json!("archived"), true)
    );
    assert_eq!(archived["column_id"], json!(workshop.columns[1]));
    assert_eq!(verb("unarchive").await.expect(200)["state"], json!("open"));
    server.delete(&path).of(owner).send().await.expect(204);
    assert_eq!(
        server.delete(&path).of(owner).send().await.problem(404),
        "NOT_FOUND"
    );
    for change in [
        server.patch(&path).json(json!({ "title": "x" })),
        server.post(&format!("{path}:archive")),
        server.post(&format!("{path}:move")).json(json!({ "pos": "top" })),
        server.post(&format!("{path}:duplicate")).json(json!({})),
        server
            .post(&format!("{path}/checklist"))
            .json(json!({ "text": "x" })),
    ] {
        assert_eq!(change.of(owner).send().await.problem(404), "NOT_FOUND");
    }
    let trashed = server.get(&path).of(owner).send().await.expect(200);
    assert_eq!(
        (&trashed["state"], trashed["deleted_at"].is_string()),
        (&json!("deleted"), true)
    );
    let viewer = server.person("vic").await;
    enlist(&server, owner.workspace, &viewer, "guest").await;
    share(&server, &workshop.studio, workshop.board, &viewer, "viewer")
        .await
        .expect(201);
    assert_eq!(
        server.get(&path).of(&viewer).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(verb("restore").await.expect(200)["state"], json!("open"));
    assert_eq!(column(&server, &workshop, 1).await, ["Warp"]);
    let told = events(&server, owner.workspace).await;
    let of_tasks: Vec<&String> = told.iter().filter(|kind| kind.starts_with("task.")).collect();
    assert_eq!(
        of_tasks,
        [
            "task.created",
            "task.archived",
            "task.unarchived",
            "task.deleted",
            "task.restored"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lay_in_the_trash_for_thirty_days_is_gone() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let old = task(&server, &workshop, json!({ "title": "Old" })).await;
    let new = task(&server, &workshop, json!({ "title": "New" })).await;
    let part = task(
        &server,
        &workshop,
        json!({ "title": "Part", "parent_id": old["id"] }),
    )
    .await;
    server.delete(&path_of(&old)).of(owner).send().await.expect(204);
    let deleted_ms = server.clock.now_ms();
    server.clock.advance(60_000);
    server.delete(&path_of(&new)).of(owner).send().await.expect(204);
    let clear = async |now_ms| {
        server
            .upkeep
            .clear_away(now_ms, Duration::from_secs(86_400))
            .await
            .unwrap()
    };
    clear(deleted_ms + TRASH_MS).await;
    assert_eq!(server.get(&path_of(&old)).of(owner).send().await.status, 200);
    clear(deleted_ms + TRASH_MS + 1).await;
    assert_eq!(
        server.get(&path_of(&old)).of(owner).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        server
            .post(&format!("{}:restore", path_of(&old)))
            .of(owner)
            .send()
            .await
            .problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        server.get(&path_of(&new)).of(owner).send().await.status,
        200,
        "not yet"
    );
    let shown = state(&server, owner, workshop.board).await;
    assert_eq!(
        (
            shown["cards"].as_object().unwrap().len(),
            shown["trash"].as_array().unwrap().len()
        ),
        (2, 1)
    );
    let part = server.get(&path_of(&part)).of(owner).send().await.expect(200);
    assert_eq!(part["parent_id"], Value::Null);
    let next = task(&server, &workshop, json!({ "title": "Next" })).await;
    assert_eq!(next["number"], json!(4), "no number is given twice");
    agrees(&server, owner, workshop.board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_stands_behind_its_original() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let whole = task(&server, &workshop, json!({ "title": "Whole" })).await;
    let made = task(
        &server,
        &workshop,
        json!({
            "title": "Part", "parent_id": whole["id"], "description": "of *it*", "assignee_ids": [owner.id],
            "checklist": [{ "text": "wind", "done": true }], "priority": "high",
        }),
    )
    .await;
    task(&server, &workshop, json!({ "title": "Last" })).await;
    let path = path_of(&made);
    let copy = server
        .post(&format!("{path}:duplicate"))
        .of(owner)
        .json(json!({}))
        .send()
        .await;
    let location = copy.header("location").unwrap();
    let copy = copy.expect(201);
    assert_eq!(location, path_of(&copy));
    for same in [
        "title",
        "parent_id",
        "assignee_ids",
        "priority",
        "column_id",
        "described",
        "checklist_done",
    ] {
        assert_eq!(copy[same], made[same], "{same}");
    }
    assert!(copy["checklist"][0]["id"] != made["checklist"][0]["id"]);
    let described = server
        .get(&format!("{}?expand=description", path_of(&copy)))
        .of(owner)
        .send()
        .await;
    assert_eq!(described.expect(200)["description"], json!("of _it_\n"));
    let titled = server
        .post(&format!("{path}:duplicate"))
        .of(owner)
        .json(json!({ "title": "Other" }))
        .send()
        .await;
    titled.expect(201);
    assert_eq!(
        column(&server, &workshop, 0).await,
        ["Whole", "Part", "Other", "Part", "Last"]
    );
    agrees(&server, owner, workshop.board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_made_once_however_often_it_is_asked_for() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let path = format!("/v1/projects/{}/tasks", workshop.studio.project);
    let ask = |title: &str| {
        let request = server.post(&path).of(owner).header("idempotency-key", "k-1");
        request.json(json!({ "title": title }))
    };
    let at_once = (0..20).map(|_| ask("Warp").send());
    let answers = futures_util::future::join_all(at_once).await;
    let first = answers[0].clone().expect(201);
    for answer in answers {
        assert_eq!(answer.expect(201), first);
    }
    assert_eq!(column(&server, &workshop, 0).await, ["Warp"]);
    assert_eq!(ask("Weft").send().await.problem(422), "IDEMPOTENCY_KEY_REUSED");
    // The server died after the edit was durable and before the answer was kept.
    server.forget_answers().await;
    assert_eq!(ask("Warp").send().await.expect(201)["id"], first["id"]);
    let copies = format!("{}:duplicate", path_of(&first));
    let copy = || {
        server
            .post(&copies)
            .of(owner)
            .header("idempotency-key", "k-1")
            .json(json!({}))
    };
    let once = copy().send().await.expect(201);
    server.forget_answers().await;
    assert_eq!(copy().send().await.expect(201)["id"], once["id"]);
    assert_eq!(column(&server, &workshop, 0).await.len(), 2);
    // Somebody else's key of the same name is another one.
    let bob = server.person("bob").await;
    enlist(&server, owner.workspace, &bob, "admin").await;
    let other = server
        .post(&path)
        .of(&bob)
        .header("idempotency-key", "k-1")
        .json(json!({ "title": "Warp" }));
    assert!(other.send().await.expect(201)["id"] != first["id"]);
    let mut events = events(&server, owner.workspace).await;
    events.retain(|kind| kind == "task.created");
    assert_eq!(events.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_may_see_the_board_works_on_it() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let (bob, eve) = (server.person("bob").await, server.person("eve").await);
    enlist(&server, owner.workspace, &bob, "member").await;
    let path = format!("/v1/projects/{}/tasks", workshop.studio.project);
    let with = async |id| {
        let body = json!({ "title": "x", "board_id": board, "assignee_ids": [id] });
        server.post(&path).of(owner).json(body).send().await
    };
    assert_eq!(with(eve.id).await.problem(422), "VALIDATION_FAILED");
    assert_eq!(
        with(bob.id).await.problem(422),
        "VALIDATION_FAILED",
        "in the workspace, but not on the board"
    );
    share(&server, &workshop.studio, board, &bob, "viewer")
        .await
        .expect(201);
    let made = with(bob.id).await.expect(201);
    assert_eq!(made["assignee_user_id"], json!(bob.id));
    // Whoever is on it already stays, also when others are put beside them later.
    let unshare = format!("/v1/documents/{board}/shares/{}", bob.id);
    server.delete(&unshare).of(owner).send().await.expect(204);
    let both = json!({ "assignee_ids": [bob.id, owner.id] });
    server
        .patch(&path_of(&made))
        .of(owner)
        .json(both)
        .send()
        .await
        .expect(200);
    assert_eq!(
        id_of(&made),
        id_of(&server.get(&path_of(&made)).of(owner).send().await.expect(200))
    );
}
