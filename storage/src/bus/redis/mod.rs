//! The bus over Redis pub/sub: a channel for each document that is open somewhere, and one for the nodes themselves.
//!
//! One task owns the connection. It publishes what waits in the queue, keeps the subscriptions to what is listened to,
//! and says every second that the node is there; hearing that itself is how it knows that the connection works, also
//! when Redis takes bytes and answers nothing. When the connection is lost it is made anew, with growing pauses that
//! differ between nodes, and whoever listens is told of the gap.
//!
//! On a cluster channels are sharded (Redis 7), so that a message goes to the nodes of one shard alone.

mod ears;
mod link;
mod url;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::{PushInfo, PushKind, RedisResult, Value};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::ears::Ears;
use self::link::Link;
pub use self::url::{InvalidRedisUrl, RedisUrl};
use super::signal::encode;
use super::{Bus, BusStats, Ear, NodeId, Notice, NoticeEar, Signal, Topic};

/// How often a node says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A node that has not heard itself for this long has lost its connection.
const DEAF: Duration = Duration::from_secs(4);
/// Messages that may wait for the connection.
const QUEUE: usize = 8_192;
/// Messages that are published at once.
const BATCH: usize = 512;
/// Channels that are subscribed to at once.
const SUBSCRIBE_AT_ONCE: usize = 256;
/// The first and the longest pause between two tries to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));
/// How long stopping may take.
const FAREWELL: Duration = Duration::from_secs(2);

enum Command {
    Publish(String, Vec<u8>),
    /// Somebody wants to hear something new.
    Listen,
    Forget(String),
}

/// The bus over Redis.
pub struct RedisBus {
    node: NodeId,
    prefix: String,
    commands: mpsc::Sender<Command>,
    ears: Arc<Ears>,
    counts: Arc<Counts>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    dropped: AtomicU64,
    reconnects: AtomicU64,
}

impl RedisBus {
    /// Connects in the background and goes on trying. Channels begin with `prefix`, so that installations can share a
    /// server; `node` is a number that no other node has.
    pub fn start(url: RedisUrl, prefix: &str, node: NodeId) -> Self {
        let (commands, queue) = mpsc::channel(QUEUE);
        let nodes_channel = format!("{prefix}:nodes");
        let ears = Arc::new(Ears::new(node, nodes_channel.clone()));
        let (counts, stop, tasks) = (Arc::default(), CancellationToken::new(), TaskTracker::new());
        let speaker = Speaker {
            url,
            node,
            nodes_channel,
            queue,
            ears: Arc::clone(&ears),
            counts: Arc::clone(&counts),
            stop: stop.clone(),
        };
        tasks.spawn(speaker.run());
        Self {
            node,
            prefix: prefix.to_owned(),
            commands,
            ears,
            counts,
            stop,
            tasks,
        }
    }

    fn channel(&self, topic: &Topic) -> String {
        format!("{}:d:{}:{}", self.prefix, topic.workspace, topic.name)
    }

