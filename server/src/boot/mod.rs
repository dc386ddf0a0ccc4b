//! Puts the parts of a serving process together, in order, and takes them apart again in the opposite order.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use weft_protocol::gate::WaitingLimits;
use weft_storage::bus::{Bus, LocalBus, NodeId, Notice, RedisBus};
use weft_storage::clock::{Clock, SystemClock};
use weft_storage::{Blobs, CommitObserver, Database, Storage};

use crate::access::{Changes, EpochFeed, Gatekeeper, Identities, Recheck, Registry, follow_epochs};
use crate::accounts::{Accounts, ExternalAccounts, Foundation, Keyring};
use crate::audit;
use crate::auth::external::ExternalIssuer;
use crate::auth::sealed::Sealer;
use crate::auth::tokens::opaque::OpaqueToken;
use crate::auth::{Authenticator, settings};
use crate::caps::Caps;
use crate::config::Config;
use crate::hints;
use crate::http::rest::Cursors;
use crate::http::{self, OriginPolicy, ServeSettings};
use crate::lifecycle::{Lifecycle, Signals};
use crate::metrics::Metrics;
use crate::notifications::{Notifier, Unsubscribe};
use crate::readiness::NodeReadiness;
use crate::rooms::{self, Hub, HubSettings, RoomLimits};
use crate::upkeep::Upkeep;
use crate::webhooks::{WebhookSettings, Webhooks};
use crate::ws::{self, Gateway};

mod notifier;

use self::notifier::{open_notifier, open_web_push};

/// The longest time between two decisions about one membership, whether or not anything is known to have changed.
const LEASE: Duration = Duration::from_secs(60);

/// Serves until a signal or a failure; returns the code for the system.
///
/// # Errors
/// If the data directory cannot be opened or an address cannot be listened on.
pub async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let life = Lifecycle::new();
    let signals = Signals::install()?;
    let app = start(&config, Arc::new(SystemClock), &life).await?;
    let mut greeting = format!("ready: http://{}/\n", app.address);
    if let Some(token) = &app.setup_token {
        greeting.push_str(&format!(
            "make the first administrator with this token: {}\n",
            token.expose()
        ));
    }
    std::io::stdout().write_all(greeting.as_bytes())?;
    Ok(life.run(signals, config.limits.shutdown()).await)
}

/// A server that accepts connections.
#[derive(Debug)]
pub struct App {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it has opened; closed when its life ends.
    pub storage: Arc<Storage>,
    /// Registering, logging in, and what they stand on.
    pub accounts: Arc<Accounts>,
    /// Clears away what is over.
    pub upkeep: Arc<Upkeep>,
    /// Makes the first administrator, if there is none and anybody would need one.
    pub setup_token: Option<OpaqueToken>,
}

