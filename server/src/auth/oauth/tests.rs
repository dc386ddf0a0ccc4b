//! The authorization server's rules, each way around them tried.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::*;
use crate::auth::UnixSeconds;
use crate::auth::permission::{Scope, Scopes};
use crate::auth::tokens::access::AccessClaims;
use crate::auth::tokens::keys::{RotationPolicy, SigningKeys, StoredKey};
use crate::auth::tokens::opaque::{OpaqueToken, TokenKind};

const NOW: UnixSeconds = 1_800_000_000;
const ISSUER: &str = "https://weft.example.com";
const CALLBACK: &str = "https://app.example.com/callback?from=weft";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client() -> Client {
    Client {
        id: Uuid::from_u128(1),
        name: "App".to_owned(),
        kind: ClientKind::Public,
        secrets: Vec::new(),
        redirects: vec![CALLBACK.to_owned(), "http://127.0.0.1:9000/cb".to_owned()],
        grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: Scopes::of(&[Scope::OpenId, Scope::DocumentsWrite, Scope::OfflineAccess]),
        workspace: None,
        disabled_at: None,
    }
}

fn confidential(secret: &OpaqueToken) -> Client {
    Client {
        kind: ClientKind::Confidential,
        secrets: vec![(secret.hash(), None)],
        ..client()
    }
}

/// A good request as a query, with some parameters replaced, or left out where the replacement is empty.
fn query(changes: &[(&str, &str)]) -> Params {
    let id = client().id.to_string();
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", CALLBACK),
        ("scope", "openid documents:read"),
        ("state", "s&t=1"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        pairs.retain(|(other, _)| other != name);
        pairs.push((name, value));
    }
    Params::parse(
        &form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish(),
    )
    .unwrap()
}

fn validate(changes: &[(&str, &str)]) -> Result<AuthorizationRequest, AuthorizationError> {
    AuthorizationRequest::validate(&query(changes), Some(&client()), ISSUER)
}

#[test]
fn a_good_request_is_understood_and_answered() {
    let request = validate(&[]).unwrap();
    assert_eq!(request.scopes, Scopes::of(&[Scope::OpenId, Scope::DocumentsRead]));
    let code = OpaqueToken::generate(TokenKind::AuthorizationCode);
    let address = request.success(&code, ISSUER).unwrap();
    let expected = format!(
        "{CALLBACK}&code={}&state=s%26t%3D1&iss=https%3A%2F%2Fweft.example.com",
        code.expose()
    );
    assert_eq!(address, expected);
    let denied = OAuthError::new(OAuthErrorCode::AccessDenied, "no");
    let address = request.failure(denied, ISSUER).unwrap();
    assert!(address.starts_with(&format!("{CALLBACK}&error=access_denied&")) && address.contains("&iss="));
    assert!(request.needs_consent(Scopes::NONE) && !request.needs_consent(request.scopes));
    assert!(!request.wants_refresh_token() && !request.needs_login(NOW - 100, NOW));
    let aged = validate(&[("max_age", "60"), ("scope", "")]).unwrap();
    assert!(aged.needs_login(NOW - 61, NOW) && !aged.needs_login(NOW - 60, NOW));
    assert!(
        aged.wants_refresh_token(),
        "without a wish, all that the client may have"
    );
}

#[test]
fn b3_nothing_is_sent_to_an_address_that_is_not_registered() {
    for redirect in [
        "",
        "https://app.example.com/callback",
        "https://app.example.com/callback?from=weft&x=1",
        "https://app.example.com/callback?from=weft/../evil",
        "https://app.example.com/callback?from=weft#f",
        "https://app.example.com.evil.example/callback?from=weft",
        "https://app.example.com@evil.example/callback?from=weft",
        "https://app.example.com:443/callback?from=weft",
        "https://APP.example.com/callback?from=weft",
        "http://app.example.com/callback?from=weft",
        "http://127.0.0.1:9001/cb",
        "javascript:alert(1)",
    ] {
        let error = validate(&[("redirect_uri", redirect)]).unwrap_err();
        assert!(matches!(error, AuthorizationError::Show(_)), "{redirect}");
    }
    for id in ["", "app", "00000000-0000-0000-0000-000000000002"] {
        assert!(matches!(
            validate(&[("client_id", id)]),
            Err(AuthorizationError::Show(_))
        ));
    }
    let gone = Client {
        disabled_at: Some(NOW),
        ..client()
    };
    for client in [None, Some(&gone)] {
        let result = AuthorizationRequest::validate(&query(&[]), client, ISSUER);
        assert!(matches!(result, Err(AuthorizationError::Show(_))));
    }
}

