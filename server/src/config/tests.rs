//! What the layers, the checks and the defaults promise.

use super::*;

fn sources(environment: &[(&str, &str)], flags: &[&str]) -> Sources {
    Sources {
        file: None,
        environment: environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        flags: flags.iter().map(|flag| Setting::parse(flag).unwrap()).collect(),
    }
}

fn problems(environment: &[(&str, &str)], flags: &[&str]) -> String {
    load(&sources(environment, flags)).unwrap_err().to_string()
}

#[test]
fn the_default_file_and_the_structs_have_the_same_keys() {
    // Every field is required and unknown keys are refused, so parsing alone proves both directions.
    let defaults: toml::Table = DEFAULT_TOML.parse().unwrap();
    let config: Config = defaults.clone().try_into().unwrap();
    let again = toml::Table::try_from(&config).unwrap();
    assert_eq!(again, defaults);
    for (section, key) in layers::keys(&defaults) {
        let mut lacking = defaults.clone();
        lacking[section].as_table_mut().unwrap().remove(key);
        assert!(
            lacking.try_into::<Config>().is_err(),
            "{section}.{key} is no field"
        );
    }
    let mut more = defaults.clone();
    more["limits"]
        .as_table_mut()
        .unwrap()
        .insert("unheard_of".to_owned(), 1.into());
    assert!(more.try_into::<Config>().is_err());
}

#[test]
fn every_setting_has_a_comment_and_a_variable_of_its_own() {
    let defaults: toml::Table = DEFAULT_TOML.parse().unwrap();
    let mut variables: Vec<_> = layers::keys(&defaults)
        .map(|(section, key)| layers::variable(section, key))
        .collect();
    let count = variables.len();
    variables.sort();
    variables.dedup();
    assert_eq!(variables.len(), count);
    for row in reference::markdown()
        .lines()
        .filter(|line| line.starts_with("| `"))
    {
        assert!(!row.ends_with("|  |"), "no comment: {row}");
    }
}

#[test]
fn later_layers_win() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("weft.toml");
    std::fs::write(
        &file,
        "[limits]\nmax_sockets = 1\nmax_nesting = 7\nping_seconds = 5\n",
    )
    .unwrap();
    let mut sources = sources(
        &[
            ("WEFT_LIMITS_MAX_SOCKETS", "2"),
            ("WEFT_LIMITS_MAX_NESTING", "8"),
            ("HOME", "/"),
        ],
        &["limits.max_sockets=3_000"],
    );
    sources.file = Some(file);
    let limits = load(&sources).unwrap().limits;
    assert_eq!(
        (limits.max_sockets, limits.max_nesting, limits.ping_seconds),
        (3_000, 8, 5)
    );
    assert_eq!(limits.outbox_bytes, 1_048_576);
}

#[test]
fn lists_are_written_with_commas_whatever_their_members_are() {
    let variables = [
        ("WEFT_WEBHOOKS_RETRY_SECONDS", "1, 2,1_800"),
        ("WEFT_OUTGOING_ALLOWED_NETWORKS", "127.0.0.0/8, ::1/128"),
    ];
    let config = load(&sources(&variables, &[])).unwrap();
    assert_eq!(config.webhooks.retry_seconds, [1, 2, 1_800]);
    assert_eq!(config.outgoing.allowed_networks.len(), 2);
    let message = problems(&[], &["webhooks.retry_seconds=1,soon"]);
    assert!(
        message.contains("`webhooks.retry_seconds` (--set) must be a list of whole numbers"),
        "{message}"
    );
}

#[test]
fn the_file_may_be_named_by_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("weft.toml");
    std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:9\"\n").unwrap();
    let config = load(&sources(&[("WEFT_CONFIG", file.to_str().unwrap())], &[])).unwrap();
    assert_eq!(config.server.listen.port(), 9);
    assert!(problems(&[("WEFT_CONFIG", "/does/not/exist")], &[]).contains("/does/not/exist"));
}

