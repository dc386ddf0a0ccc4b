//! Questions to the gatekeeper that a connection waits for while it goes on with everything else.
//!
//! Invariant: a connection has at most one question under way for each of its documents, and no frame of a document
//! passes an open question about it.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use weft_protocol::id::DocumentName;

use super::Gateway;
use crate::access::{Grant, Moment, Refusal};

/// May the bearer of this open that?
#[derive(Debug)]
pub(super) struct Question {
    /// The document as the client names it on this connection.
    pub(super) name: Arc<str>,
    /// Tells this question from earlier ones about the same document.
    pub(super) attempt: u64,
    /// The document.
    pub(super) document: DocumentName,
    /// What was shown.
    pub(super) credential: Option<Box<str>>,
}

/// The answer to a [`Question`].
#[derive(Debug)]
pub(super) struct Answer {
    /// As asked.
    pub(super) name: Arc<str>,
    /// As asked.
    pub(super) attempt: u64,
    /// As asked.
    pub(super) document: DocumentName,
    /// The decision.
    pub(super) outcome: Result<Admitted, Refusal>,
}

/// A grant, and when its decision began.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    pub(super) grant: Arc<Grant>,
    pub(super) decided: Moment,
}

impl Gateway {
    /// May the bearer of `credential` open `document`?
    ///
    /// # Errors
    /// [`Refusal`] says why not, at the latest when the time for it is over.
    pub(super) async fn admit(
        &self,
        credential: Option<&str>,
        document: &DocumentName,
    ) -> Result<Admitted, Refusal> {
        let decided = self.registry.moment();
        let grant = self.gatekeeper.admit(credential, document).await?;
        Ok(Admitted {
            grant: Arc::new(grant),
            decided,
        })
    }
}

type Pending = FuturesUnordered<Pin<Box<dyn Future<Output = Answer> + Send>>>;

/// The questions of one connection that are under way; most have none for most of their life.
#[derive(Default)]
pub(super) struct Admissions(Option<Pending>);

impl Admissions {
    /// Asks.
    pub(super) fn ask(&mut self, gateway: &Arc<Gateway>, question: Question) {
        let gateway = Arc::clone(gateway);
        let answer = async move {
            let outcome = gateway
                .admit(question.credential.as_deref(), &question.document)
                .await;
            Answer {
                name: question.name,
                attempt: question.attempt,
                document: question.document,
                outcome,
            }
        };
        self.0.get_or_insert_default().push(Box::pin(answer));
    }

    /// Whether a question is under way.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for the next answer. Safe to drop half-way.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        let pending = self.0.as_mut()?;
        let answer = pending.next().await;
        if pending.is_empty() {
            self.0 = None;
        }
        answer
    }
}
