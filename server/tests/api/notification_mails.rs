//! Notifications by mail: when they come, when they do not, and what stands in them, read by a parser that is not ours.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock as _;
use weft_storage::records::{NotificationDeliveryResult, NotificationDeliveryState, NotificationWay};

use crate::documents::{create, enlist, share, studio};
use crate::support::{Person, TestServer, id_of, postgres_database, text};

/// Mails go into the folder, and it is looked for them often.
const MAILS: &[&str] = &[
    "notifications.email=on",
    "notifications.poll_milliseconds=20",
    "auth.access_token_seconds=3600",
    "rates.comments_per_principal_per_minute=100000",
    "rates.per_principal_per_minute=100000",
    "rates.per_address_per_minute=100000",
];
const MINUTE: i64 = 60_000;

/// Reads all mails to an address with the parser of Python, the oldest first, as JSON.
const READER: &str = r#"
import email, email.policy, json, pathlib, sys
found = []
for path in sorted(pathlib.Path(sys.argv[1]).glob('*.eml'), key=lambda path: path.stat().st_mtime_ns):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert not mail.defects, mail.defects
    if mail['to'] != sys.argv[2]:
        continue
    parts = {part.get_content_type(): part.get_content() for part in mail.iter_parts()}
    headers = {}
    for name, value in mail.items():
        assert name.lower() not in headers, name
        headers[name.lower()] = str(value)
    found.append({'headers': headers, 'text': parts['text/plain'], 'html': parts['text/html']})
print(json.dumps(found))
"#;

fn read(folder: &Path, address: &str) -> Vec<Value> {
    let output = Command::new("python3")
        .args(["-c", READER])
        .arg(folder)
        .arg(address)
        .output()
        .expect("python3");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    found
        .into_iter()
        .filter(|mail| mail["headers"].get("list-unsubscribe").is_some())
        .collect()
}

fn mails(server: &TestServer, who: &Person) -> Vec<Value> {
    read(&server.data.path().join("data/mail"), &who.email)
}

