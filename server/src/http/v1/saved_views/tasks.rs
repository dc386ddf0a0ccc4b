//! `GET /v1/views/{view_id}/tasks`.

use axum::extract::State;

use super::gate;
use super::shapes::{ViewTaskFilters, filters_of};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::rest::{Id, List, Listing};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::task_lists::{Asked, SORTS, asker, list_within, order};
use crate::http::v1::tasks::views::TaskView;
use crate::http::v1::tenancy::require_at_all;

/// Lists the tasks of a saved view, in its order or in the one that is asked for.
#[utoipa::path(
    get, path = "/v1/views/{view_id}/tasks", tag = "Views",
    params(("view_id" = Uuid, Path), Listing<ViewTaskFilters>),
    responses((status = 200, body = List<TaskView>)),
)]
pub(super) async fn list_view_tasks(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
    mut listing: Listing<ViewTaskFilters>,
) -> Result<List<TaskView>, Problem> {
    let mut tx = api.records.read().await?;
    let view = gate::find(&mut tx, &caller, id).await?;
    require_at_all(&caller, Action::ViewDocument)?;
    if listing.sort == "view" {
        let (name, is_reversed) = match view.content.sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (view.content.sort.as_str(), false),
        };
        let known = SORTS.iter().find(|known| **known == name);
        listing.sort = known.copied().unwrap_or_default();
        listing.descending ^= is_reversed;
    }
    let filters = filters_of(&view.content)?;
    let mut form = filters.form(&asker(&api, &mut tx, &caller).await?);
    form.project = Some(view.project_id);
    let asked = Asked {
        scope: id,
        order: order(listing.sort),
        form: &form,
    };
    list_within(&mut tx, view.workspace, &listing, asked).await
}
