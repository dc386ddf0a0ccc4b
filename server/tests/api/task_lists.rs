//! Lists of tasks across boards, saved views of them, files of tasks, and what is said about tasks.

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::clock::Clock as _;

use crate::documents::{Studio, enlist, share, studio};
use crate::support::{Person, TestServer, id_of, text};

/// A board of a studio's project.
pub async fn board(server: &TestServer, studio: &Studio, title: &str) -> Uuid {
    let path = format!("/v1/projects/{}/boards", studio.project);
    let form = json!({ "title": title });
    id_of(
        &server
            .post(&path)
            .of(&studio.owner)
            .json(form)
            .send()
            .await
            .expect(201),
    )
}

/// A task on a board.
pub async fn task(server: &TestServer, studio: &Studio, board: Uuid, mut form: Value) -> Value {
    form["board_id"] = json!(board);
    let path = format!("/v1/projects/{}/tasks", studio.project);
    server
        .post(&path)
        .of(&studio.owner)
        .json(form)
        .send()
        .await
        .expect(201)
}

async fn titles(server: &TestServer, who: &Person, path: &str) -> Vec<String> {
    let list = server.get(path).of(who).send().await.expect(200);
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| text(&row["title"])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one world, asked in many ways")]
async fn lists_hold_what_is_asked_for_and_may_be_seen() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let (first, second) = (
        board(&server, &studio, "One").await,
        board(&server, &studio, "Two").await,
    );
    let cem = server.person("cem").await;
    enlist(&server, ada.workspace, &cem, "guest").await;
    share(&server, &studio, first, &cem, "editor").await.expect(201);
    let make = async |board, form| task(&server, &studio, board, form).await;
    make(
        first,
        json!({ "title": "Warp", "priority": "high", "due_date": "2026-11-20", "assignee_ids": [cem.id] }),
    )
    .await;
    make(
        first,
        json!({ "title": "Weft", "priority": "low", "status": "in-progress" }),
    )
    .await;
    let done = make(
        first,
        json!({ "title": "Wind", "status": "done", "due_date": "2026-11-01" }),
    )
    .await;
    let gone = make(first, json!({ "title": "Waste" })).await;
    make(
        second,
        json!({ "title": "Elsewhere", "due_date": "2026-12-24T10:00:00Z", "assignee_user_id": ada.id }),
    )
    .await;
    let remove = format!("/v1/tasks/{}", id_of(&gone));
    server
        .delete(&remove)
        .of(ada)
        .header("if-match", "*")
        .send()
        .await
        .expect(204);
    assert_eq!(done["status"], "done");

    let project = format!("/v1/projects/{}/tasks", studio.project);
    let on_first = format!("/v1/boards/{first}/tasks");
    for (query, expected) in [
        ("", vec!["Warp", "Weft", "Wind", "Elsewhere"]),
        ("?state=any", vec!["Warp", "Weft", "Wind", "Waste", "Elsewhere"]),
        ("?state=deleted", vec!["Waste"]),
        ("?status=done", vec!["Wind"]),
        ("?status=todo,in_progress", vec!["Warp", "Weft", "Elsewhere"]),
        ("?status=started", vec!["Weft"]),
        ("?status=IN-PROGRESS", vec!["Weft"]),
        ("?priority=high,urgent", vec!["Warp"]),
        ("?priority=none&sort=-title", vec!["Wind", "Elsewhere"]),
        ("?assignee=me", vec!["Elsewhere"]),
        ("?assignee=none", vec!["Weft", "Wind"]),
        ("?assignee=any", vec!["Warp", "Elsewhere"]),
        ("?due_before=2026-11-20", vec!["Wind"]),
        ("?due_before=2026-11-20T00:00:01Z", vec!["Warp", "Wind"]),
        ("?due_after=2026-11-20&sort=due", vec!["Warp", "Elsewhere"]),
        ("?text=wE", vec!["Weft"]),
        ("?sort=-priority&limit=2", vec!["Warp", "Weft"]),
        ("?sort=-number&limit=1", vec!["Elsewhere"]),
        ("?has_parent=true", vec![]),
    ] {
        let found = titles(&server, ada, &format!("{project}{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
    let of_cem = format!("?assignee={}", cem.id);
    assert_eq!(
        titles(&server, ada, &format!("{project}{of_cem}")).await,
        ["Warp"]
    );
    assert_eq!(
        titles(&server, ada, &format!("{project}?board_id={second}")).await,
        ["Elsewhere"]
    );
    assert_eq!(
        titles(&server, ada, &format!("{on_first}?sort=position")).await,
        ["Warp", "Weft", "Wind"]
    );
    // Who sees one board through a share sees its tasks, everywhere, and no others.
    assert_eq!(titles(&server, &cem, &on_first).await.len(), 3);
    assert_eq!(titles(&server, &cem, "/v1/tasks").await, ["Warp", "Weft", "Wind"]);
    assert_eq!(titles(&server, &cem, "/v1/tasks?assignee=me").await, ["Warp"]);
    assert_eq!(
        server.get(&project).of(&cem).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        server
            .get(&format!("/v1/boards/{second}/tasks"))
            .of(&cem)
            .send()
            .await
            .problem(404),
        "NOT_FOUND"
    );
    let counted = server
        .get("/v1/tasks?page=1&limit=1")
        .of(&cem)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            &counted["meta"]["total"],
            counted["data"].as_array().unwrap().len()
        ),
        (&json!(3), 1)
    );
    let bob = server.person("bob").await;
    assert_eq!(
        titles(
            &server,
            &bob,
            &format!("/v1/tasks?workspace_id={}", ada.workspace)
        )
        .await,
        Vec::<String>::new()
    );
    for bad in [
        "?colour=red",
        "?status=doing",
        "?due_before=soon",
        "?sort=luck",
        "?priority=5",
        "?limit=0",
    ] {
        assert_eq!(
            server
                .get(&format!("{project}{bad}"))
                .of(ada)
                .send()
                .await
                .problem(400),
            "INVALID_QUERY",
            "{bad}"
        );
    }
    // A walk in an order that has equals neither skips nor repeats.
    let (mut seen, mut query) = (Vec::new(), "?sort=-due&limit=1".to_owned());
    loop {
        let page = server
            .get(&format!("{project}{query}"))
            .of(ada)
            .send()
            .await
            .expect(200);
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| text(&row["title"])),
        );
        let Some(cursor) = page["meta"]["next_cursor"].as_str() else {
            break;
        };
        query = format!("?sort=-due&limit=1&cursor={cursor}");
    }
    assert_eq!(seen, ["Weft", "Elsewhere", "Warp", "Wind"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_over_where_its_reader_is() {
    let server = TestServer::start().await;
    let mut studio = studio(&server, "ada").await;
    // A minute past midnight, when the login of before is over.
    let to_midnight = 86_400_000 - server.clock.now_ms().rem_euclid(86_400_000);
    server.clock.advance(to_midnight + 60_000);
    studio.owner.token = text(&server.log_in("ada").await["access_token"]);
    let ada = &studio.owner;
    let board = board(&server, &studio, "One").await;
    let now_ms = server.clock.now_ms();
    let day = |offset: i64| {
        let days = now_ms.div_euclid(86_400_000) + offset;
        let date = time::Date::from_julian_day(2_440_588 + i32::try_from(days).unwrap()).unwrap();
        date.to_string()
    };
    task(
        &server,
        &studio,
        board,
        json!({ "title": "Yesterday", "due_date": day(-1) }),
    )
    .await;
    task(
        &server,
        &studio,
        board,
        json!({ "title": "Today", "due_date": day(0) }),
    )
    .await;
    task(
        &server,
        &studio,
        board,
        json!({ "title": "Long ago, done", "due_date": day(-9), "done": true }),
    )
    .await;
    task(
        &server,
        &studio,
        board,
        json!({ "title": "Past", "due_date": format!("{}T00:00:00Z", day(0)) }),
    )
    .await;
    task(&server, &studio, board, json!({ "title": "Never" })).await;
    let overdue = async || titles(&server, ada, "/v1/tasks?overdue=true").await;
    assert_eq!(overdue().await, ["Yesterday", "Past"]);
    let rest = titles(&server, ada, "/v1/tasks?overdue=false").await;
    assert_eq!(rest, ["Today", "Long ago, done", "Never"]);
    // It is still yesterday in the west, and tomorrow in the far east.
    let live_in = async |zone: &str| {
        let form = json!({ "time_zone": zone });
        server
            .put("/v1/users/me/preferences")
            .of(ada)
            .json(form)
            .send()
            .await
    };
    live_in("Pacific/Pago_Pago").await.expect(200);
    assert_eq!(overdue().await, ["Past"]);
    live_in("Etc/GMT-14").await.expect(200);
    assert_eq!(overdue().await, ["Yesterday", "Past"]);
    assert_eq!(live_in("Mars/Olympus").await.problem(422), "VALIDATION_FAILED");
    let number = server
        .put("/v1/users/me/preferences")
        .of(ada)
        .json(json!({ "time_zone": 2 }));
    assert_eq!(number.send().await.problem(422), "VALIDATION_FAILED");
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_keeps_a_question_for_oneself_or_for_all() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let board = board(&server, &studio, "One").await;
    let vera = server.person("vera").await;
    enlist(&server, ada.workspace, &vera, "member").await;
    let member = format!("/v1/projects/{}/members/{}", studio.project, vera.id);
    server
        .put(&member)
        .of(ada)
        .json(json!({ "role": "viewer" }))
        .send()
        .await
        .expect(201);
    task(
        &server,
        &studio,
        board,
        json!({ "title": "Mine", "assignee_ids": [vera.id], "priority": "low" }),
    )
    .await;
    task(
        &server,
        &studio,
        board,
        json!({ "title": "Hers", "assignee_ids": [ada.id], "priority": "high" }),
    )
    .await;
    let views = format!("/v1/projects/{}/views", studio.project);
    let save = |who: &Person, form: Value| server.post(&views).of(who).json(form);
    let all = json!({ "name": "By weight", "visibility": "project", "sort": "-priority", "filter": { "status": ["todo"] } });
    assert_eq!(save(&vera, all.clone()).send().await.problem(403), "FORBIDDEN");
    let shared = save(ada, all).send().await.expect(201);
    let own = json!({ "name": "Mine", "filter": { "assignee": "me" } });
    let personal = save(&vera, own).send().await.expect(201);
    assert_eq!(personal["visibility"], "personal");
    let of = |view: &Value| format!("/v1/views/{}", id_of(view));
    assert_eq!(
        titles(&server, &vera, &format!("{}/tasks", of(&personal))).await,
        ["Mine"]
    );
    assert_eq!(
        titles(&server, &vera, &format!("{}/tasks", of(&shared))).await,
        ["Hers", "Mine"]
    );
    assert_eq!(
        titles(&server, &vera, &format!("{}/tasks?sort=-view", of(&shared))).await,
        ["Mine", "Hers"]
    );
    assert_eq!(
        titles(&server, &vera, &format!("{}/tasks?sort=title", of(&shared))).await,
        ["Hers", "Mine"]
    );
    let names = async |who: &Person| {
        let list = server
            .get(&format!("{views}?page=1"))
            .of(who)
            .send()
            .await
            .expect(200);
        assert_eq!(
            list["meta"]["total"],
            json!(list["data"].as_array().unwrap().len())
        );
        let rows = list["data"].as_array().unwrap();
        rows.iter().map(|row| text(&row["name"])).collect::<Vec<_>>()
    };
    assert_eq!(names(ada).await, ["By weight"]);
    assert_eq!(names(&vera).await, ["By weight", "Mine"]);
    assert_eq!(
        server.get(&of(&personal)).of(ada).send().await.problem(404),
        "NOT_FOUND"
    );
    for request in [
        server.delete(&of(&shared)),
        server.patch(&of(&shared)).json(json!({ "name": "x" })),
    ] {
        assert_eq!(request.of(&vera).send().await.problem(403), "FORBIDDEN");
    }
    let share = server
        .patch(&of(&personal))
        .of(&vera)
        .json(json!({ "visibility": "project" }));
    assert_eq!(share.send().await.problem(403), "FORBIDDEN");
    for (bad, field) in [
        (json!({ "colour": "red" }), "filter.colour"),
        (json!({ "status": ["doing"] }), "filter.status[0]"),
        (json!({ "assignee": 7 }), "filter.assignee"),
        (json!({ "due_before": "soon" }), "filter.due_before"),
        (json!({ "limit": "7" }), "filter.limit"),
    ] {
        let refused = save(ada, json!({ "name": "Bad", "filter": bad })).send().await;
        assert_eq!(refused.json()["details"][0]["field"], field, "{}", refused.text());
        assert_eq!(refused.problem(422), "VALIDATION_FAILED");
    }
    assert_eq!(
        save(ada, json!({ "name": "Bad", "sort": "luck" }))
            .send()
            .await
            .problem(422),
        "VALIDATION_FAILED"
    );
    let renamed = server.patch(&of(&shared)).of(ada).header("if-match", "\"1\"");
    let renamed = renamed
        .json(json!({ "name": "Heavy first", "filter": {} }))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&renamed["name"], &renamed["filter"]),
        (&json!("Heavy first"), &json!({}))
    );
    server.delete(&of(&shared)).of(ada).send().await.expect(204);
    assert_eq!(
        server.get(&of(&shared)).of(ada).send().await.problem(404),
        "NOT_FOUND"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_a_task_is_in_its_card_and_leaves_it() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let board = board(&server, &studio, "One").await;
    let made = task(&server, &studio, board, json!({ "title": "Warp" })).await;
    let path = format!("/v1/tasks/{}", id_of(&made));
    let files = format!("{path}/attachments");
    let long = "n".repeat(150);
    let upload = server
        .post(&format!("{files}?name={long}"))
        .of(ada)
        .body("text/plain", "words");
    let file = upload.send().await.expect(201);
    assert_eq!(
        (&file["task_id"], &file["document_id"]),
        (&json!(id_of(&made)), &json!(board))
    );
    let shown = server.get(&path).of(ada).send().await.expect(200);
    let noted = &shown["files"][text(&file["id"])];
    assert_eq!(
        (&noted["size"], &noted["mime"]),
        (&json!(5), &json!("text/plain"))
    );
    assert_eq!(text(&noted["name"]).len(), 100);
    let list = server
        .get(&format!("{files}?page=1"))
        .of(ada)
        .send()
        .await
        .expect(200);
    assert_eq!((&list["meta"]["total"], &list["data"][0]), (&json!(1), &file));
    let of_board = format!("/v1/documents/{board}/attachments");
    assert_eq!(
        server.get(&of_board).of(ada).send().await.expect(200)["data"][0],
        file
    );
    let download = format!("/v1/attachments/{}/download", text(&file["id"]));
    assert_eq!(server.get(&download).of(ada).send().await.text(), "words");
    let cover = json!({ "cover": file["id"] });
    server.patch(&path).of(ada).json(cover).send().await.expect(200);
    server
        .delete(&format!("/v1/attachments/{}", text(&file["id"])))
        .of(ada)
        .send()
        .await
        .expect(204);
    let shown = server.get(&path).of(ada).send().await.expect(200);
    assert_eq!((&shown["files"], &shown["cover"]), (&json!({}), &Value::Null));
    let bob = server.person("bob").await;
    assert_eq!(server.get(&files).of(&bob).send().await.problem(404), "NOT_FOUND");
    let other = server
        .post(&format!("{files}?name=x"))
        .of(&bob)
        .body("text/plain", "words");
    assert_eq!(other.send().await.problem(404), "NOT_FOUND");
    // In the trash it takes nothing new.
    server
        .delete(&path)
        .of(ada)
        .header("if-match", "*")
        .send()
        .await
        .expect(204);
    let late = server
        .post(&format!("{files}?name=x"))
        .of(ada)
        .body("text/plain", "words");
    assert_eq!(late.send().await.problem(409), "TASK_DELETED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comments_on_a_task_are_its_own() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let board = board(&server, &studio, "One").await;
    let made = task(&server, &studio, board, json!({ "title": "Warp" })).await;
    let other = task(&server, &studio, board, json!({ "title": "Weft" })).await;
    let cem = server.person("cem").await;
    enlist(&server, ada.workspace, &cem, "guest").await;
    share(&server, &studio, board, &cem, "commenter")
        .await
        .expect(201);
    let of = |task: &Value| format!("/v1/tasks/{}/comments", id_of(task));
    let say = |path: &str, body: Value| server.post(path).of(&cem).json(body);
    let comment = say(&of(&made), json!({ "body": "First", "mentions": [ada.id] }))
        .send()
        .await
        .expect(201);
    assert_eq!(
        (&comment["task_id"], &comment["document_id"]),
        (&json!(id_of(&made)), &json!(board))
    );
    let wrong = json!({ "body": "x", "parent_id": id_of(&comment) });
    for elsewhere in [of(&other), format!("/v1/documents/{board}/comments")] {
        assert_eq!(
            say(&elsewhere, wrong.clone()).send().await.problem(422),
            "VALIDATION_FAILED"
        );
        let list = server.get(&elsewhere).of(&cem).send().await.expect(200);
        assert_eq!(list["data"], json!([]));
    }
    let anchored = json!({ "body": "x", "anchor": { "start": "AAcDAA==", "end": "AAcJAA==" } });
    assert_eq!(
        say(&of(&made), anchored).send().await.problem(422),
        "VALIDATION_FAILED"
    );
    let subscription = format!("/v1/tasks/{}/subscription", id_of(&made));
    let hears = server.get(&subscription).of(ada).send().await.expect(200);
    assert_eq!(
        (&hears["reason"], &hears["task_id"]),
        (&json!("mentioned"), &json!(id_of(&made)))
    );
    // What was said about a task is read in the trash, and nothing new is said.
    let path = format!("/v1/tasks/{}", id_of(&made));
    server
        .delete(&path)
        .of(ada)
        .header("if-match", "*")
        .send()
        .await
        .expect(204);
    let list = server.get(&of(&made)).of(ada).send().await.expect(200);
    assert_eq!(list["data"][0]["body"], "First");
    assert_eq!(
        say(&of(&made), json!({ "body": "x" })).send().await.problem(409),
        "TASK_DELETED"
    );
}
