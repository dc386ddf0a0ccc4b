//! Trello's boards, as its "Export as JSON" writes them.
//!
//! Taken are lists, cards, labels, checklists, custom fields, dates and who works on a card; descriptions are Markdown
//! there as here. What is archived there is archived here. Comments and attachments are not in the board; how many there
//! were is reported.

mod format;

use std::collections::BTreeMap;

use weft_protocol::board::id::{ColumnId, FieldId, LabelId, UserId};
use weft_protocol::board::moment::Moment;
use weft_protocol::board::plan::{PlannedCard, PlannedColumn, PlannedEntry, PlannedField, PlannedItem};
use weft_protocol::board::raw::{Stamp, Value};
use weft_protocol::board::schema::{FieldType, is_color, limit};

use self::format::{Board, Card, Checklist, CustomField, CustomFieldItem, Label, List};
use super::{Draft, MAX_CARDS, Place, Unreadable, stamp};
use crate::boards::{Minter, guess};

/// The column of a board without an open list.
const DEFAULT_COLUMN: &str = "To do";
/// The longest id of theirs that a report repeats, in characters.
const ID_CHARS: usize = 64;

/// Reads a board. What is done is done at `at`, by `by`.
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
    let mut board: Board = serde_json::from_str(text).map_err(|error| Unreadable::NoBoard {
        line: error.line(),
        column: error.column(),
    })?;
    if board.cards.len() > MAX_CARDS {
        return Err(Unreadable::TooManyCards);
    }
    let mut reader = Reader::default();
    reader.title(&board.name);
    reader.lists(&mut board.lists, mint);
    reader.labels(&board.labels, mint);
    reader.fields(&board.custom_fields, mint);
    let members = board
        .members
        .iter()
        .map(|member| (member.id.as_str(), member.username.as_str()));
    reader.members = members
        .map(|(id, name)| (id.to_owned(), name.to_owned()))
        .collect();
    board.cards.sort_by(|one, other| one.pos.total_cmp(&other.pos));
    let done = stamp(at, by);
    for card in &board.cards {
        reader.card(card, &done, mint);
    }
    board
        .checklists
        .sort_by(|one, other| one.pos.total_cmp(&other.pos));
    for checklist in &mut board.checklists {
        reader.checklist(checklist, mint);
    }
    let comments = board.actions.iter().filter(|action| action.kind == "commentCard");
    for _ in comments {
        let report = &mut reader.draft.report;
        report.leave_out(
            &Place::File,
            "comment",
            "NOT_SUPPORTED",
            "comments are not imported",
        );
    }
    let mut draft = reader.draft;
    draft.finish(&done);
    Ok(draft)
}

/// What a list of theirs has become.
#[derive(Debug, Clone)]
struct Seat {
    column: ColumnId,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct Reader {
    draft: Draft,
    seats: BTreeMap<String, Seat>,
    labels: BTreeMap<String, LabelId>,
    /// Their custom fields by id: ours, what it holds, and its choices.
    fields: BTreeMap<String, (FieldId, FieldType, BTreeMap<String, String>)>,
    members: BTreeMap<String, String>,
    /// Positions of the cards by their ids.
    cards: BTreeMap<String, usize>,
}

impl Reader {
    fn title(&mut self, name: &str) {
        let name = self.draft.cut(name, 255, &Place::File, "title");
        self.draft.title = Some(name).filter(|name| !name.is_empty());
    }

    fn lists(&mut self, lists: &mut [List], mint: &mut Minter<'_>) {
        lists.sort_by(|one, other| one.pos.total_cmp(&other.pos));
        for list in lists.iter().filter(|list| !list.closed) {
            if self.draft.plan.columns.len() < limit::COLUMNS {
                let column = self.column(&list.name, mint);
                self.seats.insert(
                    list.id.clone(),
                    Seat {
                        column,
                        is_closed: false,
                    },
                );
            }
        }
        let first = self.draft.plan.columns.first().map(|column| column.id.clone());
        let first = first.unwrap_or_else(|| self.column(DEFAULT_COLUMN, mint));
        for list in lists.iter() {
            let is_closed = list.closed;
            if !is_closed && !self.seats.contains_key(&list.id) {
                let message = "a board has at most 200 columns; its cards went into the first one";
                self.draft
                    .report
                    .leave_out(&Place::File, "column", "TOO_MANY", message);
            }
            let seat = || Seat {
                column: first.clone(),
                is_closed,
            };
            self.seats.entry(list.id.clone()).or_insert_with(seat);
        }
    }

