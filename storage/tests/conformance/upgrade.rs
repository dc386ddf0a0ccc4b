//! Data of older versions, kept in `tests/fixtures`: opened, read, gone on with. How they were made is in `make.py` there.

use futures_util::TryStreamExt;
use weft_storage::objects::{ObjectKey, ObjectOwner};
use weft_storage::{
    Append, CompactionOutcome, DocumentId, Finding, NewUpdate, Seq, WorkspaceId, doctor, migrate,
    pending_migrations,
};

use crate::support::{Bed, Editor};

pub(crate) async fn what_an_older_version_has_written_goes_on(bed: Bed) {
    // The first two migrations are there, with the checksums that they have today.
    let pending = pending_migrations(&bed.config).await.unwrap();
    assert!(
        pending.iter().all(|migration| migration.version > 2),
        "{pending:?}"
    );
    assert_eq!(migrate(&bed.config).await.unwrap(), pending);
    assert_eq!(pending_migrations(&bed.config).await.unwrap(), []);
    let storage = bed.open().await;
    assert_eq!(damage(&storage).await, []);

    let mut tx = storage.records().read().await.unwrap();
    let ada = tx.user_by_email("ada@example.com").await.unwrap().unwrap().user;
    let mine = tx.workspaces_of(ada.id, None, 10).await.unwrap();
    let mill = mine.iter().find(|found| found.workspace.name == "Mill").unwrap();
    let workspace: WorkspaceId = mill.workspace.id;
    drop(tx);
    let documents = storage.log().list(workspace, None, 10).await.unwrap();
    assert_eq!(documents.len(), 2);
    let (mut heads, mut tails) = (Vec::new(), 0);
    for document in &documents {
        let stored = storage
            .log()
            .load(workspace, &document.name)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            storage.log().archive(document.id).await.unwrap().len() as u64,
            stored.head.get()
        );
        heads.push(stored.head.get());
        tails += stored.tail.len();
        go_on(&storage, workspace, document.id).await;
    }
    heads.sort_unstable();
    assert_eq!((heads, tails), (vec![7, 8], 1));
    assert_eq!(damage(&storage).await, []);

    // Files lie in the data directory, which a dump does not have.
    if bed.address.is_empty() {
        let mut tx = storage.records().read().await.unwrap();
        let avatar = tx.avatar(ada.id).await.unwrap().unwrap();
        drop(tx);
        let key = ObjectKey {
            owner: ObjectOwner::User(ada.id),
            id: avatar.object,
        };
        let reader = storage.objects().open(key).await.unwrap().unwrap();
        let pieces: Vec<_> = reader.bytes.try_collect().await.unwrap();
        assert!(pieces.concat().starts_with(b"\x89PNG"));
    }
    storage.close().await;
}

/// What is wrong. A blob that was replaced and not swept yet is nothing wrong.
async fn damage(storage: &weft_storage::Storage) -> Vec<Finding> {
    let findings = doctor(storage).await.unwrap().into_iter();
    findings.filter(Finding::is_damage).collect()
}

/// Writes one update more and folds everything.
async fn go_on(storage: &weft_storage::Storage, workspace: WorkspaceId, id: DocumentId) {
    let found = storage
        .log()
        .find(workspace, weft_storage::DocumentKey::Id(id))
        .await;
    let document = found.unwrap().unwrap();
    let append = Append {
        document: id,
        workspace,
        name: document.name.clone(),
        expected_head: document.head,
        updates: vec![NewUpdate::from(Editor::new(4711).write("and on"))],
        projection: None,
    };
    let head: Seq = storage.log().append(append).await.unwrap();
    assert_eq!(head, document.head.plus(1));
    let folded = storage.log().compact(id).await.unwrap();
    assert!(matches!(folded, CompactionOutcome::Folded { through, .. } if through == head));
}
