//! What every answer has in common, asked over real sockets: limits, shared origins, panics.

use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post};
use uuid::Uuid;

use super::tests::{Answer, SECRET, Server, config};
use super::{Problem, RateGate};

const SMALL: &[&str] = &[
    SECRET,
    "rates.per_address_per_minute=6",
    "rates.per_principal_per_minute=2",
    "rates.registrations_per_address_per_minute=1",
];

/// Routes that count like the real ones do.
fn counting() -> Router {
    async fn as_somebody(Extension(gate): Extension<RateGate>) -> Result<&'static str, Problem> {
        gate.count_principal(Uuid::from_u128(1)).map(|()| "done")
    }
    async fn register(Extension(gate): Extension<RateGate>) -> Result<&'static str, Problem> {
        gate.count_registration().map(|()| "done")
    }
    Router::new()
        .route("/v1/mine", get(as_somebody))
        .route("/v1/open", get(async || "done"))
        .route("/v1/register", post(register))
        .route("/free", get(async || "done"))
}

async fn with(server: &Server, line: &str, headers: &str) -> Answer {
    let request = format!("{line} HTTP/1.1\r\nhost: weft.example\r\nconnection: close\r\n{headers}\r\n");
    server.ask(&request).await
}

#[tokio::test]
async fn answers_say_what_is_left_and_refusals_when_to_come_back() {
    let server = Server::start(&config(SMALL), counting(), Ok(())).await;
    let first = with(&server, "GET /v1/mine", "").await;
    assert_eq!(first.status(), "200");
    assert_eq!(
        first.header("ratelimit-policy"),
        Some("\"address\";q=6;w=60, \"default\";q=2;w=60")
    );
    assert_eq!(
        first.header("ratelimit"),
        Some("\"address\";r=5;t=10, \"default\";r=1;t=30")
    );
    assert_eq!(
        ["limit", "remaining"].map(|name| first.header(&format!("x-ratelimit-{name}"))),
        [Some("2"), Some("1")]
    );
    assert!(first.header("x-ratelimit-reset").unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    assert_eq!(first.header("retry-after"), None);
    with(&server, "GET /v1/mine", "").await;
    // Its sender is over the limit, and the address pays nothing for that.
    for _ in 0..10 {
        let refused = with(&server, "GET /v1/mine", "").await;
        assert_eq!(
            (refused.status(), refused.header("cache-control")),
            ("429", Some("no-store"))
        );
        let problem = refused.json();
        assert_eq!(problem["code"], "TOO_MANY_REQUESTS");
        assert_eq!(problem["violated-policies"], serde_json::json!(["default"]));
        assert_eq!(
            problem["type"],
            "https://iana.org/assignments/http-problem-types#quota-exceeded"
        );
        let retry: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=30).contains(&retry), "{retry}");
    }
    for _ in 0..4 {
        assert_eq!(with(&server, "GET /v1/open", "").await.status(), "200");
    }
    let refused = with(&server, "GET /v1/nothing", "").await;
    assert_eq!(
        (refused.status(), &refused.json()["violated-policies"]),
        ("429", &serde_json::json!(["address"]))
    );
    assert_eq!(server.metrics.ratelimited.with("address").get(), 1);
    assert_eq!(server.metrics.ratelimited.with("default").get(), 10);
    let free = with(&server, "GET /free", "").await;
    assert_eq!((free.status(), free.header("ratelimit")), ("200", None));
}

#[tokio::test]
async fn registrations_have_a_limit_of_their_own() {
    let server = Server::start(&config(SMALL), counting(), Ok(())).await;
    assert_eq!(with(&server, "POST /v1/register", "").await.status(), "200");
    let refused = with(&server, "POST /v1/register", "").await;
    assert_eq!(
        refused.json()["violated-policies"],
        serde_json::json!(["register"])
    );
    assert_eq!(with(&server, "GET /v1/open", "").await.status(), "200");
}

