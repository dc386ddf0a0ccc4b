//! What storms have in common: many clients that come at once, and a pair of bystanders who must not notice.
//!
//! Invariant: all clients set out at the same moment; a client has arrived when the server has sent it what it lacks.
//! The bystanders work in a document of their own.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Barrier;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::connection::{Coming, Connection, ConnectionError};
use crate::measure::histogram::{Latencies, Recorded};
use crate::member::Phase;
use crate::report::Outcome;
use crate::role::Rooms;
use crate::scenario::Round;
use crate::swarm::Swarm;
use crate::target::Target;

/// Somebody who comes.
#[derive(Clone, Debug)]
pub struct Comer {
    /// The document it wants.
    pub document: String,
    /// What it has of it.
    pub coming: Coming,
}

/// Somebody who arrived, and what the server sent.
pub type Arrived = (Connection, Vec<Bytes>);

/// How a storm went.
#[derive(Debug)]
pub struct Storm {
    /// For each comer, in the given order.
    pub arrivals: Vec<Result<Arrived, ConnectionError>>,
    /// From setting out until arriving.
    pub latencies: Recorded,
    /// Until the last one had arrived, in seconds.
    pub all_s: f64,
}

/// Lets all of them come at once.
pub async fn storm(target: &Target, comers: Vec<Comer>) -> Storm {
    let tasks = TaskTracker::new();
    let together = Arc::new(Barrier::new(comers.len() + 1));
    let latencies = Arc::new(Latencies::default());
    let states = Arc::new(States::default());
    let coming: Vec<_> = comers
        .into_iter()
        .map(|comer| {
            let (target, together) = (target.clone(), Arc::clone(&together));
            let (latencies, states) = (Arc::clone(&latencies), Arc::clone(&states));
            tasks.spawn(async move {
                together.wait().await;
                let start = Instant::now();
                let mut connection = Connection::open_as(&target, &comer.document, &comer.coming).await?;
                let (state, _) = connection.synced().await?;
                latencies.record_duration(start.elapsed());
                Ok::<Arrived, ConnectionError>((connection, states.keep(state)))
            })
        })
        .collect();
    together.wait().await;
    let start = Instant::now();
    let mut arrivals = Vec::with_capacity(coming.len());
    for comer in coming {
        arrivals.push(match comer.await {
            Ok(arrived) => arrived,
            Err(_) => Err(ConnectionError::Closed("the client ended abnormally".to_owned())),
        });
    }
    Storm {
        arrivals,
        latencies: latencies.recorded(),
        all_s: start.elapsed().as_secs_f64(),
    }
}

/// States that were sent, equal ones kept once: a storm over a large document would fill the memory.
#[derive(Debug, Default)]
struct States {
    /// A std mutex: held while bytes are compared, never over an await.
    distinct: Mutex<Vec<Bytes>>,
}

impl States {
    fn keep(&self, state: Vec<Bytes>) -> Vec<Bytes> {
        state.into_iter().map(|update| self.keep_one(update)).collect()
    }

    fn keep_one(&self, state: Bytes) -> Bytes {
        let mut distinct = self.distinct.lock().unwrap_or_else(PoisonError::into_inner);
        match distinct.iter().find(|known| **known == state) {
            Some(known) => known.clone(),
            None => {
                // A copy, so that the frame around it goes.
                let kept = Bytes::copy_from_slice(&state);
                distinct.push(kept.clone());
                kept
            }
        }
    }
}

/// A writer and a reader who work beside a storm.
#[derive(Debug)]
pub struct Bystanders {
    swarm: Swarm,
}

impl Bystanders {
    /// Lets them begin: 20 edits per second from the one to the other.
    pub async fn begin(round: &mut Round<'_>) -> Self {
        let pair = Rooms {
            rooms: 1,
            per_room: 2,
            writers: 1,
            rate: 20.0,
            padding: 0,
            presenters: 0,
            presence: 0.0,
            slow: 0,
        };
        let tag = format!("{}-bystanders", round.tag);
        let roles = pair.roles(round.target, &tag, &mut round.random);
        let swarm = Swarm::gather(round.target, roles, round.progress).await;
        swarm.enter(Phase::Work);
        Self { swarm }
    }

    /// Forgets the latencies so far.
    pub fn clear(&self) {
        self.swarm.counters().clear_latencies();
    }

    /// Tells how long their edits took since, and ends them with the check of their content.
    pub async fn tell(self, round: &Round<'_>, outcome: &mut Outcome) {
        // What was sent during the storm must have arrived to be counted.
        self.swarm.quiet(round.progress).await;
        let latencies = self.swarm.counters().latencies.recorded();
        outcome.cost("bystanders' latency ms p50", latencies.quantile_ms(0.5));
        outcome.cost("bystanders' latency ms at most", latencies.quantile_ms(1.0));
        let (_, problems) = self.swarm.finish(round.progress).await;
        outcome.problems.extend(problems);
    }
}
