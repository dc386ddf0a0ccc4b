//! Foreign issuers and login providers, each played by a real server on loopback.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::jwk::JwkSet;
use super::key_set::{PAUSE, PAUSE_AFTER_FAILURE};
use super::*;
use crate::auth::oauth::CodeChallenge;
use crate::auth::{Access, UnixSeconds};
use crate::outgoing::{AddressRules, OutgoingClient, SystemResolver, tls_config};

const NOW: UnixSeconds = 1_800_000_000;
const REDIRECT: &str = "https://weft.example.com/v1/auth/oidc/sso/callback";

/// A key of the other side.
#[derive(Clone)]
struct Key {
    kid: &'static str,
    algorithm: Algorithm,
    signing: EncodingKey,
}

impl Key {
    fn rsa(kid: &'static str) -> Self {
        let signing = EncodingKey::from_rsa_der(include_bytes!("testdata/rsa.der"));
        Self {
            kid,
            algorithm: Algorithm::RS256,
            signing,
        }
    }

    fn p256(kid: &'static str) -> Self {
        let signing = EncodingKey::from_ec_der(include_bytes!("testdata/p256.der"));
        Self {
            kid,
            algorithm: Algorithm::ES256,
            signing,
        }
    }

    fn ed25519(kid: &'static str) -> Self {
        let head = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ];
        let seed: [u8; 32] = crate::auth::random::bytes();
        let signing = EncodingKey::from_ed_der(&[&head[..], &seed].concat());
        Self {
            kid,
            algorithm: Algorithm::EdDSA,
            signing,
        }
    }

    fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.signing, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header {
            kid: Some(self.kid.to_owned()),
            ..Header::new(self.algorithm)
        };
        jsonwebtoken::encode(&header, claims, &self.signing).unwrap()
    }
}

/// The other side: what it publishes, and what it was asked.
#[derive(Default)]
struct Side {
    issuer: Mutex<String>,
    keys: Mutex<Vec<Value>>,
    is_away: Mutex<bool>,
    key_fetches: AtomicUsize,
    /// Codes with the challenge they are for, and the id token they give.
    codes: Mutex<HashMap<String, (CodeChallenge, String)>>,
    authorization: Mutex<Option<String>>,
}

type Shared = State<Arc<Side>>;

async fn metadata(State(side): Shared) -> Json<Value> {
    let issuer = side.issuer.lock().unwrap().clone();
    Json(json!({
        "issuer": issuer, "jwks_uri": format!("{issuer}/keys"), "token_endpoint": format!("{issuer}/token"),
        "authorization_endpoint": format!("{issuer}/door?x=1"), "authorization_response_iss_parameter_supported": true,
    }))
}

async fn keys(State(side): Shared) -> Result<Json<Value>, StatusCode> {
    side.key_fetches.fetch_add(1, Ordering::SeqCst);
    if *side.is_away.lock().unwrap() {
        return Err(StatusCode::BAD_GATEWAY);
    }
    Ok(Json(json!({ "keys": *side.keys.lock().unwrap() })))
}

async fn token(State(side): Shared, headers: HeaderMap, body: String) -> Result<Json<Value>, StatusCode> {
    let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    *side.authorization.lock().unwrap() = headers
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    // A code is good once.
    let known = side
        .codes
        .lock()
        .unwrap()
        .remove(form.get("code").ok_or(StatusCode::BAD_REQUEST)?);
    let (challenge, id_token) = known.ok_or(StatusCode::BAD_REQUEST)?;
    let fits = challenge.matches(&form["code_verifier"])
        && form["redirect_uri"] == REDIRECT
        && form["grant_type"] == "authorization_code";
    if fits {
        Ok(Json(json!({ "id_token": id_token, "access_token": "x" })))
    } else {
        Err(StatusCode::BAD_REQUEST)
    }
}

async fn side(keys_: &[&Key]) -> Arc<Side> {
    let side = Arc::new(Side::default());
    *side.keys.lock().unwrap() = keys_.iter().map(|key| key.jwk()).collect();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    *side.issuer.lock().unwrap() = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(side.clone());
    TaskTracker::new().spawn(async move { serve(listener, routes).await });
    side
}

async fn serve(listener: tokio::net::TcpListener, routes: Router) {
    let tasks = TaskTracker::new();
    while let Ok((stream, _)) = listener.accept().await {
        let service = hyper_util::service::TowerToHyperService::new(routes.clone());
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
        tasks.spawn(connection);
    }
}

fn outgoing() -> OutgoingClient {
    let rules = AddressRules::new(vec!["127.0.0.0/8".parse().unwrap()]);
    OutgoingClient::new(rules, Arc::new(SystemResolver), tls_config(b"").unwrap())
}

