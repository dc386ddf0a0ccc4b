//! A server with a workspace in it, and clients that speak the wire.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_protocol::hocuspocus;
use weft_protocol::lib0::write_var_string;
use weft_storage::clock::{Clock, SystemClock};
use weft_storage::records::{
    EpochKind, MemberChange, NewDocument, NewSession, NewTeam, NewUser, NewWorkspace, ProjectContent, Tx,
};
use weft_storage::{Storage, StorageConfig, WorkspaceId};

use super::super::*;
use crate::access::{Changes, EpochFeed, GrantBasis, Identities, Identity, Subject, follow_epochs, tickets};
use crate::accounts::Keyring;
use crate::auth::permission::{PrincipalFacts, Scopes, ServerRole, Standing};
use crate::auth::sealed::Sealer;
use crate::auth::{Authenticator, settings};
use crate::config::{self, Config, Secret, Setting, Sources};
use crate::http::v1::{Feed, Streams};
use crate::http::{OriginPolicy, ServeSettings, serve};
use crate::rooms::HubSettings;

/// The secret with which an application signs tokens for names.
pub(super) const SECRET: &str = "auth.document_token_secrets=main:an application secret of 32 bytes";
/// How long anything may take that is to happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(super) struct World {
    pub(super) config: Config,
    pub(super) gateway: Arc<Gateway>,
    pub(super) storage: Arc<Storage>,
    pub(super) changes: Changes,
    address: SocketAddr,
    stop: CancellationToken,
    tracker: TaskTracker,
    _data: TempDir,
}

/// A workspace with a document in a project of a team, and somebody who owns all of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Org {
    pub(super) workspace: WorkspaceId,
    pub(super) owner: Uuid,
    pub(super) team: Uuid,
    pub(super) project: Uuid,
    pub(super) document: Uuid,
}

