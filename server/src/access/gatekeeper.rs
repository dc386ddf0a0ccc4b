//! The one who decides about documents and sockets.
//!
//! A document that belongs to a project is named by its id, and roles decide. Every other name is one that a token of an
//! application opens, or the playground; it lies in [`WorkspaceId::DEFAULT`], where no project has documents.
//!
//! Invariant: a decision that cannot be made in time is a refusal, and never a grant.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use uuid::Uuid;
use weft_protocol::id::DocumentName;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock;
use weft_storage::records::{Onlooker, Records};

use super::documents::document_facts;
use super::standing::recall;
use super::{Bearer, Grant, GrantBasis, Identities, Identity, Refusal, Subject, tickets};
use crate::auth::permission::{Action, DocumentRole, Resource, may};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::auth::{self, Access, Authenticator, Unauthorized, UnixSeconds};

/// Decisions under way at a time; further ones wait for their turn within their time.
const PARALLEL: usize = 64;

const FORBIDDEN: Refusal = Refusal::Refused(auth::Refusal::Forbidden);

/// Decides who may be in the room of a document.
#[derive(Debug)]
pub struct Gatekeeper {
    authenticator: Authenticator,
    identities: Arc<Identities>,
    records: Records,
    clock: Arc<dyn Clock>,
    patience: Duration,
    turns: Semaphore,
}

impl Gatekeeper {
    /// Decides within `patience`: names by `authenticator`, documents of projects by who `identities` says it is and
    /// what `records` say about them.
    pub fn new(
        authenticator: Authenticator,
        identities: Arc<Identities>,
        records: Records,
        clock: Arc<dyn Clock>,
        patience: Duration,
    ) -> Self {
        Self {
            authenticator,
            identities,
            records,
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
        // Deciding may fetch keys from elsewhere: a large future, for a moment.
        self.in_time(Box::pin(self.decide(credential, name))).await
    }

    /// Does `grant` still hold, and what does it allow now?
    ///
    /// # Errors
    /// [`Refusal`] says why it does not.
    pub async fn readmit(&self, grant: &Grant) -> Result<Grant, Refusal> {
        let Some(document) = grant.document else {
            // A token that an application signed rests on its own time alone, and whoever holds the grant watches that.
            return Ok(grant.clone());
        };
        self.in_time(Box::pin(self.decide_by_roles(&grant.identity, document)))
            .await
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
        match self.project_document(name).await? {
            Some(document) => {
                let identity = self.identify(credential).await?;
                self.decide_by_roles(&identity, document).await
            }
            None => self.decide_by_token(credential, name).await,
        }
    }

    /// The document of a project that is called `name`, if there is one.
    async fn project_document(&self, name: &DocumentName) -> Result<Option<Uuid>, Refusal> {
        let Some(id) = id_in(name) else {
            return Ok(None);
        };
        let mut tx = self.records.read().await?;
        let found = tx.document_standing(id, Onlooker::default()).await?;
        Ok(found.map(|_| id))
    }

    /// Who shows `credential` at the door of a document.
    async fn identify(&self, credential: Option<&str>) -> Result<Identity, Refusal> {
        let Some(text) = credential else {
            return Err(auth::Refusal::Unauthorized(Unauthorized::Missing).into());
        };
        if OpaqueToken::parse(TokenKind::SocketTicket, text).is_ok() {
            let now_ms = self.clock.now_ms();
            return tickets::redeem(&self.records, tickets::Door::Documents, text, now_ms).await;
        }
        if let Ok(link) = OpaqueToken::parse(TokenKind::ShareLink, text) {
            return self.identify_link(&link).await;
        }
        self.identities.identify(credential).await
    }

    async fn identify_link(&self, token: &OpaqueToken) -> Result<Identity, Refusal> {
        let mut tx = self.records.read().await?;
        let invalid = auth::Refusal::Unauthorized(Unauthorized::Invalid);
        let link = tx
            .link_by_token(token.hash().as_bytes(), self.clock.now_ms())
            .await?
            .ok_or(invalid)?;
        // Whoever has its password asks REST for a ticket.
        if link.password_hash.is_some() {
            return Err(invalid.into());
        }
        Ok(Identity {
            basis: GrantBasis {
                link: Some(link.id),
                ..GrantBasis::default()
            },
            bearer: Some(Bearer {
                workspace: link.workspace,
                document: link.document_id,
                // What the link gives is looked up each time; it is never more.
                role: DocumentRole::Editor,
            }),
            ..Identity::NOBODY
        })
    }

    /// Decides about a document of a project, from what is stored now.
    async fn decide_by_roles(&self, identity: &Identity, document: Uuid) -> Result<Grant, Refusal> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.records.read().await?;
        let identity = recall(&mut tx, identity, now_ms).await?;
        let found = document_facts(&mut tx, &identity, document, now_ms).await?;
        let (workspace, _, facts) = found.ok_or(FORBIDDEN)?;
        let resource = Resource::Document(facts);
        // The credential is good; whatever the reason, it does not open this document.
        if !may(&identity.facts, Action::ReadContent, &resource).is_allowed() {
            return Err(FORBIDDEN);
        }
        let may_edit = may(&identity.facts, Action::EditContent, &resource).is_allowed();
        Ok(Grant {
            workspace,
            document: Some(document),
            access: if may_edit {
                Access::ReadWrite
            } else {
                Access::ReadOnly
            },
            expires_at: identity.expires_at,
            identity: Arc::new(identity),
        })
    }

    /// Decides about a name that no project has.
    async fn decide_by_token(&self, credential: Option<&str>, name: &DocumentName) -> Result<Grant, Refusal> {
        if let Some(identity) = self.identities.vouched(credential.unwrap_or_default()).await? {
            // Where an issuer says nothing about documents its tokens stand for accounts, and roles decide.
            let (patterns, access) = identity.documents.ok_or(FORBIDDEN)?;
            let is_named = patterns.iter().any(|pattern| pattern.matches(name));
            let ends = Some(identity.expires_at);
            return is_named
                .then(|| named_grant(identity.subject.into(), access, ends))
                .ok_or(FORBIDDEN);
        }
        let now = u64::try_from(self.clock.now_ms() / 1000).unwrap_or(0);
        let granted = match self.authenticator.authorize(credential, name, now) {
            Ok(granted) => granted,
            // A credential of another kind is answered as for a document that exists, so that nobody can tell.
            Err(refusal @ auth::Refusal::Unauthorized(_)) if credential.is_some() => {
                return Err(match self.identify(credential).await {
                    Ok(_) => FORBIDDEN,
                    Err(Refusal::Unavailable) => Refusal::Unavailable,
                    Err(Refusal::Refused(_)) => refusal.into(),
                });
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let subject = granted.principal.subject;
        Ok(named_grant(subject, granted.access, granted.expires_at))
    }
}

/// A grant for a name, which rests on a token alone.
fn named_grant(subject: Arc<str>, access: Access, expires_at: Option<UnixSeconds>) -> Grant {
    Grant {
        workspace: WorkspaceId::DEFAULT,
        document: None,
        access,
        identity: Arc::new(Identity {
            subject: Subject::Named(subject),
            ..Identity::NOBODY
        }),
        expires_at,
    }
}

/// The id that `name` is, if it is one as we write them. Otherwise one document would have several names.
fn id_in(name: &DocumentName) -> Option<Uuid> {
    let id = Uuid::try_parse(name.as_str()).ok()?;
    (id.hyphenated().to_string() == name.as_str()).then_some(id)
}
