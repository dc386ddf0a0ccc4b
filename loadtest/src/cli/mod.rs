//! The command line: which scenario, against which servers, with which numbers.
//!
//! Invariant: every default is the figure that published baselines are measured with; `--smoke` only makes a run
//! small and short, its checks stay. Nothing else in the crate reads arguments.

mod numbers;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::machine::cores::Pinning;
use crate::target::{Target, parse_targets};

pub use self::numbers::{
    AckLatency, BoardMoves, ColdOpen, Crash, Fanout, HotRoom, Idle, JoinStorm, ManyDocuments, Presence,
    ReconnectStorm, Rest, SlowReaders, Soak, Webhooks,
};

/// Loads collaboration servers on this machine with clients that see only the wire, and checks what they deliver.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Connections that only renew their presence: memory, connects per second, idle CPU.
    Idle(Idle),
    /// Many rooms with one writer each: CPU and latency per delivery.
    Fanout(Fanout),
    /// One room in which everybody writes: CPU and latency per edit seen, frames per edit.
    HotRoom(HotRoom),
    /// One room in which everybody only shows where they are: CPU and latency of presence.
    Presence(Presence),
    /// Documents created one after another, each acknowledged: documents per second.
    ManyDocuments(ManyDocuments),
    /// Lone writers that wait for the server's acknowledgement: how long it takes.
    AckLatency(AckLatency),
    /// A long history, a restart, the first client and the second: time and memory of opening.
    ColdOpen(ColdOpen),
    /// Many clients open one large document at once: time, memory, and what bystanders notice.
    JoinStorm(JoinStorm),
    /// Everybody's connection breaks and all return at once: time, CPU, and what bystanders notice.
    ReconnectStorm(ReconnectStorm),
    /// Some clients stop reading: what the others notice, and the server's memory.
    SlowReaders(SlowReaders),
    /// The server is killed while a client writes: what is lost.
    Crash(Crash),
    /// Requests to the REST API of Weft: requests per second, latency of reads and writes.
    Rest(Rest),
    /// Cards moved over REST while others watch the board: moves per second, and when they are seen.
    BoardMoves(BoardMoves),
    /// Documents made while receivers of webhooks listen: when they hear of it.
    Webhooks(Webhooks),
    /// Everything at once for as long as asked: whether anything grows that should not.
    Soak(Soak),
    /// One scenario with growing work: how its cost grows.
    Sweep(Sweep),
    /// One scenario with its load doubled until it is too slow or wrong: how much a server holds.
    BreakingPoint(BreakingPoint),
    /// A fixed piece of work in a fixed order, for counting instructions; it measures nothing.
    Lockstep(Lockstep),
    /// Serves the floor: a relay without CRDT and storage.
    Floor(Floor),
}

/// What all scenarios have in common.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// A server, `[LABEL:]KIND=ws://127.0.0.1:PORT[,PORT...][/PATH]`. Repeat it to compare servers in interleaved rounds.
    /// Several ports are several servers that act as one; connections go to each in turn.
    ///
    /// KIND is weft (both protocols), weft-y, weft-y-sweet (asks after each edit whether it is saved), weft-hocuspocus,
    /// y, y-sweet, hocuspocus, hocuspocus-memory (forgets a document with its last client) or floor.
    #[arg(long = "target", required = true, value_name = "TARGET")]
    pub targets: Vec<String>,
    /// How to start a target, `LABEL=SHELL COMMAND`: it then gets a fresh server for each round. `{port}` and `{data}`
    /// (an empty directory) are replaced.
    #[arg(long = "start", value_name = "LABEL=COMMAND")]
    pub starts: Vec<String>,
    /// The server's process, `LABEL=PID`; by default whoever was started or listens on the target's port.
    #[arg(long = "pid", value_name = "LABEL=PID")]
    pub pids: Vec<String>,
    /// The core of the servers that are started and the core of the load, `SERVER,LOAD`. By default the system chooses.
    #[arg(long, value_name = "SERVER,LOAD")]
    pub pin: Option<Pinning>,
    /// Rounds against each target; tables show medians with their range.
    #[arg(long, default_value_t = 1)]
    pub rounds: u32,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// Seconds of the same load before the measurement.
    #[arg(long, default_value_t = 3)]
    pub warm_up: u64,
    /// What everything that is drawn by lot comes from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Also write everything to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also write a page with plots to this file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Where servers that are started keep their data meanwhile (default: `/tmp`).
    #[arg(long, value_name = "DIRECTORY")]
    pub scratch: Option<PathBuf>,
    /// Threads of the load generator.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Small and short: only shows that it runs and that the content is right.
    #[arg(long)]
    pub smoke: bool,
    /// Visit only this target of those that the arguments name.
    #[arg(long, value_name = "LABEL")]
    pub only: Option<String>,
}

/// How one target is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The target.
    pub label: String,
    /// The shell command.
    pub command: String,
}

