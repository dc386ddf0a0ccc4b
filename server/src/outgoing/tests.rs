//! The client against real sockets on loopback: what it asks, what it reads, and where it never goes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hyper::Method;
use hyper::header::{self, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::*;

const BOUNDS: Bounds = Bounds {
    timeout: Duration::from_secs(5),
    max_body_bytes: 1_024,
};

/// Answers in turn; the last answer stays.
#[derive(Debug)]
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(turn).or(self.answers.last());
        let answer = answer.ok_or(io::ErrorKind::NotFound)?;
        Ok(answer
            .iter()
            .map(|address| SocketAddr::new(*address, port))
            .collect())
    }
}

fn names(answers: &[&[&str]]) -> Arc<Names> {
    let answers = answers
        .iter()
        .map(|answer| answer.iter().map(|text| text.parse().unwrap()).collect());
    Arc::new(Names {
        answers: answers.collect(),
        asked: AtomicUsize::new(0),
    })
}

fn client(allowed: &[&str], names: Arc<Names>) -> OutgoingClient {
    let rules = AddressRules::new(allowed.iter().map(|network| network.parse().unwrap()).collect());
    OutgoingClient::new(rules, names, tls_config(b"").unwrap())
}

fn local() -> OutgoingClient {
    client(&["127.0.0.1/32"], names(&[&["127.0.0.1"]]))
}

/// Says `answer` to each connection after the head of its request, and gives that head back through the channel. Then
/// it repeats `more`, if it is not empty, until the other side has had enough.
async fn server(
    answer: &'static str,
    more: &'static str,
) -> (SocketAddr, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heads, received) = tokio::sync::mpsc::channel(16);
    TaskTracker::new().spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let _ = heads.try_send(String::from_utf8(head).unwrap());
            let _ = stream.write_all(answer.as_bytes()).await;
            while !more.is_empty() && stream.write_all(more.as_bytes()).await.is_ok() {}
        }
    });
    (address, received)
}

#[tokio::test]
async fn it_asks_and_reads() {
    let (address, mut heads) = server(
        "HTTP/1.1 201 Created\r\nx-a: b\r\ncontent-length: 5\r\n\r\nhello",
        "",
    )
    .await;
    let request = OutgoingRequest {
        method: Method::POST,
        headers: vec![
            (header::AUTHORIZATION, HeaderValue::from_static("Basic x")),
            (header::HOST, HeaderValue::from_static("evil.example")),
        ],
        body: "{}".into(),
        ..OutgoingRequest::get(format!("http://weft.test:{}/a%20b?c=d#e", address.port()), BOUNDS)
    };
    assert!(!format!("{request:?}").contains("Basic"));
    let response = local().send(request).await.unwrap();
    assert_eq!(
        (response.status, &*response.body, response.is_complete),
        (201, &b"hello"[..], true)
    );
    assert_eq!(response.headers["x-a"], "b");
    let head = heads.recv().await.unwrap();
    assert!(head.starts_with("POST /a%20b?c=d HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains(&format!("host: weft.test:{}\r\n", address.port())) && !head.contains("evil"),
        "{head}"
    );
    assert!(head.contains("authorization: Basic x\r\n") && head.contains("content-length: 2\r\n"));
}

#[tokio::test]
async fn d1_redirects_are_answers() {
    let (elsewhere, mut heads) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "").await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n",
        elsewhere.port()
    );
    let (address, _heads) = server(answer.leak(), "").await;
    let response = local()
        .send(OutgoingRequest::get(format!("http://{address}/"), BOUNDS))
        .await
        .unwrap();
    assert_eq!(response.status, 302);
    assert!(heads.try_recv().is_err(), "the redirect was followed");
}

#[tokio::test]
async fn answers_are_bounded_in_size_and_time() {
    let endless = "HTTP/1.1 200 OK\r\n\r\n";
    let (address, _heads) = server(endless, "0123456789abcdef").await;
    let response = local()
        .send(OutgoingRequest::get(format!("http://{address}/"), BOUNDS))
        .await
        .unwrap();
    assert_eq!((response.body.len(), response.is_complete), (1_024, false));
    let whole: Result<serde_json::Value, _> = local()
        .fetch_json(OutgoingRequest::get(format!("http://{address}/"), BOUNDS))
        .await;
    assert!(matches!(whole, Err(OutgoingError::TooLarge)));
    let brief = Bounds {
        timeout: Duration::from_millis(300),
        ..BOUNDS
    };
    for never_ends in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345",
    ] {
        // Says so much and then waits, because the listener goes on to the next connection that never comes.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hold = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(never_ends.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        };
        let client = local();
        let ask = client.send(OutgoingRequest::get(format!("http://{address}/"), brief));
        tokio::select! {
            result = ask => assert!(matches!(result, Err(OutgoingError::Timeout)), "{never_ends:?}"),
            () = hold => unreachable!(),
        }
    }
    let (address, _heads) = server("HTTP/1.1 200 OK\r\nx: ", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy").await;
    let result = local()
        .send(OutgoingRequest::get(format!("http://{address}/"), BOUNDS))
        .await;
    assert!(matches!(result, Err(OutgoingError::Http(_))), "an endless head");
    let (address, _heads) = server("SSH-2.0-OpenSSH_9.2\r\n", "").await;
    let result = local()
        .send(OutgoingRequest::get(format!("http://{address}/"), BOUNDS))
        .await;
    assert!(matches!(result, Err(OutgoingError::Http(_))));
}

