//! Asking to see a document: who is told, how it is decided, and what nobody learns by it.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::documents::{Studio, create, enlist, share, studio};
use crate::notifications::{ROOMY, archive_all, kinds, list};
use crate::support::receiver::{OK, Receiver};
use crate::support::{Answer, Person, TestServer, id_of, text};

const NOTHING: [&str; 0] = [];
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A studio with a document, and cem, a guest who does not see it.
async fn asked(server: &TestServer) -> (Studio, Person, Uuid) {
    let studio = studio(server, "ada").await;
    let cem = server.person("cem").await;
    enlist(server, studio.owner.workspace, &cem, "guest").await;
    let document = id_of(&create(server, &studio, json!({ "title": "Plan", "kind": "text" })).await);
    archive_all(server, &cem).await;
    (studio, cem, document)
}

async fn ask(server: &TestServer, who: &Person, document: Uuid, form: Value) -> Answer {
    let path = format!("/v1/documents/{document}/access-requests");
    server.post(&path).of(who).json(form).send().await
}

async fn open(server: &TestServer, who: &Person, document: Uuid) -> Vec<Value> {
    let path = format!("/v1/documents/{document}/access-requests?sort=created_at");
    let list = server.get(&path).of(who).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

async fn decide(server: &TestServer, who: &Person, document: Uuid, user: Uuid, verb: &str) -> Answer {
    let path = format!("/v1/documents/{document}/access-requests/{user}:{verb}");
    let request = server.post(&path).of(who);
    match verb {
        "grant" => request.json(json!({ "role": "commenter" })).send().await,
        _ => request.send().await,
    }
}

/// How many events of this type there are.
async fn events(server: &TestServer, studio: &Studio, kind: &str) -> usize {
    let path = format!("/v1/events?workspace_id={}&types={kind}", studio.owner.workspace);
    let list = server.get(&path).of(&studio.owner).send().await.expect(200);
    list["data"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_may_share_are_told_and_let_somebody_in() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, document) = asked(&server).await;
    let ada = &studio.owner;
    let mut people = Vec::new();
    for (name, role) in [("owl", "owner"), ("eda", "editor"), ("adm", "")] {
        let person = server.person(name).await;
        if role.is_empty() {
            enlist(&server, ada.workspace, &person, "admin").await;
        } else {
            enlist(&server, ada.workspace, &person, "guest").await;
            share(&server, &studio, document, &person, role).await.expect(201);
        }
        archive_all(&server, &person).await;
        people.push(person);
    }
    archive_all(&server, ada).await;
    let form = json!({ "message": "Please, <b>Ada</b>\nI weave it" });
    ask(&server, &cem, document, form).await.expect(204);
    // The same once more is the same.
    ask(&server, &cem, document, json!({ "message": "Again" }))
        .await
        .expect(204);
    for who in [ada, &people[0], &people[2]] {
        let rows = list(&server, who, "").await;
        assert_eq!(rows.len(), 1, "{}", who.email);
        assert_eq!(
            (&rows[0]["type"], &rows[0]["title"], &rows[0]["count"]),
            (
                &json!("access_requested"),
                &json!("cem Test asks to see Plan"),
                &json!(1)
            )
        );
        assert_eq!(rows[0]["body"], "Please, <b>Ada</b> I weave it");
        assert_eq!(rows[0]["subject"]["id"], json!(document));
    }
    for who in [&people[1], &cem] {
        assert_eq!(kinds(&server, who).await, NOTHING, "{}", who.email);
    }
    let rows = open(&server, ada, document).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["user_id"], &rows[0]["message"]),
        (&json!(cem.id), &json!("Please, <b>Ada</b>\nI weave it"))
    );

    let share = decide(&server, &people[0], document, cem.id, "grant")
        .await
        .expect(200);
    assert_eq!(
        (&share["role"], &share["shared_by"]),
        (&json!("commenter"), &json!(people[0].id))
    );
    assert_eq!(kinds(&server, &cem).await, ["document_shared"]);
    assert!(open(&server, ada, document).await.is_empty());
    for verb in ["grant", "decline"] {
        let late = decide(&server, ada, document, cem.id, verb).await;
        assert_eq!(late.problem(404), "NOT_FOUND", "{verb}");
    }
    // It was decided, so nobody has it before them any more.
    let unread = list(&server, ada, "&state=unread").await;
    assert!(unread.is_empty(), "{unread:?}");
    assert_eq!(events(&server, &studio, "document.access_requested").await, 1);
    let audit = format!(
        "/v1/workspaces/{}/audit?action=document.access_requested",
        ada.workspace
    );
    let entries = server.get(&audit).of(ada).send().await.expect(200);
    assert_eq!(entries["data"][0]["actor"]["id"], json!(cem.id), "{entries}");
    assert!(!entries.to_string().contains("weave"), "no content is in the log");
    let again = ask(&server, &cem, document, json!({})).await;
    assert_eq!(again.problem(409), "ALREADY_SHARED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_learns_by_asking_what_there_is() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, document) = asked(&server).await;
    let other = self::studio(&server, "eve").await;
    let strange = id_of(&create(&server, &other, json!({ "title": "Theirs" })).await);
    let trashed = id_of(&create(&server, &studio, json!({ "title": "Gone" })).await);
    let path = format!("/v1/documents/{trashed}");
    let ada = &studio.owner;
    let remove = server.delete(&path).of(ada).header("if-match", "*");
    remove.send().await.expect(204);
    archive_all(&server, ada).await;
    let mut answers = Vec::new();
    for id in [document, strange, trashed, Uuid::now_v7()] {
        let answer = ask(&server, &cem, id, json!({ "message": "Me!" })).await;
        answers.push((answer.status, answer.text()));
    }
    assert_eq!(answers[0].0, 204);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(kinds(&server, ada).await, ["access_requested"]);
    assert_eq!(kinds(&server, &other.owner).await, NOTHING);
    // Nor by the limit of a day: what there is not counts as much.
    for _ in answers.len()..20 {
        ask(&server, &cem, Uuid::now_v7(), json!({})).await.expect(204);
    }
    for id in [document, strange, Uuid::now_v7()] {
        let late = ask(&server, &cem, id, json!({})).await;
        let seconds: i64 = late.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=86_401).contains(&seconds), "{seconds}");
        assert_eq!(late.problem(429), "TOO_MANY_ACCESS_REQUESTS");
    }
    // Who is nobody, or may only read, asks nobody.
    let path = format!("/v1/documents/{document}/access-requests");
    let nobody = server.post(&path).json(json!({})).send().await;
    assert_eq!(nobody.problem(401), "UNAUTHORIZED");
    let long = ask(&server, &cem, document, json!({ "message": "é".repeat(501) })).await;
    assert_eq!(long.status, 422);
    for request in [
        server.get(&path),
        server.post(&format!("{path}/{}:decline", cem.id)),
        server
            .post(&format!("{path}/{}:grant", cem.id))
            .json(json!({ "role": "owner" })),
    ] {
        assert_eq!(request.of(&cem).send().await.problem(404), "NOT_FOUND");
    }
    server.clock.advance(DAY_MS);
    let cem = server.log_in("cem").await;
    let tomorrow = server.post(&path).bearer(&text(&cem["access_token"]));
    tomorrow.json(json!({})).send().await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_declined_is_not_told_and_not_heard_for_a_week() {
    let server = TestServer::with(ROOMY).await;
    let (studio, cem, document) = asked(&server).await;
    let ada = &studio.owner;
    archive_all(&server, ada).await;
    ask(&server, &cem, document, json!({})).await.expect(204);
    assert_eq!(kinds(&server, ada).await, ["access_requested"]);
    decide(&server, ada, document, cem.id, "decline")
        .await
        .expect(204);
    archive_all(&server, ada).await;
    assert_eq!(events(&server, &studio, "document.access_declined").await, 1);
    for (days, heard) in [(6, 0), (1, 0), (1, 1)] {
        server.clock.advance(days * 86_400_000);
        let cem = server.log_in("cem").await;
        let path = format!("/v1/documents/{document}/access-requests");
        let request = server.post(&path).bearer(&text(&cem["access_token"]));
        request
            .json(json!({ "message": "Now?" }))
            .send()
            .await
            .expect(204);
        let ada = server.log_in("ada").await;
        let list = server.get(&path).bearer(&text(&ada["access_token"])).send().await;
        assert_eq!(
            list.expect(200)["data"].as_array().unwrap().len(),
            heard,
            "{days}"
        );
        let inbox = server
            .get("/v1/notifications")
            .bearer(&text(&cem["access_token"]));
        assert_eq!(inbox.send().await.expect(200)["data"], json!([]), "{days}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_of_what_was_decided_or_may_not_be_shared_any_more() {
    let receiver = Receiver::answering(&[OK]).await;
    let url = format!("notifications.adapter_url={}", receiver.url());
    let server = TestServer::with(&[
        "outgoing.allowed_networks=127.0.0.0/8",
        "notifications.poll_milliseconds=20",
        "notifications.adapter_secret=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        &url,
    ])
    .await;
    let (studio, cem, document) = asked(&server).await;
    let ada = &studio.owner;
    // Both of them are told after their quiet hours, which are now.
    let mut owners = Vec::new();
    for name in ["kim", "leo"] {
        let person = server.person(name).await;
        enlist(&server, ada.workspace, &person, "guest").await;
        let off = json!({ "types": [{ "type": "document_shared", "push": false }] });
        let path = "/v1/notification-preferences";
        server.patch(path).of(&person).json(off).send().await.expect(200);
        let quiet = json!({ "quiet_hours": { "from": "00:00", "to": "23:59", "time_zone": "UTC" } });
        server
            .patch(path)
            .of(&person)
            .json(quiet)
            .send()
            .await
            .expect(200);
        share(&server, &studio, document, &person, "owner")
            .await
            .expect(201);
        owners.push(person);
    }
    let off = json!({ "types": [{ "type": "access_requested", "push": false }] });
    let path = "/v1/notification-preferences";
    server.patch(path).of(ada).json(off).send().await.expect(200);
    ask(&server, &cem, document, json!({ "message": "First" }))
        .await
        .expect(204);
    for who in &owners {
        assert!(kinds(&server, who).await.contains(&"access_requested".to_owned()));
    }
    // Kim still sees it, but shares it no more.
    let role = json!({ "role": "editor" });
    let shared = format!("/v1/documents/{document}/shares/{}", owners[0].id);
    server.patch(&shared).of(ada).json(role).send().await.expect(200);
    assert!(
        !kinds(&server, &owners[0])
            .await
            .contains(&"access_requested".to_owned())
    );
    // Of both, Leo alone is told once it is no longer quiet.
    for who in &owners {
        let loud = json!({ "quiet_hours": null });
        server.patch(path).of(who).json(loud).send().await.expect(200);
    }
    for _ in 0..200 {
        server.clock.advance(3_600_000);
        tokio::time::sleep(Duration::from_millis(20)).await;
        if !receiver.deliveries().is_empty() {
            break;
        }
    }
    let come = receiver.wait_for(1).await.remove(0).json();
    assert_eq!(come["data"]["user_id"], json!(owners[1].id));
    assert_eq!(come["data"]["body"], "First");
    for _ in 0..5 {
        server.clock.advance(3_600_000);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(receiver.deliveries().len(), 1);
}