impl World {
    pub(super) async fn start(flags: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = config(flags);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let place = StorageConfig::new(data.path());
        let storage = Arc::new(Storage::open(&place, Arc::clone(&clock)).await.unwrap());
        let (stop, tracker, changes) = (CancellationToken::new(), TaskTracker::new(), Changes::default());
        let gateway = gateway(&config, &storage, &clock, &stop);
        let feed = EpochFeed {
            records: storage.records().clone(),
            clock,
            changes: changes.clone(),
            registry: Arc::clone(&gateway.registry),
        };
        tracker.spawn(follow_epochs(feed, stop.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = ServeSettings::from(&config.limits);
        let router = router(Arc::clone(&gateway));
        tracker.spawn(serve(listener, router, settings, stop.clone(), tracker.clone()));
        Self {
            config,
            gateway,
            storage,
            changes,
            address,
            stop,
            tracker,
            _data: data,
        }
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.gateway.connections.close();
        self.gateway.connections.wait().await;
        self.gateway.hub.close().await;
        self.tracker.close();
        self.tracker.wait().await;
        self.storage.close().await;
    }

    pub(super) fn now_ms(&self) -> i64 {
        SystemClock.now_ms()
    }

    /// Does something in a transaction of its own.
    pub(super) async fn write(&self, act: impl AsyncFnOnce(&mut Tx)) {
        let mut tx = self.storage.records().write().await.unwrap();
        act(&mut tx).await;
        tx.commit().await.unwrap();
    }

    /// Changes rights as REST does: with an epoch in the same transaction. Nobody is told before the feed looks.
    pub(super) async fn change_rights(&self, whose: EpochKind, act: impl AsyncFnOnce(&mut Tx)) {
        let now_ms = self.now_ms();
        self.write(async |tx| {
            act(tx).await;
            tx.raise_epoch(whose, now_ms).await.unwrap();
        })
        .await;
    }

    /// How many memberships have been changed or ended because of rights.
    pub(super) fn revocations(&self) -> usize {
        let text = self.gateway.metrics.render();
        let count = text
            .lines()
            .find_map(|line| line.strip_prefix("weft_revocation_latency_seconds_count "));
        count.unwrap().parse().unwrap()
    }

    pub(super) async fn user(&self) -> Uuid {
        let id = Uuid::now_v7();
        let email = format!("{id}@example.org");
        let new = NewUser {
            id,
            email: &email,
            email_key: &email,
            username: None,
            password_hash: None,
            first_name: "A",
            last_name: "B",
            server_role: "user",
            status: "active",
            email_verified_at_ms: Some(1),
            now_ms: self.now_ms(),
        };
        self.write(async |tx| tx.create_user(new).await.unwrap()).await;
        id
    }

    pub(super) async fn org(&self) -> Org {
        let owner = self.user().await;
        let org = Org {
            workspace: WorkspaceId(Uuid::now_v7()),
            owner,
            team: Uuid::now_v7(),
            project: Uuid::now_v7(),
            document: Uuid::now_v7(),
        };
        let now_ms = self.now_ms();
        self.write(async |tx| {
            let mut tenant = tx.workspace(org.workspace).await.unwrap();
            let new = NewWorkspace {
                name: "Looms",
                created_by: Some(owner),
                now_ms,
            };
            tenant.create_workspace(new).await.unwrap();
            tenant.put_member(as_role(owner, "owner")).await.unwrap();
        })
        .await;
        self.project(org, org.team, org.project).await;
        let new = NewDocument {
            id: org.document,
            project_id: org.project,
            kind: "text",
            title: "Plan",
            created_by: owner,
            now_ms,
        };
        self.write(async |tx| {
            let mut tenant = tx.workspace(org.workspace).await.unwrap();
            tenant.create_document(new).await.unwrap();
        })
        .await;
        org
    }

    /// A project in a team of its own.
    pub(super) async fn project(&self, org: Org, team: Uuid, project: Uuid) {
        let now_ms = self.now_ms();
        let name = team.to_string();
        let new = NewTeam {
            id: team,
            name: &name,
            description: "",
            owner_user_id: org.owner,
            now_ms,
        };
        self.write(async |tx| {
            let mut tenant = tx.workspace(org.workspace).await.unwrap();
            tenant.create_team(new).await.unwrap();
            let content = project_content("active");
            let made = tenant.create_project(project, team, org.owner, &content, now_ms);
            made.await.unwrap();
        })
        .await;
    }

    /// A login, and a ticket for a socket that it asked for.
    pub(super) async fn login(&self, user: Uuid) -> (Uuid, String) {
        let session = Uuid::now_v7();
        let now_ms = self.now_ms();
        let new = NewSession {
            id: session,
            user_id: user,
            kind: "password",
            user_agent: None,
            address: None,
            now_ms,
            expires_at_ms: now_ms + 3_600_000,
        };
        self.write(async |tx| tx.create_session(new).await.unwrap()).await;
        (session, self.ticket(user, session).await)
    }

    pub(super) async fn ticket(&self, user: Uuid, session: Uuid) -> String {
        let identity = Identity {
            subject: Subject::User(user),
            facts: PrincipalFacts {
                standing: Standing::Active,
                server_role: ServerRole::User,
                confined_to: None,
                scopes: Scopes::full(),
            },
            basis: GrantBasis {
                user: Some(user),
                session: Some(session),
                ..GrantBasis::default()
            },
            bearer: None,
            name: None,
            expires_at: None,
        };
        let issued = tickets::issue(
            self.storage.records(),
            &identity,
            tickets::Door::Documents,
            self.now_ms(),
        )
        .await;
        issued.unwrap().unwrap().expose().to_owned()
    }

    /// A y-websocket connection.
    pub(super) async fn sync(&self, document: &str, credential: &str) -> Client {
        self.connect(&format!("/v1/sync/{document}?token={credential}"), &[])
            .await
            .0
    }

    /// A Hocuspocus connection.
    pub(super) async fn collab(&self) -> Client {
        self.connect("/v1/collab", &[]).await.0
    }

    pub(super) async fn connect(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> (Client, Response<Option<Vec<u8>>>) {
        let mut request = format!("ws://{}{path}", self.address)
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (socket, response) = client_async(request, stream).await.unwrap();
        (Client { socket }, response)
    }
}

pub(super) fn config(flags: &[&str]) -> Config {
    let flags = [SECRET].iter().chain(flags);
    let flags = flags.map(|flag| Setting::parse(flag).unwrap()).collect();
    config::load(&Sources {
        flags,
        ..Sources::default()
    })
    .unwrap()
}

pub(super) fn as_role(user_id: Uuid, role: &str) -> MemberChange<'_> {
    MemberChange {
        user_id,
        role,
        now_ms: 1,
    }
}

pub(super) fn project_content(status: &str) -> ProjectContent {
    ProjectContent {
        name: "Shuttle".to_owned(),
        description: String::new(),
        status: status.to_owned(),
        start_date: None,
        end_date: None,
        task_key: None,
    }
}

fn gateway(
    config: &Config,
    storage: &Storage,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) -> Arc<Gateway> {
    let metrics = Arc::new(Metrics::new());
    let connections = TaskTracker::new();
    let sealer = Sealer::new(&[Secret::new(format!("a:{}", "s".repeat(32)))]).unwrap();
    let keyring = Keyring::unread(
        storage.records().clone(),
        Arc::new(sealer),
        settings::rotation_policy(config),
        Arc::clone(clock),
    );
    let identities = Arc::new(Identities::new(
        storage.records().clone(),
        Arc::clone(clock),
        Arc::new(keyring.unwrap()),
        settings::access_tokens(config),
        None,
    ));
    let gatekeeper = Arc::new(Gatekeeper::new(
        Authenticator::new(config),
        Arc::clone(&identities),
        storage.records().clone(),
        Arc::clone(clock),
        config.limits.authentication_timeout(),
    ));
    let registry = Registry::new(Arc::clone(&gatekeeper), Arc::clone(&metrics), connections.clone());
    let hub_settings: HubSettings = crate::boot::hub_settings(config);
    let streams = Streams::new(stop.clone(), connections.clone());
    Arc::new(Gateway {
        feed: Feed::new(storage.records().clone(), identities, streams),
        hub: Hub::new(
            Arc::clone(storage.log()),
            Arc::clone(clock),
            hub_settings,
            Arc::clone(&metrics),
            Arc::new(weft_storage::bus::LocalBus),
        ),
        gatekeeper,
        registry,
        limits: config.limits.clone(),
        metrics,
        clock: Arc::clone(clock),
        stopping: stop.clone(),
        connections,
        unauthenticated: Arc::new(Semaphore::new(config.limits.max_unauthenticated_sockets)),
        users: Caps::new(config.limits.max_sockets_per_user),
        addresses: Caps::new(config.limits.max_sockets_per_address),
        origins: OriginPolicy::new(config),
    })
}

/// The client's end of a socket.
pub(super) struct Client {
    socket: WebSocketStream<TcpStream>,
}

/// What a client hears.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Frame(Bytes),
    Closed(u16, String),
}

impl Client {
    pub(super) async fn send(&mut self, frame: impl Into<Bytes>) {
        self.socket.send(Message::Binary(frame.into())).await.unwrap();
    }

