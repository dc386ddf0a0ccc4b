//! What strangers, guests and holders of tickets and links get over real sockets.

use std::time::Duration;

use weft_protocol::hocuspocus as wire;
use weft_protocol::sync::SyncMessage;
use weft_protocol::ywebsocket;
use weft_storage::records::{EpochKind, LinkTerms, NewLink, Tx};

use super::world::{Client, Heard, Org, World, as_role, denial, typed};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::rooms::Operation;
use uuid::Uuid;
use weft_protocol::id::DocumentName;

/// A link to the document, and its id.
pub(super) async fn link(world: &World, org: Org, role: &str) -> (Uuid, String) {
    let (id, token) = (Uuid::now_v7(), OpaqueToken::generate(TokenKind::ShareLink));
    let hash = token.hash();
    let new = NewLink {
        id,
        document_id: org.document,
        token_hash: hash.as_bytes(),
        terms: LinkTerms {
            role,
            password_hash: None,
            expires_at_ms: None,
        },
        created_by: org.owner,
        now_ms: world.now_ms(),
    };
    world
        .write(async |tx: &mut Tx| {
            let mut tenant = tx.workspace(org.workspace).await.unwrap();
            tenant.create_link(new).await.unwrap();
        })
        .await;
    (id, token.expose().to_owned())
}

/// The text of the document, as its room has it.
pub(super) async fn content(world: &World, org: Org) -> String {
    let name = DocumentName::parse(&org.document.to_string()).unwrap();
    let read = world.gateway.hub.ask(org.workspace, &name, Operation::ReadUpdate);
    format!("{:?}", read.await)
}

pub(super) fn is_step_two(frame: &[u8]) -> bool {
    matches!(
        ywebsocket::decode(frame),
        Ok(ywebsocket::ClientFrame::Sync(SyncMessage::StepTwo { .. }))
    )
}

