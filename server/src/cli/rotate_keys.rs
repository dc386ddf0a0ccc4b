//! `weft rotate-keys`: has the next signing key take over early, because the one in use may have leaked or simply because.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use weft_storage::clock::{Clock, SystemClock};

use super::{SettingsArgs, answer, start};
use crate::accounts::Keyring;
use crate::auth::sealed::Sealer;
use crate::auth::settings;
use crate::boot::open_storage;

#[derive(Debug, Args)]
pub(super) struct RotateKeysArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Adds the key; servers that run on the same database learn it within a minute.
pub(super) fn run(args: RotateKeysArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let (kid, signs_from) = start(&config)?.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let storage = open_storage(&config, Arc::clone(&clock)).await?;
        let sealer = Sealer::load_or_create(&config.auth.encryption_secrets, &config.server.data)?;
        let policy = settings::rotation_policy(&config);
        let keyring = Keyring::open(storage.records().clone(), Arc::new(sealer), policy, clock).await?;
        let rotated = keyring.rotate().await;
        storage.close().await;
        anyhow::Ok(rotated?)
    })?;
    answer(&format!(
        "the key {kid} signs from {signs_from} (seconds since 1970) on; what older keys signed counts until it ends\n"
    ))
}