    /// Authenticates a document of a Hocuspocus connection, and says what it has: nothing.
    pub(super) async fn open(&mut self, name: &str, credential: &str) {
        self.send(authentication(name, credential)).await;
        self.send(hocuspocus::sync_step_one(name, &[0])).await;
    }

    pub(super) async fn next(&mut self) -> Heard {
        loop {
            let message = timeout(PATIENCE, self.socket.next())
                .await
                .expect("the server says something");
            match message {
                Some(Ok(Message::Binary(frame))) => return Heard::Frame(frame),
                Some(Ok(Message::Close(Some(close)))) => {
                    return Heard::Closed(close.code.into(), close.reason.to_string());
                }
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return Heard::Closed(0, "lost".to_owned()),
            }
        }
    }

    /// Hears until a frame fits.
    pub(super) async fn until(&mut self, fits: impl Fn(&[u8]) -> bool) -> Bytes {
        loop {
            match self.next().await {
                Heard::Frame(frame) if fits(&frame) => return frame,
                Heard::Frame(_) => {}
                Heard::Closed(code, reason) => panic!("closed with {code} {reason}"),
            }
        }
    }

    /// Hears until the server closes.
    pub(super) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Heard::Closed(code, reason) = self.next().await {
                return (code, reason);
            }
        }
    }

    /// Whether nothing comes for so long.
    pub(super) async fn is_silent(&mut self, how_long: Duration) -> bool {
        timeout(how_long, self.next()).await.is_err()
    }
}

/// A Hocuspocus client's "let me in".
pub(super) fn authentication(name: &str, credential: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    write_var_string(&mut frame, name);
    frame.extend([2, 0]);
    write_var_string(&mut frame, credential);
    frame
}

/// A Hocuspocus client's "I need it no longer".
pub(super) fn close(name: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    write_var_string(&mut frame, name);
    frame.push(7);
    frame
}

/// Text as a Yjs update of its own client.
pub(super) fn typed(client: u64, text: &str) -> Vec<u8> {
    use yrs::{Doc, Text, Transact};
    let doc = Doc::with_client_id(client);
    let field = doc.get_or_insert_text("text");
    let mut txn = doc.transact_mut();
    field.push(&mut txn, text);
    txn.encode_update_v1()
}

/// The name and the reason of a denial, if `frame` is one. Names here are shorter than 128 bytes.
pub(super) fn denial(frame: &[u8]) -> Option<(String, String)> {
    let (length, rest) = frame.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let reason = rest.strip_prefix(&[2, 1])?.get(1..)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(name), text(reason)))
}
