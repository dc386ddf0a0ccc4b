//! Who is behind a credential: the one answer, for REST and for sockets.
//!
//! Invariant: an identity is decided from what is stored now. A session that has ended, a key that was revoked, an
//! account that was disabled give none, whatever the signature of the token says.

use std::sync::Arc;

use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock;
use weft_storage::records::{ApiKeyStanding, OwnerStanding, Records, SessionStanding};

use super::standing::recall;
use super::tickets::{self, Door};
use super::{GrantBasis, KeyUse, Refusal};
use crate::accounts::{ExternalAccounts, Keyring, seconds};
use crate::auth::credential::Credential;
use crate::auth::external::ExternalIdentity;
use crate::auth::permission::{DocumentRole, PrincipalFacts, Scope, Scopes, ServerRole, Standing};
use crate::auth::tokens::access::{AccessClaims, AccessTokens};
use crate::auth::tokens::api_key::ApiKey;
use crate::auth::tokens::document::verify_document_token;
use crate::auth::{self, Unauthorized, UnixSeconds};

const INVALID: Refusal = Refusal::Refused(auth::Refusal::Unauthorized(Unauthorized::Invalid));

/// Somebody, as a credential shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub subject: Subject,
    /// What permission asks about them.
    pub facts: PrincipalFacts,
    /// What the identity rests on.
    pub basis: GrantBasis,
    /// What the credential itself gives for one document, whoever bears it.
    pub bearer: Option<Bearer>,
    /// What the credential calls whoever bears it, for others to see.
    pub name: Option<Arc<str>>,
    /// When the credential ends by itself.
    pub expires_at: Option<UnixSeconds>,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Nobody in particular.
    Nobody,
    /// The owner of an account.
    User(Uuid),
    /// An OAuth client that acts for itself.
    Client(Uuid),
    /// Somebody that an application's backend vouches for, by the application's name for them.
    Named(Arc<str>),
}

/// What a document token or a link gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bearer {
    /// The workspace of the document.
    pub workspace: WorkspaceId,
    /// The document.
    pub document: Uuid,
    /// As what.
    pub role: DocumentRole,
}

impl Identity {
    /// Nobody, with nothing.
    pub const NOBODY: Self = Self {
        subject: Subject::Nobody,
        facts: PrincipalFacts::ANONYMOUS,
        basis: GrantBasis {
            user: None,
            session: None,
            api_key: None,
            link: None,
        },
        bearer: None,
        name: None,
        expires_at: None,
    };

    /// The account, if there is one behind it.
    pub fn user(&self) -> Option<Uuid> {
        match self.subject {
            Subject::User(id) => Some(id),
            Subject::Nobody | Subject::Client(_) | Subject::Named(_) => None,
        }
    }
}

/// Finds out who is behind credentials. Cheap to share.
#[derive(Debug)]
pub struct Identities {
    records: Records,
    clock: Arc<dyn Clock>,
    keyring: Arc<Keyring>,
    access_tokens: AccessTokens,
    external: Option<ExternalAccounts>,
    key_use: Arc<KeyUse>,
}

impl Identities {
    /// Looks into `records`; tokens of ours count if a key of `keyring` signed them.
    pub fn new(
        records: Records,
        clock: Arc<dyn Clock>,
        keyring: Arc<Keyring>,
        access_tokens: AccessTokens,
        external: Option<ExternalAccounts>,
    ) -> Self {
        Self {
            key_use: Arc::new(KeyUse::new(records.clone())),
            records,
            clock,
            keyring,
            access_tokens,
            external,
        }
    }

    /// When API keys were last used; somebody is to keep it.
    pub fn key_use(&self) -> &Arc<KeyUse> {
        &self.key_use
    }

    /// Who shows `credential`; [`Identity::NOBODY`] without one.
    ///
    /// # Errors
    /// [`Refusal`] if it is not good, or if that cannot be found out now.
    pub async fn identify(&self, credential: Option<&str>) -> Result<Identity, Refusal> {
        let Some(text) = credential else {
            return Ok(Identity::NOBODY);
        };
        let issuer = self.external.as_ref().map(ExternalAccounts::issuer);
        match Credential::parse(text, issuer)? {
            Credential::ApiKey(key) => self.by_api_key(&key).await,
            Credential::AccessToken(token) => self.by_access_token(&token).await,
            Credential::DocumentToken(token) => self.by_document_token(&token).await,
            Credential::External(token) => self.by_external_token(&token).await,
            // Those open documents that belong to no project: that is not about anybody.
            Credential::Shared(_) => Err(INVALID),
        }
    }

