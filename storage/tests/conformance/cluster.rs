//! A private Postgres server for the tests: one for each run, stopped when the run ends, however it ends.
//!
//! It listens on a socket in a directory of its own under the temporary directory, and on no port; servers that run on
//! the machine are neither used nor disturbed. `fsync` stays on. A runner that gives each test a process of its own
//! names its run (`NEXTEST_RUN_ID`); then the first test starts the server and the others use it.
//!
//! Shared by the tests of several crates, so it knows no database driver.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const HOW_TO_GET_IT: &str =
    "no Postgres server program was found: `apt-get install postgresql`, or as root `make setup`";

/// Waits for the process `$2` to end, then stops the server of the programs `$0` in the directory `$1` and removes both.
const KEEPER: &str = "while [ -d /proc/$2 ] || ps -p $2 >/dev/null 2>&1; do sleep 0.3; done
    \"$0/pg_ctl\" -D \"$1/data\" -m immediate -w stop
    cd / && rm -rf \"$1\" \"$1.lock\"";

/// A running server.
pub(crate) struct Server {
    directory: PathBuf,
    programs: PathBuf,
    next_database: AtomicU32,
    /// Ends after this process does, if this process has started it.
    _keeper: Option<Child>,
}

/// The server of this run. `None`, with a word why, where there is no Postgres and no CI either.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| programs().map(|programs| Server::of_this_run(&programs)));
    if server.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{HOW_TO_GET_IT}");
        let _ = writeln!(std::io::stderr(), "skipped: {HOW_TO_GET_IT}");
    }
    server.as_ref()
}

impl Server {
    fn of_this_run(programs: &Path) -> Self {
        let (name, process) = match std::env::var_os("NEXTEST_RUN_ID") {
            Some(run) => (run.into_string().unwrap(), std::os::unix::process::parent_id()),
            None => (format!("{:x}", rand::random::<u64>()), std::process::id()),
        };
        let directory = std::env::temp_dir().join(format!("weft-postgres-{name}"));
        let lock = std::fs::File::create(directory.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        let mut keeper = None;
        // Made anew when somebody has died in the middle of it.
        if !directory.join("ready").exists() {
            let _ = std::fs::remove_dir_all(&directory);
            std::fs::create_dir(&directory).unwrap();
            keeper = Some(start(programs, &directory, process));
            std::fs::write(directory.join("ready"), "").unwrap();
        }
        Self {
            directory,
            programs: programs.to_owned(),
            next_database: AtomicU32::new(1),
            _keeper: keeper,
        }
    }

    /// Creates an empty database and returns its address.
    pub(crate) fn create_database(&self) -> String {
        let name = format!(
            "test_{}_{}",
            std::process::id(),
            self.next_database.fetch_add(1, Ordering::Relaxed)
        );
        // Most often the role exists already.
        let _ = self.run("CREATE ROLE weft LOGIN");
        let created = self.run(&format!("CREATE DATABASE {name} OWNER weft"));
        assert!(created, "the database cannot be created");
        self.address("weft", &name)
    }

    /// Creates a database with what a dump holds, and returns its address.
    pub(crate) fn create_from_dump(&self, dump: &Path) -> String {
        let address = self.create_database();
        let loaded = Command::new(self.programs.join("psql"))
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-d", &address, "-f"])
            .arg(dump)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            loaded.status.success(),
            "{}",
            String::from_utf8_lossy(&loaded.stderr)
        );
        address
    }

    /// Runs a statement as the superuser.
    fn run(&self, statement: &str) -> bool {
        Command::new(self.programs.join("psql"))
            .args([
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                "postgres",
                "-h",
            ])
            .arg(&self.directory)
            .args(["-c", statement])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    /// The storage is no superuser, so that row-level security holds for it.
    fn address(&self, user: &str, database: &str) -> String {
        format!(
            "postgres://{user}@localhost/{database}?host={}",
            self.directory.display()
        )
    }
}

/// Starts a server in `directory` that is stopped, and `directory` removed, when `process` ends.
fn start(programs: &Path, directory: &Path, process: u32) -> Child {
    let account = account();
    if let Some((user, group)) = account {
        chown(directory, Some(user), Some(group)).unwrap();
        // Only its owner may remove it from the temporary directory.
        chown(directory.with_extension("lock"), Some(user), Some(group)).unwrap();
    }
    let command = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir(directory);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((user, group)) = account {
            command.uid(user).gid(group);
        }
        command
    };
    let keeper = command(Path::new("/bin/sh"))
        .args(["-c", KEEPER])
        .args([programs, directory])
        .arg(process.to_string())
        // Not in the group that an interrupt from the keyboard goes to.
        .process_group(0)
        .spawn()
        .unwrap();
    let data = directory.join("data");
    let made = command(&programs.join("initdb"))
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])
        .args(["--no-sync", "-D"])
        .arg(&data)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "initdb: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    let mut options = format!(
        "-c listen_addresses='' -c unix_socket_directories='{}'",
        directory.display()
    );
    let _ = write!(
        options,
        " -c fsync=on -c shared_buffers=32MB -c max_connections=200"
    );
    let started = command(&programs.join("pg_ctl"))
        .args(["-w", "-o", &options, "-l"])
        .arg(directory.join("log"))
        .arg("-D")
        .arg(&data)
        .arg("start")
        .status()
        .unwrap();
    let log = || std::fs::read_to_string(directory.join("log")).unwrap_or_default();
    assert!(started.success(), "Postgres does not start: {}", log());
    keeper
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
        ["initdb", "pg_ctl", "postgres", "psql"]
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