    fn column(&mut self, name: &str, mint: &mut Minter<'_>) -> ColumnId {
        let title = self.draft.cut(name, limit::NAME_CHARS, &Place::File, "column");
        let id: ColumnId = mint.id();
        self.draft.plan.columns.push(PlannedColumn {
            id: id.clone(),
            category: guess::category(&title),
            title,
            color: None,
            wip: None,
        });
        id
    }

    fn labels(&mut self, labels: &[Label], mint: &mut Minter<'_>) {
        for label in labels {
            if self.draft.plan.labels.len() >= limit::LABELS {
                self.draft.report.leave_out(
                    &Place::File,
                    "label",
                    "TOO_MANY",
                    "a board has at most 500 labels",
                );
                continue;
            }
            let color = color(label.color.as_deref());
            // Theirs need no name: then the colour is what they are known by.
            let name = Some(label.name.as_str()).filter(|name| !name.trim().is_empty());
            let name = name.or(color.as_deref()).unwrap_or("label").to_owned();
            let name = self.draft.cut(&name, limit::NAME_CHARS, &Place::File, "label");
            let id: LabelId = mint.id();
            self.labels.insert(label.id.clone(), id.clone());
            self.draft.plan.labels.push(PlannedEntry { id, name, color });
        }
    }

    fn fields(&mut self, fields: &[CustomField], mint: &mut Minter<'_>) {
        for theirs in fields {
            let kind = match theirs.kind.as_str() {
                "text" => FieldType::Text,
                "number" => FieldType::Number,
                "date" => FieldType::Date,
                "checkbox" => FieldType::Checkbox,
                "list" => FieldType::Select,
                _ => {
                    let message = "a custom field of this type is not known";
                    self.draft
                        .report
                        .leave_out(&Place::File, "field", "NOT_SUPPORTED", message);
                    continue;
                }
            };
            if self.draft.plan.fields.len() >= limit::FIELDS {
                self.draft.report.leave_out(
                    &Place::File,
                    "field",
                    "TOO_MANY",
                    "a board has at most 100 fields",
                );
                continue;
            }
            let mut choices = BTreeMap::new();
            let mut options = Vec::new();
            for option in theirs
                .options
                .iter()
                .take(limit::OPTIONS)
                .filter(|_| kind == FieldType::Select)
            {
                let name = option.value.text.as_deref().unwrap_or_default();
                let entry = PlannedEntry {
                    id: mint.id(),
                    name: self.draft.cut(name, limit::NAME_CHARS, &Place::File, "field"),
                    color: color(option.color.as_deref()),
                };
                choices.insert(option.id.clone(), entry.id.to_string());
                options.push(entry);
            }
            let id: FieldId = mint.id();
            self.fields.insert(theirs.id.clone(), (id.clone(), kind, choices));
            let name = self
                .draft
                .cut(&theirs.name, limit::NAME_CHARS, &Place::File, "field");
            self.draft.plan.fields.push(PlannedField {
                id,
                name,
                r#type: kind,
                options,
            });
        }
    }

