//! Relations between cards.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use yrs::{Any, Map, WriteTxn};

use super::{ChangeError, Editor, What, not_found};
use crate::board::id::CardId;
use crate::board::raw::link_name;
use crate::board::repair::clock;
use crate::board::schema::{LinkKind, limit, root};
use crate::board::view::BoardView;

impl Editor<'_, '_> {
    /// Relates two cards. A relation that there is already stays as it is.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::SelfLink`], [`ChangeError::TooMany`],
    /// [`ChangeError::DependencyCycle`].
    pub fn link(&mut self, from: &CardId, kind: LinkKind, to: &CardId) -> Result<(), ChangeError> {
        let (from, to) = canonical(from, kind, to);
        if from == to {
            return Err(ChangeError::SelfLink);
        }
        self.card(from)?;
        self.card(to)?;
        let board = self.take_board();
        let name = link_name(from, kind, to);
        let t = (board.raw.clock() + 1).min(limit::INTEGER);
        let there = board.view.links.iter().any(|link| link.name() == name);
        let checked = check(&board.view, from, kind, to);
        self.board = Some(board);
        if there {
            return Ok(());
        }
        checked?;
        let mut value = HashMap::from([("t".to_owned(), clock(t))]);
        if let Some(by) = &self.hand.stamp.by {
            value.insert("by".to_owned(), Any::from(by.as_str()));
        }
        let links = self.txn.get_or_insert_map(root::LINKS);
        self.set(&links, &name, Some(Any::from(value)));
        Ok(())
    }

    /// Takes a relation away.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn unlink(&mut self, from: &CardId, kind: LinkKind, to: &CardId) -> Result<(), ChangeError> {
        let (from, to) = canonical(from, kind, to);
        let name = link_name(from, kind, to);
        let links = self.txn.get_or_insert_map(root::LINKS);
        if !links.contains_key(self.txn, &name) {
            return Err(not_found(What::Link, &name));
        }
        self.set(&links, &name, None);
        Ok(())
    }
}

/// The direction in which a relation is stored.
fn canonical<'i>(from: &'i CardId, kind: LinkKind, to: &'i CardId) -> (&'i CardId, &'i CardId) {
    if kind == LinkKind::Relates && to < from {
        (to, from)
    } else {
        (from, to)
    }
}

/// Checks that a new relation closes no cycle and that its cards have not too many.
fn check(view: &BoardView, from: &CardId, kind: LinkKind, to: &CardId) -> Result<(), ChangeError> {
    for end in [from, to] {
        let of_card = view
            .links
            .iter()
            .filter(|link| link.from == *end || link.to == *end);
        if of_card.count() >= limit::LINKS_PER_CARD {
            return Err(ChangeError::TooMany {
                what: What::Link,
                limit: limit::LINKS_PER_CARD,
            });
        }
    }
    if !kind.orders() {
        return Ok(());
    }
    let mut after: BTreeMap<&CardId, Vec<&CardId>> = BTreeMap::new();
    for link in view.links.iter().filter(|link| link.kind == kind && !link.cyclic) {
        after.entry(&link.from).or_default().push(&link.to);
    }
    let mut seen = BTreeSet::from([to]);
    let mut open = vec![to];
    while let Some(at) = open.pop() {
        if at == from {
            return Err(ChangeError::DependencyCycle);
        }
        let next = after.get(at).into_iter().flatten();
        open.extend(next.filter(|next| seen.insert(**next)).copied());
    }
    Ok(())
}
