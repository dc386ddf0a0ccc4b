//! What the records promise about the audit log: one chain without a gap, and nothing about it changes unnoticed.

use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;
use weft_storage::records::{AuditChain, AuditFlaw, AuditOrigin, NewAuditEntry, SERVER_CHAIN};
use weft_storage::{Storage, WorkspaceId};

use crate::support::Bed;

const NOW: i64 = 1_790_000_000_000;

fn entry(action: &str) -> NewAuditEntry<'_> {
    NewAuditEntry {
        actor: ("user", Some(Uuid::from_u128(7))),
        action,
        subject: ("session", None),
        origin: AuditOrigin {
            address: Some("192.0.2.1".to_owned()),
            // Nothing that a terminal would obey gets in, and not too much.
            user_agent: Some(format!("agent\u{1b}\0{}", "x".repeat(1_000))),
            request_id: None,
        },
        details: "{}".to_owned(),
        event_seq: None,
        at_ms: NOW,
    }
}

async fn write(storage: &Storage, workspace: WorkspaceId, action: &str) {
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    tenant.audit(&[entry(action)]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn check(storage: &Storage, workspace: WorkspaceId) -> Result<AuditChain, AuditFlaw> {
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let head = tenant.audit_head().await.unwrap();
    let anchor = head.hash.map(|hash| (head.seq, hash));
    let mut chain = AuditChain::new(workspace, anchor);
    loop {
        // Pages that end in the middle.
        let page = tenant.audit_chain(chain.seq(), 7).await.unwrap();
        if page.is_empty() {
            return chain.finish().map(|()| chain);
        }
        for entry in page {
            chain.follow(&entry)?;
        }
    }
}

pub(crate) async fn writers_of_the_audit_log_write_one_chain(bed: Bed) {
    const WRITERS: usize = 8;
    const EACH: usize = 10;
    let storage = Arc::new(bed.open().await);
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let storage = Arc::clone(&storage);
        writers.spawn(async move {
            for _ in 0..EACH {
                write(&storage, SERVER_CHAIN, "auth.login").await;
            }
        });
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    // What is not committed has no place.
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(SERVER_CHAIN).await.unwrap();
    tenant.audit(&[entry("auth.login")]).await.unwrap();
    drop(tx);
    let chain = check(&storage, SERVER_CHAIN).await.unwrap();
    assert_eq!(chain.seq(), i64::try_from(WRITERS * EACH).unwrap());
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(SERVER_CHAIN).await.unwrap();
    let first = tenant.audit_chain(0, 1).await.unwrap().remove(0);
    let agent = first.user_agent.unwrap();
    assert!(agent.starts_with("agentxxx") && agent.len() == 256, "{agent}");
    assert_eq!(tx.audit_chains(None, 10).await.unwrap(), [SERVER_CHAIN]);
}

pub(crate) async fn whatever_somebody_with_the_database_does_to_the_audit_log_is_noticed(bed: Bed) {
    let storage = bed.open().await;
    let of = |number: u128| WorkspaceId(Uuid::from_u128(number));
    for number in 1..=4 {
        for _ in 0..5 {
            write(&storage, of(number), "auth.login").await;
        }
        assert_eq!(check(&storage, of(number)).await.unwrap().seq(), 5);
    }
    // Whoever wants to has to take away what forbids it first.
    for name in ["audit_entries_unchanged", "audit_entries_unremoved"] {
        if bed.address.is_empty() {
            bed.tamper(&format!("DROP TRIGGER {name}")).await;
        }
    }
    if !bed.address.is_empty() {
        bed.tamper("ALTER TABLE audit_entries DISABLE TRIGGER USER").await;
    }
    let is_text = !bed.address.is_empty();
    let id = |number: u128| {
        let id = Uuid::from_u128(number);
        if is_text {
            format!("'{id}'")
        } else {
            format!("x'{}'", id.simple())
        }
    };
    let place = |number: u128, seq: i64| format!("WHERE workspace_id = {} AND seq = {seq}", id(number));
    let changed = format!("UPDATE audit_entries SET action = 'auth.logout' {}", place(1, 3));
    assert_eq!(bed.tamper(&changed).await, 1);
    assert_eq!(check(&storage, of(1)).await, Err(AuditFlaw::Changed(3)));

    assert_eq!(
        bed.tamper(&format!("DELETE FROM audit_entries {}", place(2, 3)))
            .await,
        1
    );
    let missing = AuditFlaw::Missing {
        expected: 3,
        found: 4,
    };
    assert_eq!(check(&storage, of(2)).await, Err(missing));

    for (from, to) in [(2, 99), (3, 2), (99, 3)] {
        let swap = format!("UPDATE audit_entries SET seq = {to} {}", place(3, from));
        assert_eq!(bed.tamper(&swap).await, 1);
    }
    assert_eq!(check(&storage, of(3)).await, Err(AuditFlaw::Broken(2)));

    assert_eq!(
        bed.tamper(&format!("DELETE FROM audit_entries {}", place(4, 5)))
            .await,
        1
    );
    let cut = AuditFlaw::Cut {
        expected: 5,
        found: 4,
    };
    assert_eq!(check(&storage, of(4)).await, Err(cut));
}

pub(crate) async fn the_database_refuses_changes_of_the_audit_log(bed: Bed) {
    let storage = bed.open().await;
    write(&storage, SERVER_CHAIN, "auth.login").await;
    for sql in ["UPDATE audit_entries SET seq = seq", "DELETE FROM audit_entries"] {
        let error = bed.try_tamper(sql).await.unwrap_err().to_string();
        assert!(error.contains("never changed or removed"), "{error}");
    }
    assert_eq!(check(&storage, SERVER_CHAIN).await.unwrap().seq(), 1);
}
