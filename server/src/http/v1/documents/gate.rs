//! Permission for documents, and what their state says about that.
//!
//! There are two sorts: documents of projects, which roles open, and documents that are only names, which an
//! application's tokens open. Invariant: whoever may not see a document is told the same as if there were none.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use uuid::Uuid;
use weft_protocol::id::DocumentName;
use weft_storage::records::{DocumentRow, Tx};
use weft_storage::{DocumentId, DocumentKey, DocumentSummary, WorkspaceId};

use super::storage_problem;
use crate::access::documents::document_facts;
use crate::access::{Identity, Subject};
use crate::auth::permission::{Action, ContentState, DocumentRole, Facts, Resource, effective_role, may};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::path;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// The document is kept as it is.
const ARCHIVED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "DOCUMENT_ARCHIVED",
    "the document or its project is archived: bring it back first",
);
/// There is nothing to take out of the trash.
const NOT_IN_TRASH: Problem = Problem::new(
    StatusCode::CONFLICT,
    "NOT_IN_TRASH",
    "the document is not in the trash",
);

/// A document of a project that somebody may do something to.
#[derive(Debug)]
pub(in crate::http::v1) struct Opened {
    /// Its workspace.
    pub(in crate::http::v1) workspace: WorkspaceId,
    /// What connects them with it.
    pub(in crate::http::v1) facts: Facts,
    /// The document.
    pub(in crate::http::v1) document: DocumentRow,
}

impl Opened {
    /// The name of its room and of its log.
    ///
    /// # Errors
    /// Never: the text of an id is a name.
    pub(in crate::http::v1) fn name(&self) -> Result<DocumentName, Problem> {
        name_of(self.document.id)
    }

    /// The caller's role for it.
    pub(in crate::http::v1) fn role(&self) -> Option<DocumentRole> {
        effective_role(&self.facts)
    }
}

/// The name of the room and the log of a document of a project.
///
/// # Errors
/// Never: the text of an id is a name.
pub(in crate::http::v1) fn name_of(id: Uuid) -> Result<DocumentName, Problem> {
    DocumentName::parse(&id.to_string()).map_err(|_| Problem::INTERNAL)
}

/// Finds the document `id` of a project for `action`. In the trash it is only seen, restored, and not found for
/// anything else.
///
/// # Errors
/// 401, 403, 404; 409 if only its state stands in the way.
pub(in crate::http::v1) async fn open(
    tx: &mut Tx,
    caller: &Caller,
    id: Uuid,
    action: Action,
    now_ms: i64,
) -> Result<Opened, Problem> {
    let found = document_facts(tx, &caller.0, id, now_ms).await?;
    let Some((workspace, document, facts)) = found else {
        // As for a document of strangers.
        caller.require(action, &Resource::Document(Facts::stranger(Uuid::nil())))?;
        return Err(NOT_FOUND);
    };
    require(caller, action, facts)?;
    Ok(Opened {
        workspace,
        facts,
        document,
    })
}

fn require(caller: &Caller, action: Action, facts: Facts) -> Result<(), Problem> {
    let resource = Resource::Document(facts);
    let is_for_trash = matches!(action, Action::ViewDocument | Action::RestoreDocument);
    if facts.state == ContentState::Trashed && !is_for_trash {
        // Whoever does not see it is told the same.
        caller.require(Action::ViewDocument, &resource)?;
        return Err(NOT_FOUND);
    }
    caller.require(action, &resource).map_err(|problem| {
        let would_in = |state| {
            let facts = Facts { state, ..facts };
            may(&caller.0.facts, action, &Resource::Document(facts)).is_allowed()
        };
        match (facts.state, action) {
            (ContentState::Archived, _) if would_in(ContentState::Live) => ARCHIVED,
            (ContentState::Live | ContentState::Archived, Action::RestoreDocument)
                if would_in(ContentState::Trashed) =>
            {
                NOT_IN_TRASH
            }
            _ => problem,
        }
    })
}

