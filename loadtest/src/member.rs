//! One member of a swarm: a client of one document that reads everything, and writes and shows presence if told to.
//!
//! Invariant: a member counts each edit of others once and never its own; it keeps reading until the end, so that a
//! slow server is seen as slow and not as the member's absence. It must never apply a CRDT while it runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::connection::{Connection, ConnectionError};
use crate::marker::{Marker, Tally, scan};
use crate::measure::histogram::Latencies;
use crate::target::Acknowledgement;
use crate::wire::{Inbound, pong};
use crate::writer::Writer;

/// What a whole swarm counts together.
#[derive(Debug)]
pub struct Counters {
    /// Zero of the time in markers.
    pub epoch: Instant,
    /// From sending an edit until a receiver had it.
    pub latencies: Latencies,
    /// From sending an edit until the server acknowledged it.
    pub ack_latencies: Latencies,
    /// How late the swarm itself was in sending: a loaded generator measures itself.
    pub lag: Latencies,
    /// Edits received by others than their writer, each counted once per receiver.
    pub edits_seen: AtomicU64,
    /// Frames of any kind received.
    pub frames: AtomicU64,
    /// Bytes received in frames.
    pub bytes: AtomicU64,
    /// Messages for which an acknowledgement is awaited.
    pub unacknowledged: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            latencies: Latencies::default(),
            ack_latencies: Latencies::default(),
            lag: Latencies::default(),
            edits_seen: AtomicU64::new(0),
            frames: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            unacknowledged: AtomicU64::new(0),
        }
    }
}

impl Counters {
    fn now_us(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// What the swarm is doing; every member follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Connecting; those who are in wait.
    Gather,
    /// Writing and showing presence.
    Work,
    /// Only reading, until everything has arrived.
    Quiet,
    /// Closing.
    End,
}

/// What one member does.
#[derive(Clone, Debug)]
pub struct Role {
    /// The document it opens.
    pub document: String,
    /// Its Yjs client id.
    pub client: u64,
    /// Its number among the swarm's writers, and the time between two edits; `None` only reads.
    pub writes: Option<(u16, Duration)>,
    /// The time between two presence messages.
    pub presence: Option<Duration>,
    /// The writers of its room: the number of the first, and how many.
    pub room_writers: (u16, usize),
    /// Whether it keeps all updates for the check at the end.
    pub replica: Sampled,
    /// A share (0 to 1) of each period to start with, so that members do not act in step.
    pub offset: f64,
    /// How the server acknowledges.
    pub acknowledgement: Acknowledgement,
}

/// Whether a member's updates are kept for the check at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// They are.
    Yes,
    /// They are only counted.
    No,
}

/// What a member has to say at the end.
#[derive(Debug)]
pub struct Account {
    /// The role it had.
    pub role: Role,
    /// Edits it sent.
    pub sent: u32,
    /// What it saw of the others.
    pub tally: Tally,
    /// Everything it sent and received, if it was sampled.
    pub updates: Vec<Bytes>,
    /// Frames it received.
    pub frames: u64,
    /// Why it ended early.
    pub failure: Option<ConnectionError>,
}

/// A message whose acknowledgement is awaited.
#[derive(Debug)]
enum Awaited {
    Step2,
    Edit { sent_us: u64 },
}

/// A connected member.
#[derive(Debug)]
pub struct Member {
    connection: Connection,
    counters: Arc<Counters>,
    writer: Writer,
    edit_due: Option<Instant>,
    presence_due: Option<Instant>,
    presence_clock: u64,
    awaited: VecDeque<Awaited>,
    account: Account,
}

impl Member {
    /// A member that has synced on `connection`, where `step2_sent` answers to the server are unacknowledged.
    #[must_use]
    pub fn new(role: Role, connection: Connection, step2_sent: u32, counters: Arc<Counters>) -> Self {
        let (first_writer, writers) = role.room_writers;
        let mut member = Self {
            connection,
            counters,
            writer: Writer::new(role.client),
            edit_due: None,
            presence_due: None,
            presence_clock: 0,
            awaited: VecDeque::new(),
            account: Account {
                tally: Tally::new(first_writer, writers),
                sent: 0,
                updates: Vec::new(),
                frames: 0,
                failure: None,
                role,
            },
        };
        if member.account.role.acknowledgement == Acknowledgement::SyncStatus {
            (0..step2_sent).for_each(|_| member.await_ack(Awaited::Step2));
        }
        member
    }

