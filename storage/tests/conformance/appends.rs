//! Appending, loading, reopening, conflicts, isolation.

use std::sync::Arc;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_storage::{Append, NewUpdate, Seq, StorageError, WorkspaceId};

use crate::support::{Bed, append, load, name, new_id};

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}

pub(crate) async fn unknown_documents_are_none_and_leave_no_trace(bed: Bed) {
    let storage = bed.open().await;
    assert!(load(&storage, "nothing").await.unwrap().is_none());
    let nothing = append(new_id(), "nothing", Seq::ZERO, &[]);
    assert_eq!(storage.log().append(nothing).await.unwrap(), Seq::ZERO);
    assert!(
        storage
            .log()
            .list(WorkspaceId::DEFAULT, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(storage.stats().commits, 0);
    storage.check().await.unwrap();
    storage.close().await;
}

pub(crate) async fn what_was_acknowledged_is_there_after_reopening(bed: Bed) {
    let storage = bed.open().await;
    let id = new_id();
    let mut first = append(id, "team/plan", Seq::ZERO, &[bytes("one"), bytes("two")]);
    first.updates[1].author = Some("ann".into());
    assert_eq!(storage.log().append(first).await.unwrap(), Seq(2));
    let second = append(id, "team/plan", Seq(2), &[bytes("three")]);
    assert_eq!(storage.log().append(second).await.unwrap(), Seq(3));
    storage.close().await;

    let storage = bed.open().await;
    let stored = load(&storage, "team/plan").await.unwrap().unwrap();
    assert_eq!((stored.id, stored.head), (id, Seq(3)));
    let rows: Vec<_> = stored
        .tail
        .iter()
        .map(|row| (row.seq.get(), &row.bytes[..]))
        .collect();
    assert_eq!(rows, [(1, &b"one"[..]), (2, b"two"), (3, b"three")]);
    let archive = storage.log().archive(id).await.unwrap();
    assert_eq!(archive[1].author.as_deref(), Some("ann"));
    assert_eq!(archive[2].created_at_ms, 1_790_000_000_000);
    storage.close().await;
}

pub(crate) async fn a_stale_head_conflicts_and_changes_nothing(bed: Bed) {
    let storage = bed.open().await;
    let id = new_id();
    storage
        .log()
        .append(append(id, "a", Seq::ZERO, &[bytes("1"), bytes("2")]))
        .await
        .unwrap();
    for stale in [Seq::ZERO, Seq(1), Seq(3), Seq(u64::MAX)] {
        let refused = storage
            .log()
            .append(append(id, "a", stale, &[bytes("x")]))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, StorageError::Conflict { head: Seq(2) }),
            "{stale}: {refused}"
        );
    }
    let never = append(new_id(), "b", Seq(1), &[bytes("x")]);
    let refused = storage.log().append(never).await.unwrap_err();
    assert!(
        matches!(refused, StorageError::Conflict { head: Seq::ZERO }),
        "{refused}"
    );
    assert_eq!(load(&storage, "a").await.unwrap().unwrap().head, Seq(2));
    assert!(load(&storage, "b").await.unwrap().is_none());
    storage.close().await;
}