/// Puts the parts together and accepts connections; everything ends with `life`.
///
/// # Errors
/// If the data directory cannot be opened or an address cannot be listened on.
pub async fn start(config: &Config, clock: Arc<dyn Clock>, life: &Lifecycle) -> anyhow::Result<App> {
    let metrics = Arc::new(Metrics::new());
    let storage = open_storage(config, Arc::clone(&clock)).await?;
    storage.observe_commits(Arc::clone(&metrics) as Arc<dyn CommitObserver>);
    let listen = config.server.listen;
    let listener = listen_on(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    // Links and issuers name the port that was taken.
    let mut config = config.clone();
    config.server.listen = address;
    let config = &config;

    let bus = open_bus(config)?;
    let rights = open_rights(config, &storage, &clock, &bus, life).await?;
    let gateway = open_gateway(config, &storage, &rights, &metrics, &bus, life);
    let webhooks = open_webhooks(config, &storage, &rights, &metrics, life)?;
    let unsubscribe = Unsubscribe::new(Arc::clone(&rights.sealer), &config.public_url());
    let web_push = open_web_push(config, &storage, &rights.sealer, &clock).await?;
    let ways_out = (&unsubscribe, web_push.as_ref());
    let (notifier, mut senders) = open_notifier(config, &storage, ways_out, (&clock, &metrics), life)?;
    senders.push(webhooks.ended().clone());
    open_hints(&bus, &storage, &notifier, life);
    keep_audit_log(&storage, &metrics, life);
    let upkeep = keep_rooms(config, &gateway, (&storage, senders), &rights.changes, life);
    // In the playground nobody needs an administrator to begin with.
    let setup_token = match config.server.playground {
        true => None,
        false => rights.accounts.setup_token().await?,
    };
    let accounts = Arc::clone(&rights.accounts);
    let api = http::v1::Api {
        hub: Arc::clone(&gateway.hub),
        log: Arc::clone(storage.log()),
        authenticator: rights.authenticator,
        records: storage.records().clone(),
        audit: storage.audit_archive(),
        accounts: rights.accounts,
        identities: rights.identities,
        oidc: http::v1::OidcLogin::from_config(config, settings::outgoing(config)?).map(Arc::new),
        changes: rights.changes,
        cursors: Cursors::new(rights.sealer),
        clock: Arc::clone(&clock),
        max_body_bytes: config.limits.max_message_bytes,
        files: files(config, &storage),
        webhooks,
        notifier,
        unsubscribe,
        web_push,
        feed: gateway.feed.clone(),
        public_url: config.public_url().into(),
    };
    let readiness = NodeReadiness {
        storage: Arc::clone(&storage),
        bus,
        has_neighbours: matches!(config.storage.database_url.database()?, Database::Postgres(_)),
    };
    let routes = http::routes(Arc::new(readiness))
        .merge(ws::router(gateway))
        .merge(http::v1::routes(api));
    let router = http::finish(routes, config, clock, Arc::clone(&metrics));
    let settings = ServeSettings::from(&config.limits);
    life.spawn_pillar(
        "http",
        http::serve(
            listener,
            router,
            settings,
            life.soft().clone(),
            life.tracker().clone(),
        ),
    );
    serve_metrics(config, settings, &metrics, life).await?;
    Ok(App {
        address,
        storage,
        accounts,
        upkeep,
        setup_token,
    })
}

/// What people upload, and within which limits.
fn files(config: &Config, storage: &Storage) -> http::v1::Files {
    http::v1::Files {
        objects: Arc::clone(storage.objects()),
        max_bytes: config.limits.max_attachment_bytes,
        max_workspace_bytes: config.limits.max_workspace_attachment_bytes,
        upload: config.limits.upload(),
    }
}

/// Who is who and may do what, for REST and for sockets.
struct Rights {
    authenticator: Authenticator,
    accounts: Arc<Accounts>,
    identities: Arc<Identities>,
    changes: Changes,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
}

/// The rooms and the way to them over sockets.
fn open_gateway(
    config: &Config,
    storage: &Storage,
    rights: &Rights,
    metrics: &Arc<Metrics>,
    bus: &Arc<dyn Bus>,
    life: &Lifecycle,
) -> Arc<Gateway> {
    let hub = Hub::new(
        Arc::clone(storage.log()),
        Arc::clone(&rights.clock),
        hub_settings(config),
        Arc::clone(metrics),
        Arc::clone(bus),
    );
    let watch = rooms::watch_log(Arc::clone(&hub), life.soft().clone());
    life.spawn_pillar("edits of other nodes", watch);
    let connections = TaskTracker::new();
    let gatekeeper = Arc::new(Gatekeeper::new(
        rights.authenticator.clone(),
        Arc::clone(&rights.identities),
        storage.records().clone(),
        Arc::clone(&rights.clock),
        config.limits.authentication_timeout(),
    ));
    let registry = Registry::new(Arc::clone(&gatekeeper), Arc::clone(metrics), connections.clone());
    let streams = http::v1::Streams::new(life.soft().clone(), life.tracker().clone());
    let records = storage.records().clone();
    Arc::new(Gateway {
        hub,
        feed: http::v1::Feed::new(records, Arc::clone(&rights.identities), streams),
        gatekeeper,
        registry,
        limits: config.limits.clone(),
        metrics: Arc::clone(metrics),
        clock: Arc::clone(&rights.clock),
        stopping: life.soft().clone(),
        connections,
        unauthenticated: Arc::new(Semaphore::new(config.limits.max_unauthenticated_sockets)),
        users: Caps::new(config.limits.max_sockets_per_user),
        addresses: Caps::new(config.limits.max_sockets_per_address),
        origins: OriginPolicy::new(config),
    })
}

/// What runs beside the rooms: the end of them, rights that change, and blobs that nothing names.
fn keep_rooms(
    config: &Config,
    gateway: &Arc<Gateway>,
    (storage, senders): (&Arc<Storage>, Vec<CancellationToken>),
    changes: &Changes,
    life: &Lifecycle,
) -> Arc<Upkeep> {
    let closing = close_after_stop(life.clone(), Arc::clone(gateway), Arc::clone(storage), senders);
    life.spawn_pillar("documents", closing);
    let feed = EpochFeed {
        records: storage.records().clone(),
        clock: Arc::clone(&gateway.clock),
        changes: changes.clone(),
        registry: Arc::clone(&gateway.registry),
    };
    life.spawn_pillar("changed rights", follow_epochs(feed, life.soft().clone()));
    life.spawn_pillar(
        "leases",
        renew_leases(life.clone(), Arc::clone(&gateway.registry)),
    );
    life.spawn_pillar("blob sweep", sweep_blobs(life.clone(), Arc::clone(storage)));
    let (hub, days) = (Arc::clone(&gateway.hub), config.audit.archive_after_days);
    let upkeep = Arc::new(Upkeep::new(Arc::clone(storage), hub, days));
    let keeping = Arc::clone(&upkeep).keep_up(Arc::clone(&gateway.clock), life.soft().clone());
    life.spawn_pillar("upkeep", keeping);
    upkeep
}

/// What tells other systems what happens, put to work.
fn open_webhooks(
    config: &Config,
    storage: &Storage,
    rights: &Rights,
    metrics: &Arc<Metrics>,
    life: &Lifecycle,
) -> anyhow::Result<Arc<Webhooks>> {
    let webhooks = Arc::new(Webhooks::new(
        storage.records().clone(),
        Arc::clone(&rights.sealer),
        settings::outgoing(config)?,
        Arc::clone(&rights.clock),
        WebhookSettings::from(&config.webhooks),
        Arc::clone(metrics),
    ));
    let delivering = Arc::clone(&webhooks).keep_delivering(life.soft().clone());
    life.spawn_pillar("webhooks", delivering);
    Ok(webhooks)
}

/// What writes down who did what, put to work.
fn keep_audit_log(storage: &Storage, metrics: &Arc<Metrics>, life: &Lifecycle) {
    let records = storage.records().clone();
    let writing = audit::keep_writing(records, Arc::clone(metrics), life.soft().clone());
    life.spawn_pillar("audit log", writing);
}

/// What nodes tell each other of events and inboxes, put to work.
fn open_hints(bus: &Arc<dyn Bus>, storage: &Storage, notifier: &Notifier, life: &Lifecycle) {
    let events = (Notice::Events, storage.records().event_bell());
    let inboxes = (Notice::Inboxes, notifier.bell());
    for (notice, bell) in [events, inboxes] {
        hints::hear(bus.as_ref(), notice, bell.clone());
        let telling = hints::tell(Arc::clone(bus), notice, bell.clone(), life.soft().clone());
        life.spawn_pillar("hints to other nodes", telling);
    }
}

/// Opens what accounts stand on, and puts its keepers to work.
async fn open_rights(
    config: &Config,
    storage: &Storage,
    clock: &Arc<dyn Clock>,
    bus: &Arc<dyn Bus>,
    life: &Lifecycle,
) -> anyhow::Result<Rights> {
    let (records, changes) = (storage.records(), Changes::new(Arc::clone(bus)));
    let sealer = Sealer::load_or_create(&config.auth.encryption_secrets, &config.server.data)?;
    let sealer = Arc::new(sealer);
    let keyring = Keyring::open(
        records.clone(),
        Arc::clone(&sealer),
        settings::rotation_policy(config),
        Arc::clone(clock),
    )
    .await?;
    let keyring = Arc::new(keyring);
    let foundation = Foundation {
        records: records.clone(),
        clock: Arc::clone(clock),
        changes: changes.clone(),
        keyring: Arc::clone(&keyring),
    };
    let (accounts, postman) = Accounts::open(config, &sealer, foundation).await?;
    let accounts = Arc::new(accounts);
    let issuer = ExternalIssuer::from_config(config, settings::outgoing(config)?);
    let external = issuer.map(|issuer| {
        let creates = config.external.create_accounts;
        ExternalAccounts::new(issuer, records.clone(), Arc::clone(clock), creates)
    });
    let identities = Identities::new(
        records.clone(),
        Arc::clone(clock),
        Arc::clone(&keyring),
        accounts.access_tokens().clone(),
        external,
    );
    let key_use = Arc::clone(identities.key_use());
    life.spawn_pillar("use of API keys", key_use.keep(life.soft().clone()));
    life.spawn_pillar("signing keys", keyring.keep(life.soft().clone()));
    let housekeeping = Arc::clone(&accounts).keep_house(life.soft().clone());
    life.spawn_pillar("old sessions and codes", housekeeping);
    life.spawn_pillar("mail", postman.work(life.soft().clone()));
    Ok(Rights {
        authenticator: Authenticator::new(config),
        accounts,
        identities: Arc::new(identities),
        changes,
        sealer,
        clock: Arc::clone(clock),
    })
}

/// The way to other nodes that `config` names. It is not waited for: a bus is a hint.
pub(crate) fn open_bus(config: &Config) -> anyhow::Result<Arc<dyn Bus>> {
    let url = config.storage.redis_url.url()?;
    let node = NodeId(rand::random());
    Ok(match url {
        Some(url) => Arc::new(RedisBus::start(url, &config.storage.redis_prefix, node)),
        None => Arc::new(LocalBus),
    })
}

/// Opens the data directory and the database that `config` names.
///
/// # Errors
/// What is wrong with them.
pub async fn open_storage(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Storage>> {
    let data = &config.server.data;
    let places = config.storage.storage(data)?;
    let mut place = format!("the data directory {}", data.display());
    if let Database::Postgres(url) = &places.database {
        place.push_str(&format!(" with {url}"));
    }
    if let Blobs::S3(_) = &places.blobs {
        place.push_str(&format!(" and {}", places.blobs));
    }
    let storage = Storage::open(&places, clock)
        .await
        .with_context(|| format!("cannot open {place}"))?;
    Ok(Arc::new(storage))
}

/// Waits for the stop, then for every connection, then for every room and for what is being sent, and closes the storage last.
async fn close_after_stop(
    life: Lifecycle,
    gateway: Arc<Gateway>,
    storage: Arc<Storage>,
    senders: Vec<CancellationToken>,
) {
    life.soft().cancelled().await;
    gateway.connections.close();
    gateway.connections.wait().await;
    gateway.hub.close().await;
    gateway.hub.bus().close().await;
    for ended in senders {
        ended.cancelled().await;
    }
    storage.close().await;
}

/// Has every membership decided again now and then, whatever was or was not heard of changes.
async fn renew_leases(life: Lifecycle, registry: Arc<Registry>) {
    while life.soft().run_until_cancelled(sleep(LEASE)).await.is_some() {
        registry.recheck(&Recheck::Everything, Instant::now()).await;
    }
}

/// Removes the files of replaced snapshots now and then.
async fn sweep_blobs(life: Lifecycle, storage: Arc<Storage>) {
    let (every, grace) = storage.sweep_pace();
    while life.soft().run_until_cancelled(sleep(every)).await.is_some() {
        if let Err(error) = storage.sweep_blobs(grace).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "replaced snapshots were not removed"
            );
        }
    }
}

