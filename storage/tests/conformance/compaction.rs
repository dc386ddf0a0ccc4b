//! Folding the log into snapshots and history.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use weft_protocol::renewal::Renewal;
use weft_storage::{
    ArchivedContent, CompactionOutcome, Damage, DocumentId, RebuildSelection, Seq, Storage, StorageError,
    WorkspaceId, doctor, rebuild,
};

use crate::support::{Bed, Editor, append, load, name, new_id, text, text_of};

/// Replays the archive into a text.
async fn text_of_archive(storage: &Storage, id: DocumentId) -> String {
    let editor = Editor::new(1);
    for update in storage.log().archive(id).await.unwrap() {
        let ArchivedContent::Update(bytes) = &update.content else {
            panic!("{update:?}")
        };
        editor.apply_update(bytes);
    }
    editor.text()
}

pub(crate) async fn a_compaction_keeps_the_document_and_its_history(bed: Bed) {
    let storage = bed.open().await;
    let (id, editor) = (new_id(), Editor::new(7));
    assert_eq!(
        storage.log().compact(id).await.unwrap(),
        CompactionOutcome::NothingToDo
    );
    let mut head = Seq::ZERO;
    for round in 0..5 {
        let updates = editor.words((0..20).map(|word| format!("word {round}.{word} ")));
        head = storage
            .log()
            .append(append(id, "a", head, &updates))
            .await
            .unwrap();
        let outcome = storage.log().compact(id).await.unwrap();
        assert!(matches!(outcome, CompactionOutcome::Folded { rows: 20, through, .. } if through == head));
        assert_eq!(
            storage.log().compact(id).await.unwrap(),
            CompactionOutcome::NothingToDo
        );
    }
    storage.close().await;

    let storage = bed.open().await;
    let stored = load(&storage, "a").await.unwrap().unwrap();
    assert!(stored.tail.is_empty());
    assert_eq!((stored.head, text_of(&stored)), (Seq(100), editor.text()));
    assert_eq!(storage.log().archive(id).await.unwrap().len(), 100);
    assert_eq!(text_of_archive(&storage, id).await, editor.text());
    assert!(!bed.blob_files().is_empty(), "large snapshots are blobs");
    storage.close().await;
}

pub(crate) async fn compactions_race_appends_and_lose_nothing(bed: Bed) {
    for seed in 0..3_u64 {
        let mut random = StdRng::seed_from_u64(seed);
        let storage = Arc::new(bed.open().await);
        let name = format!("seed {seed}");
        let (id, editor) = (new_id(), Editor::new(seed + 1));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        for _ in 0..2 {
            let (storage, stop) = (Arc::clone(&storage), stop.clone());
            tasks.spawn(async move {
                while !stop.is_cancelled() {
                    storage.log().compact(id).await.unwrap();
                    tokio::task::yield_now().await;
                }
            });
        }
        let mut head = Seq::ZERO;
        for round in 0..120 {
            let count = random.random_range(1..8);
            let updates = editor.words((0..count).map(|word| format!("{round}.{word} ")));
            head = storage
                .log()
                .append(append(id, &name, head, &updates))
                .await
                .unwrap();
            if random.random_range(0..10) == 0 {
                assert_eq!(text(&storage, &name).await, editor.text(), "seed {seed}");
            }
        }
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        let stored = load(&storage, &name).await.unwrap().unwrap();
        assert!(stored.snapshot.is_some(), "seed {seed}: nothing was compacted");
        assert_eq!(
            (stored.head, text_of(&stored)),
            (head, editor.text()),
            "seed {seed}"
        );
        assert_eq!(text_of_archive(&storage, id).await, editor.text(), "seed {seed}");
        storage.sweep_blobs(Duration::ZERO).await.unwrap();
        assert_eq!(doctor(&storage).await.unwrap(), [], "seed {seed}");
        storage.close().await;
    }
}

pub(crate) async fn concurrent_compactions_do_not_damage(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let (id, editor) = (new_id(), Editor::new(3));
    let updates = editor.words((0..300).map(|word| format!("{word} ")));
    storage
        .log()
        .append(append(id, "a", Seq::ZERO, &updates))
        .await
        .unwrap();
    let tasks = TaskTracker::new();
    let racing: Vec<_> = (0..8)
        .map(|_| {
            let storage = Arc::clone(&storage);
            tasks.spawn(async move { storage.log().compact(id).await.unwrap() })
        })
        .collect();
    let mut folded = 0;
    for outcome in racing {
        folded += u32::from(matches!(
            outcome.await.unwrap(),
            CompactionOutcome::Folded { rows: 300, .. }
        ));
    }
    assert_eq!(folded, 1);
    assert_eq!(text(&storage, "a").await, editor.text());
    assert_eq!(storage.log().archive(id).await.unwrap().len(), 300);
    storage.close().await;
}

pub(crate) async fn pending_updates_survive_a_compaction(bed: Bed) {
    let storage = bed.open().await;
    let (id, editor) = (new_id(), Editor::new(9));
    let updates = editor.words(["first ".to_owned(), "second ".to_owned(), "third ".to_owned()]);
    // The second comes last: until then the third waits for it.
    let early = [updates[0].clone(), updates[2].clone()];
    storage
        .log()
        .append(append(id, "a", Seq::ZERO, &early))
        .await
        .unwrap();
    storage.log().compact(id).await.unwrap();
    assert_eq!(text(&storage, "a").await, "first ");
    storage
        .log()
        .append(append(id, "a", Seq(2), &updates[1..2]))
        .await
        .unwrap();
    assert_eq!(text(&storage, "a").await, "first second third ");
    storage.log().compact(id).await.unwrap();
    assert_eq!(text(&storage, "a").await, "first second third ");
    storage.close().await;
}

