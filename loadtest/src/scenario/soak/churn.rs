//! A client that opens one document after another: looks whether all is as it left it, writes, leaves.
//!
//! Invariants: a churner has its documents for itself, so it knows exactly what must be in them. It keeps its pace however
//! quick the server is, because a server that gets more to do holds more, which would look like growth.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::documents::Documents;
use crate::connection::Connection;
use crate::marker::{Marker, scan};
use crate::replica::Replica;
use crate::role::client_id;
use crate::writer::Writer;

/// From one visit to the next.
const PACE: Duration = Duration::from_millis(200);
/// Documents that a churner returns to.
const KEPT: usize = 20;
/// Visits after which a document is left for good.
const VISITS: u32 = 10;
/// Edits in one visit, at most.
const EDITS: u32 = 4;
/// One visit of so many ends without a closing handshake.
const RUDE: u32 = 4;
/// After so many failures a churner gives up; the server is broken.
const MOST_PROBLEMS: usize = 10;

/// What a churner did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) visits: f64,
    pub(super) problems: Vec<String>,
}

/// A document and what must be in it.
#[derive(Debug)]
struct Own {
    name: String,
    writer: Writer,
    edits: u32,
    visits: u32,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Churner {
    documents: Arc<Documents>,
    number: usize,
    random: StdRng,
    own: Vec<Own>,
    made: usize,
}

impl Churner {
    pub(super) fn new(documents: Arc<Documents>, number: usize, seed: u64) -> Self {
        Self {
            documents,
            number,
            random: StdRng::seed_from_u64(seed.wrapping_add(number as u64)),
            own: Vec::new(),
            made: 0,
        }
    }

    /// Visits until told to stop.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Done {
        let mut done = Done::default();
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(pace.tick()).await.is_some() && done.problems.len() < MOST_PROBLEMS {
            if let Err(error) = self.visit().await {
                done.problems.push(format!("{error:#}"));
            }
            done.visits += 1.0;
        }
        done
    }

    async fn visit(&mut self) -> anyhow::Result<()> {
        if self.own.len() < KEPT {
            let client = client_id(self.number * 100_000 + self.made);
            self.own.push(Own {
                name: self.documents.fresh().await?,
                writer: Writer::new(client),
                edits: 0,
                visits: 0,
            });
            self.made += 1;
        }
        let index = self.random.random_range(0..self.own.len());
        let edits = self.random.random_range(1..=EDITS);
        let is_rude = self.random.random_range(0..RUDE) == 0;
        let own = &mut self.own[index];
        let mut connection = Connection::open(&self.documents.target(), &own.name).await?;
        let (state, earlier) = connection.synced().await?;
        let text = Replica::from_updates(state)?.text();
        let found: Vec<_> = scan(text.as_bytes()).map(|marker| marker.sequence).collect();
        anyhow::ensure!(
            found == (0..own.edits).collect::<Vec<_>>(),
            "{} holds {} of {} edits, or in another order",
            own.name,
            found.len(),
            own.edits
        );
        let updates: Vec<_> = (own.edits..own.edits + edits)
            .map(|sequence| {
                let marker = Marker {
                    writer: 0,
                    sequence,
                    sent_us: 0,
                };
                own.writer.append(&marker.encode())
            })
            .collect();
        own.edits += edits;
        own.visits += 1;
        connection.pour_edits(&updates, earlier).await?;
        let is_over = own.visits >= VISITS;
        if is_rude {
            drop(connection);
        } else {
            connection.close().await;
        }
        if is_over {
            self.own.swap_remove(index);
        }
        Ok(())
    }
}
