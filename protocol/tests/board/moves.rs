//! The moves and their rules, one person at a time.

use std::collections::{BTreeSet, HashMap};

use weft_protocol::board::change::{self, At, Attribute, ChangeError, NewItem, What};
use weft_protocol::board::id::{CardId, FieldId, UserId, kind};
use weft_protocol::board::key::OrderKey;
use weft_protocol::board::raw::{self, RawFile, Value, Wip};
use weft_protocol::board::schema::{Category, FieldType, LinkKind, Priority, WipMode, limit};
use weft_protocol::board::view::CardView;
use weft_protocol::board::{Board, Editor, Hand, json};
use yrs::{
    Any, Array, ArrayRef, Map, MapPrelim, MapRef, Out, ReadTxn, Text, Transact, TransactionMut, WriteTxn,
    Xml, XmlElementPrelim, XmlFragment, XmlFragmentRef, XmlTextPrelim,
};

use crate::check::{invariants, repairs_well};
use crate::support::{Replica, card, column, entry, id, move_to, shown, stamp};

fn with_cards(names: &[&str]) -> Replica {
    let mut replica = Replica::server(1);
    for name in names {
        replica.edit(|editor| editor.create_card(&card(name, "c0")).unwrap());
    }
    replica
}

fn missing(what: What, id: &str) -> ChangeError {
    ChangeError::NotFound {
        what,
        id: id.to_owned(),
    }
}

#[test]
fn nobody_edits_what_is_no_board() {
    let replica = Replica::new(1);
    let open = |replica: &Replica| {
        let mut txn = replica.doc.transact_mut();
        let mut dice = |_| 0;
        let hand = Hand {
            stamp: stamp(),
            dice: &mut dice,
        };
        let mut board = Board::read(&txn);
        Editor::open(&mut txn, hand, &mut board).map(drop)
    };
    assert_eq!(open(&replica), Err(ChangeError::NoBoard));
    replica.write(|txn| {
        txn.get_or_insert_map("meta").insert(txn, "schema", 2);
    });
    assert_eq!(open(&replica), Err(ChangeError::UnknownSchema(2)));
    let server = Replica::server(2);
    assert_eq!(open(&server), Ok(()));
    let again = change::found(&mut server.doc.transact_mut(), "other");
    assert_eq!(again, Err(ChangeError::BoardExists));
}

#[test]
fn cards_move_where_they_are_told() {
    let mut replica = with_cards(&["a", "b", "c", "d"]);
    let go = |replica: &mut Replica, cards: &[&str], column: &str, at: At<kind::Card>| {
        let cards: Vec<CardId> = cards.iter().map(|card| id(card)).collect();
        replica.edit(|editor| editor.move_cards(&cards, &id(column), &at))
    };
    go(&mut replica, &["d"], "c0", At::First).unwrap();
    assert_eq!(shown(&replica, "c0"), ["d", "a", "b", "c"]);
    go(&mut replica, &["d", "b"], "c0", At::After(id("c"))).unwrap();
    assert_eq!(shown(&replica, "c0"), ["a", "c", "d", "b"]);
    go(&mut replica, &["b", "a"], "c1", At::Last).unwrap();
    go(&mut replica, &["c"], "c1", At::Before(id("a"))).unwrap();
    assert_eq!(shown(&replica, "c1"), ["b", "c", "a"]);
    assert_eq!(
        go(&mut replica, &["x"], "c1", At::Last),
        Err(missing(What::Card, "x"))
    );
    assert_eq!(
        go(&mut replica, &["a"], "c9", At::Last),
        Err(missing(What::Column, "c9"))
    );
    assert_eq!(
        go(&mut replica, &["a"], "c1", At::After(id("d"))),
        Err(missing(What::Card, "d"))
    );
    assert_eq!(
        go(&mut replica, &["a", "a"], "c1", At::Last),
        Err(missing(What::Card, "a"))
    );
    invariants(&replica.board());
}

