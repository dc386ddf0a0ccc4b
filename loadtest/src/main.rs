//! `weft-loadtest`: the command line in front of the swarm.
//!
//! Invariant: the exit code is 0 only if every round of every target passed the check of its content.

use std::fs;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use weft_loadtest::cli::{Cli, Command, Common, Floor};
use weft_loadtest::floor;
use weft_loadtest::measure::report::Report;
use weft_loadtest::scenario::{Scenario, run};

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Idle(idle) => load(&idle.small()),
        Command::Fanout(fanout) => load(&fanout.small()),
        Command::HotRoom(hot_room) => load(&hot_room.small()),
        Command::ManyDocuments(many) => load(&many.small()),
        Command::AckLatency(ack_latency) => load(&ack_latency.small()),
        Command::ColdOpen(cold_open) => load(&cold_open.small()),
        Command::Floor(floor) => serve_floor(&floor),
    }
}

fn load(scenario: &impl Scenario) -> anyhow::Result<ExitCode> {
    let report = runtime(scenario.common().threads)?.block_on(run(scenario))?;
    show(&report, scenario.common())?;
    Ok(if report.is_correct() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show(report: &Report, common: &Common) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{}", report.table())?;
    write!(std::io::stderr(), "{}", report.problems())?;
    if let Some(file) = &common.json {
        let json = serde_json::to_string_pretty(report)?;
        fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn serve_floor(floor: &Floor) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        floor.listen.ip().is_loopback(),
        "{} is not a loopback address",
        floor.listen
    );
    runtime(1)?.block_on(async {
        let listener = TcpListener::bind(floor.listen).await?;
        floor::serve(listener).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// One thread by default: the load generator is pinned to one core, and then a second thread only costs.
fn runtime(threads: usize) -> std::io::Result<Runtime> {
    match threads {
        0 | 1 => Builder::new_current_thread().enable_all().build(),
        many => Builder::new_multi_thread()
            .worker_threads(many)
            .enable_all()
            .build(),
    }
}