/// Waits until everything that happened was looked at, and nothing that is due waits or is under way.
async fn settled(server: &TestServer) {
    for _ in 0..500 {
        let mut tx = server.storage.records().read().await.unwrap();
        let is_told = tx.notification_work(1).await.unwrap().is_empty();
        drop(tx);
        let states = states(server).await;
        let mut pending = states.iter().filter(|state| state.status == "pending");
        let waits = |due_at_ms: i64| due_at_ms > server.clock.now_ms();
        if is_told && pending.all(|state| state.attempts == 0 && waits(state.due_at_ms)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("something waits still: {:?}", states(server).await);
}

/// Waits until so many mails have come.
async fn until_mails(server: &TestServer, who: &Person, count: usize) -> Vec<Value> {
    for _ in 0..200 {
        let come = mails(server, who);
        if come.len() >= count {
            return come;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{count} mails did not come");
}

/// How far deliveries are, the oldest first.
async fn states(server: &TestServer) -> Vec<NotificationDeliveryState> {
    let mut tx = server.storage.records().read().await.unwrap();
    let states = tx.notification_delivery_states(NotificationWay::Email, 1_000);
    states.await.unwrap()
}

async fn names(server: &TestServer) -> Vec<String> {
    states(server)
        .await
        .into_iter()
        .map(|state| state.status)
        .collect()
}

/// Lets time pass, after everything that happened was looked at, and waits for what is sent then.
async fn later(server: &TestServer, minutes: i64) {
    settled(server).await;
    server.clock.advance(minutes * MINUTE);
    settled(server).await;
}

async fn say(server: &TestServer, who: &Person, document: Uuid, form: Value) -> Uuid {
    let path = format!("/v1/documents/{document}/comments");
    id_of(&server.post(&path).of(who).json(form).send().await.expect(201))
}

async fn prefer(server: &TestServer, who: &Person, query: &str, form: Value) -> Value {
    let path = format!("/v1/notification-preferences{query}");
    server.patch(&path).of(who).json(form).send().await.expect(200)
}

async fn inbox(server: &TestServer, who: &Person) -> Vec<Value> {
    let list = server.get("/v1/notifications").of(who).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

/// Ada with a document that is shared with Cem, who was told of that and has put it away.
async fn world(server: &TestServer, title: &str) -> (Person, Person, Uuid) {
    let studio = studio(server, "ada").await;
    let cem = server.person("cem").await;
    enlist(server, studio.owner.workspace, &cem, "guest").await;
    let document = id_of(&create(server, &studio, json!({ "title": title, "kind": "text" })).await);
    share(server, &studio, document, &cem, "editor").await.expect(201);
    settled(server).await;
    for row in inbox(server, &cem).await {
        let path = format!("/v1/notifications/{}", id_of(&row));
        let form = json!({ "archived": true });
        server.patch(&path).of(&cem).json(form).send().await.expect(200);
    }
    later(server, 6).await;
    assert!(mails(server, &cem).is_empty());
    (studio.owner.clone(), cem, document)
}

fn header(mail: &Value, name: &str) -> String {
    text(&mail["headers"][name])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_in_a_thread_within_minutes_is_one_mail() {
    let server = TestServer::with(MAILS).await;
    let (ada, cem, document) = world(&server, "Plan").await;
    let first = say(
        &server,
        &ada,
        document,
        json!({ "body": "What now?", "mentions": [cem.id] }),
    )
    .await;
    later(&server, 4).await;
    assert!(mails(&server, &cem).is_empty());
    let more = json!({ "body": "Well & <3?", "mentions": [cem.id], "parent_id": first });
    say(&server, &ada, document, more).await;
    later(&server, 1).await;
    let come = mails(&server, &cem);
    assert_eq!(come.len(), 1);
    let mail = &come[0];
    assert_eq!(header(mail, "subject"), "ada Test mentioned you in Plan");
    let body = text(&mail["text"]);
    assert!(
        body.contains("> Well & <3?") && body.contains("One more thing happened there."),
        "{body}"
    );
    assert!(body.contains(&format!("/documents/{document}")));
    let html = text(&mail["html"]);
    assert!(
        html.contains("Well &amp; &lt;3?") && !html.contains("<3"),
        "{html}"
    );
    assert_eq!(header(mail, "auto-submitted"), "auto-generated");
    assert_eq!(
        header(mail, "list-unsubscribe-post"),
        "List-Unsubscribe=One-Click"
    );

    // A later mail about the same belongs to the same.
    say(
        &server,
        &ada,
        document,
        json!({ "body": "Hm?", "mentions": [cem.id], "parent_id": first }),
    )
    .await;
    later(&server, 6).await;
    let come = mails(&server, &cem);
    assert_eq!(come.len(), 2);
    assert_eq!(header(&come[0], "references"), header(&come[1], "references"));
    assert_eq!(header(&come[0], "references"), header(&come[0], "in-reply-to"));
    assert_ne!(header(&come[0], "message-id"), header(&come[1], "message-id"));
    // Nobody is sent their own doing.
    assert!(mails(&server, &ada).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_unwanted_or_may_not_be_seen_is_not_sent() {
    let server = TestServer::with(MAILS).await;
    let (ada, cem, document) = world(&server, "Plan").await;
    let mention = || {
        say(
            &server,
            &ada,
            document,
            json!({ "body": "You?", "mentions": [cem.id] }),
        )
    };
    let ends = async |expected: &str| {
        later(&server, 6).await;
        assert_eq!(names(&server).await.last().map(String::as_str), Some(expected));
        assert!(mails(&server, &cem).is_empty(), "{expected}");
    };
    // Read, and put away.
    for marks in [json!({ "read": true }), json!({ "archived": true })] {
        mention().await;
        settled(&server).await;
        let row = id_of(&inbox(&server, &cem).await[0]);
        let path = format!("/v1/notifications/{row}");
        server.patch(&path).of(&cem).json(marks).send().await.expect(200);
        ends("cancelled").await;
    }
    // Turned off meanwhile, where it counts.
    let off = |email: bool| json!({ "types": [{ "type": "mentioned", "email": email }] });
    mention().await;
    settled(&server).await;
    let scope = format!("?workspace_id={}", ada.workspace);
    let view = prefer(&server, &cem, &scope, off(false)).await;
    assert_eq!(view["digest"], "none");
    ends("cancelled").await;
    prefer(&server, &cem, &scope, off(true)).await;
    // The address is not verified any more.
    mention().await;
    settled(&server).await;
    let mut tx = server.storage.records().write().await.unwrap();
    tx.set_email(cem.id, &cem.email, &cem.email, server.clock.now_ms())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    ends("suppressed").await;
    let mut tx = server.storage.records().write().await.unwrap();
    assert!(
        tx.verify_email(cem.id, &cem.email, server.clock.now_ms())
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    // The right to see it is gone.
    mention().await;
    settled(&server).await;
    let shared = format!("/v1/documents/{document}/shares/{}", cem.id);
    server.delete(&shared).of(&ada).send().await.expect(204);
    ends("suppressed").await;
    // And what nothing stops is sent.
    let share = json!({ "role": "editor" });
    server.put(&shared).of(&ada).json(share).send().await.expect(201);
    mention().await;
    later(&server, 6).await;
    assert!(!mails(&server, &cem).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_people_write_becomes_a_header_or_markup() {
    let server = TestServer::with(MAILS).await;
    let evil = "Plan Bcc: eve@example.com https://evil.example =?utf-8?q?=0d=0aX-Evil:_1?= <img src=x>";
    let (ada, cem, document) = world(&server, evil).await;
    let form = json!({ "first_name": "A =?utf-8?b?DQpYLUV2aWw6IDI=?=", "last_name": "X-Evil: 3 <script>" });
    let me = server.patch("/v1/users/me").of(&ada).json(form).send().await;
    assert!(me.status == 200, "{}", me.text());
    let body = "Hi\r\nBcc: eve@example.com\r\n\r\n.\r\n<script>alert(1)</script> 🧵";
    say(
        &server,
        &ada,
        document,
        json!({ "body": body, "mentions": [cem.id] }),
    )
    .await;
    later(&server, 6).await;
    let come = mails(&server, &cem);
    assert_eq!(come.len(), 1);
    let mail = &come[0];
    let known = [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "auto-submitted",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "mime-version",
        "content-type",
    ];
    let headers = mail["headers"].as_object().unwrap();
    for name in headers.keys() {
        assert!(known.contains(&name.as_str()), "{name} in {headers:?}");
    }
    let subject = header(mail, "subject");
    assert!(
        subject.contains("Bcc: eve@example.com") && !subject.contains(['\r', '\n']),
        "{subject}"
    );
    // What a title holds is no link.
    assert!(!subject.contains("://") && !text(&mail["text"]).contains("https://evil"));
    let html = text(&mail["html"]);
    assert!(
        !html.contains("<script") && !html.contains("<img") && html.contains("&lt;img"),
        "{html}"
    );
    assert!(text(&mail["text"]).contains("🧵"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_in_a_mail_stops_mails_of_its_kind() {
    let server = TestServer::with(MAILS).await;
    let (ada, cem, document) = world(&server, "Plan").await;
    let mention = || {
        say(
            &server,
            &ada,
            document,
            json!({ "body": "You?", "mentions": [cem.id] }),
        )
    };
    // On in the workspace, too: it is turned off there as well.
    let on = json!({ "types": [{ "type": "mentioned", "email": true }, { "type": "reply", "email": true }] });
    prefer(&server, &cem, &format!("?workspace_id={}", ada.workspace), on).await;
    mention().await;
    later(&server, 6).await;
    let come = mails(&server, &cem);
    let address = header(&come[0], "list-unsubscribe");
    let address = address.trim_start_matches('<').trim_end_matches('>');
    assert!(text(&come[0]["text"]).contains(address));
    let path = &address[address.find("/v1/").unwrap()..];
    let page = server.get(path).send().await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("mentions") && page.text().contains("<form method=\"post\">"));
    // To look at it changes nothing.
    let wants = async |query: String, kind: &str| {
        let path = format!("/v1/notification-preferences{query}");
        let view = server.get(&path).of(&cem).send().await.expect(200);
        let types = view["types"].as_array().unwrap().clone();
        types.into_iter().find(|one| one["type"] == kind).unwrap()["email"].clone()
    };
    let here = || format!("?workspace_id={}", ada.workspace);
    assert_eq!(wants(here(), "mentioned").await, true);
    let stop = server
        .post(path)
        .body("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click");
    for _ in 0..2 {
        assert_eq!(stop.clone().send().await.status, 200);
    }
    for query in [String::new(), here()] {
        assert_eq!(wants(query.clone(), "mentioned").await, false);
        assert_eq!(wants(query, "reply").await, true);
    }
    mention().await;
    later(&server, 6).await;
    assert_eq!(mails(&server, &cem).len(), 1);
    // Nobody makes one for somebody else.
    for bad in [
        format!("{path}A"),
        "/v1/notifications/unsubscribe?stop=".to_owned(),
    ] {
        for request in [server.get(&bad), server.post(&bad)] {
            assert_eq!(request.send().await.status, 404);
        }
    }
    assert_eq!(
        server
            .post("/v1/notifications/unsubscribe")
            .send()
            .await
            .problem(400),
        "INVALID_QUERY"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_wait_for_the_end_of_quiet_hours_and_are_gathered_if_somebody_wants_it() {
    let server = TestServer::with(MAILS).await;
    let (ada, cem, document) = world(&server, "Plan").await;
    let clock = |minutes: i64| {
        let then = jiff::Timestamp::from_millisecond(server.clock.now_ms() + minutes * MINUTE).unwrap();
        then.to_string()[11..16].to_owned()
    };
    let hours = json!({ "from": clock(0), "to": clock(20), "time_zone": "UTC" });
    let view = prefer(&server, &cem, "", json!({ "quiet_hours": hours })).await;
    assert_eq!(view["quiet_hours"], hours);
    assert_eq!(view["channels"], json!(["in_app", "email", "push"]));
    say(
        &server,
        &ada,
        document,
        json!({ "body": "One?", "mentions": [cem.id] }),
    )
    .await;
    later(&server, 10).await;
    assert!(mails(&server, &cem).is_empty());
    later(&server, 10).await;
    assert_eq!(mails(&server, &cem).len(), 1);
    let bad = json!({ "quiet_hours": { "from": "22:00", "to": "22:00", "time_zone": "UTC" } });
    let path = "/v1/notification-preferences";
    assert_eq!(
        server.patch(path).of(&cem).json(bad).send().await.problem(422),
        "VALIDATION_FAILED"
    );
    let scoped = format!("{path}?workspace_id={}", ada.workspace);
    let digest = json!({ "digest": "hourly" });
    assert_eq!(
        server
            .patch(&scoped)
            .of(&cem)
            .json(digest.clone())
            .send()
            .await
            .problem(422),
        "VALIDATION_FAILED"
    );
    let view = prefer(
        &server,
        &cem,
        "",
        json!({ "quiet_hours": null, "digest": "hourly" }),
    )
    .await;
    assert_eq!(
        (&view["quiet_hours"], &view["digest"]),
        (&Value::Null, &json!("hourly"))
    );
    for number in 0..3 {
        say(
            &server,
            &ada,
            document,
            json!({ "body": format!("No. {number}?"), "mentions": [cem.id] }),
        )
        .await;
    }
    later(&server, 61).await;
    let come = mails(&server, &cem);
    assert_eq!(come.len(), 2);
    let gathered = text(&come[1]["text"]);
    assert!(
        (0..3).all(|number| gathered.contains(&format!("No. {number}?"))),
        "{gathered}"
    );
    assert!(header(&come[1], "subject").starts_with("3 new notifications"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_mail_keeps_what_people_want_and_sends_nothing() {
    let server = TestServer::with(&["auth.access_token_seconds=3600", "notifications.web_push=false"]).await;
    let (ada, cem, document) = world(&server, "Plan").await;
    say(
        &server,
        &ada,
        document,
        json!({ "body": "You?", "mentions": [cem.id] }),
    )
    .await;
    later(&server, 30).await;
    assert!(mails(&server, &cem).is_empty() && states(&server).await.is_empty());
    let view = server
        .get("/v1/notification-preferences")
        .of(&cem)
        .send()
        .await
        .expect(200);
    assert!(view.get("digest").is_none() && view.get("quiet_hours").is_none());
    assert_eq!(view["channels"], json!(["in_app"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_server_took_is_sent_again_under_the_same_id() {
    let server = TestServer::with(MAILS).await;
    let (ada, cem, document) = world(&server, "Plan").await;
    say(
        &server,
        &ada,
        document,
        json!({ "body": "You?", "mentions": [cem.id] }),
    )
    .await;
    settled(&server).await;
    let before = states(&server).await.len() - 1;
    // Somebody takes it before everybody else, and is never heard of again.
    let now = server.clock.now_ms();
    let mut tx = server.storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(WorkspaceId(ada.workspace)).await.unwrap();
    let (whose, span) = (
        (cem.id, NotificationWay::Email),
        (now + 10 * MINUTE, now + 7 * MINUTE),
    );
    let taken = tenant
        .claim_notification_deliveries(whose, Uuid::from_u128(7), span, 10)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(taken.len(), 1);
    // What happens in the meantime is another mail.
    say(
        &server,
        &ada,
        document,
        json!({ "body": "Hm?", "mentions": [cem.id] }),
    )
    .await;
    for _ in 0..500 {
        if states(&server).await.len() > before + 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.clock.advance(6 * MINUTE);
    assert_eq!(until_mails(&server, &cem, 1).await.len(), 1);
    server.clock.advance(2 * MINUTE);
    let come = until_mails(&server, &cem, 2).await;
    let id = format!("<{}@localhost>", taken[0].id);
    assert_eq!(come.len(), 2);
    let own = come.iter().filter(|mail| header(mail, "message-id") == id);
    assert_eq!(own.count(), 1);
    settled(&server).await;
    // Whoever took it first comes too late.
    let mut tx = server.storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(WorkspaceId(ada.workspace)).await.unwrap();
    let result = NotificationDeliveryResult::Failed("too late");
    let finished = tenant
        .finish_notification_delivery(taken[0].id, Uuid::from_u128(7), result, now)
        .await;
    assert!(!finished.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_servers_on_one_database_one_sends_each_mail() {
    let Some(database) = postgres_database() else {
        return;
    };
    let shared = [
        format!("storage.database_url={database}"),
        format!("auth.encryption_secrets=a:{}", "e".repeat(32)),
        "server.public_url=http://weft.test".to_owned(),
    ];
    let settings: Vec<&str> = MAILS
        .iter()
        .copied()
        .chain(shared.iter().map(String::as_str))
        .collect();
    let (one, other) = (
        TestServer::with(&settings).await,
        TestServer::with(&settings).await,
    );
    let (ada, cem, document) = world(&one, "Plan").await;
    other.clock.advance(one.clock.now_ms() - other.clock.now_ms());
    for number in 0..40 {
        say(
            &one,
            &ada,
            document,
            json!({ "body": format!("No. {number}?"), "mentions": [cem.id] }),
        )
        .await;
    }
    settled(&one).await;
    other.clock.advance(6 * MINUTE);
    later(&one, 6).await;
    settled(&other).await;
    let all: Vec<_> = [&one, &other]
        .into_iter()
        .flat_map(|server| mails(server, &cem))
        .collect();
    let mut ids: Vec<_> = all.iter().map(|mail| header(mail, "message-id")).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((all.len(), ids.len()), (40, 40));
}
