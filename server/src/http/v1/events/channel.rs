//! The feed on the channel of an open document: as stateless messages of Hocuspocus, for whoever has a document open
//! anyway and wants no second socket.
//!
//! Invariant: a message that begins with [`RESERVED`] is between one client and the server. None of a client's is ever
//! passed on, so that what begins so comes from the server alone. What is told is what [`Reader`] tells: in order, without
//! gaps, as far as the one behind the connection may see it; at most one part of it waits for the client.

use std::sync::Arc;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;
use weft_storage::WorkspaceId;

use super::feed::{Feed, Who};
use super::list::Asked;
use super::reader::{Ended, Part, Reader};
use super::shapes::EventView;
use crate::access::Identity;
use crate::http::Problem;
use crate::http::rest::{Commas, Line};

/// What messages begin with that are meant for the server, or come from it; JSON follows. No JSON begins so.
const RESERVED: &str = "weft:";
/// The longest message that the server reads, in bytes.
const MAX_BYTES: usize = 4_096;

const INVALID: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "INVALID_MESSAGE",
    "after `weft:` comes a JSON object that the server knows",
);
const SUBSCRIBED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "ALREADY_SUBSCRIBED",
    "events are told here already: unsubscribe first",
);
const NOT_SUBSCRIBED: Problem =
    Problem::new(StatusCode::CONFLICT, "NOT_SUBSCRIBED", "no events are told here");
const TOO_SLOW: Problem = Problem::new(
    StatusCode::REQUEST_TIMEOUT,
    "TOO_SLOW",
    "nothing was taken for a minute: subscribe again behind `last_sequence`",
);

/// What a client says to the server.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(crate) enum Said {
    /// Tell me events.
    #[serde(rename = "events.subscribe")]
    Subscribe(Wanted),
    /// No more of them.
    #[serde(rename = "events.unsubscribe")]
    Unsubscribe {},
}

/// Which events somebody wants to be told: as the parameters of `GET /v1/events/stream`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    after: Option<i64>,
    types: Option<Commas<Line<64>>>,
    project_id: Option<Uuid>,
    document_id: Option<Uuid>,
    task_id: Option<Uuid>,
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type")]
enum Tells<'a> {
    /// What follows comes behind this place.
    #[serde(rename = "events.subscribed")]
    Subscribed { last_sequence: i64 },
    #[serde(rename = "event")]
    Event { event: EventView },
    /// Nothing happened for a while; up to there everything was told.
    #[serde(rename = "events.place")]
    Place { last_sequence: i64 },
    #[serde(rename = "events.unsubscribed")]
    Unsubscribed,
    /// A message was refused. If events were told, they still are.
    #[serde(rename = "events.error")]
    Error { code: &'a str, message: &'a str },
    /// No more events are told; up to there everything was.
    #[serde(rename = "events.ended")]
    Ended {
        code: &'a str,
        message: &'a str,
        last_sequence: i64,
    },
}

impl Tells<'_> {
    fn payload(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{RESERVED}{json}")
    }
}

/// What a stateless message says to the server; `None` if it is one of the application's.
pub(crate) fn said(payload: &str) -> Option<Result<Said, Problem>> {
    let json = payload.strip_prefix(RESERVED)?;
    if json.len() > MAX_BYTES {
        return Some(Err(INVALID));
    }
    Some(serde_json::from_str(json).map_err(|_| INVALID))
}

/// The message that says why one was refused.
pub(crate) fn refused(problem: &Problem) -> String {
    let (code, message) = (problem.code, problem.message);
    Tells::Error { code, message }.payload()
}

/// Where a client of a document is told events, if it wants to be. They end with it.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    /// Who is behind it; closed on the other side when nothing more is told.
    told: Option<watch::Sender<Arc<Identity>>>,
}

impl Channel {
    /// Begins to tell `who` what they want of what happens in `workspace`: whatever drives the [`Following`] does.
    ///
    /// # Errors
    /// The answer if it is told already.
    pub(crate) fn subscribe(
        &mut self,
        feed: &Feed,
        who: Arc<Identity>,
        workspace: WorkspaceId,
        wanted: Wanted,
    ) -> Result<Following, String> {
        if self.is_told() {
            return Err(refused(&SUBSCRIBED));
        }
        let (told, who) = watch::channel(who);
        self.told = Some(told);
        Ok(Following {
            feed: feed.clone(),
            who,
            stage: Stage::Asks(workspace, wanted),
        })
    }

    /// Ends it; the answer.
    pub(crate) fn unsubscribe(&mut self) -> String {
        let was_told = self.is_told();
        self.told = None;
        if was_told {
            Tells::Unsubscribed.payload()
        } else {
            refused(&NOT_SUBSCRIBED)
        }
    }

    /// Another credential was shown, or the old one has become something else.
    pub(crate) fn become_of(&self, who: &Arc<Identity>) {
        if let Some(told) = &self.told {
            told.send_replace(Arc::clone(who));
        }
    }

    fn is_told(&self) -> bool {
        self.told.as_ref().is_some_and(|told| !told.is_closed())
    }
}

/// What is still to be told on a [`Channel`].
pub(crate) struct Following {
    feed: Feed,
    who: watch::Receiver<Arc<Identity>>,
    stage: Stage,
}

enum Stage {
    Asks(WorkspaceId, Wanted),
    Reads(Box<Reader>),
}

/// What comes next on a channel.
#[derive(Default)]
pub(crate) struct Told {
    /// Messages, in their order.
    pub(crate) payloads: Vec<String>,
    /// What follows once they were written; nothing if that was all.
    pub(crate) rest: Option<Following>,
}

