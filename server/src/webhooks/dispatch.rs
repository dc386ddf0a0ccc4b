//! The one loop that delivers: whenever events were committed, an attempt has ended or a moment has passed, every
//! workspace with something to do has its turn.
//!
//! Invariant: requests leave after the commit that claimed them, in the order of the sequence; what came of them is
//! written before more is claimed there. When the process stops, what is under way may end for a moment; what does not
//! is made again by whoever looks next, after its claim is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{
    EventFilter, EventSpan, RecordError, Tenant, WebhookDisabling, WebhookEndpoint, WebhookMessage,
};

use super::deliver::{Letter, Report, Verdict};
use super::fan_out::{follow, recover};
use super::flight::Flight;
use super::keys::Keys;
use super::message::{of_event, of_test};
use super::pace::{Pace, Waiting};
use super::settle::{disabled_event, settle};
use super::{WebhookError, Webhooks};

/// How long events gather after the first of them.
const GATHER: Duration = Duration::from_millis(5);
/// How long nothing is tried after the database failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long a stop waits for attempts under way.
const DRAIN: Duration = Duration::from_secs(5);
/// How often old messages are cleared away, and how many at once.
const FORGET_EVERY: Duration = Duration::from_secs(60);
const FORGET_AT_ONCE: u32 = 1_000;
/// How many endpoints are looked at in one round.
const AT_ONCE: u32 = 1_000;

/// The loop's own state.
struct Loop {
    flight: Flight,
    /// Endpoints whose limit has messages wait.
    waiting: Waiting,
    /// What has come of attempts and is not written yet: no more than there are slots.
    landed: Vec<Report>,
    reports: mpsc::Sender<Report>,
    deliveries: TaskTracker,
    cut: CancellationToken,
    /// The workspace that had its turn last, so that each comes first now and then.
    last_served: Option<WorkspaceId>,
    /// The last round came too late for something, so that this one is there to look again.
    looks_again: bool,
}

/// What there is to do in a workspace.
#[derive(Debug, Default)]
struct Errand {
    reports: Vec<Report>,
    /// Endpoints with messages that are due and with room for attempts.
    due: BTreeSet<Uuid>,
}

/// What a turn came to, after its commit.
#[derive(Default)]
struct Turn {
    letters: Vec<Letter>,
    /// Endpoints that are to wait by their limit, and until when, in milliseconds since 1970.
    waiting: Vec<(Uuid, i64)>,
    has_more: bool,
    /// It found nothing: another node had taken what there was.
    is_late: bool,
}

