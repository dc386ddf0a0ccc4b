//! Mail through a mail server: pooled connections, encrypted unless the operator says otherwise.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

/// How many times as long as one step a whole mail may take.
pub(crate) const STEPS: u32 = 4;
/// Connections kept to the mail server.
const MAX_CONNECTIONS: u32 = 4;

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// It begins plain and must become encrypted before anything is said.
    StartTls,
    /// It is encrypted from the beginning.
    Tls,
    /// It is not: only for a server on the same machine or network.
    None,
}

/// Where the mail server is and how it is spoken to.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: SmtpSecurity,
    /// User and password, if it wants them.
    pub credentials: Option<(String, String)>,
    /// How long one step may take.
    pub timeout: Duration,
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// For the whole of a mail, connecting included.
    deadline: Duration,
}

impl Smtp {
    pub(super) fn new(settings: &SmtpSettings) -> Result<Self, lettre::transport::smtp::Error> {
        let tls = match settings.security {
            SmtpSecurity::StartTls => Tls::Required(TlsParameters::new(settings.host.clone())?),
            SmtpSecurity::Tls => Tls::Wrapper(TlsParameters::new(settings.host.clone())?),
            SmtpSecurity::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.timeout))
            .pool_config(PoolConfig::new().max_size(MAX_CONNECTIONS));
        if let Some((user, password)) = &settings.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self {
            transport: builder.build(),
            deadline: settings.timeout.saturating_mul(STEPS),
        })
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), super::MailError> {
        match tokio::time::timeout(self.deadline, Box::pin(self.transport.send(message))).await {
            Ok(result) => Ok(result.map(|_| ())?),
            Err(_) => Err(super::MailError::Timeout),
        }
    }
}
