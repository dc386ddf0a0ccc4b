//! The REST API, version 1: one folder for each resource, one file for each thing that can be done with it.
//!
//! It changes documents only by asking their rooms; what it answers as saved is durable.
//!
//! # How to add an operation
//!
//! An operation and its description are one: a route that is not described cannot be written here, because routers are
//! [`OpenApiRouter`]s and `routes!` takes only handlers with `#[utoipa::path]`. `documents/` is the model.
//!
//! 1. The handler, one file for each. Its doc comment is the description: one line of summary, a blank line, the rest.
//!    Its name is the `operationId`: unique, `verb_noun`, never changed after a release.
//!    ```text
//!    /// Reads a team.
//!    #[utoipa::path(
//!        get, path = "/v1/teams/{team_id}", tag = "Teams",
//!        params(("team_id" = Uuid, Path)),
//!        request_body = NewTeam,                                     // if it has one
//!        responses(
//!            (status = 200, body = TeamView, headers(("ETag" = String))),
//!            (status = 409, description = "There is such a team"),   // problems: status and when, no body
//!        ),
//!    )]
//!    ```
//!    Query: `params(TeamQuery)` with `#[derive(IntoParams)] #[into_params(parameter_in = Query)]`, and `#[param(inline)]`
//!    on members that are enums or checked texts; lists: `params(Listing<TeamFilters>)` and `body = List<TeamView>`.
//!    `("Idempotency-Key" = Option<String>, Header)` where the handler takes `Once`. Conditions:
//!    `("If-Match" = Option<String>, Header)`, without `Option` where it is required; 412, 428 and for `If-None-Match`
//!    304 come by themselves.
//! 2. `.routes(routes!(list::list_teams, create::create_team))` in the folder's `routes()`, which returns
//!    `OpenApiRouter<Api>`: one `routes!` for each path. A new tag gets its sentence in `openapi/tags.rs`.
//!    A verb (`/v1/projects/{project_id}:archive`) is written `/v1/projects/{project_id}/~archive`: see `verbs.rs`.
//! 3. Bodies derive `ToSchema`, answers also `Serialize`, requests also `Deserialize` with `deny_unknown_fields`.
//!    Enums instead of strings where values are known; `#[schema(min_length, max_length, minimum, maximum, max_items)]`
//!    with the bounds that the code checks; `#[schema(format = DateTime)]` on times that are strings;
//!    Most of it is there: see [`rest`](super::rest) for extractors, checked types, lists and answers.
//!    `#[schema(as = Team)]` names a `TeamView` for readers. The types of `http::rest` describe themselves.
//! 4. Write only what is special. `openapi/` adds what every operation has: the problems 400, 401, 403, 404, 413, 415,
//!    422, 429, 500 and 503 where they can happen, their schema, request ids, rate limits, bounds for what has none,
//!    and that a token is needed. Who needs none says `security(())`.
//! 5. `make docs` writes `docs/openapi.json`; a test fails until it is up to date.

mod api_keys;
mod attachments;
mod audit;
mod auth;
mod batch;
mod boards;
mod caller;
mod comments;
mod counted;
mod delegated;
mod documents;
mod events;
mod failure;
mod happened;
mod in_address;
mod invitations;
mod kept;
mod notifications;
mod oauth_clients;
mod oauth_grants;
mod oidc;
mod openapi;
mod principal;
mod projects;
mod reminders;
mod saved_views;
mod short_list;
mod sockets;
mod subscriptions;
mod task_lists;
mod tasks;
mod teams;
mod tenancy;
mod topics;
mod users;
pub(super) mod verbs;
mod webhooks;
mod well_known;
mod workspaces;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::{from_fn, from_fn_with_state};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use weft_storage::clock::Clock;
use weft_storage::objects::ObjectStore;
use weft_storage::records::Records;
use weft_storage::{AuditArchive, DocumentLog};

use super::rest::{Cursors, once, read as body};
use crate::access::{Changes, Identities};
use crate::accounts::Accounts;
use crate::auth::Authenticator;
use crate::notifications::{Notifier, Unsubscribe, WebPush};
use crate::rooms::Hub;
use crate::webhooks::Webhooks;

