//! `kill -9` in the middle of appends and compactions loses nothing that was acknowledged.
//!
//! The test runs itself as a child process that appends, compacts and prints what was acknowledged; the parent kills
//! it, opens the same data and compares. `WEFT_CRASH_ROUNDS` sets the number of rounds.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio_util::task::TaskTracker;
use weft_storage::clock::SystemClock;
use weft_storage::{Finding, Seq, Storage, doctor};

use crate::support::{Bed, Editor, append, load, new_id, text_of};

const DIRECTORY: &str = "WEFT_CRASH_DIRECTORY";
const DATABASE: &str = "WEFT_CRASH_DATABASE";
const ROUND: &str = "WEFT_CRASH_ROUND";
const WRITERS: u64 = 6;

fn setting(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.into_string().unwrap())
}

/// Appends words to one document for ever (or `limit` times) and prints each acknowledged one.
async fn write_words(storage: Arc<Storage>, writer: u64, round: u64, limit: u64) {
    let name = format!("document {writer}");
    let stored = load(&storage, &name).await.unwrap();
    let client_id = round * WRITERS + writer + 1;
    let (id, mut head, editor) = match &stored {
        Some(stored) => (stored.id, stored.head, Editor::from_stored(client_id, stored)),
        None => (new_id(), Seq::ZERO, Editor::new(client_id)),
    };
    for count in 0..limit {
        let word = format!("[{round}.{writer}.{count}]");
        head = storage
            .log()
            .append(append(id, &name, head, &[editor.write(&word)]))
            .await
            .unwrap();
        // One write call per line: a kill leaves whole lines, or one torn line at the end.
        let _ = std::io::stdout().write_all(format!("\nacked {name}|{head}|{word}|\n").as_bytes());
        if count % 16 == writer {
            storage.log().compact(id).await.unwrap();
        }
        if count % 64 == 63 {
            storage.sweep_blobs(Duration::ZERO).await.unwrap();
        }
    }
}

/// The child's part. Without a directory it is a test of the writer itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_of_the_crash_test_writes_what_it_says() {
    let Some(directory) = setting(DIRECTORY) else {
        let bed = Bed::sqlite().await.unwrap();
        let storage = Arc::new(bed.open().await);
        write_words(Arc::clone(&storage), 1, 0, 20).await;
        let stored = load(&storage, "document 1").await.unwrap().unwrap();
        assert!(text_of(&stored).ends_with("[0.1.18][0.1.19]"));
        return storage.close().await;
    };
    let round = setting(ROUND).unwrap().parse().unwrap();
    let config = Bed::config_of(Path::new(&directory), &setting(DATABASE).unwrap());
    let storage = Arc::new(Storage::open(&config, Arc::new(SystemClock)).await.unwrap());
    let tasks = TaskTracker::new();
    for writer in 0..WRITERS {
        tasks.spawn(write_words(Arc::clone(&storage), writer, round, u64::MAX));
    }
    tasks.close();
    tasks.wait().await;
}

/// Runs the child until it is killed, and returns what it has acknowledged: document, seq, word.
fn crash(directory: &Path, address: &str, round: u64, lifetime: Duration) -> Vec<(String, Seq, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::the_writer_of_the_crash_test_writes_what_it_says",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .env(DATABASE, address)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The clock of its life starts with its first acknowledgement, so that every round crashes at work.
    let first = lines
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.starts_with("acked "));
    let reader = std::thread::spawn(move || lines.map(Result::unwrap).collect::<Vec<_>>());
    std::thread::sleep(lifetime);
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = first.into_iter().chain(reader.join().unwrap());
    let parse = |line: String| {
        let mut fields = line.strip_prefix("acked ")?.split('|').map(str::to_owned);
        let (name, seq, word) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?);
        // A line that was cut off has no last separator.
        fields.next().map(|_| (name, Seq(seq), word))
    };
    lines.filter_map(parse).collect()
}

pub(crate) async fn acknowledged_updates_survive_kill(bed: Bed) {
    const SEED: u64 = 2026;
    let rounds = setting("WEFT_CRASH_ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    let mut random = StdRng::seed_from_u64(SEED);
    let mut acknowledged: HashMap<String, Vec<(Seq, String)>> = HashMap::new();
    for round in 0..rounds {
        let lifetime = Duration::from_millis(random.random_range(0..150));
        let (directory, address) = (bed.config.data_dir.clone(), bed.address.clone());
        let crashed = tokio::task::spawn_blocking(move || crash(&directory, &address, round, lifetime))
            .await
            .unwrap();
        assert!(
            !crashed.is_empty(),
            "seed {SEED} round {round}: the writer did nothing"
        );
        for (name, seq, word) in crashed {
            acknowledged.entry(name).or_default().push((seq, word));
        }
        let storage = bed.open().await;
        for (name, words) in &acknowledged {
            let stored = load(&storage, name).await.unwrap().unwrap();
            let text = text_of(&stored);
            for (seq, word) in words {
                assert!(
                    *seq <= stored.head,
                    "seed {SEED} round {round} {name}: {seq} is lost"
                );
                assert!(
                    text.contains(word),
                    "seed {SEED} round {round} {name}: {word} is lost"
                );
            }
        }
        let damage = doctor(&storage)
            .await
            .unwrap()
            .into_iter()
            .filter(Finding::is_damage);
        assert_eq!(damage.collect::<Vec<_>>(), [], "seed {SEED} round {round}");
        storage.close().await;
    }
    let count: usize = acknowledged.values().map(Vec::len).sum();
    assert!(
        count as u64 > rounds,
        "seed {SEED}: only {count} words in {rounds} rounds"
    );
    let _ = writeln!(
        std::io::stderr(),
        "{count} acknowledged words survived {rounds} kills"
    );
}
