//! What somebody says of an endpoint, checked: its address, the types of events and the projects that it wants, its
//! headers and limit, and how it wants messages to be signed.

use std::collections::BTreeMap;
use std::fmt::Display;

use uuid::Uuid;
use weft_storage::records::Tenant;

use crate::http::Problem;
use crate::http::rest::{Line, invalid};
use crate::http::v1::events::is_event_type;
use crate::outgoing::{OutgoingClient, OutgoingError};
use crate::webhooks::{
    InvalidHeader, MAX_HEADERS, MAX_PER_SECOND, SigningKey, WebhookHeaders, WebhookSecret,
};

use super::shapes::{MASK, SignatureName};

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

/// Changes headers: a value puts one in the place of another, none takes it away.
pub(super) fn change_headers(
    headers: &mut WebhookHeaders,
    changes: BTreeMap<String, Option<String>>,
) -> Result<(), Problem> {
    for (name, value) in changes {
        match value {
            None => headers.remove(&name),
            Some(value) if value == MASK => {
                let rule = "a value is shown as this; leave a header out to keep it";
                return Err(invalid("headers", "INVALID_VALUE", rule));
            }
            Some(value) => headers.set(&name, &value).map_err(|error| {
                let code = match error {
                    InvalidHeader::Reserved => "RESERVED",
                    InvalidHeader::Name | InvalidHeader::Value => "INVALID_VALUE",
                };
                invalid("headers", code, &error.to_string())
            })?,
        }
    }
    if headers.len() > MAX_HEADERS {
        return Err(invalid("headers", "TOO_LONG", "must be at most 10"));
    }
    Ok(())
}

/// A limit in attempts a second.
pub(super) fn rate_limit(limit: u32) -> Result<i64, Problem> {
    if !(1..=MAX_PER_SECOND).contains(&limit) {
        return Err(invalid(
            "rate_limit",
            "INVALID_VALUE",
            "must be 1 to 1000 attempts a second",
        ));
    }
    Ok(i64::from(limit))
}

/// Whether messages are to be signed with a key of the endpoint's own, too.
pub(super) fn is_signed_openly(signatures: &[SignatureName]) -> Result<bool, Problem> {
    let openly = signatures
        .iter()
        .filter(|name| **name == SignatureName::V1a)
        .count();
    if signatures.len() != openly + 1 || openly > 1 {
        let rule = "must be v1, or v1 and v1a";
        return Err(invalid("signatures", "INVALID_VALUE", rule));
    }
    Ok(openly == 1)
}

/// A pair of keys that somebody brings, or a new one.
pub(super) fn signing_key(brought: Option<&str>) -> Result<SigningKey, Problem> {
    match brought {
        None => SigningKey::generate().ok_or(Problem::INTERNAL),
        Some(text) => SigningKey::parse(text).ok_or_else(|| {
            let rule = "must be whsk_ and base64 of 32 bytes, or of these and the public key";
            invalid("signing_key", "INVALID_VALUE", rule)
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
