//! Who somebody is as an author, and which comments they may do something to.

use axum::http::StatusCode;
use uuid::Uuid;
use weft_storage::records::{Author, Comment, Tenant, Tx};

use crate::access::Subject;
use crate::auth::permission::{Action, Facts, Resource, may};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::v1::caller::{Caller, FORBIDDEN, UNAUTHORIZED};
use crate::http::v1::topics::{self, Opened};

/// Only whole threads are resolved.
pub(super) const NOT_A_THREAD: Problem = Problem::new(
    StatusCode::CONFLICT,
    "NOT_A_THREAD",
    "this is a reply: resolve the comment that it belongs to",
);

/// A comment, and what it is about.
#[derive(Debug)]
pub(super) struct Found {
    /// The comment.
    pub(super) comment: Comment,
    /// What it is about, open to the one who asks.
    pub(super) opened: Opened,
}

/// Finds a comment on something that the caller may do `action` to.
///
/// # Errors
/// 401, 403, 404, 409.
pub(super) async fn find(
    tx: &mut Tx,
    caller: &Caller,
    id: Uuid,
    action: Action,
    now_ms: i64,
) -> Result<Found, Problem> {
    let Some(comment) = tx.comment(id).await? else {
        // As for one of strangers.
        caller.require(action, &Resource::Document(Facts::stranger(Uuid::nil())))?;
        return Err(NOT_FOUND);
    };
    let opened = topics::open(tx, caller, comment.topic.into(), action, now_ms).await?;
    Ok(Found { comment, opened })
}

/// Like [`find`], of one that was not deleted.
///
/// # Errors
/// 401, 403, 404, 409.
pub(super) async fn find_living(
    tx: &mut Tx,
    caller: &Caller,
    id: Uuid,
    action: Action,
    now_ms: i64,
) -> Result<Found, Problem> {
    let found = find(tx, caller, id, action, now_ms).await?;
    if found.comment.deleted_at_ms.is_some() {
        return Err(NOT_FOUND);
    }
    Ok(found)
}

impl Found {
    /// Lets those through who wrote the comment.
    ///
    /// # Errors
    /// 403.
    pub(super) fn require_author(&self, caller: &Caller) -> Result<(), Problem> {
        let is_own = match name_of(&caller.0.subject) {
            Name::Account(user) => self.comment.author.user_id == Some(user),
            Name::Subject(subject) => self.comment.author.subject.as_ref() == Some(&subject),
            Name::None => false,
        };
        if is_own { Ok(()) } else { Err(FORBIDDEN) }
    }

    /// Whether the caller may do this to what the comment is about.
    pub(super) fn allows(&self, caller: &Caller, action: Action) -> bool {
        may(&caller.0.facts, action, &Resource::Document(self.opened.facts)).is_allowed()
    }
}

enum Name {
    Account(Uuid),
    Subject(String),
    None,
}

fn name_of(subject: &Subject) -> Name {
    match subject {
        Subject::User(id) => Name::Account(*id),
        Subject::Client(id) => Name::Subject(format!("client:{id}")),
        Subject::Named(name) => Name::Subject(format!("named:{name}")),
        Subject::Nobody => Name::None,
    }
}

/// The caller as the author of something new.
///
/// # Errors
/// 401 if it is nobody.
pub(super) async fn author(tenant: &mut Tenant<'_>, caller: &Caller) -> Result<Author, Problem> {
    let name = match caller.0.subject {
        Subject::Client(id) => tenant.oauth_client(id).await?.map(|client| client.name),
        _ => caller.0.name.as_deref().map(str::to_owned),
    };
    match name_of(&caller.0.subject) {
        Name::Account(user) => Ok(Author {
            user_id: Some(user),
            ..Author::default()
        }),
        Name::Subject(subject) => Ok(Author {
            user_id: None,
            subject: Some(subject),
            name,
        }),
        Name::None => Err(UNAUTHORIZED),
    }
}
