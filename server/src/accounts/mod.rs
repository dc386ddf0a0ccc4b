//! Accounts: registering, logging in, staying logged in, and what mails have to do with it.
//!
//! This is what REST asks; it knows no HTTP. Invariant: whoever ends a session, disables an account or takes anything
//! away raises the account's epoch in the same transaction and rings the bell after its commit. What somebody typed as a
//! secret is charged to the limits before it is compared, and never logged.

mod admin;
mod email;
mod external;
mod keyring;
mod links;
mod notices;
mod password;
mod post;
mod register;
mod session;
mod setup;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weft_storage::clock::Clock;
use weft_storage::records::{RecordError, Records};

pub use self::admin::AdminError;
pub use self::external::ExternalAccounts;
pub(crate) use self::external::create_external_user;
pub use self::keyring::{Keyring, KeyringError};
pub use self::links::{LinkError, OpenedLink};
pub use self::post::{Post, Postman};
pub use self::register::{NewAccount, RegisterError};
pub use self::session::{Client, Family, LoggedIn, SessionKind};

use crate::access::Changes;
use crate::auth::password::{HashingError, PasswordHasher, WeakPassword};
use crate::auth::sealed::Sealer;
use crate::auth::throttle::{AttemptLimits, SlowDown};
use crate::auth::tokens::access::AccessTokens;
use crate::auth::tokens::keys::KeyError;
use crate::auth::tokens::refresh::{RefreshPolicy, RefreshSecret};
use crate::auth::{UnixSeconds, settings};
use crate::config::{Config, Registration};

/// Under which name the secret of refresh tokens is stored, and sealed.
const REFRESH_SECRET: &str = "refresh-secret";

/// How often old sessions and codes are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);
/// How long they are kept, in milliseconds.
const KEPT_MS: i64 = 30 * 86_400_000;

/// What everything here works with. Shared.
#[derive(Debug)]
pub struct Accounts {
    records: Records,
    clock: Arc<dyn Clock>,
    changes: Changes,
    keyring: Arc<Keyring>,
    access_tokens: AccessTokens,
    refresh: RefreshPolicy,
    refresh_secret: RefreshSecret,
    passwords: PasswordHasher,
    attempts: AttemptLimits,
    post: Post,
    registration: Registration,
    /// Accounts need not verify their address before they do anything.
    is_playground: bool,
}

/// What accounts stand on, made elsewhere.
#[derive(Debug, Clone)]
pub struct Foundation {
    /// What is stored.
    pub records: Records,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// To be told when rights change.
    pub changes: Changes,
    /// The keys that sign.
    pub keyring: Arc<Keyring>,
}

/// Why something about an account was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The secret is wrong, or there is no such account: the same to whoever asks.
    #[error("the address or the password is wrong")]
    WrongSecret,
    /// The secret was right, but the account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The login has ended.
    #[error("the login has ended")]
    SessionOver,
    /// Too many attempts.
    #[error(transparent)]
    SlowDown(#[from] SlowDown),
    /// A new password will not do.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The password cannot be hashed now.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// No key may sign now.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The records failed.
    #[error(transparent)]
    Records(#[from] RecordError),
}

/// Why accounts cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AccountsSetupError {
    /// The stored secrets cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The records failed.
    #[error(transparent)]
    Records(#[from] RecordError),
    /// The mail settings make no sense.
    #[error(transparent)]
    Mail(#[from] crate::mail::MailError),
}

impl Accounts {
    /// Reads what is stored for all nodes, and makes it if need be. The postman is to be put to work.
    ///
    /// # Errors
    /// [`AccountsSetupError`].
    pub async fn open(
        config: &Config,
        sealer: &Sealer,
        foundation: Foundation,
    ) -> Result<(Self, Postman), AccountsSetupError> {
        let refresh_secret = open_refresh_secret(&foundation.records, sealer).await?;
        let mailer = settings::mailer(config)?;
        let (post, postman) = post::post(mailer, settings::sender(config), Arc::clone(&foundation.clock));
        let accounts = Self {
            records: foundation.records,
            clock: foundation.clock,
            changes: foundation.changes,
            keyring: foundation.keyring,
            access_tokens: settings::access_tokens(config),
            refresh: settings::refresh_policy(config),
            refresh_secret,
            passwords: settings::password_hasher(config),
            attempts: AttemptLimits::new(settings::attempt_settings(config)),
            post,
            registration: config.auth.registration,
            is_playground: config.server.playground,
        };
        Ok((accounts, postman))
    }

    /// The keys that sign tokens.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// Where mails are posted.
    pub(crate) fn post(&self) -> &Post {
        &self.post
    }

    /// What makes and checks access tokens.
    pub fn access_tokens(&self) -> &AccessTokens {
        &self.access_tokens
    }

    /// Forgets what has been over for long, now and then, until `stop`.
    pub async fn keep_house(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(SWEEP_EVERY)).await.is_some() {
            if let Err(error) = self.sweep().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old sessions and codes were not removed"
                );
            }
        }
    }

    async fn sweep(&self) -> Result<(), RecordError> {
        let before_ms = self.now_ms().saturating_sub(KEPT_MS);
        let mut tx = self.records.write().await?;
        tx.sweep_sessions(before_ms).await?;
        tx.sweep_single_use(before_ms).await?;
        tx.forget_answers(self.now_ms()).await?;
        tx.commit().await
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn now(&self) -> UnixSeconds {
        seconds(self.now_ms())
    }
}

/// Milliseconds since 1970 as seconds.
pub(crate) fn seconds(ms: i64) -> UnixSeconds {
    u64::try_from(ms / 1000).unwrap_or(0)
}

/// Seconds since 1970 as milliseconds.
pub(crate) fn milliseconds(seconds: UnixSeconds) -> i64 {
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
}

async fn open_refresh_secret(
    records: &Records,
    sealer: &Sealer,
) -> Result<RefreshSecret, AccountsSetupError> {
    let mut tx = records.write().await?;
    let fresh = sealer
        .seal(REFRESH_SECRET, RefreshSecret::generate().expose())
        .map_err(KeyringError::from)?;
    let sealed = tx.server_value_or(REFRESH_SECRET, &fresh).await?;
    tx.commit().await?;
    let plain = sealer.open(REFRESH_SECRET, &sealed).map_err(KeyringError::from)?;
    let bytes = plain.try_into().map_err(|_| KeyringError::Unreadable)?;
    Ok(RefreshSecret::from_bytes(bytes))
}
