//! `weft token`: signs a document token, so that nobody has to write a backend to try the server.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use weft_storage::clock::{Clock, SystemClock};

use super::{SettingsArgs, answer};
use crate::auth::{self, Access, DocumentPattern, TokenRequest};

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// A document that the token opens, or the beginning of names and `*`; may be repeated
    #[arg(long = "document", value_name = "NAME", required = true)]
    documents: Vec<String>,
    /// What it allows
    #[arg(long, value_enum, default_value_t = Scope::ReadWrite)]
    scope: Scope,
    /// Whose token it is
    #[arg(long, default_value = "developer")]
    subject: String,
    /// How long it lives
    #[arg(long, default_value_t = 60)]
    minutes: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scope {
    ReadWrite,
    ReadOnly,
}

pub(super) fn run(args: TokenArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    let documents = args
        .documents
        .iter()
        .map(|text| DocumentPattern::parse(text))
        .collect::<Result<_, _>>()?;
    let request = TokenRequest {
        subject: args.subject,
        documents,
        access: match args.scope {
            Scope::ReadWrite => Access::ReadWrite,
            Scope::ReadOnly => Access::ReadOnly,
        },
        lifetime_seconds: u64::from(args.minutes) * 60,
    };
    let now = u64::try_from(SystemClock.now_ms() / 1000).context("the clock is before 1970")?;
    answer(&format!("{}\n", auth::mint(&config, &request, now)?))
}