pub(crate) async fn sweeping_removes_only_what_no_row_names(bed: Bed) {
    let storage = bed.open().await;
    let (id, editor) = (new_id(), Editor::new(2));
    let mut head = Seq::ZERO;
    for round in 0..3 {
        let updates = editor.words((0..60).map(|word| format!("word {round}.{word} ")));
        head = storage
            .log()
            .append(append(id, "a", head, &updates))
            .await
            .unwrap();
        storage.log().compact(id).await.unwrap();
    }
    let orphan = storage
        .blobs()
        .put(Bytes::from_static(b"nobody names this"))
        .await
        .unwrap();
    let before = bed.blob_files().len();
    let waiting = storage.sweep_blobs(Duration::from_secs(3600)).await.unwrap();
    assert_eq!(
        (waiting.waiting, waiting.removed),
        (3, 0),
        "two old snapshots and the orphan"
    );
    assert_eq!(bed.blob_files().len(), before);
    let swept = storage.sweep_blobs(Duration::ZERO).await.unwrap();
    assert_eq!((swept.waiting, swept.removed), (0, 3));
    assert_eq!(bed.blob_files().len(), before - 3);
    // In a bucket they were only put aside.
    storage.sweep_blobs(Duration::ZERO).await.unwrap();
    assert!(storage.blobs().get(orphan).await.is_err());
    assert_eq!(text(&storage, "a").await, editor.text());
    assert_eq!(text_of_archive(&storage, id).await, editor.text());
    storage.close().await;
}

pub(crate) async fn an_undecodable_row_stops_a_compaction(bed: Bed) {
    let storage = bed.open().await;
    let (id, editor) = (new_id(), Editor::new(2));
    let updates = [
        editor.write("good "),
        Bytes::from_static(b"\xffno update"),
        editor.write("too "),
    ];
    storage
        .log()
        .append(append(id, "a", Seq::ZERO, &updates))
        .await
        .unwrap();
    let refused = storage.log().compact(id).await.unwrap_err();
    let named = Damage::RowUndecodable {
        seq: Seq(2),
        reason: String::new(),
    };
    let StorageError::Corrupt { document, what } = refused else {
        panic!("{refused}")
    };
    assert_eq!(
        (document, std::mem::discriminant(&what)),
        (id, std::mem::discriminant(&named))
    );
    assert_eq!(
        load(&storage, "a").await.unwrap().unwrap().tail.len(),
        3,
        "the log stays as it is"
    );
    storage.close().await;
}

/// A row that begins the document anew with `content`, at `place`.
fn renewal(place: u64, retired: Vec<u64>, content: &[u8]) -> Bytes {
    let renewal = Renewal {
        place,
        retired,
        content,
    };
    renewal.encode().into()
}

pub(crate) async fn a_document_begins_anew_at_its_renewal(bed: Bed) {
    let storage = bed.open().await;
    let (id, past, now) = (new_id(), Editor::new(7), Editor::new(8));
    let old = past.words((0..30).map(|word| format!("old {word} ")));
    let content = now.words(["what is shown ".to_owned()]);
    let new = now.words((0..30).map(|word| format!("new {word} ")));
    let log = storage.log();
    log.append(append(id, "a", Seq::ZERO, &old[..20])).await.unwrap();
    log.compact(id).await.unwrap();
    log.append(append(id, "a", Seq(20), &old[20..])).await.unwrap();
    let row = renewal(31, vec![7], &content[0]);
    log.append(append(id, "a", Seq(30), std::slice::from_ref(&row)))
        .await
        .unwrap();
    log.append(append(id, "a", Seq(31), &new[..10])).await.unwrap();
    // One fold goes over the renewal, the next one begins behind it.
    log.compact(id).await.unwrap();
    log.append(append(id, "a", Seq(41), &new[10..])).await.unwrap();
    log.compact(id).await.unwrap();

    let stored = load(&storage, "a").await.unwrap().unwrap();
    let piece = stored.snapshot.unwrap().updates.remove(0);
    let piece = Renewal::parse(&piece)
        .unwrap()
        .expect("the snapshot says where the document begins");
    assert_eq!((piece.place, piece.retired), (31, vec![7]));
    let reader = Editor::new(9);
    reader.apply_update(piece.content);
    assert_eq!(reader.text(), now.text(), "nothing of the past is in it");
    assert_eq!(
        log.archive(id).await.unwrap().len(),
        61,
        "the past is in the history"
    );
    assert!(doctor(&storage).await.unwrap().is_empty());

    // From the history alone the same comes out.
    let selection = RebuildSelection::Named {
        workspace: WorkspaceId::DEFAULT,
        name: name("a"),
    };
    let report = rebuild(&storage, &selection).await.unwrap().remove(0);
    assert!(report.skipped.is_empty(), "{report:?}");
    let rebuilt = load(&storage, "a").await.unwrap().unwrap();
    let piece = rebuilt.snapshot.unwrap().updates.remove(0);
    let reader = Editor::new(9);
    reader.apply_update(Renewal::parse(&piece).unwrap().unwrap().content);
    assert_eq!(reader.text(), now.text());
    storage.close().await;
}
