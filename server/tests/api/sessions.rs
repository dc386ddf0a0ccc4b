//! Logins: how they go on, how they end, and what attackers get out of trying. Names begin with the id of the check in
//! the list of security tests where there is one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Answer, PASSWORD, Person, TestServer, secret_in, text};

async fn refresh(server: &TestServer, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    server.post("/v1/auth/refresh").json(body).send().await
}

async fn login(server: &TestServer, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    server.post("/v1/users/login").json(body).send().await
}

async fn me(server: &TestServer, token: &str) -> u16 {
    server.get("/v1/users/me").bearer(token).send().await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b1_tokens_that_are_not_ours_count_for_nothing() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let parts: Vec<&str> = ada.token.split('.').collect();
    let decode =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (head, claims) = (decode(parts[0]), decode(parts[1]));
    assert_eq!((&head["alg"], &head["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    let with = |value: &Value, name: &str, new: Value| {
        let mut value = value.clone();
        value[name] = new;
        value
    };
    let mut forged = vec![
        format!("{}.{}.", encode(&with(&head, "alg", json!("none"))), parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{}.{}", parts[0], parts[1]),
        ada.token[..ada.token.len() - 2].to_owned(),
    ];
    // Signed with our public key as if it were a secret.
    let jwks = server.get("/.well-known/jwks.json").send().await.expect(200);
    let public = URL_SAFE_NO_PAD.decode(text(&jwks["keys"][0]["x"])).unwrap();
    let mut confused = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    confused.typ = Some("at+jwt".to_owned());
    confused.kid = Some(text(&head["kid"]));
    let key = jsonwebtoken::EncodingKey::from_secret(&public);
    forged.push(jsonwebtoken::encode(&confused, &claims, &key).unwrap());
    for (name, new) in [
        ("typ", json!("JWT")),
        ("kid", json!("../../etc/passwd")),
        ("kid", json!("unknown")),
        ("jku", json!("https://evil.example/keys")),
    ] {
        forged.push(format!(
            "{}.{}.{}",
            encode(&with(&head, name, new)),
            parts[1],
            parts[2]
        ));
    }
    for (name, new) in [
        ("sub", json!("00000000-0000-7000-8000-000000000000")),
        ("exp", json!(4_000_000_000_u64)),
        ("iss", json!("https://evil.example")),
        ("aud", json!("somebody else")),
    ] {
        forged.push(format!(
            "{}.{}.{}",
            parts[0],
            encode(&with(&claims, name, new)),
            parts[2]
        ));
    }
    for token in forged {
        assert_eq!(me(&server, &token).await, 401, "{token}");
    }
    // What refreshes is no access token.
    assert_eq!(me(&server, &ada.refresh_token).await, 401);
    assert_eq!(me(&server, &ada.token).await, 200);
    server.clock.advance(640_000);
    assert_eq!(me(&server, &ada.token).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_a_refresh_token_that_comes_twice_ends_its_session() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let first = ada.refresh_token.clone();
    let second = refresh(&server, &first).await.expect(200);
    let second_token = text(&second["refresh_token"]);
    assert_ne!(second_token, first);
    // Who lost the answer gets the same one again, for some seconds.
    let again = refresh(&server, &first).await.expect(200);
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    let third = text(&refresh(&server, &second_token).await.expect(200)["refresh_token"]);
    assert_eq!(me(&server, &text(&second["access_token"])).await, 200);
    // The first is older than the preceding one now: somebody has stolen it, within the grace time or not.
    assert_eq!(refresh(&server, &first).await.problem(401), "SESSION_ENDED");
    assert_eq!(refresh(&server, &third).await.status, 401);
    for token in [&ada.token, &text(&second["access_token"])] {
        assert_eq!(me(&server, token).await, 401);
    }

    // The preceding one, too late.
    let bob = server.person("bob").await;
    let next = text(&refresh(&server, &bob.refresh_token).await.expect(200)["refresh_token"]);
    server.clock.advance(11_000);
    assert_eq!(refresh(&server, &bob.refresh_token).await.status, 401);
    assert_eq!(refresh(&server, &next).await.status, 401);

    // Eight days without use.
    let eve = server.person("eve").await;
    server.clock.advance(8 * 86_400_000);
    assert_eq!(refresh(&server, &eve.refresh_token).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_told_of_strange_devices_and_stolen_tokens() {
    const SUBJECT: &str = "Security notice";
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let with = async |agent: &str| {
        let body = json!({ "email": ada.email, "password": PASSWORD });
        let login = server.post("/v1/users/login").header("user-agent", agent);
        login.json(body).send().await.expect(200)
    };
    assert_eq!(
        server.newest_mail(&ada.email, SUBJECT),
        None,
        "the first login is no news"
    );
    with("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0").await;
    let told = server.mail(&ada.email, SUBJECT).await;
    assert!(
        told.contains("was not used for it before") && told.contains("from 127.0.0.1"),
        "{told}"
    );

    // Another version of the same browser is no other device.
    with("Mozilla/5.0 (X11; Linux x86_64) Firefox/141.0.2").await;
    server.log_in("ada").await;
    let bob = server.person("bob").await;
    let second = text(&refresh(&server, &bob.refresh_token).await.expect(200)["refresh_token"]);
    refresh(&server, &second).await.expect(200);
    assert_eq!(
        refresh(&server, &bob.refresh_token).await.problem(401),
        "SESSION_ENDED"
    );
    let told = server.mail(&bob.email, SUBJECT).await;
    assert!(told.contains("That login was ended"), "{told}");
    // Mails leave in order: what ada was not told by now, she is not told.
    assert_eq!(server.count_mails(&ada.email, SUBJECT), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_refreshes_get_one_successor() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let tries = (0..8).map(|_| refresh(&server, &ada.refresh_token));
    let answers = futures_util::future::join_all(tries).await;
    let mut tokens: Vec<_> = answers
        .into_iter()
        .map(|answer| text(&answer.expect(200)["refresh_token"]))
        .collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "every one of them got the same");
    refresh(&server, &tokens[0]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_guessing_is_limited_and_keeps_nobody_out() {
    let server = TestServer::start().await;
    // The owner has been here before, from this address.
    let ada = server.person("ada").await;
    server.register("bob").await;
    let mut limited = 0;
    for guess in 0..100 {
        let answer = login(&server, "bob@example.com", &format!("wrong {guess}")).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
            limited += 1;
        } else {
            assert_eq!(answer.problem(401), "INVALID_CREDENTIALS");
        }
    }
    assert!(limited >= 85, "{limited} of 100 guesses were limited");
    // An account that does not exist is limited like one that does.
    let mut unknown = 0;
    for _ in 0..20 {
        unknown += u32::from(login(&server, "nobody@example.com", "wrong").await.status == 429);
    }
    assert!((9..=11).contains(&unknown), "{unknown} of 20 were limited");
    // Whoever got in from here before still does.
    login(&server, &ada.email, PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_nobody_learns_who_has_an_account() {
    let limits = ["auth.attempts_per_account=1000", "auth.attempts_per_address=1000"];
    let server = TestServer::with(&limits).await;
    server.register("ada").await;
    let wrong = |email: &'static str| async {
        let began = Instant::now();
        let answer = login(&server, email, "not the password").await;
        let mut body = answer.clone().expect(401);
        body["instance"] = Value::Null;
        (body, began.elapsed())
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let (a, took) = wrong("ada@example.com").await;
        known.push(took);
        let (b, took) = wrong("nobody@example.com").await;
        unknown.push(took);
        assert_eq!(a, b);
    }
    known.sort();
    unknown.sort();
    let (known, unknown) = (known[7], unknown[7]);
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    assert!(
        (0.6..1.7).contains(&ratio),
        "known {known:?}, unknown {unknown:?}"
    );

    for email in ["ada@example.com", "nobody@example.com"] {
        let body = json!({ "email": email });
        let answer = server.post("/v1/auth/password/forgot").json(body).send().await;
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{email}");
    }
    server.mail("ada@example.com", "Set a new password").await;
    assert!(server.newest_mail("nobody@example.com", "").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b5_a_reset_code_counts_once_and_for_ten_minutes() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let forgot = || async {
        let body = json!({ "email": "ada@example.com" });
        let answer = server.post("/v1/auth/password/forgot").json(body).send().await;
        assert_eq!(answer.status, 204);
    };
    let reset = |code: &str, password: &str| {
        let body = json!({ "token": code, "password": password });
        server.post("/v1/auth/password/reset").json(body).send()
    };
    forgot().await;
    let first = secret_in(&server.mail(&ada.email, "Set a new password").await, "weft_pr_");
    // A weak password does not use the code up.
    assert_eq!(reset(&first, "password").await.status, 422);
    server.clock.advance(599_000);
    let new = "quite another 9 words";
    assert_eq!(reset(&first, new).await.status, 204);
    // Every session has ended, and the code counts no more.
    assert_eq!(refresh(&server, &ada.refresh_token).await.status, 401);
    assert_eq!(
        reset(&first, "a third 9 password").await.problem(422),
        "VALIDATION_FAILED"
    );
    assert_eq!(login(&server, &ada.email, PASSWORD).await.status, 401);
    login(&server, &ada.email, new).await.expect(200);
    server.mail(&ada.email, "Security notice").await;

    forgot().await;
    let mut second = first.clone();
    for _ in 0..100 {
        second = secret_in(&server.mail(&ada.email, "Set a new password").await, "weft_pr_");
        if second != first {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_ne!(first, second);
    server.clock.advance(600_000);
    assert_eq!(reset(&second, new).await.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_sessions_are_seen_and_ended() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let eve = server.person("eve").await;
    let other = server.log_in("ada").await;
    let other_token = text(&other["access_token"]);
    let server = &server;
    let list = |token: &str| list_sessions(server, token.to_owned());
    let sessions = list(&ada.token).await;
    let rows = sessions["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows.iter().filter(|row| row["is_current"] == json!(true)).count(),
        1
    );
    assert_eq!(rows[0]["address"], "127.0.0.1");
    let theirs = rows.iter().find(|row| row["is_current"] == json!(false)).unwrap();
    let path = format!("/v1/auth/sessions/{}", text(&theirs["id"]));
    // Nobody ends somebody else's.
    assert_eq!(server.delete(&path).of(&eve).send().await.status, 404);
    assert_eq!(me(server, &other_token).await, 200);
    assert_eq!(server.delete(&path).of(&ada).send().await.status, 204);
    assert_eq!(me(server, &other_token).await, 401);
    assert_eq!(refresh(server, &text(&other["refresh_token"])).await.status, 401);
    assert_eq!(server.delete(&path).of(&ada).send().await.status, 404);

    assert_eq!(server.post("/v1/auth/logout").of(&ada).send().await.status, 204);
    assert_eq!(me(server, &ada.token).await, 401);
    assert_eq!(refresh(server, &ada.refresh_token).await.status, 401);
    assert_eq!(list(&eve.token).await["data"].as_array().unwrap().len(), 1);
}

async fn list_sessions(server: &TestServer, token: String) -> Value {
    let request = server.get("/v1/auth/sessions?sort=-created_at").bearer(&token);
    request.send().await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_password_ends_the_other_sessions() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let other = text(&server.log_in("ada").await["access_token"]);
    let change = |current: &str, password: &str| {
        let body = json!({ "current_password": current, "password": password });
        server.post("/v1/auth/password/change").of(&ada).json(body).send()
    };
    let refused = change("wrong", "quite another 9 words").await.expect(422);
    assert_eq!(refused["details"][0]["field"], "current_password");
    assert_eq!(change(PASSWORD, "12345678").await.status, 422);
    assert_eq!(change(PASSWORD, "quite another 9 words").await.status, 204);
    assert_eq!(
        (me(&server, &ada.token).await, me(&server, &other).await),
        (200, 401)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_changes_when_its_mail_was_read() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    server.register("bob").await;
    let change = |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        server.post("/v1/auth/email/change").of(&ada).json(body).send()
    };
    assert_eq!(change("countess@example.com", "wrong").await.status, 422);
    assert_eq!(change("countess@example.com", PASSWORD).await.status, 204);
    // Somebody's address: the same answer, and a word to them.
    assert_eq!(change("bob@example.com", PASSWORD).await.status, 204);
    server
        .mail("bob@example.com", "You already have an account")
        .await;
    let mail = server.mail("countess@example.com", "Confirm").await;
    let body = json!({ "token": secret_in(&mail, "weft_ev_") });
    let user = server
        .post("/v1/auth/email/verify")
        .json(body)
        .send()
        .await
        .expect(200);
    assert_eq!(user["email"], "countess@example.com");
    login(&server, "countess@example.com", PASSWORD).await.expect(200);
    assert_eq!(login(&server, "ada@example.com", PASSWORD).await.status, 401);
}

async fn guess_password(server: &TestServer, number: u32) -> Answer {
    login(server, "ada@example.com", &format!("wrong {number}")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_a_flood_of_logins_is_told_to_come_back_and_others_go_on() {
    let limits = [
        "auth.attempts_per_account=1000",
        "auth.attempts_per_address=10000",
        "auth.hashing_queue=16",
        "rates.per_address_per_minute=100000",
        "rates.per_principal_per_minute=100000",
    ];
    let server = TestServer::with(&limits).await;
    let ada = server.person("ada").await;
    let flood = (0..500).map(|guess| guess_password(&server, guess));
    let others = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let began = Instant::now();
            assert_eq!(me(&server, &ada.token).await, 200);
            slowest = slowest.max(began.elapsed());
        }
        slowest
    };
    let (answers, slowest) = tokio::join!(futures_util::future::join_all(flood), others);
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(busy.len() > 300, "{} of 500 were told to come back", busy.len());
    for answer in busy {
        assert!(answer.header("retry-after").is_some());
    }
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 503)));
    assert!(slowest < Duration::from_secs(5), "others waited {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_before_and_after_tokens_need_them() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let kids = || async {
        let answer = server.get("/.well-known/jwks.json").send().await;
        assert_eq!(answer.header("cache-control").unwrap(), "public, max-age=3600");
        let keys = answer.expect(200);
        assert!(!keys.to_string().contains("\"d\""), "no secret part");
        let keys = keys["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| text(&key["kid"])).collect::<Vec<_>>()
    };
    let signer = |token: &str| -> String {
        let head = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        text(&serde_json::from_slice::<Value>(&head).unwrap()["kid"])
    };
    let before = kids().await;
    assert_eq!(before.len(), 2, "the one that signs and the next one");
    assert_eq!(signer(&ada.token), before[0]);
    // The day before the turn, and shortly after it.
    server.clock.advance(30 * 86_400_000 - 300_000);
    server.accounts.keyring().tend().await.unwrap();
    let last = text(&server.log_in("ada").await["access_token"]);
    assert_eq!((signer(&last), kids().await), (before[0].clone(), before.clone()));
    server.clock.advance(330_000);
    server.accounts.keyring().tend().await.unwrap();
    let next = text(&server.log_in("ada").await["access_token"]);
    assert_eq!(
        signer(&next),
        before[1],
        "the key that everybody could know signs now"
    );
    assert_eq!(kids().await.len(), 3);
    // A token that the old key signed counts until its own end.
    assert_eq!((me(&server, &last).await, me(&server, &next).await), (200, 200));
    server.clock.advance(2 * 3_600_000);
    server.accounts.keyring().tend().await.unwrap();
    assert!(!kids().await.contains(&before[0]), "what nothing needs is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_no_cookie_opens_the_api_and_no_form_reaches_it() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for name in ["__Host-weft", "session", "access_token"] {
        for secret in [&ada.token, &ada.refresh_token] {
            let request = server
                .get("/v1/users/me")
                .header("cookie", &format!("{name}={secret}"));
            assert_eq!(request.send().await.status, 401, "{name}");
        }
    }
    // What a form of another page could send without being asked first.
    let body = json!({ "email": ada.email, "password": PASSWORD }).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let answer = server
            .post("/v1/users/login")
            .body(kind, body.clone())
            .send()
            .await;
        assert_eq!(answer.problem(415), "UNSUPPORTED_MEDIA_TYPE", "{kind}");
    }
    let answer = login(&server, &ada.email, PASSWORD).await;
    assert!(answer.header("set-cookie").is_none());
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    // Nor does a token in the address.
    let path = format!("/v1/users/me?access_token={}", ada.token);
    assert_eq!(server.get(&path).send().await.status, 401);
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn e7_secrets_never_reach_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let secrets = tracing::subscriber::with_default(subscriber, || runtime.block_on(use_every_secret()));
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("request"), "nothing was logged at all");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}

/// Does what brings secrets about, and returns them.
async fn use_every_secret() -> Vec<String> {
    let server = TestServer::start().await;
    let setup = server.setup_token.as_ref().unwrap().expose().to_owned();
    server.admin().await;
    let ada: Person = server.person("ada").await;
    let next = refresh(&server, &ada.refresh_token).await.expect(200);
    login(&server, &ada.email, "a wrong password 77").await;
    let body = json!({ "email": ada.email });
    server.post("/v1/auth/password/forgot").json(body).send().await;
    let reset = secret_in(&server.mail(&ada.email, "Set a new password").await, "weft_pr_");
    let verify = secret_in(&server.mail(&ada.email, "Confirm").await, "weft_ev_");
    let body = json!({ "token": reset, "password": "yet another 12 words" });
    assert_eq!(
        server
            .post("/v1/auth/password/reset")
            .json(body)
            .send()
            .await
            .status,
        204
    );
    let body = json!({ "token": verify });
    server.post("/v1/auth/email/verify").json(body).send().await;
    vec![
        PASSWORD.to_owned(),
        "a wrong password 77".to_owned(),
        "yet another 12 words".to_owned(),
        setup,
        text(&next["refresh_token"]),
        text(&next["access_token"]),
        ada.refresh_token,
        ada.token,
        reset,
        verify,
        ada.email,
    ]
}