fn settings(side: &Side) -> ExternalSettings {
    ExternalSettings {
        issuer: side.issuer.lock().unwrap().clone(),
        audience: "weft".to_owned(),
        jwks_url: None,
        claims: ClaimsMapping {
            subject: "sub".to_owned(),
            email: "email".to_owned(),
            name: "/profile/name".to_owned(),
            documents: None,
            access: None,
        },
        leeway_seconds: 30,
        max_token_seconds: 86_400,
    }
}

fn claims(side: &Side) -> Value {
    json!({
        "iss": *side.issuer.lock().unwrap(), "sub": "auth0|7", "aud": ["weft", "other"], "exp": NOW + 600, "iat": NOW,
        "email": "ann@example.com", "email_verified": true, "profile": { "name": "Ann" },
    })
}

fn with(mut claims: Value, changes: Value) -> Value {
    claims
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    claims
}

fn is_invalid<T: std::fmt::Debug>(result: &Result<T, ExternalError>) -> bool {
    matches!(result, Err(ExternalError::Unauthorized(Unauthorized::Invalid)))
}

#[tokio::test]
async fn tokens_of_an_issuer_count_by_its_own_keys() {
    let keys = [Key::rsa("r"), Key::p256("p"), Key::ed25519("e")];
    let side = side(&keys.iter().collect::<Vec<_>>()).await;
    let issuer = ExternalIssuer::new(settings(&side), outgoing());
    for key in &keys {
        let token = key.sign(&claims(&side));
        assert!(issuer.claims_to_be_ours(&token));
        let identity = issuer.verify(&token, NOW).await.unwrap();
        assert_eq!(
            (&*identity.subject, identity.email.as_deref()),
            ("auth0|7", Some("ann@example.com"))
        );
        assert_eq!(
            (identity.name.as_deref(), identity.documents),
            (Some("Ann"), None)
        );
        assert_eq!(identity.expires_at, NOW + 630);
    }
    assert_eq!(side.key_fetches.load(Ordering::SeqCst), 1);
    let good = claims(&side);
    let stranger = Key::ed25519("e");
    let mixed = Key {
        kid: "p",
        ..keys[0].clone()
    };
    let modulus = URL_SAFE_NO_PAD
        .decode(keys[0].jwk()["n"].as_str().unwrap())
        .unwrap();
    let hmac = Key {
        kid: "r",
        algorithm: Algorithm::HS256,
        signing: EncodingKey::from_secret(&modulus),
    };
    for (what, token) in [
        ("another key under the same id", stranger.sign(&good)),
        ("a key with another's algorithm", mixed.sign(&good)),
        ("hs256 with the public key", hmac.sign(&good)),
        (
            "other issuer",
            keys[0].sign(&with(good.clone(), json!({ "iss": "http://127.0.0.1:1" }))),
        ),
        (
            "other audience",
            keys[0].sign(&with(good.clone(), json!({ "aud": "other" }))),
        ),
        (
            "empty subject",
            keys[0].sign(&with(good.clone(), json!({ "sub": "" }))),
        ),
        (
            "subject that is no text",
            keys[0].sign(&with(good.clone(), json!({ "sub": 7 }))),
        ),
        ("garbage", "a.b.c".to_owned()),
    ] {
        let result = issuer.verify(&token, NOW).await;
        assert!(is_invalid(&result), "{what}: {result:?}");
    }
    let expired = issuer.verify(&keys[0].sign(&good), NOW + 630).await;
    assert!(matches!(
        expired,
        Err(ExternalError::Unauthorized(Unauthorized::Expired))
    ));
    let unverified = keys[0].sign(&with(good, json!({ "email_verified": "true" })));
    assert_eq!(issuer.verify(&unverified, NOW).await.unwrap().email, None);
}

#[tokio::test]
async fn an_issuer_may_decide_about_documents() {
    let key = Key::ed25519("e");
    let side = side(&[&key]).await;
    let mut settings = settings(&side);
    settings.claims.documents = Some("https://weft.example.com/documents".to_owned());
    settings.claims.access = Some("may".to_owned());
    let issuer = ExternalIssuer::new(settings, outgoing());
    let says = async |documents: Value, may: &str| {
        let said = json!({ "https://weft.example.com/documents": documents, "may": may });
        issuer
            .verify(&key.sign(&with(claims(&side), said)), NOW)
            .await
            .map(|identity| identity.documents.unwrap())
    };
    let (patterns, access) = says(json!(["plan", "team/*"]), "read-only").await.unwrap();
    assert_eq!((patterns.len(), access), (2, Access::ReadOnly));
    assert_eq!(says(Value::Null, "read-write").await.unwrap().0, []);
    assert!(is_invalid(&says(json!(["plan"]), "admin").await));
    assert!(is_invalid(&says(json!([7]), "read-only").await));
    assert!(is_invalid(&says(json!(vec!["x"; 1_001]), "read-only").await));
}

