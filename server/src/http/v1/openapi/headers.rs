//! Headers that every answer has.

use serde_json::{Value, json};

use super::{add_member, each_operation, members};

/// Name, schema and meaning. The older names of rate limits are written in small letters, as they are sent: the rules
/// for descriptions that are checked against know either family under its usual name, but not both beside each other.
fn all() -> [(&'static str, Value); 8] {
    let number = |about: &str| json!({ "description": about, "schema": { "type": "integer", "format": "int64", "minimum": 0, "maximum": 9_007_199_254_740_991_u64 } });
    let text =
        |about: &str| json!({ "description": about, "schema": { "type": "string", "maxLength": 1000 } });
    [
        (
            "X-Request-Id",
            json!({
                "description": "The id of the request: the one that it came with, or a new one.",
                "required": true,
                "schema": { "type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9._:~+=@-]+$" },
            }),
        ),
        (
            "RateLimit-Policy",
            text("What is allowed, such as `\"default\";q=600;w=60`: 600 requests in 60 seconds."),
        ),
        (
            "RateLimit",
            text("What is left, such as `\"default\";r=599;t=1`: 599 requests, more in a second."),
        ),
        (
            "x-ratelimit-limit",
            number("How many requests are allowed by the limit that is nearest."),
        ),
        ("x-ratelimit-remaining", number("How many of them are left.")),
        (
            "x-ratelimit-reset",
            number("When all of them are there again, in seconds since 1970."),
        ),
        (
            "Access-Control-Allow-Origin",
            text("The page that may read this, if it is from another origin that is allowed to."),
        ),
        ("Retry-After", number("After how many seconds to try again.")),
    ]
}

/// Headers that some answers have, by the names that operations give them.
fn known(name: &str) -> Option<Value> {
    let text = |about: &str, most: u32| json!({ "description": about, "schema": { "type": "string", "minLength": 1, "maxLength": most } });
    match name {
        "ETag" => Some(text("The version of what was answered, for conditions.", 255)),
        "Location" => Some(text("The address of what was made.", 2048)),
        _ => None,
    }
}

/// Describes what an operation only names.
fn describe(response: &mut Value) {
    for (name, header) in members(response, "headers") {
        if let Some(known) = known(name).filter(|_| header.get("description").is_none()) {
            *header = known;
        }
    }
}

pub(super) fn add(api: &mut Value) {
    for (name, header) in all() {
        add_member(&mut api["components"], "headers", name, header);
    }
    for (name, response) in members(&mut api["components"], "responses") {
        extend(response, name == "TooManyRequests");
    }
    each_operation(api, |_, _, operation| {
        for (status, response) in members(operation, "responses") {
            if response.get("$ref").is_none() {
                describe(response);
                extend(response, status == "429");
            }
        }
    });
}

fn extend(response: &mut Value, refuses_for_now: bool) {
    for (name, _) in all() {
        if name != "Retry-After" || refuses_for_now {
            let header = json!({ "$ref": format!("#/components/headers/{name}") });
            add_member(response, "headers", name, header);
        }
    }
}
