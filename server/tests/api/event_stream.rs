//! The stream of events: whoever comes back hears everything once, in order, and nothing that is not theirs.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::documents::{create, enlist, share, studio};
use crate::support::{Person, TestServer, id_of, number_of};
use crate::webhooks::{LOCAL, make_document};

/// An event of a stream.
#[derive(Debug)]
struct Told {
    sequence: i64,
    event: Value,
}

/// A part of a stream.
pub struct Block {
    pub id: i64,
    pub event: String,
    pub data: Value,
}

/// Reads a stream of events until `most` bytes came, nothing came for `quiet`, or it ended; whole events alone count.
async fn listen(
    server: &TestServer,
    who: &Person,
    query: &str,
    last: Option<i64>,
    bounds: (usize, Duration),
) -> Vec<Told> {
    let path = format!("/v1/events/stream?workspace_id={}{query}", who.workspace);
    let blocks = blocks(server, who, &path, last, bounds).await;
    let told = blocks.into_iter().map(|block| {
        assert_eq!(block.data["type"], json!(block.event));
        Told {
            sequence: block.id,
            event: block.data,
        }
    });
    told.collect()
}

/// Reads any stream like this.
pub async fn blocks(
    server: &TestServer,
    who: &Person,
    path: &str,
    last: Option<i64>,
    (most, quiet): (usize, Duration),
) -> Vec<Block> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut sender, connection) = http1::handshake::<_, Body>(TokioIo::new(stream)).await.unwrap();
    let mut request = hyper::Request::get(path)
        .header("host", server.address.to_string())
        .header("authorization", format!("Bearer {}", who.token));
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    let reading = async {
        let mut response = sender
            .send_request(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut bytes = Vec::new();
        while bytes.len() < most {
            let Ok(Some(Ok(frame))) = tokio::time::timeout(quiet, response.frame()).await else {
                break;
            };
            bytes.extend_from_slice(&frame.into_data().unwrap());
        }
        bytes.truncate(most);
        bytes
    };
    // The connection moves as long as somebody reads.
    tokio::pin!(reading, connection);
    let bytes = tokio::select! {
        biased;
        bytes = &mut reading => bytes,
        _ = &mut connection => reading.await,
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let whole = text.rfind("\n\n").map_or("", |end| &text[..end]);
    let blocks = whole.split("\n\n").filter(|block| block.contains("data: "));
    blocks
        .map(|block| {
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                line.strip_prefix(": ").unwrap().to_owned()
            };
            Block {
                id: field("id").parse().unwrap(),
                event: field("event"),
                data: serde_json::from_str(&field("data")).unwrap(),
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_is_cut_off_at_random_hears_everything_once_in_order() {
    let rounds = number_of("WEFT_ROUNDS").unwrap_or(30);
    let seed = number_of("WEFT_SEED").unwrap_or_else(rand::random);
    println!("WEFT_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let (mut heard, mut last) = (Vec::new(), 0);
    for round in 0..rounds {
        let cut = random.random_range(1..3_000);
        let making = async {
            for number in 0..random.random_range(0..4) {
                make_document(&server, &studio, &format!("{round}.{number}")).await;
            }
        };
        let listening = listen(&server, ada, "", Some(last), (cut, Duration::from_millis(80)));
        let ((), told) = tokio::join!(making, listening);
        last = told.last().map_or(last, |told| told.sequence);
        heard.extend(told);
    }
    heard.extend(listen(&server, ada, "", Some(last), (usize::MAX, Duration::from_secs(2))).await);
    let list = format!("/v1/events?workspace_id={}&limit=1", ada.workspace);
    let list = server.get(&list).of(ada).send().await.expect(200);
    let mut after = 0;
    for told in &heard {
        assert_eq!(told.sequence, after + 1);
        assert_eq!(told.event["sequence"], json!(told.sequence));
        after = told.sequence;
    }
    assert_eq!(heard[0].event, list["data"][0]);
    let path = format!("/v1/events?workspace_id={}&after={after}", ada.workspace);
    let rest = server.get(&path).of(ada).send().await.expect(200);
    assert_eq!(rest["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_what_its_reader_may_see_and_ends_with_their_right() {
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let gus = server.person("gus").await;
    enlist(&server, ada.workspace, &gus, "guest").await;
    let gus = Person {
        workspace: ada.workspace,
        ..gus
    };
    create(&server, &studio, json!({ "title": "Hidden" })).await;
    let shared = id_of(&create(&server, &studio, json!({ "title": "Shared" })).await);
    share(&server, &studio, shared, &gus, "viewer").await.expect(201);
    let quiet = (usize::MAX, Duration::from_millis(500));
    let told = listen(&server, &gus, "&after=0", None, quiet).await;
    let documents: Vec<_> = told
        .iter()
        .map(|told| told.event["document_id"].clone())
        .collect();
    assert!(
        !documents.is_empty() && documents.iter().all(|id| *id == json!(shared)),
        "{documents:?}"
    );
    let types = listen(&server, ada, "&after=0&types=project.created", None, quiet).await;
    assert!(types.iter().all(|told| told.event["type"] == "project.created") && types.len() == 1);
    // Without a place it begins with now.
    assert!(listen(&server, ada, "", None, quiet).await.is_empty());

    let path = format!("/v1/workspaces/{}/members/{}", ada.workspace, gus.id);
    let removing = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server
            .delete(&path)
            .of(ada)
            .header("if-match", "*")
            .send()
            .await
            .expect(204);
    };
    // It ends by itself, long before it has been quiet for so long.
    let listening = listen(
        &server,
        &gus,
        "&after=0",
        None,
        (usize::MAX, Duration::from_secs(600)),
    );
    tokio::time::timeout(Duration::from_secs(30), async {
        tokio::join!(removing, listening)
    })
    .await
    .unwrap();
    for (query, who, status) in [
        (String::new(), Some(ada), 400),
        (
            format!("?workspace_id={}&after=-1", ada.workspace),
            Some(ada),
            400,
        ),
        (format!("?workspace_id={}", ada.workspace), Some(&gus), 404),
        (format!("?workspace_id={}", ada.workspace), None, 401),
    ] {
        let request = server.get(&format!("/v1/events/stream{query}"));
        let request = match who {
            Some(who) => request.of(who),
            None => request,
        };
        assert_eq!(request.send().await.status, status, "{query}");
    }
    let inner = json!({ "requests": [{ "method": "GET", "path": format!("/v1/events/stream?workspace_id={}", ada.workspace) }] });
    let batch = server.post("/v1/batch").of(ada).json(inner).send().await;
    assert!(batch.text().contains("STREAM_IN_BATCH"), "{}", batch.text());
}

/// Opens a stream and leaves it open; its status, and what closes it when it is dropped.
async fn leave_open(server: &TestServer, who: &Person) -> (u16, tokio::task::JoinSet<()>) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut sender, connection) = http1::handshake::<_, Body>(TokioIo::new(stream)).await.unwrap();
    let mut held = tokio::task::JoinSet::new();
    held.spawn(async { connection.await.unwrap_or_default() });
    let request = hyper::Request::get(format!("/v1/events/stream?workspace_id={}", who.workspace))
        .header("host", server.address.to_string())
        .header("authorization", format!("Bearer {}", who.token))
        .body(Body::empty())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    held.spawn(async move {
        let _response = response;
        std::future::pending().await
    });
    (status, held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_the_streams_of_others() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let ben = server.person("ben").await;
    let mut held = Vec::new();
    for _ in 0..20 {
        let (status, stream) = leave_open(&server, &ada).await;
        assert_eq!(status, 200);
        held.push(stream);
    }
    let (status, _refused) = leave_open(&server, &ada).await;
    assert_eq!(status, 409);
    let (status, _other) = leave_open(&server, &ben).await;
    assert_eq!(status, 200, "somebody else is not affected");
    drop(held);
    // The server notices the end of a connection a moment later.
    for _ in 0..200 {
        if leave_open(&server, &ada).await.0 == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the places of streams that have ended are not given back");
}
