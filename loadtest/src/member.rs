//! One member of a swarm: a client of one document that reads everything, and writes and shows presence if told to.
//!
//! Invariant: a member counts each edit of others once and never its own; it keeps reading until the end, so that a
//! slow server is seen as slow and not as the member's absence (only those who are told to be slow do not). It must
//! never apply a CRDT while it runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::connection::{Connection, ConnectionError};
use crate::marker::{MARKER_LEN, Marker, Tally, scan};
use crate::measure::histogram::Latencies;
use crate::role::{Reading, Role, Sampled};
use crate::target::{Acknowledgement, Asking};
use crate::wire::{Inbound, pong};
use crate::writer::Writer;

/// What an edit is filled up with.
const PADDING: u8 = b'.';

/// What a whole swarm counts together.
#[derive(Debug)]
pub struct Counters {
    /// Zero of the time in markers.
    pub epoch: Instant,
    /// From sending an edit until a receiver that reads all the time had it.
    pub latencies: Latencies,
    /// From sending a presence until a receiver had it or a later one of the same client.
    pub presence_latencies: Latencies,
    /// From sending an edit until the server acknowledged it.
    pub ack_latencies: Latencies,
    /// How late the swarm itself was in sending: a loaded generator measures itself.
    pub lag: Latencies,
    /// Edits received by others than their writer, each counted once per receiver.
    pub edits_seen: AtomicU64,
    /// States of presence received by others, each counted once per receiver.
    pub presence_seen: AtomicU64,
    /// Messages for which an acknowledgement is awaited.
    pub unacknowledged: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            latencies: Latencies::default(),
            presence_latencies: Latencies::default(),
            ack_latencies: Latencies::default(),
            lag: Latencies::default(),
            edits_seen: AtomicU64::new(0),
            presence_seen: AtomicU64::new(0),
            unacknowledged: AtomicU64::new(0),
        }
    }
}

