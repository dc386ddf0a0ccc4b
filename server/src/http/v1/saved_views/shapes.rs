//! Saved views as they travel.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::records::{SavedView, SavedViewContent};

use crate::http::Problem;
use crate::http::problem::Detail;
use crate::http::rest::json::unprocessable;
use crate::http::rest::{Change, Filters, Line, Timestamp, invalid, query};
use crate::http::v1::task_lists::{ProjectTaskFilters, SORTS};

/// The longest filter, in bytes of JSON.
const MAX_FILTER_BYTES: usize = 4 * 1024;

/// Who sees a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Visibility {
    /// Whoever made it.
    #[default]
    Personal,
    /// Everybody who sees the project.
    Project,
}

impl Visibility {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Project => "project",
        }
    }

    /// One out of the database, whose `CHECK` knows the same names.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "project" => Self::Project,
            _ => Self::Personal,
        }
    }
}

/// A filter of a project's tasks that has a name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedView)]
pub(super) struct ViewView {
    id: Uuid,
    workspace_id: Uuid,
    project_id: Uuid,
    /// Who made it.
    owner_user_id: Uuid,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    visibility: Visibility,
    /// Parameters of the list of the project's tasks by their names: texts, truth values, lists of texts.
    filter: Map<String, Value>,
    /// The order, as that list names it.
    #[schema(min_length = 1, max_length = 64)]
    sort: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&SavedView> for ViewView {
    fn from(view: &SavedView) -> Self {
        Self {
            id: view.id,
            workspace_id: view.workspace.0,
            project_id: view.project_id,
            owner_user_id: view.owner_user_id,
            name: view.content.name.clone(),
            visibility: Visibility::of(&view.content.visibility),
            filter: members_of(&view.content.filter),
            sort: view.content.sort.clone(),
            created_at: Timestamp(view.created_at_ms),
            updated_at: Timestamp(view.updated_at_ms),
        }
    }
}

fn members_of(filter: &str) -> Map<String, Value> {
    serde_json::from_str(filter).unwrap_or_default()
}

/// A view to be saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewView {
    name: Line<100>,
    /// `personal` if it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Visibility>)]
    pub(super) visibility: Visibility,
    /// Parameters of the list of the project's tasks by their names: texts, truth values, lists of texts.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    filter: Map<String, Value>,
    /// The order, as that list names it; `created_at` if it is left out.
    #[schema(min_length = 1, max_length = 64)]
    sort: Option<String>,
}

impl NewView {
    /// As it is stored.
    pub(super) fn into_content(self) -> Result<SavedViewContent, Problem> {
        let content = SavedViewContent {
            name: self.name.into_string(),
            visibility: self.visibility.as_str().to_owned(),
            filter: Value::Object(self.filter).to_string(),
            sort: self.sort.unwrap_or_else(|| "created_at".to_owned()),
        };
        check(&content)?;
        Ok(content)
    }
}

/// What shall change of a view.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ViewPatch {
    name: Change<Line<100>>,
    visibility: Change<Visibility>,
    /// As in a new one; it is replaced as a whole.
    #[schema(value_type = Map<String, Value>)]
    filter: Change<Map<String, Value>>,
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    sort: Change<String>,
}

impl ViewPatch {
    /// What becomes of `content`.
    pub(super) fn apply(self, content: &SavedViewContent) -> Result<SavedViewContent, Problem> {
        let mut content = content.clone();
        if let Some(name) = self.name.into_option() {
            content.name = name.into_string();
        }
        if let Some(visibility) = self.visibility.into_option() {
            visibility.as_str().clone_into(&mut content.visibility);
        }
        if let Some(filter) = self.filter.into_option() {
            content.filter = Value::Object(filter).to_string();
        }
        self.sort.apply(&mut content.sort);
        check(&content)?;
        Ok(content)
    }
}

fn check(content: &SavedViewContent) -> Result<(), Problem> {
    if content.filter.len() > MAX_FILTER_BYTES {
        return Err(invalid(
            "filter",
            "TOO_LONG",
            "must be at most 4096 bytes of JSON",
        ));
    }
    let order = content.sort.strip_prefix('-').unwrap_or(&content.sort);
    if !SORTS.contains(&order) {
        return Err(unprocessable(Detail {
            field: "sort".to_owned(),
            code: "INVALID_VALUE",
            message: format!("must be one of: {}; with - before it reversed", SORTS.join(", ")),
        }));
    }
    filters_of(content).map(drop)
}

/// The filter of a view as the list of the project's tasks reads it.
///
/// # Errors
/// 422 with what is wrong with which member.
pub(super) fn filters_of(content: &SavedViewContent) -> Result<ProjectTaskFilters, Problem> {
    let mut pairs = Vec::new();
    for (name, value) in members_of(&content.filter) {
        let text = text_of(&value).ok_or_else(|| {
            let message = "must be a text, a truth value or a list of texts";
            invalid(&format!("filter.{name}"), "INVALID_TYPE", message)
        })?;
        pairs.push((name, text));
    }
    query::parse(pairs).map_err(|mut detail| {
        detail.field = format!("filter.{}", detail.field);
        unprocessable(detail)
    })
}

/// A value as it would stand in an address.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        Value::Null | Value::Number(_) | Value::Object(_) => None,
    }
}

/// The list of views has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ViewFilters {}

impl Filters for ViewFilters {
    const SORTS: &'static [&'static str] = &["created_at"];
}

/// The tasks of a view are filtered by nothing but the view.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ViewTaskFilters {}

impl Filters for ViewTaskFilters {
    const SORTS: &'static [&'static str] = &[
        "view",
        "created_at",
        "updated_at",
        "due",
        "priority",
        "number",
        "title",
        "position",
    ];
}
