//! REST: an application's mix of requests over connections that stay open.
//!
//! Each worker goes round: make a document with content, read it, list, rename, replace the content, read that.
//! Invariant: at the end every document has the title and the text that it was given last, and the project lists as
//! many as were made. Writes are answered when they are durable, so a request's time holds that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hyper::Method;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::cli::{Common, Rest};
use crate::measure::histogram::{Latencies, Recorded};
use crate::problems::Problems;
use crate::report::Outcome;
use crate::rest::client::{Client, Content, RestError};
use crate::rest::{Person, Project};
use crate::scenario::{Round, Scenario};

/// Documents that are read again at the end.
const SAMPLED_DOCUMENTS: usize = 100;

impl Scenario for Rest {
    const NAME: &'static str = "rest";

    fn common(&self) -> &Common {
        &self.common
    }

    fn connections(&self) -> usize {
        self.clients + 4
    }

    async fn round(&self, round: &mut Round<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.measure(round, &mut outcome).await {
            outcome.problems.push(format!("{error:#}"));
        }
        outcome
    }
}

/// What all workers count together.
#[derive(Debug, Default)]
struct Counted {
    requests: AtomicU64,
    reads: Latencies,
    writes: Latencies,
    ends: AtomicBool,
}

/// A document and what it should say.
#[derive(Debug)]
struct Made {
    id: String,
    title: String,
    text: String,
}

impl Rest {
    async fn measure(&self, round: &mut Round<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let server = round
            .server
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("it needs a fresh Weft that is started here (--start)"))?;
        let person = Person::first(server, round.target.address).await?;
        let project = person.project("Load").await?;
        let counted = Arc::new(Counted::default());
        let tasks = TaskTracker::new();
        let mut workers = Vec::with_capacity(self.clients);
        for number in 0..self.clients {
            let worker = Worker {
                client: person.client().await?,
                project: project.clone(),
                counted: Arc::clone(&counted),
                number,
                made: Vec::new(),
            };
            workers.push(tasks.spawn(worker.run()));
        }
        round.progress.wait("warming up", round.warm_up).await;
        counted.reads.clear();
        counted.writes.clear();
        let before = counted.requests.load(Ordering::Relaxed);
        let window = round.open().watch(round.measured, round.progress).await;
        let requests = (counted.requests.load(Ordering::Relaxed) - before) as f64;
        let (reads, writes) = (counted.reads.recorded(), counted.writes.recorded());
        counted.ends.store(true, Ordering::Relaxed);
        let (mut made, mut problems) = (Vec::new(), Problems::default());
        for worker in workers {
            match worker.await? {
                (documents, None) => made.extend(documents),
                (documents, Some(error)) => {
                    made.extend(documents);
                    problems.note("requests", &error.to_string());
                }
            }
        }
        outcome.gain("requests per second", requests / window.wall_s);
        outcome.cost("CPU ms per request", window.cpu_ms_per(requests));
        outcome.as_headline();
        tell(outcome, reads, writes);
        round.tell_window(outcome, &window);
        round.progress.phase("verifying", 0);
        check(&mut person.client().await?, &project, &made, &mut problems).await?;
        outcome.problems.extend(problems.into_list());
        Ok(())
    }
}

fn tell(outcome: &mut Outcome, reads: Recorded, writes: Recorded) {
    outcome.latencies(
        ["reading", "reading ms p50", "reading ms p95", "reading ms p99"],
        reads,
    );
    outcome.latencies(
        ["writing", "writing ms p50", "writing ms p95", "writing ms p99"],
        writes,
    );
}

/// Everything made is there as it was left.
async fn check(
    client: &mut Client,
    project: &Project,
    made: &[Made],
    problems: &mut Problems,
) -> Result<(), RestError> {
    let path = format!("/v1/projects/{}/documents?limit=1&page=1", project.id);
    let listed = client.ask(Method::GET, &path, Content::Nothing).await?;
    let total = listed.json()["meta"]["total"].as_u64();
    if total != Some(made.len() as u64) {
        problems.note(
            "content",
            &format!("{total:?} documents are listed of {}", made.len()),
        );
    }
    let step = (made.len() / SAMPLED_DOCUMENTS).max(1);
    for document in made.iter().step_by(step) {
        let path = format!("/v1/documents/{}", document.id);
        let read = client.ask(Method::GET, &path, Content::Nothing).await?;
        let path = format!("{path}/content?format=markdown");
        let content = client.ask(Method::GET, &path, Content::Nothing).await?;
        let text = String::from_utf8_lossy(&content.body);
        if read.text("title")? != document.title || text.trim() != document.text {
            problems.note(
                "content",
                &format!("document {} is not as it was left", document.id),
            );
        }
    }
    Ok(())
}

struct Worker {
    client: Client,
    project: Project,
    counted: Arc<Counted>,
    number: usize,
    made: Vec<Made>,
}

impl Worker {
    /// Goes round until told to end; what was made, and why it ended early.
    async fn run(mut self) -> (Vec<Made>, Option<RestError>) {
        while !self.counted.ends.load(Ordering::Relaxed) {
            if let Err(error) = self.go_round().await {
                return (self.made, Some(error));
            }
        }
        (self.made, None)
    }

    async fn go_round(&mut self) -> Result<(), RestError> {
        let number = self.made.len();
        let title = format!("Document {number} of worker {}", self.number);
        let text = format!("What worker {} wrote first into document {number}.", self.number);
        let documents = format!("/v1/projects/{}/documents", self.project.id);
        let new = json!({ "title": title, "content": text, "format": "markdown" });
        let made = self
            .write(Method::POST, &documents, Content::Json(new), None)
            .await?;
        let id = made.text("id")?;
        self.made.push(Made {
            id: id.clone(),
            title,
            text,
        });
        let path = format!("/v1/documents/{id}");
        self.read(&path).await?;
        self.read(&format!("{documents}?limit=25")).await?;
        let title = format!("Renamed {number} by {}", self.number);
        let patch = Content::Patch(json!({ "title": title }));
        self.write(Method::PATCH, &path, patch, None).await?;
        let content = format!("{path}/content");
        let text = format!("What worker {} wrote then.", self.number);
        let replacement = Content::Markdown(text.clone());
        self.write(Method::PUT, &content, replacement, Some("*")).await?;
        if let Some(last) = self.made.last_mut() {
            (last.title, last.text) = (title, text);
        }
        self.read(&format!("{content}?format=markdown")).await?;
        Ok(())
    }

    async fn read(&mut self, path: &str) -> Result<(), RestError> {
        let start = Instant::now();
        self.client.ask(Method::GET, path, Content::Nothing).await?;
        self.counted.reads.record_duration(start.elapsed());
        self.counted.requests.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn write(
        &mut self,
        method: Method,
        path: &str,
        content: Content,
        if_match: Option<&str>,
    ) -> Result<crate::rest::Answer, RestError> {
        let start = Instant::now();
        let answer = self.client.ask_if(method, path, content, if_match).await?;
        self.counted.writes.record_duration(start.elapsed());
        self.counted.requests.fetch_add(1, Ordering::Relaxed);
        Ok(answer)
    }
}
