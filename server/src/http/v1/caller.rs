//! Who asks, for every operation under `/v1`: found out once for each request, before anything else looks at it.
//!
//! Tokens come in the `Authorization` header alone; one in the address would end up in logs.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use super::Api;
use crate::access::{Identity, Refusal, Subject};
use crate::audit::{Actor, Origin, within};
use crate::auth::permission::{Action, Decision, Denial, Resource, may};
use crate::http::problem::NOT_FOUND;
use crate::http::{ClientAddress, PeerAddress, Problem, RequestId};

pub(super) const UNAUTHORIZED: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "UNAUTHORIZED",
    "a valid token is required: send it as `Authorization: Bearer …`",
);
pub(super) const FORBIDDEN: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "FORBIDDEN",
    "your role does not allow this",
);
const INSUFFICIENT_SCOPE: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "INSUFFICIENT_SCOPE",
    "this token may not be used for this",
);
const UNVERIFIED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "EMAIL_NOT_VERIFIED",
    "verify your e-mail address first",
);
pub(super) const UNAVAILABLE: Problem = Problem::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "STORAGE_UNAVAILABLE",
    "it cannot be found out now who asks; try again",
);

/// What became of a request's credential: kept with the request, for limits and for [`Caller`].
#[derive(Debug, Clone)]
pub(crate) struct Identified(pub(crate) Result<Arc<Identity>, Refusal>);

/// Finds out who asks and keeps it with the request. A bad credential fails only operations that want to know.
pub(crate) async fn identify(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let value = request.headers().get(header::AUTHORIZATION);
    let credential = value.map(|value| value.to_str().ok().and_then(bearer).unwrap_or_default());
    let mut origin = origin_of(&request);
    // An account may be made on the way.
    let identifying = api.identities.identify(credential);
    let identity = within(origin.clone(), identifying).await.map(Arc::new);
    origin.actor = actor_of(identity.as_deref().ok());
    request.extensions_mut().insert(Identified(identity));
    within(origin, next.run(request)).await
}

/// Where a request comes from, for what is written down of it; whose it is comes later.
fn origin_of(request: &Request) -> Origin {
    let extensions = request.extensions();
    let client = extensions.get::<ClientAddress>().map(|client| client.0);
    let peer = extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
    let user_agent = request.headers().get(header::USER_AGENT);
    Origin {
        actor: Actor::Nobody,
        address: client.or(peer),
        user_agent: user_agent
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        request_id: extensions.get::<RequestId>().map(|id| id.0.to_string()),
    }
}

fn actor_of(identity: Option<&Identity>) -> Actor {
    match identity.map(|identity| &identity.subject) {
        None | Some(Subject::Nobody) => Actor::Nobody,
        Some(Subject::User(id)) => Actor::User(*id),
        Some(Subject::Client(id)) => Actor::Client(*id),
        Some(Subject::Named(_)) => Actor::Named,
    }
}

pub(super) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whoever asks, possibly nobody.
///
/// # Errors
/// As an extractor: 401 if there is a credential and it is not good, 503 if that cannot be found out.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Arc<Identity>);

impl Caller {
    /// The account of the one who asks.
    ///
    /// # Errors
    /// 401 if nobody is logged in, 403 if it is not a person who asks.
    pub(crate) fn user(&self) -> Result<Uuid, Problem> {
        self.0.user().ok_or_else(|| match self.0.subject {
            crate::access::Subject::Nobody => UNAUTHORIZED,
            _ => FORBIDDEN,
        })
    }

    /// Lets those through who may do this to that.
    ///
    /// # Errors
    /// 401, 403 or 404, as [`Denial`] says.
    pub(crate) fn require(&self, action: Action, resource: &Resource) -> Result<(), Problem> {
        match may(&self.0.facts, action, resource) {
            Decision::Allow => Ok(()),
            Decision::Deny(denial) => Err(problem(denial)),
        }
    }
}

fn problem(denial: Denial) -> Problem {
    match denial {
        Denial::Unauthenticated | Denial::Disabled => UNAUTHORIZED,
        Denial::Unverified => UNVERIFIED,
        Denial::Scope => INSUFFICIENT_SCOPE,
        Denial::Forbidden => FORBIDDEN,
        Denial::Hidden => NOT_FOUND,
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        match parts.extensions.get::<Identified>() {
            Some(Identified(Ok(identity))) => Ok(Self(Arc::clone(identity))),
            Some(Identified(Err(Refusal::Refused(_)))) => Err(UNAUTHORIZED),
            Some(Identified(Err(Refusal::Unavailable))) | None => Err(UNAVAILABLE),
        }
    }
}

impl Caller {
    /// Whoever was found to ask, later than at the beginning of a request.
    ///
    /// # Errors
    /// As the extractor.
    pub(super) fn of(identified: Result<Identity, Refusal>) -> Result<Self, Problem> {
        match identified {
            Ok(identity) => Ok(Self(Arc::new(identity))),
            Err(Refusal::Refused(_)) => Err(UNAUTHORIZED),
            Err(Refusal::Unavailable) => Err(UNAVAILABLE),
        }
    }
}
