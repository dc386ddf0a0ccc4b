//! What an operator watches moves when what it counts happens.

use std::net::TcpListener;

use bytes::Bytes;
use serde_json::json;
use weft_protocol::id::DocumentName;
use weft_storage::clock::SystemClock;
use weft_storage::{Append, DocumentId, NewUpdate, Seq, WorkspaceId};

use crate::documents::{create, studio};
use crate::support::{Request, TestServer, id_of};

/// A server, and where its metrics are.
async fn watched() -> (TestServer, std::net::SocketAddr) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = [
        &*format!("server.metrics_listen={free}"),
        "rooms.compact_after_rows=2",
    ];
    (TestServer::with(&settings).await, free)
}

/// The value of one series.
async fn value(metrics: std::net::SocketAddr, series: &str) -> f64 {
    let text = Request::to(metrics, "/metrics").reading().send().await.text();
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found
        .unwrap_or_else(|| panic!("no {series} in\n{text}"))
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_are_counted_where_they_are_applied_saved_and_folded() {
    let (server, metrics) = watched().await;
    assert!(
        value(metrics, "weft_log_rows_total").await < 0.5,
        "nothing is written yet"
    );
    let studio = studio(&server, "ada").await;
    let document = id_of(&create(&server, &studio, json!({ "title": "Loom" })).await);
    for round in 0..6 {
        let path = format!("/v1/documents/{document}/content");
        let words = format!("line {round}");
        let put = server.put(&path).of(&studio.owner).header("if-match", "*");
        let put = put.body("text/markdown", words).send().await;
        assert!(put.status < 300, "{}", put.text());
    }
    let rows = value(metrics, "weft_log_rows_total").await;
    let commits = value(metrics, "weft_log_commits_total").await;
    assert!(rows >= 6.0 && commits >= 6.0, "{rows} rows, {commits} commits");
    assert!(value(metrics, "weft_log_bytes_total").await > 6.0);
    assert!((value(metrics, "weft_persist_seconds_count").await - commits).abs() < 0.5);
    assert!(value(metrics, "weft_doc_apply_seconds_count").await >= 6.0);
    assert!(value(metrics, "weft_doc_load_seconds_count").await >= 1.0);
    assert!(value(metrics, "weft_persist_failures_total").await < 0.5);
    while value(metrics, "weft_snapshots_total").await < 1.0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_put_aside_is_counted() {
    let (server, metrics) = watched().await;
    let studio = studio(&server, "ada").await;
    let document = id_of(&create(&server, &studio, json!({ "title": "Loom" })).await);
    let damage = NewUpdate {
        bytes: Bytes::from_static(b"no update at all"),
        author: None,
    };
    let append = Append {
        document: DocumentId::generate(&SystemClock),
        workspace: WorkspaceId(studio.owner.workspace),
        name: DocumentName::parse(&document.to_string()).unwrap(),
        expected_head: Seq::ZERO,
        updates: vec![damage],
        projection: None,
    };
    server.storage.log().append(append).await.unwrap();
    assert!(value(metrics, "weft_doc_quarantined_total").await < 0.5);
    let path = format!("/v1/documents/{document}/content?format=markdown");
    let refused = server.get(&path).of(&studio.owner).send().await;
    assert!(refused.status >= 500, "{}", refused.text());
    assert!((value(metrics, "weft_doc_quarantined_total").await - 1.0).abs() < 0.5);
}
