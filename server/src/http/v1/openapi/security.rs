//! The tokens that the server takes. Every operation needs one of them unless it says otherwise.

use serde_json::{Value, json};

pub(super) fn add(api: &mut Value) {
    let bearer = |format: &str, about: &str| json!({ "type": "http", "scheme": "bearer", "bearerFormat": format, "description": about });
    api["components"]["securitySchemes"] = json!({
        "access_token": bearer("JWT", "A short-lived access token of this server, or of an issuer that it trusts. \
            Algorithms and types are allow-listed as RFC8725 demands."),
        "document_token": bearer("JWT", "A token for some documents, signed by the application that Weft stands \
            behind. Checked as RFC8725 demands."),
        "api_key": bearer("weft_pat_…", "An API key, for programs."),
    });
    api["security"] = json!([{ "access_token": [] }, { "document_token": [] }, { "api_key": [] }]);
}
