//! What is to stand on a new board: a template, a copy of another board, what was brought along from elsewhere.
//!
//! A plan is data that can be kept as JSON until the board is opened for the first time ([`Editor::plant`]).
//!
//! Invariant: what passed [`Plan::check`] can be planted, and is then shown as it stands here: everything that it refers
//! to is in it, nothing goes in circles, and no list is longer than a board may have.
//!
//! [`Editor::plant`]: super::Editor::plant

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::change::{ChangeError, What};
use super::id::{CardId, ColumnId, FieldId, Id, ItemId, LabelId, LaneId, UserId, kind};
use super::moment::Moment;
use super::raw::{LinkId, RawEntry, RawField, Stamp, Value, Wip};
use super::schema::{Category, FieldType, LinkKind, Priority, is_color, limit};
use super::view::accepts;

/// Everything that is to stand on a board. Lists are in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Columns from left to right.
    pub columns: Vec<PlannedColumn>,
    /// Lanes from top to bottom.
    pub lanes: Vec<PlannedEntry<kind::Lane>>,
    /// Labels.
    pub labels: Vec<PlannedEntry<kind::Label>>,
    /// Custom fields.
    pub fields: Vec<PlannedField>,
    /// Cards, those of one column from top to bottom.
    pub cards: Vec<PlannedCard>,
    /// Relations between cards, oldest first.
    pub links: Vec<PlannedLink>,
}

/// A lane, a label or a choice of a custom field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct PlannedEntry<K> {
    /// Its id.
    pub id: Id<K>,
    /// What it is called.
    pub name: String,
    /// Its colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedColumn {
    /// Its id.
    pub id: ColumnId,
    /// What it is called.
    pub title: String,
    /// What it means to stand in it.
    pub category: Category,
    /// Its colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// How many cards it should have at most. More of them may be planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wip: Option<Wip>,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedField {
    /// Its id.
    pub id: FieldId,
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub r#type: FieldType,
    /// Its choices, if it is one of those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<PlannedEntry<kind::Choice>>,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedCard {
    /// Its id.
    pub id: CardId,
    /// Its title.
    pub title: String,
    /// Its column.
    pub column: ColumnId,
    /// Its lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<LaneId>,
    /// Its description, in a form that those who know rich text agree on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<serde_json::Value>,
    /// Its priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// When it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
    /// When it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Moment>,
    /// Its estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
    /// Its colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// When and by whom it was archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Stamp>,
    /// When and by whom it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Stamp>,
    /// The card that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CardId>,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<UserId>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelId>,
    /// Who hears of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watchers: Vec<UserId>,
    /// Its checklist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<PlannedItem>,
    /// Values of custom fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<FieldId, Value>,
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedItem {
    /// Its id.
    pub id: ItemId,
    /// What it says.
    pub text: String,
    /// Whether it is done.
    #[serde(default)]
    pub done: bool,
    /// The name of the list it stands in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub list: String,
}

/// A relation between two cards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedLink {
    /// Whose.
    pub from: CardId,
    /// Of which kind.
    pub kind: LinkKind,
    /// To whom; of `relates` the larger id.
    pub to: CardId,
}

impl PlannedLink {
    /// Its ends and kind.
    pub fn id(&self) -> LinkId {
        LinkId {
            from: self.from.clone(),
            kind: self.kind,
            to: self.to.clone(),
        }
    }
}

impl PlannedCard {
    /// A card that says nothing but its title.
    pub fn new(id: CardId, title: impl Into<String>, column: ColumnId) -> Self {
        Self {
            id,
            title: title.into(),
            column,
            lane: None,
            description: None,
            priority: None,
            due: None,
            start: None,
            estimate: None,
            color: None,
            archived: None,
            done: None,
            parent: None,
            assignees: Vec::new(),
            labels: Vec::new(),
            watchers: Vec::new(),
            checklist: Vec::new(),
            values: BTreeMap::new(),
        }
    }
}

