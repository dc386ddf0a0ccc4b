//! What the records promise about messages to webhook endpoints: the order in which they are claimed, whoever claims them and
//! whatever clocks say.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;
use weft_storage::records::{NewWebhookEndpoint, NewWebhookMessage, Tenant, WebhookMessage, WebhookResult};
use weft_storage::{Storage, WorkspaceId};

use crate::records_documents::place;
use crate::support::Bed;

const NOW: i64 = 1_790_000_000_000;
const SEED: u64 = 7;
/// How long a claim lasts, in milliseconds.
const LEASE: i64 = 17_000;

/// An endpoint, for which nothing is in line.
async fn endpoint(bed: &Bed, storage: &Storage) -> (WorkspaceId, Uuid) {
    let workspace = place(bed, storage).await.workspace;
    let new = NewWebhookEndpoint {
        id: Uuid::now_v7(),
        url: "https://hooks.example.com/in",
        description: "",
        event_types: "",
        project_ids: "",
        secrets: b"sealed",
        headers: ("", None),
        signing: None,
        rate_limit: None,
        now_ms: NOW,
    };
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    tenant.create_webhook_endpoint(new).await.unwrap();
    tx.commit().await.unwrap();
    (workspace, new.id)
}

/// Puts the message for an event in line.
async fn put(tenant: &mut Tenant<'_>, endpoint_id: Uuid, event: i64, now_ms: i64) {
    let new = NewWebhookMessage {
        id: Uuid::now_v7(),
        endpoint_id,
        event_seq: Some(event),
        kind: "task.created",
        now_ms,
    };
    tenant.create_webhook_message(new).await.unwrap();
}

async fn take(tenant: &mut Tenant<'_>, endpoint: Uuid, now_ms: i64, limit: u32) -> Vec<WebhookMessage> {
    let (claim, term) = (Uuid::now_v7(), (now_ms, now_ms + LEASE));
    let taken = tenant.claim_webhook_messages(endpoint, claim, term, limit).await;
    taken.unwrap()
}

fn events(messages: &[WebhookMessage]) -> Vec<i64> {
    messages.iter().filter_map(|message| message.event_seq).collect()
}

async fn finish(tenant: &mut Tenant<'_>, message: &WebhookMessage, result: WebhookResult, now_ms: i64) {
    let claim = message.claim.unwrap();
    let is_ours = tenant
        .finish_webhook_claim(message.id, claim, result, now_ms)
        .await;
    assert!(is_ours.unwrap());
}

pub(crate) async fn first_attempts_go_by_their_events_whatever_clocks_say(bed: Bed) {
    let storage = bed.open().await;
    let (workspace, endpoint) = endpoint(&bed, &storage).await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    // By a server whose clock is ahead, by one whose clock is behind, and by one that waited for its turn to write.
    for (event, at) in [(1, 60_000), (2, 60_000), (3, -1), (4, -60_000), (5, 0)] {
        put(&mut tenant, endpoint, event, NOW + at).await;
    }
    tx.commit().await.unwrap();

    let mut tx = storage.records().read().await.unwrap();
    let work = tx.webhook_work(NOW - 120_000, 10).await.unwrap();
    assert!(work.iter().any(|work| work.due == Some(endpoint)), "{work:?}");
    drop(tx);
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    for (expected, now) in [(vec![1, 2], NOW), (vec![3], NOW - 10_000), (vec![4, 5], NOW)] {
        let limit = u32::try_from(expected.len()).unwrap();
        assert_eq!(events(&take(&mut tenant, endpoint, now, limit).await), expected);
    }
    tx.commit().await.unwrap();
    let mut tx = storage.records().read().await.unwrap();
    let work = tx.webhook_work(NOW, 10).await.unwrap();
    assert!(work.iter().all(|work| work.due.is_none()), "{work:?}");
}

pub(crate) async fn what_failed_has_its_turn_among_what_waits(bed: Bed) {
    let storage = bed.open().await;
    let (workspace, endpoint) = endpoint(&bed, &storage).await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    for event in 1..=3 {
        put(&mut tenant, endpoint, event, NOW).await;
    }
    // The first is lost with its server, the others fail.
    let taken = take(&mut tenant, endpoint, NOW, 3).await;
    finish(&mut tenant, &taken[1], WebhookResult::Again(NOW + 5_000), NOW).await;
    finish(&mut tenant, &taken[2], WebhookResult::Again(NOW + 50_000), NOW).await;
    for (event, at) in [(4, 1_000), (5, 9_000), (6, 8_000)] {
        put(&mut tenant, endpoint, event, NOW + at).await;
    }
    let now = NOW + 10_000;
    assert_eq!(events(&take(&mut tenant, endpoint, now, 1).await), [4]);
    // It was due before the next was made.
    assert_eq!(events(&take(&mut tenant, endpoint, now, 1).await), [2]);
    // Whoever died had it before what waits was made.
    let now = NOW + LEASE;
    assert_eq!(events(&take(&mut tenant, endpoint, now, 1).await), [1]);
    assert_eq!(events(&take(&mut tenant, endpoint, now, 10).await), [5, 6]);
    // A test, and a message that somebody wants to be sent again.
    let (test, now) = (Uuid::now_v7(), NOW + LEASE);
    let new = NewWebhookMessage {
        id: test,
        endpoint_id: endpoint,
        event_seq: None,
        kind: "webhook.test",
        now_ms: now,
    };
    tenant.create_webhook_message(new).await.unwrap();
    put(&mut tenant, endpoint, 7, now).await;
    assert!(tenant.resend_webhook_message(taken[2].id, now).await.unwrap());
    let ids: Vec<_> = take(&mut tenant, endpoint, now, 2)
        .await
        .iter()
        .map(|message| message.id)
        .collect();
    assert_eq!(ids, [test, taken[2].id]);
    assert_eq!(events(&take(&mut tenant, endpoint, now, 10).await), [7]);
    tx.commit().await.unwrap();
}