#[tokio::test]
async fn a_rotation_is_followed_and_invented_keys_cost_nothing() {
    let (old, new) = (Key::ed25519("old"), Key::ed25519("new"));
    let side = side(&[&old]).await;
    let cache = KeySetCache::new(outgoing(), side.issuer.lock().unwrap().clone(), None);
    let fetches = || side.key_fetches.load(Ordering::SeqCst);
    let start = Instant::now();
    assert!(cache.find_at("old", start).await.is_ok());
    for number in 0..100 {
        assert!(is_invalid(
            &cache.find_at(&format!("invented{number}"), start).await
        ));
    }
    assert_eq!(fetches(), 1);
    *side.keys.lock().unwrap() = vec![old.jwk(), new.jwk()];
    assert!(is_invalid(
        &cache.find_at("new", start + PAUSE - Duration::from_secs(1)).await
    ));
    let together = (0..20).map(|_| cache.find_at("new", start + PAUSE));
    assert!(
        futures_util::future::join_all(together)
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(fetches(), 2);
    // The issuer goes away: its keys count for a day, and it is asked now and then.
    *side.is_away.lock().unwrap() = true;
    let hour = start + Duration::from_secs(3_600);
    assert!(cache.find_at("old", hour).await.is_ok() && cache.find_at("old", hour).await.is_ok());
    assert_eq!(fetches(), 3);
    assert!(matches!(
        cache.find_at("other", hour).await,
        Err(ExternalError::Waiting)
    ));
    let later = cache.find_at("other", hour + PAUSE_AFTER_FAILURE).await;
    assert!(matches!(later, Err(ExternalError::Unavailable(_))));
    let days = start + Duration::from_secs(2 * 86_400);
    assert!(matches!(
        cache.find_at("old", days).await,
        Err(ExternalError::Unavailable(_))
    ));
    // It comes back without the old key, which counts no more.
    *side.is_away.lock().unwrap() = false;
    *side.keys.lock().unwrap() = vec![new.jwk()];
    assert!(is_invalid(&cache.find_at("old", days + PAUSE).await));
    assert!(cache.find_at("new", days + PAUSE).await.is_ok());
}

#[test]
fn keys_that_are_no_good_are_left_out() {
    let usable = |jwk: Value| {
        let set: JwkSet = serde_json::from_value(json!({ "keys": [jwk] })).unwrap();
        set.usable().len()
    };
    let (rsa, p256, ed25519) = (Key::rsa("r").jwk(), Key::p256("p").jwk(), Key::ed25519("e").jwk());
    for good in [&rsa, &p256, &ed25519] {
        assert_eq!(usable(good.clone()), 1, "{good}");
        assert_eq!(
            usable(with(
                good.clone(),
                json!({ "use": "sig", "x5u": "https://evil.example" })
            )),
            1
        );
        for bad in [
            json!({ "use": "enc" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "none" }),
            json!({ "kid": null }),
            json!({ "kty": "oct", "k": "AAAA" }),
            json!({ "n": "AQAB", "x": "AQAB" }),
            json!({ "e": "AQ", "y": "", "x": "" }),
            json!({ "crv": "Ed448" }),
        ] {
            assert_eq!(usable(with(good.clone(), bad.clone())), 0, "{good} {bad}");
        }
    }
    let small = EncodingKey::from_rsa_der(include_bytes!("testdata/rsa1024.der"));
    let small = Key {
        kid: "s",
        algorithm: Algorithm::RS256,
        signing: small,
    };
    assert_eq!(usable(small.jwk()), 0);
    assert_eq!(usable(json!("no object")), 0);
    let many: Vec<_> = (0..1_000)
        .map(|number| with(ed25519.clone(), json!({ "kid": number.to_string() })))
        .collect();
    let set: JwkSet = serde_json::from_value(json!({ "keys": many })).unwrap();
    assert_eq!(set.usable().len(), 64);
}

fn provider(side: &Side) -> OidcClient {
    let settings = OidcSettings {
        issuer: side.issuer.lock().unwrap().clone(),
        client_id: "weft client".to_owned(),
        client_secret: "p:w+d".to_owned().into(),
        scopes: vec!["openid".to_owned(), "email".to_owned()],
        redirect: REDIRECT.to_owned(),
        leeway_seconds: 30,
    };
    OidcClient::new(settings, outgoing())
}

/// The person is at the provider, which gives them a code for an id token with these changes.
fn visit(side: &Side, key: &Key, address: &str, changes: Value) -> Callback {
    let url = url::Url::parse(address).unwrap();
    let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(
        (
            &*asked["x"],
            &*asked["response_type"],
            &*asked["code_challenge_method"]
        ),
        ("1", "code", "S256")
    );
    assert_eq!(
        (&*asked["client_id"], &*asked["redirect_uri"], &*asked["scope"]),
        ("weft client", REDIRECT, "openid email")
    );
    let claims = with(
        claims(side),
        json!({ "aud": "weft client", "nonce": asked["nonce"] }),
    );
    let challenge = CodeChallenge::parse(&asked["code_challenge"]).unwrap();
    let id_token = key.sign(&with(claims, changes));
    side.codes
        .lock()
        .unwrap()
        .insert("code".to_owned(), (challenge, id_token));
    Callback {
        state: Some(asked["state"].clone()),
        code: Some("code".to_owned()),
        iss: Some(side.issuer.lock().unwrap().clone()),
        error: None,
    }
}

#[tokio::test]
async fn a_login_through_a_provider_names_issuer_and_subject() {
    let key = Key::rsa("r");
    let side = side(&[&key]).await;
    let client = provider(&side);
    let (address, attempt) = client.start(NOW).await.unwrap();
    // Kept as text in between.
    let attempt: LoginAttempt = serde_json::from_str(&serde_json::to_string(&attempt).unwrap()).unwrap();
    let callback = visit(&side, &key, &address, json!({}));
    let identity = client.finish(&attempt, &callback, NOW + 60).await.unwrap();
    assert_eq!(identity.issuer, *side.issuer.lock().unwrap());
    assert_eq!(
        (&*identity.subject, identity.email.as_deref()),
        ("auth0|7", Some("ann@example.com"))
    );
    let expected = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode("weft+client:p%3Aw%2Bd")
    );
    assert_eq!(side.authorization.lock().unwrap().as_deref(), Some(&*expected));
    let again = client.finish(&attempt, &callback, NOW + 61).await;
    assert!(
        matches!(again, Err(ExternalError::Refused)),
        "a code is good once"
    );
}

