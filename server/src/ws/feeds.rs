//! Events that the clients of a connection are told on the channels of its documents.
//!
//! Invariant: a part is read only after everything of the part before was written, whichever channel it is for. So a
//! client that takes nothing costs one part at most, and holds up nobody but itself.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use weft_protocol::hocuspocus;

use super::Gateway;
use super::membership::{Membership, Post};
use crate::http::Problem;
use crate::http::v1::channel::{Following, Said, Told, refused};

/// Events that are still to be told to the client of a document.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The document as the client names it on this connection.
    name: Arc<str>,
    following: Following,
}

/// Hears what the client of `membership`, a document that it calls `name`, says to the server.
pub(super) fn hear(
    gateway: &Gateway,
    membership: &mut Membership,
    name: &Arc<str>,
    said: Result<Said, Problem>,
    post: &mut Post,
) {
    let answer = match said {
        Ok(Said::Subscribe(wanted)) => match membership.subscribe(&gateway.feed, wanted) {
            Ok(following) => {
                post.subscriptions.push_back(Subscription {
                    name: Arc::clone(name),
                    following,
                });
                return;
            }
            Err(refusal) => refusal,
        },
        Ok(Said::Unsubscribe {}) => membership.unsubscribe(),
        Err(problem) => refused(&problem),
    };
    post.to_client.push_back(hocuspocus::stateless(name, &answer));
}

type Pending = FuturesUnordered<Pin<Box<dyn Future<Output = (Arc<str>, Told)> + Send>>>;

/// What is being waited for on the channels of one connection; most have none.
#[derive(Default)]
pub(super) struct Feeds(Option<Pending>);

impl Feeds {
    /// Waits for what `subscription` is told next, too.
    pub(super) fn follow(&mut self, subscription: Subscription) {
        let Subscription { name, following } = subscription;
        let next = async { (name, following.next().await) };
        self.0.get_or_insert_default().push(Box::pin(next));
    }

    /// Whether anything is told.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for the next part, as frames to be written before this is asked again. Safe to drop half-way.
    pub(super) async fn next(&mut self) -> Option<Vec<Bytes>> {
        let pending = self.0.as_mut()?;
        let told = pending.next().await;
        if pending.is_empty() {
            self.0 = None;
        }
        let (name, Told { payloads, rest }) = told?;
        let frames = payloads
            .iter()
            .map(|payload| hocuspocus::stateless(&name, payload));
        let frames = frames.collect();
        if let Some(following) = rest {
            self.follow(Subscription { name, following });
        }
        Some(frames)
    }
}
