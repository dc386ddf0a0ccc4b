//! The binary as its users meet it: what it prints, what it refuses, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

fn weft(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Whatever configures the server of whoever runs the tests does not concern the tests.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WEFT_") {
            command.env_remove(name);
        }
    }
    command
}

fn outcome(output: &Output) -> (bool, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn run(arguments: &[&str]) -> (bool, String, String) {
    outcome(&weft(arguments).output().unwrap())
}

const SECRET: &str = "auth.document_token_secrets=a:0123456789abcdef0123456789abcdef";

/// A server that is killed when the test ends.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn serving_prints_one_line_when_ready_and_ends_well_on_either_signal() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let data = tempfile::tempdir().unwrap();
        let data = data.path().to_str().unwrap();
        let command = &["serve", "--playground", "--listen", "127.0.0.1:0", "--data", data];
        let mut serving = Serving(weft(command).spawn().unwrap());
        let mut output = BufReader::new(serving.0.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("ready: http://")
            .and_then(|rest| rest.strip_suffix("/\n"))
            .unwrap();
        std::net::TcpStream::connect(address).unwrap();
        let kill = Command::new("kill")
            .args([&format!("-{signal}"), &serving.0.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert!(serving.0.wait().unwrap().success(), "signal {signal}");
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn a_used_address_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    let (well, output, errors) = run(&["serve", "--playground", "--listen", &address, "--data", data]);
    assert!(
        !well && output.is_empty() && errors.contains(&address),
        "{errors}"
    );
}

#[test]
fn the_playground_refuses_other_addresses() {
    let (well, output, errors) = run(&["serve", "--playground", "--listen", "0.0.0.0:0"]);
    assert!(
        !well && output.is_empty() && errors.contains("loopback"),
        "{errors}"
    );
}

#[test]
fn a_server_without_an_administrator_prints_a_token_for_the_first_one() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    let mut serving = Serving(
        weft(&["serve", "--listen", "127.0.0.1:0", "--data", data])
            .spawn()
            .unwrap(),
    );
    let mut output = BufReader::new(serving.0.stdout.take().unwrap());
    let (mut ready, mut token) = (String::new(), String::new());
    output.read_line(&mut ready).unwrap();
    output.read_line(&mut token).unwrap();
    assert!(ready.starts_with("ready: http://127.0.0.1:"), "{ready}");
    assert!(
        token.starts_with("make the first administrator with this token: weft_su_"),
        "{token}"
    );
}

#[test]
fn a_configuration_can_be_checked_and_shown_without_serving() {
    let (well, output, _) = run(&["serve", "--check-config", "--set", SECRET]);
    assert!(well && output.contains("valid"));
    let (well, _, errors) = run(&[
        "serve",
        "--check-config",
        "--playground",
        "--set",
        "limits.max_sokets=1",
    ]);
    assert!(
        !well && errors.contains("did you mean limits.max_sockets?"),
        "{errors}"
    );
    let mut command = weft(&[
        "serve",
        "--print-config",
        "--set",
        SECRET,
        "--listen",
        "127.0.0.1:3",
    ]);
    command
        .env("WEFT_LISTEN", "127.0.0.1:1")
        .env("WEFT_LIMITS_MAX_NESTING", "2");
    let (well, output, _) = outcome(&command.output().unwrap());
    assert!(
        well && output.contains("127.0.0.1:3") && output.contains("max_nesting = 2"),
        "{output}"
    );
    assert!(!output.contains("0123456789abcdef"));
    let (well, _, errors) = outcome(
        &weft(&["serve", "--check-config"])
            .env("WEFT_LISTN", "x")
            .output()
            .unwrap(),
    );
    assert!(!well && errors.contains("did you mean WEFT_LISTEN?"), "{errors}");
}

#[test]
fn tokens_are_signed_with_the_first_secret() {
    let (well, token, _) = run(&[
        "token",
        "--document",
        "team/*",
        "--scope",
        "read-only",
        "--set",
        SECRET,
    ]);
    assert!(well && token.trim().split('.').count() == 3, "{token}");
    let (well, _, errors) = run(&["token", "--document", "plan"]);
    assert!(
        !well && errors.contains("auth.document_token_secrets"),
        "{errors}"
    );
}
