//! Everything that takes a right away, and how long it takes until sockets feel it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use uuid::Uuid;
use weft_protocol::hocuspocus as wire;
use weft_protocol::id::DocumentName;
use weft_protocol::ywebsocket;
use weft_storage::records::{DocumentChange, EpochKind, LinkTerms, ShareChange, Tx, UserStanding};

use crate::access::Recheck;
use crate::rooms::Outbox;

use super::sockets::{content, joined, link};
use super::world::{Client, Org, World, as_role, denial, project_content, typed};

/// How long until a socket feels a change at the latest, when this node made it or another one.
const BOUND: Duration = Duration::from_secs(2);

/// What becomes of somebody's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The right to the document is gone.
    Revoked,
    /// The credential is gone.
    LoggedOut,
    /// They may only read from now on.
    ReadOnly,
}

macro_rules! events {
    ($($event:ident => $fate:ident,)+) => {
        /// What can happen to rights.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Event { $($event,)+ }

        const EVENTS: &[(Event, Fate)] = &[$((Event::$event, Fate::$fate),)+];
    };
}

events! {
    WorkspaceMemberRemoved => Revoked,
    WorkspaceRoleLowered => Revoked,
    WorkspaceDeleted => Revoked,
    TeamMemberRemoved => Revoked,
    ProjectRoleLowered => ReadOnly,
    ProjectMemberRemoved => Revoked,
    ProjectArchived => ReadOnly,
    ProjectDeleted => Revoked,
    ShareLowered => ReadOnly,
    ShareRemoved => Revoked,
    DocumentMoved => Revoked,
    DocumentArchived => ReadOnly,
    DocumentDeleted => Revoked,
    LinkRevoked => LoggedOut,
    LinkLowered => ReadOnly,
    LinkExpired => LoggedOut,
    UserDisabled => LoggedOut,
    UserDeleted => LoggedOut,
    SessionEnded => LoggedOut,
    PasswordReset => LoggedOut,
}

/// Somebody who is about to lose a right.
struct Victim {
    event: Event,
    org: Org,
    user: Uuid,
    session: Uuid,
    link: Uuid,
    link_token: String,
}

impl Victim {
    /// Somebody who may edit the document, by the right that `event` takes away and by no other.
    async fn of(event: Event, world: &World) -> Self {
        let (org, user) = (world.org().await, world.user().await);
        let (link, link_token) = link(world, org, "editor").await;
        world
            .write(async |tx: &mut Tx| {
                let mut tenant = tx.workspace(org.workspace).await.unwrap();
                let role = match event {
                    Event::WorkspaceRoleLowered | Event::WorkspaceDeleted => "admin",
                    Event::ShareLowered | Event::ShareRemoved => "guest",
                    _ => "member",
                };
                tenant.put_member(as_role(user, role)).await.unwrap();
                match event {
                    Event::ProjectRoleLowered | Event::ProjectMemberRemoved => {
                        let put = tenant.put_project_member(org.project, as_role(user, "editor"));
                        put.await.unwrap();
                    }
                    Event::ShareLowered | Event::ShareRemoved => {
                        tenant.put_share(share(org, user, "editor")).await.unwrap();
                    }
                    _ => tenant
                        .put_team_member(org.team, as_role(user, "member"))
                        .await
                        .unwrap(),
                }
            })
            .await;
        let (session, _) = world.login(user).await;
        Self {
            event,
            org,
            user,
            session,
            link,
            link_token,
        }
    }

    async fn credential(&self, world: &World) -> String {
        match self.event {
            Event::LinkRevoked | Event::LinkLowered | Event::LinkExpired => self.link_token.clone(),
            _ => world.ticket(self.user, self.session).await,
        }
    }

    fn whose(&self) -> EpochKind {
        match self.event {
            Event::UserDisabled | Event::UserDeleted | Event::SessionEnded | Event::PasswordReset => {
                EpochKind::User(self.user)
            }
            _ => EpochKind::Workspace(self.org.workspace),
        }
    }

