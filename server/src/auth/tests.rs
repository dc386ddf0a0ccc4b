//! Which tokens open which documents: one table of attempts, each with the answer it must get.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::config::{self, Setting, Sources};

const NOW: UnixSeconds = 1_800_000_000;
const FIRST: &str = "first-secret-first-secret-first-secret";
const SECOND: &str = "second-secret-second-secret-second-secret";

fn config(flags: &[String]) -> Config {
    let flags = flags.iter().map(|flag| Setting::parse(flag).unwrap()).collect();
    config::load(&Sources {
        flags,
        ..Sources::default()
    })
    .unwrap()
}

fn authenticator() -> Authenticator {
    Authenticator::new(&config(&[format!(
        "auth.document_token_secrets=one:{FIRST},two:{SECOND}"
    )]))
}

fn name(text: &str) -> DocumentName {
    DocumentName::parse(text).unwrap()
}

fn claims() -> Value {
    json!({ "sub": "ann", "exp": NOW + 600, "aud": "weft", "documents": ["plan", "team/*"], "scope": "read-write" })
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

fn sign(kid: Option<&str>, secret: &str, algorithm: Algorithm, claims: &Value) -> String {
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(algorithm)
    };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn signed(claims: &Value) -> String {
    sign(Some("one"), FIRST, Algorithm::HS256, claims)
}

fn answer(token: &str) -> Result<Access, Refusal> {
    authenticator()
        .authorize(Some(token), &name("plan"), NOW)
        .map(|grant| grant.access)
}

#[test]
fn good_tokens_open() {
    for token in [
        signed(&claims()),
        sign(Some("two"), SECOND, Algorithm::HS256, &claims()),
        sign(None, FIRST, Algorithm::HS256, &claims()),
        sign(None, SECOND, Algorithm::HS256, &claims()),
        signed(&with("aud", json!(["other", "weft"]))),
        signed(&with("documents", json!(["*"]))),
        signed(&with("documents", json!(["pl*"]))),
        signed(&with("exp", json!(NOW + 86_400))),
        // Within the leeway of 30 seconds.
        signed(&with("exp", json!(NOW - 29))),
        signed(&with("nbf", json!(NOW + 29))),
    ] {
        assert_eq!(answer(&token), Ok(Access::ReadWrite), "{token}");
    }
    let grant = authenticator()
        .authorize(Some(&signed(&claims())), &name("team/a"), NOW)
        .unwrap();
    assert_eq!(
        (&*grant.principal.subject, grant.expires_at),
        ("ann", Some(NOW + 630))
    );
    assert_eq!(
        answer(&signed(&with("scope", json!("read-only")))),
        Ok(Access::ReadOnly)
    );
}

#[test]
fn bad_tokens_do_not() {
    let invalid = Err(Refusal::Unauthorized(Unauthorized::Invalid));
    let expired = Err(Refusal::Unauthorized(Unauthorized::Expired));
    let lives_too_long = Err(Refusal::Unauthorized(Unauthorized::LivesTooLong));
    // The same claims, said to need no signature.
    let body = signed(&claims()).split('.').nth(1).unwrap().to_owned();
    let unsigned_head = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let changed = signed(&claims()).replace('.', "..");
    for (what, token, expected) in [
        (
            "wrong secret",
            sign(Some("one"), SECOND, Algorithm::HS256, &claims()),
            invalid,
        ),
        (
            "unknown kid",
            sign(Some("three"), FIRST, Algorithm::HS256, &claims()),
            invalid,
        ),
        (
            "foreign secret, no kid",
            sign(None, &"x".repeat(40), Algorithm::HS256, &claims()),
            invalid,
        ),
        (
            "other algorithm",
            sign(Some("one"), FIRST, Algorithm::HS512, &claims()),
            invalid,
        ),
        (
            "alg none, no signature",
            format!("{unsigned_head}.{body}."),
            invalid,
        ),
        (
            "alg none, some signature",
            format!("{unsigned_head}.{body}.AAAA"),
            invalid,
        ),
        ("wrong audience", signed(&with("aud", json!("other"))), invalid),
        ("no audience", signed(&without("aud")), invalid),
        ("no expiry", signed(&without("exp")), invalid),
        ("expiry as a word", signed(&with("exp", json!("soon"))), invalid),
        ("no subject", signed(&without("sub")), invalid),
        ("empty subject", signed(&with("sub", json!(""))), invalid),
        (
            "huge subject",
            signed(&with("sub", json!("x".repeat(257)))),
            invalid,
        ),
        ("no documents", signed(&without("documents")), invalid),
        (
            "documents as a word",
            signed(&with("documents", json!("plan"))),
            invalid,
        ),
        ("unknown scope", signed(&with("scope", json!("admin"))), invalid),
        ("not yet", signed(&with("nbf", json!(NOW + 31))), invalid),
        ("expired", signed(&with("exp", json!(NOW - 30))), expired),
        (
            "too long a life",
            signed(&with("exp", json!(NOW + 86_400 + 31))),
            lives_too_long,
        ),
        (
            "endless life",
            signed(&with("exp", json!(u64::MAX))),
            lives_too_long,
        ),
        (
            "no document",
            signed(&with("documents", json!([]))),
            Err(Refusal::Forbidden),
        ),
        (
            "other document",
            signed(&with("documents", json!(["plan2", "team/*"]))),
            Err(Refusal::Forbidden),
        ),
        (
            "a star inside",
            signed(&with("documents", json!(["p*n"]))),
            Err(Refusal::Forbidden),
        ),
        ("garbage", "garbage".to_owned(), invalid),
        ("dots", "..".to_owned(), invalid),
        ("changed", changed, invalid),
        (
            "empty",
            String::new(),
            Err(Refusal::Unauthorized(Unauthorized::Missing)),
        ),
    ] {
        assert_eq!(answer(&token), expected, "{what}");
    }
    assert_eq!(
        authenticator().authorize(None, &name("plan"), NOW),
        Err(Refusal::Unauthorized(Unauthorized::Missing))
    );
}

#[test]
fn an_oversized_token_is_refused_unread() {
    // Otherwise good in every respect, so only its length can be the reason.
    let token = signed(&with("padding", json!("x".repeat(MAX_TOKEN_BYTES))));
    assert_eq!(answer(&token), Err(Refusal::Unauthorized(Unauthorized::TooLong)));
    assert_eq!(
        answer(&signed(&with("padding", json!("x".repeat(MAX_TOKEN_BYTES / 2))))),
        Ok(Access::ReadWrite)
    );
}

#[test]
fn prefixes_match_from_the_beginning_only() {
    let matches =
        |pattern: &str, document: &str| DocumentPattern::parse(pattern).unwrap().matches(&name(document));
    assert!(matches("team/*", "team/plan") && matches("team/*", "team/") && matches("*", "anything"));
    assert!(
        !matches("team/*", "team") && !matches("team/*", "my/team/plan") && !matches("team/*", "TEAM/plan")
    );
    assert!(matches("plan", "plan") && !matches("plan", "plan2") && !matches("plan", "pla"));
    assert!(DocumentPattern::parse("").is_err() && DocumentPattern::parse("a\0*").is_err());
}

#[test]
fn the_playground_lets_everybody_in() {
    let playground = Authenticator::new(&config(&["server.playground=true".to_owned()]));
    for token in [None, Some(""), Some("anything")] {
        let grant = playground.authorize(token, &name("plan"), NOW).unwrap();
        assert_eq!((grant.access, grant.expires_at), (Access::ReadWrite, None));
    }
}

#[test]
fn minted_tokens_open_what_they_name() {
    let config = config(&[format!("auth.document_token_secrets=one:{FIRST}")]);
    let mut request = TokenRequest {
        subject: "ann".to_owned(),
        documents: vec![DocumentPattern::parse("team/*").unwrap()],
        access: Access::ReadOnly,
        lifetime_seconds: 60,
    };
    let token = mint(&config, &request, NOW).unwrap();
    let authenticator = Authenticator::new(&config);
    let open = |document: &str, now| authenticator.authorize(Some(&token), &name(document), now);
    assert_eq!(
        open("team/plan", NOW).map(|grant| grant.access),
        Ok(Access::ReadOnly)
    );
    assert_eq!(open("plan", NOW), Err(Refusal::Forbidden));
    assert_eq!(
        open("team/plan", NOW + 90),
        Err(Refusal::Unauthorized(Unauthorized::Expired))
    );
    request.lifetime_seconds = 86_401;
    assert!(matches!(
        mint(&config, &request, NOW),
        Err(MintError::LivesTooLong(86_400))
    ));
}
