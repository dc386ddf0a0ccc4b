//! What all operations have in common: keys for repeating, conditions, lists, bounds of bodies, limits, batches.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Person, TestServer, copy_directory, id_of, text};

/// The operations that are described: method, path with ids filled in, and the description.
async fn operations(server: &TestServer, of: &Person) -> Vec<(Method, String, Value)> {
    let api = server.get("/openapi.json").send().await.expect(200);
    let mut found = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        let mut filled = path.replace("{workspace_id}", &of.workspace.to_string());
        while let (Some(start), Some(end)) = (filled.find('{'), filled.find('}')) {
            filled.replace_range(start..=end, "0198c0de-0000-7000-8000-000000000001");
        }
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            if let Some(operation) = item.get(method.as_str().to_lowercase()) {
                found.push((method, filled.clone(), operation.clone()));
            }
        }
    }
    assert!(found.len() > 5);
    found
}

async fn workspaces(server: &TestServer, person: &Person, name: &str) -> Vec<Value> {
    let list = server
        .get("/v1/workspaces?limit=100")
        .of(person)
        .send()
        .await
        .expect(200);
    let all = list["data"].as_array().unwrap();
    all.iter()
        .filter(|workspace| workspace["name"] == name)
        .cloned()
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_identical_requests_with_one_key_make_one_row() {
    let server = Arc::new(TestServer::start().await);
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let ask = {
        let server = Arc::clone(&server);
        move |person: &Person, name: &str| {
            let request = server
                .post("/v1/workspaces")
                .of(person)
                .header("idempotency-key", "one");
            request.json(json!({ "name": name }))
        }
    };
    let mut asking = JoinSet::new();
    for _ in 0..50 {
        asking.spawn(ask(&ada, "Looms").send());
    }
    let answers = asking.join_all().await;
    let fresh = answers
        .iter()
        .filter(|answer| answer.header("idempotency-replayed").is_none());
    assert_eq!(fresh.count(), 1);
    let id = id_of(&answers[0].json());
    for answer in answers {
        assert!(answer.header("location").is_some() && answer.header("etag").is_some());
        assert_eq!(id_of(&answer.expect(201)), id);
    }
    assert_eq!(workspaces(&server, &ada, "Looms").await.len(), 1);
    assert_eq!(
        ask(&ada, "Other").send().await.problem(422),
        "IDEMPOTENCY_KEY_REUSED"
    );
    // Somebody else's key of the same name is another key.
    assert_ne!(id_of(&ask(&bob, "Looms").send().await.expect(201)), id);
    // A day later it may stand for something else.
    server.clock.advance(86_401_000);
    let later = server.log_in("ada").await;
    let ada = Person {
        token: text(&later["access_token"]),
        ..ada
    };
    assert_eq!(ask(&ada, "Other").send().await.status, 201);
}

/// The address stands in tokens, so that another server at another port takes them.
const PUBLIC_URL: &str = "server.public_url=http://weft.test";

/// A server of its own process, on a data directory that another one has left.
struct Process(Child, std::net::SocketAddr);

impl Process {
    fn start(data: &std::path::Path) -> Self {
        use std::io::BufRead as _;
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--set", PUBLIC_URL, "--data"])
            .arg(data);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("ready: http://")
            .unwrap()
            .trim_end_matches("/\n");
        let address = address.parse().unwrap();
        Self(child, address)
    }

    /// At once, without leave to finish anything.
    fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_a_kill_between_commit_and_reply_gets_the_same_answer() {
    const ROUNDS: u64 = 12;
    if std::env::var_os("WEFT_TEST_DATABASE").is_some_and(|name| name == "postgres") {
        // What is killed here is the server with its embedded database.
        return;
    }
    let mut server = TestServer::with(&[PUBLIC_URL]).await;
    let ada = server.person("ada").await;
    let data = tempfile::tempdir().unwrap();
    copy_directory(&server.data.path().join("data"), data.path());
    let (mut had_effect, mut had_none) = (0, 0);
    for round in 0..ROUNDS {
        let name = format!("round {round}");
        let process = Process::start(data.path());
        server.address = process.1;
        let ask = |server: &TestServer| {
            let key = format!("k{round}");
            let request = server
                .post("/v1/workspaces")
                .of(&ada)
                .header("idempotency-key", &key);
            request.json(json!({ "name": name }))
        };
        // The reply is never read; the kill comes a little later in each round, so that it falls before the effect,
        // between it and the reply, and after both.
        let bytes = format!(
            "POST /v1/workspaces HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nidempotency-key: k{round}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
            ada.token,
            json!({ "name": name }).to_string().len(),
            json!({ "name": name })
        );
        let mut stream = std::net::TcpStream::connect(process.1).unwrap();
        std::io::Write::write_all(&mut stream, bytes.as_bytes()).unwrap();
        tokio::time::sleep(Duration::from_millis(round * round / 2)).await;
        process.kill();

        let process = Process::start(data.path());
        server.address = process.1;
        let before = workspaces(&server, &ada, &name).await;
        let answer = ask(&server).send().await;
        let replayed = answer.header("idempotency-replayed").is_some();
        let id = id_of(&answer.expect(201));
        match before.as_slice() {
            [] => had_none += 1,
            [one] => {
                had_effect += 1;
                assert_eq!((id_of(one), replayed), (id, true), "round {round}");
            }
            more => panic!("{more:?}"),
        }
        let after = workspaces(&server, &ada, &name).await;
        assert_eq!(after.len(), 1, "round {round}");
        process.kill();
    }
    println!("{had_effect} rounds with the effect, {had_none} without");
    assert!(had_effect > 0, "the kill never came after the effect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_who_saw_the_same_version_one_wins() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let path = format!("/v1/workspaces/{}", ada.workspace);
    let etag = server.get(&path).of(&ada).send().await.header("etag").unwrap();
    let write = |name: &str, etag: &str| {
        let request = server.patch(&path).of(&ada).header("if-match", etag);
        request
            .body(
                "application/merge-patch+json",
                json!({ "name": name }).to_string(),
            )
            .send()
    };
    let (one, two) = tokio::join!(write("one", &etag), write("two", &etag));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!(lost.problem(412), "PRECONDITION_FAILED");
    let read = server.get(&path).of(&ada).send().await;
    assert_eq!(read.header("etag"), won.header("etag"));
    assert_eq!(read.json()["name"], won.json()["name"]);
    let weak = format!("W/{}", read.header("etag").unwrap());
    assert_eq!(write("three", &weak).await.status, 412);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_lists_are_bounded_at_their_extremes() {
    let server = TestServer::with(&[
        "rates.per_principal_per_minute=100000",
        "rates.per_address_per_minute=100000",
    ])
    .await;
    let ada = server.person("ada").await;
    let mut lists = 0;
    for (method, path, operation) in operations(&server, &ada).await {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        if method != Method::GET || !parameters.iter().any(|parameter| parameter["name"] == "limit") {
            continue;
        }
        lists += 1;
        let has_pages = parameters.iter().any(|parameter| parameter["name"] == "page");
        let required: String = parameters
            .iter()
            .filter(|parameter| {
                // Whoever is in many workspaces has to name one, though the description cannot say so.
                let is_needed = parameter["required"] == true || parameter["name"] == "workspace_id";
                parameter["in"] == "query" && is_needed
            })
            .map(|parameter| format!("&{}={}", text(&parameter["name"]), ada.workspace))
            .collect();
        let ask = async |query: &str| {
            server
                .get(&format!("{path}?{query}{required}"))
                .of(&ada)
                .send()
                .await
        };
        for query in ["limit=1", "limit=100", "limit=101", "limit=4294967295"] {
            let answer = ask(query).await;
            assert!(
                [200, 401, 403, 404].contains(&answer.status),
                "{path}?{query}: {}",
                answer.text()
            );
            if answer.status == 200 {
                let shown = answer.json()["meta"]["limit"].as_u64().unwrap();
                assert!((1..=100).contains(&shown), "{path}?{query}");
            }
        }
        for query in [
            "limit=0",
            "limit=-1",
            "limit=x",
            "limit=1&limit=2",
            "cursor=AAAA",
            "cursor=",
            "zzz=1",
        ] {
            let answer = ask(query).await;
            let allowed: &[u16] = if query.starts_with("cursor") {
                &[400, 401, 403, 404]
            } else {
                &[400, 401]
            };
            assert!(
                allowed.contains(&answer.status),
                "{path}?{query}: {} {}",
                answer.status,
                answer.text()
            );
        }
        for query in [
            "page=0",
            "page=-1",
            "page=4294967296",
            "page=402",
            "page=1&cursor=x",
        ] {
            if has_pages {
                assert_eq!(ask(query).await.status, 400, "{path}?{query}");
            }
        }
    }
    assert!(lists > 0, "no list is described");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_cursors_lead_on_only_for_those_they_were_made_for() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for person in [&ada, &bob] {
        for name in ["a", "b", "c"] {
            let made = server
                .post("/v1/workspaces")
                .of(person)
                .json(json!({ "name": name }));
            assert_eq!(made.send().await.status, 201);
        }
    }
    let page = async |person: &Person, query: &str| {
        server
            .get(&format!("/v1/workspaces?limit=1{query}"))
            .of(person)
            .send()
            .await
    };
    let (mut seen, mut query) = (Vec::new(), String::new());
    let mut cursor = None;
    loop {
        let list = page(&ada, &query).await.expect(200);
        seen.push(id_of(&list["data"][0]));
        match list["meta"]["next_cursor"].as_str() {
            Some(next) => query = format!("&cursor={next}"),
            None => break,
        }
        cursor.get_or_insert(query.clone());
    }
    assert_eq!(seen.len(), 4);
    let cursor = cursor.unwrap();
    assert_eq!(page(&ada, &cursor).await.status, 200);
    assert_eq!(page(&bob, &cursor).await.problem(400), "INVALID_QUERY");
    let tampered = format!("{}A", &cursor[..cursor.len() - 1]);
    let other = format!("{}B", &cursor[..cursor.len() - 1]);
    let tampered = if tampered == cursor { other } else { tampered };
    assert_eq!(page(&ada, &tampered).await.problem(400), "INVALID_QUERY");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_no_operation_takes_bodies_without_bounds() {
    let server = TestServer::with(&[
        "rates.per_principal_per_minute=100000",
        "rates.per_address_per_minute=100000",
        "rates.registrations_per_address_per_minute=100000",
        "limits.max_message_bytes=2097152",
    ])
    .await;
    let ada = server.person("ada").await;
    let bodies = [
        (
            "depth",
            format!("{{\"name\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000)),
        ),
        ("duplicates", "{\"name\":\"a\",\"name\":\"b\"}".to_owned()),
        ("size", format!("{{\"name\":\"{}\"}}", "x".repeat(3_000_000))),
        ("elements", format!("{{\"name\":[{}0]}}", "0,".repeat(1_000_000))),
        ("number", format!("{{\"name\":{}}}", "9".repeat(10_000))),
        ("unknown", "{\"zzz_unknown\":1}".to_owned()),
        ("null byte", "{\"name\":\"\\u0000\"}".to_owned()),
        ("half a character", "{\"name\":\"\\ud800\"}".to_owned()),
        ("not JSON", "name=a".to_owned()),
    ];
    let mut taken = 0;
    for (method, path, operation) in operations(&server, &ada).await {
        let types = operation["requestBody"]["content"].as_object();
        let Some(media_type) =
            types.and_then(|types| types.keys().find(|name| name.contains("json")).cloned())
        else {
            continue;
        };
        taken += 1;
        // Preferences are the application's own: any object.
        let is_free = path.ends_with("preferences");
        for (what, body) in bodies.iter().filter(|(what, _)| !(is_free && *what == "unknown")) {
            let request = server
                .request(method.clone(), &path)
                .of(&ada)
                .header("if-match", "*");
            // Who is refused for something else may be cut off while still sending much.
            let mut sending = JoinSet::new();
            sending.spawn(request.body(&media_type, body.clone()).send());
            let Some(Ok(answer)) = sending.join_next().await else {
                assert!(body.len() > 1_000_000, "{method} {path} {what}");
                continue;
            };
            assert!(
                (400..500).contains(&answer.status),
                "{method} {path} {what}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(
                !answer.text().contains("xxxxxxxxxx") && answer.body.len() < 4_000,
                "{method} {path} {what}"
            );
        }
        let form = server
            .request(method.clone(), &path)
            .of(&ada)
            .header("if-match", "*");
        let answer = form.body("text/plain", "{}").send().await;
        assert!(
            [400, 401, 403, 404, 415].contains(&answer.status),
            "{method} {path}: {}",
            answer.status
        );
    }
    assert!(taken > 3, "few operations take JSON");
    assert_eq!(server.get("/readyz").send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn principals_and_registrations_have_their_limits() {
    let server = TestServer::with(&["rates.per_principal_per_minute=3"]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for left in (0..3).rev() {
        let answer = server.get("/v1/users/me").of(&ada).send().await;
        assert_eq!(
            (answer.status, answer.header("x-ratelimit-remaining")),
            (200, Some(left.to_string()))
        );
    }
    let refused = server.get("/v1/users/me").of(&ada).send().await;
    assert!(
        refused
            .header("ratelimit")
            .unwrap()
            .contains("\"default\";r=0;t=")
    );
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(refused.problem(429), "TOO_MANY_REQUESTS");
    assert_eq!(server.get("/v1/users/me").of(&bob).send().await.status, 200);
    // Two have registered already; what is refused for its body counts too.
    let register = async || server.post("/v1/users/register").json(json!({})).send().await;
    for _ in 0..8 {
        assert_eq!(register().await.status, 422);
    }
    let refused = register().await;
    assert!(
        refused
            .header("ratelimit-policy")
            .unwrap()
            .contains("\"register\";q=10;w=60")
    );
    assert_eq!(refused.problem(429), "TOO_MANY_REQUESTS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_its_requests_one_after_another() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let run = async |requests: Value| {
        let batch = server.post("/v1/batch").of(&ada);
        batch.json(json!({ "requests": requests })).send().await
    };
    let make = json!({
        "method": "POST", "path": "/v1/workspaces", "body": { "name": "Looms" }, "headers": { "idempotency-key": "k" },
    });
    let before = server.get("/v1/users/me").of(&ada).send().await;
    // Of the measure of one caller: `x-ratelimit-remaining` speaks of whichever is nearest to its end.
    let remaining = |answer: &crate::support::Answer| -> u64 {
        let header = answer.header("ratelimit").unwrap();
        let (_, left) = header.split_once("\"default\";r=").unwrap();
        left.split(';').next().unwrap().parse().unwrap()
    };
    let answer = run(json!([
        make,
        { "method": "GET", "path": "/v1/workspaces?limit=100" },
        { "method": "GET", "path": "/v1/nothing" },
        { "method": "POST", "path": "/v1/batch", "body": { "requests": [make] } },
        make,
        { "method": "DELETE", "path": "/v1/users/me/nothing" },
    ]))
    .await;
    let data = answer.expect(200)["data"].clone();
    assert_eq!(
        (&data[0]["status"], &data[0]["body"]["name"]),
        (&json!(201), &json!("Looms")),
        "{data:#}"
    );
    assert!(data[0]["headers"]["location"].is_string() && data[0]["headers"]["etag"].is_string());
    let seen = data[1]["body"]["data"].as_array().unwrap();
    assert!(
        seen.iter()
            .any(|workspace| workspace["id"] == data[0]["body"]["id"])
    );
    assert_eq!(
        (&data[2]["status"], &data[2]["body"]["code"]),
        (&json!(404), &json!("NOT_FOUND"))
    );
    assert!(
        data[2]["body"]["instance"]
            .as_str()
            .unwrap()
            .starts_with("urn:uuid:")
    );
    assert_eq!(data[3]["body"]["code"], "BATCH_IN_BATCH");
    assert_eq!(
        (
            &data[4]["body"]["id"],
            &data[4]["headers"]["idempotency-replayed"]
        ),
        (&data[0]["body"]["id"], &json!("true"))
    );
    // Each was counted, and the batch too. In the seconds of a slow machine a few come back.
    let after = server.get("/v1/users/me").of(&ada).send().await;
    let counted = remaining(&before) - remaining(&after);
    assert!((1..=8).contains(&counted), "{counted}");
    let get = json!({ "method": "GET", "path": "/v1/users/me" });
    assert_eq!(run(json!(vec![get.clone(); 20])).await.status, 200);
    for bad in [
        json!(vec![get.clone(); 21]),
        json!([]),
        json!([{ "method": "TRACE", "path": "/v1/users/me" }]),
        json!([{ "method": "GET", "path": "/healthz" }]),
        json!([{ "method": "GET", "path": "https://example.com/v1/users/me" }]),
        json!([get, { "method": "GET", "path": "/v1/users/me", "headers": { "authorization": "Bearer x" } }]),
        json!([{ "method": "GET", "path": "/v1/users/me", "headers": { "if-match": "a\r\nb: c" } }]),
    ] {
        assert_eq!(run(bad.clone()).await.status, 422, "{bad}");
    }
    let nobody = server
        .post("/v1/batch")
        .json(json!({ "requests": [get] }))
        .send()
        .await;
    assert_eq!(nobody.problem(401), "UNAUTHORIZED");
}
