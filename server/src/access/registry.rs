//! Every membership of this node and the grant it rests on: where a right that is taken away finds those who live by it.
//!
//! Invariant: a membership whose grant was decided before a change, and that is entered after it, is decided again, so
//! that no change falls between the two. Nothing awaits under the lock, and nothing here waits for a room or a client.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_protocol::id::DocumentName;
use weft_storage::WorkspaceId;

use super::{Gatekeeper, Grant, Refusal};
use crate::auth;
use crate::metrics::Metrics;
use crate::rooms::{MemberId, Outbox};

/// Memberships of one recheck that are decided at the same time.
const PARALLEL: usize = 32;
/// A membership that cannot be decided again within this time ends: its right may be gone.
const PATIENCE: Duration = Duration::from_secs(8);
/// The pause before a decision that could not be made is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// What changed: whose grants are to be decided again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recheck {
    /// Everything that is in a workspace.
    Workspace(WorkspaceId),
    /// Everything that rests on an account.
    User(Uuid),
    /// Everything that rests on a session.
    Session(Uuid),
    /// Everything that rests on an API key.
    ApiKey(Uuid),
    /// One document.
    Document(WorkspaceId, DocumentName),
    /// All there is.
    Everything,
}

/// A point in the order of rechecks. A decision that began before a recheck did not see what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(u64);

/// Every membership of this node.
pub(crate) struct Registry {
    gatekeeper: Arc<Gatekeeper>,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    entries: HashMap<MemberId, Entry>,
    index: HashMap<Recheck, HashSet<MemberId>>,
    /// How many rechecks have begun.
    rechecks: u64,
}

struct Entry {
    grant: Arc<Grant>,
    name: DocumentName,
    outbox: Arc<Outbox>,
    /// Counts the grants of this membership, so that a decision about an older one changes nothing.
    generation: u64,
}

/// One membership to decide again.
struct Case {
    member: MemberId,
    grant: Arc<Grant>,
    generation: u64,
}

/// A membership's entry. Dropping it takes the entry out.
pub(crate) struct Seat {
    registry: Arc<Registry>,
    member: MemberId,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Seat").field(&self.member).finish()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.lock().remove(self.member);
    }
}

impl Seat {
    /// The membership goes on under `grant`, whose decision began at `decided`.
    pub(crate) fn replace(&self, grant: Arc<Grant>, decided: Moment) {
        let mut seats = self.registry.lock();
        let is_late = decided != seats.moment();
        let Some((name, outbox, generation)) = seats.remove(self.member) else {
            return;
        };
        outbox.renew(grant.access);
        let case = seats.insert(self.member, grant, name, outbox, generation + 1);
        drop(seats);
        if is_late {
            self.registry.catch_up(case);
        }
    }
}

impl Registry {
    /// A registry without members.
    pub(crate) fn new(gatekeeper: Arc<Gatekeeper>, metrics: Arc<Metrics>, tasks: TaskTracker) -> Arc<Self> {
        Arc::new(Self {
            gatekeeper,
            metrics,
            tasks,
            seats: Mutex::default(),
        })
    }

    /// Now. To be asked before a decision begins.
    pub(crate) fn moment(&self) -> Moment {
        self.lock().moment()
    }

    /// Enters a membership that rests on `grant`, whose decision began at `decided`; what the grant becomes later is
    /// told through `outbox`.
    pub(crate) fn enter(
        self: &Arc<Self>,
        member: MemberId,
        name: &DocumentName,
        grant: Arc<Grant>,
        decided: Moment,
        outbox: Arc<Outbox>,
    ) -> Seat {
        let mut seats = self.lock();
        let is_late = decided != seats.moment();
        let case = seats.insert(member, grant, name.clone(), outbox, 0);
        drop(seats);
        if is_late {
            self.catch_up(case);
        }
        Seat {
            registry: Arc::clone(self),
            member,
        }
    }

    /// Has every membership that `what` touches decided again; what changed at `since` is in force when this returns.
    pub(crate) async fn recheck(&self, what: &Recheck, since: Instant) {
        let cases = {
            let mut seats = self.lock();
            seats.rechecks += 1;
            seats.cases(what)
        };
        stream::iter(cases)
            .for_each_concurrent(PARALLEL, |case| self.decide(case, since))
            .await;
    }

    /// [`Self::recheck`] in a task of its own.
    pub(crate) fn recheck_aside(self: &Arc<Self>, what: Recheck, since: Instant) {
        let registry = Arc::clone(self);
        self.tasks
            .spawn(async move { registry.recheck(&what, since).await });
    }

