//! The invariants, checked by other means than the code that keeps them.

use std::collections::{BTreeMap, BTreeSet};

use weft_protocol::board::id::CardId;
use weft_protocol::board::raw::LinkId;
use weft_protocol::board::schema::{LinkKind, limit};
use weft_protocol::board::view::CardState;
use weft_protocol::board::{Board, BoardView};
use yrs::types::ToJson;
use yrs::{Any, Map, Out, ReadTxn, Transact};

use crate::support::{ROOTS, Replica};

/// I1 to I5 for one state.
pub(crate) fn invariants(board: &Board) {
    each_card_is_shown_once(board);
    columns_are_live(board);
    order_is_total(board);
    parts_are_a_forest(board);
    links_are_replayed(board);
}

/// I1: each live card exactly once, in the column that it says it is in; nothing else is shown.
fn each_card_is_shown_once(board: &Board) {
    let view = &board.view;
    let mut shown: BTreeMap<&CardId, usize> = BTreeMap::new();
    let in_columns = view.columns.iter().flat_map(|column| &column.cards);
    for card in in_columns.chain(&view.unsorted).chain(&view.archive) {
        *shown.entry(card).or_default() += 1;
    }
    for (id, card) in &board.raw.cards {
        let times = shown.remove(id).unwrap_or(0);
        assert_eq!(
            times,
            usize::from(card.deleted.is_none()),
            "I1: {id} is shown {times} times"
        );
        assert_eq!(
            view.trash.contains(id),
            card.deleted.is_some(),
            "I1: the trash and {id}"
        );
    }
    assert!(shown.is_empty(), "I1: {shown:?} are shown and not there");
    for column in &view.columns {
        for card in &column.cards {
            assert_eq!(
                view.cards[card].column.as_ref(),
                Some(&column.id),
                "I1: {card} knows its column"
            );
        }
    }
}

/// I2.
fn columns_are_live(board: &Board) {
    for column in &board.view.columns {
        assert!(
            board.raw.columns[&column.id].entry.deleted.is_none(),
            "I2: {}",
            column.id
        );
    }
    for (id, card) in &board.view.cards {
        let live = |column| {
            board
                .raw
                .columns
                .get(column)
                .is_some_and(|column| column.entry.deleted.is_none())
        };
        assert!(card.column.as_ref().is_none_or(live), "I2: {id}");
        let orphan = card.state == CardState::Open && card.column.is_none();
        assert_eq!(orphan, board.view.unsorted.contains(id), "I2: {id} and the tray");
        assert!(
            !orphan || board.view.columns.is_empty(),
            "I2: {id} has no column though there are some"
        );
        let own = board.raw.cards[id].place.as_ref().map(|place| &place.column);
        if own.is_some_and(live) && card.state == CardState::Open {
            assert_eq!(card.column.as_ref(), own, "I2: {id} is where it says");
        }
    }
}

/// I3: those with a key by key and id, then those without one, then those that stand elsewhere.
fn order_is_total(board: &Board) {
    for column in &board.view.columns {
        let rank = |card: &CardId| {
            let place = board.raw.cards[card].place.as_ref();
            let own = place.is_some_and(|place| place.column == column.id);
            let key = place
                .and_then(|place| place.key.as_ref())
                .map(|key| key.as_str().as_bytes().to_vec());
            (!own, key.is_none(), key, card.as_str().as_bytes().to_vec())
        };
        for pair in column.cards.windows(2) {
            assert!(rank(&pair[0]) < rank(&pair[1]), "I3: {pair:?} in {}", column.id);
        }
    }
}

/// I4, and that exactly the registers count that would close no cycle when written one after the other.
fn parts_are_a_forest(board: &Board) {
    let cards = &board.view.cards;
    let mut children: BTreeMap<&CardId, Vec<CardId>> = BTreeMap::new();
    for (id, card) in cards {
        let mut at = card.parent.as_ref();
        for _ in 0..=cards.len() {
            assert_ne!(at, Some(id), "I4: {id} is a part of itself");
            at = at.and_then(|at| cards[at].parent.as_ref());
        }
        assert_eq!(at, None, "I4: the way up from {id} does not end");
        if let Some(parent) = &card.parent {
            assert!(
                cards[parent].state != CardState::Deleted && card.state != CardState::Deleted,
                "I4: {id}"
            );
            children.entry(parent).or_default().push(id.clone());
        }
    }
    for (id, card) in cards {
        assert_eq!(
            card.children,
            children.remove(id).unwrap_or_default(),
            "I4: the parts of {id}"
        );
    }

    let live = |id: &CardId| board.raw.cards.get(id).is_some_and(|card| card.deleted.is_none());
    let registers = board.raw.cards.iter().filter(|(id, _)| live(id));
    let mut registers: Vec<_> = registers
        .filter_map(|(id, card)| Some((id, card.parent.as_ref()?)))
        .collect();
    registers.sort_by_key(|(id, register)| (register.t, *id));
    let mut naive: BTreeMap<&CardId, &CardId> = BTreeMap::new();
    for (id, register) in registers {
        let closes = |naive: &BTreeMap<&CardId, &CardId>, start: &CardId| {
            let mut at = Some(start);
            while let Some(here) = at {
                if here == id {
                    return true;
                }
                at = naive.get(here).copied();
            }
            false
        };
        let Some(parent) = register.card.as_ref().filter(|parent| live(parent)) else {
            continue;
        };
        if !closes(&naive, parent) {
            naive.insert(id, parent);
        } else if let Some(previous) = register.previous.as_ref().filter(|previous| live(previous))
            && !closes(&naive, previous)
        {
            naive.insert(id, previous);
        }
    }
    for (id, card) in cards {
        assert_eq!(
            card.parent.as_ref(),
            naive.get(id).copied(),
            "I4: the rule for {id}"
        );
    }
}

