//! `weft serve`.

use std::process::ExitCode;

use clap::Args;

use super::{SettingsArgs, answer, start};
use crate::boot;
use crate::config::Setting;
use crate::descriptors;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Address and port to listen on [env: WEFT_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Let everybody on this machine in without a token; loopback only [env: WEFT_PLAYGROUND]
    #[arg(long)]
    playground: bool,
    /// Check the configuration and end
    #[arg(long)]
    check_config: bool,
    /// Print the effective configuration, secrets hidden, and end
    #[arg(long)]
    print_config: bool,
}

pub(super) fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let mut flags = Vec::new();
    if let Some(listen) = args.listen {
        flags.push(Setting::from_flag("server", "listen", listen, "--listen"));
    }
    if args.playground {
        flags.push(Setting::from_flag("server", "playground", "true", "--playground"));
    }
    let config = args.settings.load(flags)?;
    if args.print_config {
        return answer(&config.to_toml());
    }
    config.check_serving()?;
    if args.check_config {
        return answer("the configuration is valid\n");
    }
    let runtime = start(&config)?;
    descriptors::make_room_for(config.limits.max_sockets);
    runtime.block_on(boot::serve(config))
}
