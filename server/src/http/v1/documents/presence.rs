//! `GET /v1/documents/{document_id}/presence`.

use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::gate::{self, Asker};
use super::refusal_problem;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::Found;
use crate::http::v1::Api;
use crate::rooms::{ContentBody, Operation};

/// Who is in a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Presence)]
pub(super) struct PresenceView {
    #[schema(max_items = 100_000)]
    data: Vec<PresentView>,
}

/// A client that is in a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PresentClient)]
struct PresentView {
    /// Its number in the document.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    client_id: u64,
    /// What it says about itself: whatever the application chose.
    state: Value,
}

/// Reads who is in a document now, on this node.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/presence", tag = "Documents",
    params(("document_id" = Uuid, Path)),
    responses((status = 200, body = PresenceView)),
)]
pub(super) async fn get_document_presence(
    State(api): State<Api>,
    Path(document_id): Path<String>,
    asker: Asker,
) -> Result<Found<PresenceView>, Problem> {
    let found = gate::find(&api, &asker, &document_id, Action::ReadContent).await?;
    let (workspace, name) = found.room()?;
    let answer = api
        .hub
        .ask_if_open(workspace, &name, Operation::ReadPresence)
        .await;
    let present = match answer.transpose().map_err(refusal_problem)? {
        Some(answer) => match answer.body {
            Some(ContentBody::Presence(present)) => present,
            _ => Vec::new(),
        },
        None => Vec::new(),
    };
    let data = present.into_iter().map(|(client_id, state)| PresentView {
        client_id,
        // What is no JSON was never taken in.
        state: serde_json::from_str(&state).unwrap_or_default(),
    });
    Ok(Found {
        etag: None,
        body: PresenceView { data: data.collect() },
    })
}
