//! Logging to standard error, as text or JSON. Standard output belongs to what commands answer.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.level` is neither a level nor a list of them.
    #[error("log.level: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// Logging was started before.
    #[error(transparent)]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging, and logs panics instead of printing them.
///
/// # Errors
/// [`TelemetryError`] if the filter is malformed or logging has been started before.
pub fn start(config: &LogConfig) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder().parse(&config.level)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.format {
        LogFormat::Text => builder.with_ansi(false).finish().try_init()?,
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init()?,
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // The message of a panic can hold parts of a document, so it is for developers only.
        let message = panic.payload_as_str().unwrap_or_default();
        tracing::error!(place, "panicked");
        tracing::debug!(place, message, "panicked");
    }));
    Ok(())
}
