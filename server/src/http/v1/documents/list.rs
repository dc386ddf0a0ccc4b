//! `GET /v1/documents` and `GET /v1/projects/{project_id}/documents`.

use axum::extract::State;
use serde::Serialize;
use uuid::Uuid;
use weft_protocol::id::DocumentName;
use weft_storage::records::{DocumentFilter, DocumentRow, DocumentStanding, Mark};
use weft_storage::{DocumentKey, DocumentSummary, WorkspaceId};

use super::gate::{self, Asker};
use super::storage_problem;
use super::views::{DocumentFilters, DocumentView, ProjectDocumentFilters, order};
use crate::access::{Bearer, documents, facts};
use crate::auth::permission::{Action, DocumentRole, effective_role};
use crate::http::Problem;
use crate::http::problem::Detail;
use crate::http::rest::{AnyCase, Commas, Filters, Id, List, Listing, Position, query};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::tenancy::{Key, confined_to, part, require_at_all, total};

/// How many names one request may look through for those that its token opens. A page may be empty and go on.
const MAX_LOOKED_AT: usize = 1_000;
/// Names that are read at a time.
const NAMES: u32 = 100;

/// Lists the documents that you may see, in all projects.
///
/// With an application's token, and in the playground without one: the documents that belong to no project and that the
/// token opens, in order of their names. Such a page may be empty and still lead to a next one.
#[utoipa::path(
    get, path = "/v1/documents", tag = "Documents",
    params(Listing<DocumentFilters>),
    responses((status = 200, body = List<DocumentView>)),
)]
pub(super) async fn list_documents(
    State(api): State<Api>,
    asker: Asker,
    listing: Listing<DocumentFilters>,
) -> Result<List<DocumentView>, Problem> {
    if let Some(name) = &listing.filters.name {
        return list_one(&api, &asker, &listing, name).await;
    }
    let Some(caller) = asker.somebody() else {
        return list_by_name(&api, &asker, &listing).await;
    };
    if let Some(bearer) = caller.0.bearer {
        return list_borne(&api, caller, &listing, bearer).await;
    }
    let kinds = names_of(listing.filters.kind.as_ref());
    let filter = DocumentFilter {
        workspace: listing.filters.workspace_id.map(WorkspaceId),
        project: listing.filters.project_id,
        kinds: kinds.as_deref(),
        search: listing.filters.search.as_deref(),
        updated_since_ms: listing.filters.updated_since.map(|time| time.0),
        archived: listing.filters.archived,
        with_trash: listing.filters.include_deleted == Some(true),
    };
    list_visible(&api, caller, &listing, filter, DocumentView::of_project).await
}

/// Lists the documents of a project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/documents", tag = "Documents",
    params(("project_id" = Uuid, Path), Listing<ProjectDocumentFilters>),
    responses((status = 200, body = List<DocumentView>)),
)]
pub(super) async fn list_project_documents(
    State(api): State<Api>,
    caller: Caller,
    Id(project): Id,
    listing: Listing<ProjectDocumentFilters>,
) -> Result<List<DocumentView>, Problem> {
    let mut tx = api.records.read().await?;
    let place = facts::project(&mut tx, &caller.0, project).await?;
    drop(tx);
    caller.require(Action::ViewProject, &place.resource)?;
    let kinds = names_of(listing.filters.kind.as_ref());
    let filter = DocumentFilter {
        workspace: Some(place.workspace),
        project: Some(project),
        kinds: kinds.as_deref(),
        search: listing.filters.search.as_deref(),
        updated_since_ms: listing.filters.updated_since.map(|time| time.0),
        archived: listing.filters.archived,
        with_trash: listing.filters.include_deleted == Some(true),
    };
    list_visible(&api, &caller, &listing, filter, DocumentView::of_project).await
}

fn names_of(kinds: Option<&Commas<AnyCase<super::views::DocumentType>>>) -> Option<Vec<&'static str>> {
    kinds.map(|kinds| kinds.0.iter().map(|kind| kind.0.as_str()).collect())
}

