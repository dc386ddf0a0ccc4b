//! What people, servers and careless programs do to a board, at random.

use std::collections::{BTreeSet, HashMap};

use rand::Rng;
use rand::rngs::StdRng;
use weft_protocol::board::change::{At, Attribute, NewCard, NewItem};
use weft_protocol::board::id::{CardId, ColumnId, Id, LabelId, UserId, kind};
use weft_protocol::board::raw::{Value, Wip};
use weft_protocol::board::schema::{Category, FieldType, LinkKind, Priority, WipMode, root};
use weft_protocol::board::{BoardView, ChangeError};
use yrs::types::text::TextPrelim;
use yrs::{
    Any, Map, MapPrelim, MapRef, Out, ReadTxn, TransactionMut, XmlElementPrelim, XmlFragment, XmlTextPrelim,
};

use crate::support::{Replica, card, column, entry, id};

/// Something nobody knows. It must survive everything.
pub(crate) const FUTURE: &str = "x_future";

fn pick<'l, T>(rng: &mut StdRng, list: &'l [T]) -> Option<&'l T> {
    (!list.is_empty()).then(|| &list[rng.random_range(0..list.len())])
}

fn any_card(rng: &mut StdRng, view: &BoardView) -> Option<CardId> {
    let cards: Vec<_> = view.cards.keys().collect();
    pick(rng, &cards).map(|card| (*card).clone())
}

/// One of a few cards, so that people meet there.
fn hot_card(rng: &mut StdRng, view: &BoardView) -> Option<CardId> {
    let live = view.cards.iter().filter(|(_, card)| card.deleted.is_none());
    let cards: Vec<_> = live.map(|(id, _)| id).take(5).collect();
    pick(rng, &cards).map(|card| (*card).clone())
}

fn any_column(rng: &mut StdRng, view: &BoardView) -> Option<ColumnId> {
    pick(rng, &view.columns).map(|column| column.id.clone())
}

fn any_place<K>(rng: &mut StdRng, list: &[Id<K>]) -> At<K> {
    let other = pick(rng, list).cloned();
    match (rng.random_range(0..4), other) {
        (0, _) | (_, None) => At::Last,
        (1, _) => At::First,
        (2, Some(other)) => At::Before(other),
        (_, Some(other)) => At::After(other),
    }
}

/// One thing, done by the replica. `serial` makes fresh ids.
pub(crate) fn act(replica: &mut Replica, rng: &mut StdRng, serial: &mut usize) {
    let view = replica.board().view;
    *serial += 1;
    let name = format!("{}-{serial}", replica.doc.client_id());
    let result = match rng.random_range(0..100) {
        0..9 => create(replica, rng, &view, &name),
        9..26 => moving(replica, rng, &view),
        26..32 => lifecycle(replica, rng, &view),
        32..42 => lists(replica, rng, &view, &name),
        42..52 => parts(replica, rng, &view),
        52..62 => relations(replica, rng, &view),
        62..68 => contents(replica, rng, &view, &name),
        68..72 => richer(replica, rng, &view, &name),
        72..76 => several(replica, rng, &view, &name),
        76..86 => {
            careless(replica, rng, &view);
            Ok(())
        }
        86..93 => {
            replica.undo();
            Ok(())
        }
        93..96 => {
            replica.redo();
            Ok(())
        }
        _ => {
            replica.repair_kept(usize::MAX);
            Ok(())
        }
    };
    // Refusals are part of life here; that each has its reason is shown elsewhere.
    drop(result);
}

fn create(replica: &mut Replica, rng: &mut StdRng, view: &BoardView, name: &str) -> Result<(), ChangeError> {
    let Some(column) = pick(rng, &view.columns) else {
        return replica.edit(|editor| editor.create_column(&crate::support::column(name), Category::Started));
    };
    let new = NewCard {
        at: any_place(rng, &column.cards),
        ..card(name, column.id.as_str())
    };
    replica.edit(|editor| editor.create_card(&new))?;
    replica.write(|txn| {
        let card = card_map(txn, &new.id).unwrap();
        card.insert(txn, FUTURE, name);
    });
    Ok(())
}