#[test]
fn misspelt_names_are_errors_with_a_suggestion() {
    let message = problems(
        &[("WEFT_LISTN", "127.0.0.1:1")],
        &["limits.max_socket=1", "limit.max_sockets=1"],
    );
    assert!(
        message.contains("WEFT_LISTN is no setting; did you mean WEFT_LISTEN?"),
        "{message}"
    );
    assert!(message.contains("`limits.max_socket` (--set) is no setting; did you mean limits.max_sockets?"));
    assert!(message.contains("`limit.max_sockets` (--set) is no setting; did you mean limits.max_sockets?"));
    // What belongs to the tests and tools is not ours to judge.
    assert!(load(&sources(&[("WEFT_BIN", "x"), ("WEFT_TEST_SEED", "1")], &[])).is_ok());
}

#[test]
fn files_are_checked_as_strictly() {
    let directory = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = directory.path().join("weft.toml");
        std::fs::write(&file, text).unwrap();
        load(&Sources {
            file: Some(file),
            ..Sources::default()
        })
        .map(|_| ())
        .map_err(|error| error.to_string())
    };
    assert_eq!(check("[limits]\nmax_sockets = 5\n"), Ok(()));
    assert!(
        check("[limits]\nmax_sokets = 5\n")
            .unwrap_err()
            .contains("did you mean limits.max_sockets?")
    );
    assert!(
        check("[limits]\nmax_sockets = \"5\"\n")
            .unwrap_err()
            .contains("must be a whole number")
    );
    assert!(
        check("[limits]\nmax_sockets = -5\n")
            .unwrap_err()
            .contains("must not be negative")
    );
    assert!(
        check("max_sockets = 5\n")
            .unwrap_err()
            .contains("outside of a section")
    );
    assert!(check("[limits\n").unwrap_err().contains("not valid TOML"));
    assert!(check("[auth]\nallowed_origins = [1]\n").is_err());
}

#[test]
fn values_and_combinations_are_checked_together() {
    let message = problems(
        &[],
        &[
            "limits.max_sockets=0",
            "limits.keep_alive_seconds=26",
            "limits.ping_seconds=60",
            "auth.leeway_seconds=601",
        ],
    );
    assert!(
        message.contains("limits.max_sockets = 0 is out of range: it must be 1 to 1000000"),
        "{message}"
    );
    assert!(message.contains("limits.keep_alive_seconds = 26 is out of range: it must be 1 to 25"));
    assert!(message.contains("limits.unresponsive_seconds = 60 must be more than limits.ping_seconds = 60"));
    assert!(message.contains("auth.leeway_seconds"));
    assert!(
        problems(&[], &["limits.bytes_burst=16777216"]).contains("must be at least limits.max_message_bytes")
    );
    assert!(problems(&[], &["server.listen=localhost"]).contains("listen"));
    assert!(problems(&[], &["log.format=xml"]).contains("xml"));
}

#[test]
fn secrets_are_checked_and_never_shown() {
    let short = problems(&[("WEFT_AUTH_DOCUMENT_TOKEN_SECRETS", "a:tooshort")], &[]);
    assert!(
        short.contains("32 bytes") && !short.contains("tooshort"),
        "{short}"
    );
    let secret = "0123456789abcdef0123456789abcdef";
    let config = load(&sources(
        &[("WEFT_AUTH_DOCUMENT_TOKEN_SECRETS", &format!("a:{secret}"))],
        &[],
    ))
    .unwrap();
    assert_eq!(
        config.auth.document_token_secrets[0].parts(),
        Some(("a", secret.as_bytes()))
    );
    assert!(!config.to_toml().contains(secret) && !format!("{config:?}").contains(secret));
    let twice = problems(
        &[(
            "WEFT_AUTH_DOCUMENT_TOKEN_SECRETS",
            &format!("a:{secret},a:{secret}"),
        )],
        &[],
    );
    assert!(twice.contains("entry 2 is used twice"));
}

