//! What the records promise: transactions that are whole or nothing, and tenants that do not meet.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;
use weft_storage::records::{EpochKind, MemberChange, NewWorkspace, RecordError, WorkspaceChange};
use weft_storage::{Seq, Storage, WorkspaceId};

use crate::server::connect_unsettled;
use crate::support::{Bed, Editor, append, new_id};

const NOW: i64 = 1_790_000_000_000;

fn workspace_id() -> WorkspaceId {
    WorkspaceId(Uuid::now_v7())
}

fn new_workspace(name: &str) -> NewWorkspace<'_> {
    NewWorkspace {
        name,
        created_by: None,
        now_ms: NOW,
    }
}

async fn create(storage: &Storage, name: &str) -> WorkspaceId {
    let id = workspace_id();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(id).await.unwrap();
    tenant.create_workspace(new_workspace(name)).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// A user that has only an id and an address.
async fn create_user(bed: &Bed) -> Uuid {
    let id = Uuid::now_v7();
    let hex = id.simple();
    bed.tamper(&format!(
        "INSERT INTO users (id, email, email_key, first_name, last_name, server_role, status, created_at_ms, updated_at_ms) \
         VALUES ({}, '{hex}@example.org', '{hex}@example.org', 'A', 'B', 'user', 'active', 1, 1)",
        if bed.address.is_empty() { format!("x'{hex}'") } else { format!("'{id}'") },
    ))
    .await;
    id
}

pub(crate) async fn a_workspace_and_its_members_are_there_after_reopening(bed: Bed) {
    let storage = bed.open().await;
    let user = create_user(&bed).await;
    let id = create(&storage, "Looms").await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(id).await.unwrap();
    let change = |role| MemberChange {
        user_id: user,
        role,
        now_ms: NOW,
    };
    tenant.put_member(change("member")).await.unwrap();
    tenant.put_member(change("owner")).await.unwrap();
    let change = WorkspaceChange {
        name: Some("Shuttles"),
        settings: None,
    };
    tenant.change_workspace(change, NOW + 1).await.unwrap();
    tx.commit().await.unwrap();
    storage.close().await;

    let storage = bed.open().await;
    let mut tx = storage.records().read().await.unwrap();
    let found = tx.workspaces_of(user, None, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].workspace.id, found[0].role.as_str()), (id, "owner"));
    assert_eq!(
        (found[0].workspace.name.as_str(), found[0].workspace.version),
        ("Shuttles", 2)
    );
    assert!(tx.workspaces_of(user, Some(id), 10).await.unwrap().is_empty());
    let mut tenant = tx.workspace(id).await.unwrap();
    let member = tenant.member(user).await.unwrap().unwrap();
    assert_eq!((member.role.as_str(), member.version), ("owner", 2));
    assert_eq!(tenant.count_members("owner").await.unwrap(), 1);
    assert_eq!(tenant.members(None, 10).await.unwrap(), [member]);
    drop(tx);
    storage.close().await;
}

pub(crate) async fn what_is_not_committed_leaves_nothing_behind(bed: Bed) {
    let storage = bed.open().await;
    let id = workspace_id();
    for _ in 0..3 {
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(id).await.unwrap();
        // Each finds nothing of the one before.
        tenant.create_workspace(new_workspace("never")).await.unwrap();
    }
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(id).await.unwrap();
    tenant.create_workspace(new_workspace("once")).await.unwrap();
    let again = tenant.create_workspace(new_workspace("twice")).await;
    assert!(matches!(again, Err(RecordError::Taken)), "{again:?}");
    drop(tx);
    let mut tx = storage.records().read().await.unwrap();
    assert_eq!(tx.workspace(id).await.unwrap().workspace().await.unwrap(), None);
    drop(tx);
    storage.close().await;
}

