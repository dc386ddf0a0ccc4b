//! The audit log: who did what to what, when, and from where.
//!
//! What a request changes is written into the log by the transaction that changes it. What has no request of REST behind it, such as
//! an edit of a board over a socket, is followed up from the events (`follow`). Invariant: every event has exactly one entry,
//! whichever nodes look and whenever one dies; no secret and no content is ever in an entry. The server's own log is written last in a
//! transaction, so that nobody waits in a circle.

mod archive;
mod deed;
mod follow;
mod hash;
mod origin;
mod said;

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::{Event, NewAuditEntry, RecordError, SERVER_CHAIN, Tx};

pub(crate) use self::archive::archive_old;
pub(crate) use self::deed::Deed;
pub(crate) use self::follow::keep_writing;
pub(crate) use self::hash::{hex, unhex};
pub(crate) use self::origin::{Actor, Origin, within};
use self::said::said_of;

/// Something that is done, without an event that tells of it.
#[derive(Debug)]
pub(crate) struct Act {
    deed: Deed,
    /// To which session, account, key…; `None` if there is none that is known.
    subject: Option<Uuid>,
    /// Who does it, if it is somebody else than the request came from: who logs in is nobody before.
    by: Option<Uuid>,
    /// What else is to be said, an object without secrets and content.
    details: Value,
}

impl Act {
    /// It is done by whoever sent the request.
    pub(crate) fn new(deed: Deed, subject: impl Into<Option<Uuid>>) -> Self {
        Self {
            deed,
            subject: subject.into(),
            by: None,
            details: Value::Null,
        }
    }

    /// With what else is to be said.
    pub(crate) fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }

    /// With the names of what changed: those of which it is true.
    pub(crate) fn with_fields(self, fields: &[(&'static str, bool)]) -> Self {
        let changed = fields.iter().filter(|(_, is_another)| *is_another);
        let names: Vec<&str> = changed.map(|(name, _)| *name).collect();
        self.with(json!({ "fields": names }))
    }

    /// Done by this account.
    pub(crate) fn by(self, user: Uuid) -> Self {
        Self {
            by: Some(user),
            ..self
        }
    }

    /// Writes it into the log of a workspace.
    ///
    /// # Errors
    /// A failure of the database.
    pub(crate) async fn write(
        self,
        tx: &mut Tx,
        workspace: WorkspaceId,
        at_ms: i64,
    ) -> Result<(), RecordError> {
        let origin = origin::current();
        let details = match self.details {
            Value::Null => "{}".to_owned(),
            details => details.to_string(),
        };
        let entry = NewAuditEntry {
            actor: self
                .by
                .map_or_else(|| origin.actor.parts(), |user| ("user", Some(user))),
            action: self.deed.action(),
            subject: (self.deed.subject(), self.subject),
            origin: origin.into_stored(),
            details,
            event_seq: None,
            at_ms,
        };
        tx.workspace(workspace).await?.audit(&[entry]).await
    }

    /// Writes it into the log of the server, as the last thing of the transaction: whoever waits for this log holds no lock
    /// that others wait for while they hold it.
    ///
    /// # Errors
    /// A failure of the database.
    pub(crate) async fn write_for_server(self, tx: &mut Tx, at_ms: i64) -> Result<(), RecordError> {
        self.write(tx, SERVER_CHAIN, at_ms).await
    }
}

/// Writes down an event that the same transaction has recorded, with where the request came from.
///
/// # Errors
/// A failure of the database.
pub(crate) async fn record_event(tx: &mut Tx, event: &Event) -> Result<(), RecordError> {
    let origin = origin::current();
    let (subject, details) = said_of(event);
    let entry = NewAuditEntry {
        actor: origin.actor.parts(),
        action: &event.kind,
        subject,
        origin: origin.into_stored(),
        details,
        event_seq: Some(event.seq),
        at_ms: event.created_at_ms,
    };
    tx.workspace(event.workspace).await?.audit(&[entry]).await
}
