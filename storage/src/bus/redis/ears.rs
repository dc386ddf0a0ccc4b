//! Who listens to what, and which nodes are there.
//!
//! Invariant: whatever may have been missed is followed by a [`Heard::Gap`] to whoever may have missed it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::super::signal::decode;
use super::super::{Ear, Heard, NodeId, Notice, NoticeEar, Signal};

/// A node that is silent for this long is gone. Nodes speak every [`HEARTBEAT`](super::HEARTBEAT).
const NODE_SILENCE: Duration = Duration::from_secs(5);

/// Everybody who listens on this node.
pub(super) struct Ears {
    own: NodeId,
    nodes_channel: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    topics: HashMap<String, Listener>,
    notices: Vec<Arc<dyn NoticeEar>>,
    /// When other nodes were last heard of.
    nodes: HashMap<NodeId, Instant>,
    /// When this node last heard itself.
    heard_itself: Option<Instant>,
    heard: u64,
}

struct Listener {
    ear: Arc<dyn Ear>,
    is_subscribed: bool,
}

impl Ears {
    pub(super) fn new(own: NodeId, nodes_channel: String) -> Self {
        Self {
            own,
            nodes_channel,
            state: Mutex::default(),
        }
    }

    pub(super) fn listen(&self, channel: String, ear: Arc<dyn Ear>) {
        let listener = Listener {
            ear,
            is_subscribed: false,
        };
        self.state().topics.insert(channel, listener);
    }

    /// Only `ear` itself is forgotten: a room may be opened again while the one before it is still going.
    pub(super) fn forget(&self, channel: &str, ear: &Arc<dyn Ear>) {
        let mut state = self.state();
        let is_own = |listener: &Listener| std::ptr::addr_eq(Arc::as_ptr(&listener.ear), Arc::as_ptr(ear));
        if state.topics.get(channel).is_some_and(is_own) {
            state.topics.remove(channel);
        }
    }

    pub(super) fn attend(&self, ear: Arc<dyn NoticeEar>) {
        self.state().notices.push(ear);
    }

    /// Whether somebody listens to the channel.
    pub(super) fn wants(&self, channel: &str) -> bool {
        self.state().topics.contains_key(channel)
    }

    /// Channels that somebody wants to hear and Redis does not know of, at most `limit`.
    pub(super) fn missing(&self, limit: usize) -> Vec<String> {
        let state = self.state();
        let missing = state
            .topics
            .iter()
            .filter(|(_, listener)| !listener.is_subscribed);
        missing.map(|(channel, _)| channel.clone()).take(limit).collect()
    }

    /// Redis does listen to this channel now: from here on nothing is missed.
    pub(super) fn subscribed(&self, channel: &str) {
        let ear = self.state().topics.get_mut(channel).map(|listener| {
            listener.is_subscribed = true;
            Arc::clone(&listener.ear)
        });
        if let Some(ear) = ear {
            ear.hear(Heard::Gap);
        }
    }

    /// The connection is gone, and every subscription with it.
    pub(super) fn disconnected(&self) {
        let mut state = self.state();
        state.heard_itself = None;
        for listener in state.topics.values_mut() {
            listener.is_subscribed = false;
        }
    }

    /// A message on a channel.
    pub(super) fn message(&self, channel: &[u8], payload: &[u8]) {
        if channel == self.nodes_channel.as_bytes() {
            if let Some((node, notice)) = decode(payload) {
                self.notice(node, notice);
            }
            return;
        }
        let Some((node, signal)) = decode::<Signal>(payload) else {
            return;
        };
        if node == self.own {
            return;
        }
        let Ok(channel) = std::str::from_utf8(channel) else {
            return;
        };
        let mut state = self.state();
        state.heard += 1;
        state.nodes.insert(node, Instant::now());
        let ear = state
            .topics
            .get(channel)
            .map(|listener| Arc::clone(&listener.ear));
        drop(state);
        if let Some(ear) = ear {
            ear.hear(Heard::Signal(node, signal));
        }
    }

    fn notice(&self, node: NodeId, notice: Notice) {
        let mut state = self.state();
        if node == self.own {
            state.heard_itself = Some(Instant::now());
            return;
        }
        state.heard += 1;
        if notice == Notice::Leaving {
            drop(state);
            self.gone(&[node]);
            return;
        }
        state.nodes.insert(node, Instant::now());
        let ears = state.notices.clone();
        drop(state);
        for ear in ears {
            ear.hear(notice);
        }
    }

    /// Finds out which nodes have fallen silent.
    pub(super) fn check_nodes(&self) {
        let now = Instant::now();
        let silent: Vec<NodeId> = self
            .state()
            .nodes
            .iter()
            .filter(|(_, heard)| now.duration_since(**heard) > NODE_SILENCE)
            .map(|(node, _)| *node)
            .collect();
        if !silent.is_empty() {
            self.gone(&silent);
        }
    }

    fn gone(&self, nodes: &[NodeId]) {
        let mut state = self.state();
        let gone: Vec<NodeId> = nodes
            .iter()
            .copied()
            .filter(|node| state.nodes.remove(node).is_some())
            .collect();
        let ears: Vec<_> = state
            .topics
            .values()
            .map(|listener| Arc::clone(&listener.ear))
            .collect();
        drop(state);
        for ear in ears {
            for node in &gone {
                ear.hear(Heard::NodeGone(*node));
            }
        }
    }

    /// When this node last heard itself, and how many others and messages it heard of.
    pub(super) fn heard(&self) -> (Option<Instant>, usize, u64) {
        let state = self.state();
        (state.heard_itself, state.nodes.len(), state.heard)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each entry is whole by itself, so a panic of another holder leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Ear for Counting {
        fn hear(&self, _heard: Heard) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_goes_late_does_not_deafen_who_came_after() {
        let ears = Ears::new(NodeId(1), "nodes".to_owned());
        let (first, second) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        let listen =
            |ear: &Arc<Counting>| ears.listen("document".to_owned(), Arc::clone(ear) as Arc<dyn Ear>);
        let forget = |ear: &Arc<Counting>| {
            let ear = Arc::clone(ear) as Arc<dyn Ear>;
            ears.forget("document", &ear);
        };
        listen(&first);
        listen(&second);
        forget(&first);
        assert!(ears.wants("document"));
        ears.subscribed("document");
        let heard = |ear: &Counting| ear.0.load(Ordering::Relaxed);
        assert_eq!((heard(&first), heard(&second)), (0, 1));
        forget(&second);
        assert!(!ears.wants("document"));
    }
}
