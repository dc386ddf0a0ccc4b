//! People for whom an issuer elsewhere vouches: its tokens count here, and they are known by issuer and subject.

use axum::Json;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use weft_server::auth::tokens::keys::{RotationPolicy, SigningKeys, StoredKey};
use weft_storage::clock::{Clock as _, SystemClock};

use crate::support::{TestServer, id_of};

const ISSUER: &str = "https://idp.example.com/realms/looms";

/// An issuer that serves its key set.
struct Issuer {
    keys: SigningKeys,
    settings: Vec<String>,
}

fn keys() -> SigningKeys {
    let policy = RotationPolicy {
        signs_for_seconds: 1_000_000,
        cache_seconds: 60,
        token_seconds: 60,
    };
    SigningKeys::load(&[StoredKey::generate(1, 1)], policy).unwrap()
}

impl Issuer {
    async fn start() -> Self {
        let keys = keys();
        let set = keys.jwks(2);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().route("/keys", get(async || Json(set)));
        let serving = async { axum::serve(listener, router).await.unwrap() };
        tokio_util::task::TaskTracker::new().spawn(serving);
        let settings = vec![
            format!("external.issuer={ISSUER}"),
            format!("external.jwks_url=http://{address}/keys"),
            "external.audience=weft".to_owned(),
            "outgoing.allowed_networks=127.0.0.0/8".to_owned(),
        ];
        Self { keys, settings }
    }

    async fn server(&self, more: &[&str]) -> TestServer {
        let settings: Vec<&str> = self
            .settings
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
            .collect();
        TestServer::with(&settings).await
    }
}

fn claims(subject: &str) -> Value {
    let now = SystemClock.now_ms() / 1000;
    json!({
        "iss": ISSUER, "aud": "weft", "sub": subject, "iat": now, "exp": now + 600, "name": "Ada King Lovelace",
        "email": "ada@example.com", "email_verified": true,
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_from_elsewhere_has_one_account_from_their_first_visit_on() {
    let issuer = Issuer::start().await;
    let server = issuer.server(&[]).await;
    let me = |claims: Value| {
        let token = issuer.keys.sign("JWT", &claims, 2).unwrap();
        server.get("/v1/users/me").bearer(&token).send()
    };
    let ada = me(claims("42")).await.expect(200);
    assert_eq!(
        (&ada["first_name"], &ada["last_name"]),
        (&json!("Ada"), &json!("King Lovelace"))
    );
    assert_eq!(
        (&ada["email"], &ada["status"]),
        (&json!("ada@example.com"), &json!("active"))
    );
    let again = me(claims("42")).await.expect(200);
    assert_eq!(again, ada);
    // Somebody else with the same address is somebody else, and does not get it.
    let other = me(claims("43")).await.expect(200);
    assert_ne!(id_of(&other), id_of(&ada));
    assert_eq!(other["email"], Value::Null);
    // Nor does an address that nobody verified count.
    let unverified = with(
        with(claims("44"), "email_verified", json!(false)),
        "email",
        json!("x@example.com"),
    );
    assert_eq!(me(unverified).await.expect(200)["email"], Value::Null);
    // They have a workspace, and may work at once.
    let token = issuer.keys.sign("JWT", &claims("42"), 2).unwrap();
    let workspaces = server
        .get("/v1/workspaces")
        .bearer(&token)
        .send()
        .await
        .expect(200);
    assert_eq!(workspaces["data"][0]["name"], "Ada's workspace");

    let now = SystemClock.now_ms() / 1000;
    for (name, value) in [
        ("aud", json!("somebody else")),
        ("iss", json!("https://evil.example.com")),
        ("exp", json!(now - 60)),
        ("nbf", json!(now + 600)),
        ("exp", json!(now + 10_000_000)),
        ("sub", json!("")),
    ] {
        assert_eq!(
            me(with(claims("42"), name, value.clone())).await.status,
            401,
            "{name}: {value}"
        );
    }
    let forged = keys().sign("JWT", &claims("42"), 2).unwrap();
    assert_eq!(
        server.get("/v1/users/me").bearer(&forged).send().await.status,
        401
    );

    // Here they can be disabled, whatever their issuer says.
    let admin = server.admin().await;
    let path = format!("/v1/users/{}", id_of(&ada));
    let disable = json!({ "status": "inactive" });
    server
        .patch(&path)
        .of(&admin)
        .json(disable)
        .send()
        .await
        .expect(200);
    assert_eq!(me(claims("42")).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_ties_nobody_to_an_account() {
    let issuer = Issuer::start().await;
    let server = issuer.server(&[]).await;
    let ada = server.person("ada").await;
    let token = issuer.keys.sign("JWT", &claims("42"), 2).unwrap();
    let other = server.get("/v1/users/me").bearer(&token).send().await.expect(200);
    assert_ne!(id_of(&other), ada.id);
    assert_eq!(other["email"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_made_only_if_the_settings_say_so_and_once() {
    let issuer = Issuer::start().await;
    let server = issuer.server(&["external.create_accounts=false"]).await;
    let token = issuer.keys.sign("JWT", &claims("42"), 2).unwrap();
    assert_eq!(server.get("/v1/users/me").bearer(&token).send().await.status, 401);

    let server = issuer.server(&[]).await;
    let visits = (0..8).map(|_| server.get("/v1/users/me").bearer(&token).send());
    let answers = futures_util::future::join_all(visits).await;
    let mut ids: Vec<_> = answers
        .into_iter()
        .map(|answer| id_of(&answer.expect(200)))
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
}
