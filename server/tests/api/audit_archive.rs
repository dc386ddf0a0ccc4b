//! Old entries of the audit log: archived by upkeep, and found, exported and checked as before.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock as _;
use weft_storage::records::{AuditOrigin, NewAuditEntry};

use crate::audit::{export, key, verify, written};
use crate::documents::{Studio, create, studio};
use crate::support::{TestServer, copy_directory};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Entries that are written beside those of requests.
const MORE: usize = 150;

/// A log with something of everything, and so much that its segment is no part of a row.
async fn filled(server: &TestServer) -> (Studio, Uuid) {
    let studio = studio(server, "ada").await;
    for number in 0..5 {
        create(server, &studio, json!({ "title": format!("{number}") })).await;
    }
    let key = key(server, &studio.owner).await;
    written(server).await;
    let mut tx = server.storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(WorkspaceId(studio.owner.workspace)).await.unwrap();
    for _ in 0..MORE {
        // Random, so that packing makes it no shorter than half.
        let noise: String = (0..40).map(|_| Uuid::new_v4().simple().to_string()).collect();
        let more = NewAuditEntry {
            actor: ("system", None),
            action: "made.up",
            subject: ("nothing", None),
            origin: AuditOrigin::default(),
            details: json!({ "noise": noise }).to_string(),
            event_seq: None,
            at_ms: server.clock.now_ms(),
        };
        tenant.audit(&[more]).await.unwrap();
    }
    tx.commit().await.unwrap();
    (studio, key)
}

/// What upkeep does so many days later.
async fn upkeep(server: &TestServer, days: i64) {
    let later = server.clock.now_ms() + days * DAY_MS;
    let age = Duration::from_secs(3_600);
    server.upkeep.clear_away(later, age).await.unwrap();
}

/// How many entries are in the database.
async fn rows(server: &TestServer, studio: &Studio) -> usize {
    let mut tx = server.storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(WorkspaceId(studio.owner.workspace)).await.unwrap();
    tenant.audit_chain(0, 10_000).await.unwrap().len()
}

/// All entries that a walk finds, in pages of seven.
async fn walk(server: &TestServer, studio: &Studio, query: &str) -> Vec<Value> {
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let log = studio.owner.workspace;
        let path = format!("/v1/workspaces/{log}/audit?limit=7{query}{cursor}");
        let page = server.get(&path).of(&studio.owner).send().await.expect(200);
        walked.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["meta"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return walked,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_archived_is_found_walked_and_exported() {
    let server = TestServer::start().await;
    let (studio, key) = filled(&server).await;
    let before = walk(&server, &studio, "&sort=sequence").await;
    let count = before.len();
    assert_eq!(rows(&server, &studio).await, count);
    // Neither before their time, nor too few by themselves.
    for days in [364, 366] {
        upkeep(&server, days).await;
        assert_eq!(rows(&server, &studio).await, count);
    }
    upkeep(&server, 400).await;
    assert_eq!(rows(&server, &studio).await, 0);
    assert_eq!(walk(&server, &studio, "&sort=sequence").await, before);

    create(&server, &studio, json!({ "title": "later" })).await;
    written(&server).await;
    let newest = walk(&server, &studio, "").await;
    let places: Vec<_> = newest
        .iter()
        .map(|entry| entry["sequence"].as_u64().unwrap())
        .collect();
    let last = count as u64 + 1;
    assert_eq!(places, (1..=last).rev().collect::<Vec<_>>());
    let of_key = walk(&server, &studio, &format!("&subject_id={key}")).await;
    let actions: Vec<_> = of_key
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["api_key.revoked", "api_key.created"]);
    assert_eq!(walk(&server, &studio, "&action=document.").await.len(), 6);
    assert_eq!(walk(&server, &studio, "&action=made.up").await.len(), MORE);
    assert!(
        walk(&server, &studio, "&to=2001-01-01T00:00:00Z")
            .await
            .is_empty()
    );
    assert_eq!(walk(&server, &studio, "&from=2001-01-01T00:00:00Z").await, newest);
    // Pages by number are of what is in the database.
    let path = format!("/v1/workspaces/{}/audit?page=1", studio.owner.workspace);
    let page = server.get(&path).of(&studio.owner).send().await.expect(200);
    assert_eq!(page["meta"]["total"], 1);
    assert_eq!(page["data"][0], newest[0]);

    let exported = export(&server, &studio.owner, studio.owner.workspace).await;
    assert_eq!(exported.lines().count() as u64, last + 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    std::fs::write(&path, &exported).unwrap();
    let (is_whole, said) = verify(&["--file", path.to_str().unwrap()]);
    assert!(
        is_whole && said.contains(&format!("{} entries are whole", last + 1)),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_stay_where_they_are_if_that_is_wanted() {
    let server = TestServer::with(&["audit.archive_after_days=0"]).await;
    let (studio, _) = filled(&server).await;
    let count = rows(&server, &studio).await;
    upkeep(&server, 5_000).await;
    assert_eq!(rows(&server, &studio).await, count);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// On SQLite and files, where the program can look at a copy of everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verify_walks_through_the_archive_and_names_what_is_wrong_with_it() {
    let is_elsewhere = |name| std::env::var_os(name).is_some();
    if is_elsewhere("WEFT_TEST_DATABASE") || is_elsewhere("WEFT_TEST_BUCKET") {
        return;
    }
    let server = TestServer::start().await;
    let (studio, _) = filled(&server).await;
    upkeep(&server, 400).await;
    create(&server, &studio, json!({ "title": "later" })).await;
    written(&server).await;
    let log = studio.owner.workspace.to_string();
    let copy = tempfile::tempdir().unwrap();
    copy_directory(&server.data.path().join("data"), copy.path());
    let check = || verify(&["--data", copy.path().to_str().unwrap(), "--workspace", &log]);
    let (is_whole, said) = check();
    assert!(is_whole && said.contains("entries are whole"), "{said}");

    let blobs = files(&copy.path().join("blobs"));
    let [blob] = blobs.as_slice() else {
        panic!("{blobs:?}");
    };
    let shelf = blob.parent().unwrap().file_name().unwrap();
    let name = format!("{}{}", shelf.display(), blob.file_name().unwrap().display());
    let bytes = std::fs::read(blob).unwrap();
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    for (content, what) in [
        (Some(changed.as_slice()), "do not match their checksum"),
        (Some(&bytes[..bytes.len() / 2]), "do not match their checksum"),
        (None, "do not exist"),
        (Some(&bytes), "entries are whole"),
    ] {
        match content {
            Some(content) => std::fs::write(blob, content).unwrap(),
            None => std::fs::remove_file(blob).unwrap(),
        }
        let (is_whole, said) = check();
        assert_eq!(is_whole, what == "entries are whole", "{said}");
        assert!(said.contains(what) && said.contains(&log), "{what}: {said}");
        assert!(is_whole || said.contains(&name), "{name}: {said}");
    }
}
