//! `weft migrate`: brings the database up to date before a new version serves it.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::{SettingsArgs, answer, start};

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Change nothing, and fail if there is something to do
    #[arg(long)]
    check: bool,
}

/// With `--check` it succeeds only if there is nothing to do.
pub(super) fn run(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let places = config.storage.storage(&config.server.data)?;
    let migrations = start(&config)?
        .block_on(async {
            if args.check {
                weft_storage::pending_migrations(&places).await
            } else {
                weft_storage::migrate(&places).await
            }
        })
        .context("cannot migrate the database")?;
    let mut text = String::new();
    let what = if args.check { "missing" } else { "made" };
    for migration in &migrations {
        writeln!(text, "{what}: {} {}", migration.version, migration.name)?;
    }
    if migrations.is_empty() {
        writeln!(text, "the database is up to date")?;
    }
    answer(&text)?;
    Ok(if args.check && !migrations.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
