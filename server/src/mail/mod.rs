//! Mail to people: what is said, how it is written, and how it leaves.
//!
//! Invariant: nothing that came from outside can become a header or markup; an address that is not one is no
//! [`EmailAddress`]. Links in mails carry secrets, so neither they nor addresses are ever logged.

mod address;
mod folder;
mod headers;
mod letter;
mod mailer;
mod notices;
mod smtp;

pub use self::address::{EmailAddress, InvalidEmailAddress, MAX_EMAIL_BYTES};
pub use self::letter::{Letter, Mail, MailThread, Sender};
pub use self::mailer::{MailError, Mailer};
pub use self::notices::{Notice, Notices};
pub(crate) use self::smtp::STEPS;
pub use self::smtp::{SmtpSecurity, SmtpSettings};

#[cfg(test)]
mod tests;