#[tokio::test]
async fn d1_no_spelling_of_an_inner_address_is_reached() {
    let (address, mut heads) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "").await;
    let port = address.port();
    // The names resolve to where they would; only the rules stand in between.
    let strict = client(
        &[],
        names(&[&["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1"]]),
    );
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "0",
        "169.254.169.254",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "127.0.0.1.nip.test",
        "\u{2460}\u{2461}\u{2466}.0.0.1",
        "\u{ff11}\u{ff12}\u{ff17}.\u{ff10}.\u{ff10}.\u{ff11}",
        "127\u{3002}0\u{3002}0\u{3002}1",
    ] {
        for scheme in ["http", "https"] {
            let result = strict
                .send(OutgoingRequest::get(format!("{scheme}://{host}:{port}/"), BOUNDS))
                .await;
            let refused = matches!(result, Err(OutgoingError::Forbidden | OutgoingError::Address));
            assert!(refused, "{scheme}://{host}: {result:?}");
        }
    }
    for url in [
        "",
        "/",
        "weft.test",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "data:,x",
        "unix:/run/x.sock",
        "http://",
        "http://user@8.8.8.8/",
        "http://user:password@8.8.8.8/",
        "http://8.8.8.8:0/",
        "http://8.8.8.8:99999/",
        &format!("http://8.8.8.8/{}", "x".repeat(5_000)),
    ] {
        let result = strict.send(OutgoingRequest::get(url, BOUNDS)).await;
        assert!(matches!(result, Err(OutgoingError::Address)), "{url}: {result:?}");
    }
    // What looks like a public host to one reader is the host after the @ to another: users are refused altogether.
    let trick = format!("http://8.8.8.8@127.0.0.1:{port}/");
    assert!(matches!(
        strict.send(OutgoingRequest::get(trick, BOUNDS)).await,
        Err(OutgoingError::Address)
    ));
    let plain = strict.send(OutgoingRequest::get("http://8.8.8.8/", BOUNDS)).await;
    assert!(matches!(plain, Err(OutgoingError::NotEncrypted)), "{plain:?}");
    let nowhere = client(&[], names(&[&[]]))
        .send(OutgoingRequest::get("https://weft.test/", BOUNDS))
        .await;
    assert!(matches!(nowhere, Err(OutgoingError::Unresolved)));
    assert!(heads.try_recv().is_err(), "something was reached");
}

#[tokio::test]
async fn d1_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to() {
    let (address, mut heads) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "").await;
    let url = format!("http://rebind.test:{}/", address.port());
    // First a good answer, afterwards an address that must not be reached.
    let flips = names(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let client = client(&["127.0.0.1/32"], flips.clone());
    assert_eq!(
        client
            .send(OutgoingRequest::get(&url, BOUNDS))
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(flips.asked.load(Ordering::SeqCst), 1);
    assert!(heads.recv().await.is_some());
    let second = client.send(OutgoingRequest::get(&url, BOUNDS)).await;
    assert!(matches!(second, Err(OutgoingError::Forbidden)));
    // Of several addresses only the good ones are tried.
    let mixed = self::client(
        &["127.0.0.1/32"],
        names(&[&["127.0.0.2", "169.254.169.254", "127.0.0.1"]]),
    );
    assert_eq!(
        mixed
            .send(OutgoingRequest::get(&url, BOUNDS))
            .await
            .unwrap()
            .status,
        200
    );
}

/// Shows the certificate of `weft.test` and answers one request for each connection.
async fn encrypted_server() -> SocketAddr {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = CertificateDer::from_pem_slice(include_bytes!("testdata/weft.test.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testdata/weft.test.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    TaskTracker::new().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut some = [0; 512];
            let _ = stream.read(&mut some).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
                .await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

#[tokio::test]
async fn certificates_are_checked() {
    let port = encrypted_server().await.port();
    let ask = async |extra: &[u8], host: &str| {
        let rules = AddressRules::new(vec!["127.0.0.1/32".parse().unwrap()]);
        let client = OutgoingClient::new(rules, names(&[&["127.0.0.1"]]), tls_config(extra).unwrap());
        client
            .send(OutgoingRequest::get(format!("https://{host}:{port}/"), BOUNDS))
            .await
    };
    let authority = include_bytes!("testdata/authority.pem");
    assert_eq!(&*ask(authority, "weft.test").await.unwrap().body, b"hi");
    for (extra, host) in [
        (&b""[..], "weft.test"),
        (authority, "other.test"),
        (authority, "127.0.0.1"),
    ] {
        let result = ask(extra, host).await;
        assert!(matches!(result, Err(OutgoingError::Tls(_))), "{host}: {result:?}");
    }
}

#[tokio::test]
async fn encryption_is_not_optional() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let plain = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    };
    let client = local();
    tokio::select! {
        result = client.send(OutgoingRequest::get(format!("https://{address}/"), BOUNDS)) => {
            assert!(matches!(result, Err(OutgoingError::Tls(_))), "{result:?}");
        }
        () = plain => unreachable!(),
    }
    assert!(matches!(tls_config(b"junk"), Err(InvalidCertificates::Pem)));
}