/// Servers that send, as far as the order of it goes.
struct Servers {
    random: StdRng,
    /// How far the clock of each is off.
    off: [i64; 4],
    /// What each has under way.
    under_way: [Vec<WebhookMessage>; 4],
    /// Events whose first attempt has not come to the endpoint.
    missing: BTreeSet<i64>,
    /// How many others were overtaken, at most.
    most: usize,
}

impl Servers {
    /// One takes what there is room for, with this many attempts at a time. Requests come to the endpoint in any order.
    async fn claim(
        &mut self,
        tenant: &mut Tenant<'_>,
        endpoint: Uuid,
        (one, at_a_time): (usize, i64),
        now: i64,
    ) {
        let now = now + self.off[one];
        let elsewhere = tenant.count_webhook_claims(endpoint, now).await.unwrap();
        let free = (at_a_time - elsewhere).clamp(0, self.random.random_range(1..=at_a_time));
        if free == 0 {
            return;
        }
        let taken = take(tenant, endpoint, now, u32::try_from(free).unwrap()).await;
        for message in &taken {
            let event = message.event_seq.unwrap();
            if self.missing.contains(&event) {
                self.most = self.most.max(self.missing.range(..event).count());
            }
        }
        self.under_way[one].extend(taken);
    }

    /// An attempt of one ends.
    async fn end(&mut self, tenant: &mut Tenant<'_>, one: usize, now: i64) {
        if self.under_way[one].is_empty() {
            return;
        }
        let index = self.random.random_range(0..self.under_way[one].len());
        let message = self.under_way[one].swap_remove(index);
        self.missing.remove(&message.event_seq.unwrap());
        let now = now + self.off[one];
        let result = match self.random.random_bool(0.1) {
            true => WebhookResult::Again(now + 5_000),
            false => WebhookResult::Succeeded,
        };
        // Somebody else may have it by now, if this one's clock is behind.
        let claim = message.claim.unwrap();
        tenant
            .finish_webhook_claim(message.id, claim, result, now)
            .await
            .unwrap();
    }

    /// One dies: of what it had under way some has come to the endpoint and some was never sent.
    fn die(&mut self, one: usize) {
        for message in self.under_way[one].drain(..) {
            if self.random.random_bool(0.3) {
                self.missing.remove(&message.event_seq.unwrap());
            }
        }
    }
}

pub(crate) async fn of_servers_that_die_none_has_a_first_attempt_overtake_too_many(bed: Bed) {
    const AT_A_TIME: i64 = 4;
    let storage = bed.open().await;
    let (workspace, endpoint) = endpoint(&bed, &storage).await;
    let mut servers = Servers {
        random: StdRng::seed_from_u64(SEED),
        off: [0, 40, -300, 2_000],
        under_way: Default::default(),
        missing: BTreeSet::new(),
        most: 0,
    };
    let (mut now, mut event, mut done) = (NOW, 0, BTreeMap::new());
    for step in 0.. {
        let is_ending = step >= 1_500;
        if is_ending && servers.missing.is_empty() {
            break;
        }
        assert!(step < 3_000, "{} never came", servers.missing.len());
        now += servers.random.random_range(0..600);
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(workspace).await.unwrap();
        let one = servers.random.random_range(0..4);
        let what = match servers.random.random_range(0..100) {
            0..6 if !is_ending => {
                for _ in 0..servers.random.random_range(1..4) {
                    event += 1;
                    put(&mut tenant, endpoint, event, now + servers.off[one]).await;
                    servers.missing.insert(event);
                }
                "made"
            }
            0..50 => {
                servers.claim(&mut tenant, endpoint, (one, AT_A_TIME), now).await;
                "claimed"
            }
            50..98 => {
                servers.end(&mut tenant, one, now).await;
                "ended"
            }
            _ if is_ending => {
                now += LEASE;
                "waited"
            }
            _ => {
                servers.die(one);
                "died"
            }
        };
        tx.commit().await.unwrap();
        *done.entry(what).or_insert(0) += 1;
    }
    println!("{event} events, {done:?}, {} overtaken at most", servers.most);
    let bound = usize::try_from(AT_A_TIME).unwrap() - 1;
    assert_eq!(servers.most, bound, "as many as there may be under way before it");
    assert!(done["died"] > 10);
}
