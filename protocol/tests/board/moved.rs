//! Which cards are said to have moved: those that one has to take elsewhere, and no others.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use weft_protocol::board::change::At;
use weft_protocol::board::{BoardView, CardId, ColumnId, key};
use yrs::Map;

use crate::refresh::{Kept, place, with_cards};
use crate::support::{id, setting};

fn moved(kept: &mut Kept) -> Vec<String> {
    let before = kept.refresh();
    kept.board()
        .moved(&before)
        .into_iter()
        .map(|card| card.as_str().to_owned())
        .collect()
}

#[test]
fn a_card_that_gets_another_key_in_the_same_place_has_not_moved() {
    let mut kept = with_cards(9);
    kept.refresh();
    kept.replica
        .edit(|editor| editor.move_cards(&[id("k0")], &id("c0"), &At::First).unwrap());
    kept.write_cards(&[0], |_, txn, card| {
        card.insert(txn, "place", place("c0", "Zz"));
    });
    assert!(moved(&mut kept).is_empty());
    kept.replica
        .edit(|editor| editor.move_cards(&[id("k0")], &id("c0"), &At::Last).unwrap());
    assert_eq!(moved(&mut kept), ["k0"]);
}

#[test]
fn cards_whose_keys_are_settled_around_another_have_not_moved() {
    let mut kept = with_cards(30);
    // All of a column get one key: the next who moves between them has to settle it.
    kept.write_cards(&[0, 3, 6, 9, 12, 15], |_, txn, card| {
        card.insert(txn, "place", place("c0", "a5"));
    });
    kept.refresh();
    kept.replica.edit(|editor| {
        editor
            .move_cards(&[id("k1")], &id("c0"), &At::After(id("k12")))
            .unwrap()
    });
    assert_eq!(moved(&mut kept), ["k1"]);
}

/// The cards of a column, without those that moved and those that `other` does not show there.
fn staying<'v>(
    view: &'v BoardView,
    other: &BoardView,
    column: &ColumnId,
    moved: &[String],
) -> Vec<&'v CardId> {
    let (_, cards) = view.column(column).expect("the column is there");
    let (_, others) = other.column(column).expect("the column is there");
    let stays =
        |card: &&CardId| others.cards.contains(card) && !moved.iter().any(|name| name == card.as_str());
    cards.cards.iter().filter(stays).collect()
}

#[test]
fn without_those_that_moved_everything_is_in_the_order_it_was_in() {
    let seed = setting("WEFT_SEED", 1);
    println!("moved cards: WEFT_SEED={seed}");
    let mut draw = StdRng::seed_from_u64(seed);
    for _round in 0..150 {
        let mut kept = with_cards(24);
        kept.refresh();
        let keys = key::spread(None, None, 40).unwrap();
        let old = kept.board().view.clone();
        let written: Vec<usize> = (0..draw.random_range(1..12))
            .map(|_| draw.random_range(0..24))
            .collect();
        let home = draw.random_bool(0.7);
        kept.write_cards(&written, |at, txn, card| {
            let column = if home { at % 3 } else { draw.random_range(0..3) };
            let key = keys[draw.random_range(0..keys.len())].as_str();
            card.insert(txn, "place", place(&format!("c{column}"), key));
        });
        let moved = moved(&mut kept);
        let new = kept.board().view.clone();
        assert!(
            moved
                .iter()
                .all(|name| written.iter().any(|at| *name == format!("k{at}")))
        );
        for column in old.columns.iter().map(|column| &column.id) {
            assert_eq!(
                staying(&old, &new, column, &moved),
                staying(&new, &old, column, &moved),
                "{moved:?} moved"
            );
        }
        // None is named in vain: with any of them left in place the order would be another.
        for spared in &moved {
            let without: Vec<String> = moved.iter().filter(|name| *name != spared).cloned().collect();
            let same = old.columns.iter().all(|column| {
                staying(&old, &new, &column.id, &without) == staying(&new, &old, &column.id, &without)
            });
            let column_of = |view: &BoardView| {
                view.cards[&id::<weft_protocol::board::id::kind::Card>(spared)]
                    .column
                    .clone()
            };
            assert!(
                !same || column_of(&old) != column_of(&new),
                "{spared} did not have to move"
            );
        }
    }
}
