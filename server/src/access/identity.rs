//! Who is behind a credential: the one answer, for REST and for sockets.
//!
//! Invariant: an identity is decided from what is stored now. A session that has ended, a key that was revoked, an
//! account that was disabled give none, whatever the signature of the token says.

use std::sync::Arc;

use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::clock::Clock;
use weft_storage::records::Records;

use super::{GrantBasis, Refusal};
use crate::auth::permission::{DocumentRole, PrincipalFacts};
use crate::auth::{self, Unauthorized, UnixSeconds};

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
    #[expect(dead_code, reason = "sessions and keys are looked up in it")]
    records: Records,
    #[expect(dead_code, reason = "credentials end")]
    clock: Arc<dyn Clock>,
}

impl Identities {
    /// Looks into `records`.
    pub fn new(records: Records, clock: Arc<dyn Clock>) -> Self {
        Self { records, clock }
    }

    /// Who shows `credential`; [`Identity::NOBODY`] without one.
    ///
    /// # Errors
    /// [`Refusal`] if it is not good, or if that cannot be found out now.
    pub async fn identify(&self, credential: Option<&str>) -> Result<Identity, Refusal> {
        match credential {
            None => Ok(Identity::NOBODY),
            Some(_) => Err(auth::Refusal::Unauthorized(Unauthorized::Invalid).into()),
        }
    }
}
