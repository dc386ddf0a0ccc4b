//! Puts the parts of a serving process together, in order, and takes them apart again.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::http::{self, Readiness, ReadinessReport, ServeSettings};
use crate::lifecycle::Lifecycle;
use crate::metrics::Metrics;

struct AlwaysReady;

#[async_trait::async_trait]
impl Readiness for AlwaysReady {
    async fn check(&self) -> ReadinessReport {
        ReadinessReport::default()
    }
}

/// Serves until a signal or a failure; returns the code for the system.
///
/// # Errors
/// If an address cannot be listened on.
pub async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let life = Lifecycle::new();
    let metrics = Arc::new(Metrics::new());
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let router = http::finish(http::routes(Arc::new(AlwaysReady)), &config, Arc::clone(&metrics));
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
    if let Some(listen) = config.server.metrics_listen {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}"))?;
        let settings = ServeSettings {
            max_sockets: 16,
            ..settings
        };
        let router = http::metrics_router(Arc::clone(&metrics));
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
    }
    writeln!(std::io::stdout(), "ready: http://{address}/")?;
    Ok(life.run(config.limits.shutdown()).await?)
}
