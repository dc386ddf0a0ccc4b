//! Many members against one server: gathers them, leads them through the phases, collects their accounts.
//!
//! Invariant: one task per member, all tracked; a swarm that ends has awaited every one of them. It must never drop a
//! member's failure: whoever could not connect or was cut off stands in the accounts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use crate::connection::{Coming, Connection, ConnectionError};
use crate::measure::progress::Progress;
use crate::member::{Account, Counters, Member, Phase};
use crate::problems::Problems;
use crate::role::{Reading, Role, Sampled};
use crate::target::{Content, Target};
use crate::verify::{Room, check_room, load};

/// How many members connect at the same time.
const CONNECTING_AT_ONCE: usize = 64;
/// How often, and how many times in a row without news, a swarm looks whether all has arrived.
const SETTLE_STEP: Duration = Duration::from_millis(50);
const SETTLED_AFTER: u32 = 15;
/// How long a swarm waits for the last edits and acknowledgements to arrive.
const QUIET_TIMEOUT: Duration = Duration::from_secs(30);
/// The receive buffer of a member that does not read: small, so that the server has to notice.
const SLOW_BUFFER_BYTES: u32 = 64 << 10;

/// A gathered swarm.
#[derive(Debug)]
pub struct Swarm {
    target: Target,
    counters: Arc<Counters>,
    phase: watch::Sender<Phase>,
    /// The documents in which somebody writes.
    written: BTreeSet<String>,
    members: Vec<JoinHandle<Result<Account, ConnectionError>>>,
    /// How long it took until all were connected and synced, in seconds.
    pub gathered_s: f64,
}

impl Swarm {
    /// Connects one member per role and waits until all are synced (or have failed to).
    pub async fn gather(target: &Target, roles: Vec<Role>, progress: &Progress) -> Self {
        let (phase, follow) = watch::channel(Phase::Gather);
        let counters = Arc::new(Counters::default());
        let gate = Arc::new(Semaphore::new(CONNECTING_AT_ONCE));
        let (ready, mut readiness) = mpsc::channel::<()>(roles.len().max(1));
        let tasks = TaskTracker::new();
        let writers = roles.iter().filter(|role| role.writes.is_some());
        let written = writers.map(|role| role.document.clone()).collect();
        let start = Instant::now();
        progress.phase("connecting", roles.len() as u64);
        let mut members = Vec::with_capacity(roles.len());
        for role in roles {
            let (target, counters, gate) = (target.clone(), Arc::clone(&counters), Arc::clone(&gate));
            let (ready, follow) = (ready.clone(), follow.clone());
            members.push(tasks.spawn(async move {
                let permit = gate.acquire_owned().await;
                let joined = join(&target, role, counters).await;
                drop(permit);
                // The receiver holds room for everybody and outlives the gathering.
                let _ = ready.try_send(());
                drop(ready);
                Ok(joined?.run(follow).await)
            }));
        }
        drop(ready);
        while readiness.recv().await.is_some() {
            progress.step();
        }
        let gathered_s = start.elapsed().as_secs_f64();
        Self {
            target: target.clone(),
            counters,
            phase,
            written,
            members,
            gathered_s,
        }
    }

    /// What the members count together.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Leads the swarm into a phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Stops all activity and waits until everything has arrived, or for some time.
    ///
    /// Returns how long it took, in seconds.
    pub async fn quiet(&self, progress: &Progress) -> f64 {
        progress.phase("waiting for the last edits", 0);
        let start = Instant::now();
        self.enter(Phase::Quiet);
        self.settle(start).await
    }

    /// Ends the swarm without any check; the accounts of the members that got in.
    pub async fn disband(mut self) -> Vec<Account> {
        self.enter(Phase::End);
        self.collect(&mut Problems::default()).await
    }

    /// Stops all activity, waits until everything has arrived, ends the swarm and checks what the server did.
    ///
    /// Returns the accounts of the members that got in, and every problem found.
    pub async fn finish(mut self, progress: &Progress) -> (Vec<Account>, Vec<String>) {
        self.quiet(progress).await;
        progress.phase("verifying", 0);
        let mut problems = Problems::default();
        let mut loaded = Vec::new();
        if self.target.content != Content::Relayed {
            loaded.push(self.load_written("a fresh client", &mut problems).await);
        }
        let unacknowledged = self.counters.unacknowledged.load(Ordering::Relaxed);
        self.enter(Phase::End);
        let accounts = self.collect(&mut problems).await;
        if unacknowledged > 0 {
            problems.note("messages never acknowledged", &unacknowledged.to_string());
        }
        check_accounts(&accounts, &mut problems);
        if self.target.content == Content::Kept {
            loaded.push(
                self.load_written("a client after all had left", &mut problems)
                    .await,
            );
        }
        check_rooms(&loaded, &accounts, &mut problems);
        (accounts, problems.into_list())
    }

    async fn collect(&mut self, problems: &mut Problems) -> Vec<Account> {
        let mut accounts = Vec::with_capacity(self.members.len());
        for member in std::mem::take(&mut self.members) {
            match member.await {
                Ok(Ok(account)) => accounts.push(account),
                Ok(Err(error)) => problems.note("could not connect", &error.to_string()),
                Err(error) => problems.note("member ended abnormally", &error.to_string()),
            }
        }
        accounts
    }

