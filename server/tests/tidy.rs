//! The rules of the house that no compiler checks: file headers, sizes, who may name whom, twin migrations.
//!
//! Each rule is a function over text, so each is also shown a text that breaks it: a rule that cannot fail proves
//! nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const CRATES: [&str; 4] = ["protocol", "storage", "server", "loadtest"];
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file below `folder` with one of `extensions`: its path from the root, with `/`, and its text.
fn files(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    const NOT_OURS: [&str; 5] = ["target", "node_modules", "dist", "corpus", "artifacts"];
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !NOT_OURS.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if extensions.iter().any(|extension| name.ends_with(extension)) {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<(String, String)> {
    let files: Vec<_> = CRATES.iter().flat_map(|folder| files(folder, &[".rs"])).collect();
    // The search itself must work, or everything below passes for want of files.
    assert!(files.iter().any(|(path, _)| path == "server/tests/tidy.rs"));
    assert!(CRATES.iter().all(|name| {
        files
            .iter()
            .any(|(path, _)| path.starts_with(&format!("{name}/src/")))
    }));
    files
}

fn complain(problems: impl IntoIterator<Item = String>) {
    let problems: Vec<_> = problems.into_iter().collect();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

fn has_header(text: &str) -> bool {
    text.lines()
        .next()
        .is_some_and(|line| line.strip_prefix("//! ").is_some_and(|rest| rest.len() > 5))
}

#[test]
fn every_file_says_what_it_is_for() {
    assert!(has_header("//! Who may open documents.\n"));
    assert!(!has_header("use std::fmt;\n//! Too late.\n") && !has_header("//!\n") && !has_header(""));
    complain(
        rust_files()
            .iter()
            .filter(|(_, text)| !has_header(text))
            .map(|(path, _)| format!("{path}: line 1 must be a `//!` header")),
    );
}

/// Lines before the tests of a file; the tests come last, in a module of their own.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests"));
    tests.unwrap_or(lines.len())
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs") || path.contains("/benches/")
}

#[test]
fn files_stay_small() {
    assert_eq!(lines_without_tests(&"x\n".repeat(501)), 501);
    assert_eq!(
        lines_without_tests(&format!("x\n#[cfg(test)]\nmod tests {{\n{}", "x\n".repeat(900))),
        1
    );
    assert!(is_test_file("server/tests/tidy.rs") && !is_test_file("server/src/rooms/state.rs"));
    complain(
        rust_files()
            .iter()
            .filter(|(path, text)| !is_test_file(path) && lines_without_tests(text) > MAX_LINES)
            .map(|(path, text)| {
                format!(
                    "{path}: {} lines without tests, at most {MAX_LINES}",
                    lines_without_tests(text)
                )
            }),
    );
}

/// Whether the code of `text` names the crate or module `name`, in a `use` line or as the beginning of a path.
fn names(text: &str, name: &str) -> bool {
    let code = &text.lines().take(lines_without_tests(text)).collect::<Vec<_>>();
    code.iter().any(|line| {
        let line = line.trim_start();
        if line.starts_with("//") {
            return false;
        }
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        line.match_indices(name).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = &line[at + name.len()..];
            let is_whole = !before.is_some_and(is_word) && !after.chars().next().is_some_and(is_word);
            let is_path =
                after.starts_with("::") || (line.contains("use ") && after.starts_with([';', ',', '}', ' ']));
            is_whole && is_path
        })
    })
}