fn moving(replica: &mut Replica, rng: &mut StdRng, view: &BoardView) -> Result<(), ChangeError> {
    let Some(column) = pick(rng, &view.columns) else {
        return Ok(());
    };
    let mut cards: Vec<CardId> = (0..rng.random_range(1..4))
        .filter_map(|_| any_card(rng, view))
        .collect();
    cards.sort();
    cards.dedup();
    let at = any_place(rng, &column.cards);
    replica.edit(|editor| editor.move_cards(&cards, &column.id, &at))
}

fn lifecycle(replica: &mut Replica, rng: &mut StdRng, view: &BoardView) -> Result<(), ChangeError> {
    let Some(card) = any_card(rng, view) else {
        return Ok(());
    };
    let what = rng.random_range(0..9);
    replica.edit(|editor| match what {
        0..3 => editor.delete_card(&card),
        3..5 => editor.restore_card(&card),
        5..7 => editor.archive_card(&card),
        7 => editor.unarchive_card(&card),
        _ => editor.purge_card(&card),
    })
}

fn lists(replica: &mut Replica, rng: &mut StdRng, view: &BoardView, name: &str) -> Result<(), ChangeError> {
    let columns: Vec<ColumnId> = view.columns.iter().map(|column| column.id.clone()).collect();
    let at = any_place(rng, &columns);
    let one = any_column(rng, view);
    let deleted = replica
        .board()
        .raw
        .columns
        .into_iter()
        .find(|(_, column)| column.entry.deleted.is_some());
    let label = view.labels.first().map(|label| label.id.clone());
    let (what, limit) = (rng.random_range(0..12), rng.random_range(1..6));
    replica.edit(|editor| match (what, one) {
        (0, _) => editor.create_column(&column(name), Category::Backlog),
        (1..4, Some(one)) => editor.delete(&one),
        (4..6, _) => deleted.map_or(Ok(()), |(column, _)| editor.restore(&column)),
        (6..8, Some(one)) => editor.reorder(&one, &at),
        (8, Some(one)) => editor.rename(&one, name),
        (9, Some(one)) => editor.set_wip(
            &one,
            Some(Wip {
                limit,
                mode: WipMode::Soft,
            }),
        ),
        (10, _) => editor.create_label(&entry(name)),
        (11, _) => match label {
            Some(label) => editor.delete::<kind::Label>(&label),
            None => editor.create_field(&entry(name), FieldType::Number),
        },
        _ => Ok(()),
    })
}

fn parts(replica: &mut Replica, rng: &mut StdRng, view: &BoardView) -> Result<(), ChangeError> {
    let (Some(one), other) = (hot_card(rng, view), hot_card(rng, view)) else {
        return Ok(());
    };
    let other = other.filter(|_| rng.random_bool(0.9));
    replica.edit(|editor| editor.set_parent(&one, other.as_ref()))
}

fn relations(replica: &mut Replica, rng: &mut StdRng, view: &BoardView) -> Result<(), ChangeError> {
    let (Some(one), Some(other)) = (hot_card(rng, view), hot_card(rng, view)) else {
        return Ok(());
    };
    let kind = if rng.random_bool(0.7) {
        LinkKind::Blocks
    } else {
        LinkKind::ALL[rng.random_range(0..4)]
    };
    let gone = pick(rng, &view.links).cloned().filter(|_| rng.random_bool(0.2));
    replica.edit(|editor| match gone {
        Some(link) => editor.unlink(&link.from, link.kind, &link.to),
        None => editor.link(&one, kind, &other),
    })
}

