//! Boards as plans: what a board shows now, and the same under other ids.

use std::collections::{BTreeMap, BTreeSet};

use weft_protocol::board::id::{CardId, ColumnId, FieldId, Id, LabelId, LaneId, OptionId, UserId};
use weft_protocol::board::plan::{
    Plan, PlannedCard, PlannedColumn, PlannedEntry, PlannedField, PlannedItem, PlannedLink,
};
use weft_protocol::board::raw::Value;
use weft_protocol::board::schema::{Category, FieldType, LinkKind};
use weft_protocol::board::view::{BoardView, CardView, ColumnView, FieldView, ItemView, LinkView};

use super::Minter;
use crate::content::{self, Node};

/// Which cards a copy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cards {
    /// None: only what they stand in and are marked with.
    None,
    /// Those that are neither archived nor deleted.
    Open,
    /// Those that are not deleted.
    Kept,
}

/// The column of cards on a board that has none.
const UNSORTED: &str = "Unsorted";

/// What `view` shows as a plan, under the ids that it has. Files stay where they are.
pub(crate) fn plan_of(view: &BoardView, descriptions: &BTreeMap<CardId, Node>, which: Cards) -> Plan {
    let mut plan = Plan {
        columns: columns(view),
        lanes: view
            .lanes
            .iter()
            .map(|lane| entry(&lane.id, &lane.title, None))
            .collect(),
        labels: view
            .labels
            .iter()
            .map(|label| entry(&label.id, &label.name, label.color.as_ref()))
            .collect(),
        fields: fields(view),
        ..Plan::default()
    };
    if which != Cards::None {
        let archived = view.archive.iter().filter(|_| which == Cards::Kept);
        let seated = view.columns.iter().flat_map(|column| &column.cards);
        let cards: Vec<&CardId> = seated.chain(&view.unsorted).chain(archived).collect();
        let there: BTreeSet<&CardId> = cards.iter().copied().collect();
        let first = (!cards.is_empty()).then(|| first_column(&mut plan));
        for (id, first) in cards.iter().zip(first.iter().cycle()) {
            if let Some(card) = view.cards.get(*id) {
                let column = card.column.as_ref().unwrap_or(first);
                let new = PlannedCard::new((*id).clone(), card.title.as_str(), column.clone());
                plan.cards.push(filled(new, card, descriptions.get(*id), &there));
            }
        }
        let links = view.links.iter().filter(|link| !link.cyclic);
        let links = links.filter(|link| there.contains(&link.from) && there.contains(&link.to));
        let link = |link: &LinkView| PlannedLink {
            from: link.from.clone(),
            kind: link.kind,
            to: link.to.clone(),
        };
        plan.links = links.map(link).collect();
    }
    plan
}

fn columns(view: &BoardView) -> Vec<PlannedColumn> {
    let column = |column: &ColumnView| PlannedColumn {
        id: column.id.clone(),
        title: column.title.clone(),
        category: column.category,
        color: column.color.clone(),
        wip: column.wip,
    };
    view.columns.iter().map(column).collect()
}

fn entry<K>(id: &Id<K>, name: &str, color: Option<&String>) -> PlannedEntry<K> {
    PlannedEntry {
        id: id.clone(),
        name: name.to_owned(),
        color: color.cloned(),
    }
}

