//! The burst: tasks are made in batches as quickly as the server takes them, and every receiver hears of each.
//!
//! Invariant: throughput is from the first request until the last receiver has heard of the last task; a delay is from
//! the moment that the event itself says until its first delivery, by the clock that server and load share.

use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use super::{BURST, PATIENCE};
use crate::cli::Webhooks;
use crate::measure::histogram::Latencies;
use crate::report::Outcome;
use crate::rest::client::Content;
use crate::rest::receiver::Receiver;
use crate::rest::{Person, Project, RestError};
use crate::scenario::Round;

/// How many tasks are made by one request.
const BATCH: usize = 100;

impl Webhooks {
    /// Makes `events` tasks and waits until all receivers have heard of them.
    pub(super) async fn burst(
        &self,
        round: &Round<'_>,
        (person, project): (&Person, &Project),
        receivers: &[Receiver],
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let (tasks, mut makers) = (TaskTracker::new(), Vec::new());
        for number in 0..self.clients {
            let share = (number..self.events).step_by(self.clients).count();
            let board = make_board(person, project).await?;
            let person = person.clone();
            makers.push((board, person, share));
        }
        round.progress.phase("burst", 0);
        let before = told(receivers);
        let window = round.open();
        let makers: Vec<_> = makers
            .into_iter()
            .map(|(board, person, share)| {
                tasks.spawn(async move { make_tasks(&person, &board, share).await })
            })
            .collect();
        for maker in makers {
            maker.await??;
        }
        let due = self.events * receivers.len();
        let (mut heard, mut deadline) = (0, Instant::now() + PATIENCE);
        // It takes as long as it takes, but something must come.
        while heard < due && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
            let come = told(receivers) - before;
            if come > heard {
                (heard, deadline) = (come, Instant::now() + PATIENCE);
            }
        }
        let window = window.close();
        let delays = Latencies::default();
        for receiver in receivers {
            let deliveries = receiver.deliveries();
            let mut count = 0;
            for told in deliveries.told.iter().filter(|told| told.kind == BURST) {
                delays.record_duration(told.after_event);
                count += 1;
            }
            if count != self.events {
                let problem = format!(
                    "a receiver heard of {count} of the {} tasks of the burst",
                    self.events
                );
                outcome.problems.push(problem);
            }
        }
        let due = due as f64;
        outcome.gain("deliveries per second in the burst", due / window.wall_s);
        outcome.cost("CPU ms per delivery in the burst", window.cpu_ms_per(due));
        let names = [
            "delivering the burst",
            "burst delivered ms p50",
            "burst delivered ms p95",
            "burst delivered ms p99",
        ];
        outcome.latencies(names, delays.recorded());
        outcome.tell("load generator CPU % in the burst", window.own_cpu_percent());
        Ok(())
    }
}

/// How many messages all of them have been told.
fn told(receivers: &[Receiver]) -> usize {
    let told = receivers.iter().map(|receiver| receiver.deliveries().told.len());
    told.sum()
}

async fn make_board(person: &Person, project: &Project) -> Result<String, RestError> {
    let path = format!("/v1/projects/{}/boards", project.id);
    let new = Content::Json(json!({ "title": "Burst" }));
    let mut client = person.client().await?;
    client.ask(Method::POST, &path, new).await?.text("id")
}

/// Makes `count` tasks on a board, batch by batch.
async fn make_tasks(person: &Person, board: &str, count: usize) -> Result<(), RestError> {
    let mut client = person.client().await?;
    let mut left = count;
    while left > 0 {
        let batch = left.min(BATCH);
        left -= batch;
        let operation =
            |number| json!({ "op": "create", "task": { "title": format!("Task {left}.{number}") } });
        let operations: Vec<_> = (0..batch).map(operation).collect();
        let body = Content::Json(json!({ "board_id": board, "operations": operations }));
        client.ask(Method::POST, "/v1/tasks:batch", body).await?;
    }
    Ok(())
}
