//! Making a board anew that has outgrown what it shows, before anybody is let in.
//!
//! Invariants: the renewal is a row of the log like every other: it follows the head that was read, or it is not
//! written. Nobody writes to the new document under a client id that was written under before.

use std::time::Duration;

use weft_protocol::close::CloseReason;
use weft_storage::{Append, MAX_UPDATE_BYTES, NewUpdate, Seq, StorageError};

use super::super::load::Loaded;
use super::super::replica::{Renewed, ReplicaError, Role};
use super::Actor;

/// Smaller documents are not worth it, in bytes.
const MIN_BYTES: usize = 16 * 1024;
/// How many client ids of the server are tried before the room gives up for now.
pub(super) const MAX_CLIENTS: usize = 64;

impl Actor {
    /// Makes a board that was just loaded anew if it is worth it and nobody has edited it for long.
    pub(super) async fn renew(&mut self, mut loaded: Loaded) -> Result<Renewal, CloseReason> {
        let quiet_ms = self.hub.clock.now_ms().saturating_sub(loaded.written_at_ms);
        let quiet = Duration::from_millis(u64::try_from(quiet_ms).unwrap_or(0));
        let Role::Board { client } = self.role else {
            return Ok(Renewal::NotNow(Box::new(loaded)));
        };
        if loaded.size_bound < MIN_BYTES
            || quiet < self.hub.settings.renew_boards_after
            || made_anew(&mut loaded, client)?.is_none()
        {
            return Ok(Renewal::NotNow(Box::new(loaded)));
        }
        self.role = self.unused_role(&loaded).await?;
        let Role::Board { client } = self.role else {
            return Err(CloseReason::InternalError);
        };
        if let Some(renewed) = made_anew(&mut loaded, client)? {
            self.write_renewal(&loaded, renewed).await?;
        }
        Ok(Renewal::Written)
    }

    /// Appends the renewal. Whoever was quicker has written something else, which is then loaded.
    async fn write_renewal(&self, loaded: &Loaded, renewed: Renewed) -> Result<(), CloseReason> {
        let Renewed { row, sizes } = renewed;
        let append = Append {
            document: self.id,
            workspace: self.workspace,
            name: self.name.clone(),
            expected_head: Seq(loaded.head),
            updates: vec![NewUpdate::from(row)],
            projection: None,
        };
        match self.log().append(append).await {
            Ok(_) => {
                let (before, after) = sizes;
                tracing::info!(doc.name = %self.name, before, after, "a board was made anew");
                self.hub.metrics.doc_renewed.add(1);
                self.hub.tasks.spawn(self.compaction());
                Ok(())
            }
            Err(StorageError::Conflict { .. }) => Ok(()),
            Err(error) => Err(self.log_failed(&error)),
        }
    }

    /// The role of one under whose client id nobody has ever written to the document.
    async fn unused_role(&self, loaded: &Loaded) -> Result<Role, CloseReason> {
        let mut role = self.role;
        for _ in 0..MAX_CLIENTS {
            if let Role::Board { client } = role
                && !loaded.replica.was_written_by(client).map_err(failed)?
            {
                return Ok(role);
            }
            role = self.take_role().await?;
        }
        Err(CloseReason::InternalError)
    }
}

/// What became of a document that might be made anew.
pub(super) enum Renewal {
    /// The document stays as it is.
    NotNow(Box<Loaded>),
    /// There may be a renewal in the log now.
    Written,
}

fn made_anew(loaded: &mut Loaded, client: u64) -> Result<Option<Renewed>, CloseReason> {
    let place = Seq(loaded.head).plus(1).get();
    let renewed = tokio::task::block_in_place(|| loaded.replica.renewed(place, client));
    let renewed = renewed.map_err(failed)?;
    Ok(renewed.filter(|renewed| renewed.row.len() <= MAX_UPDATE_BYTES))
}

fn failed(_: ReplicaError) -> CloseReason {
    CloseReason::InternalError
}