#[tokio::test]
async fn answers_that_do_not_belong_to_the_login_do_not_count() {
    let key = Key::rsa("r");
    let side = side(&[&key]).await;
    let client = provider(&side);
    let (address, attempt) = client.start(NOW).await.unwrap();
    let (_, other) = client.start(NOW).await.unwrap();
    let good = visit(&side, &key, &address, json!({}));
    let finish = async |attempt, callback: Callback, now| client.finish(attempt, &callback, now).await;
    for (what, result) in [
        ("another browser's", finish(&other, good.clone(), NOW).await),
        (
            "without state",
            finish(
                &attempt,
                Callback {
                    state: None,
                    ..good.clone()
                },
                NOW,
            )
            .await,
        ),
        ("too late", finish(&attempt, good.clone(), NOW + 600).await),
    ] {
        assert!(
            matches!(result, Err(ExternalError::UnknownLogin)),
            "{what}: {result:?}"
        );
    }
    for iss in [None, Some("https://evil.example".to_owned())] {
        let result = finish(&attempt, Callback { iss, ..good.clone() }, NOW).await;
        assert!(matches!(result, Err(ExternalError::WrongIssuer)));
    }
    for refused in [
        Callback {
            error: Some("access_denied".to_owned()),
            ..good.clone()
        },
        Callback {
            code: None,
            ..good.clone()
        },
        Callback {
            code: Some("guessed".to_owned()),
            ..good.clone()
        },
    ] {
        assert!(matches!(
            finish(&attempt, refused, NOW).await,
            Err(ExternalError::Refused)
        ));
    }
    for changes in [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "aud": "another client" }),
        json!({ "aud": ["weft client", "another"] }),
        json!({ "aud": ["weft client", "another"], "azp": "another" }),
        json!({ "azp": "another" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "sub": "" }),
        json!({ "iat": NOW + 1_000 }),
    ] {
        let callback = visit(&side, &key, &address, changes.clone());
        let result = finish(&attempt, callback, NOW).await;
        assert!(is_invalid(&result), "{changes}: {result:?}");
    }
    // Not changed, it would have counted.
    let callback = visit(
        &side,
        &key,
        &address,
        json!({ "aud": ["weft client", "another"], "azp": "weft client" }),
    );
    assert!(finish(&attempt, callback, NOW).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_calls_itself_otherwise_is_not_believed() {
    let side = side(&[]).await;
    let client = provider(&side);
    side.issuer.lock().unwrap().push('/');
    assert!(matches!(client.start(NOW).await, Err(ExternalError::WrongIssuer)));
}
