//! Events over a WebSocket: whoever comes back hears everything once, in order, and nothing that is not theirs.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::documents::{create, enlist, share, studio};
use crate::support::{Person, TestServer, id_of, number_of, text};
use crate::webhooks::{LOCAL, make_document};

/// How long something may take that must come.
const BOUND: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<TcpStream>;

/// Opens the feed; the status if that is refused.
async fn open(server: &TestServer, who: Option<&Person>, query: &str) -> Result<Socket, u16> {
    let address = format!("ws://{}/v1/events/ws{query}", server.address);
    let mut request = address.into_client_request().unwrap();
    if let Some(who) = who {
        let value = format!("Bearer {}", who.token).parse().unwrap();
        request.headers_mut().insert("authorization", value);
    }
    let stream = TcpStream::connect(server.address).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

/// What comes next: a frame, or the code with which it closes.
async fn next(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match timeout(BOUND, socket.next()).await.expect("something comes") {
            Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn of(who: &Person, query: &str) -> String {
    format!("?workspace_id={}{query}", who.workspace)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_is_cut_off_at_random_hears_everything_once_in_order() {
    let rounds = number_of("WEFT_ROUNDS").unwrap_or(15);
    let seed = number_of("WEFT_SEED").unwrap_or_else(rand::random);
    println!("WEFT_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = TestServer::with(LOCAL).await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let (mut heard, mut last) = (Vec::new(), 0);
    let take = async |last: i64, count: usize| {
        let mut socket = open(&server, Some(ada), &of(ada, &format!("&after={last}")))
            .await
            .unwrap();
        assert_eq!(next(&mut socket).await, Ok(json!({ "last_sequence": last })));
        let mut told: Vec<Value> = Vec::new();
        while told.len() < count {
            told.push(next(&mut socket).await.unwrap());
        }
        // It is dropped in the middle of whatever comes.
        told
    };
    for round in 0..rounds {
        for number in 0..random.random_range(1..4) {
            make_document(&server, &studio, &format!("{round}.{number}")).await;
        }
        let list = format!("/v1/events?workspace_id={}&limit=100&after={last}", ada.workspace);
        let waiting = server.get(&list).of(ada).send().await.expect(200);
        let waiting = waiting["data"].as_array().unwrap().len();
        let told = take(last, random.random_range(0..=waiting)).await;
        last = told
            .last()
            .map_or(last, |event| event["sequence"].as_i64().unwrap());
        heard.extend(told);
    }
    let list = format!("/v1/events?workspace_id={}&limit=100&after={last}", ada.workspace);
    let rest = server.get(&list).of(ada).send().await.expect(200);
    let rest = rest["data"].as_array().unwrap().clone();
    let told = take(last, rest.len()).await;
    assert_eq!(told, rest, "the same as the list tells");
    heard.extend(told);
    let sequences: Vec<_> = heard
        .iter()
        .map(|event| event["sequence"].as_i64().unwrap())
        .collect();
    let all: Vec<_> = (1..=i64::try_from(heard.len()).unwrap()).collect();
    assert_eq!(sequences, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_tells_what_its_reader_may_see_as_it_happens_and_closes_with_their_right() {
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
    let mut socket = open(&server, Some(&gus), &of(&gus, "")).await.unwrap();
    let begin = next(&mut socket).await.unwrap();
    assert!(begin["last_sequence"].as_i64().unwrap() > 0);
    let shared = id_of(&create(&server, &studio, json!({ "title": "Shared" })).await);
    share(&server, &studio, shared, &gus, "viewer").await.expect(201);
    let path = format!("/v1/documents/{shared}");
    let rename = json!({ "title": "Renamed" });
    server.patch(&path).of(ada).json(rename).send().await.expect(200);
    loop {
        let event = next(&mut socket).await.unwrap();
        if event.get("last_sequence").is_some() {
            continue;
        }
        assert_eq!(event["document_id"], json!(shared));
        if event["type"] == "document.renamed" {
            break;
        }
    }
    let path = format!("/v1/workspaces/{}/members/{}", ada.workspace, gus.id);
    let removing = server.delete(&path).of(ada).header("if-match", "*");
    removing.send().await.expect(204);
    loop {
        match next(&mut socket).await {
            Ok(_) => {}
            Err(code) => break assert_eq!(code, 4403),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_or_speaks_is_turned_away() {
    let server = TestServer::with(LOCAL).await;
    let ada = server.person("ada").await;
    let ben = server.person("ben").await;
    let elsewhere = of(&ada, "");
    for (query, who, status) in [
        (String::new(), Some(&ada), 400),
        (of(&ada, "&after=-1"), Some(&ada), 400),
        (of(&ada, "&types=task.exploded"), Some(&ada), 400),
        (elsewhere.clone(), Some(&ben), 404),
        (elsewhere.clone(), None, 401),
    ] {
        assert_eq!(open(&server, who, &query).await.err(), Some(status), "{query}");
    }
    let plain = server
        .get(&format!("/v1/events/ws{elsewhere}"))
        .of(&ada)
        .send()
        .await;
    assert_eq!(plain.problem(400), "NOT_A_WEBSOCKET");
    let inner = json!({ "requests": [{ "method": "GET", "path": format!("/v1/events/ws{elsewhere}") }] });
    let batch = server.post("/v1/batch").of(&ada).json(inner).send().await;
    assert!(batch.text().contains("STREAM_IN_BATCH"), "{}", batch.text());
    // A reader has nothing to say.
    for said in [Message::text("hello"), Message::binary(vec![0, 1])] {
        let mut socket = open(&server, Some(&ada), &elsewhere).await.unwrap();
        next(&mut socket).await.unwrap();
        socket.send(said).await.unwrap();
        assert_eq!(next(&mut socket).await, Err(1002));
    }
    // They are among the streams that somebody may have.
    let mut held = Vec::new();
    let status = loop {
        match open(&server, Some(&ada), &elsewhere).await {
            Ok(socket) => held.push(socket),
            Err(status) => break status,
        }
    };
    // Those before may still be saying good-bye.
    assert!(
        (18..=20).contains(&held.len()) && status == 409,
        "{status} after {}",
        held.len()
    );
    open(&server, Some(&ben), &of(&ben, "")).await.unwrap();
    drop(held);
    for _ in 0..600 {
        if open(&server, Some(&ada), &elsewhere).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the places of sockets that have ended are not given back");
}

/// A ticket for the events of somebody's workspace.
async fn ticket(server: &TestServer, who: &Person) -> String {
    let form = json!({ "workspace_id": who.workspace });
    let made = server.post("/v1/events/tickets").of(who).json(form).send().await;
    text(&made.expect(201)["ticket"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_opens_one_socket_within_thirty_seconds() {
    let server = TestServer::with(LOCAL).await;
    let ada = server.person("ada").await;
    let (early, late) = (ticket(&server, &ada).await, ticket(&server, &ada).await);
    server.clock.advance(29_000);
    let mut socket = open(&server, None, &format!("?ticket={early}")).await.unwrap();
    assert!(next(&mut socket).await.unwrap()["last_sequence"].is_i64());
    let again = open(&server, None, &format!("?ticket={early}")).await;
    assert_eq!(again.err(), Some(401), "it is good once");
    server.clock.advance(2_000);
    let over = open(&server, None, &format!("?ticket={late}")).await;
    assert_eq!(over.err(), Some(401), "its time is over");
    // A token in the header goes first, and what was not asked for is not used up.
    let fresh = ticket(&server, &ada).await;
    let query = of(&ada, &format!("&ticket={fresh}"));
    open(&server, Some(&ada), &query).await.unwrap();
    open(&server, None, &query).await.unwrap();
}
