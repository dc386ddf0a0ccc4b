//! Who is mentioned in a comment: in its text, and besides.

use uuid::Uuid;
use weft_storage::records::Tx;

use crate::access::people;
use crate::content::{self, Said};
use crate::http::Problem;
use crate::http::problem::Detail;
use crate::http::rest::invalid;
use crate::http::rest::json::unprocessable;

/// How many can be mentioned in one comment.
pub(super) const MAX_MENTIONS: usize = 20;

/// Reads what a comment says.
///
/// # Errors
/// 422 if it says nothing or too much.
pub(super) fn read(body: &str) -> Result<Said, Problem> {
    if body.trim().is_empty() {
        return Err(invalid("body", "TOO_SHORT", "must not be empty"));
    }
    content::comment(body).map_err(|error| {
        unprocessable(Detail {
            field: "body".to_owned(),
            code: error.fault.code(),
            message: error.fault.to_string(),
        })
    })
}

/// All who are mentioned: in the text first, then those who are named besides.
///
/// # Errors
/// 422 if they are too many, or one of them may not see `document`.
pub(super) async fn check(
    tx: &mut Tx,
    document: Uuid,
    said: &Said,
    named: &[Uuid],
    now_ms: i64,
) -> Result<Vec<Uuid>, Problem> {
    let mut all = said.mentions.clone();
    for id in named {
        if !all.contains(id) {
            all.push(*id);
        }
    }
    if all.len() > MAX_MENTIONS {
        return Err(invalid(
            "mentions",
            "TOO_MANY",
            "must be at most 20, with those in the text",
        ));
    }
    for id in &all {
        if !sees(tx, document, *id, now_ms).await? {
            return Err(invalid(
                "mentions",
                "CANNOT_SEE_IT",
                "must be people who may see what the comment is about",
            ));
        }
    }
    Ok(all)
}

/// Whether the account `user` may see a document and can hear of it.
async fn sees(tx: &mut Tx, document: Uuid, user: Uuid, now_ms: i64) -> Result<bool, Problem> {
    let account = tx.account_standing(user).await?;
    let is_active =
        account.is_some_and(|account| account.status == "active" && account.deleted_at_ms.is_none());
    Ok(is_active && people::sees_document(tx, document, user, now_ms).await?)
}
