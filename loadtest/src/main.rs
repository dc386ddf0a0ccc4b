//! `weft-loadtest`: the command line in front of the swarm.
//!
//! Invariant: the exit code is 0 only if every round of every target passed the check of its content. Interrupted, it
//! still ends the servers that it started.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use weft_loadtest::breaking;
use weft_loadtest::cli::{BreakingPoint, Cli, Command, Common, Floor, Lockstep, Sweep};
use weft_loadtest::floor;
use weft_loadtest::lockstep::lockstep;
use weft_loadtest::machine::cores::take_places;
use weft_loadtest::machine::descriptors::make_room_for;
use weft_loadtest::report::table::{render, rows};
use weft_loadtest::report::{Report, html};
use weft_loadtest::scenario::{Scenario, run};
use weft_loadtest::sweep::sweep;

fn main() -> ExitCode {
    match run_command() {
        Ok(code) => code,
        Err(error) => {
            // Where even that cannot be written, the code has to say it.
            let _ = writeln!(std::io::stderr(), "weft-loadtest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_command() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Idle(idle) => load(&idle.small()),
        Command::Fanout(fanout) => load(&fanout.small()),
        Command::HotRoom(hot_room) => load(&hot_room.small()),
        Command::Presence(presence) => load(&presence.small()),
        Command::ManyDocuments(many) => load(&many.small()),
        Command::AckLatency(ack_latency) => load(&ack_latency.small()),
        Command::ColdOpen(cold_open) => load(&cold_open.small()),
        Command::JoinStorm(join_storm) => load(&join_storm.small()),
        Command::ReconnectStorm(reconnect_storm) => load(&reconnect_storm.small()),
        Command::SlowReaders(slow_readers) => load(&slow_readers.small()),
        Command::Crash(crash) => load(&crash.small()),
        Command::Rest(rest) => load(&rest.small()),
        Command::BoardMoves(board_moves) => load(&board_moves.small()),
        Command::Webhooks(webhooks) => load(&webhooks.small()),
        Command::Soak(soak) => load(&soak.small()),
        Command::Sweep(sweep) => grow(&sweep),
        Command::BreakingPoint(search) => break_it(&search),
        Command::Lockstep(arguments) => keep_step(&arguments),
        Command::Floor(floor) => serve_floor(&floor),
    }
}

fn load(scenario: &impl Scenario) -> anyhow::Result<ExitCode> {
    let common = scenario.common();
    let report = finish(common, run(scenario))?;
    show(&report, common)?;
    Ok(verdict(report.is_correct()))
}

fn grow(arguments: &Sweep) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    let shape = finish(common, sweep(arguments))?;
    say(&shape.tables(), &shape.problems())?;
    keep(common, &shape, || html::shape_page(&shape))?;
    Ok(verdict(shape.is_correct()))
}

fn break_it(arguments: &BreakingPoint) -> anyhow::Result<ExitCode> {
    let found = finish(&arguments.common, breaking::search(arguments))?;
    say(&render(&breaking::rows(arguments.of, &found)), "")?;
    Ok(ExitCode::SUCCESS)
}

/// Runs something to its end, unless it is interrupted; then what it started is dropped with it.
fn finish<T>(common: &Common, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    if let Some(pinning) = common.pin {
        take_places(pinning)?;
    }
    runtime(common.threads)?.block_on(async {
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        }
    })
}

fn show(report: &Report, common: &Common) -> anyhow::Result<()> {
    say(&render(&rows(report)), &report.problems())?;
    keep(common, report, || html::page(report))
}

fn say(table: &str, problems: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{table}")?;
    write!(std::io::stderr(), "{problems}")?;
    Ok(())
}

fn keep(common: &Common, result: &impl Serialize, page: impl FnOnce() -> String) -> anyhow::Result<()> {
    let write = |file: &Path, text: String| {
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    };
    if let Some(file) = &common.json {
        write(file, serde_json::to_string_pretty(result)?)?;
    }
    if let Some(file) = &common.html {
        write(file, page())?;
    }
    Ok(())
}

fn verdict(is_correct: bool) -> ExitCode {
    if is_correct {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn keep_step(arguments: &Lockstep) -> anyhow::Result<ExitCode> {
    runtime(1)?.block_on(lockstep(arguments))?;
    Ok(ExitCode::SUCCESS)
}

fn serve_floor(floor: &Floor) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        floor.listen.ip().is_loopback(),
        "{} is not a loopback address",
        floor.listen
    );
    make_room_for(0)?;
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
