//! `weft rebuild`: makes damaged documents usable again from what of their logs is readable.

use std::process::ExitCode;

use clap::Args;

use super::{SettingsArgs, start};

#[derive(Debug, Args)]
pub(super) struct RebuildArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The documents to rebuild; all damaged ones if none is named
    #[arg(value_name = "DOCUMENT")]
    documents: Vec<String>,
}

pub(super) fn run(args: RebuildArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let documents = args.documents.len();
    start(&config)?
        .block_on(async { anyhow::bail!("there is no storage to rebuild {documents} documents from yet") })
}
