//! Reconnect storm: everybody's connection breaks, an edit is made meanwhile in each document, and all return at once
//! with what they already have.
//!
//! Invariant: a client has returned when it was sent what it lacks; each must have got the edit that it missed. The
//! break is one without goodbye.

use crate::cli::{Common, ReconnectStorm};
use crate::connection::{Coming, Connection, ConnectionError};
use crate::marker::{MARKER_LEN, Marker, scan};
use crate::problems::Problems;
use crate::replica::Replica;
use crate::report::Outcome;
use crate::role::client_id;
use crate::scenario::storm::{Arrived, Bystanders, Comer, storm};
use crate::scenario::{Round, Scenario};
use crate::verify::load;
use crate::writer::Writer;
use bytes::Bytes;

/// Text in one update of a document.
const UPDATE_BYTES: usize = 1 << 10;

impl Scenario for ReconnectStorm {
    const NAME: &'static str = "reconnect-storm";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        2 * self.clients + self.documents + 8
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

/// A document and who keeps it open.
struct Kept {
    name: String,
    writer: Writer,
    host: Connection,
    text: Vec<u8>,
}

impl ReconnectStorm {
    async fn measure(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let mut documents = self.write_documents(round).await?;
        let comers: Vec<_> = (0..self.clients)
            .map(|index| Comer {
                document: documents[index % documents.len()].name.clone(),
                coming: Coming::default(),
            })
            .collect();
        round.progress.phase("everybody joins", 0);
        let first = storm(round.target, comers.clone()).await;
        let mut problems = Problems::default();
        let mut connected = Vec::with_capacity(first.arrivals.len());
        for arrival in first.arrivals {
            match arrival {
                Ok((connection, _)) => connected.push(connection),
                Err(error) => problems.note("joining", &error.to_string()),
            }
        }
        let bystanders = Bystanders::begin(round).await;
        round.progress.wait("resting", round.warm_up).await;
        round.progress.phase("everybody returns", 0);
        bystanders.clear();
        let opened = round.open();
        // Without a closing handshake, as when a network breaks.
        drop(connected);
        let missed = self.edit_meanwhile(&mut documents).await?;
        let returning = comers.into_iter().enumerate().map(|(index, mut comer)| {
            let held = self.bytes.next_multiple_of(UPDATE_BYTES) as u64;
            if !self.empty_handed {
                comer.coming.held = vec![(client_id(index % self.documents), held)];
            }
            comer
        });
        let storm = storm(round.target, returning.collect()).await;
        outcome.cost("all synced again, s", storm.all_s);
        outcome.as_headline();
        let window = opened.close();
        let names = [
            "returning",
            "returning ms p50",
            "returning ms p95",
            "returning ms p99",
        ];
        outcome.latencies(names, storm.latencies.clone());
        outcome.cost("CPU s", window.cpu_s);
        outcome.cost(
            "memory above the start, MiB, at the peak",
            window.peak_growth_mib(),
        );
        outcome.tell("MB to clients", window.traffic.bytes_in as f64 / 1e6);
        outcome.tell("load generator CPU %", window.own_cpu_percent());
        bystanders.tell(round, outcome).await;
        round.progress.phase("verifying", 0);
        self.verify(
            round,
            storm.arrivals,
            (documents, missed.as_slice()),
            &mut problems,
        )
        .await?;
        outcome.problems.extend(problems.into_list());
        Ok(())
    }

    /// Everybody has got what it missed, and every document is whole.
    async fn verify(
        &self,
        round: &Round<'_>,
        arrivals: Vec<Result<Arrived, ConnectionError>>,
        (documents, missed): (Vec<Kept>, &[Marker]),
        problems: &mut Problems,
    ) -> anyhow::Result<()> {
        for (index, arrival) in arrivals.into_iter().enumerate() {
            let wanted = missed[index % self.documents];
            match arrival {
                Ok((_, state)) if has(&state, wanted) => {}
                Ok(_) => problems.note("an edit that was missed did not come", &format!("client {index}")),
                Err(error) => problems.note("returning", &error.to_string()),
            }
        }
        for document in documents {
            let state = load(round.target, &document.name).await?;
            if Replica::from_updates(state)?.text().as_bytes() != document.text {
                problems.note("content", &document.name);
            }
            document.host.close().await;
        }
        Ok(())
    }

    async fn write_documents(&self, round: &Round<'_>) -> anyhow::Result<Vec<Kept>> {
        round
            .progress
            .phase("writing the documents", self.documents as u64);
        let mut documents = Vec::with_capacity(self.documents);
        for index in 0..self.documents {
            let name = format!("{}-{index}", round.tag);
            let mut writer = Writer::new(client_id(index));
            let text = vec![b'a' + (index % 26) as u8; UPDATE_BYTES];
            let pieces = self.bytes.div_ceil(UPDATE_BYTES);
            let updates: Vec<_> = (0..pieces).map(|_| writer.append(&text)).collect();
            let mut host = Connection::open(round.target, &name).await?;
            let (_, earlier) = host.synced().await?;
            host.pour_edits(&updates, earlier).await?;
            documents.push(Kept {
                name,
                writer,
                host,
                text: text.repeat(pieces),
            });
            round.progress.step();
        }
        Ok(documents)
    }

    /// One edit in each document, acknowledged; what each says.
    async fn edit_meanwhile(&self, documents: &mut [Kept]) -> anyhow::Result<Vec<Marker>> {
        let mut missed = Vec::with_capacity(documents.len());
        for (index, document) in documents.iter_mut().enumerate() {
            let marker = Marker {
                writer: (index % usize::from(u16::MAX)) as u16,
                sequence: 0,
                sent_us: 0,
            };
            let text: [u8; MARKER_LEN] = marker.encode();
            document.text.extend_from_slice(&text);
            let edit = document.writer.append(&text);
            document.host.pour_edits(&[edit], 0).await?;
            missed.push(marker);
        }
        Ok(missed)
    }
}

/// Whether an edit is among what a client was sent.
fn has(state: &[Bytes], wanted: Marker) -> bool {
    state
        .iter()
        .flat_map(|update| scan(update))
        .any(|marker| marker == wanted)
}
