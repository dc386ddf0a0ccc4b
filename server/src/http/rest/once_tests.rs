//! Requests with an `Idempotency-Key`, sent as clients send them that got no answer: again, changed, and all at once.

use std::sync::Arc;

use axum::Router;
use axum::body::Body as Bytes;
use axum::extract::{Request, State};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::post;
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use uuid::Uuid;
use weft_storage::clock::SystemClock;
use weft_storage::records::{NewWorkspace, Records};
use weft_storage::{Storage, StorageConfig, WorkspaceId};

use super::*;
use crate::access::Identity;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Created, ETag, Line};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: Line<300_000>,
}

/// Makes a workspace; one called `bad` is refused after it was made.
async fn create(
    State(records): State<Records>,
    once: Once,
    Body(new): Body<New>,
) -> Result<Response, Problem> {
    let mut tx = records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &Identity::NOBODY, 1).await? {
        return Ok(answer);
    }
    let id = Uuid::now_v7();
    let mut tenant = tx.workspace(WorkspaceId(id)).await?;
    let made = NewWorkspace {
        name: "Looms",
        created_by: None,
        now_ms: 1,
    };
    tenant.create_workspace(made).await?;
    if &*new.name == "bad" {
        return Err(NOT_FOUND);
    }
    let answer = Created {
        location: format!("/v1/workspaces/{id}"),
        etag: Some(ETag(1)),
        body: serde_json::json!({ "id": id, "name": &*new.name }),
    };
    let answer = once.finish(&mut tx, &Identity::NOBODY, answer).await?;
    tx.commit().await?;
    Ok(answer)
}

struct Bed {
    router: Router,
    storage: Arc<Storage>,
    _data: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = StorageConfig::new(data.path());
        let storage = Arc::new(Storage::open(&config, Arc::new(SystemClock)).await.unwrap());
        let router = Router::new()
            .route("/v1/workspaces", post(create))
            .route("/v1/others", post(create))
            .layer(from_fn(read_key))
            .with_state(storage.records().clone());
        Self {
            router,
            storage,
            _data: data,
        }
    }

    async fn post(&self, path: &str, keys: &[&str], name: &str) -> (u16, bool, Vec<u8>) {
        let mut request = Request::post(path).header("content-type", "application/json");
        for key in keys {
            request = request.header("idempotency-key", *key);
        }
        let body = Bytes::from(serde_json::json!({ "name": name }).to_string());
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let replayed = response.headers().get("idempotency-replayed").is_some();
        if response.status() == StatusCode::CREATED {
            assert!(
                response.headers()["location"]
                    .to_str()
                    .unwrap()
                    .starts_with("/v1/workspaces/")
            );
            assert_eq!(response.headers()["etag"], "\"1\"");
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        (status, replayed, body.to_vec())
    }

    /// How many keys are taken. Each test has one workspace for each.
    async fn forget(&self) -> u64 {
        let mut tx = self.storage.records().write().await.unwrap();
        tx.forget_answers(i64::MAX).await.unwrap()
    }
}

#[tokio::test]
async fn a_request_with_a_key_has_its_effect_once() {
    let bed = Bed::new().await;
    let (status, replayed, first) = bed.post("/v1/workspaces", &["k"], "a").await;
    assert_eq!((status, replayed), (201, false));
    assert_eq!(
        bed.post("/v1/workspaces", &["k"], "a").await,
        (201, true, first.clone())
    );
    let changed = bed.post("/v1/workspaces", &["k"], "b").await;
    assert_eq!(changed.0, 422);
    assert!(String::from_utf8_lossy(&changed.2).contains("IDEMPOTENCY_KEY_REUSED"));
    for (path, key) in [
        ("/v1/workspaces", "l"),
        ("/v1/others", "k"),
        ("/v1/workspaces?x=1", "m"),
    ] {
        let (status, replayed, other) = bed.post(path, &[key], "a").await;
        assert_eq!((status, replayed), (201, false), "{path} {key}");
        assert_ne!(other, first);
    }
    let (_, _, one) = bed.post("/v1/workspaces", &[], "a").await;
    assert_ne!(bed.post("/v1/workspaces", &[], "a").await.2, one);
    assert_eq!(bed.forget().await, 4);
}

#[tokio::test]
async fn fifty_at_once_are_one() {
    let bed = Arc::new(Bed::new().await);
    let mut asking = JoinSet::new();
    for _ in 0..50 {
        let bed = Arc::clone(&bed);
        asking.spawn(async move { bed.post("/v1/workspaces", &["k"], "a").await });
    }
    let answers = asking.join_all().await;
    assert!(answers.iter().all(|(status, ..)| *status == 201));
    assert_eq!(answers.iter().filter(|(_, replayed, _)| !replayed).count(), 1);
    assert!(answers.iter().all(|(.., body)| *body == answers[0].2));
}

#[tokio::test]
async fn what_fails_is_undone_and_may_be_tried_again() {
    let bed = Bed::new().await;
    for _ in 0..2 {
        let (status, replayed, _) = bed.post("/v1/workspaces", &["k"], "bad").await;
        assert_eq!((status, replayed), (404, false));
    }
    assert_eq!(bed.forget().await, 0);
    assert_eq!(bed.post("/v1/workspaces", &["k"], "good").await.0, 201);
    // An answer that could not be given again is not given once.
    let (status, ..) = bed.post("/v1/workspaces", &["long"], &"x".repeat(270_000)).await;
    assert_eq!(status, 500);
    assert_eq!(bed.forget().await, 1);
}

#[tokio::test]
async fn keys_are_visible_characters_and_one() {
    let bed = Bed::new().await;
    let longest = "k".repeat(255);
    assert_eq!(bed.post("/v1/workspaces", &[&longest], "a").await.0, 201);
    let too_long = "k".repeat(256);
    for keys in [&[""][..], &[&too_long], &["a b"], &["a\tb"], &["ä"], &["a", "a"]] {
        assert_eq!(bed.post("/v1/workspaces", keys, "a").await.0, 400, "{keys:?}");
    }
}
