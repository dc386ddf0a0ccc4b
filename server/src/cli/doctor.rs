//! `weft doctor`: looks at everything stored and names what is damaged, changing nothing; and at the way to other nodes.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use weft_storage::clock::SystemClock;

use super::{SettingsArgs, answer, start};
use crate::boot::{open_bus, open_storage};
use crate::config::Config;

/// How long Redis has to carry a word from this process to itself.
const REDIS_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Succeeds only if nothing is damaged.
pub(super) fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let (findings, redis) = start(&config)?.block_on(async {
        let storage = open_storage(&config, Arc::new(SystemClock)).await?;
        let findings = weft_storage::doctor(&storage).await;
        storage.close().await;
        anyhow::Ok((findings?, hears_itself(&config).await?))
    })?;
    let mut text = String::new();
    match redis {
        Some(true) => writeln!(text, "redis carries what nodes tell each other")?,
        Some(false) => writeln!(
            text,
            "redis does not carry what nodes tell each other; they go on through the log, within 2 s"
        )?,
        None => {}
    }
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

/// Whether what a node says over Redis is heard; `None` without Redis. It decides nothing: Redis is a hint.
async fn hears_itself(config: &Config) -> anyhow::Result<Option<bool>> {
    let bus = open_bus(config)?;
    if !bus.is_shared() {
        return Ok(None);
    }
    let connected = async {
        while !bus.stats().is_connected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let is_connected = tokio::time::timeout(REDIS_PATIENCE, connected).await.is_ok();
    bus.close().await;
    Ok(Some(is_connected))
}
