//! Applications of a workspace that ask people for access, or act for themselves: `/v1/oauth/clients`.

mod change;
mod create;
mod delete;
mod list;
mod read;
mod rotate;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weft_storage::records::{OAuthClient, Tx};

use super::Api;
use super::caller::Caller;
use super::delegated::ClientScope;
use crate::access::facts;
use crate::auth::oauth::{ClientKind, GrantType, MAX_REDIRECTS, check_redirect};
use crate::auth::permission::{Action, Scope, Scopes};
use crate::http::Problem;
use crate::http::oauth::registry::{StoredSecret, grants_of, redirects_of, secrets_of};
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{ETag, Timestamp, invalid};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list::list_oauth_clients, create::create_oauth_client))
        .routes(routes!(
            read::get_oauth_client,
            change::update_oauth_client,
            delete::delete_oauth_client
        ))
        .routes(routes!(rotate::rotate_oauth_client_secret))
}

/// Whether an application can keep a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OAuthClientKind)]
enum KindName {
    /// It runs on people's machines and has no secret.
    Public,
    /// It runs on a server and has one.
    Confidential,
}

impl KindName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Confidential => "confidential",
        }
    }
}

/// How an application comes to tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OAuthGrantType)]
enum GrantName {
    /// People allow it something, in their browser.
    AuthorizationCode,
    /// It stays connected.
    RefreshToken,
    /// It acts for itself, within its workspace.
    ClientCredentials,
}

impl GrantName {
    fn grant(self) -> GrantType {
        match self {
            Self::AuthorizationCode => GrantType::AuthorizationCode,
            Self::RefreshToken => GrantType::RefreshToken,
            Self::ClientCredentials => GrantType::ClientCredentials,
        }
    }

    fn of(grant: GrantType) -> Self {
        match grant {
            GrantType::AuthorizationCode => Self::AuthorizationCode,
            GrantType::RefreshToken => Self::RefreshToken,
            GrantType::ClientCredentials => Self::ClientCredentials,
        }
    }
}

/// A secret, without its text: that is shown when it is made, and never again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthClientSecret)]
struct SecretView {
    /// How its text begins.
    #[schema(max_length = 12)]
    hint: String,
    created_at: Timestamp,
    /// When it ends, if another one has taken its place.
    expires_at: Option<Timestamp>,
}

/// An application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthClient)]
struct ClientView {
    /// Its `client_id`, which is public.
    id: Uuid,
    /// The workspace that it belongs to. Its tokens reach no other.
    workspace_id: Uuid,
    /// What people are shown.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    kind: KindName,
    /// Where answers are sent: one of these, letter by letter.
    #[schema(max_items = 20)]
    redirect_uris: Vec<String>,
    #[schema(max_items = 3)]
    grant_types: Vec<GrantName>,
    /// The most that it may be allowed.
    #[schema(max_items = 18)]
    scopes: Vec<ClientScope>,
    #[schema(max_items = 2)]
    secrets: Vec<SecretView>,
    /// Whether it is switched off.
    is_disabled: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl ClientView {
    fn of(row: &OAuthClient, now_ms: i64) -> Self {
        let secrets = secrets_of(row)
            .into_iter()
            .filter(|secret| secret.is_live(now_ms));
        Self {
            id: row.id,
            workspace_id: row.workspace.0,
            name: row.name.clone(),
            kind: if row.kind == "confidential" {
                KindName::Confidential
            } else {
                KindName::Public
            },
            redirect_uris: redirects_of(row),
            grant_types: grants_of(row).into_iter().map(GrantName::of).collect(),
            scopes: ClientScope::named_in(&row.scopes),
            secrets: secrets.map(SecretView::from).collect(),
            is_disabled: row.disabled_at_ms.is_some(),
            created_at: Timestamp(row.created_at_ms),
            updated_at: Timestamp(row.updated_at_ms),
        }
    }
}

impl From<StoredSecret> for SecretView {
    fn from(secret: StoredSecret) -> Self {
        Self {
            hint: secret.hint,
            created_at: Timestamp(secret.created_at_ms),
            expires_at: secret.ends_at_ms.map(Timestamp),
        }
    }
}

/// An application that the caller may manage. What they may not even see is not found.
async fn managed(tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<OAuthClient, Problem> {
    let found = tx.oauth_client(id).await?;
    let workspace = found.as_ref().map_or(Uuid::nil(), |found| found.workspace.0);
    let place = facts::workspace(tx, &caller.0, workspace).await?;
    caller.require(Action::ManageOAuthClients, &place.resource)?;
    found.ok_or(NOT_FOUND)
}

fn etag(row: &OAuthClient) -> ETag {
    ETag(row.version)
}

/// What must fit together in an application.
struct Terms<'a> {
    kind: ClientKind,
    redirects: &'a [String],
    grants: &'a [GrantType],
    scopes: Scopes,
}

impl Terms<'_> {
    fn check(&self) -> Result<(), Problem> {
        if self.redirects.len() > MAX_REDIRECTS {
            return Err(invalid("redirect_uris", "TOO_LONG", "must be at most 20"));
        }
        for (index, address) in self.redirects.iter().enumerate() {
            check_redirect(address).map_err(|error| {
                let field = format!("redirect_uris[{index}]");
                invalid(&field, "INVALID_VALUE", &error.to_string())
            })?;
        }
        let has = |grant| self.grants.contains(&grant);
        let by_code = has(GrantType::AuthorizationCode);
        if self.grants.is_empty() || (has(GrantType::RefreshToken) && !by_code) {
            let rule = "must hold authorization_code, perhaps with refresh_token, or client_credentials";
            return Err(invalid("grant_types", "INVALID_VALUE", rule));
        }
        if by_code && self.redirects.is_empty() {
            let rule = "must not be empty for authorization_code";
            return Err(invalid("redirect_uris", "TOO_SHORT", rule));
        }
        if has(GrantType::ClientCredentials) && self.kind == ClientKind::Public {
            let rule = "must not hold client_credentials unless the application is confidential";
            return Err(invalid("grant_types", "INVALID_VALUE", rule));
        }
        if self.scopes.names(Scope::OfflineAccess) && !has(GrantType::RefreshToken) {
            let rule = "must not hold offline_access without the grant refresh_token";
            return Err(invalid("scopes", "INVALID_VALUE", rule));
        }
        if self.scopes.is_empty() {
            return Err(invalid("scopes", "TOO_SHORT", "must name at least one scope"));
        }
        Ok(())
    }
}

/// Each of them once, in their order.
fn distinct<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}
