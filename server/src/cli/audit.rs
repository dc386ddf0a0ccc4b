//! `weft audit verify`: walks the chains of the audit log and says where the first of them is broken.
//!
//! It changes nothing, and holds a page of entries, one segment of those that were archived or one line of a file at a time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use uuid::Uuid;
use weft_storage::clock::SystemClock;
use weft_storage::records::{AuditChain, AuditFlaw, AuditLine};
use weft_storage::{AuditArchiveError, Storage, WorkspaceId};

use super::{SettingsArgs, answer, start};
use crate::audit::{hex, unhex};
use crate::boot::open_storage;

/// Entries, and chains, that are read at a time.
const PAGE: u32 = 500;
/// The longest line of an export, in bytes: far more than an entry can be.
const MAX_LINE: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Check that no entry was changed, dropped or put elsewhere.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
struct VerifyArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Check the log of this workspace alone; all zeros: the server's own
    #[arg(long, value_name = "ID")]
    workspace: Option<Uuid>,
    /// Check this export instead of the database
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Check that the log still has the entry that was kept elsewhere; needs --workspace or --file
    #[arg(long, value_name = "SEQ:HASH", value_parser = parse_head)]
    head: Option<Head>,
}

/// An entry that somebody kept elsewhere.
#[derive(Debug, Clone, Copy)]
struct Head(i64, [u8; 32]);

fn parse_head(text: &str) -> Result<Head, &'static str> {
    const MESSAGE: &str = "it must be a place, a colon and 64 hexadecimal digits, as verify prints them";
    let (seq, hash) = text.split_once(':').ok_or(MESSAGE)?;
    let seq: i64 = seq.parse().map_err(|_| MESSAGE)?;
    if seq < 1 {
        return Err(MESSAGE);
    }
    Ok(Head(seq, unhex(hash).ok_or(MESSAGE)?))
}

/// Succeeds only if every chain that was checked is whole.
pub(super) fn run(args: AuditArgs) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify(args) = args.command;
    let anchor = args.head.map(|head| (head.0, head.1));
    if anchor.is_some() && args.workspace.is_none() && args.file.is_none() {
        anyhow::bail!("--head is of one log: say which with --workspace or --file");
    }
    let mut is_whole = true;
    let mut tell = |workspace: WorkspaceId, checked: Checked| {
        is_whole &= checked.is_ok();
        answer(&said(workspace, checked)).map(|_| ())
    };
    if let Some(path) = &args.file {
        let (workspace, checked) = check_file(path, args.workspace.map(WorkspaceId), anchor)?;
        tell(workspace, checked)?;
    } else {
        let config = args.settings.load(Vec::new())?;
        let only = args.workspace.map(WorkspaceId);
        start(&config)?.block_on(async {
            let storage = open_storage(&config, Arc::new(SystemClock)).await?;
            let checked = check_all(&storage, only, anchor, &mut tell).await;
            storage.close().await;
            checked
        })?;
    }
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is said of a log.
fn said(workspace: WorkspaceId, checked: Checked) -> String {
    let workspace = workspace.0;
    match checked {
        Ok(chain) if chain.seq() == 0 => format!("{workspace}: no entries\n"),
        Ok(chain) => {
            let (seq, hash) = (chain.seq(), hex(&chain.hash()));
            format!("{workspace}: {seq} entries are whole, head {seq}:{hash}\n")
        }
        Err(flaw) => format!("{workspace}: {flaw}\n"),
    }
}

type Checked = Result<AuditChain, Flaw>;

/// What is wrong with a log: with an entry, or with the archive.
#[derive(Debug, thiserror::Error)]
enum Flaw {
    #[error(transparent)]
    Entry(#[from] AuditFlaw),
    #[error("{0}")]
    Archive(AuditArchiveError),
}

async fn check_all(
    storage: &Storage,
    only: Option<WorkspaceId>,
    anchor: Option<(i64, [u8; 32])>,
    tell: &mut impl FnMut(WorkspaceId, Checked) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if let Some(workspace) = only {
        tell(workspace, check_stored(storage, workspace, anchor).await?)?;
        return Ok(());
    }
    let mut after = None;
    loop {
        let page = storage.records().read().await?.audit_chains(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        for workspace in page {
            tell(workspace, check_stored(storage, workspace, None).await?)?;
        }
    }
}

/// Walks the chain of a workspace, archived or not, up to where it ended when this began.
async fn check_stored(
    storage: &Storage,
    workspace: WorkspaceId,
    anchor: Option<(i64, [u8; 32])>,
) -> anyhow::Result<Checked> {
    let mut tx = storage.records().read().await?;
    let mut tenant = tx.workspace(workspace).await?;
    let head = tenant.audit_head().await?;
    let stray = tenant.audit_stray().await?;
    drop(tx);
    if let Some(seq) = stray {
        return Ok(Err(AuditFlaw::Doubled(seq).into()));
    }
    let mut chain = AuditChain::new(workspace, anchor);
    let mut walk = storage.audit_archive().walk(workspace);
    loop {
        let page = match walk.next(PAGE).await {
            Ok(page) => page,
            Err(damage @ AuditArchiveError::Damaged { .. }) => return Ok(Err(Flaw::Archive(damage))),
            Err(error) => return Err(error.into()),
        };
        if page.is_empty() {
            break;
        }
        for entry in page {
            if let Err(flaw) = chain.follow(&entry) {
                return Ok(Err(flaw.into()));
            }
            if entry.seq == head.seq && head.hash != Some(entry.hash) {
                return Ok(Err(AuditFlaw::Replaced(entry.seq).into()));
            }
        }
    }
    if chain.seq() < head.seq {
        let cut = AuditFlaw::Cut {
            expected: head.seq,
            found: chain.seq(),
        };
        return Ok(Err(cut.into()));
    }
    Ok(finished(chain))
}

/// A chain to which nothing was to be objected until its end.
fn finished(chain: AuditChain) -> Checked {
    chain.finish()?;
    Ok(chain)
}

/// Walks the chain in an export. The log that it is of, if it is not said, is that of its first line.
fn check_file(
    path: &Path,
    workspace: Option<WorkspaceId>,
    anchor: Option<(i64, [u8; 32])>,
) -> anyhow::Result<(WorkspaceId, Checked)> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut file = BufReader::new(file);
    let mut chain = workspace.map(|workspace| (workspace, AuditChain::new(workspace, anchor)));
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        if (&mut file).take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        let entry =
            AuditLine::parse(&line).with_context(|| format!("line {number} is no entry of an audit log"))?;
        let (workspace, chain) =
            chain.get_or_insert_with(|| (entry.workspace, AuditChain::new(entry.workspace, anchor)));
        if let Err(flaw) = chain.follow(&entry) {
            return Ok((*workspace, Err(flaw.into())));
        }
    }
    let (workspace, chain) = chain.context("the file has no entries")?;
    Ok((workspace, finished(chain)))
}
