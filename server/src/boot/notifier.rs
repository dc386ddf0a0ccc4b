//! Puts what tells people together: inboxes, and the ways on which something of them leaves the server.
//!
//! Invariant: a way that the settings turn off has no adapter here and no rows anywhere.

use std::sync::Arc;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use weft_storage::Storage;
use weft_storage::clock::Clock;

use crate::auth::sealed::Sealer;
use crate::auth::settings;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::metrics::Metrics;
use crate::notifications::{
    Adapter, Courier, DeliverySettings, EmailAdapter, HttpAdapter, Notifier, Unsubscribe, VapidKey, Ways,
    WebPush,
};
use crate::webhooks::WebhookSecret;

/// What tells browsers; `None` if the settings turn that off.
///
/// # Errors
/// A failure of the database, or of what seals our key.
pub(super) async fn open_web_push(
    config: &Config,
    storage: &Storage,
    sealer: &Arc<Sealer>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<Arc<WebPush>>> {
    if !config.notifications.web_push {
        return Ok(None);
    }
    let records = storage.records();
    let contact = config.notifications.contact(&config.public_url());
    let key = VapidKey::load_or_create(records, sealer, &contact).await?;
    let client = settings::outgoing(config)?;
    let push = WebPush::new(
        records.clone(),
        Arc::clone(clock),
        Arc::clone(sealer),
        client,
        key,
    );
    Ok(Some(Arc::new(push)))
}

/// What tells people what happens, put to work; and what says when nothing is sent to them any more.
pub(super) fn open_notifier(
    config: &Config,
    storage: &Storage,
    (unsubscribe, web_push): (&Unsubscribe, Option<&Arc<WebPush>>),
    (clock, metrics): (&Arc<dyn Clock>, &Arc<Metrics>),
    life: &Lifecycle,
) -> anyhow::Result<(Arc<Notifier>, Vec<CancellationToken>)> {
    let (records, ways) = (storage.records(), Ways::of(config));
    let notifier = Arc::new(Notifier::new(records.clone(), Arc::clone(clock), ways));
    let telling = Arc::clone(&notifier).keep_telling(life.soft().clone());
    life.spawn_pillar("notifications", telling);
    let mut adapters: Vec<Arc<dyn Adapter>> = Vec::new();
    if ways.mail_delay_ms.is_some() {
        let mailer = (settings::mailer(config)?, settings::mail_patience(config));
        let (sender, unsubscribe) = (settings::sender(config), unsubscribe.clone());
        adapters.push(Arc::new(EmailAdapter::new(
            mailer,
            sender,
            unsubscribe,
            Arc::clone(clock),
        )));
    }
    if ways.has_gateway {
        let told = &config.notifications;
        let secret =
            WebhookSecret::parse(told.adapter_secret.expose()).context("notifications.adapter_secret")?;
        let (url, client) = (told.adapter_url.clone(), settings::outgoing(config)?);
        let public_url = config.public_url();
        adapters.push(Arc::new(HttpAdapter::new(
            (url, secret),
            client,
            public_url,
            Arc::clone(clock),
        )));
    }
    if let Some(web_push) = web_push {
        adapters.push(Arc::clone(web_push) as Arc<dyn Adapter>);
    }
    let mut ended = Vec::new();
    for adapter in adapters {
        let settings = DeliverySettings::from(&config.notifications);
        let courier = Courier::new(
            records.clone(),
            Arc::clone(clock),
            adapter,
            settings,
            Arc::clone(metrics),
        );
        ended.push(courier.ended().clone());
        let sending = Arc::new(courier).keep_sending(notifier.listen(), life.soft().clone());
        life.spawn_pillar("deliveries", sending);
    }
    Ok((notifier, ended))
}
