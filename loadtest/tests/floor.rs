//! The swarm against relays in one process: the whole path from the command line to the verdict.
//!
//! Invariant: the floor passes, and a relay that loses, doubles or swaps edits, or forgets who is present, scores zero
//! however fast it is. Nothing here depends on how fast the machine is.

#![expect(clippy::expect_used, reason = "a test helper that fails should end the test")]

use std::net::SocketAddr;

use bytes::Bytes;
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use weft_loadtest::cli::{Cli, Command};
use weft_loadtest::floor;
use weft_loadtest::report::Report;
use weft_loadtest::report::table::{render, rows};
use weft_loadtest::scenario::run;
use weft_loadtest::wire::{Inbound, Protocol, Wire};

/// What a relay does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing.
    None,
    /// Every fifth edit goes nowhere.
    Loses,
    /// Every fifth edit goes out twice.
    Doubles,
    /// Every fifth edit waits until its writer's next one has gone.
    Swaps,
    /// Presence goes nowhere.
    Hides,
}

/// The hot room, short, against the floor and a relay with a fault.
async fn beside_the_floor(fault: Fault) -> Report {
    let (floor, _serving_floor) = serve_floor().await;
    let (faulty, _serving_faulty) = serve_faulty(fault).await;
    let arguments = [
        "weft-loadtest".to_owned(),
        "hot-room".to_owned(),
        "--smoke".to_owned(),
        "--target".to_owned(),
        format!("floor=ws://{floor}"),
        "--target".to_owned(),
        format!("relay:floor=ws://{faulty}"),
    ];
    let Command::HotRoom(hot_room) = Cli::try_parse_from(arguments).expect("valid arguments").command else {
        unreachable!("the arguments say hot-room")
    };
    run(&hot_room.small()).await.expect("valid targets")
}

async fn serve_floor() -> (SocketAddr, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let serving = TaskTracker::new().spawn(async { drop(floor::serve(listener).await) });
    (address, AbortOnDropHandle::new(serving))
}

async fn serve_faulty(fault: Fault) -> (SocketAddr, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let serving = TaskTracker::new().spawn(relay(listener, fault));
    (address, AbortOnDropHandle::new(serving))
}

#[tokio::test]
async fn a_relay_without_fault_passes_beside_the_floor() {
    let report = beside_the_floor(Fault::None).await;
    assert!(report.is_correct(), "{}", report.problems());
    assert_eq!(report.score("floor"), Some(1.0));
    for target in ["floor", "relay"] {
        let seen = report.median(target, "edits seen per second").expect("a figure");
        assert!(seen > 0.0, "{target}");
        assert!(report.merged(target, "latency").count() > 0, "{target}");
    }
}

/// Runs a faulty relay and gives what is said about it, after checking that it scores zero and the floor does not.
async fn scored_zero(fault: Fault) -> String {
    let report = beside_the_floor(fault).await;
    assert!(report.passed("floor"), "{}", report.problems());
    assert_eq!(report.score("relay"), Some(0.0), "{fault:?} went unnoticed");
    assert!(!report.is_correct());
    let table = render(&rows(&report));
    assert!(table.contains("NO: scores zero"), "{table}");
    report.problems()
}

#[tokio::test]
async fn lost_edits_score_zero() {
    let problems = scored_zero(Fault::Loses).await;
    assert!(problems.contains("edits not seen"), "{problems}");
    assert!(problems.contains("content"), "{problems}");
}

#[tokio::test]
async fn doubled_edits_score_zero() {
    let problems = scored_zero(Fault::Doubles).await;
    assert!(problems.contains("edits delivered twice"), "{problems}");
}

#[tokio::test]
async fn swapped_edits_score_zero() {
    let problems = scored_zero(Fault::Swaps).await;
    assert!(problems.contains("edits not seen"), "{problems}");
}

#[tokio::test]
async fn hidden_presence_scores_zero() {
    let problems = scored_zero(Fault::Hides).await;
    assert!(problems.contains("presence is stale"), "{problems}");
}

/// Relays every frame to everybody, apart from its fault. Writers hear themselves, which members must bear.
async fn relay(listener: TcpListener, fault: Fault) {
    let (room, _) = broadcast::channel(65_536);
    let tasks = TaskTracker::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (room, mut others) = (room.clone(), room.subscribe());
        tasks.spawn(async move {
            let mut socket = accept_async(stream).await.expect("an upgrade");
            let wire = Wire::new(Protocol::YWebsocket, "");
            let mut sender = Sender {
                room,
                fault,
                count: 0,
                waiting: None,
            };
            loop {
                tokio::select! {
                    message = socket.next() => match message {
                        Some(Ok(Message::Binary(frame))) => match wire.read(&frame) {
                            Some(Inbound::Step1) => {
                                let answer = Message::Binary(wire.step2(&[0, 0]).into());
                                let _ = socket.send(answer).await;
                            }
                            Some(Inbound::Update(_)) => sender.edit(frame),
                            _ if fault == Fault::Hides => {}
                            _ => sender.pass_on(frame),
                        },
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

/// The way of one writer's frames into the room.
struct Sender {
    room: broadcast::Sender<Bytes>,
    fault: Fault,
    count: u32,
    waiting: Option<Bytes>,
}

impl Sender {
    fn edit(&mut self, frame: Bytes) {
        self.count += 1;
        let is_fifth = self.count.is_multiple_of(5);
        match self.fault {
            Fault::Loses if is_fifth => {}
            Fault::Swaps if is_fifth => self.waiting = Some(frame),
            Fault::Doubles if is_fifth => {
                self.pass_on(frame.clone());
                self.pass_on(frame);
            }
            _ => {
                self.pass_on(frame);
                if let Some(waiting) = self.waiting.take() {
                    self.pass_on(waiting);
                }
            }
        }
    }

    fn pass_on(&self, frame: Bytes) {
        let _ = self.room.send(frame);
    }
}
