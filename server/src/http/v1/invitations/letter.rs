//! The mail that brings an invitation, and how often one may be sent.

use axum::http::StatusCode;
use uuid::Uuid;
use weft_storage::records::{RecordError, Tx};

use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::Problem;
use crate::http::v1::Api;
use crate::mail::{EmailAddress, Letter};

/// One second, in milliseconds.
const SECOND_MS: i64 = 1_000;
/// A day, in seconds.
const DAY_SECONDS: u64 = 86_400;
/// How many invitations a workspace may make in a day, so that nobody fills other people's mailboxes with it.
pub(super) const MOST_PER_DAY: i64 = 200;
/// How long to wait before the same mail is sent again, in milliseconds.
pub(super) const PAUSE_MS: i64 = 60 * SECOND_MS;

/// Too many invitations.
pub(super) const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_INVITATIONS",
    "this workspace has sent as many invitations as it may in a day; try again tomorrow",
);

/// How long an invitation lasts, in milliseconds.
pub(super) fn lifetime_ms() -> i64 {
    let seconds = TokenKind::Invitation.lifetime_seconds().unwrap_or_default();
    i64::try_from(seconds).unwrap_or(i64::MAX / SECOND_MS) * SECOND_MS
}

/// A day, in milliseconds.
pub(super) fn day_ms() -> i64 {
    i64::try_from(DAY_SECONDS).unwrap_or_default() * SECOND_MS
}

/// What stands in a mail besides the secret.
#[derive(Debug)]
pub(super) struct Names {
    inviter: String,
    workspace: String,
}

impl Names {
    /// Who invites to what.
    ///
    /// # Errors
    /// A failure of the database.
    pub(super) async fn find(tx: &mut Tx, inviter: Uuid, workspace: &str) -> Result<Self, RecordError> {
        let user = tx.user(inviter).await?;
        let inviter = user.map_or_else(
            || "Somebody".to_owned(),
            |user| format!("{} {}", user.first_name, user.last_name),
        );
        Ok(Self {
            inviter,
            workspace: workspace.to_owned(),
        })
    }
}

/// Posts the mail; to be called when what it is about is committed.
pub(super) fn post(api: &Api, names: &Names, to: &EmailAddress, token: &OpaqueToken) {
    let post = api.accounts.post();
    let link = post.link(&format!("/account/accept-invitation#token={}", token.expose()));
    let letter = Letter::Invitation {
        inviter: &names.inviter,
        workspace: &names.workspace,
        link: &link,
        days: TokenKind::Invitation.lifetime_seconds().unwrap_or_default() / DAY_SECONDS,
    };
    post.send(&letter, to);
}
