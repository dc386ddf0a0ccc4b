//! Notifications to a gateway of the operator: signed, tried again under the same id, and to whom wants them alone.

use std::time::Duration;

use serde_json::json;

use crate::documents::{create, enlist, share, studio};
use crate::support::receiver::{OK, Receiver, Reply};
use crate::support::{TestServer, id_of, text};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_is_told_once_of_what_its_reader_wants_pushed() {
    let receiver = Receiver::answering(&[Reply::Status(503, ""), OK]).await;
    let (url, secret) = (
        format!("notifications.adapter_url={}", receiver.url()),
        format!("notifications.adapter_secret={SECRET}"),
    );
    let server = TestServer::with(&[
        "outgoing.allowed_networks=127.0.0.0/8",
        "notifications.poll_milliseconds=20",
        &url,
        &secret,
    ])
    .await;
    let studio = studio(&server, "ada").await;
    let (ada, cem) = (&studio.owner, server.person("cem").await);
    let off = json!({ "types": [{ "type": "document_shared", "push": false }] });
    let path = "/v1/notification-preferences";
    server.patch(path).of(&cem).json(off).send().await.expect(200);
    enlist(&server, ada.workspace, &cem, "guest").await;
    let document = id_of(&create(&server, &studio, json!({ "title": "Plan", "kind": "text" })).await);
    share(&server, &studio, document, &cem, "editor")
        .await
        .expect(201);
    let comments = format!("/v1/documents/{document}/comments");
    let form = json!({ "body": "You?", "mentions": [cem.id] });
    server.post(&comments).of(ada).json(form).send().await.expect(201);
    // Not of the document that was shared before.
    let first = receiver.wait_for(1).await.remove(0);
    assert!(first.is_signed_with(SECRET));
    let body = first.json();
    assert_eq!(body["type"], "notification.created");
    let data = &body["data"];
    assert_eq!(
        (&data["notification_type"], &data["title"], &data["body"]),
        (
            &json!("mentioned"),
            &json!("ada Test mentioned you in Plan"),
            &json!("You?")
        )
    );
    assert_eq!(
        (&data["user_id"], &data["workspace_id"]),
        (&json!(cem.id), &json!(ada.workspace))
    );
    assert!(text(&data["url"]).ends_with(&format!("/documents/{document}")));
    // It refused; a minute later it is told again.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(receiver.deliveries().len(), 1);
    let mut come = Vec::new();
    for _ in 0..200 {
        // Until what came of the first attempt is written the second one has no time.
        server.clock.advance(61_000);
        tokio::time::sleep(Duration::from_millis(50)).await;
        come = receiver.deliveries();
        if come.len() > 1 {
            break;
        }
    }
    assert_eq!(come[0].id, come[1].id);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.deliveries().len(), 2);
}
