//! Boards of projects: made from templates, shown, copied, moved, put away, and closed to everybody else.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::documents::{Studio, create_project, enlist, share, studio};
use crate::support::{Person, Request, TestServer, id_of, text};

/// Somebody's project with a board that has the usual columns.
pub struct Workshop {
    pub studio: Studio,
    pub board: Uuid,
    /// Its columns: to do, in progress, done.
    pub columns: [String; 3],
}

impl Workshop {
    pub fn owner(&self) -> &Person {
        &self.studio.owner
    }
}

pub async fn workshop(server: &TestServer, name: &str) -> Workshop {
    let studio = studio(server, name).await;
    let board = id_of(&make(server, &studio, json!({ "title": "Loom" })).await);
    let columns = names(server, &studio.owner, board, "columns").await;
    let columns = columns.try_into().expect("three columns");
    Workshop {
        studio,
        board,
        columns,
    }
}

pub async fn make(server: &TestServer, studio: &Studio, body: Value) -> Value {
    server
        .post(&format!("/v1/projects/{}/boards", studio.project))
        .of(&studio.owner)
        .json(body)
        .send()
        .await
        .expect(201)
}

/// What a board shows.
pub async fn state(server: &TestServer, person: &Person, board: Uuid) -> Value {
    let path = format!("/v1/boards/{board}/state");
    server.get(&path).of(person).send().await.expect(200)
}

/// The ids in a list of a board.
pub async fn names(server: &TestServer, person: &Person, board: Uuid, list: &str) -> Vec<String> {
    let answer = server
        .get(&format!("/v1/boards/{board}/{list}"))
        .of(person)
        .send()
        .await;
    let answer = answer.expect(200);
    answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| text(&entry["id"]))
        .collect()
}

pub async fn task(server: &TestServer, workshop: &Workshop, body: Value) -> Value {
    let path = format!("/v1/projects/{}/tasks", workshop.studio.project);
    server
        .post(&path)
        .of(workshop.owner())
        .json(body)
        .send()
        .await
        .expect(201)
}

/// The rows of a board must say what its document shows.
pub async fn agrees(server: &TestServer, person: &Person, board: Uuid) {
    let path = format!("/v1/boards/{board}:verify");
    let verified = server.post(&path).of(person).send().await.expect(200);
    assert_eq!(verified["consistent"], json!(true), "{verified}");
}

