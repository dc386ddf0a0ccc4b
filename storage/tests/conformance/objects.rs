//! What people upload, in a directory and in a bucket.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::objects::{ObjectKey, ObjectOwner, ObjectStore, StoredObject};

use crate::support::Bed;

pub(crate) fn key(owner: u128, id: u128) -> ObjectKey {
    ObjectKey {
        owner: ObjectOwner::Workspace(WorkspaceId(Uuid::from_u128(owner))),
        id: Uuid::from_u128(id),
    }
}

/// Bytes that are not all the same.
pub(crate) fn content(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_u32;
    let bytes = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    bytes.take(length).collect::<Vec<_>>().into()
}

pub(crate) async fn put(
    objects: &dyn ObjectStore,
    key: ObjectKey,
    content: &Bytes,
    piece: usize,
) -> StoredObject {
    let mut upload = objects.begin(key).await.unwrap();
    for start in (0..content.len()).step_by(piece) {
        let end = content.len().min(start + piece);
        upload.write(content.slice(start..end)).await.unwrap();
    }
    upload.finish().await.unwrap()
}

pub(crate) async fn get(objects: &dyn ObjectStore, key: ObjectKey) -> Option<Bytes> {
    let reader = objects.open(key).await.unwrap()?;
    let pieces: Vec<Bytes> = reader.bytes.try_collect().await.unwrap();
    let content = pieces.concat();
    assert_eq!(content.len() as u64, reader.size_bytes);
    Some(content.into())
}

pub(crate) async fn an_object_is_given_back_as_it_came(bed: Bed) {
    let storage = bed.open().await;
    let objects = storage.objects().as_ref();
    // One request, exactly one part, and several parts.
    let part = 8 * 1024 * 1024;
    for (number, length) in [1, 100_000, part, part + 1, 2 * part + 77]
        .into_iter()
        .enumerate()
    {
        let key = key(1, number as u128);
        let bytes = content(length);
        let stored = put(objects, key, &bytes, 70_001).await;
        assert_eq!(stored.size_bytes, length as u64);
        assert_eq!(stored.checksum, <[u8; 32]>::from(Sha256::digest(&bytes)));
        assert!(get(objects, key).await == Some(bytes), "{length} bytes");
    }
    storage.close().await;
    let storage = bed.open().await;
    assert!(get(storage.objects().as_ref(), key(1, 1)).await == Some(content(100_000)));
    storage.close().await;
}

pub(crate) async fn an_object_belongs_to_its_owner_and_is_never_replaced(bed: Bed) {
    let storage = bed.open().await;
    let objects = storage.objects().as_ref();
    let first = Bytes::from_static(b"some content");
    put(objects, key(1, 7), &first, 5).await;
    // The same id of another owner is another object.
    assert_eq!(get(objects, key(2, 7)).await, None);
    let as_user = ObjectKey {
        owner: ObjectOwner::User(Uuid::from_u128(1)),
        id: Uuid::from_u128(7),
    };
    assert_eq!(get(objects, as_user).await, None);
    // A name is used once.
    let again = async {
        let mut upload = objects.begin(key(1, 7)).await?;
        upload.write(Bytes::from_static(b"other")).await?;
        upload.finish().await
    };
    assert!(again.await.is_err());
    assert_eq!(get(objects, key(1, 7)).await, Some(first));
    objects.remove(key(1, 7)).await.unwrap();
    objects.remove(key(1, 7)).await.unwrap();
    assert_eq!(get(objects, key(1, 7)).await, None);
    storage.close().await;
}

pub(crate) async fn what_was_not_finished_is_no_object(bed: Bed) {
    let storage = bed.open().await;
    let objects = storage.objects().as_ref();
    let mut upload = objects.begin(key(1, 7)).await.unwrap();
    upload.write(content(20_000_000)).await.unwrap();
    assert_eq!(get(objects, key(1, 7)).await, None);
    drop(upload);
    assert_eq!(get(objects, key(1, 7)).await, None);
    assert_eq!(objects.list(Duration::ZERO, None, 10).await.unwrap(), []);
    storage.close().await;
}

pub(crate) async fn lists_of_objects_go_page_by_page(bed: Bed) {
    let storage = bed.open().await;
    let objects = storage.objects().as_ref();
    let mut all = Vec::new();
    for owner in 1..4 {
        for id in [0x01, 0x1_01, 0x02, 0x30_ff] {
            put(objects, key(owner, id), &Bytes::from_static(b"x"), 1).await;
            all.push(key(owner, id));
        }
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = objects.list(Duration::ZERO, after, 5).await.unwrap();
        assert!(page.len() <= 5);
        let Some(last) = page.last() else { break };
        after = Some(*last);
        seen.extend(page);
    }
    seen.sort_unstable();
    all.sort_unstable();
    assert_eq!(seen, all);
    let young = objects.list(Duration::from_secs(60), None, 100).await.unwrap();
    assert_eq!(young, []);
    storage.close().await;
}
