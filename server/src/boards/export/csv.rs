//! Boards as tables: RFC 4180 in UTF-8, one row for each card that is not in the trash.
//!
//! Invariant: no cell that a person wrote begins with what a spreadsheet takes for a formula (`=`, `+`, `-`, `@`, a tab
//! or a carriage return): such cells begin with `'`, which an import takes off again.

use std::collections::BTreeMap;

use csv::{Terminator, WriterBuilder};
use weft_protocol::board::id::CardId;
use weft_protocol::board::plan::{Plan, PlannedCard, PlannedField, PlannedItem};
use weft_protocol::board::raw::Value;

use super::Around;
use crate::content::{self, Format, Limits};

/// What the name of a column begins with that is a custom field.
pub(crate) const FIELD_PREFIX: &str = "field:";

/// The columns before the custom fields.
const COLUMNS: [&str; 16] = [
    "key",
    "title",
    "description",
    "column",
    "category",
    "lane",
    "labels",
    "assignees",
    "priority",
    "start",
    "due",
    "estimate",
    "parent",
    "checklist",
    "done",
    "archived",
];

/// Whether a spreadsheet could take `cell` for a formula, or for one that was made safe.
pub(crate) fn is_formula(cell: &str) -> bool {
    let rest = cell.trim_start_matches('\'');
    rest.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// `cell` as it stands in the table.
fn safe(cell: String) -> String {
    if is_formula(&cell) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// The table.
///
/// # Errors
/// None that is known: memory takes everything. The writer's type knows less.
pub(crate) fn write(plan: &Plan, around: &Around) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    let fields = plan
        .fields
        .iter()
        .map(|field| format!("{FIELD_PREFIX}{}", field.name));
    let names = COLUMNS.iter().map(|name| (*name).to_owned()).chain(fields);
    writer.write_record(names)?;
    let table = Table::of(plan, around);
    for card in &plan.cards {
        writer.write_record(table.row(card))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

/// What rows look things up in.
struct Table<'p> {
    plan: &'p Plan,
    around: &'p Around,
    columns: BTreeMap<&'p str, (&'p str, &'static str)>,
    lanes: BTreeMap<&'p str, &'p str>,
    labels: BTreeMap<&'p str, &'p str>,
}

impl<'p> Table<'p> {
    fn of(plan: &'p Plan, around: &'p Around) -> Self {
        let column = |column: &'p weft_protocol::board::plan::PlannedColumn| {
            (
                column.id.as_str(),
                (column.title.as_str(), column.category.as_str()),
            )
        };
        Self {
            plan,
            around,
            columns: plan.columns.iter().map(column).collect(),
            lanes: plan
                .lanes
                .iter()
                .map(|lane| (lane.id.as_str(), lane.name.as_str()))
                .collect(),
            labels: plan
                .labels
                .iter()
                .map(|label| (label.id.as_str(), label.name.as_str()))
                .collect(),
        }
    }

    fn key(&self, card: &CardId) -> String {
        self.around
            .keys
            .get(card)
            .cloned()
            .unwrap_or_else(|| card.to_string())
    }

    fn row(&self, card: &PlannedCard) -> Vec<String> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let (column, category) = self
            .columns
            .get(card.column.as_str())
            .copied()
            .unwrap_or_default();
        let lane = card
            .lane
            .as_ref()
            .and_then(|lane| self.lanes.get(lane.as_str()))
            .copied();
        let labels = card
            .labels
            .iter()
            .filter_map(|label| self.labels.get(label.as_str()).copied());
        let assignees = card.assignees.iter().map(|user| {
            let name = self.around.people.get(user);
            name.cloned().unwrap_or_else(|| user.to_string())
        });
        let at = |stamp: &Option<weft_protocol::board::raw::Stamp>| {
            let stamp = stamp.as_ref();
            stamp.map_or_else(String::new, |stamp| text(stamp.at.as_ref().map(|at| at.as_str())))
        };
        let cells = [
            self.key(&card.id),
            card.title.clone(),
            description(card),
            column.to_owned(),
            category.to_owned(),
            text(lane),
            labels.collect::<Vec<_>>().join("; "),
            assignees.collect::<Vec<_>>().join("; "),
            text(card.priority.map(|priority| priority.as_str())),
            text(card.start.as_ref().map(|start| start.as_str())),
            text(card.due.as_ref().map(|due| due.as_str())),
            card.estimate
                .map_or_else(String::new, |estimate| estimate.to_string()),
            card.parent
                .as_ref()
                .map_or_else(String::new, |parent| self.key(parent)),
            card.checklist.iter().map(item).collect::<Vec<_>>().join("\n"),
            at(&card.done),
            at(&card.archived),
        ];
        let fields = self.plan.fields.iter().map(|field| self.value(card, field));
        cells.into_iter().map(safe).chain(fields).collect()
    }

    fn value(&self, card: &PlannedCard, field: &PlannedField) -> String {
        match card.values.get(&field.id) {
            // A number is none of the texts that people write.
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Flag(flag)) => flag.to_string(),
            Some(Value::Text(text)) => {
                let option = field.options.iter().find(|option| option.id.as_str() == text);
                let person = self.around.people.iter().find(|(user, _)| user.as_str() == text);
                let name = option
                    .map(|option| option.name.as_str())
                    .or(person.map(|(_, name)| name.as_str()));
                safe(name.unwrap_or(text).to_owned())
            }
            None => String::new(),
        }
    }
}

fn item(item: &PlannedItem) -> String {
    let mark = if item.done { 'x' } else { ' ' };
    format!("[{mark}] {}", item.text.replace(['\n', '\r'], " "))
}

/// The description as Markdown.
fn description(card: &PlannedCard) -> String {
    let Some(description) = &card.description else {
        return String::new();
    };
    let node = content::parse(
        description.to_string().as_bytes(),
        Format::Json,
        &Limits::default(),
    );
    node.map_or_else(
        |_| String::new(),
        |node| content::render(&node, Format::Markdown).trim_end().to_owned(),
    )
}