    async fn strike(&self, world: &World, elsewhere: Uuid) {
        let now_ms = world.now_ms();
        world
            .change_rights(self.whose(), async |tx: &mut Tx| {
                if self.whose() == EpochKind::User(self.user) {
                    self.strike_account(tx, now_ms).await;
                } else {
                    self.strike_workspace(tx, now_ms, elsewhere).await;
                }
            })
            .await;
    }

    async fn strike_account(&self, tx: &mut Tx, now_ms: i64) {
        match self.event {
            Event::UserDisabled => {
                let standing = UserStanding {
                    server_role: "user",
                    status: "inactive",
                };
                assert!(tx.change_standing(self.user, 1, standing, now_ms).await.unwrap());
            }
            Event::UserDeleted => assert!(tx.delete_user(self.user, now_ms).await.unwrap()),
            Event::SessionEnded => {
                assert!(tx.end_session(self.session, "logout", now_ms).await.unwrap());
            }
            _ => {
                let ended = tx.end_sessions_of(self.user, None, "password_reset", now_ms);
                assert_eq!(ended.await.unwrap(), 1);
            }
        }
    }

    async fn strike_workspace(&self, tx: &mut Tx, now_ms: i64, elsewhere: Uuid) {
        let (org, user) = (self.org, self.user);
        let mut tenant = tx.workspace(org.workspace).await.unwrap();
        let terms = |role, expires_at_ms| LinkTerms {
            role,
            password_hash: None,
            expires_at_ms,
        };
        match self.event {
            Event::WorkspaceMemberRemoved => assert!(tenant.remove_member(user).await.unwrap()),
            Event::WorkspaceRoleLowered => tenant.put_member(as_role(user, "guest")).await.unwrap(),
            Event::WorkspaceDeleted => tenant.trash_workspace(Some(now_ms)).await.unwrap(),
            Event::TeamMemberRemoved => assert!(tenant.remove_team_member(org.team, user).await.unwrap()),
            Event::ProjectRoleLowered => {
                let put = tenant.put_project_member(org.project, as_role(user, "commenter"));
                put.await.unwrap();
            }
            Event::ProjectMemberRemoved => {
                assert!(tenant.remove_project_member(org.project, user).await.unwrap());
            }
            Event::ProjectArchived => {
                let content = project_content("archived");
                tenant
                    .change_project(org.project, &content, now_ms)
                    .await
                    .unwrap();
            }
            Event::ProjectDeleted => {
                let deleted = Some((org.owner, now_ms));
                tenant.trash_project(org.project, deleted).await.unwrap();
            }
            Event::ShareLowered => tenant.put_share(share(org, user, "viewer")).await.unwrap(),
            Event::ShareRemoved => assert!(tenant.remove_share(org.document, user).await.unwrap()),
            Event::DocumentMoved => {
                let change = DocumentChange {
                    title: None,
                    project_id: Some(elsewhere),
                };
                tenant
                    .change_document(org.document, change, now_ms)
                    .await
                    .unwrap();
            }
            Event::DocumentArchived => {
                tenant.archive_document(org.document, Some(now_ms)).await.unwrap();
            }
            Event::DocumentDeleted => {
                let trashed = tenant.trash_document(org.document, Some(now_ms), Some(org.owner));
                trashed.await.unwrap();
            }
            Event::LinkRevoked => {
                assert!(tenant.revoke_link(org.document, self.link, now_ms).await.unwrap());
            }
            Event::LinkLowered => tenant
                .change_link(self.link, terms("viewer", None))
                .await
                .unwrap(),
            _ => {
                let ended = terms("editor", Some(now_ms));
                tenant.change_link(self.link, ended).await.unwrap();
            }
        }
    }
}

fn share(org: Org, user_id: Uuid, role: &str) -> ShareChange<'_> {
    ShareChange {
        document_id: org.document,
        user_id,
        role,
        shared_by: org.owner,
        now_ms: 1,
    }
}

