//! Dates of tasks: who works on one is told that it comes near and that it has passed, once, by their own clock.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::clock::Clock as _;

use crate::documents::{enlist, share, studio};
use crate::support::{Person, TestServer, id_of, text};
use crate::task_lists::{board, task};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Waits until it was looked for dates that came to pass by now.
async fn looked(server: &TestServer) {
    for _ in 0..500 {
        let mut tx = server.storage.records().read().await.unwrap();
        let looked = tx.server_value("due-looked-at").await.unwrap();
        drop(tx);
        let looked = looked.map(|bytes| i64::from_be_bytes(bytes.try_into().unwrap()));
        if looked.is_some_and(|looked| looked > server.clock.now_ms() - MINUTE) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody looked");
}

/// Types, titles and counts of what is in somebody's inbox about a task. Behind the API: tokens do not last for days.
async fn told(server: &TestServer, who: Uuid) -> Vec<(String, i64)> {
    use weft_storage::records::{NotificationFilter, NotificationState, Span};
    let mut tx = server.storage.records().read().await.unwrap();
    let filter = NotificationFilter {
        user: who,
        workspace: None,
        state: NotificationState::Inbox,
    };
    let rows = tx.notifications_seen(filter, &Span::first(10)).await.unwrap();
    let about = rows
        .into_iter()
        .filter(|row| row.kind == "due_soon" || row.kind == "overdue");
    about.map(|row| (row.kind, row.happened)).collect()
}

fn date(server: &TestServer, ahead_ms: i64) -> String {
    let seconds = (server.clock.now_ms() + ahead_ms) / 1_000;
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

async fn given(
    server: &TestServer,
    studio: &crate::documents::Studio,
    board: Uuid,
    cem: &Person,
    due: Value,
) -> Uuid {
    let form = json!({ "title": "Warp", "assignee_ids": [cem.id], "due_date": due });
    id_of(&task(server, studio, board, form).await)
}

async fn passes(server: &TestServer, ms: i64) {
    looked(server).await;
    server.clock.advance(ms);
    looked(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_date_is_told_a_day_before_an_hour_before_and_when_it_has_passed() {
    let server = TestServer::with(&["auth.access_token_seconds=3600"]).await;
    let studio = studio(&server, "ada").await;
    let cem = server.person("cem").await;
    enlist(&server, studio.owner.workspace, &cem, "guest").await;
    let board = board(&server, &studio, "One").await;
    share(&server, &studio, board, &cem, "editor").await.expect(201);
    looked(&server).await;
    let task = given(
        &server,
        &studio,
        board,
        &cem,
        json!(date(&server, 24 * HOUR + 10 * MINUTE)),
    )
    .await;
    passes(&server, 5 * MINUTE).await;
    assert_eq!(told(&server, cem.id).await, []);
    passes(&server, 6 * MINUTE).await;
    // With what they were told before of the task: that it is theirs.
    let soon = |count| vec![("due_soon".to_owned(), count)];
    assert_eq!(told(&server, cem.id).await, soon(2));
    passes(&server, 5 * MINUTE).await;
    assert_eq!(told(&server, cem.id).await, soon(2));
    // Another date is told anew, and the one before no more.
    let path = format!("/v1/tasks/{task}");
    let form = json!({ "due_date": date(&server, 24 * HOUR + 10 * MINUTE) });
    server
        .patch(&path)
        .of(&studio.owner)
        .json(form)
        .send()
        .await
        .expect(200);
    passes(&server, 11 * MINUTE).await;
    assert_eq!(told(&server, cem.id).await, soon(3));
    passes(&server, 22 * HOUR + 50 * MINUTE).await;
    assert_eq!(told(&server, cem.id).await, soon(3));
    passes(&server, 20 * MINUTE).await;
    assert_eq!(told(&server, cem.id).await, soon(4));
    passes(&server, 2 * HOUR).await;
    assert_eq!(told(&server, cem.id).await, [("overdue".to_owned(), 5)]);
    passes(&server, 48 * HOUR).await;
    assert_eq!(told(&server, cem.id).await, [("overdue".to_owned(), 5)]);
    // Nobody else is told.
    assert_eq!(told(&server, studio.owner.id).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_put_away_or_nobodys_is_told_to_nobody() {
    let server = TestServer::with(&["auth.access_token_seconds=3600"]).await;
    let studio = studio(&server, "ada").await;
    let cem = server.person("cem").await;
    enlist(&server, studio.owner.workspace, &cem, "guest").await;
    let board = board(&server, &studio, "One").await;
    share(&server, &studio, board, &cem, "editor").await.expect(201);
    looked(&server).await;
    let due = json!(date(&server, 24 * HOUR + 10 * MINUTE));
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(given(&server, &studio, board, &cem, due.clone()).await);
    }
    let ada = &studio.owner;
    let done = server
        .patch(&format!("/v1/tasks/{}", all[0]))
        .of(ada)
        .json(json!({ "done": true }));
    done.send().await.expect(200);
    let archive = server
        .post(&format!("/v1/tasks/{}:archive", all[1]))
        .of(ada)
        .send()
        .await;
    assert!(archive.status < 300, "{}", archive.text());
    let delete = server
        .delete(&format!("/v1/tasks/{}", all[2]))
        .of(ada)
        .send()
        .await;
    assert!(delete.status < 300, "{}", delete.text());
    passes(&server, 11 * MINUTE).await;
    // The one that is left, so that it is known that somebody looked.
    assert_eq!(told(&server, cem.id).await, [("due_soon".to_owned(), 2)]);
    // Who may not see it any more is not told either.
    let shared = format!("/v1/documents/{board}/shares/{}", cem.id);
    server.delete(&shared).of(ada).send().await.expect(204);
    passes(&server, 24 * HOUR).await;
    share_behind(&server, &studio, board, &cem).await;
    assert_eq!(told(&server, cem.id).await, [("due_soon".to_owned(), 2)]);
}

/// Shares again; the tokens of before are over.
async fn share_behind(server: &TestServer, studio: &crate::documents::Studio, board: Uuid, cem: &Person) {
    let token = text(&server.log_in("ada").await["access_token"]);
    let path = format!("/v1/documents/{board}/shares/{}", cem.id);
    let form = json!({ "role": "viewer" });
    assert!(studio.owner.id != cem.id);
    server
        .put(&path)
        .bearer(&token)
        .json(form)
        .send()
        .await
        .expect(201);
}