impl Counters {
    fn now_us(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Forgets the latencies so far.
    pub fn clear_latencies(&self) {
        self.latencies.clear();
        self.presence_latencies.clear();
        self.ack_latencies.clear();
        self.lag.clear();
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

/// What a member has to say at the end.
#[derive(Debug)]
pub struct Account {
    /// The role it had.
    pub role: Role,
    /// Edits it sent.
    pub sent: u32,
    /// Edits of these that were acknowledged, the first ones.
    pub acknowledged: u32,
    /// States of presence it showed.
    pub shown: u32,
    /// What it saw of the others' edits.
    pub tally: Tally,
    /// What it saw of the others' presence.
    pub presence: Tally,
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
    AllEdits,
}

/// A connected member.
#[derive(Debug)]
pub struct Member {
    connection: Connection,
    counters: Arc<Counters>,
    writer: Writer,
    phase: Phase,
    edit_due: Option<Instant>,
    presence_due: Option<Instant>,
    awaited: VecDeque<Awaited>,
    account: Account,
}

impl Member {
    /// A member that has synced on `connection`, where `step2_sent` answers to the server are unacknowledged.
    #[must_use]
    pub fn new(role: Role, connection: Connection, step2_sent: u32, counters: Arc<Counters>) -> Self {
        let (first_writer, writers) = role.room_writers;
        let (first_shown, shown) = role.room_presence;
        let mut member = Self {
            connection,
            counters,
            writer: Writer::new(role.client),
            phase: Phase::Gather,
            edit_due: None,
            presence_due: None,
            awaited: VecDeque::new(),
            account: Account {
                tally: Tally::new(first_writer, writers),
                presence: Tally::new(first_shown, shown),
                sent: 0,
                acknowledged: 0,
                shown: 0,
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
            Err(failure) => {
                self.account.failure = Some(failure);
                // Nobody will answer any more.
                let open = self.awaited.len() as u64;
                self.counters.unacknowledged.fetch_sub(open, Ordering::Relaxed);
            }
        }
        self.account
    }

    async fn follow(&mut self, phase: &mut watch::Receiver<Phase>) -> Result<(), ConnectionError> {
        let now = *phase.borrow_and_update();
        self.enter(now).await?;
        let timer = sleep_until(Instant::now());
        tokio::pin!(timer);
        loop {
            let due = [self.edit_due, self.presence_due].into_iter().flatten().min();
            if let Some(due) = due.filter(|due| *due != timer.deadline()) {
                timer.as_mut().reset(due);
            }
            let reads = self.phase != Phase::Work || self.account.role.reading != Reading::NotDuringWork;
            tokio::select! {
                changed = phase.changed() => {
                    let now = *phase.borrow_and_update();
                    if changed.is_err() || now == Phase::End {
                        return Ok(());
                    }
                    self.enter(now).await?;
                }
                frame = self.connection.next(), if reads => self.take(&frame?).await?,
                () = &mut timer, if due.is_some() => self.act().await?,
            }
        }
    }

    async fn enter(&mut self, phase: Phase) -> Result<(), ConnectionError> {
        let start = Instant::now();
        let role = &self.account.role;
        let first = |period: std::time::Duration| start + period.mul_f64(role.offset);
        let working = phase == Phase::Work;
        self.edit_due = role.writes.filter(|_| working).map(|(_, period)| first(period));
        self.presence_due = role.shows.filter(|_| working).map(|(_, period)| first(period));
        self.phase = phase;
        let asks_now = phase == Phase::Quiet
            && role.asking == Asking::AtTheEnd
            && role.acknowledgement == Acknowledgement::Version
            && self.account.sent > self.account.acknowledged;
        if asks_now {
            self.await_ack(Awaited::AllEdits);
            self.ask().await?;
        }
        Ok(())
    }

    /// Sends what is due.
    async fn act(&mut self) -> Result<(), ConnectionError> {
        let now = Instant::now();
        if let (Some(due), Some((writer, period))) = (self.edit_due, self.account.role.writes)
            && due <= now
        {
            self.counters.lag.record_duration(now - due);
            self.edit_due = Some(due + period);
            self.edit(writer).await?;
        }
        if let (Some(due), Some((number, period))) = (self.presence_due, self.account.role.shows)
            && due <= now
        {
            self.presence_due = Some(due + period);
            self.show_presence(number).await?;
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
        let mut text = marker.encode().to_vec();
        text.resize(MARKER_LEN + self.account.role.padding, PADDING);
        let update = self.writer.append(&text);
        let frame = self.connection.wire().update(&update);
        if self.account.role.replica == Sampled::Yes {
            self.account.updates.push(update.into());
        }
        self.account.sent += 1;
        let asks = match self.account.role.acknowledgement {
            Acknowledgement::None => None,
            Acknowledgement::SyncStatus => Some(false),
            Acknowledgement::Version => (self.account.role.asking == Asking::EachEdit).then_some(true),
        };
        if asks.is_some() {
            self.await_ack(Awaited::Edit { sent_us });
        }
        self.connection.send(frame).await?;
        if asks == Some(true) {
            self.ask().await?;
        }
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), ConnectionError> {
        let question = self.connection.wire().version(u64::from(self.account.sent));
        self.connection.send(question).await
    }

    async fn show_presence(&mut self, number: u16) -> Result<(), ConnectionError> {
        let client = self.account.role.client;
        let marker = Marker {
            writer: number,
            sequence: self.account.shown,
            sent_us: self.counters.now_us(),
        };
        self.account.shown += 1;
        let cursor = marker.encode();
        let cursor = String::from_utf8_lossy(&cursor);
        let state =
            format!(r##"{{"user":{{"name":"Member {number}","color":"#30bced"}},"cursor":"{cursor}"}}"##);
        let clock = u64::from(self.account.shown);
        let frame = self.connection.wire().awareness(client, clock, &state);
        self.connection.send(frame).await
    }

    async fn take(&mut self, frame: &Bytes) -> Result<(), ConnectionError> {
        self.account.frames += 1;
        match self.connection.wire().read(frame) {
            Some(Inbound::Update(update) | Inbound::Step2(update)) => self.count(frame, update),
            Some(Inbound::Awareness(entries)) => self.count_presence(entries),
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
            Some(Inbound::Authenticated | Inbound::Other) => {}
            None => return Err(ConnectionError::Malformed(frame.clone())),
        }
        Ok(())
    }

    fn count(&mut self, frame: &Bytes, update: &[u8]) {
        let account = &mut self.account;
        let own = account.role.writes.map(|(writer, _)| writer);
        let is_timed = account.role.reading == Reading::Always;
        let now_us = self.counters.now_us();
        let mut seen = 0;
        let tally = &mut account.tally;
        self.counters.latencies.record(
            scan(update)
                .filter(|marker| Some(marker.writer) != own && tally.take(*marker))
                .inspect(|_| seen += 1)
                .filter(|_| is_timed)
                .map(|marker| now_us.saturating_sub(marker.sent_us)),
        );
        self.counters.edits_seen.fetch_add(seen, Ordering::Relaxed);
        if account.role.replica == Sampled::Yes {
            account.updates.push(frame.slice_ref(update));
        }
    }

    fn count_presence(&mut self, entries: &[u8]) {
        let account = &mut self.account;
        let own = account.role.shows.map(|(number, _)| number);
        let now_us = self.counters.now_us();
        let mut seen = 0;
        let presence = &mut account.presence;
        self.counters.presence_latencies.record(
            scan(entries)
                .filter(|marker| Some(marker.writer) != own && presence.take(*marker))
                .inspect(|_| seen += 1)
                .map(|marker| now_us.saturating_sub(marker.sent_us)),
        );
        self.counters.presence_seen.fetch_add(seen, Ordering::Relaxed);
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
        match message {
            Awaited::Step2 => {}
            Awaited::AllEdits => self.account.acknowledged = self.account.sent,
            Awaited::Edit { sent_us } => {
                self.account.acknowledged += 1;
                self.counters
                    .ack_latencies
                    .record([self.counters.now_us().saturating_sub(sent_us)]);
            }
        }
    }
}
