//! The way out: a mail server, or a folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::folder;
use super::headers::{AutoSubmitted, ListUnsubscribe, ListUnsubscribePost};
use super::letter::Mail;
use super::smtp::{Smtp, SmtpSettings};
use crate::auth::{UnixSeconds, random};

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The sender's address is none.
    #[error("mail.from is not an e-mail address")]
    From,
    /// The mail cannot be put together.
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    /// The mail server cannot be reached or refuses. Worth another try, unless [`MailError::is_permanent`].
    #[error("the mail server did not take the mail: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The mail server took too long.
    #[error("the mail server took too long")]
    Timeout,
    /// The folder cannot be written.
    #[error("the mail folder cannot be written: {0}")]
    Folder(#[from] std::io::Error),
}

impl MailError {
    /// Whether another try would fail as well.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::From | Self::Message(_) => true,
            Self::Smtp(error) => error.is_permanent(),
            Self::Timeout | Self::Folder(_) => false,
        }
    }
}

/// Sends mail. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Smtp(Smtp),
    Folder(Arc<Mutex<PathBuf>>),
}

impl Mailer {
    /// Through a mail server, as `from` (`Weft <weft@example.com>`). To be called on the async threads: the pool of
    /// connections looks after itself there.
    ///
    /// # Errors
    /// [`MailError`] if the settings make no sense. Nothing is connected yet.
    pub fn smtp(from: &str, settings: &SmtpSettings) -> Result<Self, MailError> {
        Ok(Self {
            from: parse_from(from)?,
            way: Way::Smtp(Smtp::new(settings)?),
        })
    }

    /// Into `folder`, one `.eml` file for each mail, for trying things out on one machine. It is made when needed, for
    /// the server's user only, and keeps the newest thousand.
    ///
    /// # Errors
    /// [`MailError::From`] if `from` is no address.
    pub fn folder(from: &str, folder: impl Into<PathBuf>) -> Result<Self, MailError> {
        Ok(Self {
            from: parse_from(from)?,
            way: Way::Folder(Arc::new(Mutex::new(folder.into()))),
        })
    }

    /// Sends `mail`; `now` is its date. Returns when the server, or the disk, has it.
    ///
    /// # Errors
    /// [`MailError`] if it did not leave.
    pub async fn send(&self, mail: &Mail, now: UnixSeconds) -> Result<(), MailError> {
        let message = self.compose(mail, now)?;
        match &self.way {
            Way::Smtp(smtp) => smtp.send(message).await?,
            Way::Folder(folder) => {
                // One at a time, so that clearing up does not count what another is writing.
                let folder = folder.lock().await;
                let file = folder::write(&folder, &message.formatted(), now).await?;
                tracing::info!(mail.file = %file, "mail written to the folder");
            }
        }
        Ok(())
    }

    fn compose(&self, mail: &Mail, now: UnixSeconds) -> Result<Message, MailError> {
        let to: Address = mail
            .to
            .as_str()
            .parse()
            .map_err(|_| lettre::error::Error::MissingTo)?;
        let named = |id: Uuid| format!("<{id}@{}>", self.from.email.domain());
        let thread = mail.thread.as_ref();
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .date(UNIX_EPOCH + Duration::from_secs(now))
            .message_id(Some(named(thread.map_or_else(random::id, |thread| thread.id))))
            .header(AutoSubmitted);
        if let Some(about) = thread.and_then(|thread| thread.about) {
            builder = builder.in_reply_to(named(about)).references(named(about));
        }
        if let Some(thread) = thread {
            builder = builder
                .header(ListUnsubscribe(format!("<{}>", thread.unsubscribe)))
                .header(ListUnsubscribePost);
        }
        Ok(builder.multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))?)
    }
}

fn parse_from(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|_| MailError::From)
}
