//! What a move costs on boards of 500, 5,000 and 20,000 cards, in microseconds: the move itself with its transaction,
//! and bringing a board up to date with the same move made by somebody else.
//!
//! `cargo run --release -p weft-protocol --example board_move`

#![expect(clippy::print_stdout, reason = "a program for people who read its table")]
#![expect(clippy::unwrap_used, reason = "a figure of a move that failed is no figure")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures real time"
)]

use std::time::Instant;

use weft_protocol::board::change::{self, At, NewCard, NewEntry};
use weft_protocol::board::id::{CardId, Id, kind};
use weft_protocol::board::raw::Stamp;
use weft_protocol::board::schema::{Category, LinkKind, root};
use weft_protocol::board::{Board, ChangeError, Editor, Hand, Watch, key};
use yrs::types::text::TextPrelim;
use yrs::updates::decoder::Decode;
use yrs::{Any, Doc, Map, MapPrelim, ReadTxn, StateVector, Transact, Update, WriteTxn};

const COUNTS: [usize; 3] = [500, 5_000, 20_000];
/// Cards that are open on a board on which new ones are made: fewer than a board may have.
const OPEN: usize = 4_000;
const ROUNDS: usize = 300;

type Move = fn(&mut Editor<'_, '_>, usize, usize) -> Result<(), ChangeError>;

/// Each move gets the round and the number of cards.
const MOVES: [(&str, Move); 9] = [
    ("move to another column", |editor, round, count| {
        let target = (round * 7919 + 13) % count;
        let column = id(&format!("c{}", target % 3));
        editor.move_cards(&[card(round * 31 % count)], &column, &At::After(card(target)))
    }),
    ("move 20 cards to the top", |editor, round, count| {
        let cards: Vec<_> = (0..20).map(|at| card((round * 31 + at) % count)).collect();
        editor.move_cards(&cards, &id("c1"), &At::First)
    }),
    ("rename", |editor, round, count| {
        editor.rename_card(&card(round * 31 % count), &format!("Another title {round}"))
    }),
    ("new card", |editor, round, _| {
        editor.create_card(&NewCard {
            id: id(&format!("n{round}")),
            title: "A new card".to_owned(),
            column: id("c1"),
            at: At::Last,
        })
    }),
    ("delete, restore", |editor, round, count| {
        editor.delete_card(&card(round * 31 % count))?;
        editor.restore_card(&card(round * 31 % count))
    }),
    ("assign", |editor, round, count| {
        editor.assign(&card(round * 31 % count), &id("ada"))
    }),
    ("part of another", |editor, round, count| {
        editor.set_parent(&card(round * 31 % count), Some(&card((round * 37 + 1) % count)))
    }),
    ("blocks another", |editor, round, count| {
        editor.link(&card(round % count), LinkKind::Blocks, &card(round + 1))
    }),
    ("rename a column", |editor, round, _| {
        editor.rename::<kind::Column>(&id("c1"), &format!("Column {round}"))
    }),
];

fn main() {
    println!(
        "{:28}{:>10}{:>12}{:>12}{:>14}",
        "microseconds, median", "cards", "move", "refresh", "read anew"
    );
    for (name, make) in MOVES {
        for count in COUNTS {
            let open = if matches!(name, "new card" | "delete, restore") {
                OPEN
            } else {
                count
            };
            let (moved, refreshed, read) = measure(count, open, make);
            println!("{name:28}{count:>10}{moved:>12.1}{refreshed:>12.1}{read:>14.0}");
        }
    }
}

/// Medians of the move, of a refresh after it, and the time of reading all.
fn measure(count: usize, open: usize, make: Move) -> (f64, f64, f64) {
    let (here, there) = (board(count, open), Doc::new());
    apply(&there, &here, &StateVector::default());
    let watch = Watch::on(&there);
    let begin = Instant::now();
    let mut seen = Board::read(&there.transact());
    let read = begin.elapsed().as_secs_f64() * 1e6;
    let mut known = Board::read(&here.transact());
    let (mut moves, mut refreshes) = (Vec::new(), Vec::new());
    let mut drawn = 1_u32;
    for round in 0..ROUNDS {
        let before = here.transact().state_vector();
        let mut dice = |bound| {
            drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            drawn % bound
        };
        let hand = Hand {
            stamp: Stamp::default(),
            dice: &mut dice,
        };
        let begin = Instant::now();
        let mut txn = here.transact_mut();
        // A place in another column, or a cycle, is refused; that is looked at as closely.
        let (_, before_it) = known
            .edit(&mut txn, hand, |editor| make(editor, round, count))
            .unwrap();
        drop(txn);
        moves.push(begin.elapsed().as_secs_f64() * 1e6);
        drop(before_it);
        apply(&there, &here, &before);
        let touched = watch.take();
        let txn = there.transact();
        let begin = Instant::now();
        seen.refresh(&txn, &touched);
        refreshes.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    assert_eq!(seen.view, known.view);
    (median(moves), median(refreshes), read)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A board of so many cards in three columns, those from `open` on in the archive.
fn board(count: usize, open: usize) -> Doc {
    let doc = Doc::new();
    let mut txn = doc.transact_mut();
    change::found(&mut txn, "board").unwrap();
    let mut empty = Board::read(&txn);
    let mut dice = |bound| bound / 2;
    let hand = Hand {
        stamp: Stamp::default(),
        dice: &mut dice,
    };
    let columns = |editor: &mut Editor<'_, '_>| {
        for at in 0..3 {
            let new = NewEntry {
                id: id(&format!("c{at}")),
                name: format!("Column {at}"),
                color: None,
                at: At::Last,
            };
            editor.create_column(&new, Category::Started).unwrap();
        }
    };
    empty.edit(&mut txn, hand, columns).unwrap();
    let cards = txn.get_or_insert_map(root::CARDS);
    for (at, key) in key::spread(None, None, count).unwrap().iter().enumerate() {
        let place = Any::from(vec![Any::from(format!("c{}", at % 3)), Any::from(key.as_str())]);
        let made = cards.insert(&mut txn, card(at).as_str(), MapPrelim::from([("place", place)]));
        made.insert(&mut txn, "title", TextPrelim::new("A title of usual length"));
        for name in ["assignees", "labels", "watchers", "check", "cf", "files"] {
            made.insert(&mut txn, name, MapPrelim::default());
        }
        if at >= open {
            made.insert(
                &mut txn,
                "arch",
                Any::from(std::collections::HashMap::<String, Any>::new()),
            );
        }
    }
    drop(txn);
    doc
}

/// Ids as long as those in use.
fn card(at: usize) -> CardId {
    id(&format!("0199f7a0-0000-7000-8000-{at:012}"))
}

fn id<K>(text: &str) -> Id<K> {
    Id::parse(text).unwrap()
}

fn apply(to: &Doc, from: &Doc, known: &StateVector) {
    let update = from.transact().encode_diff_v1(known);
    to.transact_mut()
        .apply_update(Update::decode_v1(&update).unwrap())
        .unwrap();
}
