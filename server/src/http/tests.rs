//! What the HTTP face promises, asked over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::config::{self, Setting, Sources};

struct Fixed(Result<(), String>);

#[async_trait]
impl Readiness for Fixed {
    async fn check(&self) -> ReadinessReport {
        ReadinessReport {
            checks: vec![ReadinessCheck {
                name: "storage",
                result: self.0.clone(),
            }],
            notes: vec![ReadinessNote::unwell("redis", "away")],
        }
    }
}

pub(super) const SECRET: &str = "auth.document_token_secrets=a:0123456789abcdef0123456789abcdef";

pub(super) fn config(flags: &[&str]) -> Config {
    let flags = flags.iter().map(|flag| Setting::parse(flag).unwrap()).collect();
    config::load(&Sources {
        flags,
        ..Sources::default()
    })
    .unwrap()
}

pub(super) struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    tracker: TaskTracker,
    pub(super) metrics: Arc<Metrics>,
}

impl Server {
    pub(super) async fn start(config: &Config, more: Router, readiness: Result<(), String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, tracker, metrics) = (
            CancellationToken::new(),
            TaskTracker::new(),
            Arc::new(Metrics::new()),
        );
        let router = finish(
            routes(Arc::new(Fixed(readiness))).merge(more),
            config,
            Arc::new(weft_storage::clock::SystemClock),
            Arc::clone(&metrics),
        );
        let settings = ServeSettings {
            header_timeout: Duration::from_millis(300),
            ..ServeSettings::from(&config.limits)
        };
        tracker.spawn(serve(listener, router, settings, stop.clone(), tracker.clone()));
        Self {
            address,
            stop,
            tracker,
            metrics,
        }
    }

    async fn playground() -> Self {
        Self::start(&config(&["server.playground=true"]), Router::new(), Ok(())).await
    }

    pub(super) async fn ask(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        ))
        .await
    }
}

pub(super) struct Answer(pub(super) String);

