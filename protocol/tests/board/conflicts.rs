//! What happens when people do things at the same time: a test for each rule.

use weft_protocol::board::change::{At, NewItem};
use weft_protocol::board::id::{CardId, ColumnId, LabelId, kind};
use weft_protocol::board::raw::Wip;
use weft_protocol::board::schema::{LinkKind, WipMode, limit, root};
use weft_protocol::board::view::CardState;
use yrs::{Any, Map, MapRef, Out, ReadTxn, TransactionMut};

use crate::check::{invariants, repairs_well};
use crate::support::{Replica, card, entry, id, meet, move_to, shown};

/// A server and two people on a board with the cards `a`, `b`, `c` in column `c0`. The last has the highest client id,
/// so it wins registers.
fn three() -> Vec<Replica> {
    let mut server = Replica::server(1);
    for name in ["a", "b", "c"] {
        server.edit(|editor| editor.create_card(&card(name, "c0")).unwrap());
    }
    let (one, other) = (Replica::joining(2, &server), Replica::joining(3, &server));
    vec![server, one, other]
}

fn settled(replicas: &[Replica]) {
    meet(replicas);
    let board = replicas[0].board();
    invariants(&board);
    for other in replicas {
        assert_eq!(other.board(), board);
    }
    repairs_well(&replicas[0]);
}

fn card_map(txn: &TransactionMut<'_>, name: &str) -> MapRef {
    match txn.get_map(root::CARDS).unwrap().get(txn, name) {
        Some(Out::YMap(map)) => map,
        other => panic!("{name} is {other:?}"),
    }
}

fn place(replica: &Replica, name: &str, column: &str, key: &str) {
    replica.write(|txn| {
        let card = card_map(txn, name);
        card.insert(txn, "place", Any::from(vec![Any::from(column), Any::from(key)]));
    });
}

fn key_of(replica: &Replica, name: &str) -> String {
    let place = replica.board().raw.cards[&id::<kind::Card>(name)].place.clone();
    place
        .unwrap()
        .key
        .map(|key| key.as_str().to_owned())
        .unwrap_or_default()
}

#[test]
fn two_moves_of_one_card_put_it_in_one_place() {
    let mut all = three();
    move_to(&mut all[1], "a", "c1").unwrap();
    move_to(&mut all[2], "a", "c2").unwrap();
    settled(&all);
    assert_eq!(
        (shown(&all[0], "c0"), shown(&all[0], "c1"), shown(&all[0], "c2")),
        (vec!["b".into(), "c".into()], vec![], vec!["a".to_owned()])
    );
}

#[test]
fn a_move_and_a_reorder_do_not_mix() {
    let mut all = three();
    move_to(&mut all[1], "a", "c1").unwrap();
    all[2].edit(|editor| editor.move_cards(&[id("a")], &id("c0"), &At::Last).unwrap());
    settled(&all);
    assert_eq!(shown(&all[0], "c0"), ["b", "c", "a"]);
    assert_eq!(shown(&all[0], "c1"), [""; 0]);
}

#[test]
fn a_card_in_a_deleted_column_stands_at_the_end_of_the_first() {
    let mut all = three();
    all[1].edit(|editor| editor.delete::<kind::Column>(&id("c1")).unwrap());
    move_to(&mut all[2], "b", "c1").unwrap();
    settled(&all);
    assert_eq!(shown(&all[0], "c0"), ["a", "c", "b"]);
    assert_eq!(all[0].repair().ordered, 1);
    // It stays there, even if another column becomes the first.
    all[0].edit(|editor| editor.reorder::<kind::Column>(&id("c2"), &At::First).unwrap());
    assert_eq!(shown(&all[0], "c0"), ["a", "c", "b"]);
}

#[test]
fn cards_come_back_with_their_column() {
    let mut all = three();
    all[1].edit(|editor| editor.delete::<kind::Column>(&id("c0")).unwrap());
    settled(&all);
    assert_eq!(shown(&all[2], "c1"), ["a", "b", "c"]);
    assert!(all[1].undo());
    settled(&all);
    assert_eq!(shown(&all[2], "c0"), ["a", "b", "c"]);
}

#[test]
fn without_any_column_cards_are_unsorted() {
    let mut all = three();
    for (at, name) in ["c0", "c1", "c2"].into_iter().enumerate() {
        all[at].edit(|editor| editor.delete::<kind::Column>(&id(name)).unwrap());
    }
    settled(&all);
    let view = all[0].board().view;
    assert_eq!((view.columns.len(), view.unsorted.len()), (0, 3));
    assert!(all[0].repair().is_empty());
    all[0].edit(|editor| editor.restore::<kind::Column>(&id("c1")).unwrap());
    assert_eq!(shown(&all[0], "c1"), ["a", "b", "c"]);
}

