//! Backups, their return, and the way from a data directory to Postgres and a bucket: by the commands that people use, with
//! accounts, documents and files that are there before and afterwards.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use weft_protocol::id::DocumentName;
use weft_storage::{DocumentKey, WorkspaceId};

use crate::boards::{agrees, make};
use crate::documents::{Studio, create, studio};
use crate::support::bucket::{KEY_ID, S3Server, SECRET};
use crate::support::{PASSWORD, Person, TestServer, cluster, id_of, text};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

/// A folder, and the settings of a server that has its data directory in it.
pub struct Home {
    pub folder: tempfile::TempDir,
    settings: Vec<String>,
}

impl Home {
    pub fn new(settings: &[String]) -> Self {
        // SQLite and files, whatever the rest of the tests runs on. Tokens are good at one address, and ports change.
        let mut all = vec![
            "server.public_url=http://weft.test".to_owned(),
            "storage.database_url=".to_owned(),
            "rates.per_principal_per_minute=100000".to_owned(),
            "rates.per_address_per_minute=100000".to_owned(),
        ];
        all.extend_from_slice(settings);
        Self {
            folder: tempfile::tempdir().unwrap(),
            settings: all,
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs a command of the binary with these settings. Whether it went well, and what it said.
    pub async fn weft(&self, arguments: &[&str]) -> (bool, String) {
        weft(&self.data(), &self.settings, arguments).await
    }

    pub async fn serve(self) -> (TestServer, Vec<String>) {
        let server = TestServer::in_folder(self.folder, &self.settings).await;
        (server, self.settings)
    }
}

/// Runs a command of the binary. Whether it went well, and what it said.
pub async fn weft(data: &Path, settings: &[String], arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.args(arguments).arg("--data").arg(data);
    for setting in settings {
        command.args(["--set", setting]);
    }
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WEFT_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    // Servers of this test answer meanwhile.
    let ran = TaskTracker::new().spawn_blocking(move || command.output().unwrap());
    let output = ran.await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn settings_of(bucket: &S3Server) -> Vec<String> {
    vec![
        format!("storage.s3_endpoint={}", bucket.endpoint()),
        "storage.s3_path_style=true".to_owned(),
        format!("storage.s3_access_key_id={KEY_ID}"),
        format!("storage.s3_secret_access_key={SECRET}"),
    ]
}

/// What is put into a server, and must be found again.
struct World {
    studio: Studio,
    /// A document whose snapshot is a blob.
    large: Uuid,
    large_text: String,
    /// One that changes while things happen.
    busy: Uuid,
    /// A board with a task, and what somebody said about it.
    board: Uuid,
    task: Uuid,
    file: Uuid,
    /// A token that was signed before the move.
    token: String,
}

impl World {
    async fn build(server: &TestServer) -> Self {
        let studio = studio(server, "ada").await;
        let large_text: String = (0..4_000)
            .map(|line| format!("line {line} of a long text\n\n"))
            .collect();
        let large = create(
            server,
            &studio,
            json!({ "title": "Long", "content": large_text, "format": "markdown" }),
        );
        let large = id_of(&large.await);
        let busy = create(
            server,
            &studio,
            json!({ "title": "Busy", "content": "x", "format": "markdown" }),
        );
        let busy = id_of(&busy.await);
        compact(server, studio.owner.workspace, large).await;
        let token = studio.owner.token.clone();
        let board = id_of(&make(server, &studio, json!({ "title": "Loom" })).await);
        let task = new_task(server, &studio, &token).await;
        let comment = server
            .post(&format!("/v1/tasks/{}/comments", id_of(&task)))
            .bearer(&token);
        comment.json(json!({ "body": "Knots!" })).send().await.expect(201);
        let file = server
            .post(&format!("/v1/documents/{large}/attachments?name=cat.png"))
            .bearer(&token)
            .body("image/png", PNG)
            .send()
            .await;
        let picture = server
            .post("/v1/users/me/avatar")
            .bearer(&token)
            .body("image/png", PNG);
        picture.send().await.expect(200);
        Self {
            large_text: markdown(server, &token, large).await,
            large,
            busy,
            board,
            task: id_of(&task),
            file: id_of(&file.expect(201)),
            token,
            studio,
        }
    }

    /// Everything is there: the account and its password, keys, documents, files; and documents go on.
    async fn check(&self, server: &TestServer) {
        let owner: &Person = &self.studio.owner;
        let again = server.post("/v1/users/login");
        let again = again
            .json(json!({ "email": owner.email, "password": PASSWORD }))
            .send()
            .await;
        let fresh = text(&again.expect(200)["access_token"]);
        for token in [&self.token, &fresh] {
            assert_eq!(markdown(server, token, self.large).await, self.large_text);
        }
        let file = server.get(&format!("/v1/attachments/{}/download", self.file));
        assert_eq!(&file.bearer(&fresh).send().await.body[..], PNG);
        let picture = server.get(&format!("/v1/users/{}/avatar", owner.id));
        assert_eq!(&picture.bearer(&fresh).send().await.body[..], PNG);
        let before = markdown(server, &fresh, self.busy).await;
        append(server, &fresh, self.busy, "and on").await;
        assert_eq!(
            markdown(server, &fresh, self.busy).await,
            format!("{before}\nand on\n")
        );
        self.check_board(server, &fresh).await;
        assert_sound(server).await;
    }

    /// Rows and log of the board came together, and numbers go on where they were.
    async fn check_board(&self, server: &TestServer, token: &str) {
        agrees(server, &self.studio.owner, self.board).await;
        let comments = server
            .get(&format!("/v1/tasks/{}/comments", self.task))
            .bearer(token);
        let comments = comments.send().await.expect(200);
        assert_eq!(comments["data"][0]["body"], "Knots!");
        let known = server.get(&format!("/v1/tasks/{}", self.task)).bearer(token);
        let known = known.send().await.expect(200)["number"].as_u64().unwrap();
        let next = new_task(server, &self.studio, token).await["number"]
            .as_u64()
            .unwrap();
        assert!(next > known, "{next}");
        agrees(server, &self.studio.owner, self.board).await;
    }
}

async fn new_task(server: &TestServer, studio: &Studio, token: &str) -> Value {
    let path = format!("/v1/projects/{}/tasks", studio.project);
    let task = server.post(&path).bearer(token).json(json!({ "title": "Warp" }));
    task.send().await.expect(201)
}

/// Nothing is damaged. Blobs that were replaced and not swept yet are no damage.
async fn assert_sound(server: &TestServer) {
    let findings = weft_storage::doctor(&server.storage).await.unwrap();
    assert!(
        !findings.iter().any(weft_storage::Finding::is_damage),
        "{findings:?}"
    );
}

async fn markdown(server: &TestServer, token: &str, document: Uuid) -> String {
    let got = server
        .get(&format!("/v1/documents/{document}/content?format=markdown"))
        .bearer(token)
        .send()
        .await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.text()
}

/// Folds the log of a document, as the server does now and then.
async fn compact(server: &TestServer, workspace: Uuid, document: Uuid) {
    let (log, name) = (
        server.storage.log(),
        DocumentName::parse(&document.to_string()).unwrap(),
    );
    let found = log.find(WorkspaceId(workspace), DocumentKey::Name(&name)).await;
    log.compact(found.unwrap().unwrap().id).await.unwrap();
}

/// Adds a paragraph; when this returns it is durable.
async fn append(server: &TestServer, token: &str, document: Uuid, paragraph: &str) {
    let patch = server
        .patch(&format!("/v1/documents/{document}/content"))
        .bearer(token)
        .json(json!([{ "op": "append", "content": paragraph, "format": "markdown" }]))
        .send()
        .await;
    assert!(patch.status < 300, "{}", patch.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_running_server_comes_back() {
    let home = Home::new(&[]);
    let (backups, other) = (tempfile::tempdir().unwrap(), Home::new(&[]));
    let backup = backups.path().join("backup");
    let (server, settings) = home.serve().await;
    let world = World::build(&server).await;
    let data = server.data.path().join("data");

    // Somebody goes on writing; what was durable before the backup began is in it, and what is in it is a beginning of
    // what was written.
    append(&server, &world.token, world.busy, "before the backup").await;
    let stop = CancellationToken::new();
    let writing = async {
        let mut count = 0;
        while !stop.is_cancelled() {
            append(&server, &world.token, world.busy, &format!("p{count}")).await;
            compact(&server, world.studio.owner.workspace, world.busy).await;
            count += 1;
        }
        count
    };
    let backing_up = async {
        let to = backup.to_str().unwrap();
        let outcome = weft(&data, &settings, &["backup", to]).await;
        let again = weft(&data, &settings, &["backup", to]).await;
        stop.cancel();
        (outcome, again)
    };
    let (written, ((well, said), again)) = tokio::join!(writing, backing_up);
    assert!(well && said.contains("saved: 3 documents"), "{said}");
    assert!(!again.0 && again.1.contains("exists already"), "{}", again.1);
    assert!(written > 0, "nothing was written meanwhile");
    let whole = markdown(&server, &world.token, world.busy).await;
    let folder = server.stop().await;
    drop(folder);

    // A backup is a data directory.
    let (well, said) = weft(&backup, &[], &["doctor"]).await;
    assert!(well && said.contains("nothing is damaged"), "{said}");
    let (well, said) = other.weft(&["restore", backup.to_str().unwrap()]).await;
    assert!(well && said.contains("restored: 3 documents"), "{said}");
    let (well, said) = other.weft(&["restore", backup.to_str().unwrap()]).await;
    assert!(!well && said.contains("the target is not empty"), "{said}");
    let (server, _) = other.serve().await;
    let restored = markdown(&server, &world.token, world.busy).await;
    assert!(
        whole.starts_with(&restored) && restored.contains("before the backup"),
        "{restored}"
    );
    world.check(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_moves_to_postgres_and_a_bucket_and_back() {
    let Some(postgres) = cluster::server() else { return };
    let bucket = S3Server::start().await;
    let home = Home::new(&[]);
    let (server, settings) = home.serve().await;
    let world = World::build(&server).await;
    let data = server.data.path().join("data");
    let address = postgres.create_database();
    let source = data.to_str().unwrap().to_owned();
    let target = Home::new(&settings_of(&bucket));
    let place = bucket.place();
    let arguments = [
        "migrate-data",
        "--from",
        &source,
        "--to",
        &address,
        "--blobs",
        &place,
    ];

    let (well, said) = target.weft(&arguments).await;
    assert!(!well && said.contains("in use by another process"), "{said}");
    let folder = server.stop().await;
    let (well, said) = target.weft(&arguments).await;
    assert!(well && said.contains("moved: 3 documents"), "{said}");
    let (well, said) = target.weft(&arguments).await;
    assert!(!well && said.contains("the target is not empty"), "{said}");

    // The source is as it was.
    let (well, said) = weft(&data, &settings, &["doctor"]).await;
    assert!(well && said.contains("nothing is damaged"), "{said}");
    drop(folder);

    // A second node knows nothing but the addresses and the key.
    let mut cloud = settings_of(&bucket);
    cloud.push(format!("storage.database_url={address}"));
    let secret = std::fs::read_to_string(target.data().join("secret.key")).unwrap();
    let mut shared = cloud.clone();
    shared.push(format!("auth.encryption_secrets=main:{}", secret.trim()));
    let misled = Home::new(&shared);
    let (well, said) = misled.weft(&["doctor"]).await;
    assert!(!well && said.contains("weft move-blobs"), "{said}");
    shared.push(format!("storage.blobs={place}"));
    let (server, _) = Home::new(&shared).serve().await;
    world.check(&server).await;

    // From there a backup is a data directory as well.
    let backups = tempfile::tempdir().unwrap();
    let backup = backups.path().join("backup");
    let (well, said) = Home::new(&shared)
        .weft(&["backup", backup.to_str().unwrap()])
        .await;
    assert!(well && said.contains("keep auth.encryption_secrets"), "{said}");
    server.stop().await;
    let (well, said) = weft(&backup, &[], &["doctor"]).await;
    assert!(well && said.contains("nothing is damaged"), "{said}");
    let home = Home::new(&[format!("auth.encryption_secrets=main:{}", secret.trim())]);
    let (well, said) = home.weft(&["restore", backup.to_str().unwrap()]).await;
    assert!(well && said.contains("restored: 3 documents"), "{said}");
    let (server, _) = home.serve().await;
    world.check(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_move_to_a_bucket_and_back() {
    let bucket = S3Server::start().await;
    let (server, _) = Home::new(&[]).serve().await;
    let world = World::build(&server).await;
    let mut home = Home::new(&settings_of(&bucket));
    home.folder = server.stop().await;
    let place = bucket.place();

    let (well, said) = home.weft(&["move-blobs", "--to", &place]).await;
    assert!(well && said.contains("2 files"), "{said}");
    let (well, said) = home.weft(&["doctor"]).await;
    assert!(!well && said.contains("set storage.blobs back"), "{said}");
    home.settings.push(format!("storage.blobs={place}"));
    std::fs::remove_dir_all(home.data().join("blobs")).unwrap();
    std::fs::remove_dir_all(home.data().join("objects")).unwrap();
    let (server, settings) = home.serve().await;
    world.check(&server).await;
    let mut home = Home::new(&settings);
    home.folder = server.stop().await;

    let (well, said) = home.weft(&["move-blobs", "--to", "files"]).await;
    assert!(well, "{said}");
    home.settings.pop();
    let (server, _) = home.serve().await;
    world.check(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_lacks_something_says_what() {
    let (server, _) = Home::new(&[]).serve().await;
    let world = World::build(&server).await;
    let mut home = Home::new(&[]);
    home.folder = server.stop().await;
    std::fs::remove_dir_all(home.data().join("objects/workspaces")).unwrap();
    let backup = home.folder.path().join("backup");
    let (well, said) = home.weft(&["backup", backup.to_str().unwrap()]).await;
    assert!(
        !well && said.contains(&format!("missing: file {} does not exist", world.file)),
        "{said}"
    );
    assert!(backup.join("backup.txt").is_file(), "what there is was kept");
    // What was never finished is no backup.
    std::fs::remove_file(backup.join("backup.txt")).unwrap();
    let (well, said) = Home::new(&[]).weft(&["restore", backup.to_str().unwrap()]).await;
    assert!(!well && said.contains("is no complete backup"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_migrated_before_it_is_served() {
    let mut homes = vec![Home::new(&[])];
    if let Some(postgres) = cluster::server() {
        homes.push(Home::new(&[format!(
            "storage.database_url={}",
            postgres.create_database()
        )]));
    }
    for home in homes {
        let (well, said) = home.weft(&["migrate", "--check"]).await;
        assert!(!well && said.contains("missing: 1 documents"), "{said}");
        let (well, said) = home.weft(&["migrate"]).await;
        assert!(
            well && said.contains("made: 1 documents") && said.contains("made: 2 records"),
            "{said}"
        );
        for arguments in [&["migrate", "--check"][..], &["migrate"]] {
            let (well, said) = home.weft(arguments).await;
            assert!(well && said.contains("the database is up to date"), "{said}");
        }
        let (server, _) = home.serve().await;
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_older_version_has_written_is_served() {
    let home = Home::new(&[]);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../storage/tests/fixtures/0002-sqlite");
    let copied = Command::new("cp")
        .arg("-r")
        .args([&fixture, &home.data()])
        .status();
    assert!(copied.unwrap().success());
    let (server, _) = home.serve().await;
    let body = json!({ "email": "ada@example.com", "password": "correct horse battery staple" });
    let tokens = server.post("/v1/users/login").json(body).send().await.expect(200);
    let token = text(&tokens["access_token"]);
    let found = server
        .get("/v1/documents?sort=created_at")
        .bearer(&token)
        .send()
        .await
        .expect(200);
    let documents = found["data"].as_array().unwrap();
    assert_eq!(documents.len(), 2);
    for document in documents {
        let id = id_of(document);
        let content = markdown(&server, &token, id).await;
        let expected = match document["title"].as_str().unwrap() {
            "Small" => content.starts_with("warp and weft\n") && content.ends_with("the last one\n"),
            _ => content.len() > 64 * 1024 && content.ends_with("paragraph 5\n"),
        };
        assert!(expected, "{content}");
        append(&server, &token, id, "and on").await;
        assert_eq!(
            markdown(&server, &token, id).await,
            format!("{content}\nand on\n")
        );
        if document["title"] == "Small" {
            let files = server
                .get(&format!("/v1/documents/{id}/attachments"))
                .bearer(&token);
            let files = files.send().await.expect(200);
            let file = format!("/v1/attachments/{}/download", id_of(&files["data"][0]));
            assert_eq!(&server.get(&file).bearer(&token).send().await.body[..], PNG);
        }
    }
    assert_sound(&server).await;
    server.stop().await;
}
