//! Sweeps: one scenario at growing amounts of work, and what each amount costs.
//!
//! Invariant: only the number that grows differs between the points; the points grow.

use crate::cli::{BoardMoves, ColdOpen, Common, Fanout, Growing, HotRoom, Idle, ManyDocuments, Sweep};
use crate::report::Report;
use crate::report::shape::Shape;
use crate::scenario::run;

/// Readers and writers of the rooms in which writers grow.
const ROOM: usize = 200;
/// Points of a small sweep that only shows that it runs.
const SMOKE_POINTS: [usize; 2] = [4, 8];

/// Runs all points.
///
/// # Errors
/// As [`run`].
pub async fn sweep(sweep: &Sweep) -> anyhow::Result<Shape> {
    let (of, usual, drawn) = plan(sweep.of);
    let mut points = if sweep.common.smoke {
        SMOKE_POINTS.to_vec()
    } else {
        usual.to_vec()
    };
    if !sweep.points.is_empty() {
        points.clone_from(&sweep.points);
    }
    points.sort_unstable();
    points.dedup();
    let mut shape = Shape {
        of,
        drawn: drawn.to_vec(),
        points: Vec::new(),
    };
    for amount in points {
        let report = point(sweep, amount).await?;
        shape.points.push((amount as f64, report));
    }
    Ok(shape)
}

type Plan = (&'static str, &'static [usize], &'static [&'static str]);

/// What it is called, how much of it by default, and which figures are drawn.
fn plan(of: Growing) -> Plan {
    match of {
        Growing::Connections => (
            "connections",
            &[1_000, 2_000, 5_000, 10_000, 20_000],
            &[
                "resident KiB per connection",
                "CPU ms per connect",
                "idle CPU %",
                "connects per second",
            ],
        ),
        Growing::Receivers => (
            "receivers",
            &[10, 30, 100, 300, 1_000],
            &["CPU ms per 1,000 deliveries", "latency ms p50", "latency ms p99"],
        ),
        Growing::Writers => (
            "writers",
            &[1, 5, 20, 50, 100, 200],
            &[
                "CPU ms per 1,000 edits seen",
                "latency ms p50",
                "latency ms p99",
                "frames per edit seen",
            ],
        ),
        Growing::History => (
            "operations",
            &[10_000, 50_000, 200_000, 500_000, 1_000_000],
            &[
                "cold open, ms",
                "cold open, CPU ms",
                "second open, ms",
                "resident growth while opening, MiB",
                "time to take the history in, s",
            ],
        ),
        Growing::Documents => (
            "documents",
            &[1_000, 5_000, 20_000, 100_000],
            &[
                "documents per second",
                "CPU ms per document",
                "acknowledged ms p99",
                "KiB still resident per document",
            ],
        ),
        Growing::Cards => (
            "cards",
            &[500, 5_000, 20_000],
            &[
                "CPU ms per move",
                "moved ms p50",
                "moved ms p99",
                "seen ms p99",
                "bytes per move and watcher",
                "whole state over REST, ms",
                "ms per card made",
            ],
        ),
    }
}

async fn point(sweep: &Sweep, amount: usize) -> anyhow::Result<Report> {
    let mut common = sweep.common.clone();
    if common.smoke {
        common.seconds = 1;
        common.warm_up = 0;
    }
    match sweep.of {
        Growing::Connections => run(&idle(common, amount)).await,
        Growing::Receivers => {
            let fanout = Fanout {
                common,
                rooms: 1,
                per_room: amount + 1,
                writers: 1,
                rate: 10.0,
                padding: 0,
            };
            run(&fanout).await
        }
        Growing::Writers => {
            let hot_room = HotRoom {
                common,
                clients: ROOM.max(amount),
                writers: Some(amount),
                rate: 2.0,
                presence: 0.0,
            };
            run(&hot_room).await
        }
        Growing::History => {
            let cold_open = ColdOpen {
                common,
                operations: amount,
                per_update: 20,
                writers: 8,
                rest: 60,
            };
            run(&cold_open).await
        }
        Growing::Documents => run(&documents(common, amount)).await,
        Growing::Cards => {
            let board_moves = BoardMoves {
                common,
                cards: amount,
                movers: 4,
                rate: 5.0,
                watchers: 18,
                witnesses: 2,
            };
            run(&board_moves).await
        }
    }
}

fn idle(common: Common, clients: usize) -> Idle {
    let renewal = if common.smoke { 0.5 } else { 15.0 };
    Idle {
        common,
        clients,
        per_room: 10,
        renewal,
    }
}

fn documents(common: Common, documents: usize) -> ManyDocuments {
    let rest = if common.smoke { 0 } else { 45 };
    ManyDocuments {
        common,
        documents,
        bytes: 2_048,
        clients: 32,
        rest,
    }
}
