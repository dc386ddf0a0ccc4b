//! Damaged pieces are found, named, never shown as an empty document, and rebuilt as far as the log goes.

use std::fs;

use weft_storage::{
    ArchivedContent, Damage, DocumentId, Finding, RebuildReport, RebuildSelection, Seq, Storage,
    StorageError, WorkspaceId, doctor, rebuild,
};

use crate::support::{Bed, Editor, append, load, name, new_id, text};

/// A storage with a damaged-to-be document `a` (60 updates folded, 5 in the log) and a bystander `b`.
struct Patient {
    bed: Bed,
    storage: Storage,
    id: DocumentId,
    text: String,
    bystander: String,
}

impl Patient {
    async fn new(bed: Bed) -> Self {
        let storage = bed.open().await;
        let (id, editor, other) = (new_id(), Editor::new(2), Editor::new(3));
        let updates = editor.words((0..60).map(|word| format!("word {word} ")));
        storage
            .log()
            .append(append(id, "a", Seq::ZERO, &updates))
            .await
            .unwrap();
        storage.log().compact(id).await.unwrap();
        let tail = editor.words((0..5).map(|word| format!("tail {word} ")));
        storage
            .log()
            .append(append(id, "a", Seq(60), &tail))
            .await
            .unwrap();
        let updates = other.words((0..60).map(|word| format!("other {word} ")));
        let bystander = new_id();
        storage
            .log()
            .append(append(bystander, "b", Seq::ZERO, &updates))
            .await
            .unwrap();
        storage.log().compact(bystander).await.unwrap();
        Self {
            bed,
            storage,
            id,
            text: editor.text(),
            bystander: other.text(),
        }
    }

    /// The document does not load, doctor says why, and nobody else is concerned.
    async fn assert_damage(&self, expected: impl Fn(&Damage) -> bool) {
        let error = load(&self.storage, "a").await.unwrap_err();
        let StorageError::Corrupt { document, what } = error else {
            panic!("{error}")
        };
        assert_eq!(document, self.id);
        assert!(expected(&what), "{what}");
        self.assert_found(expected).await;
    }

    async fn assert_found(&self, expected: impl Fn(&Damage) -> bool) {
        let findings = doctor(&self.storage).await.unwrap();
        let found = findings.iter().any(|finding| match finding {
            Finding::Document {
                document,
                name,
                damage,
                ..
            } => {
                assert_eq!((*document, name.as_str()), (self.id, "a"), "{finding}");
                expected(damage)
            }
            _ => false,
        });
        assert!(found, "{findings:?}");
        assert_eq!(text(&self.storage, "b").await, self.bystander);
    }

    /// Rebuilds what is damaged; afterwards nothing is, also after another start.
    async fn rebuild(&mut self) -> RebuildReport {
        let mut reports = rebuild(&self.storage, &RebuildSelection::Damaged).await.unwrap();
        let report = reports.pop().unwrap();
        assert_eq!((reports.len(), report.document), (0, self.id));
        for file in &report.kept_aside {
            assert!(self.bed.config.data_dir.join(file).is_file(), "{file}");
        }
        self.storage.close().await;
        self.storage = self.bed.open().await;
        let damage = doctor(&self.storage)
            .await
            .unwrap()
            .into_iter()
            .filter(Finding::is_damage);
        assert_eq!(damage.collect::<Vec<_>>(), []);
        assert_eq!(
            rebuild(&self.storage, &RebuildSelection::Damaged).await.unwrap(),
            []
        );
        assert_eq!(text(&self.storage, "b").await, self.bystander);
        report
    }

    /// The document goes on where it was.
    async fn assert_writable(&self) {
        let stored = load(&self.storage, "a").await.unwrap().unwrap();
        let update = Editor::from_stored(77, &stored).write("more");
        let head = self
            .storage
            .log()
            .append(append(self.id, "a", stored.head, &[update]))
            .await
            .unwrap();
        assert_eq!(head, stored.head.plus(1));
        self.storage.log().compact(self.id).await.unwrap();
        assert!(text(&self.storage, "a").await.ends_with("more"));
        assert_eq!(
            self.storage.log().archive(self.id).await.unwrap().len() as u64,
            head.get()
        );
    }
}

/// The file of the blob that the snapshot of `a` is in.
fn snapshot_blob(patient: &Patient) -> std::path::PathBuf {
    let text = |path: &std::path::PathBuf| fs::read(path).unwrap();
    let files = patient.bed.blob_files();
    let mine = |path: &&std::path::PathBuf| {
        let content = text(path);
        let has = |needle: &[u8]| content.windows(needle.len()).any(|window| window == needle);
        has(b"word 59") && !content.starts_with(b"WH")
    };
    files.iter().find(mine).unwrap().clone()
}

