//! Documents of a soak: names that clients may open, and requests that go on beside them.
//!
//! On a Weft that is no playground they are documents of a project, made over REST, and clients show a token; elsewhere
//! any name will do.
//! Invariant: a token is renewed long before it ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::rest::client::Content;
use crate::rest::{Client, Person, Project, RestError};
use crate::scenario::Round;
use crate::target::Target;

/// How long a token is used.
const TOKEN_AGE: Duration = Duration::from_secs(240);
/// Between two requests of the one who asks all the time.
const PAUSE: Duration = Duration::from_millis(50);

/// Where names come from.
#[derive(Debug)]
pub(super) struct Documents {
    target: Target,
    tag: String,
    next: AtomicU64,
    account: Option<Account>,
}

#[derive(Debug)]
struct Account {
    project: Project,
    /// A tokio mutex: logging in again is awaited under it, so that only one does.
    person: Mutex<(Person, Instant)>,
    token: std::sync::Mutex<String>,
}

impl Documents {
    /// Those of a round's server.
    pub(super) async fn open(round: &Round<'_>) -> anyhow::Result<Self> {
        let account = match &round.server {
            Some(server) if round.target.is_weft => {
                let person = Person::first(server, round.target.address).await?;
                let project = person.project("Soak").await?;
                Some(Account {
                    project,
                    token: std::sync::Mutex::new(person.token.clone()),
                    person: Mutex::new((person, Instant::now())),
                })
            }
            _ => None,
        };
        Ok(Self {
            target: round.target.clone(),
            tag: round.tag.clone(),
            next: AtomicU64::new(0),
            account,
        })
    }

    /// The server as a client that may open these documents sees it.
    pub(super) fn target(&self) -> Target {
        let mut target = self.target.clone();
        target.token = self.account.as_ref().map(Account::token);
        target
    }

    /// A document that nobody has opened yet.
    pub(super) async fn fresh(&self) -> Result<String, RestError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(account) = &self.account else {
            return Ok(format!("{}-soak-{number}", self.tag));
        };
        let mut client = account.client().await?;
        let path = format!("/v1/projects/{}/documents", account.project.id);
        let title = Content::Json(json!({ "title": format!("Document {number}") }));
        client.ask(Method::POST, &path, title).await?.text("id")
    }

    /// Makes, reads, lists and deletes documents over REST until told to stop.
    ///
    /// Returns how many requests were answered, and why it ended early.
    pub(super) async fn keep_asking(
        self: std::sync::Arc<Self>,
        stop: CancellationToken,
    ) -> (f64, Option<String>) {
        let mut answered = 0.0;
        let Some(account) = &self.account else {
            return (answered, None);
        };
        while !stop.is_cancelled() {
            match self.ask_once(account).await {
                Ok(requests) => answered += requests,
                Err(error) => return (answered, Some(error.to_string())),
            }
            sleep(PAUSE).await;
        }
        (answered, None)
    }

    async fn ask_once(&self, account: &Account) -> Result<f64, RestError> {
        let id = self.fresh().await?;
        let mut client = account.client().await?;
        let path = format!("/v1/documents/{id}");
        let content = format!("{path}/content");
        let text = Content::Markdown("Something that is read again.".to_owned());
        client.ask_if(Method::PUT, &content, text, Some("*")).await?;
        let read = format!("{content}?format=markdown");
        let read = client.ask(Method::GET, &read, Content::Nothing).await?;
        if !read.body.starts_with(b"Something that is read again.") {
            return Err(RestError::Lacks("what was written a moment ago"));
        }
        let list = format!("/v1/projects/{}/documents?limit=25", account.project.id);
        client.ask(Method::GET, &list, Content::Nothing).await?;
        client
            .ask_if(Method::DELETE, &path, Content::Nothing, Some("*"))
            .await?;
        Ok(5.0)
    }
}

impl Account {
    fn token(&self) -> String {
        self.token
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// A connection with a token that is good for minutes.
    async fn client(&self) -> Result<Client, RestError> {
        let mut person = self.person.lock().await;
        if person.1.elapsed() > TOKEN_AGE {
            person.0.log_in().await?;
            person.1 = Instant::now();
            person.0.token.clone_into(
                &mut self
                    .token
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
            );
        }
        person.0.client().await
    }
}
