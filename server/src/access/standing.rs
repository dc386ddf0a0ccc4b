//! How an identity stands now, after it was once shown: what it rests on is looked up again.
//!
//! Invariant: what is not found, or cannot be understood, is taken as gone.

use weft_storage::records::{RecordError, Tx};

use super::{Identity, Refusal, Subject};
use crate::auth::permission::{Scopes, ServerRole, Standing};
use crate::auth::{self, Unauthorized, UnixSeconds};

/// It was good once.
const GONE: Refusal = Refusal::Refused(auth::Refusal::Unauthorized(Unauthorized::Expired));

impl From<RecordError> for Refusal {
    fn from(error: RecordError) -> Self {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "rights cannot be looked up"
        );
        Self::Unavailable
    }
}

/// `identity` as it stands at `now_ms`. A session outlives the tokens that are made for it: it is the session that says
/// when the identity ends, and not the token that showed it.
///
/// # Errors
/// [`Refusal`] if something that it rests on is gone, or if that cannot be found out.
pub(super) async fn recall(tx: &mut Tx, identity: &Identity, now_ms: i64) -> Result<Identity, Refusal> {
    let mut recalled = identity.clone();
    recall_credential(tx, &mut recalled, now_ms).await?;
    if let Some(user) = recalled.basis.user {
        let account = tx.account_standing(user).await?.ok_or(GONE)?;
        let standing = match account.status.as_str() {
            _ if account.deleted_at_ms.is_some() => Standing::Disabled,
            "active" => Standing::Active,
            "pending_verification" => Standing::Unverified,
            _ => Standing::Disabled,
        };
        if standing == Standing::Disabled {
            return Err(GONE);
        }
        // Who bears a token that an account has minted acts for nobody here.
        if recalled.facts.standing != Standing::Anonymous {
            recalled.facts.standing = standing;
            recalled.facts.server_role = account.server_role.parse().unwrap_or(ServerRole::User);
        }
    }
    Ok(recalled)
}

async fn recall_credential(tx: &mut Tx, identity: &mut Identity, now_ms: i64) -> Result<(), Refusal> {
    let is_bearer = identity.bearer.is_some();
    if let Subject::Client(client) = identity.subject {
        let client = tx.client_standing(client).await?.ok_or(GONE)?;
        let allowed = Scopes::parse(&client.scopes).map_err(|_| GONE)?;
        if client.is_disabled {
            return Err(GONE);
        }
        identity.facts.scopes = identity.facts.scopes.narrowed_to(allowed);
    }
    if let Some(session) = identity.basis.session {
        let session = tx.session_standing(session).await?.ok_or(GONE)?;
        let is_theirs = identity.basis.user == Some(session.owner.user_id);
        if session.is_ended || session.expires_at_ms <= now_ms || !is_theirs {
            return Err(GONE);
        }
        if !is_bearer {
            identity.expires_at = Some(seconds(session.expires_at_ms));
        }
    }
    if let Some(key) = identity.basis.api_key {
        let key = tx.api_key_standing_by_id(key).await?.ok_or(GONE)?;
        let is_theirs = identity.basis.user == Some(key.owner.user_id);
        let is_over = key.expires_at_ms.is_some_and(|end| end <= now_ms);
        if key.is_revoked || is_over || !is_theirs {
            return Err(GONE);
        }
        if !is_bearer {
            identity.expires_at = key.expires_at_ms.map(seconds);
        }
    }
    if let Some(link) = identity.basis.link {
        let link = tx.link_standing(link).await?.ok_or(GONE)?;
        let is_over = link.expires_at_ms.is_some_and(|end| end <= now_ms);
        if link.revoked_at_ms.is_some() || is_over {
            return Err(GONE);
        }
        identity.expires_at = link.expires_at_ms.map(seconds);
    }
    Ok(())
}

/// Whole seconds, rounded up: nothing ends too early.
fn seconds(ms: i64) -> UnixSeconds {
    u64::try_from(ms).unwrap_or(0).div_ceil(1000)
}
