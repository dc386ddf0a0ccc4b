//! `weft rebuild`: makes damaged documents usable again from what of their logs is readable; with `--projections`, the
//! rows of boards.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use weft_protocol::id::DocumentName;
use weft_storage::clock::SystemClock;
use weft_storage::{RebuildReport, RebuildSelection, Storage, WorkspaceId, rebuild};

use super::{SettingsArgs, answer, rebuild_rows, start};
use crate::boot::open_storage;

#[derive(Debug, Args)]
pub(super) struct RebuildArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Make the rows of boards anew, from which lists and searches answer; their documents stay as they are
    #[arg(long)]
    projections: bool,
    /// The documents to rebuild; all damaged ones if none is named, with --projections all boards
    #[arg(value_name = "DOCUMENT")]
    documents: Vec<String>,
}

/// Succeeds if the documents can be used again, also where updates had to be left out.
pub(super) fn run(args: RebuildArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load(Vec::new())?;
    if args.projections {
        return rebuild_rows::run(&config, &args.documents);
    }
    let reports = start(&config)?.block_on(async {
        let storage = open_storage(&config, Arc::new(SystemClock)).await?;
        let reports = rebuild_all(&storage, &args.documents).await;
        storage.close().await;
        reports
    })?;
    let mut text = String::new();
    for report in &reports {
        describe(report, &mut text)?;
    }
    if reports.is_empty() {
        writeln!(text, "nothing to rebuild")?;
    }
    answer(&text)
}

async fn rebuild_all(storage: &Storage, documents: &[String]) -> anyhow::Result<Vec<RebuildReport>> {
    if documents.is_empty() {
        return Ok(rebuild(storage, &RebuildSelection::Damaged).await?);
    }
    let mut reports = Vec::new();
    for document in documents {
        let name =
            DocumentName::parse(document).with_context(|| format!("`{document}` is no document name"))?;
        let selection = RebuildSelection::Named {
            workspace: WorkspaceId::DEFAULT,
            name,
        };
        let found = rebuild(storage, &selection).await?;
        anyhow::ensure!(!found.is_empty(), "there is no document `{document}`");
        reports.extend(found);
    }
    Ok(reports)
}

fn describe(report: &RebuildReport, text: &mut String) -> std::fmt::Result {
    writeln!(text, "{}: rebuilt up to update {}", report.name, report.head)?;
    for damage in &report.damage {
        writeln!(text, "  was damaged: {damage}")?;
    }
    for seq in &report.skipped {
        writeln!(text, "  left out: update {seq}")?;
    }
    for place in &report.kept_aside {
        writeln!(text, "  kept aside: {place}")?;
    }
    Ok(())
}
