//! A full disk is a typed error for whoever asked, and passes when there is space again; so is a read-only one.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use weft_storage::{CommitObserver, CommitOutcome, Seq, StorageError, doctor};

use crate::support::{Bed, Editor, append, load, new_id, text};

/// Counts commits that failed.
#[derive(Debug, Default)]
struct Failures(AtomicU64);

impl CommitObserver for Failures {
    fn committed(&self, outcome: CommitOutcome, _: Duration) {
        let failed = u64::from(outcome == CommitOutcome::Failed);
        self.0.fetch_add(failed, Ordering::Relaxed);
    }
}

/// A small file system of its own, unmounted at the end.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// `None` where mounting is not allowed.
    fn mount(path: &'a Path) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", "size=6m", "weft-test"])
            .arg(path);
        command
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map(|_| Self(path))
    }
}

impl SmallDisk<'_> {
    fn remount(&self, mode: &str) {
        let mut command = Command::new("mount");
        command.arg("-o").arg(format!("remount,{mode}")).arg(self.0);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).output();
    }
}

pub(crate) async fn a_full_disk_is_an_error_and_passes(bed: Bed) {
    use std::io::Write;
    let Some(_disk) = SmallDisk::mount(&bed.config.data_dir) else {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: a tmpfs cannot be mounted here (needs root)"
        );
        return;
    };
    let storage = bed.open().await;
    let failures = Arc::new(Failures::default());
    storage.observe_commits(Arc::clone(&failures) as Arc<dyn CommitObserver>);
    let (id, editor) = (new_id(), Editor::new(4));
    let updates = editor.words((0..50).map(|word| format!("word {word} ")));
    let mut head = storage
        .log()
        .append(append(id, "a", Seq::ZERO, &updates))
        .await
        .unwrap();

    assert_eq!(failures.0.load(Ordering::Relaxed), 0);
    let ballast = bed.config.data_dir.join("ballast");
    std::fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let big = Bytes::from(vec![1; 200_000]);
    let mut stored = 0;
    let error = loop {
        match storage
            .log()
            .append(append(
                new_id(),
                &format!("big {stored}"),
                Seq::ZERO,
                std::slice::from_ref(&big),
            ))
            .await
        {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100, "the disk does not fill");
    };
    assert!(matches!(error, StorageError::Full), "{error:?}");
    assert!(error.is_transient());
    assert_eq!(failures.0.load(Ordering::Relaxed), 1, "an operator is told");
    let unready = storage.stats().last_error;
    assert_eq!(unready.as_deref(), Some("the disk is full"));
    let compacted = storage.log().compact(id).await;
    assert!(
        matches!(compacted, Ok(_) | Err(StorageError::Full)),
        "{compacted:?}"
    );
    assert_eq!(text(&storage, "a").await, editor.text(), "reading goes on");

    std::fs::remove_file(&ballast).unwrap();
    storage.check().await.unwrap();
    assert_eq!(storage.stats().last_error, None);
    head = storage
        .log()
        .append(append(id, "a", head, &[editor.write("after")]))
        .await
        .unwrap();
    assert_eq!(head, Seq(51));
    storage.close().await;

    let storage = bed.open().await;
    assert_eq!(text(&storage, "a").await, editor.text());
    for index in 0..stored {
        let stored = load(&storage, &format!("big {index}")).await.unwrap().unwrap();
        assert_eq!(stored.tail[0].bytes, big);
    }
    assert!(
        load(&storage, &format!("big {stored}")).await.unwrap().is_none(),
        "refused and not there"
    );
    let findings = doctor(&storage).await.unwrap();
    // The filler is no update, which doctor notices; nothing else may be wrong.
    assert!(
        findings
            .iter()
            .all(|finding| finding.to_string().contains("big ")),
        "{findings:?}"
    );
    storage.close().await;
}

pub(crate) async fn a_read_only_disk_is_refused_and_left_alone(bed: Bed) {
    use std::io::Write;
    let Some(disk) = SmallDisk::mount(&bed.config.data_dir) else {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: a tmpfs cannot be mounted here (needs root)"
        );
        return;
    };
    let storage = bed.open().await;
    let editor = Editor::new(4);
    let asked = append(new_id(), "a", Seq::ZERO, &[editor.write("kept")]);
    storage.log().append(asked).await.unwrap();
    storage.close().await;

    disk.remount("ro");
    let refused = bed.try_open().await.unwrap_err();
    assert!(matches!(refused, StorageError::ReadOnly), "{refused:?}");
    assert!(refused.is_transient());

    disk.remount("rw");
    let storage = bed.open().await;
    assert_eq!(text(&storage, "a").await, "kept");
    storage.close().await;
}