pub(crate) async fn a_damaged_snapshot_is_found_and_rebuilt(bed: Bed) {
    let mut bed = bed;
    bed.config.inline_limit_bytes = 1 << 20;
    let mut patient = Patient::new(bed).await;
    let sql = "UPDATE snapshots SET inline_bytes = zeroblob(length(inline_bytes)) \
               WHERE document_id = (SELECT id FROM documents WHERE name = 'a')";
    assert_eq!(patient.bed.tamper(sql).await, 1);
    patient
        .assert_damage(|damage| *damage == Damage::SnapshotChecksum { seq: Seq(60) })
        .await;
    let refused = patient.storage.log().compact(patient.id).await.unwrap_err();
    assert!(refused.is_damage(), "{refused}");
    let report = patient.rebuild().await;
    assert_eq!((report.skipped.as_slice(), report.kept_aside.len()), (&[][..], 1));
    assert_eq!(text(&patient.storage, "a").await, patient.text);
    patient.assert_writable().await;
}

pub(crate) async fn a_damaged_blob_is_found_and_rebuilt(bed: Bed) {
    let mut patient = Patient::new(bed).await;
    let path = snapshot_blob(&patient);
    let mut content = fs::read(&path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 0x40;
    fs::write(&path, &content).unwrap();
    patient
        .assert_damage(|damage| *damage == Damage::SnapshotChecksum { seq: Seq(60) })
        .await;
    assert_eq!(fs::read(&path).unwrap(), content, "the bytes stay as they are");
    let report = patient.rebuild().await;
    let aside = patient.bed.config.data_dir.join(&report.kept_aside[0]);
    assert_eq!(fs::read(aside).unwrap(), content);
    assert_eq!(text(&patient.storage, "a").await, patient.text);
    patient.assert_writable().await;
}

pub(crate) async fn a_missing_blob_is_found_and_rebuilt(bed: Bed) {
    let mut patient = Patient::new(bed).await;
    let path = snapshot_blob(&patient);
    fs::remove_file(&path).unwrap();
    patient
        .assert_damage(|damage| matches!(damage, Damage::BlobMissing { .. }))
        .await;
    // A directory in its place is there but cannot be read. (What cannot be read in a bucket passes.)
    if patient.bed.bucket.is_none() {
        fs::create_dir(&path).unwrap();
        patient
            .assert_damage(|damage| matches!(damage, Damage::BlobUnreadable { .. }))
            .await;
        fs::remove_dir(&path).unwrap();
    }
    let report = patient.rebuild().await;
    assert_eq!(report.kept_aside.len(), 0, "there was nothing to keep");
    assert_eq!(text(&patient.storage, "a").await, patient.text);
    patient.assert_writable().await;
}

pub(crate) async fn an_undecodable_row_is_found_and_skipped(bed: Bed) {
    let mut patient = Patient::new(bed).await;
    let sql = "UPDATE updates SET bytes = x'ff00ff00' WHERE seq = 65";
    assert_eq!(patient.bed.tamper(sql).await, 1);
    patient
        .assert_found(|damage| matches!(damage, Damage::RowUndecodable { seq: Seq(65), .. }))
        .await;
    let report = patient.rebuild().await;
    assert_eq!(report.skipped, [Seq(65)]);
    assert_eq!(report.kept_aside.len(), 1);
    assert_eq!(
        text(&patient.storage, "a").await,
        patient.text.replace("tail 4 ", "")
    );
    let archive = patient.storage.log().archive(patient.id).await.unwrap();
    assert_eq!(
        archive[64].content,
        ArchivedContent::Undecodable(b"\xff\0\xff\0".as_slice().into())
    );
    patient.assert_writable().await;
}

pub(crate) async fn a_lost_row_is_found_and_reported(bed: Bed) {
    let mut patient = Patient::new(bed).await;
    assert_eq!(patient.bed.tamper("DELETE FROM updates WHERE seq = 65").await, 1);
    let gap = Damage::LogGap {
        expected: Seq(65),
        found: None,
    };
    patient.assert_damage(|damage| *damage == gap).await;
    assert_eq!(patient.bed.tamper("DELETE FROM updates WHERE seq = 62").await, 1);
    let gap = Damage::LogGap {
        expected: Seq(62),
        found: Some(Seq(63)),
    };
    patient.assert_damage(|damage| *damage == gap).await;
    let report = patient.rebuild().await;
    assert_eq!(
        (report.skipped.as_slice(), report.head),
        (&[Seq(62), Seq(65)][..], Seq(65))
    );
    // What follows the hole waits in the document for what is missing, and is not thrown away.
    assert!(text(&patient.storage, "a").await.ends_with("tail 0 "));
    assert_eq!(
        patient.storage.log().archive(patient.id).await.unwrap()[61].content,
        ArchivedContent::Lost
    );
}

pub(crate) async fn damaged_history_falls_back_to_the_snapshot(bed: Bed) {
    let mut patient = Patient::new(bed).await;
    let sql = "UPDATE history SET checksum = zeroblob(32) \
               WHERE document_id = (SELECT id FROM documents WHERE name = 'a')";
    assert_eq!(patient.bed.tamper(sql).await, 1);
    assert_eq!(
        text(&patient.storage, "a").await,
        patient.text,
        "the document itself is whole"
    );
    patient
        .assert_found(|damage| {
            matches!(
                damage,
                Damage::History {
                    first: Seq(1),
                    last: Seq(60),
                    ..
                }
            )
        })
        .await;
    let report = patient.rebuild().await;
    assert_eq!((report.skipped.len(), report.kept_aside.len()), (60, 1));
    assert_eq!(text(&patient.storage, "a").await, patient.text);
    patient.assert_writable().await;
}

/// A snapshot that matches its checksum and is a valid update, only not of this document's state.
pub(crate) async fn an_incomplete_snapshot_is_found_and_rebuilt(bed: Bed) {
    let mut patient = Patient::new(bed).await;
    let sql = "UPDATE snapshots SET inline_bytes = x'01020000', blob_key = NULL, size_bytes = 4, \
               checksum = x'd81fe96dc500bc43e1cd5800bef9d72b3d030bdb7e860e10c522e4246b30bd93' \
               WHERE document_id = (SELECT id FROM documents WHERE name = 'a')";
    assert_eq!(patient.bed.tamper(sql).await, 1);
    patient
        .assert_found(|damage| *damage == Damage::SnapshotIncomplete { seq: Seq(60) })
        .await;
    let report = patient.rebuild().await;
    assert_eq!(report.kept_aside.len(), 1);
    assert_eq!(text(&patient.storage, "a").await, patient.text);
    patient.assert_writable().await;
}

pub(crate) async fn quarantine_holds_until_the_rebuild(bed: Bed) {
    let mut patient = Patient::new(bed).await;
    let (log, id) = (patient.storage.log().clone(), patient.id);
    log.quarantine(id, "the room failed").await.unwrap();
    log.quarantine(id, "a second reason").await.unwrap();
    log.quarantine(new_id(), "unknown").await.unwrap();
    let is_refused = |error: &StorageError| {
        matches!(error, StorageError::Quarantined { document, reason }
            if *document == id && &**reason == "the room failed")
    };
    let error = load(&patient.storage, "a").await.unwrap_err();
    assert!(is_refused(&error), "{error}");
    let asked = append(id, "a", Seq(65), &[Editor::new(5).write("x")]);
    let error = log.append(asked).await.unwrap_err();
    assert!(is_refused(&error), "{error}");
    let findings = doctor(&patient.storage).await.unwrap();
    let [Finding::Quarantined { reason, .. }] = &findings[..] else {
        panic!("{findings:?}")
    };
    assert_eq!(reason, "the room failed");
    patient.rebuild().await;
    assert_eq!(text(&patient.storage, "a").await, patient.text);
    patient.assert_writable().await;
}

pub(crate) async fn a_whole_storage_has_no_findings(bed: Bed) {
    let patient = Patient::new(bed).await;
    assert_eq!(doctor(&patient.storage).await.unwrap(), []);
    assert_eq!(
        rebuild(&patient.storage, &RebuildSelection::Damaged)
            .await
            .unwrap(),
        []
    );
    // A document that is named is rebuilt in any case, and is the same afterwards.
    let named = |text: &str| RebuildSelection::Named {
        workspace: WorkspaceId::DEFAULT,
        name: name(text),
    };
    assert_eq!(rebuild(&patient.storage, &named("unknown")).await.unwrap(), []);
    let reports = rebuild(&patient.storage, &named("a")).await.unwrap();
    assert_eq!(
        (reports.len(), reports[0].head, reports[0].damage.len()),
        (1, Seq(65), 0)
    );
    assert_eq!(text(&patient.storage, "a").await, patient.text);
    let damage = doctor(&patient.storage)
        .await
        .unwrap()
        .into_iter()
        .filter(Finding::is_damage);
    assert_eq!(damage.collect::<Vec<_>>(), []);
    patient.assert_writable().await;
}