    /// What a fresh client gets of every document in which somebody writes.
    async fn load_written(&self, when: &'static str, problems: &mut Problems) -> Loaded {
        let mut states = HashMap::new();
        for document in &self.written {
            match load(&self.target, document).await {
                Ok(state) => drop(states.insert(document.clone(), state)),
                Err(error) => problems.note("loading", &format!("{when}: {document}: {error}")),
            }
        }
        (when, states)
    }

    /// Waits until nothing more arrives: nothing new seen, and no acknowledgement outstanding, for a while.
    ///
    /// Returns when the last of it came, in seconds since `start`.
    async fn settle(&self, start: Instant) -> f64 {
        let deadline = start + QUIET_TIMEOUT;
        let (mut before, mut changed, mut same) = (u64::MAX, start, 0);
        while Instant::now() < deadline && same < SETTLED_AFTER {
            sleep(SETTLE_STEP).await;
            let seen = self.counters.edits_seen.load(Ordering::Relaxed)
                + self.counters.presence_seen.load(Ordering::Relaxed);
            if seen != before {
                (before, changed, same) = (seen, Instant::now(), 0);
            } else if self.counters.unacknowledged.load(Ordering::Relaxed) == 0 {
                same += 1;
            }
        }
        (changed - start).as_secs_f64()
    }
}

async fn join(target: &Target, role: Role, counters: Arc<Counters>) -> Result<Member, ConnectionError> {
    let mut coming = Coming::default();
    if role.reading == Reading::NotDuringWork {
        coming.receive_buffer_bytes = SLOW_BUFFER_BYTES;
    }
    let mut connection = Connection::open_as(target, &role.document, &coming).await?;
    let (_, step2_sent) = connection.synced().await?;
    Ok(Member::new(role, connection, step2_sent, counters))
}

/// Everybody stayed, and saw every edit of the others and the last presence of each.
fn check_accounts(accounts: &[Account], problems: &mut Problems) {
    let numbered = |of: fn(&Account) -> Option<(u16, u32)>| -> HashMap<u16, u32> {
        accounts.iter().filter_map(of).collect()
    };
    let sent = numbered(|account| Some((account.role.writes?.0, account.sent)));
    let shown = numbered(|account| Some((account.role.shows?.0, account.shown)));
    for account in accounts {
        let role = &account.role;
        let client = role.client;
        if let Some(failure) = &account.failure {
            if role.reading == Reading::Always {
                problems.note("cut off", &format!("client {client}: {failure}"));
            }
            continue;
        }
        let foreign = account.tally.foreign + account.presence.foreign;
        if foreign > 0 {
            problems.note("edits of other rooms", &format!("client {client}: {foreign}"));
        }
        let others = |range: (u16, usize), own: Option<u16>| {
            let last = usize::from(range.0) + range.1;
            (range.0..u16::try_from(last).unwrap_or(u16::MAX)).filter(move |number| Some(*number) != own)
        };
        let writers = others(role.room_writers, role.writes.map(|(number, _)| number));
        let sent: u64 = writers
            .filter_map(|number| sent.get(&number))
            .map(|edits| u64::from(*edits))
            .sum();
        let seen = account.tally.seen();
        if seen != sent {
            problems.note("edits not seen", &format!("client {client}: {seen} of {sent}"));
        }
        if account.tally.repeated > 0 && role.reading == Reading::Always {
            problems.note(
                "edits delivered twice",
                &format!("client {client}: {}", account.tally.repeated),
            );
        }
        let presenters = others(role.room_presence, role.shows.map(|(number, _)| number));
        let stale = presenters
            .filter(|number| account.presence.latest(*number) != shown.get(number).copied().unwrap_or(0))
            .count();
        if stale > 0 {
            problems.note(
                "presence is stale",
                &format!("client {client}: of {stale} others"),
            );
        }
    }
}

/// What fresh clients loaded, at a moment that the first part names.
type Loaded = (&'static str, HashMap<String, Vec<Bytes>>);

/// Every replica of every document, loaded or sampled, holds every edit once and equals the others.
fn check_rooms(loaded: &[Loaded], accounts: &[Account], problems: &mut Problems) {
    let documents: BTreeSet<&str> = accounts
        .iter()
        .map(|account| account.role.document.as_str())
        .collect();
    for document in documents {
        let members = || {
            accounts
                .iter()
                .filter(|account| account.role.document == document)
        };
        let fresh = loaded
            .iter()
            .filter_map(|(when, states)| Some(((*when).to_owned(), states.get(document)?.as_slice())));
        let sampled = members()
            .filter(|account| account.role.replica == Sampled::Yes && account.failure.is_none())
            .map(|account| {
                (
                    format!("the replica of client {}", account.role.client),
                    account.updates.as_slice(),
                )
            });
        let written = members().filter_map(|account| Some((account.role.writes?.0, account.sent)));
        let padding = members().map(|account| account.role.padding).max().unwrap_or(0);
        let room = Room {
            document,
            written: written.collect(),
            padding,
            replicas: fresh.chain(sampled).collect(),
        };
        if let Err(error) = check_room(&room) {
            problems.note("content", &format!("{document}: {error}"));
        }
    }
}
