//! Documents of people who mean harm, and of programs that do not know better.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::rngs::StdRng;
use weft_protocol::board::schema::{limit, root};
use weft_protocol::board::{Board, json, raw, repair};
use yrs::types::text::TextPrelim;
use yrs::{
    Any, Array, ArrayRef, Map, MapPrelim, Out, Text, Transact, WriteTxn, XmlElementPrelim, XmlFragment,
    XmlTextPrelim,
};

use crate::check::{invariants, repairs_well};
use crate::forge;
use crate::support::{ROOTS, Replica, card, id, milliseconds, setting};

/// The longest that reading the largest board may take, in milliseconds, on a busy machine without optimisation.
const PATIENCE: u128 = 60_000;

#[test]
fn forged_boards_are_read_and_repaired() {
    let (factor, seed) = (setting("WEFT_HOSTILE_ROUNDS", 1), setting("WEFT_SEED", 1));
    println!("forged boards: WEFT_SEED={seed}");
    let mut cards = 0;
    for round in 0..400 * factor {
        let mut forged = forge::document(&mut StdRng::seed_from_u64(seed.wrapping_add(round)));
        let board = forged.board();
        cards += board.view.cards.len();
        println!("round {round}");
        assert_eq!(forged.watched(), &board, "the watch missed something");
        invariants(&board);
        repairs_well(&forged);
        json::state(&board.view).unwrap();
    }
    assert!(cards > 400, "the forger makes no cards: {cards}");
}

#[test]
fn roots_of_another_type_are_empty() {
    for at in 0..3 {
        let other = Replica::new(9);
        let doc = yrs::Doc::new();
        let mut txn = doc.transact_mut();
        for name in ROOTS {
            match at {
                0 => txn.get_or_insert_text(name).push(&mut txn, "text"),
                1 => drop(txn.get_or_insert_array(name).push_back(&mut txn, 1)),
                _ => drop(
                    txn.get_or_insert_xml_fragment(name)
                        .push_back(&mut txn, XmlElementPrelim::empty("p")),
                ),
            }
        }
        drop(txn);
        // Both where the type is known and where it came as an update.
        let here = Board::read(&doc.transact());
        use yrs::updates::decoder::Decode;
        use yrs::{ReadTxn, StateVector, Update};
        let update = doc.transact().encode_state_as_update_v1(&StateVector::default());
        other
            .doc
            .transact_mut()
            .apply_update(Update::decode_v1(&update).unwrap())
            .unwrap();
        for board in [here, other.board()] {
            assert_eq!(
                (board.raw.schema, board.raw.cards.len(), board.view.columns.len()),
                (None, 0, 0)
            );
            invariants(&board);
        }
    }
}

#[test]
fn megabytes_in_small_places_are_cut_or_passed_over() {
    let server = Replica::server(1);
    let huge = "𝒳".repeat(1 << 18);
    server.write(|txn| {
        let cards = txn.get_or_insert_map(root::CARDS);
        let card = cards.insert(txn, "a", MapPrelim::default());
        card.insert(txn, "title", TextPrelim::new(huge.as_str()));
        for name in ["lane", "prio", "due", "color", "cover"] {
            card.insert(txn, name, huge.as_str());
        }
        card.insert(
            txn,
            "place",
            Any::from(vec![Any::from(huge.as_str()), Any::from(huge.as_str())]),
        );
        cards.insert(txn, huge.as_str(), MapPrelim::default());
        let links = txn.get_or_insert_map(root::LINKS);
        links.insert(txn, format!("a|blocks|{huge}"), 1);
    });
    let board = server.board();
    let size = json::state(&board.view).unwrap().len();
    assert!(size < 10_000, "{size} bytes are shown");
    assert_eq!(board.view.cards.len(), 1);
    repairs_well(&server);
}