#[test]
fn a_column_takes_new_keys_when_there_is_no_room() {
    let mut replica = with_cards(&["a", "b"]);
    for at in 0..400 {
        let name = format!("n{at}");
        let new = change::NewCard {
            at: At::Before(id("b")),
            ..card(&name, "c0")
        };
        replica.edit(|editor| editor.create_card(&new).unwrap());
    }
    let board = replica.board();
    invariants(&board);
    let expected: Vec<String> = ["a".to_owned()]
        .into_iter()
        .chain((0..400).map(|at| format!("n{at}")))
        .chain(["b".to_owned()])
        .collect();
    assert_eq!(shown(&replica, "c0"), expected);
    let long = |key: &OrderKey| key.as_str().len() > 48;
    let keys = board
        .raw
        .cards
        .values()
        .filter_map(|card| card.place.as_ref()?.key.as_ref());
    assert_eq!(keys.filter(|key| long(key)).count(), 0);
}

#[test]
fn moving_into_a_completed_column_completes() {
    let mut replica = with_cards(&["a"]);
    replica.edit(|editor| editor.set_category(&id("c1"), Category::Completed).unwrap());
    replica.edit(|editor| editor.set_category(&id("c2"), Category::Started).unwrap());
    let done = |replica: &Replica| replica.board().view.cards[&id::<kind::Card>("a")].done.clone();
    move_to(&mut replica, "a", "c1").unwrap();
    assert_eq!(done(&replica), Some(stamp()));
    move_to(&mut replica, "a", "c2").unwrap();
    assert_eq!(done(&replica), None);
}

#[test]
fn rules_have_reasons() {
    let mut replica = with_cards(&["a", "b", "c"]);
    let (a, b, c): (CardId, CardId, CardId) = (id("a"), id("b"), id("c"));
    let long = "x".repeat(limit::TITLE_CHARS + 1);
    replica.edit(|editor| {
        let exists = ChangeError::Exists {
            what: What::Card,
            id: "a".into(),
        };
        assert_eq!(editor.create_card(&card("a", "c0")), Err(exists));
        let too_long = |what, limit| Err(ChangeError::TooLong { what, limit });
        assert_eq!(
            editor.rename_card(&a, &long),
            too_long(What::Card, limit::TITLE_CHARS)
        );
        assert_eq!(
            editor.rename::<kind::Column>(&id("c0"), &long),
            too_long(What::Column, limit::NAME_CHARS)
        );
        editor.rename_card(&a, &long[1..]).unwrap();

        editor.set_parent(&a, Some(&b)).unwrap();
        editor.set_parent(&b, Some(&c)).unwrap();
        assert_eq!(editor.set_parent(&c, Some(&a)), Err(ChangeError::ParentCycle));
        assert_eq!(editor.set_parent(&c, Some(&c)), Err(ChangeError::ParentCycle));

        editor.link(&a, LinkKind::Blocks, &b).unwrap();
        editor.link(&b, LinkKind::Blocks, &c).unwrap();
        assert_eq!(
            editor.link(&c, LinkKind::Blocks, &a),
            Err(ChangeError::DependencyCycle)
        );
        assert_eq!(editor.link(&a, LinkKind::Blocks, &a), Err(ChangeError::SelfLink));
        editor.link(&c, LinkKind::Precedes, &a).unwrap();
        editor.link(&c, LinkKind::Relates, &a).unwrap();
        editor.link(&a, LinkKind::Relates, &c).unwrap();
        assert_eq!(
            editor.unlink(&c, LinkKind::Blocks, &a),
            Err(missing(What::Link, "c|blocks|a"))
        );

        assert_eq!(
            editor.add_label(&a, &id("none")),
            Err(missing(What::Label, "none"))
        );
        assert_eq!(editor.purge_card(&a), Err(missing(What::Card, "a")));
        let color = Attribute::Color(Some("Red!".into()));
        assert_eq!(
            editor.set_attribute(&a, &color),
            Err(ChangeError::Invalid(What::Color))
        );
        let estimate = Attribute::Estimate(Some(f64::NAN));
        assert_eq!(
            editor.set_attribute(&a, &estimate),
            Err(ChangeError::Invalid(What::Estimate))
        );
        let lane = Attribute::Lane(Some(id("l")));
        assert_eq!(editor.set_attribute(&a, &lane), Err(missing(What::Lane, "l")));
        editor.delete_card(&a).unwrap();
        assert_eq!(editor.rename_card(&a, "x"), Err(missing(What::Card, "a")));
        assert_eq!(
            editor.delete::<kind::Column>(&id("x")),
            Err(missing(What::Column, "x"))
        );
        let wip = Wip {
            limit: 0,
            mode: WipMode::Hard,
        };
        assert_eq!(
            editor.set_wip(&id("c0"), Some(wip)),
            Err(ChangeError::Invalid(What::Limit))
        );
    });
    let relates = replica.board().view.links;
    assert_eq!(
        relates.iter().map(|link| link.name()).collect::<Vec<_>>(),
        ["b|blocks|c"]
    );
    invariants(&replica.board());
}

