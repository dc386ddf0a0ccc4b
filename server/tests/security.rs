//! The server as somebody who means it harm meets it: the whole binary, over raw sockets. Names begin with the id of
//! the check in the list of security tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

const SECRET: &str = "auth.document_token_secrets=a:0123456789abcdef0123456789abcdef";
const ID: &str = "0198c0de-0000-7000-8000-000000000001";
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that is killed when the test ends.
struct Weft {
    child: Child,
    address: SocketAddr,
    data: tempfile::TempDir,
}

impl Weft {
    fn start(settings: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(data.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path().join("data"));
        for setting in settings {
            command.args(["--set", setting]);
        }
        // Whatever configures the server of whoever runs the tests does not concern the tests.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WEFT_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .strip_prefix("ready: http://")
            .and_then(|rest| rest.strip_suffix("/\n"));
        let address = address
            .unwrap_or_else(|| panic!("not ready: {line}"))
            .parse()
            .unwrap();
        Self { child, address, data }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Everything that comes back for `bytes` until the server closes.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may close before it has read all of it.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        Answer(self.raw(format!("{head}{body}").as_bytes()))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap()
    }
}

impl Drop for Weft {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer(String);

impl Answer {
    fn status(&self) -> u16 {
        self.0
            .get(9..12)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let head = self.0.split("\r\n\r\n").next()?;
        head.lines().find_map(|line| {
            let (header, value) = line.split_once(": ")?;
            header.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_default()
    }
}

/// Every operation that is described: its method and a path with ids filled in.
fn operations(weft: &Weft) -> Vec<(String, String)> {
    let api = weft.ask("GET", "/openapi.json", "", "").json();
    let mut found = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        let mut filled = String::new();
        for part in path.split('{') {
            match part.split_once('}') {
                Some((_, rest)) => filled.extend([ID, rest]),
                None => filled.push_str(part),
            }
        }
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.get(method).is_some() {
                found.push((method.to_uppercase(), filled.clone()));
            }
        }
    }
    assert!(found.len() >= 5, "the description is missing");
    found
}

#[test]
fn e1_security_headers_on_every_route() {
    let weft = Weft::start(&[
        SECRET,
        "server.public_url=https://weft.example",
        "rates.per_address_per_minute=1000000",
    ]);
    let mut asked = operations(&weft);
    for path in [
        "/",
        "/d/a",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/reference",
        "/nothing",
    ] {
        asked.push(("GET".to_owned(), path.to_owned()));
    }
    for (method, path) in [
        ("GET", "/v1/nothing"),
        ("DELETE", "/healthz"),
        ("GET", "/v1/collab"),
        ("TRACE", "/"),
    ] {
        asked.push((method.to_owned(), path.to_owned()));
    }
    for (method, path) in asked {
        let answer = weft.ask(&method, &path, "", "");
        let header = |name: &str| {
            answer
                .header(name)
                .unwrap_or_else(|| panic!("{method} {path} has no {name}:\n{}", answer.0))
        };
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert!(["no-referrer", "same-origin"].contains(&header("referrer-policy")));
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        // What is published for everybody may be read by everybody's pages.
        let own = path.starts_with("/.well-known/");
        assert!(
            own || header("cross-origin-resource-policy") == "same-origin",
            "{method} {path}"
        );
        assert!(header("strict-transport-security").starts_with("max-age=63072000"));
        assert!(header("x-request-id").len() >= 16);
        assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none());
        if path.starts_with("/v1/") {
            assert_eq!(header("cache-control"), "no-store", "{method} {path}");
            assert_eq!(header("vary"), "origin");
            for name in [
                "ratelimit-policy",
                "ratelimit",
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
            ] {
                header(name);
            }
        }
        // OAuth has pages for people, and errors of its own.
        if answer.status() >= 400 && !path.starts_with("/oauth/") {
            assert_eq!(
                header("content-type"),
                "application/problem+json",
                "{method} {path}"
            );
            let problem = answer.json();
            assert_eq!(problem["status"], answer.status(), "{method} {path}");
            assert!(
                problem["instance"]
                    .as_str()
                    .is_some_and(|urn| urn.starts_with("urn:uuid:"))
            );
            assert_eq!(problem["message"], problem["detail"]);
        }
    }
    let plain = Weft::start(&[SECRET]);
    assert!(
        plain
            .ask("GET", "/", "", "")
            .header("strict-transport-security")
            .is_none()
    );
}

