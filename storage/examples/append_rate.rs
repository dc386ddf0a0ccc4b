//! Measures durable appends: new documents per second with concurrent writers that each wait for their
//! acknowledgement, then appends to existing documents.
//!
//! `cargo run -p weft-storage --example append_rate -- [documents] [writers] [bytes] [directory or postgres://…]`

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use weft_protocol::id::DocumentName;
use weft_storage::clock::{Clock, SystemClock};
use weft_storage::{
    Append, Database, DocumentId, NewUpdate, Seq, Storage, StorageConfig, StorageError, WorkspaceId,
};

fn main() -> ExitCode {
    match run() {
        Ok(report) => {
            write_out(&report);
            ExitCode::SUCCESS
        }
        Err(error) => {
            write_out(&format!("failed: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn write_out(text: &str) {
    use std::io::Write;
    // Nobody to tell when even this fails.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn run() -> Result<String, Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<usize>());
    let (documents, writers, bytes) = (number(5000)?, number(32)?.max(1), number(2048)?);
    let directory = tempfile::tempdir()?;
    let temporary = directory.path().to_path_buf();
    let config = match arguments.next() {
        None => StorageConfig::new(temporary),
        Some(url) if url.starts_with("postgres") => {
            StorageConfig::with_database(temporary, Database::parse(&url)?)
        }
        Some(directory) => StorageConfig::new(directory),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(measure(&config, documents, writers, bytes))?)
}

async fn measure(
    config: &StorageConfig,
    documents: usize,
    writers: usize,
    bytes: usize,
) -> Result<String, StorageError> {
    let storage = Arc::new(Storage::open(config, Arc::new(SystemClock)).await?);
    let run = SystemClock.now_ms();
    let ids: Vec<DocumentId> = (0..documents)
        .map(|_| DocumentId::generate(&SystemClock))
        .collect();
    let ids = Arc::new(ids);
    let mut report = String::new();
    for round in 0..3_u64 {
        let before = storage.stats();
        let start = Instant::now();
        let tasks = TaskTracker::new();
        let mut workers = Vec::new();
        for writer in 0..writers {
            let (storage, ids) = (Arc::clone(&storage), Arc::clone(&ids));
            workers.push(tasks.spawn(async move {
                let update = NewUpdate::from(Bytes::from(vec![7; bytes]));
                let mut latencies = Vec::new();
                for index in (writer..ids.len()).step_by(writers) {
                    let name = format!("run {run} document {index}");
                    let Ok(name) = DocumentName::parse(&name) else {
                        continue;
                    };
                    let asked = Instant::now();
                    let append = Append {
                        document: ids[index],
                        workspace: WorkspaceId::DEFAULT,
                        name,
                        expected_head: Seq(round),
                        updates: vec![update.clone()],
                        projection: None,
                    };
                    storage.log().append(append).await?;
                    latencies.push(asked.elapsed());
                }
                Ok::<_, StorageError>(latencies)
            }));
        }
        let mut latencies = Vec::new();
        for worker in workers {
            latencies.extend(worker.await.unwrap_or(Err(StorageError::Closed))?);
        }
        let elapsed = start.elapsed().as_secs_f64();
        let commits = storage.stats().commits - before.commits;
        latencies.sort_unstable();
        let at = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).copied();
        let at = |share| at(share).unwrap_or(Duration::ZERO).as_secs_f64() * 1000.0;
        let kind = if round == 0 { "new documents" } else { "appends" };
        report += &format!(
            "{documents} {kind} of {bytes} bytes, {writers} writers: {:.0}/s, {:.1} per commit, \
             ms p50 {:.2} p99 {:.2} max {:.2}\n",
            documents as f64 / elapsed,
            documents as f64 / commits.max(1) as f64,
            at(0.5),
            at(0.99),
            at(0.9999),
        );
    }
    storage.close().await;
    Ok(report)
}
