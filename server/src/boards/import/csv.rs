//! Tables: one row for each card, the first row with the names of the columns.
//!
//! The names are those of our own export and the usual ones of other programs, without the difference of capitals.
//! What stands in a cell begins with `'` where a spreadsheet would take it for a formula; that is taken off again.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord, Trim};
use weft_protocol::board::id::{CardId, ColumnId, FieldId, UserId, kind};
use weft_protocol::board::moment::Moment;
use weft_protocol::board::plan::{PlannedCard, PlannedColumn, PlannedEntry, PlannedField, PlannedItem};
use weft_protocol::board::raw::Value;
use weft_protocol::board::schema::{FieldType, limit};

use super::{Draft, MAX_CARDS, Names, Place, Unreadable, stamp};
use crate::boards::export::csv::{FIELD_PREFIX, is_formula};
use crate::boards::{Minter, guess};

/// How many columns a table may have.
const MAX_COLUMNS: usize = 200;
/// The column of cards that name none, if no card names any.
const DEFAULT_COLUMN: &str = "To do";
/// How many labels, people or items one cell may name.
const MAX_IN_CELL: usize = 500;

/// What a column of the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Key,
    Title,
    Description,
    Column,
    Lane,
    Labels,
    Assignees,
    Priority,
    Start,
    Due,
    Estimate,
    Parent,
    Checklist,
    /// The custom field at this position of the plan.
    Field(usize),
    /// Something that follows from the rest, such as a date of creation in our own export.
    Derived,
    Unknown,
}

impl Meaning {
    fn of(name: &str) -> Self {
        match guess::plain(name).as_str() {
            "key" | "id" | "issue key" | "number" => Self::Key,
            "title" | "name" | "summary" | "task" | "card" => Self::Title,
            "description" | "desc" | "notes" | "body" => Self::Description,
            "column" | "status" | "list" | "state" | "section" => Self::Column,
            "lane" | "swimlane" => Self::Lane,
            "labels" | "label" | "tags" | "tag" => Self::Labels,
            "assignee" | "assignees" | "assigned to" | "members" | "owner" => Self::Assignees,
            "priority" => Self::Priority,
            "start" | "start date" => Self::Start,
            "due" | "due date" | "deadline" => Self::Due,
            "estimate" | "points" | "story points" => Self::Estimate,
            "parent" | "parent key" | "parent id" => Self::Parent,
            "checklist" => Self::Checklist,
            "category" | "done" | "archived" | "created" | "updated" => Self::Derived,
            _ => Self::Unknown,
        }
    }
}

/// Reads a table. Cards in columns where things are done are done at `at`, by `by`.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn read(
    bytes: &[u8],
    at: &Moment,
    by: Option<&UserId>,
    mint: &mut Minter<'_>,
) -> Result<Draft, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotUnicode)?;
    let text = text.trim_start_matches('\u{feff}').replace('\0', "\u{fffd}");
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .flexible(true)
        .trim(Trim::Headers)
        .from_reader(text.as_bytes());
    let broken = |error: &csv::Error| Unreadable::NoTable(error.position().map_or(1, |at| at.record() + 1));
    let header = reader.headers().map_err(|error| broken(&error))?.clone();
    let mut table = Table::default();
    table.read_header(&header, mint)?;
    for record in reader.records() {
        let record = record.map_err(|error| broken(&error))?;
        let row = record.position().map_or(0, |at| at.record() + 1);
        table.read_row(row, &record, mint)?;
    }
    table.name_parents();
    let rows = table.rows;
    let mut draft = table.draft;
    draft.untangle(|card| Place::Row(rows.get(card).copied().unwrap_or_default()));
    draft.finish(&stamp(at, by));
    Ok(draft)
}

/// The sign that stands most often in the first line outside of quotes.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            _ if !is_quoted => {
                for (_, count) in counts.iter_mut().filter(|(sign, _)| *sign == byte) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    // Of equals the first counts.
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(sign, _)| sign)
}

#[derive(Debug, Default)]
struct Table {
    meanings: Vec<Meaning>,
    draft: Draft,
    columns: Names<kind::Column>,
    lanes: Names<kind::Lane>,
    labels: Names<kind::Label>,
    /// The row of each card.
    rows: Vec<u64>,
    /// What cards call themselves, as keys.
    keys: BTreeMap<String, CardId>,
    /// Cards by their titles; of equals the first.
    titles: BTreeMap<String, CardId>,
    /// Cards that name a parent.
    parts: Vec<(usize, String)>,
}

/// A cell as it was before it was made safe for spreadsheets.
fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => cell,
    }
}

/// What stands between semicolons or lines, or else between commas.
fn listed(cell: &str) -> impl Iterator<Item = &str> {
    let signs: &[char] = if cell.contains([';', '\n']) {
        &[';', '\n']
    } else {
        &[',']
    };
    let parts = cell.split(signs).map(str::trim);
    parts.filter(|part| !part.is_empty()).take(MAX_IN_CELL)
}