    fn send(&self, channel: String, message: Option<Vec<u8>>) {
        let sent =
            message.is_some_and(|message| self.commands.try_send(Command::Publish(channel, message)).is_ok());
        if !sent {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for RedisBus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisBus")
            .field("node", &self.node)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Bus for RedisBus {
    fn is_shared(&self) -> bool {
        true
    }

    fn say(&self, topic: &Topic, signal: Signal) {
        self.send(self.channel(topic), encode(self.node, signal));
    }

    fn announce(&self, notice: Notice) {
        self.send(format!("{}:nodes", self.prefix), encode(self.node, notice));
    }

    fn listen(&self, topic: &Topic, ear: Arc<dyn Ear>) {
        self.ears.listen(self.channel(topic), ear);
        // If the queue is full, the next heartbeat finds what is missing.
        let _ = self.commands.try_send(Command::Listen);
    }

    fn forget(&self, topic: &Topic, ear: &Arc<dyn Ear>) {
        let channel = self.channel(topic);
        self.ears.forget(&channel, ear);
        // What is still subscribed to and heard by nobody costs a little until the connection is made anew.
        let _ = self.commands.try_send(Command::Forget(channel));
    }

    fn attend(&self, ear: Arc<dyn NoticeEar>) {
        self.ears.attend(ear);
    }

    fn stats(&self) -> BusStats {
        let (heard_itself, nodes, heard) = self.ears.heard();
        BusStats {
            is_connected: heard_itself.is_some_and(|at| at.elapsed() < DEAF),
            nodes,
            sent: self.counts.sent.load(Ordering::Relaxed),
            heard,
            dropped: self.counts.dropped.load(Ordering::Relaxed),
            reconnects: self.counts.reconnects.load(Ordering::Relaxed),
        }
    }

    async fn close(&self) {
        self.announce(Notice::Leaving);
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The task that owns the connection.
struct Speaker {
    url: RedisUrl,
    node: NodeId,
    nodes_channel: String,
    queue: mpsc::Receiver<Command>,
    ears: Arc<Ears>,
    counts: Arc<Counts>,
    stop: CancellationToken,
}

/// Why a connection was given up.
enum Ended {
    Stopped,
    Failed,
}

impl Speaker {
    async fn run(mut self) {
        let mut pause = PAUSES.0;
        while !self.stop.is_cancelled() {
            if let Ok(link) = self.open().await {
                tracing::info!("connected to redis");
                let began = Instant::now();
                if matches!(self.serve(link).await, Ended::Stopped) {
                    return;
                }
                tracing::warn!(
                    "the connection to redis is lost; nodes hear of each other through the log alone"
                );
                if began.elapsed() > PAUSES.1 {
                    pause = PAUSES.0;
                }
            }
            self.ears.disconnected();
            self.ears.check_nodes();
            self.counts.reconnects.fetch_add(1, Ordering::Relaxed);
            self.discard();
            // Not all nodes at the same instant.
            let jittered = pause.mul_f64(0.5 + 0.5 * f64::from(self.node.0.rotate_left(17) as u8) / 255.0);
            tokio::select! {
                () = sleep(jittered) => {}
                () = self.stop.cancelled() => {}
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn open(&self) -> RedisResult<Link> {
        let ears = Arc::clone(&self.ears);
        let mut link = Link::open(&self.url, move |push: PushInfo| -> Result<(), ()> {
            pushed(&ears, &push);
            Ok(())
        })
        .await
        .inspect_err(|error| tracing::debug!(%error, "redis cannot be reached"))?;
        link.subscribe(std::slice::from_ref(&self.nodes_channel)).await?;
        Ok(link)
    }

    async fn serve(&mut self, mut link: Link) -> Ended {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut commands = Vec::new();
        let began = Instant::now();
        loop {
            let done = tokio::select! {
                biased;
                _ = heartbeat.tick() => self.beat(&mut link, began).await,
                received = self.queue.recv_many(&mut commands, BATCH) => {
                    if received == 0 {
                        return Ended::Stopped;
                    }
                    self.carry_out(&mut link, commands.drain(..)).await
                }
                () = self.stop.cancelled() => {
                    self.say_goodbye(&mut link).await;
                    return Ended::Stopped;
                }
            };
            if let Err(error) = done {
                tracing::debug!(%error, "redis has failed");
                return Ended::Failed;
            }
        }
    }

    /// Says that this node is there, and looks whether it hears itself.
    async fn beat(&self, link: &mut Link, began: Instant) -> RedisResult<()> {
        self.ears.check_nodes();
        let (heard_itself, _, _) = self.ears.heard();
        if heard_itself.unwrap_or(began).elapsed() > DEAF {
            return Err((redis::ErrorKind::Io, "nothing is heard").into());
        }
        self.subscribe(link).await?;
        let alive = encode(self.node, Notice::Alive).unwrap_or_default();
        link.publish(&[(self.nodes_channel.clone(), alive)]).await
    }

    async fn carry_out(&self, link: &mut Link, commands: impl Iterator<Item = Command>) -> RedisResult<()> {
        let (mut messages, mut wants_more, mut forgotten) = (Vec::new(), false, Vec::new());
        for command in commands {
            match command {
                Command::Publish(channel, message) => messages.push((channel, message)),
                Command::Listen => wants_more = true,
                Command::Forget(channel) => forgotten.push(channel),
            }
        }
        if wants_more {
            self.subscribe(link).await?;
        }
        if !messages.is_empty() {
            link.publish(&messages).await?;
            self.counts
                .sent
                .fetch_add(messages.len() as u64, Ordering::Relaxed);
        }
        for channel in forgotten {
            // It may have been opened again meanwhile.
            if !self.ears.wants(&channel) {
                link.unsubscribe(&channel).await?;
            }
        }
        Ok(())
    }

    async fn subscribe(&self, link: &mut Link) -> RedisResult<()> {
        loop {
            let missing = self.ears.missing(SUBSCRIBE_AT_ONCE);
            if missing.is_empty() {
                return Ok(());
            }
            link.subscribe(&missing).await?;
            for channel in &missing {
                self.ears.subscribed(channel);
            }
        }
    }

    async fn say_goodbye(&mut self, link: &mut Link) {
        let mut commands = Vec::new();
        while let Ok(command) = self.queue.try_recv() {
            commands.push(command);
        }
        let farewell = self.carry_out(link, commands.into_iter());
        if !matches!(timeout(FAREWELL, farewell).await, Ok(Ok(()))) {
            tracing::debug!("redis did not take the farewell");
        }
    }

    /// What was to be said while nobody could hear it is of no use later.
    fn discard(&mut self) {
        let mut dropped = 0;
        while let Ok(command) = self.queue.try_recv() {
            dropped += u64::from(matches!(command, Command::Publish(..)));
        }
        self.counts.dropped.fetch_add(dropped, Ordering::Relaxed);
    }
}

/// What Redis says by itself.
fn pushed(ears: &Ears, push: &PushInfo) {
    match (&push.kind, push.data.as_slice()) {
        (
            PushKind::Message | PushKind::SMessage,
            [Value::BulkString(channel), Value::BulkString(payload)],
        ) => {
            ears.message(channel, payload);
        }
        (PushKind::Disconnection, _) => ears.disconnected(),
        _ => {}
    }
}