/// A y-websocket client that is in.
pub(super) async fn joined(world: &World, org: Org, credential: &str) -> Client {
    let mut client = world.sync(&org.document.to_string(), credential).await;
    client.send(ywebsocket::sync_step_one(&[0])).await;
    client.until(is_step_two).await;
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w3_a_ticket_opens_one_socket_once_and_needs_no_address() {
    let world = World::start(&[]).await;
    let org = world.org().await;
    let (session, ticket) = world.login(org.owner).await;
    let path = format!("/v1/sync/{}", org.document);
    let offer = format!("weft, weft.ticket.{ticket}");
    let (mut client, response) = world.connect(&path, &[("sec-websocket-protocol", &offer)]).await;
    assert_eq!(
        response.headers()["sec-websocket-protocol"],
        "weft",
        "the ticket is not repeated"
    );
    client.send(ywebsocket::sync_step_one(&[0])).await;
    client.until(is_step_two).await;
    let (mut again, _) = world.connect(&path, &[("sec-websocket-protocol", &offer)]).await;
    assert_eq!(again.closed().await, (4401, "unauthorized".to_owned()));

    // Fifty at once: one gets in.
    let ticket = world.ticket(org.owner, session).await;
    let mut inside = 0;
    let name = org.document.to_string();
    let attempts = (0..50).map(|_| async {
        let mut client = world.sync(&name, &ticket).await;
        matches!(client.next().await, Heard::Frame(_))
    });
    for is_in in futures_util::future::join_all(attempts).await {
        inside += usize::from(is_in);
    }
    assert_eq!(inside, 1);
    drop(client);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w9_a_foreign_document_on_a_socket_that_has_others_is_denied_without_a_word_of_it() {
    let world = World::start(&[]).await;
    let (ours, theirs) = (world.org().await, world.org().await);
    let mut owner = joined(&world, theirs, &world.login(theirs.owner).await.1).await;
    owner.send(ywebsocket::update(&typed(9, "secret"))).await;
    let mut client = world.collab().await;
    let (session, ticket) = world.login(ours.owner).await;
    client.open(&ours.document.to_string(), &ticket).await;
    client.until(|frame| frame[37..].starts_with(&[0, 1])).await;
    // An own ticket, a wrong one and none; the document itself, one that does not exist, and a session of it.
    let foreign = theirs.document.to_string();
    for name in [
        foreign.clone(),
        Uuid::now_v7().to_string(),
        format!("{foreign}\0session"),
    ] {
        let ticket = world.ticket(ours.owner, session).await;
        for credential in [ticket.as_str(), "weft_st_nonsense", ""] {
            client.open(&name, credential).await;
            client.send(wire::update(&name, &typed(8, "mine"))).await;
            let frame = client
                .until(|frame| frame.starts_with(&[u8::try_from(name.len()).unwrap()]))
                .await;
            let (about, reason) = denial(&frame).expect("the only answer is a denial");
            assert_eq!(about, name);
            assert!(
                ["forbidden", "unauthorized"].contains(&reason.as_str()),
                "{reason}"
            );
        }
    }
    assert!(client.is_silent(Duration::from_millis(200)).await);
    assert!(!content(&world, theirs).await.contains("mine"));
    drop((owner, client));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w10_a_viewers_edits_reach_neither_the_document_nor_the_others_nor_are_they_acknowledged() {
    let world = World::start(&[]).await;
    let org = world.org().await;
    let (_, link) = link(&world, org, "viewer").await;
    let mut owner = joined(&world, org, &world.login(org.owner).await.1).await;
    let name = org.document.to_string();
    let mut viewer = world.collab().await;
    viewer.open(&name, &link).await;
    let greeting = viewer.until(|frame| frame.ends_with(b"readonly")).await;
    assert!(!greeting.is_empty());
    viewer.send(wire::update(&name, &typed(1, "nothing"))).await;
    viewer
        .send(wire::sync_step_two(&name, &typed(2, "neither")))
        .await;
    for _ in 0..2 {
        let status = viewer
            .until(|frame| frame.len() == name.len() + 3 && frame[name.len() + 1] == 8)
            .await;
        assert_eq!(status.last(), Some(&0), "refused");
    }
    assert!(owner.is_silent(Duration::from_millis(300)).await);
    let stored = content(&world, org).await;
    assert!(
        !stored.contains("neither") && !stored.contains("nothing"),
        "{stored}"
    );
    drop((owner, viewer));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w7_an_account_has_so_many_sockets_and_others_are_not_affected() {
    let world = World::start(&["limits.max_sockets_per_user=2"]).await;
    let org = world.org().await;
    let (session, first) = world.login(org.owner).await;
    let first = joined(&world, org, &first).await;
    let name = org.document.to_string();
    let mut second = world.collab().await;
    // Several documents of one account on one socket are one socket.
    for name in [name.clone(), format!("{name}\0other")] {
        second.open(&name, &world.ticket(org.owner, session).await).await;
        second.until(|frame| frame.ends_with(b"read-write")).await;
    }
    let third = world.ticket(org.owner, session).await;
    let mut third = world.sync(&name, &third).await;
    assert_eq!(third.closed().await, (1013, "too-many-sockets".to_owned()));
    let mut fourth = world.collab().await;
    fourth.open(&name, &world.ticket(org.owner, session).await).await;
    assert_eq!(fourth.closed().await.0, 1013);
    let (_, link) = link(&world, org, "viewer").await;
    drop(joined(&world, org, &link).await);
    drop(first);
    let mut last = loop {
        let ticket = world.ticket(org.owner, session).await;
        let mut client = world.sync(&name, &ticket).await;
        if matches!(client.next().await, Heard::Frame(_)) {
            break client;
        }
    };
    last.send(ywebsocket::sync_step_one(&[0])).await;
    last.until(is_step_two).await;
    drop((second, last));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_of_a_project_is_not_opened_by_an_applications_token_nor_in_the_playground() {
    let world = World::start(&["server.playground=true"]).await;
    let org = world.org().await;
    let name = org.document.to_string();
    assert_eq!(world.sync(&name, "").await.closed().await.0, 4401);
    assert_eq!(world.sync(&name, "any").await.closed().await.0, 4401);
    // Written otherwise it is another document, in nobody's workspace.
    let mut other = world.sync(&name.to_uppercase(), "").await;
    assert!(matches!(other.next().await, Heard::Frame(_)));
    drop(other);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_grows_lets_a_reader_write_and_asks_for_what_was_refused() {
    let world = World::start(&[]).await;
    let org = world.org().await;
    let eve = world.user().await;
    world
        .write(async |tx: &mut Tx| {
            let mut tenant = tx.workspace(org.workspace).await.unwrap();
            tenant.put_member(as_role(eve, "member")).await.unwrap();
            tenant
                .put_project_member(org.project, as_role(eve, "viewer"))
                .await
                .unwrap();
        })
        .await;
    let name = org.document.to_string();
    let mut client = world.collab().await;
    client.open(&name, &world.login(eve).await.1).await;
    client.until(|frame| frame.ends_with(b"readonly")).await;
    client.send(wire::update(&name, &typed(5, "early"))).await;
    client.until(|frame| frame.ends_with(&[8, 0])).await;
    world
        .change_rights(EpochKind::Workspace(org.workspace), async |tx: &mut Tx| {
            let mut tenant = tx.workspace(org.workspace).await.unwrap();
            tenant
                .put_project_member(org.project, as_role(eve, "editor"))
                .await
                .unwrap();
        })
        .await;
    client.until(|frame| frame.ends_with(b"read-write")).await;
    client
        .until(|frame| frame.len() > name.len() + 2 && frame[name.len() + 1..].starts_with(&[0, 0]))
        .await;
    client.send(wire::sync_step_two(&name, &typed(5, "early"))).await;
    client.until(|frame| frame.ends_with(&[8, 1])).await;
    assert!(content(&world, org).await.contains("early"));
    drop(client);
    world.stop().await;
}