impl Following {
    /// Waits for the next part. Nothing comes of a channel that was closed meanwhile.
    pub(crate) async fn next(self) -> Told {
        let mut who = self.who.clone();
        let closed = async { while who.changed().await.is_ok() {} };
        tokio::select! {
            biased;
            () = closed => Told::default(),
            told = self.advance() => told,
        }
    }

    async fn advance(self) -> Told {
        let Self { feed, who, stage } = self;
        let mut reader = match stage {
            Stage::Reads(reader) => reader,
            Stage::Asks(workspace, wanted) => {
                return match open(&feed, who.clone(), workspace, wanted).await {
                    Ok(reader) => {
                        let last_sequence = reader.place();
                        let begun = Tells::Subscribed { last_sequence };
                        goes_on(vec![begun.payload()], feed, who, Box::new(reader))
                    }
                    Err(problem) => ends(refused(&problem)),
                };
            }
        };
        match reader.next().await {
            Ok(Part::Events(events)) => {
                let tell = |event| Tells::Event {
                    event: EventView::from(event),
                };
                let payloads = events.iter().map(|event| tell(event).payload()).collect();
                goes_on(payloads, feed, who, reader)
            }
            Ok(Part::Quiet(last_sequence)) => {
                let payloads = vec![Tells::Place { last_sequence }.payload()];
                goes_on(payloads, feed, who, reader)
            }
            // The socket says so.
            Err(Ended::Stopping) => Told::default(),
            Err(Ended::Slow) => ends(ended(&TOO_SLOW, reader.place())),
            Err(Ended::Refused(problem)) => ends(ended(&problem, reader.place())),
        }
    }
}

/// The reader that a client asks for.
///
/// # Errors
/// As `GET /v1/events`; 403 for whoever has no account behind them.
async fn open(
    feed: &Feed,
    who: watch::Receiver<Arc<Identity>>,
    workspace: WorkspaceId,
    wanted: Wanted,
) -> Result<Reader, Problem> {
    let who = Who::Is(who);
    let caller = who.now(feed).await?;
    Reader::open(feed.clone(), (caller, who), wanted.into_asked(workspace)).await
}

fn goes_on(
    payloads: Vec<String>,
    feed: Feed,
    who: watch::Receiver<Arc<Identity>>,
    reader: Box<Reader>,
) -> Told {
    let stage = Stage::Reads(reader);
    Told {
        payloads,
        rest: Some(Following { feed, who, stage }),
    }
}

fn ends(payload: String) -> Told {
    Told {
        payloads: vec![payload],
        rest: None,
    }
}

fn ended(problem: &Problem, last_sequence: i64) -> String {
    let (code, message) = (problem.code, problem.message);
    let ended = Tells::Ended {
        code,
        message,
        last_sequence,
    };
    ended.payload()
}

impl Wanted {
    /// As the parameters of a stream, and behind which place it begins.
    pub(super) fn into_asked(self, workspace: WorkspaceId) -> (Asked, Option<i64>) {
        let asked = Asked {
            workspace: Some(workspace.0),
            types: self.types,
            project: self.project_id,
            document: self.document_id,
            task: self.task_id,
        };
        (asked, self.after)
    }
}

impl std::fmt::Debug for Following {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Following").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_so_is_meant_for_the_server() {
        for theirs in [
            "",
            "hello",
            "{\"type\":\"events.subscribe\"}",
            " weft:{}",
            "Weft:{}",
            "weft",
            "\u{feff}weft:{}",
        ] {
            assert!(said(theirs).is_none(), "{theirs}");
        }
        let subscribes = |json: &str| matches!(said(&format!("weft:{json}")), Some(Ok(Said::Subscribe(_))));
        assert!(subscribes(r#"{"type":"events.subscribe"}"#));
        assert!(subscribes(
            r#" {"after":0,"types":["task.moved"],"document_id":null,"type":"events.subscribe"}"#
        ));
        let unsubscribe = r#"weft:{"type":"events.unsubscribe"}"#;
        assert!(matches!(said(unsubscribe), Some(Ok(Said::Unsubscribe {}))));
    }

    #[test]
    fn what_the_server_does_not_know_is_refused() {
        let long = format!(r#"{{"type":"events.subscribe"{}}}"#, " ".repeat(MAX_BYTES));
        let deep = format!(r#"{{"type":"events.subscribe","after":{}}}"#, "[".repeat(4_000));
        for json in [
            "",
            "{}",
            "[]",
            "null",
            "events.subscribe",
            r#"{"type":"events.publish"}"#,
            r#"{"type":"events.subscribe","after":"0"}"#,
            r#"{"type":"events.subscribe","after":1.5}"#,
            r#"{"type":"events.subscribe","after":1e400}"#,
            r#"{"type":"events.subscribe","after":9223372036854775808}"#,
            r#"{"type":"events.subscribe","types":"task.moved"}"#,
            r#"{"type":"events.subscribe","project_id":"x"}"#,
            r#"{"type":"events.subscribe","workspace_id":"0193e5a0-0000-7000-8000-00000000000a"}"#,
            r#"{"type":"events.subscribe","type":"events.unsubscribe"}"#,
            r#"{"type":"events.unsubscribe","after":1}"#,
            r#"{"type":"events.subscribe"}}"#,
            &long,
            &deep,
        ] {
            let refusal = said(&format!("{RESERVED}{json}"));
            assert!(
                matches!(refusal, Some(Err(problem)) if problem == INVALID),
                "{json}"
            );
        }
    }
}
