//! `/v1/documents/{document_id}/links` and `/v1/links:open`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::{Link, LinkTerms, NewLink};

use super::gate;
use super::happened::{SharedWith, shared};
use crate::accounts::LinkError;
use crate::auth::password::NewPassword;
use crate::auth::permission::{Action, DocumentRole};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{
    Body, Change, Clearable, Created, ETag, Filters, Found, Id, IfMatch, Line, List, Listing, MergePatch,
    NoContent, Once, Timestamp, invalid,
};
use crate::http::v1::Api;
use crate::http::v1::auth::{Failure, FromClient};
use crate::http::v1::caller::Caller;
use crate::http::v1::happened::{commit_rights, record};
use crate::http::v1::tenancy::{Key, part, project_role, total, two_ids};

/// How many links a document may have.
const MAX_LINKS: i64 = 100;

const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_LINKS",
    "a document has at most 100 links: revoke some first",
);
const PASSWORD_REQUIRED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "PASSWORD_REQUIRED",
    "this link needs its password",
);
const WRONG_PASSWORD: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "WRONG_PASSWORD",
    "this is not the password of the link",
);

/// What a link can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LinkRole {
    Viewer,
    Commenter,
    Editor,
}

impl LinkRole {
    fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Commenter => "commenter",
            Self::Editor => "editor",
        }
    }
}

impl From<LinkRole> for DocumentRole {
    fn from(role: LinkRole) -> Self {
        match role {
            LinkRole::Viewer => Self::Viewer,
            LinkRole::Commenter => Self::Commenter,
            LinkRole::Editor => Self::Editor,
        }
    }
}

/// A link to a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub(super) struct LinkView {
    id: Uuid,
    document_id: Uuid,
    role: DocumentRole,
    has_password: bool,
    created_by: Uuid,
    created_at: Timestamp,
    /// When it ends; null if it does not.
    expires_at: Option<Timestamp>,
}

impl From<&Link> for LinkView {
    fn from(link: &Link) -> Self {
        Self {
            id: link.id,
            document_id: link.document_id,
            role: project_role(&link.role),
            has_password: link.password_hash.is_some(),
            created_by: link.created_by,
            created_at: Timestamp(link.created_at_ms),
            expires_at: link.expires_at_ms.map(Timestamp),
        }
    }
}

/// A new link, with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedLink)]
pub(super) struct CreatedLinkView {
    #[serde(flatten)]
    link: LinkView,
    /// What opens it. It is shown this once.
    #[schema(min_length = 51, max_length = 51)]
    token: String,
}

/// A link to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkForm {
    role: LinkRole,
    /// In the future; it does not end if this is left out.
    expires_at: Option<Timestamp>,
    /// What its visitors have to know.
    #[schema(format = Password, min_length = 8, max_length = 256)]
    password: Option<String>,
}

/// What shall change of a link.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LinkPatch {
    role: Change<LinkRole>,
    expires_at: Clearable<Timestamp>,
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 256)]
    password: Clearable<String>,
}

/// The list of links has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkFilters {}

impl Filters for LinkFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// Lists the links to a document.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/links", tag = "Sharing",
    params(("document_id" = Uuid, Path), Listing<LinkFilters>),
    responses((status = 200, body = List<LinkView>)),
)]
pub(super) async fn list_document_links(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    listing: Listing<LinkFilters>,
) -> Result<List<LinkView>, Problem> {
    let mut tx = api.records.read().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, api.clock.now_ms()).await?;
    let part = part(&listing, id)?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let rows = tenant.links(id, &part.span).await?;
    if part.is_counted {
        let count = tenant.count_links(id).await?;
        return Ok(listing.counted(total(count), rows, |row| (&row).into()));
    }
    let key = |row: &Link| Key::Number(row.created_at_ms, row.id);
    Ok(listing.walked(id, rows, key, |row| (&row).into()))
}