#[test]
fn b3_only_code_with_s256_is_taken() {
    for (changes, code) in [
        (&[("response_type", "token")][..], "unsupported_response_type"),
        (
            &[("response_type", "id_token token")],
            "unsupported_response_type",
        ),
        (&[("response_type", "code token")], "unsupported_response_type"),
        (&[("response_type", "")], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (
            &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
            "invalid_request",
        ),
        (&[("scope", "documents:share")], "invalid_scope"),
        (&[("scope", "full")], "invalid_scope"),
        (&[("scope", "nonsense")], "invalid_scope"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("request", "eyJ")], "invalid_request"),
        (&[("request_uri", "https://evil.example")], "invalid_request"),
    ] {
        let Err(AuthorizationError::Redirect(address)) = validate(changes) else {
            panic!("{changes:?}")
        };
        assert!(
            address.starts_with(&format!("{CALLBACK}&error={code}&")),
            "{changes:?}: {address}"
        );
        assert!(address.contains("&state=s%26t%3D1&iss="), "{address}");
    }
    let long = "x".repeat(2_000);
    let Err(AuthorizationError::Redirect(address)) = validate(&[("nonce", &long)]) else {
        panic!()
    };
    assert!(address.contains("error=invalid_request") && address.len() < 1_000);
    let machine = Client {
        grants: vec![GrantType::ClientCredentials],
        ..client()
    };
    let result = AuthorizationRequest::validate(&query(&[]), Some(&machine), ISSUER);
    assert!(
        matches!(result, Err(AuthorizationError::Redirect(address)) if address.contains("unauthorized_client"))
    );
}

#[test]
fn parameters_are_bounded_and_never_repeated() {
    assert!(Params::parse("a=1&a=2").is_err() && Params::parse("a=1&a=").is_err());
    assert!(Params::parse(&"x".repeat(20_000)).is_err());
    let many: Vec<_> = (0..100).map(|number| format!("p{number}=1")).collect();
    assert!(Params::parse(&many.join("&")).is_err());
    let params = Params::parse("a=&b=%20x+y").unwrap();
    assert_eq!((params.get("a"), params.get("b")), (None, Some(" x y")));
    assert!(!format!("{params:?}").contains("x y"));
}

#[test]
fn pkce_is_that_of_rfc_7636() {
    let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
    assert!(challenge.matches(VERIFIER));
    for wrong in [
        "",
        CHALLENGE,
        &VERIFIER[1..],
        &format!("{VERIFIER}="),
        &"a".repeat(129),
    ] {
        assert!(!challenge.matches(wrong), "{wrong}");
    }
    let ours = CodeVerifier::generate();
    assert!(ours.challenge().matches(ours.expose()));
    assert_eq!(format!("{ours:?}"), "(hidden)");
}

fn code() -> CodeRecord {
    const { assert!(CODE_SECONDS <= 600) };
    CodeRecord {
        client_id: client().id,
        redirect: CALLBACK.to_owned(),
        user_id: Uuid::from_u128(5),
        scopes: Scopes::of(&[Scope::OpenId]),
        workspace: None,
        challenge: CodeChallenge::parse(CHALLENGE).unwrap(),
        nonce: None,
        authenticated_at: NOW,
        expires_at: NOW + CODE_SECONDS,
        redeemed_at: None,
        grant_id: Uuid::from_u128(6),
    }
}

#[test]
fn b3_a_code_is_good_for_its_client_place_and_verifier() {
    let (place, proof, last) = (Some(CALLBACK), Some(VERIFIER), NOW + CODE_SECONDS - 1);
    let present = |place, proof, now| code().present(&client(), place, proof, now);
    assert_eq!(present(place, proof, last), CodeDecision::Redeem);
    assert_eq!(present(place, proof, last + 1), CodeDecision::Refuse, "too late");
    for other in [
        None,
        Some("http://127.0.0.1:9000/cb"),
        Some("https://app.example.com/callback"),
    ] {
        assert_eq!(present(other, proof, NOW), CodeDecision::Refuse, "{other:?}");
    }
    for wrong in [None, Some(""), Some(CHALLENGE), Some(&VERIFIER[1..])] {
        assert_eq!(present(place, wrong, NOW), CodeDecision::Refuse, "{wrong:?}");
    }
    let other = Client {
        id: Uuid::from_u128(2),
        ..client()
    };
    assert_eq!(code().present(&other, place, proof, NOW), CodeDecision::Refuse);
}

