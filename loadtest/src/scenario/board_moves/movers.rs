//! Movers: each has cards of its own and moves one after another, at a steady pace.
//!
//! Invariant: a move is entered for the witnesses before it is asked for, so that none can be seen too early; a mover
//! asks for its next move only when the one before was answered, however late it is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Method;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::world::{Task, World};
use crate::measure::histogram::Latencies;
use crate::rest::client::{Client, Content};
use crate::rest::{Person, RestError};

/// How long the last moves may take to be seen.
const SEEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Moves that a witness has not seen yet: by card, the column and when it was asked for.
type Open = HashMap<String, (String, Instant)>;

/// What movers and witnesses share.
#[derive(Debug)]
pub(super) struct Moves {
    /// From asking until the answer, which comes when the move is durable.
    pub(super) answered: Latencies,
    /// From asking until a witness showed it.
    pub(super) seen: Latencies,
    done: AtomicU64,
    ends: AtomicBool,
    /// One for each witness. A std mutex: held for a look, never over an await.
    open: Vec<Mutex<Open>>,
}

impl Moves {
    pub(super) fn new(witnesses: usize) -> Self {
        Self {
            answered: Latencies::default(),
            seen: Latencies::default(),
            done: AtomicU64::new(0),
            ends: AtomicBool::new(false),
            open: (0..witnesses).map(|_| Mutex::default()).collect(),
        }
    }

    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn clear(&self) {
        self.answered.clear();
        self.seen.clear();
    }

    /// Tells the movers to stop.
    pub(super) fn end(&self) {
        self.ends.store(true, Ordering::Relaxed);
    }

    /// Takes out and times what a witness sees, where `column_of` tells where a card is now.
    pub(super) fn look(&self, witness: usize, column_of: impl Fn(&str) -> Option<String>) {
        let now = Instant::now();
        let mut open = self.open[witness].lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|card, (column, asked)| {
            let is_there = column_of(card).as_deref() == Some(column.as_str());
            if is_there {
                self.seen.record_duration(now - *asked);
            }
            !is_there
        });
    }

    pub(super) fn unseen(&self) -> usize {
        let open = self.open.iter();
        open.map(|open| open.lock().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }

    /// Waits for the last moves to be seen, for a while.
    pub(super) async fn wait_until_seen(&self) {
        let deadline = Instant::now() + SEEN_TIMEOUT;
        while self.unseen() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn enter(&self, card: &str, column: &str) {
        let now = Instant::now();
        for open in &self.open {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            open.insert(card.to_owned(), (column.to_owned(), now));
        }
    }
}

/// One of them.
#[derive(Debug)]
pub(super) struct Mover {
    client: Client,
    own: Vec<Task>,
    columns: Vec<String>,
    period: Duration,
    random: StdRng,
}

impl Mover {
    pub(super) async fn new(
        person: &Person,
        world: &World,
        own: Vec<Task>,
        (rate, seed): (f64, u64),
    ) -> Result<Self, RestError> {
        Ok(Self {
            client: person.client().await?,
            own,
            columns: world.columns.clone(),
            period: Duration::from_secs_f64(1.0 / rate.max(0.001)),
            random: StdRng::seed_from_u64(seed),
        })
    }

    /// Moves until told to end; where its cards are then, and why it ended early.
    pub(super) async fn run(mut self, moves: Arc<Moves>) -> (HashMap<String, String>, Option<RestError>) {
        let mut due = Instant::now() + self.period.mul_f64(self.random.random());
        while !moves.ends.load(Ordering::Relaxed) && !self.own.is_empty() {
            sleep_until(due).await;
            due += self.period;
            if let Err(error) = self.move_one(&moves).await {
                return (self.placed(), Some(error));
            }
        }
        (self.placed(), None)
    }

    async fn move_one(&mut self, moves: &Moves) -> Result<(), RestError> {
        let index = self.random.random_range(0..self.own.len());
        let pos = if self.random.random() { "top" } else { "bottom" };
        let task = &mut self.own[index];
        let others: Vec<_> = self
            .columns
            .iter()
            .filter(|column| **column != task.column)
            .collect();
        let column = others[self.random.random_range(0..others.len())].clone();
        moves.enter(&task.card, &column);
        let start = Instant::now();
        let path = format!("/v1/tasks/{}:move", task.id);
        let wanted = Content::Json(json!({ "column_id": column, "pos": pos }));
        self.client.ask(Method::POST, &path, wanted).await?;
        moves.answered.record_duration(start.elapsed());
        moves.done.fetch_add(1, Ordering::Relaxed);
        task.column = column;
        Ok(())
    }

    fn placed(&self) -> HashMap<String, String> {
        let place = |task: &Task| (task.card.clone(), task.column.clone());
        self.own.iter().map(place).collect()
    }
}