/// The kinds of the events of a workspace, oldest first.
pub async fn events(server: &TestServer, workspace: Uuid) -> Vec<String> {
    use weft_storage::records::{EventFilter, EventSpan};
    let mut tx = server.storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(weft_storage::WorkspaceId(workspace)).await.unwrap();
    let span = EventSpan::after(0, 1_000);
    let events = tenant.events(&EventFilter::default(), span).await.unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_board_from_its_making_to_the_trash_and_back() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let owner = &studio.owner;
    let made = make(&server, &studio, json!({ "title": "Loom" })).await;
    let id = id_of(&made);
    assert_eq!(
        (
            &made["title"],
            &made["role"],
            &made["project_id"],
            &made["workspace_id"]
        ),
        (
            &json!("Loom"),
            &json!("owner"),
            &json!(studio.project),
            &json!(owner.workspace)
        )
    );
    let shown = state(&server, owner, id).await;
    let titles: Vec<&Value> = shown["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| &column["title"])
        .collect();
    assert_eq!(titles, [&json!("To do"), &json!("In progress"), &json!("Done")]);
    assert_eq!(shown["schema"], json!(1));
    agrees(&server, owner, id).await;

    let path = format!("/v1/boards/{id}");
    let answer = server.get(&path).of(owner).send().await;
    let etag = answer.header("etag").unwrap();
    let known = server
        .get(&path)
        .of(owner)
        .header("if-none-match", &etag)
        .send()
        .await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let patch = |body: Value| server.patch(&path).of(owner).json(body);
    let renamed = patch(json!({ "title": "Jacquard" }))
        .header("if-match", &etag)
        .send()
        .await
        .expect(200);
    assert_eq!(renamed["title"], json!("Jacquard"));
    let late = patch(json!({ "title": "Late" }))
        .header("if-match", &etag)
        .send()
        .await;
    assert_eq!(late.problem(412), "PRECONDITION_FAILED");
    for forbidden in [
        json!({ "role": "owner" }),
        json!({ "workspace_id": owner.workspace }),
        json!({ "created_at": "2026-01-01T00:00:00Z" }),
        json!({ "columns": [] }),
        json!({ "title": null }),
    ] {
        assert_eq!(patch(forbidden).send().await.problem(422), "VALIDATION_FAILED");
    }

    let verb = |verb: &str| server.post(&format!("{path}:{verb}")).of(owner);
    assert_eq!(verb("restore").send().await.problem(409), "NOT_IN_TRASH");
    assert!(verb("archive").send().await.expect(200)["archived_at"].is_string());
    let column = || {
        server
            .post(&format!("{path}/columns"))
            .of(owner)
            .json(json!({ "title": "More" }))
    };
    assert_eq!(column().send().await.problem(409), "DOCUMENT_ARCHIVED");
    verb("unarchive").send().await.expect(200);
    column().send().await.expect(201);
    server.delete(&path).of(owner).send().await.expect(204);
    assert_eq!(
        server.delete(&path).of(owner).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(column().send().await.problem(404), "NOT_FOUND");
    assert_eq!(
        verb("restore").send().await.expect(200)["deleted_at"],
        Value::Null
    );
    assert_eq!(names(&server, owner, id, "columns").await.len(), 4);
    assert_eq!(
        events(&server, owner.workspace)
            .await
            .iter()
            .filter(|kind| kind.starts_with("board."))
            .collect::<Vec<_>>(),
        [
            "board.created",
            "board.updated",
            "board.updated",
            "board.updated",
            "board.deleted",
            "board.updated"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boards_begin_with_what_their_template_has() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (studio, owner) = (&workshop.studio, workshop.owner());
    for (template, columns) in [("kanban", 3), ("SCRUM", 5), ("bugs", 6), ("empty", 0)] {
        let made = make(
            &server,
            studio,
            json!({ "title": template, "template": template }),
        )
        .await;
        let shown = state(&server, owner, id_of(&made)).await;
        assert_eq!(shown["columns"].as_array().unwrap().len(), columns, "{template}");
        agrees(&server, owner, id_of(&made)).await;
    }
    task(
        &server,
        &workshop,
        json!({ "title": "Warp", "board_id": workshop.board }),
    )
    .await;
    let like = |with_cards: bool| json!({ "title": "Like it", "template_board_id": workshop.board, "with_cards": with_cards });
    let bare = state(&server, owner, id_of(&make(&server, studio, like(false)).await)).await;
    let full = state(&server, owner, id_of(&make(&server, studio, like(true)).await)).await;
    assert_eq!(
        (
            bare["columns"].as_array().unwrap().len(),
            bare["cards"].as_object().unwrap().len()
        ),
        (3, 0)
    );
    assert_eq!(full["cards"].as_object().unwrap().len(), 1);
    assert!(full["columns"][0]["id"] != bare["columns"][0]["id"]);

    let path = format!("/v1/projects/{}/boards", studio.project);
    let refused = async |body: Value| server.post(&path).of(owner).json(body).send().await.problem(422);
    for body in [
        json!({ "title": "x", "template": "waterfall" }),
        json!({ "title": "x", "template": "kanban", "template_board_id": workshop.board }),
        json!({ "title": "x", "with_cards": true }),
        json!({ "title": "x", "template_board_id": studio.project }),
        json!({ "title": "" }),
        json!({}),
        json!({ "title": "x", "owner_user_id": owner.id }),
    ] {
        refused(body).await;
    }
    let stranger = self::workshop(&server, "eve").await;
    let body = json!({ "title": "x", "template_board_id": stranger.board });
    refused(body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_is_made_once_however_often_it_is_asked_for() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let path = format!("/v1/projects/{}/boards", studio.project);
    let ask = |title: &str| {
        let request = server
            .post(&path)
            .of(&studio.owner)
            .header("idempotency-key", "one-board");
        request.json(json!({ "title": title }))
    };
    let first = ask("Loom").send().await;
    let again = ask("Loom").send().await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed").as_deref()),
        (201, Some("true"))
    );
    assert_eq!(first.json(), again.json());
    assert_eq!(ask("Other").send().await.problem(422), "IDEMPOTENCY_KEY_REUSED");
    let list = server
        .get(&format!("{path}?page=1"))
        .of(&studio.owner)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["total"], json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boards_are_listed_and_found() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    for title in ["Loom", "Shuttle", "Spindle"] {
        make(&server, &studio, json!({ "title": title })).await;
    }
    server
        .post(&format!("/v1/projects/{}/documents", studio.project))
        .of(&studio.owner)
        .json(json!({ "title": "Loom text" }))
        .send()
        .await
        .expect(201);
    let path = format!("/v1/projects/{}/boards", studio.project);
    let titles = async |query: &str| {
        let answer = server
            .get(&format!("{path}?{query}"))
            .of(&studio.owner)
            .send()
            .await
            .expect(200);
        let data = answer["data"].as_array().unwrap().clone();
        (
            data.iter().map(|board| text(&board["title"])).collect::<Vec<_>>(),
            answer["meta"]["next_cursor"].clone(),
        )
    };
    assert_eq!(titles("sort=-title").await.0, ["Spindle", "Shuttle", "Loom"]);
    assert_eq!(titles("search=LOO").await.0, ["Loom"]);
    let (first, cursor) = titles("sort=title&limit=2").await;
    assert_eq!(first, ["Loom", "Shuttle"]);
    assert_eq!(
        titles(&format!("sort=title&limit=2&cursor={}", text(&cursor)))
            .await
            .0,
        ["Spindle"]
    );
    let unknown = server
        .get(&format!("{path}?kind=text"))
        .of(&studio.owner)
        .send()
        .await;
    assert_eq!(unknown.problem(400), "INVALID_QUERY");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_copy_has_new_ids_and_nobody_who_would_not_see_it() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let (bob, cleo) = (server.person("bob").await, server.person("cleo").await);
    for person in [&bob, &cleo] {
        enlist(&server, owner.workspace, person, "member").await;
    }
    // Bob sees this board alone, Cleo everything of the team.
    share(&server, &workshop.studio, board, &bob, "editor")
        .await
        .expect(201);
    let member = format!("/v1/teams/{}/members/{}", workshop.studio.team, cleo.id);
    server
        .put(&member)
        .of(owner)
        .json(json!({ "role": "member" }))
        .send()
        .await
        .expect(201);
    let whole = task(&server, &workshop, json!({
        "title": "Whole", "description": "with *knots*", "assignee_ids": [bob.id, cleo.id], "priority": "high",
        "checklist": [{ "text": "warp", "done": true }],
    }))
    .await;
    let part = task(
        &server,
        &workshop,
        json!({ "title": "Part", "parent_id": whole["id"] }),
    )
    .await;
    let gone = task(&server, &workshop, json!({ "title": "Gone" })).await;
    server
        .delete(&format!("/v1/tasks/{}", text(&gone["id"])))
        .of(owner)
        .send()
        .await
        .expect(204);
    let blocks = json!({ "kind": "blocks", "task_id": part["id"] });
    server
        .post(&format!("/v1/tasks/{}/dependencies", text(&whole["id"])))
        .of(owner)
        .json(blocks)
        .send()
        .await
        .expect(201);

    let copy = server
        .post(&format!("/v1/boards/{board}:duplicate"))
        .of(owner)
        .json(json!({ "title": "Copy" }));
    let copy = copy.send().await.expect(201);
    let shown = state(&server, owner, id_of(&copy)).await;
    agrees(&server, owner, id_of(&copy)).await;
    let cards = shown["cards"].as_object().unwrap();
    assert_eq!(cards.len(), 2);
    let by_title = |title: &str| {
        cards
            .iter()
            .find(|(_, card)| card["title"] == json!(title))
            .unwrap()
    };
    let (whole_id, whole_card) = by_title("Whole");
    assert!(whole_id != &text(&whole["card_id"]));
    assert_eq!(whole_card["assignees"], json!([cleo.id]), "bob would not see it");
    assert_eq!(
        (&whole_card["priority"], &whole_card["described"]),
        (&json!("high"), &json!(true))
    );
    assert_eq!(whole_card["checklist"][0]["text"], json!("warp"));
    assert_eq!(by_title("Part").1["parent"], json!(whole_id));
    assert_eq!(shown["links"][0]["from"], json!(whole_id));
    let numbers: Vec<i64> = numbers(&server, owner, &shown).await;
    assert_eq!(numbers, [4, 5], "copies are counted on");
    // A document's own way to the same.
    let other = server
        .post(&format!("/v1/documents/{board}:duplicate"))
        .of(owner)
        .json(json!({}))
        .send()
        .await;
    let other = other.expect(201);
    assert_eq!(other["kind"], json!("board"));
    let shown = state(&server, owner, id_of(&other)).await;
    assert_eq!(shown["cards"].as_object().unwrap().len(), 2);
}

/// The numbers of the tasks that a board shows, in order.
async fn numbers(server: &TestServer, person: &Person, shown: &Value) -> Vec<i64> {
    let mut numbers = Vec::new();
    for id in shown["cards"].as_object().unwrap().keys() {
        let task = server
            .get(&format!("/v1/tasks/{id}"))
            .of(person)
            .send()
            .await
            .expect(200);
        numbers.push(task["number"].as_i64().unwrap());
    }
    numbers.sort_unstable();
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_moves_with_its_tasks() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let made = task(&server, &workshop, json!({ "title": "Warp" })).await;
    assert_eq!(made["key"], json!("LOOM-1"));
    let other = create_project(&server, owner, workshop.studio.team, "Silk").await;
    let path = format!("/v1/boards/{}", workshop.board);
    let moved = server
        .patch(&path)
        .of(owner)
        .json(json!({ "project_id": other }))
        .send()
        .await
        .expect(200);
    assert_eq!(moved["project_id"], json!(other));
    let task = server
        .get(&format!("/v1/tasks/{}", text(&made["id"])))
        .of(owner)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&task["key"], &task["project_id"]),
        (&json!("SILK-1"), &json!(other))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_of_the_kind_board_is_a_board() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let documents = format!("/v1/projects/{}/documents", studio.project);
    let made = server
        .post(&documents)
        .of(&studio.owner)
        .json(json!({ "title": "Loom", "kind": "board" }));
    let made = made.send().await.expect(201);
    assert_eq!(made["kind"], json!("board"));
    assert_eq!(
        names(&server, &studio.owner, id_of(&made), "columns").await.len(),
        3
    );
    let with_text = json!({ "title": "x", "kind": "board", "content": "x", "format": "markdown" });
    let refused = server
        .post(&documents)
        .of(&studio.owner)
        .json(with_text)
        .send()
        .await;
    assert_eq!(refused.problem(422), "VALIDATION_FAILED");
    let plain = server
        .post(&documents)
        .of(&studio.owner)
        .json(json!({ "title": "Text" }))
        .send()
        .await;
    let plain = id_of(&plain.expect(201));
    for path in ["", "/state", "/columns", "/export"] {
        let answer = server
            .get(&format!("/v1/boards/{plain}{path}"))
            .of(&studio.owner)
            .send()
            .await;
        assert_eq!(answer.problem(404), "NOT_FOUND", "a text is no board: {path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_has_a_version_of_its_own() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let path = format!("/v1/boards/{}/state", workshop.board);
    let first = server.get(&path).of(owner).send().await;
    let etag = first.header("etag").unwrap();
    let again = server
        .get(&path)
        .of(owner)
        .header("if-none-match", &etag)
        .send()
        .await;
    assert_eq!((again.status, again.header("etag")), (304, Some(etag.clone())));
    task(&server, &workshop, json!({ "title": "Warp" })).await;
    let changed = server
        .get(&path)
        .of(owner)
        .header("if-none-match", &etag)
        .send()
        .await;
    assert_eq!(changed.expect(200)["cards"].as_object().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn who_may_not_see_a_board_learns_nothing_and_who_may_only_look_changes_nothing() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let (owner, board) = (workshop.owner(), workshop.board);
    let made = text(
        &task(
            &server,
            &workshop,
            json!({ "title": "Warp", "checklist": [{ "text": "wind" }] }),
        )
        .await["id"],
    );
    let (stranger, viewer, commenter) = (
        server.person("eve").await,
        server.person("vic").await,
        server.person("cora").await,
    );
    for (person, role) in [(&viewer, "viewer"), (&commenter, "commenter")] {
        enlist(&server, owner.workspace, person, "guest").await;
        share(&server, &workshop.studio, board, person, role)
            .await
            .expect(201);
    }
    let column = &workshop.columns[1];
    let writes = |server: &TestServer| -> Vec<Request> {
        vec![
            server
                .patch(&format!("/v1/boards/{board}"))
                .json(json!({ "title": "Mine" })),
            server.delete(&format!("/v1/boards/{board}")),
            server.post(&format!("/v1/boards/{board}:archive")),
            server.post(&format!("/v1/boards/{board}:verify")),
            server
                .post(&format!("/v1/boards/{board}/columns"))
                .json(json!({ "title": "Mine" })),
            server
                .patch(&format!("/v1/boards/{board}/columns/{column}"))
                .json(json!({ "title": "Mine" })),
            server.delete(&format!("/v1/boards/{board}/columns/{column}")),
            server
                .post(&format!("/v1/boards/{board}/labels"))
                .json(json!({ "name": "Mine" })),
            server
                .patch(&format!("/v1/tasks/{made}"))
                .json(json!({ "title": "Mine" })),
            server
                .post(&format!("/v1/tasks/{made}:move"))
                .json(json!({ "pos": "top" })),
            server.post(&format!("/v1/tasks/{made}:archive")),
            server
                .post(&format!("/v1/tasks/{made}:duplicate"))
                .json(json!({})),
            server.delete(&format!("/v1/tasks/{made}")),
            server.put(&format!("/v1/tasks/{made}/watchers/{}", viewer.id)),
            server
                .post(&format!("/v1/tasks/{made}/checklist"))
                .json(json!({ "text": "Mine" })),
            server
                .put(&format!("/v1/tasks/{made}/description"))
                .header("if-match", "*")
                .body("text/markdown", "Mine"),
            server
                .post("/v1/tasks:batch")
                .json(json!({ "operations": [{ "op": "delete", "task_id": made }] })),
        ]
    };
    let reads = |server: &TestServer| -> Vec<Request> {
        [
            format!("/v1/boards/{board}"),
            format!("/v1/boards/{board}/state"),
            format!("/v1/boards/{board}/columns"),
            format!("/v1/boards/{board}/columns/{column}"),
            format!("/v1/boards/{board}/export"),
            format!("/v1/tasks/{made}"),
            format!("/v1/tasks/{made}/checklist"),
            format!("/v1/tasks/{made}/dependencies"),
            format!("/v1/tasks/{made}/subtasks"),
            format!("/v1/tasks/{made}/description"),
        ]
        .iter()
        .map(|path| server.get(path))
        .collect()
    };
    let before = state(&server, owner, board).await;
    for request in writes(&server).into_iter().chain(reads(&server)) {
        assert_eq!(
            request.clone().of(&stranger).send().await.problem(404),
            "NOT_FOUND",
            "{request:?}"
        );
        assert_eq!(
            request.clone().send().await.problem(401),
            "UNAUTHORIZED",
            "{request:?}"
        );
    }
    for person in [&viewer, &commenter] {
        for request in writes(&server) {
            let answer = request.clone().of(person).send().await;
            assert_eq!(answer.problem(403), "FORBIDDEN", "{request:?}");
        }
        for request in reads(&server) {
            let answer = request.clone().of(person).send().await;
            assert_eq!(answer.status, 200, "{request:?}: {}", answer.text());
        }
    }
    assert_eq!(state(&server, owner, board).await, before);
}
