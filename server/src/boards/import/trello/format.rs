//! The JSON of an exported Trello board, as far as it is read here.
//!
//! Members that are missing are empty; those that are not named here are passed over.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Board {
    #[serde(default)]
    pub(super) name: String,
    pub(super) lists: Vec<List>,
    pub(super) cards: Vec<Card>,
    #[serde(default)]
    pub(super) labels: Vec<Label>,
    #[serde(default)]
    pub(super) checklists: Vec<Checklist>,
    #[serde(default)]
    pub(super) members: Vec<Member>,
    #[serde(default)]
    pub(super) custom_fields: Vec<CustomField>,
    #[serde(default)]
    pub(super) actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) closed: bool,
    #[serde(default)]
    pub(super) pos: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Card {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) desc: String,
    pub(super) id_list: String,
    #[serde(default)]
    pub(super) closed: bool,
    #[serde(default)]
    pub(super) pos: f64,
    pub(super) due: Option<String>,
    #[serde(default)]
    pub(super) due_complete: bool,
    pub(super) start: Option<String>,
    #[serde(default)]
    pub(super) id_labels: Vec<String>,
    #[serde(default)]
    pub(super) id_members: Vec<String>,
    #[serde(default)]
    pub(super) attachments: Vec<Thing>,
    #[serde(default)]
    pub(super) custom_field_items: Vec<CustomFieldItem>,
    pub(super) cover: Option<Cover>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cover {
    pub(super) color: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    pub(super) color: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checklist {
    pub(super) id_card: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) pos: f64,
    #[serde(default)]
    pub(super) check_items: Vec<CheckItem>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckItem {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default)]
    pub(super) pos: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub(super) id: String,
    #[serde(default)]
    pub(super) username: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct CustomField {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) options: Vec<CustomOption>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CustomOption {
    pub(super) id: String,
    #[serde(default)]
    pub(super) value: CustomValue,
    pub(super) color: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomFieldItem {
    pub(super) id_custom_field: String,
    pub(super) id_value: Option<String>,
    pub(super) value: Option<CustomValue>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct CustomValue {
    pub(super) text: Option<String>,
    pub(super) number: Option<String>,
    pub(super) date: Option<String>,
    pub(super) checked: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Action {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
}

/// Something of which only the number counts.
#[derive(Debug, Deserialize)]
pub(super) struct Thing {}
