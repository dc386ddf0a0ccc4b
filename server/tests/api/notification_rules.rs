//! Who is told of what is not a comment: tasks in another column, places and roles, endpoints that are given up.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::documents::{enlist, share, studio};
use crate::notifications::{ROOMY, archive_all, kinds, list, world};
use crate::support::receiver::{Receiver, Reply};
use crate::support::{Person, TestServer, id_of};
use crate::task_lists::task;
use crate::webhooks::{LOCAL, endpoint, make_document, register_for_documents};

const NOTHING: [&str; 0] = [];

/// Types and subjects of what somebody has in their inbox.
async fn told(server: &TestServer, who: &Person) -> Vec<(Value, Value, Value)> {
    let rows = list(server, who, "").await;
    let told = rows.into_iter().map(|row| {
        let subject = row["subject"].clone();
        (
            row["type"].clone(),
            subject["kind"].clone(),
            subject["id"].clone(),
        )
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_works_on_a_task_hears_of_another_column_and_not_of_another_place() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, board, _) = world(&server).await;
    let ada = &studio.owner;
    let form = json!({ "title": "Warp", "assignee_ids": [cem.id] });
    let made = id_of(&task(&server, &studio, board, form).await);
    task(&server, &studio, board, json!({ "title": "Weft" })).await;
    archive_all(&server, &cem).await;
    let path = format!("/v1/tasks/{made}");
    let state = server
        .get(&format!("/v1/boards/{board}/state"))
        .of(ada)
        .send()
        .await
        .expect(200);
    let columns = state["columns"].as_array().unwrap();
    let place = |form: Value, who: &Person| server.post(&format!("{path}:move")).of(who).json(form).send();

    place(json!({ "pos": "bottom" }), ada).await.expect(200);
    assert_eq!(kinds(&server, &cem).await, NOTHING);
    let second = json!({ "column_id": columns[1]["id"], "pos": "top" });
    place(second, ada).await.expect(200);
    assert_eq!(
        told(&server, &cem).await,
        [(json!("status_changed"), json!("task"), json!(made))]
    );
    archive_all(&server, &cem).await;
    let first = json!({ "column_id": columns[0]["id"], "pos": "top" });
    place(first, &cem).await.expect(200);
    assert_eq!(kinds(&server, &cem).await, NOTHING, "who moves it knows");
    assert_eq!(
        kinds(&server, ada).await,
        NOTHING,
        "who has nothing to do with it is not told"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_into_a_place_or_has_another_role_there_is_told() {
    let server = TestServer::with(ROOMY).await;
    let studio = studio(&server, "ada").await;
    let (ada, cem) = (&studio.owner, server.person("cem").await);
    enlist(&server, ada.workspace, &cem, "guest").await;
    let put = async |kind: &str, place: Uuid, role: &str| {
        let path = format!("/v1/{kind}s/{place}/members/{}", cem.id);
        let answer = server
            .put(&path)
            .of(ada)
            .json(json!({ "role": role }))
            .send()
            .await;
        assert!(
            [200, 201].contains(&answer.status),
            "{kind} {role}: {}",
            answer.status
        );
    };
    for (kind, place, role, told_as) in [
        ("workspace", ada.workspace, "member", "role_changed"),
        ("team", studio.team, "member", "invited"),
        ("team", studio.team, "admin", "role_changed"),
        ("project", studio.project, "viewer", "invited"),
        ("project", studio.project, "editor", "role_changed"),
    ] {
        put(kind, place, role).await;
        assert_eq!(
            told(&server, &cem).await,
            [(json!(told_as), json!(kind), json!(place))],
            "{kind} {role}"
        );
        archive_all(&server, &cem).await;
        // The same once more changes nothing.
        put(kind, place, role).await;
        assert_eq!(kinds(&server, &cem).await, NOTHING, "{kind} {role}");
    }
    assert_eq!(kinds(&server, ada).await, NOTHING);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_administers_hears_of_an_endpoint_that_is_given_up() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let (ada, bob, cem) = (
        &studio.owner,
        server.person("bob").await,
        server.person("cem").await,
    );
    enlist(&server, ada.workspace, &bob, "admin").await;
    enlist(&server, ada.workspace, &cem, "member").await;
    let gone = Receiver::answering(&[Reply::Status(410, "")]).await;
    let id = register_for_documents(&server, &studio, &gone).await;
    make_document(&server, &studio, "One").await;
    for _ in 0..200 {
        if endpoint(&server, &studio, id).await["is_disabled"] == json!(true) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for who in [ada, &bob] {
        let expected = [(json!("webhook_disabled"), json!("webhook_endpoint"), json!(id))];
        assert_eq!(told(&server, who).await, expected, "{}", who.email);
    }
    assert_eq!(kinds(&server, &cem).await, NOTHING);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_a_document_hears_once_that_others_changed_it() {
    // Time passes, and everybody stays logged in.
    let settings = [ROOMY, &["auth.access_token_seconds=3600"]].concat();
    let server = TestServer::with(&settings).await;
    let (studio, cem, _, document) = world(&server).await;
    let ada = &studio.owner;
    let dov = server.person("dov").await;
    enlist(&server, ada.workspace, &dov, "guest").await;
    share(&server, &studio, document, &dov, "editor")
        .await
        .expect(201);
    for who in [ada, &dov] {
        archive_all(&server, who).await;
    }
    let path = format!("/v1/documents/{document}");
    let watch = async |who: &Person, state: &str| {
        let form = json!({ "state": state });
        let subscription = format!("{path}/subscription");
        server
            .put(&subscription)
            .of(who)
            .json(form)
            .send()
            .await
            .expect(200);
    };
    let write = async |who: &Person, words: &'static str| {
        let content = format!("{path}/content?format=markdown");
        let request = server.put(&content).of(who).header("if-match", "*");
        request.body("text/markdown", words).send().await.expect(200);
    };
    watch(ada, "watching").await;
    watch(&cem, "watching").await;
    write(ada, "One").await;
    // Not again in the same while, nor of one's own doing; who does not watch is not told.
    write(ada, "One and two").await;
    for (who, expected) in [(ada, vec![]), (&cem, vec!["document_changed"]), (&dov, vec![])] {
        assert_eq!(kinds(&server, who).await, expected, "{}", who.email);
    }
    // One row grows.
    write(&dov, "Three").await;
    let rows = list(&server, &cem, "").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["title"], &rows[0]["count"], &rows[0]["subject"]["id"]),
        (
            &json!("dov Test and ada Test changed Plan"),
            &json!(2),
            &json!(document)
        )
    );
    assert_eq!(kinds(&server, ada).await, ["document_changed"]);
    // What was read does not come back at once; what happens after a while does, but not to whom it is muted.
    archive_all(&server, &cem).await;
    archive_all(&server, ada).await;
    write(&cem, "Four").await;
    assert_eq!(kinds(&server, ada).await, NOTHING);
    server.clock.advance(11 * 60 * 1_000);
    watch(&cem, "muted").await;
    let eda = server.person("eda").await;
    enlist(&server, ada.workspace, &eda, "guest").await;
    share(&server, &studio, document, &eda, "editor")
        .await
        .expect(201);
    write(&eda, "Five").await;
    assert_eq!(kinds(&server, ada).await, ["document_changed"]);
    assert_eq!(kinds(&server, &cem).await, NOTHING);
}