fn fields(view: &BoardView) -> Vec<PlannedField> {
    let field = |field: &FieldView| PlannedField {
        id: field.id.clone(),
        name: field.name.clone(),
        r#type: field.r#type,
        options: field
            .options
            .iter()
            // What was written into a field that has no choices is shown, but cannot be planned.
            .filter(|_| field.r#type == FieldType::Select)
            .map(|option| entry(&option.id, &option.name, option.color.as_ref()))
            .collect(),
    };
    view.fields.iter().map(field).collect()
}

/// The first column of `plan`, which is made if there is none.
fn first_column(plan: &mut Plan) -> ColumnId {
    if let Some(first) = plan.columns.first() {
        return first.id.clone();
    }
    // Nothing else on the board has this id: it is not that of a UUID that was drawn.
    let id = ColumnId::of_uuid([0; 16]);
    plan.columns.push(PlannedColumn {
        id: id.clone(),
        title: UNSORTED.to_owned(),
        category: Category::Unstarted,
        color: None,
        wip: None,
    });
    id
}

/// `new` with everything that `card` says beside its title and its place.
fn filled(
    new: PlannedCard,
    card: &CardView,
    description: Option<&Node>,
    there: &BTreeSet<&CardId>,
) -> PlannedCard {
    let item = |item: &ItemView| PlannedItem {
        id: item.id.clone(),
        text: item.text.clone(),
        done: item.done,
        list: item.list.clone(),
    };
    PlannedCard {
        lane: card.lane.clone(),
        description: description
            .filter(|node| !node.content.is_empty())
            .map(content::to_value),
        priority: card.priority,
        due: card.due.clone(),
        start: card.start.clone(),
        estimate: card.estimate,
        color: card.color.clone(),
        archived: card.archived.clone(),
        done: card.done.clone(),
        parent: card.parent.clone().filter(|parent| there.contains(parent)),
        assignees: card.assignees.clone(),
        labels: card.labels.clone(),
        watchers: card.watchers.clone(),
        checklist: card.checklist.iter().map(item).collect(),
        values: card.values.clone(),
        ..new
    }
}

/// The same plan with new ids for everything but people.
pub(crate) fn freshen(mut plan: Plan, mint: &mut Minter<'_>) -> Plan {
    let columns = renamed(plan.columns.iter_mut().map(|column| &mut column.id), mint);
    let lanes: BTreeMap<LaneId, LaneId> = renamed(plan.lanes.iter_mut().map(|lane| &mut lane.id), mint);
    let labels: BTreeMap<LabelId, LabelId> = renamed(plan.labels.iter_mut().map(|label| &mut label.id), mint);
    let fields: BTreeMap<FieldId, FieldId> = renamed(plan.fields.iter_mut().map(|field| &mut field.id), mint);
    let options = plan.fields.iter_mut().flat_map(|field| &mut field.options);
    let options: BTreeMap<OptionId, OptionId> = renamed(options.map(|option| &mut option.id), mint);
    let choices: BTreeSet<&FieldId> = plan
        .fields
        .iter()
        .filter(|field| field.r#type == FieldType::Select)
        .map(|field| &field.id)
        .collect();
    let cards: BTreeMap<CardId, CardId> = renamed(plan.cards.iter_mut().map(|card| &mut card.id), mint);
    for card in &mut plan.cards {
        follow(&mut card.column, &columns);
        card.lane.iter_mut().for_each(|lane| follow(lane, &lanes));
        card.parent.iter_mut().for_each(|parent| follow(parent, &cards));
        card.labels.iter_mut().for_each(|label| follow(label, &labels));
        card.checklist.iter_mut().for_each(|item| item.id = mint.id());
        let values = std::mem::take(&mut card.values);
        card.values = values
            .into_iter()
            .map(|(mut field, mut value)| {
                follow(&mut field, &fields);
                if let (Value::Text(text), true) = (&mut value, choices.contains(&field)) {
                    let option = OptionId::parse(text).ok().and_then(|option| options.get(&option));
                    *text = option.map_or_else(String::new, ToString::to_string);
                }
                (field, value)
            })
            .collect();
    }
    for link in &mut plan.links {
        follow(&mut link.from, &cards);
        follow(&mut link.to, &cards);
        if link.kind == LinkKind::Relates && link.to < link.from {
            std::mem::swap(&mut link.from, &mut link.to);
        }
    }
    plan
}

/// Gives each of `ids` a new one, and tells which.
fn renamed<'p, K: 'p>(
    ids: impl Iterator<Item = &'p mut Id<K>>,
    mint: &mut Minter<'_>,
) -> BTreeMap<Id<K>, Id<K>> {
    ids.map(|id| {
        let old = std::mem::replace(id, mint.id());
        (old, id.clone())
    })
    .collect()
}

fn follow<K>(id: &mut Id<K>, renamed: &BTreeMap<Id<K>, Id<K>>) {
    if let Some(new) = renamed.get(id) {
        *id = new.clone();
    }
}

/// Takes everybody for whom `stays` does not hold off the cards of a plan.
pub(crate) fn retain_people(plan: &mut Plan, stays: impl Fn(&UserId) -> bool) {
    let people: BTreeSet<FieldId> = plan
        .fields
        .iter()
        .filter(|field| field.r#type == FieldType::Person)
        .map(|field| field.id.clone())
        .collect();
    for card in &mut plan.cards {
        card.assignees.retain(&stays);
        card.watchers.retain(&stays);
        card.values.retain(|field, value| match value {
            Value::Text(text) if people.contains(field) => UserId::parse(text).is_ok_and(|user| stays(&user)),
            _ => true,
        });
    }
}

/// Everybody who is named on the cards of a plan.
pub(crate) fn people(plan: &Plan) -> BTreeSet<UserId> {
    let is_person = |field: &&PlannedField| field.r#type == FieldType::Person;
    let fields: BTreeSet<&FieldId> = plan
        .fields
        .iter()
        .filter(is_person)
        .map(|field| &field.id)
        .collect();
    let mut people = BTreeSet::new();
    for card in &plan.cards {
        people.extend(card.assignees.iter().cloned());
        people.extend(card.watchers.iter().cloned());
        let named = card.values.iter().filter(|(field, _)| fields.contains(field));
        people.extend(named.filter_map(|(_, value)| match value {
            Value::Text(text) => UserId::parse(text).ok(),
            _ => None,
        }));
    }
    people
}
