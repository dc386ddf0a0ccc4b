//! What a board begins with, kept until it is opened for the first time.
//!
//! Invariant: a seed can be planted on an empty board, whatever version of Weft wrote it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_protocol::board::moment::Moment;
use weft_protocol::board::raw::Stamp;
use weft_protocol::board::{Editor, Plan, UserId};

use crate::content::{self, Limits};
use crate::rooms::EditError;

/// What a board begins with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Seed {
    /// Who makes the board.
    by: Option<Uuid>,
    /// When.
    at: Option<Moment>,
    /// What stands on it. Descriptions are ProseMirror JSON.
    plan: Plan,
}

impl Seed {
    /// The seed of a board that `by` makes at `at`.
    pub(crate) fn new(by: Option<Uuid>, at: Option<Moment>, plan: Plan) -> Self {
        Self { by, at, plan }
    }

    /// What stands on it.
    pub(crate) fn into_plan(self) -> Plan {
        self.plan
    }

    /// Reads what was kept; a board for which nothing was kept begins empty.
    ///
    /// # Errors
    /// It is no seed.
    pub(crate) fn read(text: Option<&str>) -> Result<Self, serde_json::Error> {
        text.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }

    /// Whose doing it is.
    pub(crate) fn author(&self) -> Option<Uuid> {
        self.by
    }

    /// The stamp that what is planted bears.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            at: self.at.clone(),
            by: self.by.and_then(|by| UserId::parse(&by.to_string()).ok()),
        }
    }

    /// Puts everything onto an empty board.
    ///
    /// # Errors
    /// The plan is none, or a description is no rich text.
    pub(crate) fn plant(&self, editor: &mut Editor<'_, '_>) -> Result<(), EditError> {
        editor.plant(&self.plan)?;
        for card in &self.plan.cards {
            if let Some(description) = &card.description {
                let text = description.to_string();
                let node = content::parse(text.as_bytes(), content::Format::Json, &Limits::default())?;
                let (txn, fragment) = editor.description(&card.id)?;
                content::write_fragment_as(txn, &fragment, node, content::Format::Json)?;
            }
        }
        Ok(())
    }
}
