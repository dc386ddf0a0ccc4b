//! `weft doctor`: looks at everything stored and names what is damaged, changing nothing.

use std::process::ExitCode;

use clap::Args;

use super::{SettingsArgs, start};

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(super) fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    start(&config)?.block_on(async { anyhow::bail!("there is no storage to look at yet") })
}
