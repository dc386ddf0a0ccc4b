//! Requests within a request: each goes the way of any other, through limits and all, as its sender's.
//!
//! Invariant: what runs here cannot run others, so one request never becomes more than it says.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use tower::ServiceExt as _;

use super::{ClientAddress, PeerAddress, Problem, RequestId};

/// The only path whose handler gets to run others.
pub(super) const PATH: &str = "/v1/batch";

/// Runs requests on behalf of the sender of another one; an extension of requests to [`PATH`].
#[derive(Debug, Clone)]
pub(crate) struct Dispatch {
    router: Router,
    authorization: Option<header::HeaderValue>,
    peer: Option<PeerAddress>,
    client: Option<ClientAddress>,
    id: Option<RequestId>,
}

/// Marks requests that are run on behalf of another one; an extension of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InBatch;

/// A request to be run.
#[derive(Debug)]
pub(crate) struct SubRequest {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// `routes`, with what [`PATH`] needs to run others of them.
pub(super) fn add(routes: Router) -> Router {
    // Layers run once a route is chosen, so what chooses among all of them is handed on by itself.
    let all = routes.clone();
    routes.layer(from_fn_with_state(all, offer))
}

/// Gives requests to [`PATH`] their [`Dispatch`].
async fn offer(State(router): State<Router>, mut request: Request, next: Next) -> Response {
    if request.uri().path() == PATH {
        let extensions = request.extensions();
        let dispatch = Dispatch {
            router,
            authorization: request.headers().get(header::AUTHORIZATION).cloned(),
            peer: extensions.get().copied(),
            client: extensions.get().copied(),
            id: extensions.get().cloned(),
        };
        request.extensions_mut().insert(dispatch);
    }
    next.run(request).await
}

impl Dispatch {
    /// Runs a request and waits for its answer.
    pub(crate) async fn run(&self, request: SubRequest) -> Response {
        let mut whole = Request::new(Body::from(request.body));
        *whole.method_mut() = request.method;
        *whole.uri_mut() = request.uri;
        *whole.headers_mut() = request.headers;
        if let Some(authorization) = self.authorization.clone() {
            whole.headers_mut().insert(header::AUTHORIZATION, authorization);
        }
        let extensions = whole.extensions_mut();
        extensions.insert(InBatch);
        self.peer.map(|peer| extensions.insert(peer));
        self.client.map(|client| extensions.insert(client));
        self.id.clone().map(|id| extensions.insert(id));
        let response = match self.router.clone().oneshot(whole).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        match (response.extensions().get::<Problem>(), &self.id) {
            (Some(problem), Some(id)) => {
                let (mut parts, body) = problem.render(Some(&id.urn())).into_parts();
                parts.headers.extend(response.headers().clone());
                Response::from_parts(parts, body)
            }
            _ => response,
        }
    }
}