/// Listens, with room for everybody who comes back at once after a network has failed: who finds the queue full tries again
/// only after a second. The system may allow fewer (`net.core.somaxconn`).
fn listen_on(address: SocketAddr) -> std::io::Result<TcpListener> {
    const QUEUE: u32 = 4_096;
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

async fn serve_metrics(
    config: &Config,
    settings: ServeSettings,
    metrics: &Arc<Metrics>,
    life: &Lifecycle,
) -> anyhow::Result<()> {
    let Some(listen) = config.server.metrics_listen else {
        return Ok(());
    };
    let listener = listen_on(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let settings = ServeSettings {
        max_sockets: 16,
        ..settings
    };
    let router = http::metrics_router(Arc::clone(metrics));
    life.spawn_pillar(
        "metrics",
        http::serve(
            listener,
            router,
            settings,
            life.soft().clone(),
            life.tracker().clone(),
        ),
    );
    Ok(())
}

/// How rooms behave by `config`.
pub(crate) fn hub_settings(config: &Config) -> HubSettings {
    let limits = &config.limits;
    HubSettings {
        limits: RoomLimits {
            max_members: limits.max_clients_per_document,
            max_document_bytes: limits.max_document_bytes,
            waiting: WaitingLimits {
                max_bytes: limits.max_pending_bytes,
                ..WaitingLimits::default()
            },
            max_nesting: u32::try_from(limits.max_nesting).unwrap_or(u32::MAX),
            max_awareness_state_bytes: limits.max_awareness_state_bytes,
            max_awareness_clients: limits.max_awareness_clients_per_connection,
        },
        idle_unload: config.rooms.idle_unload(),
        compact_after_rows: config.rooms.compact_after_rows,
        compact_after_bytes: config.rooms.compact_after_bytes,
        mailbox_messages: config.rooms.mailbox_messages,
        longest_rest: config.rooms.longest_rest(),
        gather_saves: config.rooms.gather_saves(),
        renew_boards_after: config.rooms.renew_boards_after(),
        storage_patience: limits.storage_patience(),
        max_unsaved_bytes: limits.max_document_bytes,
    }
}
