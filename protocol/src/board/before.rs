//! What was shown before a change, of everything that is shown otherwise since.
//!
//! Invariant: a [`Before`] is exact. It names what is shown otherwise and nothing else, so that with the board of now
//! it is the board of before.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Board;
use super::id::{CardId, ColumnId, FieldId, LabelId, LaneId};
use super::raw::{LinkId, Wip};
use super::schema::Category;
use super::seat::Seat;
use super::view::{CardView, ColumnView, FieldView, LabelView, LaneView, LinkView};

/// What was shown before, by what it is about; `None` is what was not shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Before {
    /// The version of the schema, if it changed.
    pub schema: Option<Option<u64>>,
    /// Cards that are shown otherwise or stand elsewhere. What changes above a card does not move it.
    pub cards: BTreeMap<CardId, Option<CardBefore>>,
    /// Cards with another description: whose text is another, and those that came or went with one.
    pub descriptions: BTreeSet<CardId>,
    /// Columns, without their cards.
    pub columns: BTreeMap<ColumnId, Option<Placed<ColumnHead>>>,
    /// Lanes.
    pub lanes: BTreeMap<LaneId, Option<Placed<LaneView>>>,
    /// Labels.
    pub labels: BTreeMap<LabelId, Option<Placed<LabelView>>>,
    /// Custom fields.
    pub fields: BTreeMap<FieldId, Option<Placed<FieldView>>>,
    /// Relations.
    pub links: BTreeMap<LinkId, Option<LinkView>>,
}

/// A card as it was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct CardBefore {
    /// What was shown of it.
    pub view: CardView,
    /// Where it stood, if it was open.
    pub seat: Option<Seat>,
}

/// Something in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<V> {
    /// Its place among its like, from 0.
    pub position: usize,
    /// What is shown of it.
    pub view: V,
}

/// A column without its cards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnHead {
    /// Its id.
    pub id: ColumnId,
    /// What it is called.
    pub title: String,
    /// What it means to stand in it.
    pub category: Category,
    /// Its colour.
    pub color: Option<String>,
    /// How many cards it should have at most.
    pub wip: Option<Wip>,
    /// Whether it has more than that.
    pub over_limit: bool,
}

impl ColumnView {
    /// What is shown of it besides its cards.
    pub fn head(&self) -> ColumnHead {
        ColumnHead {
            id: self.id.clone(),
            title: self.title.clone(),
            category: self.category,
            color: self.color.clone(),
            wip: self.wip,
            over_limit: self.over_limit,
        }
    }
}

impl Before {
    /// Whether everything is shown as before.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what a `later` change of the same board said. What was shown before both counts; call
    /// [`settle`](Self::settle) to forget what the second took back.
    pub fn merge(&mut self, later: Self) {
        self.schema = self.schema.or(later.schema);
        self.descriptions.extend(later.descriptions);
        fill(&mut self.cards, later.cards);
        fill(&mut self.columns, later.columns);
        fill(&mut self.lanes, later.lanes);
        fill(&mut self.labels, later.labels);
        fill(&mut self.fields, later.fields);
        fill(&mut self.links, later.links);
    }

    /// Forgets what `board` shows now just as it was shown before.
    pub fn settle(&mut self, board: &Board) {
        let view = &board.view;
        self.schema = self.schema.filter(|schema| *schema != view.schema);
        self.cards
            .retain(|id, before| !is_still(board, id, before.as_ref()));
        if !self.columns.is_empty() {
            let heads = view.columns.iter().map(|column| (&column.id, column.head()));
            retain(&mut self.columns, heads);
        }
        retain(&mut self.lanes, view.lanes.iter().map(|lane| (&lane.id, lane)));
        retain(
            &mut self.labels,
            view.labels.iter().map(|label| (&label.id, label)),
        );
        retain(
            &mut self.fields,
            view.fields.iter().map(|field| (&field.id, field)),
        );
        self.links.retain(|id, before| view.link(id) != before.as_ref());
    }
}

/// Whether a card is shown as it was, where it was.
fn is_still(board: &Board, id: &CardId, before: Option<&CardBefore>) -> bool {
    match (board.view.cards.get(id), before) {
        (None, None) => true,
        (Some(now), Some(before)) => *now == before.view && board.is_in_place(id, before.seat.as_ref()),
        _ => false,
    }
}

/// Adds what is not there yet.
fn fill<K: Ord, V>(earlier: &mut BTreeMap<K, V>, later: BTreeMap<K, V>) {
    for (key, value) in later {
        earlier.entry(key).or_insert(value);
    }
}

/// Keeps what is not in the list of now as it was.
fn retain<'v, K: Ord + 'v, V: PartialEq, N: std::borrow::Borrow<V>>(
    before: &mut BTreeMap<K, Option<Placed<V>>>,
    now: impl Iterator<Item = (&'v K, N)>,
) {
    if before.is_empty() {
        return;
    }
    let now: BTreeMap<&K, (usize, N)> = now
        .enumerate()
        .map(|(position, (id, view))| (id, (position, view)))
        .collect();
    before.retain(|id, before| match (now.get(id), before) {
        (None, None) => false,
        (Some((position, now)), Some(before)) => *position != before.position || *now.borrow() != before.view,
        _ => true,
    });
}
