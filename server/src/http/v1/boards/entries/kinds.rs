//! What is said about columns and custom fields by names that are known beforehand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weft_protocol::board::raw::Wip;
use weft_protocol::board::schema::{Category, FieldType, WipMode, limit};

use crate::http::Problem;
use crate::http::rest::invalid;

/// What it means for a task to stand in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ColumnCategory)]
pub(in crate::http::v1) enum CategoryName {
    /// Perhaps some day.
    Backlog,
    /// To be done.
    Unstarted,
    /// Being done.
    Started,
    /// Done.
    Completed,
    /// Given up.
    Cancelled,
}

impl From<CategoryName> for Category {
    fn from(name: CategoryName) -> Self {
        match name {
            CategoryName::Backlog => Self::Backlog,
            CategoryName::Unstarted => Self::Unstarted,
            CategoryName::Started => Self::Started,
            CategoryName::Completed => Self::Completed,
            CategoryName::Cancelled => Self::Cancelled,
        }
    }
}

/// What a limit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WipMode)]
pub(in crate::http::v1) enum WipModeName {
    /// It is shown.
    Soft,
    /// Operations that would pass it are refused. Live editors can still pass it together.
    Hard,
}

/// How many tasks a column should have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WipLimit)]
pub(in crate::http::v1) struct WipLimit {
    #[schema(minimum = 1, maximum = 10_000)]
    limit: u64,
    mode: WipModeName,
}

impl WipLimit {
    /// As documents say it.
    ///
    /// # Errors
    /// 422.
    pub(super) fn checked(self) -> Result<Wip, Problem> {
        if !(1..=limit::WIP).contains(&self.limit) {
            return Err(invalid(
                "wip.limit",
                "INVALID_VALUE",
                "must be a number from 1 to 10000",
            ));
        }
        Ok(Wip {
            limit: self.limit,
            mode: match self.mode {
                WipModeName::Soft => WipMode::Soft,
                WipModeName::Hard => WipMode::Hard,
            },
        })
    }
}

/// What a custom field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FieldType)]
pub(in crate::http::v1) enum FieldTypeName {
    /// A string of up to 2000 characters.
    Text,
    /// A number.
    Number,
    /// A day or a moment.
    Date,
    /// Yes or no.
    Checkbox,
    /// The id of one of its options.
    Select,
    /// The id of a user.
    Person,
}

impl From<FieldTypeName> for FieldType {
    fn from(name: FieldTypeName) -> Self {
        match name {
            FieldTypeName::Text => Self::Text,
            FieldTypeName::Number => Self::Number,
            FieldTypeName::Date => Self::Date,
            FieldTypeName::Checkbox => Self::Checkbox,
            FieldTypeName::Select => Self::Select,
            FieldTypeName::Person => Self::Person,
        }
    }
}
