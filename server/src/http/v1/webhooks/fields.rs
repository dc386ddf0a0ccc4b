//! What somebody says of an endpoint, checked: its address, the types of events and the projects that it wants.

use std::fmt::Display;

use uuid::Uuid;
use weft_storage::records::Tenant;

use crate::http::Problem;
use crate::http::rest::{Line, invalid};
use crate::http::v1::events::is_event_type;
use crate::outgoing::{OutgoingClient, OutgoingError};
use crate::webhooks::WebhookSecret;

/// How many types of events, or projects, an endpoint may name.
const MAX_NAMED: usize = 100;

/// Lets addresses through that could be told something. What a name leads to is looked at with every attempt.
pub(super) fn check_url(client: &OutgoingClient, url: &str) -> Result<(), Problem> {
    client.check(url).map_err(|error| {
        let rule = match error {
            OutgoingError::Forbidden => "must not lead into a private network",
            _ => "must be an https address without a user",
        };
        invalid("url", "INVALID_VALUE", rule)
    })
}

/// The types of events, as they are stored.
pub(super) fn event_types(names: &[Line<64>]) -> Result<String, Problem> {
    check_length("event_types", names.len())?;
    for (index, name) in names.iter().enumerate() {
        if !is_event_type(name) {
            let field = format!("event_types[{index}]");
            let rule = "must be a type of events: /v1/webhooks/event-types has them";
            return Err(invalid(&field, "INVALID_VALUE", rule));
        }
    }
    Ok(joined(names.iter().map(|name| &**name)))
}

/// The projects, as they are stored, if they are of the workspace.
pub(super) async fn project_ids(tenant: &mut Tenant<'_>, ids: &[Uuid]) -> Result<String, Problem> {
    check_length("project_ids", ids.len())?;
    for (index, id) in ids.iter().enumerate() {
        if tenant.project(*id).await?.is_none() {
            let field = format!("project_ids[{index}]");
            return Err(invalid(&field, "NOT_FOUND", "must be a project of the workspace"));
        }
    }
    Ok(joined(ids))
}

/// A secret that somebody brings, or a new one.
pub(super) fn secret(brought: Option<&str>) -> Result<WebhookSecret, Problem> {
    match brought {
        None => Ok(WebhookSecret::generate()),
        Some(text) => WebhookSecret::parse(text).ok_or_else(|| {
            invalid(
                "secret",
                "INVALID_VALUE",
                "must be whsec_ and base64 of 24 to 64 bytes",
            )
        }),
    }
}

fn check_length(field: &str, length: usize) -> Result<(), Problem> {
    if length > MAX_NAMED {
        return Err(invalid(field, "TOO_LONG", "must be at most 100"));
    }
    Ok(())
}

fn joined(names: impl IntoIterator<Item = impl Display>) -> String {
    let mut all: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    all.sort();
    all.dedup();
    all.join(",")
}