fn contents(
    replica: &mut Replica,
    rng: &mut StdRng,
    view: &BoardView,
    name: &str,
) -> Result<(), ChangeError> {
    let Some(card) = any_card(rng, view) else {
        return Ok(());
    };
    let item = pick(rng, &view.cards[&card].checklist).map(|item| item.id.clone());
    let label = pick(rng, &view.labels).map(|label| label.id.clone());
    let field = pick(rng, &view.fields).map(|field| field.id.clone());
    let at = item.clone().map_or(At::Last, At::Before);
    let what = rng.random_range(0..10);
    replica.edit(|editor| match (what, item) {
        (0, _) => editor.rename_card(&card, &format!("Renamed 𝒳 {name}")),
        (1, _) => editor.assign(&card, &id(name)),
        (2, _) => editor.watch(&card, &id("ada")),
        (3, _) => label.map_or(Ok(()), |label| editor.add_label(&card, &label)),
        (4, _) => editor.set_attribute(&card, &Attribute::Priority(Some(Priority::High))),
        (5, _) => editor.set_attribute(&card, &Attribute::Estimate(Some(2.5))),
        (6, Some(item)) => editor.check_item(&card, &item, true),
        (7, Some(item)) => editor.remove_item(&card, &item),
        (8, _) => field.map_or(Ok(()), |field| {
            editor.set_value(&card, &field, Some(&Value::Number(4.0)))
        }),
        _ => editor.add_item(
            &card,
            &NewItem {
                id: id(name),
                text: format!("Item {name}"),
                list: String::new(),
                at,
            },
        ),
    })
}

