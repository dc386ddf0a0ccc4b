//! What a room does before anybody is let in: it finds out what the document is, loads it, and founds a new board.
//!
//! Invariant: nobody writes to a board under a client id that was written under before the board was made anew.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;
use weft_protocol::close::CloseReason;
use weft_storage::DocumentKind;

use super::super::RoomMessage;
use super::super::load::{Loaded, Plan, Source, find};
use super::super::remote::Line;
use super::super::replica::Role;
use super::super::state::Poisoned;
use super::early::Early;
use super::renew::{MAX_CLIENTS, Renewal};
use super::{Actor, Live};
use crate::boards::Seed;

/// A document that is ready for members.
pub(super) struct Opened {
    pub(super) loaded: Loaded,
    /// What a board begins with that nobody has founded.
    pub(super) seed: Option<Arc<str>>,
    /// What has come meanwhile.
    pub(super) early: Vec<RoomMessage>,
}

impl Actor {
    /// Reads what the document is, and it. A board gets the client id under which the room writes to it.
    pub(super) async fn open(&mut self) -> Result<Opened, CloseReason> {
        // Before the document is read, so that nothing falls between.
        self.line = Line::open(&self.hub.bus, self.workspace, &self.name, self.sender.clone());
        let kind = self.log().kind(self.workspace, &self.name).await;
        match kind.map_err(|error| self.log_failed(&error))? {
            DocumentKind::Board { seed } => {
                self.role = self.take_role().await?;
                Ok(Opened {
                    loaded: self.load_current().await?,
                    seed,
                    early: Vec::new(),
                })
            }
            DocumentKind::Plain => self.open_plain().await,
        }
    }

    /// Opens a document that is no board: whoever comes with nothing does not wait until it is built.
    async fn open_plain(&mut self) -> Result<Opened, CloseReason> {
        let asked = Instant::now();
        let found = find(self.source(), (self.workspace, &self.name), self.id).await?;
        let early = match found.is_large() {
            true => self.early_answers(found.updates().to_vec()).await,
            false => None,
        };
        let plan = self.plan();
        let source = Source {
            log: self.hub.log.as_ref(),
            metrics: &self.hub.metrics,
        };
        let building = found.build(source, &self.name, plan, Vec::new());
        let (loaded, early) = match early {
            None => (building.await?, Vec::new()),
            Some(early) => answer_while(building, early, &mut self.mailbox).await?,
        };
        self.hub.metrics.doc_load_seconds.observe(asked.elapsed());
        self.id = loaded.id;
        Ok(Opened {
            loaded,
            seed: None,
            early,
        })
    }

    /// Looks at every byte, so it is none of this thread's work.
    async fn early_answers(&self, updates: Vec<Bytes>) -> Option<Early> {
        let most_members = self.hub.settings.limits.max_members;
        let early = tokio::task::spawn_blocking(move || Early::of(updates, most_members));
        early.await.ok().flatten()
    }

    /// The role of one who writes to a board.
    pub(super) async fn take_role(&self) -> Result<Role, CloseReason> {
        let client = self.log().take_client(self.workspace, &self.name).await;
        let client = client.map_err(|error| self.log_failed(&error))?;
        Ok(Role::Board { client })
    }

    pub(super) async fn load(&mut self, unsaved: Vec<Bytes>) -> Result<Loaded, CloseReason> {
        let asked = Instant::now();
        let found = find(self.source(), (self.workspace, &self.name), self.id).await?;
        let loaded = found
            .build(self.source(), &self.name, self.plan(), unsaved)
            .await?;
        self.hub.metrics.doc_load_seconds.observe(asked.elapsed());
        self.id = loaded.id;
        Ok(loaded)
    }

    fn plan(&self) -> Plan {
        Plan {
            role: self.role,
            waiting: self.hub.settings.limits.waiting,
        }
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

/// Waits for the document and answers meanwhile. Answers what else has come, for the room.
async fn answer_while(
    building: impl Future<Output = Result<Loaded, CloseReason>>,
    mut early: Early,
    mailbox: &mut mpsc::Receiver<RoomMessage>,
) -> Result<(Loaded, Vec<RoomMessage>), CloseReason> {
    let mut building = pin!(building);
    let built = loop {
        tokio::select! {
            biased;
            // Whoever is here already is answered before building begins.
            Some(message) = mailbox.recv(), if early.takes_more() => early.take(message),
            built = &mut building => break built,
        }
    };
    match built {
        Ok(loaded) => Ok((loaded, early.into_messages())),
        Err(reason) => {
            early.turn_away(reason);
            Err(reason)
        }
    }
}
