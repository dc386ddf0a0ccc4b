//! What a room does before anybody is let in: it finds out what the document is, loads it, and founds a new board.
//!
//! Invariant: nobody writes to a board under a client id that was written under before the board was made anew.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;
use weft_protocol::close::CloseReason;
use weft_storage::DocumentKind;

use super::super::load::{Loaded, Wanted, load};
use super::super::remote::Line;
use super::super::replica::Role;
use super::super::state::Poisoned;
use super::renew::{MAX_CLIENTS, Renewal};
use super::{Actor, Live};
use crate::boards::Seed;

impl Actor {
    /// Reads what the document is, and it. A board gets the client id under which the room writes to it.
    pub(super) async fn open(&mut self) -> Result<(Loaded, Option<Arc<str>>), CloseReason> {
        // Before the document is read, so that nothing falls between.
        self.line = Line::open(&self.hub.bus, self.workspace, &self.name, self.sender.clone());
        let kind = self.log().kind(self.workspace, &self.name).await;
        let mut seed = None;
        if let DocumentKind::Board { seed: planted } = kind.map_err(|error| self.log_failed(&error))? {
            self.role = self.take_role().await?;
            seed = planted;
        }
        Ok((self.load_current().await?, seed))
    }

    /// The role of one who writes to a board.
    pub(super) async fn take_role(&self) -> Result<Role, CloseReason> {
        let client = self.log().take_client(self.workspace, &self.name).await;
        let client = client.map_err(|error| self.log_failed(&error))?;
        Ok(Role::Board { client })
    }

    pub(super) async fn load(&mut self, unsaved: Vec<Bytes>) -> Result<Loaded, CloseReason> {
        let wanted = Wanted {
            workspace: self.workspace,
            name: &self.name,
            fresh_id: self.id,
            role: self.role,
            waiting: self.hub.settings.limits.waiting,
        };
        let asked = Instant::now();
        let loaded = load(self.source(), wanted, unsaved).await?;
        self.hub.metrics.doc_load_seconds.observe(asked.elapsed());
        self.id = loaded.id;
        Ok(loaded)
    }

    /// Loads the document, to be written to by nobody who wrote to it before it was made anew; and makes it anew if it
    /// is a board that is worth it.
    async fn load_current(&mut self) -> Result<Loaded, CloseReason> {
        let loaded = self.load_as_writer().await?;
        match self.renew(loaded).await? {
            Renewal::NotNow(loaded) => Ok(*loaded),
            Renewal::Written => self.load_as_writer().await,
        }
    }

    async fn load_as_writer(&mut self) -> Result<Loaded, CloseReason> {
        for _ in 0..MAX_CLIENTS {
            let loaded = self.load(Vec::new()).await?;
            let Role::Board { client } = self.role else {
                return Ok(loaded);
            };
            if !loaded.replica.is_retired(client) {
                return Ok(loaded);
            }
            // It is never given back, so nobody finds it again.
            self.role = self.take_role().await?;
        }
        Err(CloseReason::InternalError)
    }

    /// Loads the document that is open. One that was made anew meanwhile is another one: what members have, and what is
    /// owed to them, is of the past.
    pub(super) async fn load_again(
        &mut self,
        begins: u64,
        unsaved: Vec<Bytes>,
    ) -> Result<Loaded, CloseReason> {
        let loaded = self.load(unsaved).await?;
        if loaded.replica.begins() == begins {
            Ok(loaded)
        } else {
            Err(CloseReason::DocumentRenewed)
        }
    }

    /// A board that nobody has founded is founded before anybody is let in.
    pub(super) fn found_board(&self, live: &mut Live, seed: Option<&str>) -> Result<(), CloseReason> {
        let seed = Seed::read(seed).map_err(|error| {
            tracing::error!(doc.name = %self.name, error = &error as &dyn std::error::Error, "a board's seed is unreadable");
            CloseReason::InternalError
        })?;
        let founded = live.state.found_board(self.name.as_str(), &seed);
        founded.map_err(|Poisoned| CloseReason::InternalError)
    }
}