#[test]
fn b3_a_code_presented_again_ends_what_it_gave() {
    let (place, proof) = (Some(CALLBACK), Some(VERIFIER));
    let redeemed = CodeRecord {
        redeemed_at: Some(NOW),
        ..code()
    };
    assert_eq!(
        redeemed.present(&client(), place, proof, NOW),
        CodeDecision::Replay
    );
    assert_eq!(
        redeemed.present(&client(), None, None, NOW),
        CodeDecision::Replay,
        "stolen without the verifier"
    );
    assert_eq!(
        redeemed.present(&client(), place, proof, NOW + 9_999),
        CodeDecision::Replay,
        "after its time"
    );
    // Another client cannot end what is not its own.
    let other = Client {
        id: Uuid::from_u128(2),
        ..client()
    };
    assert_eq!(redeemed.present(&other, place, proof, NOW), CodeDecision::Refuse);
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

#[test]
fn clients_prove_who_they_are_in_exactly_one_way() {
    let secret = OpaqueToken::generate(TokenKind::ClientSecret);
    let text = secret.expose();
    let id = client().id.to_string();
    let form = |text: &str| Params::parse(text).unwrap();
    let read = |header: Option<&str>, body: &str| ClientCredentials::read(header, &form(body));
    let ours = confidential(&secret);
    let login = |header: Option<&str>, body: &str, client: &Client| {
        read(header, body)
            .and_then(|credentials| credentials.authenticate(Some(client), NOW))
            .map_err(|e| e.code)
    };
    let refused = Err(OAuthErrorCode::InvalidClient);
    let with_id = format!("client_id={id}");
    let post = format!("client_id={id}&client_secret={text}");
    for (what, header, body, client, expected) in [
        ("basic", Some(basic(&id, text)), "", &ours, Ok(())),
        ("basic and id", Some(basic(&id, text)), &*with_id, &ours, Ok(())),
        (
            "basic, encoded",
            Some(basic(&id.replace('-', "%2D"), &text.replace('_', "%5f"))),
            "",
            &ours,
            Ok(()),
        ),
        ("post", None, &*post, &ours, Ok(())),
        ("public, by id", None, &*with_id, &client(), Ok(())),
        ("confidential, by id", None, &*with_id, &ours, refused),
        ("public, with a secret", None, &*post, &client(), refused),
        ("wrong secret", Some(basic(&id, "x")), "", &ours, refused),
        ("no secret", Some(basic(&id, "")), "", &ours, refused),
        ("bearer", Some(format!("Bearer {text}")), "", &ours, refused),
        ("nobody", None, "", &ours, refused),
        (
            "another",
            Some(basic("00000000-0000-0000-0000-000000000002", text)),
            "",
            &ours,
            refused,
        ),
        (
            "two ways",
            Some(basic(&id, text)),
            &*post,
            &ours,
            Err(OAuthErrorCode::InvalidRequest),
        ),
        (
            "two clients",
            Some(basic(&id, text)),
            "client_id=x",
            &ours,
            Err(OAuthErrorCode::InvalidRequest),
        ),
    ] {
        assert_eq!(login(header.as_deref(), body, client), expected, "{what}");
    }
    let ends = |ends| Client {
        secrets: vec![(secret.hash(), Some(ends))],
        ..ours.clone()
    };
    assert_eq!(login(None, &post, &ends(NOW + 1)), Ok(()));
    assert_eq!(login(None, &post, &ends(NOW)), refused);
    assert_eq!(
        login(
            None,
            &post,
            &Client {
                disabled_at: Some(1),
                ..ours.clone()
            }
        ),
        refused
    );
    let credentials = read(None, &post).unwrap();
    assert_eq!(credentials.authenticate(None, NOW), Err(OAuthError::client()));
    assert!(!format!("{credentials:?}").contains(text));
}

#[test]
fn grants_are_those_that_there_are() {
    let read = |text: &str| GrantRequest::read(&Params::parse(text).unwrap()).map_err(|error| error.code);
    let code = OpaqueToken::generate(TokenKind::AuthorizationCode);
    let refresh = OpaqueToken::generate(TokenKind::Refresh);
    let request = read(&format!(
        "grant_type=authorization_code&code={}&code_verifier=v",
        code.expose()
    ))
    .unwrap();
    assert_eq!(request.grant_type(), GrantType::AuthorizationCode);
    let request = read(&format!(
        "grant_type=refresh_token&refresh_token={}",
        refresh.expose()
    ))
    .unwrap();
    assert_eq!(
        request,
        GrantRequest::RefreshToken {
            token: refresh.clone(),
            scope: None
        }
    );
    assert_eq!(
        read("grant_type=client_credentials"),
        Ok(GrantRequest::ClientCredentials { scope: None })
    );
    for (text, expected) in [
        ("", OAuthErrorCode::InvalidRequest),
        (
            "grant_type=password&username=a&password=b",
            OAuthErrorCode::UnsupportedGrantType,
        ),
        ("grant_type=implicit", OAuthErrorCode::UnsupportedGrantType),
        ("grant_type=authorization_code", OAuthErrorCode::InvalidRequest),
        (
            "grant_type=authorization_code&code=junk",
            OAuthErrorCode::InvalidGrant,
        ),
        (
            &*format!("grant_type=authorization_code&code={}", refresh.expose()),
            OAuthErrorCode::InvalidGrant,
        ),
        (
            &*format!("grant_type=refresh_token&refresh_token={}", code.expose()),
            OAuthErrorCode::InvalidGrant,
        ),
    ] {
        assert_eq!(read(text), Err(expected), "{text}");
    }
    assert!(client().check_grant(GrantType::ClientCredentials).is_err());
    let all = GrantType::ALL.to_vec();
    assert!(
        Client {
            grants: all.clone(),
            ..client()
        }
        .check_grant(GrantType::ClientCredentials)
        .is_err()
    );
    let secret = OpaqueToken::generate(TokenKind::ClientSecret);
    assert!(
        Client {
            grants: all,
            ..confidential(&secret)
        }
        .check_grant(GrantType::ClientCredentials)
        .is_ok()
    );
}

#[test]
fn redirects_are_checked_when_they_are_registered() {
    for good in [
        CALLBACK,
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:8080/cb",
        "com.example.app:/callback",
    ] {
        assert_eq!(check_redirect(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "/callback",
        "http://app.example.com/cb",
        "http://localhost.evil.example/cb",
        "https://app.example.com/cb#fragment",
        "https://user@app.example.com/cb",
        "https://*.example.com/cb",
        "https://app.example.com/a b",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://app.example.com/",
        &format!("https://app.example.com/{}", "x".repeat(2_000)),
    ] {
        assert!(check_redirect(bad).is_err(), "{bad}");
    }
}

#[test]
fn discovery_names_only_what_there_is() {
    let openid = openid_configuration(ISSUER);
    assert_eq!(openid["issuer"], ISSUER);
    assert_eq!(
        openid["code_challenge_methods_supported"],
        serde_json::json!(["S256"])
    );
    assert_eq!(openid["response_types_supported"], serde_json::json!(["code"]));
    for (name, value) in openid.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            assert!(
                value.as_str().unwrap().starts_with("https://weft.example.com/"),
                "{name}"
            );
        }
    }
    let oauth = authorization_server_metadata(ISSUER);
    assert!(
        oauth
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, value)| openid[name] == *value)
    );
}

