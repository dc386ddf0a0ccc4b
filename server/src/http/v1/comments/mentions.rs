//! Who is mentioned in a comment: in its text, and besides.

use uuid::Uuid;
use weft_storage::records::{Onlooker, Tx};

use crate::access::documents::facts;
use crate::access::{GrantBasis, Identity, Subject};
use crate::auth::permission::{Action, PrincipalFacts, Resource, Scopes, ServerRole, Standing, may};
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

/// Whether the account `user` may see a document, with a credential that allows everything.
async fn sees(tx: &mut Tx, document: Uuid, user: Uuid, now_ms: i64) -> Result<bool, Problem> {
    let account = tx.account_standing(user).await?;
    if !account.is_some_and(|account| account.status == "active" && account.deleted_at_ms.is_none()) {
        return Ok(false);
    }
    let who = Onlooker {
        user: Some(user),
        link: None,
        now_ms,
    };
    let Some(standing) = tx.document_standing(document, who).await? else {
        return Ok(false);
    };
    let identity = Identity {
        subject: Subject::User(user),
        facts: PrincipalFacts {
            standing: Standing::Active,
            server_role: ServerRole::User,
            confined_to: None,
            scopes: Scopes::full(),
        },
        basis: GrantBasis {
            user: Some(user),
            ..GrantBasis::default()
        },
        ..Identity::NOBODY
    };
    let resource = Resource::Document(facts(&identity, &standing));
    Ok(may(&identity.facts, Action::ViewDocument, &resource).is_allowed())
}
