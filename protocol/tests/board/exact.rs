//! That what is said to have been shown before is exact: with what is shown now it makes what was shown then, and names
//! nothing that is shown as it was.

use std::collections::BTreeMap;

use weft_protocol::board::before::{Before, Placed};
use weft_protocol::board::id::{CardId, Id};
use weft_protocol::board::view::{CardState, ColumnView};
use weft_protocol::board::{Board, BoardView, Seat};

/// Checks `before` against the boards that it lies between.
pub(crate) fn tells(old: &Board, before: &Before, new: &Board) {
    assert_eq!(
        undone(before, new),
        old.view,
        "with what was before, now is not then"
    );
    for (id, then) in &before.cards {
        let then = then.as_ref();
        assert_eq!(then.map(|card| &card.view), old.view.cards.get(id), "{id} then");
        let (said, stood) = (then.and_then(|card| card.seat.as_ref()), old.seat(id));
        assert!(
            same_place(said, stood.as_ref()),
            "{id} stood at {stood:?}, not {said:?}"
        );
        let moved = !same_place(old.seat(id).as_ref(), new.seat(id).as_ref());
        assert!(
            moved || old.view.cards.get(id) != new.view.cards.get(id),
            "{id} is shown as before"
        );
    }
    for id in new.view.cards.keys().filter(|id| !before.cards.contains_key(*id)) {
        assert!(
            same_place(old.seat(id).as_ref(), new.seat(id).as_ref()),
            "{id} moved, and nobody says so"
        );
    }
    let mut settled = before.clone();
    settled.settle(new);
    assert_eq!(&settled, before, "something is shown as it was before");
}

/// Checks what a single refresh says about the cards above.
pub(crate) fn tells_who_stood_above(old: &Board, before: &Before) {
    for (id, then) in &before.cards {
        let seat = then.as_ref().and_then(|card| card.seat.clone());
        assert_eq!(seat, old.seat(id), "where {id} stood");
    }
}

fn same_place(one: Option<&Seat>, other: Option<&Seat>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.same_place(other),
        _ => false,
    }
}

/// What was shown before, made of what is shown now.
fn undone(before: &Before, new: &Board) -> BoardView {
    let mut view = new.view.clone();
    view.schema = before.schema.unwrap_or(view.schema);
    let mut seats: BTreeMap<CardId, Seat> = new.seats().map(|(id, seat)| (id.clone(), seat)).collect();
    for (id, then) in &before.cards {
        view.cards.remove(id);
        seats.remove(id);
        if let Some(then) = then {
            view.cards.insert(id.clone(), then.view.clone());
            seats.extend(then.seat.clone().map(|seat| (id.clone(), seat)));
        }
    }
    let of_state = |state| {
        let cards = view.cards.iter().filter(|(_, card)| card.state == state);
        cards.map(|(id, _)| id.clone()).collect::<Vec<_>>()
    };
    (view.archive, view.trash) = (of_state(CardState::Archived), of_state(CardState::Deleted));
    assert_eq!(
        of_state(CardState::Open).len(),
        seats.len(),
        "open cards have seats"
    );

    let heads = placed(
        &before.columns,
        view.columns
            .iter()
            .map(|column| (column.id.clone(), column.head())),
    );
    let of_column = |column: Option<&Id<_>>| {
        let cards = seats.iter().filter(|(_, seat)| seat.column.as_ref() == column);
        let mut cards: Vec<_> = cards.collect();
        cards.sort_by_key(|(id, seat)| (seat.group.number(), seat.key.clone(), (*id).clone()));
        cards.into_iter().map(|(id, _)| id.clone()).collect::<Vec<_>>()
    };
    view.columns = heads
        .into_iter()
        .map(|head| ColumnView {
            cards: of_column(Some(&head.id)),
            id: head.id,
            title: head.title,
            category: head.category,
            color: head.color,
            wip: head.wip,
            over_limit: head.over_limit,
        })
        .collect();
    view.unsorted = of_column(None);
    view.lanes = placed(
        &before.lanes,
        view.lanes.into_iter().map(|lane| (lane.id.clone(), lane)),
    );
    view.labels = placed(
        &before.labels,
        view.labels.into_iter().map(|label| (label.id.clone(), label)),
    );
    view.fields = placed(
        &before.fields,
        view.fields.into_iter().map(|field| (field.id.clone(), field)),
    );
    for (id, then) in &before.links {
        view.links.retain(|link| link.id() != *id);
        view.links.extend(then.clone());
    }
    view.links.sort_by_key(|link| link.name());
    view
}

/// A list as it was.
fn placed<K, V: Clone>(
    before: &BTreeMap<Id<K>, Option<Placed<V>>>,
    now: impl Iterator<Item = (Id<K>, V)>,
) -> Vec<V> {
    let mut list: BTreeMap<usize, V> = BTreeMap::new();
    for (position, (id, view)) in now.enumerate() {
        if !before.contains_key(&id) {
            assert!(list.insert(position, view).is_none(), "two at {position}");
        }
    }
    for placed in before.values().flatten() {
        assert!(
            list.insert(placed.position, placed.view.clone()).is_none(),
            "two at {}",
            placed.position
        );
    }
    assert!(
        list.keys().copied().eq(0..list.len()),
        "gaps in {:?}",
        list.keys()
    );
    list.into_values().collect()
}