pub(crate) async fn a_workspace_is_not_reached_through_another(bed: Bed) {
    let storage = bed.open().await;
    let user = create_user(&bed).await;
    let (ours, theirs) = (create(&storage, "ours").await, create(&storage, "theirs").await);
    let mut tx = storage.records().write().await.unwrap();
    let change = MemberChange {
        user_id: user,
        role: "guest",
        now_ms: NOW,
    };
    tx.workspace(theirs)
        .await
        .unwrap()
        .put_member(change)
        .await
        .unwrap();
    let mut tenant = tx.workspace(ours).await.unwrap();
    assert_eq!(tenant.member(user).await.unwrap(), None);
    assert!(tenant.members(None, 10).await.unwrap().is_empty());
    assert!(!tenant.remove_member(user).await.unwrap());
    let change = WorkspaceChange {
        name: Some("renamed"),
        settings: None,
    };
    tenant.change_workspace(change, NOW).await.unwrap();
    // Looking across tenants in between does not widen what a tenant sees.
    assert_eq!(tenant.tx().workspaces_of(user, None, 10).await.unwrap().len(), 1);
    assert_eq!(tenant.member(user).await.unwrap(), None);
    let mut tenant = tx.workspace(theirs).await.unwrap();
    assert_eq!(tenant.workspace().await.unwrap().unwrap().name, "theirs");
    assert!(tenant.member(user).await.unwrap().is_some());
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn writers_of_one_workspace_take_turns(bed: Bed) {
    let storage = bed.open().await;
    let id = create(&storage, "0").await;
    let count = |_| async {
        for _ in 0..10 {
            let mut tx = storage.records().write().await.unwrap();
            let mut tenant = tx.workspace(id).await.unwrap();
            let name = tenant.workspace().await.unwrap().unwrap().name;
            let next = (name.parse::<u32>().unwrap() + 1).to_string();
            let change = WorkspaceChange {
                name: Some(&next),
                settings: None,
            };
            tenant.change_workspace(change, NOW).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    futures_util::future::join_all((0..8).map(count)).await;
    let mut tx = storage.records().read().await.unwrap();
    let found = tx
        .workspace(id)
        .await
        .unwrap()
        .workspace()
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.name.as_str(), found.version), ("80", 81));
    drop(tx);
    storage.close().await;
}

pub(crate) async fn a_crowd_that_writes_is_slow_and_neither_refused_nor_in_the_way_of_readers(bed: Bed) {
    const CROWD: usize = 60;
    let storage = bed.open().await;
    let id = create(&storage, "Loom").await;
    let mut first = storage.records().write().await.unwrap();
    first.workspace(id).await.unwrap();
    let write = async || {
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(id).await.unwrap();
        let change = WorkspaceChange {
            name: Some("Busy"),
            settings: None,
        };
        tenant.change_workspace(change, NOW).await.unwrap();
        tx.commit().await.unwrap();
    };
    let crowd = futures_util::future::join_all((0..CROWD).map(|_| write()));
    let busy_for_long = async {
        // Longer than a connection is waited for.
        let end = Instant::now() + Duration::from_secs(6);
        while Instant::now() < end {
            let mut tx = storage.records().read().await.unwrap();
            let mut tenant = tx.workspace(id).await.unwrap();
            assert!(tenant.workspace().await.unwrap().is_some());
            drop(tx);
            sleep(Duration::from_millis(100)).await;
        }
        drop(first);
    };
    tokio::join!(crowd, busy_for_long);
    storage.close().await;
}

pub(crate) async fn the_log_and_the_records_write_side_by_side(bed: Bed) {
    let storage = bed.open().await;
    let edit = async {
        let (document, editor) = (new_id(), Editor::new(1));
        let mut head = Seq::ZERO;
        for word in 0..50 {
            let update = [editor.write(&word.to_string())];
            let next = storage
                .log()
                .append(append(document, "side by side", head, &update));
            head = next.await.unwrap();
        }
        head
    };
    let administer = async {
        for number in 0..50 {
            create(&storage, &number.to_string()).await;
        }
    };
    let (head, ()) = tokio::join!(edit, administer);
    assert_eq!(head, Seq(50));
    storage.close().await;
}

pub(crate) async fn epochs_count_changes(bed: Bed) {
    let storage = bed.open().await;
    let (user, workspace) = (
        EpochKind::User(Uuid::now_v7()),
        EpochKind::Workspace(workspace_id()),
    );
    for (kind, now_ms) in [(user, NOW), (workspace, NOW + 10), (user, NOW + 20)] {
        let mut tx = storage.records().write().await.unwrap();
        tx.raise_epoch(kind, now_ms).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = storage.records().read().await.unwrap();
    let found = tx.epochs_since(NOW + 15).await.unwrap();
    assert_eq!(
        found
            .iter()
            .map(|found| (found.kind, found.epoch))
            .collect::<Vec<_>>(),
        [(user, 2)]
    );
    assert_eq!(tx.epochs_since(NOW).await.unwrap().len(), 2);
    drop(tx);
    storage.close().await;
}

pub(crate) async fn row_security_shows_only_the_workspace_that_was_named(bed: Bed) {
    let storage = bed.open().await;
    let (ours, theirs) = (create(&storage, "ours").await, create(&storage, "theirs").await);
    let mut connection = connect_unsettled(&bed.address).await;
    let mut names = async |sql: &'static str| -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(sql).fetch_all(&mut connection).await
    };
    assert!(names("SELECT name FROM workspaces").await.unwrap().is_empty());
    names(format!("SELECT set_config('weft.workspace', '{ours}', false)").leak())
        .await
        .unwrap();
    assert_eq!(names("SELECT name FROM workspaces").await.unwrap(), ["ours"]);
    assert!(
        names("UPDATE workspaces SET name = 'mine' WHERE name = 'theirs' RETURNING name")
            .await
            .unwrap()
            .is_empty()
    );
    let foreign = format!(
        "INSERT INTO workspace_domains (workspace_id, domain, created_at_ms) VALUES ('{theirs}', 'x', 1) RETURNING domain"
    );
    let refused = names(foreign.leak()).await.unwrap_err();
    assert!(refused.to_string().contains("row-level security"), "{refused}");
    storage.close().await;
}
