//! What those who follow events on a node share, and who somebody is that follows them.
//!
//! Invariant: nobody is believed to be still who they were. Whatever they showed, and however long ago, who they are is
//! looked up for every part that they are told.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use tokio::sync::watch;
use weft_storage::records::Records;

use super::stream::Streams;
use crate::access::{Identities, Identity, Subject};
use crate::http::Problem;
use crate::http::rest::Line;
use crate::http::v1::caller::{Caller, bearer};

/// A token for a document opens that document, whoever bears it, and not what happens around it.
const NO_ACCOUNT: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "ACCOUNT_REQUIRED",
    "a token for documents is not for the events of a workspace",
);

/// Where events are read from, for whom, and how many may follow them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    records: Records,
    identities: Arc<Identities>,
    streams: Streams,
}

impl Feed {
    /// The events of `records`, for those whom `identities` knows, as many as `streams` has places for.
    pub(crate) fn new(records: Records, identities: Arc<Identities>, streams: Streams) -> Self {
        Self {
            records,
            identities,
            streams,
        }
    }

    pub(super) fn records(&self) -> &Records {
        &self.records
    }

    /// The places of those who follow.
    pub(in crate::http::v1) fn streams(&self) -> &Streams {
        &self.streams
    }
}

/// Who follows events.
pub(super) enum Who {
    /// Whoever this credential shows.
    Shows(Option<String>),
    /// Somebody who was found out before: by a ticket, or at the door of a document, where they may show another
    /// credential later.
    Is(watch::Receiver<Arc<Identity>>),
}

impl Who {
    /// Who asks: by the credential in the headers, or else by a ticket, which is used up.
    ///
    /// # Errors
    /// 401 if the ticket is not good, 503 if that cannot be found out.
    pub(super) async fn of(
        feed: &Feed,
        caller: Caller,
        headers: &HeaderMap,
        ticket: Option<&Line<64>>,
    ) -> Result<(Caller, Self), Problem> {
        if let (Subject::Nobody, Some(ticket)) = (&caller.0.subject, ticket) {
            let identity = feed.identities.by_event_ticket(ticket).await;
            let caller = Caller::of(identity)?;
            // Nobody takes their place: it stays as it is when this end is dropped.
            let (_, is) = watch::channel(Arc::clone(&caller.0));
            return Ok((caller, Self::Is(is)));
        }
        let credential = headers.get(header::AUTHORIZATION);
        let credential = credential.and_then(|value| value.to_str().ok().and_then(bearer));
        Ok((caller, Self::Shows(credential.map(str::to_owned))))
    }

    /// Who that is at this moment.
    ///
    /// # Errors
    /// 401 if what they showed counts no more, 403 if it stands for nobody, 503 if that cannot be found out.
    pub(super) async fn now(&self, feed: &Feed) -> Result<Caller, Problem> {
        match self {
            Self::Shows(credential) => Caller::of(feed.identities.identify(credential.as_deref()).await),
            Self::Is(identity) => {
                let identity = Arc::clone(&identity.borrow());
                if !stands_for_somebody(&identity) {
                    return Err(NO_ACCOUNT);
                }
                Caller::of(feed.identities.recall(&identity).await)
            }
        }
    }
}

/// Whether there is an account or a client behind it, and not only a token, a link or a name of an application's.
fn stands_for_somebody(identity: &Identity) -> bool {
    identity.bearer.is_none() && matches!(identity.subject, Subject::User(_) | Subject::Client(_))
}