pub(in crate::http) use self::caller::Caller;
pub(crate) use self::events::{Feed, Streams, channel};
pub(crate) use self::oidc::OidcLogin;

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct Api {
    /// The rooms.
    pub(crate) hub: Arc<Hub>,
    /// What is stored.
    pub(crate) log: Arc<dyn DocumentLog>,
    /// Who may do what.
    pub(crate) authenticator: Authenticator,
    /// People, workspaces and what belongs to them.
    pub(crate) records: Records,
    /// The audit log, with what was archived of it.
    pub(crate) audit: AuditArchive,
    /// Registering, logging in, and what follows from it.
    pub(crate) accounts: Arc<Accounts>,
    /// Who is behind credentials.
    pub(crate) identities: Arc<Identities>,
    /// The other provider through which people may log in.
    pub(crate) oidc: Option<Arc<OidcLogin>>,
    /// To be told when a transaction has changed rights.
    pub(crate) changes: Changes,
    /// Makes and reads the cursors of lists.
    pub(crate) cursors: Cursors,
    /// Wall-clock time, for tokens.
    pub(crate) clock: Arc<dyn Clock>,
    /// The largest body, in bytes.
    pub(crate) max_body_bytes: usize,
    /// What people upload.
    pub(crate) files: Files,
    /// Tells other systems what happens.
    pub(crate) webhooks: Arc<Webhooks>,
    /// Tells people what happens.
    pub(crate) notifier: Arc<Notifier>,
    /// Reads the addresses that stop mails.
    pub(crate) unsubscribe: Unsubscribe,
    /// Tells browsers that are closed, unless that is turned off.
    pub(crate) web_push: Option<Arc<WebPush>>,
    /// Those who are told what happens as it happens.
    pub(crate) feed: Feed,
    /// Where the server is reached.
    pub(crate) public_url: Arc<str>,
}

/// Where uploaded files go, and how much of them.
#[derive(Clone)]
pub(crate) struct Files {
    /// Where they lie.
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// The largest one, in bytes.
    pub(crate) max_bytes: u64,
    /// What those of one workspace may take, in bytes.
    pub(crate) max_workspace_bytes: u64,
    /// How long an upload may take.
    pub(crate) upload: Duration,
}

impl FromRef<Api> for Cursors {
    fn from_ref(api: &Api) -> Self {
        api.cursors.clone()
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Api")
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}

/// All routes under `/v1` that are no WebSockets.
pub(crate) fn routes(api: Api) -> Router {
    let (router, _) = described().split_for_parts();
    router
        .with_state(api.clone())
        .layer(from_fn(once::read_key))
        .layer(from_fn(counted::count))
        .layer(from_fn_with_state(api, caller::identify))
        .layer(from_fn(in_address::refuse))
}

/// The description of all of them.
fn openapi() -> Value {
    openapi::complete(described().get_openapi(), verbs::describe)
}

/// The same as text, as it is served and as `docs/openapi.json` has it.
pub(crate) fn openapi_text() -> String {
    format!("{:#}\n", openapi())
}

fn described() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .merge(api_keys::routes())
        .merge(attachments::routes())
        .merge(audit::routes())
        .merge(auth::routes())
        .merge(batch::routes())
        .merge(boards::routes())
        .merge(comments::routes())
        .merge(documents::routes())
        .merge(events::routes())
        .merge(invitations::routes())
        .merge(notifications::routes())
        .merge(oauth_clients::routes())
        .merge(oauth_grants::routes())
        .merge(oidc::routes())
        .merge(projects::routes())
        .merge(reminders::routes())
        .merge(saved_views::routes())
        .merge(tasks::routes())
        .merge(teams::routes())
        .merge(workspaces::routes())
        .merge(sockets::routes())
        .merge(subscriptions::routes())
        .merge(task_lists::routes())
        .merge(super::oauth::routes())
        .merge(users::routes())
        .merge(webhooks::routes())
        .merge(well_known::routes())
}