/// Whoever asks about a document of either sort: somebody, or the bearer of an application's token.
#[derive(Debug)]
pub(super) struct Asker {
    /// Somebody, or why nobody.
    caller: Result<Caller, Problem>,
    headers: HeaderMap,
}

impl FromRequestParts<Api> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(Self {
            caller: Caller::from_request_parts(parts, api).await,
            headers: parts.headers.clone(),
        })
    }
}

impl Asker {
    /// The one who asks, unless it is nobody in particular.
    pub(super) fn somebody(&self) -> Option<&Caller> {
        let caller = self.caller.as_ref().ok()?;
        (caller.0.subject != Subject::Nobody).then_some(caller)
    }

    /// Whether an application's token, or the playground, opens the document of this name.
    ///
    /// # Errors
    /// 401 if nothing good was shown at all; 403 if it is not good for a change.
    pub(super) fn opens(
        &self,
        api: &Api,
        name: &DocumentName,
        action: Action,
    ) -> Result<Option<()>, Problem> {
        let result = if action == Action::EditContent {
            api.write_access(&self.headers, name)
        } else {
            api.access(&self.headers, name).map(|access| access.map(drop))
        };
        match result {
            // Somebody whom we know, but who has no such token.
            Err(problem) if problem.status == StatusCode::UNAUTHORIZED && self.somebody().is_some() => {
                Ok(None)
            }
            result => result,
        }
    }

    /// What is said about a document that there is not: 401 to nobody, 404 to others.
    fn unknown(&self, api: &Api, id: Uuid) -> Problem {
        if let Err(problem) = &self.caller
            && problem.status != StatusCode::UNAUTHORIZED
        {
            return problem.clone();
        }
        match name_of(id).and_then(|name| self.opens(api, &name, Action::ViewDocument)) {
            Err(problem) => problem,
            Ok(_) => NOT_FOUND,
        }
    }
}

/// A document of either sort.
#[derive(Debug)]
pub(super) enum Found {
    /// Of a project.
    OfProject(Box<Opened>),
    /// Only a name.
    ByName(DocumentSummary),
}

impl Found {
    /// Where its room is.
    ///
    /// # Errors
    /// Never.
    pub(super) fn room(&self) -> Result<(WorkspaceId, DocumentName), Problem> {
        match self {
            Self::OfProject(opened) => Ok((opened.workspace, opened.name()?)),
            Self::ByName(document) => Ok((WorkspaceId::DEFAULT, document.name.clone())),
        }
    }
}

/// Finds the document that an address names, for `action`.
///
/// # Errors
/// 401, 403, 404, 409, 503.
pub(super) async fn find(api: &Api, asker: &Asker, id: &str, action: Action) -> Result<Found, Problem> {
    let id = path::parse(id)?;
    let nobody = Caller(std::sync::Arc::new(Identity::NOBODY));
    let caller = asker.caller.as_ref().unwrap_or(&nobody);
    let mut tx = api.records.read().await?;
    let of_project = document_facts(&mut tx, &caller.0, id, api.clock.now_ms()).await?;
    drop(tx);
    if let Some((workspace, document, facts)) = of_project {
        return match require(caller, action, facts) {
            Ok(()) => Ok(Found::OfProject(Box::new(Opened {
                workspace,
                facts,
                document,
            }))),
            Err(problem) if problem.status == StatusCode::UNAUTHORIZED => Err(asker.unknown(api, id)),
            Err(problem) => Err(problem),
        };
    }
    let found = api
        .log
        .find(WorkspaceId::DEFAULT, DocumentKey::Id(DocumentId(id)))
        .await;
    let Some(document) = found.map_err(|error| storage_problem(&error))? else {
        return Err(asker.unknown(api, id));
    };
    asker.opens(api, &document.name, action)?.ok_or(NOT_FOUND)?;
    Ok(Found::ByName(document))
}