impl Plan {
    /// Whether this can be planted.
    ///
    /// # Errors
    /// What is wrong, as the moves would say it.
    pub fn check(&self) -> Result<(), ChangeError> {
        let columns = self.columns.iter().map(|column| &column.id);
        let columns = distinct(columns, What::Column, limit::COLUMNS)?;
        for column in &self.columns {
            check_entry(&column.title, column.color.as_deref(), What::Column)?;
            let limits = |wip: Wip| (1..=limit::WIP).contains(&wip.limit);
            require(column.wip.is_none_or(limits), What::Limit)?;
        }
        let lanes = check_entries(&self.lanes, What::Lane, limit::LANES)?;
        let labels = check_entries(&self.labels, What::Label, limit::LABELS)?;
        let fields = self.fields.iter().map(|field| &field.id);
        distinct(fields, What::Field, limit::FIELDS)?;
        for field in &self.fields {
            check_entry(&field.name, None, What::Field)?;
            check_entries(&field.options, What::Choice, limit::OPTIONS)?;
            let has_choices = field.r#type == FieldType::Select;
            require(has_choices || field.options.is_empty(), What::Field)?;
        }
        let cards = self.cards.iter().map(|card| &card.id);
        let cards = distinct(cards, What::Card, limit::OPEN_CARDS)?;
        let there = There {
            columns,
            lanes,
            labels,
            fields: self.fields.iter().map(|field| (&field.id, field.raw())).collect(),
            cards,
        };
        for card in &self.cards {
            there.check(card)?;
        }
        self.check_parents()?;
        self.check_links(&there.cards)
    }

    /// Sub-tasks must be a forest.
    fn check_parents(&self) -> Result<(), ChangeError> {
        let parents: BTreeMap<&CardId, &CardId> = self
            .cards
            .iter()
            .filter_map(|card| Some((&card.id, card.parent.as_ref()?)))
            .collect();
        let mut good: BTreeSet<&CardId> = BTreeSet::new();
        for start in parents.keys() {
            let mut way = BTreeSet::new();
            let mut at = *start;
            while !good.contains(at) {
                if !way.insert(at) {
                    return Err(ChangeError::ParentCycle);
                }
                match parents.get(at) {
                    Some(parent) => at = parent,
                    None => break,
                }
            }
            good.extend(way);
        }
        Ok(())
    }

    fn check_links(&self, cards: &BTreeSet<&CardId>) -> Result<(), ChangeError> {
        let mut counts: BTreeMap<&CardId, usize> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for link in &self.links {
            if link.from == link.to {
                return Err(ChangeError::SelfLink);
            }
            let ordered = link.kind != LinkKind::Relates || link.from < link.to;
            require(
                ordered && seen.insert((&link.from, link.kind, &link.to)),
                What::Link,
            )?;
            for end in [&link.from, &link.to] {
                known(cards, end, What::Card)?;
                let count = counts.entry(end).or_default();
                *count += 1;
                at_most(*count, limit::LINKS_PER_CARD, What::Link)?;
            }
        }
        let has_cycle = |kind: &LinkKind| kind.orders() && self.has_cycle(*kind);
        if LinkKind::ALL.iter().any(has_cycle) {
            return Err(ChangeError::DependencyCycle);
        }
        Ok(())
    }

    /// Whether the relations of this kind go in circles: what remains when cards that nothing leads to are taken away.
    fn has_cycle(&self, kind: LinkKind) -> bool {
        let mut incoming: BTreeMap<&CardId, usize> = BTreeMap::new();
        let mut outgoing: BTreeMap<&CardId, Vec<&CardId>> = BTreeMap::new();
        for link in self.links.iter().filter(|link| link.kind == kind) {
            incoming.entry(&link.from).or_default();
            *incoming.entry(&link.to).or_default() += 1;
            outgoing.entry(&link.from).or_default().push(&link.to);
        }
        let free = incoming.iter().filter(|(_, count)| **count == 0);
        let mut free: Vec<&CardId> = free.map(|(card, _)| *card).collect();
        let mut taken = 0;
        while let Some(card) = free.pop() {
            taken += 1;
            for next in outgoing.get(card).into_iter().flatten() {
                if let Some(count) = incoming.get_mut(next) {
                    *count -= 1;
                    if *count == 0 {
                        free.push(next);
                    }
                }
            }
        }
        taken < incoming.len()
    }
}

impl PlannedField {
    /// The field as the document will say it.
    fn raw(&self) -> RawField {
        let option = |option: &PlannedEntry<kind::Choice>| (option.id.clone(), RawEntry::default());
        RawField {
            entry: RawEntry::default(),
            kind: self.r#type,
            options: self.options.iter().map(option).collect(),
        }
    }
}