/// What is done less often: copies, descriptions, choices, whole sets.
fn richer(replica: &mut Replica, rng: &mut StdRng, view: &BoardView, name: &str) -> Result<(), ChangeError> {
    let (Some(one), Some(column)) = (any_card(rng, view), any_column(rng, view)) else {
        return Ok(());
    };
    let users: BTreeSet<UserId> = ["ada", "ben", "eve"][..rng.random_range(0..4)]
        .iter()
        .map(|user| id(user))
        .collect();
    let labels: BTreeSet<LabelId> = view
        .labels
        .iter()
        .map(|label| label.id.clone())
        .filter(|_| rng.random_bool(0.5))
        .collect();
    let select = view
        .fields
        .iter()
        .find(|field| field.r#type == FieldType::Select)
        .cloned();
    let choice = select
        .as_ref()
        .and_then(|field| pick(rng, &field.options))
        .map(|choice| choice.id.clone());
    let lane = pick(rng, &view.lanes).map(|lane| lane.id.clone());
    let what = rng.random_range(0..14);
    let copy = NewCard {
        column,
        ..card(name, "c0")
    };
    replica.edit(|editor| match (what, select, choice) {
        (0..3, _, _) => editor.duplicate_card(&one, &copy),
        (3, _, _) => {
            let (txn, description) = editor.description(&one)?;
            let paragraph = description.push_front(txn, XmlElementPrelim::empty("paragraph"));
            paragraph.push_back(txn, XmlTextPrelim::new("Some text"));
            Ok(())
        }
        (4, _, _) => editor.set_assignees(&one, &users),
        (5, _, _) => editor.set_watchers(&one, &users),
        (6, _, _) => editor.set_labels(&one, &labels),
        (7, _, _) => editor.create_lane(&entry(name)),
        (8, _, _) => editor.set_attribute(&one, &Attribute::Lane(lane)),
        (9, _, _) => lane.map_or(Ok(()), |lane| editor.delete(&lane)),
        (10, None, _) => editor.create_field(&entry(name), FieldType::Select),
        (10, Some(field), _) => editor.create_choice(&field.id, &entry(name)),
        (11, Some(field), Some(choice)) => {
            editor.set_value(&one, &field.id, Some(&Value::Text(choice.as_str().to_owned())))
        }
        (12, Some(field), Some(choice)) => editor.delete_choice(&field.id, &choice),
        (13, Some(field), Some(choice)) => editor.reorder_choice(&field.id, &choice, &At::First),
        _ => Ok(()),
    })
}

/// Several moves in one transaction, of which some may be refused.
fn several(replica: &mut Replica, rng: &mut StdRng, view: &BoardView, name: &str) -> Result<(), ChangeError> {
    let cards: Vec<CardId> = (0..3).filter_map(|_| any_card(rng, view)).collect();
    let (Some(column), Some(one)) = (any_column(rng, view), cards.first().cloned()) else {
        return Ok(());
    };
    let new = NewCard {
        column: column.clone(),
        ..card(name, "c0")
    };
    let moves: Vec<usize> = (0..5).map(|_| rng.random_range(0..10)).collect();
    replica.edit(|editor| {
        for what in moves {
            let refused = match what {
                0 => editor.create_card(&new),
                1 => editor.move_cards(&cards, &column, &At::First),
                2 => editor.move_cards(std::slice::from_ref(&new.id), &column, &At::After(one.clone())),
                3 => editor.delete(&column),
                4 => editor.restore(&column),
                5 => editor.delete_card(&one),
                6 => editor.restore_card(&one),
                7 => editor.set_parent(&new.id, Some(&one)),
                8 => editor.link(&one, LinkKind::Blocks, &new.id),
                _ => editor.rename_card(&one, name),
            };
            drop(refused);
        }
        Ok(())
    })
}

fn card_map(txn: &TransactionMut<'_>, card: &CardId) -> Option<MapRef> {
    match txn.get_map(root::CARDS)?.get(txn, card.as_str())? {
        Out::YMap(map) => Some(map),
        _ => None,
    }
}

/// What programs without our rules write: keys without random digits, broken ones, forged clocks, wrong types.
fn careless(replica: &Replica, rng: &mut StdRng, view: &BoardView) {
    let (card, column) = (hot_card(rng, view), any_column(rng, view));
    let (Some(id), Some(column)) = (card, column) else {
        return;
    };
    let other = hot_card(rng, view)
        .map(|other| other.as_str().to_owned())
        .unwrap_or_default();
    let key = ["a0", "a1", "a1", "a0V", "a00", "a1", ""][rng.random_range(0..7)];
    let long = format!("a0{}", "1".repeat(rng.random_range(40..62)));
    let what = rng.random_range(0..13);
    let t = [1, 3, 1 << 41, (1 << 53) - 1, 1 << 53][rng.random_range(0..5)];
    replica.write(|txn| {
        let Some(card) = card_map(txn, &id) else {
            return;
        };
        let place = |key: &str| Any::from(vec![Any::from(column.as_str()), Any::from(key)]);
        match what {
            0..3 | 12 => drop(card.insert(txn, "place", place(key))),
            3 => drop(card.insert(txn, "place", place(&long))),
            4 => drop(card.remove(txn, "place")),
            5 => drop(card.insert(txn, "place", "nowhere")),
            6 => drop(card.insert(txn, "place", Any::from(vec![Any::from("gone"), Any::from("a0")]))),
            7 => drop(card.insert(txn, "parent", register(&other, t))),
            8 => {
                let links = txn.get_map(root::LINKS).unwrap();
                links.insert(txn, format!("{id}|blocks|{other}"), register(&other, t));
            }
            9 => drop(card.insert(txn, "title", 7)),
            10 => drop(card.insert(txn, "title", TextPrelim::new("careless"))),
            _ => {
                let columns = txn.get_map(root::COLUMNS).unwrap();
                if let Some(Out::YMap(column)) = columns.get(txn, column.as_str()) {
                    column.insert(txn, "pos", key);
                    column.insert(txn, FUTURE, MapPrelim::default());
                }
            }
        }
    });
}

fn register(parent: &str, t: i64) -> Any {
    Any::from(HashMap::from([
        ("p".to_owned(), Any::from(parent)),
        ("prev".to_owned(), Any::from(parent)),
        ("t".to_owned(), Any::from(t)),
        (FUTURE.to_owned(), Any::from(true)),
    ]))
}
