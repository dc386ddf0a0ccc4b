//! Which access tokens count: one good token, and every way of bending it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use super::*;
use crate::auth::tokens::keys::{RotationPolicy, StoredKey};

const NOW: UnixSeconds = 1_800_000_000;
const ISSUER: &str = "https://weft.example.com";

fn tokens() -> AccessTokens {
    AccessTokens::new(AccessTokenSettings {
        issuer: ISSUER.to_owned(),
        audience: "weft".to_owned(),
        leeway_seconds: 30,
        lifetime_seconds: ACCESS_TOKEN_SECONDS,
    })
}

fn keys() -> SigningKeys {
    let policy = RotationPolicy {
        signs_for_seconds: 86_400,
        cache_seconds: 3_600,
        token_seconds: 630,
    };
    SigningKeys::load(&[StoredKey::generate(NOW - 60, NOW - 60)], policy).unwrap()
}

fn request() -> AccessTokenRequest {
    AccessTokenRequest {
        subject: Uuid::from_u128(7),
        session: Some(Uuid::from_u128(8)),
        client_id: None,
        scope: "documents:read documents:write".to_owned(),
        workspace: Some(Uuid::from_u128(9)),
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": Uuid::from_u128(7), "aud": "weft", "exp": NOW + 600, "iat": NOW, "nbf": NOW,
        "jti": Uuid::from_u128(1), "scope": "documents:read",
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[key] = value;
    claims
}

fn without(key: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(key);
    claims
}

/// `head.body.` and nothing behind it.
fn unsigned(head: &Value, body: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(head), part(body))
}

/// A token whose head has `extra` members, signed by the key that is in force.
fn with_head(keys: &SigningKeys, extra: &Value) -> String {
    let kid = keys.signing_key_id(NOW).unwrap();
    let mut head = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": kid });
    head.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    let token = unsigned(&head, &claims());
    let message = token.trim_end_matches('.');
    format!("{message}.{}", keys.signature_for_tests(message.as_bytes()))
}

#[test]
fn a_token_says_what_was_asked_for() {
    let keys = keys();
    let (token, minted) = tokens().mint(&keys, &request(), NOW).unwrap();
    let read = tokens().verify(&keys, &token, NOW).unwrap();
    assert_eq!(read, minted);
    assert_eq!(
        (read.sub, read.sid, read.workspace),
        (
            Uuid::from_u128(7),
            Some(Uuid::from_u128(8)),
            Some(Uuid::from_u128(9))
        )
    );
    assert_eq!((read.iat, read.nbf, read.exp), (NOW, NOW, NOW + 600));
    let head = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(
        (head.typ.as_deref(), head.alg),
        (Some("at+jwt"), Algorithm::EdDSA)
    );
    assert_eq!(head.kid.as_deref(), keys.signing_key_id(NOW));
    assert_ne!(minted.jti, tokens().mint(&keys, &request(), NOW).unwrap().1.jti);
    assert_eq!(claimed_issuer(&token).as_deref(), Some(ISSUER));
    assert_eq!(key_id_of(&token).as_deref(), keys.signing_key_id(NOW));
}

#[test]
fn b1_claims_that_are_not_ours_do_not_count() {
    let keys = keys();
    let verify = |token: &str| tokens().verify(&keys, token, NOW).map(|_| ());
    let signed = |claims: &Value| keys.sign(ACCESS_TOKEN_TYPE, claims, NOW).unwrap();
    let invalid = Err(Unauthorized::Invalid);
    for (what, claims, expected) in [
        ("as it should be", claims(), Ok(())),
        (
            "several audiences, which we never make",
            with("aud", json!(["other", "weft"])),
            invalid,
        ),
        ("within the leeway", with("exp", json!(NOW - 29)), Ok(())),
        ("the clock of another node", with("nbf", json!(NOW + 30)), Ok(())),
        (
            "other issuer",
            with("iss", json!("https://weft.example.org")),
            invalid,
        ),
        (
            "issuer with a slash",
            with("iss", json!("https://weft.example.com/")),
            invalid,
        ),
        ("no issuer", without("iss"), invalid),
        ("other audience", with("aud", json!("other")), invalid),
        ("part of the audience", with("aud", json!("wef")), invalid),
        ("no audience", without("aud"), invalid),
        ("nobody's audience", with("aud", json!([])), invalid),
        ("no subject", without("sub"), invalid),
        ("subject that is no id", with("sub", json!("ann")), invalid),
        ("no expiry", without("exp"), invalid),
        ("expiry as a text", with("exp", json!("1800000600")), invalid),
        ("negative expiry", with("exp", json!(-1)), invalid),
        (
            "expired",
            with("exp", json!(NOW - 30)),
            Err(Unauthorized::Expired),
        ),
        (
            "endless",
            with("exp", json!(u64::MAX)),
            Err(Unauthorized::LivesTooLong),
        ),
        (
            "too long",
            with("exp", json!(NOW + 631)),
            Err(Unauthorized::LivesTooLong),
        ),
        ("not yet", with("nbf", json!(NOW + 31)), invalid),
        ("made in the future", with("iat", json!(NOW + 31)), invalid),
        ("no id of its own", without("jti"), invalid),
        ("no scope", without("scope"), invalid),
        (
            "workspace that is no id",
            with("workspace", json!("acme")),
            invalid,
        ),
        ("no claims at all", json!([]), invalid),
    ] {
        assert_eq!(verify(&signed(&claims)), expected, "{what}");
    }
}

