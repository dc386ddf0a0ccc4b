//! A real server for tests of routes: the parts that `boot` puts together, on a real socket, with a data directory of its
//! own and a clock that tests move.
//!
//! It runs on SQLite, or on a private Postgres if `WEFT_TEST_DATABASE=postgres`. A file of tests is a module of
//! `server/tests/api/main.rs`, so that all of them are one program.

#[path = "../../../storage/tests/conformance/bucket.rs"]
pub mod bucket;
#[path = "../../../storage/tests/conformance/cluster.rs"]
pub mod cluster;
pub mod receiver;
pub mod schema;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use uuid::Uuid;
use weft_server::accounts::Accounts;
use weft_server::auth::tokens::opaque::OpaqueToken;
use weft_server::boot;
use weft_server::config::{self, Setting, Sources};
use weft_server::lifecycle::Lifecycle;
use weft_server::upkeep::Upkeep;
use weft_storage::Storage;
use weft_storage::clock::{Clock, ManualClock, SystemClock};

/// A password that is good enough.
pub const PASSWORD: &str = "tidal ovens wary 4711";

/// A running server. It ends with the test.
#[derive(Debug)]
pub struct TestServer {
    pub address: SocketAddr,
    /// The wall clock of the server: it stands still until a test moves it.
    pub clock: Arc<ManualClock>,
    /// What the server has opened, for looking behind it.
    pub storage: Arc<Storage>,
    /// What accounts stand on.
    pub accounts: Arc<Accounts>,
    /// Clears away what is over.
    pub upkeep: Arc<Upkeep>,
    /// Makes the first administrator.
    pub setup_token: Option<OpaqueToken>,
    /// Where mails and blobs are.
    pub data: tempfile::TempDir,
    life: Lifecycle,
}

/// Somebody with an account whose address is verified, and who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: Uuid,
    pub email: String,
    pub token: String,
    pub refresh_token: String,
    /// The workspace that they own.
    pub workspace: Uuid,
}

/// The address that `scripts/with-cluster.sh` gives under this name.
fn place_of(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// Where a server keeps large bytes and hears of others, if the tests run beside a bucket and Redis
/// (`scripts/with-cluster.sh`): in a folder and under a name of its own.
fn shared_places() -> Vec<String> {
    let own = Uuid::new_v4().simple();
    let mut flags = Vec::new();
    if let Some(endpoint) = place_of("WEFT_TEST_BUCKET") {
        flags.extend([
            format!("storage.blobs=s3://{}/{own}", bucket::BUCKET),
            format!("storage.s3_endpoint={endpoint}"),
            "storage.s3_path_style=true".to_owned(),
            format!("storage.s3_access_key_id={}", bucket::KEY_ID),
            format!("storage.s3_secret_access_key={}", bucket::SECRET),
        ]);
    }
    if let Some(address) = place_of("WEFT_TEST_REDIS") {
        flags.push(format!("storage.redis_url={address}"));
        flags.push(format!("storage.redis_prefix={own}"));
    }
    flags
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.life.soft().cancel();
    }
}

impl TestServer {
    /// With the defaults.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With settings such as `auth.registration=closed`.
    pub async fn with(settings: &[&str]) -> Self {
        let mut flags = Vec::new();
        if std::env::var_os("WEFT_TEST_DATABASE").is_some_and(|name| name == "postgres") {
            let server = cluster::server().expect("a Postgres server program");
            flags.push(format!("storage.database_url={}", server.create_database()));
        }
        flags.extend(shared_places());
        flags.extend(settings.iter().map(|&flag| flag.to_owned()));
        Self::in_folder(tempfile::tempdir().unwrap(), &flags).await
    }

    /// With the data directory `data` in `folder` and these settings alone.
    pub async fn in_folder(folder: tempfile::TempDir, settings: &[String]) -> Self {
        let data = folder;
        let mut flags = vec![
            "server.listen=127.0.0.1:0".to_owned(),
            format!("server.data={}", data.path().join("data").display()),
        ];
        flags.extend_from_slice(settings);
        let sources = Sources {
            flags: flags.iter().map(|flag| Setting::parse(flag).unwrap()).collect(),
            ..Sources::default()
        };
        let config = config::load(&sources).unwrap();
        config.check_serving().unwrap();
        let clock = Arc::new(ManualClock::new(SystemClock.now_ms()));
        let life = Lifecycle::new();
        let app = boot::start(&config, Arc::clone(&clock) as Arc<dyn Clock>, &life)
            .await
            .unwrap();
        Self {
            address: app.address,
            clock,
            storage: app.storage,
            accounts: app.accounts,
            upkeep: app.upkeep,
            setup_token: app.setup_token,
            data,
            life,
        }
    }

    /// Stops it and waits for its end. What it has written is in the folder.
    pub async fn stop(self) -> tempfile::TempDir {
        self.life.soft().cancel();
        self.storage.close().await;
        let mut this = self;
        std::mem::replace(&mut this.data, tempfile::tempdir().unwrap())
    }

