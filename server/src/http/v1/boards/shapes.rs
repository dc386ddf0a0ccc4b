//! What stands on a board as it travels, for the description of the API alone. `weft_protocol::board::view` decides what
//! is shown.

#![expect(dead_code, reason = "only the description is made of these")]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::entries::kinds::{CategoryName, FieldTypeName, WipLimit};
use crate::http::v1::tasks::kinds::{LinkName, PriorityName};

/// Everything that stands on a board, as everybody is shown it. Ids are those of the board's document.
#[derive(Serialize, ToSchema)]
pub(super) struct BoardState {
    /// The version of the document's schema.
    schema: Option<u64>,
    /// Columns from left to right.
    #[schema(max_items = 1_000)]
    columns: Vec<StateColumn>,
    /// Open cards of a board without columns.
    #[schema(max_items = 25_000)]
    unsorted: Vec<String>,
    /// Archived cards, by id.
    #[schema(max_items = 25_000)]
    archive: Vec<String>,
    /// Deleted cards, by id.
    #[schema(max_items = 25_000)]
    trash: Vec<String>,
    /// Lanes from top to bottom.
    #[schema(max_items = 1_000)]
    lanes: Vec<StateLane>,
    #[schema(max_items = 2_500)]
    labels: Vec<StateLabel>,
    #[schema(max_items = 500)]
    fields: Vec<StateField>,
    /// Every card by its id.
    cards: BTreeMap<String, StateCard>,
    #[schema(max_items = 50_000)]
    links: Vec<StateLink>,
}

/// A column.
#[derive(Serialize, ToSchema)]
pub(super) struct StateColumn {
    #[schema(max_length = 64)]
    id: String,
    #[schema(max_length = 100)]
    title: String,
    category: CategoryName,
    #[schema(max_length = 32)]
    color: Option<String>,
    wip: Option<WipLimit>,
    /// Whether it has more cards than that.
    over_limit: bool,
    /// Its cards from top to bottom.
    #[schema(max_items = 25_000)]
    cards: Vec<String>,
}

/// A lane.
#[derive(Serialize, ToSchema)]
pub(super) struct StateLane {
    #[schema(max_length = 64)]
    id: String,
    #[schema(max_length = 100)]
    title: String,
}

/// A label, or a choice of a custom field.
#[derive(Serialize, ToSchema)]
pub(super) struct StateLabel {
    #[schema(max_length = 64)]
    id: String,
    #[schema(max_length = 100)]
    name: String,
    #[schema(max_length = 32)]
    color: Option<String>,
}

/// A custom field.
#[derive(Serialize, ToSchema)]
pub(super) struct StateField {
    #[schema(max_length = 64)]
    id: String,
    #[schema(max_length = 100)]
    name: String,
    r#type: FieldTypeName,
    #[schema(max_items = 1_000)]
    options: Vec<StateLabel>,
}

/// Where a card is in its life.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StateOfCard {
    Open,
    Archived,
    Deleted,
}

/// When something was done and by whom, as far as the document says.
#[derive(Serialize, ToSchema)]
pub(super) struct StateStamp {
    #[schema(max_length = 24)]
    at: Option<String>,
    #[schema(max_length = 64)]
    by: Option<String>,
}

/// A card.
#[derive(Serialize, ToSchema)]
pub(super) struct StateCard {
    state: StateOfCard,
    #[schema(max_length = 64)]
    column: Option<String>,
    #[schema(max_length = 64)]
    lane: Option<String>,
    #[schema(max_length = 500)]
    title: String,
    /// Whether there is something in its description.
    described: bool,
    priority: Option<PriorityName>,
    /// A day or a moment.
    #[schema(max_length = 24)]
    due: Option<String>,
    #[schema(max_length = 24)]
    start: Option<String>,
    estimate: Option<f64>,
    #[schema(max_length = 32)]
    color: Option<String>,
    /// One of its files.
    #[schema(max_length = 64)]
    cover: Option<String>,
    archived: Option<StateStamp>,
    done: Option<StateStamp>,
    deleted: Option<StateStamp>,
    #[schema(max_length = 64)]
    parent: Option<String>,
    #[schema(max_items = 25_000)]
    children: Vec<String>,
    #[schema(max_items = 25_000)]
    assignees: Vec<String>,
    #[schema(max_items = 2_500)]
    labels: Vec<String>,
    #[schema(max_items = 25_000)]
    watchers: Vec<String>,
    #[schema(max_items = 25_000)]
    checklist: Vec<StateItem>,
    /// Values of custom fields by the ids of these.
    values: BTreeMap<String, Value>,
    /// Attached files by their ids.
    files: BTreeMap<String, StateFile>,
}

/// An item of a checklist.
#[derive(Serialize, ToSchema)]
pub(super) struct StateItem {
    #[schema(max_length = 64)]
    id: String,
    #[schema(max_length = 2_000)]
    text: String,
    done: bool,
    /// The name of the list it stands in; usually empty.
    #[schema(max_length = 100)]
    list: String,
}

/// An attached file.
#[derive(Serialize, ToSchema)]
pub(super) struct StateFile {
    #[schema(max_length = 100)]
    name: String,
    size: Option<u64>,
    #[schema(max_length = 100)]
    mime: Option<String>,
}

/// A relation between two cards.
#[derive(Serialize, ToSchema)]
pub(super) struct StateLink {
    #[schema(max_length = 64)]
    from: String,
    kind: LinkName,
    #[schema(max_length = 64)]
    to: String,
    /// Whether it closes a cycle, and so does not count.
    cyclic: bool,
}
