//! The audit log: who did what to what, when, and from where; and that nobody changes it unnoticed.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::documents::{Studio, create, enlist, studio};
use crate::support::{
    PASSWORD, Person, Request, TestServer, copy_directory, id_of, number_of, postgres_database, text,
};
use crate::webhook_nodes::Process;
use crate::webhooks::LOCAL;

pub const SERVER: Uuid = Uuid::nil();

/// Waits until everything that happened was written down.
pub async fn written(server: &TestServer) {
    for _ in 0..500 {
        let mut tx = server.storage.records().read().await.unwrap();
        if tx.audit_work(1).await.unwrap().is_empty() {
            return;
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not everything was written down");
}

async fn list(server: &TestServer, who: &Person, log: Uuid, query: &str) -> Vec<Value> {
    written(server).await;
    let path = format!("/v1/workspaces/{log}/audit?limit=100{query}");
    let list = server.get(&path).of(who).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

fn actions(entries: &[Value]) -> Vec<String> {
    entries.iter().map(|entry| text(&entry["action"])).collect()
}

pub async fn export(server: &TestServer, who: &Person, log: Uuid) -> String {
    let path = format!("/v1/workspaces/{log}/audit/export");
    let answer = server.get(&path).of(who).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

async fn board(server: &TestServer, studio: &Studio) -> Uuid {
    let path = format!("/v1/projects/{}/boards", studio.project);
    let form = json!({ "title": "Board" });
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

async fn task(server: &TestServer, studio: &Studio, board: Uuid, title: &str) -> Uuid {
    let path = format!("/v1/projects/{}/tasks", studio.project);
    let form = json!({ "board_id": board, "title": title });
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

/// A key that was made and revoked.
pub async fn key(server: &TestServer, who: &Person) -> Uuid {
    let form = json!({ "workspace_id": who.workspace, "name": "Deploy", "scopes": ["profile:read"] });
    let made = server.post("/v1/api-keys").of(who).json(form).send().await;
    let key = id_of(&made.expect(201)["api_key"]);
    let path = format!("/v1/api-keys/{key}");
    server.delete(&path).of(who).send().await.expect(204);
    key
}

/// What `weft audit verify` says, and whether it is content.
pub fn verify(arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.args(["audit", "verify"]).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WEFT_") {
            command.env_remove(name);
        }
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_and_what_ends_them_are_in_the_log_of_the_server() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let ada = server.person("ada").await;
    let wrong = json!({ "email": ada.email, "password": "tidal ovens wary 4712" });
    let form = server.post("/v1/users/login").header("user-agent", "a browser");
    let form = form.header("x-request-id", "request-7").json(wrong);
    assert_eq!(form.send().await.problem(401), "INVALID_CREDENTIALS");
    let nobody = json!({ "email": "nobody@example.com", "password": PASSWORD });
    let nobody = server.post("/v1/users/login").json(nobody).send().await;
    assert_eq!(nobody.problem(401), "INVALID_CREDENTIALS");

    let change = json!({ "current_password": PASSWORD, "password": "other wary ovens 4711" });
    let change = server
        .post("/v1/auth/password/change")
        .of(&ada)
        .json(change)
        .send()
        .await;
    assert!(change.status < 300, "{}", change.text());
    let out = server.post("/v1/auth/logout").of(&ada).send().await;
    out.expect(204);

    let entries = list(&server, &root, SERVER, "&action=auth.").await;
    let newest: Vec<String> = actions(&entries).into_iter().take(4).collect();
    let expected = [
        "auth.session_ended",
        "auth.password_changed",
        "auth.login_failed",
        "auth.login_failed",
    ];
    assert_eq!(newest, expected);
    assert_eq!(entries[0]["actor"], json!({ "type": "user", "id": ada.id }));
    let failed = &entries[3];
    assert_eq!(failed["actor"]["type"], "nobody");
    assert_eq!(failed["subject"], json!({ "type": "user", "id": ada.id }));
    assert_eq!(failed["address"], "127.0.0.1");
    assert_eq!(failed["user_agent"], "a browser");
    assert_eq!(failed["request_id"], "request-7");
    assert_eq!(entries[2]["subject"], json!({ "type": "user", "id": null }));
    // No secret, and nothing that was typed.
    let all = export(&server, &root, SERVER).await;
    assert!(!all.contains("ovens") && !all.contains("example.com"), "{all}");

    // The one who logged in is not the one who asks for the log.
    let path = format!("/v1/workspaces/{SERVER}/audit");
    let refused = server.get(&path).of(&server.person("bo").await).send().await;
    assert!((401..=404).contains(&refused.status));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_that_comes_twice_is_in_the_log() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let ada = server.person("ada").await;
    let refresh = || {
        let form = json!({ "refresh_token": ada.refresh_token });
        server.post("/v1/auth/refresh").json(form).send()
    };
    assert_eq!(refresh().await.status, 200);
    server.clock.advance(3_600_000);
    assert!(refresh().await.status >= 400);
    // The administrator's token has ended meanwhile.
    let tokens = server.log_in("root").await;
    let root = Person {
        token: text(&tokens["access_token"]),
        ..root
    };
    let entries = list(&server, &root, SERVER, "&action=auth.refresh_token").await;
    assert_eq!(actions(&entries), ["auth.refresh_token_reused"]);
    assert_eq!(entries[0]["details"]["user_id"], json!(ada.id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_writes_no_more_than_the_limits_let_through() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let ada = server.person("ada").await;
    let mut compared = 0;
    for _ in 0..60 {
        let form = json!({ "email": ada.email, "password": "wrong wrong wrong 1" });
        match server.post("/v1/users/login").json(form).send().await.status {
            401 => compared += 1,
            429 => {}
            other => panic!("{other}"),
        }
    }
    assert!((1..60).contains(&compared), "{compared}");
    let entries = list(&server, &root, SERVER, "&action=auth.login_failed").await;
    assert_eq!(entries.len(), compared);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_in_a_workspace_is_in_its_log_once_and_without_content() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = id_of(&create(&server, &studio, json!({ "title": "Hush money" })).await);
    let key = key(&server, ada).await;
    let board = board(&server, &studio).await;
    let task = task(&server, &studio, board, "Hush task").await;
    let path = format!("/v1/boards/{board}/export");
    assert_eq!(server.get(&path).of(ada).send().await.status, 200);

    let entries = list(&server, ada, ada.workspace, "").await;
    for (action, subject) in [
        ("document.created", document),
        ("api_key.created", key),
        ("api_key.revoked", key),
        ("task.created", task),
        ("board.exported", board),
    ] {
        let found: Vec<_> = entries
            .iter()
            .filter(|entry| entry["action"] == action && entry["subject"]["id"] == json!(subject))
            .collect();
        assert_eq!(found.len(), 1, "{action}: {entries:#?}");
        assert_eq!(
            found[0]["actor"],
            json!({ "type": "user", "id": ada.id }),
            "{action}"
        );
    }
    // What REST did by itself says from where.
    let made = entries
        .iter()
        .find(|entry| entry["action"] == "document.created")
        .unwrap();
    assert_eq!(made["address"], "127.0.0.1");
    // What the room of a board did says who alone.
    let made = entries
        .iter()
        .find(|entry| entry["action"] == "task.created")
        .unwrap();
    assert_eq!(
        (&made["address"], &made["request_id"]),
        (&Value::Null, &Value::Null)
    );
    // Every event once, and in the log's own order.
    let mut events: Vec<i64> = entries
        .iter()
        .filter_map(|entry| entry["event_sequence"].as_i64())
        .collect();
    events.sort_unstable();
    let all = server.get(&format!("/v1/events?limit=100&workspace_id={}", ada.workspace));
    let last = all.of(ada).send().await.expect(200)["meta"]["last_sequence"]
        .as_i64()
        .unwrap();
    assert_eq!(events, (1..=last).collect::<Vec<_>>());
    let exported = export(&server, ada, ada.workspace).await;
    assert!(!exported.contains("Hush"), "{exported}");
    let latest = exported.lines().last().unwrap();
    assert!(latest.contains("audit.exported"), "{latest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_searched_and_walked_page_by_page() {
    let server = TestServer::start().await;
    let ada = &server.person("ada").await;
    let key = key(&server, ada).await;
    let of_key = list(&server, ada, ada.workspace, &format!("&subject_id={key}")).await;
    assert_eq!(actions(&of_key), ["api_key.revoked", "api_key.created"]);
    assert!(
        list(&server, ada, ada.workspace, &format!("&actor_id={key}"))
            .await
            .is_empty()
    );
    assert!(
        list(&server, ada, ada.workspace, "&to=2001-01-01T00:00:00Z")
            .await
            .is_empty()
    );
    assert!(
        !list(&server, ada, ada.workspace, "&from=2001-01-01T00:00:00Z")
            .await
            .is_empty()
    );
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/workspaces/{}/audit?limit=2{cursor}", ada.workspace);
        let page = server.get(&path).of(ada).send().await.expect(200);
        walked.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| entry["sequence"].as_i64().unwrap()),
        );
        match page["meta"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let newest = i64::try_from(walked.len()).unwrap();
    assert_eq!(walked, (1..=newest).rev().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_administrators_and_owners_read_the_log() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let log = studio.owner.workspace;
    let paths = [
        format!("/v1/workspaces/{log}/audit"),
        format!("/v1/workspaces/{log}/audit/export"),
    ];
    for (name, role, expected) in [
        ("gus", "guest", 403),
        ("mia", "member", 403),
        ("max", "manager", 403),
        ("adele", "admin", 200),
    ] {
        let person = server.person(name).await;
        enlist(&server, log, &person, role).await;
        for path in &paths {
            assert_eq!(
                server.get(path).of(&person).send().await.status,
                expected,
                "{role} {path}"
            );
        }
    }
    let stranger = server.person("bo").await;
    for path in &paths {
        assert_eq!(server.get(path).of(&stranger).send().await.status, 404);
        assert_eq!(server.get(path).send().await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_checked_by_itself_and_against_what_was_kept() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    for number in 0..5 {
        create(&server, &studio, json!({ "title": format!("{number}") })).await;
    }
    written(&server).await;
    let whole = export(&server, &studio.owner, studio.owner.workspace).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let check = |content: &str, head: Option<&str>| {
        std::fs::write(&path, content).unwrap();
        let mut arguments = vec!["--file", path.to_str().unwrap()];
        arguments.extend(head.iter().flat_map(|head| ["--head", head]));
        verify(&arguments)
    };
    let (is_whole, said) = check(&whole, None);
    assert!(is_whole, "{said}");
    let head = said.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(check(&whole, Some(&head)).0);

    let lines: Vec<&str> = whole.lines().collect();
    let join = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let changed = whole.replacen("127.0.0.1", "127.0.0.2", 1);
    assert_ne!(changed, whole);
    let mut dropped = lines.clone();
    dropped.remove(2);
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    for (content, says) in [
        (changed, "was changed"),
        (join(&dropped), "entry 3 is missing"),
        (join(&swapped), "entry 2 is missing"),
        (
            whole.replacen("\"hash\":\"", "\"hash\":\"zz", 1),
            "line 1 is no entry",
        ),
        (String::new(), "no entries"),
        ("x".repeat(1 << 20), "line 1 is no entry"),
    ] {
        let (is_whole, said) = check(&content, None);
        assert!(!is_whole && said.contains(says), "{says}: {said}");
    }
    // A tail that was cut off is noticed by whoever kept the head, and by nobody else.
    let cut = join(&lines[..lines.len() - 1]);
    assert!(check(&cut, None).0);
    let (is_whole, said) = check(&cut, Some(&head));
    assert!(!is_whole && said.contains("the chain ends at"), "{said}");
    let (is_whole, said) = verify(&["--head", &head]);
    assert!(!is_whole && said.contains("--workspace or --file"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_at_any_moment_the_chain_is_whole_and_has_every_event_once() {
    const ROUNDS: usize = 5;
    if std::env::var_os("WEFT_TEST_DATABASE").is_some_and(|name| name == "postgres") {
        // What is killed here is the server with its embedded database.
        return;
    }
    let mut server = TestServer::with(&["server.public_url=http://weft.test"]).await;
    let studio = studio(&server, "ada").await;
    let board = board(&server, &studio).await;
    let data = tempfile::tempdir().unwrap();
    copy_directory(&server.data.path().join("data"), data.path());
    for round in 0..ROUNDS {
        let process = Process::start(data.path());
        server.address = process.1;
        for number in 0..5 {
            // One is written down by its request, the other by the loop that follows.
            create(&server, &studio, json!({ "title": format!("{round}.{number}") })).await;
            task(&server, &studio, board, &format!("{round}.{number}")).await;
        }
        tokio::time::sleep(Duration::from_millis(u64::try_from(round).unwrap() * 7)).await;
        drop(process);
    }
    let process = Process::start(data.path());
    server.address = process.1;
    let log = studio.owner.workspace;
    let mut events: Vec<i64> = Vec::new();
    for _ in 0..500 {
        let exported = export(&server, &studio.owner, log).await;
        let entries = exported
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        events = entries
            .filter_map(|entry| entry["event_sequence"].as_i64())
            .collect();
        let last = server.get(&format!("/v1/events?limit=100&workspace_id={log}"));
        let last = last.of(&studio.owner).send().await.expect(200)["meta"]["last_sequence"].as_i64();
        if Some(i64::try_from(events.len()).unwrap()) == last {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(process);
    events.sort_unstable();
    let count = i64::try_from(events.len()).unwrap();
    assert!(count >= i64::try_from(ROUNDS * 10).unwrap());
    assert_eq!(events, (1..=count).collect::<Vec<_>>());
    let (is_whole, said) = verify(&["--data", data.path().to_str().unwrap()]);
    assert!(is_whole && said.contains(&log.to_string()), "{said}");
}

/// Writes through a server, without an end: what the request itself writes down, and what the loop follows.
async fn write_on(server: SocketAddr, studio: &Studio, board: Uuid) {
    for number in 0.. {
        let at = |path: &str| Request::to(server, path).of(&studio.owner);
        let form = json!({ "title": format!("{number}") });
        let path = format!("/v1/projects/{}/documents", studio.project);
        at(&path).json(form).send().await.expect(201);
        let form = json!({ "board_id": board, "title": format!("{number}") });
        let path = format!("/v1/projects/{}/tasks", studio.project);
        at(&path).json(form).send().await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_servers_on_one_database_write_one_chain_also_when_one_is_killed() {
    const EACH: usize = 15;
    let Some(database) = postgres_database() else {
        return;
    };
    let seed = number_of("WEFT_SEED").unwrap_or_else(rand::random);
    let rounds = number_of("WEFT_ROUNDS").unwrap_or(5);
    println!("WEFT_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let shared = [
        format!("storage.database_url={database}"),
        format!("auth.encryption_secrets=a:{}", "e".repeat(32)),
        "server.public_url=http://weft.test".to_owned(),
    ];
    let settings: Vec<&str> = shared
        .iter()
        .map(String::as_str)
        .chain(LOCAL.iter().copied())
        .collect();
    let servers = [
        TestServer::with(&settings).await,
        TestServer::with(&settings).await,
    ];
    let studio = Arc::new(studio(&servers[0], "ada").await);
    let board = board(&servers[0], &studio).await;
    for _ in 0..rounds {
        let data = tempfile::tempdir().unwrap();
        let process = Process::with(data.path(), &settings[..shared.len()]);
        let (address, its) = (process.1, Arc::clone(&studio));
        let mut doomed = JoinSet::new();
        doomed.spawn(async move { write_on(address, &its, board).await });
        let work = servers.iter().map(|server| async {
            for number in 0..EACH {
                create(server, &studio, json!({ "title": format!("{number}") })).await;
                task(server, &studio, board, &format!("{number}")).await;
            }
        });
        let killed = async {
            tokio::time::sleep(Duration::from_millis(random.random_range(50..800))).await;
            drop(process);
        };
        tokio::join!(futures_util::future::join_all(work), killed);
        // Its connection has broken under it.
        assert!(doomed.join_next().await.unwrap().is_err());
    }
    written(&servers[1]).await;
    let exported = export(&servers[1], &studio.owner, studio.owner.workspace).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    std::fs::write(&path, &exported).unwrap();
    let (is_whole, said) = verify(&["--file", path.to_str().unwrap()]);
    assert!(is_whole, "{said}");
    let entries = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut events: Vec<i64> = entries
        .filter_map(|entry| entry["event_sequence"].as_i64())
        .collect();
    events.sort_unstable();
    let count = i64::try_from(events.len()).unwrap();
    let expected = 4 * EACH * usize::try_from(rounds).unwrap();
    assert!(count > i64::try_from(expected).unwrap(), "{count}");
    assert_eq!(events, (1..=count).collect::<Vec<_>>());
}