    /// Runs until the swarm ends or the connection does.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>) -> Account {
        match self.follow(&mut phase).await {
            Ok(()) => self.connection.close().await,
            Err(failure) => self.account.failure = Some(failure),
        }
        self.account
    }

    async fn follow(&mut self, phase: &mut watch::Receiver<Phase>) -> Result<(), ConnectionError> {
        self.enter(*phase.borrow_and_update());
        let timer = sleep_until(Instant::now());
        tokio::pin!(timer);
        loop {
            let due = [self.edit_due, self.presence_due].into_iter().flatten().min();
            if let Some(due) = due.filter(|due| *due != timer.deadline()) {
                timer.as_mut().reset(due);
            }
            tokio::select! {
                changed = phase.changed() => {
                    let now = *phase.borrow_and_update();
                    if changed.is_err() || now == Phase::End {
                        return Ok(());
                    }
                    self.enter(now);
                }
                frame = self.connection.next() => self.take(&frame?).await?,
                () = &mut timer, if due.is_some() => self.act().await?,
            }
        }
    }

    fn enter(&mut self, phase: Phase) {
        let start = Instant::now();
        let offset = self.account.role.offset;
        let first = |period: Duration| start + period.mul_f64(offset);
        let working = phase == Phase::Work;
        self.edit_due = self
            .account
            .role
            .writes
            .filter(|_| working)
            .map(|(_, period)| first(period));
        self.presence_due = self.account.role.presence.filter(|_| working).map(first);
    }

    /// Sends what is due.
    async fn act(&mut self) -> Result<(), ConnectionError> {
        let now = Instant::now();
        if let (Some(due), Some((writer, period))) = (self.edit_due, self.account.role.writes)
            && due <= now
        {
            self.counters
                .lag
                .record([u64::try_from((now - due).as_micros()).unwrap_or(u64::MAX)]);
            self.edit_due = Some(due + period);
            self.edit(writer).await?;
        }
        if let (Some(due), Some(period)) = (self.presence_due, self.account.role.presence)
            && due <= now
        {
            self.presence_due = Some(due + period);
            self.show_presence().await?;
        }
        Ok(())
    }

    async fn edit(&mut self, writer: u16) -> Result<(), ConnectionError> {
        let sent_us = self.counters.now_us();
        let marker = Marker {
            writer,
            sequence: self.account.sent,
            sent_us,
        };
        let update = self.writer.append(&marker.encode());
        let frame = self.connection.wire().update(&update);
        if self.account.role.replica == Sampled::Yes {
            self.account.updates.push(update.into());
        }
        self.account.sent += 1;
        if self.account.role.acknowledgement != Acknowledgement::None {
            self.await_ack(Awaited::Edit { sent_us });
        }
        self.connection.send(frame).await?;
        if self.account.role.acknowledgement == Acknowledgement::Version {
            let question = self.connection.wire().version(u64::from(self.account.sent));
            self.connection.send(question).await?;
        }
        Ok(())
    }

    async fn show_presence(&mut self) -> Result<(), ConnectionError> {
        self.presence_clock += 1;
        let client = self.account.role.client;
        let state = format!(
            r##"{{"user":{{"name":"Member {client}","color":"#30bced"}},"cursor":{}}}"##,
            self.presence_clock
        );
        let frame = self
            .connection
            .wire()
            .awareness(client, self.presence_clock, &state);
        self.connection.send(frame).await
    }

    async fn take(&mut self, frame: &Bytes) -> Result<(), ConnectionError> {
        self.account.frames += 1;
        self.counters.frames.fetch_add(1, Ordering::Relaxed);
        self.counters
            .bytes
            .fetch_add(frame.len() as u64, Ordering::Relaxed);
        match self.connection.wire().read(frame) {
            Some(Inbound::Update(update) | Inbound::Step2(update)) => self.count(frame, update),
            Some(Inbound::Step1) => {
                let answer = self.connection.wire().step2(&self.writer.full_update());
                if self.account.role.acknowledgement == Acknowledgement::SyncStatus {
                    self.await_ack(Awaited::Step2);
                }
                self.connection.send(answer).await?;
            }
            Some(Inbound::Status(true) | Inbound::Version(_)) => self.acknowledged(),
            Some(Inbound::Status(false)) => return Err(ConnectionError::Refused),
            Some(Inbound::Denied(reason)) => return Err(ConnectionError::Denied(reason)),
            Some(Inbound::Closed) => return Err(ConnectionError::Closed("the document".to_owned())),
            Some(Inbound::Ping) => self.connection.send(pong()).await?,
            Some(Inbound::Awareness | Inbound::Authenticated | Inbound::Other) => {}
            None => return Err(ConnectionError::Malformed(frame.clone())),
        }
        Ok(())
    }

    fn count(&mut self, frame: &Bytes, update: &[u8]) {
        let account = &mut self.account;
        let own = account.role.writes.map(|(writer, _)| writer);
        let now_us = self.counters.now_us();
        let mut seen = 0;
        let tally = &mut account.tally;
        self.counters.latencies.record(
            scan(update)
                .filter(|marker| Some(marker.writer) != own && tally.take(*marker))
                .inspect(|_| seen += 1)
                .map(|marker| now_us.saturating_sub(marker.sent_us)),
        );
        self.counters.edits_seen.fetch_add(seen, Ordering::Relaxed);
        if account.role.replica == Sampled::Yes {
            account.updates.push(frame.slice_ref(update));
        }
    }

    fn await_ack(&mut self, message: Awaited) {
        self.awaited.push_back(message);
        self.counters.unacknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Acknowledgements come in the order of the messages; protocol B's say no more than "one more".
    fn acknowledged(&mut self) {
        let Some(message) = self.awaited.pop_front() else {
            return;
        };
        self.counters.unacknowledged.fetch_sub(1, Ordering::Relaxed);
        if let Awaited::Edit { sent_us } = message {
            self.counters
                .ack_latencies
                .record([self.counters.now_us().saturating_sub(sent_us)]);
        }
    }
}
