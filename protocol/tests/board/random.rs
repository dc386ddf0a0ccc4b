//! Random runs: several replicas edit, undo, repair and meet in part; in the end they meet in full.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use weft_protocol::board::Board;
use weft_protocol::board::schema::root;
use weft_protocol::board::view::CardState;
use yrs::{Map, Out, ReadTxn, Transact};

use crate::check::{invariants, repairs_well};
use crate::ops::{FUTURE, act};
use crate::support::{Replica, card, meet, setting};

/// Rounds in the normal run of the tests.
const ROUNDS: u64 = 300;
/// Things that are done in one round.
const OPERATIONS: usize = 40;
const THREADS: u64 = 2;

/// What the rounds met, so that they cannot all have been dull.
#[derive(Debug, Default)]
struct Met {
    orphans: AtomicUsize,
    ties: AtomicUsize,
    parent_cycles: AtomicUsize,
    link_cycles: AtomicUsize,
    repairs: AtomicUsize,
    races: AtomicUsize,
}

#[test]
fn board_replicas_agree_and_keep_the_invariants() {
    let (rounds, seed) = (setting("WEFT_BOARD_ROUNDS", ROUNDS), setting("WEFT_SEED", 1));
    println!("boards: WEFT_SEED={seed}, {rounds} rounds of {OPERATIONS} operations");
    let met = Met::default();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let met = &met;
            scope.spawn(move || {
                for at in (thread..rounds).step_by(THREADS as usize) {
                    // The first round has the seed itself, so that a round can be played again.
                    let round = seed + at;
                    if catch_unwind(AssertUnwindSafe(|| play(round, met))).is_err() {
                        panic!("WEFT_SEED={round} WEFT_BOARD_ROUNDS=1 fails");
                    }
                    if (at + 1) % 1000 == 0 {
                        println!("{} rounds: {met:?}", at + 1);
                    }
                }
            });
        }
    });
    println!("{rounds} rounds held: {met:?}");
    if rounds >= ROUNDS {
        for (what, count) in [
            ("orphans", &met.orphans),
            ("ties", &met.ties),
            ("cycles of parts", &met.parent_cycles),
            ("cycles of dependencies", &met.link_cycles),
            ("repairs with something to do", &met.repairs),
            ("two repairs at once", &met.races),
        ] {
            assert!(count.load(Ordering::Relaxed) > 0, "no round met {what}");
        }
    }
}

fn play(seed: u64, met: &Met) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut replicas = vec![Replica::server(1000 + rng.random_range(0..1000))];
    for at in 0..rng.random_range(3..12) {
        let (name, column) = (format!("k{at}"), format!("c{}", at % 3));
        replicas[0].edit(|editor| editor.create_card(&card(&name, &column)).unwrap());
    }
    for at in 1..rng.random_range(2..=5) {
        // Client ids decide who wins, so they come in any order.
        let client = at * 10_000 + rng.random_range(0..9_000);
        replicas.push(Replica::joining(client, &replicas[0]));
    }
    let mut serial = 0;
    for _ in 0..OPERATIONS {
        let at = rng.random_range(0..replicas.len());
        act(&mut replicas[at], &mut rng, &mut serial);
        let board = replicas[at].board();
        invariants(&board);
        if rng.random_bool(0.7) {
            assert_eq!(replicas[at].watched(), &board, "the watch missed something");
        }
        count(&board, met);
        if rng.random_bool(0.05) {
            race(&mut replicas, &mut rng, &mut serial, met);
        }
        if rng.random_bool(0.2) {
            let other = rng.random_range(0..replicas.len());
            if other != at {
                replicas[at].take(&replicas[other]);
                invariants(&replicas[at].board());
            }
        }
    }
    race(&mut replicas, &mut rng, &mut serial, met);
    meet(&replicas);
    let board = replicas[0].board();
    invariants(&board);
    for other in &replicas[1..] {
        assert_eq!(
            other.board(),
            board,
            "replicas that have the same show different boards"
        );
    }
    unknown_is_kept(&replicas[0]);
    repairs_well(&replicas[0]);
    unknown_is_kept(&replicas[0]);
    let repaired = replicas[0].repair();
    met.repairs
        .fetch_add(usize::from(!repaired.is_empty()), Ordering::Relaxed);
}

/// Two servers repair what each has seen so far, one of them only a part, while somebody goes on editing; then the three
/// hear of each other.
fn race(replicas: &mut [Replica], rng: &mut StdRng, serial: &mut usize, met: &Met) {
    let (one, other) = (0, 1);
    let editor = rng.random_range(0..replicas.len());
    replicas[other].take(&replicas[one]);
    act(&mut replicas[editor], rng, serial);
    let some = rng.random_range(1..4);
    let report = replicas[one].repair_kept(some);
    let whole = replicas[other].repair_kept(usize::MAX);
    let both = !report.is_empty() && !whole.is_empty();
    met.races.fetch_add(usize::from(both), Ordering::Relaxed);
    act(&mut replicas[editor], rng, serial);
    replicas[one].take(&replicas[other]);
    replicas[other].take(&replicas[editor]);
    replicas[editor].take(&replicas[one]);
    for at in [one, other, editor] {
        let board = replicas[at].board();
        invariants(&board);
        assert_eq!(replicas[at].watched(), &board, "the watch missed something");
    }
}

/// I6: each card that was made here still has what nobody knows.
fn unknown_is_kept(replica: &Replica) {
    let txn = replica.doc.transact();
    let cards = txn.get_map(root::CARDS).unwrap();
    for (name, card) in cards.iter(&txn) {
        let Out::YMap(card) = card else { continue };
        // Undo can take the second of its two transactions back, and cards from the beginning never had it.
        let future = card.get(&txn, FUTURE);
        assert!(
            future.is_none() || matches!(&future, Some(Out::Any(any)) if any.to_string() == name),
            "I6: {name} has {future:?}"
        );
    }
}

fn count(board: &Board, met: &Met) {
    let add = |counter: &AtomicUsize, count: usize| counter.fetch_add(count, Ordering::Relaxed);
    let open = board
        .view
        .cards
        .iter()
        .filter(|(_, card)| card.state == CardState::Open);
    let orphans = open.filter(|(id, card)| {
        let place = board.raw.cards[*id].place.as_ref();
        card.column.is_some() && place.is_none_or(|place| Some(&place.column) != card.column.as_ref())
    });
    add(&met.orphans, orphans.count());
    let tied = |column: &weft_protocol::board::view::ColumnView| {
        let place = |card| {
            board.raw.cards[card]
                .place
                .as_ref()
                .filter(|place| place.key.is_some())
        };
        column
            .cards
            .windows(2)
            .filter(|pair| place(&pair[0]).is_some() && place(&pair[0]) == place(&pair[1]))
            .count()
    };
    add(&met.ties, board.view.columns.iter().map(tied).sum());
    let cycles = board.raw.cards.iter().filter(|(id, card)| {
        let said = card.parent.as_ref().and_then(|parent| parent.card.as_ref());
        let live = |id| {
            board
                .view
                .cards
                .get(id)
                .is_some_and(|card| card.state != CardState::Deleted)
        };
        said.is_some_and(live) && live(id) && said != board.view.cards[*id].parent.as_ref()
    });
    add(&met.parent_cycles, cycles.count());
    add(
        &met.link_cycles,
        board.view.links.iter().filter(|link| link.cyclic).count(),
    );
}
