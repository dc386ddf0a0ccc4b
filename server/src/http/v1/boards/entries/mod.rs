//! What stands in the lists of a board: columns, lanes, labels, custom fields and their options.
//!
//! All are deleted softly: what refers to them shows nothing and comes back with them.

mod columns;
mod fields;
pub(in crate::http::v1) mod kinds;
mod labels;
mod lanes;
mod operations;
mod options;
mod views;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weft_protocol::board::At;

use crate::http::Problem;
use crate::http::rest::Change;
use crate::http::rest::board::{End, Names, place};
use crate::http::v1::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(columns::list_columns, columns::create_column))
        .routes(routes!(
            columns::get_column,
            columns::change_column,
            columns::delete_column
        ))
        .routes(routes!(columns::restore_column))
        .routes(routes!(lanes::list_lanes, lanes::create_lane))
        .routes(routes!(lanes::get_lane, lanes::change_lane, lanes::delete_lane))
        .routes(routes!(lanes::restore_lane))
        .routes(routes!(labels::list_labels, labels::create_label))
        .routes(routes!(
            labels::get_label,
            labels::change_label,
            labels::delete_label
        ))
        .routes(routes!(labels::restore_label))
        .routes(routes!(fields::list_fields, fields::create_field))
        .routes(routes!(
            fields::get_field,
            fields::change_field,
            fields::delete_field
        ))
        .routes(routes!(fields::restore_field))
        .routes(routes!(options::create_field_option))
        .routes(routes!(
            options::change_field_option,
            options::delete_field_option
        ))
        .routes(routes!(options::restore_field_option))
}

/// The place that a patch names; `None` if it does not.
fn moved<N: Names>(
    before: Change<N>,
    after: Change<N>,
    pos: Change<End>,
) -> Result<Option<At<N::Kind>>, Problem> {
    place(
        before.into_option(),
        after.into_option(),
        pos.into_option(),
        Names::id,
    )
}
