//! `POST /v1/oauth/clients`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::NewOAuthClient;

use super::{ClientView, GrantName, KindName, Terms, distinct, etag};
use crate::access::facts;
use crate::audit::{Act, Deed};
use crate::auth::oauth::{ClientKind, GrantType};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::oauth::registry::{StoredSecret, as_json};
use crate::http::rest::{Body, Created, Line};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::delegated::ClientScope;

/// How many applications a workspace has at most.
const MAX_CLIENTS: i64 = 1_000;
const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY_OAUTH_CLIENTS",
    "this workspace has 1000 applications; remove one first",
);

/// An application to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOAuthClient)]
pub(super) struct NewClient {
    workspace_id: Uuid,
    /// What people are shown.
    name: Line<100>,
    kind: KindName,
    /// Where answers may be sent: https, http to a loopback address, or a scheme of the application's own with a dot.
    #[serde(default)]
    #[schema(max_items = 20)]
    redirect_uris: Vec<String>,
    #[schema(min_items = 1, max_items = 3)]
    grant_types: Vec<GrantName>,
    /// The most that it may be allowed.
    #[schema(min_items = 1, max_items = 18)]
    scopes: Vec<ClientScope>,
}

/// A new application, with the secret that is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedOAuthClient)]
pub(super) struct CreatedClient {
    client: ClientView,
    /// Null for a public application.
    #[schema(min_length = 51, max_length = 51)]
    client_secret: Option<String>,
}

/// Registers an application.
///
/// People allow it something at `/oauth/authorize`, with PKCE; it comes to its tokens at `/oauth/token`. Whatever they
/// allow counts in the application's own workspace alone. The secret of a confidential application is in this answer
/// and nowhere else.
#[utoipa::path(
    post, path = "/v1/oauth/clients", tag = "OAuth clients",
    request_body = NewClient,
    responses(
        (status = 201, body = CreatedClient, headers(("ETag" = String), ("Location" = String))),
        (status = 404, description = "There is no such workspace for whoever asks"),
        (status = 409, description = "The workspace has too many applications"),
    ),
)]
pub(super) async fn create_oauth_client(
    State(api): State<Api>,
    caller: Caller,
    Body(wanted): Body<NewClient>,
) -> Result<Created<CreatedClient>, Problem> {
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let place = facts::workspace(&mut tx, &caller.0, wanted.workspace_id).await?;
    caller.require(Action::ManageOAuthClients, &place.resource)?;
    let user = caller.user()?;
    let redirects = distinct(wanted.redirect_uris);
    let grants: Vec<GrantType> = distinct(wanted.grant_types)
        .into_iter()
        .map(GrantName::grant)
        .collect();
    let scopes = ClientScope::together(&wanted.scopes);
    let terms = Terms {
        kind: match wanted.kind {
            KindName::Public => ClientKind::Public,
            KindName::Confidential => ClientKind::Confidential,
        },
        redirects: &redirects,
        grants: &grants,
        scopes,
    };
    terms.check()?;
    let mut tenant = tx.workspace(place.workspace).await?;
    if tenant.count_oauth_clients().await? >= MAX_CLIENTS {
        return Err(TOO_MANY);
    }
    let secret = (wanted.kind == KindName::Confidential).then(|| StoredSecret::generate(now_ms));
    let (stored, token) = secret.unzip();
    let names: Vec<&str> = grants.iter().map(|grant| grant.as_str()).collect();
    let new = NewOAuthClient {
        id: Uuid::now_v7(),
        name: &wanted.name,
        kind: wanted.kind.as_str(),
        secrets: &as_json(stored.as_slice()),
        redirects: &as_json(&redirects),
        grants: &as_json(&names),
        scopes: &scopes.to_string(),
        created_by: user,
        now_ms,
    };
    tenant.create_oauth_client(new).await?;
    let made = tenant.oauth_client(new.id).await?.ok_or(Problem::INTERNAL)?;
    Act::new(Deed::OAuthClientCreated, new.id)
        .write(&mut tx, place.workspace, now_ms)
        .await?;
    tx.commit().await?;
    Ok(Created {
        location: format!("/v1/oauth/clients/{}", made.id),
        etag: Some(etag(&made)),
        body: CreatedClient {
            client: ClientView::of(&made, now_ms),
            client_secret: token.map(|token| token.expose().to_owned()),
        },
    })
}
