//! Blobs and objects in a bucket: what several nodes may do to each other, and what a server may do to us.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio::time::Instant;
use weft_storage::blob::{BlobKey, BlobProblem};
use weft_storage::s3::S3Timeouts;
use weft_storage::{Damage, Finding, Seq, Storage, StorageError, doctor};

use crate::bucket::age;
use crate::objects::{content, get, key, put};
use crate::support::{Bed, Editor, append, files_below, load, new_id, text};
use crate::troubled::{Trouble, TroubledProxy};

/// Longer than anything here lasts, by the clock that files have.
const LONG: Duration = Duration::from_secs(3 * 3600);

pub(crate) async fn a_blob_is_read_back_and_checked(bed: Bed) {
    let storage = bed.open().await;
    // The larger one goes up in parts.
    for length in [300, 17 * 1024 * 1024 + 5] {
        let bytes = content(length);
        let key = storage.blobs().put(bytes.clone()).await.unwrap();
        assert_eq!(storage.blobs().put(bytes.clone()).await.unwrap(), key);
        assert_eq!(key, BlobKey::of(&bytes));
        assert!(storage.blobs().get(key).await.unwrap() == bytes);
        assert_eq!(storage.blobs().keys().await.unwrap(), [key]);
        let file = bed.blob_files().pop().unwrap();
        let mut damaged = bytes.to_vec();
        damaged[length / 2] ^= 1;
        std::fs::write(&file, &damaged).unwrap();
        assert!(matches!(
            storage.blobs().get(key).await,
            Err(BlobProblem::Mismatch)
        ));
        assert!(storage.blobs().get_unverified(key).await.unwrap() == damaged);
        // Putting it again repairs it.
        storage.blobs().put(bytes.clone()).await.unwrap();
        assert!(storage.blobs().get(key).await.unwrap() == bytes);
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(
            storage.blobs().get(key).await,
            Err(BlobProblem::Missing)
        ));
    }
    storage.close().await;
}

pub(crate) async fn an_upload_that_is_dropped_is_given_up(bed: Bed) {
    let storage = bed.open().await;
    let bucket = bed.bucket.as_ref().unwrap();
    let mut upload = storage.objects().begin(key(1, 7)).await.unwrap();
    upload.write(content(20_000_000)).await.unwrap();
    assert_eq!(bucket.parts(), 2, "only whole parts have left");
    drop(upload);
    // Closing waits for what is under way.
    storage.close().await;
    assert_eq!(bucket.parts(), 0);
}

pub(crate) async fn stale_uploads_are_swept(bed: Bed) {
    let storage = bed.open().await;
    let (bucket, objects) = (bed.bucket.as_ref().unwrap(), storage.objects());
    let mut uploads = Vec::new();
    for number in 0..5 {
        let mut upload = objects.begin(key(1, number)).await.unwrap();
        upload.write(content(9_000_000)).await.unwrap();
        uploads.push(upload);
    }
    assert_eq!(
        (bucket.parts(), objects.sweep_unfinished(LONG).await.unwrap()),
        (5, 0)
    );
    bucket.age_uploads(LONG + Duration::from_secs(2));
    let mut young = objects.begin(key(1, 99)).await.unwrap();
    young.write(content(9_000_000)).await.unwrap();
    assert_eq!(objects.sweep_unfinished(LONG).await.unwrap(), 5);
    assert_eq!(bucket.parts(), 1);
    // Whoever goes on with one that was swept hears of it.
    assert!(uploads.pop().unwrap().finish().await.is_err());
    young.finish().await.unwrap();
    drop(uploads);
    storage.close().await;
}

pub(crate) async fn a_damaged_object_breaks_off(bed: Bed) {
    let storage = bed.open().await;
    put(
        storage.objects().as_ref(),
        key(1, 7),
        &content(1_000_000),
        100_000,
    )
    .await;
    let folder = bed.bucket.as_ref().unwrap().folder();
    let file = files_below(&folder.join("objects")).pop().unwrap();
    let mut damaged = std::fs::read(&file).unwrap();
    damaged[500_000] ^= 1;
    std::fs::write(&file, damaged).unwrap();
    let reader = storage.objects().open(key(1, 7)).await.unwrap().unwrap();
    let read: Result<Vec<Bytes>, _> = reader.bytes.try_collect().await;
    assert!(matches!(read, Err(StorageError::Unavailable { .. })), "{read:?}");
    storage.close().await;
}