    pub fn request(&self, method: Method, path: &str) -> Request {
        Request {
            address: self.address,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> Request {
        self.request(Method::PUT, path)
    }

    pub fn patch(&self, path: &str) -> Request {
        self.request(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Registers somebody with the address `{name}@example.com`. Their address is not verified.
    pub async fn register(&self, name: &str) -> Uuid {
        let user = self
            .post("/v1/users/register")
            .json(json!({
                "email": format!("{name}@example.com"), "password": PASSWORD, "first_name": name, "last_name": "Test",
            }))
            .send()
            .await
            .expect(201);
        id_of(&user)
    }

    /// Logs somebody in who was registered.
    pub async fn log_in(&self, name: &str) -> Value {
        self.post("/v1/users/login")
            .json(json!({ "email": format!("{name}@example.com"), "password": PASSWORD }))
            .send()
            .await
            .expect(200)
    }

    /// Registers somebody, verifies their address behind the server's back, and logs them in.
    pub async fn person(&self, name: &str) -> Person {
        let (id, email) = (self.register(name).await, format!("{name}@example.com"));
        let mut tx = self.storage.records().write().await.unwrap();
        assert!(tx.verify_email(id, &email, self.clock.now_ms()).await.unwrap());
        tx.commit().await.unwrap();
        let tokens = self.log_in(name).await;
        self.person_of(id, name, &tokens).await
    }

    async fn person_of(&self, id: Uuid, name: &str, tokens: &Value) -> Person {
        let mut tx = self.storage.records().read().await.unwrap();
        let workspaces = tx.workspaces_of(id, None, 10).await.unwrap();
        Person {
            id,
            email: format!("{name}@example.com"),
            token: text(&tokens["access_token"]),
            refresh_token: text(&tokens["refresh_token"]),
            workspace: workspaces[0].workspace.id.0,
        }
    }

    /// Forgets all answers that were kept for requests that come again, as if the server had died before it kept them.
    pub async fn forget_answers(&self) {
        let mut tx = self.storage.records().write().await.unwrap();
        tx.forget_answers(self.clock.now_ms() + 365 * 24 * 60 * 60 * 1_000)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Makes the first administrator.
    pub async fn admin(&self) -> Person {
        let token = self.setup_token.as_ref().expect("a setup token").expose();
        let body = json!({
            "token": token, "email": "root@example.com", "password": PASSWORD, "first_name": "Root",
            "last_name": "Test",
        });
        let id = id_of(&self.post("/v1/setup").json(body).send().await.expect(201));
        let tokens = self.log_in("root").await;
        self.person_of(id, "root", &tokens).await
    }

    /// Waits for a mail to `address` whose subject contains `subject`, and returns its text; the newest counts.
    pub async fn mail(&self, address: &str, subject: &str) -> String {
        for _ in 0..200 {
            if let Some(text) = self.newest_mail(address, subject) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("no mail to {address} about {subject}");
    }

    /// The newest mail to `address` whose subject contains `subject`, if there is one.
    pub fn newest_mail(&self, address: &str, subject: &str) -> Option<String> {
        self.mails(address, subject).pop()
    }

    /// How many mails to `address` there are whose subject contains `subject`.
    pub fn count_mails(&self, address: &str, subject: &str) -> usize {
        self.mails(address, subject).len()
    }

    fn mails(&self, address: &str, subject: &str) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.data.path().join("data/mail")) else {
            return Vec::new();
        };
        let mut names: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
        names.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
        let found = names.iter().filter_map(|path| {
            // Lines that were broken for the way are put together again.
            let text = std::fs::read_to_string(path)
                .ok()?
                .replace("=\r\n", "")
                .replace("=3D", "=");
            let has = |line: String| text.lines().any(|other| other.contains(&line));
            (has(format!("To: {address}")) && text.contains(subject)).then_some(text)
        });
        found.collect()
    }
}

/// The address of a new database on the private Postgres; `None` where there is none.
pub fn postgres_database() -> Option<String> {
    Some(cluster::server()?.create_database())
}

/// Copies a directory with everything in it.
pub fn copy_directory(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The secret that a mail brings, by what it begins with: `weft_pr_`.
pub fn secret_in(mail: &str, prefix: &str) -> String {
    let start = mail.find(prefix).expect("the mail has a secret");
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    mail[start..]
        .chars()
        .take_while(|character| is_part(*character))
        .collect()
}

/// A member that is a text.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The member `id`.
#[track_caller]
pub fn id_of(value: &Value) -> Uuid {
    value["id"].as_str().expect("an id").parse().expect("an id")
}

/// A request that is being put together.
#[derive(Debug, Clone)]
pub struct Request {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    /// A POST to a server that may be another process.
    pub fn to(address: SocketAddr, path: &str) -> Self {
        Self {
            address,
            method: Method::POST,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// The same, only asking.
    #[must_use]
    pub fn reading(self) -> Self {
        let method = Method::GET;
        Self { method, ..self }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.append(name, value.parse().unwrap());
        self
    }

    /// Shows a credential.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// As somebody.
    #[must_use]
    pub fn of(self, person: &Person) -> Self {
        self.bearer(&person.token)
    }

    #[must_use]
    pub fn json(self, value: Value) -> Self {
        self.body("application/json", value.to_string())
    }

    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers
            .insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        self.body = body.into();
        self
    }

    /// Sends it over a connection of its own.
    pub async fn send(self) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake::<_, Body>(TokioIo::new(stream)).await.unwrap();
        let mut request = hyper::Request::builder()
            .method(self.method)
            .uri(&self.path)
            .body(Body::from(self.body))
            .unwrap();
        *request.headers_mut() = self.headers;
        let host = HeaderValue::from_str(&self.address.to_string()).unwrap();
        request.headers_mut().entry(header::HOST).or_insert(host);
        let exchange = async {
            let response = sender.send_request(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            drop(sender);
            Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body,
            }
        };
        // The connection moves as long as the exchange does.
        let (answer, _) = tokio::join!(exchange, connection);
        answer
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON, null if there is none; the status must be `status`.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The code of the problem; the status must be `status`.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        let kind = self.header("content-type").unwrap_or_default();
        assert_eq!(kind, "application/problem+json", "{}", self.text());
        text(&self.expect(status)["code"])
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().unwrap().to_owned())
    }
}

/// A number of the environment, for long forms of tests and for playing them again.
pub fn number_of(name: &str) -> Option<u64> {
    let value = std::env::var_os(name)?;
    Some(value.to_str().unwrap().parse().unwrap())
}