    /// Whom an external issuer vouches for with `credential`; `None` if it is no token of one.
    ///
    /// # Errors
    /// [`Refusal`] if it is not good, or if that cannot be found out now.
    pub(super) async fn vouched(&self, credential: &str) -> Result<Option<ExternalIdentity>, Refusal> {
        let Some(external) = &self.external else {
            return Ok(None);
        };
        if external.issuer().claims_to_be_ours(credential) {
            external.vouched(credential, self.now()).await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// Who shows a ticket for events, which is used up; confined to the workspace that it is for.
    ///
    /// # Errors
    /// [`Refusal`] if it is not good, or if that cannot be found out now.
    pub async fn by_event_ticket(&self, ticket: &str) -> Result<Identity, Refusal> {
        let now_ms = self.clock.now_ms();
        let identity = tickets::redeem(&self.records, Door::Events, ticket, now_ms).await?;
        self.recall(&identity).await
    }

    /// Somebody who was found out before, as they stand now.
    ///
    /// # Errors
    /// [`Refusal`] if what the identity rests on is gone, or if that cannot be found out now.
    pub async fn recall(&self, identity: &Identity) -> Result<Identity, Refusal> {
        let mut tx = self.records.read().await?;
        let identity = recall(&mut tx, identity, self.clock.now_ms()).await?;
        match identity.expires_at {
            Some(end) if end <= self.now() => Err(INVALID),
            _ => Ok(identity),
        }
    }

    fn now(&self) -> UnixSeconds {
        seconds(self.clock.now_ms())
    }

    async fn by_api_key(&self, key: &ApiKey) -> Result<Identity, Refusal> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.records.read().await?;
        let found = tx.api_key_standing(key.hash().as_bytes()).await?.ok_or(INVALID)?;
        drop(tx);
        let standing = standing_of_key(&found, now_ms)?;
        self.key_use.note(found.id, found.last_used_at_ms, now_ms);
        Ok(Identity {
            subject: Subject::User(found.owner.user_id),
            facts: PrincipalFacts {
                standing,
                server_role: server_role(&found.owner),
                confined_to: Some(found.workspace.0),
                scopes: Scopes::parse(&found.scopes).map_err(|_| INVALID)?,
            },
            basis: GrantBasis {
                user: Some(found.owner.user_id),
                session: None,
                api_key: Some(found.id),
                link: None,
            },
            bearer: None,
            name: None,
            expires_at: found.expires_at_ms.map(seconds),
        })
    }

    async fn by_access_token(&self, token: &str) -> Result<Identity, Refusal> {
        let claims = self
            .access_tokens
            .verify(&self.keyring.keys(), token, self.now())
            .map_err(auth::Refusal::from)?;
        let scopes = Scopes::parse(&claims.scope).map_err(|_| INVALID)?;
        let Some(session) = claims.sid else {
            return self.by_client(&claims, scopes).await;
        };
        let mut tx = self.records.read().await?;
        let found = tx.session_standing(session).await?.ok_or(INVALID)?;
        drop(tx);
        let standing = standing_of_session(&found, self.clock.now_ms())?;
        if found.owner.user_id != claims.sub {
            return Err(INVALID);
        }
        Ok(Identity {
            subject: Subject::User(claims.sub),
            facts: PrincipalFacts {
                standing,
                server_role: server_role(&found.owner),
                confined_to: claims.workspace,
                scopes,
            },
            basis: GrantBasis {
                user: Some(claims.sub),
                session: Some(session),
                api_key: None,
                link: None,
            },
            bearer: None,
            name: None,
            expires_at: Some(claims.exp),
        })
    }

    /// A client that acts for itself: it stands as long as it is not disabled.
    async fn by_client(&self, claims: &AccessClaims, scopes: Scopes) -> Result<Identity, Refusal> {
        let mut tx = self.records.read().await?;
        let found = tx.client_standing(claims.sub).await?.ok_or(INVALID)?;
        drop(tx);
        let allowed = Scopes::parse(&found.scopes).map_err(|_| INVALID)?;
        if found.is_disabled || claims.workspace != Some(found.workspace.0) {
            return Err(INVALID);
        }
        Ok(Identity {
            subject: Subject::Client(found.id),
            facts: PrincipalFacts {
                standing: Standing::Active,
                server_role: ServerRole::User,
                confined_to: Some(found.workspace.0),
                scopes: scopes.narrowed_to(allowed),
            },
            basis: GrantBasis::default(),
            bearer: None,
            name: None,
            expires_at: Some(claims.exp),
        })
    }

    /// A token for one document counts as long as the credential that minted it does.
    async fn by_document_token(&self, token: &str) -> Result<Identity, Refusal> {
        let (keys, settings) = (self.keyring.keys(), self.access_tokens.settings());
        let claims =
            verify_document_token(&keys, settings, token, self.now()).map_err(auth::Refusal::from)?;
        let basis = match claims.link {
            // What it still gives is looked up with its document.
            Some(link) => GrantBasis {
                link: Some(link),
                ..GrantBasis::default()
            },
            None => self.minter(claims.minter, claims.workspace).await?,
        };
        Ok(Identity {
            subject: Subject::Named(claims.sub.into()),
            facts: PrincipalFacts::ANONYMOUS,
            basis,
            bearer: Some(Bearer {
                workspace: WorkspaceId(claims.workspace),
                document: claims.document,
                role: claims.role,
            }),
            name: claims.name.map(Into::into),
            expires_at: Some(claims.exp),
        })
    }

    /// What a minted token rests on: the API key, session or client with the id `minter`.
    async fn minter(&self, minter: Uuid, workspace: Uuid) -> Result<GrantBasis, Refusal> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.records.read().await?;
        if let Some(key) = tx.api_key_standing_by_id(minter).await? {
            require_active(standing_of_key(&key, now_ms)?)?;
            let may_mint = Scopes::parse(&key.scopes).is_ok_and(|scopes| scopes.allow(Scope::DocumentsShare));
            if key.workspace.0 != workspace || !may_mint {
                return Err(INVALID);
            }
            return Ok(GrantBasis {
                user: Some(key.owner.user_id),
                session: None,
                api_key: Some(key.id),
                link: None,
            });
        }
        if let Some(session) = tx.session_standing(minter).await? {
            require_active(standing_of_session(&session, now_ms)?)?;
            return Ok(GrantBasis {
                user: Some(session.owner.user_id),
                session: Some(minter),
                api_key: None,
                link: None,
            });
        }
        let client = tx.client_standing(minter).await?.ok_or(INVALID)?;
        if client.is_disabled || client.workspace.0 != workspace {
            return Err(INVALID);
        }
        Ok(GrantBasis::default())
    }

