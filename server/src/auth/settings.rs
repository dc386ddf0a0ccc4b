//! From the settings to the parts: the one place that says which setting is which part's.

use std::sync::Arc;
use std::time::Duration;

use super::password::PasswordHasher;
use super::throttle::{AttemptSettings, RatePolicy};
use super::tokens::access::{AccessTokenSettings, AccessTokens};
use super::tokens::keys::RotationPolicy;
use super::tokens::refresh::RefreshPolicy;
use crate::config::Config;
use crate::mail::{MailError, Mailer, STEPS, Sender, SmtpSettings};
use crate::outgoing::{AddressRules, InvalidCertificates, OutgoingClient, SystemResolver, tls_config};

const DAY: u64 = 86_400;
const MINUTE: Duration = Duration::from_secs(60);

/// The pool that hashes passwords.
pub fn password_hasher(config: &Config) -> PasswordHasher {
    let auth = &config.auth;
    PasswordHasher::new(
        auth.hashing_parallel,
        auth.hashing_queue,
        Duration::from_secs(auth.hashing_patience_seconds),
    )
}

/// What makes and checks access tokens.
pub fn access_tokens(config: &Config) -> AccessTokens {
    AccessTokens::new(AccessTokenSettings {
        issuer: config.public_url(),
        audience: config.auth.audience.clone(),
        leeway_seconds: config.auth.leeway_seconds,
        lifetime_seconds: config.auth.access_token_seconds,
    })
}

/// When signing keys change.
pub fn rotation_policy(config: &Config) -> RotationPolicy {
    let auth = &config.auth;
    let longest = auth
        .access_token_seconds
        .max(super::oauth::ID_TOKEN_SECONDS)
        .max(super::tokens::document::MAX_DOCUMENT_TOKEN_SECONDS);
    RotationPolicy {
        signs_for_seconds: auth.signing_key_days * DAY,
        cache_seconds: auth.jwks_cache_seconds,
        token_seconds: longest + auth.leeway_seconds,
    }
}

/// How refresh tokens live.
pub fn refresh_policy(config: &Config) -> RefreshPolicy {
    let auth = &config.auth;
    RefreshPolicy {
        absolute_seconds: auth.session_days * DAY,
        idle_seconds: auth.session_idle_days * DAY,
        grace_seconds: auth.refresh_grace_seconds,
    }
}

/// How often somebody may guess.
pub fn attempt_settings(config: &Config) -> AttemptSettings {
    let auth = &config.auth;
    AttemptSettings {
        per_account: auth.attempts_per_account,
        per_address: auth.attempts_per_address,
        altogether: auth.attempts_altogether,
        window: Duration::from_secs(auth.attempts_window_seconds),
        remembered: auth.attempts_remembered,
    }
}

/// How often the API may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatePolicies {
    /// By one principal.
    pub principal: RatePolicy,
    /// From one address.
    pub address: RatePolicy,
    /// For new accounts, from one address.
    pub registration: RatePolicy,
}

/// The measures of the API.
pub fn rate_policies(config: &Config) -> RatePolicies {
    let policy = |name, quota| RatePolicy {
        name,
        quota,
        window: MINUTE,
    };
    let rates = &config.rates;
    RatePolicies {
        principal: policy("principal", rates.per_principal_per_minute),
        address: policy("address", rates.per_address_per_minute),
        registration: policy("registration", rates.registrations_per_address_per_minute),
    }
}

/// The way out for mail. To be called on the async threads: connections are looked after there.
///
/// # Errors
/// [`MailError`] if the settings make no sense together.
pub fn mailer(config: &Config) -> Result<Mailer, MailError> {
    let mail = &config.mail;
    if mail.smtp_host.is_empty() {
        return Mailer::folder(&mail.from, config.server.data.join("mail"));
    }
    let credentials = (mail.smtp_username.clone(), mail.smtp_password.expose().to_owned());
    Mailer::smtp(
        &mail.from,
        &SmtpSettings {
            host: mail.smtp_host.clone(),
            port: mail.smtp_port,
            security: mail.smtp_security,
            credentials: Some(credentials).filter(|(user, _)| !user.is_empty()),
            timeout: Duration::from_secs(mail.timeout_seconds),
        },
    )
}

/// Who writes mails.
pub fn sender(config: &Config) -> Sender {
    Sender {
        product: "Weft".to_owned(),
        address: config.public_url(),
    }
}

/// How long the mail server may take for a mail, connecting included.
pub fn mail_patience(config: &Config) -> Duration {
    Duration::from_secs(config.mail.timeout_seconds).saturating_mul(STEPS)
}

/// Why there is no client for addresses elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingSetupError {
    /// The file with certificates cannot be read.
    #[error("outgoing.ca_file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// It holds something else.
    #[error("outgoing.ca_file: {0}")]
    Certificates(#[from] InvalidCertificates),
}

/// The client for addresses elsewhere. Reads the file with certificates, if one is named.
///
/// # Errors
/// [`OutgoingSetupError`] if that cannot be used.
pub fn outgoing(config: &Config) -> Result<OutgoingClient, OutgoingSetupError> {
    let outgoing = &config.outgoing;
    let extra = if outgoing.ca_file.is_empty() {
        Vec::new()
    } else {
        std::fs::read(&outgoing.ca_file)?
    };
    // The configuration was checked, so none is left out here.
    let allowed = outgoing
        .allowed_networks
        .iter()
        .filter_map(|network| network.parse().ok())
        .collect();
    Ok(OutgoingClient::new(
        AddressRules::new(allowed),
        Arc::new(SystemResolver),
        tls_config(&extra)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Setting, Sources};

    fn config(flags: &[&str]) -> Config {
        let flags = flags.iter().map(|flag| Setting::parse(flag).unwrap()).collect();
        config::load(&Sources {
            flags,
            ..Sources::default()
        })
        .unwrap()
    }

    #[tokio::test]
    async fn the_defaults_are_those_that_are_written_down() {
        let config = config(&["server.listen=127.0.0.1:9"]);
        let access = access_tokens(&config);
        assert_eq!(access.settings().issuer, "http://127.0.0.1:9");
        assert_eq!(access.settings().lifetime_seconds, 600);
        assert_eq!(rotation_policy(&config).token_seconds, 3_630);
        assert_eq!(refresh_policy(&config).grace_seconds, 10);
        assert_eq!(rate_policies(&config).registration.quota, 10);
        assert_eq!(attempt_settings(&config).per_account, 10);
        assert!(mailer(&config).is_ok() && outgoing(&config).is_ok());
        let _ = password_hasher(&config);
    }

    #[tokio::test]
    async fn settings_reach_their_parts() {
        let config = config(&[
            "server.public_url=https://weft.example.com",
            "mail.smtp_host=mail.example.com",
            "mail.smtp_username=u",
            "mail.smtp_password=hunter2hunter2",
            "outgoing.allowed_networks=127.0.0.0/8",
        ]);
        assert_eq!(
            access_tokens(&config).settings().issuer,
            "https://weft.example.com"
        );
        let mailer = mailer(&config).unwrap();
        assert!(!format!("{mailer:?}").contains("hunter2"), "{mailer:?}");
        assert!(!format!("{config:?}{}", config.to_toml()).contains("hunter2"));
        assert!(format!("{:?}", outgoing(&config).unwrap()).contains("127.0.0.0"));
        let lost = self::config(&["outgoing.ca_file=/does/not/exist.pem"]);
        assert!(matches!(outgoing(&lost), Err(OutgoingSetupError::File(_))));
    }
}