#[test]
fn a_board_takes_so_many_and_no_more() {
    let mut replica = Replica::server(1);
    for at in 3..limit::COLUMNS {
        replica.edit(|editor| {
            editor
                .create_column(&column(&format!("c{at}")), Category::Backlog)
                .unwrap()
        });
    }
    let more = replica.edit(|editor| editor.create_column(&column("more"), Category::Backlog));
    let full = ChangeError::TooMany {
        what: What::Column,
        limit: limit::COLUMNS,
    };
    assert_eq!(more, Err(full.clone()));
    replica.edit(|editor| {
        editor.delete::<kind::Column>(&id("c5")).unwrap();
        editor.create_column(&column("more"), Category::Backlog).unwrap();
        assert_eq!(editor.restore::<kind::Column>(&id("c5")), Err(full));
    });
}

#[test]
fn a_refused_move_writes_nothing() {
    let mut replica = with_cards(&["a", "b"]);
    let before = replica.state();
    replica.edit(|editor| {
        editor
            .move_cards(&[id("a"), id("x")], &id("c1"), &At::Last)
            .unwrap_err();
        editor.create_card(&card("n", "c9")).unwrap_err();
        let nowhere = change::NewCard {
            at: At::Before(id("x")),
            ..card("n", "c0")
        };
        editor.create_card(&nowhere).unwrap_err();
        let mut new = entry::<kind::Label>("red");
        new.at = At::After(id("x"));
        editor.create_label(&new).unwrap_err();
        let item = NewItem {
            id: id("i"),
            text: "x".repeat(limit::TEXT_CHARS + 1),
            list: String::new(),
            at: At::Last,
        };
        editor.add_item(&id("a"), &item).unwrap_err();
        let nowhere = NewItem {
            text: String::new(),
            at: At::Before(id("x")),
            ..item
        };
        editor.add_item(&id("a"), &nowhere).unwrap_err();
        // And what changes nothing writes nothing.
        editor.rename_card(&id("a"), "Card a").unwrap();
        editor.restore_card(&id("a")).unwrap();
        editor.set_attribute(&id("a"), &Attribute::Done(false)).unwrap();
        editor.set_parent(&id("a"), None).unwrap();
        editor.unassign(&id("a"), &id("ada")).unwrap();
    });
    assert_eq!(replica.state(), before);
}