#[test]
fn e2_odd_verbs_are_refused_with_what_would_be_taken() {
    let weft = Weft::start(&[SECRET, "rates.per_address_per_minute=1000000"]);
    let operations = operations(&weft);
    let paths: BTreeSet<_> = operations.iter().map(|(_, path)| path).collect();
    for path in paths {
        let mut taken: BTreeSet<&str> = operations
            .iter()
            .filter(|(_, other)| other == path)
            .map(|(method, _)| method.as_str())
            .collect();
        if taken.contains("GET") {
            taken.insert("HEAD");
        }
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "PROPFIND", "get",
        ] {
            if taken.contains(method) {
                continue;
            }
            let answer = weft.ask(method, path, "x-echo: reflected\r\n", "");
            assert_eq!(answer.status(), 405, "{method} {path}\n{}", answer.0);
            let allow: BTreeSet<_> = answer
                .header("allow")
                .unwrap()
                .split(',')
                .map(str::trim)
                .collect();
            assert_eq!(allow, taken, "{method} {path}");
            assert_eq!(answer.json()["code"], "METHOD_NOT_ALLOWED");
            assert!(!answer.0.contains("reflected"));
        }
    }
    for method in ["TRACE", "POST", "BREW"] {
        assert_eq!(
            weft.ask(method, "/healthz", "", "").header("allow"),
            Some("GET,HEAD"),
            "{method}"
        );
    }
    assert!([400, 404, 405].contains(&weft.ask("CONNECT", "example.com:443", "", "").status()));
}