impl Common {
    /// The servers to load, with the processes named for them.
    ///
    /// # Errors
    /// If an argument names no target on this machine, two targets have one label, or a process is of no target.
    pub fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let mut targets: Vec<Target> = Vec::new();
        for argument in &self.targets {
            for target in parse_targets(argument)? {
                let taken = targets.iter().any(|other| other.label == target.label);
                anyhow::ensure!(!taken, "two targets are called `{}`", target.label);
                targets.push(target);
            }
        }
        for argument in &self.pids {
            let (label, pid) = labelled(argument, "LABEL=PID")?;
            let pid = pid
                .parse()
                .map_err(|_| anyhow::anyhow!("`{argument}` is not LABEL=PID"))?;
            let named = targets.iter_mut().find(|target| target.label == label);
            named
                .ok_or_else(|| anyhow::anyhow!("no target is called `{label}`"))?
                .pid = Some(pid);
        }
        if let Some(only) = &self.only {
            targets.retain(|target| target.label == *only);
            anyhow::ensure!(!targets.is_empty(), "no target is called `{only}`");
        }
        Ok(targets)
    }

    /// How targets are started, those that are.
    ///
    /// # Errors
    /// If an argument is no command of one of `targets`.
    pub fn starts(&self, targets: &[Target]) -> anyhow::Result<Vec<Start>> {
        let start = |argument: &String| {
            let (label, command) = labelled(argument, "LABEL=COMMAND")?;
            let known = targets.iter().any(|target| target.label == label);
            anyhow::ensure!(known, "no target is called `{label}`");
            Ok(Start {
                label: label.to_owned(),
                command: command.to_owned(),
            })
        };
        self.starts.iter().map(start).collect()
    }
}

fn labelled<'a>(argument: &'a str, form: &str) -> anyhow::Result<(&'a str, &'a str)> {
    argument
        .split_once('=')
        .ok_or_else(|| anyhow::anyhow!("`{argument}` is not {form}"))
}

/// What grows in a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Growing {
    /// Idle connections: 1,000 to 20,000.
    Connections,
    /// Readers of one writer's room: 10 to 1,000.
    Receivers,
    /// Writers in a room of 200: 1 to 200.
    Writers,
    /// Operations in a document's history: 10,000 to 1,000,000.
    History,
    /// Documents: 1,000 to 100,000.
    Documents,
    /// Cards of a board: 500 to 20,000.
    Cards,
}

/// How a sweep goes.
#[derive(Args, Clone, Debug)]
pub struct Sweep {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// What grows.
    #[arg(long)]
    pub of: Growing,
    /// How much of it, as in `10,100,1000`; by default five steps over the whole range.
    #[arg(long, value_delimiter = ',')]
    pub points: Vec<usize>,
}

/// What is doubled until it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Breakable {
    /// Rooms of `fanout`.
    Fanout,
    /// Clients of `hot-room`.
    HotRoom,
    /// Clients of `presence`.
    Presence,
}

/// How a breaking point is looked for.
#[derive(Args, Clone, Debug)]
pub struct BreakingPoint {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// What is doubled.
    #[arg(long)]
    pub of: Breakable,
    /// The 99th percentile of latency above which a load is too much, in milliseconds.
    #[arg(long, default_value_t = 250.0)]
    pub limit_ms: f64,
    /// The load to begin with: rooms or clients.
    #[arg(long)]
    pub from: Option<usize>,
    /// Halvings between the last load that was held and the first that was not.
    #[arg(long, default_value_t = 2)]
    pub refinements: u32,
}

/// What is done again and again in lockstep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// One edit, acknowledged and seen by everybody.
    Edits,
    /// One state of presence, seen by everybody.
    Presence,
    /// One document, opened, written and left.
    Documents,
}

/// A piece of work in lockstep.
#[derive(Args, Clone, Debug)]
pub struct Lockstep {
    /// The server, as for the scenarios.
    #[arg(long)]
    pub target: String,
    /// What is done.
    #[arg(long)]
    pub step: Step,
    /// How often.
    #[arg(long, default_value_t = 100)]
    pub times: u32,
    /// Clients that must see it each time.
    #[arg(long, default_value_t = 20)]
    pub receivers: usize,
}

/// Where the floor listens.
#[derive(Args, Clone, Debug)]
pub struct Floor {
    /// A loopback address.
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(arguments: &[&str]) -> Common {
        let all = ["weft-loadtest", "fanout"].iter().chain(arguments);
        match Cli::try_parse_from(all).expect("valid arguments").command {
            Command::Fanout(fanout) => fanout.common,
            _ => unreachable!("the arguments say fanout"),
        }
    }

    #[test]
    fn a_command_belongs_to_a_target() {
        let target = ["--target", "a:y=ws://127.0.0.1:9000"];
        let parse = |more: &[&str]| {
            let common = common(&[&target[..], more].concat());
            let targets = common.targets()?;
            common.starts(&targets)
        };
        let starts = parse(&["--start", "a=serve --env X=1 {port}"]).expect("a command");
        assert_eq!(
            (starts[0].label.as_str(), starts[0].command.as_str()),
            ("a", "serve --env X=1 {port}")
        );
        assert!(parse(&["--start", "b=serve"]).is_err(), "there is no b");
        assert!(parse(&["--start", "serve"]).is_err());
        assert!(parse(&["--pid", "a=x"]).is_err());
        assert!(
            parse(&["--target", "a:y=ws://127.0.0.1:9001"]).is_err(),
            "two of one name"
        );
    }
}