#[test]
fn equal_keys_are_ordered_by_id_and_repaired() {
    let all = three();
    for (at, name) in ["c", "b", "a"].into_iter().enumerate() {
        place(&all[at], name, "c1", "a5");
    }
    settled(&all);
    assert_eq!(shown(&all[0], "c1"), ["a", "b", "c"]);
    assert_eq!(all[0].repair().ordered, 2);
    assert_eq!(key_of(&all[0], "a"), "a5");
    assert!(key_of(&all[0], "b") < key_of(&all[0], "c"));
    assert_eq!(shown(&all[0], "c1"), ["a", "b", "c"]);
}

#[test]
fn a_card_goes_between_equal_keys_by_new_keys() {
    let mut all = three();
    place(&all[1], "a", "c1", "a5");
    place(&all[1], "b", "c1", "a5");
    all[1].edit(|editor| {
        let between = At::Before(id("b"));
        editor.move_cards(&[id("c")], &id("c1"), &between).unwrap();
    });
    assert_eq!(shown(&all[1], "c1"), ["a", "c", "b"]);
    settled(&all);
    assert_eq!(shown(&all[0], "c1"), ["a", "c", "b"]);
}

#[test]
fn a_card_without_a_valid_key_comes_last() {
    let all = three();
    place(&all[1], "a", "c0", "not a key");
    place(&all[2], "b", "c0", &"z".repeat(1 << 20));
    settled(&all);
    assert_eq!(shown(&all[0], "c0"), ["c", "a", "b"]);
    assert_eq!(all[0].repair().ordered, 2);
    assert!(key_of(&all[0], "c") < key_of(&all[0], "a") && key_of(&all[0], "a") < key_of(&all[0], "b"));
}

#[test]
fn undoing_the_first_move_leaves_the_card_on_the_board() {
    let server = Replica::server(1);
    let mut one = Replica::joining(2, &server);
    one.edit(|editor| editor.create_card(&card("a", "c1")).unwrap());
    server.take(&one);
    server.write(|txn| drop(card_map(txn, "a").remove(txn, "place")));
    invariants(&server.board());
    assert_eq!(shown(&server, "c0"), ["a"]);
    server.repair();
    assert_eq!(key_of(&server, "a"), "a0");
    // Whoever undoes the making of the card takes it away, with what others did to it.
    assert!(one.undo());
    server.take(&one);
    assert!(server.board().view.cards.is_empty());
}

#[test]
fn columns_moved_at_once_have_one_order() {
    let mut all = three();
    all[1].edit(|editor| editor.reorder::<kind::Column>(&id("c2"), &At::First).unwrap());
    all[2].edit(|editor| editor.reorder::<kind::Column>(&id("c1"), &At::First).unwrap());
    settled(&all);
    for (at, name) in ["c0", "c1"].into_iter().enumerate() {
        all[at].write(|txn| {
            let Some(Out::YMap(column)) = txn.get_map(root::COLUMNS).unwrap().get(txn, name) else {
                panic!("{name} is a map");
            };
            column.insert(txn, "pos", "a7");
        });
    }
    settled(&all);
    let columns = all[0].board().view.columns;
    let position = |name: &str| {
        columns
            .iter()
            .position(|column| column.id.as_str() == name)
            .unwrap()
    };
    assert_eq!(position("c0") + 1, position("c1"));
    assert_eq!(all[0].repair().ordered, 1);
}

#[test]
fn groups_moved_at_once_stay_together() {
    let mut server = Replica::server(1);
    for name in ["a1", "a2", "a3", "b1", "b2", "b3"] {
        server.edit(|editor| editor.create_card(&card(name, "c0")).unwrap());
    }
    let mut all = vec![Replica::joining(2, &server), Replica::joining(3, &server)];
    for (at, names) in [["a1", "a2", "a3"], ["b1", "b2", "b3"]].into_iter().enumerate() {
        let cards: Vec<CardId> = names.into_iter().map(id).collect();
        all[at].edit(|editor| editor.move_cards(&cards, &id("c1"), &At::Last).unwrap());
    }
    settled(&all);
    let column = shown(&all[0], "c1").join(" ");
    assert!(
        column == "a1 a2 a3 b1 b2 b3" || column == "b1 b2 b3 a1 a2 a3",
        "{column}"
    );
}

