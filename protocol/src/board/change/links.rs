//! Relations between cards.

use std::collections::HashMap;

use yrs::{Any, Map, WriteTxn};

use super::{ChangeError, Editor, What, not_found, too_many};
use crate::board::Board;
use crate::board::id::CardId;
use crate::board::raw::LinkId;
use crate::board::repair::clock;
use crate::board::schema::{LinkKind, limit, root};

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
        self.check_card(from)?;
        self.check_card(to)?;
        let id = LinkId {
            from: from.clone(),
            kind,
            to: to.clone(),
        };
        let board = self.board();
        if board.view.link(&id).is_some() {
            return Ok(());
        }
        check(board, &id)?;
        let t = (board.clock() + 1).min(limit::INTEGER);
        let mut value = HashMap::from([("t".to_owned(), clock(t))]);
        if let Some(by) = &self.hand.stamp.by {
            value.insert("by".to_owned(), Any::from(by.as_str()));
        }
        let links = self.txn.get_or_insert_map(root::LINKS);
        self.set(&links, &id.name(), Some(Any::from(value)));
        self.touched.links.insert(id);
        Ok(())
    }

    /// Takes a relation away.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn unlink(&mut self, from: &CardId, kind: LinkKind, to: &CardId) -> Result<(), ChangeError> {
        let (from, to) = canonical(from, kind, to);
        let id = LinkId {
            from: from.clone(),
            kind,
            to: to.clone(),
        };
        let links = self.txn.get_or_insert_map(root::LINKS);
        if !links.contains_key(self.txn, &id.name()) {
            return Err(not_found(What::Link, &id.name()));
        }
        self.set(&links, &id.name(), None);
        self.touched.links.insert(id);
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

/// Checks that there is room for a new relation, and that it closes no cycle.
fn check(board: &Board, link: &LinkId) -> Result<(), ChangeError> {
    if board.raw.links.len() >= limit::ALL_LINKS {
        return Err(too_many(What::Link, limit::ALL_LINKS));
    }
    for end in link.ends() {
        let shown = board
            .index
            .links(end)
            .filter(|link| board.view.link(link).is_some());
        if shown.count() >= limit::LINKS_PER_CARD {
            return Err(too_many(What::Link, limit::LINKS_PER_CARD));
        }
    }
    let mut steps = usize::MAX;
    if link.kind.orders() && board.view.leads(&link.to, link.kind, &link.from, &mut steps) == Some(true) {
        return Err(ChangeError::DependencyCycle);
    }
    Ok(())
}
