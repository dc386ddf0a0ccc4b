//! Boards that are kept up to date by what was touched: what they are, and what they say was shown before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use weft_protocol::board::change::{At, Attribute};
use weft_protocol::board::id::{CardId, kind};
use weft_protocol::board::raw::{RawCard, Wip, description};
use weft_protocol::board::schema::{LinkKind, Priority, WipMode, root};
use weft_protocol::board::{Before, Board, Group, Touched};
use yrs::{Any, GetString, Map, MapPrelim, Out, Transact, WriteTxn, XmlFragment, XmlTextPrelim};

use crate::support::{Replica, card, column, entry, id, setting};

/// A replica, and another that hears of what is done there and keeps its board up to date.
pub(crate) struct Kept {
    pub(crate) replica: Replica,
    other: Replica,
}

impl Kept {
    pub(crate) fn refresh(&mut self) -> Before {
        self.other.take(&self.replica);
        let before = self.other.refresh();
        assert_eq!(
            self.other.watched(),
            &self.replica.board(),
            "a refreshed board is not what is read"
        );
        before
    }

    pub(crate) fn board(&mut self) -> &Board {
        self.other.watched()
    }

    /// Writes into the cards of these numbers.
    pub(crate) fn write_cards(
        &self,
        cards: &[usize],
        mut write: impl FnMut(usize, &mut yrs::TransactionMut<'_>, &yrs::MapRef),
    ) {
        self.replica.write(|txn| {
            let root = txn.get_or_insert_map(root::CARDS);
            for at in cards {
                let card = match root.get(txn, &format!("k{at}")) {
                    Some(Out::YMap(card)) => card,
                    _ => root.insert(txn, format!("k{at}"), MapPrelim::default()),
                };
                write(*at, txn, &card);
            }
        });
    }
}

pub(crate) fn with_cards(count: usize) -> Kept {
    let replica = Replica::server(1);
    let other = Replica::joining(2, &replica);
    let kept = Kept { replica, other };
    let keys = weft_protocol::board::key::spread(None, None, count).unwrap();
    kept.write_cards(&(0..count).collect::<Vec<_>>(), |at, txn, card| {
        card.insert(txn, "place", place(&format!("c{}", at % 3), keys[at].as_str()));
    });
    kept
}

pub(crate) fn place(column: &str, key: &str) -> Any {
    Any::from(vec![Any::from(column), Any::from(key)])
}

fn register(members: &[(&str, Any)]) -> Any {
    let members = members
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    Any::from(members.collect::<HashMap<_, _>>())
}

fn names(before: &Before) -> Vec<&str> {
    before.cards.keys().map(|card| card.as_str()).collect()
}

#[test]
fn only_the_card_that_moved_is_told() {
    let mut kept = with_cards(30);
    kept.refresh();
    kept.replica.edit(|editor| {
        editor
            .move_cards(&[id("k3")], &id("c1"), &At::After(id("k4")))
            .unwrap()
    });
    let before = kept.refresh();
    assert_eq!(names(&before), ["k3"], "neighbours stay where they are");
    let seat = before.cards[&id("k3")].as_ref().unwrap().seat.clone().unwrap();
    assert_eq!((seat.column, seat.previous), (Some(id("c0")), Some(id("k0"))));
    assert!(before.columns.is_empty() && before.links.is_empty() && before.descriptions.is_empty());
}

#[test]
fn what_is_taken_back_was_never_different() {
    let mut kept = with_cards(5);
    kept.refresh();
    let (_, before) = kept.replica.edit_and_tell(|editor| {
        editor.archive_card(&id("k1")).unwrap();
        assert_eq!(editor.board().view.archive, [id("k1")]);
        editor.link(&id("k2"), LinkKind::Blocks, &id("k3")).unwrap();
        assert_eq!(editor.board().view.links.len(), 1);
        editor.unlink(&id("k2"), LinkKind::Blocks, &id("k3")).unwrap();
        editor.unarchive_card(&id("k1")).unwrap();
        editor.rename::<kind::Column>(&id("c1"), "Other").unwrap();
        assert_eq!(editor.board().view.columns[1].title, "Other");
        editor.rename::<kind::Column>(&id("c1"), "c1").unwrap();
    });
    assert_eq!(before, Before::default());
}

#[test]
fn cards_without_a_column_move_with_the_first_one() {
    let mut kept = with_cards(9);
    kept.refresh();
    kept.replica
        .edit(|editor| editor.delete::<kind::Column>(&id("c2")).unwrap());
    let before = kept.refresh();
    assert_eq!(names(&before), ["k2", "k5", "k8"]);
    assert_eq!(kept.board().seat(&id("k2")).unwrap().group, Group::Stranded);
    assert_eq!(before.columns.len(), 1, "the others stay where they are");
    // Another column comes first: those that only stand in the first one go there.
    kept.replica
        .edit(|editor| editor.reorder::<kind::Column>(&id("c1"), &At::First).unwrap());
    let before = kept.refresh();
    assert_eq!(names(&before), ["k2", "k5", "k8"]);
    assert_eq!(before.columns.len(), 2);
    kept.replica
        .edit(|editor| editor.restore::<kind::Column>(&id("c2")).unwrap());
    assert_eq!(names(&kept.refresh()), ["k2", "k5", "k8"]);
    // And without any column.
    kept.replica.edit(|editor| {
        for name in ["c0", "c1", "c2"] {
            editor.delete::<kind::Column>(&id(name)).unwrap();
        }
    });
    assert_eq!(kept.refresh().cards.len(), 9);
    assert_eq!(kept.board().view.unsorted.len(), 9);
    kept.replica
        .edit(|editor| editor.restore::<kind::Column>(&id("c1")).unwrap());
    assert_eq!(kept.refresh().cards.len(), 9);
}

#[test]
fn cards_are_told_when_what_they_refer_to_goes() {
    let mut kept = with_cards(9);
    kept.replica.edit(|editor| {
        editor.create_label(&entry("red")).unwrap();
        editor.create_label(&entry("blue")).unwrap();
        editor.create_lane(&entry("upper")).unwrap();
        editor.add_label(&id("k1"), &id("red")).unwrap();
        editor.add_label(&id("k2"), &id("blue")).unwrap();
        editor
            .set_attribute(&id("k3"), &Attribute::Lane(Some(id("upper"))))
            .unwrap();
    });
    kept.refresh();
    kept.replica
        .edit(|editor| editor.delete::<kind::Label>(&id("red")).unwrap());
    let before = kept.refresh();
    assert_eq!(
        (names(&before), before.labels.len()),
        (vec!["k1"], 2),
        "blue moves up"
    );
    kept.replica
        .edit(|editor| editor.rename::<kind::Label>(&id("blue"), "navy").unwrap());
    let before = kept.refresh();
    assert_eq!(
        (before.cards.len(), before.labels.len()),
        (0, 1),
        "cards do not say how labels are called"
    );
    kept.replica
        .edit(|editor| editor.delete::<kind::Lane>(&id("upper")).unwrap());
    assert_eq!(names(&kept.refresh()), ["k3"]);
}

#[test]
fn a_column_that_fills_is_told() {
    let mut kept = with_cards(6);
    let wip = Wip {
        limit: 2,
        mode: WipMode::Soft,
    };
    kept.replica
        .edit(|editor| editor.set_wip(&id("c0"), Some(wip)).unwrap());
    let before = kept.refresh();
    assert!(before.columns.contains_key(&id("c0")) && !kept.board().view.columns[0].over_limit);
    kept.replica
        .edit(|editor| editor.move_cards(&[id("k1")], &id("c0"), &At::Last).unwrap());
    let before = kept.refresh();
    assert!(
        !before.columns[&id("c0")].as_ref().unwrap().view.over_limit
            && kept.board().view.columns[0].over_limit
    );
    kept.replica.edit(|editor| {
        editor
            .set_attribute(&id("k1"), &Attribute::Priority(Some(Priority::Low)))
            .unwrap()
    });
    assert!(kept.refresh().columns.is_empty());
}

#[test]
fn descriptions_are_told_apart() {
    let mut kept = with_cards(3);
    kept.replica
        .edit(|editor| editor.create_card(&card("n", "c0")).unwrap());
    assert!(
        kept.refresh().descriptions.is_empty(),
        "an empty one that comes is no other"
    );
    let write = |kept: &mut Kept, text: &str| {
        kept.replica.edit(|editor| {
            let (txn, description) = editor.description(&id("n")).unwrap();
            description.push_back(txn, XmlTextPrelim::new(text));
        });
    };
    write(&mut kept, "One.");
    let before = kept.refresh();
    assert_eq!(before.descriptions, BTreeSet::from([id("n")]));
    assert_eq!(names(&before), ["n"], "it is shown that there is one");
    write(&mut kept, "Two.");
    let before = kept.refresh();
    assert_eq!((names(&before).len(), before.descriptions.len()), (0, 1));
    // Letters inside of it, and another title, which is no description.
    kept.replica.write(|txn| {
        let shared = description(txn, &id("n")).unwrap();
        let text = shared.get(txn, 0).unwrap().into_xml_text().unwrap();
        yrs::Text::push(&text, txn, "!");
    });
    assert_eq!(kept.refresh().descriptions.len(), 1);
    kept.replica
        .edit(|editor| editor.rename_card(&id("n"), "Other").unwrap());
    assert_eq!(kept.refresh().descriptions.len(), 0);
    kept.replica.edit(|editor| {
        editor.delete_card(&id("n")).unwrap();
        editor.purge_card(&id("n")).unwrap();
    });
    assert_eq!(kept.refresh().descriptions.len(), 1, "one that went");
}

#[test]
fn notes_of_what_did_not_change_change_nothing() {
    let mut kept = with_cards(6);
    kept.refresh();
    let touched = Touched {
        cards: ["k1", "k2", "never"].map(id).into(),
        descriptions: ["k1", "never"].map(id).into(),
        lists: [root::COLUMNS, root::META, root::LABELS].into(),
        links: weft_protocol::board::LinkId::parse("k1|blocks|k2")
            .into_iter()
            .collect(),
    };
    let mut board = kept.board().clone();
    let before = board.refresh(&kept.replica.doc.transact(), &touched);
    assert_eq!(before, Before::default());
    assert_eq!(board, kept.replica.board());
}

/// Chains of parts and of dependencies that are longer, and changes that are larger, than what is looked at one by one.
#[test]
fn large_changes_are_refreshed_as_well() {
    let (seed, rounds) = (setting("WEFT_SEED", 1), setting("WEFT_BOARD_LARGE_ROUNDS", 120));
    println!("large changes: WEFT_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut kept = with_cards(300);
    kept.refresh();
    let (mut knots, mut circles) = (0, 0);
    for round in 0..rounds {
        let many = [1, 3, 40, 100, 290][rng.random_range(0..5)];
        let cards: Vec<usize> = (0..many).map(|_| rng.random_range(0..310)).collect();
        let cards: Vec<usize> = cards.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let what = rng.random_range(0..11);
        println!("round {round}: {what} with {}", cards.len());
        let column = format!("c{}", rng.random_range(0..4));
        let drawn: Vec<usize> = cards.iter().map(|_| rng.random_range(0..310)).collect();
        let mut drawn = drawn.into_iter();
        match what {
            0 | 1 => kept.write_cards(&cards, |_, txn, card| {
                let key = format!("a{}V", drawn.next().unwrap() % 10);
                card.insert(txn, "place", place(&column, &key));
            }),
            2 => kept.write_cards(&cards, |at, txn, card| {
                // A long chain, now and then closed.
                let parent = [
                    ("p", Any::from(format!("k{}", (at + 1) % 300))),
                    ("t", Any::from(at as i64)),
                ];
                card.insert(txn, "parent", register(&parent));
            }),
            3 => kept.write_cards(&cards, |_, txn, card| {
                let at = drawn.next().unwrap();
                let parent = [("p", Any::from(format!("k{at}"))), ("t", Any::from(at as i64))];
                card.insert(txn, "parent", register(&parent));
            }),
            4 => kept.write_cards(&cards, |_, txn, card| drop(card.remove(txn, "parent"))),
            5 => kept.write_cards(&cards, |at, txn, card| {
                if at % 7 == 0 {
                    card.insert(txn, "del", register(&[]));
                }
            }),
            6 => kept.write_cards(&cards, |_, txn, card| drop(card.remove(txn, "del"))),
            7 => kept.write_cards(&cards, |at, txn, card| match at % 2 {
                0 => drop(card.insert(txn, "arch", register(&[]))),
                _ => drop(card.remove(txn, "arch")),
            }),
            8 | 9 => kept.replica.write(|txn| {
                let links = txn.get_or_insert_map(root::LINKS);
                for at in cards {
                    let (to, kind) = match what {
                        8 => ((at + 1) % 300, "blocks"),
                        _ => (
                            drawn.next().unwrap(),
                            ["blocks", "blocks", "precedes", "relates"][at % 4],
                        ),
                    };
                    let name = format!("k{at}|{kind}|k{to}");
                    if links.contains_key(txn, &name) && at % 3 > 0 {
                        links.remove(txn, &name);
                    } else {
                        links.insert(txn, name, register(&[("t", Any::from(at as i64))]));
                    }
                }
            }),
            _ => drop(kept.replica.repair()),
        }
        kept.refresh();
        let board = kept.board();
        let is_knot = |(id, card): (&CardId, &RawCard)| {
            let said = card.parent.as_ref().and_then(|register| register.card.as_ref());
            let live = |id| board.view.is_live(id);
            said.is_some_and(live) && live(id) && said != board.view.cards[id].parent.as_ref()
        };
        let knotted = board.raw.cards.iter().filter(|card| is_knot(*card)).count();
        let circular = board.view.links.iter().filter(|link| link.cyclic).count();
        println!("{knotted} parts and {circular} relations do not count");
        knots += knotted;
        circles += circular;
    }
    assert!(knots > 0 && circles > 0, "the rounds were dull");
}

/// What a search index would be told: texts that differ are among the descriptions that changed.
#[test]
fn no_description_changes_in_silence() {
    let seed = setting("WEFT_SEED", 1);
    println!("descriptions: WEFT_SEED={seed}");
    for round in 0..20 {
        let mut rng = StdRng::seed_from_u64(seed + round);
        let mut kept = with_cards(4);
        kept.replica.edit(|editor| {
            editor
                .create_column(&column("c3"), weft_protocol::board::schema::Category::Started)
                .unwrap()
        });
        kept.refresh();
        let mut known = texts(&kept.replica);
        let mut serial = 0;
        for _ in 0..60 {
            crate::ops::act(&mut kept.replica, &mut rng, &mut serial);
            let before = kept.refresh();
            let now = texts(&kept.replica);
            let differ = |id: &&CardId| known.get(*id) != now.get(*id);
            for id in known.keys().chain(now.keys()).filter(differ) {
                assert!(before.descriptions.contains(id), "seed {}: {id}", seed + round);
            }
            known = now;
        }
    }
}

/// The descriptions that there are.
fn texts(replica: &Replica) -> BTreeMap<CardId, String> {
    let txn = replica.doc.transact();
    let cards = replica.board().raw.cards.into_keys();
    cards
        .filter_map(|id| {
            let text = description(&txn, &id)?.get_string(&txn);
            (!text.is_empty()).then_some((id, text))
        })
        .collect()
}