impl Answer {
    pub(super) fn status(&self) -> &str {
        self.0.get(9..12).unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let head = self.0.split("\r\n\r\n").next()?;
        let prefix = format!("{name}: ");
        head.lines().find_map(|line| line.strip_prefix(&prefix))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(self.0.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

#[tokio::test]
async fn health_says_alive_and_readiness_says_what_is_wrong() {
    let server = Server::playground().await;
    assert_eq!(server.get("/healthz").await.json()["status"], "alive");
    let ready = server.get("/readyz").await;
    assert_eq!(
        (ready.status(), &ready.json()["checks"][0]["ok"]),
        ("200", &Value::Bool(true))
    );
    let note = serde_json::json!([{ "name": "redis", "ok": false, "text": "away" }]);
    assert_eq!(ready.json()["notes"], note);
    let failing = Server::start(
        &config(&["server.playground=true"]),
        Router::new(),
        Err("disk full".to_owned()),
    )
    .await;
    let ready = failing.get("/readyz").await;
    assert_eq!(
        (ready.status(), &ready.json()["checks"][0]["reason"]),
        ("503", &Value::from("disk full"))
    );
    assert_eq!(failing.get("/healthz").await.status(), "200");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_with_the_request_id() {
    let server = Server::playground().await;
    let missing = server.get("/v1/nothing?token=secret").await;
    assert_eq!(
        (missing.status(), missing.header("content-type")),
        ("404", Some("application/problem+json"))
    );
    let id = missing.header("x-request-id").unwrap().to_owned();
    let body = missing.json();
    assert_eq!(
        (&body["code"], &body["status"]),
        (&Value::from("NOT_FOUND"), &Value::from(404))
    );
    assert_eq!(body["instance"], format!("urn:uuid:{id}"));
    assert!(!missing.0.contains("secret"));
    let wrong = server
        .ask("DELETE /healthz HTTP/1.1\r\nhost: localhost\r\nx-request-id: mine\r\nconnection: close\r\n\r\n")
        .await;
    assert_eq!(
        (wrong.status(), wrong.json()["code"].as_str()),
        ("405", Some("METHOD_NOT_ALLOWED"))
    );
    assert_eq!(wrong.header("allow"), Some("GET,HEAD"));
    assert_eq!(wrong.header("x-request-id"), Some("mine"));
    assert_eq!(wrong.json()["instance"], "urn:weft:request:mine");
    assert_eq!(server.metrics.http_requests.with("4xx").get(), 2);
}

#[tokio::test]
async fn every_answer_keeps_browsers_strict() {
    let server = Server::playground().await;
    for path in [
        "/",
        "/d/team/plan",
        "/boards",
        "/boards/1",
        "/healthz",
        "/nothing",
    ] {
        let answer = server.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

#[tokio::test]
async fn the_page_is_revalidated_and_its_hashed_assets_are_kept() {
    let server = Server::playground().await;
    let page = server.get("/d/any/name").await;
    assert_eq!(
        (page.status(), page.header("content-type")),
        ("200", Some("text/html; charset=utf-8"))
    );
    if !crate::web_assets::is_built() {
        assert!(page.0.contains("make web"));
        return;
    }
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    for path in ["/boards", "/boards/0198c0de-0000-7000-8000-000000000001"] {
        let page = server.get(path).await;
        assert_eq!(
            (page.status(), page.header("cache-control")),
            ("200", Some("no-cache"))
        );
        assert!(page.0.contains("/assets/boards-"), "{path}");
    }
    let tag = page.header("etag").unwrap();
    let again =
        format!("GET / HTTP/1.1\r\nhost: localhost\r\nif-none-match: {tag}\r\nconnection: close\r\n\r\n");
    assert_eq!(server.ask(&again).await.status(), "304");
    let asset = page
        .0
        .split('"')
        .find(|part| part.starts_with("/assets/"))
        .unwrap();
    let asset = server.get(asset).await;
    assert_eq!(
        asset.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    // At the root, so that every page is in its scope.
    let worker = server.get("/push-worker.js").await;
    assert_eq!(
        (worker.header("content-type"), worker.header("cache-control")),
        (Some("text/javascript; charset=utf-8"), Some("no-cache"))
    );
}

#[tokio::test]
async fn the_playground_answers_to_loopback_names_only() {
    let server = Server::playground().await;
    let ask = async |host: &str| {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        server.ask(&request).await.status().to_owned()
    };
    for host in [
        "localhost",
        "LOCALHOST:8080",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8080",
    ] {
        assert_eq!(ask(host).await, "200", "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example:8080",
        "127.0.0.1.evil.example",
        "[::2]",
        "10.0.0.1",
        "",
    ] {
        assert_eq!(ask(host).await, "421", "{host}");
    }
    let without = Server::start(&config(&[SECRET]), Router::new(), Ok(())).await;
    let request = "GET /healthz HTTP/1.1\r\nhost: weft.example\r\nconnection: close\r\n\r\n";
    assert_eq!(without.ask(request).await.status(), "200");
}

#[test]
fn w1_origins_are_compared_whole() {
    let check = |flags: &[&str], host: &str, origin: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        headers.insert("origin", origin.parse().unwrap());
        OriginPolicy::new(&config(flags)).check(&headers).is_ok()
    };
    let playground = &["server.playground=true"][..];
    assert!(check(playground, "localhost:8080", "http://localhost:8080"));
    assert!(check(playground, "127.0.0.1:8080", "http://localhost:5173"));
    assert!(!check(playground, "localhost:8080", "http://evil.example"));
    assert!(!check(playground, "localhost:8080", "null"));
    let same = &[SECRET][..];
    assert!(check(same, "weft.example", "https://weft.example"));
    assert!(!check(same, "weft.example", "https://weft.example.evil.example"));
    assert!(!check(same, "weft.example", "http://localhost:5173"));
    let listed = &[
        SECRET,
        "auth.allowed_origins=https://app.example.com,https://b.example",
    ][..];
    assert!(check(listed, "weft.example", "https://APP.example.com"));
    assert!(!check(listed, "weft.example", "http://app.example.com"));
    assert!(!check(listed, "weft.example", "https://weft.example"));
    assert!(check(
        &[SECRET, "auth.allowed_origins=*"],
        "weft.example",
        "https://anything.example"
    ));
    assert!(OriginPolicy::new(&config(same)).check(&HeaderMap::new()).is_ok());
}

#[tokio::test]
async fn slow_heads_are_cut_and_so_are_idle_connections() {
    let server = Server::playground().await;
    for beginning in [
        "",
        "GET /healthz HT",
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer))
            .await
            .unwrap_or_else(|_| panic!("{beginning:?} was kept waiting"))
            .unwrap();
        assert_eq!(
            answer.starts_with(b"HTTP/1.1 200"),
            beginning.ends_with("\r\n\r\n"),
            "{beginning:?}"
        );
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Server::playground().await;
    let answer = server
        .ask(&format!(
            "GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
            "x".repeat(40_000)
        ))
        .await;
    assert_eq!(answer.status(), "431", "{}", answer.0);
}

#[tokio::test]
async fn sockets_over_the_limit_wait_until_one_is_free() {
    let config = config(&[
        "server.playground=true",
        "limits.max_sockets=1",
        "limits.max_unauthenticated_sockets=1",
    ]);
    let server = Server::start(&config, Router::new(), Ok(())).await;
    let holding = TcpStream::connect(server.address).await.unwrap();
    tokio::task::yield_now().await;
    let waiting = server.get("/healthz");
    tokio::pin!(waiting);
    // The first one is cut after its header timeout of 300 ms; until then the second must not be answered.
    assert!(
        tokio::time::timeout(Duration::from_millis(150), waiting.as_mut())
            .await
            .is_err()
    );
    drop(holding);
    assert_eq!(waiting.await.status(), "200");
}

#[tokio::test]
async fn stopping_lets_the_answer_under_way_finish_and_ends_idle_connections() {
    let slow = Router::new().route(
        "/slow",
        get(async || {
            tokio::time::sleep(Duration::from_millis(200)).await;
            "finished"
        }),
    );
    let server = Server::start(&config(&["server.playground=true"]), slow, Ok(())).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    let answer = tokio::join!(server.get("/slow"), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.stop.cancel();
    })
    .0;
    assert!(answer.0.ends_with("finished"), "{}", answer.0);
    server.tracker.close();
    tokio::time::timeout(Duration::from_secs(1), server.tracker.wait())
        .await
        .expect("everything ends");
    assert!(TcpStream::connect(server.address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn metrics_are_served_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, tracker, metrics) = (
        CancellationToken::new(),
        TaskTracker::new(),
        Arc::new(Metrics::new()),
    );
    let settings = ServeSettings::from(&config(&[SECRET]).limits);
    tracker.spawn(serve(
        listener,
        metrics_router(Arc::clone(&metrics)),
        settings,
        stop.clone(),
        tracker.clone(),
    ));
    metrics.doc_open.add(7);
    let server = Server {
        address,
        stop,
        tracker,
        metrics,
    };
    assert!(server.get("/metrics").await.0.contains("\nweft_doc_open 7\n"));
    assert_eq!(Server::playground().await.get("/metrics").await.status(), "404");
}
