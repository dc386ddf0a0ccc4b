//! `weft doctor`: looks at everything stored and names what is damaged, changing nothing.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use weft_storage::clock::SystemClock;

use super::{SettingsArgs, answer, start};
use crate::boot::open_storage;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Succeeds only if nothing is damaged.
pub(super) fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let findings = start(&config)?.block_on(async {
        let storage = open_storage(&config, Arc::new(SystemClock)).await?;
        let findings = weft_storage::doctor(&storage).await;
        storage.close().await;
        anyhow::Ok(findings?)
    })?;
    let mut text = String::new();
    for finding in &findings {
        writeln!(text, "{finding}")?;
    }
    let damaged = findings.iter().filter(|finding| finding.is_damage()).count();
    match damaged {
        0 => writeln!(text, "nothing is damaged")?,
        _ => writeln!(
            text,
            "{damaged} damaged; `weft rebuild` recovers what the logs still hold"
        )?,
    }
    answer(&text)?;
    Ok(if damaged == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
