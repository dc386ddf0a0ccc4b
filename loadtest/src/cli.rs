//! The command line: which scenario, against which servers, with which numbers.
//!
//! Invariant: every default is the figure that published baselines are measured with; `--smoke` only makes a run
//! small and short, its checks stay. Nothing else in the crate reads arguments.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::target::{Target, parse_targets};

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
    /// Documents created one after another, each acknowledged: documents per second.
    ManyDocuments(ManyDocuments),
    /// Lone writers that wait for the server's acknowledgement: how long it takes.
    AckLatency(AckLatency),
    /// A long history, a restart, the first client and the second: time and memory of opening.
    ColdOpen(ColdOpen),
    /// Serves the floor: a relay without CRDT and storage.
    Floor(Floor),
}

/// What all scenarios have in common.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// A server, `[LABEL:]KIND=ws://127.0.0.1:PORT[/PATH]`; KIND is weft (both protocols), weft-y, weft-hocuspocus, y,
    /// hocuspocus, hocuspocus-memory (forgets a document with its last client) or floor. Repeat it to compare servers in interleaved rounds.
    #[arg(long = "target", required = true, value_name = "TARGET")]
    pub targets: Vec<String>,
    /// The server's process, `LABEL=PID`; by default whoever listens on the target's port.
    #[arg(long = "pid", value_name = "LABEL=PID")]
    pub pids: Vec<String>,
    /// Rounds against each target; tables show medians.
    #[arg(long, default_value_t = 1)]
    pub rounds: u32,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// Seconds of the same load before the measurement.
    #[arg(long, default_value_t = 3)]
    pub warm_up: u64,
    /// Also write everything to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Threads of the load generator.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Small and short: only shows that it runs and that the content is right.
    #[arg(long)]
    pub smoke: bool,
}

impl Common {
    /// The servers to load, with the processes named for them.
    ///
    /// # Errors
    /// If an argument names no target on this machine, or a process of no target.
    pub fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let mut targets = Vec::new();
        for argument in &self.targets {
            targets.extend(parse_targets(argument)?);
        }
        for argument in &self.pids {
            let parsed = argument
                .split_once('=')
                .and_then(|(label, pid)| Some((label, pid.parse().ok()?)));
            let (label, pid) = parsed.ok_or_else(|| anyhow::anyhow!("`{argument}` is not LABEL=PID"))?;
            let mut named = targets
                .iter_mut()
                .filter(|target| target.label == label)
                .peekable();
            anyhow::ensure!(named.peek().is_some(), "no target is called `{label}`");
            named.for_each(|target| target.pid = Some(pid));
        }
        Ok(targets)
    }
}

/// Numbers of `idle`.
#[derive(Args, Clone, Debug)]
pub struct Idle {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Connections.
    #[arg(long, default_value_t = 5_000)]
    pub clients: usize,
    /// Connections in each room.
    #[arg(long, default_value_t = 10)]
    pub per_room: usize,
    /// Seconds between two renewals of a connection's presence.
    #[arg(long, default_value_t = 15.0)]
    pub renewal: f64,
}

/// Numbers of `fanout`.
#[derive(Args, Clone, Debug)]
pub struct Fanout {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Rooms.
    #[arg(long, default_value_t = 50)]
    pub rooms: usize,
    /// Clients in each room, of which one writes.
    #[arg(long, default_value_t = 20)]
    pub per_room: usize,
    /// Edits per second of each writer.
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
}

/// Numbers of `hot-room`.
#[derive(Args, Clone, Debug)]
pub struct HotRoom {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Clients, all of them writing.
    #[arg(long, default_value_t = 100)]
    pub clients: usize,
    /// Edits per second of each client.
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
    /// Presence messages per second of each client.
    #[arg(long, default_value_t = 1.0)]
    pub presence: f64,
}

/// Numbers of `many-documents`.
#[derive(Args, Clone, Debug)]
pub struct ManyDocuments {
    /// What all scenarios have in common; the seconds to measure do not matter here.
    #[command(flatten)]
    pub common: Common,
    /// Documents.
    #[arg(long, default_value_t = 5_000)]
    pub documents: usize,
    /// Text in each, in bytes.
    #[arg(long, default_value_t = 2_048)]
    pub bytes: usize,
    /// Clients that work at the same time, each one document after another.
    #[arg(long, default_value_t = 1)]
    pub clients: usize,
    /// Seconds of rest before the memory that is still held is read.
    #[arg(long, default_value_t = 60)]
    pub rest: u64,
}

/// Numbers of `ack-latency`.
#[derive(Args, Clone, Debug)]
pub struct AckLatency {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Writers, each alone in a room.
    #[arg(long, default_value_t = 100)]
    pub clients: usize,
    /// Edits per second of each writer.
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
}

/// Numbers of `cold-open`.
#[derive(Args, Clone, Debug)]
pub struct ColdOpen {
    /// What all scenarios have in common; the seconds to measure do not matter here.
    #[command(flatten)]
    pub common: Common,
    /// Operations of the history, each an update of its own.
    #[arg(long, default_value_t = 200_000)]
    pub operations: usize,
    /// Yjs clients whose history it is.
    #[arg(long, default_value_t = 8)]
    pub writers: usize,
    /// How to restart a target, `LABEL=SHELL COMMAND`; without it the document only has time to be unloaded.
    #[arg(long, value_name = "LABEL=COMMAND")]
    pub restart: Vec<String>,
    /// Seconds without anybody before the document is opened again, where there is no command.
    #[arg(long, default_value_t = 60)]
    pub rest: u64,
}

/// Where the floor listens.
#[derive(Args, Clone, Debug)]
pub struct Floor {
    /// A loopback address.
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
}

/// Short enough for every test run.
const SMOKE_SECONDS: u64 = 2;

macro_rules! smoke {
    ($arguments:ident { $($field:ident: $value:expr),* }) => {
        impl $arguments {
            /// The same; with `--smoke`, small and short.
            #[must_use]
            pub fn small(mut self) -> Self {
                if self.common.smoke {
                    self.common.seconds = SMOKE_SECONDS;
                    self.common.warm_up = 0;
                    $(self.$field = $value;)*
                }
                self
            }
        }
    };
}

smoke!(Idle {
    clients: 100,
    renewal: 0.5
});
smoke!(Fanout {
    rooms: 5,
    per_room: 10
});
smoke!(HotRoom { clients: 20 });
smoke!(ManyDocuments {
    documents: 50,
    rest: 0
});
smoke!(AckLatency { clients: 10 });
smoke!(ColdOpen {
    operations: 2_000,
    rest: 0
});