/// Lists the documents that `filter` lets through and the caller may see, as `show` shows them.
///
/// # Errors
/// 400, 401, 403.
pub(in crate::http::v1) async fn list_visible<F: Filters, V: Serialize>(
    api: &Api,
    caller: &Caller,
    listing: &Listing<F>,
    mut filter: DocumentFilter<'_>,
    show: impl Fn(&DocumentRow, Option<DocumentRole>) -> V + Send,
) -> Result<List<V>, Problem> {
    let user = caller.user()?;
    require_at_all(caller, Action::ViewDocument)?;
    // A credential for one workspace lists nothing of another.
    match (confined_to(caller), filter.workspace) {
        (Some(own), Some(asked)) if own != asked => filter.workspace = Some(WorkspaceId(Uuid::nil())),
        (Some(own), _) => filter.workspace = Some(own),
        (None, _) => {}
    }
    let (part, order) = (part(listing, user)?, order(listing.sort));
    let mut tx = api.records.read().await?;
    let rows = tx.visible_documents(user, &filter, order, &part.span).await?;
    let view = |row: DocumentStanding| {
        let role = effective_role(&documents::facts(&caller.0, &row));
        show(&row.document, role)
    };
    if part.is_counted {
        let count = tx.count_visible_documents(user, &filter).await?;
        return Ok(listing.counted(total(count), rows, view));
    }
    let key = |row: &DocumentStanding| match row.mark(order) {
        Mark::Number(number) => Key::Number(number, row.document.id),
        Mark::Text(text) => Key::Text(text, row.document.id),
    };
    Ok(listing.walked(user, rows, key, view))
}

/// The one document that a token is for.
async fn list_borne(
    api: &Api,
    caller: &Caller,
    listing: &Listing<DocumentFilters>,
    bearer: Bearer,
) -> Result<List<DocumentView>, Problem> {
    let mut tx = api.records.read().await?;
    let found = gate::open(
        &mut tx,
        caller,
        bearer.document,
        Action::ViewDocument,
        api.clock.now_ms(),
    )
    .await;
    let rows: Vec<_> = found.ok().into_iter().collect();
    let view = |opened: gate::Opened| DocumentView::of_project(&opened.document, opened.role());
    Ok(listing.counted(rows.len() as u64, rows, view))
}

/// The document of a name that belongs to no project.
async fn list_one(
    api: &Api,
    asker: &Asker,
    listing: &Listing<DocumentFilters>,
    name: &str,
) -> Result<List<DocumentView>, Problem> {
    let name = DocumentName::parse(name).map_err(|error| {
        query::invalid(Detail {
            field: "name".to_owned(),
            code: "INVALID_VALUE",
            message: error.to_string(),
        })
    })?;
    let mut found = None;
    if asker.opens(api, &name, Action::ViewDocument)?.is_some() {
        let stored = api.log.find(WorkspaceId::DEFAULT, DocumentKey::Name(&name)).await;
        found = stored.map_err(|error| storage_problem(&error))?;
    }
    let rows: Vec<_> = found.into_iter().collect();
    Ok(listing.counted(rows.len() as u64, rows, |row| (&row).into()))
}

/// The documents that an application's token opens.
async fn list_by_name(
    api: &Api,
    asker: &Asker,
    listing: &Listing<DocumentFilters>,
) -> Result<List<DocumentView>, Problem> {
    let mut after = match listing.position::<Option<String>>("names")? {
        Position::Start => None,
        Position::After(name) => name.and_then(|name| DocumentName::parse(&name).ok()),
        Position::Offset(_) => {
            return Err(query::invalid(Detail {
                field: "page".to_owned(),
                code: "INVALID_VALUE",
                message: "must be left out: follow the cursors".to_owned(),
            }));
        }
    };
    // Nobody learns even that there is nothing.
    let any = DocumentName::parse("*").map_err(|_| Problem::INTERNAL)?;
    asker.opens(api, &any, Action::ViewDocument)?;
    let (mut found, mut looked_at): (Vec<DocumentSummary>, usize) = (Vec::new(), 0);
    let wanted = listing.fetch() as usize;
    loop {
        let page = api.log.list(WorkspaceId::DEFAULT, after.as_ref(), NAMES).await;
        let page = page.map_err(|error| storage_problem(&error))?;
        let is_last = page.len() < NAMES as usize;
        for document in page {
            looked_at += 1;
            after = Some(document.name.clone());
            if asker.opens(api, &document.name, Action::ViewDocument)?.is_some() {
                found.push(document);
            }
            if found.len() == wanted {
                let key = |row: &DocumentSummary| Some(row.name.to_string());
                return Ok(listing.walked("names", found, key, |row| (&row).into()));
            }
        }
        if is_last {
            let key = |row: &DocumentSummary| Some(row.name.to_string());
            return Ok(listing.walked("names", found, key, |row| (&row).into()));
        }
        if looked_at >= MAX_LOOKED_AT {
            return Ok(
                listing.broken_off("names", found, &after.as_ref().map(ToString::to_string), |row| {
                    (&row).into()
                }),
            );
        }
    }
}
