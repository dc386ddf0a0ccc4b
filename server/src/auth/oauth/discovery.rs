//! What clients read to find their way: OpenID Connect discovery and RFC 8414.

use serde_json::{Value, json};

use super::token::GrantType;
use crate::auth::permission::Scope;

/// `/.well-known/oauth-authorization-server`. `issuer` is our public address without a slash at its end.
pub fn authorization_server_metadata(issuer: &str) -> Value {
    let methods = json!(["client_secret_basic", "client_secret_post", "none"]);
    // Those that no application may be given stay unsaid.
    let withheld = [Scope::Full, Scope::Admin, Scope::UserCreate];
    let scopes: Vec<_> = Scope::ALL
        .into_iter()
        .filter(|scope| !withheld.contains(scope))
        .map(Scope::as_str)
        .collect();
    let with_secret = json!(["client_secret_basic", "client_secret_post"]);
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "introspection_endpoint": format!("{issuer}/oauth/introspect"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GrantType::ALL.map(GrantType::as_str),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": with_secret,
        "authorization_response_iss_parameter_supported": true,
    })
}

/// `/.well-known/openid-configuration`: the same and what OpenID Connect adds.
pub fn openid_configuration(issuer: &str) -> Value {
    let mut metadata = authorization_server_metadata(issuer);
    metadata["userinfo_endpoint"] = format!("{issuer}/oauth/userinfo").into();
    metadata["subject_types_supported"] = json!(["public"]);
    metadata["id_token_signing_alg_values_supported"] = json!(["EdDSA"]);
    metadata["claims_supported"] = json!([
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "sid",
        "name",
        "email",
        "email_verified"
    ]);
    metadata["claims_parameter_supported"] = false.into();
    metadata["request_parameter_supported"] = false.into();
    metadata["request_uri_parameter_supported"] = false.into();
    metadata
}
