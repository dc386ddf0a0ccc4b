//! Tickets for sockets and streams: what a client shows where a token would end up in a log.
//!
//! Invariant: a ticket is good once, for thirty seconds, at the door that it was made for, and gives what the one who asked
//! for it had, no more.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_storage::records::{NewSingleUse, Records};

use super::{GrantBasis, Identity, Refusal, Subject};
use crate::auth::permission::{PrincipalFacts, Scopes, ServerRole, Standing};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::auth::{self, Unauthorized, UnixSeconds};

/// How long a ticket is good, in seconds.
pub const TICKET_SECONDS: i64 = 30;

/// What a ticket opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// One socket for documents.
    Documents,
    /// One stream of the events of the workspace that the identity is confined to.
    Events,
}

impl Door {
    fn token(self) -> TokenKind {
        match self {
            Self::Documents => TokenKind::SocketTicket,
            Self::Events => TokenKind::EventTicket,
        }
    }

    /// What its tickets are called among the tokens that count once.
    fn name(self) -> &'static str {
        match self {
            Self::Documents => "socket_ticket",
            Self::Events => "event_ticket",
        }
    }
}

const INVALID: Refusal = Refusal::Refused(auth::Refusal::Unauthorized(Unauthorized::Invalid));

/// What a ticket remembers of the credential that asked for it, besides the account and the session.
#[derive(Debug, Deserialize, Serialize)]
struct Payload {
    scopes: String,
    confined_to: Option<Uuid>,
    api_key: Option<Uuid>,
    /// When the credential ends by itself; a session or a key is asked again.
    #[serde(default)]
    expires_at: Option<UnixSeconds>,
}

/// Makes a ticket for whoever `identity` is, for one `door`. `None` if it is nobody with an account.
///
/// # Errors
/// [`Refusal::Unavailable`] if it cannot be kept.
pub async fn issue(
    records: &Records,
    identity: &Identity,
    door: Door,
    now_ms: i64,
) -> Result<Option<OpaqueToken>, Refusal> {
    let Some(user_id) = identity.user() else {
        return Ok(None);
    };
    let payload = Payload {
        scopes: identity.facts.scopes.to_string(),
        confined_to: identity.facts.confined_to,
        api_key: identity.basis.api_key,
        expires_at: identity.expires_at,
    };
    let payload = serde_json::to_string(&payload).map_err(|_| Refusal::Unavailable)?;
    let token = OpaqueToken::generate(door.token());
    let hash = token.hash();
    let ticket = NewSingleUse {
        hash: hash.as_bytes(),
        kind: door.name(),
        user_id: Some(user_id),
        session_id: identity.basis.session,
        payload: &payload,
        now_ms,
        expires_at_ms: now_ms + TICKET_SECONDS * 1000,
    };
    let mut tx = records.write().await?;
    tx.add_single_use(ticket).await?;
    tx.commit().await?;
    Ok(Some(token))
}

/// Uses a ticket up at `door`; whoever shows it is who asked for it, as far as the ticket knows: how they stand now is still to
/// be looked up.
///
/// # Errors
/// [`Refusal`] if it is not good, or if that cannot be found out.
pub(super) async fn redeem(
    records: &Records,
    door: Door,
    ticket: &str,
    now_ms: i64,
) -> Result<Identity, Refusal> {
    let token = OpaqueToken::parse(door.token(), ticket).map_err(|_| INVALID)?;
    let mut tx = records.write().await?;
    let ticket = tx
        .take_single_use(door.name(), token.hash().as_bytes(), now_ms)
        .await?;
    tx.commit().await?;
    let ticket = ticket.ok_or(INVALID)?;
    let user = ticket.user_id.ok_or(INVALID)?;
    let payload: Payload = serde_json::from_str(&ticket.payload).map_err(|_| INVALID)?;
    Ok(Identity {
        subject: Subject::User(user),
        facts: PrincipalFacts {
            standing: Standing::Active,
            server_role: ServerRole::User,
            confined_to: payload.confined_to,
            scopes: Scopes::parse(&payload.scopes).map_err(|_| INVALID)?,
        },
        basis: GrantBasis {
            user: Some(user),
            session: ticket.session_id,
            api_key: payload.api_key,
            link: None,
        },
        bearer: None,
        name: None,
        expires_at: payload.expires_at,
    })
}