#[test]
fn an_id_token_tells_what_was_consented_to_and_is_no_access_token() {
    let policy = RotationPolicy {
        signs_for_seconds: 86_400,
        cache_seconds: 60,
        token_seconds: 630,
    };
    let keys = SigningKeys::load(&[StoredKey::generate(NOW, NOW)], policy).unwrap();
    let request = IdTokenRequest {
        user_id: Uuid::from_u128(5),
        client_id: client().id,
        authenticated_at: NOW - 5,
        session: None,
        nonce: Some("n".to_owned()),
        scopes: Scopes::of(&[Scope::OpenId, Scope::Email]),
        name: Some("Ann".to_owned()),
        email: Some("ann@example.com".to_owned()),
    };
    let claims = serde_json::to_value(request.claims(ISSUER, NOW)).unwrap();
    assert_eq!(claims["nonce"], "n");
    assert_eq!(
        (claims["email"].as_str(), claims.get("name")),
        (Some("ann@example.com"), None)
    );
    let token = mint_id_token(&keys, ISSUER, &request, NOW).unwrap().unwrap();
    let head = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(head.typ.as_deref(), Some("JWT"));
    let silent = IdTokenRequest {
        scopes: Scopes::of(&[Scope::DocumentsRead]),
        ..request
    };
    assert_eq!(mint_id_token(&keys, ISSUER, &silent, NOW).unwrap(), None);
}

#[test]
fn introspection_tells_a_client_about_its_own_tokens_only() {
    let claims = AccessClaims {
        iss: ISSUER.to_owned(),
        sub: Uuid::from_u128(5),
        aud: "weft".to_owned(),
        exp: NOW + 600,
        iat: NOW,
        nbf: NOW,
        jti: Uuid::from_u128(9),
        sid: None,
        client_id: Some(client().id.to_string()),
        scope: "documents:read".to_owned(),
        workspace: None,
    };
    let ours = serde_json::to_value(Introspection::of_access(&claims, client().id)).unwrap();
    assert_eq!(
        (ours["active"].as_bool(), ours["scope"].as_str()),
        (Some(true), Some("documents:read"))
    );
    for (claims, asker) in [
        (claims.clone(), Uuid::from_u128(2)),
        (
            AccessClaims {
                client_id: None,
                ..claims
            },
            client().id,
        ),
    ] {
        let answer = serde_json::to_value(Introspection::of_access(&claims, asker)).unwrap();
        assert_eq!(answer, serde_json::json!({ "active": false }));
    }
}