/// Makes a link that opens a document for whoever holds it.
///
/// Its secret is in the answer and cannot be read again, so an `Idempotency-Key` has no effect here.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/links", tag = "Sharing",
    params(("document_id" = Uuid, Path)),
    request_body = LinkForm,
    responses(
        (status = 201, body = CreatedLinkView, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "It has too many links already"),
    ),
)]
pub(super) async fn create_document_link(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Body(form): Body<LinkForm>,
) -> Result<Created<CreatedLinkView>, Failure> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.read().await?;
    gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    drop(tx);
    let created_by = caller.user()?;
    check_end(form.expires_at, now_ms)?;
    // Hashing takes long; nobody else who writes shall wait for it.
    let password_hash = hashed(&api, form.password.as_deref()).await?;
    let token = OpaqueToken::generate(TokenKind::ShareLink);
    let token_hash = token.hash();
    let mut tx = api.records.write().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    if tenant.count_links(id).await? >= MAX_LINKS {
        return Err(TOO_MANY.into());
    }
    let new = NewLink {
        id: Uuid::now_v7(),
        document_id: id,
        token_hash: token_hash.as_bytes(),
        terms: LinkTerms {
            role: form.role.as_str(),
            password_hash: password_hash.as_deref(),
            expires_at_ms: form.expires_at.map(|time| time.0),
        },
        created_by,
        now_ms,
    };
    tenant.create_link(new).await?;
    let link = tenant.link(id, new.id).await?.ok_or(Problem::INTERNAL)?;
    let happened = shared(
        &opened.document,
        SharedWith::Link(link.id),
        None,
        Some(&link.role),
    );
    record(&mut tx, opened.workspace, &caller, happened, now_ms).await?;
    tx.commit().await?;
    Ok(Created {
        location: format!("/v1/documents/{id}/links/{}", link.id),
        etag: Some(ETag(link.version)),
        body: CreatedLinkView {
            link: (&link).into(),
            token: token.expose().to_owned(),
        },
    })
}

/// Reads what a link gives.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/links/{link_id}", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("link_id" = Uuid, Path)),
    responses((status = 200, body = LinkView, headers(("ETag" = String)))),
)]
pub(super) async fn get_document_link(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
) -> Result<Found<LinkView>, Problem> {
    let (id, link) = two_ids(&ids)?;
    let mut tx = api.records.read().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, api.clock.now_ms()).await?;
    let link = tx.workspace(opened.workspace).await?.link(id, link).await?;
    Ok(found(&link.ok_or(NOT_FOUND)?))
}

fn found(link: &Link) -> Found<LinkView> {
    Found {
        etag: Some(ETag(link.version)),
        body: link.into(),
    }
}

/// Changes what a link gives, until when, or its password.
///
/// Whoever came through it is held to the new terms at once.
#[utoipa::path(
    patch, path = "/v1/documents/{document_id}/links/{link_id}", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("link_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = LinkPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = LinkView, headers(("ETag" = String)))),
)]
pub(super) async fn change_document_link(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
    once: Once,
    MergePatch(patch): MergePatch<LinkPatch>,
) -> Result<Response, Failure> {
    let (id, link) = two_ids(&ids)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.read().await?;
    gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    drop(tx);
    let expires_at = patch.expires_at.into_option();
    check_end(expires_at.flatten(), now_ms)?;
    let password_hash = match patch.password.into_option() {
        None => None,
        Some(password) => Some(hashed(&api, password.as_deref()).await?),
    };
    let mut tx = api.records.write().await?;
    if let Some(answer) = once.begin(&mut tx, &caller.0, now_ms).await? {
        return Ok(answer);
    }
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let before = tenant.link(id, link).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(before.version))?;
    let password_hash = password_hash.unwrap_or(before.password_hash);
    let terms = LinkTerms {
        role: patch
            .role
            .into_option()
            .map_or(before.role.as_str(), |role| role.as_str()),
        password_hash: password_hash.as_deref(),
        expires_at_ms: expires_at.map_or(before.expires_at_ms, |end| end.map(|time| time.0)),
    };
    tenant.change_link(link, terms).await?;
    let after = tenant.link(id, link).await?.ok_or(NOT_FOUND)?;
    let answer = once.finish(&mut tx, &caller.0, found(&after)).await?;
    let (role, new_role) = (Some(before.role.as_str()), Some(after.role.as_str()));
    let happened = shared(&opened.document, SharedWith::Link(link), role, new_role);
    commit_rights(&api, tx, opened.workspace, &caller, happened).await?;
    Ok(answer)
}

