//! Join storm: many clients without anything open one large document at once, while a client has it open.
//!
//! Invariant: everybody must get exactly what was written. The states are compared while nothing is measured any more.

use std::collections::HashMap;

use anyhow::Context;
use bytes::Bytes;

use crate::cli::{Common, JoinStorm};
use crate::connection::{Coming, Connection};
use crate::problems::Problems;
use crate::replica::Replica;
use crate::report::Outcome;
use crate::role::client_id;
use crate::scenario::storm::{Bystanders, Comer, storm};
use crate::scenario::{Round, Scenario};
use crate::writer::Writer;

/// Text in one update of the document.
const UPDATE_BYTES: usize = 16 << 10;
/// Yjs clients who wrote it.
const WRITERS: usize = 8;

impl Scenario for JoinStorm {
    const NAME: &'static str = "join-storm";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.clients + 8
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

impl JoinStorm {
    async fn measure(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let document = format!("{}-large", round.tag);
        let updates = large(self.bytes);
        let expected = Replica::from_updates(&updates)?.text();
        round.progress.phase("writing the document", 0);
        let mut host = Connection::open(round.target, &document).await?;
        let (_, earlier) = host.synced().await?;
        host.pour_edits(&updates, earlier)
            .await
            .context("writing the document")?;
        let bystanders = Bystanders::begin(round).await;
        round.progress.wait("resting", round.warm_up).await;
        round.progress.phase("everybody joins", 0);
        let comer = Comer {
            document: document.clone(),
            coming: Coming::default(),
        };
        bystanders.clear();
        let opened = round.open();
        let storm = storm(round.target, vec![comer; self.clients]).await;
        let window = opened.close();
        outcome.cost("all have it, s", storm.all_s);
        outcome.as_headline();
        let names = ["joining", "joining ms p50", "joining ms p95", "joining ms p99"];
        outcome.latencies(names, storm.latencies.clone());
        outcome.cost("CPU s", window.cpu_s);
        outcome.cost(
            "memory above the start, MiB, at the peak",
            window.peak_growth_mib(),
        );
        outcome.gain(
            "MB per second to clients",
            window.traffic.bytes_in as f64 / window.wall_s / 1e6,
        );
        outcome.tell("load generator CPU %", window.own_cpu_percent());
        outcome.tell("text MiB", expected.len() as f64 / 1_048_576.0);
        bystanders.tell(round, outcome).await;
        round.progress.phase("verifying", 0);
        let mut problems = Problems::default();
        let mut states: HashMap<Vec<Bytes>, usize> = HashMap::new();
        for arrival in storm.arrivals {
            match arrival {
                // Equal states are kept once.
                Ok((_, state)) => *states.entry(state).or_default() += 1,
                Err(error) => problems.note("joining", &error.to_string()),
            }
        }
        for (state, clients) in states {
            if !is_text(&state, &expected) {
                problems.note("content", &format!("{clients} clients got something else"));
            }
        }
        outcome.problems.extend(problems.into_list());
        host.close().await;
        Ok(())
    }
}

fn is_text(state: &[Bytes], expected: &str) -> bool {
    Replica::from_updates(state).is_ok_and(|replica| replica.text() == expected)
}

/// Updates of several clients with `bytes` of text in all.
fn large(bytes: usize) -> Vec<Vec<u8>> {
    let mut writers: Vec<_> = (0..WRITERS).map(|index| Writer::new(client_id(index))).collect();
    let pieces = bytes.div_ceil(UPDATE_BYTES);
    let text = |piece: usize| -> Vec<u8> {
        (0..UPDATE_BYTES)
            .map(|index| b'a' + ((piece * 7 + index * index) % 26) as u8)
            .collect()
    };
    (0..pieces)
        .map(|piece| writers[piece % WRITERS].append(&text(piece)))
        .collect()
}
