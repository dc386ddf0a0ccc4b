//! What the document says of the API as a whole.

use serde_json::{Value, json};

const ABOUT: &str = "\
Documents that people edit together, and everything around them.

**Names and times.** Members are `snake_case`, ids are UUIDs, times are RFC 3339 in UTC. Members and query parameters \
that are not described here are refused.

**Problems.** Whatever goes wrong is answered as `application/problem+json` with a stable `code`, a `message` for \
people and, where a request is at fault, `details` that say where. `instance` holds the id of the request, which is \
also in the header `X-Request-Id` of every answer.

**Lists.** `limit` is 25 if it is left out and at most 100; more is taken as 100. `meta.next_cursor` leads to the next \
page; a page may be shorter than asked for, or empty, and still not be the last.

**Versions.** What can be changed has an `ETag`. A change that names it in `If-Match` is refused with 412 if somebody \
else was first. Everything under `/v1` stays; members, values of enumerations and operations may be added.";

pub(super) fn add(api: &mut Value) {
    api["info"] = json!({
        "title": "Weft",
        "version": env!("CARGO_PKG_VERSION"),
        "description": ABOUT,
        "contact": { "name": "The authors of Weft" },
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    api["servers"] = json!([{
        "url": "/",
        "description": "The server that serves this document, whether in production or for testing.",
        "x-internal": false,
    }]);
}
