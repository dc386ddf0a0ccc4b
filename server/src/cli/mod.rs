//! The command line. Answers go to standard output, everything else to standard error.

mod audit;
mod backup;
mod doctor;
mod migrate;
mod migrate_data;
mod rebuild;
mod rebuild_rows;
mod rotate_keys;
mod serve;
mod settings;
mod token;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use self::settings::SettingsArgs;
use crate::config::{Config, reference};
use crate::{http, telemetry};

/// Stack of each thread: the CRDT library recurses, and a document is allowed to nest.
const THREAD_STACK_BYTES: usize = 16 * 1024 * 1024;
/// Threads for work that blocks, such as files.
const MAX_BLOCKING_THREADS: usize = 64;

/// A real-time collaboration server for Yjs documents.
#[derive(Debug, Parser)]
#[command(name = "weft", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve documents.
    Serve(serve::ServeArgs),
    /// Check what is stored, and name every document that is damaged.
    Doctor(doctor::DoctorArgs),
    /// Rebuild damaged documents from their logs as far as these are readable, or the rows of boards.
    Rebuild(rebuild::RebuildArgs),
    /// Bring the database up to date, before a new version serves it.
    Migrate(migrate::MigrateArgs),
    /// Copy everything into a new directory, beside a running server.
    Backup(backup::BackupArgs),
    /// Put a backup back, into an empty data directory or database.
    Restore(backup::RestoreArgs),
    /// Copy everything from a data directory to Postgres and, if need be, a bucket.
    MigrateData(migrate_data::MigrateDataArgs),
    /// Copy snapshots and files to a bucket, or back, and have the database look for them there.
    MoveBlobs(migrate_data::MoveBlobsArgs),
    /// Check the audit log.
    Audit(audit::AuditArgs),
    /// Have the next signing key take over as soon as clients can know it.
    RotateKeys(rotate_keys::RotateKeysArgs),
    /// Sign a document token, for tests and development.
    Token(token::TokenArgs),
    /// Print the OpenAPI description of the REST API.
    Openapi,
    /// Show the version.
    Version,
    /// Print docs/configuration.md.
    #[command(hide = true)]
    Reference,
}

/// Runs the command of this process' arguments.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "weft: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Rebuild(args) => rebuild::run(args),
        Command::Migrate(args) => migrate::run(args),
        Command::Backup(args) => backup::backup(args),
        Command::Restore(args) => backup::restore(args),
        Command::MigrateData(args) => migrate_data::migrate_data(args),
        Command::MoveBlobs(args) => migrate_data::move_blobs(args),
        Command::Audit(args) => audit::run(args),
        Command::RotateKeys(args) => rotate_keys::run(args),
        Command::Token(args) => token::run(args),
        Command::Openapi => answer(&http::v1::openapi_text()),
        Command::Version => answer(&format!("weft {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Reference => answer(&reference::markdown()),
    }
}

/// Writes what a command answers to standard output.
fn answer(text: &str) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Starts logging and the runtime that `config` asks for.
fn start(config: &Config) -> anyhow::Result<Runtime> {
    telemetry::start(&config.log)?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.runtime.worker_threads > 0 {
        builder.worker_threads(config.runtime.worker_threads);
    }
    Ok(builder
        .enable_all()
        .thread_name("weft")
        .thread_stack_size(THREAD_STACK_BYTES)
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .build()?)
}