#[test]
fn the_playground_stays_on_loopback() {
    let serving = |flags: &[&str]| {
        load(&sources(&[], flags))
            .unwrap()
            .check_serving()
            .map_err(|e| e.to_string())
    };
    assert_eq!(serving(&["server.playground=true"]), Ok(()));
    assert_eq!(
        serving(&["server.playground=true", "server.listen=[::1]:8080"]),
        Ok(())
    );
    let refused = serving(&["server.playground=true", "server.listen=0.0.0.0:8080"]).unwrap_err();
    assert!(
        refused.contains("loopback") && refused.contains("0.0.0.0:8080"),
        "{refused}"
    );
    // Accounts need no secret.
    assert_eq!(serving(&[]), Ok(()));
    let secret = "auth.document_token_secrets=a:0123456789abcdef0123456789abcdef";
    assert_eq!(serving(&[secret, "server.listen=0.0.0.0:8080"]), Ok(()));
}

#[test]
fn combinations_of_identity_settings_are_checked() {
    let good = |flags: &[&str]| load(&sources(&[], flags)).is_ok();
    assert!(good(&[
        "server.public_url=https://weft.example.com",
        "external.issuer=https://idp.example.com/"
    ]));
    assert!(good(&[
        "oidc.issuer=https://idp.example.com",
        "oidc.client_id=weft"
    ]));
    assert!(good(&[
        "mail.smtp_username=u",
        "mail.smtp_password=p",
        "outgoing.allowed_networks=10.0.0.0/8,::1/128"
    ]));
    for (flags, words) in [
        (
            &["server.public_url=https://weft.example.com/"][..],
            "server.public_url",
        ),
        (&["server.public_url=weft.example.com"], "server.public_url"),
        (
            &["external.issuer=https://idp.example.com", "external.audience="],
            "external.audience",
        ),
        (&["oidc.issuer=https://idp.example.com"], "oidc.client_id"),
        (
            &[
                "oidc.issuer=https://idp.example.com",
                "oidc.client_id=w",
                "oidc.scopes=email",
            ],
            "openid",
        ),
        (&["mail.smtp_password=p"], "belong together"),
        (
            &[
                "mail.smtp_username=u",
                "mail.smtp_password=p",
                "mail.smtp_security=none",
            ],
            "in the clear",
        ),
        (&["mail.from=nobody"], "mail.from"),
        (&["outgoing.allowed_networks=10.0.0.0"], "allowed_networks"),
        (&["auth.session_idle_days=31"], "session_idle_days"),
        (&["auth.registration=maybe"], "maybe"),
        (&["auth.encryption_secrets=a:short"], "encryption_secrets"),
    ] {
        let message = problems(&[], flags);
        assert!(message.contains(words), "{flags:?}: {message}");
    }
    let secret = load(&sources(&[], &["oidc.client_secret=hunter2"])).unwrap();
    assert!(!secret.to_toml().contains("hunter2") && !format!("{secret:?}").contains("hunter2"));
}

#[test]
fn the_reference_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == reference::markdown(),
        "docs/configuration.md is stale: run `make docs`"
    );
}

#[test]
fn a_database_address_is_checked_and_never_shown() {
    let url = "postgres://ann:s3cret-word@db.example.com/weft";
    let config = load(&sources(&[("WEFT_DATABASE_URL", url)], &[])).unwrap();
    let shown = format!("{config:?}{}", config.to_toml());
    assert!(
        shown.contains("database_url = \"(hidden)\"") && !shown.contains("s3cret"),
        "{shown}"
    );
    let database = config.storage.database_url.database().unwrap();
    assert!(matches!(database, weft_storage::Database::Postgres(_)));
    let config = load(&sources(&[], &[])).unwrap();
    let database = config.storage.database_url.database().unwrap();
    assert!(matches!(database, weft_storage::Database::Embedded));
    let refused = problems(&[("WEFT_DATABASE_URL", "mysql://ann:s3cret-word@db/weft")], &[]);
    assert!(
        refused.contains("storage.database_url") && !refused.contains("s3cret"),
        "{refused}"
    );
}
