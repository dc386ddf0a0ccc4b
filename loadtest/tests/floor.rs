//! The swarm against relays in one process: the whole path from the command line to the verdict.
//!
//! Invariant: the floor passes, and a relay that loses an edit does not. Nothing here depends on how fast the machine is.

#![expect(clippy::expect_used, reason = "a test helper that fails should end the test")]

use std::net::SocketAddr;

use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::task::TaskTracker;
use weft_loadtest::cli::{Cli, Command};
use weft_loadtest::floor;
use weft_loadtest::measure::report::Report;
use weft_loadtest::scenario::run;
use weft_loadtest::wire::{Inbound, Protocol, Wire};

async fn hot_room(address: SocketAddr) -> Report {
    let target = format!("floor=ws://{address}");
    let cli = Cli::try_parse_from(["weft-loadtest", "hot-room", "--smoke", "--target", &target]);
    let Command::HotRoom(hot_room) = cli.expect("valid arguments").command else {
        unreachable!("the arguments say hot-room")
    };
    run(&hot_room.small()).await.expect("a valid target")
}

#[tokio::test]
async fn the_floor_delivers_every_edit_to_everybody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let serving = TaskTracker::new().spawn(floor::serve(listener));
    let report = hot_room(address).await;
    serving.abort();
    assert!(report.is_correct(), "{}", report.problems());
    let metrics = &report.entries[0].outcome.metrics;
    let seen = metrics
        .iter()
        .find(|metric| metric.name == "edits seen per second")
        .expect("a figure");
    assert!(seen.value.expect("measured") > 0.0);
}

#[tokio::test]
async fn a_relay_that_loses_edits_fails_the_check() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let serving = TaskTracker::new().spawn(lossy_relay(listener));
    let report = hot_room(address).await;
    serving.abort();
    assert!(!report.is_correct(), "lost edits went unnoticed");
    assert!(
        report.problems().contains("edits not seen"),
        "{}",
        report.problems()
    );
    assert!(report.table().contains("NO: scores zero"));
}

/// Relays to everybody, but drops every fifth frame.
async fn lossy_relay(listener: TcpListener) {
    let (room, _) = broadcast::channel(65_536);
    let tasks = TaskTracker::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (room, mut others) = (room.clone(), room.subscribe());
        tasks.spawn(async move {
            let mut socket = accept_async(stream).await.expect("an upgrade");
            let wire = Wire::new(Protocol::YWebsocket, "");
            let mut count = 0;
            loop {
                tokio::select! {
                    message = socket.next() => match message {
                        Some(Ok(Message::Binary(frame))) if wire.read(&frame) == Some(Inbound::Step1) => {
                            let _ = socket.send(Message::Binary(wire.step2(&[0, 0]).into())).await;
                        }
                        Some(Ok(Message::Binary(frame))) => {
                            count += 1;
                            if count % 5 != 0 {
                                let _ = room.send(frame);
                            }
                        }
                        Some(Ok(_)) => {}
                        _ => return,
                    },
                    frame = others.recv() => match frame {
                        Ok(frame) => { let _ = socket.send(Message::Binary(frame)).await; }
                        Err(_) => return,
                    },
                }
            }
        });
    }
}
