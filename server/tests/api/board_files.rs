//! Boards out of files, and into files.

use serde_json::{Value, json};

use crate::boards::{Workshop, agrees, state, task, workshop};
use crate::documents::{enlist, share};
use crate::support::{Answer, TestServer, id_of, text};

async fn import(
    server: &TestServer,
    workshop: &Workshop,
    query: &str,
    kind: &str,
    file: impl Into<bytes::Bytes>,
) -> Answer {
    let path = format!("/v1/projects/{}/boards:import{query}", workshop.studio.project);
    server
        .post(&path)
        .of(workshop.owner())
        .body(kind, file)
        .send()
        .await
}

fn titles(shown: &Value) -> Vec<String> {
    let mut titles: Vec<_> = shown["cards"]
        .as_object()
        .unwrap()
        .values()
        .map(|card| text(&card["title"]))
        .collect();
    titles.sort();
    titles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_comes_in_with_those_who_may_see_it() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let bob = server.person("bob").await;
    enlist(&server, owner.workspace, &bob, "member").await;
    let table = "title,status,assignee,due,description\n\
                 Warp,Doing,ADA@example.com,2026-03-01,all **knots**\n\
                 Weave,Done,bob@example.com,soon,\n\
                 Cut,Doing,nobody@example.com,,\n";
    let answer = import(&server, &workshop, "?title=Carpets", "text/csv", table).await;
    let location = answer.header("location").unwrap();
    let made = answer.expect(201);
    assert_eq!(location, format!("/v1/boards/{}", text(&made["board"]["id"])));
    assert_eq!(
        (
            &made["board"]["title"],
            &made["tasks"],
            &made["columns"],
            &made["left_out_total"]
        ),
        (&json!("Carpets"), &json!(3), &json!(2), &json!(3))
    );
    let reasons: Vec<(u64, String, String)> = made["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| {
            (
                left["row"].as_u64().unwrap(),
                text(&left["field"]),
                text(&left["code"]),
            )
        })
        .collect();
    let reason = |row: u64, field: &str, code: &str| (row, field.to_owned(), code.to_owned());
    assert_eq!(
        reasons,
        [
            reason(3, "due", "INVALID_VALUE"),
            reason(3, "assignee", "UNKNOWN_PERSON"),
            reason(4, "assignee", "UNKNOWN_PERSON")
        ]
    );
    let board = id_of(&made["board"]);
    let shown = state(&server, owner, board).await;
    assert_eq!(titles(&shown), ["Cut", "Warp", "Weave"]);
    let warp = shown["cards"]
        .as_object()
        .unwrap()
        .values()
        .find(|card| card["title"] == json!("Warp"))
        .unwrap();
    assert_eq!(
        (&warp["assignees"], &warp["described"]),
        (&json!([owner.id]), &json!(true))
    );
    agrees(&server, owner, board).await;
    let exported = server
        .get(&format!("/v1/boards/{board}/export?format=csv"))
        .of(owner)
        .send()
        .await;
    assert_eq!(
        exported.header("content-type").as_deref(),
        Some("text/csv; charset=utf-8")
    );
    assert!(
        exported
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert!(
        exported
            .text()
            .contains("LOOM-1,Warp,all **knots**,Doing,started,,,ada@example.com,"),
        "{}",
        exported.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_of_trello_comes_in() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let file = json!({
        "name": "Carpets",
        "lists": [{ "id": "l1", "name": "To Do", "pos": 1 }, { "id": "l2", "name": "Done", "pos": 2 }],
        "labels": [{ "id": "g1", "name": "wool", "color": "green" }],
        "cards": [
            { "id": "c1", "name": "Warp", "desc": "- a\n- b", "idList": "l1", "pos": 1, "idLabels": ["g1"], "due": "2026-03-01T10:00:00.000Z" },
            { "id": "c2", "name": "Old", "idList": "l2", "pos": 1, "closed": true },
        ],
        "checklists": [{ "idCard": "c1", "name": "Yarn", "checkItems": [{ "name": "wind", "state": "complete", "pos": 1 }] }],
    });
    let made = import(&server, &workshop, "", "application/json", file.to_string())
        .await
        .expect(201);
    assert_eq!(
        (&made["board"]["title"], &made["left_out_total"]),
        (&json!("Carpets"), &json!(0))
    );
    let board = id_of(&made["board"]);
    let shown = state(&server, owner, board).await;
    assert_eq!(
        (titles(&shown), shown["archive"].as_array().unwrap().len()),
        (vec!["Old".to_owned(), "Warp".to_owned()], 1)
    );
    agrees(&server, owner, board).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_comes_back_as_it_was() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let owner = workshop.owner();
    let whole = task(
        &server,
        &workshop,
        json!({
            "title": "=HYPERLINK(\"http://x\")", "description": "# Warp", "assignee_ids": [owner.id],
            "checklist": [{ "text": "wind", "done": true }], "estimate": 3, "due_date": "2026-03-01",
        }),
    )
    .await;
    task(
        &server,
        &workshop,
        json!({ "title": "Part", "parent_id": whole["id"], "status": "done" }),
    )
    .await;
    let away = task(&server, &workshop, json!({ "title": "Away" })).await;
    server
        .post(&format!("/v1/tasks/{}:archive", text(&away["id"])))
        .of(owner)
        .send()
        .await
        .expect(200);
    let path = format!("/v1/boards/{}/export", workshop.board);
    let table = server.get(&format!("{path}?format=csv")).of(owner).send().await;
    assert!(table.text().contains("'=HYPERLINK"), "{}", table.text());
    let file = server.get(&path).of(owner).send().await;
    assert_eq!(file.header("content-type").as_deref(), Some("application/json"));
    let before = state(&server, owner, workshop.board).await;
    let shape = |shown: &Value| {
        let cards = shown["cards"].as_object().unwrap();
        let title = |id: &Value| id.as_str().map(|id| text(&cards[id]["title"]));
        let mut shape: Vec<_> = cards
            .values()
            .map(|card| {
                let checklist = card["checklist"].as_array().unwrap().len();
                let parent = title(&card["parent"]);
                (
                    text(&card["title"]),
                    text(&card["state"]),
                    parent,
                    checklist,
                    card["estimate"].as_f64(),
                    card["due"].clone(),
                    card["described"].clone(),
                    card["assignees"].clone(),
                )
            })
            .collect();
        shape.sort_by(|one, other| one.0.cmp(&other.0));
        shape
    };
    for (query, kind, file) in [
        ("?format=weft", "application/json", file.body.clone()),
        ("", "text/csv", table.body.clone()),
    ] {
        let made = import(&server, &workshop, query, kind, file).await.expect(201);
        let after = state(&server, owner, id_of(&made["board"])).await;
        agrees(&server, owner, id_of(&made["board"])).await;
        let (mut wanted, mut got) = (shape(&before), shape(&after));
        if kind == "text/csv" {
            // A table has a column for when a task was archived, which nothing reads.
            for card in wanted.iter_mut().chain(&mut got) {
                card.1.clear();
            }
        }
        assert_eq!(got, wanted, "{kind}");
    }
    // Guests are not told the addresses of others.
    let guest = server.person("vic").await;
    enlist(&server, owner.workspace, &guest, "guest").await;
    share(&server, &workshop.studio, workshop.board, &guest, "viewer")
        .await
        .expect(201);
    let seen = server.get(&path).of(&guest).send().await;
    assert_eq!(
        (seen.status, seen.text().contains("ada@example.com")),
        (200, false)
    );
    assert!(file.text().contains("ada@example.com"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_board_is_refused() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let bad = async |query: &str, kind: &str, file: &str| {
        import(&server, &workshop, query, kind, file.to_owned()).await
    };
    assert_eq!(bad("", "text/csv", "").await.problem(422), "VALIDATION_FAILED");
    assert_eq!(
        bad("", "text/csv", "a,b\n1,2\n").await.problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(
        bad("", "application/json", "{}").await.problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(
        bad("", "application/json", "[").await.problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(
        bad("?format=weft", "application/json", "{\"board\":{\"cards\":[{}]}}")
            .await
            .problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(
        bad("", "text/plain", "title\nx\n").await.problem(415),
        "UNSUPPORTED_MEDIA_TYPE"
    );
    assert_eq!(
        bad("?format=csv", "application/json", "{}").await.problem(415),
        "UNSUPPORTED_MEDIA_TYPE"
    );
    assert_eq!(
        bad("?format=jira", "text/csv", "title\nx\n").await.problem(400),
        "INVALID_QUERY"
    );
    let rows = "title\n".to_owned() + &"card\n".repeat(5_001);
    let many = bad("", "text/csv", &rows).await.expect(422);
    assert_eq!(many["details"][0]["code"], json!("TOO_MANY"));
    let large = "title\n".to_owned() + &"x".repeat(17 * 1024 * 1024);
    assert_eq!(bad("", "text/csv", &large).await.problem(413), "BODY_TOO_LARGE");
    let list = server
        .get(&format!("/v1/projects/{}/boards?page=1", workshop.studio.project))
        .of(workshop.owner());
    assert_eq!(
        list.send().await.expect(200)["meta"]["total"],
        json!(1),
        "nothing was made"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_cards_come_in_as_a_board_may_have() {
    let server = TestServer::start().await;
    let workshop = workshop(&server, "ada").await;
    let rows: String = (0..5_000)
        .map(|at| format!("Card {at},Column {},text {at}\n", at % 7))
        .collect();
    let made = import(
        &server,
        &workshop,
        "",
        "text/csv",
        format!("title,column,description\n{rows}"),
    )
    .await;
    let made = made.expect(201);
    assert_eq!(
        (&made["tasks"], &made["left_out_total"]),
        (&json!(5_000), &json!(0))
    );
    let board = id_of(&made["board"]);
    agrees(&server, workshop.owner(), board).await;
    let full = json!({ "title": "one more", "board_id": board });
    let path = format!("/v1/projects/{}/tasks", workshop.studio.project);
    let refused = server.post(&path).of(workshop.owner()).json(full).send().await;
    assert_eq!(refused.problem(409), "TOO_MANY");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_document_could_hold_makes_no_board() {
    let small = "limits.max_document_bytes=131072";
    let server = TestServer::with(&[small, "limits.max_message_bytes=65536"]).await;
    let workshop = workshop(&server, "ada").await;
    let rows = |count: usize| "title\n".to_owned() + &"a card of the usual length\n".repeat(count);
    import(&server, &workshop, "", "text/csv", rows(50))
        .await
        .expect(201);
    let refused = import(&server, &workshop, "", "text/csv", rows(2_000)).await;
    assert_eq!(refused.problem(413), "DOCUMENT_TOO_LARGE");
    let list = server
        .get(&format!("/v1/projects/{}/boards?page=1", workshop.studio.project))
        .of(workshop.owner());
    assert_eq!(list.send().await.expect(200)["meta"]["total"], json!(2));
}