/// I5, and that exactly those are marked that close a cycle when made one after the other.
fn links_are_replayed(board: &Board) {
    let live = |id: &CardId| board.raw.cards.get(id).is_some_and(|card| card.deleted.is_none());
    let mut expected: BTreeMap<String, bool> = BTreeMap::new();
    for kind in LinkKind::ALL {
        let links = board.raw.links.iter().filter(|(link, _)| link.kind == *kind);
        let mut links: Vec<(&LinkId, &u64)> = links
            .filter(|(link, _)| live(&link.from) && live(&link.to))
            .collect();
        assert!(
            links.len() <= limit::TANGLED_LINKS,
            "the naive rule knows no bound"
        );
        links.sort_by_key(|(link, t)| (**t, link.name()));
        let mut kept: Vec<&LinkId> = Vec::new();
        for (link, _) in links {
            let closes = kind.orders() && reaches(&kept, &link.to, &link.from);
            if !closes {
                kept.push(link);
            }
            expected.insert(link.name(), closes);
        }
    }
    let shown: BTreeMap<String, bool> = board
        .view
        .links
        .iter()
        .map(|link| (link.name(), link.cyclic))
        .collect();
    assert_eq!(shown, expected, "I5: the rule");
    for kind in LinkKind::ALL.iter().filter(|kind| kind.orders()) {
        let counted: Vec<_> = board
            .view
            .links
            .iter()
            .filter(|link| link.kind == *kind && !link.cyclic)
            .collect();
        let mut cards: BTreeSet<&CardId> = counted.iter().flat_map(|link| [&link.from, &link.to]).collect();
        // Taking away what nothing leads to must take away everything.
        while let Some(free) = cards.iter().copied().find(|card| {
            !counted
                .iter()
                .any(|link| link.to == **card && cards.contains(&link.from))
        }) {
            cards.remove(free);
        }
        assert!(cards.is_empty(), "I5: a cycle among {cards:?}");
    }
}

fn reaches(links: &[&LinkId], start: &CardId, end: &CardId) -> bool {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if at == end {
            return true;
        }
        let next = links.iter().filter(|link| link.from == *at).map(|link| &link.to);
        open.extend(next.filter(|next| seen.insert(*next)));
    }
    false
}

/// What is shown, without relations that do not count.
pub(crate) fn without_cycles(mut view: BoardView) -> BoardView {
    view.links.retain(|link| !link.cyclic);
    view
}

/// I6: everything in the document that is not of the schema, and everything of the wrong type, with the way to it. Only
/// registers that a repair may write are left out, but for what is unknown inside them; so are relations that it takes
/// away.
fn unknown(replica: &Replica) -> BTreeMap<String, String> {
    let cyclic: BTreeSet<String> = replica
        .board()
        .view
        .links
        .iter()
        .filter(|link| link.cyclic)
        .map(|link| link.name())
        .collect();
    let txn = replica.doc.transact();
    let mut found = BTreeMap::new();
    for root in ROOTS {
        let entries = txn.get_map(root).unwrap();
        for (name, value) in entries.iter(&txn).filter(|(name, _)| !cyclic.contains(*name)) {
            collect(&txn, &format!("{root}/{name}"), &value, &mut found);
        }
    }
    found
}

fn collect<T: ReadTxn>(txn: &T, way: &str, value: &Out, found: &mut BTreeMap<String, String>) {
    match value {
        Out::YMap(map) => {
            for (name, value) in map.iter(txn).filter(|(name, _)| !["pos", "place"].contains(name)) {
                collect(txn, &format!("{way}/{name}"), &value, found);
            }
        }
        Out::Any(Any::Map(members)) => {
            for (name, value) in members
                .iter()
                .filter(|(name, _)| !["p", "prev", "t"].contains(&name.as_str()))
            {
                found.insert(format!("{way}/{name}"), canonical(value));
            }
        }
        Out::Any(value) => drop(found.insert(way.to_owned(), canonical(value))),
        other => drop(found.insert(way.to_owned(), canonical(&other.to_json(txn)))),
    }
}

/// JSON with its members in order.
fn canonical(value: &Any) -> String {
    serde_json::to_value(value).unwrap().to_string()
}

/// I7, and that two repairs at once write the same.
pub(crate) fn repairs_well(replica: &Replica) {
    let before = replica.board();
    let unknown = self::unknown(replica);
    let one = Replica::joining(71, replica);
    let other = Replica::joining(72, replica);
    one.repair();
    other.repair();
    let repaired = one.board();
    invariants(&repaired);
    assert_eq!(
        repaired.view,
        without_cycles(before.view),
        "I7: a repair changes what is shown"
    );
    assert_eq!(
        self::unknown(&one),
        unknown,
        "I6: a repair loses what nobody knows"
    );
    let state = one.state();
    assert!(one.repair().is_empty(), "I7: a second repair writes");
    assert_eq!(one.state(), state, "I7: a second repair writes without saying so");
    assert_eq!(other.board(), repaired, "two repairs of one state differ");
    one.take(&other);
    other.take(&one);
    assert_eq!(one.board(), repaired, "two repairs at once differ from one");
    assert_eq!(other.board(), repaired, "two repairs at once differ from one");
    assert!(
        one.repair().is_empty(),
        "I7: two repairs at once leave something to repair"
    );
}