#[test]
fn b1_heads_that_choose_their_own_rules_do_not_count() {
    let keys = keys();
    let foreign = self::keys();
    let kid = keys.signing_key_id(NOW).unwrap();
    let verify = |token: &str| tokens().verify(&keys, token, NOW).map(|_| ());
    assert_eq!(
        verify(&with_head(&keys, &json!({}))),
        Ok(()),
        "the way these are made is sound"
    );
    assert_eq!(
        verify(&with_head(&keys, &json!({ "typ": "application/AT+JWT" }))),
        Ok(())
    );
    let public = keys.jwks(NOW)["keys"][0]["x"].as_str().unwrap().to_owned();
    let hmac = |secret: &[u8], algorithm| {
        let head = Header {
            kid: Some(kid.to_owned()),
            typ: Some("at+jwt".to_owned()),
            ..Header::new(algorithm)
        };
        jsonwebtoken::encode(&head, &claims(), &EncodingKey::from_secret(secret)).unwrap()
    };
    let none = unsigned(&json!({ "typ": "at+jwt", "alg": "none", "kid": kid }), &claims());
    let other = with_head(&foreign, &json!({}));
    let good = with_head(&keys, &json!({}));
    let (message, signature) = good.rsplit_once('.').unwrap();
    for (what, token) in [
        ("alg none", none.clone()),
        ("alg none with a signature", format!("{none}{signature}")),
        ("alg None", none.replace("none", "None")),
        ("no signature", format!("{message}.")),
        (
            "hs256 with the public key",
            hmac(&URL_SAFE_NO_PAD.decode(&public).unwrap(), Algorithm::HS256),
        ),
        (
            "hs256 with the public key as text",
            hmac(public.as_bytes(), Algorithm::HS256),
        ),
        ("hs512 with the empty key", hmac(b"", Algorithm::HS512)),
        ("another server's key under its id", other),
        (
            "another server's key under ours",
            with_head(&foreign, &json!({ "kid": kid })),
        ),
        (
            "kid that is a path",
            with_head(&keys, &json!({ "kid": "../../../../dev/null" })),
        ),
        (
            "kid that is a query",
            with_head(&keys, &json!({ "kid": format!("{kid}' OR '1'='1") })),
        ),
        (
            "kid in other case",
            with_head(&keys, &json!({ "kid": kid.to_ascii_uppercase() + "x" })),
        ),
        ("empty kid", with_head(&keys, &json!({ "kid": "" }))),
        ("no kid", with_head(&keys, &json!({ "kid": null }))),
        ("huge kid", with_head(&keys, &json!({ "kid": "k".repeat(4_000) }))),
        ("type JWT", with_head(&keys, &json!({ "typ": "JWT" }))),
        ("no type", with_head(&keys, &json!({ "typ": null }))),
        (
            "something critical",
            with_head(&keys, &json!({ "crit": ["b64"], "b64": false })),
        ),
        ("an id token", keys.sign("JWT", &claims(), NOW).unwrap()),
        ("garbage", "garbage".to_owned()),
        ("five parts", format!("{good}.a.b")),
        ("spaces", format!(" {good}")),
    ] {
        assert_eq!(verify(&token), Err(Unauthorized::Invalid), "{what}");
    }
    assert_eq!(verify(""), Err(Unauthorized::Missing));
    assert_eq!(
        verify(&"x".repeat(MAX_TOKEN_BYTES + 1)),
        Err(Unauthorized::TooLong)
    );
}

#[test]
fn b1_keys_that_a_token_brings_along_are_not_used() {
    let keys = keys();
    let foreign = self::keys();
    let verify = |token: &str| tokens().verify(&keys, token, NOW).map(|_| ());
    let jwk = foreign.jwks(NOW)["keys"][0].clone();
    let kid = keys.signing_key_id(NOW).unwrap();
    for extra in [
        json!({ "jku": "https://evil.example.com/jwks.json", "kid": jwk["kid"] }),
        json!({ "jwk": jwk, "kid": jwk["kid"] }),
        json!({ "jwk": jwk, "kid": kid }),
        json!({ "x5u": "https://evil.example.com/x.pem", "kid": kid }),
        json!({ "x5c": ["AAAA"], "kid": kid }),
    ] {
        assert_eq!(
            verify(&with_head(&foreign, &extra)),
            Err(Unauthorized::Invalid),
            "{extra}"
        );
    }
    // They do no harm either: the token counts because of *our* key.
    assert_eq!(
        verify(&with_head(
            &keys,
            &json!({ "jku": "https://evil.example.com/jwks.json" })
        )),
        Ok(())
    );
}

#[test]
fn b1_every_changed_byte_is_noticed() {
    let keys = keys();
    let (token, _) = tokens().mint(&keys, &request(), NOW).unwrap();
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(tokens().verify(&keys, &changed, NOW).is_err(), "byte {at}");
    }
}