impl Table {
    fn read_header(&mut self, header: &StringRecord, mint: &mut Minter<'_>) -> Result<(), Unreadable> {
        let place = Place::Row(1);
        for name in header.iter().take(MAX_COLUMNS) {
            let mut meaning = Meaning::of(name);
            if let Some(name) = plain(name).strip_prefix(FIELD_PREFIX) {
                meaning = self.field(name, &place, mint);
            }
            if meaning == Meaning::Unknown && !name.is_empty() {
                let message = "a column of this name is not known; name it field:… to make it a custom field";
                self.draft
                    .report
                    .leave_out(&place, "column", "UNKNOWN_COLUMN", message);
            }
            let is_known = !matches!(meaning, Meaning::Unknown | Meaning::Derived);
            if is_known && self.meanings.contains(&meaning) {
                let message = "another column says the same; only the first is read";
                self.draft
                    .report
                    .leave_out(&place, "column", "DUPLICATE_COLUMN", message);
                meaning = Meaning::Unknown;
            }
            self.meanings.push(meaning);
        }
        if self.meanings.contains(&Meaning::Title) {
            Ok(())
        } else {
            Err(Unreadable::NoTitle)
        }
    }

    fn field(&mut self, name: &str, place: &Place, mint: &mut Minter<'_>) -> Meaning {
        if self.draft.plan.fields.len() >= limit::FIELDS || name.trim().is_empty() {
            return Meaning::Unknown;
        }
        let name = self.draft.cut(name, limit::NAME_CHARS, place, "column");
        self.draft.plan.fields.push(PlannedField {
            id: mint.id(),
            name,
            r#type: FieldType::Text,
            options: Vec::new(),
        });
        Meaning::Field(self.draft.plan.fields.len() - 1)
    }

    fn read_row(&mut self, row: u64, record: &StringRecord, mint: &mut Minter<'_>) -> Result<(), Unreadable> {
        let place = Place::Row(row);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        let meanings = self.meanings.clone();
        let cell = |wanted: Meaning| {
            let at = meanings.iter().position(|meaning| *meaning == wanted);
            at.and_then(|at| record.get(at)).map_or("", plain).trim()
        };
        let title = self
            .draft
            .cut(cell(Meaning::Title), limit::TITLE_CHARS, &place, "title");
        if title.is_empty() {
            self.draft
                .report
                .leave_out(&place, "title", "REQUIRED", "a row without a title is no card");
            return Ok(());
        }
        if self.draft.plan.cards.len() >= MAX_CARDS {
            return Err(Unreadable::TooManyCards);
        }
        let column = self.column(cell(Meaning::Column), &place, mint);
        let mut card = PlannedCard::new(mint.id(), title, column);
        card.description = self.draft.description(cell(Meaning::Description), &place);
        card.lane = self.lane(cell(Meaning::Lane), &place, mint);
        card.labels = self.labels(cell(Meaning::Labels), &place, mint);
        self.read_values(&mut card, &cell, &place);
        self.read_checklist(&mut card, cell(Meaning::Checklist), &place, mint);
        for field in 0..self.draft.plan.fields.len() {
            self.read_field(&mut card, field, cell(Meaning::Field(field)), &place);
        }
        let at = self.draft.plan.cards.len();
        for name in listed(cell(Meaning::Assignees)) {
            self.draft.assigned.push((at, place.clone(), name.to_owned()));
        }
        let parent = cell(Meaning::Parent);
        if !parent.is_empty() {
            self.parts.push((at, parent.to_owned()));
        }
        let key = cell(Meaning::Key);
        if !key.is_empty() {
            self.keys.entry(key.to_owned()).or_insert_with(|| card.id.clone());
        }
        self.titles
            .entry(card.title.clone())
            .or_insert_with(|| card.id.clone());
        self.rows.push(row);
        self.draft.plan.cards.push(card);
        Ok(())
    }

    /// The column of this name. Cards without one go where the first column is.
    fn column(&mut self, name: &str, place: &Place, mint: &mut Minter<'_>) -> ColumnId {
        let name = self.draft.cut(name, limit::NAME_CHARS, place, "column");
        let first = self.draft.plan.columns.first().map(|column| column.id.clone());
        let (name, found) = match (name.is_empty(), first) {
            (true, Some(first)) => return first,
            (true, None) => (DEFAULT_COLUMN.to_owned(), None),
            (false, first) => {
                if let Some(found) = self.columns.find(&name) {
                    return found;
                }
                (name, first)
            }
        };
        if let Some(first) = found.filter(|_| self.columns.len() >= limit::COLUMNS) {
            self.draft
                .report
                .leave_out(place, "column", "TOO_MANY", "a board has at most 200 columns");
            return first;
        }
        let id = self.columns.add(&name, mint);
        self.draft.plan.columns.push(PlannedColumn {
            id: id.clone(),
            category: guess::category(&name),
            title: name,
            color: None,
            wip: None,
        });
        id
    }