#[test]
fn a_card_says_what_it_is_told() {
    let mut replica = with_cards(&["a", "b"]);
    let a: CardId = id("a");
    replica.edit(|editor| {
        editor.create_label(&entry("red")).unwrap();
        editor.create_lane(&entry("upper")).unwrap();
        editor.create_field(&entry("size"), FieldType::Select).unwrap();
        editor.create_field(&entry("cost"), FieldType::Number).unwrap();
        editor.create_choice(&id("size"), &entry("xl")).unwrap();
        assert_eq!(
            editor.create_choice(&id("cost"), &entry("xl")),
            Err(ChangeError::Invalid(What::Field))
        );
        editor.add_label(&a, &id("red")).unwrap();
        editor.assign(&a, &id("ada")).unwrap();
        editor.assign(&a, &id("ben")).unwrap();
        editor.unassign(&a, &id("ada")).unwrap();
        editor.watch(&a, &id("eve")).unwrap();
        editor
            .set_attribute(&a, &Attribute::Lane(Some(id("upper"))))
            .unwrap();
        editor
            .set_attribute(&a, &Attribute::Priority(Some(Priority::Urgent)))
            .unwrap();
        editor.set_attribute(&a, &Attribute::Estimate(Some(3.0))).unwrap();
        editor
            .set_value(&a, &id("size"), Some(&Value::Text("xl".into())))
            .unwrap();
        editor
            .set_value(&a, &id("cost"), Some(&Value::Number(12.5)))
            .unwrap();
        let wrong = editor.set_value(&a, &id("size"), Some(&Value::Text("xs".into())));
        assert_eq!(wrong, Err(ChangeError::Invalid(What::Value)));
        let file = RawFile {
            name: "plan.pdf".into(),
            size: Some(10),
            mime: Some("application/pdf".into()),
        };
        editor.attach(&a, &id("f1"), &file).unwrap();
        editor
            .set_attribute(&a, &Attribute::Cover(Some(id("f1"))))
            .unwrap();
        for (name, at) in [("i1", At::Last), ("i2", At::Last), ("i0", At::First)] {
            let item = NewItem {
                id: id(name),
                text: format!("Item {name}"),
                list: String::new(),
                at,
            };
            editor.add_item(&a, &item).unwrap();
        }
        editor.check_item(&a, &id("i1"), true).unwrap();
        editor.move_item(&a, &id("i2"), &At::First).unwrap();
    });
    let value = json::value(&replica.board().view).unwrap();
    assert_eq!(
        value["cards"]["a"],
        serde_json::json!({
            "state": "open", "column": "c0", "lane": "upper", "title": "Card a", "described": false,
            "priority": "urgent", "due": null, "start": null, "estimate": 3.0, "color": null, "cover": "f1",
            "archived": null, "done": null, "deleted": null, "parent": null, "children": [],
            "assignees": ["ben"], "labels": ["red"], "watchers": ["eve"],
            "checklist": [
                {"id": "i2", "text": "Item i2", "done": false, "list": ""},
                {"id": "i0", "text": "Item i0", "done": false, "list": ""},
                {"id": "i1", "text": "Item i1", "done": true, "list": ""},
            ],
            "values": {"cost": 12.5, "size": "xl"},
            "files": {"f1": {"name": "plan.pdf", "size": 10, "mime": "application/pdf"}},
        })
    );
    assert_eq!(value["columns"][0]["cards"], serde_json::json!(["a", "b"]));
    replica.edit(|editor| editor.delete_choice(&id("size"), &id("xl")).unwrap());
    let value = json::value(&replica.board().view).unwrap();
    assert_eq!(value["cards"]["a"]["values"], serde_json::json!({"cost": 12.5}));
    assert_eq!(
        json::state(&replica.board().view).unwrap(),
        serde_json::to_vec(&value_of(&replica)).unwrap()
    );
    repairs_well(&replica);
}

fn value_of(replica: &Replica) -> weft_protocol::board::BoardView {
    replica.board().view
}

