//! Weft as an OAuth provider, met by a browser and by an application.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Answer, PASSWORD, Person, Request, TestServer, text};

const REDIRECT: &str = "https://app.example.com/cb";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    form.finish()
}

/// An application of Ada's workspace.
pub struct App {
    pub id: String,
    pub secret: Option<String>,
}

impl App {
    pub async fn register(server: &TestServer, owner: &Person, kind: &str, scopes: &[&str]) -> Self {
        let mut grants = vec!["authorization_code", "refresh_token"];
        if kind == "confidential" {
            grants.push("client_credentials");
        }
        let made = server
            .post("/v1/oauth/clients")
            .of(owner)
            .json(json!({
                "workspace_id": owner.workspace, "name": "Shuttle <b>&\"'", "kind": kind,
                "redirect_uris": [REDIRECT], "grant_types": grants, "scopes": scopes,
            }))
            .send()
            .await
            .expect(201);
        Self {
            id: text(&made["client"]["id"]),
            secret: made["client_secret"].as_str().map(str::to_owned),
        }
    }

    pub fn query(&self, scope: &str) -> String {
        self.query_with(scope, &[])
    }

    fn query_with(&self, scope: &str, more: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let mut pairs = vec![
            ("client_id", self.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("scope", scope),
            ("state", "s-1"),
        ];
        for (name, value) in more {
            pairs.retain(|(known, _)| known != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        form(&pairs)
    }

    pub fn post(&self, server: &TestServer, path: &str, pairs: &[(&str, &str)]) -> Request {
        let mut pairs = pairs.to_vec();
        pairs.push(("client_id", &self.id));
        if let Some(secret) = &self.secret {
            pairs.push(("client_secret", secret));
        }
        server
            .post(path)
            .body("application/x-www-form-urlencoded", form(&pairs))
    }

    pub async fn redeem(&self, server: &TestServer, code: &str) -> Answer {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        self.post(server, "/oauth/token", &pairs).send().await
    }

    pub async fn refresh(&self, server: &TestServer, token: &str) -> Answer {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post(server, "/oauth/token", &pairs).send().await
    }
}

/// A browser: it keeps the cookie of the page.
#[derive(Default)]
pub struct Browser {
    cookie: Option<String>,
    form_token: String,
}

impl Browser {
    fn carry(&self, request: Request) -> Request {
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    fn keep(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        }
        if let Some((_, rest)) = answer.text().split_once("name=\"form_token\" value=\"") {
            self.form_token = rest.split('"').next().unwrap().to_owned();
        }
    }

    async fn open(&mut self, server: &TestServer, query: &str) -> Answer {
        let path = format!("/oauth/authorize?{query}");
        let answer = self.carry(server.get(&path)).send().await;
        self.keep(&answer);
        answer
    }

    async fn submit(&mut self, server: &TestServer, query: &str, pairs: &[(&str, &str)]) -> Answer {
        let mut pairs = pairs.to_vec();
        pairs.push(("form_token", &self.form_token));
        let request = server
            .post(&format!("/oauth/authorize?{query}"))
            .header("origin", &format!("http://{}", server.address))
            .body("application/x-www-form-urlencoded", form(&pairs));
        let answer = self.carry(request).send().await;
        self.keep(&answer);
        answer
    }

    async fn log_in(&mut self, server: &TestServer, query: &str, email: &str) -> Answer {
        let opened = self.open(server, query).await;
        assert_eq!(opened.status, 200, "{}", opened.text());
        assert!(opened.text().contains("Log in"), "{}", opened.text());
        let pairs = [("action", "login"), ("email", email), ("password", PASSWORD)];
        self.submit(server, query, &pairs).await
    }

    /// Logs in, allows what is asked for, and returns the code.
    pub async fn allow(&mut self, server: &TestServer, query: &str, email: &str) -> String {
        let consent = self.log_in(server, query, email).await;
        assert_eq!(consent.status, 200, "{}", consent.text());
        assert!(consent.text().contains("Allow"), "{}", consent.text());
        let answer = self.submit(server, query, &[("action", "allow")]).await;
        member(&answer, "code").expect("a code")
    }
}

/// A parameter of the address that an answer leads to.
fn member(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = url::Url::parse(&answer.header("location").unwrap()).unwrap();
    assert!(location.as_str().starts_with(REDIRECT), "{location}");
    let pair = location.query_pairs().find(|(key, _)| key == name);
    pair.map(|(_, value)| value.into_owned())
}

async fn me(server: &TestServer, token: &Value) -> u16 {
    let token = token.as_str().unwrap();
    server.get("/v1/users/me").bearer(token).send().await.status
}

const SCOPE: &str = "openid profile email offline_access profile:read workspaces:read";
const SCOPES: [&str; 6] = [
    "openid",
    "profile",
    "email",
    "offline_access",
    "profile:read",
    "workspaces:read",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_lets_an_application_act_for_them_and_takes_it_back() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    let query = app.query_with(SCOPE, &[("nonce", "n-1")]);
    let code = Browser::default().allow(&server, &query, &bob.email).await;
    let tokens = app.redeem(&server, &code).await;
    assert_eq!(tokens.header("cache-control").unwrap(), "no-store");
    let tokens = tokens.expect(200);
    assert_eq!(tokens["token_type"], "Bearer");
    let access = text(&tokens["access_token"]);

    // The token is Bob's, within the application's workspace, where he is nobody.
    assert_eq!(me(&server, &tokens["access_token"]).await, 200);
    let workspaces = server.get("/v1/workspaces").bearer(&access).send().await;
    assert_eq!(workspaces.expect(200)["data"], json!([]));
    for workspace in [ada.workspace, bob.workspace] {
        let path = format!("/v1/workspaces/{workspace}");
        assert_eq!(server.get(&path).bearer(&access).send().await.status, 404);
    }
    let info = server
        .get("/oauth/userinfo")
        .bearer(&access)
        .send()
        .await
        .expect(200);
    assert_eq!(
        info,
        json!({ "sub": bob.id, "name": "bob Test", "email": "bob@example.com", "email_verified": true })
    );
    let claims = text(&tokens["id_token"]);
    let claims = URL_SAFE_NO_PAD.decode(claims.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["nonce"], &claims["aud"]),
        (&json!("n-1"), &json!(app.id))
    );

    // Bob sees what he allowed; Ada, whose application it is, does not.
    let grants = server.get("/v1/oauth/grants").of(&bob).send().await.expect(200);
    assert_eq!(grants["data"][0]["client_id"], json!(app.id));
    let grant = format!("/v1/oauth/grants/{}", text(&grants["data"][0]["id"]));
    assert_eq!(server.delete(&grant).of(&ada).send().await.status, 404);
    let by_app = server.delete(&grant).bearer(&access).send().await;
    assert!(matches!(by_app.status, 403 | 404), "{}", by_app.text());
    assert_eq!(server.delete(&grant).of(&bob).send().await.status, 204);
    assert_eq!(me(&server, &tokens["access_token"]).await, 401);
    let refreshed = app.refresh(&server, &text(&tokens["refresh_token"])).await;
    assert_eq!(refreshed.expect(400)["error"], "invalid_grant");
    let grants = server.get("/v1/oauth/grants").of(&bob).send().await.expect(200);
    assert_eq!(grants["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_a_code_that_comes_twice_ends_what_it_gave() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    let code = Browser::default()
        .allow(&server, &app.query(SCOPE), &ada.email)
        .await;
    let other = App::register(&server, &ada, "public", &SCOPES).await;
    // Another application neither redeems it nor ends anything with it.
    let stolen = other.redeem(&server, &code).await;
    assert_eq!(stolen.expect(400)["error"], "invalid_grant");
    let tokens = app.redeem(&server, &code).await.expect(200);
    assert_eq!(other.redeem(&server, &code).await.status, 400);
    assert_eq!(me(&server, &tokens["access_token"]).await, 200);
    let again = app.redeem(&server, &code).await;
    assert_eq!(again.expect(400)["error"], "invalid_grant");
    assert_eq!(me(&server, &tokens["access_token"]).await, 401);
    let refreshed = app.refresh(&server, &text(&tokens["refresh_token"])).await;
    assert_eq!(refreshed.expect(400)["error"], "invalid_grant");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_of_many_who_redeem_one_code_at_once_nobody_keeps_tokens() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    let code = Browser::default()
        .allow(&server, &app.query(SCOPE), &ada.email)
        .await;
    let answers = futures_util::future::join_all((0..8).map(|_| app.redeem(&server, &code))).await;
    let given: Vec<_> = answers
        .into_iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(given.len(), 1);
    assert_eq!(me(&server, &given[0].json()["access_token"]).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_a_code_needs_its_verifier_its_address_and_its_time() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    // Without a challenge, with a plain one, with a short one: refused at the door, and the application hears it.
    for (more, what) in [
        (vec![("code_challenge_method", "plain")], "plain"),
        (
            vec![("code_challenge_method", "")],
            "no method, which means plain",
        ),
        (
            vec![("code_challenge", ""), ("code_challenge_method", "")],
            "no challenge",
        ),
        (vec![("code_challenge", "short")], "a short one"),
    ] {
        let answer = Browser::default()
            .open(&server, &app.query_with("openid", &more))
            .await;
        assert_eq!(
            member(&answer, "error").as_deref(),
            Some("invalid_request"),
            "{what}"
        );
        assert_eq!(member(&answer, "code"), None, "{what}");
        assert_eq!(member(&answer, "state").as_deref(), Some("s-1"), "{what}");
    }
    let mut browser = Browser::default();
    let code = browser.allow(&server, &app.query("openid"), &ada.email).await;
    let wrong = VERIFIER.replace("verifier", "verifieR");
    for (redirect, verifier) in [
        (REDIRECT, Some(wrong.as_str())),
        (REDIRECT, None),
        ("https://app.example.com/cb/", Some(VERIFIER)),
    ] {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", redirect),
        ];
        pairs.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        let answer = app.post(&server, "/oauth/token", &pairs).send().await;
        assert_eq!(answer.expect(400)["error"], "invalid_grant", "{redirect}");
    }
    server.clock.advance(61_000);
    assert_eq!(
        app.redeem(&server, &code).await.expect(400)["error"],
        "invalid_grant"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_a_redirect_address_counts_letter_by_letter() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    for redirect in [
        "https://app.example.com/cb/",
        "https://app.example.com/cb/../x",
        "https://app.example.com/cb?x=1",
        "https://app.example.com/cb#x",
        "https://app.example.com/CB",
        "https://app.example.com.evil.example/cb",
        "https://app.example.com@evil.example/cb",
        "https://app.example.com:443/cb",
        "https://app.example.com/c",
        "http://app.example.com/cb",
        "//evil.example/cb",
        "javascript:alert(1)",
        "https://app.example.com/cb%00",
        "",
    ] {
        let query = app.query_with("openid", &[("redirect_uri", redirect)]);
        let answer = Browser::default().open(&server, &query).await;
        assert_eq!(answer.status, 400, "{redirect}");
        assert_eq!(answer.header("location"), None, "{redirect}");
        let kind = answer.header("content-type").unwrap();
        assert!(kind.starts_with("text/html"), "{kind}");
    }
    // Nor may such addresses be registered.
    for redirect in [
        "http://app.example.com/cb",
        "https://*.example.com/",
        "https://a.b/#x",
        "javascript:alert(1)",
        "https://u@a.b/",
    ] {
        let wanted = json!({
            "workspace_id": ada.workspace, "name": "x", "kind": "public", "redirect_uris": [redirect],
            "grant_types": ["authorization_code"], "scopes": ["openid"],
        });
        let answer = server
            .post("/v1/oauth/clients")
            .of(&ada)
            .json(wanted)
            .send()
            .await;
        assert_eq!(answer.status, 422, "{redirect}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_the_page_is_strict() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    let query = app.query_with("openid", &[("login_hint", "\"><script>alert(1)</script>")]);
    let mut browser = Browser::default();
    let page = browser.open(&server, &query).await;
    assert!(
        !page.text().contains("<script") && !page.text().contains("<b>"),
        "{}",
        page.text()
    );
    let policy = page.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self' https://app.example.com;",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(page.header("x-frame-options").unwrap(), "DENY");
    assert_eq!(page.header("cache-control").unwrap(), "no-store");
    assert_eq!(page.header("referrer-policy").unwrap(), "same-origin");
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-weft=weft_bs_"), "{cookie}");
    for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_the_page_takes_no_forms_from_elsewhere() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    let query = app.query("openid");
    let mut browser = Browser::default();
    browser.open(&server, &query).await;
    let before = browser.cookie.clone();
    browser.log_in(&server, &query, &ada.email).await;
    assert_ne!(
        browser.cookie, before,
        "the cookie from before the login counts for nothing"
    );
    // The cookie is for the page alone.
    let cookie = browser.cookie.clone().unwrap();
    let api = server.get("/v1/users/me").header("cookie", &cookie).send().await;
    assert_eq!(api.status, 401);
    let stranger = Browser::default().open(&server, &query).await;
    let mut other = Browser::default();
    other.keep(&stranger);
    let address = format!("/oauth/authorize?{query}");
    let own = format!("http://{}", server.address);
    for (origin, form_token, what) in [
        (Some("https://evil.example"), &browser.form_token, "another page"),
        (Some("null"), &browser.form_token, "a page without an origin"),
        (
            Some(own.as_str()),
            &other.form_token,
            "the form of another browser",
        ),
        (Some(own.as_str()), &String::new(), "no form token"),
        (
            None,
            &other.form_token,
            "no origin, and the form of another browser",
        ),
    ] {
        let body = form(&[("action", "allow"), ("form_token", form_token)]);
        let mut request = server
            .post(&address)
            .header("cookie", &cookie)
            .body("application/x-www-form-urlencoded", body);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = request.send().await;
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
        assert_eq!(answer.header("location"), None, "{what}");
    }
    let plain = server.post(&address).header("cookie", &cookie).body(
        "text/plain",
        form(&[("action", "allow"), ("form_token", &browser.form_token)]),
    );
    assert_eq!(plain.send().await.problem(415), "UNSUPPORTED_MEDIA_TYPE");
    // After ten minutes nobody is logged in there.
    server.clock.advance(600_001);
    let late = browser.submit(&server, &query, &[("action", "allow")]).await;
    assert!(
        late.status == 200 && late.text().contains("Log in"),
        "{}",
        late.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_say_no_use_other_accounts_and_mistype_passwords() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let bob = server.person("bob").await;
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    let query = app.query("openid");
    let mut browser = Browser::default();
    browser.open(&server, &query).await;
    let pairs = [
        ("action", "login"),
        ("email", ada.email.as_str()),
        ("password", "wrong"),
    ];
    let wrong = browser.submit(&server, &query, &pairs).await;
    assert!(wrong.text().contains("password is wrong"), "{}", wrong.text());
    let consent = browser.log_in(&server, &query, &ada.email).await;
    assert!(consent.text().contains("ada@example.com"));
    let switched = browser.submit(&server, &query, &[("action", "switch")]).await;
    assert!(switched.text().contains("Log in"));
    let consent = browser.log_in(&server, &query, &bob.email).await;
    assert!(consent.text().contains("bob@example.com"));
    let denied = browser.submit(&server, &query, &[("action", "deny")]).await;
    assert_eq!(member(&denied, "error").as_deref(), Some("access_denied"));
    assert_eq!(member(&denied, "iss"), Some(format!("http://{}", server.address)));
    // Whoever has not verified their address lets nobody act for them.
    server.register("eve").await;
    let mut browser = Browser::default();
    let page = browser.log_in(&server, &query, "eve@example.com").await;
    assert!(
        page.text().contains("Verify your e-mail address"),
        "{}",
        page.text()
    );
    let answer = browser.submit(&server, &query, &[("action", "allow")]).await;
    assert_eq!(member(&answer, "code"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consent_is_remembered_for_applications_with_a_secret() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "confidential", &SCOPES).await;
    let none = app.query_with("openid", &[("prompt", "none")]);
    let mut browser = Browser::default();
    let answer = browser.open(&server, &none).await;
    assert_eq!(member(&answer, "error").as_deref(), Some("login_required"));
    let code = browser.allow(&server, &app.query("openid"), &ada.email).await;
    // Not before the code was redeemed.
    let answer = browser.open(&server, &none).await;
    assert_eq!(member(&answer, "error").as_deref(), Some("consent_required"));
    app.redeem(&server, &code).await.expect(200);
    let answer = browser.open(&server, &none).await;
    assert!(member(&answer, "code").is_some());
    let wider = app.query_with("openid email", &[("prompt", "none")]);
    let answer = browser.open(&server, &wider).await;
    assert_eq!(member(&answer, "error").as_deref(), Some("consent_required"));
    let again = browser
        .open(&server, &app.query_with("openid", &[("prompt", "login")]))
        .await;
    assert!(again.text().contains("Log in"));
    let too_much = browser.open(&server, &app.query("openid documents:write")).await;
    assert_eq!(member(&too_much, "error").as_deref(), Some("invalid_scope"));

    let public = App::register(&server, &ada, "public", &SCOPES).await;
    let consent = browser.open(&server, &public.query("openid")).await;
    assert!(consent.text().contains("Allow"));
    let answer = browser
        .submit(&server, &public.query("openid"), &[("action", "allow")])
        .await;
    let code = member(&answer, "code").unwrap();
    public.redeem(&server, &code).await.expect(200);
    let asked = browser
        .open(&server, &public.query_with("openid", &[("prompt", "none")]))
        .await;
    assert_eq!(member(&asked, "error").as_deref(), Some("consent_required"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_refresh_tokens_of_applications_rotate_and_end_when_they_come_twice() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "public", &SCOPES).await;
    let other = App::register(&server, &ada, "public", &SCOPES).await;
    let code = Browser::default()
        .allow(&server, &app.query(SCOPE), &ada.email)
        .await;
    let first = app.redeem(&server, &code).await.expect(200);
    let token = text(&first["refresh_token"]);
    assert_eq!(other.refresh(&server, &token).await.status, 400);
    // Nor does the door for people take it, nor this one theirs.
    let people = server
        .post("/v1/auth/refresh")
        .json(json!({ "refresh_token": token }))
        .send()
        .await;
    assert_eq!(people.status, 401);
    assert_eq!(app.refresh(&server, &ada.refresh_token).await.status, 400);
    let second = app.refresh(&server, &token).await.expect(200);
    assert_eq!(me(&server, &second["access_token"]).await, 200);
    let narrow = [
        ("grant_type", "refresh_token"),
        ("refresh_token", second["refresh_token"].as_str().unwrap()),
        ("scope", "openid"),
    ];
    let third = app
        .post(&server, "/oauth/token", &narrow)
        .send()
        .await
        .expect(200);
    assert_eq!(third["scope"], "openid");
    assert_eq!(me(&server, &third["access_token"]).await, 403);
    let wide = [
        ("grant_type", "refresh_token"),
        ("refresh_token", third["refresh_token"].as_str().unwrap()),
        ("scope", "documents:write"),
    ];
    let wide = app.post(&server, "/oauth/token", &wide).send().await;
    assert_eq!(wide.expect(400)["error"], "invalid_scope");
    let reused = app.refresh(&server, &token).await;
    assert_eq!(reused.expect(400)["error"], "invalid_grant");
    assert_eq!(me(&server, &second["access_token"]).await, 401);
    let last = app.refresh(&server, &text(&third["refresh_token"])).await;
    assert_eq!(last.status, 400);
    // Without offline_access there is none, and the session ends with the access token.
    let code = Browser::default()
        .allow(&server, &app.query("openid profile:read"), &ada.email)
        .await;
    let tokens = app.redeem(&server, &code).await.expect(200);
    assert_eq!(tokens.get("refresh_token"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_acts_for_itself_within_its_workspace() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let scopes = ["workspaces:read", "openid", "offline_access", "profile:read"];
    let app = App::register(&server, &ada, "confidential", &scopes).await;
    let pairs = [("grant_type", "client_credentials")];
    let tokens = app.post(&server, "/oauth/token", &pairs).send().await.expect(200);
    assert_eq!(tokens.get("refresh_token"), None);
    assert_eq!(tokens["scope"], "profile:read workspaces:read");
    let token = text(&tokens["access_token"]);
    let read = |workspace| {
        server
            .get(&format!("/v1/workspaces/{workspace}"))
            .bearer(&token)
            .send()
    };
    assert_eq!(read(ada.workspace).await.status, 200);
    assert_eq!(read(bob.workspace).await.status, 404);
    let public = App::register(&server, &ada, "public", &scopes).await;
    let refused = public.post(&server, "/oauth/token", &pairs).send().await;
    assert_eq!(refused.expect(400)["error"], "unauthorized_client");
    let password = [
        ("grant_type", "password"),
        ("username", "ada"),
        ("password", PASSWORD),
    ];
    let refused = app.post(&server, "/oauth/token", &password).send().await;
    assert_eq!(refused.expect(400)["error"], "unsupported_grant_type");

    let path = format!("/v1/oauth/clients/{}", app.id);
    let etag = server.get(&path).of(&ada).send().await.header("etag").unwrap();
    let off = |tag: String| {
        server
            .patch(&path)
            .of(&ada)
            .header("if-match", &tag)
            .json(json!({ "is_disabled": true }))
            .send()
    };
    assert_eq!(off("\"77\"".to_owned()).await.status, 412);
    assert_eq!(off(etag).await.expect(200)["is_disabled"], true);
    assert_eq!(read(ada.workspace).await.status, 401);
    let refused = app.post(&server, "/oauth/token", &pairs).send().await;
    assert_eq!(refused.expect(401)["error"], "invalid_client");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_looked_at_and_taken_back_by_their_application_alone() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let app = App::register(&server, &ada, "confidential", &SCOPES).await;
    let other = App::register(&server, &ada, "confidential", &SCOPES).await;
    let code = Browser::default()
        .allow(&server, &app.query(SCOPE), &ada.email)
        .await;
    let tokens = app.redeem(&server, &code).await.expect(200);
    let (access, refresh) = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
    let look = async |app: &App, token: &str| {
        let answer = app
            .post(&server, "/oauth/introspect", &[("token", token)])
            .send()
            .await;
        answer.expect(200)
    };
    let seen = look(&app, &access).await;
    assert_eq!(
        (&seen["active"], &seen["sub"], &seen["client_id"]),
        (&json!(true), &json!(ada.id), &json!(app.id))
    );
    assert_eq!(look(&app, &refresh).await["active"], true);
    for (app, token) in [
        (&other, access.as_str()),
        (&other, &refresh),
        (&app, &ada.token),
        (&app, &ada.refresh_token),
        (&app, "junk"),
    ] {
        assert_eq!(look(app, token).await, json!({ "active": false }));
    }
    let revoke = async |app: &App, token: &str| {
        let answer = app
            .post(&server, "/oauth/revoke", &[("token", token)])
            .send()
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    revoke(&other, &refresh).await;
    revoke(&app, &ada.refresh_token).await;
    revoke(&app, "junk").await;
    assert_eq!(look(&app, &access).await["active"], true);
    revoke(&app, &refresh).await;
    assert_eq!(look(&app, &access).await, json!({ "active": false }));
    assert_eq!(look(&app, &refresh).await, json!({ "active": false }));
    assert_eq!(me(&server, &tokens["access_token"]).await, 401);
    assert_eq!(server.get("/v1/users/me").of(&ada).send().await.status, 200);
    let anonymous = server
        .post("/oauth/introspect")
        .body("application/x-www-form-urlencoded", form(&[("token", &access)]))
        .send()
        .await;
    assert_eq!(anonymous.status, 401);
    let challenge = anonymous.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Basic"), "{challenge}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_change_without_a_gap_and_applications_belong_to_their_workspace() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let app = App::register(&server, &ada, "confidential", &["workspaces:read"]).await;
    let path = format!("/v1/oauth/clients/{}", app.id);
    let listed = server
        .get(&format!("/v1/oauth/clients?workspace_id={}", ada.workspace))
        .of(&ada)
        .send()
        .await;
    assert!(!listed.text().contains(app.secret.as_deref().unwrap()));
    assert_eq!(listed.expect(200)["data"].as_array().unwrap().len(), 1);
    for request in [
        server.get(&path),
        server.delete(&path),
        server.patch(&path).json(json!({ "name": "x" })),
        server.post(&format!("{path}/secrets")).json(json!({})),
        server.get(&format!("/v1/oauth/clients?workspace_id={}", ada.workspace)),
    ] {
        assert_eq!(request.of(&bob).send().await.status, 404);
    }
    let works = async |secret: &str| {
        let app = App {
            id: app.id.clone(),
            secret: Some(secret.to_owned()),
        };
        let pairs = [("grant_type", "client_credentials")];
        app.post(&server, "/oauth/token", &pairs).send().await.status == 200
    };
    let old = app.secret.clone().unwrap();
    let rotate = |seconds: u32| {
        server
            .post(&format!("{path}/secrets"))
            .of(&ada)
            .json(json!({ "keep_previous_seconds": seconds }))
            .send()
    };
    let new = text(&rotate(60).await.expect(201)["client_secret"]);
    assert!(works(&old).await && works(&new).await);
    server.clock.advance(60_001);
    assert!(!works(&old).await && works(&new).await);
    let newest = text(&rotate(0).await.expect(201)["client_secret"]);
    assert!(!works(&new).await && works(&newest).await);
    assert_eq!(server.delete(&path).of(&ada).send().await.status, 204);
    assert!(!works(&newest).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_finds_the_way_and_a_login_elsewhere_begins_here() {
    let server = TestServer::start().await;
    let own = format!("http://{}", server.address);
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let answer = server.get(path).send().await;
        assert_eq!(answer.header("access-control-allow-origin").unwrap(), "*");
        let metadata = answer.expect(200);
        assert_eq!(metadata["issuer"], json!(own));
        assert_eq!(metadata["token_endpoint"], json!(format!("{own}/oauth/token")));
        assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
        assert!(!metadata["scopes_supported"].to_string().contains("full"));
    }
    let start = server.get("/v1/auth/oidc/sso/start").send().await;
    assert_eq!(start.problem(404), "NOT_FOUND");
}
