//! `POST /v1/documents/{document_id}/tokens`: an application's backend lets one of its people into a document.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::gate;
use super::links::LinkRole;
use crate::access::Subject;
use crate::auth::permission::{Action, DocumentRole};
use crate::auth::tokens::document::{DocumentTokenError, DocumentTokenRequest, MAX_DOCUMENT_TOKEN_SECONDS};
use crate::http::Problem;
use crate::http::rest::{Body, Found, Id, Line, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// How long a token lives if nothing is said, in seconds.
const DEFAULT_SECONDS: u64 = 600;

/// For whom a token is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentTokenForm {
    /// The application's name for the person.
    subject: Line<256>,
    /// What others who are there see.
    name: Option<Line<100>>,
    role: LinkRole,
    /// How long it lives, in seconds; 600 if it is left out.
    #[schema(minimum = 1, maximum = 3600)]
    lifetime_seconds: Option<u64>,
}

/// A token that opens one document.
#[derive(Serialize, ToSchema)]
#[schema(as = DocumentToken)]
pub(super) struct DocumentTokenView {
    document_id: Uuid,
    role: DocumentRole,
    /// Opens the document over REST, as `Authorization: Bearer …`, and over sockets.
    #[schema(max_length = 8192)]
    token: String,
    /// How long it lives, in seconds.
    #[schema(minimum = 1, maximum = 3600)]
    expires_in: u64,
}

/// Makes a token that opens a document for somebody who has no account here.
///
/// It counts as long as the credential that asks for it does, and gives no more than its owner has.
#[utoipa::path(
    post, path = "/v1/documents/{document_id}/tokens", tag = "Sharing",
    params(("document_id" = Uuid, Path)),
    request_body = DocumentTokenForm,
    responses((status = 200, body = DocumentTokenView)),
)]
pub(super) async fn create_document_token(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    Body(form): Body<DocumentTokenForm>,
) -> Result<Found<DocumentTokenView>, Problem> {
    let mut tx = api.records.read().await?;
    let opened = gate::open(
        &mut tx,
        &caller,
        id,
        Action::MintDocumentToken,
        api.clock.now_ms(),
    )
    .await?;
    drop(tx);
    let role = form.role.into();
    let lifetime_seconds = form.lifetime_seconds.unwrap_or(DEFAULT_SECONDS);
    if !(1..=MAX_DOCUMENT_TOKEN_SECONDS).contains(&lifetime_seconds) {
        return Err(invalid(
            "lifetime_seconds",
            "INVALID_VALUE",
            "must be from 1 to 3600",
        ));
    }
    let request = DocumentTokenRequest {
        subject: form.subject.into_string(),
        name: form.name.map(Line::into_string),
        document: id,
        workspace: opened.workspace.0,
        role,
        minter: minter(&caller)?,
        link: None,
        lifetime_seconds,
    };
    let (token, _) = api
        .accounts
        .mint_document_token(&request)
        .map_err(|error| match error {
            DocumentTokenError::Subject => invalid("subject", "INVALID_VALUE", "must have 1 to 256 bytes"),
            other => {
                tracing::error!(error = &other as &dyn std::error::Error, "no token was made");
                Problem::INTERNAL
            }
        })?;
    Ok(Found {
        etag: None,
        body: DocumentTokenView {
            document_id: id,
            role,
            token,
            expires_in: lifetime_seconds,
        },
    })
}

/// What the token will rest on.
fn minter(caller: &Caller) -> Result<Uuid, Problem> {
    const NOT_A_MINTER: Problem = Problem::new(
        axum::http::StatusCode::FORBIDDEN,
        "FORBIDDEN",
        "tokens are made with an API key, a client's token or a session",
    );
    let basis = &caller.0.basis;
    match caller.0.subject {
        Subject::Client(client) => Ok(client),
        _ => basis.api_key.or(basis.session).ok_or(NOT_A_MINTER),
    }
}
