//! Rooms with a real log that cannot go on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::timeout;
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus::SyncStatus;
use weft_protocol::id::DocumentName;
use weft_protocol::scan::{UpdateLimits, scan_update};
use weft_storage::bus::{Heard, LocalBus};
use weft_storage::clock::{Clock, SystemClock};
use weft_storage::{DocumentKey, Storage, StorageConfig, WorkspaceId};
use yrs::{Doc, Text, Transact};

use super::super::dialect::Dialect;
use super::super::hub::{Hub, RoomHandle};
use super::super::outbox::{Outbox, Outgoing};
use super::super::{Edit, EditKind, Join, MemberId, RoomMessage};
use crate::auth::Access;
use crate::config::{self, Sources};
use crate::metrics::Metrics;

const WORKSPACE: WorkspaceId = WorkspaceId::DEFAULT;
/// How long anything may take that is to happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

struct Member {
    id: MemberId,
    outbox: Arc<Outbox>,
    wake: Arc<Notify>,
}

impl Member {
    fn new(hub: &Hub) -> Self {
        let wake = Arc::new(Notify::new());
        Self {
            id: hub.new_member(),
            outbox: Arc::new(Outbox::new(1 << 20, Arc::clone(&wake))),
            wake,
        }
    }

    fn joins(&self) -> RoomMessage {
        RoomMessage::Join(Join {
            member: self.id,
            outbox: Arc::clone(&self.outbox),
            dialect: Dialect::Hocuspocus("doc".into()),
            access: Access::ReadWrite,
            author: None,
            greeting: None,
        })
    }

    /// An edit that says of itself what a sound one would.
    fn sends(&self, update: &'static [u8]) -> RoomMessage {
        let facts = scan_update(&sound_update(), &UpdateLimits::default()).unwrap();
        RoomMessage::Edit(Edit {
            member: self.id,
            kind: EditKind::Update,
            update: Bytes::from_static(update),
            facts,
        })
    }

    fn types(&self) -> RoomMessage {
        self.sends(sound_update().leak())
    }

    /// What comes first that is `wanted`.
    async fn until(&self, wanted: impl Fn(&Outgoing) -> bool) -> Outgoing {
        let hears = async {
            loop {
                match self.outbox.next() {
                    Some(outgoing) if wanted(&outgoing) => return outgoing,
                    Some(_) => {}
                    None => self.wake.notified().await,
                }
            }
        };
        timeout(PATIENCE, hears).await.expect("the room says something")
    }

    async fn closed(&self) -> Outgoing {
        self.until(|outgoing| matches!(outgoing, Outgoing::Closed(_)))
            .await
    }
}

fn sound_update() -> Vec<u8> {
    let doc = Doc::with_client_id(7);
    let text = doc.get_or_insert_text("text");
    let mut transaction = doc.transact_mut();
    text.push(&mut transaction, "one");
    transaction.encode_update_v1()
}

/// Puts messages into a room's mailbox as one batch: from the only worker, so that the room runs when all are there.
async fn at_once(hub: &Hub, room: &Arc<RoomHandle>, messages: Vec<RoomMessage>) {
    let room = Arc::clone(room);
    let sent = hub.tasks.spawn(async move {
        for message in messages {
            room.sender().try_send(message).unwrap();
        }
    });
    sent.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_comes_behind_the_edit_that_ends_a_room_is_told() {
    let data = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let place = StorageConfig::new(data.path());
    let storage = Storage::open(&place, Arc::clone(&clock)).await.unwrap();
    let settings = crate::boot::hub_settings(&config::load(&Sources::default()).unwrap());
    let log = Arc::clone(storage.log());
    let hub = Hub::new(log, clock, settings, Arc::new(Metrics::new()), Arc::new(LocalBus));
    let name = DocumentName::parse("doc").unwrap();
    let room = hub.enter(WORKSPACE, &name);
    let (ann, bob, cleo) = (Member::new(&hub), Member::new(&hub), Member::new(&hub));
    at_once(&hub, &room, vec![ann.joins(), ann.types()]).await;
    ann.until(|outgoing| *outgoing == Outgoing::Status(SyncStatus::Saved))
        .await;

    // The edit breaks the document, and the log does not give it back.
    let found = storage.log().find(WORKSPACE, DocumentKey::Name(&name)).await;
    let id = found.unwrap().unwrap().id;
    storage.log().quarantine(id, "the test says so").await.unwrap();
    let batch = vec![
        ann.sends(&[1, 1, 7]),
        bob.joins(),
        RoomMessage::Heard(Heard::Gap),
        cleo.joins(),
    ];
    at_once(&hub, &room, batch).await;
    for member in [&ann, &bob, &cleo] {
        let closed = Outgoing::Closed(CloseReason::DocumentQuarantined);
        assert_eq!(member.closed().await, closed);
    }
    drop(room);
    hub.close().await;
    storage.close().await;
}
