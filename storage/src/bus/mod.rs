//! What nodes tell each other: what was appended, who is here, whose rights changed.
//!
//! The bus is a hint. Anything said over it may be lost, come late or come twice, and nothing may be wrong then but
//! slower: what counts is in the log. It is never waited for: to speak is to put into a bounded queue, and what finds it
//! full is dropped, and counted.
//!
//! A node hears about a document only while it listens to it, so that it does no work for documents it does not have.

mod local;
mod redis;
mod signal;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use weft_protocol::id::DocumentName;

pub use self::local::LocalBus;
pub use self::redis::{InvalidRedisUrl, RedisBus, RedisUrl};
pub use self::signal::{MAX_CARRIED_BYTES, Notice, Signal};
use crate::model::WorkspaceId;

/// A node, as others know it: a number that it draws when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u64);

/// A document that can be listened to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topic {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: DocumentName,
}

/// What is heard about a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Another node says something.
    Signal(NodeId, Signal),
    /// Something may have been missed: the bus was not listening until now. Whoever cares looks into the log, and asks
    /// who is here.
    Gap,
    /// A node has not been heard of for too long, or said that it stops: whoever was there is gone.
    NodeGone(NodeId),
}

/// Who listens. Called from the bus's own tasks: it must neither block nor call the bus.
pub trait Ear: Send + Sync + 'static {
    /// Something was heard.
    fn hear(&self, heard: Heard);
}

/// Who listens to what all nodes say about themselves.
pub trait NoticeEar: Send + Sync + 'static {
    /// Another node says something.
    fn hear(&self, notice: Notice);
}

/// The counters of a bus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BusStats {
    /// Whether what this node says is heard: it hears itself.
    pub is_connected: bool,
    /// How many other nodes are heard of.
    pub nodes: usize,
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that were heard from others.
    pub heard: u64,
    /// Messages that found the queue full or the connection gone.
    pub dropped: u64,
    /// How often the connection was made anew.
    pub reconnects: u64,
}

/// The way to the other nodes.
#[async_trait]
pub trait Bus: Send + Sync + fmt::Debug + 'static {
    /// Whether there can be other nodes at all.
    fn is_shared(&self) -> bool;

    /// Tells the nodes that have the document open.
    fn say(&self, topic: &Topic, signal: Signal);

    /// Tells all nodes.
    fn announce(&self, notice: Notice);

    /// Listens to a document until [`forget`](Self::forget). The first thing that is heard is a [`Heard::Gap`], once the
    /// bus does listen. One ear for each document: a second one takes the place of the first.
    fn listen(&self, topic: &Topic, ear: Arc<dyn Ear>);

    /// Has `ear` listen to a document no more. If another one has taken its place, that one goes on.
    fn forget(&self, topic: &Topic, ear: &Arc<dyn Ear>);

    /// Has `ear` hear every notice from now on.
    fn attend(&self, ear: Arc<dyn NoticeEar>);

    /// The counters.
    fn stats(&self) -> BusStats;

    /// Says good-bye and stops. Later calls do nothing.
    async fn close(&self);
}