    async fn by_external_token(&self, token: &str) -> Result<Identity, Refusal> {
        let external = self.external.as_ref().ok_or(INVALID)?;
        let (user, expires_at) = external.account_of(token, self.now()).await?;
        let owner = OwnerStanding {
            user_id: user.id,
            status: user.status,
            server_role: user.server_role,
            is_deleted: false,
        };
        Ok(Identity {
            subject: Subject::User(user.id),
            facts: PrincipalFacts {
                standing: standing(&owner)?,
                server_role: server_role(&owner),
                confined_to: None,
                scopes: Scopes::full(),
            },
            basis: GrantBasis {
                user: Some(user.id),
                session: None,
                api_key: None,
                link: None,
            },
            bearer: None,
            name: None,
            expires_at: Some(expires_at),
        })
    }
}

/// Nothing counts of an account that is disabled or deleted.
fn standing(owner: &OwnerStanding) -> Result<Standing, Refusal> {
    match owner.status.as_str() {
        _ if owner.is_deleted => Err(INVALID),
        "active" => Ok(Standing::Active),
        "pending_verification" => Ok(Standing::Unverified),
        _ => Err(INVALID),
    }
}

fn standing_of_session(session: &SessionStanding, now_ms: i64) -> Result<Standing, Refusal> {
    if session.is_ended || session.expires_at_ms <= now_ms {
        return Err(INVALID);
    }
    standing(&session.owner)
}

fn standing_of_key(key: &ApiKeyStanding, now_ms: i64) -> Result<Standing, Refusal> {
    if key.is_revoked || key.expires_at_ms.is_some_and(|ends| ends <= now_ms) {
        return Err(INVALID);
    }
    standing(&key.owner)
}

fn require_active(standing: Standing) -> Result<(), Refusal> {
    if standing == Standing::Active {
        Ok(())
    } else {
        Err(INVALID)
    }
}

/// A role that this program does not know gives nothing.
fn server_role(owner: &OwnerStanding) -> ServerRole {
    owner.server_role.parse().unwrap_or(ServerRole::User)
}

impl From<Unauthorized> for Refusal {
    fn from(reason: Unauthorized) -> Self {
        Self::Refused(reason.into())
    }
}
