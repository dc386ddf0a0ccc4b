//! Webhooks when servers die in the middle, and when several run on one database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;

use crate::documents::studio;
use crate::support::receiver::{OK, Receiver};
use crate::support::{TestServer, copy_directory, number_of, postgres_database};
use crate::webhooks::{LOCAL, make_document, register_for_documents, secret_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_servers_on_one_database_one_sends_each_message() {
    const EVENTS: usize = 60;
    let Some(database) = postgres_database() else {
        return;
    };
    let shared = [
        format!("storage.database_url={database}"),
        format!("auth.encryption_secrets=a:{}", "e".repeat(32)),
        "server.public_url=http://weft.test".to_owned(),
    ];
    let settings: Vec<&str> = LOCAL
        .iter()
        .copied()
        .chain(shared.iter().map(String::as_str))
        .collect();
    let (one, other) = (
        TestServer::with(&settings).await,
        TestServer::with(&settings).await,
    );
    let studio = studio(&one, "ada").await;
    let receivers = [Receiver::answering(&[OK]).await, Receiver::answering(&[OK]).await];
    for receiver in &receivers {
        register_for_documents(&one, &studio, receiver).await;
    }
    for number in 0..EVENTS {
        let server = if number % 2 == 0 { &one } else { &other };
        make_document(server, &studio, &format!("Document {number}")).await;
    }
    for receiver in &receivers {
        receiver.wait_for(EVENTS).await;
    }
    // Whoever else had one would send it now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for receiver in &receivers {
        let come = receiver.deliveries();
        let ids: BTreeSet<_> = come.iter().map(|delivery| &delivery.id).collect();
        assert_eq!((come.len(), ids.len()), (EVENTS, EVENTS));
    }
}

/// A server of its own process, on a data directory that another one has left.
pub struct Process(Child, pub std::net::SocketAddr);

const PUBLIC_URL: &str = "server.public_url=http://weft.test";

impl Process {
    pub fn start(data: &Path) -> Self {
        Self::with(data, &[PUBLIC_URL])
    }

    pub fn with(data: &Path, settings: &[&str]) -> Self {
        use std::io::BufRead as _;
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data);
        for setting in LOCAL.iter().chain(settings) {
            command.args(["--set", setting]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line.strip_prefix("ready: http://").unwrap();
        let address = address.trim_end_matches("/\n").parse().unwrap();
        Self(child, address)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_at_any_moment_nothing_is_lost_and_what_comes_twice_has_one_id() {
    const EACH: usize = 5;
    if std::env::var_os("WEFT_TEST_DATABASE").is_some_and(|name| name == "postgres") {
        // What is killed here is the server with its embedded database.
        return;
    }
    let seed = number_of("WEFT_SEED").unwrap_or_else(rand::random);
    let rounds = number_of("WEFT_ROUNDS").unwrap_or(10);
    println!("WEFT_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = TestServer::with(&[LOCAL, &[PUBLIC_URL]].concat()).await;
    let studio = studio(&server, "ada").await;
    let receiver = Receiver::answering(&[OK]).await;
    let endpoint = register_for_documents(&server, &studio, &receiver).await;
    let secret = secret_of(&server, &studio, endpoint).await;
    let data = tempfile::tempdir().unwrap();
    copy_directory(&server.data.path().join("data"), data.path());
    let mut made = BTreeSet::new();
    for round in 0..rounds {
        let process = Process::start(data.path());
        server.address = process.1;
        for number in 0..EACH {
            let id = make_document(&server, &studio, &format!("{round}.{number}")).await;
            made.insert(json!(id).to_string());
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..60))).await;
        drop(process);
    }
    let process = Process::start(data.path());
    server.address = process.1;
    // An attempt whose server died is made again once its claim is over.
    let mut by_document: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for _ in 0..1_000 {
        by_document.clear();
        for delivery in receiver.deliveries() {
            assert!(delivery.is_signed_with(&secret));
            let document = delivery.json()["data"]["document_id"].to_string();
            by_document.entry(document).or_default().insert(delivery.id);
        }
        if by_document.len() == made.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told: BTreeSet<_> = by_document.keys().cloned().collect();
    assert_eq!(told, made);
    assert!(by_document.values().all(|ids| ids.len() == 1));
}