/// 100,000 cards, each a part of the next and before it, in one column and with one key, all forged.
#[test]
fn a_hundred_thousand_cards_take_bounded_time() {
    const CARDS: i64 = 100_000;
    let server = Replica::server(1);
    server.write(|txn| {
        let cards = txn.get_or_insert_map(root::CARDS);
        let links = txn.get_or_insert_map(root::LINKS);
        for at in 0..CARDS {
            let next = (at + 1) % CARDS;
            let parent = [("p", Any::from(format!("k{next}"))), ("t", Any::from(CARDS - at))];
            let parent: HashMap<_, _> = parent.map(|(name, value)| (name.to_owned(), value)).into();
            let card = MapPrelim::from([
                ("place", Any::from(vec![Any::from("c1"), Any::from("a0")])),
                ("parent", Any::from(parent)),
            ]);
            cards.insert(txn, format!("k{at}"), card);
            let t = HashMap::from([("t".to_owned(), Any::from(at))]);
            links.insert(txn, format!("k{at}|blocks|k{next}"), Any::from(t));
        }
    });
    let mut board = None;
    let took = milliseconds(|| board = Some(server.board()));
    println!("reading {CARDS} cards took {took} ms");
    assert!(took < PATIENCE, "{took} ms");
    let view = board.unwrap().view;
    assert_eq!(view.columns[1].cards.len(), CARDS as usize);
    let roots = view.cards.values().filter(|card| card.parent.is_none()).count();
    assert_eq!(roots, 1, "only the register that closes the cycle does not count");
    let marked = view.links.iter().filter(|link| link.cyclic).count();
    assert_eq!(marked, CARDS as usize - limit::TANGLED_LINKS);

    let took = milliseconds(|| {
        let report = repair(&mut server.doc.transact_mut(), 10);
        assert!(report.more && report.ordered > 10);
    });
    println!("a repair of one part took {took} ms");
    assert!(took < PATIENCE, "{took} ms");
}

/// The densest tangle that is looked at link by link: half the cards block the other half, which block them.
#[test]
fn a_dense_tangle_takes_bounded_time() {
    let server = Replica::server(1);
    server.write(|txn| {
        let cards = txn.get_or_insert_map(root::CARDS);
        let links = txn.get_or_insert_map(root::LINKS);
        for at in 0..200 {
            cards.insert(txn, format!("k{at}"), MapPrelim::default());
        }
        for from in 0..200 {
            for to in (0..200).filter(|to| *to != from) {
                let t = HashMap::from([("t".to_owned(), Any::from((from * 7919 + to * 104_729) % 977))]);
                links.insert(txn, format!("k{from}|blocks|k{to}"), Any::from(t));
            }
        }
    });
    let mut marked = 0;
    let took = milliseconds(|| {
        marked = server
            .board()
            .view
            .links
            .iter()
            .filter(|link| link.cyclic)
            .count()
    });
    println!("a tangle of 39,800 took {took} ms, {marked} marked");
    assert!(took < PATIENCE, "{took} ms");
    assert!(marked >= 39_800 - limit::TANGLED_LINKS);
}

/// What an honest board of this size takes. The figures are printed; the bound is generous.
#[test]
fn large_boards_are_read_in_time() {
    for count in [500, 5_000, 20_000] {
        let server = Replica::server(1);
        server.write(|txn| {
            let cards = txn.get_or_insert_map(root::CARDS);
            let keys = weft_protocol::board::key::spread(None, None, count).unwrap();
            for (at, key) in keys.iter().enumerate() {
                let column = format!("c{}", at % 3);
                let place = Any::from(vec![Any::from(column), Any::from(key.as_str())]);
                let card = cards.insert(txn, format!("k{at}"), MapPrelim::from([("place", place)]));
                card.insert(txn, "title", TextPrelim::new("A title of usual length"));
                for name in ["assignees", "labels", "watchers", "check", "cf", "files"] {
                    card.insert(txn, name, MapPrelim::default());
                }
            }
        });
        let took = milliseconds(|| assert_eq!(server.board().view.cards.len(), count));
        let raw = server.board().raw;
        let shown = milliseconds(|| assert_eq!(Board::of(raw).view.cards.len(), count));
        println!("{count} cards: reading and showing {took} ms, showing {shown} ms");
        assert!(took < PATIENCE, "{took} ms");
    }
}

/// A letter in each of many paragraphs of one description: what a watch does for each must not grow with the others.
#[test]
fn a_wide_description_takes_bounded_time() {
    const PARAGRAPHS: usize = 20_000;
    let mut server = Replica::server(1);
    server.edit(|editor| editor.create_card(&card("a", "c0")).unwrap());
    server.write(|txn| {
        let description = raw::description(txn, &id("a")).unwrap();
        for _ in 0..PARAGRAPHS {
            description.push_front(txn, XmlTextPrelim::new("text"));
        }
    });
    server.refresh();
    let took = milliseconds(|| {
        server.write(|txn| {
            let description = raw::description(txn, &id("a")).unwrap();
            let list: &ArrayRef = description.as_ref();
            let paragraphs: Vec<Out> = list.iter(txn).collect();
            for paragraph in paragraphs {
                let Out::YXmlText(text) = paragraph else {
                    panic!("no text")
                };
                text.insert(txn, 0, "x");
            }
        });
    });
    println!("a letter in each of {PARAGRAPHS} paragraphs took {took} ms");
    let before = server.refresh();
    assert_eq!((before.cards.len(), before.descriptions.len()), (0, 1));
    assert!(took < PATIENCE / 4, "{took} ms");
}