    fn card(&mut self, theirs: &Card, done: &Stamp, mint: &mut Minter<'_>) {
        let place = Place::Card(
            theirs
                .id
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(ID_CHARS)
                .collect(),
        );
        let Some(seat) = self.seats.get(&theirs.id_list).cloned() else {
            self.draft
                .report
                .leave_out(&place, "column", "NOT_FOUND", "its list is not in the file");
            return;
        };
        let title = self.draft.cut(&theirs.name, limit::TITLE_CHARS, &place, "title");
        let mut card = PlannedCard::new(
            mint.id::<weft_protocol::board::id::kind::Card>(),
            title,
            seat.column,
        );
        card.description = self.draft.description(&theirs.desc, &place);
        card.due = self.moment(theirs.due.as_deref(), "due", &place);
        card.start = self.moment(theirs.start.as_deref(), "start", &place);
        card.color = color(theirs.cover.as_ref().and_then(|cover| cover.color.as_deref()));
        card.archived = (theirs.closed || seat.is_closed).then(|| done.clone());
        card.done = theirs.due_complete.then(|| done.clone());
        for label in &theirs.id_labels {
            let label = self.labels.get(label);
            let label =
                label.filter(|label| !card.labels.contains(label) && card.labels.len() < limit::MEMBERS);
            card.labels.extend(label.cloned());
        }
        for item in &theirs.custom_field_items {
            if let Some((field, value)) = self.value(item, &place) {
                card.values.insert(field, value);
            }
        }
        for _ in &theirs.attachments {
            let report = &mut self.draft.report;
            report.leave_out(
                &place,
                "attachment",
                "NOT_SUPPORTED",
                "attachments are not imported",
            );
        }
        let at = self.draft.plan.cards.len();
        for member in &theirs.id_members {
            let name = self.members.get(member).cloned().unwrap_or_default();
            self.draft.assigned.push((at, place.clone(), name));
        }
        self.cards.insert(theirs.id.clone(), at);
        self.draft.plan.cards.push(card);
    }

    fn moment(&mut self, text: Option<&str>, field: &'static str, place: &Place) -> Option<Moment> {
        let text = text.filter(|text| !text.is_empty())?;
        let found = guess::moment(text);
        if found.is_none() {
            self.draft
                .report
                .leave_out(place, field, "INVALID_VALUE", "is not a date");
        }
        found
    }

    fn value(&mut self, item: &CustomFieldItem, place: &Place) -> Option<(FieldId, Value)> {
        let (id, kind, choices) = self.fields.get(&item.id_custom_field)?.clone();
        let told = item.value.as_ref();
        let value = match kind {
            FieldType::Select => choices.get(item.id_value.as_deref()?).cloned().map(Value::Text),
            FieldType::Text | FieldType::Person => {
                let text = told?.text.as_deref()?;
                Some(Value::Text(self.draft.cut(
                    text,
                    limit::TEXT_CHARS,
                    place,
                    "field",
                )))
            }
            FieldType::Number => {
                let number = told?.number.as_deref()?.parse::<f64>().ok();
                number.filter(|number| number.is_finite()).map(Value::Number)
            }
            FieldType::Checkbox => Some(Value::Flag(told?.checked.as_deref()? == "true")),
            FieldType::Date => {
                let date = guess::moment(told?.date.as_deref()?);
                date.map(|date| Value::Text(date.as_str().to_owned()))
            }
        };
        if value.is_none() {
            self.draft
                .report
                .leave_out(place, "field", "INVALID_VALUE", "is no value of its field");
        }
        value.map(|value| (id, value))
    }

    fn checklist(&mut self, theirs: &mut Checklist, mint: &mut Minter<'_>) {
        let Some(at) = self.cards.get(&theirs.id_card).copied() else {
            return;
        };
        let place = Place::Card(
            theirs
                .id_card
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(ID_CHARS)
                .collect(),
        );
        let list = self
            .draft
            .cut(&theirs.name, limit::NAME_CHARS, &place, "checklist");
        theirs
            .check_items
            .sort_by(|one, other| one.pos.total_cmp(&other.pos));
        for item in &theirs.check_items {
            let text = self.draft.cut(&item.name, limit::TEXT_CHARS, &place, "checklist");
            let Some(card) = self.draft.plan.cards.get_mut(at) else {
                return;
            };
            if card.checklist.len() >= limit::ITEMS {
                let message = "a card has at most 500 items in its checklists";
                self.draft
                    .report
                    .leave_out(&place, "checklist", "TOO_MANY", message);
                return;
            }
            card.checklist.push(PlannedItem {
                id: mint.id(),
                text,
                done: item.state == "complete",
                list: list.clone(),
            });
        }
    }
}

/// A colour of theirs, such as `green_dark`.
fn color(theirs: Option<&str>) -> Option<String> {
    let color = theirs?.replace('_', "-");
    is_color(&color).then_some(color)
}
