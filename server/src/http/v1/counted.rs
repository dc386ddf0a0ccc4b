//! Counts requests for whoever is behind their credential, new comments once more, and requests that would make
//! accounts for their address.

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::caller::Identified;
use crate::access::Subject;
use crate::http::{Problem, RateGate};

/// The operation that makes accounts.
const REGISTER: &str = "/v1/users/register";
/// What the addresses of the operations that make comments end with.
const COMMENTS: &str = "/comments";

/// Lets a request through if its sender has not asked too often.
pub(super) async fn count(request: Request, next: Next) -> Response {
    match check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(request: &Request) -> Result<(), Problem> {
    let Some(gate) = request.extensions().get::<RateGate>() else {
        return Ok(());
    };
    if request.method() == Method::POST && request.uri().path() == REGISTER {
        gate.count_registration()?;
    }
    let Some(Identified(Ok(identity))) = request.extensions().get() else {
        return Ok(());
    };
    let Some(id) = principal(&identity.subject) else {
        return Ok(());
    };
    gate.count_principal(id)?;
    if request.method() == Method::POST && request.uri().path().ends_with(COMMENTS) {
        gate.count_comment(id)?;
    }
    Ok(())
}

/// The number under which somebody is counted.
fn principal(subject: &Subject) -> Option<Uuid> {
    match subject {
        Subject::Nobody => None,
        Subject::User(id) | Subject::Client(id) => Some(*id),
        Subject::Named(name) => {
            let hash: [u8; 32] = Sha256::digest(name.as_bytes()).into();
            let (half, _) = hash.split_first_chunk()?;
            Some(Uuid::from_bytes(*half))
        }
    }
}
