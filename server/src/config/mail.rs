//! How mail leaves.

use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::hidden::Hidden;
use crate::mail::SmtpSecurity;

/// The section `[mail]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Who writes.
    pub from: String,
    /// The mail server. Empty: mails become files in the data directory.
    pub smtp_host: String,
    /// Its port.
    pub smtp_port: u16,
    /// How the connection is encrypted.
    pub smtp_security: SmtpSecurity,
    /// The user there, if it wants one.
    pub smtp_username: String,
    /// The password there.
    pub smtp_password: Hidden,
    /// How long one step of the conversation may take.
    pub timeout_seconds: u64,
}

impl MailConfig {
    pub(super) fn check(&self, checks: &mut Checks) {
        checks.require(self.from.parse::<lettre::message::Mailbox>().is_ok(), || {
            "mail.from must look like Weft <weft@example.com>".to_owned()
        });
        checks.require(
            self.smtp_username.is_empty() == self.smtp_password.is_empty(),
            || "mail.smtp_username and mail.smtp_password belong together".to_owned(),
        );
        let talks_openly = self.smtp_security == SmtpSecurity::None && !self.smtp_password.is_empty();
        checks.require(!talks_openly, || {
            "mail.smtp_security = \"none\" would send mail.smtp_password in the clear".to_owned()
        });
        checks.range("mail.smtp_port", self.smtp_port, 1..=65_535);
        checks.range("mail.timeout_seconds", self.timeout_seconds, 1..=120);
    }
}
