//! WebSockets: the two protocols on the wire, each connection one task.
//!
//! `handshake` opens sockets, `upgrade` lets clients in, `admission` asks whether they may, `connection` is the loop of one socket, `ywebsocket` and `hocuspocus` say what its frames mean (`protocol`),
//! `membership` ties a connection to a room, `feeds` tells events where a document is open, `rates` slows down those who send too much, `caps` counts sockets.
//!
//! Nothing here touches a document: bytes are decoded and scanned, then handed to a room.

mod admission;
mod connection;
mod feeds;
mod handshake;
mod hocuspocus;
mod membership;
mod protocol;
mod rates;
mod upgrade;
mod ywebsocket;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_protocol::close::CloseReason;
use weft_protocol::scan::{UpdateLimits, scan_state_vector, scan_update};
use weft_protocol::sync::SyncMessage;
use weft_storage::clock::Clock;

pub(crate) use upgrade::router;

use crate::access::{Gatekeeper, Refusal, Registry};
use crate::auth;
use crate::auth::throttle::AddressKey;
use crate::caps::Caps;
use crate::config::LimitsConfig;
use crate::http::v1::Feed;
use crate::metrics::Metrics;
use crate::rooms::{Edit, EditKind, Hub, MemberId, RoomMessage};

/// What every connection needs.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// The rooms.
    pub(crate) hub: Arc<Hub>,
    /// What happens, for those who follow it where they have a document open.
    pub(crate) feed: Feed,
    /// Who may do what.
    pub(crate) gatekeeper: Arc<Gatekeeper>,
    /// Who is here by which right.
    pub(crate) registry: Arc<Registry>,
    /// What a connection may cost.
    pub(crate) limits: LimitsConfig,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// Wall-clock time, for grants that end.
    pub(crate) clock: Arc<dyn Clock>,
    /// Ends every connection.
    pub(crate) stopping: CancellationToken,
    /// Every connection.
    pub(crate) connections: TaskTracker,
    /// Sockets that nobody has authenticated yet.
    pub(crate) unauthenticated: Arc<Semaphore>,
    /// How many sockets accounts have.
    pub(crate) users: Arc<Caps<Uuid>>,
    /// How many sockets addresses have.
    pub(crate) addresses: Arc<Caps<AddressKey>>,
    /// Which web pages may connect.
    pub(crate) origins: crate::http::OriginPolicy,
}

impl Gateway {
    fn now_seconds(&self) -> u64 {
        u64::try_from(self.clock.now_ms() / 1000).unwrap_or(0)
    }

    /// What a refused client is told.
    fn refusal_reason(&self, refusal: Refusal) -> CloseReason {
        self.metrics.auth_failures.with(refusal.kind()).add(1);
        match refusal {
            Refusal::Refused(auth::Refusal::Unauthorized(_)) => CloseReason::Unauthorized,
            Refusal::Refused(auth::Refusal::Forbidden) => CloseReason::Forbidden,
            Refusal::Unavailable => CloseReason::StorageUnavailable,
        }
    }
}

/// One socket that nobody has authenticated yet; counts as such until it is dropped.
#[derive(Debug)]
struct Unauthenticated {
    _place: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

/// How long a socket waits for one of these places: when thousands come back at once, each authenticates in a moment.
const PLACE_PATIENCE: Duration = Duration::from_secs(1);

impl Unauthenticated {
    /// `None` if there are `limits.max_unauthenticated_sockets` and none of them authenticates or goes in time.
    async fn enter(gateway: &Gateway) -> Option<Self> {
        let places = Arc::clone(&gateway.unauthenticated);
        let place = timeout(PLACE_PATIENCE, places.acquire_owned()).await.ok()?.ok()?;
        gateway.metrics.ws_unauthenticated.add(1);
        Some(Self {
            _place: place,
            metrics: Arc::clone(&gateway.metrics),
        })
    }
}

impl Drop for Unauthenticated {
    fn drop(&mut self) {
        self.metrics.ws_unauthenticated.sub(1);
    }
}

/// Scans what a sync message carries, and makes it a message to the room. No byte passes to a room unscanned.
///
/// # Errors
/// The reason with which the sender is closed.
fn sync_to_room(
    member: MemberId,
    message: SyncMessage<'_>,
    frame: &Bytes,
    limits: &LimitsConfig,
) -> Result<RoomMessage, CloseReason> {
    let (kind, update) = match message {
        SyncMessage::StepOne { state_vector } => {
            scan_state_vector(state_vector, UpdateLimits::default().max_clients)
                .map_err(|_| CloseReason::ProtocolError)?;
            return Ok(RoomMessage::StepOne {
                member,
                state_vector: frame.slice_ref(state_vector),
            });
        }
        SyncMessage::StepTwo { update } => (EditKind::StepTwo, update),
        SyncMessage::Update { update } => (EditKind::Update, update),
    };
    let scan_limits = UpdateLimits {
        max_bytes: limits.max_message_bytes,
        ..UpdateLimits::default()
    };
    match scan_update(update, &scan_limits) {
        Ok(facts) => Ok(RoomMessage::Edit(Edit {
            member,
            kind,
            update: frame.slice_ref(update),
            facts,
        })),
        Err(error) => {
            tracing::debug!(%error, "update refused");
            Err(CloseReason::HostileUpdate)
        }
    }
}

#[cfg(test)]
mod tests;