#[test]
fn a_copy_says_what_the_original_says() {
    let mut replica = with_cards(&["a", "b"]);
    let a: CardId = id("a");
    replica.edit(|editor| {
        editor.create_label(&entry("red")).unwrap();
        editor.create_label(&entry("gone")).unwrap();
        editor.create_field(&entry("cost"), FieldType::Number).unwrap();
        editor.add_label(&a, &id("red")).unwrap();
        editor.add_label(&a, &id("gone")).unwrap();
        editor.delete::<kind::Label>(&id("gone")).unwrap();
        editor
            .set_value(&a, &id("cost"), Some(&Value::Number(12.5)))
            .unwrap();
        editor
            .set_attribute(&a, &Attribute::Priority(Some(Priority::Urgent)))
            .unwrap();
        editor.assign(&a, &id("ada")).unwrap();
        editor.set_parent(&a, Some(&id("b"))).unwrap();
        for (name, list) in [("i1", ""), ("i2", "Later")] {
            let item = NewItem {
                id: id(name),
                text: format!("Item {name}"),
                list: list.to_owned(),
                at: At::First,
            };
            editor.add_item(&a, &item).unwrap();
        }
        editor.check_item(&a, &id("i1"), true).unwrap();
        let (txn, description) = editor.description(&a).unwrap();
        rich_text(txn, &description);
        editor.archive_card(&a).unwrap();
        let copy = change::NewCard {
            at: At::Before(id("b")),
            ..card("copy", "c0")
        };
        editor.duplicate_card(&a, &copy).unwrap();
    });
    let board = replica.board();
    let (original, copy) = (&board.view.cards[&a], &board.view.cards[&id("copy")]);
    assert_eq!(shown(&replica, "c0"), ["copy", "b"]);
    assert_eq!(
        (
            copy.title.as_str(),
            copy.labels.as_slice(),
            copy.priority,
            copy.described
        ),
        ("Card copy", [id("red")].as_slice(), Some(Priority::Urgent), true)
    );
    assert_eq!(copy.values, original.values);
    assert!(copy.assignees.is_empty() && copy.parent.is_none() && copy.archived.is_none());
    let said = |card: &CardView| -> Vec<_> {
        let items = card.checklist.iter();
        items
            .map(|item| (item.text.clone(), item.done, item.list.clone()))
            .collect()
    };
    assert_eq!(said(copy), said(original));
    assert_eq!((copy.checklist.len(), copy.items_done()), (2, 1));
    for (one, other) in copy.checklist.iter().zip(&original.checklist) {
        assert_ne!(one.id, other.id, "items have names of their own");
    }
    let txn = replica.doc.transact();
    let deep = |name: &str| {
        let mut said = Vec::new();
        let text = raw::description(&txn, &id(name)).unwrap();
        tree(&txn, text.as_ref(), &mut said);
        said
    };
    assert_eq!(deep("copy"), deep("a"));
    assert_eq!(deep("copy").len(), 6);
    drop(txn);

    // From then on each is its own.
    replica.edit(|editor| {
        let (txn, description) = editor.description(&id("copy")).unwrap();
        description.remove_range(txn, 0, 2);
    });
    let board = replica.board();
    assert!(board.view.cards[&a].described && !board.view.cards[&id("copy")].described);
    repairs_well(&replica);
}

/// A heading whose level is a number, and a list with formatted text and an image in it.
fn rich_text(txn: &mut TransactionMut<'_>, description: &XmlFragmentRef) {
    let heading = description.push_back(txn, XmlElementPrelim::empty("heading"));
    heading.insert_attribute(txn, "level", Any::from(2));
    heading.push_back(txn, XmlTextPrelim::new("A heading 𝒳"));
    let list = description.push_back(txn, XmlElementPrelim::empty("bulletList"));
    let item = list.push_back(txn, XmlElementPrelim::empty("listItem"));
    let text = item.push_back(txn, XmlTextPrelim::new("plain"));
    let strong = HashMap::from([("strong".into(), Any::from(HashMap::<String, Any>::new()))]);
    text.insert_with_attributes(txn, 5, "strong", strong);
    text.insert(txn, 0, "first ");
    let image = HashMap::from([("src".to_owned(), Any::from("a.png"))]);
    text.insert_embed(txn, 3, Any::from(image));
    item.push_back(txn, XmlElementPrelim::empty("horizontalRule"));
}