pub(crate) async fn one_name_is_one_document(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let tasks = TaskTracker::new();
    let mut racing = Vec::new();
    for racer in 0..16 {
        let storage = Arc::clone(&storage);
        racing.push(tasks.spawn(async move {
            let update = bytes(&format!("racer {racer}"));
            storage
                .log()
                .append(append(new_id(), "one name", Seq::ZERO, &[update]))
                .await
        }));
    }
    let mut won = 0;
    for racer in racing {
        match racer.await.unwrap() {
            Ok(head) => {
                assert_eq!(head, Seq(1));
                won += 1;
            }
            Err(error) => assert!(
                matches!(error, StorageError::Conflict { head: Seq(1) }),
                "{error}"
            ),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(
        storage
            .log()
            .list(WorkspaceId::DEFAULT, None, 10)
            .await
            .unwrap()
            .len(),
        1
    );
    storage.close().await;
}

pub(crate) async fn seqs_are_gapless_under_concurrency(bed: Bed) {
    const SEED: u64 = 41;
    let storage = Arc::new(bed.open().await);
    let tasks = TaskTracker::new();
    let ids: Arc<Vec<_>> = Arc::new((0..7).map(|_| new_id()).collect());
    for writer in 0..12_u64 {
        let (storage, ids) = (Arc::clone(&storage), Arc::clone(&ids));
        tasks.spawn(async move {
            let mut random = StdRng::seed_from_u64(SEED + writer);
            for _ in 0..60 {
                let document = random.random_range(0..ids.len());
                let text = format!("document {document}");
                let updates = vec![bytes("u"); random.random_range(1..5)];
                let mut head = load(&storage, &text)
                    .await
                    .unwrap()
                    .map_or(Seq::ZERO, |stored| stored.head);
                loop {
                    match storage
                        .log()
                        .append(append(ids[document], &text, head, &updates))
                        .await
                    {
                        Ok(new_head) => break assert_eq!(new_head, head.plus(updates.len())),
                        Err(StorageError::Conflict { head: theirs }) => head = theirs,
                        Err(error) => panic!("seed {SEED}: {error}"),
                    }
                }
            }
        });
    }
    tasks.close();
    tasks.wait().await;
    let mut rows = 0;
    for document in 0..ids.len() {
        let stored = load(&storage, &format!("document {document}"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(stored.tail.len() as u64, stored.head.get(), "seed {SEED}");
        rows += stored.head.get();
    }
    let stats = storage.stats();
    assert_eq!(
        (stats.rows, stats.appends, stats.documents_created),
        (rows, 12 * 60, 7),
        "seed {SEED}"
    );
    storage.close().await;
}

pub(crate) async fn neighbours_in_a_group_commit_do_not_fail_each_other(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let known = new_id();
    storage
        .log()
        .append(append(known, "known", Seq::ZERO, &[bytes("1")]))
        .await
        .unwrap();
    let tasks = TaskTracker::new();
    let mut asked = Vec::new();
    for index in 0..200_u32 {
        let storage = Arc::clone(&storage);
        asked.push(tasks.spawn(async move {
            let asked = match index % 4 {
                0 => append(known, "known", Seq::ZERO, &[bytes("stale")]),
                1 => append(new_id(), "known", Seq::ZERO, &[bytes("name is taken")]),
                2 => Append {
                    updates: vec![NewUpdate {
                        bytes: bytes("u"),
                        author: Some("x".repeat(600).into()),
                    }],
                    ..append(new_id(), &format!("author {index}"), Seq::ZERO, &[])
                },
                _ => append(new_id(), &format!("good {index}"), Seq::ZERO, &[bytes("good")]),
            };
            storage.log().append(asked).await
        }));
    }
    for (index, answer) in asked.into_iter().enumerate() {
        let answer = answer.await.unwrap();
        match index % 4 {
            0 | 1 => assert!(
                matches!(answer, Err(StorageError::Conflict { head: Seq(1) })),
                "{answer:?}"
            ),
            2 => assert!(matches!(answer, Err(StorageError::TooLarge { .. })), "{answer:?}"),
            _ => assert!(matches!(answer, Ok(Seq(1))), "{answer:?}"),
        }
    }
    let stats = storage.stats();
    assert!(
        stats.commits < 100,
        "appends were not committed together: {stats:?}"
    );
    assert_eq!(
        storage
            .log()
            .list(WorkspaceId::DEFAULT, None, 1000)
            .await
            .unwrap()
            .len(),
        51
    );
    assert_eq!(storage.check().await.map_err(|error| error.to_string()), Ok(()));
    storage.close().await;
}

/// A row above the head cannot come from this program; it makes the statement fail, and with it the transaction.
pub(crate) async fn a_row_in_the_way_fails_only_its_own_append(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let damaged = new_id();
    storage
        .log()
        .append(append(damaged, "damaged", Seq::ZERO, &[bytes("1"), bytes("2")]))
        .await
        .unwrap();
    assert_eq!(bed.tamper("UPDATE documents SET head_seq = 1").await, 1);
    let tasks = TaskTracker::new();
    let mut asked = Vec::new();
    for index in 0..40_u32 {
        let storage = Arc::clone(&storage);
        asked.push(tasks.spawn(async move {
            let asked = if index == 20 {
                append(damaged, "damaged", Seq(1), &[bytes("again 2")])
            } else {
                append(new_id(), &format!("good {index}"), Seq::ZERO, &[bytes("good")])
            };
            storage.log().append(asked).await
        }));
    }
    for (index, answer) in asked.into_iter().enumerate() {
        let answer = answer.await.unwrap();
        assert_eq!(answer.is_err(), index == 20, "{index}: {answer:?}");
    }
    let error = load(&storage, "damaged").await.unwrap_err();
    assert!(error.is_damage(), "{error}");
    storage.close().await;
}

pub(crate) async fn workspaces_do_not_see_each_other(bed: Bed) {
    let storage = bed.open().await;
    let workspaces = [WorkspaceId(Uuid::from_u128(10)), WorkspaceId(Uuid::from_u128(11))];
    let mut ids = Vec::new();
    for workspace in workspaces {
        let id = new_id();
        let text = bytes(&workspace.to_string());
        let asked = Append {
            workspace,
            ..append(id, "same name", Seq::ZERO, &[text])
        };
        assert_eq!(storage.log().append(asked).await.unwrap(), Seq(1));
        ids.push(id);
    }
    for (workspace, id) in workspaces.iter().zip(&ids) {
        let stored = storage
            .log()
            .load(*workspace, &name("same name"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (stored.id, &stored.tail[0].bytes),
            (*id, &bytes(&workspace.to_string()))
        );
        let listed = storage.log().list(*workspace, None, 10).await.unwrap();
        assert_eq!(
            listed.iter().map(|document| document.id).collect::<Vec<_>>(),
            [*id]
        );
    }
    assert!(load(&storage, "same name").await.unwrap().is_none());
    // Knowing an id of another workspace does not help.
    let foreign = Append {
        workspace: workspaces[1],
        ..append(ids[0], "same name", Seq(1), &[bytes("x")])
    };
    let refused = storage.log().append(foreign).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict { .. }), "{refused}");
    storage.close().await;
}

pub(crate) async fn closing_answers_what_waits_and_refuses_the_rest(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let tasks = TaskTracker::new();
    let mut asked = Vec::new();
    for index in 0..100_u32 {
        let storage = Arc::clone(&storage);
        asked.push(tasks.spawn(async move {
            let asked = append(new_id(), &format!("document {index}"), Seq::ZERO, &[bytes("u")]);
            storage.log().append(asked).await
        }));
    }
    storage.close().await;
    let mut acknowledged = Vec::new();
    for (index, answer) in asked.into_iter().enumerate() {
        match answer.await.unwrap() {
            Ok(_) => acknowledged.push(index),
            Err(error) => assert!(matches!(error, StorageError::Closed), "{error}"),
        }
    }
    storage.close().await;
    let late = storage
        .log()
        .append(append(new_id(), "late", Seq::ZERO, &[bytes("u")]))
        .await;
    assert!(matches!(late, Err(StorageError::Closed)), "{late:?}");
    assert!(matches!(load(&storage, "late").await, Err(StorageError::Closed)));

    let storage = bed.open().await;
    for index in acknowledged {
        assert!(
            load(&storage, &format!("document {index}"))
                .await
                .unwrap()
                .is_some()
        );
    }
    storage.close().await;
}

pub(crate) async fn a_data_directory_has_one_owner(bed: Bed) {
    let storage = bed.open().await;
    let refused = bed.try_open().await.unwrap_err();
    assert!(matches!(refused, StorageError::Locked { .. }), "{refused}");
    storage.close().await;
    bed.open().await.close().await;
}

pub(crate) async fn a_newer_schema_is_refused(bed: Bed) {
    bed.open().await.close().await;
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (9999, 'from the future', TRUE, x'00', 0)";
    bed.tamper(sql).await;
    let refused = bed.try_open().await.unwrap_err();
    assert!(
        matches!(refused, StorageError::NewerSchema { found: 9999, .. }),
        "{refused}"
    );
}

pub(crate) async fn lists_go_page_by_page(bed: Bed) {
    let storage = bed.open().await;
    for text in ["b", "a", "d", "ä", "c"] {
        storage
            .log()
            .append(append(new_id(), text, Seq::ZERO, &[bytes("u")]))
            .await
            .unwrap();
    }
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = storage
            .log()
            .list(WorkspaceId::DEFAULT, after.as_ref(), 2)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.name.clone());
        names.extend(page.iter().map(|document| document.name.to_string()));
    }
    assert_eq!(names, ["a", "b", "c", "d", "ä"]);
    storage.close().await;
}