#[test]
fn an_edit_of_a_deleted_card_comes_back_with_it() {
    let mut all = three();
    all[1].edit(|editor| editor.delete_card(&id("a")).unwrap());
    all[2].edit(|editor| editor.rename_card(&id("a"), "Card a, edited").unwrap());
    settled(&all);
    assert_eq!(all[0].board().view.trash, [id("a")]);
    all[0].edit(|editor| editor.restore_card(&id("a")).unwrap());
    assert_eq!(all[0].board().view.cards[&id("a")].title, "Card a, edited");
    assert_eq!(shown(&all[0], "c0"), ["a", "b", "c"]);
}

#[test]
fn titles_written_at_once_merge() {
    let mut all = three();
    all[1].edit(|editor| editor.rename_card(&id("a"), "🚀 Card a").unwrap());
    all[2].edit(|editor| editor.rename_card(&id("a"), "Card a is done").unwrap());
    settled(&all);
    assert_eq!(all[0].board().view.cards[&id("a")].title, "🚀 Card a is done");
}

#[test]
fn a_deleted_label_is_not_shown_and_not_lost() {
    let mut all = three();
    let label: LabelId = id("red");
    all[0].edit(|editor| editor.create_label(&entry("red")).unwrap());
    meet(&all);
    all[1].edit(|editor| editor.delete(&label).unwrap());
    all[2].edit(|editor| editor.add_label(&id("a"), &label).unwrap());
    settled(&all);
    assert_eq!(all[0].board().view.cards[&id("a")].labels, []);
    all[0].edit(|editor| editor.restore(&label).unwrap());
    assert_eq!(all[0].board().view.cards[&id("a")].labels, [label]);
}

#[test]
fn cards_made_parts_of_each_other_form_no_cycle() {
    let mut all = three();
    all[1].edit(|editor| editor.set_parent(&id("a"), Some(&id("b"))).unwrap());
    all[2].edit(|editor| editor.set_parent(&id("b"), Some(&id("a"))).unwrap());
    settled(&all);
    let cards = all[0].board().view.cards;
    assert_eq!(cards[&id("a")].parent, Some(id("b")));
    assert_eq!(cards[&id("b")].parent, None);
    assert_eq!(all[0].repair().rewritten, 1);
}

#[test]
fn a_part_falls_back_to_what_it_was() {
    let mut all = three();
    all[0].edit(|editor| editor.set_parent(&id("b"), Some(&id("c"))).unwrap());
    meet(&all);
    all[1].edit(|editor| editor.set_parent(&id("a"), Some(&id("b"))).unwrap());
    all[2].edit(|editor| editor.set_parent(&id("b"), Some(&id("a"))).unwrap());
    settled(&all);
    let cards = all[0].board().view.cards;
    assert_eq!(cards[&id("a")].parent, Some(id("b")));
    assert_eq!(cards[&id("b")].parent, Some(id("c")));
}

#[test]
fn the_part_of_a_deleted_card_stands_alone_until_that_comes_back() {
    let mut all = three();
    all[1].edit(|editor| editor.set_parent(&id("a"), Some(&id("b"))).unwrap());
    all[2].edit(|editor| editor.delete_card(&id("b")).unwrap());
    settled(&all);
    assert_eq!(all[0].board().view.cards[&id("a")].parent, None);
    assert!(all[0].repair().is_empty());
    all[0].edit(|editor| editor.restore_card(&id("b")).unwrap());
    assert_eq!(all[0].board().view.cards[&id("a")].parent, Some(id("b")));
}

#[test]
fn of_dependencies_that_go_in_circles_one_does_not_count() {
    let mut all = three();
    all[0].edit(|editor| editor.link(&id("a"), LinkKind::Blocks, &id("b")).unwrap());
    meet(&all);
    all[1].edit(|editor| editor.link(&id("b"), LinkKind::Blocks, &id("c")).unwrap());
    all[2].edit(|editor| editor.link(&id("c"), LinkKind::Blocks, &id("a")).unwrap());
    settled(&all);
    let links = all[0].board().view.links;
    let cyclic: Vec<_> = links
        .iter()
        .filter(|link| link.cyclic)
        .map(|link| link.name())
        .collect();
    assert_eq!(cyclic, ["c|blocks|a"]);
    let report = all[0].repair();
    assert_eq!(report.unlinked.len(), 1);
    assert_eq!(all[0].board().view.links.len(), 2);
}

#[test]
fn the_same_dependency_made_twice_is_one() {
    let mut all = three();
    for replica in &mut all {
        replica.edit(|editor| editor.link(&id("a"), LinkKind::Blocks, &id("b")).unwrap());
    }
    settled(&all);
    assert_eq!(all[0].board().view.links.len(), 1);
}

