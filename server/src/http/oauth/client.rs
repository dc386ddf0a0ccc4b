//! The application behind a request to a protocol endpoint.

use axum::http::{HeaderMap, header};
use weft_storage::records::OAuthClient;

use super::answer::Failure;
use super::registry::client_of;
use crate::accounts::seconds;
use crate::auth::oauth::{Client, ClientCredentials, OAuthError, Params};
use crate::http::v1::Api;

/// An application that has proven who it is.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) row: OAuthClient,
    pub(super) client: Client,
}

/// Finds out which application sends `form`.
///
/// # Errors
/// `invalid_client`, for every reason the same.
pub(super) async fn authenticate(api: &Api, headers: &HeaderMap, form: &Params) -> Result<Proven, Failure> {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let authorization = match (authorizations.next(), authorizations.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().map_err(|_| OAuthError::client())?),
        (Some(_), Some(_)) => return Err(OAuthError::client().into()),
    };
    let credentials = ClientCredentials::read(authorization, form)?;
    let mut tx = api.records.read().await?;
    let row = tx.oauth_client(credentials.id).await?;
    drop(tx);
    let client = row.as_ref().map(client_of);
    credentials.authenticate(client.as_ref(), seconds(api.clock.now_ms()))?;
    match (row, client) {
        (Some(row), Some(client)) => Ok(Proven { row, client }),
        _ => Err(OAuthError::client().into()),
    }
}
