//! What can go wrong: one schema for all problems, and for each operation the statuses that it shares with others.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{add_member, each_operation, members};

/// Each problem that operations share: its status, its name, and when it happens.
const SHARED: &[(u16, &str, &str)] = &[
    (
        400,
        "BadRequest",
        "The request is malformed, or has a parameter or member that is not known.",
    ),
    (401, "Unauthorized", "The token is missing, or is not good."),
    (403, "Forbidden", "The token is good, but does not allow this."),
    (404, "NotFound", "It does not exist, or not for whoever asks."),
    (408, "RequestTimeout", "The body took too long to arrive."),
    (
        409,
        "Conflict",
        "It is not in a state that allows this; it may be archived.",
    ),
    (
        413,
        "ContentTooLarge",
        "The body, or what it would make, is larger than the server takes.",
    ),
    (
        415,
        "UnsupportedMediaType",
        "The body is of a type that is not taken here.",
    ),
    (
        422,
        "UnprocessableContent",
        "The request is well-formed but cannot be done; `details` say what is wrong where.",
    ),
    (429, "TooManyRequests", "Too many requests in too little time."),
    (
        500,
        "InternalServerError",
        "The server failed. The request may be sent again.",
    ),
    (
        503,
        "ServiceUnavailable",
        "It cannot be done now. What was not acknowledged has not happened.",
    ),
];

/// The media type of problems.
const PROBLEM: &str = "application/problem+json";

/// The answer to a request of which nothing is looked at.
const HEAD_TOO_LARGE: &str = "RequestHeaderFieldsTooLarge";

/// Whether an operation can be answered with a shared problem.
fn can_happen(status: u16, method: &str, path: &str, operation: &Value) -> bool {
    let has_body = operation.get("requestBody").is_some();
    match status {
        401 | 403 => !is_open(operation),
        404 => path.contains('{'),
        409 => path.contains('{') && method != "get",
        408 | 413 | 415 => has_body,
        422 => has_body || path.contains('{'),
        _ => true,
    }
}

/// Whether an operation needs no token: one of its alternatives asks for nothing.
fn is_open(operation: &Value) -> bool {
    let alternatives = operation["security"].as_array();
    alternatives.is_some_and(|all| all.iter().any(|one| one.as_object().is_some_and(Map::is_empty)))
}

pub(super) fn add(api: &mut Value) {
    let shared = &mut api["components"];
    add_member(shared, "schemas", "Problem", problem());
    add_member(shared, "schemas", "ProblemDetail", detail());
    for (_, name, when) in SHARED {
        let response = json!({ "description": when, "content": content() });
        add_member(shared, "responses", name, response);
    }
    add_member(shared, "responses", HEAD_TOO_LARGE, head_too_large());
    each_operation(api, |path, method, operation| {
        for (status, name, _) in SHARED {
            if can_happen(*status, method, path, operation) {
                let response = json!({ "$ref": format!("#/components/responses/{name}") });
                add_member(operation, "responses", &status.to_string(), response);
            }
        }
        add_conditions(operation);
        if operation.get("parameters").is_some() {
            let response = json!({ "$ref": format!("#/components/responses/{HEAD_TOO_LARGE}") });
            add_member(operation, "responses", "431", response);
        }
        for (status, answer) in members(operation, "responses") {
            complete(status, answer);
        }
    });
}

/// This one is given before there is a request, so it has no body and no id.
fn head_too_large() -> Value {
    json!({
        "description": "The address and the headers are larger than 32 KiB together.",
        "headers": {
            "X-Request-Id": { "description": "Not sent here.", "schema": { "type": "string", "maxLength": 128 } },
        },
    })
}

/// What conditions on versions lead to, for operations that take them.
fn add_conditions(operation: &mut Value) {
    let parameters = operation
        .get("parameters")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let has = |name: &str, required: bool| {
        let mut same = parameters.iter().filter(|parameter| parameter["name"] == name);
        same.any(|parameter| !required || parameter["required"] == true)
    };
    for (happens, status, when) in [
        (has("If-Match", false), "412", "It has changed since it was read."),
        (has("If-Match", true), "428", "`If-Match` is missing."),
        (has("If-None-Match", false), "304", "It is as it was."),
    ] {
        if happens {
            add_member(operation, "responses", status, json!({ "description": when }));
        }
    }
}

/// Gives an answer what it leaves out: a description, and the body of a problem.
fn complete(status: &str, answer: &mut Value) {
    if answer.get("$ref").is_some() {
        return;
    }
    if answer["description"].as_str().unwrap_or_default().is_empty() {
        let code = status
            .parse()
            .ok()
            .and_then(|code| StatusCode::from_u16(code).ok());
        let reason = code.and_then(|code| code.canonical_reason());
        answer["description"] = reason.unwrap_or("As asked for").into();
    }
    let is_problem = status.starts_with(['4', '5']) && status != "431";
    if is_problem {
        // Whatever an operation says in its own words, what all share is said in theirs.
        add_member(answer, "content", PROBLEM, problem_body());
    }
}

fn content() -> Value {
    json!({ PROBLEM: problem_body() })
}

fn problem_body() -> Value {
    json!({ "schema": { "$ref": "#/components/schemas/Problem" } })
}

fn code(about: &str) -> Value {
    json!({ "type": "string", "pattern": "^[A-Z][A-Z0-9_]*$", "maxLength": 63, "description": about })
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "maxLength": 1000, "description": about })
}

fn detail() -> Value {
    json!({
        "type": "object",
        "description": "One thing that is wrong with a request.",
        "required": ["field", "code", "message"],
        "properties": {
            "field": text("Where, as a path into the request."),
            "code": code("What is wrong, for programs."),
            "message": text("The rule, for people."),
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A failure (RFC 9457). Some have further members.",
        "required": ["type", "title", "status", "detail", "instance", "code", "message", "details"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "The kind of problem." },
            "title": text("The name of the status."),
            "status": { "type": "integer", "format": "int32", "minimum": 400, "maximum": 599 },
            "detail": text("The same as `message`."),
            "instance": { "type": "string", "format": "uri", "description": "The id of the request, as a URN." },
            "code": code("What went wrong, for programs. It never changes."),
            "message": text("What went wrong, for people."),
            "details": { "type": "array", "maxItems": 1000, "items": { "$ref": "#/components/schemas/ProblemDetail" } },
        },
    })
}
