//! Finding things in what is shown.
//!
//! Invariant: nothing here looks at all cards, or at more relations than it is asked about.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{BoardView, CardState, CardView, ColumnView, FieldView, LabelView, LaneView, LinkView};
use crate::board::id::{CardId, ColumnId, FieldId, LabelId, LaneId};
use crate::board::raw::{LinkId, compare};
use crate::board::schema::LinkKind;

impl BoardView {
    /// How many cards are open.
    pub fn open_cards(&self) -> usize {
        self.cards.len() - self.archive.len() - self.trash.len()
    }

    /// A column that is shown, and its position.
    pub fn column(&self, id: &ColumnId) -> Option<(usize, &ColumnView)> {
        find(&self.columns, |column| column.id == *id)
    }

    /// A lane that is shown, and its position.
    pub fn lane(&self, id: &LaneId) -> Option<(usize, &LaneView)> {
        find(&self.lanes, |lane| lane.id == *id)
    }

    /// A label that is shown, and its position.
    pub fn label(&self, id: &LabelId) -> Option<(usize, &LabelView)> {
        find(&self.labels, |label| label.id == *id)
    }

    /// A custom field that is shown, and its position.
    pub fn field(&self, id: &FieldId) -> Option<(usize, &FieldView)> {
        find(&self.fields, |field| field.id == *id)
    }

    /// A relation that is shown.
    pub fn link(&self, id: &LinkId) -> Option<&LinkView> {
        let wanted = (&id.from, id.kind, &id.to);
        let at = self.links.binary_search_by(|link| compare(link.parts(), wanted));
        at.ok().and_then(|at| self.links.get(at))
    }

    /// The relations of this kind that go out from a card.
    pub fn links_from<'v>(&'v self, from: &'v CardId, kind: LinkKind) -> impl Iterator<Item = &'v LinkView> {
        let before = |link: &LinkView| compare(link.parts(), (from, kind, &link.to)) == Ordering::Less;
        let start = self.links.partition_point(before);
        let links = self.links.iter().skip(start);
        links.take_while(move |link| link.from == *from && link.kind == kind)
    }

    /// Whether one can walk from `start` to `end` along relations of this kind that count. `steps` is how many relations
    /// may still be walked; with none left there is no answer.
    pub(in crate::board) fn leads(
        &self,
        start: &CardId,
        kind: LinkKind,
        end: &CardId,
        steps: &mut usize,
    ) -> Option<bool> {
        let mut seen = BTreeSet::from([start]);
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            if at == end {
                return Some(true);
            }
            for link in self.links_from(at, kind) {
                *steps = steps.checked_sub(1)?;
                if !link.cyclic && seen.insert(&link.to) {
                    open.push(&link.to);
                }
            }
        }
        Some(false)
    }

    /// Whether a card is there and not deleted.
    pub fn is_live(&self, id: &CardId) -> bool {
        let card = self.cards.get(id);
        card.is_some_and(|card| card.state != CardState::Deleted)
    }
}

impl ColumnView {
    /// Whether it has more cards than it should.
    pub(in crate::board) fn is_over_limit(&self) -> bool {
        self.wip.is_some_and(|wip| self.cards.len() as u64 > wip.limit)
    }
}

impl CardView {
    /// How many items of the checklist are done. [`checklist`](Self::checklist) has all of them.
    pub fn items_done(&self) -> usize {
        self.checklist.iter().filter(|item| item.done).count()
    }
}

fn find<V>(list: &[V], is: impl Fn(&V) -> bool) -> Option<(usize, &V)> {
    list.iter().enumerate().find(|(_, value)| is(value))
}
