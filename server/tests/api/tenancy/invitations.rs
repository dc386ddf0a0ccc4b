//! Invitations: what they give, how often they count.

use futures_util::future::join_all;
use serde_json::json;

use crate::documents::enlist;
use crate::support::{Person, TestServer, id_of, secret_in, text};

/// A7: an invitation gives no more than its sender has, once, to the one it was sent to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a7_an_invitation_gives_no_more_than_the_one_who_invites_has() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (
        server.person("ada").await,
        server.person("bob").await,
        server.person("eve").await,
    );
    enlist(&server, ada.workspace, &bob, "admin").await;
    let invitations = format!("/v1/workspaces/{}/invitations", ada.workspace);
    let invite = |actor: &Person, name: &str, role: &str| {
        let form = json!({ "email": format!("{name}@example.com"), "role": role });
        server.post(&invitations).of(actor).json(form).send()
    };
    assert_eq!(
        invite(&bob, "cid", "owner").await.problem(403),
        "ROLE_NOT_ASSIGNABLE"
    );
    assert_eq!(invite(&eve, "cid", "guest").await.problem(404), "NOT_FOUND");
    assert_eq!(
        invite(&ada, "bob", "member").await.problem(409),
        "ALREADY_A_MEMBER"
    );
    let made = invite(&bob, "Cid", "admin").await.expect(201);
    assert!(
        !made.to_string().contains("weft_in_"),
        "the secret is in the mail alone"
    );
    assert_eq!(invite(&ada, "cid", "guest").await.problem(409), "ALREADY_INVITED");
    let mail = server.mail("Cid@example.com", "invites you").await;
    let token = secret_in(&mail, "weft_in_");

    // Whoever finds the mail cannot use it, and somebody new with the address can.
    let accept = |token: &str, bearer: &str| {
        let request = server.post("/v1/invitations:accept").bearer(bearer);
        request.json(json!({ "token": token })).send()
    };
    assert_eq!(
        accept(&token, &eve.token).await.problem(403),
        "INVITATION_FOR_ANOTHER"
    );
    server.register("cid").await;
    let cid = text(&server.log_in("cid").await["access_token"]);
    assert_eq!(
        server
            .get("/v1/workspaces")
            .bearer(&cid)
            .send()
            .await
            .problem(403),
        "EMAIL_NOT_VERIFIED"
    );
    // The one who invited is less by now.
    enlist(&server, ada.workspace, &bob, "manager").await;
    let accepted = accept(&token, &cid).await.expect(200);
    assert_eq!(
        (&accepted["role"], &accepted["workspace_id"]),
        (&json!("member"), &json!(ada.workspace))
    );
    let list = server
        .get("/v1/workspaces?page=1")
        .bearer(&cid)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["total"], 2, "the address counts as verified");
    assert_eq!(accept(&token, &cid).await.problem(409), "INVITATION_NOT_VALID");

    // Of somebody who is gone, revoked, replaced or over: none counts.
    let dan = server.person("dan").await;
    let made = invite(&bob, "dan", "member").await.expect(201);
    let old = secret_in(&server.mail("dan@example.com", "invites you").await, "weft_in_");
    let path = format!("/v1/invitations/{}", id_of(&made));
    assert_eq!(server.get(&path).of(&eve).send().await.problem(404), "NOT_FOUND");
    assert_eq!(
        server
            .post(&format!("{path}:resend"))
            .of(&ada)
            .send()
            .await
            .problem(409),
        "SENT_A_MOMENT_AGO"
    );
    server.clock.advance(61_000);
    server
        .post(&format!("{path}:resend"))
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        accept(&old, &dan.token).await.problem(409),
        "INVITATION_NOT_VALID"
    );
    let token = {
        let mut token = old.clone();
        for _ in 0..200 {
            token = secret_in(&server.mail("dan@example.com", "invites you").await, "weft_in_");
            if token != old {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        token
    };
    let member = format!("/v1/workspaces/{}/members/{}", ada.workspace, bob.id);
    assert_eq!(server.delete(&member).of(&ada).send().await.status, 204);
    assert_eq!(
        accept(&token, &dan.token).await.problem(409),
        "INVITATION_NOT_VALID"
    );
    server
        .post(&format!("{path}:revoke"))
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        server
            .post(&format!("{path}:revoke"))
            .of(&ada)
            .send()
            .await
            .problem(409),
        "INVITATION_NOT_OPEN"
    );
    invite(&ada, "dan", "guest").await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_many_accept_at_once_counts_once() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let form = json!({ "email": "bob@example.com", "role": "member" });
    let path = format!("/v1/workspaces/{}/invitations", ada.workspace);
    server.post(&path).of(&ada).json(form).send().await.expect(201);
    let token = secret_in(&server.mail("bob@example.com", "invites you").await, "weft_in_");
    let answers = join_all((0..10).map(|_| {
        server
            .post("/v1/invitations:accept")
            .of(&bob)
            .json(json!({ "token": token }))
            .send()
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)));
}
