//! Flags that set settings, shared by the commands that need a configuration.

use std::path::PathBuf;

use clap::Args;

use crate::config::{self, Config, ConfigError, Environment, Setting, Sources};

/// Where settings come from. Each may also stand in the file or in the environment (docs/configuration.md).
#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// Read settings from this TOML file [env: WEFT_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory for the database and the blob files [env: WEFT_DATA] [default: ./weft-data]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<String>,
    /// Set any setting, such as limits.max_sockets=500; may be repeated
    #[arg(long, value_name = "SECTION.KEY=VALUE", value_parser = parse_setting)]
    set: Vec<Setting>,
}

fn parse_setting(text: &str) -> Result<Setting, &'static str> {
    Setting::parse(text).ok_or("it must look like limits.max_sockets=500")
}

impl SettingsArgs {
    /// The configuration with these flags, and then `more`, on top.
    pub(super) fn load(self, more: Vec<Setting>) -> Result<Config, ConfigError> {
        let data = self
            .data
            .map(|data| Setting::from_flag("server", "data", data, "--data"));
        let flags = self.set.into_iter().chain(data).chain(more).collect();
        config::load(&Sources {
            file: self.config,
            environment: Environment::of_process(),
            flags,
        })
    }
}
