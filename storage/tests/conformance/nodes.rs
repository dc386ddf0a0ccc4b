//! What only a shared database can do wrong: several nodes, transactions that commit late, connections that break.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_storage::{
    ArchivedContent, CompactionOutcome, DocumentId, Seq, Storage, StorageError, WorkspaceId, doctor,
};

use crate::server::connect;
use crate::support::{Bed, Editor, append, load, name, new_id, text, text_of};

const MANY: usize = 1 << 20;

/// Two nodes on one database. They share no files, so everything stays in the rows.
async fn two_nodes(bed: &mut Bed) -> (Bed, Arc<Storage>, Arc<Storage>) {
    let mut other = bed.another_node();
    bed.config.inline_limit_bytes = MANY;
    other.config.inline_limit_bytes = MANY;
    let (first, second) = tokio::join!(Box::pin(bed.open()), Box::pin(other.open()));
    (other, Arc::new(first), Arc::new(second))
}

async fn run(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

/// Returns once `count` connections of this database wait for a lock.
async fn until_waiting(connection: &mut PgConnection, count: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..400 {
        // Not by what the transaction has seen before.
        run(connection, "SELECT pg_stat_clear_snapshot()").await;
        let waiting: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap();
        if waiting >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits for a lock");
}

async fn is_sound(storage: &Storage) {
    let findings = doctor(storage).await.unwrap().into_iter();
    let damage = findings.filter(|finding| finding.is_damage());
    assert_eq!(damage.collect::<Vec<_>>(), []);
}

/// What a node hears of document "a" that has applied everything up to `after`: where the log ends, and which updates came
/// since; `None` if it has to load again.
async fn catch_up(storage: &Storage, id: DocumentId, after: Seq) -> (Seq, Option<Vec<Seq>>) {
    let asked = [(WorkspaceId::DEFAULT, name("a"))];
    let heads = storage.log().heads(&asked).await.unwrap();
    let since = storage.log().since(id, after).await.unwrap();
    (
        heads[0].2,
        since.map(|rows| rows.iter().map(|row| row.seq).collect()),
    )
}

/// A transaction that began first and took a number commits after others: they wait, and it is not passed over, neither by
/// a load, nor by whoever catches up, nor by a compaction.
pub(crate) async fn a_commit_that_comes_late_is_not_passed_over(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let (id, editor) = (new_id(), Editor::new(5));
    let words = editor.words(["one ".to_owned(), "two ".to_owned(), "three ".to_owned()]);
    let log = storage.log();
    log.append(append(id, "a", Seq::ZERO, &words)).await.unwrap();

    let mut late = connect(&bed.address).await;
    run(&mut late, "BEGIN; UPDATE documents SET head_seq = 4").await;
    sqlx::query("INSERT INTO updates (document_id, seq, workspace_id, created_at_ms, bytes) VALUES ($1, 4, $2, 0, $3)")
        .bind(id.0)
        .bind(WorkspaceId::DEFAULT.0)
        .bind(editor.write("late ").to_vec())
        .execute(&mut late)
        .await
        .unwrap();
    let other = append(new_id(), "b", Seq::ZERO, &[Editor::new(6).write("b")]);
    log.append(other).await.unwrap();
    assert_eq!(text(&storage, "a").await, "one two three ");
    assert_eq!(catch_up(&storage, id, Seq(3)).await, (Seq(3), Some(vec![])));

    let tasks = TaskTracker::new();
    let (folding, appending) = (Arc::clone(&storage), Arc::clone(&storage));
    let folded = tasks.spawn(async move { folding.log().compact(id).await });
    until_waiting(&mut late, 1).await;
    let stale = append(id, "a", Seq(3), &[editor.write("never ")]);
    let appended = tasks.spawn(async move { appending.log().append(stale).await });
    run(&mut late, "COMMIT").await;

    let folded = folded.await.unwrap().unwrap();
    assert!(
        matches!(folded, CompactionOutcome::Folded { through: Seq(3), .. }),
        "{folded:?}"
    );
    let appended = appended.await.unwrap();
    assert!(
        matches!(appended, Err(StorageError::Conflict { head: Seq(4) })),
        "{appended:?}"
    );
    assert_eq!(catch_up(&storage, id, Seq(3)).await, (Seq(4), Some(vec![Seq(4)])));
    let stored = load(&storage, "a").await.unwrap().unwrap();
    assert_eq!(stored.snapshot.as_ref().unwrap().seq, Seq(3));
    assert_eq!(
        (stored.head, text_of(&stored).as_str()),
        (Seq(4), "one two three late ")
    );
    log.compact(id).await.unwrap();
    assert_eq!(catch_up(&storage, id, Seq(3)).await, (Seq(4), None));
    assert_eq!(text(&storage, "a").await, "one two three late ");
    assert_eq!(log.archive(id).await.unwrap().len(), 4);
    is_sound(&storage).await;
    storage.close().await;
}

/// A document with a lower id commits after one with a higher id; its name is taken as soon as it commits.
pub(crate) async fn a_document_that_comes_late_is_not_passed_over(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let (low, high) = (DocumentId(Uuid::from_u128(1)), DocumentId(Uuid::from_u128(2)));
    let editor = Editor::new(5);
    let mut late = connect(&bed.address).await;
    for end in ["ROLLBACK", "COMMIT"] {
        run(&mut late, "BEGIN").await;
        sqlx::query("INSERT INTO documents (id, workspace_id, name, created_at_ms, head_seq) VALUES ($1, $2, $3, 0, 1)")
            .bind(low.0)
            .bind(WorkspaceId::DEFAULT.0)
            .bind(format!("late {end}"))
            .execute(&mut late)
            .await
            .unwrap();
        sqlx::query("INSERT INTO updates (document_id, seq, workspace_id, created_at_ms, bytes) VALUES ($1, 1, $2, 0, $3)")
            .bind(low.0)
            .bind(WorkspaceId::DEFAULT.0)
            .bind(editor.write("late").to_vec())
            .execute(&mut late)
            .await
            .unwrap();
        let head = load(&storage, "high")
            .await
            .unwrap()
            .map_or(Seq::ZERO, |stored| stored.head);
        let update = Editor::new(head.get() + 8).write("high");
        storage
            .log()
            .append(append(high, "high", head, &[update]))
            .await
            .unwrap();
        storage.log().compact(high).await.unwrap();
        assert!(load(&storage, &format!("late {end}")).await.unwrap().is_none());
        is_sound(&storage).await;

        let (waiting, tasks) = (Arc::clone(&storage), TaskTracker::new());
        let asked = append(
            new_id(),
            &format!("late {end}"),
            Seq::ZERO,
            &[Editor::new(7).write("me")],
        );
        let asked = tasks.spawn(async move { waiting.log().append(asked).await });
        until_waiting(&mut late, 1).await;
        run(&mut late, if end == "COMMIT" { "COMMIT" } else { "ROLLBACK" }).await;
        let answer = asked.await.unwrap();
        match end {
            "COMMIT" => assert!(
                matches!(answer, Err(StorageError::Conflict { head: Seq(1) })),
                "{answer:?}"
            ),
            _ => assert!(matches!(answer, Ok(Seq(1))), "{answer:?}"),
        }
    }
    let listed = storage.log().list(WorkspaceId::DEFAULT, None, 10).await.unwrap();
    let names: Vec<&str> = listed.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names, ["high", "late COMMIT", "late ROLLBACK"]);
    storage.log().compact(low).await.unwrap();
    assert_eq!(text(&storage, "late ROLLBACK").await, "me");
    assert_eq!(storage.log().archive(low).await.unwrap().len(), 1);
    is_sound(&storage).await;
    storage.close().await;
}

/// Appends words to a document of its own, until it is told to stop; returns those that are known to be committed.
async fn write_words(
    storage: Arc<Storage>,
    writer: u64,
    stop: CancellationToken,
    interrupted: Arc<AtomicU32>,
) -> Vec<String> {
    let (id, editor, name) = (new_id(), Editor::new(writer + 1), format!("document {writer}"));
    let (mut head, mut words) = (Seq::ZERO, Vec::new());
    while !stop.is_cancelled() {
        let word = format!("[{writer}.{}]", words.len());
        let update = editor.write(&word);
        let mut is_uncertain = false;
        head = loop {
            match storage
                .log()
                .append(append(id, &name, head, std::slice::from_ref(&update)))
                .await
            {
                Ok(head) => break head,
                Err(StorageError::Conflict { head: found }) if is_uncertain && found == head.plus(1) => {
                    break found;
                }
                Err(error) => {
                    assert!(error.is_transient(), "{error:?}");
                    is_uncertain = true;
                    interrupted.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        words.push(word);
        if words.len() % 16 == 0 {
            let compacted = storage.log().compact(id).await;
            assert!(
                compacted.as_ref().err().is_none_or(StorageError::is_transient),
                "{compacted:?}"
            );
        }
    }
    words
}

pub(crate) async fn cut_connections_lose_nothing_acknowledged(bed: Bed) {
    const ENOUGH: u32 = 12;
    let storage = Arc::new(bed.open().await);
    let (stop, interrupted, tasks) = (CancellationToken::new(), Arc::default(), TaskTracker::new());
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            tasks.spawn(write_words(
                Arc::clone(&storage),
                writer,
                stop.clone(),
                Arc::clone(&interrupted),
            ))
        })
        .collect();
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'weft'";
    let mut executioner = connect(&bed.address).await;
    for _ in 0..2000 {
        let _: i64 = sqlx::query_scalar(sql).fetch_one(&mut executioner).await.unwrap();
        tokio::time::sleep(Duration::from_millis(7)).await;
        if interrupted.load(Ordering::Relaxed) >= ENOUGH {
            break;
        }
    }
    stop.cancel();
    let mut texts = Vec::new();
    for writer in writers {
        texts.push(writer.await.unwrap().concat());
    }
    assert!(
        interrupted.load(Ordering::Relaxed) >= ENOUGH,
        "nothing was interrupted"
    );
    storage.check().await.unwrap();
    for (writer, words) in texts.iter().enumerate() {
        assert_eq!(text(&storage, &format!("document {writer}")).await, *words);
    }
    is_sound(&storage).await;
    storage.close().await;
}

pub(crate) async fn two_nodes_keep_logs_gapless(mut bed: Bed) {
    const SEED: u64 = 97;
    const WRITERS: u64 = 3;
    const APPENDS: u64 = 30;
    let (_other, first, second) = two_nodes(&mut bed).await;
    let ids: Arc<Vec<DocumentId>> = Arc::new((0..3).map(|_| new_id()).collect());
    let conflicts: Arc<AtomicU32> = Arc::default();
    let tasks = TaskTracker::new();
    for writer in 0..WRITERS * 2 {
        let storage = Arc::clone(if writer % 2 == 0 { &first } else { &second });
        let (ids, conflicts) = (Arc::clone(&ids), Arc::clone(&conflicts));
        tasks.spawn(async move {
            let mut random = StdRng::seed_from_u64(SEED + writer);
            let editor = Editor::new(writer + 1);
            for _ in 0..APPENDS {
                let document = random.random_range(0..ids.len());
                let (id, title) = (ids[document], format!("document {document}"));
                let update = editor.write("x");
                let mut head = Seq::ZERO;
                while let Err(error) = storage
                    .log()
                    .append(append(id, &title, head, std::slice::from_ref(&update)))
                    .await
                {
                    let StorageError::Conflict { head: found } = error else {
                        panic!("seed {SEED}: {error:?}")
                    };
                    conflicts.fetch_add(1, Ordering::Relaxed);
                    head = found;
                }
                if random.random_range(0..6) == 0 {
                    storage.log().compact(id).await.unwrap();
                }
            }
        });
    }
    tasks.close();
    tasks.wait().await;
    let mut updates = Vec::new();
    for (document, id) in ids.iter().enumerate() {
        let of_first = load(&first, &format!("document {document}"))
            .await
            .unwrap()
            .unwrap();
        text_of(&of_first);
        let archive = second.log().archive(*id).await.unwrap();
        assert_eq!(archive.len() as u64, of_first.head.get(), "seed {SEED}");
        updates.extend(archive.into_iter().map(|update| match update.content {
            ArchivedContent::Update(bytes) => bytes,
            other => panic!("seed {SEED}: {other:?}"),
        }));
    }
    updates.sort_unstable();
    updates.dedup();
    assert_eq!(
        updates.len() as u64,
        2 * WRITERS * APPENDS,
        "seed {SEED}: each once"
    );
    assert!(conflicts.load(Ordering::Relaxed) > 0, "the nodes did not meet");
    is_sound(&first).await;
    first.close().await;
    second.close().await;
}

pub(crate) async fn two_nodes_create_one_document(mut bed: Bed) {
    const NAMES: u32 = 40;
    let (_other, first, second) = two_nodes(&mut bed).await;
    let tasks = TaskTracker::new();
    let mut asked = Vec::new();
    for index in 0..NAMES {
        // In opposite order, so that the batches meet in the middle.
        for (storage, index) in [(&first, index), (&second, NAMES - 1 - index)] {
            let storage = Arc::clone(storage);
            asked.push(tasks.spawn(async move {
                let update = Bytes::from_static(b"first");
                let asked = append(new_id(), &format!("name {index:02}"), Seq::ZERO, &[update]);
                storage.log().append(asked).await
            }));
        }
    }
    let mut won = 0;
    for answer in asked {
        match answer.await.unwrap() {
            Ok(head) => {
                assert_eq!(head, Seq(1));
                won += 1;
            }
            Err(error) => assert!(
                matches!(error, StorageError::Conflict { head: Seq(1) }),
                "{error:?}"
            ),
        }
    }
    assert_eq!(won, NAMES);
    for storage in [&first, &second] {
        let listed = storage
            .log()
            .list(WorkspaceId::DEFAULT, None, 1000)
            .await
            .unwrap();
        assert_eq!(listed.len(), NAMES as usize);
        let last = listed.last().unwrap();
        assert_eq!((&last.name, last.head), (&name("name 39"), Seq(1)));
        storage.close().await;
    }
}

pub(crate) async fn two_nodes_fold_once(mut bed: Bed) {
    let (_other, first, second) = two_nodes(&mut bed).await;
    let (id, editor) = (new_id(), Editor::new(3));
    let updates = editor.words((0..300).map(|word| format!("{word} ")));
    first
        .log()
        .append(append(id, "a", Seq::ZERO, &updates))
        .await
        .unwrap();
    let tasks = TaskTracker::new();
    let racing: Vec<_> = [&first, &second, &first, &second]
        .map(Arc::clone)
        .into_iter()
        .map(|storage| tasks.spawn(async move { storage.log().compact(id).await.unwrap() }))
        .collect();
    let mut folded = 0;
    for outcome in racing {
        folded += u32::from(matches!(
            outcome.await.unwrap(),
            CompactionOutcome::Folded { rows: 300, .. }
        ));
    }
    assert_eq!(folded, 1);
    for storage in [&first, &second] {
        assert_eq!(text(storage, "a").await, editor.text());
        assert_eq!(storage.log().archive(id).await.unwrap().len(), 300);
        is_sound(storage).await;
        storage.close().await;
    }
}

pub(crate) async fn a_lock_that_somebody_keeps_fails_one_append(mut bed: Bed) {
    bed.config.busy_timeout = Duration::from_millis(300);
    let storage = Arc::new(bed.open().await);
    let id = new_id();
    let update = Bytes::from_static(b"u");
    let first = append(id, "kept", Seq::ZERO, std::slice::from_ref(&update));
    storage.log().append(first).await.unwrap();
    let mut keeper = connect(&bed.address).await;
    run(&mut keeper, "BEGIN; SELECT id FROM documents FOR UPDATE").await;
    let tasks = TaskTracker::new();
    let mut asked = Vec::new();
    for index in 0..30 {
        let storage = Arc::clone(&storage);
        let asking = match index {
            7 => append(id, "kept", Seq(1), std::slice::from_ref(&update)),
            _ => append(
                new_id(),
                &format!("free {index}"),
                Seq::ZERO,
                std::slice::from_ref(&update),
            ),
        };
        asked.push(tasks.spawn(async move { storage.log().append(asking).await }));
    }
    for (index, answer) in asked.into_iter().enumerate() {
        let answer = answer.await.unwrap();
        if index == 7 {
            assert!(
                matches!(answer, Err(StorageError::Unavailable { .. })),
                "{answer:?}"
            );
        } else {
            assert!(answer.is_ok(), "{index}: {answer:?}");
        }
    }
    run(&mut keeper, "ROLLBACK").await;
    let again = append(id, "kept", Seq(1), &[update]);
    assert_eq!(storage.log().append(again).await.unwrap(), Seq(2));
    storage.close().await;
}

/// Everything was committed, but nobody was told: all get an error that leaves it open, and trying again tells.
pub(crate) async fn a_commit_whose_answer_is_lost_is_left_open(bed: Bed) {
    let (bed, proxy) = bed.behind_proxy();
    let storage = Arc::new(bed.open().await);
    let ids: Vec<DocumentId> = (0..12).map(|_| new_id()).collect();
    let asking = |index: usize| {
        let update = Editor::new(index as u64 + 1).write(&format!("word {index}"));
        append(ids[index], &format!("document {index}"), Seq::ZERO, &[update])
    };
    proxy.cuts.store(true, Ordering::SeqCst);
    let tasks = TaskTracker::new();
    let asked: Vec<_> = (0..ids.len())
        .map(|index| {
            let (storage, asking) = (Arc::clone(&storage), asking(index));
            tasks.spawn(async move { storage.log().append(asking).await })
        })
        .collect();
    for answer in asked {
        let answer = answer.await.unwrap();
        assert!(
            matches!(answer, Err(StorageError::Unavailable { .. })),
            "{answer:?}"
        );
    }
    proxy.cuts.store(false, Ordering::SeqCst);
    storage.check().await.unwrap();
    for index in 0..ids.len() {
        let again = storage.log().append(asking(index)).await;
        assert!(
            matches!(again, Err(StorageError::Conflict { head: Seq(1) })),
            "{again:?}"
        );
        assert_eq!(
            text(&storage, &format!("document {index}")).await,
            format!("word {index}")
        );
    }
    is_sound(&storage).await;
    storage.close().await;
}
