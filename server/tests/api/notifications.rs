//! Notifications: who is told what, once, and nothing that is not theirs to see.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock as _;

use crate::documents::{Studio, create, enlist, share, studio};
use crate::event_stream::{Block, blocks};
use crate::support::{Person, TestServer, id_of, number_of, postgres_database, text};
use crate::task_lists::{board, task};

/// So that nobody waits for a limit of comments in a minute.
pub const ROOMY: &[&str] = &[
    "rates.comments_per_principal_per_minute=100000",
    "rates.per_principal_per_minute=100000",
    "rates.per_address_per_minute=100000",
];

/// Waits until everything that happened was looked at.
async fn told(server: &TestServer) {
    for _ in 0..500 {
        let mut tx = server.storage.records().read().await.unwrap();
        if tx.notification_work(1).await.unwrap().is_empty() {
            return;
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not everything was looked at");
}

pub async fn list(server: &TestServer, who: &Person, query: &str) -> Vec<Value> {
    told(server).await;
    let path = format!("/v1/notifications?limit=100{query}");
    let list = server.get(&path).of(who).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

pub async fn kinds(server: &TestServer, who: &Person) -> Vec<String> {
    let rows = list(server, who, "").await;
    rows.iter().map(|row| text(&row["type"])).collect()
}

async fn counts(server: &TestServer, who: &Person) -> Value {
    server
        .get("/v1/notifications/counts")
        .of(who)
        .send()
        .await
        .expect(200)
}

async fn read_all(server: &TestServer, who: &Person, before: &Value) -> Value {
    let form = json!({ "before": before });
    server
        .post("/v1/notifications:read-all")
        .of(who)
        .json(form)
        .send()
        .await
        .expect(200)["changed"]
        .clone()
}

pub async fn archive_all(server: &TestServer, who: &Person) {
    for row in list(server, who, "").await {
        patch(server, who, id_of(&row), json!({ "archived": true })).await;
    }
}

async fn patch(server: &TestServer, who: &Person, id: Uuid, form: Value) -> Value {
    let path = format!("/v1/notifications/{id}");
    server.patch(&path).of(who).json(form).send().await.expect(200)
}

async fn say(server: &TestServer, who: &Person, path: &str, form: Value) -> Uuid {
    id_of(
        &server
            .post(&format!("{path}/comments"))
            .of(who)
            .json(form)
            .send()
            .await
            .expect(201),
    )
}

/// A studio with a board, a document that is shared with a guest, and the guest.
pub async fn world(server: &TestServer) -> (Studio, Person, Uuid, Uuid) {
    let studio = studio(server, "ada").await;
    let cem = server.person("cem").await;
    enlist(server, studio.owner.workspace, &cem, "guest").await;
    let board = board(server, &studio, "One").await;
    let document = id_of(&create(server, &studio, json!({ "title": "Plan", "kind": "text" })).await);
    for shared in [board, document] {
        share(server, &studio, shared, &cem, "editor").await.expect(201);
    }
    archive_all(server, &cem).await;
    (studio, cem, board, document)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_is_told_to_whom_it_concerns() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, _, document) = world(&server).await;
    let ada = &studio.owner;
    let path = format!("/v1/documents/{document}");
    let form = json!({ "body": "What now?\r\nBcc: eve@example.com", "mentions": [cem.id, ada.id] });
    let comment = say(&server, ada, &path, form).await;
    let rows = list(&server, &cem, "").await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(row["type"], "mentioned");
    assert_eq!(row["comment_id"], json!(comment));
    assert!(text(&row["title"]).ends_with("mentioned you in Plan"));
    assert!(!text(&row["body"]).contains(['\r', '\n']));
    assert_eq!(
        (&row["subject"]["kind"], &row["subject"]["title"], &row["count"]),
        (&json!("document"), &json!("Plan"), &json!(1))
    );
    assert_eq!(row["actors"][0]["user_id"], json!(ada.id));
    // Nobody is told of what they do themselves.
    assert_eq!(kinds(&server, ada).await, [""; 0]);

    let answer = json!({ "body": "Weave.", "parent_id": comment });
    let reply = say(&server, &cem, &path, answer).await;
    assert_eq!(kinds(&server, ada).await, ["reply"]);
    // Whoever is mentioned already is not told again.
    let edit = json!({ "body": "Weave!", "mentions": [ada.id] });
    let edited = format!("/v1/comments/{reply}");
    server
        .patch(&edited)
        .of(&cem)
        .json(edit.clone())
        .send()
        .await
        .expect(200);
    let first = list(&server, ada, "").await;
    assert_eq!(
        (&first[0]["type"], &first[0]["count"]),
        (&json!("mentioned"), &json!(2))
    );
    server.patch(&edited).of(&cem).json(edit).send().await.expect(200);
    assert_eq!(list(&server, ada, "").await[0]["count"], 2);
    let again = json!({ "body": "Again.", "parent_id": comment });
    say(&server, ada, &path, again).await;
    let rows = list(&server, &cem, "").await;
    assert_eq!(
        (rows.len(), &rows[0]["type"], &rows[0]["count"]),
        (1, &json!("comment_on_watched"), &json!(2))
    );
    let resolve = format!("/v1/comments/{comment}:resolve");
    server.post(&resolve).of(&cem).send().await.expect(200);
    assert_eq!(kinds(&server, ada).await, ["comment_resolved"]);

    // What is muted is silent, unless somebody is spoken to.
    let muted = format!("{path}/subscription");
    let form = json!({ "state": "muted" });
    server.put(&muted).of(&cem).json(form).send().await.expect(200);
    archive_all(&server, &cem).await;
    say(&server, ada, &path, json!({ "body": "Hm." })).await;
    assert_eq!(kinds(&server, &cem).await, [""; 0]);
    say(
        &server,
        ada,
        &path,
        json!({ "body": "You?", "mentions": [cem.id] }),
    )
    .await;
    assert_eq!(kinds(&server, &cem).await, ["mentioned"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_tasks_is_told_to_whom_it_concerns() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, board, _) = world(&server).await;
    let ada = &studio.owner;
    let form = json!({ "title": "Warp", "assignee_ids": [cem.id] });
    let first = id_of(&task(&server, &studio, board, form).await);
    let form = json!({ "title": "Weft", "assignee_ids": [cem.id] });
    let second = id_of(&task(&server, &studio, board, form).await);
    assert_eq!(kinds(&server, &cem).await, ["assigned", "assigned"]);
    archive_all(&server, &cem).await;
    let link = json!({ "kind": "blocks", "task_id": second });
    let path = format!("/v1/tasks/{first}/dependencies");
    server.post(&path).of(ada).json(link).send().await.expect(201);
    let path = format!("/v1/tasks/{first}");
    let form = json!({ "done": true });
    server.patch(&path).of(ada).json(form).send().await.expect(200);
    let mut found = kinds(&server, &cem).await;
    found.sort();
    found.retain(|kind| kind != "status_changed");
    assert_eq!(found, ["dependency_unblocked", "task_completed"]);
    archive_all(&server, &cem).await;
    let path = format!("/v1/tasks/{second}");
    let form = json!({ "assignee_ids": [] });
    server.patch(&path).of(ada).json(form).send().await.expect(200);
    assert_eq!(kinds(&server, &cem).await, ["unassigned"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_events_at_once_are_one_row_that_counts_them() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, board, _) = world(&server).await;
    let ada = &studio.owner;
    let form = json!({ "title": "Warp", "assignee_ids": [cem.id] });
    let made = id_of(&task(&server, &studio, board, form).await);
    archive_all(&server, &cem).await;
    let path = format!("/v1/tasks/{made}");
    let saying = (0..100).map(|number| say(&server, ada, &path, json!({ "body": format!("No. {number}") })));
    futures_util::future::join_all(saying).await;
    let rows = list(&server, &cem, "").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["count"], &rows[0]["type"]),
        (&json!(100), &json!("comment_on_watched"))
    );
    let found = counts(&server, &cem).await;
    assert_eq!((&found["unread"], &found["unseen"]), (&json!(1), &json!(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_rights_hide_what_was_told_and_keep_more_from_being_told() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, _, document) = world(&server).await;
    let ada = &studio.owner;
    let path = format!("/v1/documents/{document}");
    say(
        &server,
        ada,
        &path,
        json!({ "body": "You?", "mentions": [cem.id] }),
    )
    .await;
    let rows = list(&server, &cem, "").await;
    let own = format!("/v1/notifications/{}", id_of(&rows[0]));
    assert_eq!(counts(&server, &cem).await["unread"], 1);
    // It is nobody else's.
    assert_eq!(server.get(&own).of(ada).send().await.problem(404), "NOT_FOUND");
    assert_eq!(server.get(&own).send().await.problem(401), "UNAUTHORIZED");
    let shared = format!("{path}/shares/{}", cem.id);
    server.delete(&shared).of(ada).send().await.expect(204);
    say(&server, ada, &path, json!({ "body": "Still there?" })).await;
    assert!(list(&server, &cem, "").await.is_empty());
    assert_eq!(counts(&server, &cem).await["unread"], 0);
    for request in [server.get(&own), server.patch(&own).json(json!({ "read": true }))] {
        assert_eq!(request.of(&cem).send().await.problem(404), "NOT_FOUND");
    }
    // The newest comes first.
    server.clock.advance(1_000);
    share(&server, &studio, document, &cem, "viewer")
        .await
        .expect(201);
    let rows = list(&server, &cem, "").await;
    let found: Vec<_> = rows
        .iter()
        .map(|row| (text(&row["type"]), row["count"].clone()))
        .collect();
    assert_eq!(
        found,
        [
            ("document_shared".to_owned(), json!(1)),
            ("mentioned".to_owned(), json!(1))
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preferences_count_from_the_narrowest_to_the_widest() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, _, document) = world(&server).await;
    let ada = &studio.owner;
    let put = async |query: String, kind: &str, on: bool| {
        let form = json!({ "types": [{ "type": kind, "in_app": on }] });
        let path = format!("/v1/notification-preferences{query}");
        server.patch(&path).of(&cem).json(form).send().await
    };
    let workspace = format!("?workspace_id={}", ada.workspace);
    let project = format!("?project_id={}", studio.project);
    let path = format!("/v1/documents/{document}");
    for (query, is_on, is_told) in [
        (String::new(), false, false),
        (workspace.clone(), true, true),
        (workspace, false, false),
        (String::new(), true, false),
    ] {
        put(query, "mentioned", is_on).await.expect(200);
        say(
            &server,
            ada,
            &path,
            json!({ "body": "You?", "mentions": [cem.id] }),
        )
        .await;
        // It is not told as something else instead.
        assert_eq!(list(&server, &cem, "").await.len(), usize::from(is_told));
        archive_all(&server, &cem).await;
    }
    assert_eq!(
        put(String::new(), "role_changed", false).await.problem(422),
        "VALIDATION_FAILED"
    );
    // A guest does not see the project.
    assert_eq!(
        put(project.clone(), "reply", false).await.problem(404),
        "NOT_FOUND"
    );
    let own = format!("/v1/notification-preferences{project}");
    let seen = server.get(&own).of(ada).send().await.expect(200);
    assert_eq!(seen["scope"], "project");
    assert_eq!(
        seen["types"][0],
        json!({
            "type": "mentioned", "in_app": true, "email": true, "push": true, "is_fixed": false,
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reminder_comes_once_into_the_inbox() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, board, _) = world(&server).await;
    let made = id_of(&task(&server, &studio, board, json!({ "title": "Warp" })).await);
    let at = jiff::Timestamp::from_millisecond(server.clock.now_ms() + 60_000).unwrap();
    let path = format!("/v1/tasks/{made}/reminders");
    let form = json!({ "at": at.to_string() });
    server.post(&path).of(&cem).json(form).send().await.expect(201);
    assert!(list(&server, &cem, "").await.is_empty());
    server.clock.advance(60_000);
    for _ in 0..200 {
        if !list(&server, &cem, "").await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let rows = list(&server, &cem, "").await;
    assert_eq!(
        (rows.len(), &rows[0]["type"], &rows[0]["count"]),
        (1, &json!("reminder"), &json!(1))
    );
    assert!(text(&rows[0]["title"]).starts_with("Reminder: "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_are_those_of_the_rows_whatever_was_done() {
    let rounds = number_of("WEFT_ROUNDS").unwrap_or(200);
    let seed = number_of("WEFT_SEED").unwrap_or_else(rand::random);
    println!("WEFT_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, _, document) = world(&server).await;
    let path = format!("/v1/documents/{document}");
    for round in 0..rounds {
        server.clock.advance(1_000);
        let rows = list(&server, &cem, ["", "&state=archived"][random.random_range(0..2)]).await;
        let row = (!rows.is_empty()).then(|| rows[random.random_range(0..rows.len())].clone());
        match (random.random_range(0..8), row) {
            (0..3, _) | (_, None) => {
                let form = json!({ "body": format!("Round {round}"), "mentions": [cem.id] });
                say(&server, &studio.owner, &path, form).await;
            }
            (3, Some(row)) => drop(read_all(&server, &cem, &row["updated_at"]).await),
            (4, Some(row)) => {
                let is_read = random.random_bool(0.5);
                patch(&server, &cem, id_of(&row), json!({ "read": is_read })).await;
            }
            (5, Some(row)) => {
                let is_archived = random.random_bool(0.5);
                patch(&server, &cem, id_of(&row), json!({ "archived": is_archived })).await;
            }
            (6, Some(row)) => drop(patch(&server, &cem, id_of(&row), json!({ "seen": true })).await),
            (_, Some(row)) => {
                let until = [Value::Null, json!("2027-06-01T00:00:00Z")][random.random_range(0..2)].clone();
                patch(&server, &cem, id_of(&row), json!({ "snoozed_until": until })).await;
            }
        }
        let rows = list(&server, &cem, "").await;
        let new = |mark: &str| rows.iter().filter(|row| row[mark].is_null()).count();
        let found = counts(&server, &cem).await;
        assert_eq!(found["unread"], json!(new("read_at")), "round {round}");
        assert_eq!(found["unseen"], json!(new("seen_at")), "round {round}");
        let mut tx = server.storage.records().read().await.unwrap();
        let mut tenant = tx.workspace(WorkspaceId(studio.owner.workspace)).await.unwrap();
        let kept = tenant.notification_counter(cem.id).await.unwrap();
        assert_eq!(
            (json!(kept.unread), json!(kept.unseen)),
            (json!(new("read_at")), json!(new("seen_at"))),
            "round {round}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_is_cut_off_at_random_misses_nothing() {
    let rounds = number_of("WEFT_ROUNDS").unwrap_or(30);
    let seed = number_of("WEFT_SEED").unwrap_or_else(rand::random);
    println!("WEFT_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, _, document) = world(&server).await;
    let path = format!("/v1/documents/{document}");
    let stream = "/v1/notifications/stream";
    let (mut heard, mut last) = (BTreeMap::new(), 0);
    let mut take = |parts: Vec<Block>| {
        for part in parts {
            assert!(part.id > last, "{} came behind {last}", part.id);
            last = part.id;
            if part.event == "notification" {
                let row = part.data["notification"].clone();
                heard.insert(id_of(&row), row);
            }
        }
        (last, heard.clone())
    };
    let mut after = 0;
    for round in 0..rounds {
        let (cut, comments) = (random.random_range(1..6_000), random.random_range(0..4));
        let saying = async {
            for number in 0..comments {
                let form = json!({ "body": format!("{round}.{number}"), "mentions": [cem.id] });
                say(&server, &studio.owner, &path, form).await;
            }
        };
        let bounds = (cut, Duration::from_millis(80));
        let ((), parts) = tokio::join!(saying, blocks(&server, &cem, stream, Some(after), bounds));
        (after, _) = take(parts);
    }
    told(&server).await;
    let rest = blocks(
        &server,
        &cem,
        stream,
        Some(after),
        (usize::MAX, Duration::from_secs(2)),
    )
    .await;
    let (_, heard) = take(rest);
    let rows = list(&server, &cem, "").await;
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(heard.get(&id_of(&row)), Some(&row));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_servers_on_one_database_one_tells_each_event() {
    const EVENTS: usize = 60;
    let Some(database) = postgres_database() else {
        return;
    };
    let shared = [
        format!("storage.database_url={database}"),
        format!("auth.encryption_secrets=a:{}", "e".repeat(32)),
        "server.public_url=http://weft.test".to_owned(),
    ];
    let shared = shared.iter().map(String::as_str);
    let settings: Vec<&str> = ROOMY.iter().copied().chain(shared).collect();
    let (one, other) = (
        TestServer::with(&settings).await,
        TestServer::with(&settings).await,
    );
    let (studio, cem, board, _) = world(&one).await;
    let form = json!({ "title": "Warp", "assignee_ids": [cem.id] });
    let made = id_of(&task(&one, &studio, board, form).await);
    archive_all(&one, &cem).await;
    let path = format!("/v1/tasks/{made}");
    let saying = (0..EVENTS).map(|number| {
        let server = if number % 2 == 0 { &one } else { &other };
        say(
            server,
            &studio.owner,
            &path,
            json!({ "body": format!("No. {number}") }),
        )
    });
    futures_util::future::join_all(saying).await;
    let rows = list(&other, &cem, "").await;
    assert_eq!((rows.len(), &rows[0]["count"]), (1, &json!(EVENTS)));
}