/// Two sockets of the victim, one of each protocol, and a document of somebody else on the second.
struct Sockets {
    sync: Client,
    collab: Client,
    bystander: String,
    name: String,
}

impl Sockets {
    async fn of(victim: &Victim, world: &World) -> Self {
        let mut sync = joined(world, victim.org, &victim.credential(world).await).await;
        sync.send(ywebsocket::update(&typed(3, "before"))).await;
        let mut collab = world.collab().await;
        let name = victim.org.document.to_string();
        collab.open(&name, &victim.credential(world).await).await;
        collab.until(|frame| frame.ends_with(b"read-write")).await;
        let other = world.org().await;
        let bystander = other.document.to_string();
        let (_, link) = link(world, other, "editor").await;
        collab.open(&bystander, &link).await;
        let prefix = bystander.clone();
        collab
            .until(move |frame| frame.ends_with(b"read-write") && frame[1..].starts_with(prefix.as_bytes()))
            .await;
        Self {
            sync,
            collab,
            bystander,
            name,
        }
    }

    /// Waits until both sockets have felt it.
    async fn feel(&mut self, fate: Fate) {
        let expected = match fate {
            Fate::Revoked => (4403, "access-revoked"),
            Fate::LoggedOut => (4401, "unauthorized"),
            Fate::ReadOnly => {
                self.collab.until(|frame| frame.ends_with(b"readonly")).await;
                return;
            }
        };
        let frame = self.collab.until(|frame| denial(frame).is_some()).await;
        assert_eq!(denial(&frame), Some((self.name.clone(), expected.1.to_owned())));
        assert_eq!(self.sync.closed().await, (expected.0, expected.1.to_owned()));
    }

    /// Nothing that is sent afterwards has an effect, and the other document goes on.
    async fn check(&mut self, fate: Fate, victim: &Victim, world: &World) {
        self.collab
            .send(wire::update(&self.name, &typed(4, "after")))
            .await;
        if fate == Fate::ReadOnly {
            // A y-websocket client hears that it may not only when it edits.
            let told = ywebsocket::permission_denied("read-only");
            loop {
                self.sync.send(ywebsocket::update(&typed(5, "probe"))).await;
                let soon = Duration::from_millis(100);
                if timeout(soon, self.sync.until(|frame| *frame == told[..]))
                    .await
                    .is_ok()
                {
                    break;
                }
            }
            self.sync.send(ywebsocket::update(&typed(7, "after"))).await;
            self.collab.until(|frame| frame.ends_with(&[8, 0])).await;
        }
        self.collab
            .send(wire::update(&self.bystander, &typed(6, "goes on")))
            .await;
        let bystander = self.bystander.clone();
        self.collab
            .until(move |frame| frame.ends_with(&[8, 1]) && frame[1..].starts_with(bystander.as_bytes()))
            .await;
        let stored = content(world, victim.org).await;
        assert!(stored.contains("before") && !stored.contains("after"), "{stored}");
    }
}

