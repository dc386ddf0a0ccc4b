//! The one who decides about documents and sockets.
//!
//! Invariant: a decision that cannot be made in time is a refusal, and never a grant.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use weft_protocol::id::DocumentName;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock;

use super::{Grant, GrantBasis, Refusal};
use crate::auth::Authenticator;

/// Decisions under way at a time; further ones wait for their turn within their time.
const PARALLEL: usize = 64;

/// Decides who may be in the room of a document.
#[derive(Debug)]
pub struct Gatekeeper {
    authenticator: Authenticator,
    clock: Arc<dyn Clock>,
    patience: Duration,
    turns: Semaphore,
}

impl Gatekeeper {
    /// Decides by `authenticator`, each time within `patience`.
    pub fn new(authenticator: Authenticator, clock: Arc<dyn Clock>, patience: Duration) -> Self {
        Self {
            authenticator,
            clock,
            patience,
            turns: Semaphore::new(PARALLEL),
        }
    }

    /// May the bearer of `credential` open the document `name`?
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub async fn admit(&self, credential: Option<&str>, name: &DocumentName) -> Result<Grant, Refusal> {
        self.in_time(self.decide(credential, name)).await
    }

    /// Does `grant` for `name` still hold, and what does it allow now?
    ///
    /// # Errors
    /// [`Refusal`] says why it does not.
    pub async fn readmit(&self, grant: &Grant, name: &DocumentName) -> Result<Grant, Refusal> {
        self.in_time(self.decide_again(grant, name)).await
    }

    async fn in_time(
        &self,
        deciding: impl Future<Output = Result<Grant, Refusal>>,
    ) -> Result<Grant, Refusal> {
        let in_turn = async {
            // The semaphore is never closed.
            let _turn = self.turns.acquire().await.map_err(|_| Refusal::Unavailable)?;
            deciding.await
        };
        timeout(self.patience, in_turn)
            .await
            .unwrap_or(Err(Refusal::Unavailable))
    }

    async fn decide(&self, credential: Option<&str>, name: &DocumentName) -> Result<Grant, Refusal> {
        let now = u64::try_from(self.clock.now_ms() / 1000).unwrap_or(0);
        let granted = self.authenticator.authorize(credential, name, now)?;
        Ok(Grant {
            workspace: WorkspaceId::DEFAULT,
            access: granted.access,
            principal: granted.principal,
            expires_at: granted.expires_at,
            basis: GrantBasis::default(),
        })
    }

    async fn decide_again(&self, grant: &Grant, _name: &DocumentName) -> Result<Grant, Refusal> {
        // A token that an application signed rests on nothing but its own time, which whoever holds the grant watches.
        Ok(grant.clone())
    }
}
