//! `weft backup` and `weft restore`: a copy of everything as a data directory, and its return.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use weft_storage::clock::SystemClock;
use weft_storage::transfer::{self, BackupReport};

use super::{SettingsArgs, answer, start};
use crate::auth::sealed;

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The directory to make; it must not exist
    #[arg(value_name = "DIRECTORY")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The directory that `weft backup` has made
    #[arg(value_name = "DIRECTORY")]
    from: PathBuf,
}

/// Beside a running server. Fails if something that rows name was not there to be copied; the backup is kept then, too.
pub(super) fn backup(args: BackupArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let places = config.storage.storage(&config.server.data)?;
    // Without it nobody could read what is sealed in the database.
    let secret = config.server.data.join(sealed::FILE);
    let report = start(&config)?
        .block_on(transfer::backup(&places, &args.to, &[secret], &SystemClock))
        .context("there is no backup")?;
    let mut text = describe("saved", &report)?;
    if !config.auth.encryption_secrets.is_empty() {
        writeln!(
            text,
            "keep auth.encryption_secrets as well: they are in the settings and not in the backup"
        )?;
    }
    tell(&report, text)
}

/// Into an empty database.
pub(super) fn restore(args: RestoreArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let places = config.storage.storage(&config.server.data)?;
    let report = start(&config)?
        .block_on(transfer::restore(&args.from, &places, &[sealed::FILE]))
        .context("nothing was restored")?;
    let text = describe("restored", &report)?;
    tell(&report, text)
}

/// What was moved, for people.
pub(super) fn describe(verb: &str, report: &BackupReport) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "{verb}: {} documents with {} updates, {} accounts, {} blobs, {} files",
        report.documents,
        report.updates,
        report.rows("users").unwrap_or_default(),
        report.bytes.blobs,
        report.bytes.objects
    )?;
    for missing in &report.bytes.missing {
        writeln!(text, "missing: {missing}")?;
    }
    Ok(text)
}

/// Answers, and fails if something was missing.
pub(super) fn tell(report: &BackupReport, text: String) -> anyhow::Result<ExitCode> {
    answer(&text)?;
    Ok(if report.bytes.missing.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
