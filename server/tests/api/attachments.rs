//! Files: attached, given out as downloads alone, bounded, and gone when they should be.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uuid::Uuid;
use weft_storage::clock::Clock as _;

use crate::documents::{Studio, create, enlist, share, studio};
use crate::support::{Answer, TestServer, id_of, text};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

async fn attach(server: &TestServer, token: &str, path: &str, kind: &str, bytes: &'static [u8]) -> Answer {
    server.post(path).bearer(token).body(kind, bytes).send().await
}

async fn place(server: &TestServer) -> (Studio, Uuid, String) {
    let studio = studio(server, "ada").await;
    let id = id_of(&create(server, &studio, json!({ "title": "Plan" })).await);
    let path = format!("/v1/documents/{id}/attachments");
    (studio, id, path)
}

/// How many objects there are, wherever they are kept.
async fn objects(server: &TestServer) -> usize {
    let objects = server.storage.objects();
    objects.list(Duration::ZERO, None, 100).await.unwrap().len()
}

/// How many files an upload that is under way has made. In a bucket nothing is to be seen of it.
fn files(server: &TestServer) -> Option<usize> {
    fn count(folder: &std::path::Path) -> Option<usize> {
        let entries = std::fs::read_dir(folder).ok()?;
        let paths = entries.map(|entry| entry.unwrap().path());
        Some(
            paths
                .map(|path| {
                    if path.is_dir() {
                        count(&path).unwrap_or(0)
                    } else {
                        1
                    }
                })
                .sum(),
        )
    }
    count(&server.data.path().join("data/objects"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_comes_back_as_it_was_and_goes_with_its_document() {
    let server = TestServer::start().await;
    let (studio, document, path) = place(&server).await;
    let token = &studio.owner.token;
    let made = attach(
        &server,
        token,
        &format!("{path}?name=cat%20one.png"),
        "text/html",
        PNG,
    )
    .await;
    let made = made.expect(201);
    assert_eq!(
        (&made["name"], &made["content_type"], &made["size_bytes"]),
        (&json!("cat one.png"), &json!("image/png"), &json!(PNG.len()))
    );
    let file = format!("/v1/attachments/{}", id_of(&made));
    assert_eq!(server.get(&file).bearer(token).send().await.expect(200), made);
    let got = server.get(&format!("{file}/download")).bearer(token).send().await;
    assert_eq!((got.status, &got.body[..]), (200, PNG));
    assert_eq!(got.header("content-type").unwrap(), "image/png");
    assert_eq!(
        got.header("content-disposition").unwrap(),
        "attachment; filename=\"cat one.png\"; filename*=UTF-8''cat%20one.png"
    );
    assert_eq!(
        got.header("etag").unwrap(),
        format!("\"{}\"", text(&made["checksum"]))
    );
    let list = server
        .get(&format!("{path}?page=1"))
        .bearer(token)
        .send()
        .await
        .expect(200);
    assert_eq!((&list["meta"]["total"], &list["data"][0]), (&json!(1), &made));

    // Whoever has no right to the document has none to its files, and does not learn that they exist.
    let stranger = server.person("sid").await;
    for request in [
        server.get(&file),
        server.get(&format!("{file}/download")),
        server.delete(&file),
        server.get(&path),
    ] {
        assert_eq!(request.clone().send().await.problem(401), "UNAUTHORIZED");
        assert_eq!(request.of(&stranger).send().await.problem(404), "NOT_FOUND");
    }
    enlist(&server, studio.owner.workspace, &stranger, "guest").await;
    share(&server, &studio, document, &stranger, "viewer")
        .await
        .expect(201);
    let seen = server.get(&format!("{file}/download")).of(&stranger).send().await;
    assert_eq!(seen.status, 200);
    assert_eq!(
        server.delete(&file).of(&stranger).send().await.problem(403),
        "FORBIDDEN"
    );

    server
        .delete(&format!("/v1/documents/{document}"))
        .bearer(token)
        .send()
        .await
        .expect(204);
    assert_eq!(
        server.get(&file).bearer(token).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(objects(&server).await, 1);
    let later = server.clock.now_ms() + 31 * 86_400_000;
    server
        .upkeep
        .clear_away(later - 2 * 86_400_000, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(objects(&server).await, 1);
    server.upkeep.clear_away(later, Duration::ZERO).await.unwrap();
    assert_eq!(objects(&server).await, 0);
    let gone = server
        .post(&format!("/v1/documents/{document}:restore"))
        .bearer(token);
    assert_eq!(gone.send().await.problem(404), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn html_and_svg_are_never_given_out_as_what_they_are() {
    let server = TestServer::start().await;
    let (studio, _, path) = place(&server).await;
    let token = &studio.owner.token;
    for (name, kind, bytes) in [
        ("a.html", "text/html", &b"<script>alert(1)</script>"[..]),
        (
            "a.svg",
            "image/svg+xml",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        ),
        ("a.png", "image/png", b"<script>alert(1)</script>"),
        (
            "a.xml",
            "application/xhtml+xml",
            b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
        ),
        ("a.js", "text/javascript", b"alert(1)"),
    ] {
        let made = attach(&server, token, &format!("{path}?name={name}"), kind, bytes).await;
        let made = made.expect(201);
        let got = server
            .get(&format!("/v1/attachments/{}/download", id_of(&made)))
            .bearer(token)
            .send()
            .await;
        assert_eq!(got.body, bytes);
        for (header, expected) in [
            ("content-type", "application/octet-stream"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(got.header(header).as_deref(), Some(expected), "{name}");
        }
        assert!(
            got.header("content-disposition")
                .unwrap()
                .starts_with("attachment;"),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_bounded_by_size_and_by_quota() {
    let server = TestServer::with(&[
        "limits.max_attachment_bytes=2000",
        "limits.max_workspace_attachment_bytes=5000",
    ])
    .await;
    let (studio, _, path) = place(&server).await;
    let token = &studio.owner.token;
    let put = async |size: usize| {
        let path = format!("{path}?name=x");
        server
            .post(&path)
            .bearer(token)
            .body("text/plain", vec![b'x'; size])
            .send()
            .await
    };
    assert_eq!(put(2_001).await.problem(413), "BODY_TOO_LARGE");
    assert_eq!(put(0).await.problem(400), "EMPTY_FILE");
    let first = id_of(&put(2_000).await.expect(201));
    put(2_000).await.expect(201);
    assert_eq!(put(1_001).await.problem(507), "QUOTA_EXCEEDED");
    server
        .delete(&format!("/v1/attachments/{first}"))
        .bearer(token)
        .send()
        .await
        .expect(204);
    put(1_001).await.expect(201);
    assert_eq!(objects(&server).await, 2);
    for query in ["", "?name=", "?name=x&colour=red"] {
        let answer = server
            .post(&format!("{path}{query}"))
            .bearer(token)
            .body("text/plain", "x");
        assert_eq!(answer.send().await.status, 400, "{query}");
    }
    // Without a length nothing is known of what is coming.
    let head = format!(
        "POST {path}?name=x HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        server.address
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 411"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_breaks_off_leaves_nothing_that_anybody_sees() {
    let server = TestServer::start().await;
    let (studio, document, path) = place(&server).await;
    let token = &studio.owner.token;
    let head = format!(
        "POST {path}?name=x HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Length: 100000\r\n\r\n",
        server.address
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[b'x'; 5_000]).await.unwrap();
    // The bytes are on their way to a file before the connection goes.
    let becomes = async |wanted: usize| {
        for _ in 0..400 {
            if files(&server).is_none_or(|files| files == wanted) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    };
    assert!(becomes(1).await, "the upload has begun");
    drop(stream);
    assert!(becomes(0).await, "the upload has left a file");
    assert_eq!(objects(&server).await, 0);
    let list = server
        .get(&format!("{path}?page=1"))
        .bearer(token)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["total"], json!(0));
    // And what was announced is forgotten in the end, whether the handler was cut off or not.
    let later = server.clock.now_ms() + 26 * 3_600_000;
    server.upkeep.clear_away(later, Duration::ZERO).await.unwrap();
    let mut tx = server.storage.records().read().await.unwrap();
    let standing = tx
        .document_standing(document, Default::default())
        .await
        .unwrap()
        .unwrap();
    let mut tenant = tx.workspace(standing.document.workspace).await.unwrap();
    assert_eq!(tenant.attachment_bytes().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn avatars_are_pictures_for_oneself_and_colleagues() {
    let server = TestServer::start().await;
    let (ada, bea) = (server.person("ada").await, server.person("bea").await);
    let set = async |bytes: &'static [u8]| {
        server
            .post("/v1/users/me/avatar")
            .of(&ada)
            .body("image/png", bytes)
            .send()
            .await
    };
    assert_eq!(set(b"<svg/>").await.problem(415), "NOT_A_PICTURE");
    let path = text(&set(PNG).await.expect(200)["path"]);
    let got = server.get(&path).of(&ada).send().await;
    assert_eq!((got.status, &got.body[..]), (200, PNG));
    assert_eq!(got.header("content-type").unwrap(), "image/png");
    assert_eq!(
        got.header("content-security-policy").unwrap(),
        "default-src 'none'; sandbox"
    );
    let large = server.post("/v1/users/me/avatar").of(&ada);
    let large = large.body("image/png", vec![0x89; 1024 * 1024 + 1]).send().await;
    assert_eq!(large.problem(413), "BODY_TOO_LARGE");
    set(b"GIF89a and so on").await.expect(200);
    assert_eq!(objects(&server).await, 1, "the picture before is gone");

    assert_eq!(server.get(&path).send().await.problem(401), "UNAUTHORIZED");
    assert_eq!(server.get(&path).of(&bea).send().await.problem(404), "NOT_FOUND");
    enlist(&server, ada.workspace, &bea, "guest").await;
    assert_eq!(server.get(&path).of(&bea).send().await.problem(404), "NOT_FOUND");
    enlist(&server, ada.workspace, &bea, "member").await;
    assert_eq!(server.get(&path).of(&bea).send().await.status, 200);
    server
        .delete("/v1/users/me/avatar")
        .of(&ada)
        .send()
        .await
        .expect(204);
    assert_eq!(server.get(&path).of(&ada).send().await.problem(404), "NOT_FOUND");
    assert_eq!(objects(&server).await, 0);
}