/// Files whose path begins with the first must not name any of the others.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "protocol/src/",
        &[
            "tokio",
            "axum",
            "sqlx",
            "redis",
            "tracing",
            "std::env",
            "std::time",
            "std::fs",
            "std::net",
            "weft_storage",
        ],
    ),
    (
        "storage/src/",
        &[
            "axum",
            "weft_server",
            "weft_protocol::ywebsocket",
            "weft_protocol::hocuspocus",
        ],
    ),
    ("server/src/", &["sqlx", "redis", "aws_sdk_s3"]),
    ("server/src/rooms/state", &["tokio", "weft_storage", "std::time"]),
    (
        "server/src/rooms/replica",
        &["tokio", "weft_storage", "std::time"],
    ),
    ("server/src/rooms/", &["axum", "crate::http", "crate::ws"]),
    ("server/src/http/", &["yrs", "crate::ws"]),
    // Routes come with their descriptions.
    ("server/src/http/v1/", &["axum::routing"]),
    (
        "server/src/auth/",
        &[
            "axum",
            "yrs",
            "crate::http",
            "crate::ws",
            "crate::rooms",
            "std::env",
        ],
    ),
    (
        "server/src/accounts/",
        &[
            "axum",
            "yrs",
            "crate::http",
            "crate::ws",
            "crate::rooms",
            "std::env",
        ],
    ),
    (
        "server/src/access/",
        &["axum", "yrs", "crate::http", "crate::ws", "std::env"],
    ),
    (
        "server/src/mail/",
        &[
            "axum",
            "yrs",
            "weft_storage",
            "crate::http",
            "crate::ws",
            "crate::rooms",
        ],
    ),
    (
        "server/src/outgoing/",
        &[
            "axum",
            "yrs",
            "weft_storage",
            "crate::http",
            "crate::ws",
            "crate::rooms",
            "crate::auth",
        ],
    ),
    (
        "server/src/config/",
        &["axum", "tokio", "yrs", "crate::http", "crate::ws", "crate::rooms"],
    ),
    (
        "server/src/metrics/",
        &["axum", "tokio", "crate::http", "crate::ws", "crate::rooms"],
    ),
    ("loadtest/src/", &["weft_server", "weft_storage", "sqlx"]),
];

/// The public fields of metrics in `text`.
fn metric_fields(text: &str) -> Vec<&str> {
    const KINDS: [&str; 4] = ["Gauge", "Counter", "CounterFamily", "Histogram"];
    let fields = text.lines().filter_map(|line| {
        let (name, kind) = line.trim().strip_prefix("pub ")?.split_once(": ")?;
        KINDS.contains(&kind.trim_end_matches(',')).then_some(name)
    });
    fields.collect()
}

#[test]
fn every_metric_is_counted_somewhere() {
    assert_eq!(
        metric_fields("    pub doc_open: Gauge,\n    name: Counter,\n"),
        ["doc_open"]
    );
    let (metrics, others): (Vec<_>, Vec<_>) = rust_files()
        .into_iter()
        .filter(|(path, _)| path.starts_with("server/src/"))
        .partition(|(path, _)| path.starts_with("server/src/metrics/"));
    let fields: Vec<_> = metrics.iter().flat_map(|(_, text)| metric_fields(text)).collect();
    assert!(fields.contains(&"doc_open"));
    let is_counted = |field: &&&str| others.iter().any(|(_, text)| text.contains(&format!(".{field}")));
    complain(
        fields
            .iter()
            .filter(|field| !is_counted(field))
            .map(|field| format!("server/src/metrics: nothing counts `{field}`")),
    );
}

/// Names that must be found, lest a misspelt one passes above.
const EXPECTED: &[(&str, &str)] = &[
    ("protocol/src/", "thiserror"),
    ("storage/src/", "sqlx"),
    ("storage/src/", "weft_protocol"),
    ("server/src/", "tokio"),
    ("server/src/http/", "axum"),
    ("server/src/http/", "axum::routing"),
    ("server/src/http/v1/", "utoipa_axum"),
    ("server/src/http/", "crate::config"),
    ("server/src/auth/", "weft_protocol"),
    ("server/src/auth/", "crate::outgoing"),
    ("server/src/accounts/", "weft_storage"),
    ("server/src/mail/", "lettre"),
    ("server/src/outgoing/", "hyper"),
    ("server/src/rooms/", "yrs"),
    ("server/src/rooms/", "weft_storage"),
    ("server/src/ws/", "crate::rooms"),
    ("server/src/access/", "crate::rooms"),
    ("server/src/access/", "weft_storage"),
    ("loadtest/src/", "tokio"),
    ("loadtest/src/", "weft_protocol"),
];

#[test]
fn nobody_names_what_is_not_theirs() {
    assert!(names("use tokio::time::Instant;", "tokio") && names("let x = tokio::spawn(y);", "tokio"));
    assert!(names("use {tokio, axum};", "tokio") && names("pub use crate::http;", "crate::http"));
    assert!(!names("//! Uses tokio::time.", "tokio") && !names("use my_tokio::x;", "tokio"));
    assert!(!names("x\n#[cfg(test)]\nmod tests {\nuse tokio::x;\n}", "tokio"));
    let files = rust_files();
    let below = |start: &'static str| {
        files
            .iter()
            .filter(move |(path, _)| path.starts_with(start) && !is_test_file(path))
    };
    let mut problems = Vec::new();
    for (start, forbidden) in FORBIDDEN {
        for (path, text) in below(start) {
            for name in forbidden.iter().filter(|name| names(text, name)) {
                problems.push(format!("{path} must not name `{name}`"));
            }
        }
    }
    for (start, name) in EXPECTED {
        if !below(start).any(|(_, text)| names(text, name)) {
            problems.push(format!(
                "nothing below {start} names `{name}`: is the rule misspelt?"
            ));
        }
    }
    complain(problems);
}

