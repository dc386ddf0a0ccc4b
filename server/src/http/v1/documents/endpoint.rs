//! `GET /v1/documents/{document_id}/endpoint`.
//!
//! Everybody may connect everywhere, always: these addresses only let a balancer bring those together who work on one
//! document, which spares edits the way between nodes.

use axum::extract::{Path, State};
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use super::gate::{self, Asker};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::Found;
use crate::http::v1::Api;

/// Where to connect for a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentEndpoint)]
pub(super) struct EndpointView {
    /// What a balancer may choose the server by: the name of the document.
    #[schema(max_length = 512)]
    key: String,
    /// For Hocuspocus providers with a socket for this document alone.
    #[schema(max_length = 8192)]
    collab_url: String,
    /// For y-websocket providers: the whole address, with the document in it.
    #[schema(max_length = 8192)]
    sync_url: String,
}

/// Says where to connect for a document.
///
/// A balancer can bring those together who work on it; whoever connects elsewhere gets the same document.
#[utoipa::path(
    get, path = "/v1/documents/{document_id}/endpoint", tag = "Documents",
    params(("document_id" = Uuid, Path)),
    responses((status = 200, body = EndpointView)),
)]
pub(super) async fn get_document_endpoint(
    State(api): State<Api>,
    Path(document_id): Path<String>,
    asker: Asker,
) -> Result<Found<EndpointView>, Problem> {
    let found = gate::find(&api, &asker, &document_id, Action::ViewDocument).await?;
    let (_, name) = found.room()?;
    let body = endpoint(&api.public_url, name.as_str()).ok_or(Problem::INTERNAL)?;
    Ok(Found { etag: None, body })
}

fn endpoint(public_url: &str, name: &str) -> Option<EndpointView> {
    let mut base = Url::parse(public_url).ok()?;
    let scheme = if base.scheme() == "https" { "wss" } else { "ws" };
    base.set_scheme(scheme).ok()?;
    let at = |path: &[&str]| {
        let mut url = base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(url)
    };
    let mut collab = at(&["v1", "collab"])?;
    collab.query_pairs_mut().append_pair("document", name);
    let mut path = vec!["v1", "sync"];
    path.extend(name.split('/'));
    Some(EndpointView {
        key: name.to_owned(),
        collab_url: collab.into(),
        sync_url: at(&path)?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_the_document_whatever_it_is_called() {
        let view = endpoint("https://weft.example.org/under/", "a b/ü?#&x").unwrap();
        assert_eq!(view.key, "a b/ü?#&x");
        assert_eq!(
            view.collab_url,
            "wss://weft.example.org/under/v1/collab?document=a+b%2F%C3%BC%3F%23%26x"
        );
        assert_eq!(
            view.sync_url,
            "wss://weft.example.org/under/v1/sync/a%20b/%C3%BC%3F%23&x"
        );
        assert!(
            endpoint("http://127.0.0.1:8080", "n")
                .unwrap()
                .sync_url
                .starts_with("ws://127.0.0.1:8080/v1/sync/n")
        );
    }
}
