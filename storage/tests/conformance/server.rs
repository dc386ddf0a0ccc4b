//! A private Postgres server, started for the tests of this process and stopped when the process ends, however it ends.
//!
//! It listens on a socket in a directory of its own under the temporary directory, and on no port; servers that run on
//! the machine are neither used nor disturbed. `fsync` stays on.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

const HOW_TO_GET_IT: &str =
    "no Postgres server program was found: `apt-get install postgresql`, or as root `make setup`";

/// A running server.
pub(crate) struct Server {
    directory: PathBuf,
    next_database: AtomicU32,
    /// Stops the server as soon as its standard input ends, which the end of this process does.
    _keeper: Child,
}

/// The server of this process. `None`, with a word why, where there is no Postgres and no CI either.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| programs().map(|programs| Server::start(&programs)));
    if server.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{HOW_TO_GET_IT}");
        let _ = writeln!(std::io::stderr(), "skipped: {HOW_TO_GET_IT}");
    }
    server.as_ref()
}

impl Server {
    fn start(programs: &Path) -> Self {
        let directory = tempfile::Builder::new().prefix("weft-postgres-").tempdir();
        let directory = directory.unwrap().keep();
        let account = account();
        if let Some((user, group)) = account {
            chown(&directory, Some(user), Some(group)).unwrap();
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir(&directory).stdin(Stdio::null());
            if let Some((user, group)) = account {
                command.uid(user).gid(group);
            }
            command
        };
        let stop = "cat >/dev/null; \"$0/pg_ctl\" -D \"$1/data\" -m immediate -w stop; cd / && rm -rf \"$1\"";
        let keeper = command(Path::new("/bin/sh"))
            .args(["-c", stop])
            .args([programs, &directory])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not in the group that an interrupt from the keyboard goes to.
            .process_group(0)
            .spawn()
            .unwrap();
        let data = directory.join("data");
        let initdb = command(&programs.join("initdb"))
            .args([
                "-U",
                "weft",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .output();
        succeeded(initdb.unwrap());
        let mut options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}'",
            directory.display()
        );
        let _ = write!(
            options,
            " -c fsync=on -c shared_buffers=32MB -c max_connections=60"
        );
        let started = command(&programs.join("pg_ctl"))
            .args(["-w", "-o", &options, "-l"])
            .arg(directory.join("log"))
            .arg("-D")
            .arg(&data)
            .arg("start")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let log = || std::fs::read_to_string(directory.join("log")).unwrap_or_default();
        assert!(started.success(), "Postgres does not start: {}", log());
        Self {
            directory,
            next_database: AtomicU32::new(1),
            _keeper: keeper,
        }
    }

    /// Creates an empty database and returns its address.
    pub(crate) async fn create_database(&self) -> String {
        let name = format!("test_{}", self.next_database.fetch_add(1, Ordering::Relaxed));
        let mut connection = connect(&self.address("postgres")).await;
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        self.address(&name)
    }

    fn address(&self, database: &str) -> String {
        format!(
            "postgres://weft@localhost/{database}?host={}",
            self.directory.display()
        )
    }
}

/// A connection of its own, past the storage.
pub(crate) async fn connect(address: &str) -> PgConnection {
    let options: PgConnectOptions = address.parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}

fn succeeded(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The directory of the newest server programs.
fn programs() -> Option<PathBuf> {
    let mut candidates: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    let version = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok())
    };
    candidates.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let mut candidates: Vec<PathBuf> = candidates.into_iter().map(|path| path.join("bin")).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        candidates.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    candidates.extend(std::env::split_paths(&path));
    let has_all = |directory: &PathBuf| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|program| directory.join(program).is_file())
    };
    candidates.into_iter().find(has_all)
}

/// Postgres refuses to run as root: the user and group to run it as, when that is who we are.
fn account() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)))
}
