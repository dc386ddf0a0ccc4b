//! Webhooks: receivers on this machine hear of what is done over REST, first at a steady pace, then as much as the
//! server takes.
//!
//! Invariant: everything that was done must be heard of by every receiver, in deliveries whose signatures are right, and
//! first attempts must come in the order of the events, as far as the server promises it. A message that comes again is
//! no problem, one that never comes is. At the steady pace the time is from before the request until the first delivery.

mod burst;
mod order;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::TaskTracker;

use crate::cli::{Common, Webhooks};
use crate::measure::histogram::Latencies;
use crate::measure::window::Window;
use crate::report::Outcome;
use crate::rest::client::{Client, Content};
use crate::rest::receiver::Receiver;
use crate::rest::{Person, Project, RestError};
use crate::scenario::{Round, Scenario};

/// How long the last deliveries may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is waited for at the steady pace, and in the burst.
const STEADY: &str = "document.created";
const BURST: &str = "task.created";

impl Scenario for Webhooks {
    const NAME: &'static str = "webhooks";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.clients + self.endpoints * 8 + 8
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

impl Webhooks {
    async fn measure(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let server = round
            .server
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("it needs a fresh Weft that is started here (--start)"))?;
        let person = Person::first(server, round.target.address).await?;
        let project = person.project("Hooks").await?;
        let mut receivers = Vec::with_capacity(self.endpoints);
        for _ in 0..self.endpoints {
            receivers.push(register(&person, &project).await?);
        }
        self.steady(round, (&person, &project), &receivers, outcome)
            .await?;
        self.burst(round, (&person, &project), &receivers, outcome)
            .await?;
        for receiver in &receivers {
            let deliveries = receiver.deliveries();
            if deliveries.wrong > 0 {
                let problem = format!("{} deliveries had a wrong signature", deliveries.wrong);
                outcome.problems.push(problem);
            }
            let early = order::too_early(deliveries.told.iter().map(|told| told.sequence));
            if early > 0 {
                let problem = format!("{early} first attempts came before their turn");
                outcome.problems.push(problem);
            }
        }
        Ok(())
    }

    /// Documents at a steady pace: how long it takes until they are heard of.
    async fn steady(
        &self,
        round: &Round<'_>,
        (person, project): (&Person, &Project),
        receivers: &[Receiver],
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let (window, made) = self.make(round, person, project, outcome).await?;
        round.progress.phase("waiting for the last deliveries", 0);
        let deadline = Instant::now() + PATIENCE;
        let is_missing = |receiver: &Receiver| heard(receiver, &made).len() < made.len();
        while receivers.iter().any(is_missing) && Instant::now() < deadline {
            sleep(Duration::from_millis(50)).await;
        }
        let (latencies, mut attempts) = (Latencies::default(), 0);
        for receiver in receivers {
            let heard = heard(receiver, &made);
            for (document, at) in &heard {
                latencies.record_duration(*at - made[document]);
            }
            let missing = made.len() - heard.len();
            if missing > 0 {
                let problem = format!("{missing} of {} were never heard of", made.len());
                outcome.problems.push(problem);
            }
            attempts += receiver.deliveries().attempts;
        }
        let due = (made.len() * self.endpoints) as f64;
        outcome.tell("documents made per second", made.len() as f64 / window.wall_s);
        outcome.cost("CPU ms per delivery", window.cpu_ms_per(due));
        outcome.as_headline();
        let names = [
            "delivering",
            "delivered ms p50",
            "delivered ms p95",
            "delivered ms p99",
        ];
        outcome.latencies(names, latencies.recorded());
        outcome.cost("attempts per delivery", attempts as f64 / due.max(1.0));
        round.tell_window(outcome, &window);
        Ok(())
    }

    /// Makes documents for as long as the round says; what happened meanwhile, and when each was asked for.
    async fn make(
        &self,
        round: &Round<'_>,
        person: &Person,
        project: &Project,
        outcome: &mut Outcome,
    ) -> anyhow::Result<(Window, HashMap<String, Instant>)> {
        let ends = Arc::new(AtomicBool::new(false));
        let tasks = TaskTracker::new();
        let mut makers = Vec::new();
        for number in 0..self.clients {
            let maker = Maker {
                client: person.client().await?,
                path: format!("/v1/projects/{}/documents", project.id),
                period: Duration::from_secs_f64(self.clients as f64 / self.rate),
                offset: number as f64 / self.clients as f64,
                ends: Arc::clone(&ends),
            };
            makers.push(tasks.spawn(maker.run()));
        }
        let window = round.open().watch(round.measured, round.progress).await;
        ends.store(true, Ordering::Relaxed);
        let mut made = HashMap::new();
        for maker in makers {
            let (own, failure) = maker.await?;
            made.extend(own);
            if let Some(error) = failure {
                outcome.problems.push(format!("making documents: {error}"));
            }
        }
        Ok((window, made))
    }
}

/// A receiver whose endpoint the workspace knows.
async fn register(person: &Person, project: &Project) -> anyhow::Result<Receiver> {
    let receiver = Receiver::listen().await?;
    let mut client = person.client().await?;
    let endpoint = json!({
        "workspace_id": project.workspace,
        "url": format!("http://{}/", receiver.address),
        "event_types": [STEADY, BURST],
    });
    let made = client
        .ask(Method::POST, "/v1/webhooks/endpoints", Content::Json(endpoint))
        .await?;
    let secret = match made.text("secret") {
        Ok(secret) => secret,
        Err(_) => {
            let path = format!("/v1/webhooks/endpoints/{}/secret", made.text("id")?);
            let answer = client.ask(Method::GET, &path, Content::Nothing).await?;
            answer.text("secret").or_else(|_| answer.text("key"))?
        }
    };
    receiver.expect_secret(&secret)?;
    Ok(receiver)
}

/// When each of the documents was first heard of.
fn heard(receiver: &Receiver, made: &HashMap<String, Instant>) -> HashMap<String, Instant> {
    let deliveries = receiver.deliveries();
    let mut heard = HashMap::new();
    for told in deliveries.told.iter().filter(|told| told.kind == STEADY) {
        if let Some(document) = told.document.as_ref().filter(|id| made.contains_key(*id)) {
            heard.entry(document.clone()).or_insert(told.at);
        }
    }
    heard
}

struct Maker {
    client: Client,
    path: String,
    period: Duration,
    offset: f64,
    ends: Arc<AtomicBool>,
}

impl Maker {
    /// Makes documents at a steady pace; when each was asked for, and why it ended early.
    async fn run(mut self) -> (HashMap<String, Instant>, Option<RestError>) {
        let mut made = HashMap::new();
        let mut due = Instant::now() + self.period.mul_f64(self.offset);
        while !self.ends.load(Ordering::Relaxed) {
            sleep_until(due).await;
            due += self.period;
            let asked = Instant::now();
            let title = Content::Json(json!({ "title": format!("Document {}", made.len()) }));
            let answer = self.client.ask(Method::POST, &self.path, title).await;
            match answer.and_then(|answer| answer.text("id")) {
                Ok(id) => drop(made.insert(id, asked)),
                Err(error) => return (made, Some(error)),
            }
        }
        (made, None)
    }
}
