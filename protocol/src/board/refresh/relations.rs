//! Relations that came, went, or count otherwise than before.
//!
//! As long as no relation of a kind is marked, they go in no circle; then one that comes closes one only if one can walk
//! from its end to its beginning. Where some are marked, or one would be, all of the kind are replayed.
//!
//! Invariant: the result is that of [`graph`].

use std::collections::BTreeSet;

use yrs::ReadTxn;

use super::{Past, splice};
use crate::board::Board;
use crate::board::before::Before;
use crate::board::id::CardId;
use crate::board::raw::{self, LinkId, compare};
use crate::board::schema::LinkKind;
use crate::board::view::{LinkView, graph};

/// Above so many new relations of a kind at once, replaying all is the cheaper way.
const MANY: usize = 64;

/// Reads relations again, and shows those that name a card which came or went.
pub(super) fn refresh<T: ReadTxn>(
    board: &mut Board,
    txn: &T,
    touched: &BTreeSet<LinkId>,
    past: &Past,
    before: &mut Before,
) {
    let mut links = BTreeSet::new();
    for id in touched {
        let (then, now) = (board.raw.links.get(id).copied(), raw::link(txn, id));
        if then == now {
            continue;
        }
        if let Some(t) = then {
            board.index.forget_link(id, t);
            board.raw.links.remove(id);
        }
        if let Some(t) = now {
            board.index.add_link(id, t);
            board.raw.links.insert(id.clone(), t);
        }
        links.insert(id.clone());
    }
    for (id, then) in past {
        let then = then.as_ref().is_some_and(|card| card.deleted.is_none());
        if then != is_live(board, id) {
            links.extend(board.index.links(id).cloned());
        }
    }
    for kind in LinkKind::ALL {
        let of_kind: Vec<&LinkId> = links.iter().filter(|link| link.kind == *kind).collect();
        if !of_kind.is_empty() {
            show(board, *kind, &of_kind, before);
        }
    }
}

fn is_live(board: &Board, id: &CardId) -> bool {
    let card = board.raw.cards.get(id);
    card.is_some_and(|card| card.deleted.is_none())
}

fn is_shown(board: &Board, id: &LinkId) -> bool {
    board.raw.links.contains_key(id) && id.ends().into_iter().all(|end| is_live(board, end))
}

/// Shows these relations of one kind, which may have come, gone or got another clock.
fn show(board: &mut Board, kind: LinkKind, links: &[&LinkId], before: &mut Before) {
    for id in links {
        note(before, id, board.view.link(id));
    }
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for id in links {
        let found = find(&board.view.links, id);
        match (found, is_shown(board, id)) {
            (Ok(at), false) => gone.push(at),
            (Err(_), true) => come.push(*id),
            _ => {}
        }
    }
    splice::take_out(&mut board.view.links, &gone);
    let fresh = come.iter().map(|id| {
        let link = LinkView {
            from: id.from.clone(),
            kind,
            to: id.to.clone(),
            cyclic: false,
        };
        (find(&board.view.links, id).unwrap_or_else(|at| at), link)
    });
    let fresh = fresh.collect();
    splice::put_in(&mut board.view.links, fresh);
    if kind.orders() && (board.index.cyclic(kind) > 0 || closes(board, &come)) {
        replay(board, kind, before);
    }
}

fn find(links: &[LinkView], id: &LinkId) -> Result<usize, usize> {
    links.binary_search_by(|link| compare(link.parts(), (&id.from, id.kind, &id.to)))
}

/// Notes how a relation is shown, unless that is noted.
fn note(before: &mut Before, id: &LinkId, link: Option<&LinkView>) {
    if !before.links.contains_key(id) {
        before.links.insert(id.clone(), link.cloned());
    }
}

/// Whether a circle goes through one of these relations, or it would take long to see that none does. A circle that is
/// new goes through one of those that came.
fn closes(board: &Board, come: &[&LinkId]) -> bool {
    if come.len() > MANY {
        return true;
    }
    let mut steps = board.view.links.len();
    come.iter().any(|link| {
        let leads = board.view.leads(&link.to, link.kind, &link.from, &mut steps);
        leads != Some(false)
    })
}

/// Looks at all relations of a kind again.
fn replay(board: &mut Board, kind: LinkKind, before: &mut Before) {
    let shown = board
        .view
        .links
        .iter()
        .enumerate()
        .filter(|(_, link)| link.kind == kind);
    let (positions, ids): (Vec<usize>, Vec<LinkId>) = shown.map(|(at, link)| (at, link.id())).unzip();
    let clocks = ids
        .iter()
        .map(|id| (id, board.raw.links.get(id).copied().unwrap_or(0)));
    let marked = graph::cyclic(&clocks.collect::<Vec<_>>());
    for (number, (at, id)) in positions.into_iter().zip(&ids).enumerate() {
        let Some(link) = board.view.links.get_mut(at) else {
            continue;
        };
        let cyclic = marked.contains(&number);
        if link.cyclic != cyclic {
            note(before, id, Some(link));
            link.cyclic = cyclic;
        }
    }
    board.index.set_cyclic(kind, marked.len());
}