#[tokio::test]
async fn e4_limits_count_the_client_that_a_trusted_proxy_names() {
    let statuses = async |flags: &[&str]| {
        let flags: Vec<_> = SMALL.iter().chain(flags).copied().collect();
        let server = Server::start(&config(&flags), counting(), Ok(())).await;
        let mut statuses = Vec::new();
        for client in 0..8 {
            let header = format!("x-forwarded-for: 203.0.113.{client}\r\n");
            statuses.push(with(&server, "GET /v1/open", &header).await.status() == "200");
        }
        statuses.iter().filter(|allowed| **allowed).count()
    };
    assert_eq!(statuses(&[]).await, 6);
    assert_eq!(statuses(&["server.trusted_proxies=10.0.0.0/8"]).await, 6);
    assert_eq!(statuses(&["server.trusted_proxies=127.0.0.0/8"]).await, 8);
}

#[tokio::test]
async fn b8_only_listed_origins_may_read_answers() {
    let flags = [SECRET, "auth.allowed_origins=https://app.example"];
    let server = Server::start(&config(&flags), counting(), Ok(())).await;
    let preflight = "access-control-request-method: PUT\r\naccess-control-request-headers: if-match\r\n";
    let ask = async |line: &str, origin: &str, more: &str| {
        with(&server, line, &format!("origin: {origin}\r\n{more}")).await
    };
    let allowed = ask("OPTIONS /v1/open", "https://app.example", preflight).await;
    assert_eq!(allowed.status(), "204");
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert!(
        allowed
            .header("access-control-allow-methods")
            .unwrap()
            .contains("PUT")
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .unwrap()
            .contains("if-match")
    );
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
    let read = ask("GET /v1/open", "https://app.example", "").await;
    assert_eq!(
        (
            read.status(),
            read.header("access-control-allow-origin"),
            read.header("vary")
        ),
        ("200", Some("https://app.example"), Some("origin"))
    );
    assert!(
        read.header("access-control-expose-headers")
            .unwrap()
            .contains("etag")
    );
    for origin in [
        "https://app.example.evil.example",
        "http://app.example",
        "https://evil.example",
        "https://app.example:8443",
        "null",
        "*",
    ] {
        let refused = ask("OPTIONS /v1/open", origin, preflight).await;
        assert_eq!(refused.status(), "403", "{origin}");
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin}");
        let read = ask("GET /v1/open", origin, "").await;
        assert_eq!(read.header("access-control-allow-origin"), None, "{origin}");
        // A cookie that the browser adds by itself changes nothing for a page that is not allowed.
        let forged = ask("POST /v1/register", origin, "cookie: session=x\r\n").await;
        assert_eq!(
            (forged.status(), &forged.json()["code"]),
            ("403", &"ORIGIN_NOT_ALLOWED".into()),
            "{origin}"
        );
    }
    let none = Server::start(&config(&[SECRET]), counting(), Ok(())).await;
    let foreign = with(&none, "GET /v1/open", "origin: https://app.example\r\n").await;
    assert_eq!(
        (
            foreign.header("access-control-allow-origin"),
            foreign.header("vary")
        ),
        (None, Some("origin"))
    );
}

#[tokio::test]
async fn e6_a_panic_is_an_answer_without_its_text() {
    let flags = [SECRET, "server.public_url=https://weft.example"];
    let routes = Router::new().route(
        "/v1/broken",
        get(async || -> &'static str { panic!("the inside of a document") }),
    );
    let server = Server::start(&config(&flags), routes, Ok(())).await;
    let answer = with(&server, "GET /v1/broken", "").await;
    assert_eq!(
        (answer.status(), answer.header("content-type")),
        ("500", Some("application/problem+json"))
    );
    let problem = answer.json();
    assert_eq!(problem["code"], "INTERNAL");
    assert!(problem["instance"].as_str().unwrap().starts_with("urn:uuid:"));
    assert!(!answer.0.contains("document") && !answer.0.contains("panic") && !answer.0.contains(".rs"));
    for header in [
        "strict-transport-security",
        "content-security-policy",
        "ratelimit",
        "x-request-id",
    ] {
        assert!(answer.header(header).is_some(), "{header}");
    }
    assert_eq!(with(&server, "GET /healthz", "").await.status(), "200");
}