    /// Decides once more about a membership that was entered after a change its grant may not know of.
    fn catch_up(self: &Arc<Self>, case: Case) {
        let registry = Arc::clone(self);
        self.tasks.spawn(async move {
            registry.decide(case, Instant::now()).await;
        });
    }

    async fn decide(&self, case: Case, since: Instant) {
        let give_up_at = since + PATIENCE;
        let verdict = loop {
            match self.gatekeeper.readmit(&case.grant).await {
                Err(Refusal::Unavailable) if Instant::now() + PAUSE < give_up_at => sleep(PAUSE).await,
                verdict => break verdict,
            }
        };
        if self.lock().apply(case, verdict) {
            self.metrics.revocation_latency_seconds.observe(since.elapsed());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seats> {
        // Nothing that could unwind half-way runs under the lock.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    fn moment(&self) -> Moment {
        Moment(self.rechecks)
    }

    fn insert(
        &mut self,
        member: MemberId,
        grant: Arc<Grant>,
        name: DocumentName,
        outbox: Arc<Outbox>,
        generation: u64,
    ) -> Case {
        for key in keys(&grant, &name) {
            self.index.entry(key).or_default().insert(member);
        }
        let case = Case {
            member,
            grant: Arc::clone(&grant),
            generation,
        };
        self.entries.insert(
            member,
            Entry {
                grant,
                name,
                outbox,
                generation,
            },
        );
        case
    }

    fn remove(&mut self, member: MemberId) -> Option<(DocumentName, Arc<Outbox>, u64)> {
        let entry = self.entries.remove(&member)?;
        for key in keys(&entry.grant, &entry.name) {
            if let Some(members) = self.index.get_mut(&key) {
                members.remove(&member);
                if members.is_empty() {
                    self.index.remove(&key);
                }
            }
        }
        Some((entry.name, entry.outbox, entry.generation))
    }

    fn cases(&self, what: &Recheck) -> Vec<Case> {
        let case = |(member, entry): (&MemberId, &Entry)| Case {
            member: *member,
            grant: Arc::clone(&entry.grant),
            generation: entry.generation,
        };
        match what {
            Recheck::Everything => self.entries.iter().map(case).collect(),
            what => self
                .index
                .get(what)
                .into_iter()
                .flatten()
                .filter_map(|member| self.entries.get_key_value(member))
                .map(case)
                .collect(),
        }
    }

    /// Puts `verdict` in force. Returns whether it changed something.
    fn apply(&mut self, case: Case, verdict: Result<Grant, Refusal>) -> bool {
        let is_current = self
            .entries
            .get(&case.member)
            .is_some_and(|entry| entry.generation == case.generation);
        if !is_current {
            return false;
        }
        match verdict {
            Ok(grant) if grant == *case.grant => false,
            Ok(grant) if grant.workspace == case.grant.workspace => {
                let grant = Arc::new(grant);
                if let Some((name, outbox, generation)) = self.remove(case.member) {
                    outbox.regrant(Arc::clone(&grant));
                    self.insert(case.member, grant, name, outbox, generation + 1);
                }
                true
            }
            refused => {
                if let Some(entry) = self.entries.get(&case.member) {
                    entry.outbox.cut(reason_of(&refused));
                }
                true
            }
        }
    }
}

/// What a member is told whose grant became `verdict`.
fn reason_of(verdict: &Result<Grant, Refusal>) -> CloseReason {
    match verdict {
        Err(Refusal::Refused(auth::Refusal::Unauthorized(_))) => CloseReason::Unauthorized,
        Err(Refusal::Unavailable) => CloseReason::StorageUnavailable,
        // A document that now belongs to another workspace is another document.
        Err(Refusal::Refused(auth::Refusal::Forbidden)) | Ok(_) => CloseReason::AccessRevoked,
    }
}

/// Everything that, if it changes, calls for a new decision about `grant`.
fn keys(grant: &Grant, name: &DocumentName) -> impl Iterator<Item = Recheck> {
    let basis = &grant.identity.basis;
    [
        Some(Recheck::Workspace(grant.workspace)),
        Some(Recheck::Document(grant.workspace, name.clone())),
        basis.user.map(Recheck::User),
        basis.session.map(Recheck::Session),
        basis.api_key.map(Recheck::ApiKey),
    ]
    .into_iter()
    .flatten()
}
