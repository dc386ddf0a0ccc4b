//! Columns, lanes, labels, custom fields and their options as they travel.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_protocol::board::id::kind;
use weft_protocol::board::view::{
    BoardView, FieldView as ShownField, LabelView as ShownLabel, LaneView as ShownLane,
};
use weft_storage::{EntryKind, EntryRow};

use super::kinds::{CategoryName, FieldTypeName, WipLimit};
use crate::http::rest::board::{ChoiceRef, Color, ColumnRef, End, FieldRef, LabelRef, LaneRef};
use crate::http::rest::{AnyCase, Change, Clearable, ETag, Filters, Line};

/// A kind of what stands in a list of a board: how its rows and its place on the board are shown.
pub(super) trait Listed {
    /// What the rows call it.
    const KIND: EntryKind;
    /// How it travels.
    type View: Serialize;

    /// A row of the board `board` as it travels; `None` if it cannot be read.
    fn view(board: Uuid, row: &EntryRow) -> Option<Self::View>;

    /// The row that the entry `id` would have, if the board shows it.
    fn shown(view: &BoardView, id: &str) -> Option<(usize, String)>;
}

/// The tag of an entry: it has no version of its own.
pub(super) fn etag(position: i64, view: &str) -> ETag {
    ETag::of(format!("{position} {view}").as_bytes())
}

/// What a column's row says.
#[derive(Deserialize)]
struct ColumnHead {
    color: Option<String>,
    wip: Option<WipLimit>,
    over_limit: bool,
    category: CategoryName,
}

/// A column.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Column)]
pub(super) struct ColumnView {
    #[schema(max_length = 64)]
    id: String,
    board_id: Uuid,
    #[schema(max_length = 100)]
    title: String,
    category: CategoryName,
    #[schema(max_length = 32)]
    color: Option<String>,
    wip: Option<WipLimit>,
    /// Whether it has more tasks than that.
    over_limit: bool,
    /// Its place among the columns, from 0.
    position: i64,
}

impl Listed for kind::Column {
    const KIND: EntryKind = EntryKind::Column;
    type View = ColumnView;

    fn view(board: Uuid, row: &EntryRow) -> Option<ColumnView> {
        let head: ColumnHead = serde_json::from_str(&row.view).ok()?;
        Some(ColumnView {
            id: row.id.clone(),
            board_id: board,
            title: row.name.clone(),
            category: head.category,
            color: head.color,
            wip: head.wip,
            over_limit: head.over_limit,
            position: row.position,
        })
    }

    fn shown(view: &BoardView, id: &str) -> Option<(usize, String)> {
        let found = view
            .columns
            .iter()
            .enumerate()
            .find(|(_, column)| column.id.as_str() == id);
        found.and_then(|(at, column)| Some((at, serde_json::to_string(&column.head()).ok()?)))
    }
}

/// A lane.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lane)]
pub(super) struct LaneView {
    #[schema(max_length = 64)]
    id: String,
    board_id: Uuid,
    #[schema(max_length = 100)]
    title: String,
    /// Its place among the lanes, from 0.
    position: i64,
}

impl Listed for kind::Lane {
    const KIND: EntryKind = EntryKind::Lane;
    type View = LaneView;

    fn view(board: Uuid, row: &EntryRow) -> Option<LaneView> {
        Some(LaneView {
            id: row.id.clone(),
            board_id: board,
            title: row.name.clone(),
            position: row.position,
        })
    }

    fn shown(view: &BoardView, id: &str) -> Option<(usize, String)> {
        let is_it = |lane: &ShownLane| lane.id.as_str() == id;
        let found = view.lanes.iter().enumerate().find(|(_, lane)| is_it(lane));
        found.and_then(|(at, lane)| Some((at, serde_json::to_string(lane).ok()?)))
    }
}

/// A label.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Label)]
pub(super) struct LabelView {
    #[schema(max_length = 64)]
    id: String,
    board_id: Uuid,
    #[schema(max_length = 100)]
    name: String,
    #[schema(max_length = 32)]
    color: Option<String>,
    /// Its place among the labels, from 0.
    position: i64,
}

/// What a label's row says.
#[derive(Deserialize)]
struct LabelHead {
    color: Option<String>,
}

impl Listed for kind::Label {
    const KIND: EntryKind = EntryKind::Label;
    type View = LabelView;

    fn view(board: Uuid, row: &EntryRow) -> Option<LabelView> {
        let head: LabelHead = serde_json::from_str(&row.view).ok()?;
        Some(LabelView {
            id: row.id.clone(),
            board_id: board,
            name: row.name.clone(),
            color: head.color,
            position: row.position,
        })
    }

    fn shown(view: &BoardView, id: &str) -> Option<(usize, String)> {
        let is_it = |label: &ShownLabel| label.id.as_str() == id;
        let found = view.labels.iter().enumerate().find(|(_, label)| is_it(label));
        found.and_then(|(at, label)| Some((at, serde_json::to_string(label).ok()?)))
    }
}

/// An option of a custom field.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = FieldOption)]
pub(super) struct OptionView {
    #[schema(max_length = 64)]
    pub(super) id: String,
    #[schema(max_length = 100)]
    name: String,
    #[schema(max_length = 32)]
    color: Option<String>,
}

/// A custom field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Field)]
pub(super) struct FieldView {
    #[schema(max_length = 64)]
    id: String,
    board_id: Uuid,
    #[schema(max_length = 100)]
    name: String,
    r#type: FieldTypeName,
    /// Its options, in order; of a field of another type than `select` none.
    #[schema(max_items = 1_000)]
    pub(super) options: Vec<OptionView>,
    /// Its place among the fields, from 0.
    position: i64,
}

