//! What was decided at the door: which document, how far, until when, and on what it rests.

use std::sync::Arc;

use uuid::Uuid;
use weft_storage::WorkspaceId;

use super::Identity;
use crate::auth::{self, Access, UnixSeconds};

/// Leave to be in the room of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The workspace that the document belongs to.
    pub workspace: WorkspaceId,
    /// The document, if it belongs to a project. The others are only names, which tokens open.
    pub document: Option<Uuid>,
    /// What it allows.
    pub access: Access,
    /// Whose it is, and what it rests on.
    pub identity: Arc<Identity>,
    /// When it ends by itself, if it does.
    pub expires_at: Option<UnixSeconds>,
}

/// What a grant rests on: if any of it goes, the grant is decided again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct GrantBasis {
    /// The account.
    pub user: Option<Uuid>,
    /// The session of that account.
    pub session: Option<Uuid>,
    /// The API key that was shown, or that minted the token that was shown.
    pub api_key: Option<Uuid>,
    /// The link that was shown, or opened for the token that was shown.
    pub link: Option<Uuid>,
}

/// Why a document stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The credential is not good, or not for this document.
    #[error(transparent)]
    Refused(#[from] auth::Refusal),
    /// It could not be decided now; nothing is known about the credential.
    #[error("it cannot be decided now who may open this document")]
    Unavailable,
}

impl Refusal {
    /// The kind under which `weft_auth_failures_total` counts it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::Unavailable => "unavailable",
        }
    }
}
