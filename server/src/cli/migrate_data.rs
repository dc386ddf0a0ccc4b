//! `weft migrate-data` and `weft move-blobs`: from a data directory to Postgres and a bucket.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use weft_storage::StorageConfig;
use weft_storage::transfer;

use super::backup::{describe, tell};
use super::{SettingsArgs, start};
use crate::auth::sealed;
use crate::config::Setting;

#[derive(Debug, Args)]
pub(super) struct MigrateDataArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The data directory that everything is in; no server may have it open
    #[arg(long, value_name = "DIRECTORY")]
    from: PathBuf,
    /// The database that everything goes to; it must be empty [env: WEFT_DATABASE_URL]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Where snapshots and files go [env: WEFT_BLOBS] [default: files, in the directory of --data]
    #[arg(long, value_name = "PLACE")]
    blobs: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MoveBlobsArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Where snapshots and files are to be: files, or s3://bucket/folder
    #[arg(long, value_name = "PLACE")]
    to: String,
}

/// Copies everything; the source stays as it is.
pub(super) fn migrate_data(args: MigrateDataArgs) -> anyhow::Result<ExitCode> {
    let mut flags = Vec::new();
    if let Some(url) = args.to {
        flags.push(Setting::from_flag("storage", "database_url", url, "--to"));
    }
    if let Some(place) = args.blobs {
        flags.push(Setting::from_flag("storage", "blobs", place, "--blobs"));
    }
    let config = args.settings.load(flags)?;
    let to = config.storage.storage(&config.server.data)?;
    let from = StorageConfig::new(&args.from);
    anyhow::ensure!(
        args.from.join("weft.db").is_file(),
        "there is no database in {}",
        args.from.display()
    );
    let report = start(&config)?
        .block_on(transfer::transfer(&from, &to, &[sealed::FILE]))
        .context("the data was not moved")?;
    let mut text = describe("moved", &report)?;
    if config.auth.encryption_secrets.is_empty() {
        text.push_str("several servers need the same secret: set auth.encryption_secrets to main:<what secret.key holds>\n");
    }
    tell(&report, text)
}

/// Copies large bytes; the database then looks for them there.
pub(super) fn move_blobs(args: MoveBlobsArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let at = config.storage.storage(&config.server.data)?;
    let to = config.storage.place(&args.to)?;
    let place = to.to_string();
    let bytes = start(&config)?
        .block_on(transfer::move_blobs(&at, to))
        .context("snapshots and files stay where they are")?;
    let report = transfer::TransferReport {
        bytes,
        ..transfer::TransferReport::default()
    };
    let mut text = format!(
        "copied: {} blobs, {} files; now set storage.blobs to {place}\n",
        report.bytes.blobs, report.bytes.objects
    );
    for missing in &report.bytes.missing {
        text.push_str(&format!("missing: {missing}\n"));
    }
    if !report.bytes.missing.is_empty() {
        text.push_str("because of that, nothing was moved: see `weft doctor`\n");
    }
    tell(&report, text)
}