#[test]
fn e3_metrics_and_debugging_are_not_on_the_public_listener() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let weft = Weft::start(&[SECRET, &format!("server.metrics_listen={free}")]);
    for path in [
        "/metrics",
        "/v1/metrics",
        "/debug",
        "/debug/pprof/",
        "/admin",
        "/.env",
        "/.git/config",
        "/server-status",
        "/../metrics",
        "//metrics",
        "/%6detrics",
    ] {
        let answer = weft.ask("GET", path, "", "");
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!answer.0.contains("weft_"), "{path}");
    }
    let mut stream = TcpStream::connect(free).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains("weft_doc_open 0"));
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
fn e5_nobody_gets_a_second_request_past_the_end_of_the_first() {
    let weft = Weft::start(&["server.playground=true"]);
    // What a proxy that reads lengths differently would take for the body of the request before.
    let smuggled = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let post = |headers: &str, body: &str| {
        format!(
            "POST /v1/documents HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\r\n{body}{smuggled}"
        )
    };
    let length = smuggled.len() + 5;
    let cases = [
        (
            "CL.TE",
            post(
                &format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
                "0\r\n\r\n",
            ),
        ),
        (
            "TE.CL",
            post(
                &format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
                "0\r\n\r\n",
            ),
        ),
        (
            "TE alone, and what follows",
            post("transfer-encoding: chunked\r\n", "0\r\n\r\n"),
        ),
        (
            "two lengths",
            post(&format!("content-length: 0\r\ncontent-length: {length}\r\n"), ""),
        ),
        (
            "a list of lengths",
            post(&format!("content-length: 0, {length}\r\n"), ""),
        ),
        ("a signed length", post("content-length: +0\r\n", "")),
        ("a negative length", post("content-length: -1\r\n", "")),
        ("a length in hex", post("content-length: 0x0\r\n", "")),
        (
            "a length too long",
            post("content-length: 18446744073709551616\r\n", ""),
        ),
        (
            "a folded line",
            post("x: a\r\n content-length: 5\r\ncontent-length: 0\r\n", ""),
        ),
        (
            "a folded encoding",
            post(
                "transfer-encoding:\r\n chunked\r\ncontent-length: 0\r\n",
                "0\r\n\r\n",
            ),
        ),
        ("a space before the colon", post("content-length : 0\r\n", "")),
        (
            "an unknown encoding",
            post("transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
        ),
        (
            "chunked, but not last",
            post("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ),
        (
            "two encodings",
            post(
                "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
        ),
        (
            "an endless chunk size",
            post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n\r\n"),
        ),
        (
            "a chunk size with a sign",
            post("transfer-encoding: chunked\r\n", "-1\r\n\r\n"),
        ),
        ("a null byte", post("x: a\0b\r\ncontent-length: 0\r\n", "")),
        (
            "a bare carriage return",
            post("x: a\rcontent-length: 5\r\ncontent-length: 0\r\n", ""),
        ),
        (
            "an old version with chunks",
            post("transfer-encoding: chunked\r\n", "0\r\n\r\n").replacen("HTTP/1.1", "HTTP/1.0", 1),
        ),
    ];
    for (name, bytes) in cases {
        let answers = weft.raw(bytes.as_bytes());
        assert!(
            !answers.contains("\"alive\""),
            "{name}: the second request was answered\n{answers}"
        );
        assert!(answers.matches("HTTP/1.").count() <= 1, "{name}\n{answers}");
        assert!(
            answers.get(9..10).is_none_or(|class| class == "4"),
            "{name}\n{answers}"
        );
    }
    // The test would notice: an honest pipeline is answered twice.
    let honest = weft.raw(post("content-length: 0\r\n", "").as_bytes());
    assert!(honest.contains("\"alive\""), "{honest}");
}

#[test]
fn e7_the_log_holds_no_secrets_and_only_its_own_lines() {
    for format in ["text", "json"] {
        let weft = Weft::start(&[SECRET, "log.level=debug", &format!("log.format={format}")]);
        let secret = "s3cr3tS3CR3T";
        let bearer = format!("authorization: Bearer {secret}\r\ncookie: session={secret}\r\n");
        weft.ask("GET", &format!("/v1/documents?token={secret}"), &bearer, "");
        weft.ask("GET", &format!("/v1/sync/a?token={secret}"), &bearer, "");
        weft.ask("GET", &format!("/v1/collab?access_token={secret}"), &bearer, "");
        let body = format!("{{\"email\":\"a@example.com\",\"password\":\"{secret}\"}}");
        weft.ask(
            "POST",
            "/v1/users/login",
            "content-type: application/json\r\n",
            &body,
        );
        weft.ask(
            "POST",
            "/v1/documents",
            &format!("idempotency-key: {secret}\r\n{bearer}"),
            &body,
        );
        for path in [
            "/v1/%0aforged%0d%0a%20INFO",
            "/v1/\u{1b}[31mforged",
            "/v1/a\"forged\\n",
            "/v1/{\"forged\":1}",
        ] {
            weft.ask("GET", path, "", "");
        }
        for id in [
            "a\tforged",
            "a\u{1b}[31mforged",
            "a\",\"forged\":\"1",
            "a\\nforged",
        ] {
            weft.ask(
                "GET",
                "/v1/x",
                &format!("x-request-id: {id}\r\ntraceparent: {id}\r\n"),
                "",
            );
        }
        weft.ask("FORGED\u{1b}", "/v1/x", "", "");
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let traced = weft.ask(
            "GET",
            "/v1/nothing",
            &format!("x-request-id: mine-7\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\n"),
            "",
        );
        assert_eq!(traced.header("x-request-id"), Some("mine-7"));
        assert_eq!(traced.json()["instance"], "urn:weft:request:mine-7");
        let log = weft.log();
        assert!(!log.contains(secret), "{log}");
        let joined = log.lines().find(|line| line.contains("mine-7")).unwrap();
        assert!(
            joined.contains(trace) && joined.contains("/v1/nothing"),
            "{joined}"
        );
        assert!(
            log.bytes()
                .all(|byte| byte == b'\n' || (byte >= b' ' && byte != 0x7f)),
            "{log}"
        );
        for line in log.lines() {
            if format == "json" {
                let entry: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
                assert!(
                    entry.get("forged").is_none() && entry["level"].is_string(),
                    "{line}"
                );
            } else {
                assert!(line.starts_with("20"), "a line that is not ours: {line}");
            }
        }
    }
}

#[test]
fn c1_bodies_over_the_limit_are_refused_before_they_are_kept() {
    let weft = Weft::start(&["server.playground=true", "limits.max_message_bytes=1048576"]);
    let head = "POST /v1/documents HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n";
    // Somebody who announces much gets no leave to send it, and need not send it to be told.
    for length in ["1099511627776", "18446744073709551615"] {
        let announced =
            weft.raw(format!("{head}content-length: {length}\r\nexpect: 100-continue\r\n\r\n").as_bytes());
        assert!(announced.starts_with("HTTP/1.1 4"), "{announced}");
        let announced = weft.raw(format!("{head}content-length: {length}\r\n\r\n").as_bytes());
        assert!(announced.starts_with("HTTP/1.1 4"), "{announced}");
    }
    let body = "x".repeat(1_100_000);
    assert_eq!(
        weft.ask(
            "POST",
            "/v1/documents",
            "content-type: application/json\r\n",
            &body
        )
        .status(),
        413
    );
    let mut chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
    for _ in 0..80 {
        chunked.push_str("4000\r\n");
        chunked.push_str(&"x".repeat(0x4000));
        chunked.push_str("\r\n");
    }
    chunked.push_str("0\r\n\r\n");
    assert!(weft.raw(chunked.as_bytes()).starts_with("HTTP/1.1 413"));
    for (name, content) in [
        ("depth", format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000))),
        (
            "objects",
            format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
        ),
        ("elements", format!("[{}0]", "0,".repeat(500_000))),
        ("numbers", "9".repeat(100_000)),
        ("exponents", "1e999999999".to_owned()),
    ] {
        let body = format!("{{\"name\":\"a\",\"content\":{content}}}");
        let answer = weft.ask(
            "POST",
            "/v1/documents",
            "content-type: application/json\r\n",
            &body,
        );
        assert!([400, 413, 422].contains(&answer.status()), "{name}: {}", answer.0);
    }
    let twice = "{\"name\":\"a\",\"name\":\"b\"}";
    let answer = weft.ask(
        "POST",
        "/v1/documents",
        "content-type: application/json\r\n",
        twice,
    );
    assert!([400, 422].contains(&answer.status()), "{}", answer.0);
    assert_eq!(weft.ask("GET", "/healthz", "", "").status(), 200);
}

#[test]
fn c6_half_open_upgrades_end_and_keep_nobody_waiting() {
    const SOCKETS: usize = 400;
    let weft = Weft::start(&[
        SECRET,
        "limits.header_timeout_seconds=5",
        "limits.authentication_timeout_seconds=5",
        "limits.max_unauthenticated_sockets=1000",
    ]);
    let half = "GET /v1/collab HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n";
    let whole =
        format!("{half}sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    let mut waiting: Vec<TcpStream> = (0..SOCKETS)
        .map(|at| {
            let mut stream = weft.connect();
            // Half of them stop within the head, the others after the upgrade, without ever showing a token.
            let beginning = if at % 2 == 0 { half } else { &whole };
            stream.write_all(beginning.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(weft.ask("GET", "/healthz", "", "").status(), 200);
    // Answered before the last of them gave up: nobody waited for them.
    let last_half = &waiting[SOCKETS - 2];
    last_half.set_nonblocking(true).unwrap();
    let ended = last_half.peek(&mut [0]).map_err(|error| error.kind());
    assert_eq!(ended, Err(std::io::ErrorKind::WouldBlock), "answered too late");
    last_half.set_nonblocking(false).unwrap();
    for (at, stream) in waiting.iter_mut().enumerate() {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        let kind = ended.err().map(|error| error.kind());
        assert!(
            kind.is_none_or(|kind| kind == std::io::ErrorKind::ConnectionReset),
            "socket {at} is still open: {kind:?}"
        );
        let upgraded = answer.starts_with(b"HTTP/1.1 101");
        assert_eq!(
            upgraded,
            at % 2 == 1,
            "socket {at}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
}