/// Revokes a link. Whoever came through it is out at once.
#[utoipa::path(
    delete, path = "/v1/documents/{document_id}/links/{link_id}", tag = "Sharing",
    params(("document_id" = Uuid, Path), ("link_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "It is revoked")),
)]
pub(super) async fn revoke_document_link(
    State(api): State<Api>,
    caller: Caller,
    ids: Path<(String, String)>,
    if_match: Option<IfMatch>,
) -> Result<NoContent, Problem> {
    let (id, link) = two_ids(&ids)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let opened = gate::open(&mut tx, &caller, id, Action::ShareDocument, now_ms).await?;
    let mut tenant = tx.workspace(opened.workspace).await?;
    let before = tenant.link(id, link).await?.ok_or(NOT_FOUND)?;
    IfMatch::check_if_given(if_match.as_ref(), ETag(before.version))?;
    tenant.revoke_link(id, link, now_ms).await?;
    let happened = shared(&opened.document, SharedWith::Link(link), Some(&before.role), None);
    commit_rights(&api, tx, opened.workspace, &caller, happened).await?;
    Ok(NoContent)
}

/// A link to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkOpening {
    /// Its secret.
    #[schema(min_length = 1, max_length = 256)]
    token: String,
    /// Its password, if it has one.
    #[schema(format = Password, min_length = 1, max_length = 256)]
    password: Option<String>,
    /// What others who are there see.
    name: Option<Line<100>>,
}

/// What opens the document of a link.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedLink)]
pub(super) struct OpenedLinkView {
    document_id: Uuid,
    role: DocumentRole,
    /// Opens the document over REST, as `Authorization: Bearer …`, and over sockets.
    #[schema(max_length = 8192)]
    token: String,
    /// How long the token lives, in seconds. Open the link again to get the next one.
    #[schema(minimum = 1, maximum = 3600)]
    expires_in: u64,
}

/// Opens a link: exchanges its secret for a token that opens its document.
#[utoipa::path(
    post, path = "/v1/links:open", tag = "Sharing", security(()),
    request_body = LinkOpening,
    responses(
        (status = 200, body = OpenedLinkView),
        (status = 403, description = "It needs a password, or another one"),
        (status = 404, description = "There is no such link, or no longer"),
    ),
)]
pub(super) async fn open_link(
    State(api): State<Api>,
    FromClient(client): FromClient,
    Body(opening): Body<LinkOpening>,
) -> Result<Found<OpenedLinkView>, Failure> {
    let name = opening.name.map(Line::into_string);
    let opened = api
        .accounts
        .open_link(&opening.token, opening.password.as_deref(), name, &client)
        .await
        .map_err(failure)?;
    Ok(Found {
        etag: None,
        body: OpenedLinkView {
            document_id: opened.link.document_id,
            role: opened.role,
            token: opened.token,
            expires_in: opened.expires_in,
        },
    })
}

fn failure(error: LinkError) -> Failure {
    match error {
        LinkError::Missing => NOT_FOUND.into(),
        LinkError::PasswordRequired => PASSWORD_REQUIRED.into(),
        LinkError::WrongPassword => WRONG_PASSWORD.into(),
        LinkError::Account(error) => error.into(),
        LinkError::Token(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a link could not be opened"
            );
            Problem::INTERNAL.into()
        }
    }
}

fn check_end(end: Option<Timestamp>, now_ms: i64) -> Result<(), Problem> {
    if end.is_some_and(|end| end.0 <= now_ms) {
        return Err(invalid("expires_at", "INVALID_VALUE", "must be in the future"));
    }
    Ok(())
}

async fn hashed(api: &Api, password: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(password) = password else {
        return Ok(None);
    };
    let password = NewPassword::parse(password, &[])
        .map_err(|weak| invalid("password", weak.code(), &weak.to_string()))?;
    Ok(Some(api.accounts.hash_password(&password).await?))
}
