//! Many documents: each is opened, written once, acknowledged and left, one after another.
//!
//! Protocol A opens a socket per document, as its clients do; protocol B turns one socket from document to document.
//! Invariant: the next document begins only after this one is acknowledged; where a server acknowledges nothing, after
//! it answered a later question on the same socket (then the edit is in memory at least).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::cli::{Common, ManyDocuments};
use crate::connection::{Connection, ConnectionError};
use crate::measure::histogram::Latencies;
use crate::problems::Problems;
use crate::replica::Replica;
use crate::report::Outcome;
use crate::role::client_id;
use crate::scenario::{Round, Scenario};
use crate::target::{Acknowledgement, Target};
use crate::verify::load;
use crate::wire::{Inbound, Protocol, pong};
use crate::writer::Writer;

/// Documents that a fresh client reads at the end.
const SAMPLED_DOCUMENTS: usize = 50;
/// How long one acknowledgement may take.
const ACK_TIMEOUT: Duration = Duration::from_secs(30);

impl Scenario for ManyDocuments {
    const NAME: &'static str = "many-documents";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.clients + 1
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let work = Arc::new(Work {
            target: round.target.clone(),
            tag: round.tag.clone(),
            text: text_of(self.bytes),
            documents: self.documents,
            next: AtomicUsize::new(0),
            latencies: Latencies::default(),
        });
        let before_kib = round.usage().map(|usage| usage.resident_kib);
        round.progress.phase("writing", 0);
        let opened = round.open();
        let tasks = TaskTracker::new();
        let clients: Vec<_> = (0..self.clients)
            .map(|_| {
                let work = Arc::clone(&work);
                tasks.spawn(async move { work.run().await })
            })
            .collect();
        for client in clients {
            match client.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => outcome.problems.push(format!("writing: {error}")),
                Err(error) => outcome
                    .problems
                    .push(format!("a client ended abnormally: {error}")),
            }
        }
        let window = opened.close();
        let documents = self.documents as f64;
        outcome.gain("documents per second", documents / window.wall_s);
        outcome.as_headline();
        outcome.cost("CPU ms per document", window.cpu_ms_per(documents));
        let names = [
            "acknowledged",
            "acknowledged ms p50",
            "acknowledged ms p95",
            "acknowledged ms p99",
        ];
        outcome.latencies(names, work.latencies.recorded());
        outcome.tell("peak resident MiB", window.peak_mib());
        outcome.tell("load generator CPU %", window.own_cpu_percent());
        round
            .progress
            .wait("resting", Duration::from_secs(self.rest))
            .await;
        let after_kib = round.usage().map(|usage| usage.resident_kib);
        let held_kib = after_kib
            .zip(before_kib)
            .map(|(after, before)| (after - before) / documents);
        outcome.cost("KiB still resident per document", held_kib);
        outcome.problems.extend(work.check().await);
        outcome
    }
}

/// What the clients work off together.
#[derive(Debug)]
struct Work {
    target: Target,
    tag: String,
    text: String,
    documents: usize,
    next: AtomicUsize,
    latencies: Latencies,
}

impl Work {
    async fn run(&self) -> Result<(), ConnectionError> {
        let mut kept: Option<Connection> = None;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.documents {
                return Ok(());
            }
            let document = self.name(index);
            let mut connection = match kept.take() {
                Some(mut connection) => {
                    connection.turn_to(&document).await?;
                    connection
                }
                None => Connection::open(&self.target, &document).await?,
            };
            let (_, unacknowledged) = connection.synced().await?;
            self.write(&mut connection, index, unacknowledged).await?;
            match self.target.protocol {
                Protocol::YWebsocket => connection.close().await,
                Protocol::Hocuspocus => kept = Some(connection),
            }
        }
    }

    async fn write(
        &self,
        connection: &mut Connection,
        index: usize,
        unacknowledged: u32,
    ) -> Result<(), ConnectionError> {
        let update = Writer::new(client_id(index)).append(self.text.as_bytes());
        let start = tokio::time::Instant::now();
        let frame = connection.wire().update(&update);
        connection.send(frame).await?;
        match self.target.acknowledgement {
            Acknowledgement::SyncStatus => {}
            Acknowledgement::Version => {
                let question = connection.wire().version(1);
                connection.send(question).await?;
            }
            Acknowledgement::None => {
                let question = connection.wire().step1();
                connection.send(question).await?;
            }
        }
        let wait = self.acknowledged(connection, unacknowledged);
        timeout(ACK_TIMEOUT, wait)
            .await
            .map_err(|_| ConnectionError::Timeout)??;
        self.latencies.record_duration(start.elapsed());
        Ok(())
    }

    /// Waits for the acknowledgement of the edit, which comes after those of `earlier` other messages.
    async fn acknowledged(&self, connection: &mut Connection, earlier: u32) -> Result<(), ConnectionError> {
        let mut earlier = earlier;
        loop {
            let frame = connection.next().await?;
            match (connection.wire().read(&frame), self.target.acknowledgement) {
                (Some(Inbound::Status(true)), Acknowledgement::SyncStatus) if earlier > 0 => earlier -= 1,
                (Some(Inbound::Status(true)), Acknowledgement::SyncStatus)
                | (Some(Inbound::Version(_)), Acknowledgement::Version)
                | (Some(Inbound::Step2(_)), Acknowledgement::None) => return Ok(()),
                (Some(Inbound::Status(false)), _) => return Err(ConnectionError::Refused),
                (Some(Inbound::Step1), _) => {
                    let nothing = connection.wire().step2(&[0, 0]);
                    connection.send(nothing).await?;
                    earlier += 1;
                }
                (Some(Inbound::Ping), _) => connection.send(pong()).await?,
                _ => {}
            }
        }
    }

    /// A fresh client reads a sample of the documents, the first and the last among them.
    async fn check(&self) -> Vec<String> {
        let mut problems = Problems::default();
        let step = (self.documents / SAMPLED_DOCUMENTS).max(1);
        let last = self.documents.saturating_sub(1);
        for index in (0..last).step_by(step).chain([last]) {
            let document = self.name(index);
            let problem = match load(&self.target, &document).await {
                Err(error) => Some(error.to_string()),
                Ok(state) => match Replica::from_updates(state) {
                    Err(error) => Some(error.to_string()),
                    Ok(replica) if replica.text() != self.text => Some("not what was written".to_owned()),
                    Ok(_) => None,
                },
            };
            if let Some(problem) = problem {
                problems.note("content", &format!("{document}: {problem}"));
            }
        }
        problems.into_list()
    }

    fn name(&self, index: usize) -> String {
        format!("{}-{index}", self.tag)
    }
}

/// Text of `bytes` bytes that does not compress to nothing.
fn text_of(bytes: usize) -> String {
    (0..bytes)
        .map(|index| char::from(b'a' + (index * index % 26) as u8))
        .collect()
}
