//! `weft rebuild --projections`: the rows of boards, from which lists and searches answer, are made anew from their logs.
//!
//! Servers that have the database open may go on: a board's rows are replaced only as of where its log ends.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use uuid::Uuid;
use weft_storage::clock::SystemClock;
use weft_storage::records::BoardAddress;
use weft_storage::{RowsReport, Storage};

use super::{answer, start};
use crate::boot::open_storage;
use crate::config::Config;
use crate::rooms::{RebuiltRows, rebuild_rows};

/// Boards that are listed at a time.
const PAGE: u32 = 256;

/// What was done to all boards.
#[derive(Debug, Default)]
struct Summary {
    lines: String,
    boards: usize,
    changed: usize,
    left: usize,
}

/// Succeeds if the rows of all boards that are meant are right.
pub(super) fn run(config: &Config, boards: &[String]) -> anyhow::Result<ExitCode> {
    let wanted = boards.iter().map(|text| {
        let id = Uuid::try_parse(text);
        id.with_context(|| format!("`{text}` is no board's id"))
    });
    let wanted = wanted.collect::<anyhow::Result<Vec<_>>>()?;
    let summary = start(config)?.block_on(async {
        let storage = open_storage(config, Arc::new(SystemClock)).await?;
        let summary = rebuild(&storage, &wanted).await;
        storage.close().await;
        summary
    })?;
    let Summary {
        lines,
        boards,
        changed,
        left,
    } = summary;
    answer(&format!(
        "{lines}{boards} boards: {changed} put right, {left} left as they were\n"
    ))?;
    Ok(if left == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn rebuild(storage: &Storage, wanted: &[Uuid]) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut missing = wanted.to_vec();
    let mut after = None;
    loop {
        let mut tx = storage.records().read().await?;
        let page = tx.boards(after, PAGE).await?;
        drop(tx);
        let Some(last) = page.last() else { break };
        after = Some(last.board_id);
        for board in page {
            if wanted.is_empty() || wanted.contains(&board.board_id) {
                missing.retain(|id| *id != board.board_id);
                summary.add(board, rebuild_rows(storage, board).await?)?;
            }
        }
    }
    if let Some(id) = missing.first() {
        anyhow::bail!("there is no board `{id}`");
    }
    Ok(summary)
}

impl Summary {
    fn add(&mut self, board: BoardAddress, rebuilt: RebuiltRows) -> std::fmt::Result {
        let id = board.board_id;
        match rebuilt {
            RebuiltRows::Gone => return Ok(()),
            RebuiltRows::Right(report) if report == RowsReport::default() => {}
            RebuiltRows::Right(report) => {
                self.changed += 1;
                writeln!(
                    self.lines,
                    "{id}: put right {} tasks, {} columns, lanes, labels and fields, {} relations; removed {}, {} and {}; \
                     {} tasks were found by the wrong people",
                    report.tasks,
                    report.entries,
                    report.links,
                    report.gone_tasks,
                    report.gone_entries,
                    report.gone_links,
                    report.strays
                )?;
            }
            RebuiltRows::Left(why) => {
                self.left += 1;
                writeln!(self.lines, "{id}: left as it was, because {why}")?;
            }
        }
        self.boards += 1;
        Ok(())
    }
}
