//! What ends a login over REST closes the sockets that rest on it, on a real server over real sockets.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

use crate::support::{PASSWORD, Person, TestServer, id_of, secret_in, text};

/// How long a right that was taken away may be felt at most; the aim is a fifth of it.
const BOUND: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<TcpStream>;

/// A document of a project in somebody's own workspace.
async fn document(server: &TestServer, owner: &Person) -> Uuid {
    let make = |path: String, body: Value| async move {
        id_of(&server.post(&path).of(owner).json(body).send().await.expect(201))
    };
    let team = json!({ "workspace_id": owner.workspace, "name": "Weavers" });
    let team = make("/v1/teams".to_owned(), team).await;
    let project = make(format!("/v1/teams/{team}/projects"), json!({ "name": "Cloth" })).await;
    let path = format!("/v1/projects/{project}/documents");
    make(path, json!({ "title": "Pattern" })).await
}

/// A socket to `document` that is in.
async fn open(server: &TestServer, document: Uuid, token: &str) -> Socket {
    let ticket = server.post("/v1/ws-tickets").bearer(token).send().await;
    assert!(matches!(ticket.status, 200 | 201), "{}", ticket.text());
    let ticket = text(&ticket.json()["ticket"]);
    let address = format!("ws://{}/v1/sync/{document}?token={ticket}", server.address);
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut socket, _) = client_async(address, stream).await.unwrap();
    // The server speaks first to whoever is in.
    let first = timeout(BOUND, socket.next()).await.unwrap().unwrap().unwrap();
    assert!(matches!(first, Message::Binary(_)), "{first:?}");
    socket
}

/// The code with which the server closes `socket`, and after how long.
async fn closed(mut socket: Socket, since: Instant) -> (u16, Duration) {
    loop {
        let heard = timeout(BOUND, socket.next()).await.expect("the server closes it");
        if let Some(Ok(Message::Close(Some(frame)))) = heard {
            return (frame.code.into(), since.elapsed());
        }
        assert!(matches!(heard, Some(Ok(_))), "{heard:?}");
    }
}

async fn is_open(socket: &mut Socket) -> bool {
    timeout(Duration::from_millis(300), async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            }
        }
    })
    .await
    .is_err()
}

/// What ends logins. Each is done to somebody who has a socket open.
#[derive(Debug, Clone, Copy)]
enum Event {
    Logout,
    SessionEndedFromAnother,
    RefreshTokenReused,
    PasswordReset,
    PasswordChangedElsewhere,
    AccountDisabled,
    AccountDeleted,
}

const EVENTS: [Event; 7] = [
    Event::Logout,
    Event::SessionEndedFromAnother,
    Event::RefreshTokenReused,
    Event::PasswordReset,
    Event::PasswordChangedElsewhere,
    Event::AccountDisabled,
    Event::AccountDeleted,
];

async fn happen(event: Event, server: &TestServer, victim: &Person, admin: &Person) -> u16 {
    let post = |path: &str, body: Value| server.post(path).json(body);
    match event {
        Event::Logout => server.post("/v1/auth/logout").of(victim).send().await.status,
        Event::SessionEndedFromAnother => {
            let name = victim.email.split('@').next().unwrap();
            let other = text(&server.log_in(name).await["access_token"]);
            let list = server
                .get("/v1/auth/sessions")
                .of(victim)
                .send()
                .await
                .expect(200);
            let rows = list["data"].as_array().unwrap().clone();
            let theirs = rows.iter().find(|row| row["is_current"] == json!(true)).unwrap();
            let path = format!("/v1/auth/sessions/{}", text(&theirs["id"]));
            server.delete(&path).bearer(&other).send().await.status
        }
        Event::RefreshTokenReused => {
            let present = |token: String| post("/v1/auth/refresh", json!({ "refresh_token": token })).send();
            let next = text(&present(victim.refresh_token.clone()).await.expect(200)["refresh_token"]);
            present(next).await.expect(200);
            present(victim.refresh_token.clone()).await.status
        }
        Event::PasswordReset => {
            let forgot = json!({ "email": victim.email });
            post("/v1/auth/password/forgot", forgot).send().await;
            let code = secret_in(
                &server.mail(&victim.email, "Set a new password").await,
                "weft_pr_",
            );
            let body = json!({ "token": code, "password": "quite another 9 words" });
            post("/v1/auth/password/reset", body).send().await.status
        }
        Event::PasswordChangedElsewhere => {
            let name = victim.email.split('@').next().unwrap();
            let other = text(&server.log_in(name).await["access_token"]);
            let body = json!({ "current_password": PASSWORD, "password": "quite another 9 words" });
            let request = post("/v1/auth/password/change", body).bearer(&other);
            request.send().await.status
        }
        Event::AccountDisabled => {
            let path = format!("/v1/users/{}", victim.id);
            let request = server
                .patch(&path)
                .of(admin)
                .json(json!({ "status": "inactive" }));
            request.send().await.status
        }
        Event::AccountDeleted => {
            let path = format!("/v1/users/{}", victim.id);
            server.delete(&path).of(admin).send().await.status
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_w14_what_ends_a_login_closes_its_sockets_and_no_others() {
    let server = TestServer::with(&["rates.registrations_per_address_per_minute=1000"]).await;
    let admin = server.admin().await;
    let bystander = server.person("bystander").await;
    let place = document(&server, &bystander).await;
    let mut stays = open(&server, place, &bystander.token).await;
    for event in EVENTS {
        let victim = server.person(&format!("{event:?}").to_lowercase()).await;
        let socket = open(&server, document(&server, &victim).await, &victim.token).await;
        let status = happen(event, &server, &victim, &admin).await;
        let expected = match event {
            Event::RefreshTokenReused => 401,
            Event::AccountDisabled => 200,
            _ => 204,
        };
        assert_eq!(status, expected, "{event:?}");
        let (code, took) = closed(socket, Instant::now()).await;
        assert_eq!(code, 4401, "{event:?}");
        assert!(took < BOUND / 5, "{event:?} took {took:?}");
        println!("{event:?}: {took:?}");
    }
    assert!(is_open(&mut stays).await);
}
