//! Our own export as JSON: what it says is put on a new board, under new ids.

use serde::Deserialize;
use weft_protocol::board::Plan;
use weft_protocol::board::raw::Value;

use super::{Draft, MAX_CARDS, Unreadable};
use crate::boards::{Minter, copy};
use crate::content::{self, Format, Limits};

/// What our export says, as far as an import wants to know.
#[derive(Debug, Deserialize)]
struct Export {
    title: Option<String>,
    board: Plan,
}

/// Reads a board.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn read(bytes: &[u8], mint: &mut Minter<'_>) -> Result<Draft, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotUnicode)?;
    let mut export: Export = serde_json::from_str(text).map_err(|error| Unreadable::NoBoard {
        line: error.line(),
        column: error.column(),
    })?;
    if export.board.cards.len() > MAX_CARDS {
        return Err(Unreadable::TooManyCards);
    }
    clean(&mut export.board);
    export.board.check().map_err(Unreadable::Impossible)?;
    let mut draft = Draft {
        plan: copy::freshen(export.board, mint),
        ..Draft::default()
    };
    let title = export.title.unwrap_or_default();
    let title = draft.cut(&title, 255, &super::Place::File, "title");
    draft.title = Some(title).filter(|title| !title.is_empty());
    let limits = Limits {
        max_bytes: super::MAX_DESCRIPTION_BYTES,
        ..Limits::default()
    };
    for at in 0..draft.plan.cards.len() {
        let card = &mut draft.plan.cards[at];
        let Some(description) = card.description.take() else {
            continue;
        };
        let text = description.to_string();
        match content::parse(text.as_bytes(), Format::Json, &limits) {
            Ok(_) => card.description = Some(description),
            Err(_) => {
                let place = super::Place::Card(card.id.to_string());
                let message = "the description is no rich text, or too large";
                draft
                    .report
                    .leave_out(&place, "description", "INVALID_VALUE", message);
            }
        }
    }
    Ok(draft)
}

/// Takes characters out of names that no name should have, and some databases do not take.
fn clean(plan: &mut Plan) {
    let clean = |text: &mut String| text.retain(|character| !character.is_control());
    plan.columns
        .iter_mut()
        .for_each(|column| clean(&mut column.title));
    plan.lanes.iter_mut().for_each(|lane| clean(&mut lane.name));
    plan.labels.iter_mut().for_each(|label| clean(&mut label.name));
    for field in &mut plan.fields {
        clean(&mut field.name);
        field
            .options
            .iter_mut()
            .for_each(|option| clean(&mut option.name));
    }
    for card in &mut plan.cards {
        clean(&mut card.title);
        for item in &mut card.checklist {
            clean(&mut item.text);
            clean(&mut item.list);
        }
        for value in card.values.values_mut() {
            if let Value::Text(text) = value {
                text.retain(|character| character != '\0');
            }
        }
    }
}