/// What cards can refer to.
struct There<'p> {
    columns: BTreeSet<&'p ColumnId>,
    lanes: BTreeSet<&'p LaneId>,
    labels: BTreeSet<&'p LabelId>,
    fields: BTreeMap<&'p FieldId, RawField>,
    cards: BTreeSet<&'p CardId>,
}

impl There<'_> {
    fn check(&self, card: &PlannedCard) -> Result<(), ChangeError> {
        fits(&card.title, limit::TITLE_CHARS, What::Card)?;
        known(&self.columns, &card.column, What::Column)?;
        if let Some(lane) = &card.lane {
            known(&self.lanes, lane, What::Lane)?;
        }
        if let Some(parent) = &card.parent {
            known(&self.cards, parent, What::Card)?;
        }
        require(card.color.as_deref().is_none_or(is_color), What::Color)?;
        let fits_range = |estimate: f64| (0.0..=limit::ESTIMATE).contains(&estimate);
        require(card.estimate.is_none_or(fits_range), What::Estimate)?;
        distinct(card.assignees.iter(), What::Member, limit::MEMBERS)?;
        distinct(card.watchers.iter(), What::Member, limit::MEMBERS)?;
        for label in distinct(card.labels.iter(), What::Member, limit::MEMBERS)? {
            known(&self.labels, label, What::Label)?;
        }
        let items = card.checklist.iter().map(|item| &item.id);
        distinct(items, What::Item, limit::ITEMS)?;
        for item in &card.checklist {
            fits(&item.text, limit::TEXT_CHARS, What::Item)?;
            fits(&item.list, limit::NAME_CHARS, What::Item)?;
        }
        for (id, value) in &card.values {
            let field = self.fields.get(id);
            let field = field.ok_or_else(|| not_found(id.as_str(), What::Field))?;
            let finite = !matches!(value, Value::Number(number) if !number.is_finite());
            require(finite && accepts(field, value), What::Value)?;
            if let Value::Text(text) = value {
                fits(text, limit::TEXT_CHARS, What::Value)?;
            }
        }
        Ok(())
    }
}

fn require(holds: bool, what: What) -> Result<(), ChangeError> {
    if holds {
        Ok(())
    } else {
        Err(ChangeError::Invalid(what))
    }
}

fn fits(text: &str, limit: usize, what: What) -> Result<(), ChangeError> {
    if text.chars().nth(limit).is_some() {
        return Err(ChangeError::TooLong { what, limit });
    }
    Ok(())
}

fn at_most(count: usize, limit: usize, what: What) -> Result<(), ChangeError> {
    if count > limit {
        return Err(ChangeError::TooMany { what, limit });
    }
    Ok(())
}

fn not_found(id: &str, what: What) -> ChangeError {
    ChangeError::NotFound {
        what,
        id: id.to_owned(),
    }
}

fn known<K>(ids: &BTreeSet<&Id<K>>, id: &Id<K>, what: What) -> Result<(), ChangeError> {
    let found = ids.contains(id);
    found.then_some(()).ok_or_else(|| not_found(id.as_str(), what))
}

/// The ids, each of which may stand there once.
fn distinct<'p, K>(
    ids: impl Iterator<Item = &'p Id<K>>,
    what: What,
    limit: usize,
) -> Result<BTreeSet<&'p Id<K>>, ChangeError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            let id = id.as_str().to_owned();
            return Err(ChangeError::Exists { what, id });
        }
        at_most(seen.len(), limit, what)?;
    }
    Ok(seen)
}

fn check_entry(name: &str, color: Option<&str>, what: What) -> Result<(), ChangeError> {
    fits(name, limit::NAME_CHARS, what)?;
    require(color.is_none_or(is_color), What::Color)
}

fn check_entries<K>(
    entries: &[PlannedEntry<K>],
    what: What,
    limit: usize,
) -> Result<BTreeSet<&Id<K>>, ChangeError> {
    for entry in entries {
        check_entry(&entry.name, entry.color.as_deref(), what)?;
    }
    distinct(entries.iter().map(|entry| &entry.id), what, limit)
}