/// The dependencies that a manifest declares, in any of its sections.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let table: toml::Table = manifest.parse().unwrap();
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| table.get(*section)?.as_table())
        .flat_map(|section| section.keys().cloned())
        .collect()
}

#[test]
fn manifests_keep_to_the_same_rules() {
    let of = |name: &str| {
        let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        (
            manifest.contains("[lints]\nworkspace = true"),
            dependencies(&manifest),
        )
    };
    for name in CRATES {
        assert!(
            of(name).0,
            "{name}/Cargo.toml must take the lints of the workspace"
        );
    }
    let lacks = |name: &str, forbidden: &[&str]| {
        let dependencies = of(name).1;
        forbidden.iter().all(|other| !dependencies.contains(*other))
    };
    assert!(lacks("server", &["sqlx", "redis", "aws-sdk-s3"]) && !lacks("server", &["tokio"]));
    assert!(
        lacks("protocol", &["tokio", "axum", "tracing", "weft-storage"]) && !lacks("protocol", &["bytes"])
    );
    assert!(lacks("storage", &["axum", "weft-server"]) && !lacks("storage", &["sqlx"]));
    assert!(lacks("loadtest", &["weft-server", "weft-storage"]) && !lacks("loadtest", &["weft-protocol"]));
}

/// What one of two lists of migrations has and the other lacks.
fn unpaired(one: &[String], other: &[String]) -> Vec<String> {
    let (one, other): (BTreeSet<_>, BTreeSet<_>) = (one.iter().collect(), other.iter().collect());
    one.symmetric_difference(&other)
        .map(|name| (*name).clone())
        .collect()
}

#[test]
fn migrations_come_in_pairs() {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        unpaired(&list(&["1_a.sql", "2_b.sql"]), &list(&["1_a.sql"])),
        list(&["2_b.sql"])
    );
    assert!(unpaired(&list(&["1_a.sql"]), &list(&["1_a.sql"])).is_empty());
    let folder = |backend: &str| {
        let start = format!("migrations/{backend}/");
        let found = files(&start, &[".sql"]);
        found
            .iter()
            .map(|(path, _)| path.strip_prefix(&start).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (sqlite, postgres) = (folder("sqlite"), folder("postgres"));
    assert!(!sqlite.is_empty(), "no migrations were found");
    complain(
        unpaired(&sqlite, &postgres)
            .into_iter()
            .map(|name| format!("migration {name} has no twin")),
    );
}

/// Paths that exist on one machine only.
fn names_a_machine(text: &str) -> bool {
    // Put together here, so that this file does not find itself.
    let paths = ["home/", "Users/", "root/", "work/"].map(|folder| format!("/{folder}"));
    paths.iter().any(|path| {
        text.match_indices(path.as_str()).any(|(at, _)| {
            text[..at]
                .chars()
                .next_back()
                .is_none_or(|before| " \"'`(=\n".contains(before))
        })
    })
}

#[test]
fn nothing_names_one_machine() {
    let folder = "/home";
    assert!(names_a_machine(&format!("see {folder}/someone/weft")));
    assert!(!names_a_machine("see ./weft-data and server/home/x"));
    let mut texts = rust_files();
    for folder in ["docs", "web", "migrations", "scripts", ".ci", "deploy"] {
        texts.extend(files(
            folder,
            &[".md", ".sql", ".sh", ".ts", ".js", ".mjs", ".css", ".html", "run"],
        ));
    }
    for name in [
        "Makefile",
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "Cargo.toml",
        "deny.toml",
    ] {
        texts.extend(std::fs::read_to_string(root().join(name)).map(|text| (name.to_owned(), text)));
    }
    complain(
        texts
            .iter()
            .filter(|(_, text)| names_a_machine(text))
            .map(|(path, _)| format!("{path}: names a path of one machine")),
    );
}
