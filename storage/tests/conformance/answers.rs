//! What the records promise about answers that are given again: a key has its effect once, and its answer with it.

use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;
use weft_storage::records::{AnswerKey, Claim, NewWorkspace, StoredAnswer};
use weft_storage::{Storage, WorkspaceId};

use crate::support::Bed;

const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;

fn key<'a>(principal: &'a str, key: &'a str, fingerprint: &'a [u8; 32]) -> AnswerKey<'a> {
    AnswerKey {
        principal,
        key,
        fingerprint,
    }
}

/// Makes a workspace once for its key; the answer is the workspace's id.
async fn once(storage: &Storage, asked: AnswerKey<'_>, now_ms: i64) -> Result<Vec<u8>, Claim> {
    let mut tx = storage.records().write().await.unwrap();
    match tx.claim_answer(asked, now_ms, now_ms + DAY).await.unwrap() {
        Claim::Fresh => {}
        Claim::Answered(answer) => return Ok(answer.body),
        other => return Err(other),
    }
    let id = WorkspaceId(Uuid::now_v7());
    let new = NewWorkspace {
        name: "Looms",
        created_by: None,
        now_ms,
    };
    let mut tenant = tx.workspace(id).await.unwrap();
    tenant.create_workspace(new).await.unwrap();
    let answer = StoredAnswer {
        status: 201,
        headers: "{}".to_owned(),
        body: id.0.as_bytes().to_vec(),
    };
    tx.store_answer(asked, &answer).await.unwrap();
    tx.commit().await.unwrap();
    Ok(answer.body)
}

pub(crate) async fn of_fifty_with_one_key_one_has_the_effect(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let mut asking = JoinSet::new();
    for _ in 0..50 {
        let storage = Arc::clone(&storage);
        asking.spawn(async move { once(&storage, key("user:1", "k", &[7; 32]), NOW).await.unwrap() });
    }
    let mut answers = asking.join_all().await;
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let count = bed
        .tamper("UPDATE workspaces SET settings = settings WHERE name = 'Looms'")
        .await;
    assert_eq!(count, 1);
    storage.close().await;
    // And again by another process.
    let storage = bed.open().await;
    assert_eq!(
        once(&storage, key("user:1", "k", &[7; 32]), NOW).await.unwrap(),
        answers[0]
    );
    storage.close().await;
}

pub(crate) async fn a_key_stands_for_one_request_of_one_principal_for_a_day(bed: Bed) {
    let storage = bed.open().await;
    let first = once(&storage, key("user:1", "k", &[7; 32]), NOW).await.unwrap();
    assert_eq!(
        once(&storage, key("user:1", "k", &[8; 32]), NOW).await,
        Err(Claim::Mismatch)
    );
    assert_ne!(
        once(&storage, key("user:2", "k", &[7; 32]), NOW).await.unwrap(),
        first
    );
    assert_ne!(
        once(&storage, key("user:1", "l", &[7; 32]), NOW).await.unwrap(),
        first
    );
    assert_eq!(
        once(&storage, key("user:1", "k", &[7; 32]), NOW + DAY - 1)
            .await
            .unwrap(),
        first
    );
    assert_ne!(
        once(&storage, key("user:1", "k", &[7; 32]), NOW + DAY)
            .await
            .unwrap(),
        first
    );
    // What is undone takes its claim along.
    let mut tx = storage.records().write().await.unwrap();
    let asked = key("user:3", "k", &[7; 32]);
    assert_eq!(
        tx.claim_answer(asked, NOW, NOW + DAY).await.unwrap(),
        Claim::Fresh
    );
    drop(tx);
    let mut tx = storage.records().write().await.unwrap();
    assert_eq!(
        tx.claim_answer(asked, NOW, NOW + DAY).await.unwrap(),
        Claim::Fresh
    );
    drop(tx);
    let mut tx = storage.records().write().await.unwrap();
    assert_eq!(tx.forget_answers(NOW + DAY).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(bed.tamper("UPDATE idempotency_keys SET key = key").await, 1);
    storage.close().await;
}
