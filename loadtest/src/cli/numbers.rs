//! The numbers of each scenario.
//!
//! Invariant: the defaults are those of the published tables; small ones are only taken with `--smoke`.

use clap::Args;

use super::Common;

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
    /// Clients in each room.
    #[arg(long, default_value_t = 20)]
    pub per_room: usize,
    /// Of these, how many write.
    #[arg(long, default_value_t = 1)]
    pub writers: usize,
    /// Edits per second of each writer.
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
    /// What is added to each edit, in bytes.
    #[arg(long, default_value_t = 0)]
    pub padding: usize,
}

/// Numbers of `hot-room`.
#[derive(Args, Clone, Debug)]
pub struct HotRoom {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Clients.
    #[arg(long, default_value_t = 100)]
    pub clients: usize,
    /// Of these, how many write (default: all).
    #[arg(long)]
    pub writers: Option<usize>,
    /// Edits per second of each writer.
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
    /// Presence messages per second of each client.
    #[arg(long, default_value_t = 1.0)]
    pub presence: f64,
}

/// Numbers of `presence`.
#[derive(Args, Clone, Debug)]
pub struct Presence {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Clients.
    #[arg(long, default_value_t = 500)]
    pub clients: usize,
    /// Of these, how many show presence (default: all).
    #[arg(long)]
    pub presenters: Option<usize>,
    /// Presence messages per second of each of these.
    #[arg(long, default_value_t = 1.0)]
    pub rate: f64,
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
    /// Operations of the history.
    #[arg(long, default_value_t = 200_000)]
    pub operations: usize,
    /// Operations in one update.
    #[arg(long, default_value_t = 1)]
    pub per_update: usize,
    /// Yjs clients whose history it is.
    #[arg(long, default_value_t = 8)]
    pub writers: usize,
    /// Seconds without anybody before the document is opened again, where the server was not started here.
    #[arg(long, default_value_t = 60)]
    pub rest: u64,
}

/// Numbers of `join-storm`.
#[derive(Args, Clone, Debug)]
pub struct JoinStorm {
    /// What all scenarios have in common; the seconds to measure do not matter here.
    #[command(flatten)]
    pub common: Common,
    /// Clients that join.
    #[arg(long, default_value_t = 150)]
    pub clients: usize,
    /// Text in the document, in bytes.
    #[arg(long, default_value_t = 20_000_000)]
    pub bytes: usize,
}

/// Numbers of `reconnect-storm`.
#[derive(Args, Clone, Debug)]
pub struct ReconnectStorm {
    /// What all scenarios have in common; the seconds to measure do not matter here.
    #[command(flatten)]
    pub common: Common,
    /// Clients.
    #[arg(long, default_value_t = 2_000)]
    pub clients: usize,
    /// Documents among which they are divided.
    #[arg(long, default_value_t = 100)]
    pub documents: usize,
    /// Text in each, in bytes.
    #[arg(long, default_value_t = 51_200)]
    pub bytes: usize,
    /// They return without what they had, and are sent everything.
    #[arg(long)]
    pub empty_handed: bool,
}

/// Numbers of `slow-readers`.
#[derive(Args, Clone, Debug)]
pub struct SlowReaders {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Rooms.
    #[arg(long, default_value_t = 1)]
    pub rooms: usize,
    /// Clients in each room.
    #[arg(long, default_value_t = 30)]
    pub per_room: usize,
    /// Of these, how many do not read.
    #[arg(long, default_value_t = 10)]
    pub slow: usize,
    /// Of these, how many write.
    #[arg(long, default_value_t = 2)]
    pub writers: usize,
    /// Edits per second of each writer.
    #[arg(long, default_value_t = 20.0)]
    pub rate: f64,
    /// What is added to each edit, in bytes.
    #[arg(long, default_value_t = 12_000)]
    pub padding: usize,
}

/// Numbers of `crash`.
#[derive(Args, Clone, Debug)]
pub struct Crash {
    /// What all scenarios have in common; the seconds to measure do not matter here.
    #[command(flatten)]
    pub common: Common,
    /// How often the server is killed.
    #[arg(long, default_value_t = 3)]
    pub kills: u32,
    /// Seconds of writing before each, give or take a fifth.
    #[arg(long, default_value_t = 11.0)]
    pub after: f64,
    /// Edits per second.
    #[arg(long, default_value_t = 100.0)]
    pub rate: f64,
}

/// Numbers of `rest`.
#[derive(Args, Clone, Debug)]
pub struct Rest {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Connections with one request at a time each.
    #[arg(long, default_value_t = 16)]
    pub clients: usize,
}

/// Numbers of `board-moves`.
#[derive(Args, Clone, Debug)]
pub struct BoardMoves {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Cards on the board.
    #[arg(long, default_value_t = 2_000)]
    pub cards: usize,
    /// People who move cards over REST.
    #[arg(long, default_value_t = 20)]
    pub movers: usize,
    /// Moves per second of each.
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
    /// Live clients that only read.
    #[arg(long, default_value_t = 48)]
    pub watchers: usize,
    /// Live clients with a replica, which tell when a move is shown.
    #[arg(long, default_value_t = 2)]
    pub witnesses: usize,
}

/// Numbers of `webhooks`.
#[derive(Args, Clone, Debug)]
pub struct Webhooks {
    /// What all scenarios have in common.
    #[command(flatten)]
    pub common: Common,
    /// Receivers, each of which hears of everything.
    #[arg(long, default_value_t = 10)]
    pub endpoints: usize,
    /// Connections over which documents and tasks are made.
    #[arg(long, default_value_t = 8)]
    pub clients: usize,
    /// Documents made per second at the steady pace, altogether.
    #[arg(long, default_value_t = 20.0)]
    pub rate: f64,
    /// Tasks made in the burst.
    #[arg(long, default_value_t = 10_000)]
    pub events: usize,
}

/// Numbers of `soak`.
#[derive(Args, Clone, Debug)]
pub struct Soak {
    /// What all scenarios have in common; how long it takes is said in minutes.
    #[command(flatten)]
    pub common: Common,
    /// How long, in minutes.
    #[arg(long, default_value_t = 60.0)]
    pub minutes: f64,
    /// Rooms in each turn.
    #[arg(long, default_value_t = 10)]
    pub rooms: usize,
    /// Clients in each room.
    #[arg(long, default_value_t = 10)]
    pub per_room: usize,
    /// Clients that open one document after another.
    #[arg(long, default_value_t = 8)]
    pub churners: usize,
    /// Where a target tells its metrics, `LABEL=127.0.0.1:PORT`.
    #[arg(long, value_name = "LABEL=ADDRESS")]
    pub metrics: Vec<String>,
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
smoke!(Presence {
    clients: 30,
    rate: 2.0
});
smoke!(ManyDocuments {
    documents: 50,
    rest: 0
});
smoke!(AckLatency { clients: 10 });
smoke!(ColdOpen {
    operations: 2_000,
    rest: 0
});
smoke!(JoinStorm {
    clients: 10,
    bytes: 500_000
});
smoke!(ReconnectStorm {
    clients: 50,
    documents: 5
});
smoke!(SlowReaders {
    per_room: 6,
    slow: 2,
    padding: 50_000
});
smoke!(Crash { kills: 1, after: 1.0 });
smoke!(Rest { clients: 4 });
smoke!(Soak {
    rooms: 2,
    per_room: 4,
    churners: 2
});
smoke!(BoardMoves {
    cards: 60,
    movers: 4,
    watchers: 4
});
smoke!(Webhooks {
    endpoints: 2,
    rate: 20.0,
    events: 400
});
