//! Settings: the compiled-in defaults, then a file, then the environment, then the command line.
//!
//! Invariant: a [`Config`] that was returned by [`load`] has passed every check; nothing behind it checks again.
//! This is the only place that reads the environment. It never prints a secret.

pub mod audit;
pub mod auth;
mod check;
mod hidden;
pub mod identity;
mod layers;
pub mod limits;
pub mod log;
pub mod mail;
pub mod notifications;
pub mod redis_address;
pub mod reference;
pub mod rooms;
pub mod runtime;
pub mod server;
pub mod storage;
pub mod webhooks;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::audit::AuditConfig;
pub use self::auth::{AuthConfig, Secret};
pub use self::hidden::Hidden;
pub use self::identity::{ExternalConfig, OidcConfig, OutgoingConfig, RatesConfig, Registration};
pub use self::layers::{Environment, Setting};
pub use self::limits::LimitsConfig;
pub use self::log::{LogConfig, LogFormat};
pub use self::mail::MailConfig;
pub use self::notifications::{EmailNotifications, NotificationsConfig};
pub use self::rooms::RoomsConfig;
pub use self::runtime::RuntimeConfig;
pub use self::server::ServerConfig;
pub use self::storage::{DatabaseUrl, InvalidPlace, StorageConfig};
pub use self::webhooks::WebhooksConfig;

use self::check::Checks;

/// The commented defaults; they are the lowest layer, so they cannot differ from what the server does.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// Every setting of the server.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the server listens and keeps its data.
    pub server: ServerConfig,
    /// Where the database and large bytes are.
    pub storage: StorageConfig,
    /// Who may open documents.
    pub auth: AuthConfig,
    /// Tokens of another issuer.
    pub external: ExternalConfig,
    /// Logging in through another provider.
    pub oidc: OidcConfig,
    /// How mail leaves.
    pub mail: MailConfig,
    /// How what people are told leaves the inbox.
    pub notifications: NotificationsConfig,
    /// How long the audit log stays where it was written.
    pub audit: AuditConfig,
    /// Requests of the server to elsewhere.
    pub outgoing: OutgoingConfig,
    /// How webhooks are delivered.
    pub webhooks: WebhooksConfig,
    /// How often the API may be asked.
    pub rates: RatesConfig,
    /// Bounds on everything that a client can make grow.
    pub limits: LimitsConfig,
    /// How documents live in memory.
    pub rooms: RoomsConfig,
    /// Threads.
    pub runtime: RuntimeConfig,
    /// Logging.
    pub log: LogConfig,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by `--config` or `WEFT_CONFIG` cannot be read.
    #[error("cannot read the configuration file {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not valid TOML: {source}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A value has the right type but no meaning, such as an address that is none.
    #[error("invalid configuration: {0}")]
    Value(Box<toml::de::Error>),
    /// One or more settings are unknown, have the wrong type or are out of range; one line for each.
    #[error("invalid configuration:\n  {}", .0.join("\n  "))]
    Problems(Vec<String>),
}

/// Where settings come from, apart from the defaults.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file of `--config`. Without it `WEFT_CONFIG` counts, and without that no file is read.
    pub file: Option<PathBuf>,
    /// The environment of the process, or of a test.
    pub environment: Environment,
    /// What the command line sets.
    pub flags: Vec<Setting>,
}

/// Lays the sources over each other and checks every value, but not whether the server may serve with them
/// ([`Config::check_serving`]).
///
/// # Errors
/// [`ConfigError`] names every key that is wrong and what would be right.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let table = layers::merge(DEFAULT_TOML, sources)?;
    let config: Config = table
        .try_into()
        .map_err(|source| ConfigError::Value(Box::new(source)))?;
    config.check()?;
    Ok(config)
}

impl Config {
    fn check(&self) -> Result<(), ConfigError> {
        let mut checks = Checks::default();
        self.server.check(&mut checks);
        self.storage.check(&mut checks);
        self.auth.check(&mut checks);
        self.external.check(&mut checks);
        self.oidc.check(&mut checks);
        self.mail.check(&mut checks);
        self.notifications.check(&mut checks);
        self.outgoing.check(&mut checks);
        self.audit.check(&mut checks);
        self.webhooks.check(&mut checks);
        self.rates.check(&mut checks);
        self.limits.check(&mut checks);
        self.rooms.check(&mut checks);
        self.runtime.check(&mut checks);
        checks.finish()
    }

    /// Checks that serving with this configuration leaves no door open: the playground stays on loopback. Elsewhere
    /// everybody needs an account, or a token.
    ///
    /// # Errors
    /// [`ConfigError::Problems`] says what to choose.
    pub fn check_serving(&self) -> Result<(), ConfigError> {
        let mut checks = Checks::default();
        if self.server.playground {
            checks.require(self.server.listen.ip().is_loopback(), || {
                format!(
                    "the playground asks nobody for a token, so it only runs on a loopback address such as \
                     127.0.0.1:8080, not on {}; choose such an address, or leave the playground",
                    self.server.listen
                )
            });
        }
        checks.finish()
    }

    /// Where clients and people find this server, without a slash at its end: what is set, or the address listened on.
    pub fn public_url(&self) -> String {
        if self.server.public_url.is_empty() {
            format!("http://{}", self.server.listen)
        } else {
            self.server.public_url.clone()
        }
    }

    /// The effective settings as TOML, secrets hidden.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }
}

#[cfg(test)]
mod tests;