impl Webhooks {
    /// Delivers until `stop`.
    pub(crate) async fn keep_delivering(self: Arc<Self>, stop: CancellationToken) {
        let _ended = self.ended.clone().drop_guard();
        let mut ear = self.records.event_bell().listen();
        let (reports, mut arriving) = mpsc::channel(self.settings.altogether.max(1));
        let mut own = Loop {
            flight: Flight::new(&self.settings),
            waiting: Waiting::default(),
            landed: Vec::new(),
            reports,
            deliveries: TaskTracker::new(),
            cut: CancellationToken::new(),
            last_served: None,
            looks_again: false,
        };
        let (mut wait, mut forgotten) = (Duration::ZERO, Instant::now());
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(report) = arriving.recv() => self.land(&mut own, report),
                _ = ear.changed() => sleep(GATHER).await,
                () = sleep(wait) => {}
            }
            while let Ok(report) = arriving.try_recv() {
                self.land(&mut own, report);
            }
            wait = match self.round(&mut own).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => own.waiting.shorten(self.settings.poll, self.clock.now_ms()),
                Err(error) => {
                    tracing::warn!(%error, "webhooks were not delivered");
                    if stop.run_until_cancelled(sleep(AFTER_FAILURE)).await.is_none() {
                        break;
                    }
                    self.settings.poll
                }
            };
            if forgotten.elapsed() >= FORGET_EVERY {
                forgotten = Instant::now();
                self.forget().await;
            }
        }
        self.drain(own, arriving).await;
    }

    /// Waits a moment for what is under way and writes what came of it.
    async fn drain(&self, mut own: Loop, mut arriving: mpsc::Receiver<Report>) {
        own.deliveries.close();
        // The channel has room for everything that can be under way.
        let _ = timeout(DRAIN, own.deliveries.wait()).await;
        own.cut.cancel();
        own.deliveries.wait().await;
        while let Ok(report) = arriving.try_recv() {
            own.landed.push(report);
        }
        let mut by_workspace: BTreeMap<WorkspaceId, Errand> = BTreeMap::new();
        for report in own.landed.drain(..) {
            let errand = by_workspace.entry(report.letter.workspace).or_default();
            errand.reports.push(report);
        }
        for (workspace, errand) in by_workspace {
            if let Err(error) = self.write_only(workspace, &errand.reports).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "what came of webhooks was not written; they are sent again"
                );
            }
        }
    }

    /// Gives every workspace with something to do its turn. Whether there is more to do at once.
    async fn round(self: &Arc<Self>, own: &mut Loop) -> Result<bool, WebhookError> {
        let mut errands: BTreeMap<WorkspaceId, Errand> = BTreeMap::new();
        let mut tx = self.records.read().await?;
        let work = tx.webhook_work(self.clock.now_ms(), AT_ONCE).await?;
        drop(tx);
        for report in own.landed.drain(..) {
            let errand = errands.entry(report.letter.workspace).or_default();
            errand.reports.push(report);
        }
        for work in work {
            match work.due {
                None => drop(errands.entry(work.workspace).or_default()),
                Some(endpoint) if own.flight.room(work.workspace, endpoint) > 0 => {
                    errands.entry(work.workspace).or_default().due.insert(endpoint);
                }
                Some(_) => {}
            }
        }
        let mut order: Vec<_> = errands.keys().copied().collect();
        let start = order.partition_point(|workspace| Some(*workspace) <= own.last_served);
        order.rotate_left(start);
        let (mut has_more, mut is_late, mut failure) = (false, false, None);
        for workspace in order {
            let Some(errand) = errands.remove(&workspace) else {
                continue;
            };
            own.last_served = Some(workspace);
            match self.turn(workspace, &errand, &own.flight).await {
                Ok(turn) => {
                    has_more |= turn.has_more;
                    is_late |= turn.is_late;
                    for (endpoint, until_ms) in turn.waiting {
                        own.waiting.note(endpoint, until_ms);
                    }
                    self.launch(own, turn.letters);
                }
                Err(error) => {
                    // Kept for the next round. Nothing was claimed, so they do not grow meanwhile.
                    own.landed.extend(errand.reports);
                    failure = Some(error);
                }
            }
        }
        // Who was faster may not have had room for all of it. Once is enough: what is left is listed then.
        own.looks_again = is_late && !own.looks_again;
        failure.map_or(Ok(has_more || own.looks_again), Err)
    }

    /// Takes what came of an attempt, and frees its slot. It is written in the next round.
    fn land(&self, own: &mut Loop, report: Report) {
        let is_success = report.verdict == Verdict::Taken;
        let (result, letter) = (if is_success { "succeeded" } else { "failed" }, &report.letter);
        self.metrics.webhook_attempts.with(result).add(1);
        if is_success && letter.tries == 0 {
            let delay_ms = report.started_at_ms + report.duration_ms - letter.created_at_ms;
            let delay = Duration::from_millis(u64::try_from(delay_ms).unwrap_or(0));
            self.metrics.webhook_delay_seconds.observe(delay);
        }
        own.flight.end(letter.workspace, letter.endpoint, is_success);
        own.landed.push(report);
    }

    /// Sends what was claimed.
    fn launch(self: &Arc<Self>, own: &mut Loop, letters: Vec<Letter>) {
        for letter in letters {
            own.flight.begin(letter.workspace, letter.endpoint);
            let (reports, cut, webhooks) = (own.reports.clone(), own.cut.clone(), Arc::clone(self));
            own.deliveries.spawn(async move {
                if let Some(report) = cut.run_until_cancelled(webhooks.deliver(letter)).await {
                    // Nobody listens only when the process is over.
                    let _ = reports.send(report).await;
                }
            });
        }
    }

    /// One transaction for one workspace.
    async fn turn(
        &self,
        workspace: WorkspaceId,
        errand: &Errand,
        flight: &Flight,
    ) -> Result<Turn, WebhookError> {
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(workspace).await?;
        // Whoever waited for the others who write would claim for less than it takes.
        let now_ms = self.clock.now_ms();
        let disabled = self.settle_all(&mut tenant, &errand.reports, now_ms).await?;
        let endpoints = tenant.live_webhook_endpoints().await?;
        let followed = follow(&mut tenant, &endpoints, now_ms).await?;
        let recovered = recover(&mut tenant, &endpoints, now_ms).await?;
        let mut due = errand.due.clone();
        due.extend(errand.reports.iter().map(|report| report.letter.endpoint));
        due.extend(followed.told);
        due.extend(recovered.told);
        let mut turn = Turn {
            has_more: followed.has_more || recovered.has_more,
            is_late: due.is_empty(),
            ..Turn::default()
        };
        for endpoint in endpoints.iter().filter(|endpoint| due.contains(&endpoint.id)) {
            let room = flight
                .room(workspace, endpoint.id)
                .min(flight.rest(workspace).saturating_sub(turn.letters.len()));
            self.claim(&mut tenant, endpoint, (room, now_ms), &mut turn)
                .await?;
        }
        for ending in disabled {
            disabled_event(&mut tenant, ending, None, now_ms).await?;
        }
        tx.commit().await?;
        Ok(turn)
    }

    /// Writes what came of attempts, and nothing else.
    async fn write_only(&self, workspace: WorkspaceId, reports: &[Report]) -> Result<(), WebhookError> {
        let mut tx = self.records.write().await?;
        let mut tenant = tx.workspace(workspace).await?;
        let now_ms = self.clock.now_ms();
        for ending in self.settle_all(&mut tenant, reports, now_ms).await? {
            disabled_event(&mut tenant, ending, None, now_ms).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn settle_all(
        &self,
        tenant: &mut Tenant<'_>,
        reports: &[Report],
        now_ms: i64,
    ) -> Result<Vec<(Uuid, WebhookDisabling)>, RecordError> {
        let mut disabled = Vec::new();
        for report in reports {
            disabled.extend(settle(tenant, report, &self.settings, now_ms).await?);
        }
        Ok(disabled)
    }

    /// Takes messages of an endpoint that are due, as many as there is room for and its limit allows.
    async fn claim(
        &self,
        tenant: &mut Tenant<'_>,
        endpoint: &WebhookEndpoint,
        (room, now_ms): (usize, i64),
        turn: &mut Turn,
    ) -> Result<(), WebhookError> {
        // Other nodes have slots, too; the endpoint has its bound for all of them together.
        let elsewhere = tenant.count_webhook_claims(endpoint.id, now_ms).await?;
        let free = self
            .settings
            .per_endpoint
            .saturating_sub(usize::try_from(elsewhere).unwrap_or(usize::MAX));
        let (now_us, pace) = (now_ms * 1_000, endpoint.rate_limit.map(Pace::per_second));
        let allowed = pace.map_or(usize::MAX, |pace| pace.allowed(endpoint.paced_until_us, now_us));
        if allowed == 0 {
            turn.waiting.push((endpoint.id, in_ms(endpoint.paced_until_us)));
        }
        let room = u32::try_from(room.min(free).min(allowed)).unwrap_or(u32::MAX);
        if room == 0 {
            return Ok(());
        }
        let keys = match Keys::open(&self.sealer, endpoint) {
            Ok(keys) => keys,
            Err(error) => {
                // One that cannot be signed for must not hold up the others.
                tracing::error!(%error, endpoint = %endpoint.id, "the secrets of a webhook endpoint cannot be read");
                return Ok(());
            }
        };
        let (claim, term) = (Uuid::now_v7(), (now_ms, now_ms + self.lease_ms()));
        let claimed = tenant
            .claim_webhook_messages(endpoint.id, claim, term, room)
            .await?;
        if let Some(pace) = pace.filter(|_| !claimed.is_empty()) {
            let until_us = pace.after(endpoint.paced_until_us, now_us, claimed.len());
            tenant.pace_webhook_endpoint(endpoint.id, until_us).await?;
            turn.waiting.push((endpoint.id, in_ms(until_us)));
        }
        for message in claimed {
            turn.letters.push(Letter {
                workspace: endpoint.workspace,
                endpoint: endpoint.id,
                message: message.id,
                claim,
                tries: usize::try_from(message.tries).unwrap_or(usize::MAX - 1),
                is_test: message.event_seq.is_none(),
                created_at_ms: message.created_at_ms,
                url: endpoint.url.clone(),
                keys: keys.clone(),
                body: body_of(tenant, &message).await?,
            });
        }
        Ok(())
    }

    /// Clears away messages that came to their end long ago.
    async fn forget(&self) {
        let before_ms = self.clock.now_ms() - self.settings.kept_ms;
        let forgetting = async {
            let mut tx = self.records.write().await?;
            tx.forget_webhook_messages(before_ms, FORGET_AT_ONCE).await?;
            tx.commit().await
        };
        if let Err(error) = forgetting.await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "old webhook messages were not cleared away");
        }
    }
}

/// Milliseconds, rounded up: nobody is to wake up too early for it.
fn in_ms(us: i64) -> i64 {
    us.div_euclid(1_000) + i64::from(us.rem_euclid(1_000) > 0)
}

/// What a message says, from the event as it stands now: what was removed for good meanwhile is not told.
async fn body_of(tenant: &mut Tenant<'_>, message: &WebhookMessage) -> Result<bytes::Bytes, RecordError> {
    if let Some(seq) = message.event_seq {
        let span = EventSpan::after(seq - 1, 1);
        let found = tenant.events(&EventFilter::default(), span).await?;
        if let Some(event) = found.first().filter(|event| event.seq == seq) {
            return Ok(of_event(event));
        }
    }
    Ok(of_test(
        message.endpoint_id,
        message.workspace.0,
        message.created_at_ms,
    ))
}