#[test]
fn a_limit_can_be_passed_together_and_is_shown() {
    let mut all = three();
    let wip = Wip {
        limit: 1,
        mode: WipMode::Hard,
    };
    all[0].edit(|editor| editor.set_wip(&id("c1"), Some(wip)).unwrap());
    meet(&all);
    move_to(&mut all[1], "a", "c1").unwrap();
    move_to(&mut all[2], "b", "c1").unwrap();
    settled(&all);
    let column = all[0].board().view.columns[1].clone();
    assert_eq!((column.cards.len(), column.over_limit), (2, true));
    assert!(move_to(&mut all[0], "c", "c1").is_err());
    // Those that are in it can still change their order.
    move_to(&mut all[0], "a", "c1").unwrap();
}

#[test]
fn checking_and_renaming_an_item_at_once_does_both() {
    let mut all = three();
    let item = NewItem {
        id: id("i"),
        text: "one".into(),
        list: String::new(),
        at: At::Last,
    };
    all[0].edit(|editor| editor.add_item(&id("a"), &item).unwrap());
    meet(&all);
    all[1].edit(|editor| editor.check_item(&id("a"), &id("i"), true).unwrap());
    all[2].edit(|editor| editor.rename_item(&id("a"), &id("i"), "two").unwrap());
    settled(&all);
    let item = all[0].board().view.cards[&id("a")].checklist[0].clone();
    assert_eq!((item.text.as_str(), item.done), ("two", true));
}

#[test]
fn edits_of_a_purged_card_vanish() {
    let mut all = three();
    all[0].edit(|editor| {
        editor.link(&id("a"), LinkKind::Blocks, &id("b")).unwrap();
        editor.delete_card(&id("a")).unwrap();
        editor.purge_card(&id("a")).unwrap();
    });
    all[2].edit(|editor| editor.rename_card(&id("a"), "Too late").unwrap());
    move_to(&mut all[2], "a", "c1").unwrap();
    settled(&all);
    let raw = all[2].board().raw;
    assert!(!raw.cards.contains_key(&id::<kind::Card>("a")) && raw.links.is_empty());
}

#[test]
fn a_forged_clock_is_renumbered_and_nothing_moves() {
    let mut all = three();
    all[1].edit(|editor| editor.set_parent(&id("c"), Some(&id("b"))).unwrap());
    meet(&all);
    for (name, parent, t) in [("a", "c", limit::INTEGER), ("b", "a", limit::INTEGER - 1)] {
        all[2].write(|txn| {
            let card = card_map(txn, name);
            let t = i64::try_from(t).unwrap();
            let register = [("p", Any::from(parent)), ("t", Any::from(t))];
            let register = register.map(|(name, value)| (name.to_owned(), value));
            card.insert(
                txn,
                "parent",
                Any::from(std::collections::HashMap::from(register)),
            );
        });
    }
    settled(&all);
    let before = all[0].board();
    assert_eq!(before.clock(), limit::INTEGER);
    // Nobody's next move has to be refused, or wrap around.
    all[1].edit(|editor| editor.link(&id("a"), LinkKind::Precedes, &id("b")).unwrap());
    all[0].repair();
    assert_eq!(all[0].board().view, before.view);
    let repaired = all[0].board();
    assert!(repaired.clock() < 10);
    let clock = |name: &str| {
        repaired.raw.cards[&id::<kind::Card>(name)]
            .parent
            .as_ref()
            .unwrap()
            .t
    };
    assert!(clock("b") < clock("a"), "forged clocks keep their order");
}

#[test]
fn deleting_a_column_twice_and_restoring_it_once_restores_it() {
    let mut all = three();
    let column: ColumnId = id("c0");
    all[1].edit(|editor| editor.delete(&column).unwrap());
    all[2].edit(|editor| editor.delete(&column).unwrap());
    settled(&all);
    all[1].edit(|editor| editor.restore(&column).unwrap());
    settled(&all);
    assert_eq!(shown(&all[2], "c0"), ["a", "b", "c"]);
}

#[test]
fn an_archived_card_is_shown_in_the_archive_alone() {
    let mut all = three();
    all[1].edit(|editor| editor.archive_card(&id("a")).unwrap());
    move_to(&mut all[2], "a", "c1").unwrap();
    settled(&all);
    let view = all[0].board().view;
    assert_eq!(view.archive, [id("a")]);
    let state = &view.cards[&id("a")];
    assert_eq!(
        (state.state, &state.column),
        (CardState::Archived, &Some(id("c1")))
    );
    all[0].edit(|editor| editor.unarchive_card(&id("a")).unwrap());
    assert_eq!(shown(&all[0], "c1"), ["a"]);
}
