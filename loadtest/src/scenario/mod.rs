//! Scenarios, one file each: what the swarm does and which figures come of it.
//!
//! To add one: a file here with a struct that implements [`Scenario`], its numbers in `cli`, one arm in `main`.
//! Invariant: every scenario ends with the check of the content, also when it was slow or cut short. None may keep
//! state from one round to the next.

pub mod ack_latency;
pub mod board_moves;
pub mod cold_open;
pub mod crash;
pub mod fanout;
pub mod hot_room;
pub mod idle;
pub mod join_storm;
pub mod many_documents;
pub mod presence;
pub mod reconnect_storm;
pub mod rest;
pub mod rooms;
pub mod slow_readers;
pub mod soak;
pub mod storm;
pub mod webhooks;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::cli::{Common, Start as StartArgument};
use crate::machine::descriptors::make_room_for;
use crate::machine::server::{Server, Start};
use crate::machine::traits::Machine;
use crate::measure::process::{Process, Usage};
use crate::measure::progress::Progress;
use crate::measure::window::{Opened, Window};
use crate::report::{Entry, Outcome, Report};
use crate::swarm::Swarm;
use crate::target::{Content, Target};

/// One kind of load.
pub trait Scenario {
    /// What tables call it.
    const NAME: &'static str;

    /// The arguments that all scenarios share.
    fn common(&self) -> &Common;

    /// How many connections it has open at the same time, at most.
    fn connections(&self) -> usize;

    /// One round against one target.
    fn round(&self, round: &mut Round<'_>) -> impl Future<Output = Outcome>;
}

/// One round: whom it is against and where it is shown.
#[derive(Debug)]
pub struct Round<'a> {
    /// The server.
    pub target: &'a Target,
    /// Its process, if it was found.
    pub process: Option<Process>,
    /// The server itself, if it was started here.
    pub server: Option<Server>,
    /// Where progress is shown.
    pub progress: &'a Progress,
    /// Part of every document's name, so that no round meets what another left behind.
    pub tag: String,
    /// Everything that is drawn by lot.
    pub random: StdRng,
    /// How long to measure.
    pub measured: Duration,
    /// How long to load before that.
    pub warm_up: Duration,
}

/// Runs all rounds of a scenario, interleaved: each round visits every target before the next begins.
///
/// A target with a command to start it gets a fresh server for each visit, and only while it is visited.
///
/// # Errors
/// If an argument is wrong or a server does not start; what servers do wrong is in the report.
pub async fn run<S: Scenario>(scenario: &S) -> anyhow::Result<Report> {
    let common = scenario.common();
    let targets = common.targets()?;
    let starts = common.starts(&targets)?;
    make_room_for(scenario.connections())?;
    let mut report = Report {
        arguments: std::env::args().collect(),
        seed: common.seed,
        machine: Machine::look(),
        targets: described(&targets, &starts),
        entries: Vec::new(),
    };
    for round in 1..=common.rounds {
        for target in &targets {
            let progress = Progress::new(format!("{} {} {round}/{}", S::NAME, target.label, common.rounds));
            let outcome = visit(scenario, target, &starts, (round, &progress)).await?;
            report.entries.push(Entry {
                scenario: S::NAME,
                target: target.label.clone(),
                is_floor: target.content == Content::Relayed,
                round,
                outcome,
            });
        }
    }
    report.machine.look_again();
    Ok(report)
}

async fn visit<S: Scenario>(
    scenario: &S,
    target: &Target,
    starts: &[StartArgument],
    (number, progress): (u32, &Progress),
) -> anyhow::Result<Outcome> {
    let common = scenario.common();
    let start = starts.iter().find(|start| start.label == target.label);
    progress.phase("starting the server", 0);
    let server = match start {
        Some(start) => Some(Server::launch(&start_of(common, target, start)).await?),
        None => None,
    };
    let process = match &server {
        Some(server) => Some(server.process()),
        None => target
            .pid
            .map(Process::of_pid)
            .or_else(|| Process::listening_on(target.address)),
    };
    let mut lot = DefaultHasher::new();
    (common.seed, number, S::NAME).hash(&mut lot);
    // Documents of one run must not meet those of an earlier one on a server that keeps them.
    let run: u32 = rand::random();
    let mut round = Round {
        target,
        process,
        server,
        progress,
        tag: format!(
            "load-{run:08x}-{}-{number}-{}",
            S::NAME,
            target.label.replace(' ', "-")
        ),
        random: StdRng::seed_from_u64(lot.finish()),
        measured: Duration::from_secs(common.seconds),
        warm_up: Duration::from_secs(common.warm_up),
    };
    let mut outcome = scenario.round(&mut round).await;
    if let Some(server) = &mut round.server {
        if server.process().usage().is_none() {
            outcome.problems.push("the server ended by itself".to_owned());
        }
        progress.phase("ending the server", 0);
        server.end().await;
    }
    Ok(outcome)
}

fn start_of(common: &Common, target: &Target, start: &StartArgument) -> Start {
    Start {
        command: start.command.clone(),
        address: target.address,
        pinning: common.pin,
        scratch: common.scratch.clone().unwrap_or_else(|| PathBuf::from("/tmp")),
    }
}

fn described(targets: &[Target], starts: &[StartArgument]) -> Vec<(String, Option<String>)> {
    let command = |target: &Target| {
        let start = starts.iter().find(|start| start.label == target.label)?;
        Some(start.command.clone())
    };
    targets
        .iter()
        .map(|target| (target.label.clone(), command(target)))
        .collect()
}

impl Round<'_> {
    /// CPU and memory of the server now.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.process.and_then(Process::usage)
    }

    /// Begins a window.
    #[must_use]
    pub fn open(&self) -> Opened<'_> {
        Opened::new(self.process, &self.target.traffic)
    }

    /// Warms up, then measures for as long as the round says, with latencies of that time alone.
    pub async fn measure(&self, swarm: &Swarm) -> Window {
        self.progress.wait("warming up", self.warm_up).await;
        swarm.counters().clear_latencies();
        self.open().watch(self.measured, self.progress).await
    }

    /// Tells what every window tells: memory, CPU, traffic, and how busy this generator was.
    pub fn tell_window(&self, outcome: &mut Outcome, window: &Window) {
        outcome.cost("peak resident MiB", window.peak_mib());
        outcome.tell("server CPU %", window.cpu_percent());
        outcome.tell(
            "MB per second to clients",
            window.traffic.bytes_in as f64 / window.wall_s / 1e6,
        );
        outcome.tell("load generator CPU %", window.own_cpu_percent());
        outcome.course.clone_from(&window.course);
    }
}
