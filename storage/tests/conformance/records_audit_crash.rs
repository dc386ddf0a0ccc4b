//! `kill -9` while old entries of the audit log are archived leaves each of them in one place.
//!
//! The test runs itself as a child process that writes entries, archives them and prints what it wrote; the parent kills it, opens the
//! same data and looks. `WEFT_CRASH_ROUNDS` sets the number of rounds.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use weft_storage::clock::SystemClock;
use weft_storage::records::SERVER_CHAIN;
use weft_storage::{Finding, Storage, doctor};

use crate::records_audit_archive::{entry, whole};
use crate::support::Bed;

const DIRECTORY: &str = "WEFT_CRASH_DIRECTORY";
const DATABASE: &str = "WEFT_CRASH_DATABASE";
/// Long before everything that is archived.
const AT: i64 = 1_000_000_000_000;
const NOW: i64 = 1_790_000_000_000;

fn setting(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.into_string().unwrap())
}

/// Writes entries and archives them, so often, and says how far it got: committed entries, archived entries.
async fn archive_on(storage: &Storage, rounds: u64) {
    let archive = storage.audit_archive();
    for _ in 0..rounds {
        let new: Vec<_> = (0..20).map(|number| entry(number, AT)).collect();
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(SERVER_CHAIN).await.unwrap();
        tenant.audit(&new).await.unwrap();
        let head = tenant.audit_head().await.unwrap().seq;
        tx.commit().await.unwrap();
        let archived = archive.archive_next(SERVER_CHAIN, NOW, NOW).await.unwrap();
        // One write call per line: a kill leaves whole lines, or one torn line at the end.
        let line = format!("\nacked {head}|{}|\n", archived.unwrap());
        let _ = std::io::stdout().write_all(line.as_bytes());
    }
}

/// The child's part. Without a directory it is a test of the archiver itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archiver_of_the_crash_test_archives() {
    let Some(directory) = setting(DIRECTORY) else {
        let bed = Bed::sqlite().await.unwrap();
        let storage = bed.open().await;
        archive_on(&storage, 3).await;
        assert_eq!(whole(&storage, SERVER_CHAIN).await.unwrap().len(), 60);
        return storage.close().await;
    };
    let config = Bed::config_of(Path::new(&directory), &setting(DATABASE).unwrap());
    let storage = Storage::open(&config, Arc::new(SystemClock)).await.unwrap();
    archive_on(&storage, u64::MAX).await;
}

/// Runs the child until it is killed: how many entries it has said were committed, and archived.
fn crash(directory: &Path, address: &str, lifetime: Duration) -> (i64, i64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "records_audit_crash::the_archiver_of_the_crash_test_archives",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .env(DATABASE, address)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines
        .map(Result::unwrap)
        .filter(|line| line.starts_with("acked "));
    // The clock of its life starts with its first answer, so that every round crashes at work.
    let first = lines.next().unwrap();
    let reader = std::thread::spawn(move || lines.last());
    std::thread::sleep(lifetime);
    child.kill().unwrap();
    child.wait().unwrap();
    let parse = |line: &str| {
        let mut fields = line.strip_prefix("acked ")?.split('|');
        let said = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        // A line that was cut off has no last separator.
        fields.next().map(|_| said)
    };
    let last = reader.join().unwrap();
    last.as_deref().and_then(parse).or_else(|| parse(&first)).unwrap()
}

pub(crate) async fn an_archiving_that_is_killed_loses_nothing(bed: Bed) {
    const SEED: u64 = 2027;
    let rounds = setting("WEFT_CRASH_ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    let mut random = StdRng::seed_from_u64(SEED);
    for round in 0..rounds {
        let lifetime = Duration::from_millis(random.random_range(0..60));
        let (directory, address) = (bed.config.data_dir.clone(), bed.address.clone());
        let crashed = tokio::task::spawn_blocking(move || crash(&directory, &address, lifetime));
        let (committed, archived) = crashed.await.unwrap();
        let storage = bed.open().await;
        let all = whole(&storage, SERVER_CHAIN).await;
        let all = all.unwrap_or_else(|flaw| panic!("seed {SEED} round {round}: {flaw}"));
        assert!(
            all.len() as i64 >= committed,
            "seed {SEED} round {round}: {committed}"
        );
        let mut tx = storage.records().read().await.unwrap();
        let mut tenant = tx.workspace(SERVER_CHAIN).await.unwrap();
        let rows = tenant.audit_chain(0, 10_000).await.unwrap();
        drop(tx);
        // What was archived is not in the database, and what is there follows it.
        let first = rows.first().map_or(all.len() as i64 + 1, |row| row.seq);
        assert!(first > archived, "seed {SEED} round {round}: {first}, {archived}");
        let damage = doctor(&storage)
            .await
            .unwrap()
            .into_iter()
            .filter(Finding::is_damage);
        assert_eq!(damage.collect::<Vec<_>>(), [], "seed {SEED} round {round}");
        storage.close().await;
    }
}