/// What a field's row says.
#[derive(Deserialize)]
struct FieldHead {
    r#type: FieldTypeName,
    options: Vec<OptionView>,
}

impl Listed for kind::Field {
    const KIND: EntryKind = EntryKind::Field;
    type View = FieldView;

    fn view(board: Uuid, row: &EntryRow) -> Option<FieldView> {
        let head: FieldHead = serde_json::from_str(&row.view).ok()?;
        Some(FieldView {
            id: row.id.clone(),
            board_id: board,
            name: row.name.clone(),
            r#type: head.r#type,
            options: head.options,
            position: row.position,
        })
    }

    fn shown(view: &BoardView, id: &str) -> Option<(usize, String)> {
        let is_it = |field: &ShownField| field.id.as_str() == id;
        let found = view.fields.iter().enumerate().find(|(_, field)| is_it(field));
        found.and_then(|(at, field)| Some((at, serde_json::to_string(field).ok()?)))
    }
}

/// Which part of a list; these lists are in the order of the board.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFilters {}

impl Filters for NoFilters {
    const SORTS: &'static [&'static str] = &["position"];
}

/// A column to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewColumn {
    pub(super) title: Line<100>,
    /// `unstarted` if it is left out.
    #[schema(value_type = Option<CategoryName>)]
    pub(super) category: Option<AnyCase<CategoryName>>,
    pub(super) color: Option<Color>,
    pub(super) wip: Option<WipLimit>,
    /// The column that it goes before. At most one of this, `after` and `pos`; last if all are left out.
    pub(super) before: Option<ColumnRef>,
    /// The column that it goes after.
    pub(super) after: Option<ColumnRef>,
    pub(super) pos: Option<End>,
}

/// What shall change of a column.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ColumnPatch {
    pub(super) title: Change<Line<100>>,
    #[schema(value_type = Option<CategoryName>)]
    pub(super) category: Change<AnyCase<CategoryName>>,
    pub(super) color: Clearable<Color>,
    pub(super) wip: Clearable<WipLimit>,
    /// The column that it goes before. At most one of this, `after` and `pos`.
    pub(super) before: Change<ColumnRef>,
    /// The column that it goes after.
    pub(super) after: Change<ColumnRef>,
    pub(super) pos: Change<End>,
}

/// A lane to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLane {
    pub(super) title: Line<100>,
    /// The lane that it goes before. At most one of this, `after` and `pos`; last if all are left out.
    pub(super) before: Option<LaneRef>,
    /// The lane that it goes after.
    pub(super) after: Option<LaneRef>,
    pub(super) pos: Option<End>,
}

/// What shall change of a lane.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LanePatch {
    pub(super) title: Change<Line<100>>,
    /// The lane that it goes before. At most one of this, `after` and `pos`.
    pub(super) before: Change<LaneRef>,
    /// The lane that it goes after.
    pub(super) after: Change<LaneRef>,
    pub(super) pos: Change<End>,
}

/// A label to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLabel {
    pub(super) name: Line<100>,
    pub(super) color: Option<Color>,
    /// The label that it goes before. At most one of this, `after` and `pos`; last if all are left out.
    pub(super) before: Option<LabelRef>,
    /// The label that it goes after.
    pub(super) after: Option<LabelRef>,
    pub(super) pos: Option<End>,
}

/// What shall change of a label.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LabelPatch {
    pub(super) name: Change<Line<100>>,
    pub(super) color: Clearable<Color>,
    /// The label that it goes before. At most one of this, `after` and `pos`.
    pub(super) before: Change<LabelRef>,
    /// The label that it goes after.
    pub(super) after: Change<LabelRef>,
    pub(super) pos: Change<End>,
}

/// A custom field to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewField {
    pub(super) name: Line<100>,
    /// What it holds; it stays so.
    #[schema(value_type = FieldTypeName)]
    pub(super) r#type: AnyCase<FieldTypeName>,
    /// The options to begin with, of a field of the type `select`.
    #[schema(max_items = 200)]
    pub(super) options: Option<Vec<NewChoice>>,
    /// The field that it goes before. At most one of this, `after` and `pos`; last if all are left out.
    pub(super) before: Option<FieldRef>,
    /// The field that it goes after.
    pub(super) after: Option<FieldRef>,
    pub(super) pos: Option<End>,
}

/// An option of a new field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFieldChoice)]
pub(super) struct NewChoice {
    pub(super) name: Line<100>,
    pub(super) color: Option<Color>,
}

/// What shall change of a custom field.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FieldPatch {
    pub(super) name: Change<Line<100>>,
    /// The field that it goes before. At most one of this, `after` and `pos`.
    pub(super) before: Change<FieldRef>,
    /// The field that it goes after.
    pub(super) after: Change<FieldRef>,
    pub(super) pos: Change<End>,
}

/// An option to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFieldOption)]
pub(super) struct NewOption {
    pub(super) name: Line<100>,
    pub(super) color: Option<Color>,
    /// The option that it goes before. At most one of this, `after` and `pos`; last if all are left out.
    pub(super) before: Option<ChoiceRef>,
    /// The option that it goes after.
    pub(super) after: Option<ChoiceRef>,
    pub(super) pos: Option<End>,
}

/// What shall change of an option.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = FieldOptionPatch)]
pub(super) struct OptionPatch {
    pub(super) name: Change<Line<100>>,
    pub(super) color: Clearable<Color>,
    /// The option that it goes before. At most one of this, `after` and `pos`.
    pub(super) before: Change<ChoiceRef>,
    /// The option that it goes after.
    pub(super) after: Change<ChoiceRef>,
    pub(super) pos: Change<End>,
}