async fn measure(event: Event, fate: Fate, world: &World, here: bool) -> Duration {
    let victim = Victim::of(event, world).await;
    let elsewhere = Uuid::now_v7();
    world.project(victim.org, Uuid::now_v7(), elsewhere).await;
    let mut sockets = Sockets::of(&victim, world).await;
    victim.strike(world, elsewhere).await;
    let struck = Instant::now();
    if here {
        world.changes.announce();
    }
    sockets.feel(fate).await;
    let took = struck.elapsed();
    sockets.check(fate, &victim, world).await;
    took
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[(times.len() * 99).div_ceil(100) - 1]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w11_every_event_that_takes_a_right_away_reaches_live_sockets() {
    let world = World::start(&[]).await;
    for (event, fate) in EVENTS {
        let took = measure(*event, *fate, &world, true).await;
        assert!(took < BOUND, "{event:?} took {took:?}");
        println!("{event:?}: {took:?}");
    }
    assert_eq!(world.revocations(), EVENTS.len() * 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w11_what_another_node_takes_away_is_felt_here_too() {
    let world = World::start(&[]).await;
    // Nobody rings the bell here: the epoch is found by looking.
    let measured = EVENTS
        .iter()
        .map(|(event, fate)| measure(*event, *fate, &world, false));
    let times = futures_util::future::join_all(measured).await;
    let worst = p99(times);
    println!("p99 {worst:?}");
    assert!(worst < BOUND, "{worst:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w14_logout_closes_the_sockets_of_the_session_and_no_other() {
    let world = World::start(&[]).await;
    let org = world.org().await;
    let (session, ticket) = world.login(org.owner).await;
    let (_, other) = world.login(org.owner).await;
    let mut ended = joined(&world, org, &ticket).await;
    let mut stays = joined(&world, org, &other).await;
    let now_ms = world.now_ms();
    world
        .change_rights(EpochKind::User(org.owner), async |tx: &mut Tx| {
            assert!(tx.end_session(session, "logout", now_ms).await.unwrap());
        })
        .await;
    world.changes.announce();
    assert_eq!(ended.closed().await, (4401, "unauthorized".to_owned()));
    stays.send(ywebsocket::update(&typed(1, "still here"))).await;
    stays.send(&[102, 1, 1][..]).await;
    stays.send(ywebsocket::sync_step_two(&[0, 0])).await;
    stays.until(|frame| *frame == [102, 1, 1]).await;
    assert!(content(&world, org).await.contains("still here"));
    drop(stays);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_goes_while_a_socket_opens_is_not_missed() {
    let world = World::start(&[]).await;
    let victim = Victim::of(Event::LinkRevoked, &world).await;
    let name = victim.org.document.to_string();
    // However the two fall together, nobody stays.
    for _ in 0..40 {
        let (link, token) = link(&world, victim.org, "editor").await;
        let revoke = async {
            let now_ms = world.now_ms();
            world
                .change_rights(victim.whose(), async |tx: &mut Tx| {
                    let mut tenant = tx.workspace(victim.org.workspace).await.unwrap();
                    let revoked = tenant.revoke_link(victim.org.document, link, now_ms);
                    assert!(revoked.await.unwrap());
                })
                .await;
            world.changes.announce();
        };
        let open = async {
            let mut client = world.sync(&name, &token).await;
            client.closed().await.0
        };
        let ((), code) = tokio::join!(revoke, open);
        assert_eq!(code, 4401);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w11_two_thousand_memberships_of_one_workspace_are_decided_again_in_time() {
    let world = World::start(&[]).await;
    let victim = Victim::of(Event::TeamMemberRemoved, &world).await;
    let name = DocumentName::parse(&victim.org.document.to_string()).unwrap();
    let gateway = &world.gateway;
    let credential = victim.credential(&world).await;
    let admitted = gateway.admit(Some(&credential), &name).await.unwrap();
    let seats: Vec<_> = (0..2_000)
        .map(|_| {
            let outbox = Arc::new(Outbox::new(1_000, Arc::default()));
            let (grant, shared) = (Arc::clone(&admitted.grant), Arc::clone(&outbox));
            let member = gateway.hub.new_member();
            let seat = gateway
                .registry
                .enter(member, &name, grant, admitted.decided, shared);
            (seat, outbox)
        })
        .collect();
    victim.strike(&world, Uuid::now_v7()).await;
    let struck = Instant::now();
    let what = Recheck::Workspace(victim.org.workspace);
    gateway.registry.recheck(&what, struck).await;
    let took = struck.elapsed();
    println!("two thousand: {took:?}");
    assert!(seats.iter().all(|(_, outbox)| outbox.is_cut()));
    assert!(took < BOUND, "{took:?}");
    drop(seats);
    world.stop().await;
}