/// Everything in shared XML, from top to bottom.
fn tree<T: ReadTxn>(txn: &T, list: &ArrayRef, said: &mut Vec<String>) {
    for child in list.iter(txn) {
        match child {
            Out::YXmlElement(element) => {
                let level = element.get_attribute(txn, "level");
                said.push(format!("{} {level:?}", element.tag()));
                tree(txn, element.as_ref(), said);
            }
            Out::YXmlText(text) => {
                let pieces = text.diff(txn, yrs::types::text::YChange::identity);
                let pieces = pieces.into_iter().map(|piece| (piece.insert, piece.attributes));
                said.push(format!("{:?}", pieces.collect::<Vec<_>>()));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_copy_that_is_refused_leaves_nothing() {
    let mut replica = with_cards(&["a", "b"]);
    replica.write(|txn| {
        let card = raw_card(txn, "a");
        let Some(Out::YMap(check)) = card.get(txn, "check") else {
            panic!("no checklist");
        };
        for at in 0..=limit::ITEMS {
            check.insert(txn, format!("i{at}"), MapPrelim::default());
        }
    });
    let before = replica.state();
    replica.edit(|editor| {
        let full = ChangeError::TooMany {
            what: What::Item,
            limit: limit::ITEMS,
        };
        assert_eq!(editor.duplicate_card(&id("a"), &card("n", "c0")), Err(full));
        assert_eq!(
            editor.duplicate_card(&id("x"), &card("n", "c0")),
            Err(missing(What::Card, "x"))
        );
        assert_eq!(
            editor.duplicate_card(&id("b"), &card("n", "c9")),
            Err(missing(What::Column, "c9"))
        );
        editor.duplicate_card(&id("b"), &card("a", "c0")).unwrap_err();
        assert_eq!(
            editor.description(&id("x")).map(drop),
            Err(missing(What::Card, "x"))
        );
    });
    assert_eq!(replica.state(), before);
}

fn raw_card(txn: &TransactionMut<'_>, name: &str) -> MapRef {
    match txn.get_map("cards").unwrap().get(txn, name) {
        Some(Out::YMap(card)) => card,
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn choices_are_edited_like_lists() {
    let mut replica = with_cards(&["a"]);
    let field: FieldId = id("size");
    let choices = |replica: &Replica| -> Vec<(String, Option<String>)> {
        let view = replica.board().view;
        let options = view.fields[0].options.iter();
        options
            .map(|option| (option.name.clone(), option.color.clone()))
            .collect()
    };
    replica.edit(|editor| {
        editor.create_field(&entry("size"), FieldType::Select).unwrap();
        editor.create_field(&entry("cost"), FieldType::Number).unwrap();
        for name in ["s", "m", "l"] {
            editor.create_choice(&field, &entry(name)).unwrap();
        }
        editor.rename_choice(&field, &id("s"), "small").unwrap();
        editor.recolor_choice(&field, &id("s"), Some("red")).unwrap();
        editor
            .reorder_choice(&field, &id("l"), &At::Before(id("m")))
            .unwrap();
    });
    let named = |name: &str, color: Option<&str>| (name.to_owned(), color.map(str::to_owned));
    assert_eq!(
        choices(&replica),
        [named("small", Some("red")), named("l", None), named("m", None)]
    );
    replica.edit(|editor| {
        editor.delete_choice(&field, &id("l")).unwrap();
        let gone = Err(missing(What::Choice, "l"));
        assert_eq!(editor.rename_choice(&field, &id("l"), "x"), gone);
        assert_eq!(editor.recolor_choice(&field, &id("l"), None), gone);
        assert_eq!(editor.reorder_choice(&field, &id("l"), &At::First), gone);
        assert_eq!(editor.delete_choice(&field, &id("l")), gone);
        let invalid = Err(ChangeError::Invalid(What::Color));
        assert_eq!(editor.recolor_choice(&field, &id("s"), Some("Red!")), invalid);
        let other = Err(missing(What::Choice, "s"));
        assert_eq!(editor.restore_choice(&id("cost"), &id("s")), other);
    });
    assert_eq!(choices(&replica).len(), 2);
    replica.edit(|editor| editor.restore_choice(&field, &id("l")).unwrap());
    assert_eq!(choices(&replica)[1], named("l", None));
}

#[test]
fn whole_sets_are_written_by_what_differs() {
    let mut replica = with_cards(&["a"]);
    let a: CardId = id("a");
    let users = |names: &[&str]| names.iter().map(|name| id(name)).collect::<BTreeSet<UserId>>();
    replica.edit(|editor| {
        editor.set_assignees(&a, &users(&["ada", "ben"])).unwrap();
        editor.set_watchers(&a, &users(&["eve"])).unwrap();
        for name in ["red", "blue", "gone"] {
            editor.create_label(&entry(name)).unwrap();
            editor.add_label(&a, &id(name)).unwrap();
        }
        editor.delete::<kind::Label>(&id("gone")).unwrap();
    });
    let state = replica.state();
    replica.edit(|editor| {
        editor.set_assignees(&a, &users(&["ben", "ada"])).unwrap();
        let gone = BTreeSet::from([id("red"), id("gone")]);
        assert_eq!(editor.set_labels(&a, &gone), Err(missing(What::Label, "gone")));
        let many = (0..=limit::MEMBERS).map(|at| id(&format!("u{at}"))).collect();
        let full = ChangeError::TooMany {
            what: What::Member,
            limit: limit::MEMBERS,
        };
        assert_eq!(editor.set_watchers(&a, &many), Err(full));
    });
    assert_eq!(
        replica.state(),
        state,
        "what changes nothing, or is refused, writes nothing"
    );
    replica.edit(|editor| {
        editor.set_assignees(&a, &users(&["ben", "eve"])).unwrap();
        editor.set_labels(&a, &BTreeSet::from([id("red")])).unwrap();
        editor.restore::<kind::Label>(&id("gone")).unwrap();
    });
    let card = &replica.board().view.cards[&a];
    assert_eq!(card.assignees, [id("ben"), id("eve")]);
    assert_eq!(
        card.labels,
        [id("gone"), id("red")],
        "a deleted label is not touched"
    );
}

#[test]
fn items_go_from_list_to_list() {
    let mut replica = with_cards(&["a"]);
    let a: CardId = id("a");
    let item = NewItem {
        id: id("i"),
        text: "Item".to_owned(),
        list: String::new(),
        at: At::Last,
    };
    replica.edit(|editor| {
        editor.add_item(&a, &item).unwrap();
        editor.relist_item(&a, &id("i"), "Later").unwrap();
        assert_eq!(editor.board().view.cards[&id("a")].checklist[0].list, "Later");
        editor.relist_item(&a, &id("i"), "").unwrap();
        assert_eq!(editor.board().view.cards[&id("a")].checklist[0].list, "");
        assert_eq!(
            editor.relist_item(&a, &id("x"), ""),
            Err(missing(What::Item, "x"))
        );
    });
}

#[test]
fn a_board_has_so_many_cards_in_all() {
    let mut replica = Replica::new(1);
    change::found(&mut replica.doc.transact_mut(), "board").unwrap();
    replica.write(|txn| {
        let cards = txn.get_or_insert_map("cards");
        for at in 0..limit::ALL_CARDS - 1 {
            let deleted = MapPrelim::from([("del", Any::from(HashMap::<String, Any>::new()))]);
            cards.insert(txn, format!("k{at}"), deleted);
        }
        let columns = txn.get_or_insert_map("columns");
        for at in 0..limit::COLUMNS * limit::DELETED_ENTRIES {
            let deleted = MapPrelim::from([("del", Any::from(HashMap::<String, Any>::new()))]);
            columns.insert(txn, format!("c{at}"), deleted);
        }
    });
    let before = replica.board().raw.size();
    replica.edit(|editor| {
        editor.restore::<kind::Column>(&id("c0")).unwrap();
        let columns = ChangeError::TooMany {
            what: What::Column,
            limit: limit::COLUMNS * limit::DELETED_ENTRIES,
        };
        assert_eq!(
            editor.create_column(&column("more"), Category::Backlog),
            Err(columns)
        );
        editor.create_card(&card("last", "c0")).unwrap();
        let cards = ChangeError::TooMany {
            what: What::Card,
            limit: limit::ALL_CARDS,
        };
        assert_eq!(editor.create_card(&card("more", "c0")), Err(cards));
        editor.restore_card(&id("k0")).unwrap();
    });
    let full = replica.board().raw.size();
    assert_eq!((full.cards, full.check(&before)), (limit::ALL_CARDS, Ok(())));
    // Others write what they like; whether that is taken is for the server to say.
    replica.write(|txn| {
        txn.get_or_insert_map("cards")
            .insert(txn, "more", MapPrelim::default());
    });
    let over = replica.board().raw.size();
    let too_many = ChangeError::TooMany {
        what: What::Card,
        limit: limit::ALL_CARDS,
    };
    assert_eq!(over.check(&full), Err(too_many));
    assert_eq!(full.check(&over), Ok(()), "what is too large may become smaller");
}