    fn lane(
        &mut self,
        name: &str,
        place: &Place,
        mint: &mut Minter<'_>,
    ) -> Option<weft_protocol::board::id::LaneId> {
        let name = self.draft.cut(name, limit::NAME_CHARS, place, "lane");
        if name.is_empty() {
            return None;
        }
        if let Some(found) = self.lanes.find(&name) {
            return Some(found);
        }
        if self.lanes.len() >= limit::LANES {
            self.draft
                .report
                .leave_out(place, "lane", "TOO_MANY", "a board has at most 200 lanes");
            return None;
        }
        let id = self.lanes.add(&name, mint);
        self.draft.plan.lanes.push(PlannedEntry {
            id: id.clone(),
            name,
            color: None,
        });
        Some(id)
    }

    fn labels(
        &mut self,
        cell: &str,
        place: &Place,
        mint: &mut Minter<'_>,
    ) -> Vec<weft_protocol::board::id::LabelId> {
        let mut labels = Vec::new();
        for name in listed(cell) {
            let name = self.draft.cut(name, limit::NAME_CHARS, place, "label");
            let id = match self.labels.find(&name) {
                Some(found) => found,
                None if self.labels.len() >= limit::LABELS => {
                    self.draft
                        .report
                        .leave_out(place, "label", "TOO_MANY", "a board has at most 500 labels");
                    continue;
                }
                None => {
                    let id = self.labels.add(&name, mint);
                    let label = PlannedEntry {
                        id: id.clone(),
                        name,
                        color: None,
                    };
                    self.draft.plan.labels.push(label);
                    id
                }
            };
            if labels.len() >= limit::MEMBERS {
                self.draft
                    .report
                    .leave_out(place, "label", "TOO_MANY", "a card has at most 200 labels");
            } else if !labels.contains(&id) {
                labels.push(id);
            }
        }
        labels
    }

    /// Reads what is a value by itself.
    fn read_values<'r>(&mut self, card: &mut PlannedCard, cell: &impl Fn(Meaning) -> &'r str, place: &Place) {
        let report = &mut self.draft.report;
        match guess::priority(cell(Meaning::Priority)) {
            Some(priority) => card.priority = priority,
            None => report.leave_out(
                place,
                "priority",
                "INVALID_VALUE",
                "must be one of: none, low, medium, high, urgent",
            ),
        }
        let mut moment = |wanted: Meaning, field: &'static str| {
            let text = cell(wanted);
            let found = guess::moment(text);
            if found.is_none() && !text.is_empty() {
                report.leave_out(
                    place,
                    field,
                    "INVALID_VALUE",
                    "must be a date such as 2026-11-20, or a time with it",
                );
            }
            found
        };
        card.start = moment(Meaning::Start, "start");
        card.due = moment(Meaning::Due, "due");
        let estimate = cell(Meaning::Estimate);
        let number = estimate.parse::<f64>().ok();
        card.estimate = number.filter(|number| (0.0..=limit::ESTIMATE).contains(number));
        if card.estimate.is_none() && !estimate.is_empty() {
            report.leave_out(
                place,
                "estimate",
                "INVALID_VALUE",
                "must be a number from 0 to 1000000",
            );
        }
    }

    /// Reads lines such as `[x] warp the loom`.
    fn read_checklist(&mut self, card: &mut PlannedCard, cell: &str, place: &Place, mint: &mut Minter<'_>) {
        for line in cell.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if card.checklist.len() >= limit::ITEMS {
                let message = "a card has at most 500 items in its checklist";
                self.draft
                    .report
                    .leave_out(place, "checklist", "TOO_MANY", message);
                return;
            }
            let line = line.trim_start_matches("- ");
            let done = line.strip_prefix("[x]").or_else(|| line.strip_prefix("[X]"));
            let text = done.or_else(|| line.strip_prefix("[ ]")).unwrap_or(line);
            card.checklist.push(PlannedItem {
                id: mint.id(),
                text: self.draft.cut(text, limit::TEXT_CHARS, place, "checklist"),
                done: done.is_some(),
                list: String::new(),
            });
        }
    }

    fn read_field(&mut self, card: &mut PlannedCard, field: usize, cell: &str, place: &Place) {
        let id: Option<FieldId> = self.draft.plan.fields.get(field).map(|field| field.id.clone());
        if let Some(id) = id.filter(|_| !cell.is_empty()) {
            let text = self.draft.cut(cell, limit::TEXT_CHARS, place, "field");
            card.values.insert(id, Value::Text(text));
        }
    }

    /// Finds the parents that were named, by key or else by title.
    fn name_parents(&mut self) {
        for (card, name) in std::mem::take(&mut self.parts) {
            let parent = self.keys.get(&name).or_else(|| self.titles.get(&name)).cloned();
            if parent.is_none() {
                let place = Place::Row(self.rows.get(card).copied().unwrap_or_default());
                let message = "must be the key or the title of another row";
                self.draft
                    .report
                    .leave_out(&place, "parent", "NOT_FOUND", message);
            }
            if let Some(card) = self.draft.plan.cards.get_mut(card) {
                card.parent = parent;
            }
        }
    }
}