/// Sweeps until `expected` blobs were removed.
async fn sweep_until(storage: &Storage, grace: Duration, expected: usize) {
    let mut removed = 0;
    for _ in 0..400 {
        removed += storage.sweep_blobs(grace).await.unwrap().removed;
        if removed == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{removed} of {expected} blobs were removed");
}

pub(crate) async fn what_another_node_has_put_survives_the_sweep(bed: Bed) {
    let node = bed.open().await;
    // The sweep of a second node, which knows nothing of what the first one is about to name.
    let other = bed.another_node();
    let sweeper = other.open().await;
    let bytes = content(1_000);
    let blob = node.blobs().put(bytes.clone()).await.unwrap();
    let grace = Duration::from_secs(2);
    let file = bed.blob_files().pop().unwrap();

    // Young, however often it is looked at.
    for _ in 0..3 {
        assert_eq!(sweeper.sweep_blobs(LONG).await.unwrap().removed, 0);
    }
    // Old, and long without a name for the sweeper; but the first node has just put it again.
    age(&file, LONG);
    sweeper.sweep_blobs(grace).await.unwrap();
    let since = Instant::now();
    while since.elapsed() < grace {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    node.blobs().put(bytes.clone()).await.unwrap();
    assert_eq!(sweeper.sweep_blobs(grace).await.unwrap().removed, 0);
    assert!(node.blobs().get(blob).await.unwrap() == bytes);
    // Old and without a name: it goes, first aside, where it can still be read, and then for good.
    age(&file, LONG);
    sweep_until(&sweeper, grace, 1).await;
    assert!(bed.blob_files().is_empty() && node.blobs().get(blob).await.unwrap() == bytes);
    let aside = files_below(&bed.bucket.as_ref().unwrap().folder().join("swept"));
    age(&aside[0], LONG);
    sweeper.sweep_blobs(grace).await.unwrap();
    assert!(matches!(node.blobs().get(blob).await, Err(BlobProblem::Missing)));
    node.close().await;
    sweeper.close().await;
}

pub(crate) async fn what_was_swept_by_mistake_comes_back(bed: Bed) {
    let storage = bed.open().await;
    let (id, editor) = (new_id(), Editor::new(2));
    let updates = editor.words((0..60).map(|word| format!("word {word} ")));
    storage
        .log()
        .append(append(id, "a", Seq::ZERO, &updates))
        .await
        .unwrap();
    storage.log().compact(id).await.unwrap();
    let folder = bed.bucket.as_ref().unwrap().folder();
    // As if a sweep had looked at them just before they were put for the second time, and acted just after.
    std::fs::rename(folder.join("blobs"), folder.join("swept")).unwrap();
    std::fs::create_dir(folder.join("blobs")).unwrap();
    assert_eq!(text(&storage, "a").await, editor.text());
    for file in files_below(&folder.join("swept")) {
        age(&file, LONG);
    }
    storage.sweep_blobs(Duration::from_secs(60)).await.unwrap();
    assert_eq!(bed.blob_files().len(), 2);
    storage.sweep_blobs(Duration::ZERO).await.unwrap();
    assert!(files_below(&folder.join("swept")).is_empty());
    assert_eq!(text(&storage, "a").await, editor.text());
    assert_eq!(doctor(&storage).await.unwrap(), []);
    storage.close().await;
}

/// Time-outs that a test can wait for.
fn impatient(bed: &mut Bed) {
    bed.s3_config().timeouts = S3Timeouts {
        connect: Duration::from_millis(500),
        answer: Duration::from_millis(400),
        piece: Duration::from_millis(800),
        silence: Duration::from_millis(300),
        attempts: 2,
    };
}

/// The bucket of `bed`, seen through a proxy.
async fn behind_proxy(bed: &mut Bed) -> TroubledProxy {
    let proxy = TroubledProxy::start(bed.bucket.as_ref().unwrap().address).await;
    bed.s3_config().endpoint = Some(proxy.endpoint());
    proxy
}

#[track_caller]
fn is_unavailable<T>(result: Result<T, StorageError>, says: &str) {
    match result {
        Err(error @ StorageError::Unavailable { .. }) => assert!(error.to_string().contains(says), "{error}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it went well"),
    }
}

pub(crate) async fn silence_ends_in_an_error(mut bed: Bed) {
    impatient(&mut bed);
    let proxy = behind_proxy(&mut bed).await;
    let storage = bed.open().await;
    let (blobs, objects) = (storage.blobs(), storage.objects());
    let stored = blobs.put(content(1_000)).await.unwrap();
    let mut upload = objects.begin(key(1, 1)).await.unwrap();
    upload.write(content(9_000_000)).await.unwrap();
    proxy.set(Trouble::Silence);
    // Everything that is asked ends; the runner of the tests bounds what would not.
    let late = "did not answer in time";
    is_unavailable(blobs.put(content(2_000)).await, late);
    is_unavailable(blobs.keys().await, late);
    is_unavailable(blobs.has(stored).await, late);
    is_unavailable(objects.open(key(1, 2)).await, late);
    is_unavailable(objects.remove(key(1, 2)).await, late);
    is_unavailable(upload.finish().await, late);
    let Err(BlobProblem::Unavailable(error)) = blobs.get(stored).await else {
        panic!("a bucket that is silent has neither the blob nor not");
    };
    assert!(error.is_transient(), "{error}");
    is_unavailable(storage.sweep_blobs(Duration::ZERO).await, late);
    is_unavailable(bed.another_node().try_open().await, late);
    proxy.set(Trouble::None);
    assert!(blobs.get(stored).await.unwrap() == content(1_000));
    storage.close().await;
}

pub(crate) async fn failures_pass(mut bed: Bed) {
    impatient(&mut bed);
    let proxy = behind_proxy(&mut bed).await;
    let storage = bed.open().await;
    let stored = storage.blobs().put(content(1_000)).await.unwrap();
    for (trouble, says) in [(Trouble::Failure, "500"), (Trouble::Refusal, "cannot be reached")] {
        proxy.set(trouble);
        let before = proxy.connections();
        is_unavailable(storage.blobs().put(content(2_000)).await, says);
        is_unavailable(storage.objects().begin(key(1, 1)).await.map(|_| ()), says);
        assert!(proxy.connections() > before + 1, "it was tried more than once");
        proxy.set(Trouble::None);
        assert!(storage.blobs().get(stored).await.unwrap() == content(1_000));
    }
    storage.close().await;
}

pub(crate) async fn a_reading_that_breaks_off_goes_on(mut bed: Bed) {
    let proxy = behind_proxy(&mut bed).await;
    let storage = bed.open().await;
    let bytes = content(4_000_000);
    let blob = storage.blobs().put(bytes.clone()).await.unwrap();
    put(storage.objects().as_ref(), key(1, 1), &bytes, 1_000_000).await;
    proxy.set(Trouble::BreakOff);
    assert!(storage.blobs().get(blob).await.unwrap() == bytes);
    proxy.set(Trouble::BreakOff);
    assert!(get(storage.objects().as_ref(), key(1, 1)).await.unwrap() == bytes);
    storage.close().await;
}

pub(crate) async fn what_is_wrong_with_a_bucket_is_said(mut bed: Bed) {
    let bucket = bed.bucket.clone().unwrap();
    let config = bed.config.clone();
    let opened = |blobs| {
        let mut other = bed.another_node();
        other.config.blobs = blobs;
        async move { other.try_open().await }
    };
    is_unavailable(
        opened(Bed::blobs_in("s3://no-such-bucket/x", &bucket.endpoint())).await,
        "the bucket does not exist",
    );
    is_unavailable(
        opened(Bed::blobs_in(&bucket.place(), "http://127.0.0.1:9")).await,
        "cannot be reached",
    );
    bed.config = config;
    bed.s3_config().credentials = weft_storage::s3::S3Credentials::Key {
        id: crate::bucket::KEY_ID.to_owned(),
        secret: "another secret".to_owned().into(),
    };
    is_unavailable(bed.try_open().await, "refuses access (SignatureDoesNotMatch)");
}

pub(crate) async fn a_bucket_that_is_away_damages_nothing(mut bed: Bed) {
    impatient(&mut bed);
    let proxy = behind_proxy(&mut bed).await;
    let storage = bed.open().await;
    let (id, editor) = (new_id(), Editor::new(2));
    let updates = editor.words((0..60).map(|word| format!("word {word} ")));
    storage
        .log()
        .append(append(id, "a", Seq::ZERO, &updates))
        .await
        .unwrap();
    storage.log().compact(id).await.unwrap();
    proxy.set(Trouble::Silence);
    let loaded = load(&storage, "a").await.unwrap_err();
    assert!(loaded.is_transient() && !loaded.is_damage(), "{loaded}");
    assert!(storage.log().archive(id).await.unwrap_err().is_transient());
    assert!(doctor(&storage).await.unwrap_err().is_transient());
    // The log goes on; what would need the bucket waits.
    let head = storage
        .log()
        .append(append(id, "a", Seq(60), &[editor.write("more ")]))
        .await;
    assert_eq!(head.unwrap(), Seq(61));
    assert!(storage.log().compact(id).await.unwrap_err().is_transient());
    proxy.set(Trouble::None);
    assert_eq!(text(&storage, "a").await, editor.text());
    assert_eq!(doctor(&storage).await.unwrap(), []);
    storage.close().await;
}

pub(crate) async fn large_bytes_stay_where_the_database_knows_them(bed: Bed) {
    let storage = bed.open().await;
    storage.close().await;
    // Nothing is there yet: any place will do.
    let mut elsewhere = bed.config.clone();
    elsewhere.blobs = weft_storage::Blobs::Files;
    let clock = || std::sync::Arc::new(weft_storage::clock::SystemClock);
    Storage::open(&elsewhere, clock()).await.unwrap().close().await;
    let storage = bed.open().await;
    let (id, editor) = (new_id(), Editor::new(2));
    let updates = editor.words((0..60).map(|word| format!("word {word} ")));
    storage
        .log()
        .append(append(id, "a", Seq::ZERO, &updates))
        .await
        .unwrap();
    storage.log().compact(id).await.unwrap();
    storage.close().await;
    let refused = Storage::open(&elsewhere, clock()).await.unwrap_err();
    assert!(
        matches!(&refused, StorageError::OtherBlobs { recorded, configured }
            if recorded == "s3://weft-test/some/folder/" && configured == "files"),
        "{refused}"
    );
    // And nothing was put out of service.
    let storage = bed.open().await;
    assert_eq!(text(&storage, "a").await, editor.text());
    let damaged = |finding: &Finding| {
        matches!(
            finding,
            Finding::Document {
                damage: Damage::BlobMissing { .. },
                ..
            }
        )
    };
    assert!(!doctor(&storage).await.unwrap().iter().any(damaged));
    storage.close().await;
}
